#include "measure/visit.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "stats/percentile.h"
#include "stats/random.h"
#include "tasks/prepare.h"

namespace tamis {
namespace {

double block_median(OpenedModel& model, const MeasureInputs& inputs, int runs) {
  std::vector<double> times;
  for (const TimedRun& t : visit(model, inputs, 0, 0, runs))
    times.push_back(static_cast<double>(t.total_ns));
  return median(times);
}

}  // namespace

MeasureInputs prepare_inputs(const OpenedModel& model, const Dataset& data,
                             std::vector<std::size_t>& items, std::size_t most) {
  MeasureInputs inputs;
  std::vector<std::size_t> usable;
  std::optional<Error> last;
  for (std::size_t i : items) {
    if (usable.size() == most) break;
    Tensor input = model.make_input();
    Placement placement;
    try {
      const Picture picture = data.load_picture(i);
      model.prepare(picture, input, placement);
      if (model.from_pixels())
        inputs.laid_out.push_back(lay_out_picture(*model.card(), picture, placement));
    } catch (const Error& e) {
      last = e;  // evaluation names and counts it; here another picture serves as well
      continue;
    }
    inputs.tensors.push_back(std::move(input));
    inputs.placements.push_back(placement);
    usable.push_back(i);
  }
  if (usable.empty() && last) throw *last;
  if (usable.empty())
    throw Error(ErrorCode::invalid_argument, "measure: no picture to measure with");
  items = usable;
  return inputs;
}

MeasureInputs synthetic_inputs(const OpenedModel& model, int count, std::uint64_t seed) {
  MeasureInputs inputs;
  Random random(seed);
  for (int n = 0; n < count; ++n) {
    Tensor input = model.make_input();
    for (std::int64_t i = 0; i < input.elements(); ++i) {
      if (input.type() == DataType::f32)
        input.data<float>()[i] = static_cast<float>(random.uniform());
      if (input.type() == DataType::u8)
        input.data<std::uint8_t>()[i] = static_cast<std::uint8_t>(random.below(256));
    }
    inputs.tensors.push_back(std::move(input));
    inputs.placements.push_back(model.whole_placement());
  }
  return inputs;
}

std::vector<TimedRun> visit(OpenedModel& model, const MeasureInputs& inputs, std::size_t input,
                            int discard, int timed) {
  std::size_t which = input % inputs.tensors.size();
  std::vector<TimedRun> runs(static_cast<std::size_t>(timed));
  const Placement& placement = inputs.placements[which];
  if (inputs.laid_out.empty()) {
    for (int i = 0; i < discard; ++i) model.run(inputs.tensors[which], placement, nullptr);
    for (TimedRun& run : runs) run = model.run(inputs.tensors[which], placement, nullptr);
    return runs;
  }
  const Picture& picture = inputs.laid_out[which];
  Tensor tensor = inputs.tensors[which].clone();
  for (int i = 0; i < discard; ++i) model.run_from_pixels(picture, tensor, placement);
  for (TimedRun& run : runs) run = model.run_from_pixels(picture, tensor, placement);
  return runs;
}

int warm_up(OpenedModel& model, const MeasureInputs& inputs, int most, double seconds) {
  std::int64_t start = now_ns();
  double before = block_median(model, inputs, 5);
  int runs = 5;
  while (runs < most && seconds_since(start) < seconds) {
    double now = block_median(model, inputs, 5);
    runs += 5;
    if (std::abs(now - before) < 0.05 * before) break;
    before = now;
  }
  return runs;
}

std::vector<std::int64_t> time_from_file(OpenedModel& model, const Dataset& data,
                                         const std::vector<std::size_t>& items, int repeats) {
  std::vector<std::int64_t> times;
  Tensor input = model.make_input();
  Placement placement;
  for (int r = 0; r <= repeats; ++r) {
    for (std::size_t i : items) {
      std::int64_t start = now_ns();
      model.prepare(data.load_picture(i), input, placement);
      model.run(input, placement, nullptr);
      if (r > 0) times.push_back(now_ns() - start);
    }
  }
  return times;
}

std::uint64_t peak_memory_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) != 0) continue;
    std::istringstream text(line.substr(6));
    std::uint64_t kib = 0;
    text >> kib;
    return kib * 1024;
  }
  throw Error(ErrorCode::io, "read peak memory: /proc/self/status has no VmHWM");
}

}  // namespace tamis
