#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"

namespace tamis {

/// What write_report left in its folder.
struct ReportFiles {
  std::filesystem::path html;
  std::filesystem::path markdown;
  std::filesystem::path csv;
  std::vector<std::filesystem::path> plots;    ///< PNG files, empty where gnuplot is missing
  std::vector<std::filesystem::path> changes;  ///< JPEG files of the worst changes
  std::vector<std::string> notes;  ///< sentences for the user: what was left out, and why
};

/// Writes report.html, report.md, variants.csv, plots/{pareto,latency}.png and changes/*.jpg into
/// `folder`, which is made where missing; each file is written whole or not at all. `result` is the
/// document "tamis/result/1" of docs/json.md. Plots need the program gnuplot; without it they are
/// left out and a note says so; so it is with the worst changes where the data are no longer there.
/// Throws corrupt_data, naming the key, on a document of another shape, and io. Safe from any
/// thread for different folders.
ReportFiles write_report(const Json& result, const std::filesystem::path& folder);

/// The variants as a table of plain text, pick first, then by latency, at most `columns` wide
/// (never below 60). Ends with a newline. Throws as write_report does.
std::string variants_table_text(const Json& result, int columns);

/// The decision in a few lines for the terminal: the pick, why, speed-up and accuracy with their
/// intervals, and what would change it. Ends with a newline. Throws as write_report does.
std::string decision_text(const Json& result);

}  // namespace tamis
