#include "grid/resolutions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "base/error.h"
#include "vision/shape_set.h"

namespace tamis {
namespace {

constexpr double kWorthAShape = 0.98;  // another shape must leave at most this of the pixels
constexpr double kWorthTrying = 0.97;  // of the own size's pixels
constexpr double kScales[] = {1.0, 0.95, 0.9};

double area(const Size& size) { return static_cast<double>(size.height) * size.width; }

bool holds(const Size& shape, const Size& needed) {
  return needed.height <= shape.height && needed.width <= shape.width;
}

/// One side; 0 where the text is none.
int side(const std::string& digits) {
  const bool number = !digits.empty() && digits.size() < 6 && digits[0] != '0' &&
                      digits.find_first_not_of("0123456789") == std::string::npos;
  return number ? std::stoi(digits) : 0;
}

Size parse_size(const std::string& text) {
  const std::size_t cross = text.find('x');
  const int first = side(text.substr(0, cross));
  return {first, cross == std::string::npos ? first : side(text.substr(cross + 1))};
}

int up_to_multiple(int length, std::int64_t stride) {
  const auto s = static_cast<int>(stride);
  return (length + s - 1) / s * s;
}

/// What the pictures need at the scale that `own` gives them, in multiples of the stride.
std::map<std::pair<int, int>, double> needs(const std::vector<PictureCount>& pictures, Size own,
                                            std::int64_t stride) {
  std::map<std::pair<int, int>, double> counts;
  for (const PictureCount& p : pictures) {
    const Size inside = scaled_size(p.size, letterbox_scale(p.size, own));
    counts[{std::min(up_to_multiple(inside.height, stride), own.height),
            std::min(up_to_multiple(inside.width, stride), own.width)}] +=
        static_cast<double>(p.count);
  }
  return counts;
}

class Search {
 public:
  Search(const std::map<std::pair<int, int>, double>& needs, std::vector<Size> candidates,
         std::size_t count)
      : needs_(needs), candidates_(std::move(candidates)), count_(count) {}

  std::pair<double, std::vector<Size>> best() {
    choose(0);
    return {cost_, best_};
  }

 private:
  void choose(std::size_t from) {
    if (chosen_.size() == count_) {
      judge();
      return;
    }
    for (std::size_t i = from; i < candidates_.size(); ++i) {
      chosen_.push_back(candidates_[i]);
      choose(i + 1);
      chosen_.pop_back();
    }
  }

  void judge() {
    double cost = 0;
    for (const auto& [need, count] : needs_) {
      double least = -1;
      for (const Size& shape : chosen_)
        if (holds(shape, {need.first, need.second}) && (least < 0 || area(shape) < least))
          least = area(shape);
      if (least < 0) return;  // a picture that no shape holds
      cost += count * least;
      if (!best_.empty() && cost >= cost_) return;
    }
    cost_ = cost;
    best_ = chosen_;
  }

  const std::map<std::pair<int, int>, double>& needs_;
  std::vector<Size> candidates_;
  std::size_t count_;
  std::vector<Size> chosen_, best_;
  double cost_ = 0;
};

Size scaled(Size own, double by, std::int64_t stride) {
  auto one = [&](int length) {
    const auto s = static_cast<double>(stride);
    return static_cast<int>(std::max(1.0, std::round(length * by / s)) * s);
  };
  return {one(own.height), one(own.width)};
}

}  // namespace

std::string resolution_text(const std::vector<Size>& shapes) {
  std::string text;
  for (const Size& s : shapes)
    text += fmt::format("{}{}x{}", text.empty() ? "" : "+", s.height, s.width);
  return text;
}

std::vector<Size> parse_resolution(const std::string& text) {
  constexpr std::size_t kMostShapes = 4;
  std::vector<Size> shapes;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t plus = std::min(text.find('+', from), text.size());
    const Size size = parse_size(text.substr(from, plus - from));
    if (size.height == 0 || size.width == 0)
      throw Error(ErrorCode::invalid_argument,
                  fmt::format("--resolution: '{}' is not a height and width; give 480x640, 512 for "
                              "a square, or a set of shapes such as 480x640+640x480+640x640",
                              text));
    if (std::find(shapes.begin(), shapes.end(), size) == shapes.end()) shapes.push_back(size);
    from = plus + 1;
  }
  if (shapes.size() > kMostShapes)
    throw Error(ErrorCode::invalid_argument,
                fmt::format("--resolution: '{}' has {} shapes; each is compiled and held in memory "
                            "separately; give at most {}",
                            text, shapes.size(), kMostShapes));
  return shapes;
}

Json resolution_params(const std::vector<Size>& shapes) {
  if (shapes.size() == 1) return {{"height", shapes[0].height}, {"width", shapes[0].width}};
  Json params;
  for (const Size& s : shapes) params["sizes"].push_back(Json::array({s.height, s.width}));
  return params;
}

double pixel_share(const std::vector<PictureCount>& pictures, const std::vector<Size>& shapes,
                   Size own) {
  double pixels = 0, count = 0;
  for (const PictureCount& p : pictures) {
    pixels += static_cast<double>(p.count) * area(shapes[shape_for(p.size, shapes)]);
    count += static_cast<double>(p.count);
  }
  return count > 0 ? pixels / count / area(own) : 1;
}

double padding_share(const std::vector<PictureCount>& pictures, const std::vector<Size>& shapes) {
  double pixels = 0, used = 0;
  for (const PictureCount& p : pictures) {
    const Size shape = shapes[shape_for(p.size, shapes)];
    pixels += static_cast<double>(p.count) * area(shape);
    used +=
        static_cast<double>(p.count) * area(scaled_size(p.size, letterbox_scale(p.size, shape)));
  }
  return pixels > 0 ? 1 - used / pixels : 0;
}

std::vector<Size> fitted_shapes(const std::vector<PictureCount>& pictures, Size own,
                                std::int64_t stride, std::size_t most) {
  const auto wanted = needs(pictures, own, stride);
  if (wanted.empty()) return {own};
  std::vector<Size> candidates{own};
  for (const auto& [need, count] : wanted)
    if (Size{need.first, need.second} != own) candidates.push_back({need.first, need.second});
  // One shape for all has the greatest height and the greatest width.
  Size all{0, 0};
  for (const auto& [need, count] : wanted)
    all = {std::max(all.height, need.first), std::max(all.width, need.second)};
  if (std::find(candidates.begin(), candidates.end(), all) == candidates.end())
    candidates.push_back(all);
  std::pair<double, std::vector<Size>> best = Search(wanted, candidates, 1).best();
  for (std::size_t k = 2; k <= std::min(most, candidates.size()); ++k) {
    auto other = Search(wanted, candidates, k).best();
    if (other.second.empty() || other.first > kWorthAShape * best.first) break;
    best = std::move(other);
  }
  std::sort(best.second.begin(), best.second.end(),
            [](const Size& a, const Size& b) { return area(a) < area(b); });
  return best.second;
}

std::vector<std::string> resolutions_worth_trying(const std::vector<PictureCount>& pictures,
                                                  Size own, std::int64_t stride,
                                                  bool keeps_aspect) {
  constexpr std::size_t kMostShapes = 3;
  std::vector<std::string> values;
  for (const double scale : kScales) {
    const Size base = scaled(own, scale, stride);
    const bool fits = keeps_aspect && !pictures.empty();
    const std::vector<Size> shapes =
        fits ? fitted_shapes(pictures, base, stride, kMostShapes) : std::vector<Size>{base};
    const double share = fits ? pixel_share(pictures, shapes, own) : area(base) / area(own);
    const std::string text = resolution_text(shapes);
    if (share <= kWorthTrying && std::find(values.begin(), values.end(), text) == values.end())
      values.push_back(text);
  }
  return values;
}

}  // namespace tamis
