#pragma once

namespace tamis {

/// The version of Tamis, as `tamis --version` prints it.
inline constexpr const char* kVersion = "0.1.0";

}  // namespace tamis
