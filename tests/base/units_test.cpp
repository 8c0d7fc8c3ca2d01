#include "base/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"

namespace tamis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// What refusing it says; the code is checked.
std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::invalid_argument);
    return e.what();
  }
  return "accepted";
}

struct Row {
  const char* text;
  double value;
};

TEST(Units, reads_times) {
  for (Row row : {Row{"90s", 90}, Row{"10m", 600}, Row{"1h30m", 5400}, Row{"500ms", .5},
                  Row{"250us", 250e-6}, Row{"1.5h", 5400}, Row{"0s", 0}, Row{"2h3m4s", 7384}})
    EXPECT_DOUBLE_EQ(parse_seconds(row.text, "--budget"), row.value) << row.text;
}

TEST(Units, refuses_what_is_no_time) {
  for (const char* text :
       {"", "s", "-3s", "10 m", "ten", "5d", "1h-3m", "inf", "nan", "1e999", "3m!"})
    EXPECT_THAT(refusal([&] { parse_seconds(text, "--budget"); }),
                HasSubstr("--budget: cannot read '" + std::string(text) + "'"));
}

TEST(Units, refuses_times_without_a_unit) {
  for (const char* text : {"10", "0", "1m30", "2.5"})
    EXPECT_THAT(refusal([&] { parse_seconds(text, "--budget"); }),
                HasSubstr("--budget " + std::string(text) + ": has no unit; give a time such as"));
}

TEST(Units, keeps_decimal_and_binary_sizes_apart) {
  for (auto [text, bytes] : {std::pair{"5MB", 5'000'000ULL}, std::pair{"5MiB", 5'242'880ULL},
                             std::pair{"800kB", 800'000ULL}, std::pair{"2GiB", 2'147'483'648ULL},
                             std::pair{"17", 17ULL}, std::pair{"1.5k", 1500ULL}})
    EXPECT_EQ(parse_bytes(text, "--max-size"), bytes) << text;
}

TEST(Units, refuses_what_is_no_size) {
  for (const char* text : {"", "MB", "-1", "5mb", "5 MB", "1e30GB", "lots"})
    EXPECT_THAT(refusal([&] { parse_bytes(text, "--max-size"); }), HasSubstr("--max-size"));
}

TEST(Units, reads_shares_inside_zero_to_one) {
  EXPECT_DOUBLE_EQ(parse_fraction("95%", "x"), .95);
  EXPECT_DOUBLE_EQ(parse_fraction("0.7", "x"), .7);
  for (const char* text : {"0", "1", "100%", "95", "-5%", "95%%", "", "%"})
    EXPECT_THAT(refusal([&] { parse_fraction(text, "--confidence"); }), HasSubstr("--confidence"));
}

TEST(Units, tells_relative_from_absolute_drops) {
  DropLimit relative = parse_drop("1%", "x"), absolute = parse_drop("0.5pt", "x");
  EXPECT_DOUBLE_EQ(relative.value, .01);
  EXPECT_TRUE(relative.relative);
  EXPECT_DOUBLE_EQ(absolute.value, .005);
  EXPECT_FALSE(absolute.relative);
  EXPECT_DOUBLE_EQ(parse_drop("0%", "x").value, 0);
  for (const char* text : {"1", "", "-1%", "100%", "1pts", "pt"})
    EXPECT_THAT(refusal([&] { parse_drop(text, "--max-drop"); }), HasSubstr("--max-drop"));
}

TEST(Units, writes_drops_as_they_are_read) {
  for (const char* text : {"1%", "0.5pt", "2.25%"}) EXPECT_EQ(to_text(parse_drop(text, "x")), text);
}

TEST(Units, writes_for_people) {
  EXPECT_EQ(milliseconds_text(.8451), "845 µs");
  EXPECT_EQ(milliseconds_text(12.34), "12.3 ms");
  EXPECT_EQ(milliseconds_text(12345), "12.3 s");
  EXPECT_EQ(bytes_text(999), "999 B");
  EXPECT_EQ(bytes_text(3'400'000), "3.4 MB");
  EXPECT_EQ(duration_text(4.21), "4.2 s");
  EXPECT_EQ(duration_text(130), "2 min 10 s");
  EXPECT_EQ(duration_text(7260), "2 h 1 min");
}

TEST(Units, suggests_the_nearest_names_first) {
  EXPECT_THAT(nearest_names("optimise", {"doctor", "optimize", "eval"}), ElementsAre("optimize"));
  EXPECT_THAT(nearest_names("dat", {"date", "data", "dat"}), ElementsAre("dat", "date", "data"));
  EXPECT_THAT(nearest_names("--dat", {"--task", "--pad", "--data"}), ElementsAre("--data"));
  EXPECT_EQ(suggest("zebra", {"a", "bb"}), "known: a, bb");
  EXPECT_EQ(suggest("ortt", {"ort", "openvino"}), "did you mean ort?");
}

}  // namespace
}  // namespace tamis
