#include "base/frame.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "base/clock.h"
#include "base/error.h"

namespace tamis {
namespace {

constexpr char kMagic[4] = {'T', 'M', 'S', '1'};
constexpr std::uint64_t kLargest = 1ULL << 30;
constexpr std::uint64_t kPayloadPiece = 16ULL << 20;

struct Prefix {
  char magic[4];
  std::uint32_t head_bytes;
  std::uint64_t block_bytes;
};
static_assert(sizeof(Prefix) == 16);

void write_exactly(int fd, const void* data, std::size_t size) {
  const char* p = static_cast<const char*>(data);
  while (size > 0) {
    ssize_t wrote = ::write(fd, p, size);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) throw Error(ErrorCode::io, std::string("send message: ") + std::strerror(errno));
    p += wrote;
    size -= static_cast<std::size_t>(wrote);
  }
}

}  // namespace

void FrameChannel::send(const Frame& frame) {
  std::string head = json_text(frame.head);
  Prefix prefix{};
  std::memcpy(prefix.magic, kMagic, sizeof kMagic);
  prefix.head_bytes = static_cast<std::uint32_t>(head.size());
  prefix.block_bytes = frame.block.size();
  std::vector<char> start(sizeof prefix + head.size());
  std::memcpy(start.data(), &prefix, sizeof prefix);
  std::memcpy(start.data() + sizeof prefix, head.data(), head.size());
  write_exactly(out_, start.data(), start.size());
  write_exactly(out_, frame.block.data(), frame.block.size());
}

bool FrameChannel::has_waiting() const {
  pollfd waiting{in_, POLLIN, 0};
  return ::poll(&waiting, 1, 0) > 0;
}

bool FrameChannel::wait_readable(std::int64_t deadline_ns, const std::function<bool()>& idle) {
  while (true) {
    std::int64_t left_ms = (deadline_ns - now_ns()) / 1'000'000;
    if (left_ms <= 0) return false;
    pollfd waiting{in_, POLLIN, 0};
    int ready = ::poll(&waiting, 1, static_cast<int>(std::min<std::int64_t>(left_ms + 1, 100)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR)
      throw Error(ErrorCode::io, std::string("receive message: ") + std::strerror(errno));
    if (idle && !idle()) return false;
  }
}

bool FrameChannel::read_exactly(void* data, std::size_t size, bool closable,
                                std::int64_t deadline_ns, const std::function<bool()>& idle) {
  char* p = static_cast<char*>(data);
  std::size_t done = 0;
  while (done < size) {
    if (!wait_readable(deadline_ns, idle)) {
      timed_out_ = true;
      return false;
    }
    ssize_t got = ::read(in_, p + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      throw Error(ErrorCode::io, std::string("receive message: ") + std::strerror(errno));
    if (got == 0 && done == 0 && closable) return false;
    if (got == 0)
      throw Error(ErrorCode::corrupt_data, "receive message: it ends before its announced end");
    done += static_cast<std::size_t>(got);
  }
  return true;
}

/// Memory grows with what is really there, not with what the prefix claims.
template <typename Container>
bool FrameChannel::read_all(Container& content, std::uint64_t size, std::int64_t deadline_ns,
                            const std::function<bool()>& idle) {
  while (content.size() < size) {
    std::size_t before = content.size();
    std::size_t piece = std::min<std::uint64_t>(kPayloadPiece, size - before);
    content.resize(before + piece);
    if (!read_exactly(content.data() + before, piece, false, deadline_ns, idle)) return false;
  }
  return true;
}

std::optional<Frame> FrameChannel::receive(std::optional<double> timeout_s,
                                           const std::function<bool()>& idle) {
  timed_out_ = false;
  std::int64_t deadline = timeout_s ? now_ns() + static_cast<std::int64_t>(*timeout_s * 1e9)
                                    : std::numeric_limits<std::int64_t>::max();
  Prefix prefix{};
  if (!read_exactly(&prefix, sizeof prefix, true, deadline, idle)) return std::nullopt;
  if (std::memcmp(prefix.magic, kMagic, sizeof kMagic) != 0 || prefix.head_bytes > kLargest ||
      prefix.block_bytes > kLargest)
    throw Error(ErrorCode::corrupt_data, "receive message: not a Tamis message");
  std::string head;
  Frame frame;
  if (!read_all(head, prefix.head_bytes, deadline, idle)) return std::nullopt;
  if (!read_all(frame.block, prefix.block_bytes, deadline, idle)) return std::nullopt;
  frame.head = parse_json(head, "receive message");
  if (!frame.head.is_object())
    throw Error(ErrorCode::corrupt_data, "receive message: its head is not a JSON object");
  return frame;
}

}  // namespace tamis
