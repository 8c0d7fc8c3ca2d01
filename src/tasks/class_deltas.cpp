#include "tasks/class_deltas.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "stats/accuracy.h"
#include "stats/random.h"

namespace tamis {
namespace {

constexpr std::size_t kResamples = 400;

std::string few_items(std::size_t items) {
  return "in " + std::to_string(items) + (items == 1 ? " item" : " items") + ": too few";
}

/// Of each of so many intervals, on either side.
double one_sided(double confidence, std::size_t intervals) {
  return 1 - (1 - confidence) / (2 * static_cast<double>(intervals));
}

std::size_t count_intervals(const std::vector<ClassDelta>& classes) {
  return static_cast<std::size_t>(
      std::count_if(classes.begin(), classes.end(),
                    [](const ClassDelta& c) { return c.of.items >= kLeastClassItems; }));
}

using ByLabel = std::map<int, std::pair<std::vector<std::uint8_t>, std::vector<std::uint8_t>>>;

ClassDeltas deltas_of_right(std::span<const ItemRecord> records,
                            const std::vector<std::uint8_t>& baseline,
                            const std::vector<std::uint8_t>& candidate, double confidence) {
  ByLabel by_label;
  for (std::size_t i = 0; i < records.size(); ++i) {
    auto& [a, b] = by_label[records[i].truth.label.value()];
    a.push_back(baseline[i]);
    b.push_back(candidate[i]);
  }
  ClassDeltas out{{}, confidence, 0};
  for (const auto& [label, pair] : by_label)
    out.classes.push_back({{label, "", pair.first.size(), pair.first.size()}});
  out.intervals = count_intervals(out.classes);
  for (ClassDelta& c : out.classes) {
    const auto& [a, b] = by_label.at(c.of.label);
    const PairedEvidence counts = count_pairs(a, b);
    c.baseline = baseline_accuracy(counts);
    c.candidate = candidate_accuracy(counts);
    if (c.of.items < kLeastClassItems) {
      c.reason = few_items(c.of.items);
      continue;
    }
    const DropEstimate drop = estimate_drop(counts, AccuracyLimit::Kind::absolute_drop,
                                            one_sided(confidence, out.intervals));
    c.difference = Interval{-drop.high, -drop.low};
  }
  return out;
}

/// Spread of the difference of one class over the resamples that hold it.
class Differences {
 public:
  void add(const std::optional<double>& before, const std::optional<double>& after) {
    if (!before || !after) return;
    ++count_;
    const double value = *after - *before, step = value - mean_;
    mean_ += step / static_cast<double>(count_);
    squares_ += step * (value - mean_);
  }
  double variance() const { return count_ < 2 ? 0 : squares_ / static_cast<double>(count_ - 1); }

 private:
  std::size_t count_ = 0;
  double mean_ = 0, squares_ = 0;
};

/// Both variants' records of each item, weighted alike.
std::vector<Differences> resampled(const ClassFigures& baseline, const ClassFigures& candidate,
                                   std::size_t items) {
  std::vector<Differences> out(baseline.classes.size());
  std::vector<std::uint32_t> weights(items);
  for (std::size_t r = 0; r < kResamples; ++r) {
    draw_resample(weights, BootstrapPlan().seed, r);
    const auto a = baseline.values(weights), b = candidate.values(weights);
    for (std::size_t c = 0; c < out.size(); ++c) out[c].add(a[c], b[c]);
  }
  return out;
}

/// Each item's two records exchanged or not, by chance: what the difference would be if the two
/// variants were alike. `both`: of the baseline's records and then the candidate's.
std::vector<Differences> exchanged(const ClassFigures& both, std::size_t items) {
  std::vector<Differences> out(both.classes.size());
  std::vector<std::uint32_t> first(2 * items), second(2 * items);
  for (std::size_t r = 0; r < kResamples; ++r) {
    Random random(BootstrapPlan().seed, kResamples + r);
    for (std::size_t i = 0; i < items; ++i) {
      const auto swapped = static_cast<std::uint32_t>(random.below(2));
      first[i] = second[items + i] = 1 - swapped;
      second[i] = first[items + i] = swapped;
    }
    const auto a = both.values(first), b = both.values(second);
    for (std::size_t c = 0; c < out.size(); ++c) out[c].add(a[c], b[c]);
  }
  return out;
}

void add_interval(ClassDelta& c, double variance, double one_sided_confidence) {
  if (c.of.items < kLeastClassItems) {
    c.reason = few_items(c.of.items);
    return;
  }
  if (variance <= 0) {
    c.reason = "no resample of the items differs";
    return;
  }
  const auto freedom = static_cast<double>(c.of.items - 1);
  const double half = student_quantile(one_sided_confidence, freedom) * std::sqrt(variance);
  const double difference = c.candidate - c.baseline;
  c.difference = Interval{std::max(-1.0, difference - half), std::min(1.0, difference + half)};
}

ClassFigures figures_of_both(const Task& task, std::span<const ItemRecord> baseline,
                             std::span<const ItemRecord> candidate) {
  std::vector<ItemRecord> both(baseline.begin(), baseline.end());
  both.insert(both.end(), candidate.begin(), candidate.end());
  return task.by_class(both);
}

ClassDeltas deltas_by_bootstrap(const Task& task, std::span<const ItemRecord> baseline,
                                std::span<const ItemRecord> candidate, double confidence) {
  const ClassFigures a = task.by_class(baseline), b = task.by_class(candidate);
  const std::vector<std::uint32_t> once(baseline.size(), 1);
  const auto before = a.values(once), after = b.values(once);
  ClassDeltas out{{}, confidence, 0};
  for (std::size_t c = 0; c < a.classes.size(); ++c)
    out.classes.push_back({a.classes[c], before[c].value_or(0), after[c].value_or(0)});
  out.intervals = count_intervals(out.classes);
  if (out.classes.empty()) return out;
  const auto spreads = resampled(a, b, baseline.size());
  const auto nulls = exchanged(figures_of_both(task, baseline, candidate), baseline.size());
  for (std::size_t c = 0; c < out.classes.size(); ++c) {
    const auto held = static_cast<double>(out.classes[c].of.items);
    const double resampling = spreads[c].variance() * held / std::max(1.0, held - 1);
    add_interval(out.classes[c], std::max(resampling, nulls[c].variance()),
                 one_sided(confidence, std::max<std::size_t>(1, out.intervals)));
  }
  return out;
}

}  // namespace

ClassDeltas class_deltas(const Task& task, std::span<const ItemRecord> baseline,
                         std::span<const ItemRecord> candidate, double confidence) {
  bool same = baseline.size() == candidate.size() && !baseline.empty();
  for (std::size_t i = 0; same && i < baseline.size(); ++i)
    same = baseline[i].item == candidate[i].item;
  if (!same)
    throw Error(ErrorCode::invalid_argument, "class deltas: the two hold different items, or none");
  ClassDeltas out;
  if (task.by_class != nullptr)
    out = deltas_by_bootstrap(task, baseline, candidate, confidence);
  else
    out = deltas_of_right(baseline, task.right(baseline).value(), task.right(candidate).value(),
                          confidence);
  std::stable_sort(out.classes.begin(), out.classes.end(),
                   [](const ClassDelta& a, const ClassDelta& b) {
                     return a.candidate - a.baseline < b.candidate - b.baseline;
                   });
  return out;
}

}  // namespace tamis
