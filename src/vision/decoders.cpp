#include <array>

#include "base/error.h"
#include "base/units.h"
#include "vision/decoder_yolov8.h"
#include "vision/decoder_yolov8_cut.h"
#include "vision/detect.h"

namespace tamis {

const std::vector<Decoder>& decoders() {
  static const std::vector<Decoder> rows{
      {"yolov8", "[1,4+classes,anchors] centre-size boxes in the input's pixels, then scores",
       decode_yolov8, yolov8_class_count},
      {"yolov8-cut",
       "per level logits of distance bins [1,4*bins,h,w], then of classes [1,classes,h,w]",
       decode_yolov8_cut, yolov8_cut_class_count},
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
