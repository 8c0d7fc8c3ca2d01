#include "recipe/output_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "quantize/compare.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

constexpr int kSide = 64;  // of the input
constexpr int kRows = 84;  // grids of strides 8, 16 and 32
constexpr int kClasses = 3;

/// One position of a detector: centre and size in pixels, and a score per class.
struct Row {
  double x = 0, y = 0, w = 0, h = 0;
  std::vector<double> scores;
};
using Scene = std::vector<Row>;

/// Three objects among positions that say next to nothing.
Scene scene() {
  Scene rows;
  for (int i = 0; i < kRows; ++i) {
    const double wave = std::abs(std::sin(1.3 * i));
    Row row{8 + 48 * wave, 8 + 48 * std::abs(std::cos(0.9 * i)), 6 + 10 * wave, 8 + 6 * wave, {}};
    for (int c = 0; c < kClasses; ++c) row.scores.push_back(0.002 + 0.003 * ((i + c) % 3));
    rows.push_back(row);
  }
  for (int k = 0; k < 3; ++k) {
    rows[static_cast<std::size_t>(20 * k + 5)] = {
        12.0 + 18 * k, 40.0 - 10 * k, 14, 12, {0.01, 0.01, 0.01}};
    rows[static_cast<std::size_t>(20 * k + 5)].scores[static_cast<std::size_t>(k)] = 0.9 - 0.1 * k;
  }
  return rows;
}

Scene changed(Scene rows, const std::function<void(Row& row, int i)>& change) {
  for (int i = 0; i < kRows; ++i) change(rows[static_cast<std::size_t>(i)], i);
  return rows;
}

Tensor tensor(const Shape& shape, const std::vector<double>& values) {
  Tensor made(DataType::f32, shape);
  for (std::size_t i = 0; i < values.size(); ++i)
    made.data<float>()[i] = static_cast<float>(values[i]);
  return made;
}

std::vector<Tensor> only(Tensor made) {
  std::vector<Tensor> list;
  list.push_back(std::move(made));
  return list;
}

std::vector<double> columns(const Row& row, bool objectness) {
  std::vector<double> all{row.x, row.y, row.w, row.h};
  if (objectness)
    all.push_back(*std::max_element(row.scores.begin(), row.scores.end()) > 0 ? 1 : 0);
  all.insert(all.end(), row.scores.begin(), row.scores.end());
  return all;
}

std::vector<Tensor> as_yolov8(const Scene& rows) {  // [1,7,84]
  std::vector<double> values(7 * kRows);
  for (std::size_t i = 0; i < kRows; ++i)
    for (std::size_t c = 0; c < 7; ++c) values[c * kRows + i] = columns(rows[i], false)[c];
  return only(tensor({1, 7, kRows}, values));
}

std::vector<Tensor> as_yolov5(const Scene& rows) {  // [1,84,8]
  std::vector<double> values;
  for (const Row& row : rows)
    for (const double value : columns(row, true)) values.push_back(value);
  return only(tensor({1, kRows, 8}, values));
}

std::vector<Tensor> as_yolox(const Scene& rows) {  // raw
  std::vector<double> values;
  std::size_t i = 0;
  for (int stride = 8; stride <= 32; stride *= 2)
    for (int y = 0; y < kSide / stride; ++y)
      for (int x = 0; x < kSide / stride; ++x) {
        Row row = rows[i++];
        row = {row.x / stride - x, row.y / stride - y, std::log(std::max(row.w, 1e-3) / stride),
               std::log(std::max(row.h, 1e-3) / stride), row.scores};
        for (const double value : columns(row, true)) values.push_back(value);
      }
  return only(tensor({1, kRows, 8}, values));
}

struct Found {
  double x0, y0, x1, y1, score;
  int label;
};

/// As a TopK sorts them.
std::vector<Found> sorted(const Scene& rows) {
  std::vector<Found> found;
  for (const Row& row : rows) {
    const auto best = std::max_element(row.scores.begin(), row.scores.end());
    found.push_back({row.x - row.w / 2, row.y - row.h / 2, row.x + row.w / 2, row.y + row.h / 2,
                     *best, static_cast<int>(best - row.scores.begin())});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Found& a, const Found& b) { return a.score > b.score; });
  found.resize(60);
  return found;
}

std::vector<Tensor> as_end2end(const Scene& rows) {  // [1,60,6]
  std::vector<double> values;
  for (const Found& f : sorted(rows))
    for (const double v : {f.x0, f.y0, f.x1, f.y1, f.score, static_cast<double>(f.label)})
      values.push_back(v);
  return only(tensor({1, 60, 6}, values));
}

std::vector<Tensor> as_ssd(const Scene& rows) {
  std::vector<double> boxes, classes, scores;
  for (const Found& f : sorted(rows)) {
    for (const double v : {f.y0, f.x0, f.y1, f.x1}) boxes.push_back(v / kSide);
    classes.push_back(f.label), scores.push_back(f.score);
  }
  std::vector<Tensor> outputs = only(tensor({1, 60, 4}, boxes));
  outputs.push_back(tensor({1, 60}, classes));
  outputs.push_back(tensor({1, 60}, scores));
  outputs.push_back(tensor({1}, {60}));
  return outputs;
}

std::vector<Tensor> as_rtdetr(const Scene& rows) {  // logits and boxes in fractions
  std::vector<double> logits, boxes;
  for (const Row& row : rows) {
    for (const double p : row.scores) logits.push_back(p > 0 ? std::log(p / (1 - p)) : -12);
    for (const double v : {row.x, row.y, row.w, row.h}) boxes.push_back(v / kSide);
  }
  std::vector<Tensor> outputs = only(tensor({1, kRows, kClasses}, logits));
  outputs.push_back(tensor({1, kRows, 4}, boxes));
  return outputs;
}

struct Layout {
  const char* decoder;
  std::vector<std::string> roles, names;
  std::vector<Tensor> (*write)(const Scene&);
};

const std::vector<Layout>& layouts() {
  static const std::vector<Layout> all{
      {"yolov8", {}, {"y"}, as_yolov8},
      {"yolov5", {}, {"y"}, as_yolov5},
      {"yolox-decoded", {}, {"y"}, as_yolov5},
      {"yolox", {}, {"y"}, as_yolox},
      {"end2end", {}, {"y"}, as_end2end},
      {"ssd", {"boxes", "classes", "scores", "count"}, {"b", "c", "s", "n"}, as_ssd},
      {"rtdetr", {"logits", "boxes"}, {"l", "b"}, as_rtdetr}};
  return all;
}

Card card_of(const Layout& layout) {
  Card card;
  card.task = TaskKind::detect;
  card.decoder = layout.decoder;
  card.input_size = {kSide, kSide};
  card.outputs = layout.roles;
  return card;
}

std::string objection_to(const Layout& layout, const Scene& value) {
  const Graph graph = Graph::parse_text(
      R"(<ir_version: 8, opset_import: ["" : 17]> g (float[1] x) => (float[1] y) { y = Relu(x) })");
  const OutputComparison comparison(output_reader(card_of(layout)), graph);
  std::vector<TensorInfo> infos;
  for (const std::string& name : layout.names) infos.push_back({name, DataType::f32, {}});
  std::vector<std::vector<Tensor>> references, values;
  references.push_back(layout.write(scene()));
  values.push_back(layout.write(value));
  return objection(comparison.compare(infos, references, values), 6);
}

TEST(OutputReader, lets_pass_what_is_read_alike_in_each_layout) {
  const Scene near = changed(scene(), [](Row& row, int i) {
    row.x += 0.3 * std::sin(i), row.w *= 1 + 0.04 * std::cos(i);
    for (double& score : row.scores) score *= 0.96 + 0.03 * std::sin(2 * i);
  });
  for (const Layout& layout : layouts())
    EXPECT_EQ(objection_to(layout, near), "") << layout.decoder;
}

TEST(OutputReader, lets_pass_background_rows_that_a_topk_chooses_otherwise) {
  const Scene other = changed(scene(), [](Row& row, int i) {
    if (row.scores[0] + row.scores[1] + row.scores[2] > 0.5) return;
    row.x = 60 - row.x;
    row.scores[static_cast<std::size_t>(i % 3)] += 0.004;
  });
  for (const Layout& layout : layouts())
    if (layout.write == as_end2end || layout.write == as_ssd) {
      EXPECT_EQ(objection_to(layout, other), "") << layout.decoder;
    }
}

TEST(OutputReader, refuses_lost_scores_lost_boxes_and_classes_that_changed_places) {
  const std::vector<std::pair<const char*, std::function<void(Row&, int)>>> wrong{
      {"scores are zero", [](Row& row, int) { row.scores.assign(kClasses, 0); }},
      {"scores are a hundredth",
       [](Row& row, int) {
         for (double& score : row.scores) score /= 100;
       }},
      {"boxes are zero", [](Row& row, int) { row.x = row.y = row.w = row.h = 0; }},
      {"boxes are twice as large", [](Row& row, int) { row.w *= 2, row.h *= 2; }},
      {"classes have changed places", [](Row& row, int) {
         std::rotate(row.scores.begin(), row.scores.begin() + 1, row.scores.end());
       }}};
  for (const Layout& layout : layouts())
    for (const auto& [what, change] : wrong)
      EXPECT_NE(objection_to(layout, changed(scene(), change)), "")
          << layout.decoder << ": " << what;
}

TEST(OutputReader, names_the_channels_as_the_decoder_reads_them) {
  const Layout& yolov5 = layouts()[1];
  const auto parts = output_reader(card_of(yolov5)).parts({{1, kRows, 8}});
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[1].name, "objectness");
  EXPECT_EQ(parts[2].axis, 2U);
  EXPECT_EQ(parts[2].begin, 5);
  EXPECT_EQ(parts[2].end, 8);
}

TEST(OutputReader, holds_prototypes_and_coefficients_to_their_values) {
  Card card;
  card.task = TaskKind::segment;
  card.decoder = "yolov8-seg";
  const auto parts = output_reader(card).parts({{1, 4 + 80 + 32, 8400}, {1, 32, 160, 160}});
  ASSERT_EQ(parts.size(), 4U);
  EXPECT_TRUE(parts[0].predicted && parts[1].predicted);
  EXPECT_EQ(parts[2].name, "coefficients");
  EXPECT_EQ(parts[2].begin, 84);
  EXPECT_EQ(parts[3].output, 1U);
  EXPECT_FALSE(parts[2].predicted || parts[3].predicted);
}

TEST(OutputReader, knows_nothing_without_a_decoder) {
  EXPECT_FALSE(output_reader(Card()).parts);
  EXPECT_FALSE(output_reader(Card()).closeness);
}

}  // namespace
}  // namespace tamis
