#pragma once

#include <optional>

namespace tamis {

// File descriptors of the standard streams.
inline constexpr int kStandardOutput = 1;
inline constexpr int kStandardError = 2;

/// Whether a file descriptor leads to a terminal.
bool is_terminal(int descriptor);

/// The terminal's width in columns; absent where the descriptor leads elsewhere or does not know.
std::optional<int> terminal_columns(int descriptor);

}  // namespace tamis
