#pragma once

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "base/files.h"

namespace tamis::testing {

/// The committed model: 28 x 28 grey pictures, ten classes. Its card lies beside it.
inline std::string demo_model() { return TAMIS_SOURCE_DIR "/demo/fashion_resnet.onnx"; }

/// An IDX file of bytes (Y. LeCun's format): its header and data.
inline std::string idx_text(const std::vector<std::uint32_t>& shape, const std::string& data) {
  std::string text{0, 0, 8, static_cast<char>(shape.size())};
  for (std::uint32_t side : shape)
    for (int shift : {24, 16, 8, 0}) text += static_cast<char>(side >> shift & 0xFF);
  return text + data;
}

/// Pictures of noise, each with its own brightness, contrast and grain, so that a classifier tells
/// them apart; and labels.
struct TinySet {
  std::string pixels, labels;
  std::uint32_t count = 0;
};

inline TinySet make_tiny_set(std::uint32_t count, unsigned seed, unsigned classes = 10) {
  std::mt19937 random(seed);
  TinySet set;
  set.count = count;
  for (std::uint32_t i = 0; i < count; ++i) {
    unsigned grain = 1 + random() % 9, low = random() % 128, range = 1 + random() % 128;
    std::vector<unsigned> cells(28 * 28);
    for (unsigned& c : cells) c = low + random() % range;
    for (unsigned p = 0; p < 28 * 28; ++p)
      set.pixels += static_cast<char>(cells[p / 28 / grain * 28 + p % 28 / grain]);
    set.labels += static_cast<char>(random() % classes);
  }
  return set;
}

/// Writes it as the split ("train" or "t10k") of a folder like MNIST's.
inline void save_tiny_set(const TinySet& set, const std::filesystem::path& folder,
                          const std::string& split) {
  std::filesystem::create_directories(folder);
  save_file(folder / (split + "-images-idx3-ubyte"),
            std::string_view(idx_text({set.count, 28, 28}, set.pixels)));
  save_file(folder / (split + "-labels-idx1-ubyte"),
            std::string_view(idx_text({set.count}, set.labels)));
}

/// A PGM picture, which every decoder reads. `side` may be absurd: the data is then missing.
inline std::string pgm_text(std::uint64_t side, const std::string& pixels) {
  std::string size = std::to_string(side);
  return "P5\n" + size + " " + size + "\n255\n" + pixels;
}

}  // namespace tamis::testing
