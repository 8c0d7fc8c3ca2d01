#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace tamis {

/// The closed list of ways to fail. Each maps to one name and one exit status, in the table in
/// error.cpp.
enum class ErrorCode {
  invalid_argument,  ///< the user asked for something that makes no sense
  not_found,         ///< a file, folder, name or item that is not there
  corrupt_data,      ///< a file that is not what it claims to be
  unsupported,       ///< well-formed, but not something Tamis or the runtime can do
  unavailable,       ///< could work on another machine or later (library missing, lock held)
  backend_failed,    ///< a vendor runtime reported an error, crashed or hung
  io,                ///< the operating system refused (disk full, permission)
};

/// The one exception type. `what()` reads "<operation>: <what is wrong>[; <what to do>]".
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& text) : std::runtime_error(text), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

/// The code's name as it appears in JSON and logs, for example "corrupt_data".
std::string_view to_text(ErrorCode code);

/// The reverse of to_text. Unknown names give `backend_failed`.
ErrorCode parse_error_code(std::string_view name);

/// The process exit status that stands for the code (2..8); documented in docs/command-line.md.
int exit_status(ErrorCode code);

/// Exit statuses that are no errors' : a decision that no variant met, and an interruption by the
/// user.
inline constexpr int kExitNearestMiss = 10;
inline constexpr int kExitInterrupted = 130;

}  // namespace tamis
