#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "backends/open.h"
#include "backends/tiny_models.h"
#include "base/error.h"
#include "support/needs.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

struct Variant {
  const char* name;
  const char* backend;
  std::optional<std::string> precision{};
};
const Variant kVariants[] = {
    {"ort", "ort"}, {"openvino_f32", "openvino", "f32"}, {"openvino_bf16", "openvino", "bf16"}};

/// Allowed difference from onnx.reference: of a model where it has a row of its own, else of the
/// precision. qdq: one step of its output scale (a value on the border may round either way).
double tolerance(const std::string& model, const std::optional<std::string>& precision) {
  if (model == "qdq") return 1.0 / 16 + 1e-6;
  if (model == "arg_max") return 0;
  return precision == "bf16" ? 0.05 : 1e-5;
}

double value_at(const Tensor& t, std::size_t i) {
  switch (t.type()) {
    case DataType::u8:
      return t.data<std::uint8_t>()[i];
    case DataType::i64:
      return static_cast<double>(t.data<std::int64_t>()[i]);
    default:
      return t.data<float>()[i];
  }
}

void fill(Tensor& t, const std::vector<double>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (t.type() == DataType::u8)
      t.data<std::uint8_t>()[i] = static_cast<std::uint8_t>(values[i]);
    else
      t.data<float>()[i] = static_cast<float>(values[i]);
  }
}

void expect_reference(Session& session, const TinyModel& model, double allowed) {
  std::vector<Tensor> inputs = make_tensors(session.inputs());
  std::vector<Tensor> outputs = make_tensors(session.outputs());
  ASSERT_EQ(inputs.size(), model.inputs.size());
  ASSERT_EQ(outputs.size(), model.outputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) fill(inputs[i], model.inputs[i].values);
  for (int twice = 0; twice < 2; ++twice) {
    session.run(inputs, outputs);
    for (std::size_t o = 0; o < outputs.size(); ++o) {
      const TinyTensor& wanted = model.outputs[o];
      ASSERT_EQ(outputs[o].type(), wanted.type);
      ASSERT_EQ(outputs[o].shape(), wanted.shape);
      for (std::size_t i = 0; i < wanted.values.size(); ++i)
        ASSERT_NEAR(value_at(outputs[o], i), wanted.values[i], allowed)
            << "output " << o << " at " << i;
    }
  }
}

/// Absent where the device does not say that it has the precision.
bool has_precision(const Variant& variant) {
  if (variant.precision != "bf16") return true;
  const auto devices = find_backend(variant.backend)->probe({.backend = variant.backend}).devices;
  const auto& can = devices.at(0).capabilities;
  return std::find(can.begin(), can.end(), *variant.precision) != can.end();
}

class EachVariant : public ::testing::TestWithParam<Variant> {};

TEST_P(EachVariant, gives_what_onnx_reference_gives) {
  const Variant& variant = GetParam();
  TAMIS_NEEDS_RUNTIME(variant.backend);
  if (!has_precision(variant)) GTEST_SKIP() << "this CPU has no " << *variant.precision;
  for (const TinyModel& model : tiny_models()) {
    SCOPED_TRACE(model.name);
    auto session = open_tiny(variant.backend, model, [&](OpenRequest& request) {
      request.settings.inference_precision = variant.precision;
    });
    expect_reference(*session, model, tolerance(model.name, variant.precision));
  }
}

INSTANTIATE_TEST_SUITE_P(Conformance, EachVariant, ::testing::ValuesIn(kVariants),
                         [](const auto& row) { return row.param.name; });

TEST(Conformance, every_graph_level_of_ort_gives_the_same) {
  TAMIS_NEEDS_RUNTIME("ort");
  for (const char* level : {"disable", "basic", "extended", "all"})
    for (const TinyModel& model : tiny_models()) {
      SCOPED_TRACE(model.name + " at level " + level);
      auto session = open_tiny("ort", model,
                               [&](OpenRequest& request) { request.settings.graph_level = level; });
      expect_reference(*session, model, tolerance(model.name, std::nullopt));
    }
}

class EachBackend : public ::testing::TestWithParam<std::string> {};

TEST_P(EachBackend, probed_thoroughly_is_compared_with_the_reference) {
  TAMIS_NEEDS_RUNTIME(GetParam());
  const Availability found = probe_thoroughly(*find_backend(GetParam()), {.backend = GetParam()});
  EXPECT_TRUE(found.ok()) << found.reason();
  EXPECT_EQ(found.steps.back().name, "reference");
}

INSTANTIATE_TEST_SUITE_P(Conformance, EachBackend, ::testing::ValuesIn(backend_names()));

/// What a session of two threads offers.
struct Offers {
  const char* backend;
  bool siblings, asynchronous, engine_export;
};
const Offers kOffers[] = {
    {"ort", true, true, false}, {"openvino", true, true, true}, {"fake", true, false, false}};

class EachOffer : public ::testing::TestWithParam<Offers> {
 protected:
  void SetUp() override {
    ::setenv("TAMIS_ENABLE_FAKE_BACKEND", "1", 1);
    TAMIS_NEEDS_RUNTIME(GetParam().backend);
  }
  void TearDown() override { ::unsetenv("TAMIS_ENABLE_FAKE_BACKEND"); }

  std::unique_ptr<Session> open(int threads = 2, bool profile = false) {
    auto session = open_tiny(GetParam().backend, model_, [&](OpenRequest& request) {
      request.settings.threads = threads;
      request.profile = profile;
    });
    inputs_ = make_tensors(session->inputs());
    fill(inputs_[0], model_.inputs[0].values);
    expected_ = make_tensors(session->outputs());
    session->run(inputs_, expected_);
    return session;
  }

  void expect_the_same(const std::vector<Tensor>& outputs) const {
    ASSERT_EQ(outputs.size(), expected_.size());
    for (std::size_t i = 0; i < outputs.size(); ++i)
      EXPECT_EQ(std::memcmp(outputs[i].raw(), expected_[i].raw(), expected_[i].bytes()), 0);
  }

  template <typename Work>
  static std::string failure(Work&& work) {
    try {
      work();
    } catch (const Error& error) {
      return std::string(to_text(error.code())) + ": " + error.what();
    }
    return "no error";
  }

  TinyModel model_ = tiny_model("gemm_softmax");
  std::vector<Tensor> inputs_, expected_;
};
INSTANTIATE_TEST_SUITE_P(Conformance, EachOffer, ::testing::ValuesIn(kOffers),
                         [](const auto& row) { return std::string(row.param.backend); });

TEST_P(EachOffer, is_there_or_null_as_its_row_says) {
  const auto session = open();
  EXPECT_EQ(session->siblings() != nullptr, GetParam().siblings);
  EXPECT_EQ(session->asynchronous() != nullptr, GetParam().asynchronous);
  EXPECT_EQ(session->engine_export() != nullptr, GetParam().engine_export);
  EXPECT_EQ(session->profiling(), nullptr);
  EXPECT_TRUE(profile_of(*session).is_null());
}

TEST_P(EachOffer, says_what_opening_cost_and_gave) {
  const auto session = open();
  EXPECT_GE(session->opened().load_ms, 0);
  EXPECT_GE(session->opened().compile_ms, 0);
  EXPECT_EQ(session->opened().effective.at("threads"), 2);
}

TEST_P(EachOffer, profiles_where_that_was_asked_for) {
  const auto session = open(2, true);
  ASSERT_NE(session->profiling(), nullptr);
  const Json layers = session->profiling()->profile();
  ASSERT_FALSE(layers.empty());
  for (const char* key : {"name", "type", "precision", "us"}) EXPECT_TRUE(layers[0].contains(key));
}

TEST_P(EachOffer, siblings_answer_alike_and_outlive_the_first) {
  auto session = open();
  if (session->siblings() == nullptr) return;  // as its row says
  const auto other = session->siblings()->another();
  session.reset();
  std::vector<Tensor> outputs = make_tensors(other->outputs());
  other->run(inputs_, outputs);
  expect_the_same(outputs);
  EXPECT_EQ(other->siblings() != nullptr, GetParam().siblings);
  EXPECT_EQ(other->asynchronous() != nullptr, GetParam().asynchronous);
}

TEST_P(EachOffer, asynchronous_requests_fill_the_callers_buffers) {
  const auto session = open();
  Asynchronous* requests = session->asynchronous();
  if (requests == nullptr) return;  // as its row says
  for (int i = 0; i < 20; ++i) {
    std::vector<Tensor> outputs = make_tensors(session->outputs());
    requests->start(inputs_, outputs);
    requests->wait();
    expect_the_same(outputs);
  }
  session->run(inputs_, expected_);
}

TEST_P(EachOffer, one_request_is_in_flight_at_a_time) {
  auto session = open();
  Asynchronous* requests = session->asynchronous();
  if (requests == nullptr) return;  // as its row says
  std::vector<Tensor> outputs = make_tensors(session->outputs()),
                      others = make_tensors(session->outputs());
  EXPECT_THAT(failure([&] { requests->wait(); }), HasSubstr("no request is in flight"));
  requests->start(inputs_, outputs);
  const std::string text = "invalid_argument: run model: a request of this session is in flight";
  EXPECT_THAT(failure([&] { session->run(inputs_, others); }), HasSubstr(text));
  EXPECT_THAT(failure([&] { requests->start(inputs_, others); }), HasSubstr(text));
  requests->wait();
  expect_the_same(outputs);
  requests->start(inputs_, outputs);
  session.reset();  // waits for it
  expect_the_same(outputs);
}

TEST_P(EachOffer, siblings_have_requests_in_flight_side_by_side) {
  const auto session = open();
  if (!GetParam().siblings || !GetParam().asynchronous) return;
  const auto other = session->siblings()->another();
  std::vector<Tensor> a = make_tensors(session->outputs()), b = make_tensors(session->outputs());
  session->asynchronous()->start(inputs_, a);
  other->asynchronous()->start(inputs_, b);
  other->asynchronous()->wait();
  session->asynchronous()->wait();
  expect_the_same(a);
  expect_the_same(b);
}

TEST_P(EachOffer, exports_the_engine_as_a_file) {
  const auto session = open();
  if (session->engine_export() == nullptr) return;  // as its row says
  TemporaryFolder folder("tamis-engine");
  session->engine_export()->export_engine(folder.path() / "engine");
  EXPECT_GT(std::filesystem::file_size(folder.path() / "engine"), 0U);
  EXPECT_THAT(failure([&] { session->engine_export()->export_engine("/nowhere/engine"); }),
              HasSubstr("backend_failed: export the compiled model"));
}

TEST_P(EachOffer, refuses_memory_that_it_does_not_read) {
  const auto session = open();
  std::vector<Tensor> outputs = make_tensors(session->outputs()), far, far_out;
  far.push_back(Tensor::view(MemoryKind::device, inputs_[0].type(), inputs_[0].shape(), nullptr));
  far_out.push_back(
      Tensor::view(MemoryKind::device, outputs[0].type(), outputs[0].shape(), nullptr));
  EXPECT_THAT(failure([&] { session->run(far, outputs); }),
              HasSubstr("unsupported: run model: tensor " + session->inputs()[0].name +
                        " is in device memory, which this backend does not read"));
  EXPECT_THAT(failure([&] { session->run(inputs_, far_out); }), HasSubstr("unsupported: "));
  if (Asynchronous* requests = session->asynchronous()) {
    EXPECT_THAT(failure([&] { requests->start(far, outputs); }), HasSubstr("unsupported: "));
    EXPECT_THAT(failure([&] { requests->wait(); }), HasSubstr("no request is in flight"));
  }
  session->run(inputs_, outputs);
  expect_the_same(outputs);
}

TEST(Conformance, a_session_of_ort_with_one_thread_has_none_to_run_requests_in) {
  TAMIS_NEEDS_RUNTIME("ort");
  const auto session = open_tiny("ort", tiny_model("gemm_softmax"),
                                 [](OpenRequest& request) { request.settings.threads = 1; });
  EXPECT_EQ(session->asynchronous(), nullptr);
}

}  // namespace
}  // namespace tamis
