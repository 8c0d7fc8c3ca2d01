#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "eval/worker_evaluation.h"
#include "measure/worker_contestant.h"
#include "place/facts.h"
#include "place/model_info.h"
#include "place/patience.h"
#include "quantize/sensitivity.h"
#include "recipe/build.h"
#include "search/explain_files.h"
#include "search/listener.h"

namespace tamis {

/// A model open for evaluating one item after the other. Not thread safe.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  virtual double first_ms() const = 0;  ///< the first inference
  /// The next items. Throws what the model does with them; corrupt_data names no single item.
  virtual EvaluatedPart next(std::size_t count, const Patience& patience) = 0;
  virtual void pause() = 0;  ///< takes nothing from others until next()
};

/// Everything that a search does to the world outside, and the clock that it goes by. A search that
/// is given another one runs without processes, runtimes and real time; the store, the cache of
/// artefacts and the dataset's files remain what they are. All functions throw what the work
/// throws. Not thread safe.
class Lab {
 public:
  virtual ~Lab() = default;
  virtual const Clock& clock() const = 0;
  virtual ModelInfo inspect(const std::filesystem::path& model, const CardOptions& options) = 0;
  /// All known backends, also those that do not run.
  virtual std::vector<Availability> probe(const std::map<std::string, std::string>& libraries) = 0;
  /// What the parent's height and width must be multiples of.
  virtual std::int64_t stride(const BuildRequest& request) = 0;
  /// Writes what build_artefact() does into request.out.
  virtual void build(const BuildRequest& request, const Patience& patience, const Watch& watch) = 0;
  virtual Sensitivity rank_layers(const BuildRequest& request, const RunSettings& target,
                                  const Patience& patience, const Watch& watch) = 0;
  /// A fresh instance.
  virtual std::unique_ptr<Contestant> open(const ContestantSpec& spec) = 0;
  virtual std::unique_ptr<Evaluator> evaluate(const EvaluationSpec& spec) = 0;
  virtual Json explain(const ExplainPlan& plan, const SearchListener& listener) = 0;
  virtual Json measure_peak(int threads) = 0;  ///< to_json(MachinePeak)
  virtual void dump(const ExecuteRequest& request, const std::filesystem::path& folder) = 0;
};

/// The real one: workers of the place, which must outlive it.
std::unique_ptr<Lab> make_worker_lab(Place& place);

}  // namespace tamis
