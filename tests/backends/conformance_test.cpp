#include <gtest/gtest.h>

#include <cmath>

#include "backends/open.h"
#include "backends/tiny_models.h"

namespace tamis {
namespace {

struct Variant {
  const char* backend;
  std::optional<std::string> precision;
};

std::vector<Variant> variants() {
  return {{"ort", std::nullopt}, {"openvino", "f32"}, {"openvino", "bf16"}};
}

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

TEST(Conformance, every_backend_gives_what_onnx_reference_gives) {
  int ran = 0;
  for (const Variant& variant : variants()) {
    Availability found = find_backend(variant.backend)->probe({.backend = variant.backend});
    bool able = found.ok();
    if (variant.precision == "bf16")
      able = able && !found.devices.empty() &&
             std::count(found.devices[0].capabilities.begin(), found.devices[0].capabilities.end(),
                        "bf16");
    if (!able) continue;
    ++ran;
    for (const TinyModel& model : tiny_models()) {
      SCOPED_TRACE(model.name + " on " + variant.backend + " " +
                   variant.precision.value_or("default"));
      auto session = open_tiny(variant.backend, model, [&](OpenRequest& request) {
        request.settings.inference_precision = variant.precision;
      });
      expect_reference(*session, model, tolerance(model.name, variant.precision));
    }
  }
  if (ran == 0) GTEST_SKIP() << "no backend available";
}

TEST(Conformance, every_graph_level_of_ort_gives_the_same) {
  TAMIS_SKIP_WITHOUT("ort");
  for (const char* level : {"disable", "basic", "extended", "all"})
    for (const TinyModel& model : tiny_models()) {
      SCOPED_TRACE(model.name + " at level " + level);
      auto session = open_tiny("ort", model,
                               [&](OpenRequest& request) { request.settings.graph_level = level; });
      expect_reference(*session, model, tolerance(model.name, std::nullopt));
    }
}

TEST(Conformance, probing_thoroughly_compares_with_the_reference) {
  for (const std::string& name : backend_names()) {
    auto backend = find_backend(name);
    Availability found = probe_thoroughly(*backend, {.backend = name});
    if (!backend->probe({.backend = name}).ok()) continue;
    EXPECT_TRUE(found.ok()) << found.reason();
    EXPECT_EQ(found.steps.back().name, "reference");
  }
}

}  // namespace
}  // namespace tamis
