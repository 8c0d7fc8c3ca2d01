#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include "base/error.h"
#include "base/half.h"
#include "vision/preprocess.h"

namespace tamis {
namespace {

[[noreturn]] void refuse_input(const std::string& what) {
  throw Error(ErrorCode::invalid_argument, "normalise: " + what);
}

void check(const Picture& picture, const Normalisation& how, const Tensor& out, int n) {
  const Shape& shape = out.shape();
  if (shape.size() != 4) refuse_input("the input must have four dimensions, got " + to_text(shape));
  const std::size_t at = how.channels_last ? 3 : 1, height = how.channels_last ? 1 : 2;
  if (n < 0 || n >= shape[0])
    refuse_input("image " + std::to_string(n) + " does not exist in " + to_text(shape));
  if (shape[at] != 1 && shape[at] != 3) refuse_input("1 or 3 channels, got " + to_text(shape));
  if (shape[height] != picture.height || shape[height + 1] != picture.width)
    refuse_input("the image is " + std::to_string(picture.height) + "x" +
                 std::to_string(picture.width) + ", the input " + to_text(shape) +
                 "; give --input-size");
  if (out.type() != DataType::f32 && out.type() != DataType::f16 && out.type() != DataType::u8)
    throw Error(ErrorCode::unsupported, "normalise: an input of type " +
                                            std::string(to_text(out.type())) +
                                            "; f32, f16 and u8 are supported");
  std::size_t channels = shape[at];
  if (out.type() != DataType::u8 && (how.mean.size() != channels || how.std.size() != channels))
    refuse_input("mean and std need " + std::to_string(channels) +
                 " values each; give --mean and --std");
}

/// What each of the 256 grey levels becomes. 768 table reads a row beat arithmetic here: no
/// conversion, and exactly what the framework's own f32 arithmetic gives (f16: rounded once).
template <typename T>
using Table = std::array<T, 256>;

template <typename T>
T stored(float value) {
  if constexpr (std::is_same_v<T, float>)
    return value;
  else
    return float_to_half(value);
}

template <typename T>
Table<T> table_of(const Normalisation& how, std::size_t channel) {
  Table<T> table;
  auto scale = static_cast<float>(how.scale);
  auto mean = static_cast<float>(how.mean[channel]);
  auto std = static_cast<float>(how.std[channel]);
  for (int level = 0; level < 256; ++level)
    table[level] = stored<T>((static_cast<float>(level) / scale - mean) / std);
  return table;
}

struct Same {
  std::uint8_t operator[](std::uint8_t level) const { return level; }
};

/// Interleaved pixels to planes, each level through its plane's table.
template <typename T, typename Lookup>
void spread(const std::uint8_t* in, std::size_t count, bool swap, const std::array<Lookup, 3>& by,
            T* __restrict out) {
  T* __restrict first = out + (swap ? 2 * count : 0);
  T* __restrict second = out + count;
  T* __restrict third = out + (swap ? 0 : 2 * count);
  const Lookup &of_first = by[swap ? 2 : 0], &of_second = by[1], &of_third = by[swap ? 0 : 2];
  for (std::size_t i = 0; i < count; ++i, in += 3) {
    first[i] = of_first[in[0]];
    second[i] = of_second[in[1]];
    third[i] = of_third[in[2]];
  }
}

/// Pixels stay side by side, as they are in the picture.
template <typename T, typename Lookup>
void keep(const std::uint8_t* in, std::size_t count, bool swap, const std::array<Lookup, 3>& by,
          T* __restrict out) {
  const std::size_t first = swap ? 2 : 0, third = swap ? 0 : 2;
  for (std::size_t i = 0; i < count; ++i, in += 3, out += 3) {
    out[0] = by[0][in[first]];
    out[1] = by[1][in[1]];
    out[2] = by[2][in[third]];
  }
}

void write_u8(const Picture& picture, const Normalisation& how, std::uint8_t* out) {
  std::size_t count = static_cast<std::size_t>(picture.height) * picture.width;
  if (picture.channels == 1 || (how.channels_last && !how.bgr))
    std::memcpy(out, picture.pixels.data(), count * static_cast<std::size_t>(picture.channels));
  else if (how.channels_last)
    keep(picture.pixels.data(), count, how.bgr, std::array<Same, 3>{}, out);
  else
    spread(picture.pixels.data(), count, how.bgr, std::array<Same, 3>{}, out);
}

/// f32, or f16 as its bits.
template <typename T>
void write_normalised(const Picture& picture, const Normalisation& how, T* out) {
  std::size_t count = static_cast<std::size_t>(picture.height) * picture.width;
  if (picture.channels == 1) {
    const Table<T> table = table_of<T>(how, 0);
    for (std::size_t i = 0; i < count; ++i) out[i] = table[picture.pixels[i]];
  } else {
    const std::array<Table<T>, 3> by{table_of<T>(how, 0), table_of<T>(how, 1), table_of<T>(how, 2)};
    how.channels_last ? keep(picture.pixels.data(), count, how.bgr, by, out)
                      : spread(picture.pixels.data(), count, how.bgr, by, out);
  }
}

}  // namespace

void normalise(const Picture& picture, const Normalisation& how, Tensor& out, int n) {
  check(picture, how, out, n);
  auto channels = static_cast<int>(out.shape()[how.channels_last ? 3 : 1]);
  if (channels != picture.channels) return normalise(with_channels(picture, channels), how, out, n);
  std::size_t offset = static_cast<std::size_t>(n) * channels * picture.height * picture.width;
  if (out.type() == DataType::u8)
    write_u8(picture, how, out.data<std::uint8_t>() + offset);
  else if (out.type() == DataType::f16)
    write_normalised(picture, how, out.data<std::uint16_t>() + offset);
  else
    write_normalised(picture, how, out.data<float>() + offset);
}

Picture with_channels(const Picture& picture, int channels) {
  if (channels == picture.channels) return picture;
  if ((channels != 1 && channels != 3) || (picture.channels != 1 && picture.channels != 3))
    throw Error(ErrorCode::invalid_argument,
                "with_channels: only 1 and 3 channels are known, got " +
                    std::to_string(picture.channels) + " to " + std::to_string(channels));
  std::size_t count = static_cast<std::size_t>(picture.height) * picture.width;
  Picture out{picture.height, picture.width, channels, {}};
  out.pixels.resize(count * channels);
  const std::uint8_t* in = picture.pixels.data();
  for (std::size_t i = 0; i < count; ++i) {
    if (channels == 3)
      std::memset(out.pixels.data() + 3 * i, in[i], 3);
    else  // Pillow's convert("L"): 16-bit fixed point, rounded
      out.pixels[i] = static_cast<std::uint8_t>(
          (in[3 * i] * 19595 + in[3 * i + 1] * 38470 + in[3 * i + 2] * 7471 + 0x8000) >> 16);
  }
  return out;
}

}  // namespace tamis
