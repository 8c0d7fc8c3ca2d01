#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "card/card.h"
#include "data/selection.h"
#include "machine/fingerprint.h"
#include "runtime/backend.h"
#include "search/axes.h"
#include "search/listener.h"
#include "search/request.h"
#include "store/artefact_cache.h"
#include "store/store.h"
#include "tasks/agreement.h"
#include "tasks/task.h"

namespace tamis {

/// A model file as a worker described it.
struct ModelInfo {
  std::filesystem::path file;   ///< what is built from and executed
  std::filesystem::path named;  ///< what the user gave: another file where inputs are held
  std::string hash;
  Json description;          ///< inspect_model()
  Json steps;                ///< step → why it cannot be applied, null: it can (step_reasons())
  std::optional<Card> card;  ///< absent: card_error says why
  std::string card_error;
  ErrorCode card_error_code = ErrorCode::invalid_argument;
  std::vector<std::string> calibration_hashes;  ///< of items it was calibrated on, when it says so
  std::vector<Shape> open_inputs;  ///< of a model with open dimensions and no card: the shapes that
                                   ///< --input-size and batch 1 give its inputs
  std::string cannot_run;          ///< why its outputs cannot be carried; empty: they can

  /// Throws unsupported where the model cannot be executed here.
  void require_fixed_shapes() const;

  /// The card, or the error that stands in its place.
  const Card& required_card() const;
};

/// MODEL on the command line: an ONNX file, or a folder that optimize wrote (its model.onnx).
/// Throws not_found / invalid_argument.
std::filesystem::path model_file(const std::filesystem::path& model);

/// Reads, checks and describes a model in a worker.
ModelInfo inspect_in_worker(const std::filesystem::path& model, const CardOptions& options);

/// Probes backends, each in a worker of its own, so that a crash is only that one's answer.
/// `libraries`: backend → path.
std::vector<Availability> probe_backends(const std::map<std::string, std::string>& libraries,
                                         bool thorough);

/// All that a search knows before its first measurement. Built in steps, each of which may throw an
/// error about its own input.
struct SearchContext {
  SearchRequest request;
  SearchListener listener;
  Fingerprint machine;
  std::string machine_hash;
  ModelInfo model;
  const Task* task = nullptr;            ///< the agreement's, where there is one
  const Agreement* agreement = nullptr;  ///< the data have no truth: the baseline stands for it
  std::vector<Availability> backends;    ///< all known ones, also those that do not run
  GridFacts facts;
  CalibrationPlan data;
  std::vector<std::string> resolutions;       ///< worth trying beside the parent's own
  std::string data_hash;                      ///< of the evaluation items, their order and truth
  std::vector<std::size_t> evaluation_order;  ///< dataset indices in the order of evaluating
  std::unique_ptr<Store> store;
  std::unique_ptr<ArtefactCache> cache;
  std::map<std::string, Error> failed_builds;  ///< artefact key → why, in this run
  std::set<std::string> failures_of_this_run;  ///< keys of units, see failures.h
  bool said_failures = false;                  ///< that failures of an earlier run are shown
  std::optional<double> inference_s;           ///< of the baseline, once it was measured
  std::int64_t start_ns = 0;

  const Card& card() const { return *model.card; }
  /// Whether variants are measured with several requests in flight.
  bool under_load() const { return request.objective == Objective::throughput; }
  /// Whether latencies begin at the resized picture's bytes: where variants may have different
  /// inputs, what it takes to make them is part of the comparison.
  bool from_pixels() const {
    return request.allow.count("input") != 0 || request.axes.count("input") != 0;
  }
  bool interrupted() const { return listener.interrupted && listener.interrupted(); }
  /// Whether measuring must end: Ctrl-C, or `share` of the budget is used.
  bool out_of_time(double share = 1.0) const;
  void note(const std::string& text) const {
    if (listener.note) listener.note(text);
  }
};

/// Opens the output folder and store, inspects, plans the data, probes the runtimes.
SearchContext prepare_search(SearchRequest request, SearchListener listener);

}  // namespace tamis
