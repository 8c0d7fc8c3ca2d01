#include "result/events.h"

#include <fmt/format.h>

namespace tamis {

std::string_view to_text(SearchPhase phase) {
  switch (phase) {
    case SearchPhase::screening:
      return "screening";
    case SearchPhase::accuracy:
      return "accuracy";
    case SearchPhase::race:
      return "race";
    case SearchPhase::confirming:
      return "confirming";
    case SearchPhase::profiling:
      return "profiling";
    case SearchPhase::measuring:
      break;
  }
  return "measuring";
}

std::string unit_text(const UnitBegan& unit) {
  switch (unit.kind) {
    case UnitKind::variant:
      return unit.variant;
    case UnitKind::accuracy:
      return "accuracy of " + unit.variant;
    case UnitKind::race:
      return fmt::format("{} variants", unit.variants);
    case UnitKind::confirmation:
      return "the pick against the baseline";
    case UnitKind::runs:
      break;
  }
  return "";
}

}  // namespace tamis
