#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.h"

namespace tamis {

/// Collects items that cannot be used (missing, corrupt) and decides when there are too many.
/// Thread safe.
class BadItems {
 public:
  struct Entry {
    std::string id;
    std::string reason;
  };

  /// `allowed`: how many may be bad (`--allow-bad N`).
  explicit BadItems(std::size_t allowed = 0) : allowed_(allowed) {}

  /// Notes one. Throws corrupt_data, naming all so far, when there are now more than allowed. The
  /// same id counts once.
  void add(const std::string& id, const Error& error);

  std::size_t count() const;

  /// "2 items cannot be used: a.jpg (…), b.jpg (…)"; at most `named` are named, the rest counted.
  /// Empty when there are none.
  std::string summary(std::size_t named = 5) const;

 private:
  std::string text(std::size_t named) const;

  std::size_t allowed_;
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
};

}  // namespace tamis
