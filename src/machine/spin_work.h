#pragma once

#include <atomic>
#include <thread>
#include <vector>

namespace tamis::machine {

/// Fixed work for a team of threads: passes of multiply-and-add over a buffer of each thread's own
/// (256 KiB, so that a neighbour in the same cache is felt), joined at the end as the layers of a
/// network are. Helpers wait busily, as a runtime's do. Not thread safe: one caller.
class SpinWork {
 public:
  explicit SpinWork(int threads);
  SpinWork(const SpinWork&) = delete;
  SpinWork& operator=(const SpinWork&) = delete;
  ~SpinWork();

  /// Every thread makes `passes` passes; returns when all are done. Allocates nothing.
  void run(int passes);

  /// The number of passes after which run() takes about `ms`, from the fastest of a few tries.
  int passes_for(double ms);

 private:
  void helper(std::size_t index);

  std::vector<std::vector<float>> buffers_;
  std::atomic<int> passes_{0};
  std::atomic<unsigned> started_{0};     // counts calls of run()
  std::atomic<std::size_t> pending_{0};  // helpers still at work in this call
  std::atomic<bool> stop_{false};
  std::vector<std::thread> helpers_;
};

}  // namespace tamis::machine
