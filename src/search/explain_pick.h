#pragma once

#include "base/json.h"
#include "search/context.h"
#include "search/units.h"

namespace tamis {

/// What this machine can do at most with so many threads (machine/peak.h), measured once per store;
/// with `again` once more, the higher rates of both being kept.
Json ensure_peak(SearchContext& context, int threads, bool again);

/// Where the time of the variant that is handed over goes: explain_files() of its file against the
/// parent's in the same settings, with the roof, and without what only single layers need. Stored.
/// {"reason": why} where it could not be had: no variant fails because it cannot be explained.
Json explain_pick(SearchContext& context, const Variant& variant, const Artefact& artefact);

}  // namespace tamis
