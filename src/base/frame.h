#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/json.h"

namespace tamis {

/// One message between `tamis` and a worker: a JSON head and a block of bytes. On the wire
/// (docs/worker-protocol.md): "TMS1", u32 length of the head, u64 length of the block, both
/// little-endian, then the head as UTF-8 JSON and the block.
struct Frame {
  Json head;
  std::vector<std::uint8_t> block;
};

/// Of what is said in frames: raised whenever the two sides would misunderstand each other.
inline constexpr int kProtocol = 2;

/// Reads and writes frames on two file descriptors, which it does not own. One thread at a time per
/// direction.
class FrameChannel {
 public:
  FrameChannel(int in, int out) : in_(in), out_(out) {}

  /// Throws io when the other side has gone.
  void send(const Frame& frame);

  /// The next frame; absent when the other side closed the channel between frames, or when
  /// `timeout_s` went by (then timed_out() is true). Throws corrupt_data on anything that is not a
  /// frame, or one above 1 GiB. `idle` is called about ten times a second while waiting; returning
  /// false ends the wait as a time-out does.
  std::optional<Frame> receive(std::optional<double> timeout_s = std::nullopt,
                               const std::function<bool()>& idle = nullptr);
  bool timed_out() const { return timed_out_; }

  /// Whether receive() would find something at once: a frame, or that the other side has gone.
  bool has_waiting() const;

 private:
  bool wait_readable(std::int64_t deadline_ns, const std::function<bool()>& idle);
  bool read_exactly(void* data, std::size_t size, bool closable, std::int64_t deadline_ns,
                    const std::function<bool()>& idle);
  template <typename Container>
  bool read_all(Container& content, std::uint64_t size, std::int64_t deadline_ns,
                const std::function<bool()>& idle);

  int in_;
  int out_;
  bool timed_out_ = false;
};

}  // namespace tamis
