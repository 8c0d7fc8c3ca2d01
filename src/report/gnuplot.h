#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "report/result.h"

namespace tamis {

struct PlotFiles {
  std::vector<std::filesystem::path> files;
  std::vector<std::string> notes;  ///< why a plot is missing
};

/// Draws pareto.png and latency.png into `folder` (made where missing) with the program gnuplot,
/// found by PATH. A missing or failing gnuplot gives a note and no file. Throws io.
PlotFiles draw_plots(const ResultDocument& result, const std::filesystem::path& folder);

}  // namespace tamis
