#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "base/json.h"
#include "explain/executed.h"
#include "graph/inspect.h"
#include "machine/peak.h"

namespace tamis {

/// How far a model's layers are from what the machine could do at most: each layer's
/// multiply-accumulates at the peak of the precision that it runs in, against the time that it
/// takes. `macs`: of the file's nodes by their first output (graph/inspect.h).
///
/// {peak: to_json(MachinePeak), macs, us: the layers' time, ideal_us: those layers at their peak,
/// share: ideal_us / us, at most 1, of layers whose precision has a peak; furthest: [{layer, nodes,
/// precision, macs, us, ideal_us, share}] the five that take most time above their ideal; other_us:
/// time in layers without multiply-accumulates, uncounted_us: in layers with them whose precision's
/// peak is not known, or is none; beaten: [{precision, us, ideal_us}] the precisions in which
/// layers of this model were faster than what was measured as the peak, of which it therefore
/// cannot be said how far they are from one; precisions: [{precision, us, ideal_us, share}] of the
/// layers with a peak, most time first; places: [{kind: "convolutions" or "matrix products",
/// stride: of their output against the picture or null, layers, us, ideal_us, share}] of those in
/// the first of these precisions, most time above the ideal first} Source: Williams, Waterman,
/// Patterson 2009 (roofline), its compute roof alone. Pure.
Json roof_json(const Executed& run, const std::map<std::string, CountedNode>& macs,
               const MachinePeak& peak);

}  // namespace tamis
