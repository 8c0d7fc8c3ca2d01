#pragma once

#include <string>

#include "report/result.h"

namespace tamis {

// "Where the time goes": what the runtime executes of the file that is handed over, beside its
// parent (explain/explain.h). Empty where the result does not have it.

std::string explained_html(const ResultDocument& result);
std::string explained_markdown(const ResultDocument& result);

}  // namespace tamis
