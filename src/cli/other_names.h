#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace tamis {

/// Other tools' words for what Tamis calls otherwise. `of`: an option's name without dashes
/// ("backend"), "option" or "command". Pure; safe from any thread.

/// The value that Tamis knows: "onnxruntime" of "backend" → "ort"; the value itself where no other
/// name is known.
std::string own_value(std::string_view of, const std::string& value);

/// The option or command that does what people call `name`; absent where none is known. For
/// suggestions only: what it means may differ in detail.
std::optional<std::string> own_name(std::string_view of, std::string_view name);

/// Lets the options of all commands take other names for their values.
void take_other_values(CLI::App& app);

}  // namespace tamis
