#include "cli/print.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/error.h"

namespace tamis {
namespace {

int first_error = 0;  // errno of the first write to standard output that failed

void note_error(bool failed) {
  if (failed && first_error == 0) first_error = errno;
}

void write_out(std::string_view text) {
  errno = 0;
  note_error(std::fwrite(text.data(), 1, text.size(), stdout) != text.size());
}

}  // namespace

void print_lines(std::string_view text) { write_out(printable_lines(text)); }

void print_error_lines(std::string_view text) {
  const std::string lines = printable_lines(text);
  std::fwrite(lines.data(), 1, lines.size(), stderr);
}

void print_json(const Json& json) { write_out(printable_json(json) + "\n"); }

void finish_output() {
  errno = 0;
  note_error(std::fflush(stdout) != 0);
  if (first_error == 0 || first_error == EPIPE) return;
  throw Error(ErrorCode::io,
              std::string("write standard output: ") + std::strerror(first_error) +
                  "; what was printed is incomplete: free space or send it elsewhere");
}

}  // namespace tamis
