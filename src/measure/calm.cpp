#include "measure/calm.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "machine/core_speed.h"

namespace tamis {
namespace {

// Of the time, that waiting and repeating may take; and what they may take at once.
constexpr double kMostLost = 0.6, kFirstPatience_s = 1.0;
constexpr double kLongestWait_s = 1.0, kBetweenLooks_s = 0.003;

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

bool Calm::is_calm() const { return world_.slowdown() <= kFullSpeed; }

bool Calm::patient() const {
  return lost_s_ < kFirstPatience_s + used_s_ * kMostLost / (1 - kMostLost);
}

/// Whether it is calm now, or became so.
bool Calm::wait() {
  const std::int64_t start = world_.clock->ns();
  const double lost_before_s = lost_s_;
  while (!is_calm()) {
    lost_s_ = lost_before_s + world_.clock->seconds_since(start);
    if (!patient() || lost_s_ - lost_before_s > kLongestWait_s) return false;
    world_.sleep(kBetweenLooks_s);
  }
  lost_s_ = lost_before_s + world_.clock->seconds_since(start);
  return true;
}

VisitSample Calm::visit(const std::function<VisitSample()>& visit) {
  for (;;) {
    const bool calm_before = wait();
    const std::int64_t start = world_.clock->ns();
    VisitSample sample = visit();
    const double took_s = world_.clock->seconds_since(start);
    sample.disturbed = !calm_before || !is_calm();
    if (!sample.disturbed || !patient()) {
      used_s_ += took_s;
      return sample;
    }
    lost_s_ += took_s;
  }
}

std::shared_ptr<Calm> calm_of_this_machine() {
  if (!may_have_hidden_neighbours(capture_fingerprint())) return nullptr;
  auto speed = std::make_shared<CoreSpeed>();
  return std::make_shared<Calm>(
      Calm::World{[speed] { return speed->slowdown(); }, &system_clock(),
                  [](double s) { std::this_thread::sleep_for(std::chrono::duration<double>(s)); }});
}

std::unique_ptr<Contestant> in_calm(std::unique_ptr<Contestant> contestant,
                                    std::shared_ptr<Calm> calm) {
  if (!calm) return contestant;
  return std::make_unique<CalmContestant>(std::move(contestant), std::move(calm));
}

}  // namespace tamis
