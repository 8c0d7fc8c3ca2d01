#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/tensor.h"

namespace tamis {

/// Some channels of one of a model's outputs that mean one thing: its boxes, its scores.
struct OutputPart {
  std::string name;        ///< "boxes", "objectness", "scores" …
  std::size_t output = 0;  ///< place among the model's outputs
  /// Along which its channels lie; absent where the output has none.
  std::optional<std::size_t> axis = {};
  std::int64_t begin = 0, end = 1;  ///< the channels along it
  /// Predictions are made of it and of nothing else, so that they say more of it than its values.
  bool predicted = false;
  /// Its rows have no places of their own: only which values there are says something.
  bool in_any_order = false;
};

/// Along which dimension an output's channels lie where nothing but its shape is known: 1 of two;
/// the shorter of the last two of three ([1,84,8400], [1,25200,85]); the last of five and more
/// ([1,3,80,80,85]); of four the last where the two in the middle are a square and it is not their
/// side ([1,80,80,85]), else 1. Absent below two, and for rows in any order of [1,N]. Pure.
std::optional<std::size_t> likely_channel_axis(const Shape& shape, bool in_any_order);

/// A walk over an output's elements, channel by channel: element (o, c, i) lies at
/// (o * channels + c) * inner + i. Without an axis there is one channel.
struct ChannelWalk {
  std::int64_t outer = 1, channels = 1, inner = 1;
  ChannelWalk(const Shape& shape, std::optional<std::size_t> axis);
  std::int64_t place(std::int64_t o, std::int64_t c, std::int64_t i) const {
    return (o * channels + c) * inner + i;
  }
};

}  // namespace tamis
