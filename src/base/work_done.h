#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "base/json.h"

namespace tamis {

/// How far a piece of work is: `done` of `of` pieces, absent where their number is not known.
struct WorkDone {
  std::string what;  ///< "int8-static: pictures"
  std::size_t done = 0;
  std::optional<std::size_t> of;
};
Json to_json(const WorkDone& work);
WorkDone parse_work_done(const Json& json);
/// "int8-static: pictures, 12 of 100"
std::string to_text(const WorkDone& work);

/// Called by whoever works, in its own thread, as often as it likes. It may throw, which ends the
/// work: that is how it is cancelled. May be empty.
using TellProgress = std::function<void(const WorkDone&)>;

/// How a caller follows work that takes long. Both may be empty.
struct Watch {
  std::function<bool()> go_on;  ///< asked about ten times a second; false ends the work
  TellProgress progress;
};

}  // namespace tamis
