#include "base/mask.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace tamis {
namespace {

/// As pycocotools casts: towards zero after adding a half.
int rounded(double value) { return static_cast<int>(std::trunc(value + .5)); }

std::string size_text(Size size) {
  return std::to_string(size.height) + "x" + std::to_string(size.width);
}

std::uint64_t pixels(Size size) {
  return static_cast<std::uint64_t>(size.height) * static_cast<std::uint64_t>(size.width);
}

void check_sizes(const Mask& a, const Mask& b) {
  if (a.size == b.size) return;
  throw Error(ErrorCode::invalid_argument, "compare masks: one is " + size_text(a.size) +
                                               ", the other " + size_text(b.size) +
                                               "; masks must have their image's size");
}

/// Walks two masks at once: visit(count, in_a, in_b) for each stretch in which neither changes.
template <typename Visit>
void walk(const Mask& a, const Mask& b, Visit visit) {
  std::size_t i = 0, j = 0;
  std::uint32_t left_a = a.runs.empty() ? 0 : a.runs[0], left_b = b.runs.empty() ? 0 : b.runs[0];
  while (i < a.runs.size() && j < b.runs.size()) {
    std::uint32_t count = std::min(left_a, left_b);
    if (count > 0) visit(count, i % 2 == 1, j % 2 == 1);
    left_a -= count;
    left_b -= count;
    if (left_a == 0 && ++i < a.runs.size()) left_a = a.runs[i];
    if (left_b == 0 && ++j < b.runs.size()) left_b = b.runs[j];
  }
}

struct Point {
  int x, y;
};

constexpr double kFiner = 5;  // the boundary is walked on a grid that much finer than the pixels

/// The points of one side, ends included.
void walk_side(Point from, Point to, std::vector<Point>& points) {
  int dx = std::abs(to.x - from.x), dy = std::abs(to.y - from.y);
  bool flat = dx >= dy;
  bool flip = flat ? from.x > to.x : from.y > to.y;
  if (flip) std::swap(from, to);
  int steps = flat ? dx : dy;
  double slope = steps == 0 ? 0 : static_cast<double>(flat ? to.y - from.y : to.x - from.x) / steps;
  for (int d = 0; d <= steps; ++d) {
    int t = flip ? steps - d : d;
    if (flat)
      points.push_back({t + from.x, rounded(from.y + slope * t)});
    else
      points.push_back({rounded(from.x + slope * t), t + from.y});
  }
}

/// Where the boundary crosses the middle of a column of pixels: the index of the pixel below.
std::vector<std::uint32_t> crossings(const std::vector<Point>& points, Size size) {
  std::vector<std::uint32_t> found;
  for (std::size_t j = 1; j < points.size(); ++j) {
    if (points[j].x == points[j - 1].x) continue;
    double x = points[j].x < points[j - 1].x ? points[j].x : points[j].x - 1;
    x = (x + .5) / kFiner - .5;
    if (std::floor(x) != x || x < 0 || x > size.width - 1) continue;
    double y = std::min(points[j].y, points[j - 1].y);
    y = std::ceil(std::clamp((y + .5) / kFiner - .5, 0.0, static_cast<double>(size.height)));
    found.push_back(static_cast<std::uint32_t>(x) * static_cast<std::uint32_t>(size.height) +
                    static_cast<std::uint32_t>(y));
  }
  std::sort(found.begin(), found.end());
  return found;
}

void check_corners(std::span<const double> corners) {
  auto fail = [](const std::string& what) {
    throw Error(ErrorCode::invalid_argument, "polygon: " + what);
  };
  if (corners.size() < 6 || corners.size() % 2 != 0)
    fail("has " + std::to_string(corners.size()) + " values; x and y of three corners or more");
  for (double v : corners)
    if (!std::isfinite(v) || std::abs(v) > 1e5) fail("a corner is outside the image");
}

}  // namespace

void MaskWriter::add(std::uint64_t count, bool inside) {
  if (count == 0) return;
  if (inside != (runs_.size() % 2 == 0)) runs_.push_back(0);
  runs_.back() += static_cast<std::uint32_t>(count);
}

Mask MaskWriter::take(Size size) { return mask_of_runs(std::move(runs_), size); }

std::uint64_t area(const Mask& mask) {
  std::uint64_t sum = 0;
  for (std::size_t i = 1; i < mask.runs.size(); i += 2) sum += mask.runs[i];
  return sum;
}

Box bounds(const Mask& mask) {
  auto height = static_cast<std::uint64_t>(mask.size.height);
  std::uint64_t at = 0, x0 = pixels(mask.size), x1 = 0, y0 = height, y1 = 0;
  for (std::size_t i = 0; i < mask.runs.size(); at += mask.runs[i], ++i) {
    if (i % 2 == 0 || mask.runs[i] == 0) continue;
    std::uint64_t last = at + mask.runs[i] - 1;
    bool one_column = at / height == last / height;
    x0 = std::min(x0, at / height);
    x1 = std::max(x1, last / height + 1);
    y0 = std::min(y0, one_column ? at % height : 0);
    y1 = std::max(y1, one_column ? last % height + 1 : height);
  }
  if (x1 == 0) return {};
  return {static_cast<float>(x0), static_cast<float>(y0), static_cast<float>(x1),
          static_cast<float>(y1)};
}

std::uint64_t intersection(const Mask& a, const Mask& b) {
  check_sizes(a, b);
  std::uint64_t sum = 0;
  walk(a, b, [&](std::uint32_t count, bool in_a, bool in_b) { sum += in_a && in_b ? count : 0; });
  return sum;
}

Mask unite(const Mask& a, const Mask& b) {
  check_sizes(a, b);
  MaskWriter out;
  walk(a, b, [&](std::uint32_t count, bool in_a, bool in_b) { out.add(count, in_a || in_b); });
  return out.take(a.size);
}

Mask polygon_mask(std::span<const double> corners, Size size) {
  check_corners(corners);
  std::vector<Point> finer;
  for (std::size_t i = 0; i < corners.size(); i += 2)
    finer.push_back({rounded(kFiner * corners[i]), rounded(kFiner * corners[i + 1])});
  finer.push_back(finer.front());
  std::vector<Point> points;
  for (std::size_t i = 0; i + 1 < finer.size(); ++i) walk_side(finer[i], finer[i + 1], points);
  MaskWriter out;
  std::uint64_t at = 0;
  bool inside = false;
  for (std::uint32_t crossing : crossings(points, size)) {
    out.add(crossing - at, inside);
    at = crossing;
    inside = !inside;
  }
  out.add(pixels(size) - at, inside);
  return out.take(size);
}

Mask mask_of_rows(std::span<const std::uint8_t> rows, Size size) {
  if (rows.size() != pixels(size))
    throw Error(ErrorCode::invalid_argument, "mask: " + std::to_string(rows.size()) +
                                                 " values for " + size_text(size) + " pixels");
  MaskWriter out;
  auto width = static_cast<std::size_t>(size.width);
  for (std::size_t x = 0; x < width; ++x)
    for (std::size_t y = 0; y < static_cast<std::size_t>(size.height); ++y)
      out.add(1, rows[y * width + x] != 0);
  return out.take(size);
}

std::string to_text(const Mask& mask) {
  std::string text;
  for (std::size_t i = 0; i < mask.runs.size(); ++i) {
    std::int64_t rest = mask.runs[i];
    if (i > 2) rest -= mask.runs[i - 2];
    for (bool more = true; more;) {
      auto bits = static_cast<char>(rest & 0x1f);
      rest >>= 5;
      more = (bits & 0x10) != 0 ? rest != -1 : rest != 0;
      text += static_cast<char>((more ? bits | 0x20 : bits) + '0');
    }
  }
  return text;
}

Mask parse_mask(std::string_view text, Size size) {
  std::vector<std::uint32_t> runs;
  std::int64_t value = 0;
  int shift = 0;
  for (char c : text) {
    int bits = c - '0';
    if (bits < 0 || bits > 0x3f || shift > 30)
      throw Error(ErrorCode::corrupt_data, "mask: is not in COCO's compressed form");
    value |= static_cast<std::int64_t>(bits & 0x1f) << shift;
    shift += 5;
    if ((bits & 0x20) != 0) continue;
    if ((bits & 0x10) != 0) value |= -(std::int64_t{1} << shift);
    if (runs.size() > 2) value += runs[runs.size() - 2];
    if (value < 0 || value > static_cast<std::int64_t>(pixels(size)))
      throw Error(ErrorCode::corrupt_data, "mask: a run does not fit " + size_text(size));
    runs.push_back(static_cast<std::uint32_t>(value));
    value = shift = 0;
  }
  if (shift != 0) throw Error(ErrorCode::corrupt_data, "mask: its text ends within a number");
  return mask_of_runs(std::move(runs), size);
}

Mask mask_of_runs(std::vector<std::uint32_t> runs, Size size) {
  std::uint64_t sum = std::accumulate(runs.begin(), runs.end(), std::uint64_t{0});
  if (sum != pixels(size))
    throw Error(ErrorCode::corrupt_data, "mask: its runs hold " + std::to_string(sum) +
                                             " pixels, the image is " + size_text(size) +
                                             "; masks must have their image's size");
  return {size, std::move(runs)};
}

}  // namespace tamis
