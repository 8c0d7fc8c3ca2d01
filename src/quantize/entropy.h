#pragma once

#include <cstddef>
#include <span>

#include "quantize/affine.h"
#include "quantize/histogram.h"

namespace tamis {

inline constexpr std::size_t kEntropyBins = 2048;
inline constexpr std::size_t kEntropyLevels = 128;

/// Of a histogram that is symmetric around zero (an even number of bins), half the width in bins at
/// which clipping to it and rounding to `levels` loses the least information: the least
/// Kullback-Leibler divergence from the clipped to the rounded distribution, among every
/// `step`-th width from `levels` / 2 on. Pure. Source: Migacz, "8-bit inference with TensorRT", GTC
/// 2017; same choice as onnxruntime.quantization's get_entropy_threshold (step 1).
std::size_t entropy_half_width(std::span<const double> counts, std::size_t levels,
                               std::size_t step = 1);

/// That range for a distribution within `extremes`, and never beyond them. Pure, thread safe.
ValueRange entropy_range(const std::vector<WeightedValue>& distribution,
                         const ValueRange& extremes);

}  // namespace tamis
