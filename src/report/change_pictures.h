#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/geometry.h"
#include "report/result.h"

namespace tamis {

/// The picture of one item of the result's changes.worst.
struct ChangePicture {
  std::string file;                ///< below the report's folder; empty: there is none
  std::vector<std::uint8_t> jpeg;  ///< its bytes
  Size size;                       ///< its pixels
  std::string note;                ///< why there is none
};

/// Draws each item of changes.worst twice beside each other, with what the baseline and what the
/// variant says of it, into folder/changes/, and removes what an earlier result left there. An
/// item's picture is looked for in the data that the result names; where it cannot be had any more,
/// a drawing of the very same change that is still in the folder is kept, else a note says why
/// there is none. Throws io, and corrupt_data where the document is of another shape.
std::vector<ChangePicture> draw_changes(const ResultDocument& result,
                                        const std::filesystem::path& folder);

}  // namespace tamis
