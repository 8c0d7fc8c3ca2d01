#include "passes/position_grid.h"

#include <cmath>

namespace tamis {
namespace {

/// One level, its axes split into factors.
struct Level {
  std::vector<DimProbe> dims;   ///< fixed axes and factors, outermost first
  std::vector<std::size_t> of;  ///< the constant's axis that each belongs to
  std::size_t start = 0;        ///< along the axis of levels, at the model's own size
};

/// base + Σ slopes[k]·index[k]. Varying dimensions have length 1 in these tensors.
struct Affine {
  Shape shape;
  std::vector<double> base;
  std::vector<std::vector<double>> slopes;  ///< by dimension; empty: none
};

std::size_t levels_of(const std::vector<AxisParts>& axes) {
  std::size_t most = 1;
  for (const AxisParts& parts : axes) most = std::max(most, parts.size());
  return most;
}

Level level_at(const Shape& shape, const std::vector<AxisParts>& axes, std::size_t number) {
  Level level;
  for (std::size_t a = 0; a < axes.size(); ++a) {
    if (axes[a].empty()) {
      level.dims.push_back(constant_dim(shape[a]));
      level.of.push_back(a);
      continue;
    }
    const std::size_t here = axes[a].size() > 1 ? number : 0;
    for (const DimProbe& factor : axes[a][here]) {
      level.dims.push_back(factor);
      level.of.push_back(a);
    }
    for (std::size_t before = 0; before < here; ++before) {
      std::size_t length = 1;
      for (const DimProbe& factor : axes[a][before]) length *= static_cast<std::size_t>(factor[0]);
      level.start += length;
    }
  }
  return level;
}

/// Walks all positions of a level.
class Walk {
 public:
  Walk(const Shape& shape, const std::vector<AxisParts>& axes, const Level& level)
      : shape_(shape), axes_(axes), level_(level), index_(level.dims.size(), 0) {}

  bool next() {
    for (std::size_t d = index_.size(); d-- > 0;) {
      if (++index_[d] < level_.dims[d][0]) return true;
      index_[d] = 0;
    }
    return false;
  }

  const std::vector<std::int64_t>& index() const { return index_; }

  /// Where this position lies in the constant.
  std::size_t flat() const { return flat_of(index_); }

  std::size_t flat_of(const std::vector<std::int64_t>& index) const {
    std::vector<std::int64_t> along(shape_.size(), 0);
    for (std::size_t d = 0; d < index.size(); ++d)
      along[level_.of[d]] = along[level_.of[d]] * level_.dims[d][0] + index[d];
    std::size_t at = 0;
    for (std::size_t a = 0; a < shape_.size(); ++a) {
      const bool levels = axes_[a].size() > 1;
      at = at * static_cast<std::size_t>(shape_[a]) + static_cast<std::size_t>(along[a]) +
           (levels ? level_.start : 0);
    }
    return at;
  }

 private:
  const Shape& shape_;
  const std::vector<AxisParts>& axes_;
  const Level& level_;
  std::vector<std::int64_t> index_;
};

std::size_t small_flat(const std::vector<std::int64_t>& index, const Shape& shape) {
  std::size_t at = 0;
  for (std::size_t d = 0; d < shape.size(); ++d)
    at = at * static_cast<std::size_t>(shape[d]) +
         static_cast<std::size_t>(shape[d] == 1 ? 0 : index[d]);
  return at;
}

bool is_close(double a, double b) { return std::abs(a - b) <= 1e-5 * (1 + std::abs(a)); }

/// Absent where the values are no such function of the position.
std::optional<Affine> fit_affine(const std::vector<double>& values, const Shape& shape,
                                 const std::vector<AxisParts>& axes, const Level& level) {
  Affine fit;
  for (const DimProbe& dim : level.dims) fit.shape.push_back(varies(dim) ? 1 : dim[0]);
  const auto count = static_cast<std::size_t>(element_count(fit.shape));
  fit.base.resize(count);
  fit.slopes.resize(level.dims.size());
  Walk walk(shape, axes, level);
  for (std::size_t d = 0; d < level.dims.size(); ++d)
    if (varies(level.dims[d])) fit.slopes[d].resize(count);
  do {  // positions 0 and 1 of each varying dimension give base and slopes
    std::vector<std::int64_t> index = walk.index();
    bool origin = true;
    for (std::size_t d = 0; d < index.size(); ++d)
      origin = origin && (!varies(level.dims[d]) || index[d] == 0);
    if (!origin) continue;
    const std::size_t at = small_flat(index, fit.shape);
    fit.base[at] = values[walk.flat()];
    for (std::size_t d = 0; d < index.size(); ++d) {
      if (fit.slopes[d].empty() || level.dims[d][0] < 2) continue;
      index[d] = 1;
      fit.slopes[d][at] = values[walk.flat_of(index)] - fit.base[at];
      index[d] = 0;
    }
  } while (walk.next());
  Walk check(shape, axes, level);
  do {
    const std::size_t at = small_flat(check.index(), fit.shape);
    double expected = fit.base[at];
    for (std::size_t d = 0; d < fit.slopes.size(); ++d)
      if (!fit.slopes[d].empty())
        expected += fit.slopes[d][at] * static_cast<double>(check.index()[d]);
    if (!is_close(values[check.flat()], expected)) return std::nullopt;
  } while (check.next());
  return fit;
}

/// Pixels per cell along a dimension; 1 where that cannot be said.
double pixels_per_cell(const DimProbe& dim, Size size) {
  const auto f = fit_formula(dim, size);
  if (!f || f->area != 0 || (f->height != 0) == (f->width != 0)) return 1;
  return static_cast<double>(f->divisor) / static_cast<double>(f->height + f->width);
}

/// Steps of a cell, of its pixels, or none at all mean the same at every size.
bool keeps_its_meaning(const Affine& fit, const Level& level, Size size) {
  for (std::size_t d = 0; d < fit.slopes.size(); ++d)
    for (const double slope : fit.slopes[d])
      if (!is_close(slope, 0) && !is_close(slope, 1) &&
          !is_close(slope, pixels_per_cell(level.dims[d], size)))
        return false;
  return true;
}

bool any_slope(const std::vector<double>& slopes) {
  for (const double slope : slopes)
    if (!is_close(slope, 0)) return true;
  return false;
}

class Writer {
 public:
  Writer(Graph& graph, SizeNodes& sizes, const onnx::TensorProto& constant)
      : graph_(graph), sizes_(sizes), type_(constant.data_type()) {}

  /// [0, 1, …, dim − 1] along dimension `d` of `rank`.
  std::string positions(const DimProbe& dim, std::size_t d, std::size_t rank) {
    const std::int64_t zero[] = {0}, one[] = {1};
    onnx::NodeProto& range = graph_.add_node(
        {"Range",
         {graph_.add_initializer("grid_first", {}, std::span(zero)), sizes_.scalar(dim),
          graph_.add_initializer("grid_step", {}, std::span(one))}});
    onnx::NodeProto& cast = graph_.add_node({"Cast", {range.output(0)}});
    set_attribute(cast, "to", std::int64_t{type_});
    std::vector<std::int64_t> shape(rank, 1);
    shape[d] = -1;
    return graph_.add_node({"Reshape", {cast.output(0), numbers(shape)}}).output(0);
  }

  std::string write(const Affine& fit, const Level& level) {
    std::string sum = tensor("grid_base", fit.shape, fit.base);
    for (std::size_t d = 0; d < fit.slopes.size(); ++d) {
      if (!any_slope(fit.slopes[d])) continue;
      const std::string slope = tensor("grid_slope", fit.shape, fit.slopes[d]);
      const std::string along = positions(level.dims[d], d, fit.shape.size());
      const std::string term = graph_.add_node({"Mul", {along, slope}}).output(0);
      sum = graph_.add_node({"Add", {sum, term}}).output(0);
    }
    return sum;
  }

  /// To full length, factors joined to axes again.
  std::string join(const std::string& value, const Level& level, std::size_t rank) {
    std::string whole = graph_.add_node({"Expand", {value, sizes_.list(level.dims)}}).output(0);
    if (level.dims.size() == rank) return whole;
    std::vector<DimProbe> axes(rank, constant_dim(1));
    for (std::size_t d = 0; d < level.dims.size(); ++d)
      axes[level.of[d]] = axes[level.of[d]] * level.dims[d];
    return graph_.add_node({"Reshape", {whole, sizes_.list(axes)}}).output(0);
  }

  std::string concat(const std::vector<std::string>& parts, std::size_t axis) {
    onnx::NodeProto& node = graph_.add_node({"Concat", parts});
    set_attribute(node, "axis", static_cast<std::int64_t>(axis));
    return node.output(0);
  }

 private:
  std::string tensor(const char* hint, const Shape& shape, const std::vector<double>& values) {
    return graph_.add_initializer(make_tensor(hint, type_, shape, values));
  }
  std::string numbers(const std::vector<std::int64_t>& values) {
    return graph_.add_initializer("grid_shape", {static_cast<std::int64_t>(values.size())},
                                  std::span<const std::int64_t>(values));
  }

  Graph& graph_;
  SizeNodes& sizes_;
  int type_;
};

bool is_float(int type) {
  return type == onnx::TensorProto::FLOAT || type == onnx::TensorProto::DOUBLE ||
         type == onnx::TensorProto::FLOAT16;
}

}  // namespace

PositionGrid make_position_grid(Graph& graph, SizeNodes& sizes, const onnx::TensorProto& constant,
                                const std::vector<AxisParts>& axes, bool expand) {
  if (!is_float(constant.data_type()))
    return {"", "it holds " + type_name(constant.data_type()) + " for each position"};
  const Shape shape = shape_of(constant);
  const std::vector<double> values = doubles(constant);
  std::size_t axis_of_levels = 0, with_levels = 0;
  for (std::size_t a = 0; a < axes.size(); ++a)
    if (axes[a].size() > 1) axis_of_levels = a, ++with_levels;
  if (with_levels > 1) return {"", "two of its axes are made of levels"};
  std::vector<std::pair<Affine, Level>> fits;
  for (std::size_t number = 0; number < levels_of(axes); ++number) {
    const Level level = level_at(shape, axes, number);
    const auto fit = fit_affine(values, shape, axes, level);
    if (!fit) return {"", "its values belong to the positions of the model's own size"};
    if (!keeps_its_meaning(*fit, level, sizes.size()))
      return {"", "its values are positions as fractions of the image, for the model's own size"};
    fits.emplace_back(*fit, level);
  }
  Writer writer(graph, sizes, constant);
  std::vector<std::string> parts;
  for (const auto& [fit, level] : fits) {
    const std::string value = writer.write(fit, level);
    const bool plain = !expand && fits.size() == 1 && level.dims.size() == shape.size();
    parts.push_back(plain ? value : writer.join(value, level, shape.size()));
  }
  return {parts.size() == 1 ? parts[0] : writer.concat(parts, axis_of_levels), ""};
}

}  // namespace tamis
