#include <gtest/gtest.h>

#include "base/error.h"
#include "search/scripted_lab.h"
#include "search/units.h"

namespace tamis {
namespace {

using testing::ScriptedSearch;

Variant of(const Recipe& recipe) { return {"v02", "", recipe, {}}; }

Variant int8(const char* form) {
  return of({{"simplify", Json::object()}, {"int8-static", {{"for", form}}}});
}

TEST(Artefacts, are_built_from_what_their_recipes_share) {
  ScriptedSearch search;
  SearchContext context = search.context();
  const Artefact ort = ensure_artefact(context, int8("ort"));
  const Artefact portable = ensure_artefact(context, int8("portable"));
  EXPECT_EQ(search.lab->counts.builds, 3U) << "simplify once, and two forms";
  EXPECT_NE(ort.key, portable.key);
  EXPECT_EQ(portable.info.recipe.size(), 2U);
  EXPECT_EQ(portable.info.recipe[0].name, "simplify");
  ensure_artefact(context, of({{"simplify", Json::object()}}));
  EXPECT_EQ(search.lab->counts.builds, 3U);
}

TEST(Artefacts, go_on_behind_the_last_finished_step_of_a_chain) {
  ScriptedSearch search;
  search.lab->failing_builds["int8-static"] = "no more";
  {
    SearchContext context = search.context();
    context.listener.interrupted = [] { return true; };  // so that the failure is not kept
    EXPECT_THROW(ensure_artefact(context, int8("ort")), Error);
    EXPECT_TRUE(context.failed_builds.empty());
  }
  EXPECT_EQ(search.lab->counts.builds, 2U);
  search.lab->failing_builds.clear();
  SearchContext context = search.context();
  EXPECT_EQ(expected_build_s(context, of({{"simplify", Json::object()}})), 0);
  EXPECT_GT(expected_build_s(context, int8("ort")), 0);
  ensure_artefact(context, int8("ort"));
  EXPECT_EQ(search.lab->counts.builds, 3U) << "simplify was there";
}

TEST(Artefacts, of_all_recipes_that_go_through_a_failed_step_fail_without_another_try) {
  ScriptedSearch search;
  search.lab->failing_builds["simplify"] = "cannot be simplified";
  SearchContext context = search.context();
  for (const char* form : {"ort", "portable"}) try {
      ensure_artefact(context, int8(form));
      FAIL();
    } catch (const Error& e) {
      EXPECT_STREQ(e.what(), "cannot be simplified");
    }
  EXPECT_EQ(search.lab->counts.builds, 1U);
  EXPECT_EQ(expected_build_s(context, int8("ort")), 0);
}

TEST(Artefacts, are_of_the_parent_that_the_variant_names) {
  ScriptedSearch search;
  SearchContext context = search.context();
  Variant other = int8("ort");
  other.parent = "a larger one";
  try {
    ensure_artefact(context, other);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::not_found);
    EXPECT_STREQ(e.what(), "v02: this search has no parent 'a larger one'");
  }
  for (const Variant& v : context.variants())
    EXPECT_EQ(&context.parent_of(v), &context.parent) << v.id;
}

TEST(Artefacts, have_keys_of_their_own_at_a_place_with_other_runtimes) {
  ScriptedSearch search;
  SearchContext here = search.context(), there = search.context();
  std::vector<Availability> newer = there.place.known;
  newer.front().version = "2";
  there.place.set_backends(newer);
  EXPECT_NE(recipe_key(here, int8("ort")), recipe_key(there, int8("ort")));
}

}  // namespace
}  // namespace tamis
