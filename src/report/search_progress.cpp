#include "report/search_progress.h"

#include <algorithm>
#include <memory>

namespace tamis {
namespace {

/// Counts units, which tell how many came before them.
class Reader {
 public:
  explicit Reader(Progress& progress) : progress_(progress) {}

  void operator()(const PhaseBegan& phase) {
    done_ = 0;
    progress_.begin(std::string(to_text(phase.phase)), phase.units);
  }

  void operator()(const UnitBegan& unit) {
    unit_ = unit_text(unit);
    progress_.working_on(unit_);
    if (unit.done > done_) progress_.advance(unit.done - done_);
    done_ = std::max(done_, unit.done);
  }

  void operator()(const WorkTold& told) {
    progress_.working_on(unit_ + (unit_.empty() ? "" : ": ") + to_text(told.work));
  }

  void operator()(const Noted& note) { progress_.line(note.text); }

 private:
  Progress& progress_;
  std::size_t done_ = 0;
  std::string unit_;
};

}  // namespace

TellEvent show_on(Progress& progress) {
  auto reader = std::make_shared<Reader>(progress);
  return [reader](const SearchEvent& event) { std::visit(*reader, event); };
}

}  // namespace tamis
