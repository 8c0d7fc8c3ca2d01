#include "search/decide.h"

#include <algorithm>

namespace tamis {

FinalChoice choose(
    std::vector<Finalist> finalists,
    const std::function<bool(const std::string&, const std::string&)>& more_accurate) {
  if (finalists.size() == 1) return {finalists[0].id, {ReasonKind::fastest, {}, {}}};
  for (const Finalist& candidate : finalists) {
    bool beats_all = std::all_of(finalists.begin(), finalists.end(), [&](const Finalist& other) {
      return other.id == candidate.id || more_accurate(candidate.id, other.id);
    });
    if (beats_all) return {candidate.id, {ReasonKind::most_accurate, finalists.size(), {}}, true};
  }
  auto simplest = std::min_element(
      finalists.begin(), finalists.end(), [](const Finalist& a, const Finalist& b) {
        return std::pair(a.steps, a.place) < std::pair(b.steps, b.place);
      });
  bool fewest = std::any_of(finalists.begin(), finalists.end(),
                            [&](const Finalist& f) { return f.steps > simplest->steps; });
  return {simplest->id,
          {fewest ? ReasonKind::fewest_steps : ReasonKind::defaults, finalists.size(), {}}};
}

}  // namespace tamis
