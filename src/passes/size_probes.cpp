#include "passes/size_probes.h"

#include <onnx/defs/schema.h>
#include <onnx/shape_inference/implementation.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <numeric>
#include <unordered_map>

#include "graph/skeleton.h"
#include "graph/subgraphs.h"

namespace tamis {
namespace {

// Longer dimensions are taken for unknown, so that what is computed from them stays in 63 bits.
constexpr std::int64_t kLongest = std::int64_t{1} << 31;

/// A fraction in lowest terms, the divisor positive.
struct Fraction {
  std::int64_t over = 0, under = 1;

  static Fraction of(std::int64_t over, std::int64_t under) {
    const std::int64_t common = std::gcd(over, under);
    const std::int64_t sign = under < 0 ? -1 : 1;
    return {sign * over / common, sign * under / common};
  }
};

/// The least s for which s·s is a multiple of n.
std::int64_t root_stride(std::int64_t n) {
  std::int64_t s = 1;
  while (s * s % n != 0) ++s;
  return s;
}

std::int64_t value_of(const SizeFormula& f, std::int64_t h, std::int64_t w) {
  return f.one + f.height * h + f.width * w + f.area * h * w;
}

bool holds_everywhere(const SizeFormula& f, const DimProbe& dim, Size size) {
  for (std::size_t p = 0; p < kSizeProbes; ++p) {
    const auto [a, b] = kProbeFactors[p];
    if (value_of(f, a * size.height, b * size.width) != dim[p] * f.divisor) return false;
  }
  return true;
}

onnx::TypeProto tensor_type(int type, const std::vector<std::int64_t>& dims) {
  onnx::TypeProto proto;
  proto.mutable_tensor_type()->set_elem_type(type);
  auto& shape = *proto.mutable_tensor_type()->mutable_shape();
  for (std::int64_t dim : dims) shape.add_dim()->set_dim_value(dim);
  return proto;
}

bool has_body(const onnx::NodeProto& node) {
  bool found = false;
  for_each_body(node, [&](const onnx::GraphProto&) { found = true; });
  return found;
}

/// Contrib operators that keep their input's shape.
bool keeps_shape(const onnx::NodeProto& node) {
  return node.domain() == "com.microsoft" &&
         (node.op_type() == "QuickGelu" || node.op_type() == "Gelu" ||
          node.op_type() == "QuantizeLinear" || node.op_type() == "DequantizeLinear");
}

std::string domain_of(const onnx::NodeProto& node) {
  return node.domain() == "ai.onnx" ? "" : node.domain();
}

const onnx::OpSchema* schema_of(const onnx::NodeProto& node, int version) {
  return onnx::OpSchemaRegistry::Schema(node.op_type(), version, domain_of(node));
}

}  // namespace

DimProbe constant_dim(std::int64_t value) {
  DimProbe dim;
  dim.fill(value);
  return dim;
}

bool varies(const DimProbe& dim) {
  return std::any_of(dim.begin(), dim.end(), [&](std::int64_t v) { return v != dim[0]; });
}

DimProbe operator*(const DimProbe& a, const DimProbe& b) {
  DimProbe product;
  for (std::size_t p = 0; p < kSizeProbes; ++p)
    if (__builtin_mul_overflow(a[p], b[p], &product[p]))
      product[p] = std::numeric_limits<std::int64_t>::max();
  return product;
}

std::optional<SizeFormula> fit_formula(const DimProbe& dim, Size size) {
  // Through the first four probes, at factors (1,1), (3,1), (1,5), (3,5); eighths keep it whole.
  const std::int64_t H = size.height, W = size.width;
  const std::int64_t area8 = dim[3] - dim[1] - dim[2] + dim[0];
  const std::int64_t height8 = 4 * (dim[1] - dim[0]) - area8;
  const std::int64_t width8 = 2 * (dim[2] - dim[0]) - area8;
  const std::int64_t one8 = 8 * dim[0] - height8 - width8 - area8;
  const Fraction parts[] = {Fraction::of(one8, 8), Fraction::of(height8, 8 * H),
                            Fraction::of(width8, 8 * W), Fraction::of(area8, 8 * H * W)};
  SizeFormula f;
  for (const Fraction& part : parts) f.divisor = std::lcm(f.divisor, part.under);
  std::int64_t* sums[] = {&f.one, &f.height, &f.width, &f.area};
  for (std::size_t i = 0; i < 4; ++i) *sums[i] = parts[i].over * (f.divisor / parts[i].under);
  if (!holds_everywhere(f, dim, size)) return std::nullopt;
  f.stride = std::lcm(parts[1].under, parts[2].under);
  f.stride = std::lcm(f.stride, root_stride(parts[3].under));
  return f;
}

SizeProbes::SizeProbes(const Graph& graph, const std::string& image, Size size) {
  for (const auto& import : graph.proto().opset_import())
    opsets_[import.domain() == "ai.onnx" ? "" : import.domain()] =
        static_cast<int>(import.version());
  for (const auto& input : graph.graph().input())
    for (auto& at : types_) at[input.name()] = input.type();
  for (std::size_t p = 0; p < kSizeProbes; ++p) {
    auto& shape = *types_[p].at(image).mutable_tensor_type()->mutable_shape();
    shape.mutable_dim(2)->set_dim_value(size.height * kProbeFactors[p][0]);
    shape.mutable_dim(3)->set_dim_value(size.width * kProbeFactors[p][1]);
  }
  for (const auto& tensor : graph.graph().initializer())
    if (!graph.is_input(tensor.name())) add_constant(tensor);
  for (const onnx::NodeProto* node : graph.nodes())
    if (is_op(*node, "Constant"))
      if (const onnx::TensorProto* tensor = graph.constant(node->output(0))) {
        onnx::TensorProto named = *tensor;
        named.set_name(node->output(0));
        add_constant(named);
      }
}

void SizeProbes::add_constant(const onnx::TensorProto& tensor) {
  constexpr std::int64_t kMostElements = 4096;
  const Shape shape = shape_of(tensor);
  for (auto& at : types_) at[tensor.name()] = tensor_type(tensor.data_type(), shape);
  if (element_count(shape) <= kMostElements) constants_[tensor.name()] = tensor;
}

std::optional<std::vector<DimProbe>> SizeProbes::dims(const std::string& value) const {
  std::vector<DimProbe> found;
  for (std::size_t p = 0; p < kSizeProbes; ++p) {
    auto at = types_[p].find(value);
    if (at == types_[p].end() || !at->second.tensor_type().has_shape()) return std::nullopt;
    const auto& shape = at->second.tensor_type().shape();
    if (p == 0) found.resize(static_cast<std::size_t>(shape.dim_size()));
    if (found.size() != static_cast<std::size_t>(shape.dim_size())) return std::nullopt;
    for (int d = 0; d < shape.dim_size(); ++d) {
      if (!shape.dim(d).has_dim_value() || shape.dim(d).dim_value() < 0 ||
          shape.dim(d).dim_value() > kLongest)
        return std::nullopt;
      found[static_cast<std::size_t>(d)][p] = shape.dim(d).dim_value();
    }
  }
  return found;
}

void SizeProbes::set(const std::string& value, int type, const std::vector<DimProbe>& dims) {
  for (std::size_t p = 0; p < kSizeProbes; ++p) {
    std::vector<std::int64_t> here;
    for (const DimProbe& dim : dims) here.push_back(dim[p]);
    types_[p][value] = tensor_type(type, here);
  }
}

int SizeProbes::type(const std::string& value) const {
  auto at = types_[0].find(value);
  return at == types_[0].end() ? 0 : at->second.tensor_type().elem_type();
}

void SizeProbes::infer_at(std::size_t probe, onnx::NodeProto& node, int version) {
  std::unordered_map<std::string, onnx::TypeProto*> types;
  std::unordered_map<std::string, const onnx::TensorProto*> data;
  for (const std::string& value : node.input()) {
    if (auto at = types_[probe].find(value); at != types_[probe].end()) types[value] = &at->second;
    if (auto at = constants_.find(value); at != constants_.end()) data[value] = &at->second;
  }
  onnx::ShapeInferenceOptions options{true, 1, false};
  onnx::shape_inference::InferenceContextImpl context(node, types, data, {}, options);
  const onnx::OpSchema* schema = schema_of(node, version);
  schema->GetTypeAndShapeInferenceFunction()(context);
  for (int i = 0; i < node.output_size(); ++i)
    if (!node.output(i).empty())
      types_[probe][node.output(i)] = context.allOutputTypes_[static_cast<std::size_t>(i)];
}

std::string SizeProbes::infer(const onnx::NodeProto& node) {
  if (is_op(node, "Constant")) return "";
  if (keeps_shape(node)) {
    for (auto& at : types_)
      if (auto in = at.find(node.input(0)); in != at.end()) at[node.output(0)] = in->second;
    return "";
  }
  auto version = opsets_.find(domain_of(node));
  if (version == opsets_.end()) return "";
  const onnx::OpSchema* schema = schema_of(node, version->second);
  if (schema == nullptr || !schema->has_type_and_shape_inference_function() || has_body(node))
    return "";
  onnx::NodeProto copy = node;  // ONNX's context wants one that it may change
  for (std::size_t p = 0; p < kSizeProbes; ++p) {
    try {
      infer_at(p, copy, version->second);
    } catch (const std::exception& e) {
      return one_line(e.what());
    }
  }
  return "";
}

}  // namespace tamis
