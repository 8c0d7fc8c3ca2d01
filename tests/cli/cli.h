#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/json.h"
#include "support/demo.h"
#include "support/program.h"
#include "support/referee.h"

namespace tamis::testing {

/// Runs the program that was built, with a cache and a measuring lock of its own.
class Cli : public ::testing::Test {
 protected:
  static std::string program() { return TAMIS_BINARY_DIR "/tamis"; }
  std::filesystem::path path(const std::string& name) const { return folder_.path() / name; }
  std::string file(const std::string& name) const { return path(name).string(); }

  Environment environment() const {
    return {{"TAMIS_CACHE_DIR", file("cache")}, {"TAMIS_LOCK_FILE", file("lock")}};
  }
  Ended run(const Arguments& arguments, const Environment& more = {}) const {
    Environment all = environment();
    all.insert(all.end(), more.begin(), more.end());
    return run_program(program(), arguments, all);
  }

  /// What a failing call says: nothing on stdout, and one line on stderr beside the notes of
  /// progress.
  std::string refusal(const Arguments& arguments, int status, const Environment& more = {}) const {
    Ended ended = run(arguments, more);
    EXPECT_EQ(ended.status, status) << ended.err;
    EXPECT_EQ(ended.out, "");
    std::size_t start = ended.err.find("tamis: ");
    if (start == std::string::npos) return ended.err;
    EXPECT_EQ(ended.err.find('\n', start), ended.err.size() - 1) << ended.err;
    EXPECT_TRUE(start == 0 || ended.err[start - 1] == '\n') << ended.err;
    return ended.err.substr(start);
  }

  /// Why the ONNX Runtime cannot be used here, or empty; begins as why_no_runtime() of
  /// support/needs.h.
  static std::string ort_missing() {
    static const std::string reason = [] {
      std::string text = run_program(program(), {"--version"}).out;
      std::size_t at = text.find("ort not usable: ");
      return at == std::string::npos
                 ? ""
                 : "runtime missing: " + text.substr(at, text.find('\n', at) - at);
    }();
    return reason;
  }

  /// A folder of pictures for the demo model: `evaluation` to evaluate, 30 to calibrate.
  std::string tiny_data(std::uint32_t evaluation = 60, unsigned classes = 10) const {
    save_tiny_set(make_tiny_set(30, 1), path("data"), "train");
    save_tiny_set(make_tiny_set(evaluation, 2, classes), path("data"), "t10k");
    return file("data");
  }

  /// A JSON document that must be valid under docs/schema/NAME.json; empty text when it is.
  static std::string schema_faults(const std::string& schema, const std::string& document) {
    TemporaryFolder folder("tamis-schema");
    save_file(folder.path() / "document.json", std::string_view(document));
    std::string log = (folder.path() / "log").string();
    std::string command = "PYTHONPATH='" TAMIS_REFEREE_DIR "' '" TAMIS_PYTHON "' '" TAMIS_SOURCE_DIR
                          "/tests/report/validate.py' '" TAMIS_SOURCE_DIR "/docs/schema/" +
                          schema + ".json' '" + (folder.path() / "document.json").string() +
                          "' >'" + log + "' 2>&1";
    return std::system(command.c_str()) == 0 ? "" : "schema " + schema + ": " + load_text(log);
  }

  TemporaryFolder folder_{"tamis-cli"};
};

#define TAMIS_NEEDS_ORT() \
  if (std::string reason_ = ort_missing(); !reason_.empty()) GTEST_SKIP() << reason_
#define TAMIS_NEEDS_REFEREE() \
  if (std::string reason_ = referee_missing(); !reason_.empty()) GTEST_SKIP() << reason_

}  // namespace tamis::testing
