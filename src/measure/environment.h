#pragma once

#include <vector>

#include "machine/fingerprint.h"
#include "result/figures.h"

namespace tamis {

/// The machine and what may falsify figures on it, as documents hold it; without runtimes.
EnvironmentRow environment_row(const Fingerprint& machine);

void add_warnings(const std::vector<EnvironmentWarning>& found, std::vector<WarningRow>& warnings);

}  // namespace tamis
