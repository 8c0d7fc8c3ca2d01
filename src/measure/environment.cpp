#include "measure/environment.h"

namespace tamis {

EnvironmentRow environment_row(const Fingerprint& machine) {
  EnvironmentRow row;
  row.machine = to_json(machine);
  add_warnings(suspicious_conditions(machine), row.warnings);
  return row;
}

void add_warnings(const std::vector<EnvironmentWarning>& found, std::vector<WarningRow>& warnings) {
  for (const EnvironmentWarning& w : found) warnings.push_back({w.text, w.remedy});
}

}  // namespace tamis
