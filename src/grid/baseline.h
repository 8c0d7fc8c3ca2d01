#pragma once

#include <string>

namespace tamis {

/// Whether --baseline's text names a variant of the plan: "v07".
bool is_variant_id(const std::string& text);

}  // namespace tamis
