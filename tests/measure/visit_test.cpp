#include "measure/visit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/error.h"
#include "measure/visitor.h"
#include "support/fake.h"

namespace tamis {
namespace {

/// Picture i is grey, of the value i; the first cannot be read.
class Greys : public Dataset {
 public:
  explicit Greys(int count) {
    for (int i = 0; i < count; ++i) items_.push_back({std::to_string(i), {}, {}, {}});
  }
  Picture load_picture(std::size_t i) const override {
    if (i == 0) throw Error(ErrorCode::corrupt_data, "0: cannot be decoded");
    return {8, 8, 1, std::vector<std::uint8_t>(64, static_cast<std::uint8_t>(i))};
  }
  std::string content_hash(std::size_t i) const override { return std::to_string(i); }
};

class Visits : public ::testing::Test {
 protected:
  ExecuteRequest batched(int batch) const {
    save_file(fake_.folder() / "open.json", std::string_view(R"({"fake_model": 1,
      "answers": "mean", "inputs": [{"name": "x", "type": "f32", "shape": [null, 1, 8, 8]}],
      "outputs": [{"name": "y", "type": "f32", "shape": [null, 5]}]})"));
    ExecuteRequest request = fake_.request({{"latency_us", 50}}, testing::FakeBackend::card());
    request.model = fake_.folder() / "open.json";
    request.settings.batch = batch;
    return request;
  }

  static std::vector<std::size_t> all(std::size_t count) {
    std::vector<std::size_t> items(count);
    std::iota(items.begin(), items.end(), std::size_t{0});
    return items;
  }

  /// The greys of each request's pictures.
  static std::vector<std::vector<long>> greys(const MeasureInputs& inputs) {
    std::vector<std::vector<long>> found;
    for (const Batch& batch : inputs.batches) {
      found.emplace_back();
      for (std::int64_t n = 0; n < batch.pictures().shape().at(0); ++n)
        found.back().push_back(std::lround(batch.pictures().data<float>()[64 * n] * 255));
    }
    return found;
  }

  testing::FakeBackend fake_;
};

using Greyness = std::vector<std::vector<long>>;

TEST_F(Visits, feed_a_batch_with_different_pictures) {
  OpenedModel model(batched(3));
  Greys data(20);
  auto items = all(20);
  EXPECT_EQ(greys(prepare_inputs(model, data, items, 4)),
            (Greyness{{1, 2, 3}, {2, 3, 4}, {3, 4, 1}, {4, 1, 2}}));
  EXPECT_EQ(items, (std::vector<std::size_t>{1, 2, 3, 4}));
}

TEST_F(Visits, take_as_many_pictures_as_a_request_holds) {
  OpenedModel model(batched(6));
  Greys data(20);
  auto items = all(20);
  EXPECT_EQ(greys(prepare_inputs(model, data, items, 2)),
            (Greyness{{1, 2, 3, 4, 5, 6}, {2, 3, 4, 5, 6, 1}}));
  EXPECT_EQ(items.size(), 6U);
  auto few = all(3);
  EXPECT_EQ(greys(prepare_inputs(model, data, few, 4)),
            (Greyness{{1, 2, 1, 2, 1, 2}, {2, 1, 2, 1, 2, 1}}));
}

TEST_F(Visits, feed_one_picture_at_a_time_without_a_batch) {
  OpenedModel model(batched(1));
  Greys data(20);
  auto items = all(20);
  EXPECT_EQ(greys(prepare_inputs(model, data, items, 4)), (Greyness{{1}, {2}, {3}, {4}}));
}

TEST_F(Visits, fill_a_batch_anew_from_its_own_pictures) {
  ExecuteRequest request = batched(3);
  request.from_pixels = true;
  OpenedModel model(request);
  Greys data(20);
  auto items = all(20);
  const MeasureInputs inputs = prepare_inputs(model, data, items, 2);
  ASSERT_EQ(inputs.pictures.size(), 2U);
  Batch batch = inputs.batches[0].clone();
  EXPECT_GT(model.run_from_pixels(inputs.pictures[1], batch).prepare_ns, 0);
  EXPECT_FLOAT_EQ(batch.pictures().data<float>()[64], 3.0F / 255);
  EXPECT_GT(Visitor(model, inputs, 0).run().prepare_ns, 0);
}

TEST_F(Visits, time_a_batch_of_files_as_one_request) {
  OpenedModel model(batched(3));
  Greys data(20);
  EXPECT_EQ(time_from_file(model, data, {1, 2, 3, 4, 5}, 2).size(), 4U);
}

}  // namespace
}  // namespace tamis
