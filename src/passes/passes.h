#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/tensor.h"
#include "graph/graph.h"

namespace tamis {

/// Runs a model on inputs in the order of its inputs() and returns all outputs, in order. The
/// caller makes it from a runtime's Session. May throw Error.
using Evaluator =
    std::function<std::vector<Tensor>(const Graph& model, const std::vector<Tensor>& inputs)>;

/// What a pass did: how often it fired, and what it looked at and left alone, with the reason.
struct PassResult {
  std::size_t changes = 0;
  std::vector<std::string> skipped;  ///< `Conv "x": its output has several users`
};

struct PassContext {
  Evaluator evaluate;  ///< empty: only shape arithmetic that Tamis computes itself is folded
  std::size_t max_growth_bytes = 1u << 20;  ///< folding must not make the file grow by more
  std::vector<std::string> disabled;        ///< names of passes to leave out
};

/// A row of the table. `version` enters the artefact's key: raised whenever the pass may give
/// another result.
struct Pass {
  std::string_view name;
  PassResult (*run)(Graph& graph, const PassContext& context);
  int version;
};

/// All passes of `simplify`, in the order in which they run.
std::span<const Pass> simplify_passes();

/// Exact rewrites into what a runtime executes faster: "ort", or "all": those that slow none down.
/// Whether they pay for a model is for measuring to say.
std::span<const Pass> rewrite_passes(std::string_view runtime);

/// "fold_constants=1,fuse_conv_bn=1,…": names and versions, for keys.
std::string pass_versions(std::span<const Pass> passes);

/// One pass in the runner's log.
struct PassRecord {
  std::string name;
  std::size_t changes = 0;
  double seconds = 0;
  std::vector<std::string> skipped;  ///< of the last round
};

struct PassLog {
  std::vector<PassRecord> passes;  ///< in table order; times and changes summed over rounds
  std::vector<std::string> disabled;
  std::size_t rounds = 0;
  std::size_t nodes_before = 0, nodes_after = 0;
};
Json to_json(const PassLog& log);

/// Runs the passes in order, again and again until a round changes nothing (at most 20 rounds:
/// unsupported beyond, as two passes would be undoing each other). After each pass that changed
/// something the graph is verified, and inputs, outputs (names, types, shapes) and metadata are
/// checked to be what they were. Throws invalid_argument for an unknown disabled name. On any error
/// the graph is as it was before.
PassLog run_passes(Graph& graph, std::span<const Pass> passes, const PassContext& context);

/// run_passes() with simplify_passes().
PassLog simplify(Graph& graph, const PassContext& context);

/// How far an output's elements moved.
struct OutputMovement {
  double most = 0;   ///< max |a − b|
  double rms = 0;    ///< root of the mean of |a − b|²
  double share = 0;  ///< of the elements that moved at all (whole numbers) or by more than
                     ///< kSameNumbersTolerance of the largest
};

/// How far one output moved between two models.
struct OutputDifference {
  std::string output;
  double max_absolute = 0;
  /// max |a − b| / max(|a|) over the whole tensor, so that a small element cannot blow it up. Of
  /// whole numbers (classes, index maps) and of rows in any order: moved.share.
  double relative = 0;
  OutputMovement moved = {};
  bool whole_numbers = false;
  bool in_any_order = false;  ///< a TopK or the like sorts its rows: compared as sorted, by channel
  /// How far it moves in the model before, by itself, when the inputs are rounded otherwise: only
  /// looked for where something moved by more than the tolerance.
  std::optional<OutputMovement> by_rounding = {};
};
/// {output, max_absolute, relative, by_rounding: null | max |a − b|}
Json to_json(const OutputDifference& difference);

/// A step that is meant to keep numbers may move an output by this much (relative, as above);
/// declared here once. f32 reordering gives about 1e-5 on the detectors.
inline constexpr double kSameNumbersTolerance = 1e-3;
/// Of rows in any order: as near ties at the border are chosen otherwise.
inline constexpr double kMostMovedRows = 0.02;
/// A step may move an output so many times as far as rounding its inputs does.
inline constexpr double kRoundingMargin = 4;

/// Runs both models on the same inputs; where an output moved by more than the tolerance, also the
/// model before on inputs whose f32 and f64 are off by 2^-20 of themselves (three draws). Throws
/// backend_failed when outputs differ in number, type or shape, or when one has a NaN where the
/// other has none.
std::vector<OutputDifference> compare_outputs(const Evaluator& evaluate, const Graph& before,
                                              const Graph& after,
                                              const std::vector<Tensor>& inputs);

/// The same with the model before in one runtime and the one after in another.
std::vector<OutputDifference> compare_outputs(const Evaluator& evaluate_before, const Graph& before,
                                              const Evaluator& evaluate_after, const Graph& after,
                                              const std::vector<Tensor>& inputs);

/// Whether the output is the same, to `tolerance` or to what rounding explains.
bool same_numbers(const OutputDifference& difference, double tolerance = kSameNumbersTolerance);

/// Throws backend_failed naming output and figures if any is not the same_numbers().
void require_same_outputs(const std::vector<OutputDifference>& differences,
                          double tolerance = kSameNumbersTolerance);

/// Inputs to compare with where no pictures are at hand, from a fixed seed: natural_picture()s in
/// [0, 1], bytes 0..255, where the shape is a picture's (1, 3 or 4 channels); else uniform in [0,
/// 1), bytes over 0..255; other types zero. Dynamic dimensions must have been fixed before
/// (with_fixed_inputs): throws invalid_argument otherwise.
std::vector<Tensor> probe_inputs(const Graph& graph, unsigned seed = 1);

}  // namespace tamis
