#include "result/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/samples.h"
#include "result/decision_document.h"

namespace tamis {
namespace {

Ratio ratio(double value, double low, double high) {
  Ratio made;
  made.ratio = value;
  made.low = low;
  made.high = high;
  made.rounds = 40;
  made.instances = 12;
  return made;
}

using testing::ElementsAre;

/// The baseline v01, the pick v02 and v03, which is faster than the pick.
ResultDocument three_variants() {
  ResultDocument result;
  result.status = ResultStatus::met;
  result.model.metric = "map50_95";
  result.objective = "latency";
  result.gates = {{GateKind::max_drop, "", 0.01, true}};
  result.baseline = "v01";
  result.pick = "v02";
  for (const char* id : {"v01", "v02", "v03"}) {
    VariantRow& v = result.variants.emplace_back();
    v.id = id;
    v.name = std::string("name of ") + id;
    v.accuracy = AccuracyRow();
    AccuracyRow& a = *v.accuracy;
    a.value = 0.4331;
    a.baseline = 0.4359;
    a.drop = 0.0064;
    a.drop_high = 0.01772;
    a.confidence = 0.95;
    a.seen = 64;
    a.items = 96;
    v.gate_fact = GateFact{GateFactKind::accuracy, {}, {}, {}, 1};
  }
  result.variants[1].speedup = ratio(2.81, 2.77, 2.85);
  result.variants[2].speedup = ratio(3.1, 3.0, 3.2);
  return result;
}

std::string reason_of(const ResultDocument& result, const Reason& reason) {
  ResultDocument one = result;
  one.reason_facts = {reason};
  return reason_sentences(one, "mAP50-95").front();
}

TEST(Words, of_a_gate_restate_the_limit) {
  EXPECT_EQ(gate_sentence({GateKind::max_drop, "", 0.01, true}, "mAP50-95", false),
            "mAP50-95 at most 1 % below the baseline's");
  EXPECT_EQ(gate_sentence({GateKind::max_drop, "", 0.005, false}, "top-1", false),
            "top-1 at most 0.5 points below the baseline's");
  EXPECT_EQ(gate_sentence({GateKind::min_accuracy, "", 0.7, false}, "top-1", false),
            "top-1 at least 0.7");
  EXPECT_EQ(gate_sentence({GateKind::max_latency, "", 8, false}, "", true),
            "median latency under load at most 8 ms");
  EXPECT_EQ(gate_sentence({GateKind::max_size, "", 5e6, false}, "", false), "file at most 5 MB");
  EXPECT_EQ(gate_sentence({GateKind::max_memory, "", 3e8, false}, "", false),
            "peak memory at most 300 MB");
}

TEST(Words, of_a_gain_tell_what_was_put_aside) {
  ResultDocument result = three_variants();
  result.pick = result.variants[1].id;
  const Reason gain{ReasonKind::gain, {}, {}};
  EXPECT_EQ(reason_of(result, gain),
            "2.81 [2.77, 2.85] × as fast as the baseline, from 40 paired rounds over 12 instances");
  result.variants[1].speedup->put_aside = 2;
  EXPECT_THAT(reason_of(result, gain),
              ::testing::EndsWith("; 2 that the host slowed throughout were put aside"));
}

TEST(Words, of_an_accuracy_tell_the_change_and_what_it_rests_on) {
  const ResultDocument result = three_variants();
  EXPECT_EQ(gate_reason(result, result.variants[1], "mAP50-95"),
            "mAP50-95 0.4331, baseline 0.4359: -0.64 % (at 95 % confidence no worse than -1.77 %), "
            "on 64 of 96 items");
}

TEST(Words, say_for_how_many_variants_a_confidence_holds_together) {
  ResultDocument result = three_variants();
  VariantRow& v = result.variants[1];
  v.gate_fact->together = 3;
  EXPECT_THAT(gate_reason(result, v, "m"),
              testing::HasSubstr("confidence for 3 variants together"));
  v.accuracy->confidence = 0.5;  // the point estimate decides: nothing is claimed
  EXPECT_THAT(gate_reason(result, v, "m"), testing::Not(testing::HasSubstr("together")));
}

TEST(Words, name_the_least_accuracy_that_was_asked_for) {
  ResultDocument result = three_variants();
  result.gates = {{GateKind::min_accuracy, "", 0.7, false}};
  EXPECT_THAT(gate_reason(result, result.variants[1], "m"),
              testing::EndsWith("; at least 0.7 was asked for"));
}

TEST(Words, of_limits_name_both_figures) {
  ResultDocument result = three_variants();
  VariantRow& v = result.variants[1];
  const auto said = [&](const GateFact& fact) {
    v.gate_fact = fact;
    return gate_reason(result, v, "m");
  };
  EXPECT_EQ(said({GateFactKind::size, 4e6, {}, 3e6, {}}), "file of 4 MB, limit 3 MB");
  EXPECT_EQ(said({GateFactKind::memory, 1e8, {}, 5e7, {}}), "peak memory 100 MB, limit 50 MB");
  EXPECT_EQ(said({GateFactKind::latency, 6, 6.5, 5, {}}),
            "median latency 6 ms (at most 6.5 ms at the asked confidence), limit 5 ms");
  EXPECT_EQ(said({GateFactKind::latency, 6, {}, 5, {}}),
            "median latency 6 ms (too few samples for an interval), limit 5 ms");
  EXPECT_EQ(said({GateFactKind::no_latency, {}, {}, 5, {}}), "latency was not measured");
  EXPECT_EQ(said({GateFactKind::clearly_slower, {}, {}, {}, {}}),
            "accuracy not evaluated: clearly slower than a variant that meets the gates");
}

TEST(Words, of_reasons) {
  ResultDocument result = three_variants();
  EXPECT_EQ(reason_of(result, {ReasonKind::fastest, {}, {}}),
            "it is the fastest that meets the gates");
  EXPECT_EQ(reason_of(result, {ReasonKind::fewest_steps, 6, {}}),
            "6 variants are statistically tied; chose the one with the fewest steps");
  EXPECT_EQ(reason_of(result, {ReasonKind::defaults, 2, {}}),
            "2 variants are statistically tied; chose the one closest to the default settings");
  EXPECT_EQ(reason_of(result, {ReasonKind::most_accurate, 2, {}}),
            "2 variants are statistically tied in speed; chose the most accurate");
  EXPECT_EQ(reason_of(result, {ReasonKind::gain, {}, {}}),
            "2.81 [2.77, 2.85] × as fast as the baseline, from 40 paired rounds over 12 instances");
  EXPECT_EQ(reason_of(result, {ReasonKind::accuracy, 1, {}}),
            gate_reason(result, result.variants[1], "mAP50-95"));
  result.data.truth = "baseline";
  EXPECT_EQ(reason_of(result, {ReasonKind::most_accurate, 2, {}}),
            "2 variants are statistically tied in speed; chose the most accurate (agrees most with "
            "the baseline)");
  result.objective = "throughput";
  EXPECT_THAT(reason_of(result, {ReasonKind::gain, {}, {}}),
              testing::HasSubstr("× the images per second of the baseline"));
}

TEST(Words, of_a_search_without_a_pick_name_what_came_closest) {
  ResultDocument result = three_variants();
  result.pick.reset();
  result.variants[2].gate_fact = GateFact{GateFactKind::size, 4e6, {}, 3e6, {}};
  result.nearest_miss = NearestMiss{"v03", ""};
  result.reason_facts = {{ReasonKind::none_meets, {}, {}}, {ReasonKind::closest, {}, "v03"}};
  add_sentences(result, "m");
  EXPECT_THAT(result.reasons,
              ElementsAre("no variant meets the gates; the original model is handed over unchanged",
                          "closest: v03 (name of v03): file of 4 MB, limit 3 MB"));
  EXPECT_EQ(result.nearest_miss->text, "file of 4 MB, limit 3 MB");
}

TEST(Words, of_what_would_change_the_decision) {
  ResultDocument result = three_variants();
  result.fastest_estimated = EstimatedRow{"v03", 0.8, 420};
  result.what_if_facts = {{WhatIfKind::more_items, "v03", {}},
                          {WhatIfKind::max_drop, "v03", 0.0178}};
  EXPECT_THAT(
      what_if_sentences(result),
      ElementsAre(
          "v03 (name of v03) is faster and is estimated to meet the gates, with probability "
          "80 %; about 420 evaluation items would settle it",
          "with --max-drop 1.78%, v03 (name of v03) would qualify (3.10 × as fast as the "
          "baseline)"));
}

TEST(Words, of_a_layer_say_gain_and_cost) {
  EXPECT_EQ(layer_text({"a", 1.84, 1, false, {}, 0.12, ""}), "+1.8 dB at the output for 0.12 ms");
  EXPECT_EQ(layer_text({"a", 1.84, 2, false, 0.004, {}, ""}),
            "+1.8 dB at the output, predictions +0.0040 closer (its share with 1 neighbour)");
  EXPECT_EQ(layer_text({"a", 20, 3, true, {}, {}, ""}), "+20.0 dB at the output (with 2 others)");
}

TEST(Words, leave_the_sentences_of_documents_without_facts) {
  const ResultDocument before = read_result(sample("detector"));
  const ResultDocument after = read_result(write_result(before));
  EXPECT_EQ(after.reasons, before.reasons);
  EXPECT_EQ(after.variants[1].gate_reason, before.variants[1].gate_reason);
  EXPECT_EQ(after.gates[0].text, before.gates[0].text);
}

TEST(Words, of_the_written_document_name_the_metric_by_its_key) {
  ResultDocument result = three_variants();
  result.reason_facts = {{ReasonKind::accuracy, 1, {}}};
  const Json written = write_result(result);
  EXPECT_THAT(written.at("reasons")[0].get<std::string>(), testing::StartsWith("map50_95 0.4331"));
  EXPECT_EQ(written.at("reason_facts")[0].at("fact"), "accuracy");
  EXPECT_EQ(write_decision(result).at("reasons"), written.at("reasons"));
  EXPECT_EQ(write_result(read_result(written)), written);
}

}  // namespace
}  // namespace tamis
