#include "vision/decoder_yolox.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "vision/decode_parts.h"

namespace tamis {
namespace {

struct Cell {
  float x, y, stride;
};

/// The cells of the grids, finest first, row by row.
std::vector<Cell> make_cells(Size input, int levels) {
  std::vector<Cell> cells;
  for (int level = 0, stride = 8; level < levels; ++level, stride *= 2)
    for (int y = 0; y < input.height / stride; ++y)
      for (int x = 0; x < input.width / stride; ++x)
        cells.push_back({static_cast<float>(x), static_cast<float>(y), static_cast<float>(stride)});
  return cells;
}

std::vector<Cell> cells_of(std::size_t anchors, Size input) {
  for (int levels : {3, 4}) {
    std::vector<Cell> cells = make_cells(input, levels);
    if (cells.size() == anchors) return cells;
  }
  throw Error(ErrorCode::unsupported,
              "decode yolox: the output has " + std::to_string(anchors) +
                  " positions, which are not the grids of strides 8, 16, 32 of an input of " +
                  std::to_string(input.height) + "x" + std::to_string(input.width) +
                  "; give --decoder");
}

/// The best class of each row over min_score, in the box that make_box(row's values, row) gives.
template <typename MakeBox>
std::vector<Detection> collect(const Rows& rows, float min_score, MakeBox make_box) {
  std::vector<Detection> found;
  for (std::size_t a = 0; a < rows.count; ++a) {
    const float* v = rows.row(a);
    if (!is_above(v[4], min_score)) continue;
    const float* best = std::max_element(v + 5, v + rows.width);
    float score = v[4] * *best;
    if (!is_above(score, min_score)) continue;
    found.push_back({make_box(v, a), score, static_cast<int>(best - v) - 5});
    check_finite("yolox", a, found.back());
  }
  return found;
}

}  // namespace

std::vector<Detection> decode_yolox(const std::vector<Tensor>& outputs, const Placement& placement,
                                    const DetectOptions& options) {
  Rows rows = objectness_rows("yolox", output_of("yolox", outputs, options, 0, {1, -1, -1}));
  std::vector<Cell> cells = cells_of(rows.count, placement.input);
  auto found = collect(rows, options.min_score, [&](const float* v, std::size_t a) {
    const Cell& c = cells[a];
    return centre_box((v[0] + c.x) * c.stride, (v[1] + c.y) * c.stride, std::exp(v[2]) * c.stride,
                      std::exp(v[3]) * c.stride);
  });
  return suppress_and_map(std::move(found), placement, options);
}

std::vector<Detection> decode_yolox_decoded(const std::vector<Tensor>& outputs,
                                            const Placement& placement,
                                            const DetectOptions& options) {
  Rows rows = objectness_rows("yolox-decoded",
                              output_of("yolox-decoded", outputs, options, 0, {1, -1, -1}));
  auto found = collect(rows, options.min_score, [](const float* v, std::size_t) {
    return centre_box(v[0], v[1], v[2], v[3]);
  });
  return suppress_and_map(std::move(found), placement, options);
}

}  // namespace tamis
