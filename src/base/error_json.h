#pragma once

#include "base/error.h"
#include "base/json.h"

namespace tamis {

/// {"code", "text"}: how an error travels between processes and lies in files.
Json to_json(const Error& error);

/// The reverse; further keys are left alone. Throws JSON's exceptions where one of the two is
/// missing or is no text.
Error error_from_json(const Json& json);

}  // namespace tamis
