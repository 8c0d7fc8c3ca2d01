#pragma once

#include <functional>
#include <string>

namespace tamis {

/// A remark for the user that is no error. Warnings carry a remedy after a semicolon.
enum class Severity { info, warning };

/// Where remarks go. Set once by the program's main; by default they are dropped. Library code says
/// things only through say().
void set_log_sink(std::function<void(Severity, const std::string&)> sink);

/// Thread safe.
void say(Severity severity, const std::string& text);

}  // namespace tamis
