#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace tamis::fuzz {

using Random = std::mt19937_64;

/// Below `count`, which is above 0.
std::size_t below(Random& random, std::size_t count);

/// A number that parsers like least: 0, ±1, ends of ranges, powers of two and their neighbours.
std::int64_t awkward_number(Random& random);

/// A few changes of a text or binary file: bits, bytes, cuts, repeats, swaps, parts of the other
/// seeds, awkward numbers in place of digits; of a JSON object, one time in two, of its values.
std::string mutate(const std::string& seed, const std::vector<std::string>& seeds, Random& random);

}  // namespace tamis::fuzz
