#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "grid/variant.h"
#include "quantize/sensitivity.h"
#include "search/context.h"

namespace tamis {

// Mixed precision under a gate: an INT8 variant that misses its accuracy gate gets relatives with
// some of its layers given back to FP32.

/// The part of an INT8 answer's error that its relatives get, all together; the answer itself keeps
/// the rest. Tested in a fixed sequence, from the most layers in FP32 to the fewest, up to the
/// first that is not met, they need no more than that (Maurer, Hothorn and Lehmacher 1995;
/// docs/accuracy.md).
inline constexpr double kErrorOfMixedPrecision = 0.25;

/// Whether the recipe ends in INT8 and no layer of it is given back.
bool is_plain_int8(const Recipe& recipe);

/// How many layers are given back, most first; at most half of `layers`.
std::vector<std::size_t> fp32_layer_counts(std::size_t layers);

/// The recipe with the first `count` layers of the ranking in FP32.
Recipe with_layers_in_fp32(const Recipe& recipe, const Sensitivity& ranking, std::size_t count);

/// Whether ensure_ranking() finds the variant's ranking in the store.
bool is_ranked(const SearchContext& context, const Variant& variant);

/// The layers of the variant ranked in its runtime and settings, or as found in the store. A unit
/// of work (units.h). Throws what building and opening throw.
Sensitivity ensure_ranking(SearchContext& context, const Variant& variant);

}  // namespace tamis
