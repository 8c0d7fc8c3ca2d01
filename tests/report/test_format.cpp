#include <gtest/gtest.h>

#include "report/format.h"

namespace tamis {
namespace {

TEST(Format, escapes_html) {
  EXPECT_EQ(escape_html("<a href=\"x\">'&'</a>\x01"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;\xEF\xBF\xBD");
}

TEST(Format, keeps_the_parts_of_a_name_together) {
  EXPECT_EQ(escape_name("a<b · 2 threads"), "a&lt;b&nbsp;· 2&nbsp;threads");
}

TEST(Format, escapes_markdown) {
  EXPECT_EQ(escape_markdown("a|b*c\n<i>&"), "a\\|b\\*c \\<i\\>&amp;");
}

TEST(Format, quotes_csv_as_rfc_4180_asks) {
  struct Case {
    const char *text, *expected;
  };
  for (const Case& c : {Case{"plain", "plain"}, Case{"a,b", "\"a,b\""},
                        Case{"say \"x\"", "\"say \"\"x\"\"\""}, Case{"a\nb", "\"a\nb\""}})
    EXPECT_EQ(csv_field(c.text), c.expected);
}

TEST(Format, counts_code_points) {
  EXPECT_EQ(display_width("µs · ×"), 6u);
  EXPECT_EQ(fit("abc", 5), "abc  ");
  EXPECT_EQ(fit("äöüß", 3), "äö…");
}

TEST(Format, shows_three_digits_of_a_time) {
  struct Case {
    double ms;
    const char* expected;
  };
  for (const Case& c :
       {Case{0.2621, "0.262"}, Case{1.0 / 3, "0.333"}, Case{10.234, "10.2"}, Case{123.4, "123"},
        Case{12345, "12345"}, Case{0.00123, "0.00123"}, Case{0, "0"}})
    EXPECT_EQ(ms_number(c.ms), c.expected);
}

TEST(Format, shows_intervals_with_a_dash_for_an_unknown_end) {
  EXPECT_EQ(ratio_interval_text({2, 1.5, 2.5}), "[1.50, 2.50]");
  EXPECT_EQ(ratio_interval_text({2, 1.5, std::nullopt}), "[1.50, –]");
  EXPECT_EQ(ratio_interval_text({2, std::nullopt, std::nullopt}), "");
  EXPECT_EQ(percent_interval_text({.01, -.0041, .0087}), "[−0.41, 0.87] %");
  EXPECT_EQ(percent_text(-0.000001), "−0.0001 %");  // what is not 0 is not shown as 0
}

TEST(Format, shows_top_k_as_a_share_of_the_items) {
  EXPECT_EQ(accuracy_text("top1", .9173), "91.73 %");
  EXPECT_EQ(accuracy_text("map50_95", .4359), "0.4359");
  EXPECT_EQ(metric_name("map50_95"), "mAP50-95");
}

}  // namespace
}  // namespace tamis
