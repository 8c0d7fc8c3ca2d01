#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "grid/variant.h"
#include "place/worker.h"
#include "search/context.h"
#include "search/units.h"

namespace tamis {

// Failures that trying again would only repeat are kept in the store under the key of the unit that
// failed, so that a resumed run shows them without crashing or hanging once more. --retry-failed
// forgets them all.

/// A unit of work that may fail.
struct FailingUnit {
  std::string key;      ///< as its result has
  std::string command;  ///< repeats it
};

/// Whether the failure is the variant's own: refused, crashed, hung, told an error. A full disk, a
/// missing file or a worker that was told to end may be otherwise the next time: a run that met
/// such a failure is not finished (SearchContext::unsettled).
bool is_lasting(ErrorCode code);

/// The failure of an earlier run, or of this one. Said in a note when it is first used.
std::optional<Error> stored_failure(SearchContext& context, const std::string& key);

/// Keeps a lasting failure, and notes any other in context.unsettled; neither of what came with
/// Ctrl-C.
void store_failure(SearchContext& context, const FailingUnit& unit, const Error& error);

/// Says of work that was tried once more and killed again that this is kept, if it is.
void note_killed_again(SearchContext& context, const Error& error);

/// Forgets all failures of the store.
void forget_failures(Store& store);

inline constexpr const char* kTriedOnceMore = "a worker was killed; what it did is tried once more";

/// Does the work; once more where a worker was killed from outside meanwhile, which is said.
template <typename Work>
auto retried_if_killed(SearchContext& context, Work work) {
  try {
    return work();
  } catch (const WorkerKilled&) {
    if (context.interrupted()) throw;
  }
  context.note(kTriedOnceMore);
  return work();
}

/// Does the work, unless it is known to fail: then throws as it did before. Where a worker was
/// killed from outside, once more: only a kill that comes again is the work's own (memory).
template <typename Work>
auto attempt(SearchContext& context, const FailingUnit& unit, Work work) {
  if (auto before = stored_failure(context, unit.key)) throw Error(*before);
  try {
    return retried_if_killed(context, work);
  } catch (const WorkerKilled& e) {
    store_failure(context, unit, e);
    note_killed_again(context, e);
    throw;
  } catch (const Error& e) {
    // A provider that this machine lacks is the same each time, a missing file is not.
    if (is_lasting(e.code()) || e.code() == ErrorCode::not_found) store_failure(context, unit, e);
    throw;
  }
}

/// The commands that repeat one unit by itself: building, measuring, evaluating.
std::string build_command(const SearchContext& context, const Variant& variant);
std::string bench_command(const SearchContext& context, const Variant& variant,
                          const Artefact& artefact);
std::string eval_command(const SearchContext& context, const Variant& variant,
                         const Artefact& artefact);

}  // namespace tamis
