#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/files.h"
#include "samples.h"

namespace tamis {
namespace {

class Schema : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system((python() + " -c 'import jsonschema' 2>/dev/null").c_str()) != 0)
      GTEST_SKIP() << "Python's jsonschema is not there (scripts/setup.sh --test installs it)";
  }

  static std::string python() { return "PYTHONPATH='" TAMIS_REFEREE_DIR "' '" TAMIS_PYTHON "'"; }

  static bool valid_files(const std::string& schema, const std::string& documents) {
    std::string command = python() +
                          " '" TAMIS_SOURCE_DIR "/tests/report/validate.py' '" TAMIS_SOURCE_DIR
                          "/docs/schema/" +
                          schema + ".json' " + documents;
    return std::system(command.c_str()) == 0;
  }

  bool valid(const std::string& schema, const Json& document) {
    save_json(folder_.path() / "document.json", document);
    return valid_files(schema, "'" + (folder_.path() / "document.json").string() + "'");
  }

  TemporaryFolder folder_;
};

TEST_F(Schema, every_schema_is_one) {
  for (const char* name :
       {"result", "decision", "bench", "eval", "quantize", "explain", "doctor", "inspect", "run"})
    EXPECT_TRUE(valid_files(name, "")) << name;
}

TEST_F(Schema, the_sample_results_conform) {
  std::string files;
  for (const char* name : kSamples)
    files += " '" TAMIS_SOURCE_DIR "/tests/report/data/" + std::string(name) + ".json'";
  EXPECT_TRUE(valid_files("result", files));
}

TEST_F(Schema, a_result_tells_of_changes_or_why_not) {
  Json document = sample("classifier");
  document["changes"] = {{"reason", "the baseline itself is handed over"}};
  EXPECT_TRUE(valid("result", document));
  document["changes"] = Json::parse(R"({"reason": null, "variant": "v02", "role": "pick",
    "data": {"path": "d", "split": "val"}, "items": 9, "changed": 1, "largest": 0.5,
    "totals": {"became_right": 1}, "worst": [{"item": "a", "amount": 0.5, "changed": true,
      "truth": {"class": "dog"}, "baseline": [{"class": "cat", "probability": 0.9}],
      "variant": [{"class": "dog", "probability": null}]}],
    "per_class": {"metric": "top1", "confidence": 0.95, "intervals": 1, "classes": [
      {"class": "dog", "objects": 9, "items": 9, "baseline": 0.5, "variant": 0.6,
       "difference": 0.1, "low": null, "high": null, "verdict": null, "reason": "few"}]}})");
  EXPECT_TRUE(valid("result", document));
  document["changes"]["role"] = "second";
  EXPECT_FALSE(valid("result", document));
}

TEST_F(Schema, a_result_without_its_gates_does_not_conform) {
  Json document = sample("classifier");
  document.erase("gates");
  EXPECT_FALSE(valid("result", document));
}

TEST_F(Schema, a_variant_with_an_unknown_state_does_not_conform) {
  Json document = sample("classifier");
  document["variants"][0]["state"] = "happy";
  EXPECT_FALSE(valid("result", document));
}

}  // namespace
}  // namespace tamis
