#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "data/dataset.h"
#include "predict/annotation.h"
#include "tasks/task.h"

namespace tamis {

/// Draws on the images of a dataset; in a worker, since pictures come from strangers. Thread safe.
class Annotator {
 public:
  /// Throws what open_dataset() throws.
  explicit Annotator(AnnotationSpec spec);

  /// Item `item` of the dataset, with one record per model. Throws what decoding throws.
  AnnotatedImage annotate(std::size_t item, const std::vector<ItemRecord>& records) const;

 private:
  AnnotationSpec spec_;
  std::unique_ptr<Dataset> dataset_;
};

}  // namespace tamis
