#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/work_done.h"

namespace tamis {

/// How a search tells what it is doing. Any may be empty. Called from the searching thread.
struct SearchListener {
  /// A phase begins: its name and the number of units expected in it.
  std::function<void(const std::string& phase, std::size_t units)> phase;
  /// What is being done within the phase; `done` units are complete.
  std::function<void(const std::string& what, std::size_t done)> unit;
  /// How far the unit is, where it takes long and tells.
  TellProgress work;
  /// A sentence that the user should see and keep.
  std::function<void(const std::string& text)> note;
  /// Asked between units; true ends the search with what is known so far (Ctrl-C).
  std::function<bool()> interrupted;
};

}  // namespace tamis
