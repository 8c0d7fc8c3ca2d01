// Keys of documents are spelled in src/result alone, so that search, reports and commands cannot
// come to differ.
#include "result/keys.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>

#include "base/files.h"
#include "result/command_documents.h"
#include "result/decision_document.h"
#include "result/document.h"
#include "result/run_document.h"

namespace tamis {
namespace {

namespace fs = std::filesystem;

/// Keys that others spell too: the plugins' answers, an evaluation's, requests to build, reports of
/// steps.
const std::set<std::string> kSharedWords{
    "calibrate_s", "calibrated_on", "compile_ms",      "gain_closeness",    "gain_db",
    "held_aside",  "held_out",      "inference_s",     "input_size",        "kept_in_float",
    "load_ms",     "only_together", "quantised_nodes", "statistics_cached", "wall_s"};

/// Those with a unit or of two words: no other text is spelled as they are.
std::set<std::string> keys_to_look_for() {
  std::set<std::string> all;
  add_keys_of<ResultDocument>(all);
  add_keys_of<DecisionDocument>(all);
  add_keys_of<RunDocument>(all);
  add_keys_of<BenchDocument>(all);
  add_keys_of<EvalDocument>(all);
  add_keys_of<ApplyDocument>(all);
  add_keys_of<QuantizeDocument>(all);
  add_keys_of<FitDocument>(all);
  std::erase_if(all, [](const std::string& key) {
    return key.find('_') == std::string::npos || kSharedWords.count(key) != 0;
  });
  return all;
}

std::vector<std::string> spelled_elsewhere(const std::set<std::string>& keys) {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(TAMIS_SOURCE_DIR "/src")) {
    const fs::path& file = entry.path();
    if (file.extension() != ".cpp" && file.extension() != ".h") continue;
    if (file.parent_path().filename() == "result") continue;
    const std::string text = load_text(file);
    for (const std::string& key : keys)
      if (text.find('"' + key + '"') != std::string::npos)
        found.push_back(key + " in " + fs::relative(file, TAMIS_SOURCE_DIR).string());
  }
  return found;
}

TEST(Keys, stand_in_the_tables_of_fields_alone) {
  const std::set<std::string> keys = keys_to_look_for();
  EXPECT_GT(keys.size(), 30U);
  EXPECT_TRUE(keys.contains("peak_memory_bytes"));
  EXPECT_TRUE(keys.contains("images_per_s"));
  EXPECT_EQ(spelled_elsewhere(keys), std::vector<std::string>());
}

TEST(Keys, stand_in_the_page_that_describes_documents) {
  const std::string page = load_text(TAMIS_SOURCE_DIR "/docs/json.md");
  std::set<std::string> keys;
  add_keys_of<ResultDocument>(keys);
  add_keys_of<DecisionDocument>(keys);
  add_keys_of<RunDocument>(keys);
  for (const std::string& key : keys) EXPECT_NE(page.find(key), std::string::npos) << key;
}

}  // namespace
}  // namespace tamis
