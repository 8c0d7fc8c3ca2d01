#include "base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/error.h"
#include "base/files.h"

namespace tamis {
namespace {

TEST(CanonicalText, does_not_hang_on_the_order_of_keys) {
  Json one{{"b", 1}, {"a", {{"z", Json::array({2, 1})}, {"y", nullptr}}}};
  Json two{{"a", {{"y", nullptr}, {"z", Json::array({2, 1})}}}, {"b", 1}};
  EXPECT_EQ(canonical_text(one), R"({"a":{"y":null,"z":[2,1]},"b":1})");
  EXPECT_EQ(canonical_text(one), canonical_text(two));
}

TEST(CanonicalText, keeps_every_float_and_takes_broken_text) {
  EXPECT_EQ(Json::parse(canonical_text(Json(0.1 + 0.2))).get<double>(), 0.1 + 0.2);
  EXPECT_EQ(canonical_text(Json(std::numeric_limits<double>::quiet_NaN())), "null");
  EXPECT_NO_THROW(canonical_text(Json("\xff broken UTF-8")));
}

TEST(ParseJson, names_the_source_and_the_place) {
  try {
    parse_json("{\"a\": nope}", "settings");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::corrupt_data);
    EXPECT_STREQ(e.what(), "settings: not valid JSON at byte 8");
  }
}

TEST(ParseJson, refuses_what_copying_could_not_hold_on_the_stack) {
  EXPECT_THROW(parse_json(std::string(200'000, '['), "settings"), Error);
  EXPECT_NO_THROW(parse_json("[\"[[[[\\\"[[[[" + std::string(1000, '[') + "\"]", "settings"));
}

TEST(JsonText, replaces_what_is_no_utf8) {
  EXPECT_EQ(json_text(Json{{"name", "a\xff"}}), "{\"name\":\"a\xEF\xBF\xBD\"}");
}

TEST(SaveJson, keeps_the_order_of_keys) {
  TemporaryFolder folder("tamis-test");
  Json json{{"zebra", 1}, {"ant", 2}};
  save_json(folder.path() / "x.json", json);
  EXPECT_EQ(load_text(folder.path() / "x.json"), "{\n \"zebra\": 1,\n \"ant\": 2\n}\n");
  EXPECT_EQ(load_json(folder.path() / "x.json"), json);
}

}  // namespace
}  // namespace tamis
