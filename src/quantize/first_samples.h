#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "base/tensor.h"
#include "quantize/quantize.h"

namespace tamis {

/// Feeds samples for as long as `use` says true: the one that it says false to is the last. Throws
/// what `feed` and `use` throw.
void feed_while(const FeedCalibration& feed,
                const std::function<bool(std::span<const Tensor>)>& use);

/// Copies of the first samples, `count` at most.
std::vector<std::vector<Tensor>> first_samples(const FeedCalibration& feed, std::size_t count);

}  // namespace tamis
