#pragma once

#include <string>
#include <vector>

#include "report/change_pictures.h"
#include "report/result.h"

namespace tamis {

// "Worst changes": the items whose predictions changed most from the baseline, drawn, and what
// became of each class. Empty where the result does not know of it. `pictures`: one per item of
// changes.worst, or none.

std::string changed_html(const ResultDocument& result, const std::vector<ChangePicture>& pictures);
std::string changed_markdown(const ResultDocument& result,
                             const std::vector<ChangePicture>& pictures);

}  // namespace tamis
