#include "base/error.h"

#include <array>

namespace tamis {
namespace {

struct Row {
  ErrorCode code;
  std::string_view name;
  int exit_status;
};

constexpr std::array kRows{
    Row{ErrorCode::invalid_argument, "invalid_argument", 2},
    Row{ErrorCode::not_found, "not_found", 3},
    Row{ErrorCode::corrupt_data, "corrupt_data", 4},
    Row{ErrorCode::unsupported, "unsupported", 5},
    Row{ErrorCode::unavailable, "unavailable", 6},
    Row{ErrorCode::backend_failed, "backend_failed", 7},
    Row{ErrorCode::io, "io", 8},
};

const Row& row(ErrorCode code) {
  for (const Row& r : kRows)
    if (r.code == code) return r;
  return kRows.back();
}

}  // namespace

std::string_view to_text(ErrorCode code) { return row(code).name; }

ErrorCode parse_error_code(std::string_view name) {
  for (const Row& r : kRows)
    if (r.name == name) return r.code;
  return ErrorCode::backend_failed;
}

int exit_status(ErrorCode code) { return row(code).exit_status; }

}  // namespace tamis
