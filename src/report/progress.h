#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace tamis {

/// Tells what is running and how long it will take: a bar that repaints itself on a terminal, plain
/// lines elsewhere, or nothing. It paints only when called, so it never wakes a processor that is
/// being measured. Safe from any thread.
class Progress {
 public:
  enum class Style { bar, lines, quiet };

  struct Options {
    Style style = Style::lines;
    int columns = 80;                             ///< of the terminal; bar only
    std::function<void(std::string_view)> write;  ///< where the text goes; needed unless quiet
    double repaint_s = 0.1;   ///< the bar repaints at most this often, a new phase at once
    double line_every_s = 5;  ///< plain lines say where a phase is at most this often
  };

  explicit Progress(Options options);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();  ///< takes the bar away

  /// Begins a phase of `total` units; an absent total shows no share and no time left.
  void begin(const std::string& phase, std::optional<std::size_t> total);

  /// What is being worked on now, in a few words.
  void working_on(const std::string& what);

  /// `units` more are done. The time left is the phase's pace, unless expect() was called in it.
  void advance(std::size_t units = 1);

  /// The caller knows better how long the phase still takes, in seconds from now.
  void expect(double seconds_left);

  /// All phases together end in so many seconds from now at the latest: no more is shown as left.
  void limit(double seconds);

  /// A line that stays, above the bar. `quiet` drops it.
  void line(const std::string& text);

  /// Ends the phase and takes the bar away.
  void finish();

 private:
  std::optional<double> seconds_left() const;
  std::optional<double> phase_seconds_left() const;
  std::string bar_text() const;
  std::string line_text() const;
  void paint(bool at_once);
  void erase();

  Options options_;
  std::mutex mutex_;
  std::string phase_, what_;
  std::optional<std::size_t> total_;
  std::size_t done_ = 0;
  std::optional<double> expected_s_;
  std::optional<double> limit_s_;
  std::int64_t limited_at_ns_ = 0;
  std::int64_t expected_at_ns_ = 0, began_ns_ = 0, painted_ns_ = 0;
  bool active_ = false, on_screen_ = false;
};

}  // namespace tamis
