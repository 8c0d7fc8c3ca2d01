#include "quantize/gram.h"

#include <algorithm>

#include "graph/tensor_data.h"

namespace tamis {

namespace {

Gram::Block block_of(const LayerInput& input, std::size_t from, std::size_t first,
                     std::size_t size) {
  Gram::Block block{first, size, std::vector<float>(size * size)};
  const std::size_t count = input.rows.size() / input.columns;
  std::vector<float> row(size);
  for (std::size_t r = 0; r < count; ++r) {
    const std::uint16_t* bits = input.rows.data() + r * input.columns + from + first;
    std::transform(bits, bits + size, row.begin(), bfloat16_to_float);
    for (std::size_t i = 0; i < size; ++i) {
      const float x = row[i];
      if (x == 0) continue;
      float* out = block.values.data() + i * size;
      for (std::size_t j = i; j < size; ++j) out[j] += x * row[j];
    }
  }
  double trace = 0;
  for (std::size_t i = 0; i < size; ++i) trace += static_cast<double>(block.values[i * size + i]);
  const auto ridge = static_cast<float>(0.01 * trace / static_cast<double>(size));
  const float scale = 1.0F / static_cast<float>(count);
  for (std::size_t i = 0; i < size; ++i) {
    block.values[i * size + i] += ridge;
    for (std::size_t j = i; j < size; ++j) {
      block.values[i * size + j] *= scale;
      block.values[j * size + i] = block.values[i * size + j];
    }
  }
  return block;
}

/// Columns [first, end) of the input, which lie in one block of it.
Gram::Block products_block(const LayerInput& input, std::size_t first, std::size_t end,
                           About about) {
  constexpr double kRidge = 0.15;
  constexpr double kNoise = 1e-4;  // of a mean square, what differences of floats may hold
  Gram::Block block{0, end - first, std::vector<float>((end - first) * (end - first))};
  for (std::size_t i = first; i < end; ++i) {
    const float* products = input.products.data() + i * input.block;
    for (std::size_t j = first; j < end; ++j) {
      const double about_zero = static_cast<double>(products[j % input.block]) / input.count;
      double value = about_zero;
      if (about == About::mean) value -= input.mean(i) * input.mean(j);
      if (i == j) value = (1 + kRidge) * std::max(value, 0.0) + kNoise * about_zero;
      block.values[(i - first) * block.size + j - first] = static_cast<float>(value);
    }
  }
  return block;
}

}  // namespace

double Gram::error(std::span<const float> e) const {
  double sum = 0;
  for (const Block& block : blocks) {
    for (std::size_t i = 0; i < block.size; ++i) {
      const float* g = block.values.data() + i * block.size;
      float dot = 0;
      for (std::size_t j = 0; j < block.size; ++j) dot += g[j] * e[block.first + j];
      sum += static_cast<double>(dot) * static_cast<double>(e[block.first + i]);
    }
  }
  return sum;
}

Gram gram_of_products(const LayerInput& input, std::size_t first_column, std::size_t columns,
                      About about) {
  Gram gram;
  const std::size_t last = first_column + columns;
  for (std::size_t first = first_column; first < last;) {
    const std::size_t end = std::min((first / input.block + 1) * input.block, last);
    gram.blocks.push_back(products_block(input, first, end, about));
    gram.blocks.back().first = first - first_column;
    first = end;
  }
  return gram;
}

Gram gram_of(const LayerInput& input, std::size_t first_column, std::size_t columns) {
  Gram gram;
  const std::size_t parts = (columns + Gram::kMostColumns - 1) / Gram::kMostColumns;
  for (std::size_t p = 0; p < parts; ++p) {
    const std::size_t first = columns * p / parts;
    gram.blocks.push_back(block_of(input, first_column, first, columns * (p + 1) / parts - first));
  }
  return gram;
}

}  // namespace tamis
