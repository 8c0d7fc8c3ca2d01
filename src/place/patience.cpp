#include "place/patience.h"

#include <algorithm>
#include <cstdlib>

#include "base/files.h"

namespace tamis {
namespace {

constexpr double kLeast_s = 60;
constexpr double kFirstOpen_s = 300;  // compiling a large model for a device may take minutes
constexpr double kFactor = 20;        // a busy machine, a cold disk, slow pictures

double scale() {
  auto named = environment("TAMIS_PATIENCE");
  double factor = named ? std::strtod(named->c_str(), nullptr) : 1;
  return factor > 0 ? factor : 1;
}

}  // namespace

Patience patience_to_inspect() { return scale() * kLeast_s; }

Patience patience_to_open() { return scale() * kFirstOpen_s; }

Patience patience_to_open(double before_s) {
  return {scale() * (kLeast_s + kFactor * before_s), before_s};
}

Patience patience_for_items(std::size_t count, double item_s) {
  double expected_s = static_cast<double>(count) * item_s;
  return {scale() * (kLeast_s + kFactor * expected_s), expected_s};
}

Patience patience_to_build(std::size_t items, double inference_s) {
  constexpr double kPasses = 200;      // inferences per calibration item
  constexpr double kBesideItems = 10;  // folding, comparing, checking in each runtime
  double inferences = kPasses * (static_cast<double>(items) + kBesideItems);
  return scale() * (2 * kLeast_s + inferences * inference_s);
}

double guessed_inference_s(double macs) {
  constexpr double kSlow_ops = 1e10, kUnknown_s = 1;  // a tenth of what two cores do
  return macs > 0 ? 2 * macs / kSlow_ops : kUnknown_s;
}

}  // namespace tamis
