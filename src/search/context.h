#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "grid/variant.h"
#include "place/facts.h"
#include "search/lab.h"
#include "search/listener.h"
#include "search/parent.h"
#include "search/plan.h"
#include "store/artefact_cache.h"
#include "store/store.h"

namespace tamis {

/// What a search works with: a plan for a parent at a place, the means to carry it out, and what
/// went wrong so far.
struct SearchContext {
  Parent parent;
  PlaceFacts place;
  Plan plan;

  SearchListener listener;
  std::shared_ptr<Lab> lab;  ///< works at the place
  std::unique_ptr<Store> store;
  std::unique_ptr<ArtefactCache> cache;

  std::map<std::string, Error> failed_builds;  ///< artefact key → why, in this run
  std::set<std::string> failures_of_this_run;  ///< keys of units, see failures.h
  std::vector<std::string> unsettled;          ///< failures that may be otherwise the next time
  std::set<std::string> skipped;               ///< pictures that could not be used, and why
  bool said_failures = false;                  ///< that failures of an earlier run are shown
  std::optional<double> inference_s;           ///< of the baseline, once it was measured

  /// The one that the variant names. Throws not_found where this search has no such parent.
  const Parent& parent_of(const Variant& variant) const;
  /// The baseline first, then the others.
  std::vector<Variant> variants() const;

  bool interrupted() const { return listener.interrupted && listener.interrupted(); }
  /// How a long unit of work is followed: Ctrl-C ends it.
  Watch watch() const {
    return {[this] { return !interrupted(); },
            [this](const WorkDone& work) { tell(WorkTold{work}); }};
  }
  /// Whether a unit that is expected to take so long may begin: there was no Ctrl-C, and it ends
  /// within `share` of the budget.
  bool may_begin(double expected_s, double share = 1.0) const {
    return !interrupted() && plan.budget.fits(expected_s, share);
  }
  void tell(const SearchEvent& event) const {
    if (listener.tell) listener.tell(event);
  }
  void note(const std::string& text) const { tell(Noted{text}); }
};

/// Opens the output folder and store, inspects, plans the data, probes the runtimes of the place,
/// which must outlive the context.
SearchContext prepare_search(SearchRequest request, SearchListener listener, Place& place);

}  // namespace tamis
