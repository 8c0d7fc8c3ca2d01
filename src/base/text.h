#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace tamis {

// Texts and values as people read them in documents. Pure functions, safe from any thread.

/// Stands for a value that is not there.
inline constexpr const char* kAbsent = "–";

/// A control character, which no document may hold.
bool is_control(char c);

/// For a cell of a GitHub-style table or a sentence: nothing in it is read as Markdown or HTML.
std::string escape_markdown(std::string_view text);

/// "not_distinguishable" → "not distinguishable".
std::string words(std::string_view identifier);

/// A scalar of a document; arrays joined by ", ", the members of an object with their names.
std::string value_text(const Json& value);

}  // namespace tamis
