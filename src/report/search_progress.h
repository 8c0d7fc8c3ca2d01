#pragma once

#include "report/progress.h"
#include "result/events.h"

namespace tamis {

/// A reader of a search's events that shows them on `progress`, which must outlive it: phases and
/// their units as a bar or lines, notes as lines that stay.
TellEvent show_on(Progress& progress);

}  // namespace tamis
