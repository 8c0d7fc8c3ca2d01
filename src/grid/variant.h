#pragma once

#include <string>
#include <vector>

#include "recipe/recipe.h"
#include "runtime/settings.h"

namespace tamis {

/// A recipe and how its artefact is run: a row of the result.
struct Variant {
  std::string id;      ///< v01, v02, … in the order of the plan; v01 is the baseline
  std::string parent;  ///< that the recipe begins with, by its name; "" = the only one
  Recipe recipe;
  RunSettings settings;
};

/// For people: "int8-static(openvino) · openvino · bf16 · 2 threads". The parent as it is: "parent
/// · …".
std::string variant_name(const Variant& variant);

}  // namespace tamis
