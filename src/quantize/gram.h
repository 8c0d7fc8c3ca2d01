#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "quantize/layer_inputs.h"

namespace tamis {

/// E[x x^T] of some columns of what a layer reads, in blocks along its diagonal: a layer of more
/// than kMostColumns columns is cut into equal parts, between which products are left out, so that
/// memory and time grow with the number of columns and not with its square.
struct Gram {
  static constexpr std::size_t kMostColumns = 576;

  struct Block {
    std::size_t first = 0, size = 0;  ///< columns, from the first that was asked for
    std::vector<float> values;        ///< size x size, symmetric
  };
  std::vector<Block> blocks;

  /// sum over blocks of e^T G e: the mean squared error that the weights' error gives the output.
  double error(std::span<const float> e) const;
};

/// From the products that are sampled of every layer, in blocks of the columns that are sampled
/// together (LayerInput::block), with 15 % of the diagonal added to it, as samples are few. About
/// the mean, [x - E[x]] [x - E[x]]^T, for a node whose bias takes the mean error off; else about
/// zero. Pure, thread safe.
enum class About { mean, zero };
Gram gram_of_products(const LayerInput& input, std::size_t first_column, std::size_t columns,
                      About about);

/// From the rows that were kept, with 1 % of the mean square added on the diagonal, as rows are
/// few. Pure, thread safe.
Gram gram_of(const LayerInput& input, std::size_t first_column, std::size_t columns);

}  // namespace tamis
