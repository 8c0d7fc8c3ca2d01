#pragma once

#include <filesystem>
#include <vector>

#include "base/json.h"
#include "report/change_pictures.h"

namespace tamis {

/// draw_changes() by the plugin tamis-drawing.so, so that the program itself loads no picture
/// library; `document` is a whole result. Without the plugin every picture is a note that says so.
/// Throws what draw_changes() throws.
std::vector<ChangePicture> draw_changes_by_plugin(const Json& document,
                                                  const std::filesystem::path& folder);

}  // namespace tamis
