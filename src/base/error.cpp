#include "base/error.h"

#include <array>

namespace tamis {
namespace {

struct CodeRow {
  ErrorCode code;
  std::string_view name;
  int exit_status;
};

constexpr std::array kCodes{
    CodeRow{ErrorCode::invalid_argument, "invalid_argument", 2},
    CodeRow{ErrorCode::not_found, "not_found", 3},
    CodeRow{ErrorCode::corrupt_data, "corrupt_data", 4},
    CodeRow{ErrorCode::unsupported, "unsupported", 5},
    CodeRow{ErrorCode::unavailable, "unavailable", 6},
    CodeRow{ErrorCode::backend_failed, "backend_failed", 7},
    CodeRow{ErrorCode::io, "io", 8},
};

const CodeRow& code_row(ErrorCode code) {
  for (const CodeRow& r : kCodes)
    if (r.code == code) return r;
  return kCodes.back();
}

}  // namespace

std::string_view to_text(ErrorCode code) { return code_row(code).name; }

ErrorCode parse_error_code(std::string_view name) {
  for (const CodeRow& r : kCodes)
    if (r.name == name) return r.code;
  return ErrorCode::backend_failed;
}

int exit_status(ErrorCode code) { return code_row(code).exit_status; }

}  // namespace tamis
