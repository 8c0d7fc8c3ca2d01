#include "base/error.h"
#include "base/units.h"
#include "vision/decoder_yolov8_seg.h"
#include "vision/decoder_yolov8_seg_cut.h"
#include "vision/output_parts.h"
#include "vision/segment.h"

namespace tamis {

const std::vector<Segmenter>& segmenters() {
  static const std::vector<Segmenter> rows{
      {"yolov8-seg", "[1,4+classes+M,anchors] boxes, scores, coefficients; [1,M,h,w] prototypes",
       decode_yolov8_seg, yolov8_seg_class_count, yolov8_seg_parts},
      {"yolov8-seg-cut",
       "per level [1,4*bins,h,w] and [1,classes,h,w]; coefficients [1,M,h,w]; prototypes",
       decode_yolov8_seg_cut, yolov8_seg_cut_class_count, yolov8_seg_cut_parts},
  };
  return rows;
}

const Segmenter& find_segmenter(std::string_view name) {
  std::vector<std::string> known;
  for (const Segmenter& row : segmenters()) {
    if (row.name == name) return row;
    known.emplace_back(row.name);
  }
  throw Error(ErrorCode::invalid_argument, "--decoder: there is no segmentation decoder \"" +
                                               std::string(name) + "\"; " + suggest(name, known));
}

}  // namespace tamis
