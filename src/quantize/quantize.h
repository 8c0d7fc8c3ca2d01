#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/tensor.h"
#include "graph/graph.h"
#include "quantize/compare.h"
#include "runtime/backend.h"

namespace tamis {

/// Where the quantised file is to run. It decides which tensors get a
/// QuantizeLinear/DequantizeLinear pair (Q/DQ).
enum class QuantizeTarget {
  portable,  ///< right and fast in every runtime: as ort, and what is quantised between a
             ///< convolution and its SiLU is written so that OpenVINO fuses over it
  ort,       ///< fastest in ONNX Runtime: a Q on each convolution's own output, SiLU as
             ///< com.microsoft.QuickGelu, the stem as space-to-depth
  openvino,  ///< fastest in OpenVINO: no Q between a convolution and what it fuses (SiLU, Relu,
             ///< Add)
  tensorrt,  ///< TensorRT's explicit quantisation: s8 symmetric, as openvino and on the residual
             ///< branch of each Add; bias in float
};
std::string_view to_text(QuantizeTarget target);
/// Throws invalid_argument naming the known targets.
QuantizeTarget parse_quantize_target(std::string_view text);

/// How a tensor's range comes from what was seen of it. All from one pass over the samples.
enum class RangeMethod {
  min_max,         ///< from the least to the greatest value
  moving_average,  ///< the samples' own least and greatest values, averaged (histogram.h)
  percentile,      ///< the shortest such range after leaving out (100 - percentile) / 2 % per end
  entropy,         ///< clipped so that the least information is lost (entropy.h)
  mse,             ///< low and high end so that the squared error is least, each on its own
};
inline constexpr double kDefaultPercentile = 99.99;
std::string_view to_text(RangeMethod method);
/// Throws invalid_argument naming the known methods.
RangeMethod parse_range_method(std::string_view text);
std::vector<std::string> range_methods();  ///< the names

/// Which corrections are tried (corrections.h).
enum class CorrectionLevel {
  none,
  fast,  ///< those that cost little beside the calibration
  all,
};
std::string_view to_text(CorrectionLevel level);
/// Throws invalid_argument naming the known levels.
CorrectionLevel parse_correction_level(std::string_view text);

struct QuantizeOptions {
  // What changes results.
  QuantizeTarget target = QuantizeTarget::portable;
  RangeMethod method = RangeMethod::mse;
  std::optional<double> percentile;  ///< in (50, 100], of the percentile method only; absent: 99.99
  bool symmetric = false;  ///< activations u8 with zero point 128: for kernels without zero points
  bool sums_in_16_bits = true;  ///< right on CPUs without VNNI too: weights are limited where a
                                ///< sum of two products could overflow (pair_sums.h)
  bool range_by_error_after = true;  ///< a range before an activation by the squared error after it
  std::optional<bool> share_concat_scale;  ///< one scale for a Concat's inputs: faster; absent: yes
  bool standard_ops = false;  ///< only operators of ONNX itself: Sigmoid and Mul are quantised
                              ///< where com.microsoft.QuickGelu would be written
  std::vector<std::string>
      keep_float;  ///< names of nodes to be left in float, beside those found by itself
  CorrectionLevel corrections = CorrectionLevel::fast;

  // What changes how long it takes.
  bool observe_for_any_layer = false;  ///< also what forms with one more layer in float need
};

/// A node that could have been executed in INT8 and is not.
struct KeptInFloat {
  std::string node;
  std::string reason;
};

/// A change that should help the INT8 form, tried because it applies.
struct Correction {
  std::string name;
  bool kept = false;                     ///< it helped on calibration images held aside
  std::string why;                       ///< "63 layers: output SNR 18.4 dB instead of 17.9 dB"
  std::optional<double> gain_db;         ///< of the output SNR, mean over the images held aside
  std::optional<double> gain_closeness;  ///< the same where the predictions' closeness judged
};

struct QuantizeReport {
  std::vector<Correction> corrections;
  std::vector<KeptInFloat> kept_in_float;
  std::vector<std::string> notes;     ///< what was done to the input first: "1 204 f16 tensors …"
  std::vector<std::string> warnings;  ///< about the samples, a line each
  std::size_t quantised_nodes = 0;    ///< Conv, Gemm and MatMul in INT8
  std::vector<std::string> quantised;  ///< their names, in the graph's order
  std::size_t calibrated_on = 0;       ///< samples that ranges were taken from
  std::size_t held_aside = 0;          ///< others, on which corrections were judged; 0: none was
  double calibrate_s = 0;              ///< running the float model and observing
  bool statistics_cached = false;      ///< the float model did not have to run
  double wall_s = 0;
};
/// {kept_in_float: [{node, reason}], corrections: [{name, kept, why, gain_db, gain_closeness}],
/// notes, warnings, quantised_nodes, calibrated_on, held_aside, calibrate_s, statistics_cached,
/// wall_s}
Json to_json(const QuantizeReport& report);

/// Opens an ONNX file for FP32 execution. The shapes must be concrete after opening.
using OpenSession = std::function<std::unique_ptr<Session>(const std::filesystem::path& model)>;

/// Calls the function that it is given once per calibration sample, with the model's inputs in
/// their order. The tensors need to live during that call only, so memory does not depend on the
/// number of samples.
using FeedCalibration = std::function<void(const std::function<void(std::span<const Tensor>)>&)>;

/// Where statistics of a float model are kept between calls, so that the float model does not run
/// again for another form of the same model. Either function may be absent. The key stands for the
/// graph; the functions have to tell apart what else the statistics hang on: the samples, how they
/// are prepared, the runtime behind `open`.
struct StatisticsStore {
  std::function<std::optional<Json>(const std::string& key)> find;
  std::function<void(const std::string& key, const Json& statistics)> keep;
};
/// Kept for as long as the store or a copy of it lives. Not thread safe.
StatisticsStore statistics_in_memory();

/// Replaces a float model by its INT8 QDQ form: weights s8 symmetric per channel, activations u8
/// with zero point, bias s32 (for tensorrt activations s8 symmetric, bias float). Inputs and
/// outputs keep name, type and shape. f16 and bf16 are converted to f32 first; an opset below 13 is
/// raised. The bodies of If, Loop and Scan stay in float. BatchNormalization should have been fused
/// before. The detection tail (what follows the last convolution of each branch) stays in float by
/// itself. Throws unsupported when nothing can be quantised or the model is quantised already,
/// invalid_argument for options or when there is no calibration sample, and what `open` and `feed`
/// throw; what the graph then holds is open. Corrections are judged by `reader`'s closeness where
/// it tells, else by the SNR of its parts. Not thread safe for one graph. Source: Jacob et al.
/// 2018, arXiv:1712.05877, eq. (1) and section 3; placement measured per runtime (placement.h).
QuantizeReport quantize_static(Graph& graph, const QuantizeOptions& options,
                               const OpenSession& open, const FeedCalibration& feed,
                               const StatisticsStore& known = {}, const OutputReader& reader = {});

/// A runtime in which a quantised file is to be checked.
struct NamedRuntime {
  std::string name;  ///< "ort"
  OpenSession open;
  /// Compiles the file with its height and width open and feeds what `open` takes; empty: they are
  /// fixed, or nobody will.
  OpenSession open_sides = {};
};

struct RuntimeCheck {
  std::string runtime;
  bool refused = false;
  std::string reason;  ///< why it is refused there; empty when it is not
  std::vector<OutputCheck> outputs;
  std::optional<double> closeness = {};  ///< of predictions; absent: they do not tell
  /// What is wrong when height and width are open, where it is right when they are fixed; "":
  /// nothing, or not looked at.
  std::string with_open_sides = {};
};
/// {runtime, refused: null | reason, with_open_sides: null | reason, closeness: null | number,
/// outputs: [{name, part, axis: null | number, channels: [begin, end], axis_from: "decoder" |
/// "shape", in_any_order, snr_db, over_constant_db: null | number, correlation, max_error,
/// differing_share: null | number}]}
Json to_json(const RuntimeCheck& check);

/// Noise of open sides that equals that of quantising shows as 3 dB; a right file has 0.
inline constexpr double kOpenSidesDb = 3;

struct CheckOptions {
  std::size_t samples = 3;
  double least_snr_db = 6;  ///< of every part of an output that predictions do not tell of; right
                            ///< INT8 files have 12-40 (measured), mis-executed ones below 3
  OutputComparison comparison = {};
};

/// Runs the float file in `reference` and the quantised file in each runtime on the first samples.
/// A runtime that cannot load or run the file, or to whose outputs there is an objection()
/// (compare.h), is refused with the reason. With open sides the file must be as near as with fixed
/// ones, to kOpenSidesDb. The runtimes open the file at once, each on a thread of its
/// own. Throws what `reference` throws.
std::vector<RuntimeCheck> check_quantized(const std::filesystem::path& float_model,
                                          const std::filesystem::path& quantised_model,
                                          const NamedRuntime& reference,
                                          const std::vector<NamedRuntime>& runtimes,
                                          const FeedCalibration& feed,
                                          const CheckOptions& options = {});

}  // namespace tamis
