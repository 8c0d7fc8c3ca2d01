#include "base/log.h"

#include <mutex>
#include <utility>

namespace tamis {
namespace {

std::mutex mutex;
std::function<void(Severity, const std::string&)>& sink() {
  static std::function<void(Severity, const std::string&)> s;
  return s;
}

}  // namespace

void set_log_sink(std::function<void(Severity, const std::string&)> s) {
  std::lock_guard lock(mutex);
  sink() = std::move(s);
}

void say(Severity severity, const std::string& text) {
  std::lock_guard lock(mutex);
  if (sink()) sink()(severity, text);
}

}  // namespace tamis
