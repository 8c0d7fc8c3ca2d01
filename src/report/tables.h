#pragma once

#include <string>
#include <vector>

#include "report/change_pictures.h"
#include "report/result.h"

namespace tamis {

/// variants.csv: RFC 4180 (CRLF), one record per variant in the document's order, a header first;
/// numbers in full, absent ones empty. Columns in docs/json.md.
std::string variants_csv(const ResultDocument& result);

/// report.md, GitHub-style; `plots` are the PNG files' paths relative to it, `changes` the drawings
/// of the worst changes.
std::string report_markdown(const ResultDocument& result, const std::vector<std::string>& plots,
                            const std::vector<ChangePicture>& changes = {});

/// report.html: one file that asks nothing of the network and reads without scripts.
std::string report_html(const ResultDocument& result,
                        const std::vector<ChangePicture>& changes = {});

}  // namespace tamis
