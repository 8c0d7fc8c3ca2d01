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
#include "grid/axes.h"
#include "machine/fingerprint.h"
#include "runtime/backend.h"
#include "search/budget.h"
#include "search/lab.h"
#include "search/listener.h"
#include "search/request.h"
#include "store/artefact_cache.h"
#include "store/store.h"
#include "tasks/agreement.h"
#include "tasks/task.h"

namespace tamis {

/// All that a search knows before its first measurement. Built in steps, each of which may throw an
/// error about its own input.
struct SearchContext {
  SearchRequest request;
  SearchListener listener;
  std::shared_ptr<Lab> lab;
  Budget budget;
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
  std::vector<std::string> unsettled;          ///< failures that may be otherwise the next time
  std::set<std::string> skipped;               ///< pictures that could not be used, and why
  bool said_failures = false;                  ///< that failures of an earlier run are shown
  std::optional<double> inference_s;           ///< of the baseline, once it was measured

  const Card& card() const { return *model.card; }
  /// Whether variants are measured with several requests in flight.
  bool under_load() const { return request.objective == Objective::throughput; }
  /// Whether latencies begin at the resized picture's bytes: where variants may have different
  /// inputs, what it takes to make them is part of the comparison.
  bool from_pixels() const {
    return request.allow.count("input") != 0 || request.axes.count("input") != 0;
  }
  bool interrupted() const { return listener.interrupted && listener.interrupted(); }
  /// How a long unit of work is followed: Ctrl-C ends it.
  Watch watch() const {
    return {[this] { return !interrupted(); }, listener.work};
  }
  /// Whether a unit that is expected to take so long may begin: there was no Ctrl-C, and it ends
  /// within `share` of the budget.
  bool may_begin(double expected_s, double share = 1.0) const {
    return !interrupted() && budget.fits(expected_s, share);
  }
  void note(const std::string& text) const {
    if (listener.note) listener.note(text);
  }
};

/// Opens the output folder and store, inspects, plans the data, probes the runtimes of the place,
/// which must outlive the context.
SearchContext prepare_search(SearchRequest request, SearchListener listener, Place& place);

}  // namespace tamis
