#pragma once

#include <string>

#include "grid/axes.h"
#include "place/model_info.h"

namespace tamis {

/// A model that recipes begin with, and what it allows.
struct Parent {
  std::string name;  ///< as Variant::parent has it; "" where there is only one
  ModelInfo model;
  ParentFacts facts;

  const Card& card() const { return *model.card; }
};

}  // namespace tamis
