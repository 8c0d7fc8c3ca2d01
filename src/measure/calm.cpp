#include "measure/calm.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "machine/core_speed.h"

namespace tamis {
namespace {

// The share of all time that waiting and repeating may take, and what they may take from the start.
constexpr double kMostLost = 0.6, kFirstPatience_s = 1.0;
constexpr double kMostLostByOneVisit_s = 1.0, kBetweenLooks_s = 0.003;

class CalmContestant final : public Contestant {
 public:
  CalmContestant(std::unique_ptr<Contestant> contestant, std::shared_ptr<Calm> calm)
      : contestant_(std::move(contestant)), calm_(std::move(calm)) {}

  const std::string& id() const override { return contestant_->id(); }
  const OpenedInfo& info() const override { return contestant_->info(); }
  VisitSample visit(std::size_t input, Block block) override {
    return calm_->visit([&] { return contestant_->visit(input, block); });
  }
  std::vector<double> time_from_file(int repeats) override {
    return contestant_->time_from_file(repeats);
  }
  std::string output_hash() override { return contestant_->output_hash(); }

 private:
  std::unique_ptr<Contestant> contestant_;
  std::shared_ptr<Calm> calm_;
};

}  // namespace

bool Calm::patient() const {
  return lost_of_visit_s_ < kMostLostByOneVisit_s &&
         lost_s_ < kFirstPatience_s + used_s_ * kMostLost / (1 - kMostLost);
}

void Calm::lose(double seconds) {
  lost_s_ += seconds;
  lost_of_visit_s_ += seconds;
}

/// Whether it is calm now, or became so.
bool Calm::wait() {
  for (;;) {
    const std::int64_t start = senses_.clock->ns();
    if (senses_.full_speed()) return true;
    if (!patient()) return false;
    senses_.sleep(kBetweenLooks_s);
    lose(senses_.clock->seconds_since(start));
  }
}

VisitSample Calm::visit(const std::function<VisitSample()>& visit) {
  lost_of_visit_s_ = 0;
  for (;;) {
    const bool calm_before = wait();
    const std::int64_t start = senses_.clock->ns();
    VisitSample sample = visit();
    const double took_s = senses_.clock->seconds_since(start);
    sample.disturbed = !calm_before || !senses_.full_speed();
    if (!sample.disturbed || !patient()) {
      used_s_ += took_s;
      return sample;
    }
    lose(took_s);
  }
}

std::shared_ptr<Calm> calm_of(Place& place) {
  const std::shared_ptr<CoreSpeed> speed = place.core_speed();
  if (!speed) return nullptr;
  return std::make_shared<Calm>(Calm::Senses{
      [speed] { return speed->full_speed(); }, &system_clock(),
      [](double s) { std::this_thread::sleep_for(std::chrono::duration<double>(s)); }});
}

std::unique_ptr<Contestant> in_calm(std::unique_ptr<Contestant> contestant,
                                    std::shared_ptr<Calm> calm) {
  if (!calm) return contestant;
  return std::make_unique<CalmContestant>(std::move(contestant), std::move(calm));
}

}  // namespace tamis
