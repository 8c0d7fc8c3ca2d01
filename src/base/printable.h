#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace tamis {

/// Names, cards, metadata and file names come from strangers. What a person reads on a terminal
/// holds none of their control characters: those of ASCII and of Latin-1 (C0, DEL, C1), those that
/// turn the direction of writing or are no characters at all, and bytes that are not UTF-8, are
/// written as `\n`, `\x1b`, `\u{202e}`. Everything else stays as it is. Pure; safe from any thread.

/// One line: line breaks and tabs are escaped too.
std::string printable(std::string_view text);

/// Text that this program has laid out in lines: its own line breaks and tabs stay.
std::string printable_lines(std::string_view text);

/// Indented JSON whose strings hold their control characters as JSON's own escapes (`\u009b`), so
/// that it can be read in a terminal and by any parser. Bytes that are not UTF-8 become U+FFFD.
std::string printable_json(const Json& document);

/// The document with printable() applied to all texts and keys in it, for those that lay it out.
Json printable_document(const Json& document);

}  // namespace tamis
