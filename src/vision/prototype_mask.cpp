#include "vision/prototype_mask.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"

namespace tamis {
namespace {

/// Pixels first..first+cells.size() of the picture along one axis, and between which cells of the
/// prototypes the middle of each lies.
struct Axis {
  struct Between {
    int low, high;
    float share;  ///< of high
  };
  int first = 0;
  std::vector<Between> pixels;
  int first_cell() const { return pixels.front().low; }
  int cell_count() const { return pixels.back().high - pixels.front().low + 1; }
};

Axis make_axis(float from, float to, int picture, double scale, double pad, int input, int cells) {
  Axis axis;
  axis.first = std::clamp(static_cast<int>(std::ceil(from)), 0, picture);
  int end = std::clamp(static_cast<int>(std::ceil(to)), axis.first, picture);
  for (int p = axis.first; p < end; ++p) {
    double at = ((p + .5) * scale + pad) * cells / input - .5;
    at = std::clamp(at, 0.0, static_cast<double>(cells - 1));
    int low = static_cast<int>(at);
    axis.pixels.push_back({low, std::min(low + 1, cells - 1), static_cast<float>(at - low)});
  }
  return axis;
}

/// The weighted sum in the window that the axes span, column after column.
std::vector<float> sum_window(const Prototypes& p, std::span<const float> coefficients,
                              const Axis& x, const Axis& y) {
  auto columns = static_cast<std::size_t>(x.cell_count());
  auto rows = static_cast<std::size_t>(y.cell_count());
  std::vector<float> sum(rows * columns), out(rows * columns);
  for (std::size_t k = 0; k < coefficients.size(); ++k)
    for (std::size_t r = 0; r < rows; ++r) {
      const float* from =
          p.values +
          (k * static_cast<std::size_t>(p.height) + r + static_cast<std::size_t>(y.first_cell())) *
              static_cast<std::size_t>(p.width) +
          x.first_cell();
      float* to = sum.data() + r * columns;
      for (std::size_t c = 0; c < columns; ++c) to[c] += coefficients[k] * from[c];
    }
  for (std::size_t c = 0; c < columns; ++c)
    for (std::size_t r = 0; r < rows; ++r) out[c * rows + r] = sum[r * columns + c];
  if (!std::all_of(out.begin(), out.end(), [](float v) { return std::isfinite(v); }))
    throw Error(ErrorCode::backend_failed,
                "decode masks: a prototype or coefficient is not finite; the model overflows in "
                "these settings");
  return out;
}

/// One column of pixels from the sums at its cells. Where both neighbours of a stretch are on one
/// side of 0, so are all pixels between them.
void write_column(const std::vector<float>& cells, const Axis& y, MaskWriter& out) {
  auto at = [&](int cell) { return cells[static_cast<std::size_t>(cell - y.first_cell())]; };
  for (std::size_t i = 0; i < y.pixels.size();) {
    const Axis::Between& here = y.pixels[i];
    std::size_t end = i + 1;
    while (end < y.pixels.size() && y.pixels[end].low == here.low) ++end;
    float low = at(here.low), high = at(here.high);
    if ((low > 0) == (high > 0)) {
      out.add(end - i, low > 0);
    } else {
      for (std::size_t p = i; p < end; ++p) {
        float share = y.pixels[p].share;
        out.add(1, (1 - share) * low + share * high > 0);
      }
    }
    i = end;
  }
}

}  // namespace

Mask prototype_mask(const Prototypes& prototypes, std::span<const float> coefficients,
                    const Box& box, const Placement& p) {
  Axis x = make_axis(box.x0, box.x1, p.picture.width, p.scale_x, p.pad_x, p.input.width,
                     prototypes.width);
  Axis y = make_axis(box.y0, box.y1, p.picture.height, p.scale_y, p.pad_y, p.input.height,
                     prototypes.height);
  MaskWriter out;
  auto height = static_cast<std::uint64_t>(p.picture.height);
  auto width = static_cast<std::uint64_t>(p.picture.width);
  if (x.pixels.empty() || y.pixels.empty()) {
    out.add(height * width, false);
    return out.take(p.picture);
  }
  std::vector<float> window = sum_window(prototypes, coefficients, x, y);
  auto rows = static_cast<std::size_t>(y.cell_count());
  auto column = [&](int cell) {
    return window.data() + static_cast<std::size_t>(cell - x.first_cell()) * rows;
  };
  std::vector<float> cells(rows);
  std::uint64_t below = height - static_cast<std::uint64_t>(y.first) - y.pixels.size();
  out.add(static_cast<std::uint64_t>(x.first) * height, false);
  for (const Axis::Between& between : x.pixels) {
    const float *low = column(between.low), *high = column(between.high);
    for (std::size_t r = 0; r < rows; ++r)
      cells[r] = (1 - between.share) * low[r] + between.share * high[r];
    out.add(static_cast<std::uint64_t>(y.first), false);
    write_column(cells, y, out);
    out.add(below, false);
  }
  out.add((width - static_cast<std::uint64_t>(x.first) - x.pixels.size()) * height, false);
  return out.take(p.picture);
}

}  // namespace tamis
