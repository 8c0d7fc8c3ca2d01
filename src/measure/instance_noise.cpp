#include "measure/instance_noise.h"

#include <cmath>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "measure/calm.h"
#include "measure/instance_series.h"
#include "place/worker.h"

namespace tamis {
namespace {

constexpr double kPiece_ms = 2, kTimeout_s = 60;
constexpr int kPieces = 5;  // timed in a visit, after one that is thrown away
constexpr std::size_t kRounds = 5, kMostInstances = 30;

/// The fixed work (machine/spin_work.h) in a worker of its own.
class SpinContestant final : public Contestant {
 public:
  /// `passes`: of a piece; absent: as many as take kPiece_ms here, and left there for the others.
  SpinContestant(Place& place, std::string id, int threads, std::optional<int>& passes)
      : id_(std::move(id)), worker_(place) {
    const Json open{{"op", "spin_open"},
                    {"threads", threads},
                    {"piece_ms", kPiece_ms},
                    {"passes", passes ? Json(*passes) : Json()}};
    passes = worker_.request(open, kTimeout_s).head.at("passes").get<int>();
    worker_.pause();
  }

  const std::string& id() const override { return id_; }
  const OpenedInfo& info() const override { return info_; }
  VisitSample visit(std::size_t, Block) override {
    const Frame reply = worker_.request({{"op", "spin"}, {"pieces", kPieces}}, kTimeout_s);
    worker_.pause();
    std::vector<std::int64_t> times(reply.block.size() / sizeof(std::int64_t));
    std::memcpy(times.data(), reply.block.data(), times.size() * sizeof(std::int64_t));
    const std::vector<double> ns(times.begin(), times.end());
    return {ns, ns};
  }
  std::vector<double> time_from_file(int) override { return {}; }
  std::string output_hash() override { return ""; }

 private:
  std::string id_;
  OpenedInfo info_;
  Worker worker_;
};

}  // namespace

InstanceNoise measure_instance_noise(Place& place, int threads, double seconds) {
  std::optional<int> passes;
  const std::shared_ptr<Calm> calm = calm_of(place);
  InstanceSeries rounds({"a", "b"},
                        [&](const std::string& id) {
                          return in_calm(
                              std::make_unique<SpinContestant>(place, id, threads, passes), calm);
                        },
                        {});
  const std::int64_t start = now_ns();
  InstanceNoise noise;
  std::size_t count = 0;
  while (count < kLeastInstances || (count < kMostInstances && seconds_since(start) < seconds)) {
    const InstanceRecord& record = rounds.run_instance(kRounds);
    if (!record.failures.empty())
      throw Error(ErrorCode::backend_failed,
                  std::string("measure instance noise: ") + record.failures.front().error.what());
    noise.open_s += record.open_s;
    noise.round_s += record.rounds_s / static_cast<double>(kRounds);
    ++count;
  }
  rounds.settle_for_disturbed();
  noise.open_s /= static_cast<double>(count);
  noise.round_s /= static_cast<double>(count);
  const PairedSamples pair = rounds.table().pair("a", "b");
  std::vector<double> logs;
  for (std::size_t i = 0; i < pair.size(); ++i) logs.push_back(std::log(pair.a[i] / pair.b[i]));
  noise.log_ratio = random_effects(logs, pair.instance);
  return noise;
}

}  // namespace tamis
