#include "measure/worker_contestant.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "measure/visit.h"
#include "result/keys.h"

namespace tamis {
namespace {

constexpr double kPrepare_s = 1;  // reading and preparing a picture, on the slow side
struct BlockSize {
  double target_ms;  // a timed block lasts about this long…
  int least;         // …and holds at least this many inferences
};
constexpr BlockSize kFull{20, 3}, kBrief{6, 1};
constexpr BlockSize kFullLoad{200, 3}, kBriefLoad{80, 2};  // of each request in flight
constexpr int kMostTimed = 100;
constexpr double kDiscardTarget_ms = 3;  // caches and threads are cold after a pause

std::vector<double> to_doubles(const std::vector<std::uint8_t>& block) {
  std::vector<std::int64_t> whole(block.size() / sizeof(std::int64_t));
  std::memcpy(whole.data(), block.data(), whole.size() * sizeof(std::int64_t));
  return {whole.begin(), whole.end()};
}

}  // namespace

std::vector<std::size_t> measuring_items(std::vector<std::size_t> items, const Card* card,
                                         int batch) {
  const bool one_shape = card == nullptr || card->input_sizes.empty();
  const std::size_t most = std::max(kMeasuringCandidates, 2 * static_cast<std::size_t>(batch));
  if (one_shape && items.size() > most) items.resize(most);
  return items;
}

WorkerContestant::WorkerContestant(Place& place, ContestantSpec spec)
    : spec_(std::move(spec)), worker_(place) {
  Json open = to_json(spec_.request);
  open["op"] = "open";
  open["model"] = place.path_of({spec_.request.model, spec_.content}).string();
  open["inputs"] = to_json(spec_.inputs);
  open["under_load"] = spec_.under_load;
  info_ = parse_opened_info(worker_.request(open, patience_to_open()).head);
  worker_.pause();
}

VisitSample WorkerContestant::visit(std::size_t input, Block block) {
  return spec_.under_load ? visit_under_load(input, block) : visit_alone(input, block);
}

/// As VisitSample holds them, from triples of i64.
VisitSample WorkerContestant::read_sample(const Frame& reply) {
  const std::vector<double> all = to_doubles(reply.block);
  VisitSample sample;
  for (std::size_t i = 0; i + 2 < all.size(); i += 3) {
    sample.inference_ns.push_back(all[i]);
    sample.prepare_ns.push_back(all[i + 1]);
    sample.total_ns.push_back(all[i + 2]);
  }
  return sample;
}

VisitSample WorkerContestant::visit_under_load(std::size_t input, Block block) {
  const double warm = std::max(info_.warm_ms, 1e-3);
  const BlockSize size = block == Block::full ? kFullLoad : kBriefLoad;
  Json request{{"op", "load"},
               {"input", input},
               {"discard", 1},
               {"least", size.least},
               {"target_ms", size.target_ms}};
  // Requests in flight may share one core: then each takes as much longer as there are.
  const auto in_flight = static_cast<std::size_t>(info_.in_flight);
  const auto each = static_cast<std::size_t>(size.least + 2) +
                    static_cast<std::size_t>(std::ceil(size.target_ms / warm));
  Frame reply = worker_.request(request, patience_for_items(in_flight * each, warm * 1e-3));
  worker_.pause();
  VisitSample sample = read_sample(reply);
  sample.images_per_s = reply.head.at(keys::images_per_s).get<double>();
  return sample;
}

VisitSample WorkerContestant::visit_alone(std::size_t input, Block block) {
  double warm = std::max(info_.warm_ms, 1e-3);
  BlockSize size = block == Block::full ? kFull : kBrief;
  int timed =
      std::clamp(static_cast<int>(std::lround(size.target_ms / warm)), size.least, kMostTimed);
  int discard = std::clamp(static_cast<int>(std::ceil(kDiscardTarget_ms / warm)), 1, kMostTimed);
  Json request{{"op", "visit"}, {"input", input}, {"discard", discard}, {"timed", timed}};
  auto inferences = static_cast<std::size_t>(discard) + static_cast<std::size_t>(timed);
  Frame reply = worker_.request(request, patience_for_items(inferences, warm * 1e-3));
  worker_.pause();
  return read_sample(reply);
}

std::vector<double> WorkerContestant::time_from_file(int repeats) {
  std::size_t items = static_cast<std::size_t>(repeats + 1) * kMeasuringCandidates;
  Frame reply = worker_.request({{"op", "from_file"}, {"repeats", repeats}},
                                patience_for_items(items, kPrepare_s + info_.warm_ms * 1e-3));
  worker_.pause();
  return to_doubles(reply.block);
}

std::string WorkerContestant::output_hash() {
  Frame reply = worker_.request({{"op", "output_hash"}},
                                patience_for_items(kMeasuringCandidates, info_.warm_ms * 1e-3));
  worker_.pause();
  return reply.head.at("hash");
}

}  // namespace tamis
