#include "eval/item_evaluator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>
#include <numeric>

#include "base/error.h"
#include "support/fake.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

/// Pictures of growing brightness; those of `broken` cannot be read.
class Brightness : public Dataset {
 public:
  using Dataset::items_;
  explicit Brightness(int count) {
    for (int i = 0; i < count; ++i) {
      items_.push_back({"picture-" + std::to_string(i), {}, {}, {}});
      items_.back().truth.label = i % 5;
    }
  }
  Picture load_picture(std::size_t i) const override {
    if (i == broken) throw Error(ErrorCode::corrupt_data, items_[i].id + ": cannot be decoded");
    if (i == vast) throw std::bad_alloc();
    auto grey = static_cast<std::uint8_t>(i * 37 % 256);
    return {6, 9, 1, std::vector<std::uint8_t>(54, grey)};
  }
  std::string content_hash(std::size_t i) const override { return std::to_string(i); }

  std::optional<std::size_t> broken, vast;
};

std::vector<std::size_t> backwards(std::size_t count) {
  std::vector<std::size_t> order(count);
  std::iota(order.rbegin(), order.rend(), std::size_t{0});
  return order;
}

/// Of one picture, opened, prepared, inferred and decoded by itself.
ItemRecord record_of(OpenedModel& model, const Dataset& data, std::size_t item) {
  const Picture picture = data.load_picture(item);
  Batch batch = model.make_batch();
  model.prepare({&picture, 1}, batch);
  BatchOutputs outputs = model.make_outputs();
  model.infer(batch, outputs);
  std::vector<Prediction> predictions;
  model.decode(batch, outputs, predictions);
  return {data.items()[item].id, data.items()[item].truth, predictions.at(0)};
}

class Evaluate : public ::testing::Test {
 protected:
  OpenedModel open(Json behaviour = {{"latency_us", 50}}) const {
    return OpenedModel(fake_.request(behaviour, testing::FakeBackend::card()));
  }
  /// The same model with an open first dimension, `batch` pictures in a request.
  ExecuteRequest batched(int batch, Json behaviour = {{"latency_us", 50}}) const {
    save_file(fake_.folder() / "open.json", std::string_view(R"({"fake_model": 1,
      "answers": "mean", "inputs": [{"name": "x", "type": "f32", "shape": [null, 1, 8, 8]}],
      "outputs": [{"name": "y", "type": "f32", "shape": [null, 5]}]})"));
    ExecuteRequest request = fake_.request(behaviour, testing::FakeBackend::card());
    request.model = fake_.folder() / "open.json";
    request.settings.batch = batch;
    return request;
  }
  testing::FakeBackend fake_;
};

TEST_F(Evaluate, equals_a_slow_loop_in_the_order_asked_for) {
  OpenedModel model = open();
  Brightness data(40);
  std::vector<std::string> slow;
  for (std::size_t i : backwards(40)) {
    slow.push_back(to_json(record_of(model, data, i)).dump());
  }
  std::vector<std::string> found;
  ItemEvaluator evaluator(model, data, backwards(40));
  for (bool done = false; !done;) {
    EvaluatedItems items = evaluator.next(7);
    for (const ItemRecord& record : items.records) found.push_back(to_json(record).dump());
    EXPECT_TRUE(items.bad.empty());
    EXPECT_GT(items.inference_s, 0);
    EXPECT_GE(items.wall_s, items.inference_s);
    done = items.done;
  }
  EXPECT_EQ(found, slow);
  EvaluatedItems after = evaluator.next(7);
  EXPECT_TRUE(after.done && after.records.empty());
}

TEST_F(Evaluate, names_bad_items_and_goes_on) {
  OpenedModel model = open();
  Brightness data(12);
  data.broken = 3;
  data.vast = 8;
  EvaluatedItems items = ItemEvaluator(model, data, backwards(12)).next(100);
  EXPECT_EQ(items.records.size(), 10U);
  ASSERT_EQ(items.bad.size(), 2U);
  EXPECT_EQ(items.bad[0].item, "picture-8");
  EXPECT_EQ(items.bad[1].item, "picture-3");
  EXPECT_THAT(items.bad[1].reason, HasSubstr("cannot be decoded"));
  EXPECT_TRUE(items.done);
}

TEST_F(Evaluate, refuses_labels_that_do_not_fit_before_running) {
  OpenedModel model = open();
  Brightness data(12);
  data.items_[4].truth.label = 5;
  try {
    ItemEvaluator evaluator(model, data, backwards(12));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::invalid_argument);
    EXPECT_THAT(e.what(), HasSubstr("picture-4"));
  }
  data.items_[4].truth.label.reset();
  EXPECT_THROW(ItemEvaluator(model, data, backwards(12)), Error);
}

TEST_F(Evaluate, a_runtime_that_fails_once_loses_that_item_only) {
  OpenedModel model = open({{"latency_us", 0}, {"fail_at", 5}});
  Brightness data(30);
  ItemEvaluator evaluator(model, data, backwards(30));
  EXPECT_THROW(evaluator.next(30), Error);
  EvaluatedItems rest = evaluator.next(30);
  EXPECT_EQ(rest.records.size(), 25U);
  EXPECT_TRUE(rest.done);
}

TEST_F(Evaluate, a_batch_gives_each_picture_its_own_result) {
  OpenedModel one = open(), four(batched(4));
  Brightness data(18);  // the last request is not full
  data.broken = 5;
  std::vector<std::string> slow, found, bad;
  for (std::size_t i : backwards(18))
    if (i != 5) slow.push_back(to_json(record_of(one, data, i)).dump());
  ItemEvaluator evaluator(four, data, backwards(18));
  for (bool done = false; !done;) {
    const EvaluatedItems items = evaluator.next(3);
    EXPECT_LE(items.records.size() + items.bad.size(), 3U);
    for (const ItemRecord& record : items.records) found.push_back(to_json(record).dump());
    for (const BadItem& item : items.bad) bad.push_back(item.item);
    done = items.done;
  }
  EXPECT_EQ(found, slow);
  EXPECT_EQ(bad, std::vector<std::string>{"picture-5"});
}

TEST_F(Evaluate, a_batch_that_fails_loses_its_items_only) {
  OpenedModel model(batched(4, {{"latency_us", 0}, {"fail_at", 2}}));
  Brightness data(12);
  ItemEvaluator evaluator(model, data, backwards(12));
  EXPECT_THROW(evaluator.next(12), Error);
  const EvaluatedItems rest = evaluator.next(12);
  EXPECT_EQ(rest.records.size(), 4U);  // what the failed call had so far went with it
  EXPECT_TRUE(rest.done);
}

TEST_F(Evaluate, can_be_left_at_any_point) {
  OpenedModel model = open();
  Brightness data(50);
  for (std::size_t taken : {0U, 1U, 20U, 50U}) {
    ItemEvaluator evaluator(model, data, backwards(50));
    EXPECT_EQ(evaluator.next(taken).records.size(), taken);
  }
}

TEST_F(Evaluate, an_empty_order_is_done_at_once) {
  OpenedModel model = open();
  Brightness data(3);
  EXPECT_TRUE(ItemEvaluator(model, data, {}).next(5).done);
}

}  // namespace
}  // namespace tamis
