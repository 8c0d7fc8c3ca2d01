#include "quantize/compare.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "base/error.h"
#include "graph/selection.h"
#include "graph/tensor_data.h"

namespace tamis {

namespace {

constexpr double kMostDb = 200;
constexpr double kApart = 20;           // of magnitudes: channels further apart are not one thing
constexpr double kEnoughToVary = 16;    // values, to tell a signal from a constant
constexpr double kEnoughToBeAlive = 8;  // values of one channel
constexpr double kLeastChannelRange = 0.05;  // of the part's: of channels that matter
constexpr double kDeadRange = 0.01;          // of what the float model's has
constexpr double kLeastOverConstantDb = 3;
constexpr double kMostDiffering = 0.5;  // share of whole numbers

bool is_float(DataType type) {
  return type == DataType::f32 || type == DataType::f16 || type == DataType::bf16 ||
         type == DataType::f64;
}

double decibels(double signal, double noise) {
  if (!(noise > signal * 1e-20)) return kMostDb;
  return signal > 0 ? std::max(-kMostDb, 10 * std::log10(signal / noise)) : -kMostDb;
}

/// A tensor's elements as f32, without a copy where they are.
class Values {
 public:
  explicit Values(const Tensor& tensor) {
    if (tensor.type() == DataType::f32) {
      data_ = tensor.data<float>();
      return;
    }
    copy_ = floats(to_proto(tensor, "output"));
    data_ = copy_.data();
  }
  double operator[](std::int64_t i) const { return static_cast<double>(data_[i]); }

 private:
  std::vector<float> copy_;
  const float* data_ = nullptr;
};

/// Sums over elements of one channel, over all samples.
struct Sums {
  bool broken = false;
  double count = 0, a = 0, b = 0, aa = 0, bb = 0, ab = 0, noise = 0, differing = 0;
  double largest_reference = 0, largest_error = 0;
  double low_a = INFINITY, high_a = -INFINITY, low_b = INFINITY, high_b = -INFINITY;

  void add(double reference, double value) {
    const double difference = std::abs(reference - value);
    broken |= !std::isfinite(difference);
    count += 1;
    a += reference, b += value, aa += reference * reference, bb += value * value,
        ab += reference * value;
    noise += difference * difference;
    differing += difference > 0 ? 1 : 0;
    largest_reference = std::max(largest_reference, std::abs(reference));
    largest_error = std::max(largest_error, difference);
    low_a = std::min(low_a, reference), high_a = std::max(high_a, reference);
    low_b = std::min(low_b, value), high_b = std::max(high_b, value);
  }

  void add(const Sums& o) {
    broken |= o.broken;
    count += o.count;
    a += o.a, b += o.b, aa += o.aa, bb += o.bb, ab += o.ab, noise += o.noise;
    differing += o.differing;
    largest_reference = std::max(largest_reference, o.largest_reference);
    largest_error = std::max(largest_error, o.largest_error);
    low_a = std::min(low_a, o.low_a), high_a = std::max(high_a, o.high_a);
    low_b = std::min(low_b, o.low_b), high_b = std::max(high_b, o.high_b);
  }

  double variation() const { return std::max(0.0, aa - a * a / count); }
  double range() const { return high_a - low_a; }
};

using ChannelSums = std::vector<std::pair<std::int64_t, Sums>>;  // with their place along the axis

/// Of what varies in the channels, or in all of them where each has too few values.
std::optional<double> over_constant(const ChannelSums& channels, const Sums& whole) {
  if (whole.count < kEnoughToVary) return std::nullopt;
  double varies = 0;
  bool each = true;
  for (const auto& [c, sums] : channels) {
    varies += sums.variation();
    each = each && sums.count >= kEnoughToVary;
  }
  if (!each) varies = whole.variation();
  if (varies <= whole.aa * 1e-6) return std::nullopt;
  return decibels(varies, whole.noise);
}

std::optional<std::int64_t> dead_channel(const ChannelSums& channels, const Sums& whole) {
  for (const auto& [c, sums] : channels) {
    const bool matters = sums.count >= kEnoughToBeAlive && sums.range() > 0 &&
                         sums.range() >= kLeastChannelRange * whole.range();
    if (matters && sums.high_b - sums.low_b <= kDeadRange * sums.range()) return c;
  }
  return std::nullopt;
}

OutputCheck check_of(const std::string& name, const OutputPart& part, const ChannelSums& channels,
                     bool numbers) {
  Sums whole;
  for (const auto& [c, sums] : channels) whole.add(sums);
  OutputCheck check{name, part};
  if (whole.broken) {
    check.snr_db = -kMostDb, check.correlation = 0, check.max_error = INFINITY;
    return check;
  }
  check.max_error = whole.largest_error;
  check.snr_db = decibels(whole.aa, whole.noise);
  const double spread =
      std::sqrt(whole.variation() * std::max(0.0, whole.bb - whole.b * whole.b / whole.count));
  if (spread > 0) check.correlation = (whole.ab - whole.a * whole.b / whole.count) / spread;
  check.dead_channel = dead_channel(channels, whole);
  if (numbers)
    check.over_constant_db = over_constant(channels, whole);
  else
    check.differing_share = whole.count > 0 ? whole.differing / whole.count : 0;
  return check;
}

/// One part of one output, channel by channel, over all samples.
class PartSums {
 public:
  PartSums(OutputPart part, bool inferred) : part_(std::move(part)), inferred_(inferred) {}

  void add(const Tensor& reference, const Tensor& value) {
    const ChannelWalk walk(reference.shape(), part_.axis);
    const std::int64_t begin = part_.axis ? part_.begin : 0;
    const std::int64_t end =
        part_.axis && !inferred_ ? std::min(part_.end, walk.channels) : walk.channels;
    sums_.resize(
        std::max(sums_.size(), static_cast<std::size_t>(std::max<std::int64_t>(0, end - begin))));
    const Values references(reference), values(value);
    for (std::int64_t c = begin; c < end; ++c)
      add_channel(walk, c, references, values, sums_[static_cast<std::size_t>(c - begin)]);
  }

  /// Of what one decoder reads one check; of an output that nobody knows one for the channels of
  /// large values and one for those of small ones, where they lie far apart.
  void put(const std::string& name, bool numbers, std::vector<OutputCheck>& into) const {
    ChannelSums all;
    for (std::size_t c = 0; c < sums_.size(); ++c)
      all.emplace_back(part_.begin + static_cast<std::int64_t>(c), sums_[c]);
    if (!inferred_ || !part_.axis || !numbers) {
      into.push_back(check_of(name, part_, all, numbers));
      into.back().inferred = inferred_;
      return;
    }
    const std::size_t border = sort_and_split(all);
    const auto middle = all.begin() + static_cast<std::ptrdiff_t>(border);
    for (const ChannelSums& group :
         {ChannelSums(all.begin(), middle), ChannelSums(middle, all.end())}) {
      if (group.empty()) continue;
      OutputPart part = part_;
      if (border > 0) part.name = group_name(group, all.size());
      into.push_back(check_of(name, part, group, numbers));
      into.back().inferred = true;
    }
  }

 private:
  void add_channel(const ChannelWalk& walk, std::int64_t c, const Values& references,
                   const Values& values, Sums& sums) const {
    if (!part_.in_any_order) {
      for (std::int64_t o = 0; o < walk.outer; ++o)
        for (std::int64_t i = 0; i < walk.inner; ++i) {
          const std::int64_t at = walk.place(o, c, i);
          sums.add(references[at], values[at]);
        }
      return;
    }
    std::vector<double> a, b;
    for (std::int64_t o = 0; o < walk.outer; ++o)
      for (std::int64_t i = 0; i < walk.inner; ++i) {
        a.push_back(references[walk.place(o, c, i)]);
        b.push_back(values[walk.place(o, c, i)]);
      }
    const auto below = [](double x, double y) {
      return x < y || (std::isnan(y) && !std::isnan(x));
    };
    std::sort(a.begin(), a.end(), below);
    std::sort(b.begin(), b.end(), below);
    for (std::size_t k = 0; k < a.size(); ++k) sums.add(a[k], b[k]);
  }

  /// By falling magnitude; the place of the widest gap, 0 without one.
  static std::size_t sort_and_split(ChannelSums& channels) {
    std::sort(channels.begin(), channels.end(), [](const auto& a, const auto& b) {
      return a.second.largest_reference > b.second.largest_reference;
    });
    std::size_t border = 0;
    const bool tell = std::all_of(channels.begin(), channels.end(), [](const auto& channel) {
      return channel.second.count >= kEnoughToBeAlive;
    });
    if (!tell) return border;  // one value near 0 makes no other kind of channel
    double widest = kApart;
    for (std::size_t c = 1; c < channels.size(); ++c) {
      const double above = channels[c - 1].second.largest_reference,
                   here = channels[c].second.largest_reference;
      const double gap = above / std::max(here, 1e-30);
      if (gap > widest && here > 1e-3) widest = gap, border = c;
    }
    return border;
  }

  static std::string group_name(const ChannelSums& group, std::size_t all) {
    char text[80];
    std::snprintf(text, sizeof text, "%zu of %zu channels, up to %.3g", group.size(), all,
                  group.front().second.largest_reference);
    return text;
  }

  OutputPart part_;
  bool inferred_;
  std::vector<Sums> sums_;
};

std::vector<Shape> shapes_of(const std::vector<Tensor>& tensors) {
  std::vector<Shape> shapes;
  for (const Tensor& tensor : tensors) shapes.push_back(tensor.shape());
  return shapes;
}

void demand_same_shape(const TensorInfo& info, const Tensor& reference, const Tensor& value) {
  if (reference.elements() == value.elements()) return;
  throw Error(ErrorCode::backend_failed, "check: output '" + info.name + "' has the shape " +
                                             to_text(value.shape()) + ", the float model's is " +
                                             to_text(reference.shape()));
}

/// "output 'y', scores (channels 4 to 83 of axis 1)".
std::string text_of(const OutputCheck& check) {
  std::string text = "output '" + check.name + "'";
  if (!check.part.name.empty()) text += ", " + check.part.name;
  if (check.part.axis) {
    const std::string axis = "axis " + std::to_string(*check.part.axis);
    if (check.inferred)
      text += " (channels along " + axis + ", by its shape)";
    else
      text += " (channels " + std::to_string(check.part.begin) + " to " +
              std::to_string(check.part.end - 1) + " of " + axis + ")";
  }
  if (check.part.in_any_order) text += ", rows in any order";
  return text + (check.part.name.empty() && !check.part.axis ? " " : ", ");
}

std::string low_snr_text(const OutputCheck& output, double least_db) {
  char text[200];
  std::snprintf(text, sizeof text,
                "differs from the float model's by an SNR of %.1f dB (correlation %.3f); at least "
                "%.1f dB is required",
                output.snr_db, output.correlation, least_db);
  return text_of(output) + text;
}

std::string like_constant_text(const OutputCheck& output) {
  char text[200];
  std::snprintf(text, sizeof text,
                "is only %.1f dB nearer to the float model's than a constant is (correlation "
                "%.3f); at least %.1f dB is required",
                *output.over_constant_db, output.correlation, kLeastOverConstantDb);
  return text_of(output) + text;
}

std::string differing_text(const OutputCheck& output) {
  char text[120];
  std::snprintf(text, sizeof text, "differs from the float model's in %.0f %% of its values",
                100 * *output.differing_share);
  return text_of(output) + text;
}

/// Always wrong, whatever predictions say.
std::string broken_text(const OutputCheck& check) {
  if (!std::isfinite(check.max_error)) return text_of(check) + "is not a finite number everywhere";
  if (check.dead_channel)
    return text_of(check) + "is the same everywhere in channel " +
           std::to_string(*check.dead_channel) + ", where the float model's varies";
  return "";
}

std::string far_text(const OutputCheck& check, double least_snr_db) {
  if (check.differing_share)
    return *check.differing_share > kMostDiffering ? differing_text(check) : "";
  if (check.snr_db < least_snr_db) return low_snr_text(check, least_snr_db);
  if (check.over_constant_db && *check.over_constant_db < kLeastOverConstantDb)
    return like_constant_text(check);
  return "";
}

}  // namespace

OutputComparison::OutputComparison(OutputReader reader, const Graph& graph)
    : reader_(std::move(reader)), in_any_order_(outputs_in_any_order(graph)) {}

std::vector<OutputCheck> OutputComparison::checks(
    const std::vector<TensorInfo>& outputs, const std::vector<std::vector<Tensor>>& references,
    const std::vector<std::vector<Tensor>>& values) const {
  std::vector<OutputCheck> checks;
  if (values.empty()) return checks;
  std::vector<OutputPart> known;
  if (reader_.parts) known = reader_.parts(shapes_of(references[0]));
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    std::vector<PartSums> parts;
    const bool unordered = in_any_order_.count(outputs[o].name) != 0;
    for (OutputPart part : known) {
      if (part.output != o) continue;
      part.in_any_order |= unordered;
      parts.emplace_back(std::move(part), false);
    }
    if (parts.empty()) {
      OutputPart part{"", o, likely_channel_axis(references[0].at(o).shape(), unordered)};
      part.in_any_order = unordered;
      parts.emplace_back(std::move(part), true);
    }
    for (std::size_t s = 0; s < values.size(); ++s) {
      demand_same_shape(outputs[o], references[s].at(o), values[s].at(o));
      for (PartSums& part : parts) part.add(references[s][o], values[s][o]);
    }
    for (const PartSums& part : parts) part.put(outputs[o].name, is_float(outputs[o].type), checks);
  }
  return checks;
}

std::optional<double> OutputComparison::closeness(const std::vector<Tensor>& reference,
                                                  const std::vector<Tensor>& other) const {
  if (!reader_.closeness) return std::nullopt;
  try {
    return reader_.closeness(reference, other);
  } catch (const Error&) {
    try {
      reader_.closeness(reference, reference);
    } catch (const Error&) {
      return std::nullopt;  // outputs that the card does not describe
    }
    throw;
  }
}

Comparison OutputComparison::compare(const std::vector<TensorInfo>& outputs,
                                     const std::vector<std::vector<Tensor>>& references,
                                     const std::vector<std::vector<Tensor>>& values) const {
  Comparison result{checks(outputs, references, values)};
  double sum = 0, count = 0;
  for (std::size_t s = 0; s < values.size() && result.unreadable.empty(); ++s) {
    try {
      const std::optional<double> one = closeness(references[s], values[s]);
      sum += one.value_or(0);
      count += one ? 1 : 0;
    } catch (const Error& error) {
      result.unreadable = error.what();
    }
  }
  if (count > 0 && result.unreadable.empty()) result.closeness = sum / count;
  return result;
}

std::string objection(const Comparison& comparison, double least_snr_db) {
  for (const OutputCheck& check : comparison.outputs)
    if (std::string text = broken_text(check); !text.empty()) return text;
  if (!comparison.unreadable.empty()) return comparison.unreadable;
  for (const OutputCheck& check : comparison.outputs) {
    if (comparison.closeness && check.part.predicted) continue;
    if (std::string text = far_text(check, least_snr_db); !text.empty()) return text;
  }
  if (!comparison.closeness || *comparison.closeness >= kLeastCloseness) return "";
  char text[160];
  std::snprintf(text, sizeof text,
                "its predictions are %.2f close to the float model's (1 for the same boxes, scores "
                "and classes); at least %.2f is required",
                *comparison.closeness, kLeastCloseness);
  return text;
}

double worst_snr_db(const std::vector<OutputCheck>& checks) {
  double worst = kMostDb;
  for (const OutputCheck& check : checks)
    if (!check.differing_share) worst = std::min(worst, check.snr_db);
  return worst;
}

double noise_to_signal(const std::vector<OutputCheck>& checks) {
  double sum = 0;
  for (const OutputCheck& check : checks)
    if (!check.differing_share) sum += std::pow(10, -check.snr_db / 10);
  return sum;
}

std::vector<std::vector<Tensor>> run_all(Session& session,
                                         const std::vector<std::vector<Tensor>>& samples) {
  std::vector<std::vector<Tensor>> results;
  for (const std::vector<Tensor>& inputs : samples) {
    results.push_back(make_tensors(session.outputs()));
    session.run(inputs, results.back());
  }
  return results;
}

}  // namespace tamis
