#include "quantize/first_samples.h"

namespace tamis {

namespace {

/// Thrown through a feed to end it.
struct Enough {};

}  // namespace

void feed_while(const FeedCalibration& feed,
                const std::function<bool(std::span<const Tensor>)>& use) {
  try {
    feed([&](std::span<const Tensor> inputs) {
      if (!use(inputs)) throw Enough();
    });
  } catch (const Enough&) {
    // The rest is not wanted.
  }
}

std::vector<std::vector<Tensor>> first_samples(const FeedCalibration& feed, std::size_t count) {
  std::vector<std::vector<Tensor>> samples;
  if (count == 0) return samples;
  feed_while(feed, [&](std::span<const Tensor> inputs) {
    auto& copy = samples.emplace_back();
    for (const Tensor& tensor : inputs) copy.push_back(tensor.clone());
    return samples.size() < count;
  });
  return samples;
}

}  // namespace tamis
