#include "place/facts.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "place/local_place.h"
#include "place/model_info.h"
#include "support/fake.h"
#include "support/other_place.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;
using testing::OtherPlace;

TEST(PlaceFacts, are_of_the_place_and_not_of_this_machine) {
  OtherPlace place;
  const PlaceFacts facts = machine_facts(place);
  EXPECT_EQ(facts.machine.cpu_model, "another");
  EXPECT_EQ(facts.cores, 6);
  EXPECT_TRUE(facts.has_fast_cores);
  EXPECT_EQ(facts.hash, fingerprint_hash(facts.machine));
  LocalPlace here;
  EXPECT_NE(facts.hash, machine_facts(here).hash);
}

TEST(PlaceFacts, tell_the_backends_that_run_from_those_that_are_known) {
  Availability runs, fails;
  runs.backend = "ort";
  runs.steps.push_back({"reference", true, "", ""});
  fails.backend = "openvino";
  fails.steps.push_back({"loaded", false, "no such library", ""});
  PlaceFacts facts;
  facts.set_backends({fails, runs});
  ASSERT_EQ(facts.known.size(), 2U);
  EXPECT_EQ(facts.known[0].backend, "openvino");
  ASSERT_EQ(facts.backends.size(), 1U);
  EXPECT_EQ(facts.backends[0].backend, "ort");
}

TEST(ProbeBackends, asks_a_worker_of_the_place_for_each) {
  const testing::FakeBackend fake;
  OtherPlace place;
  const std::vector<Availability> found = probe_backends(place, {}, false);
  EXPECT_EQ(place.started, static_cast<int>(found.size()));
  EXPECT_EQ(found.size(), backend_names().size());
}

TEST(ProbeBackends, says_of_each_why_no_worker_could_be_started) {
  OtherPlace place;
  place.closed = true;
  for (const Availability& a : probe_backends(place, {}, false)) {
    EXPECT_FALSE(a.ok()) << a.backend;
    EXPECT_THAT(a.reason(), HasSubstr("the other place is closed"));
  }
}

TEST(Inspecting, is_done_by_a_worker_of_the_place) {
  const testing::FakeBackend fake;
  OtherPlace place;
  place.closed = true;
  try {
    inspect_in_worker(place, fake.model(), {});
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("the other place is closed"));
  }
}

}  // namespace
}  // namespace tamis
