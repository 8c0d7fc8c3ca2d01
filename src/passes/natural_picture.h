#pragma once

#include <cstdint>
#include <functional>
#include <span>

namespace tamis {

/// Row `row` of channel `channel`: [width] values.
using TakeRow = std::function<void(std::int64_t channel, std::int64_t row, std::span<const float>)>;

/// A plane set that is as smooth and as coloured as photographs are, in [0, 1]: octaves of value
/// noise of equal strength, so that the spectrum falls with the frequency (Field 1987, "Relations
/// between the statistics of natural images", amplitude ~ 1/f), mostly the same in all channels.
/// `take` gets one row after the other, channel by channel: beside these, two thirds of a plane are
/// held. The same for the same seed. Models say of it about what they say of pictures, where white
/// noise drives some to chaos. Thread safe.
void natural_picture(std::int64_t channels, std::int64_t height, std::int64_t width, unsigned seed,
                     const TakeRow& take);

}  // namespace tamis
