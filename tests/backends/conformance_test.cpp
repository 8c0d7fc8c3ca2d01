#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "backends/open.h"
#include "backends/tiny_models.h"
#include "support/needs.h"

namespace tamis {
namespace {

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

}  // namespace
}  // namespace tamis
