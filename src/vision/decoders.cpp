#include <array>

#include "base/error.h"
#include "base/units.h"
#include "vision/decoder_detr.h"
#include "vision/decoder_end2end.h"
#include "vision/decoder_ssd.h"
#include "vision/decoder_yolov5.h"
#include "vision/decoder_yolov8.h"
#include "vision/decoder_yolov8_cut.h"
#include "vision/decoder_yolox.h"
#include "vision/detect.h"
#include "vision/output_parts.h"

namespace tamis {

const std::vector<Decoder>& decoders() {
  static const std::vector<Decoder> rows{
      {"yolov8", "[1,4+classes,anchors] centre-size boxes in the input's pixels, then scores",
       decode_yolov8, yolov8_class_count, yolov8_parts},
      {"yolov8-cut",
       "per level logits of distance bins [1,4*bins,h,w], then of classes [1,classes,h,w]",
       decode_yolov8_cut, yolov8_cut_class_count, yolov8_cut_parts},
      {"yolov5",
       "[1,anchors,5+classes] centre-size boxes in the input's pixels, objectness, scores",
       decode_yolov5, yolov5_class_count, objectness_parts},
      {"yolox", "[1,cells,5+classes] boxes relative to grid cells, objectness, scores",
       decode_yolox, yolov5_class_count, objectness_parts},
      {"yolox-decoded", "[1,cells,5+classes] centre-size boxes in the input's pixels",
       decode_yolox_decoded, yolov5_class_count, objectness_parts},
      {"end2end", "[1,N,6] corners in the input's pixels, score, class", decode_end2end,
       end2end_class_count, end2end_parts},
      {"detr",
       "logits [1,Q,classes+1] for softmax, boxes [1,Q,4] in fractions",
       decode_detr,
       detr_class_count,
       detr_parts,
       {"logits", "boxes"}},
      {"rtdetr",
       "logits [1,Q,classes] for sigmoid, boxes [1,Q,4] in fractions",
       decode_rtdetr,
       rtdetr_class_count,
       detr_parts,
       {"logits", "boxes"}},
      {"detr-scores", "[1,Q,4+classes] boxes in fractions, scores", decode_detr_scores,
       detr_scores_class_count, detr_scores_parts},
      {"rtdetr-topk", "[1,N,6] boxes in fractions, score, class", decode_rtdetr_topk,
       end2end_class_count, end2end_parts},
      {"ssd",
       "boxes [1,N,4], classes and scores [1,N], count; classes from 0",
       decode_ssd,
       ssd_class_count,
       ssd_parts,
       {"boxes", "classes", "scores", "count"}},
      {"ssd-from-1",
       "as ssd, classes from 1",
       decode_ssd_from_1,
       ssd_class_count,
       ssd_parts,
       {"boxes", "classes", "scores", "count"}},
  };
  return rows;
}

const Decoder& find_decoder(std::string_view name) {
  std::vector<std::string> known;
  for (const Decoder& row : decoders()) {
    if (row.name == name) return row;
    known.emplace_back(row.name);
  }
  throw Error(ErrorCode::invalid_argument, "--decoder: there is no detection decoder \"" +
                                               std::string(name) + "\"; " + suggest(name, known));
}

}  // namespace tamis
