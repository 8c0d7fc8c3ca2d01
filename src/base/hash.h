#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace tamis {

/// 128-bit content hash (XXH3-128) as 32 hexadecimal digits. Not for security: it names content, it
/// does not protect it.
std::string hash_text(std::string_view text);
std::string hash_bytes(std::span<const std::uint8_t> bytes);

/// Hash of a file's content. Throws not_found or io. Reads in pieces: memory does not grow with the
/// file.
std::string hash_file(const std::filesystem::path& file);

}  // namespace tamis
