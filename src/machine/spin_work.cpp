#include "machine/spin_work.h"

#include <algorithm>
#include <limits>

#include "base/clock.h"

namespace tamis::machine {
namespace {

constexpr std::size_t kBufferFloats = 64 * 1024;

/// x ← a·x + b tends to 1: the numbers stay ordinary, and no pass can be left out.
void make_passes(std::vector<float>& buffer, int passes) {
  for (int pass = 0; pass < passes; ++pass) {
    for (float& x : buffer) x = x * 0.75F + 0.25F;
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
}

/// Waits busily; gives the core away now and then, so that a machine with fewer cores gets on.
template <typename Condition>
void wait_until(Condition condition) {
  constexpr int kSpinsBeforeYield = 1 << 14;
  for (int spins = 0; !condition(); ++spins)
    if (spins >= kSpinsBeforeYield) std::this_thread::yield();
}

}  // namespace

SpinWork::SpinWork(int threads)
    : buffers_(static_cast<std::size_t>(threads), std::vector<float>(kBufferFloats, 0.5F)) {
  try {
    for (std::size_t i = 1; i < buffers_.size(); ++i)
      helpers_.emplace_back([this, i] { helper(i); });
  } catch (...) {  // no more threads to be had
    stop_ = true;
    for (std::thread& thread : helpers_) thread.join();
    throw;
  }
}

SpinWork::~SpinWork() {
  stop_ = true;
  for (std::thread& thread : helpers_) thread.join();
}

void SpinWork::helper(std::size_t index) {
  for (unsigned seen = 0;; ++seen) {
    wait_until([&] { return started_.load(std::memory_order_acquire) != seen || stop_; });
    if (stop_) return;
    make_passes(buffers_[index], passes_.load(std::memory_order_relaxed));
    pending_.fetch_sub(1, std::memory_order_release);
  }
}

void SpinWork::run(int passes) {
  passes_.store(passes, std::memory_order_relaxed);
  pending_.store(helpers_.size(), std::memory_order_relaxed);
  started_.fetch_add(1, std::memory_order_release);
  make_passes(buffers_[0], passes);
  wait_until([&] { return pending_.load(std::memory_order_acquire) == 0; });
}

int SpinWork::passes_for(double ms) {
  constexpr double kCertain_ms = 1.0;  // from here on a pass's share is known well enough
  constexpr int kMostPasses = 1 << 24;
  for (int passes = 1;; passes *= 2) {
    double fastest_ms = std::numeric_limits<double>::infinity();
    for (int i = 0; i < 5; ++i) {
      std::int64_t start = now_ns();
      run(passes);
      fastest_ms = std::min(fastest_ms, static_cast<double>(now_ns() - start) * 1e-6);
    }
    if (fastest_ms < kCertain_ms && passes < kMostPasses) continue;
    return std::clamp(static_cast<int>(passes * ms / fastest_ms), 1, kMostPasses);
  }
}

}  // namespace tamis::machine
