#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tamis {

/// Bytes as text of RFC 4648, section 4 ("base64", padded with '='). Pure.
std::string to_base64(std::span<const std::uint8_t> bytes);

/// Throws corrupt_data where the text is not that: another letter, or another length than whole
/// groups of four.
std::vector<std::uint8_t> from_base64(std::string_view text);

}  // namespace tamis
