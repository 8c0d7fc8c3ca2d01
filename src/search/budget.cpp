#include "search/budget.h"

namespace tamis {

double Budget::expected_s(const std::string& kind, double guess_s) const {
  auto known = factor_.find(kind);
  return known == factor_.end() ? guess_s : guess_s * known->second;
}

/// The mean of the latest and all before, each half as heavy as the next: load comes and goes.
void Budget::took(const std::string& kind, double guess_s, double actual_s) {
  if (guess_s <= 0) return;
  const double now = actual_s / guess_s;
  auto [known, first] = factor_.emplace(kind, now);
  if (!first) known->second = (known->second + now) / 2;
}

}  // namespace tamis
