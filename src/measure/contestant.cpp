#include "measure/contestant.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "stats/percentile.h"

namespace tamis {
namespace {

constexpr std::size_t kMeasuringInputs = 8;  // more than a worker prepares
constexpr double kPrepare_s = 1;             // reading and preparing a picture, on the slow side
struct BlockSize {
  double target_ms;  // a timed block lasts about this long…
  int least;         // …and holds at least this many inferences
};
constexpr BlockSize kFull{20, 3}, kBrief{6, 1};
constexpr int kMostTimed = 100;
constexpr double kDiscardTarget_ms = 3;  // caches and threads are cold after a pause

std::vector<double> to_doubles(const std::vector<std::uint8_t>& block) {
  std::vector<std::int64_t> whole(block.size() / sizeof(std::int64_t));
  std::memcpy(whole.data(), block.data(), whole.size() * sizeof(std::int64_t));
  return {whole.begin(), whole.end()};
}

}  // namespace

Json to_json(const InputSpec& inputs) {
  if (!inputs.data) return Json();
  return Json{
      {"path", inputs.data->path.string()}, {"split", inputs.data->split}, {"items", inputs.items}};
}

InputSpec parse_input_spec(const Json& json) {
  if (json.is_null()) return {};
  return {DataSpec{json.at("path").get<std::string>(), json.value("split", "")},
          json.at("items").get<std::vector<std::size_t>>()};
}

Json to_json(const OpenedInfo& info) {
  return Json{{"load_ms", info.load_ms},
              {"compile_ms", info.compile_ms},
              {"first_ms", info.first_ms},
              {"warm_ms", info.warm_ms},
              {"peak_memory_bytes", info.peak_memory_bytes},
              {"effective", info.effective}};
}

OpenedInfo parse_opened_info(const Json& json) {
  OpenedInfo info;
  info.load_ms = json.at("load_ms");
  info.compile_ms = json.at("compile_ms");
  info.first_ms = json.at("first_ms");
  info.warm_ms = json.at("warm_ms");
  info.peak_memory_bytes = json.at("peak_memory_bytes");
  info.effective = json.value("effective", Json::object());
  return info;
}

double VisitSample::total() const { return median(total_ns); }
double VisitSample::inference() const { return median(inference_ns); }

Json to_json(const VisitSample& sample) {
  return Json{{"total_ns", sample.total_ns},
              {"inference_ns", sample.inference_ns},
              {"prepare_ns", sample.prepare_ns}};
}

VisitSample parse_visit_sample(const Json& json) {
  return {json.at("total_ns").get<std::vector<double>>(),
          json.at("inference_ns").get<std::vector<double>>(),
          json.value("prepare_ns", std::vector<double>())};
}

Contestant::Contestant(ContestantSpec spec) : spec_(std::move(spec)) {
  Json open = to_json(spec_.request);
  open["op"] = "open";
  open["inputs"] = to_json(spec_.inputs);
  info_ = parse_opened_info(worker_.request(open, patience_to_open()).head);
  worker_.pause();
}

VisitSample Contestant::visit(std::size_t input, Block block) {
  double warm = std::max(info_.warm_ms, 1e-3);
  BlockSize size = block == Block::full ? kFull : kBrief;
  int timed =
      std::clamp(static_cast<int>(std::lround(size.target_ms / warm)), size.least, kMostTimed);
  int discard = std::clamp(static_cast<int>(std::ceil(kDiscardTarget_ms / warm)), 1, kMostTimed);
  Json request{{"op", "visit"}, {"input", input}, {"discard", discard}, {"timed", timed}};
  auto inferences = static_cast<std::size_t>(discard) + static_cast<std::size_t>(timed);
  Frame reply = worker_.request(request, patience_for_items(inferences, warm * 1e-3));
  worker_.pause();
  std::vector<double> both = to_doubles(reply.block);
  VisitSample sample;
  for (std::size_t i = 0; i + 2 < both.size(); i += 3) {
    sample.inference_ns.push_back(both[i]);
    sample.prepare_ns.push_back(both[i + 1]);
    sample.total_ns.push_back(both[i + 2]);
  }
  return sample;
}

std::vector<double> Contestant::time_from_file(int repeats) {
  std::size_t items = static_cast<std::size_t>(repeats + 1) * kMeasuringInputs;
  Frame reply = worker_.request({{"op", "from_file"}, {"repeats", repeats}},
                                patience_for_items(items, kPrepare_s + info_.warm_ms * 1e-3));
  worker_.pause();
  return to_doubles(reply.block);
}

std::string Contestant::output_hash() {
  Frame reply = worker_.request({{"op", "output_hash"}},
                                patience_for_items(kMeasuringInputs, info_.warm_ms * 1e-3));
  worker_.pause();
  return reply.head.at("hash");
}

}  // namespace tamis
