#include "card/card_decoders.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

namespace tamis {
namespace {

using Dims = std::vector<std::optional<std::int64_t>>;
using Reason = std::optional<std::string>;
using Roles = std::vector<std::string>;

const Dims& dims(const ModelFacts& facts, std::size_t output) {
  return facts.outputs[output].shape;
}

std::string count_text(std::size_t outputs) {
  return fmt::format("{} output{}", outputs, outputs == 1 ? "" : "s");
}

/// That the model has just so many outputs.
Reason wrong_count(const ModelFacts& facts, std::size_t wanted) {
  if (facts.outputs.size() == wanted) return std::nullopt;
  return fmt::format("it has {}, not {}", count_text(facts.outputs.size()), wanted);
}

Reason wrong_rank(const ModelFacts& facts, std::size_t output, std::size_t wanted) {
  if (output < facts.outputs.size() && dims(facts, output).size() == wanted) return std::nullopt;
  if (output >= facts.outputs.size())
    return fmt::format("it has {}", count_text(facts.outputs.size()));
  return fmt::format("output {} has {} dimensions, not {}", output, dims(facts, output).size(),
                     wanted);
}

/// Cells of a YOLO's grids with these strides.
std::int64_t cells(const Size& size, int largest_stride) {
  std::int64_t count = 0;
  for (int stride = 8; stride <= largest_stride; stride *= 2)
    count += static_cast<std::int64_t>((size.height + stride - 1) / stride) *
             ((size.width + stride - 1) / stride);
  return count;
}

/// That a number of positions is not `per_cell` for each cell of strides 8, 16, 32 (and 64). Where
/// the input's size is unknown, its sides are multiples of 32: 21 cells each 32 × 32 pixels.
Reason not_a_grid(const ModelFacts& facts, const std::optional<std::int64_t>& positions,
                  std::int64_t per_cell) {
  if (!positions) return std::nullopt;
  auto size = static_input_size(facts);
  if (!size) {
    if (*positions % (21 * per_cell) == 0) return std::nullopt;
    return fmt::format("{} is not a number of positions of grids of strides 8, 16 and 32",
                       *positions);
  }
  std::int64_t three = per_cell * cells(*size, 32), four = per_cell * cells(*size, 64);
  if (*positions == three || *positions == four) return std::nullopt;
  return fmt::format("an input of {}x{} has {} positions, the output {}", size->height, size->width,
                     three, *positions);
}

/// That a known number is too small.
Reason fewer_than(const std::optional<std::int64_t>& have, std::int64_t least,
                  std::string_view what) {
  if (!have) return fmt::format("the number of {} is not in the shape", what);
  if (*have >= least) return std::nullopt;
  return fmt::format("{} {} are fewer than {}", *have, what, least);
}

Reason first(std::initializer_list<Reason> reasons) {
  for (const Reason& reason : reasons)
    if (reason) return reason;
  return std::nullopt;
}

std::optional<std::int64_t> less(const std::optional<std::int64_t>& side, std::int64_t others) {
  return side ? std::optional(*side - others) : std::nullopt;
}

// classifier: [N, classes] or [N, classes, 1, 1].
Reason classifier_misfit(const ModelFacts& facts) {
  if (Reason count = wrong_count(facts, 1)) return count;
  const Dims& d = dims(facts, 0);
  if (d.size() == 4 && d[2] == 1 && d[3] == 1) return std::nullopt;
  if (Reason rank = wrong_rank(facts, 0, 2)) return rank;
  if (!d[0] && d[1] == 7 && !facts.inputs.empty() && facts.inputs[0].shape.at(0))
    return "an open number of rows of 7 numbers for one image looks like detections after NMS "
           "(YOLOv7 --end2end), which Tamis does not read: export without NMS";
  return fewer_than(d[1].value_or(2), 2, "classes");
}
/// A row whose length is open is as often a text of some length.
Reason classifier_untold(const ModelFacts& facts) {
  if (dims(facts, 0)[1]) return std::nullopt;
  return "the number of classes is open; if they are classes, say so with --decoder";
}
std::optional<std::int64_t> second_side(const ModelFacts& facts) { return dims(facts, 0)[1]; }

// yolov8: [N, 4 + classes, positions].
Reason yolov8_misfit(const ModelFacts& facts) {
  if (Reason reason = first({wrong_count(facts, 1), wrong_rank(facts, 0, 3)})) return reason;
  const Dims& d = dims(facts, 0);
  return first({fewer_than(d[1], 5, "rows (box and scores)"), not_a_grid(facts, d[2], 1)});
}
std::optional<std::int64_t> yolov8_classes(const ModelFacts& facts) {
  return less(dims(facts, 0)[1], 4);
}

/// Why the first `count` outputs are no pairs of maps [N, 4·bins, h, w] and [N, classes, h, w].
Reason not_pairs(const ModelFacts& facts, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (Reason rank = wrong_rank(facts, i, 4)) return rank;
    const Dims &own = dims(facts, i), &pair = dims(facts, i - i % 2);
    if (own[2] != pair[2] || own[3] != pair[3])
      return fmt::format("outputs {} and {} are maps of different sizes", i - 1, i);
    if (i % 2 == 0 && (own[1].value_or(1) < 4 || *own[1] % 4 != 0))
      return fmt::format("output {} holds no bins of four distances", i);
  }
  return std::nullopt;
}

// yolov8-cut: pairs of maps.
Reason yolov8_cut_misfit(const ModelFacts& facts) {
  const std::size_t count = facts.outputs.size();
  if (count < 2 || count % 2 != 0) return fmt::format("it has {}, not pairs", count_text(count));
  return not_pairs(facts, count);
}
/// Four channels a level are distances without bins if someone says so; others have such maps too.
Reason cut_untold(const ModelFacts& facts) {
  if (dims(facts, 0)[1] != 4) return std::nullopt;
  return "if maps of 4 channels are distances, say so with --decoder";
}
std::optional<std::int64_t> yolov8_cut_classes(const ModelFacts& facts) {
  return dims(facts, 1)[1];
}

// yolov8-seg-cut: pairs of maps, then coefficients [N, M, h, w] of each level, then prototypes.
Reason yolov8_seg_cut_misfit(const ModelFacts& facts) {
  const std::size_t count = facts.outputs.size(), levels = count / 3;
  if (count < 4 || count % 3 != 1)
    return fmt::format("it has {}, not three per level and prototypes", count_text(count));
  if (Reason reason = first({not_pairs(facts, 2 * levels), wrong_rank(facts, count - 1, 4)}))
    return reason;
  for (std::size_t level = 0; level < levels; ++level) {
    if (Reason rank = wrong_rank(facts, 2 * levels + level, 4)) return rank;
    const Dims &own = dims(facts, 2 * levels + level), &boxes = dims(facts, 2 * level);
    if (own[2] != boxes[2] || own[3] != boxes[3] || own[1] != dims(facts, count - 1)[1])
      return fmt::format("output {} holds no mask coefficients of its level", 2 * levels + level);
  }
  return std::nullopt;
}

// yolov8-seg: [N, 4 + classes + M, positions] and prototypes [N, M, h, w], in either order.
std::size_t prototypes_place(const ModelFacts& facts) { return dims(facts, 0).size() == 4 ? 0 : 1; }
Reason yolov8_seg_misfit(const ModelFacts& facts) {
  if (Reason count = wrong_count(facts, 2)) return count;
  std::size_t place = prototypes_place(facts);
  if (Reason rank = first({wrong_rank(facts, place, 4), wrong_rank(facts, 1 - place, 3)}))
    return rank;
  const Dims &prototypes = dims(facts, place), &anchors = dims(facts, 1 - place);
  if (!prototypes[1]) return "the number of prototypes is not in the shape";
  return first({fewer_than(anchors[1], 5 + *prototypes[1], "rows (box, scores, coefficients)"),
                not_a_grid(facts, anchors[2], 1)});
}
std::optional<std::int64_t> yolov8_seg_classes(const ModelFacts& facts) {
  std::size_t place = prototypes_place(facts);
  return less(dims(facts, 1 - place)[1], 4 + dims(facts, place)[1].value_or(0));
}

// anomaly: one float per picture and, beside it, a float map [N, H, W] or [N, 1, H, W].
Reason anomaly_misfit(const ModelFacts& facts) {
  int scores = 0, maps = 0;
  for (const TensorInfo& output : facts.outputs) {
    const Dims& d = output.shape;
    const bool real = output.type == DataType::f32 || output.type == DataType::f16;
    if (!real || d.empty()) continue;
    const bool is_map = d.size() == 3 || (d.size() == 4 && d[1] == 1);
    const bool one = std::all_of(d.begin() + 1, d.end(), [](auto& side) { return side == 1; });
    scores += one && d.size() <= 2 ? 1 : 0;
    maps += is_map && !one ? 1 : 0;
  }
  if (scores == 1 && maps == 1) return std::nullopt;
  return fmt::format("{} outputs are a score per image and {} are maps; one of each is needed",
                     scores, maps);
}

// [N, positions, 5 + classes].
Reason objectness_misfit(const ModelFacts& facts) {
  if (Reason rank = wrong_rank(facts, 0, 3)) return rank;
  return fewer_than(dims(facts, 0)[2], 6, "columns (box, objectness and scores)");
}
std::optional<std::int64_t> objectness_classes(const ModelFacts& facts) {
  return less(dims(facts, 0)[2], 5);
}

// yolov5, v7: three boxes per cell, raw heads behind; v6: one.
Reason yolov5_misfit(const ModelFacts& facts) {
  if (Reason reason = objectness_misfit(facts)) return reason;
  for (std::size_t i = 1; i < facts.outputs.size(); ++i)
    if (dims(facts, i).size() != 5) return fmt::format("output {} is not a raw head", i);
  Reason three = not_a_grid(facts, dims(facts, 0)[1], 3);
  return three && not_a_grid(facts, dims(facts, 0)[1], 1) ? three : std::nullopt;
}

Reason yolox_misfit(const ModelFacts& facts) {
  if (Reason reason = first({wrong_count(facts, 1), objectness_misfit(facts)})) return reason;
  return not_a_grid(facts, dims(facts, 0)[1], 1);
}

// end2end: [N, detections, 6]. With dynamic axes exporters do not know even the 6; the metadata do.
Reason end2end_misfit(const ModelFacts& facts) {
  if (Reason reason = first({wrong_count(facts, 1), wrong_rank(facts, 0, 3)})) return reason;
  const auto said = facts.metadata.find("end2end");
  const bool known = said != facts.metadata.end() && said->second == "True";
  if (dims(facts, 0)[2] == 6 || (known && !dims(facts, 0)[2])) return std::nullopt;
  return fmt::format("the rows of {} are not of 6 numbers", dims_text(dims(facts, 0)));
}
std::optional<std::int64_t> unknown_classes(const ModelFacts&) { return std::nullopt; }

// detr, rtdetr: logits [N, Q, classes (+ 1)] and boxes [N, Q, 4].
Reason detr_misfit(const ModelFacts& facts) {
  if (Reason reason =
          first({wrong_count(facts, 2), wrong_rank(facts, 0, 3), wrong_rank(facts, 1, 3)}))
    return reason;
  if (dims(facts, 0)[2] != 4 && dims(facts, 1)[2] != 4) return "no output has rows of 4 numbers";
  if (dims(facts, 0)[1] && dims(facts, 1)[1] && *dims(facts, 0)[1] != *dims(facts, 1)[1])
    return fmt::format("the outputs have {} and {} rows", *dims(facts, 0)[1], *dims(facts, 1)[1]);
  return std::nullopt;
}
std::optional<std::int64_t> rtdetr_classes(const ModelFacts& facts) {
  return dims(facts, dims(facts, 0)[2] == 4 ? 1 : 0)[2];
}
std::optional<std::int64_t> detr_classes(const ModelFacts& facts) {
  return less(rtdetr_classes(facts), 1);
}

bool name_holds(const TensorInfo& output, std::initializer_list<std::string_view> words) {
  std::string name;
  for (char c : output.name) name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return name.find(word) != std::string::npos; });
}

Roles detr_roles(const ModelFacts& facts) {
  bool first_4 = dims(facts, 0)[2] == 4, second_4 = dims(facts, 1)[2] == 4;
  if (first_4 && second_4) {
    first_4 = name_holds(facts.outputs[0], {"box"});
    second_4 = name_holds(facts.outputs[1], {"box"});
  }
  if (first_4 == second_4) return {};
  return first_4 ? Roles{"boxes", "logits"} : Roles{"logits", "boxes"};
}

// detr-scores: [N, Q, 4 + classes].
Reason detr_scores_misfit(const ModelFacts& facts) {
  // Those published have 100 to 1500 queries and up to 1203 classes.
  constexpr std::int64_t kMostQueries = 2000, kMostClasses = 2000;
  if (Reason reason = first({wrong_count(facts, 1), wrong_rank(facts, 0, 3),
                             fewer_than(dims(facts, 0).back(), 5, "columns (box and scores)")}))
    return reason;
  std::int64_t columns = *dims(facts, 0)[2], rows = dims(facts, 0)[1].value_or(0);
  if (rows > kMostQueries) return fmt::format("{} rows are more than a DETR's queries", rows);
  if (columns > kMostClasses + 4)
    return fmt::format("{} columns are more than a DETR's classes", columns);
  if (static_input_size(facts) && !not_a_grid(facts, columns, 1))
    return fmt::format("its {} columns are the positions of a YOLO's grids", columns);
  return std::nullopt;
}
std::optional<std::int64_t> detr_scores_classes(const ModelFacts& facts) {
  return less(dims(facts, 0)[2], 4);
}

// ssd: boxes [N, D, 4], classes and scores [N, D], the count [N].
Reason ssd_misfit(const ModelFacts& facts) {
  if (Reason count = wrong_count(facts, 4)) return count;
  std::size_t of_rank[4] = {};
  bool boxes = false;
  for (const TensorInfo& output : facts.outputs) {
    if (output.shape.size() < 4) ++of_rank[output.shape.size()];
    boxes = boxes || (output.shape.size() == 3 && output.shape[2].value_or(4) == 4);
  }
  if (boxes && of_rank[3] == 1 && of_rank[2] == 2 && of_rank[0] + of_rank[1] == 1)
    return std::nullopt;
  return "they are not one [N,D,4], two [N,D] and one count [N]";
}

/// Names tell classes from scores, and so do whole numbers; to know one is to know the other.
Roles ssd_roles(const ModelFacts& facts) {
  Roles roles;
  for (const TensorInfo& output : facts.outputs) {
    bool whole = output.type == DataType::i32 || output.type == DataType::i64;
    bool classes = whole || name_holds(output, {"class", "label"});
    bool scores = !whole && name_holds(output, {"score", "conf", "prob"});
    if (output.shape.size() != 2)
      roles.emplace_back(output.shape.size() == 3 ? "boxes" : "count");
    else
      roles.emplace_back(classes == scores ? "" : classes ? "classes" : "scores");
  }
  auto has = [&](const char* role) { return std::count(roles.begin(), roles.end(), role) == 1; };
  auto untold = std::find(roles.begin(), roles.end(), "");
  if (has("") && (has("classes") || has("scores"))) *untold = has("classes") ? "scores" : "classes";
  return has("classes") && has("scores") ? roles : Roles{};
}

using Defaults = std::vector<std::pair<std::string_view, Json>>;

std::vector<DecoderRow> make_rows() {
  const Defaults yolo{
      {"input.resize", "letterbox"}, {"input.color", "rgb"}, {"input.mean", 0}, {"input.std", 1}};
  const Defaults yolox{{"input.resize", "letterbox"},
                       {"input.anchor", "top_left"},
                       {"input.color", "bgr"},
                       {"input.scale", 1},
                       {"input.mean", 0},
                       {"input.std", 1}};
  const Defaults stretch{{"input.resize", "stretch"}};
  const Defaults unit{
      {"input.resize", "stretch"}, {"input.color", "rgb"}, {"input.mean", 0}, {"input.std", 1}};
  const std::vector<std::string_view> detr{"logits", "boxes"};
  const std::vector<std::string_view> ssd{"boxes", "classes", "scores", "count"};
  using Kind = TaskKind;
  return {
      {"classifier",
       Kind::classify,
       "[N,classes]",
       classifier_misfit,
       second_side,
       stretch,
       {},
       nullptr,
       classifier_untold},
      {"yolov8", Kind::detect, "[N,4+classes,positions]", yolov8_misfit, yolov8_classes, yolo},
      {"yolov8-cut",
       Kind::detect,
       "pairs of [N,4*bins,h,w] and [N,classes,h,w]",
       yolov8_cut_misfit,
       yolov8_cut_classes,
       yolo,
       {},
       nullptr,
       cut_untold},
      {"yolov8-seg", Kind::segment, "[N,4+classes+M,positions] and [N,M,h,w]", yolov8_seg_misfit,
       yolov8_seg_classes, yolo},
      {"yolov8-seg-cut",
       Kind::segment,
       "pairs as yolov8-cut, coefficients [N,M,h,w] of each level, prototypes [N,M,h,w]",
       yolov8_seg_cut_misfit,
       yolov8_cut_classes,
       yolo,
       {},
       nullptr,
       cut_untold},
      {"anomaly", Kind::anomaly, "score [N,1] and map [N,1,H,W]", anomaly_misfit, unknown_classes,
       stretch},
      {"yolov5", Kind::detect, "[N,positions,5+classes]", yolov5_misfit, objectness_classes, yolo},
      {"yolox", Kind::detect, "[N,cells,5+classes], raw", yolox_misfit, objectness_classes, yolox},
      {"yolox-decoded", Kind::detect, "[N,cells,5+classes], boxes in pixels", yolox_misfit,
       objectness_classes, yolox},
      {"end2end", Kind::detect, "[N,detections,6]", end2end_misfit, unknown_classes, yolo},
      {"detr", Kind::detect, "logits [N,Q,classes+1] (softmax) and boxes [N,Q,4]", detr_misfit,
       detr_classes, stretch, detr, detr_roles},
      {"rtdetr", Kind::detect, "logits [N,Q,classes] (sigmoid) and boxes [N,Q,4]", detr_misfit,
       rtdetr_classes, stretch, detr, detr_roles},
      {"detr-scores", Kind::detect, "[N,Q,4+classes], boxes in fractions", detr_scores_misfit,
       detr_scores_classes, unit},
      {.name = "rtdetr-topk",
       .task = Kind::detect,
       .outputs = "[N,detections,6], boxes in fractions, score, class",
       .misfit = end2end_misfit,
       .classes = unknown_classes,
       .defaults = unit,
       .only_by_metadata = true},
      {"ssd", Kind::detect, "boxes [N,D,4], classes [N,D] from 0, scores [N,D], count [N]",
       ssd_misfit, unknown_classes, stretch, ssd, ssd_roles},
      {"ssd-from-1", Kind::detect, "as ssd, classes from 1", ssd_misfit, unknown_classes, stretch,
       ssd, ssd_roles},
      {.name = "none",
       .task = Kind::none,
       .outputs = "any",
       .misfit = [](const ModelFacts&) -> Reason { return std::nullopt; },
       .classes = unknown_classes,
       .defaults = stretch,
       .only_if_named = true},
  };
}

}  // namespace

const std::vector<DecoderRow>& card_decoders() {
  static const std::vector<DecoderRow> rows = make_rows();
  return rows;
}

std::string dims_text(const Dims& dims) {
  std::string text;
  for (const auto& dim : dims)
    text += (text.empty() ? "" : ",") + (dim ? std::to_string(*dim) : "?");
  return "[" + text + "]";
}

std::string outputs_text(const ModelFacts& facts) {
  std::vector<std::string> texts;
  for (const TensorInfo& output : facts.outputs)
    texts.push_back(output.name + " " + dims_text(output.shape));
  return fmt::format("{}", fmt::join(texts, ", "));
}

}  // namespace tamis
