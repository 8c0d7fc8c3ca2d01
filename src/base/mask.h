#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/geometry.h"

namespace tamis {

/// A region of a picture as COCO's run-length form: the pixels column after column, in runs of
/// outside and inside in turn; the first run, outside, may be 0. All runs together are height ×
/// width. Its text form is COCO's compressed "counts". All functions here are pure and safe from
/// any thread. Source of forms and rounding: pycocotools 2.0.10, maskApi.c.
struct Mask {
  Size size;
  std::vector<std::uint32_t> runs;
  bool operator==(const Mask&) const = default;
};

/// Makes a mask of stretches of pixels, column after column.
class MaskWriter {
 public:
  /// The next `count` pixels are inside, or not.
  void add(std::uint64_t count, bool inside);
  /// Ends it. Throws corrupt_data where the stretches do not fill the size.
  Mask take(Size size);

 private:
  std::vector<std::uint32_t> runs_{0};
};

/// Pixels inside.
std::uint64_t area(const Mask& mask);

/// The smallest box around the region, in whole pixels; all 0 where the region is empty.
Box bounds(const Mask& mask);

/// How many pixels are inside both. Throws invalid_argument where the sizes differ.
std::uint64_t intersection(const Mask& a, const Mask& b);

/// What is inside either. Throws invalid_argument where the sizes differ.
Mask unite(const Mask& a, const Mask& b);

/// The pixels that pycocotools' frPyObjects gives a polygon x0,y0,x1,y1 … in pixels. Throws
/// invalid_argument for fewer than three corners, an odd number of values or one that is not
/// finite.
Mask polygon_mask(std::span<const double> corners, Size size);

/// From height × width values in rows, inside where not 0.
Mask mask_of_rows(std::span<const std::uint8_t> rows, Size size);

/// COCO's compressed counts: 5 bits a character, runs as differences.
std::string to_text(const Mask& mask);

/// Throws corrupt_data where the text is not that, or its runs do not fill the size.
Mask parse_mask(std::string_view text, Size size);

/// From COCO's list of runs. Throws corrupt_data where they do not fill the size.
Mask mask_of_runs(std::vector<std::uint32_t> runs, Size size);

}  // namespace tamis
