#pragma once

#include <string>

namespace tamis {

/// A share as people read it, "93 %": with so many decimals, and with more where it would otherwise
/// read as 0 or 100 and is neither: 0.999 → "99.9 %". At most six; beyond, "< 0.000001 %" and
/// "> 99.999999 %".
std::string percent_of(double share, int decimals = 0);

/// A number that somebody chose, such as a confidence: as few decimals as say it, "97.5 %".
std::string exact_percent(double share);

}  // namespace tamis
