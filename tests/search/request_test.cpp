#include "search/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"

namespace tamis {
namespace {

SearchRequest request() {
  SearchRequest r;
  r.model = "m.onnx";
  r.data = {"data", ""};
  r.gates.max_drop = DropLimit{0.01, true};
  return r;
}

TEST(Identity, does_not_hang_on_where_and_how_long) {
  SearchRequest other = request();
  other.out = "elsewhere";
  other.budget_s = 5;
  other.command = "tamis optimize …";
  EXPECT_EQ(identity(request()), identity(other));
}

TEST(Identity, hangs_on_all_that_changes_results) {
  const std::function<void(SearchRequest&)> changes[] = {
      [](SearchRequest& r) { r.model = "n.onnx"; },
      [](SearchRequest& r) { r.card_options.given["mean"] = "0.5"; },
      [](SearchRequest& r) { r.data.path = "other"; },
      [](SearchRequest& r) { r.data.split = "test"; },
      [](SearchRequest& r) {
        r.calibration = DataSpec{"c", ""};
      },
      [](SearchRequest& r) { r.gates.max_drop->value = 0.02; },
      [](SearchRequest& r) { r.gates.max_drop->relative = false; },
      [](SearchRequest& r) { r.gates.min_accuracy = 0.7; },
      [](SearchRequest& r) { r.gates.max_latency_ms = 3; },
      [](SearchRequest& r) { r.gates.max_size_bytes = 3; },
      [](SearchRequest& r) { r.gates.max_memory_bytes = 3; },
      [](SearchRequest& r) { r.confidence = 0.5; },
      [](SearchRequest& r) { r.objective = Objective::size; },
      [](SearchRequest& r) { r.axes["threads"] = {"1"}; },
      [](SearchRequest& r) { r.allow = {"resolution"}; },
      [](SearchRequest& r) { r.exhaustive = true; },
      [](SearchRequest& r) { r.allow_bad = 1; },
      [](SearchRequest& r) { r.seed = 2; },
      [](SearchRequest& r) { r.axes["device"] = {"GPU"}; },
      [](SearchRequest& r) { r.libraries["ort"] = "/lib.so"; },
  };
  for (std::size_t i = 0; i < std::size(changes); ++i) {
    SearchRequest changed = request();
    changes[i](changed);
    EXPECT_NE(identity(changed), identity(request())) << "change " << i;
  }
}

TEST(GatesJson, says_each_gate_in_a_sentence) {
  Gates gates;
  gates.max_drop = DropLimit{0.005, false};
  gates.min_accuracy = 0.7;
  gates.max_latency_ms = 20;
  gates.max_size_bytes = 5'000'000;
  gates.max_memory_bytes = 300'000'000;
  Json json = gates_json(gates, "top1", false);
  ASSERT_EQ(json.size(), 5U);
  EXPECT_EQ(json[0].at("text"), "top1 at most 0.5 points below the baseline's");
  EXPECT_EQ(json[0].at("relative"), false);
  EXPECT_EQ(json[1].at("text"), "top1 at least 0.7");
  EXPECT_EQ(json[2].at("limit"), 20.0);
  EXPECT_EQ(json[3].at("text"), "file at most 5 MB");
  EXPECT_EQ(json[4].at("kind"), "max_memory");
  EXPECT_TRUE(gates_json({}, "top1", false).empty());
  EXPECT_EQ(json[2].at("text"), "median latency at most 20 ms");
  EXPECT_EQ(gates_json(gates, "top1", true)[2].at("text"),
            "median latency under load at most 20 ms");
}

TEST(ObjectiveNames, are_read_as_they_are_written) {
  for (Objective o : {Objective::latency, Objective::size, Objective::memory})
    EXPECT_EQ(parse_objective(std::string(to_text(o))), o);
  EXPECT_THROW(parse_objective("speed"), Error);
}

TEST(Allow, takes_known_steps_only) {
  EXPECT_EQ(parse_allow({"head", "resolution"}), (std::set<std::string>{"head", "resolution"}));
  try {
    parse_allow({"resolutoin"});
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "--allow: unknown value 'resolutoin'; did you mean resolution?");
  }
}

}  // namespace
}  // namespace tamis
