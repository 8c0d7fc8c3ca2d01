#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "grid/variant.h"
#include "place/facts.h"
#include "runtime/backend.h"

namespace tamis {

/// What a parent allows.
struct ParentFacts {
  bool dynamic_batch = false;  ///< it takes several pictures at once
  double product_share = 0;    ///< of its multiply-accumulates in MatMul and Gemm, 0 to 1
  /// Axis → why it has nothing to choose there; an axis that is not here can be chosen on.
  std::map<std::string, std::string> nothing_to_choose;
  std::string own_resolution;            ///< as the axis writes it; "" = not known
  std::vector<std::string> resolutions;  ///< others worth trying on the data
};

/// What is asked for beside values of axes.
struct PlanFacts {
  bool can_calibrate = true;
  bool for_size = false;    ///< the objective is the file's size
  bool under_load = false;  ///< the objective is throughput
  std::string baseline;     ///< as --baseline has it; "" = the default
  /// Steps that change the model's interface and may be tried (SearchRequest::allow).
  std::set<std::string> allow;
};

/// All that a grid is made from.
struct GridFacts {
  ParentFacts parent;
  PlaceFacts place;
  PlanFacts plan;
};

/// Where things run unless a device is asked for.
inline constexpr const char* kUsualDevice = "CPU";

/// One point of the grid: axis name → value, in the order of the table. "" = the axis does not
/// apply here.
using Choice = std::map<std::string, std::string>;

/// One thing that varies. Adding an axis = a row of the table in axes.cpp (and the step or setting
/// that it sets).
struct Axis {
  std::string_view name;  ///< also the option: --NAME a,b,c
  std::string_view help;
  /// All values that make sense anywhere; empty = any that `read` takes.
  std::vector<std::string> known;
  /// The values to try given what was chosen on earlier axes. Empty = the axis does not apply here.
  /// `every`: all that exist (sweep, validation), else those worth trying.
  std::vector<std::string> (*values)(const GridFacts& facts, const Choice& chosen, bool every);
  void (*apply)(Variant& variant, const std::string& value, const ParentFacts& parent,
                const PlaceFacts& place);
  /// A value as it was typed, in the one way in which it is written; `axis` is the row's name, for
  /// the error. Throws invalid_argument. Null where `known` lists all.
  std::string (*read)(std::string_view axis, const std::string& value) = nullptr;
  /// Why the value, which was asked for, is at no point of the grid; "" = no reason of its own, and
  /// null where there is never one. `asked`: all that was.
  std::string (*why_not)(const GridFacts& facts,
                         const std::map<std::string, std::vector<std::string>>& asked,
                         const std::string& value) = nullptr;
};

/// In the order in which their steps and settings are applied.
const std::vector<Axis>& axes();

/// What the backend, which must run at the place, said of itself.
const Availability& find_backend(const PlaceFacts& place, const std::string& name);

/// A row of the table, which must hold it.
const Axis& find_axis(std::string_view name);

/// Checks names and values as asked for on the command line. Throws invalid_argument with nearest
/// names.
void check_axes(const std::map<std::string, std::vector<std::string>>& asked);

/// Why precisions that exist are not among the variants, for --dry-run; "" where all are.
std::string note_on_precisions(const ParentFacts& parent);

/// The baseline first (v01), then every point of the grid, each once. `asked` restricts axes to the
/// named values; a value that exists on no backend here is an error (unavailable) that says so.
/// Where facts.plan.baseline is an id, it is that of the whole grid (`every`), and the default
/// baseline is one variant more.
std::vector<Variant> expand_grid(const GridFacts& facts,
                                 const std::map<std::string, std::vector<std::string>>& asked,
                                 bool every);

/// The parent in ONNX Runtime, f32, graph level all, all cores; in the first backend that runs
/// where there is no ONNX Runtime. facts.plan.baseline "BACKEND[:PRECISION][:LEVEL][:THREADS]" says
/// otherwise; an id says nothing here. `device`: what it runs on, where its backend chooses by
/// device. Throws unavailable for what does not run here, invalid_argument for what is none of
/// these.
Variant baseline_variant(const GridFacts& facts, const std::string& device = kUsualDevice);

}  // namespace tamis
