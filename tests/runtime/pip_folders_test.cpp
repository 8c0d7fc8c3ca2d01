#include "runtime/pip_folders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/files.h"

namespace tamis {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

/// An environment variable for a while.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name), before_(environment(name)) {
    ::setenv(name, value.c_str(), 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() {
    if (before_)
      ::setenv(name_, before_->c_str(), 1);
    else
      ::unsetenv(name_);
  }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

class PipFolders : public ::testing::Test {
 protected:
  fs::path made(const std::string& name) const {
    fs::create_directories(folder_.path() / name);
    return folder_.path() / name;
  }
  const TemporaryFolder folder_{"tamis-test"};
};

TEST_F(PipFolders, are_those_of_the_package_the_environment_and_the_user_in_this_order) {
  const fs::path own = made("wheel/site-packages/tamis/plugins");
  const fs::path old = made("venv/lib/python3.9/site-packages/onnxruntime/capi");
  const fs::path recent = made("venv/lib/python3.11/site-packages/onnxruntime/capi");
  const fs::path user = made("home/.local/lib/python3.12/site-packages/onnxruntime/capi");
  const fs::path beside = made("wheel/site-packages/onnxruntime/capi");
  made("venv/lib/python3.11/site-packages/other");
  const Variable venv("VIRTUAL_ENV", (folder_.path() / "venv").string());
  const Variable conda("CONDA_PREFIX", "");
  const Variable home("HOME", (folder_.path() / "home").string());
  std::vector<fs::path> found;
  for (const fs::path& one : pip_folders_with(own, "onnxruntime/capi"))
    if (one.string().rfind(folder_.path().string(), 0) == 0) found.push_back(one);
  EXPECT_THAT(found, ElementsAre(beside, recent, old, user));
}

TEST_F(PipFolders, do_not_begin_at_a_plugin_that_came_otherwise) {
  const fs::path own = made("usr/lib/tamis/plugins");
  EXPECT_THAT(pip_folders(own), Not(Contains(folder_.path() / "usr/lib")));
}

}  // namespace
}  // namespace tamis
