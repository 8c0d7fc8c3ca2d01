#include "base/json_fields.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace tamis {

enum class Colour { red, green };
std::string_view to_text(Colour colour) { return colour == Colour::red ? "red" : "green"; }
std::span<const Colour> values_of(const Colour*) {
  static constexpr Colour kColours[] = {Colour::red, Colour::green};
  return kColours;
}

struct Part {
  std::string name;
  std::optional<double> weight;
};
constexpr JsonField<Part> kPart[] = {needed<&Part::name>("name"),
                                     if_known<&Part::weight>("weight")};
std::span<const JsonField<Part>> fields_of(const Part*) { return kPart; }

struct Ends {
  std::optional<int> low, high;
};
constexpr JsonField<Ends> kEnds[] = {known<&Ends::low>("low"), known<&Ends::high>("high")};
std::span<const JsonField<Ends>> fields_of(const Ends*) { return kEnds; }

struct Whole {
  Colour colour = Colour::green;
  std::uint8_t count = 7;
  bool shiny = false;
  std::optional<std::string> note;
  std::vector<Part> parts;
  TextMap<int> sizes;
  Ends ends;
  std::optional<Ends> more;
  Json any = Json::object();
};
constexpr JsonField<Whole> kWhole[] = {
    needed<&Whole::colour>("colour"),
    known<&Whole::count>("count"),
    if_known<&Whole::shiny>("shiny"),
    known<&Whole::note>("note"),
    known<&Whole::parts>("parts"),
    known<&Whole::sizes>("sizes"),
    group<&Whole::ends>(),
    object<&Whole::any>("any"),
};
std::span<const JsonField<Whole>> fields_of(const Whole*) { return kWhole; }

struct Grouped {
  std::optional<Ends> ends;
};
constexpr JsonField<Grouped> kGrouped[] = {group<&Grouped::ends>()};
std::span<const JsonField<Grouped>> fields_of(const Grouped*) { return kGrouped; }

namespace {

constexpr const char* kText =
    R"({"colour":"red","count":3,"note":null,"parts":[{"name":"a","weight":1.5},{"name":"b"}],)"
    R"("sizes":{"z":1,"a":2},"low":4,"high":null,"any":{"x":[1]}})";

std::string refusal(const char* text, const char* page = "") {
  try {
    read_document<Whole>(Json::parse(text), "thing", page);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::corrupt_data);
    return e.what();
  }
  return "";
}

TEST(JsonFields, write_what_they_read_in_the_order_of_the_table) {
  const auto whole = read_document<Whole>(Json::parse(kText), "thing");
  EXPECT_EQ(whole.colour, Colour::red);
  EXPECT_EQ(whole.parts.at(1).name, "b");
  EXPECT_EQ(whole.sizes.front().first, "z");
  EXPECT_EQ(whole.ends.low, 4);
  EXPECT_EQ(json_text(write_document(whole)), kText);
}

TEST(JsonFields, keep_what_the_struct_has_where_a_member_is_absent_or_null) {
  const auto whole = read_document<Whole>(Json::parse(R"({"colour": "red", "count": null})"), "t");
  EXPECT_EQ(whole.count, 7);
  EXPECT_FALSE(whole.note);
  EXPECT_EQ(whole.any, Json::object());
}

TEST(JsonFields, pass_over_members_that_no_field_names) {
  EXPECT_EQ(refusal(R"({"colour": "red", "taste": 5})"), "");
}

TEST(JsonFields, name_the_place_that_is_wrong) {
  EXPECT_EQ(refusal("{}"), "thing: colour must be given");
  EXPECT_EQ(refusal("[]"), "thing: it must be an object");
  EXPECT_EQ(refusal(R"({"colour": "blue"})"), "thing: colour must be red | green");
  EXPECT_EQ(refusal(R"({"colour": "red", "parts": [{"name": "a"}, {"name": 5}]})", "page.md"),
            "thing: parts[1].name must be a text, see page.md");
  EXPECT_EQ(refusal(R"({"colour": "red", "parts": {}})"), "thing: parts must be an array");
  EXPECT_EQ(refusal(R"({"colour": "red", "sizes": {"b": true}})"),
            "thing: sizes.b must be a number");
  EXPECT_EQ(refusal(R"({"colour": "red", "any": 5})"), "thing: any must be an object");
}

TEST(JsonFields, take_a_whole_number_however_it_is_written_and_no_other) {
  const auto whole = read_document<Whole>(Json::parse(R"({"colour": "red", "count": 3.0})"), "t");
  EXPECT_EQ(whole.count, 3);
  EXPECT_EQ(refusal(R"({"colour": "red", "count": 3.5})"), "thing: count must be a whole number");
  EXPECT_EQ(refusal(R"({"colour": "red", "count": -1})"),
            "thing: count must be a whole number from 0");
  EXPECT_EQ(refusal(R"({"colour": "red", "count": 300})"), "thing: count must be a smaller number");
}

TEST(JsonFields, leave_out_a_group_that_is_not_there) {
  EXPECT_EQ(write_document(Grouped()), Json::object());
  EXPECT_FALSE(read_document<Grouped>(Json{{"other", 1}}, "t").ends);
  EXPECT_EQ(read_document<Grouped>(Json{{"high", 2}}, "t").ends->high, 2);
  EXPECT_EQ(json_text(write_document(Grouped{Ends{1, {}}})), R"({"low":1,"high":null})");
}

TEST(JsonFields, list_their_keys_with_those_of_the_structs_within) {
  std::set<std::string> keys;
  add_keys_of<Whole>(keys);
  EXPECT_EQ(keys, (std::set<std::string>{"any", "colour", "count", "high", "low", "name", "note",
                                         "parts", "shiny", "sizes", "weight"}));
}

}  // namespace
}  // namespace tamis
