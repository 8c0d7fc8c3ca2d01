#pragma once

#include <optional>
#include <vector>

#include "result/document.h"

namespace tamis {

/// A number with its interval, as people read it; an absent end is unknown.
struct IntervalView {
  double value = 0;
  std::optional<double> low, high;
};
IntervalView interval_of(const Timing& timing);  ///< of its median
IntervalView interval_of(const Rate& rate);
IntervalView interval_of(const Ratio& ratio);
IntervalView interval_of(const AccuracyRow& accuracy);

/// The document has drops: the baseline's accuracy less the variant's. People read changes:
/// (value - baseline) / baseline. Absent where there is no drop or the baseline is 0.
std::optional<IntervalView> relative_change(const AccuracyRow& accuracy);

/// Indices of the variants: pick first, then measured ones by images per second or median latency,
/// then the rest in the document's order.
std::vector<std::size_t> shown_order(const ResultDocument& result);

/// The result as reports show it: all warnings, each once, in `warnings`, and sentences that name
/// the metric as figures do. Throws corrupt_data, naming the key, where the document has another
/// shape, names a variant that it does not hold, or misses what is shown of it.
ResultDocument parse_result(const Json& document);

}  // namespace tamis
