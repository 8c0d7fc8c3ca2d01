#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "place/worker.h"
#include "predict/annotation.h"
#include "tasks/task.h"

namespace tamis {

/// An Annotator in a worker of its own. Not thread safe.
class WorkerAnnotator {
 public:
  /// Starts the worker at the place and opens the images. Throws what the worker reports.
  WorkerAnnotator(Place& place, const AnnotationSpec& spec, std::function<bool()> go_on);

  /// As Annotator::annotate(). Throws what the worker reports, and unavailable where `go_on` says
  /// no.
  AnnotatedImage annotate(std::size_t item, const std::vector<ItemRecord>& records);

 private:
  Worker worker_;
  std::function<bool()> go_on_;
};

}  // namespace tamis
