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

/// Pictures to measure with, `most` of each shape, and the items that they are of.
std::vector<LaidOutPicture> lay_out_items(const OpenedModel& model, const Dataset& data,
                                          std::vector<std::size_t>& items, std::size_t most) {
  const std::size_t shapes = model.shapes();
  std::vector<LaidOutPicture> pictures;
  std::vector<std::size_t> usable, of_shape(shapes);
  std::optional<Error> last;
  for (std::size_t i : items) {
    if (usable.size() == most * shapes) break;
    const std::size_t shape = shapes > 1 ? shape_of(model, data, i).value_or(0) : 0;
    if (of_shape[shape] == most) continue;
    try {
      pictures.push_back(model.lay_out(data.load_picture(i)));
    } catch (const Error& e) {
      last = e;  // evaluation names and counts it; here another picture serves as well
      continue;
    }
    ++of_shape[shape];
    usable.push_back(i);
  }
  if (usable.empty() && last) throw Error(*last);
  if (usable.empty())
    throw Error(ErrorCode::invalid_argument, "measure: there is not an image to measure with");
  items = usable;
  return pictures;
}

/// Those of `own` that request `r` holds: picture r and those behind it, in turn.
std::vector<const LaidOutPicture*> pictures_of(const std::vector<const LaidOutPicture*>& own,
                                               std::size_t r, int batch) {
  std::vector<const LaidOutPicture*> chosen;
  for (std::size_t n = 0; n < static_cast<std::size_t>(batch); ++n)
    chosen.push_back(own[(r + n) % own.size()]);
  return chosen;
}

/// The items of each request: one each, or of a batch so many that go to one shape, in turn.
std::vector<std::vector<std::size_t>> requests_of(const OpenedModel& model, const Dataset& data,
                                                  const std::vector<std::size_t>& items) {
  const auto batch = static_cast<std::size_t>(model.batch());
  std::vector<std::vector<std::size_t>> requests, by_shape(model.shapes());
  if (batch == 1) {
    for (std::size_t i : items) requests.push_back({i});
    return requests;
  }
  for (std::size_t i : items)
    by_shape[model.shapes() > 1 ? shape_of(model, data, i).value_or(0) : 0].push_back(i);
  for (const auto& own : by_shape)
    for (std::size_t first = 0; first < own.size(); first += batch) {
      requests.emplace_back();
      for (std::size_t n = 0; n < batch; ++n)
        requests.back().push_back(own[(first + n) % own.size()]);
    }
  return requests;
}

void fill_with_noise(Tensor& input, Random& random) {
  for (std::int64_t i = 0; i < input.elements(); ++i) {
    if (input.type() == DataType::f32)
      input.data<float>()[i] = static_cast<float>(random.uniform());
    if (input.type() == DataType::f16)
      input.data<std::uint16_t>()[i] = float_to_half(static_cast<float>(random.uniform()));
    if (input.type() == DataType::u8)
      input.data<std::uint8_t>()[i] = static_cast<std::uint8_t>(random.below(256));
  }
}

}  // namespace

MeasureInputs prepare_inputs(const OpenedModel& model, const Dataset& data,
                             std::vector<std::size_t>& items, std::size_t most) {
  MeasureInputs inputs;
  const std::size_t shapes = model.shapes();
  if (shapes > 1) inputs.of_shape.resize(shapes);
  if (shapes > 1) inputs.shares = shares_of(model, data, items);
  inputs.laid_out =
      lay_out_items(model, data, items, std::max(most, static_cast<std::size_t>(model.batch())));
  std::vector<std::vector<const LaidOutPicture*>> by_shape(shapes);
  for (const LaidOutPicture& one : inputs.laid_out) by_shape[one.shape].push_back(&one);
  std::vector<std::size_t> made(shapes);
  for (const LaidOutPicture& first : inputs.laid_out) {
    if (made[first.shape] == most) continue;
    inputs.pictures.push_back(
        pictures_of(by_shape[first.shape], made[first.shape]++, model.batch()));
    if (shapes > 1) inputs.of_shape[first.shape].push_back(inputs.batches.size());
    inputs.batches.push_back(model.make_batch(first.shape));
    model.fill(inputs.pictures.back(), inputs.batches.back());
  }
  if (!model.from_pixels()) {
    inputs.pictures.clear();
    inputs.laid_out = {};
  }
  drop_empty_shapes(inputs);
  return inputs;
}

MeasureInputs zero_inputs(const OpenedModel& model, std::size_t count) {
  MeasureInputs inputs;
  const std::size_t shapes = model.shapes();
  if (shapes > 1) inputs.of_shape.resize(shapes);
  if (shapes > 1) inputs.shares.assign(shapes, 1.0 / static_cast<double>(shapes));
  for (std::size_t n = 0; n < count * shapes; ++n) {
    if (shapes > 1) inputs.of_shape[n % shapes].push_back(n);
    inputs.batches.push_back(model.make_batch(n % shapes));
  }
  return inputs;
}

MeasureInputs synthetic_inputs(const OpenedModel& model, std::size_t count, std::uint64_t seed) {
  MeasureInputs inputs = zero_inputs(model, count);
  Random random(seed);
  for (Batch& batch : inputs.batches) {
    if (model.card()) {
      fill_with_noise(batch.pictures(), random);
    } else {
      for (Tensor& input : batch.inputs) fill_with_noise(input, random);
    }
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
  std::vector<Batch> buffers;  // by shape, so that none is made inside the time
  for (std::size_t k = 0; k < model.shapes(); ++k) buffers.push_back(model.make_batch(k));
  const auto requests = requests_of(model, data, items);
  std::vector<Picture> pictures;
  for (int r = 0; r <= repeats; ++r) {
    for (const std::vector<std::size_t>& request : requests) {
      pictures.clear();
      std::int64_t start = now_ns();
      for (std::size_t i : request) pictures.push_back(data.load_picture(i));
      Batch& batch = buffers[model.shape_for(pictures[0].size())];
      model.prepare(pictures, batch);
      model.run(batch);
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
