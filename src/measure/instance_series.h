#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "measure/instance.h"
#include "stats/random_effects.h"

namespace tamis {

/// How many rounds an instance may have.
struct InstanceSize {
  std::size_t least = 5;      ///< even where opening is cheap
  std::size_t most = 20;      ///< even where opening is dear
  std::size_t instances = 6;  ///< that are wanted: rounds are cut down to `least` for so many
};

/// What changes results first, then what watches. All functions may be empty.
struct SeriesPlan {
  std::uint64_t seed = 1;
  Block block = Block::full;
  InstanceSize size{};
  std::function<bool()> go_on{};                                   ///< asked before every step
  std::function<void(const std::string& id)> opening{};            ///< told of every opening
  std::function<void()> round_done{};                              ///< told of every round
  std::function<void(const std::vector<Contestant*>&)> closing{};  ///< sees all before they go
};

/// Instance after instance of the same few variants, all compared with each other: what the paired
/// statistics need to say what the next start will see. Variants that fail are left out from then
/// on. Keeps no instance open between calls. Not thread safe.
class InstanceSeries {
 public:
  InstanceSeries(std::vector<std::string> ids, OpenContestant open, SeriesPlan plan);

  /// One more instance of all that run, of `rounds` rounds (instance.h). Where plan.go_on says no,
  /// what was measured until then. The result is also added here. Throws an Error(io), and what
  /// plan's functions throw.
  const InstanceRecord& run_instance(std::size_t rounds);

  /// An instance that was measured before, the next in number. What failed in it is left out of
  /// further ones. One without an undisturbed round (calm.h) is put aside: it is no instance.
  void add(InstanceRecord record);

  /// At the end: the instances that were put aside count after all where the others are fewer than
  /// an interval needs.
  void settle_for_disturbed();

  /// Whether more instances, or more rounds, were put aside than twice what is wanted at most: the
  /// host will not rest.
  bool disturbed_beyond(std::size_t instances, std::size_t rounds) const;

  /// Of all visits, those of instances that were put aside too.
  double disturbed_share() const;

  /// How many rounds the next instance should have: as many as pay, from what opening and rounds
  /// took so far and from how much rounds and instances scatter (Kalibera & Jones 2013); fewer
  /// where `seconds_left` would otherwise not do for the wanted number of instances.
  std::size_t next_rounds(double seconds_left) const;

  /// What one more instance of that many rounds will take, by the last one; 0 before the first.
  double expected_s(std::size_t rounds) const;

  const std::vector<std::string>& running() const { return running_; }
  const RoundTable& table() const { return table_; }
  const std::vector<InstanceRecord>& instances() const { return instances_; }

 private:
  bool go_on() const { return !plan_.go_on || plan_.go_on(); }
  InstanceHooks hooks();
  void take(InstanceRecord record);
  std::size_t count() const { return instances_.size() + aside_.size(); }
  double paying_rounds(double open_s, double round_s) const;

  std::vector<std::string> running_;
  OpenContestant open_;
  SeriesPlan plan_;
  std::vector<InstanceRecord> instances_;
  std::vector<InstanceRecord> aside_;
  InstanceRecord last_;
  double open_s_ = 0, round_s_ = 0;  // of the last instance
  RoundTable table_;
};

}  // namespace tamis
