#pragma once

#include <string>
#include <vector>

#include "runtime/settings.h"

namespace tamis {

/// The settings as options of tamis bench, eval and explain, in the table's order: {"--backend",
/// "ort", "--in-flight", "2"}. `extra` has none: it is not typed.
std::vector<std::string> setting_arguments(const RunSettings& settings);

}  // namespace tamis
