#pragma once

#include <string>

#include "report/result.h"

namespace tamis {

// The sections of report.html that are tables and lists. Each gives a whole <section>, or nothing
// where there is nothing to say.

std::string variants_html(
    const ResultDocument& result);  ///< the sortable table, and all other times
std::string failures_html(
    const ResultDocument& result);  ///< each with the command that reproduces it
std::string winner_html(const ResultDocument& result);  ///< how to run the pick
std::string environment_html(
    const ResultDocument& result);  ///< warnings, machine, data, card, command

}  // namespace tamis
