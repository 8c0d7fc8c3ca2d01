#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tamis {

/// "1 box", "2 boxes", "3 classes", "4 copies": an English noun of the regular kinds.
std::string count_text(std::size_t count, std::string_view noun);

}  // namespace tamis
