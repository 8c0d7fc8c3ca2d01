#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace tamis {

/// Which weights of an output channel are added in 16 bits by kernels without a dot-product
/// instruction. On x86 before VNNI these multiply u8 by s8 with vpmaddubsw, which adds the products
/// of two neighbouring inputs and saturates: 2 * 255 * 127 becomes 32,767. A sum cannot overflow,
/// whatever the activations are, when the weights of a pair that have the same sign add up to 128
/// at most (255 * 128 = 32,640).
///
/// Neighbours are inputs 0 and 1, 2 and 3, … of one kernel position. Where their number is odd,
/// kernels differ (ONNX Runtime pairs the last one with the next position's first, OpenVINO with
/// nothing), so all that follow each other count. Checked against both runtimes with extreme
/// activations, see docs/quantize.md. Thread safe, a value.
class PairSums {
 public:
  PairSums() = default;  ///< nothing is added in 16 bits

  /// Of a row of weights [inputs, positions]: of a convolution its kernel's positions, of a matrix
  /// product one.
  PairSums(std::size_t inputs, std::size_t positions);

  bool empty() const { return beside_.empty(); }

  /// Makes weights of a row smaller until every sum fits, nearest to the `exact` values (in units
  /// of the scale). Both have one entry per column.
  void limit(std::span<const double> exact, std::span<std::int8_t> row) const;

  /// Whether all sums fit.
  bool fit(std::span<const std::int8_t> row) const;

  /// How large a weight of this column may become, by the sign that it is to have.
  int most(std::size_t column, bool negative, std::span<const std::int8_t> row) const;

 private:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  /// Of each column its neighbours: the one before and the one after it.
  std::vector<std::array<std::uint32_t, 2>> beside_;
};

}  // namespace tamis
