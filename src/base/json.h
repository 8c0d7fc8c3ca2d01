#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace tamis {

/// JSON values keep the order in which keys were written, so that files read the way their schema
/// is documented.
using Json = nlohmann::ordered_json;

/// Parses text. Throws Error(corrupt_data) prefixed by `what` and naming the position.
Json parse_json(std::string_view text, const std::string& what);

/// Reads and parses a file. Throws not_found, io or corrupt_data, each naming the file.
Json load_json(const std::filesystem::path& file);

/// Writes the file atomically (see save_file), indented by one space, with a final newline.
void save_json(const std::filesystem::path& file, const Json& json);

/// One line, no spaces, keys in their order; bytes that are no UTF-8 (names from other people's
/// files) become U+FFFD instead of an exception.
std::string json_text(const Json& json);

/// One line, no spaces, keys sorted at every level: the same value always gives the same text. For
/// keys and hashes.
std::string canonical_text(const Json& json);

}  // namespace tamis
