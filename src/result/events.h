#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <variant>

#include "base/work_done.h"

namespace tamis {

// What a search that runs tells of itself, as facts: the terminal's progress is one reader.

enum class SearchPhase { screening, accuracy, race, confirming, profiling, measuring };
std::string_view to_text(SearchPhase phase);

/// A phase begins; so many units are expected in it.
struct PhaseBegan {
  SearchPhase phase = SearchPhase::screening;
  std::size_t units = 0;
};

/// What a unit is about.
enum class UnitKind {
  variant,       ///< `variant` is built and timed
  accuracy,      ///< `variant` is judged
  race,          ///< `variants` are timed in turn
  confirmation,  ///< the pick is timed against the baseline
  runs           ///< of a model that is explained
};

/// A unit of the phase begins, after `done` others.
struct UnitBegan {
  UnitKind kind = UnitKind::variant;
  std::string variant;  ///< "v07 (int8-static · …)"; of kinds that are about one
  std::size_t variants = 0;
  std::size_t done = 0;
};

/// How far the unit is, where it takes long and tells.
struct WorkTold {
  WorkDone work;
};

/// A sentence that the user should see and keep.
struct Noted {
  std::string text;
};

using SearchEvent = std::variant<PhaseBegan, UnitBegan, WorkTold, Noted>;

/// Called by the search, in its own thread. May be empty.
using TellEvent = std::function<void(const SearchEvent&)>;

/// What is being done, in a few words; empty where the phase says it.
std::string unit_text(const UnitBegan& unit);

}  // namespace tamis
