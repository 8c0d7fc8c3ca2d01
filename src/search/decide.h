#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "result/facts.h"
#include "stats/paired.h"

namespace tamis {

/// A variant that met all gates and was not shown to be slower than the fastest.
struct Finalist {
  std::string id;
  std::size_t steps = 0;  ///< of its recipe
  std::size_t place = 0;  ///< in the plan, where defaults come first
};

struct FinalChoice {
  std::string id;
  Reason why;
  bool more_accurate = false;  ///< established against all others
};

/// Picks among variants that cannot be told apart in speed: one that is established as more
/// accurate than all others wins, else the fewest steps, else the first in the plan (defaults
/// first). At least one finalist. Pure.
FinalChoice choose(
    std::vector<Finalist> finalists,
    const std::function<bool(const std::string&, const std::string&)>& more_accurate);

}  // namespace tamis
