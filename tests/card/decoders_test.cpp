// How a family is told from what a model's outputs look like.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "card/card.h"

namespace tamis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using Dims = std::vector<std::optional<std::int64_t>>;
constexpr std::nullopt_t kAny = std::nullopt;

ModelFacts model(const std::vector<TensorInfo>& outputs) {
  ModelFacts facts;
  facts.inputs = {{"images", DataType::f32, {1, 3, 640, 640}}};
  facts.outputs = outputs;
  return facts;
}
ModelFacts model(const Dims& output) { return model({{"out", DataType::f32, output}}); }

CardOptions options(std::map<std::string, std::string> more = {}) {
  more.insert({{"mean", "0"}, {"std", "1"}});
  return {std::move(more)};
}

Card card_of(const ModelFacts& facts, std::map<std::string, std::string> more = {}) {
  return resolve_card(facts, std::nullopt, options(std::move(more)));
}

std::string failure(const ModelFacts& facts, std::map<std::string, std::string> more = {}) {
  try {
    card_of(facts, std::move(more));
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

std::string names(int count) {
  std::string text = "a";
  for (int i = 1; i < count; ++i) text += ",a" + std::to_string(i);
  return text;
}

ModelFacts detr(std::int64_t classes) {
  return model(
      {{"logits", DataType::f32, {1, 300, classes}}, {"pred_boxes", DataType::f32, {1, 300, 4}}});
}

ModelFacts ssd() {
  return model({{"num_detections:0", DataType::f32, {1}},
                {"detection_boxes:0", DataType::f32, {1, 100, 4}},
                {"detection_scores:0", DataType::f32, {1, 100}},
                {"detection_classes:0", DataType::f32, {1, 100}}});
}

TEST(CardDecoders, are_told_by_shape_where_only_one_fits) {
  EXPECT_EQ(card_of(model({1, 84, 8400})).decoder, "yolov8");
  EXPECT_EQ(card_of(model({1, 25200, 85})).decoder, "yolov5");
  EXPECT_EQ(card_of(model({kAny, 300, 84})).decoder, "detr-scores");
  Card seg = card_of(
      model({{"a", DataType::f32, {1, 116, 8400}}, {"b", DataType::f32, {1, 32, 160, 160}}}));
  EXPECT_EQ(seg.decoder, "yolov8-seg");
  EXPECT_EQ(seg.task, TaskKind::segment);
  EXPECT_EQ(seg.sources.at("decoder"), "output shapes a [1,116,8400], b [1,32,160,160]");
}

TEST(CardDecoders, take_raw_heads_behind_a_yolov5) {
  EXPECT_EQ(card_of(model({{"output", DataType::f32, {1, 25200, 85}},
                           {"a", DataType::f32, {1, 3, 80, 80, 85}},
                           {"b", DataType::f32, {1, 3, 40, 40, 85}}}))
                .decoder,
            "yolov5");
}

TEST(CardDecoders, are_asked_for_where_several_fit) {
  EXPECT_THAT(
      failure(model({1, 8400, 85})),
      HasSubstr("fit the decoders yolov5 ([N,positions,5+classes]), yolox ([N,cells,5+classes], "
                "raw) and yolox-decoded ([N,cells,5+classes], boxes in pixels), and nothing "
                "shows which one is right; give --decoder"));
  EXPECT_THAT(failure(model({1, 300, 6})), HasSubstr("fit the decoders end2end"));
  EXPECT_THAT(failure(detr(80)),
              HasSubstr("fit the decoders detr (logits [N,Q,classes+1] (softmax)"));
  EXPECT_THAT(failure(ssd()), HasSubstr("and ssd-from-1"));
  EXPECT_EQ(card_of(model({1, 8400, 85}), {{"decoder", "yolov5"}}).decoder, "yolov5");
}

TEST(CardDecoders, are_told_by_the_number_of_labels) {
  EXPECT_EQ(card_of(model({1, 300, 6}), {{"labels", names(80)}}).decoder, "end2end");
  EXPECT_EQ(card_of(detr(80), {{"labels", names(80)}}).decoder, "rtdetr");
  EXPECT_EQ(card_of(detr(92), {{"labels", names(91)}}).decoder, "detr");
  EXPECT_THAT(failure(model({1, 300, 6}), {{"labels", names(2)}}), HasSubstr("fit the decoders"));
  ModelFacts ultralytics = model({1, 300, 6});
  ultralytics.metadata = {{"task", "detect"}, {"names", "{0: 'a', 1: 'b', 2: 'c'}"}};
  EXPECT_EQ(card_of(ultralytics).decoder, "end2end");
}

ModelFacts ultralytics(const Dims& output, std::map<std::string, std::string> metadata) {
  ModelFacts facts = model(output);
  facts.metadata = std::move(metadata);
  facts.metadata.insert({{"author", "Ultralytics"}, {"task", "detect"}});
  return facts;
}

TEST(CardDecoders, are_told_by_the_head_that_the_metadata_name) {
  const std::string three = "{0: 'a', 1: 'b', 2: 'c'}";
  Card card = card_of(ultralytics({1, 300, 6}, {{"head", "RTDETRDecoder"}, {"names", three}}));
  EXPECT_EQ(card.decoder, "rtdetr-topk");
  EXPECT_EQ(card.resize, ResizeRule::stretch);
  EXPECT_EQ(card.labels.size(), 3U);
  // Older versions name the model only.
  EXPECT_EQ(card_of(ultralytics({1, 300, 6},
                                {{"description", "Ultralytics rtdetr-l model"}, {"names", three}}))
                .decoder,
            "rtdetr-topk");
  EXPECT_EQ(
      card_of(ultralytics({1, 300, 7}, {{"head", "RTDETRDecoder"}, {"names", three}})).decoder,
      "detr-scores");
  EXPECT_EQ(card_of(ultralytics({1, 300, 6}, {{"head", "Detect"}, {"names", three}})).decoder,
            "end2end");
  EXPECT_EQ(card_of(model({1, 300, 6}), {{"decoder", "rtdetr-topk"}}).decoder, "rtdetr-topk");
  EXPECT_THAT(failure(ultralytics({1, 84, 8400}, {{"head", "RTDETRDecoder"}})),
              HasSubstr("yolov8 [N,4+classes,positions]: the metadata says rtdetr-topk or"));
}

TEST(CardDecoders, are_told_by_end2end_where_two_labels_would_leave_a_choice) {
  const std::string two = "{0: 'a', 1: 'b'}";
  EXPECT_THAT(failure(ultralytics({1, 300, 6}, {{"names", two}})), HasSubstr("fit the decoders"));
  EXPECT_EQ(card_of(ultralytics({1, 300, 6}, {{"names", two}, {"end2end", "True"}})).decoder,
            "end2end");
  ModelFacts dynamic = ultralytics({kAny, kAny, kAny}, {{"names", two}, {"end2end", "True"}});
  EXPECT_EQ(card_of(dynamic).decoder, "end2end");
  dynamic.metadata["end2end"] = "False";
  EXPECT_THAT(failure(dynamic), HasSubstr("fit no known decoder"));
}

TEST(CardDecoders, take_a_row_of_open_length_for_classes_only_where_that_is_said) {
  EXPECT_THAT(failure(model({1, kAny})), HasSubstr("the number of classes is open"));
  EXPECT_EQ(card_of(model({1, kAny}), {{"decoder", "classifier"}}).decoder, "classifier");
}

TEST(CardDecoders, take_maps_of_four_channels_for_distances_only_where_that_is_said) {
  const ModelFacts maps = model(
      {{"boxes_0", DataType::f32, {1, 4, 80, 80}}, {"classes_0", DataType::f32, {1, 3, 80, 80}}});
  EXPECT_THAT(failure(maps), HasSubstr("say so with --decoder"));
  EXPECT_EQ(card_of(maps, {{"decoder", "yolov8-cut"}, {"reg-max", "1"}}).reg_max, 1);
}

TEST(CardDecoders, take_no_detections_behind_nms_for_a_classifier) {
  EXPECT_THAT(failure(model({kAny, 7})), HasSubstr("detections after NMS"));
  EXPECT_EQ(card_of(model({1, 7})).decoder, "classifier");
  ModelFacts any_batch = model({kAny, 7});
  any_batch.inputs[0].shape[0] = kAny;
  EXPECT_EQ(card_of(any_batch).decoder, "classifier");
}

TEST(CardDecoders, prepare_pictures_as_their_family_does) {
  Card yolox = resolve_card(model({1, 8400, 85}), std::nullopt, {{{"decoder", "yolox"}}});
  EXPECT_EQ(yolox.anchor, Anchor::top_left);
  EXPECT_EQ(yolox.resize, ResizeRule::letterbox);
  EXPECT_EQ(yolox.color, ColorOrder::bgr);
  EXPECT_EQ(yolox.scale, 1);
  EXPECT_THAT(yolox.mean, ElementsAre(0, 0, 0));
  EXPECT_EQ(to_json(parse_card(to_json(yolox, true)), true), to_json(yolox, true));
  Card stretched = card_of(model({1, 8400, 85}), {{"decoder", "yolox"}, {"resize", "stretch"}});
  EXPECT_EQ(stretched.anchor, Anchor::center);
  EXPECT_EQ(card_of(detr(80), {{"decoder", "rtdetr"}}).resize, ResizeRule::stretch);
}

TEST(CardDecoders, say_which_output_is_which) {
  Card card = card_of(detr(80), {{"decoder", "rtdetr"}});
  EXPECT_THAT(card.outputs, ElementsAre("logits", "boxes"));
  EXPECT_EQ(card.sources.at("outputs"), "output names and shapes");
  EXPECT_THAT(card_of(ssd(), {{"decoder", "ssd"}}).outputs,
              ElementsAre("count", "boxes", "scores", "classes"));
  ModelFacts nameless = ssd();
  for (TensorInfo& output : nameless.outputs) output.name = "o";
  EXPECT_THAT(
      failure(nameless, {{"decoder", "ssd"}}),
      HasSubstr("give --outputs, a list of boxes, classes, scores, count in the model's order"));
  nameless.outputs[3].type = DataType::i64;
  EXPECT_THAT(card_of(nameless, {{"decoder", "ssd"}}).outputs,
              ElementsAre("count", "boxes", "scores", "classes"));
  EXPECT_THAT(
      card_of(nameless, {{"decoder", "ssd"}, {"outputs", "count,boxes,classes,scores"}}).outputs,
      ElementsAre("count", "boxes", "classes", "scores"));
}

TEST(CardDecoders, refuse_roles_that_contradict_the_model) {
  EXPECT_THAT(failure(ssd(), {{"decoder", "ssd"}, {"outputs", "count,boxes,classes"}}),
              HasSubstr("names 3 outputs, the model has 4"));
  EXPECT_THAT(failure(ssd(), {{"decoder", "ssd"}, {"outputs", "count,boxes,classes,classes"}}),
              HasSubstr("must name each of boxes, classes, scores, count once"));
  EXPECT_THAT(failure(model({1, 84, 8400}), {{"outputs", "boxes"}}),
              HasSubstr("leave --outputs out"));
  EXPECT_THAT(failure(model({1, 84, 8400}), {{"anchor", "top_left"}, {"resize", "stretch"}}),
              HasSubstr("leave --anchor out"));
}

TEST(CardDecoders, tell_positions_from_classes) {
  ModelFacts small = model({1, 14, 84});
  small.inputs[0].shape = {1, 3, 64, 64};
  EXPECT_EQ(card_of(small).decoder, "yolov8") << "84 positions, which a DETR would have as classes";
}

TEST(CardDecoders, name_why_each_was_ruled_out) {
  std::string text =
      failure(model({{"x", DataType::f32, {1, 9, 77}}, {"y", DataType::f32, {1, 5}}}));
  EXPECT_THAT(text, HasSubstr("the outputs (x [1,9,77], y [1,5]) fit no known decoder. Ruled out: "
                              "classifier [N,classes]: it has 2 outputs, not 1; yolov8"));
  EXPECT_THAT(text,
              HasSubstr("detr logits [N,Q,classes+1] (softmax) and boxes [N,Q,4]: output 1 has 2 "
                        "dimensions, not 3"));
  EXPECT_THAT(text, HasSubstr("a card NAME.card.yaml next to it (docs/cards.md)"));
  EXPECT_THAT(text, Not(HasSubstr("\n")));
  EXPECT_THAT(failure(model({1, 84, 8000})),
              HasSubstr("an input of 640x640 has 8400 positions, the output 8000"));
  EXPECT_THAT(failure(model({1, 8400, 85}), {{"task", "segment"}}),
              HasSubstr("yolov5 [N,positions,5+classes]: is of the task detect"));
}

TEST(CardDecoders, refuse_a_card_that_contradicts_the_graph) {
  EXPECT_THAT(
      failure(model({1, 84, 8400}), {{"decoder", "end2end"}}),
      HasSubstr("decoder end2end (option --decoder) reads outputs [N,detections,6], the model has "
                "out [1,84,8400]: the rows of [1,84,8400] are not of 6 numbers"));
  EXPECT_THAT(failure(model({1, 25200, 85}), {{"labels", "a,b"}}),
              HasSubstr("2 labels (option --labels), but the model's output [1,25200,85] has 80"));
}

TEST(CardDecoders, are_none_where_nobody_reads_the_outputs) {
  const ModelFacts map = model({1, 1, 640, 640});
  EXPECT_THAT(failure(map), HasSubstr("with --decoder none Tamis can change and quantise"));
  EXPECT_THAT(failure(map), Not(HasSubstr("none any"))) << "it fits all, and is no choice of ours";
  const Card card = card_of(map, {{"decoder", "none"}});
  EXPECT_EQ(card.task, TaskKind::none);
  EXPECT_EQ(card.resize, ResizeRule::stretch);
  EXPECT_EQ(to_json(parse_card(to_json(card, true)), true), to_json(card, true));
  EXPECT_EQ(card_of(model({1, 84, 8400})).decoder, "yolov8");
  EXPECT_THAT(failure(map, {{"decoder", "none"}, {"task", "detect"}}),
              HasSubstr("decoder none (option --decoder) is of the task none, not detect"));
}

TEST(CardDecoders, are_none_for_ultralytics_other_tasks_prepared_as_all_of_them) {
  ModelFacts pose = model({1, 56, 8400});
  pose.metadata = {{"author", "Ultralytics"}, {"task", "pose"}, {"names", "{0: 'person'}"}};
  EXPECT_THAT(failure(pose), HasSubstr("with --decoder none it can change"));
  const Card card = resolve_card(pose, std::nullopt, {{{"decoder", "none"}}});
  EXPECT_EQ(card.resize, ResizeRule::letterbox);
  EXPECT_EQ(card.sources.at("input.std"), "Ultralytics model");
  EXPECT_THAT(card.labels, ElementsAre("person"));
}

TEST(CardDecoders, find_no_boxes_in_what_a_softmax_makes) {
  ModelFacts text = model({kAny, kAny, 6625});
  text.last_operators = {"Softmax"};
  EXPECT_THAT(failure(text), HasSubstr("yolov5 [N,positions,5+classes]: the output comes from a "
                                       "Softmax: its values are shares of one whole"));
  text.last_operators = {"Concat"};
  EXPECT_THAT(failure(text), HasSubstr("fit the decoders yolov5"));
}

}  // namespace
}  // namespace tamis
