#pragma once

#include <vector>

namespace tamis {

/// Maps values to pixels along one direction of a plot. Pure after construction.
class Axis {
 public:
  enum class Kind { linear, logarithmic };

  /// Values low..high (low < high; > 0 for logarithmic) go to pixels from..to, either way round.
  Axis(Kind kind, double low, double high, double from_px, double to_px);

  double px(double value) const;          ///< values outside are extrapolated
  double clamped_px(double value) const;  ///< values outside land on the nearer end
  double low() const { return low_; }
  double high() const { return high_; }

  /// Round values within the axis, about one per `spacing_px`, at least two.
  std::vector<double> ticks(double spacing_px) const;

 private:
  Kind kind_;
  double low_, high_, from_px_, to_px_;
};

}  // namespace tamis
