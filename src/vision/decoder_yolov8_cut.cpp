#include "vision/decoder_yolov8_cut.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "vision/decode_parts.h"
#include "vision/fast_exp.h"

namespace tamis {
namespace {

constexpr std::size_t kSides = 4;
constexpr std::size_t kScanned = 64;   // logits looked at together
constexpr std::size_t kTogether = 64;  // cells whose distances are computed together

struct Level {
  const float* boxes;
  const float* classes;
  std::size_t height, width;
  float stride;
  std::size_t first;  ///< its first position among those of all levels
  std::size_t cells() const { return height * width; }
};

struct Head {
  std::vector<Level> levels;
  std::size_t bins = 0, classes = 0, positions = 0;
};

[[noreturn]] void refuse_maps(const std::string& what) {
  throw Error(ErrorCode::unsupported,
              "decode yolov8-cut: " + what +
                  ", not pairs of f32 [1,4*bins,h,w] and [1,classes,h,w]; give --decoder");
}

const float* map_of(const Tensor& tensor, const std::string& which) {
  const Shape& s = tensor.shape();
  if (tensor.type() != DataType::f32 || s.size() != 4 || s[0] != 1 || s[1] < 1 || s[2] < 1 ||
      s[3] < 1)
    refuse_maps(which + " is " + std::string(to_text(tensor.type())) + " " + to_text(s));
  return tensor.data<float>();
}

Head as_head(std::span<const Tensor> outputs, Size input) {
  Head head;
  if (outputs.size() < 2 || outputs.size() % 2 != 0)
    refuse_maps("the model gave " + std::to_string(outputs.size()) + " outputs");
  for (std::size_t i = 0; i + 1 < outputs.size(); i += 2) {
    const Shape &b = outputs[i].shape(), &c = outputs[i + 1].shape();
    const float* boxes = map_of(outputs[i], "output " + std::to_string(i));
    const float* classes = map_of(outputs[i + 1], "output " + std::to_string(i + 1));
    const auto channels = static_cast<std::size_t>(b[1]);
    if (b[2] != c[2] || b[3] != c[3] || channels % kSides != 0)
      refuse_maps("outputs " + std::to_string(i) + " and the next are " + to_text(b) + " and " +
                  to_text(c));
    if (input.height % b[2] != 0 || input.height / b[2] * b[3] != input.width)
      refuse_maps("the map " + to_text(b) + " has no whole stride on an input of " +
                  std::to_string(input.height) + "x" + std::to_string(input.width));
    const bool same =
        channels == head.bins * kSides && static_cast<std::size_t>(c[1]) == head.classes;
    if (i != 0 && !same) refuse_maps("the levels have other numbers of channels");
    const std::int64_t stride = input.height / b[2];
    head.bins = channels / kSides;
    head.classes = static_cast<std::size_t>(c[1]);
    head.levels.push_back({boxes, classes, static_cast<std::size_t>(b[2]),
                           static_cast<std::size_t>(b[3]), static_cast<float>(stride),
                           head.positions});
    head.positions += head.levels.back().cells();
  }
  return head;
}

/// A class at a position whose logit is above the limit.
struct Hit {
  std::uint32_t position;
  int label;
  float score;  ///< the logit at first
};

void scan(const Level& level, int label, float limit, std::vector<Hit>& hits) {
  const std::size_t cells = level.cells();
  const float* logits = level.classes + static_cast<std::size_t>(label) * cells;
  for (std::size_t start = 0; start < cells; start += kScanned) {
    const std::size_t count = std::min(kScanned, cells - start);
    int found = 0;  // without a branch per logit, so that it becomes vector code
    for (std::size_t i = 0; i < count; ++i) found |= is_above(logits[start + i], limit);
    if (found == 0) continue;
    for (std::size_t i = start; i < start + count; ++i)
      if (is_above(logits[i], limit))
        hits.push_back({static_cast<std::uint32_t>(level.first + i), label, logits[i]});
  }
}

/// In the order of decode_yolov8(): by class, then by position.
std::vector<Hit> find_hits(const Head& head, float min_score) {
  const float limit = min_score <= 0   ? -INFINITY
                      : min_score >= 1 ? INFINITY
                                       : std::log(min_score / (1 - min_score));
  std::vector<Hit> hits;
  hits.reserve(4096);
  for (std::size_t label = 0; label < head.classes; ++label)
    for (const Level& level : head.levels) scan(level, static_cast<int>(label), limit, hits);
  for (Hit& hit : hits)
    if (!std::isnan(hit.score)) hit.score = 1 / (1 + fast_exp(-hit.score));
  return hits;
}

/// The distances of some cells of a level, [4][count], in cells. Row by row over all of them, as
/// the maps lie in memory.
class Distances {
 public:
  explicit Distances(std::size_t bins) : bins_(bins), rows_(bins * kTogether) {}

  void compute(const Level& level, const std::uint32_t* cells, std::size_t count) {
    for (std::size_t side = 0; side < kSides; ++side) {
      gather(level.boxes + side * bins_ * level.cells(), level.cells(), cells, count);
      if (bins_ == 1)  // no bins: the distance itself
        std::copy_n(rows_.begin(), kTogether, distance_[side].begin());
      else
        expect(side);
    }
  }
  float operator()(std::size_t side, std::size_t i) const { return distance_[side][i]; }

 private:
  using Lane = std::array<float, kTogether>;

  /// Lanes without a cell keep what they had: it is computed with and not read.
  void gather(const float* map, std::size_t stride, const std::uint32_t* cells, std::size_t count) {
    for (std::size_t b = 0; b < bins_; ++b)
      for (std::size_t i = 0; i < count; ++i) rows_[b * kTogether + i] = map[b * stride + cells[i]];
  }

  void expect(std::size_t side) {
    Lane most, sum{}, weighted{};
    std::copy_n(rows_.begin(), kTogether, most.begin());
    for (std::size_t b = 1; b < bins_; ++b)
      for (std::size_t i = 0; i < kTogether; ++i)
        most[i] = rows_[b * kTogether + i] > most[i] ? rows_[b * kTogether + i] : most[i];
    for (std::size_t b = 0; b < bins_; ++b) {
      const auto bin = static_cast<float>(b);
      const float* row = rows_.data() + b * kTogether;
      for (std::size_t i = 0; i < kTogether; ++i) {
        const float e = fast_exp(row[i] - most[i]);
        sum[i] += e;
        weighted[i] += bin * e;
      }
    }
    for (std::size_t i = 0; i < kTogether; ++i) distance_[side][i] = weighted[i] / sum[i];
  }

  std::size_t bins_;
  std::vector<float> rows_;
  std::array<Lane, kSides> distance_{};
};

/// Boxes in the input's pixels of the positions that `wanted` marks.
std::vector<Box> boxes_of(const Head& head, const std::vector<std::uint8_t>& wanted) {
  std::vector<Box> boxes(head.positions);
  Distances distances(head.bins);
  std::array<std::uint32_t, kTogether> cells{};
  for (const Level& level : head.levels) {
    std::size_t count = 0;
    const auto flush = [&] {
      distances.compute(level, cells.data(), count);
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t row = cells[i] / level.width;
        const float x = static_cast<float>(cells[i] % level.width) + 0.5F;
        const float y = static_cast<float>(row) + 0.5F;
        boxes[level.first + cells[i]] = {
            (x - distances(0, i)) * level.stride, (y - distances(1, i)) * level.stride,
            (x + distances(2, i)) * level.stride, (y + distances(3, i)) * level.stride};
      }
      count = 0;
    };
    for (std::size_t cell = 0; cell < level.cells(); ++cell) {
      if (wanted[level.first + cell] == 0) continue;
      cells[count++] = static_cast<std::uint32_t>(cell);
      if (count == kTogether) flush();
    }
    if (count != 0) flush();
  }
  return boxes;
}

}  // namespace

YoloCandidates yolov8_cut_candidates(std::span<const Tensor> pairs, Size input, float min_score) {
  const Head head = as_head(pairs, input);
  const std::vector<Hit> hits = find_hits(head, min_score);
  std::vector<std::uint8_t> wanted(head.positions, 0);
  for (const Hit& hit : hits) wanted[hit.position] = 1;
  const std::vector<Box> boxes = boxes_of(head, wanted);
  YoloCandidates candidates;
  candidates.found.reserve(hits.size());
  candidates.anchors.reserve(hits.size());
  for (const Hit& hit : hits) {
    candidates.found.push_back({boxes[hit.position], hit.score, hit.label});
    candidates.anchors.push_back(hit.position);
    check_finite("yolov8-cut", hit.position, candidates.found.back());
  }
  return candidates;
}

std::vector<Detection> decode_yolov8_cut(const std::vector<Tensor>& outputs,
                                         const Placement& placement, const DetectOptions& options) {
  return suppress_and_map(yolov8_cut_candidates(outputs, placement.input, options.min_score).found,
                          placement, options);
}

std::optional<std::size_t> yolov8_cut_class_count(const std::vector<TensorInfo>& outputs) {
  if (outputs.size() < 2 || outputs[1].shape.size() != 4 || !outputs[1].shape[1])
    return std::nullopt;
  return static_cast<std::size_t>(*outputs[1].shape[1]);
}

namespace {

double expected_bin(const Level& level, std::size_t bins, std::size_t side, std::size_t cell) {
  const float* first = level.boxes + side * bins * level.cells() + cell;
  if (bins == 1) return double{first[0]};  // no bins: the distance itself
  double most = first[0], sum = 0, weighted = 0;
  for (std::size_t b = 1; b < bins; ++b)
    most = std::max(most, static_cast<double>(first[b * level.cells()]));
  for (std::size_t b = 0; b < bins; ++b) {
    const double e = std::exp(first[b * level.cells()] - most);
    sum += e;
    weighted += static_cast<double>(b) * e;
  }
  return weighted / sum;
}

}  // namespace

Tensor yolov8_uncut(std::span<const Tensor> outputs, Size input) {
  const Head head = as_head(outputs, input);
  Tensor all(DataType::f32, {1, static_cast<std::int64_t>(kSides + head.classes),
                             static_cast<std::int64_t>(head.positions)});
  for (const Level& level : head.levels)
    for (std::size_t cell = 0; cell < level.cells(); ++cell) {
      std::array<double, kSides> d{};
      for (std::size_t side = 0; side < kSides; ++side)
        d[side] = expected_bin(level, head.bins, side, cell);
      const std::size_t row = cell / level.width;
      const double x = static_cast<double>(cell % level.width) + 0.5;
      const double y = static_cast<double>(row) + 0.5;
      float* column = all.data<float>() + level.first + cell;
      const std::array<double, kSides> box{x + (d[2] - d[0]) / 2, y + (d[3] - d[1]) / 2,
                                           d[0] + d[2], d[1] + d[3]};
      for (std::size_t side = 0; side < kSides; ++side)
        column[side * head.positions] = static_cast<float>(box[side] * level.stride);
      for (std::size_t label = 0; label < head.classes; ++label)
        column[(kSides + label) * head.positions] = static_cast<float>(
            1 / (1 + std::exp(-static_cast<double>(level.classes[label * level.cells() + cell]))));
    }
  return all;
}

}  // namespace tamis
