#include "quantize/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

#include "quantize/quantize.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

constexpr double kLeastDb = 6;

Tensor tensor(const Shape& shape, const std::function<double(std::int64_t)>& value) {
  Tensor made(DataType::f32, shape);
  for (std::int64_t i = 0; i < made.elements(); ++i)
    made.data<float>()[i] = static_cast<float>(value(i));
  return made;
}

std::vector<std::vector<Tensor>> one(Tensor made) {
  std::vector<std::vector<Tensor>> sample(1);
  sample[0].push_back(std::move(made));
  return sample;
}

std::vector<TensorInfo> named(const std::vector<std::string>& names) {
  std::vector<TensorInfo> infos;
  for (const std::string& name : names) infos.push_back({name, DataType::f32, {}});
  return infos;
}

/// A detector's output of rows: boxes in pixels, then small scores of which few are high.
double detector_value(std::int64_t row, std::int64_t column) {
  if (column < 4) return 100 + 300 * std::abs(std::sin(0.7 * static_cast<double>(row + column)));
  return row % 50 == 0 && column == 5 ? 0.9 : 0.001 * static_cast<double>((row + column) % 7);
}

constexpr std::int64_t kRows = 600, kColumns = 9;

using Change = std::function<double(std::int64_t row, std::int64_t column, double value)>;

double as_it_is(std::int64_t, std::int64_t, double value) { return value; }
double nearly(std::int64_t row, std::int64_t column, double value) {
  return value * (1 + 0.05 * std::sin(static_cast<double>(3 * row + column)));
}
double without_scores(std::int64_t, std::int64_t column, double value) {
  return column < 4 ? value : 0;
}
double without_boxes(std::int64_t, std::int64_t column, double value) {
  return column < 4 ? 0 : value;
}

Tensor rows_last(const Change& change) {  // [1,600,9]
  return tensor({1, kRows, kColumns}, [&](std::int64_t i) {
    return change(i / kColumns, i % kColumns, detector_value(i / kColumns, i % kColumns));
  });
}

Tensor rows_first(const Change& change) {  // [1,9,600]
  return tensor({1, kColumns, kRows}, [&](std::int64_t i) {
    return change(i % kRows, i / kRows, detector_value(i % kRows, i / kRows));
  });
}

std::string objection_to(const OutputComparison& comparison, const Tensor& reference,
                         const Tensor& value) {
  return objection(comparison.compare(named({"y"}), one(reference.clone()), one(value.clone())),
                   kLeastDb);
}

TEST(LikelyChannelAxis, is_the_shorter_of_two_and_the_last_of_many) {
  EXPECT_EQ(likely_channel_axis({1, 84, 8400}, false), 1U);
  EXPECT_EQ(likely_channel_axis({1, 25200, 85}, false), 2U);
  EXPECT_EQ(likely_channel_axis({1, 80, 40, 40}, false), 1U);
  EXPECT_EQ(likely_channel_axis({1, 40, 40, 85}, false), 3U);
  EXPECT_EQ(likely_channel_axis({1, 3, 80, 80, 85}, false), 4U);
  EXPECT_EQ(likely_channel_axis({1, 1000}, false), 1U);
  EXPECT_EQ(likely_channel_axis({1, 300}, true), std::nullopt);
  EXPECT_EQ(likely_channel_axis({1}, false), std::nullopt);
}

TEST(CompareOutputs, refuses_lost_scores_and_boxes_along_whichever_axis_they_lie) {
  const OutputComparison by_value;
  for (const auto& layout : {rows_last, rows_first}) {
    const Tensor reference = layout(as_it_is);
    EXPECT_EQ(objection_to(by_value, reference, layout(nearly)), "");
    EXPECT_NE(objection_to(by_value, reference, layout(without_scores)), "");
    EXPECT_NE(objection_to(by_value, reference, layout(without_boxes)), "");
  }
  EXPECT_THAT(objection_to(by_value, rows_last(as_it_is), rows_last(without_scores)),
              HasSubstr("channels along axis 2, by its shape"));
}

TEST(CompareOutputs, refuses_a_channel_that_has_become_constant_among_others_that_are_right) {
  const auto one_dead = [](std::int64_t, std::int64_t column, double value) {
    return column == 2 ? 250 : value;
  };
  EXPECT_THAT(objection_to({}, rows_last(as_it_is), rows_last(one_dead)),
              HasSubstr("is the same everywhere in channel 2, where the float model's varies"));
}

TEST(CompareOutputs, refuses_a_constant_beside_a_large_mean) {
  // Logits of -12 ± 2: a constant of -12 has an SNR of 16 dB.
  const auto logits = [](double spread) {
    return tensor({1, 10}, [&](std::int64_t i) {
      return -12 + spread * std::sin(2.1 * static_cast<double>(i));
    });
  };
  std::vector<std::vector<Tensor>> references, right, constant;
  for (int sample = 0; sample < 4; ++sample) {
    for (auto* list : {&references, &right, &constant}) list->emplace_back();
    references.back().push_back(logits(2 + 0.1 * sample));
    right.back().push_back(logits(1.9 + 0.1 * sample));
    constant.back().push_back(logits(0));
  }
  const OutputComparison comparison;
  EXPECT_EQ(objection(comparison.compare(named({"y"}), references, right), kLeastDb), "");
  EXPECT_THAT(objection(comparison.compare(named({"y"}), references, constant), kLeastDb),
              HasSubstr("nearer to the float model's than a constant is"));
}

TEST(CompareOutputs, refuses_classes_that_have_changed_places) {
  const auto permuted = [](std::int64_t row, std::int64_t column, double value) {
    return column < 4 ? value : detector_value(row, 4 + (column - 4 + 1) % (kColumns - 4));
  };
  EXPECT_NE(objection_to({}, rows_last(as_it_is), rows_last(permuted)), "");
}

TEST(CompareOutputs, refuses_what_is_not_a_number_and_another_shape) {
  const auto broken = [](std::int64_t row, std::int64_t column, double value) {
    return row == 3 && column == 1 ? std::nan("") : value;
  };
  EXPECT_THAT(objection_to({}, rows_last(as_it_is), rows_last(broken)),
              HasSubstr("not a finite number"));
  EXPECT_ANY_THROW(objection_to({}, rows_last(as_it_is), tensor({1, 2}, [](auto) { return 0.0; })));
}

Graph topk_graph() {
  return Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[1,600,9] x) => (float[1,600,9] y) {
      k = Constant <value = int64[1] {600}> ()
      y, i = TopK <axis = 1> (x, k)
    })");
}

TEST(CompareOutputs, does_not_mind_the_order_of_rows_that_a_topk_sorts) {
  const OutputComparison comparison({}, topk_graph());
  const auto turned = [](std::int64_t row, std::int64_t column, double) {
    return nearly(kRows - 1 - row, column, detector_value(kRows - 1 - row, column));
  };
  const Tensor reference = rows_last(as_it_is);
  EXPECT_NE(objection_to({}, reference, rows_last(turned)), "") << "by places";
  EXPECT_EQ(objection_to(comparison, reference, rows_last(turned)), "");
  EXPECT_NE(objection_to(comparison, reference, rows_last(without_scores)), "");
  EXPECT_NE(objection_to(comparison, reference, rows_last(without_boxes)), "");
}

/// Says the same of every sample.
OutputReader says(std::optional<double> closeness) {
  OutputReader reader;
  reader.parts = [](const std::vector<Shape>&) -> std::vector<OutputPart> {
    return {{"boxes", 0, 2, 0, 4, true, false}, {"scores", 0, 2, 4, kColumns, true, false}};
  };
  reader.closeness = [closeness](const auto&, const auto&) { return closeness; };
  return reader;
}

TEST(CompareOutputs, believes_predictions_where_they_tell_and_values_where_they_do_not) {
  const Graph graph = Graph::parse_text(
      R"(<ir_version: 8, opset_import: ["" : 17]>
      g (float[1,600,9] x) => (float[1,600,9] y) { y = Relu(x) })");
  const auto noisy = [](std::int64_t row, std::int64_t column, double value) {
    return column < 4 ? value : value + (row % 2 == 0 ? 0.2 : -0.2);
  };
  const Tensor reference = rows_last(as_it_is);
  EXPECT_EQ(objection_to({says(0.9), graph}, reference, rows_last(noisy)), "");
  EXPECT_THAT(objection_to({says(0.2), graph}, reference, rows_last(nearly)),
              HasSubstr("its predictions are 0.20 close"));
  EXPECT_THAT(objection_to({says(std::nullopt), graph}, reference, rows_last(noisy)),
              HasSubstr("output 'y', scores (channels 4 to 8 of axis 2), differs"));
  EXPECT_NE(objection_to({says(0.9), graph}, reference, rows_last(without_scores)), "")
      << "a dead channel is refused whatever predictions say";
}

TEST(CompareOutputs, counts_where_whole_numbers_differ) {
  const auto classes = [](std::int64_t every) {
    Tensor made(DataType::i64, {1, 20, 20});
    for (std::int64_t i = 0; i < made.elements(); ++i)
      made.data<std::int64_t>()[i] = i % every == 0 ? 5 : i % 3;
    return made;
  };
  const std::vector<TensorInfo> infos{{"map", DataType::i64, {}}};
  const auto compared = [&](const Tensor& a, const Tensor& b) {
    return OutputComparison().compare(infos, one(a.clone()), one(b.clone()));
  };
  const Comparison near = compared(classes(400), classes(20));
  EXPECT_NEAR(near.outputs.at(0).differing_share.value(), 0.05, 0.01);
  EXPECT_EQ(objection(near, kLeastDb), "");
  EXPECT_NE(objection(compared(classes(400), classes(1)), kLeastDb), "");
}

}  // namespace
}  // namespace tamis
