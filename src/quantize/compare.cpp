#include "quantize/compare.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "base/error.h"
#include "graph/tensor_data.h"

namespace tamis {

namespace {

/// Sums over elements of one output, over all samples.
struct Sums {
  bool broken = false;
  double count = 0, a = 0, b = 0, aa = 0, bb = 0, ab = 0, noise = 0, largest_reference = 0,
         largest_error = 0;

  void add(double reference, double value) {
    const double difference = std::abs(reference - value);
    broken |= !std::isfinite(difference);
    count += 1;
    a += reference, b += value, aa += reference * reference, bb += value * value,
        ab += reference * value;
    noise += difference * difference;
    largest_reference = std::max(largest_reference, std::abs(reference));
    largest_error = std::max(largest_error, difference);
  }

  void add(const Sums& o) {
    broken |= o.broken;
    count += o.count;
    a += o.a, b += o.b, aa += o.aa, bb += o.bb, ab += o.ab, noise += o.noise;
    largest_reference = std::max(largest_reference, o.largest_reference);
    largest_error = std::max(largest_error, o.largest_error);
  }

  OutputCheck result(const std::string& name) const {
    if (broken) return {name, -200, 0, INFINITY};
    OutputCheck check{name, 200, 1, largest_error};
    if (noise > aa * 1e-20)
      check.snr_db = aa > 0 ? std::max(-200.0, 10 * std::log10(aa / noise)) : -200.0;
    const double spread =
        std::sqrt(std::max(0.0, aa - a * a / count) * std::max(0.0, bb - b * b / count));
    if (spread > 0) check.correlation = (ab - a * b / count) / spread;
    return check;
  }
};

/// One output, channel by channel (the second axis). A detector's output holds boxes in pixels and
/// scores up to 1, and next to the boxes no error of the scores would be seen: channels whose
/// magnitudes lie far apart are judged apart, and the worse part stands for the output.
class Comparison {
 public:
  void add(const Tensor& reference, const Tensor& value) {
    const Shape& shape = reference.shape();
    const auto channels = static_cast<std::size_t>(shape.size() >= 2 ? shape[1] : 1);
    const std::int64_t outer = shape.size() >= 2 ? shape[0] : 1;
    const std::int64_t inner = reference.elements() / (outer * static_cast<std::int64_t>(channels));
    sums_.resize(channels);
    const std::vector<float> references = floats(to_proto(reference, "reference"));
    const std::vector<float> values = floats(to_proto(value, "value"));
    const float* r = references.data();
    const float* v = values.data();
    for (std::int64_t o = 0; o < outer; ++o) {
      for (std::size_t c = 0; c < channels; ++c) {
        for (std::int64_t i = 0; i < inner; ++i) sums_[c].add(double{*r++}, double{*v++});
      }
    }
  }

  OutputCheck result(const std::string& name) {
    std::sort(sums_.begin(), sums_.end(), [](const Sums& a, const Sums& b) {
      return a.largest_reference > b.largest_reference;
    });
    constexpr double kApart = 20;
    std::size_t border = 0;
    double widest = kApart;
    for (std::size_t c = 1; c < sums_.size(); ++c) {
      const double gap =
          sums_[c - 1].largest_reference / std::max(sums_[c].largest_reference, 1e-30);
      if (gap > widest && sums_[c].largest_reference > 1e-3) widest = gap, border = c;
    }
    Sums large;
    Sums small;
    for (std::size_t c = 0; c < sums_.size(); ++c) (c < border ? large : small).add(sums_[c]);
    OutputCheck rest = small.result(name);
    if (border == 0) return rest;
    OutputCheck first = large.result(name);
    return first.snr_db < rest.snr_db ? first : rest;
  }

 private:
  std::vector<Sums> sums_;
};

}  // namespace

std::vector<std::vector<Tensor>> run_all(Session& session,
                                         const std::vector<std::vector<Tensor>>& samples) {
  std::vector<std::vector<Tensor>> results;
  for (const std::vector<Tensor>& inputs : samples) {
    results.push_back(make_tensors(session.outputs()));
    session.run(inputs, results.back());
  }
  return results;
}

std::vector<OutputCheck> compare_outputs(const Session& session,
                                         const std::vector<std::vector<Tensor>>& references,
                                         const std::vector<std::vector<Tensor>>& values) {
  std::vector<OutputCheck> checks;
  for (std::size_t o = 0; o < session.outputs().size(); ++o) {
    const DataType type = session.outputs()[o].type;
    if (type != DataType::f32 && type != DataType::f16) continue;
    Comparison comparison;
    for (std::size_t s = 0; s < values.size(); ++s) {
      if (references[s].at(o).elements() != values[s][o].elements()) {
        throw Error(ErrorCode::backend_failed,
                    "check: output '" + session.outputs()[o].name + "' has the shape " +
                        to_text(values[s][o].shape()) + ", the float model's is " +
                        to_text(references[s].at(o).shape()));
      }
      comparison.add(references[s][o], values[s][o]);
    }
    checks.push_back(comparison.result(session.outputs()[o].name));
  }
  return checks;
}

}  // namespace tamis
