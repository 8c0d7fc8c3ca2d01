#pragma once

#include <filesystem>

#include "base/json.h"

namespace tamis {

/// Writes USING.md into `folder`: how to run the winner from Python and C++ with exactly the
/// settings of `run` (the document "tamis/run/1" of docs/json.md, which is run.json). Returns the
/// file. Throws corrupt_data, naming the key, unsupported for a backend that it knows no code for,
/// and io. Safe from any thread for different folders.
std::filesystem::path write_usage(const Json& run, const std::filesystem::path& folder);

}  // namespace tamis
