#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/output_part.h"
#include "base/tensor.h"
#include "graph/graph.h"
#include "runtime/backend.h"

namespace tamis {

/// How near one sample's outputs are to the float model's, in [0, 1] and 1 for the same ones, by
/// what they mean; absent where they say nothing (no object in the picture). Nearer to the accuracy
/// than the noise of all outputs, most of which nobody reads. May throw for outputs that mean
/// nothing.
using Closeness = std::function<std::optional<double>(const std::vector<Tensor>& reference,
                                                      const std::vector<Tensor>& other)>;

/// How the model's outputs are read by whoever uses it. Either may be empty: unknown.
struct OutputReader {
  std::function<std::vector<OutputPart>(const std::vector<Shape>& outputs)> parts;
  Closeness closeness;
};

/// How far one part of an output is from the float model's, over all compared samples. Values of
/// rows in any order are sorted first, channel by channel.
struct OutputCheck {
  std::string name;  ///< of the output
  OutputPart part;
  bool inferred = false;   ///< from shape and magnitudes, as nothing said how the output is read
  double snr_db = 0;       ///< 10 log10(Σ reference² / Σ (value − reference)²), at most 200
  double correlation = 1;  ///< Pearson's, in [-1, 1]
  double max_error = 0;
  /// 10 log10(Σ (reference − mean)² / Σ (value − reference)²): 0 is what a constant reaches. Absent
  /// where the reference varies too little, or there are too few values, to say.
  std::optional<double> over_constant_db = {};
  /// A channel that varies in the float model's output and not in this one.
  std::optional<std::int64_t> dead_channel = {};
  /// Of whole numbers (classes, index maps), for which the figures in dB say nothing.
  std::optional<double> differing_share = {};
};

/// Two models' outputs, compared.
struct Comparison {
  std::vector<OutputCheck> outputs;
  std::optional<double> closeness = {};  ///< mean over the samples that tell; absent: none does
  std::string unreadable = {};  ///< why the decoder refuses what it reads of the float model
};

/// The one way in which a quantised model's outputs are held against the float model's: in the
/// self-check, for judging corrections, and for ranking layers. Boxes, objectness and scores are
/// compared each on their own along the axis that the decoder says; where none is known, channels
/// along the likely axis, those of very different magnitude apart. Thread safe.
class OutputComparison {
 public:
  /// By value, all rows in their places.
  OutputComparison() = default;
  /// `graph`: float or quantised, tells which outputs have rows in any order.
  OutputComparison(OutputReader reader, const Graph& graph);

  /// Outputs of the same samples. Throws backend_failed where the shapes differ.
  Comparison compare(const std::vector<TensorInfo>& outputs,
                     const std::vector<std::vector<Tensor>>& references,
                     const std::vector<std::vector<Tensor>>& values) const;
  /// Only Comparison::outputs.
  std::vector<OutputCheck> checks(const std::vector<TensorInfo>& outputs,
                                  const std::vector<std::vector<Tensor>>& references,
                                  const std::vector<std::vector<Tensor>>& values) const;
  /// Of one sample; absent where nothing is known of what outputs mean, or the float model's say
  /// nothing. Throws what decoding `other` throws.
  std::optional<double> closeness(const std::vector<Tensor>& reference,
                                  const std::vector<Tensor>& other) const;

 private:
  OutputReader reader_;
  std::set<std::string> in_any_order_;
};

/// What speaks against it, in words; "" where it is near enough. A dead channel and what is not a
/// number always do. Where predictions tell, they stand for the parts that they are made of; any
/// other part needs `least_snr_db`, and to be clearly nearer than a constant.
std::string objection(const Comparison& comparison, double least_snr_db);
/// Of predictions: right files had .88 to .96 (docs/quantize.md).
inline constexpr double kLeastCloseness = 0.5;

/// Signal to noise of the worst part in dB, at most 200; Σ over the parts of noise by signal.
double worst_snr_db(const std::vector<OutputCheck>& checks);
double noise_to_signal(const std::vector<OutputCheck>& checks);

/// The outputs of each sample's inputs, in the order of the samples. Throws what running throws.
std::vector<std::vector<Tensor>> run_all(Session& session,
                                         const std::vector<std::vector<Tensor>>& samples);

}  // namespace tamis
