#include "measure/instance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>

#include "base/error.h"
#include "place/worker.h"
#include "scripted.h"

namespace tamis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::ScriptedContestant;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

/// Variants that end in the ways that their scripts say, and what the loop made of them.
class Track {
 public:
  struct Script {
    std::vector<std::optional<std::size_t>> killed_at{};  ///< visit of the n-th instance
    std::size_t openings_killed = 0;
    std::optional<std::size_t> dies_at{};  ///< visit of the first instance
    ErrorCode code = ErrorCode::backend_failed;
    bool refused = false;
  };
  std::map<std::string, Script> scripts;
  bool patient = true;  ///< what is killed is tried once more
  std::optional<std::size_t> openings, rounds;

  InstanceHooks hooks() {
    InstanceHooks hooks;
    hooks.open = [this](const std::string& id) { return open(id); };
    hooks.opening = [this](const std::string&) { return !openings || opened.size() < *openings; };
    hooks.visiting = [this](const std::vector<std::string>& ids, std::size_t done) {
      visited = ids;
      return !rounds || done < *rounds;
    };
    hooks.once_more = [this] {
      ++kills;
      return patient;
    };
    hooks.closing = [this](const std::vector<Contestant*>& open) { closed = open.size(); };
    hooks.measured = [this](InstanceRecord record) { records.push_back(std::move(record)); };
    return hooks;
  }

  void measure(std::vector<std::string> ids, const std::string& reference) {
    measure_instance({.ids = std::move(ids), .reference = reference, .number = 4, .rounds = 3},
                     hooks());
  }

  /// Of that record: how many rounds hold the variant.
  std::size_t rounds_of(std::size_t record, const std::string& id) const {
    std::size_t count = 0;
    for (const Round& round : records.at(record).rounds) count += round.samples.count(id);
    return count;
  }
  std::vector<std::string> failed(std::size_t record) const {
    std::vector<std::string> ids;
    for (const RoundFailure& f : records.at(record).failures) ids.push_back(f.id);
    return ids;
  }

  std::vector<std::string> opened, visited;
  std::vector<InstanceRecord> records;
  std::size_t kills = 0, closed = 0;

 private:
  std::unique_ptr<Contestant> open(const std::string& id) {
    Script& script = scripts[id];
    opened.push_back(id);
    if (script.refused) throw Error(script.code, "open: no");
    if (script.openings_killed > 0) {
      --script.openings_killed;
      throw WorkerKilled(ErrorCode::backend_failed, "open: killed");
    }
    const std::size_t instance = instances_[id]++;
    return std::make_unique<ScriptedContestant>(id, [this, id, instance](std::size_t n) {
      const Script& s = scripts[id];
      if (instance == 0 && s.dies_at == n) throw Error(s.code, "visit: died");
      if (instance < s.killed_at.size() && s.killed_at[instance] == n)
        throw WorkerKilled(ErrorCode::backend_failed, "visit: killed");
      return 1e6;
    });
  }

  std::map<std::string, std::size_t> instances_;
};

TEST(OpeningOrder, gives_everybody_every_place_once_in_as_many_instances) {
  for (std::size_t count : {1U, 2U, 3U, 5U})
    for (std::uint64_t seed : {1U, 2U})
      for (std::size_t block = 0; block < 4; ++block)
        for (std::size_t place = 0; place < count; ++place) {
          std::set<std::size_t> seen;
          for (std::size_t i = 0; i < count; ++i)
            seen.insert(opening_order(count, seed, block * count + i).at(place));
          EXPECT_EQ(seen.size(), count);
        }
}

TEST(OpeningOrder, is_drawn_from_the_seed) {
  EXPECT_EQ(opening_order(6, 3, 12), opening_order(6, 3, 12));
  std::size_t first_is_0 = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) first_is_0 += opening_order(2, seed, 0)[0] == 0;
  EXPECT_GT(first_is_0, 70U);
  EXPECT_LT(first_is_0, 130U);
}

TEST(Instance, opens_all_visits_them_in_rounds_and_shows_them_before_they_are_closed) {
  for (const char* reference : {"", "a"}) {
    Track track;
    track.measure({"a", "b", "c"}, reference);
    ASSERT_THAT(track.records, SizeIs(1));
    EXPECT_EQ(track.records[0].number, 4U);
    EXPECT_EQ(track.records[0].opened.size(), 3U);
    EXPECT_THAT(track.records[0].failures, IsEmpty());
    ASSERT_THAT(track.records[0].rounds, SizeIs(3));
    for (const Round& round : track.records[0].rounds) {
      EXPECT_EQ(round.instance, 4U);
      EXPECT_EQ(round.samples.size(), 3U);
    }
    EXPECT_EQ(track.closed, 3U);
  }
}

TEST(Instance, of_one_variant_needs_no_other) {
  for (const char* reference : {"", "a"}) {
    Track track;
    track.measure({"a"}, reference);
    EXPECT_EQ(track.rounds_of(0, "a"), 3U);
  }
}

TEST(Instance, of_a_reference_that_cannot_be_opened_is_none) {
  Track track;
  track.scripts["a"].refused = true;
  track.measure({"a", "b", "c"}, "a");
  ASSERT_THAT(track.records, SizeIs(1));
  EXPECT_THAT(track.failed(0), ElementsAre("a"));
  EXPECT_THAT(track.records[0].rounds, IsEmpty());
  EXPECT_EQ(track.opened.back(), "a");  // then nobody else
}

TEST(Instance, ends_with_its_reference_and_keeps_the_rounds_before) {
  Track track;
  track.scripts["a"].dies_at = 1;
  track.measure({"a", "b", "c"}, "a");
  ASSERT_THAT(track.records, SizeIs(1));
  EXPECT_THAT(track.failed(0), ElementsAre("a"));
  EXPECT_EQ(track.rounds_of(0, "b"), 1U);
}

TEST(Instance, ends_where_the_reference_is_alone) {
  Track track;
  track.scripts["b"].dies_at = 1;
  track.measure({"a", "b"}, "a");
  EXPECT_THAT(track.failed(0), ElementsAre("b"));
  EXPECT_EQ(track.rounds_of(0, "a"), 1U);
}

TEST(Instance, that_was_killed_is_made_up_for_beside_the_reference_alone) {
  Track track;
  track.scripts["b"].killed_at = {1};
  track.measure({"a", "b", "c"}, "a");
  ASSERT_THAT(track.records, SizeIs(2));
  EXPECT_EQ(track.rounds_of(0, "c"), 3U);
  EXPECT_EQ(track.rounds_of(0, "b"), 1U);
  EXPECT_EQ(track.rounds_of(1, "b"), 3U);
  EXPECT_EQ(track.rounds_of(1, "c"), 0U);
  EXPECT_EQ(track.records[1].number, 5U);
  EXPECT_EQ(track.records[1].rounds.front().instance, 5U);
  EXPECT_THAT(track.failed(0), IsEmpty());
  EXPECT_THAT(track.failed(1), IsEmpty());
  EXPECT_EQ(track.kills, 1U);
}

TEST(Instance, whose_reference_was_killed_is_made_up_for_with_all_but_those_that_failed) {
  Track track;
  track.scripts["a"].killed_at = {0};
  track.scripts["c"].refused = true;
  track.measure({"a", "b", "c"}, "a");
  ASSERT_THAT(track.records, SizeIs(2));
  EXPECT_THAT(track.records[0].rounds, IsEmpty());
  EXPECT_THAT(track.failed(0), ElementsAre("c"));
  EXPECT_EQ(track.records[1].number, 4U);  // the first gave nothing
  EXPECT_EQ(track.rounds_of(1, "b"), 3U);
  EXPECT_THAT(track.failed(1), IsEmpty());
  EXPECT_THAT(track.opened, SizeIs(5));
}

TEST(Instance, in_which_all_are_compared_is_replaced_where_one_was_killed) {
  Track track;
  track.scripts["b"].killed_at = {1};
  track.measure({"a", "b", "c"}, "");
  ASSERT_THAT(track.records, SizeIs(1));
  EXPECT_EQ(track.records[0].number, 4U);
  for (const char* id : {"a", "b", "c"}) EXPECT_EQ(track.rounds_of(0, id), 3U) << id;
  EXPECT_THAT(track.opened, SizeIs(6));
}

TEST(Instance, makes_a_kill_that_comes_again_a_failure) {
  for (const char* reference : {"", "a"}) {
    Track track;
    track.scripts["b"].killed_at = {1, 2};
    track.measure({"a", "b", "c"}, reference);
    EXPECT_THAT(track.failed(track.records.size() - 1), ElementsAre("b"));
    EXPECT_TRUE(track.records.back().failures.front().killed);
    EXPECT_EQ(track.kills, 1U);
  }
}

TEST(Instance, makes_every_kill_a_failure_where_nothing_is_tried_again) {
  for (const char* reference : {"", "a"}) {
    Track track;
    track.patient = false;
    track.scripts["b"].killed_at = {1};
    track.scripts["c"].openings_killed = 1;
    track.measure({"a", "b", "c"}, reference);
    ASSERT_THAT(track.records, SizeIs(1));
    EXPECT_THAT(track.failed(0), UnorderedElementsAre("b", "c"));
  }
}

TEST(Instance, opens_again_at_once_what_was_killed_while_it_was_opened) {
  for (const char* reference : {"", "a"}) {
    Track track;
    track.scripts["b"].openings_killed = 1;
    track.measure({"a", "b"}, reference);
    ASSERT_THAT(track.records, SizeIs(1));
    EXPECT_EQ(track.rounds_of(0, "b"), 3U);
    EXPECT_THAT(track.opened, SizeIs(3));

    Track twice;
    twice.scripts["b"].openings_killed = 2;
    twice.measure({"a", "b", "c"}, reference);
    EXPECT_THAT(twice.failed(0), ElementsAre("b"));
    EXPECT_TRUE(twice.records[0].failures.front().killed);
  }
}

TEST(Instance, ends_where_no_more_may_be_begun_with_what_there_is) {
  Track track;
  track.openings = 2;
  track.rounds = 2;
  track.measure({"a", "b", "c"}, "");
  EXPECT_THAT(track.visited, SizeIs(2));
  EXPECT_THAT(track.records.at(0).rounds, SizeIs(2));
  EXPECT_THAT(track.failed(0), IsEmpty());
}

TEST(Instance, is_ended_by_a_full_disk_which_is_no_variants_failure) {
  for (const bool at_opening : {false, true}) {
    Track track;
    track.scripts["b"] = {.code = ErrorCode::io};
    if (at_opening)
      track.scripts["b"].refused = true;
    else
      track.scripts["b"].dies_at = 1;
    EXPECT_THROW(track.measure({"a", "b"}, "a"), Error);
    EXPECT_THAT(track.records, IsEmpty());
  }
}

}  // namespace
}  // namespace tamis
