#include "measure/load.h"

#include <atomic>
#include <barrier>
#include <exception>
#include <thread>

#include "base/clock.h"
#include "measure/visitor.h"

namespace tamis {
namespace {

constexpr std::size_t kMostRecorded = 4096;  // of one caller; further requests only keep the load

/// What the callers' threads share.
struct LoadBlock {
  explicit LoadBlock(std::size_t callers)
      : begin(static_cast<std::ptrdiff_t>(callers)), running(callers) {}
  std::barrier<> begin;
  std::atomic<std::size_t> running;  // callers that have not made their timed requests yet
  std::atomic<bool> failed = false;
};

/// One caller's thread and what it recorded.
class Caller {
 public:
  Caller(OpenedModel& model, const MeasureInputs& inputs, std::size_t number)
      : visitor_(model, inputs, number) {
    runs_.reserve(kMostRecorded);
  }

  /// Never throws: what a run throws is kept.
  void call(LoadBlock& block, const LoadPlan& plan) {
    try {
      for (int i = 0; i < plan.discard; ++i) visitor_.run();
    } catch (...) {
      fail(block);
    }
    block.begin.arrive_and_wait();
    try {
      time_requests(block, plan);
    } catch (...) {
      fail(block);
    }
  }

  const std::vector<TimedRun>& runs() const { return runs_; }
  std::exception_ptr error() const { return error_; }

 private:
  void time_requests(LoadBlock& block, const LoadPlan& plan) {
    const std::int64_t start = now_ns();
    bool counted = false;
    while (block.running > 0 && !block.failed) {
      const TimedRun run = visitor_.run();
      if (block.running > 0 && runs_.size() < kMostRecorded) runs_.push_back(run);
      const bool enough = static_cast<int>(runs_.size()) >= plan.least &&
                          static_cast<double>(now_ns() - start) * 1e-6 >= plan.target_ms;
      if (enough && !counted) {
        counted = true;
        --block.running;
      }
    }
  }

  void fail(LoadBlock& block) {
    if (!error_) error_ = std::current_exception();
    block.failed = true;
  }

  Visitor visitor_;
  std::vector<TimedRun> runs_;
  std::exception_ptr error_;
};

}  // namespace

LoadedBlock run_under_load(const std::vector<OpenedModel*>& callers, const MeasureInputs& inputs,
                           std::size_t input, const LoadPlan& plan) {
  std::vector<Caller> all;
  all.reserve(callers.size());
  for (std::size_t n = 0; n < callers.size(); ++n) all.emplace_back(*callers[n], inputs, input + n);
  LoadBlock block(callers.size());
  {
    std::vector<std::jthread> threads;
    for (Caller& caller : all) threads.emplace_back([&] { caller.call(block, plan); });
  }
  LoadedBlock result;
  for (std::size_t n = 0; n < all.size(); ++n) {
    if (all[n].error()) std::rethrow_exception(all[n].error());
    double busy_ns = 0;
    for (const TimedRun& run : all[n].runs()) {
      busy_ns += static_cast<double>(run.total_ns);
      result.runs.push_back(run);
    }
    const auto pictures =
        static_cast<double>(all[n].runs().size()) * static_cast<double>(callers[n]->batch());
    result.images_per_s += pictures / (busy_ns * 1e-9);
  }
  return result;
}

}  // namespace tamis
