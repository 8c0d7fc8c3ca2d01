#include <gtest/gtest.h>

#include "base/error.h"
#include "report/samples.h"
#include "result/decision_document.h"
#include "result/run_document.h"

namespace tamis {
namespace {

TEST(Decision, is_the_result_in_short) {
  const ResultDocument result = read_result(sample("segmenter"));
  const DecisionDocument decision = make_decision(result);
  const VariantRow& pick = *result.picked();
  EXPECT_EQ(decision.pick.id, pick.id);
  EXPECT_EQ(decision.pick.model, "model.onnx");
  EXPECT_EQ(decision.pick.latency_ms->p95, pick.latency_ms->p95);
  EXPECT_EQ(decision.pick.accuracy->low, pick.accuracy->drop_low);
  EXPECT_EQ(decision.pick.accuracy->gate, pick.gate);
  EXPECT_EQ(decision.pick.peak_memory_bytes, pick.opening.peak_memory_bytes);
  EXPECT_EQ(decision.reasons, result.reasons);
}

TEST(Decision, of_the_baseline_has_a_speedup_of_one) {
  ResultDocument result = read_result(sample("nearest_miss"));
  result.pick.reset();
  const DecisionDocument decision = make_decision(result);
  EXPECT_EQ(decision.pick.id, result.baseline);
  EXPECT_EQ(decision.pick.speedup.ratio, 1);
  EXPECT_EQ(decision.pick.speedup.low, 1);
}

TEST(Decision, tells_of_an_estimated_variant_what_would_settle_it) {
  const Json document = write_document(make_decision(read_result(sample("detector"))));
  const Json& estimated = document.at("fastest_estimated");
  EXPECT_TRUE(estimated.at("model").is_null());
  EXPECT_TRUE(estimated.contains("items_needed"));
  EXPECT_FALSE(document.at("pick").contains("items_needed"));
}

TEST(Decision, needs_the_variant_that_is_handed_over) {
  ResultDocument result = read_result(sample("detector"));
  result.pick = "v99";
  EXPECT_THROW(make_decision(result), Error);
}

TEST(RunDocument, is_written_as_it_was_read) {
  RunDocument run;
  run.name = "a";
  run.load = LoadRow{4, 2, 812.5};
  run.parent = OriginalRow{"m.onnx", "77"};
  const Json written = write_document(run);
  EXPECT_EQ(write_document(read_run(written, "run")), written);
  EXPECT_THROW(read_run(Json{{"schema", "tamis/run/2"}}, "run"), Error);
}

}  // namespace
}  // namespace tamis
