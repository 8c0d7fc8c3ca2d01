#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/picture.h"
#include "data/dataset.h"

namespace tamis::testing_data {

/// Folder of real data, absent in most checkouts: tests that use it are skipped then.
inline std::filesystem::path shared_data() {
  if (auto named = environment("TAMIS_SHARED")) return std::filesystem::path(*named) / "data";
  return std::filesystem::path(TAMIS_SOURCE_DIR) / "../shared/data";
}
inline std::filesystem::path fashion_mnist() { return "/usr/share/datasets/fashion-mnist"; }

#define TAMIS_NEEDS(folder) \
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << (folder).string() << " is not here"

inline std::filesystem::path pictures() {
  return std::filesystem::path(TAMIS_SOURCE_DIR) / "tests/data/pictures";
}

/// Writes a file, making its folder.
inline void write(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}
inline void copy_picture(const std::string& picture, const std::filesystem::path& to) {
  std::filesystem::create_directories(to.parent_path());
  std::filesystem::copy_file(pictures() / picture, to);
}

inline std::vector<std::string> ids(const Dataset& dataset) {
  std::vector<std::string> result;
  for (const Item& item : dataset.items()) result.push_back(item.id);
  return result;
}

/// A valid 2 x 2 PPM picture whose content depends on the number.
inline std::string tiny_picture(int number) {
  std::string text = "P6\n2 2\n255\n";
  for (int i = 0; i < 12; ++i) text += static_cast<char>('0' + (number >> i) % 2);
  return text + std::to_string(number);
}

/// Runs it, and gives the code and text of the Error that it throws.
struct Thrown {
  ErrorCode code;
  std::string text;
};
inline Thrown error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& e) {
    return {e.code(), e.what()};
  }
  ADD_FAILURE() << "nothing was thrown";
  return {ErrorCode::io, ""};
}

}  // namespace tamis::testing_data
