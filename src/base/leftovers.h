#pragma once

#include <filesystem>
#include <string>

namespace tamis {

// What a process makes for itself carries its mark in its name, so that what a killed process left
// can be told from what a living one uses.

/// This process in the name of a file: "p4711s98765n4026531836": its number, the instant of its
/// start (numbers come again), and the namespace in which the number counts.
std::string owner_mark();

/// The name of a file that is written beside `file` and then renamed to it: FILE.partial-MARK,
/// or .partial-MARK where that is too long for a name.
std::filesystem::path partial_name(const std::filesystem::path& file);

/// Whether this is a file or folder of a process that has ended: FILE.partial-MARK,
/// .partial-MARK…, [.]tamis-…-MARK-…. Where its end cannot be known (another namespace) it has
/// ended when it wrote nothing for a week. What belongs to another user is never left over.
bool is_left_over(const std::filesystem::path& path);

/// Removes the folder's entries that are left over. Never throws: what cannot be removed stays.
/// Thread safe; several processes may do so at once.
void remove_leftovers(const std::filesystem::path& folder);

}  // namespace tamis
