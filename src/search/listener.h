#pragma once

#include <functional>

#include "result/events.h"

namespace tamis {

/// How a search tells what it is doing. Either may be empty. Called from the searching thread.
struct SearchListener {
  TellEvent tell;
  /// Asked between units; true ends the search with what is known so far (Ctrl-C).
  std::function<bool()> interrupted;
};

}  // namespace tamis
