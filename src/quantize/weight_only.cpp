#include "quantize/weight_only.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "base/error.h"
#include "quantize/products.h"

namespace tamis {

namespace {

void check(const WeightOnlyOptions& options) {
  const bool power =
      options.block >= 16 && options.block <= 256 && (options.block & (options.block - 1)) == 0;
  if (options.bits != 4 && options.bits != 8)
    throw Error(ErrorCode::invalid_argument,
                "weight-only: bits must be 4 or 8, got " + std::to_string(options.bits));
  if (!power)
    throw Error(ErrorCode::invalid_argument,
                "weight-only: a block must be 16, 32, 64, 128 or 256 weights, got " +
                    std::to_string(options.block));
}

int code_of(float value, double scale, int half) {
  return static_cast<int>(
             std::clamp(std::nearbyint(value / scale), -double{1} * half, half - 1.0)) +
         half;
}

float best_scale(std::span<const float> block, int half) {
  double largest = 0;
  for (float v : block) largest = std::max(largest, std::abs(double{v}));
  if (!(largest > std::numeric_limits<float>::min())) return 1;
  float best = 0;
  double least = std::numeric_limits<double>::infinity();
  const auto attempt = [&](double candidate) {
    const auto scale = static_cast<float>(candidate);
    double error = 0;
    for (float v : block) {
      const double d = double{v} - double{scale} * (code_of(v, scale, half) - half);
      error += d * d;
    }
    if (error < least) least = error, best = scale;
  };
  attempt(largest / (half - 1));
  for (double share : {1.0, 0.95, 0.9, 0.85, 0.8}) attempt(share * largest / half);
  return best;
}

class BlockWriter {
 public:
  BlockWriter(Graph& graph, const WeightOnlyOptions& options) : graph_(graph), options_(options) {
    if (!graph_.opset("com.microsoft")) graph_.set_opset("com.microsoft", 1);
  }

  void write(const ConstantProduct& product) {
    const auto [packed, scales] = weights(product);
    const std::string name = product.node->name();
    const std::string input = product.node->input(0);
    const std::string output = product.node->output(0);
    graph_.erase_node(*product.node);
    const bool biased = !product.bias.empty();
    const std::string made = biased ? graph_.unique_value_name(output + "_product") : output;
    onnx::NodeProto& node = graph_.add_node({"MatMulNBits",
                                             {input, packed, scales},
                                             {made},
                                             graph_.unique_node_name(name),
                                             "com.microsoft"});
    set_attribute(node, "K", static_cast<std::int64_t>(product.k));
    set_attribute(node, "N", static_cast<std::int64_t>(product.n));
    set_attribute(node, "bits", std::int64_t{options_.bits});
    set_attribute(node, "block_size", static_cast<std::int64_t>(options_.block));
    // Lets ONNX Runtime multiply on 8-bit activations, quantised block by block as it goes.
    set_attribute(node, "accuracy_level", std::int64_t{4});
    if (biased)
      graph_.add_node(
          {"Add", {made, product.bias}, {output}, graph_.unique_node_name(name + "/Add")});
  }

 private:
  std::pair<std::string, std::string> weights(const ConstantProduct& product) {
    const auto [at, fresh] = stored_.try_emplace({product.weights, product.transposed});
    if (fresh) {
      const BlockWeights w = pack_blocks(weights_of(graph_, product, true), product.k, options_);
      const auto n = static_cast<std::int64_t>(product.n);
      const std::int64_t blocks = static_cast<std::int64_t>(w.scales.size()) / n;
      const auto bytes = static_cast<std::int64_t>(options_.block) * options_.bits / 8;
      const std::string hint = product.weights + "_q" + std::to_string(options_.bits);
      at->second.first =
          graph_.add_initializer(hint, {n, blocks, bytes}, std::span<const std::uint8_t>(w.packed));
      at->second.second =
          graph_.add_initializer(hint + "_scale", {n * blocks}, std::span<const float>(w.scales));
    }
    return at->second;
  }

  Graph& graph_;
  WeightOnlyOptions options_;
  std::map<std::pair<std::string, bool>, std::pair<std::string, std::string>> stored_;
};

}  // namespace

BlockWeights pack_blocks(std::span<const float> columns, std::size_t k,
                         const WeightOnlyOptions& options) {
  const int half = 1 << (options.bits - 1);
  const std::size_t n = columns.size() / k;
  const std::size_t blocks = (k + options.block - 1) / options.block;
  const std::size_t bytes = options.block * static_cast<std::size_t>(options.bits) / 8;
  BlockWeights result;
  // What fills the last block up is zero: the code in the middle.
  const auto zero = static_cast<std::uint8_t>(options.bits == 8 ? 0x80 : 0x88);
  result.packed.assign(n * blocks * bytes, zero);
  for (std::size_t i = 0; i < n * blocks; ++i) {
    const std::size_t first = (i % blocks) * options.block;
    const std::span<const float> block =
        columns.subspan(i / blocks * k + first, std::min(options.block, k - first));
    const float scale = best_scale(block, half);
    result.scales.push_back(scale);
    for (std::size_t e = 0; e < block.size(); ++e) {
      const auto code = static_cast<unsigned>(code_of(block[e], scale, half));
      std::uint8_t& byte = result.packed[i * bytes + (options.bits == 8 ? e : e / 2)];
      if (options.bits == 8)
        byte = static_cast<std::uint8_t>(code);
      else
        byte = static_cast<std::uint8_t>(e % 2 == 0 ? (byte & 0xF0U) | code
                                                    : (byte & 0x0FU) | (code << 4U));
    }
  }
  return result;
}

QuantizeReport quantize_weights_only(Graph& graph, const WeightOnlyOptions& options) {
  check(options);
  const ProductForm form{"weight-only", "MatMulNBits, the weight-only form, has no convolutions"};
  return quantise_products(graph, form, [&](Graph& work, const auto& products) {
    BlockWriter writer(work, options);
    for (const ConstantProduct& product : products) writer.write(product);
  });
}

}  // namespace tamis
