#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "runtime/backend.h"

namespace tamis {
namespace {

constexpr const char* kModel = R"({"fake_model": 1, "answers": "mean",
 "inputs": [{"name": "x", "type": "f32", "shape": [null, 4]}],
 "outputs": [{"name": "y", "type": "f32", "shape": [null, 10]}]})";

class Fake : public ::testing::Test {
 protected:
  void SetUp() override { ::setenv("TAMIS_ENABLE_FAKE_BACKEND", "1", 1); }
  void TearDown() override { ::unsetenv("TAMIS_ENABLE_FAKE_BACKEND"); }

  std::unique_ptr<Session> open(const Json& extra, std::int64_t items = 2) {
    OpenRequest request;
    request.model = folder_.path() / "model.json";
    save_file(request.model, std::string_view(kModel));
    request.settings.backend = "fake";
    request.settings.extra = extra;
    request.input_shapes = {{items, 4}};
    return find_backend("fake")->open(request);
  }

  TemporaryFolder folder_;
};

int class_of(const Tensor& y, std::int64_t item) {
  const float* row = y.data<float>() + item * 10;
  return static_cast<int>(std::max_element(row, row + 10) - row);
}

TEST_F(Fake, answers_by_the_mean_of_each_item) {
  auto session = open({{"latency_us", 0}});
  auto x = make_tensors(session->inputs());
  auto y = make_tensors(session->outputs());
  for (int i = 0; i < 4; ++i) x[0].data<float>()[4 + i] = 0.75F;
  session->run(x, y);
  EXPECT_EQ(class_of(y[0], 0), 0);
  EXPECT_EQ(class_of(y[0], 1), 7);
}

TEST_F(Fake, is_wrong_as_often_as_told) {
  auto session = open({{"latency_us", 0}, {"wrong", 0.25}}, 2000);
  auto x = make_tensors(session->inputs());
  auto y = make_tensors(session->outputs());
  for (int i = 0; i < 2000; ++i) x[0].data<float>()[4 * i] = static_cast<float>(i) * 1e-5F;
  session->run(x, y);
  int wrong = 0;
  for (int i = 0; i < 2000; ++i) wrong += class_of(y[0], i) == 1;
  EXPECT_NEAR(wrong, 500, 60);  // three standard deviations
}

TEST_F(Fake, takes_the_time_it_is_told) {
  auto session = open({{"latency_us", 3000}});
  auto x = make_tensors(session->inputs());
  auto y = make_tensors(session->outputs());
  std::int64_t start = now_ns();
  session->run(x, y);
  EXPECT_GE(seconds_since(start), 0.003);
}

TEST_F(Fake, fails_when_told) {
  auto session = open({{"latency_us", 0}, {"fail_at", 2}});
  auto x = make_tensors(session->inputs());
  auto y = make_tensors(session->outputs());
  session->run(x, y);
  EXPECT_THROW(session->run(x, y), Error);
  EXPECT_THROW(open({{"open_fails", "told to"}}), Error);
}

TEST_F(Fake, refuses_unknown_options) {
  try {
    open({{"latency", 5}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("unknown option latency"));
  }
}

TEST_F(Fake, is_available) {
  auto backend = find_backend("fake");
  RunSettings settings;
  settings.backend = "fake";
  Availability found = probe_thoroughly(*backend, settings);
  EXPECT_TRUE(found.ok()) << found.reason();
}

}  // namespace
}  // namespace tamis
