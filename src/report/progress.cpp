#include "report/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/printable.h"
#include "base/units.h"
#include "report/format.h"

namespace tamis {
namespace {

/// A bar of `cells` characters in eighths.
std::string bar_of(double share, int cells) {
  static constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  int eighths = static_cast<int>(std::clamp(share, 0.0, 1.0) * cells * 8);
  std::string bar;
  for (int i = 0; i < eighths / 8; ++i) bar += "█";
  bar += kEighths[eighths % 8];
  int used = eighths / 8 + (eighths % 8 != 0);
  for (int i = used; i < cells; ++i) bar += "·";
  return bar;
}

}  // namespace

Progress::Progress(Options options) : options_(std::move(options)) {
  if (!options_.write) options_.style = Style::quiet;
}

Progress::~Progress() { finish(); }

void Progress::begin(const std::string& phase, std::optional<std::size_t> total) {
  std::lock_guard lock(mutex_);
  phase_ = printable(phase);
  what_.clear();
  total_ = total;
  done_ = 0;
  expected_s_.reset();
  began_ns_ = now_ns();
  active_ = true;
  paint(true);
}

void Progress::working_on(const std::string& what) {
  std::lock_guard lock(mutex_);
  what_ = printable(what);
  paint(false);
}

void Progress::advance(std::size_t units) {
  std::lock_guard lock(mutex_);
  done_ += units;
  paint(false);
}

void Progress::expect(double seconds_left) {
  std::lock_guard lock(mutex_);
  expected_s_ = seconds_left;
  expected_at_ns_ = now_ns();
  paint(false);
}

void Progress::line(const std::string& text) {
  std::lock_guard lock(mutex_);
  if (options_.style == Style::quiet) return;
  erase();
  options_.write(printable(text) + "\n");
  if (options_.style == Style::bar) paint(true);
}

void Progress::finish() {
  std::lock_guard lock(mutex_);
  erase();
  active_ = false;
}

std::optional<double> Progress::seconds_left() const {
  if (expected_s_) return std::max(0.0, *expected_s_ - seconds_since(expected_at_ns_));
  if (!total_ || done_ == 0 || done_ >= *total_) return std::nullopt;
  return seconds_since(began_ns_) / static_cast<double>(done_) *
         static_cast<double>(*total_ - done_);
}

std::string Progress::bar_text() const {
  std::string text = phase_;
  if (total_ && *total_ > 0) {
    double share = static_cast<double>(done_) / static_cast<double>(*total_);
    text += fmt::format("  {}  {}/{}", bar_of(share, 20), done_, *total_);
  }
  if (auto left = seconds_left()) text += fmt::format("  {} left", duration_text(*left));
  if (!what_.empty()) text += "  " + what_;
  std::size_t room = static_cast<std::size_t>(std::max(options_.columns, 20)) - 1;
  return display_width(text) > room ? fit(text, room) : text;
}

std::string Progress::line_text() const {
  std::string text = phase_;
  if (total_) text += fmt::format(" {}/{}", done_, *total_);
  if (!what_.empty()) text += ": " + what_;
  if (auto left = seconds_left()) text += fmt::format(", {} left", duration_text(*left));
  return text;
}

void Progress::paint(bool at_once) {
  if (!active_ || options_.style == Style::quiet) return;
  bool bar = options_.style == Style::bar;
  double pause_s = bar ? options_.repaint_s : options_.line_every_s;
  if (!at_once && seconds_since(painted_ns_) < pause_s) return;
  painted_ns_ = now_ns();
  if (bar) {
    options_.write("\r\x1b[K" + bar_text());
    on_screen_ = true;
  } else {
    options_.write(line_text() + "\n");
  }
}

void Progress::erase() {
  if (on_screen_) options_.write("\r\x1b[K");
  on_screen_ = false;
}

}  // namespace tamis
