#include "passes/input_u8.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "graph/attributes.h"
#include "graph/tensor_data.h"

namespace tamis {
namespace {

using Integers = std::vector<std::int64_t>;

constexpr int kLevels = 256;

/// The caller's arithmetic in f32, as prepare_picture() does it.
float normalised(const PixelForm& form, std::size_t channel, int level) {
  return (static_cast<float>(level) / static_cast<float>(form.scale) -
          static_cast<float>(form.mean[channel])) /
         static_cast<float>(form.std[channel]);
}

/// y = saturate(round_half_even(x / scale) + zero_point), the definition of QuantizeLinear.
bool keeps_pixels(const Graph& graph, const onnx::NodeProto& quantize, const PixelForm& form) {
  const onnx::TensorProto* scale = graph.constant(quantize.input(1));
  const onnx::TensorProto* zero =
      quantize.input_size() > 2 ? graph.constant(quantize.input(2)) : nullptr;
  if (scale == nullptr || zero == nullptr || zero->data_type() != onnx::TensorProto::UINT8 ||
      !scalar(*scale) || !scalar(*zero))
    return false;
  const auto step = static_cast<float>(*scalar(*scale));
  for (std::size_t c = 0; c < form.mean.size(); ++c)
    for (int level = 0; level < kLevels; ++level)
      if (std::nearbyint(normalised(form, c, level) / step) + *scalar(*zero) != level) return false;
  return true;
}

bool is_padded(const onnx::NodeProto& conv) {
  const Integers pads = ints_attribute(conv, "pads").value_or(Integers());
  const std::string automatic = string_attribute(conv, "auto_pad").value_or("NOTSET");
  return std::any_of(pads.begin(), pads.end(), [](std::int64_t p) { return p != 0; }) ||
         (automatic != "NOTSET" && automatic != "VALID");
}

/// A convolution that reads `value` alone and whose weights (and bias) can be written anew.
const onnx::NodeProto* foldable_conv(const Graph& graph, const std::string& value) {
  const onnx::NodeProto* conv = graph.only_consumer(value);
  if (conv == nullptr || !is_op(*conv, "Conv") || conv->input(0) != value) return nullptr;
  const onnx::TensorProto* weights = graph.constant(conv->input(1));
  if (weights == nullptr || weights->data_type() != onnx::TensorProto::FLOAT) return nullptr;
  const bool has_bias = conv->input_size() > 2 && !conv->input(2).empty();
  const onnx::TensorProto* bias = has_bias ? graph.constant(conv->input(2)) : nullptr;
  if (has_bias && (bias == nullptr || bias->data_type() != onnx::TensorProto::FLOAT))
    return nullptr;
  return int_attribute(*conv, "group").value_or(1) == 1 ? conv : nullptr;
}

/// What stands between the input and the first node that computes.
struct Start {
  const onnx::NodeProto* quantize = nullptr;  ///< keeps every pixel as it is
  const onnx::NodeProto* deep = nullptr;      ///< SpaceToDepth of 2, reads what is before it alone
  const onnx::NodeProto* conv = nullptr;      ///< float, can take the normalisation in
  std::string value;                          ///< behind quantize and deep
};

Start look(const Graph& graph, const PixelForm& form) {
  const TensorInfo x = graph.inputs().front();
  Start start;
  start.value = x.name;
  const onnx::NodeProto* first = graph.only_consumer(x.name);
  if (first != nullptr && is_op(*first, "QuantizeLinear") && first->input(0) == x.name &&
      keeps_pixels(graph, *first, form)) {
    start.quantize = first;
    start.value = first->output(0);
  }
  const onnx::NodeProto* deep = graph.only_consumer(start.value);
  if (deep != nullptr && is_op(*deep, "SpaceToDepth") && int_attribute(*deep, "blocksize") == 2 &&
      x.shape[2] && x.shape[3]) {
    start.deep = deep;
    start.value = deep->output(0);
  }
  if (start.quantize != nullptr) return start;
  start.conv = foldable_conv(graph, start.value);
  if (start.conv != nullptr) return start;
  return {nullptr, nullptr, nullptr, x.name};
}

class Fold {
 public:
  Fold(Graph& graph, const PixelForm& form)
      : graph_(graph), form_(form), start_(look(graph, form)), x_(graph.inputs().front().name) {
    const auto shape = graph.inputs().front().shape;
    height_ = shape[2].value_or(0), width_ = shape[3].value_or(0);
    channels_ = static_cast<std::int64_t>(form.mean.size());
  }

  std::string run() {
    const std::vector<onnx::NodeProto*> users = graph_.consumers(start_.value);
    retype();
    const std::string pixels = form_.bgr ? reversed(x_) : x_;
    const std::string bytes =
        start_.deep != nullptr ? space_to_depth(pixels) : transposed(pixels, {0, 3, 1, 2});
    std::string how = "the pixels are the quantised input";
    const std::string result = start_.quantize != nullptr ? bytes : in_float(cast(bytes), how);
    for (onnx::NodeProto* user : users)
      for (int i = 0; i < user->input_size(); ++i)
        if (user->input(i) == start_.value) graph_.set_input(*user, i, result);
    return how;
  }

 private:
  void retype() {
    for (auto& input : *graph_.graph().mutable_input()) {
      if (input.name() != x_) continue;
      auto& type = *input.mutable_type()->mutable_tensor_type();
      type.set_elem_type(onnx::TensorProto::UINT8);
      auto& dims = *type.mutable_shape()->mutable_dim();
      dims.SwapElements(1, 2);  // N H C W
      dims.SwapElements(2, 3);  // N H W C
      dims.Mutable(3)->set_dim_value(channels_);
    }
  }

  onnx::NodeProto& add(const std::string& op, const std::vector<std::string>& inputs) {
    return graph_.add_node({op,
                            inputs,
                            {graph_.unique_value_name(x_ + "_" + op)},
                            graph_.unique_node_name(x_ + "/" + op)});
  }

  std::string reversed(const std::string& pixels) {
    const std::array<std::int64_t, 3> order{2, 1, 0};
    const std::string indices =
        graph_.add_initializer(x_ + "_order", {3}, std::span<const std::int64_t>(order));
    onnx::NodeProto& gather = add("Gather", {pixels, indices});
    set_attribute(gather, "axis", std::int64_t{3});
    return gather.output(0);
  }

  std::string reshaped(const std::string& value, const Integers& shape) {
    const auto rank = static_cast<std::int64_t>(shape.size());
    const std::string wanted =
        graph_.add_initializer(x_ + "_shape", {rank}, std::span<const std::int64_t>(shape));
    return add("Reshape", {value, wanted}).output(0);
  }

  std::string transposed(const std::string& value, const Integers& order) {
    onnx::NodeProto& node = add("Transpose", {value});
    set_attribute(node, "perm", order);
    return node.output(0);
  }

  /// Blocks of 2x2 pixels to channels (place in the block, then channel), as SpaceToDepth has them.
  std::string space_to_depth(const std::string& pixels) {
    const std::int64_t rows = height_ / 2, columns = width_ / 2;
    const std::string blocks = reshaped(pixels, {0, rows, 2, columns, 2 * channels_});
    return reshaped(transposed(blocks, {0, 2, 4, 1, 3}), {0, 4 * channels_, rows, columns});
  }

  std::string cast(const std::string& bytes) {
    onnx::NodeProto& node = add("Cast", {bytes});
    set_attribute(node, "to", std::int64_t{onnx::TensorProto::FLOAT});
    return node.output(0);
  }

  std::string in_float(const std::string& floats, std::string& how) {
    if (start_.conv == nullptr) {
      how = "scale, mean and std as nodes";
      return as_nodes(floats);
    }
    const bool centred =
        std::any_of(form_.mean.begin(), form_.mean.end(), [](double m) { return m != 0; });
    const bool apart = centred && is_padded(*start_.conv);
    how = (apart ? "scale and std folded into " : "folded into ") + describe(*start_.conv);
    // Looked at in this very graph.
    write_weights(const_cast<onnx::NodeProto&>(*start_.conv), centred && !apart);
    return apart ? centre(floats) : floats;
  }

  std::string per_channel(const std::string& hint, const std::vector<double>& values) {
    const std::vector<float> rounded(values.begin(), values.end());
    return graph_.add_initializer(x_ + hint, {static_cast<std::int64_t>(values.size()), 1, 1},
                                  std::span<const float>(rounded));
  }

  std::string centre(const std::string& value) {
    std::vector<double> means;
    for (int repeat = 0; repeat < (start_.deep != nullptr ? 4 : 1); ++repeat)
      for (double mean : form_.mean) means.push_back(mean * form_.scale);
    return add("Sub", {value, per_channel("_mean", means)}).output(0);
  }

  std::string as_nodes(std::string value) {
    const auto differs = [](const std::vector<double>& values, double usual) {
      return std::any_of(values.begin(), values.end(), [&](double v) { return v != usual; });
    };
    const auto apply = [&](const std::string& op, const std::string& operand) {
      value = add(op, {value, operand}).output(0);
    };
    if (form_.scale != 1) apply("Div", per_channel("_scale", {form_.scale}));
    if (differs(form_.mean, 0)) apply("Sub", per_channel("_mean", form_.mean));
    if (differs(form_.std, 1)) apply("Div", per_channel("_std", form_.std));
    return value;
  }

  /// W' = W / (scale·std), and with `centred` b' = b − Σ W·mean/std. After a SpaceToDepth the
  /// picture's channel is the last part of a channel's number.
  void write_weights(onnx::NodeProto& conv, bool centred) {
    const onnx::TensorProto& tensor = *graph_.constant(conv.input(1));
    const Shape shape = shape_of(tensor);
    std::vector<double> weights = doubles(tensor);
    const auto outputs = static_cast<std::size_t>(shape[0]);
    const auto inputs = static_cast<std::size_t>(shape[1]);
    const std::size_t taps = weights.size() / (outputs * inputs);
    const bool has_bias = conv.input_size() > 2 && !conv.input(2).empty();
    std::vector<double> bias(outputs, 0.0);
    if (has_bias) bias = doubles(*graph_.constant(conv.input(2)));
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const std::size_t c = i / taps % inputs % form_.mean.size();
      bias[i / (taps * inputs)] -= weights[i] / form_.std[c] * form_.mean[c];
      weights[i] /= form_.std[c] * form_.scale;
    }
    graph_.set_input(conv, 1, in_f32(conv.input(1) + "_pixels", shape, weights));
    if (!centred) return;
    const std::string name = in_f32(x_ + "_bias", {shape[0]}, bias);
    has_bias ? graph_.set_input(conv, 2, name) : graph_.add_input(conv, name);
  }

  std::string in_f32(const std::string& name, const Shape& shape,
                     const std::vector<double>& values) {
    return graph_.add_initializer(make_tensor(name, onnx::TensorProto::FLOAT, shape, values));
  }

  Graph& graph_;
  const PixelForm& form_;
  Start start_;
  std::string x_;
  std::int64_t height_ = 0, width_ = 0, channels_ = 0;
};

}  // namespace

std::string input_u8_reason(const Graph& graph) {
  const std::vector<TensorInfo> inputs = graph.inputs();
  if (inputs.size() != 1) return "the model has several inputs";
  const TensorInfo& x = inputs.front();
  if (x.type != DataType::f32) return "its input is " + std::string(to_text(x.type)) + ", not f32";
  const bool planes = x.shape.size() == 4 && (!x.shape[1] || x.shape[1] == 1 || x.shape[1] == 3);
  if (!planes) return "its input is not an image [N,C,H,W]";
  if (graph.is_output(x.name)) return "its input is an output too";
  return {};
}

std::string take_u8_pictures(Graph& graph, const PixelForm& form) {
  const std::string how = Fold(graph, form).run();
  graph.sort();
  graph.remove_dead();
  graph.infer_shapes();
  return how;
}

}  // namespace tamis
