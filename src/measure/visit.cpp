#include "measure/visit.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/half.h"
#include "data/picture_header.h"
#include "measure/visitor.h"
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

/// The shape that item i goes to, by its file's header; absent where that cannot be read.
std::optional<std::size_t> shape_of(const OpenedModel& model, const Dataset& data, std::size_t i) {
  const Item& item = data.items()[i];
  if (item.record) return model.shape_for(data.load_picture(i).size());
  const auto header = probe_picture_header(item.file);
  if (!header || header->upright().height < 1 || header->upright().width < 1) return std::nullopt;
  return model.shape_for(header->upright());
}

std::vector<double> shares_of(const OpenedModel& model, const Dataset& data,
                              const std::vector<std::size_t>& items) {
  std::vector<double> shares(model.shapes(), 0.0);
  double count = 0;
  for (std::size_t i : items)
    if (const auto shape = shape_of(model, data, i)) ++shares[*shape], ++count;
  for (double& share : shares) share /= std::max(count, 1.0);
  return shares;
}

/// Shapes that no picture goes to are not part of the time.
void drop_empty_shapes(MeasureInputs& inputs) {
  double sum = 0;
  for (std::size_t k = inputs.of_shape.size(); k-- > 0;) {
    if (inputs.of_shape[k].empty()) {
      inputs.of_shape.erase(inputs.of_shape.begin() + static_cast<std::ptrdiff_t>(k));
      inputs.shares.erase(inputs.shares.begin() + static_cast<std::ptrdiff_t>(k));
    } else {
      sum += inputs.shares[k];
    }
  }
  for (double& share : inputs.shares) share /= sum;
}

}  // namespace

MeasureInputs prepare_inputs(const OpenedModel& model, const Dataset& data,
                             std::vector<std::size_t>& items, std::size_t most) {
  MeasureInputs inputs;
  const std::size_t shapes = model.shapes();
  if (shapes > 1) inputs.of_shape.resize(shapes);
  if (shapes > 1) inputs.shares = shares_of(model, data, items);
  std::vector<std::size_t> usable;
  std::optional<Error> last;
  for (std::size_t i : items) {
    if (usable.size() == most * shapes) break;
    const std::size_t shape = shapes > 1 ? shape_of(model, data, i).value_or(0) : 0;
    if (shapes > 1 && inputs.of_shape[shape].size() == most) continue;
    Tensor input = model.make_input(shape);
    Placement placement;
    try {
      const Picture picture = data.load_picture(i);
      model.prepare(picture, input, placement);
      if (model.from_pixels())
        inputs.laid_out.push_back(
            lay_out_picture(model.card_of(model.shape_for(picture.size())), picture, placement));
    } catch (const Error& e) {
      last = e;  // evaluation names and counts it; here another picture serves as well
      continue;
    }
    if (shapes > 1) inputs.of_shape[shape].push_back(inputs.tensors.size());
    inputs.tensors.push_back(std::move(input));
    inputs.placements.push_back(placement);
    usable.push_back(i);
  }
  if (usable.empty() && last) throw Error(*last);
  if (usable.empty())
    throw Error(ErrorCode::invalid_argument, "measure: there is not an image to measure with");
  items = usable;
  drop_empty_shapes(inputs);
  return inputs;
}

MeasureInputs synthetic_inputs(const OpenedModel& model, std::size_t count, std::uint64_t seed) {
  MeasureInputs inputs;
  Random random(seed);
  const std::size_t shapes = model.shapes();
  if (shapes > 1) inputs.of_shape.resize(shapes);
  if (shapes > 1) inputs.shares.assign(shapes, 1.0 / static_cast<double>(shapes));
  for (std::size_t n = 0; n < count * shapes; ++n) {
    Tensor input = model.make_input(n % shapes);
    if (shapes > 1) inputs.of_shape[n % shapes].push_back(n);
    for (std::int64_t i = 0; i < input.elements(); ++i) {
      if (input.type() == DataType::f32)
        input.data<float>()[i] = static_cast<float>(random.uniform());
      if (input.type() == DataType::f16)
        input.data<std::uint16_t>()[i] = float_to_half(static_cast<float>(random.uniform()));
      if (input.type() == DataType::u8)
        input.data<std::uint8_t>()[i] = static_cast<std::uint8_t>(random.below(256));
    }
    inputs.tensors.push_back(std::move(input));
    inputs.placements.push_back(model.whole_placement(n % shapes));
  }
  return inputs;
}

std::vector<TimedRun> visit(OpenedModel& model, const MeasureInputs& inputs, std::size_t input,
                            int discard, int timed) {
  std::vector<TimedRun> runs(static_cast<std::size_t>(timed));
  Visitor visitor(model, inputs, input);
  for (int i = 0; i < discard; ++i) visitor.run();
  for (TimedRun& run : runs) run = visitor.run();
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
  std::vector<Tensor> buffers;  // by shape, so that none is made inside the time
  for (std::size_t k = 0; k < model.shapes(); ++k) buffers.push_back(model.make_input(k));
  Placement placement;
  for (int r = 0; r <= repeats; ++r) {
    for (std::size_t i : items) {
      std::int64_t start = now_ns();
      const Picture picture = data.load_picture(i);
      Tensor& input = buffers[model.shape_for(picture.size())];
      model.prepare(picture, input, placement);
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
