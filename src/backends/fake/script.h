#pragma once

#include <set>
#include <string>

#include "base/json.h"
#include "runtime/settings.h"

namespace tamis::fake {

/// The behaviour of a model in these settings: that of the script that TAMIS_FAKE_SCRIPT names, and
/// over it RunSettings.extra. The script is a list of rules, of which the first that fits counts:
///
///     [{"operator": "DequantizeLinear", "threads": 2, "behaviour": {"latency_us": 300}},
///      {"behaviour": {"latency_us": 1000, "instance": 0.03}}]
///
/// `operator`: one that the model has; every other key but `behaviour` is a member of RunSettings
/// that has this value. Throws not_found or corrupt_data where the script cannot be read.
Json scripted_behaviour(const RunSettings& settings, const std::set<std::string>& operators);

}  // namespace tamis::fake
