#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "backends/tiny_models.h"
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

TEST_F(Fake, reads_onnx_files) {
  for (const TinyModel& tiny : tiny_models()) {
    SCOPED_TRACE(tiny.name);
    save_file(folder_.path() / "tiny.onnx", tiny.bytes);
    OpenRequest request;
    request.model = folder_.path() / "tiny.onnx";
    request.settings.backend = "fake";
    for (const TinyTensor& input : tiny.inputs) request.input_shapes.push_back(input.shape);
    auto session = find_backend("fake")->open(request);
    ASSERT_EQ(session->inputs().size(), tiny.inputs.size());
    ASSERT_EQ(session->outputs().size(), tiny.outputs.size());
    for (std::size_t i = 0; i < tiny.inputs.size(); ++i)
      EXPECT_EQ(session->inputs()[i].type, tiny.inputs[i].type);
  }
}

TEST_F(Fake, refuses_what_is_no_model) {
  for (const std::string& bytes :
       {std::string("xyz"), std::string("\x3a\xff\xff\x03"), std::string()}) {
    save_file(folder_.path() / "bad.onnx", std::string_view(bytes));
    OpenRequest request;
    request.model = folder_.path() / "bad.onnx";
    request.settings.backend = "fake";
    EXPECT_THROW(find_backend("fake")->open(request), Error);
  }
}

TEST_F(Fake, behaves_as_the_script_says_for_its_settings) {
  save_file(folder_.path() / "script.json", std::string_view(R"([
    {"threads": 2, "behaviour": {"open_fails": "two threads"}},
    {"operator": "Nonexistent", "behaviour": {"open_fails": "operator"}},
    {"behaviour": {"latency_us": 0, "fail_at": 1}}])"));
  ::setenv("TAMIS_FAKE_SCRIPT", (folder_.path() / "script.json").c_str(), 1);
  auto session = open(Json::object());
  auto x = make_tensors(session->inputs());
  auto y = make_tensors(session->outputs());
  EXPECT_THROW(session->run(x, y), Error);
  EXPECT_NO_THROW(open({{"fail_at", 100}})->run(x, y));  // its own options come over the script's
  OpenRequest request;
  request.model = folder_.path() / "model.json";
  request.settings.backend = "fake";
  request.settings.threads = 2;
  request.input_shapes = {{2, 4}};
  EXPECT_THROW(find_backend("fake")->open(request), Error);
  ::unsetenv("TAMIS_FAKE_SCRIPT");
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
