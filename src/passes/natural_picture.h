#pragma once

#include <cstdint>
#include <vector>

namespace tamis {

/// A plane set that is as smooth and as coloured as photographs are, in [0, 1]: octaves of value
/// noise of equal strength, so that the spectrum falls with the frequency (Field 1987, "Relations
/// between the statistics of natural images", amplitude ~ 1/f), mostly the same in all channels. By
/// rows, channels apart: [channels, height, width]. The same for the same seed. Models say of it
/// about what they say of pictures, where white noise drives some to chaos. Pure.
std::vector<float> natural_picture(std::int64_t channels, std::int64_t height, std::int64_t width,
                                   unsigned seed);

}  // namespace tamis
