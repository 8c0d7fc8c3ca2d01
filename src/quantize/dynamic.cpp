#include "quantize/dynamic.h"

#include <map>
#include <utility>

#include "quantize/affine.h"
#include "quantize/products.h"

namespace tamis {

namespace {

class DynamicWriter {
 public:
  explicit DynamicWriter(Graph& graph) : graph_(graph) {}

  void write(const ConstantProduct& product) {
    const Activation a = activation(product.node->input(0));
    const Weights w = weights(product);
    const std::string name = product.node->name();
    const std::string output = product.node->output(0);
    graph_.erase_node(*product.node);

    const std::string sums = add("MatMulInteger", {a.u8, w.s8, a.zero_point}, name, {});
    const std::string scale = add("Mul", {a.scale, w.scale}, name + "/scale", {});
    const std::string whole = graph_.unique_value_name(output + "_f32");
    onnx::NodeProto& cast =
        graph_.add_node({"Cast", {sums}, {whole}, graph_.unique_node_name(name + "/Cast")});
    set_attribute(cast, "to", std::int64_t{onnx::TensorProto::FLOAT});
    if (product.bias.empty()) {
      add("Mul", {whole, scale}, name + "/Mul", output);
    } else {
      const std::string scaled = add("Mul", {whole, scale}, name + "/Mul", {});
      add("Add", {scaled, product.bias}, name + "/Add", output);
    }
  }

 private:
  struct Activation {
    std::string u8, scale, zero_point;
  };
  struct Weights {
    std::string s8, scale;
  };

  std::string add(const char* op, const std::vector<std::string>& inputs, const std::string& name,
                  const std::string& output) {
    const std::string made = output.empty() ? graph_.unique_value_name(name + "_" + op) : output;
    return graph_.add_node({op, inputs, {made}, graph_.unique_node_name(name)}).output(0);
  }

  const Activation& activation(const std::string& value) {
    const auto [at, fresh] = activations_.try_emplace(value);
    if (fresh) {
      at->second = {graph_.unique_value_name(value + "_u8"),
                    graph_.unique_value_name(value + "_scale"),
                    graph_.unique_value_name(value + "_zero_point")};
      graph_.add_node({"DynamicQuantizeLinear",
                       {value},
                       {at->second.u8, at->second.scale, at->second.zero_point},
                       graph_.unique_node_name(value + "/DynamicQuantizeLinear")});
    }
    return at->second;
  }

  const Weights& weights(const ConstantProduct& product) {
    const auto [at, fresh] = weights_.try_emplace({product.weights, product.transposed});
    if (fresh) {
      const QuantisedWeights q = quantise_weights(
          weights_of(graph_, product, false), {product.k, product.n, 1}, {.sums = {product.k, 1}});
      const auto k = static_cast<std::int64_t>(product.k);
      const auto n = static_cast<std::int64_t>(product.n);
      at->second.s8 = graph_.add_initializer(product.weights + "_s8", {k, n},
                                             std::span<const std::int8_t>(q.values));
      at->second.scale =
          graph_.add_initializer(at->second.s8 + "_scale", {n}, std::span<const float>(q.scales));
    }
    return at->second;
  }

  Graph& graph_;
  std::map<std::string, Activation> activations_;
  std::map<std::pair<std::string, bool>, Weights> weights_;
};

}  // namespace

QuantizeReport quantize_dynamic(Graph& graph) {
  const ProductForm form{"int8-dynamic",
                         "ConvInteger, its dynamic form, is slower than a float convolution"};
  return quantise_products(graph, form, [](Graph& work, const auto& products) {
    DynamicWriter writer(work);
    for (const ConstantProduct& product : products) writer.write(product);
  });
}

}  // namespace tamis
