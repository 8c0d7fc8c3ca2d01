#pragma once

#include <string>

#include "report/result.h"

namespace tamis {

/// How much room a drawing has: `wide` for screens from about 700 px on, `narrow` for phones.
enum class SvgWidth { wide, narrow };

/// Latency against accuracy with both intervals; the pick, the baseline, the frontier and the gate
/// marked. Colours come from the page's style sheet. Empty where no variant was measured.
std::string pareto_svg(const ResultDocument& result, SvgWidth width);

/// A row per measured variant: each round's median, quartiles, the median with its interval. Empty
/// where no variant was measured.
std::string latency_svg(const ResultDocument& result, SvgWidth width);

}  // namespace tamis
