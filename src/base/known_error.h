#pragma once

#include <exception>
#include <optional>
#include <string>

#include "base/error.h"

namespace tamis {

/// What any exception means in our terms: an Error stays as it is; a library's is given a code and
/// a text that a user can act on (no memory; what the file system refused and where; a document
/// that is not as it should be). Absent for what can only be a fault of ours, whose text says
/// where. Used where exceptions end: the programs' main, a worker's reply, threads.
std::optional<Error> known_error(const std::exception& exception);

/// known_error, or backend_failed with the exception's own words after `operation`.
Error to_error(const std::exception& exception, const std::string& operation);

}  // namespace tamis
