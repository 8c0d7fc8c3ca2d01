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
#include "runtime/backend.h"

namespace tamis {

struct Observations;

/// Where the quantised file is to run. It decides which tensors get a
/// QuantizeLinear/DequantizeLinear pair (Q/DQ).
enum class QuantizeTarget {
  portable,  ///< right and fast in every runtime: as ort, and what is quantised between a
             ///< convolution and its SiLU is written so that OpenVINO fuses over it
  ort,       ///< fastest in ONNX Runtime: a Q on each convolution's own output, SiLU as
             ///< com.microsoft.QuickGelu
  openvino,  ///< fastest in OpenVINO: no Q between a convolution and what it fuses (SiLU, Relu,
             ///< Add)
};
std::string_view to_text(QuantizeTarget target);
/// Throws invalid_argument naming the known targets.
QuantizeTarget parse_quantize_target(std::string_view text);

/// How a tensor's range comes from what was seen of it.
enum class RangeMethod {
  min_max,     ///< from the least to the greatest value
  percentile,  ///< the shortest such range after leaving out (100 - percentile) / 2 % at each end
};

struct QuantizeOptions {
  // What changes results.
  QuantizeTarget target = QuantizeTarget::portable;
  RangeMethod method = RangeMethod::min_max;
  double percentile = 99.99;         ///< in (50, 100]; of the percentile method
  bool range_by_error_after = true;  ///< a range before an activation by the squared error after it
  std::optional<bool> share_concat_scale;  ///< one scale for a Concat's inputs: faster, less
                                           ///< accurate; absent: for openvino only
  bool standard_ops = false;  ///< only operators of ONNX itself: Sigmoid and Mul are quantised
                              ///< where com.microsoft.QuickGelu would be written
  std::vector<std::string>
      keep_float;  ///< names of nodes to be left in float, beside those found by itself
};

/// A node that could have been executed in INT8 and is not.
struct KeptInFloat {
  std::string node;
  std::string reason;
};

struct QuantizeReport {
  std::vector<KeptInFloat> kept_in_float;
  std::size_t quantised_nodes = 0;     ///< Conv, Gemm and MatMul in INT8
  std::vector<std::string> quantised;  ///< their names, in the graph's order
  std::size_t calibrated_on = 0;       ///< samples
  double calibrate_s = 0;              ///< running the float model and observing
  double wall_s = 0;
};
/// {kept_in_float: [{node, reason}], quantised_nodes, calibrated_on, calibrate_s, wall_s}
Json to_json(const QuantizeReport& report);

/// Opens an ONNX file for FP32 execution. The shapes must be concrete after opening.
using OpenSession = std::function<std::unique_ptr<Session>(const std::filesystem::path& model)>;

/// Calls the function that it is given once per calibration sample, with the model's inputs in
/// their order. The tensors need to live during that call only, so memory does not depend on the
/// number of samples.
using FeedCalibration = std::function<void(const std::function<void(std::span<const Tensor>)>&)>;

/// Replaces a float model by its INT8 QDQ form: weights s8 symmetric per channel, activations u8
/// with zero point, bias s32. Inputs and outputs keep name, type and shape. BatchNormalization
/// should have been fused before. The detection tail (what follows the last convolution of each
/// branch) stays in float by itself. Throws unsupported when nothing can be quantised,
/// invalid_argument for options or when there is no calibration sample, and what `open` and `feed`
/// throw; the graph is then untouched. Not thread safe for one graph. Source: Jacob et al. 2018,
/// arXiv:1712.05877, eq. (1) and section 3; placement measured per runtime (placement.h).
/// `known`: what earlier calls with this graph and these samples observed (calibrate.h); it is used
/// where it suffices, and what is observed is put there, for every choice of keep_float.
QuantizeReport quantize_static(Graph& graph, const QuantizeOptions& options,
                               const OpenSession& open, const FeedCalibration& feed,
                               Observations* known = nullptr);

/// A runtime in which a quantised file is to be checked.
struct NamedRuntime {
  std::string name;  ///< "ort"
  OpenSession open;
};

/// How far an output is from the float model's, over all checked samples. Channels (second axis) of
/// an output whose magnitudes lie far apart (boxes and scores) are judged apart, and the figures
/// are those of the worse part.
struct OutputCheck {
  std::string name;
  double snr_db = 0;       ///< 10 log10(Σ reference² / Σ (value − reference)²), at most 200
  double correlation = 1;  ///< Pearson's, in [-1, 1]
  double max_error = 0;
};

struct RuntimeCheck {
  std::string runtime;
  bool refused = false;
  std::string reason;  ///< why it is refused there; empty when it is not
  std::vector<OutputCheck> outputs;
};
/// {runtime, refused: null | reason, outputs: [{name, snr_db, correlation, max_error}]}
Json to_json(const RuntimeCheck& check);

struct CheckOptions {
  std::size_t samples = 3;
  double least_snr_db =
      6;  ///< of every output; right INT8 files have 12-40 (measured), mis-executed ones below 3
};

/// Runs the float file in `reference` and the quantised file in each runtime on the first samples.
/// A runtime that cannot load or run the file, or whose outputs are further away than the least
/// SNR, is refused with the reason. Throws what `reference` throws.
std::vector<RuntimeCheck> check_quantized(const std::filesystem::path& float_model,
                                          const std::filesystem::path& quantised_model,
                                          const NamedRuntime& reference,
                                          const std::vector<NamedRuntime>& runtimes,
                                          const FeedCalibration& feed,
                                          const CheckOptions& options = {});

}  // namespace tamis
