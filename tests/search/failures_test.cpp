#include "search/failures.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/files.h"
#include "runtime/setting_arguments.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

RunSettings every_setting() {
  RunSettings all;
  all.backend = "openvino";
  all.device = "GPU";
  all.inference_precision = "bf16";
  all.graph_level = "all";
  all.provider = "dnnl";
  all.threads = 3;
  all.hint = "throughput";
  all.streams = 2;
  all.in_flight = 4;
  all.batch = 8;
  all.pinning = "on";
  return all;
}

SearchContext searched() {
  SearchContext context;
  context.plan.request.data.path = "/data/my pictures";
  context.plan.request.data.split = "val";
  context.plan.request.seed = 5;
  context.plan.request.allow_bad = 2;
  context.plan.request.libraries["openvino"] = "/opt/libopenvino_c.so";
  context.plan.request.card_options.given["mean"] = "0.5";
  context.plan.request.objective = Objective::throughput;
  return context;
}

TEST(Failure, is_repeated_by_a_command_that_holds_every_setting) {
  const SearchContext context = searched();
  Variant variant;
  variant.settings = every_setting();
  Artefact artefact;
  artefact.model = "/cache/k/model.onnx";
  RunSettings settings = variant.settings;
  settings.library = "/opt/libopenvino_c.so";
  const std::vector<std::string> arguments = setting_arguments(settings);
  ASSERT_EQ(arguments.size(), 24U);
  for (const std::string& command :
       {bench_command(context, variant, artefact), eval_command(context, variant, artefact)}) {
    for (std::size_t i = 0; i < arguments.size(); i += 2)
      EXPECT_THAT(command, HasSubstr(" " + arguments[i] + " " + arguments[i + 1]));
    EXPECT_THAT(command, HasSubstr("--data '/data/my pictures' --split val"));
    EXPECT_THAT(command, HasSubstr("--mean 0.5"));
  }
  EXPECT_THAT(bench_command(context, variant, artefact),
              HasSubstr("--objective throughput --seed 5"));
  EXPECT_THAT(eval_command(context, variant, artefact), HasSubstr("--allow-bad 2"));
  variant.recipe = {{"simplify", Json::object()}};  // its card lies beside what was built
  EXPECT_THAT(bench_command(context, variant, artefact), Not(HasSubstr("--mean")));
}

class StoredFailure : public ::testing::Test {
 protected:
  StoredFailure() {
    context_.store = std::make_unique<Store>(Store::open(folder_.path() / "tamis.db"));
  }
  TemporaryFolder folder_;
  SearchContext context_;
  const FailingUnit unit_{"key", "tamis bench"};
};

TEST_F(StoredFailure, is_one_that_would_come_again_and_others_leave_the_run_unfinished) {
  store_failure(context_, unit_, Error(ErrorCode::unavailable, "open: the worker ended"));
  EXPECT_FALSE(stored_failure(context_, unit_.key));
  EXPECT_EQ(context_.unsettled, std::vector<std::string>{"open: the worker ended"});
  store_failure(context_, unit_, Error(ErrorCode::unsupported, "ort: no such operator"));
  ASSERT_TRUE(stored_failure(context_, unit_.key));
  EXPECT_STREQ(stored_failure(context_, unit_.key)->what(), "ort: no such operator");
  EXPECT_EQ(context_.unsettled.size(), 1U);
  forget_failures(*context_.store);
  EXPECT_FALSE(stored_failure(context_, unit_.key));
}

TEST_F(StoredFailure, is_not_what_the_machine_lacks) {
  auto lacks = []() -> int { throw Error(ErrorCode::unavailable, "ort: has no cuda"); };
  EXPECT_THROW(attempt(context_, unit_, lacks), Error);
  EXPECT_TRUE(context_.unsettled.empty());
  EXPECT_FALSE(stored_failure(context_, unit_.key));
  auto missing = []() -> int { throw Error(ErrorCode::not_found, "read a: no such file"); };
  EXPECT_THROW(attempt(context_, unit_, missing), Error);
  EXPECT_EQ(context_.unsettled.size(), 1U);
}

}  // namespace
}  // namespace tamis
