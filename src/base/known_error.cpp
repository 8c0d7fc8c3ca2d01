#include "base/known_error.h"

#include <filesystem>
#include <new>
#include <nlohmann/json.hpp>
#include <system_error>

namespace tamis {
namespace {

Error file_system_error(const std::filesystem::filesystem_error& e) {
  const std::string file = e.path1().empty() ? "a file" : e.path1().string();
  const std::string text = "access " + file + ": " + e.code().message();
  if (e.code() == std::errc::no_such_file_or_directory || e.code() == std::errc::not_a_directory)
    return {ErrorCode::not_found, text};
  return {ErrorCode::io, text + "; change its permissions or name another"};
}

/// What nlohmann's library says, without "[json.exception.out_of_range.403] ".
std::string without_prefix(const std::string& text) {
  const std::size_t end =
      text.rfind("[json.exception", 0) == 0 ? text.find("] ") : std::string::npos;
  return end == std::string::npos ? text : text.substr(end + 2);
}

}  // namespace

std::optional<Error> known_error(const std::exception& exception) {
  if (const auto* own = dynamic_cast<const Error*>(&exception)) return *own;
  if (dynamic_cast<const std::bad_alloc*>(&exception) != nullptr)
    return Error(ErrorCode::unavailable,
                 "memory: this machine has not enough for it; end other programs, or use a smaller "
                 "model or input");
  if (const auto* e = dynamic_cast<const std::filesystem::filesystem_error*>(&exception))
    return file_system_error(*e);
  if (const auto* e = dynamic_cast<const std::system_error*>(&exception))
    return Error(ErrorCode::io, "system: " + e->code().message());
  if (dynamic_cast<const nlohmann::json::exception*>(&exception) != nullptr)
    return Error(ErrorCode::corrupt_data, "document: " + without_prefix(exception.what()) +
                                              "; make the file that it came from again");
  return std::nullopt;
}

Error to_error(const std::exception& exception, const std::string& operation) {
  if (auto known = known_error(exception)) return *known;
  return {ErrorCode::backend_failed, operation + ": " + exception.what()};
}

}  // namespace tamis
