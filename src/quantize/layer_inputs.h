#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/tensor.h"
#include "graph/graph.h"
#include "quantize/roles.h"

namespace tamis {

/// What a compute node reads, seen as rows of a matrix product: for a convolution one row per
/// output position, with a column per input channel and kernel position. Sampled at a few positions
/// per picture, whose windows lie inside the input where most do; sums and products are then as if
/// the padding had its share, `largest` and `rows` know no padding.
struct LayerInput {
  std::size_t columns = 0;
  double count = 0;                 ///< rows that the sums stand for
  std::vector<double> sums;         ///< per column
  std::size_t block = 1;            ///< columns that are looked at together (sampled_block)
  std::vector<float> products;      ///< sums of products [columns, block]: with each column of the
                                    ///< same block; 0 behind the last column
  std::vector<float> largest;       ///< magnitude per column
  std::vector<double> inside;       ///< per place in the kernel: how often it is no padding
  std::vector<std::uint16_t> rows;  ///< the last ones as bf16, row after row; empty if not kept

  double mean(std::size_t column) const { return sums[column] / count; }
};

/// How many columns, from the first on, are sampled with their products: all of a layer of few;
/// of a kernel those of one input channel, whose neighbouring places have most in common; of one
/// position a run of channels. So memory grows with the number of columns. `positions`: of the
/// kernel.
std::size_t sampled_block(std::size_t columns, std::size_t positions);

/// By input_key().
using LayerInputs = std::map<std::string, LayerInput>;

/// Nodes with the same key read the same rows: the value's name and, of a convolution, its kernel,
/// strides, pads and dilations. Absent for what is not sampled: convolutions of other than two
/// dimensions or with auto_pad.
std::optional<std::string> input_key(const Graph& graph, const ComputeNode& compute);

/// The samples of what a layer of the graph reads; null where there are none.
const LayerInput* find_input(const LayerInputs& inputs, const Graph& graph,
                             const ComputeNode& compute);

/// Samples what the layers of a graph read, by nodes added to the float graph: memory and time are
/// those of a few positions per picture. Not synchronised.
class InputSampler {
 public:
  static constexpr std::size_t kPositions = 16;  ///< per picture, on a grid
  static constexpr std::size_t kRows = 1024;     ///< kept: those of the last 64 pictures

  /// `keep_rows`: beside the sums. `only`: of layers that read one of these values; empty: all.
  explicit InputSampler(bool keep_rows, std::set<std::string> only = {})
      : keep_rows_(keep_rows), only_(std::move(only)) {}

  /// Adds what samples a compute node's input, and returns its value, which is to be an output.
  /// Absent where `node` is none, where its input is sampled already, and where that has no static
  /// shape (inferred before).
  std::optional<std::string> add_sample(Graph& graph, const onnx::NodeProto& node);
  /// An output's tensor; false when it is none of the samples.
  bool take(const std::string& output, const Tensor& tensor);
  LayerInputs result() { return std::move(inputs_); }

 private:
  struct Source {
    std::string key;
    std::array<std::size_t, 2> positions{}, kernel{1, 1};  ///< rows, then columns
    std::vector<double> inside{};  ///< per place in the kernel: how often it is no padding
    bool channels_first = false;   ///< [N, C, rows * kernel, columns * kernel], else [rows, width]
  };
  static constexpr std::size_t kSideOfGrid = 4;
  void add_rows(const Source& source, std::span<const float> values);
  static void copy_row(const Source& source, const float* image, std::size_t p,
                       std::vector<float>& row);

  const bool keep_rows_;
  const std::set<std::string> only_;
  std::map<std::string, Source> sources_;
  LayerInputs inputs_;
};

}  // namespace tamis
