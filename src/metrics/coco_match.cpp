#include "metrics/coco_match.h"

#include <algorithm>

#include "base/mask.h"

namespace tamis {
namespace {

// numpy.linspace(.5, .95, 10), as pycocotools makes them.
constexpr std::array<double, kCocoThresholds> kIou{
    0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.8999999999999999, 0.95};
constexpr std::uint16_t kAllThresholds = (1 << kCocoThresholds) - 1;

struct AreaRange {
  double low, high;
  bool holds(double area) const { return !(area < low || area > high); }
};
constexpr std::array<AreaRange, kCocoAreas> kAreas{
    AreaRange{0, 1e10}, {0, 32 * 32}, {32 * 32, 96 * 96}, {96 * 96, 1e10}};

bool counts(const TruthBox& truth, const AreaRange& range) {
  return !truth.crowd && range.holds(truth.area);
}

// Doubles, on width and height: the arithmetic of the reference.
double area(const Box& b) {
  return (static_cast<double>(b.x1) - b.x0) * (static_cast<double>(b.y1) - b.y0);
}

double overlap(const Box& d, const TruthBox& t) {
  double w = static_cast<double>(std::min(d.x1, t.box.x1)) - std::max(d.x0, t.box.x0);
  double h = static_cast<double>(std::min(d.y1, t.box.y1)) - std::max(d.y0, t.box.y0);
  if (w <= 0 || h <= 0) return 0;
  double shared = w * h;
  return shared / (t.crowd ? area(d) : area(d) + area(t.box) - shared);
}

/// One area range: truths in the order in which they are tried (those that count first).
struct Candidates {
  std::vector<std::size_t> order;
  std::size_t counting = 0;  ///< the first that many count
};

Candidates order_truth(std::span<const TruthBox> truth, const AreaRange& range) {
  Candidates c;
  c.order.resize(truth.size());
  for (std::size_t i = 0; i < truth.size(); ++i) c.order[i] = i;
  auto middle = std::stable_partition(c.order.begin(), c.order.end(),
                                      [&](std::size_t i) { return counts(truth[i], range); });
  c.counting = static_cast<std::size_t>(middle - c.order.begin());
  return c;
}

/// The place in `c.order` of the truth that a detection takes at this threshold, or -1. Among equal
/// overlaps the last one tried wins, as in the reference.
int best_truth(std::span<const TruthBox> truth, const Candidates& c, const double* overlaps,
               const std::vector<std::uint8_t>& taken, double threshold) {
  int best = -1;
  double least = std::min(threshold, 1 - 1e-10);
  for (std::size_t i = 0; i < c.order.size(); ++i) {
    std::size_t g = c.order[i];
    if (taken[g] && !truth[g].crowd) continue;
    bool leaves_counting = i >= c.counting;
    if (best >= 0 && leaves_counting && static_cast<std::size_t>(best) < c.counting) break;
    if (overlaps[g] < least) continue;
    least = overlaps[g];
    best = static_cast<int>(i);
  }
  return best;
}

void match_area(std::span<const TruthBox> truth, std::span<const double> overlaps, int range,
                std::vector<MatchedDetection>& out) {
  Candidates c = order_truth(truth, kAreas[range]);
  for (int t = 0; t < kCocoThresholds; ++t) {
    std::vector<std::uint8_t> taken(truth.size());
    auto bit = static_cast<std::uint16_t>(1 << t);
    for (std::size_t d = 0; d < out.size(); ++d) {
      int i = best_truth(truth, c, overlaps.data() + d * truth.size(), taken, kIou[t]);
      if (i < 0) continue;
      taken[c.order[i]] = 1;
      out[d].matched[range] |= bit;
      if (static_cast<std::size_t>(i) >= c.counting) out[d].ignored[range] |= bit;
    }
  }
}

/// Detections that match nothing and are not of the area do not count as wrong.
void ignore_other_areas(std::span<const double> areas, std::vector<MatchedDetection>& out) {
  for (std::size_t d = 0; d < out.size(); ++d)
    for (int a = 0; a < kCocoAreas; ++a)
      if (!kAreas[a].holds(areas[d]))
        out[d].ignored[a] |= static_cast<std::uint16_t>(kAllThresholds & ~out[d].matched[a]);
}

/// Falling score, at most `most`.
template <typename Scored>
void rank(std::vector<Scored>& detections, std::size_t most) {
  std::stable_sort(detections.begin(), detections.end(),
                   [](const Scored& a, const Scored& b) { return a.score > b.score; });
  if (detections.size() > most) detections.resize(most);
}

/// Ranked detections, their areas, and the overlap of detection d and truth g at d * truths + g.
template <typename Scored>
std::vector<MatchedDetection> match_ranked(std::span<const TruthBox> truth,
                                           std::span<const Scored> ranked,
                                           std::span<const double> areas,
                                           std::span<const double> overlaps) {
  std::vector<MatchedDetection> out(ranked.size());
  for (std::size_t d = 0; d < out.size(); ++d) {
    out[d].score = ranked[d].score;
    out[d].rank = static_cast<std::uint32_t>(d);
  }
  if (!truth.empty())
    for (int a = 0; a < kCocoAreas; ++a) match_area(truth, overlaps, a, out);
  ignore_other_areas(areas, out);
  return out;
}

/// A mask and what is asked of it again and again.
struct MeasuredMask {
  Mask mask;
  Box bounds;
  double area;
  MeasuredMask(std::string_view text, Size size)
      : mask(parse_mask(text, size)),
        bounds(tamis::bounds(mask)),
        area(static_cast<double>(tamis::area(mask))) {}
};

double overlap(const MeasuredMask& d, const MeasuredMask& t, bool crowd) {
  if (intersection(d.bounds, t.bounds) <= 0) return 0;
  auto shared = static_cast<double>(intersection(d.mask, t.mask));
  return shared == 0 ? 0 : shared / (crowd ? d.area : d.area + t.area - shared);
}

}  // namespace

std::vector<MatchedDetection> match_class(std::span<const TruthBox> truth,
                                          std::vector<Detection> detections, std::size_t most) {
  rank(detections, most);
  std::vector<double> areas, overlaps;
  for (const Detection& d : detections) {
    areas.push_back(area(d.box));
    for (const TruthBox& t : truth) overlaps.push_back(overlap(d.box, t));
  }
  return match_ranked<Detection>(truth, detections, areas, overlaps);
}

std::vector<MatchedDetection> match_class(std::span<const TruthBox> truth,
                                          std::vector<ScoredMask> detections, Size size,
                                          std::size_t most) {
  rank(detections, most);
  std::vector<MeasuredMask> truths;
  for (const TruthBox& t : truth) truths.emplace_back(t.mask, size);
  std::vector<double> areas, overlaps;
  for (const ScoredMask& d : detections) {
    MeasuredMask mask(d.mask, size);
    areas.push_back(mask.area);
    for (std::size_t g = 0; g < truth.size(); ++g)
      overlaps.push_back(overlap(mask, truths[g], truth[g].crowd));
  }
  return match_ranked<ScoredMask>(truth, detections, areas, overlaps);
}

std::array<std::uint32_t, kCocoAreas> count_positives(std::span<const TruthBox> truth) {
  std::array<std::uint32_t, kCocoAreas> count{};
  for (const TruthBox& t : truth)
    for (int a = 0; a < kCocoAreas; ++a) count[a] += counts(t, kAreas[a]);
  return count;
}

}  // namespace tamis
