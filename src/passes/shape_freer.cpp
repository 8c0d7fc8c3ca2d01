#include "passes/shape_freer.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/error.h"

namespace tamis {
namespace {

constexpr std::int64_t kToTheEnd = std::numeric_limits<std::int64_t>::max();
// A crop by so few positions is meant as it is written.
constexpr std::int64_t kMostCrop = 8;

bool is_one_of(const onnx::NodeProto& node, std::initializer_list<std::string_view> ops) {
  return std::any_of(ops.begin(), ops.end(), [&](std::string_view op) { return is_op(node, op); });
}

DimProbe product_of(const std::vector<DimProbe>& dims) {
  DimProbe product = constant_dim(1);
  for (const DimProbe& d : dims) product = product * d;
  return product;
}

DimProbe sum_of(const std::vector<DimProbe>& dims) {
  DimProbe sum = constant_dim(0);
  for (const DimProbe& d : dims)
    for (std::size_t p = 0; p < kSizeProbes; ++p) sum[p] += d[p];
  return sum;
}

/// dim / by at every probe; absent where it does not come out even.
std::optional<DimProbe> divided(const DimProbe& dim, std::int64_t by) {
  DimProbe result;
  for (std::size_t p = 0; p < kSizeProbes; ++p) {
    if (by == 0 || dim[p] % by != 0) return std::nullopt;
    result[p] = dim[p] / by;
  }
  return result;
}

/// The axis that a node names, counted from the front; absent where the tensor has none such.
std::optional<std::size_t> place_of(std::int64_t axis, std::size_t rank) {
  const auto dims = static_cast<std::int64_t>(rank);
  if (axis < -dims || axis >= dims) return std::nullopt;
  return static_cast<std::size_t>(axis < 0 ? axis + dims : axis);
}

/// Whether neighbours of `fine`, multiplied, are `coarse`.
bool coarsens(const std::vector<DimProbe>& coarse, const std::vector<DimProbe>& fine) {
  std::size_t at = 0;
  for (const DimProbe& whole : coarse) {
    DimProbe product = constant_dim(1);
    while (product != whole && at < fine.size()) product = product * fine[at++];
    if (product != whole) return false;
  }
  return at == fine.size();
}

}  // namespace

ShapeFreer::ShapeFreer(Graph& graph, const std::string& image, Size size)
    : graph_(graph),
      image_(image),
      size_(size),
      probes_(graph, image, size),
      sizes_(graph, image, size) {}

const std::vector<ShapeFreer::Rule>& ShapeFreer::rules() {
  static const std::vector<Rule> table{
      {"Reshape", &ShapeFreer::free_reshape},
      {"Expand", &ShapeFreer::free_expand},
      {"Resize", &ShapeFreer::free_resize},
      {"Slice", &ShapeFreer::free_slice},
      {"Split", &ShapeFreer::free_split},
      {"AveragePool", &ShapeFreer::free_pool},
      {"MaxPool", &ShapeFreer::free_pool},
      {"Concat", &ShapeFreer::free_concat},
      {"Add", &ShapeFreer::free_operands},
      {"Sub", &ShapeFreer::free_operands},
      {"Mul", &ShapeFreer::free_operands},
      {"Div", &ShapeFreer::free_operands},
      {"Pow", &ShapeFreer::free_operands},
      {"Max", &ShapeFreer::free_operands},
      {"Min", &ShapeFreer::free_operands},
      {"Sum", &ShapeFreer::free_operands},
      {"Mean", &ShapeFreer::free_operands},
      {"Where", &ShapeFreer::free_operands},
      {"PRelu", &ShapeFreer::free_operands},
      {"Less", &ShapeFreer::free_operands},
      {"Greater", &ShapeFreer::free_operands},
      {"Equal", &ShapeFreer::free_operands},
      {"And", &ShapeFreer::free_operands},
      {"Or", &ShapeFreer::free_operands},
      {"Gemm", &ShapeFreer::refuse_weights},
      {"MatMul", &ShapeFreer::refuse_weights},
      {"Conv", &ShapeFreer::refuse_weights},
      {"LayerNormalization", &ShapeFreer::refuse_weights},
      {"BatchNormalization", &ShapeFreer::refuse_weights},
      {"Gather", &ShapeFreer::refuse_indices},
      {"GatherND", &ShapeFreer::refuse_indices},
      {"GatherElements", &ShapeFreer::refuse_indices},
      {"ScatterND", &ShapeFreer::refuse_indices},
      {"ScatterElements", &ShapeFreer::refuse_indices},
  };
  return table;
}

void ShapeFreer::refuse(const onnx::NodeProto& node, const std::string& why) const {
  throw Error(ErrorCode::unsupported,
              fmt::format("free shapes of {}: {}: {}; export the model with dynamic height and "
                          "width, or stay at {}x{}",
                          graph_.source(), describe(node), why, size_.height, size_.width));
}

std::vector<std::string> ShapeFreer::run() {
  for (onnx::NodeProto* node : graph_.nodes()) visit(*node);
  return {replaced_.begin(), replaced_.end()};
}

void ShapeFreer::visit(onnx::NodeProto& node) {
  for (const Rule& rule : rules())
    if (is_op(node, rule.op)) (this->*rule.apply)(node);
  check_numbers(node);
  const bool done = node.output_size() > 0 && probes_.dims(node.output(0)).has_value();
  if (!done)
    if (const std::string problem = probes_.infer(node); !problem.empty())
      refuse(node, "cannot take another size: " + problem);
  learn(node);
}

/// What joins and flattens tells how a dimension is made up.
void ShapeFreer::learn(const onnx::NodeProto& node) {
  for (const std::string& value : node.output())
    if (auto d = probes_.dims(value); d && d->size() == 4)
      for (std::size_t side : {0U, 1U})
        if (varies((*d)[side + 2])) sides_[side].insert((*d)[side + 2]);
  if (!is_op(node, "Concat")) return;
  auto joined = probes_.dims(node.output(0));
  if (!joined) return;
  std::int64_t axis = int_attribute(node, "axis").value_or(0);
  if (axis < 0) axis += static_cast<std::int64_t>(joined->size());
  const auto a = static_cast<std::size_t>(axis);
  if (a >= joined->size() || !varies((*joined)[a])) return;
  Dims parts;
  for (int i = 0; i < node.input_size(); ++i) {
    auto in = dims(node, i);
    if (!in || a >= in->size()) return;
    parts.push_back((*in)[a]);
  }
  sums_.emplace((*joined)[a], parts);
}

std::optional<ShapeFreer::Dims> ShapeFreer::dims(const onnx::NodeProto& node, int input) const {
  if (input >= node.input_size() || node.input(input).empty()) return std::nullopt;
  return probes_.dims(node.input(input));
}

bool ShapeFreer::any_varies(const std::optional<Dims>& dims) const {
  return dims && std::any_of(dims->begin(), dims->end(), varies);
}

std::optional<std::vector<std::int64_t>> ShapeFreer::integers(const onnx::NodeProto& node,
                                                              int input) const {
  if (input >= node.input_size() || node.input(input).empty()) return std::nullopt;
  const onnx::TensorProto* tensor = graph_.constant(node.input(input));
  if (tensor == nullptr || (tensor->data_type() != onnx::TensorProto::INT64 &&
                            tensor->data_type() != onnx::TensorProto::INT32))
    return std::nullopt;
  return ints(*tensor);
}

std::string ShapeFreer::constant_of(const std::vector<std::int64_t>& values) {
  const std::string name = graph_.add_initializer(
      "freed", {static_cast<std::int64_t>(values.size())}, std::span<const std::int64_t>(values));
  probes_.add_constant(*graph_.initializer(name));
  return name;
}

void ShapeFreer::set_output(const onnx::NodeProto& node, int output, const Dims& dims) {
  probes_.set(node.output(output), probes_.type(node.input(0)), dims);
}

/// A shape for the node to follow: with one −1 where that says it, else computed.
std::string ShapeFreer::computed(const onnx::NodeProto& node, const Dims& wanted) {
  const auto open = std::count_if(wanted.begin(), wanted.end(), varies);
  if (open <= 1 && is_op(node, "Reshape")) {
    std::vector<std::int64_t> target;
    for (const DimProbe& d : wanted) target.push_back(varies(d) ? -1 : d[0]);
    return constant_of(target);
  }
  for (const DimProbe& d : wanted)
    if (varies(d) && !sizes_.can_compute(d))
      refuse(node, fmt::format("how its {} follows from height and width is not known", d[0]));
  return sizes_.list(wanted);
}

std::vector<DimProbe> ShapeFreer::factors_of(const DimProbe& dim) const {
  auto known = products_.find(dim);
  if (known == products_.end() || ambiguous_.count(dim) != 0) return {dim};
  return known->second;
}

AxisParts ShapeFreer::parts_of(const DimProbe& dim) const {
  if (!varies(dim)) return {};
  AxisParts parts;
  auto sum = sums_.find(dim);
  if (sum == sums_.end()) return {factors_of(dim)};
  for (const DimProbe& part : sum->second) parts.push_back(factors_of(part));
  return parts;
}

/// Whether each factor that varies is a height or width of a map met so far.
bool ShapeFreer::are_sides(const Dims& factors) const {
  return std::all_of(factors.begin(), factors.end(), [&](const DimProbe& d) {
    return !varies(d) || sides_[0].count(d) != 0 || sides_[1].count(d) != 0;
  });
}

/// The dimensions that `to` stands for, when what `from` holds is read in order; absent where that
/// cannot be told.
std::optional<ShapeFreer::Dims> ShapeFreer::regroup(const Dims& from,
                                                    const std::vector<std::int64_t>& to) {
  Dims left;
  std::vector<bool> flattened;  // one of several sides that are one dimension here
  for (const DimProbe& d : from) {
    const Dims factors = factors_of(d);
    left.insert(left.end(), factors.begin(), factors.end());
    flattened.insert(flattened.end(), factors.size(), factors.size() > 1);
  }
  std::size_t at = 0;
  std::vector<Dims> groups;
  for (const std::int64_t wanted : to) {
    Dims& group = groups.emplace_back();
    std::int64_t rest = wanted;
    while (rest > 1) {
      while (at < left.size() && left[at] == constant_dim(1)) ++at;
      if (at == left.size()) return std::nullopt;
      const std::int64_t have = left[at][0];
      if (have <= 0) return std::nullopt;
      if (rest % have == 0) {
        group.push_back(left[at++]);
        rest /= have;
        continue;
      }
      if (have % rest != 0) return std::nullopt;
      // A side is cut into windows of a fixed size, so that their number varies; flattened
      // positions into a fixed number of areas (YOLO12), since no part of them is a side's.
      const bool windows = varies(left[at]) && !flattened[at];
      const auto outer = windows ? divided(left[at], have / rest) : constant_dim(rest);
      const auto inner = windows ? constant_dim(have / rest) : divided(left[at], rest);
      if (!outer || !inner) return std::nullopt;
      group.push_back(*outer);
      left[at] = *inner;
      rest = 1;
    }
  }
  while (at < left.size() && left[at] == constant_dim(1)) ++at;
  if (at != left.size()) return std::nullopt;
  Dims result;
  for (const Dims& group : groups) {
    result.push_back(product_of(group));
    if (group.size() < 2 || !varies(result.back())) continue;
    auto [known, added] = products_.emplace(result.back(), group);
    if (added || coarsens(known->second, group)) continue;
    // The areas of a finer map can be as large as a whole coarser one: sides of maps come first.
    if (coarsens(group, known->second) || (are_sides(group) && !are_sides(known->second)))
      known->second = group;
    else if (are_sides(group) || !are_sides(known->second))
      ambiguous_.insert(result.back());
  }
  return result;
}

void ShapeFreer::free_reshape(onnx::NodeProto& node) {
  const auto from = dims(node, 0);
  auto target = integers(node, 1);
  if (!any_varies(from) || !target) return;
  const bool zero_is_zero = int_attribute(node, "allowzero").value_or(0) != 0;
  Shape whole, known;
  for (const DimProbe& d : *from) whole.push_back(d[0]);
  std::vector<std::int64_t> resolved = *target;
  for (std::size_t i = 0; i < resolved.size(); ++i) {
    if (resolved[i] == 0 && !zero_is_zero && i < from->size()) resolved[i] = (*from)[i][0];
    if (resolved[i] > 0) known.push_back(resolved[i]);
  }
  const auto count = find_element_count(whole), written = find_element_count(known);
  if (!count || !written) refuse(node, "its sizes are larger than can be counted");
  for (std::int64_t& d : resolved)
    if (d == -1) d = *count / *written;
  const auto wanted = regroup(*from, resolved);
  if (!wanted)
    refuse(node, fmt::format("to which of its dimensions [{}] height and width belong cannot be "
                             "told",
                             fmt::join(resolved, ",")));
  bool as_written = true;
  for (std::size_t i = 0; i < wanted->size(); ++i) {
    const bool open = (*target)[i] == -1;
    const bool same =
        (*target)[i] == 0 && !zero_is_zero && i < from->size() && (*wanted)[i] == (*from)[i];
    as_written = as_written && (open || same || !varies((*wanted)[i]));
  }
  // A −1 on what stays while something else is written out that varies.
  set_output(node, 0, *wanted);
  if (as_written) return;
  graph_.set_input(node, 1, computed(node, *wanted));
  note(node);
}

void ShapeFreer::free_expand(onnx::NodeProto& node) {
  const auto from = dims(node, 0);
  const auto target = integers(node, 1);
  if (!any_varies(from) || !target) return;
  Dims wanted;
  for (const std::int64_t d : *target) wanted.push_back(constant_dim(d));
  while (wanted.size() < from->size()) wanted.insert(wanted.begin(), constant_dim(1));
  bool changed = false;
  for (std::size_t i = 0; i < from->size(); ++i) {
    const DimProbe& have = (*from)[from->size() - 1 - i];
    DimProbe& want = wanted[wanted.size() - 1 - i];
    if (!varies(have)) continue;
    changed = changed || want != constant_dim(1);
    want = have;
  }
  set_output(node, 0, wanted);
  if (!changed) return;
  graph_.set_input(node, 1, computed(node, wanted));
  note(node);
}

std::optional<DimProbe> ShapeFreer::known_side(std::size_t axis, std::int64_t length) const {
  std::optional<DimProbe> found;
  if (axis != 2 && axis != 3) return std::nullopt;
  for (const DimProbe& side : sides_[axis - 2]) {
    if (side[0] != length) continue;
    if (found) return std::nullopt;
    found = side;
  }
  return found;
}

void ShapeFreer::free_resize(onnx::NodeProto& node) {
  const auto from = dims(node, 0);
  const auto sizes = integers(node, 3);
  if (!from || !sizes || sizes->size() != from->size()) return;
  if (!any_varies(from) && sides_[0].empty()) return;
  for (std::size_t i = 0; i < from->size(); ++i)
    if ((*from)[i][0] <= 0 || (*sizes)[i] <= 0) return;
  Dims wanted;
  std::vector<float> scales;
  bool changed = false, whole = true;
  for (std::size_t i = 0; i < from->size(); ++i) {
    const DimProbe& have = (*from)[i];
    const std::int64_t want = (*sizes)[i];
    scales.push_back(static_cast<float>(want) / static_cast<float>(have[0]));
    DimProbe out = constant_dim(want);
    if (varies(have)) {
      const std::int64_t common = std::gcd(want, have[0]);
      const auto part = divided(have, have[0] / common);
      if (!part) refuse(node, fmt::format("its size {} of {} is not a plain share", want, have[0]));
      out = *part * constant_dim(want / common);
      whole = whole && (want % have[0] == 0 || have[0] % want == 0);
    } else if (have[0] != want) {
      whole = false;
      if (auto side = known_side(i, want)) out = *side;
    }
    changed = changed || varies(out);
    wanted.push_back(out);
  }
  if (!changed) return;
  if (whole) {
    graph_.set_input(node, 3, "");
    graph_.set_input(
        node, 2,
        graph_.add_initializer("freed_scales", {static_cast<std::int64_t>(scales.size())},
                               std::span<const float>(scales)));
  } else {
    graph_.set_input(node, 3, computed(node, wanted));
  }
  set_output(node, 0, wanted);
  note(node);
}

void ShapeFreer::free_slice(onnx::NodeProto& node) {
  const auto from = dims(node, 0);
  const auto starts = integers(node, 1), ends = integers(node, 2);
  if (!any_varies(from) || !starts || !ends) return;
  const auto axes = integers(node, 3), steps = integers(node, 4);
  for (const auto* list : {&ends, &axes, &steps})
    if (*list && (*list)->size() != starts->size()) return;
  Dims first, last, out = *from;
  bool changed = false;
  for (std::size_t i = 0; i < starts->size(); ++i) {
    const auto axis = place_of(axes ? (*axes)[i] : static_cast<std::int64_t>(i), from->size());
    if (!axis) return;
    const DimProbe& length = (*from)[*axis];
    DimProbe start = constant_dim((*starts)[i]), end = constant_dim((*ends)[i]);
    if (varies(length) && (!steps || (*steps)[i] > 0)) {
      DimProbe behind = constant_dim(0);  // the levels before
      for (const DimProbe& part : sums_.count(length) ? sums_.at(length) : Dims{}) {
        if (behind[0] != 0 && behind[0] == start[0]) start = behind;
        behind = sum_of({behind, part});
        if (behind[0] == end[0]) end = behind;
      }
      if (!varies(end) && end[0] == length[0]) end = constant_dim(kToTheEnd);
      const bool plain = end[0] < 0 || end[0] >= length[0] || end[0] <= kMostCrop;
      if ((!varies(end) && !plain) || (!varies(start) && start[0] > kMostCrop))
        refuse(node, fmt::format("it cuts from {} to {} out of {}, and where that lies at another "
                                 "size is not known",
                                 start[0], end[0], length[0]));
      changed = changed || varies(end) || varies(start) || end[0] != (*ends)[i];
    }
    first.push_back(start);
    last.push_back(end);
    DimProbe& cut = out[*axis];
    const std::int64_t step = steps ? (*steps)[i] : 1;
    for (std::size_t p = 0; p < kSizeProbes; ++p) {
      auto place = [&](std::int64_t at) {
        return std::clamp<std::int64_t>(at < 0 ? at + length[p] : at, 0, length[p]);
      };
      const std::int64_t room = place(end[p]) - place(start[p]);
      if (step > 0) cut[p] = room > 0 ? (room - 1) / step + 1 : 0;
    }
  }
  if (!changed) return;
  if (std::any_of(first.begin(), first.end(), varies))
    graph_.set_input(node, 1, computed(node, first));
  graph_.set_input(
      node, 2, std::any_of(last.begin(), last.end(), varies) ? computed(node, last) : [&] {
        std::vector<std::int64_t> plain;
        for (const DimProbe& d : last) plain.push_back(d[0]);
        return constant_of(plain);
      }());
  set_output(node, 0, out);
  note(node);
}

void ShapeFreer::free_split(onnx::NodeProto& node) {
  const auto from = dims(node, 0);
  const auto lengths = integers(node, 1);
  if (!any_varies(from) || !lengths || lengths->empty()) return;
  const auto axis = place_of(int_attribute(node, "axis").value_or(0), from->size());
  if (!axis || lengths->size() != static_cast<std::size_t>(node.output_size())) return;
  const DimProbe& whole = (*from)[*axis];
  if (!varies(whole)) return;
  auto sum = sums_.find(whole);
  Dims parts = sum == sums_.end() ? Dims{} : sum->second;
  bool same = parts.size() == lengths->size();
  for (std::size_t i = 0; same && i < parts.size(); ++i) same = parts[i][0] == (*lengths)[i];
  if (!same) {  // equal shares
    const auto share = divided(whole, static_cast<std::int64_t>(lengths->size()));
    const bool equal = share && std::all_of(lengths->begin(), lengths->end(),
                                            [&](std::int64_t l) { return l == (*share)[0]; });
    if (!equal)
      refuse(node, fmt::format("which parts its lengths {} are at another size is not known",
                               fmt::join(*lengths, ",")));
    parts.assign(lengths->size(), *share);
  }
  graph_.set_input(node, 1, computed(node, parts));
  for (int i = 0; i < node.output_size(); ++i) {
    Dims out = *from;
    out[*axis] = parts[static_cast<std::size_t>(i)];
    set_output(node, i, out);
  }
  note(node);
}

void ShapeFreer::free_pool(onnx::NodeProto& node) {
  const auto from = dims(node, 0);
  const auto window = ints_attribute(node, "kernel_shape");
  if (!any_varies(from) || !window || from->size() != 4 || window->size() != 2) return;
  if ((*window)[0] != (*from)[2][0] || (*window)[1] != (*from)[3][0]) return;
  for (std::int64_t pad : ints_attribute(node, "pads").value_or(std::vector<std::int64_t>{}))
    if (pad != 0) return;
  if (node.output_size() != 1) return;
  node.set_op_type(is_op(node, "MaxPool") ? "GlobalMaxPool" : "GlobalAveragePool");
  node.clear_attribute();
  note(node);
}

/// Replaces a constant input whose lengths contradict `whole` (aligned at the end, as broadcasting
/// does).
void ShapeFreer::replace_constant(onnx::NodeProto& node, int input, const Dims& whole,
                                  bool expand) {
  const onnx::TensorProto* constant = graph_.constant(node.input(input));
  if (constant == nullptr) return;
  const Shape own = shape_of(*constant);
  std::vector<AxisParts> axes(own.size());
  Dims out;
  bool any = false;
  for (std::size_t a = 0; a < own.size(); ++a) {
    out.push_back(constant_dim(own[a]));
    if (own.size() - a > whole.size()) continue;
    const DimProbe& length = whole[whole.size() - (own.size() - a)];
    const bool hangs = varies(length) && (own[a] > 1 || expand);
    if (!hangs) continue;
    if (own[a] != length[0])
      refuse(node, fmt::format("its constant \"{}\" {} does not fit its other inputs",
                               node.input(input), to_text(own)));
    axes[a] = parts_of(length);
    out[a] = length;
    any = true;
  }
  if (!any) return;
  std::string key = node.input(input) + (expand ? " whole" : "");
  for (const DimProbe& d : out) key += fmt::format(" {}", fmt::join(d, ","));
  if (auto known = grids_.find(key); known != grids_.end()) {
    graph_.set_input(node, input, known->second);
    note(node);
    return;
  }
  const std::string name = node.input(input);
  const int type = constant->data_type();
  PositionGrid grid = make_position_grid(graph_, sizes_, *constant, axes, expand);
  if (grid.value.empty())
    refuse(node, fmt::format("its constant \"{}\" {} cannot be made for another size: {}", name,
                             to_text(own), grid.reason));
  probes_.set(grid.value, type, out);
  graph_.set_input(node, input, grid.value);
  grids_[key] = grid.value;
  note(node);
}

void ShapeFreer::free_operands(onnx::NodeProto& node) {
  Dims whole;
  for (int i = 0; i < node.input_size(); ++i) {
    const auto in = dims(node, i);
    if (!in) return;
    if (graph_.is_constant(node.input(i))) continue;
    while (whole.size() < in->size()) whole.insert(whole.begin(), constant_dim(1));
    for (std::size_t a = 0; a < in->size(); ++a) {
      const DimProbe& length = (*in)[in->size() - 1 - a];
      if (length != constant_dim(1)) whole[whole.size() - 1 - a] = length;
    }
  }
  for (int i = 0; i < node.input_size(); ++i) replace_constant(node, i, whole, false);
}

void ShapeFreer::free_concat(onnx::NodeProto& node) {
  Dims whole;
  for (int i = 0; i < node.input_size(); ++i) {
    const auto in = dims(node, i);
    if (!in) return;
    if (!graph_.is_constant(node.input(i)) && any_varies(in)) whole = *in;
  }
  const auto axis = place_of(int_attribute(node, "axis").value_or(0), whole.size());
  if (!axis) return;
  whole[*axis] = constant_dim(1);
  for (int i = 0; i < node.input_size(); ++i) replace_constant(node, i, whole, true);
}

/// Sums over a dimension that varies, with weights of one size.
void ShapeFreer::refuse_weights(onnx::NodeProto& node) {
  const auto data = dims(node, 0);
  if (!data) return;
  auto refuse_if = [&](bool bad) {
    if (bad)
      refuse(node,
             "its weights belong to the positions of the model's own size (a layer over the "
             "whole map)");
  };
  if (is_op(node, "Gemm")) {
    const bool turned = int_attribute(node, "transA").value_or(0) != 0;
    if (data->size() != 2) return;
    refuse_if(graph_.is_constant(node.input(1)) && varies((*data)[turned ? 0 : 1]));
  } else if (is_op(node, "MatMul")) {
    const auto other = dims(node, 1);
    if (!other || data->empty() || other->empty()) return;
    refuse_if(graph_.is_constant(node.input(1)) && varies(data->back()));
    refuse_if(graph_.is_constant(node.input(0)) && other->size() > 1 &&
              varies((*other)[other->size() - 2]));
  } else if (is_op(node, "LayerNormalization")) {
    const auto scale = dims(node, 1);
    for (std::size_t i = 0; scale && i < std::min(scale->size(), data->size()); ++i)
      refuse_if((*scale)[scale->size() - 1 - i][0] > 1 && varies((*data)[data->size() - 1 - i]));
  } else {
    refuse_if(data->size() > 1 && varies((*data)[1]));
  }
}

/// Reads or writes at positions that are written out.
void ShapeFreer::refuse_indices(onnx::NodeProto& node) {
  const auto data = dims(node, 0);
  if (!any_varies(data)) return;
  const auto at = integers(node, 1);
  if (!at) return;
  if (is_op(node, "Gather")) {
    const auto axis = place_of(int_attribute(node, "axis").value_or(0), data->size());
    if (!axis || !varies((*data)[*axis])) return;
    const bool few =
        std::all_of(at->begin(), at->end(), [](std::int64_t i) { return i <= kMostCrop; });
    if (few && at->size() <= static_cast<std::size_t>(kMostCrop)) return;
  }
  refuse(node, "it takes positions that are written out for the model's own size");
}

/// The picture's height or width as a number among the values: of which of the two, and whether it
/// stands for a size at all, cannot be told.
void ShapeFreer::check_numbers(const onnx::NodeProto& node) const {
  constexpr int kLeastSide = 64;  // smaller ones are ordinary numbers
  constexpr std::size_t kMostNumbers = 4;
  if (!is_one_of(node, {"Mul", "Div", "Add", "Sub", "Min", "Max", "Clip", "Less", "Greater"}))
    return;
  bool positions = false;
  for (int i = 0; i < node.input_size(); ++i) positions = positions || any_varies(dims(node, i));
  if (!positions) return;
  for (const std::string& input : node.input()) {
    const onnx::TensorProto* tensor = input.empty() ? nullptr : graph_.constant(input);
    if (tensor == nullptr || tensor->data_type() != onnx::TensorProto::FLOAT) continue;
    const std::vector<float> values = floats(*tensor);
    if (values.size() > kMostNumbers) continue;
    for (const float v : values)
      for (const int side : {size_.height, size_.width})
        for (const double number : {1.0 * side, side - 1.0, 1.0 / side})
          if (side >= kLeastSide && v == static_cast<float>(number))
            refuse(node, fmt::format("it computes with {}, the image's own size, as a number", v));
  }
}

}  // namespace tamis
