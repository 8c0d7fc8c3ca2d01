#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "report/format.h"
#include "report/progress.h"

namespace tamis {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

struct Screen {
  std::string text;
  Progress::Options options(Progress::Style style) {
    Progress::Options options;
    options.style = style;
    options.columns = 60;
    options.repaint_s = 0;
    options.line_every_s = 0;
    options.write = [this](std::string_view more) { text += more; };
    return options;
  }
};

TEST(Progress, paints_a_bar_with_what_is_running) {
  Screen screen;
  Progress progress(screen.options(Progress::Style::bar));
  progress.begin("race", 4);
  progress.advance(2);
  progress.working_on("v07");
  EXPECT_THAT(screen.text, HasSubstr("██████████··········  2/4"));
  EXPECT_THAT(screen.text, EndsWith("v07"));
  progress.expect(75);
  EXPECT_THAT(screen.text, HasSubstr("s left"));
}

TEST(Progress, shows_no_more_time_left_than_the_whole_may_take) {
  Screen screen;
  Progress progress(screen.options(Progress::Style::bar));
  progress.limit(5);
  progress.begin("race", 4);
  progress.expect(500);
  progress.working_on("v07");
  EXPECT_THAT(screen.text, AllOf(HasSubstr("s left"), Not(HasSubstr("min"))));
}

TEST(Progress, takes_the_bar_away) {
  Screen screen;
  {
    Progress progress(screen.options(Progress::Style::bar));
    progress.begin("race", 4);
    progress.line("v03 failed");
    EXPECT_THAT(screen.text, HasSubstr("\r\x1b[Kv03 failed\n"));
  }
  EXPECT_THAT(screen.text, EndsWith("\r\x1b[K"));
}

TEST(Progress, never_wraps_the_bar) {
  Screen screen;
  Progress progress(screen.options(Progress::Style::bar));
  progress.begin("race", 1000);
  screen.text.clear();
  progress.working_on(std::string(200, 'x'));
  EXPECT_LE(display_width(screen.text), 59u + 4);
}

TEST(Progress, writes_plain_lines_elsewhere) {
  Screen screen;
  Progress progress(screen.options(Progress::Style::lines));
  progress.begin("accuracy", std::nullopt);
  progress.working_on("v02");
  EXPECT_EQ(screen.text, "accuracy\naccuracy: v02\n");
  EXPECT_THAT(screen.text, Not(HasSubstr("\x1b")));
}

TEST(Progress, is_silent_when_asked_to_be) {
  Screen screen;
  Progress progress(screen.options(Progress::Style::quiet));
  progress.begin("race", 4);
  progress.line("x");
  progress.finish();
  EXPECT_EQ(screen.text, "");
}

TEST(Progress, repaints_no_more_often_than_it_may) {
  Screen screen;
  auto options = screen.options(Progress::Style::bar);
  options.repaint_s = 100;
  Progress progress(options);
  progress.begin("race", 1000);
  std::size_t size = screen.text.size();
  for (int i = 0; i < 1000; ++i) progress.advance();
  EXPECT_EQ(screen.text.size(), size);
}

TEST(Progress, can_be_told_from_several_threads) {
  Screen screen;
  Progress progress(screen.options(Progress::Style::lines));
  progress.begin("race", 400);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) progress.advance();
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(screen.text, HasSubstr("race 400/400"));
}

}  // namespace
}  // namespace tamis
