#include "base/frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <thread>

#include "base/child.h"
#include "base/error.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

/// A pipe with a channel at its reading end.
class FrameTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ignore_broken_pipes();
    ASSERT_EQ(::pipe(ends_), 0);
  }
  void TearDown() override {
    for (int end : ends_)
      if (end >= 0) ::close(end);
  }
  void write_all(const std::string& bytes) {
    ASSERT_EQ(::write(ends_[1], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  void close_writer() {
    ::close(ends_[1]);
    ends_[1] = -1;
  }
  std::optional<Frame> receive(std::optional<double> timeout_s = 5) {
    return FrameChannel(ends_[0], -1).receive(timeout_s);
  }
  std::string refusal() {
    try {
      receive();
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::corrupt_data);
      return e.what();
    }
    return "accepted";
  }
  /// The bytes of a frame as docs/worker-protocol.md has them.
  static std::string bytes_of(const std::string& head, const std::string& block) {
    std::string text = "TMS1";
    for (int i = 0; i < 4; ++i) text += static_cast<char>(head.size() >> 8 * i & 0xFF);
    for (int i = 0; i < 8; ++i) text += static_cast<char>(block.size() >> 8 * i & 0xFF);
    return text + head + block;
  }
  int ends_[2] = {-1, -1};
};

TEST_F(FrameTest, survives_the_way_with_a_block_larger_than_a_pipe) {
  Frame sent{{{"op", "visit"}, {"text", "µ"}}, std::vector<std::uint8_t>(3'000'000, 7)};
  std::thread writer([&] { FrameChannel(-1, ends_[1]).send(sent); });
  auto got = receive();
  writer.join();
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->head, sent.head);
  EXPECT_EQ(got->block, sent.block);
}

TEST_F(FrameTest, has_the_documented_bytes) {
  FrameChannel(-1, ends_[1]).send({{{"a", 1}}, {'x', 'y'}});
  std::string want = bytes_of("{\"a\":1}", "xy"), got(want.size(), '\0');
  ASSERT_EQ(::read(ends_[0], got.data(), got.size()), static_cast<ssize_t>(got.size()));
  EXPECT_EQ(got, want);
}

TEST_F(FrameTest, a_closed_channel_is_an_absent_frame) {
  close_writer();
  FrameChannel channel(ends_[0], -1);
  EXPECT_FALSE(channel.receive(5).has_value());
  EXPECT_FALSE(channel.timed_out());
}

TEST_F(FrameTest, a_silent_channel_times_out) {
  FrameChannel channel(ends_[0], -1);
  EXPECT_FALSE(channel.receive(0.05).has_value());
  EXPECT_TRUE(channel.timed_out());
  write_all(bytes_of("{}", "").substr(0, 9));  // the rest never comes
  EXPECT_FALSE(channel.receive(0.05).has_value());
  EXPECT_TRUE(channel.timed_out());
}

TEST_F(FrameTest, idle_can_end_the_wait) {
  FrameChannel channel(ends_[0], -1);
  int calls = 0;
  EXPECT_FALSE(channel.receive(60, [&] { return ++calls < 2; }).has_value());
  EXPECT_EQ(calls, 2);
}

TEST_F(FrameTest, refuses_a_message_that_ends_early) {
  std::string whole = bytes_of("{\"a\":1}", "block");
  write_all(whole.substr(0, whole.size() - 1));
  close_writer();
  EXPECT_THAT(refusal(), HasSubstr("ends before"));
}

TEST_F(FrameTest, refuses_what_is_no_message) {
  write_all("GET / HTTP/1.1\r\n\r\n");
  EXPECT_THAT(refusal(), HasSubstr("not a Tamis message"));
}

TEST_F(FrameTest, refuses_absurd_sizes_without_taking_the_memory) {
  std::string huge = "TMS1";
  huge += std::string(4, '\0') + std::string(8, '\xff');
  write_all(huge);
  EXPECT_THAT(refusal(), HasSubstr("not a Tamis message"));
}

TEST_F(FrameTest, refuses_a_head_that_is_no_object) {
  write_all(bytes_of("[1,2]", ""));
  EXPECT_THAT(refusal(), HasSubstr("not a JSON object"));
}

TEST_F(FrameTest, refuses_a_head_that_is_no_json) {
  write_all(bytes_of("{\"a\":", ""));
  EXPECT_THAT(refusal(), HasSubstr("not valid JSON"));
}

TEST_F(FrameTest, sending_to_nobody_is_an_error) {
  ::close(ends_[0]);
  ends_[0] = -1;
  EXPECT_THROW(FrameChannel(-1, ends_[1]).send({{{"a", 1}}, {}}), Error);
}

TEST_F(FrameTest, any_damage_is_a_refusal_or_another_message_but_never_a_crash) {
  const std::string whole = bytes_of("{\"op\":\"visit\",\"timed\":3}", "0123456789");
  std::mt19937 random(7);
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = whole;
    for (unsigned n = 0; n <= random() % 4; ++n)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    if (random() % 3 == 0) damaged.resize(random() % damaged.size());
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    ASSERT_EQ(::write(ends[1], damaged.data(), damaged.size()),
              static_cast<ssize_t>(damaged.size()));
    ::close(ends[1]);
    try {
      auto frame = FrameChannel(ends[0], -1).receive(5);
      EXPECT_TRUE(!frame || frame->head.is_object());
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::corrupt_data);
    }
    ::close(ends[0]);
  }
}

}  // namespace
}  // namespace tamis
