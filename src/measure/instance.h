#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "measure/interleave.h"

namespace tamis {

// The rounds loop: everything that is timed against something else is timed by it.

/// Opens a fresh instance of the variant with this id. Throws what opening throws.
using OpenContestant = std::function<std::unique_ptr<Contestant>(const std::string& id)>;

/// Whom to measure in an instance, and how. The same plan gives the same orders.
struct InstancePlan {
  std::vector<std::string> ids{};  ///< all different
  /// The one that all others are compared with: a round counts only where it holds this one and, of
  /// several, another one. Empty: everybody is compared with everybody.
  std::string reference{};
  std::size_t number = 0;       ///< of the instance
  std::size_t first_round = 0;  ///< number of its first round: gives the order and the input
  std::size_t rounds = 5;
  std::uint64_t seed = 1;
  Block block = Block::full;
};

/// An instance of every variant that could be opened, and their rounds.
struct InstanceRecord {
  std::size_t number = 0;
  std::vector<Round> rounds{};
  std::map<std::string, OpenedInfo> opened{};  ///< by id
  std::vector<RoundFailure> failures{};        ///< of opening and of visits
  double open_s = 0;                           ///< that opening all of them took
  double rounds_s = 0;                         ///< that the rounds took
};

/// What opens, decides and watches while instances are measured. All but `open` may be empty: then
/// everything may be done. What a hook throws ends the instance; it is thrown on.
struct InstanceHooks {
  OpenContestant open;
  /// Before every opening. False: neither it nor any other is opened.
  std::function<bool(const std::string& id)> opening{};
  /// Before every round of these, after `done` ones. False: there are no more.
  std::function<bool(const std::vector<std::string>& ids, std::size_t done)> visiting{};
  std::function<void()> round_done{};
  /// A worker was killed from outside. False: what it did is not tried once more.
  std::function<bool()> once_more{};
  /// Of all that are still open, before they are closed.
  std::function<void(const std::vector<Contestant*>& open)> closing{};
  /// What was measured and counts, once or twice, each as soon as it is known.
  std::function<void(InstanceRecord record)> measured;
};

/// The order in which `count` variants are opened in an instance: drawn from the seed, and
/// balanced: in every `count` instances, from 0 on, each of them has every place once.
std::vector<std::size_t> opening_order(std::size_t count, std::uint64_t seed, std::size_t instance);

/// Opens an instance of each in opening_order(), visits them in rounds, in random order, and closes
/// them. One that fails is a failure of the record, and the others go on; without the reference
/// there is nothing to go on with.
///
/// Where a worker is killed from outside, what it did is done once more; only a kill that comes
/// again is a failure. An opening is repeated at once. After a visit there is another instance: of
/// those that were killed and the reference, or of all where that one was killed. Where everybody
/// is compared with everybody, it is one of all, and takes the place of the first.
///
/// Throws what the hooks throw, and an Error(io) of whatever did not work: a full disk is no
/// variant's failure.
void measure_instance(const InstancePlan& plan, const InstanceHooks& hooks);

}  // namespace tamis
