#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <span>
#include <utility>

#include "base/elements.h"
#include "base/error.h"
#include "base/output_part.h"
#include "graph/selection.h"
#include "passes/natural_picture.h"
#include "passes/passes.h"

namespace tamis {
namespace {

constexpr double kPerturbation = 0x1p-20;  // about what a few layers' rounding in f32 adds up to
constexpr unsigned kPerturbations = 3;

[[noreturn]] void fail(const std::string& output, const std::string& problem) {
  throw Error(ErrorCode::backend_failed, "compare outputs: \"" + output + "\" " + problem);
}

bool is_whole(DataType type) {
  return type != DataType::f32 && type != DataType::f64 && type != DataType::f16 &&
         type != DataType::bf16;
}

bool below(double a, double b) { return a < b || (std::isnan(b) && !std::isnan(a)); }

/// A channel's values, sorted: what is left of rows in any order.
std::vector<double> sorted_channel(const Tensor& tensor, const ChannelWalk& walk, std::int64_t c) {
  std::vector<double> sorted;
  for (std::int64_t o = 0; o < walk.outer; ++o)
    for (std::int64_t i = 0; i < walk.inner; ++i)
      sorted.push_back(element(tensor, static_cast<std::size_t>(walk.place(o, c, i))));
  std::sort(sorted.begin(), sorted.end(), below);
  return sorted;
}

double largest_of(const Tensor& tensor) {
  double largest = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(tensor.elements()); ++i)
    if (const double value = element(tensor, i); std::isfinite(value))
      largest = std::max(largest, std::abs(value));
  return largest;
}

/// What two outputs differ by, element by element. Looked at in place: an output may be as large as
/// the memory that is left.
class Movement {
 public:
  Movement(const std::string& output, double least) : output_(output), least_(least) {}

  void add(double a, double b) {
    if (std::isnan(a) != std::isnan(b))
      fail(output_, fmt::format("has a NaN at element {} in one of the two", count_));
    ++count_;
    if (std::isnan(a) || a == b) return;  // equal infinities too
    const double distance = std::abs(a - b);
    moved_.most = std::max(moved_.most, distance);
    squares_ += distance * distance;
    far_ += distance > least_ ? 1 : 0;
  }

  OutputMovement result() const {
    const auto all = static_cast<double>(std::max<std::size_t>(count_, 1));
    return {moved_.most, std::sqrt(squares_ / all), far_ / all};
  }

 private:
  const std::string& output_;
  double least_, squares_ = 0, far_ = 0;
  std::size_t count_ = 0;
  OutputMovement moved_;
};

/// One output of one model, as it is compared.
struct Compared {
  const std::string& name;
  bool in_any_order = false;

  OutputMovement movement(const Tensor& before, const Tensor& after) const {
    if (before.type() != after.type() || before.shape() != after.shape())
      fail(name, fmt::format("was {} {}, is {} {}", to_text(before.type()), to_text(before.shape()),
                             to_text(after.type()), to_text(after.shape())));
    Movement moved(name, is_whole(before.type()) ? 0 : kSameNumbersTolerance * largest_of(before));
    if (in_any_order)
      add_by_channel(before, after, moved);
    else
      for (std::size_t i = 0; i < static_cast<std::size_t>(before.elements()); ++i)
        moved.add(element(before, i), element(after, i));
    return moved.result();
  }

  OutputDifference difference(const Tensor& before, const Tensor& after) const {
    OutputDifference result{name};
    result.moved = movement(before, after);
    result.max_absolute = result.moved.most;
    result.whole_numbers = is_whole(before.type());
    result.in_any_order = in_any_order;
    const double largest = largest_of(before);
    if (result.whole_numbers || in_any_order)
      result.relative = result.moved.share;
    else if (result.max_absolute > 0)
      result.relative = largest > 0 ? result.max_absolute / largest : result.max_absolute;
    return result;
  }

 private:
  static void add_by_channel(const Tensor& before, const Tensor& after, Movement& moved) {
    const ChannelWalk walk(before.shape(), likely_channel_axis(before.shape(), true));
    for (std::int64_t c = 0; c < walk.channels; ++c) {
      const std::vector<double> a = sorted_channel(before, walk, c);
      const std::vector<double> b = sorted_channel(after, walk, c);
      for (std::size_t i = 0; i < a.size(); ++i) moved.add(a[i], b[i]);
    }
  }
};

template <typename T>
void perturb(T* values, std::int64_t count, std::mt19937& random) {
  for (std::int64_t i = 0; i < count; ++i)
    values[i] = static_cast<T>(static_cast<double>(values[i]) *
                               (1 + (random() % 2 == 0 ? kPerturbation : -kPerturbation)));
}

/// Off by as much as rounding; absent where no input is a float.
std::optional<std::vector<Tensor>> perturbed(const std::vector<Tensor>& inputs, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Tensor> changed;
  bool any = false;
  for (const Tensor& input : inputs) {
    changed.push_back(input.clone());
    Tensor& own = changed.back();
    if (own.type() == DataType::f32) perturb(own.data<float>(), own.elements(), random);
    if (own.type() == DataType::f64) perturb(own.data<double>(), own.elements(), random);
    any = any || own.type() == DataType::f32 || own.type() == DataType::f64;
  }
  if (!any) return std::nullopt;
  return changed;
}

OutputMovement larger(const OutputMovement& a, const OutputMovement& b) {
  return {std::max(a.most, b.most), std::max(a.rms, b.rms), std::max(a.share, b.share)};
}

void add_rounding(const Evaluator& evaluate, const Graph& before, const std::vector<Tensor>& inputs,
                  const std::vector<Tensor>& outputs, const std::vector<Compared>& compared,
                  std::vector<OutputDifference>& differences) {
  for (unsigned seed = 1; seed <= kPerturbations; ++seed) {
    const auto changed = perturbed(inputs, seed);
    if (!changed) return;
    const std::vector<Tensor> moved = evaluate(before, *changed);
    for (std::size_t i = 0; i < differences.size(); ++i)
      differences[i].by_rounding = larger(differences[i].by_rounding.value_or(OutputMovement()),
                                          compared[i].movement(outputs[i], moved.at(i)));
  }
}

/// [N,C,H,W] or [N,H,W,C] of a picture.
struct PictureShape {
  std::int64_t count = 0, channels = 0, height = 0, width = 0;
  bool channels_last = false;
};

std::optional<PictureShape> picture_shape(const Shape& shape) {
  const auto channels = [](std::int64_t n) { return n == 1 || n == 3 || n == 4; };
  constexpr std::int64_t kLeastSide = 8;
  if (shape.size() != 4) return std::nullopt;
  if (channels(shape[1]) && std::min(shape[2], shape[3]) >= kLeastSide)
    return PictureShape{shape[0], shape[1], shape[2], shape[3], false};
  if (channels(shape[3]) && std::min(shape[1], shape[2]) >= kLeastSide)
    return PictureShape{shape[0], shape[3], shape[1], shape[2], true};
  return std::nullopt;
}

/// A value in [0, 1], over 0..255 where the tensor holds bytes.
void put(Tensor& tensor, std::size_t i, float value) {
  const bool bytes = tensor.type() == DataType::u8;
  set_element(tensor, i, static_cast<double>(bytes ? std::min(value * 256, 255.0F) : value));
}

/// In place: an input may be as large as the memory that is left.
void fill_with_pictures(Tensor& tensor, const PictureShape& shape, unsigned seed) {
  for (std::int64_t n = 0; n < shape.count; ++n) {
    const auto take = [&](std::int64_t c, std::int64_t y, std::span<const float> row) {
      const std::int64_t rows =
          shape.channels_last ? n * shape.height + y : (n * shape.channels + c) * shape.height + y;
      const std::int64_t step = shape.channels_last ? shape.channels : 1;
      auto at = static_cast<std::size_t>(rows * shape.width * step + (step > 1 ? c : 0));
      for (const float value : row) {
        put(tensor, at, value);
        at += static_cast<std::size_t>(step);
      }
    };
    natural_picture(shape.channels, shape.height, shape.width,
                    seed + static_cast<unsigned>(n) * 7919, take);
  }
}

void fill(Tensor& tensor, unsigned seed, std::mt19937& random) {
  const DataType type = tensor.type();
  if (type != DataType::f32 && type != DataType::f64 && type != DataType::f16 &&
      type != DataType::u8)
    return;
  if (const auto shape = picture_shape(tensor.shape()))
    return fill_with_pictures(tensor, *shape, seed);
  for (std::size_t i = 0; i < static_cast<std::size_t>(tensor.elements()); ++i)
    put(tensor, i, static_cast<float>(static_cast<double>(random()) / 4294967296.0));
}

}  // namespace

Json to_json(const OutputDifference& d) {
  return {{"output", d.output},
          {"max_absolute", d.max_absolute},
          {"relative", d.relative},
          {"by_rounding", d.by_rounding ? Json(d.by_rounding->most) : Json()}};
}

std::vector<OutputDifference> compare_outputs(const Evaluator& evaluate, const Graph& before,
                                              const Graph& after,
                                              const std::vector<Tensor>& inputs) {
  return compare_outputs(evaluate, before, evaluate, after, inputs);
}

std::vector<OutputDifference> compare_outputs(const Evaluator& evaluate_before, const Graph& before,
                                              const Evaluator& evaluate_after, const Graph& after,
                                              const std::vector<Tensor>& inputs) {
  const std::vector<Tensor> a = evaluate_before(before, inputs);
  const std::vector<Tensor> b = evaluate_after(after, inputs);
  const std::vector<TensorInfo> outputs = before.outputs();
  if (a.size() != outputs.size() || b.size() != outputs.size())
    throw Error(ErrorCode::backend_failed,
                fmt::format("compare outputs: {} and {} results instead of {}", a.size(), b.size(),
                            outputs.size()));
  const std::set<std::string> in_any_order = outputs_in_any_order(before);
  std::vector<Compared> compared;
  std::vector<OutputDifference> differences;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    compared.push_back({outputs[i].name, in_any_order.count(outputs[i].name) != 0});
    differences.push_back(compared[i].difference(a[i], b[i]));
  }
  const bool same = std::all_of(differences.begin(), differences.end(),
                                [](const OutputDifference& d) { return same_numbers(d); });
  if (!same) add_rounding(evaluate_before, before, inputs, a, compared, differences);
  return differences;
}

bool same_numbers(const OutputDifference& d, double tolerance) {
  const double least = d.in_any_order ? std::max(tolerance, kMostMovedRows) : tolerance;
  if (d.relative <= least) return true;
  if (!d.by_rounding) return false;
  const OutputMovement& rounding = *d.by_rounding;
  if (d.whole_numbers || d.in_any_order) return d.moved.share <= kRoundingMargin * rounding.share;
  return d.moved.most <= kRoundingMargin * rounding.most &&
         d.moved.rms <= kRoundingMargin * rounding.rms;
}

void require_same_outputs(const std::vector<OutputDifference>& differences, double tolerance) {
  for (const OutputDifference& d : differences) {
    if (same_numbers(d, tolerance)) continue;
    std::string moved = fmt::format("moved by {:.3g} ({:.3g} relative), more than {:.3g}",
                                    d.max_absolute, d.relative, tolerance);
    if (d.whole_numbers)
      moved = fmt::format("is another number in {:.3g} of its places, more than {:.3g}", d.relative,
                          tolerance);
    else if (d.in_any_order)
      moved = fmt::format("moved in {:.3g} of its rows, more than {:.3g}", d.relative,
                          std::max(tolerance, kMostMovedRows));
    if (d.by_rounding)
      moved += fmt::format(" (rounding its input moves it by {:.3g})", d.by_rounding->most);
    fail(d.output, moved + "; report the model, or continue without the step");
  }
}

std::vector<Tensor> probe_inputs(const Graph& graph, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Tensor> inputs;
  for (const TensorInfo& info : graph.inputs()) {
    Shape shape;
    for (const auto& dim : info.shape) {
      if (!dim)
        throw Error(ErrorCode::invalid_argument,
                    "make inputs for " + graph.source() + ": \"" + info.name +
                        "\" has a dynamic dimension; give --input-size HxW");
      shape.push_back(*dim);
    }
    inputs.emplace_back(info.type, shape);
    fill(inputs.back(), seed, random);
  }
  return inputs;
}

}  // namespace tamis
