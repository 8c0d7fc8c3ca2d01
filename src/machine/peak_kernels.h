#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace tamis::machine {

/// A loop of independent multiply-accumulates on registers.
struct PeakKernel {
  std::string_view instructions;  ///< as the kernel names the feature: "avx512_vnni"
  void (*run)(std::size_t iterations);
  double ops_per_iteration = 0;  ///< a multiply-accumulate is two
};

// Fastest first, those whose instructions the CPU may lack; empty where none is known for this
// architecture.
const std::vector<PeakKernel>& f32_kernels();
const std::vector<PeakKernel>& bf16_kernels();
const std::vector<PeakKernel>& int8_kernels();

}  // namespace tamis::machine
