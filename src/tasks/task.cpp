#include "tasks/task.h"

#include "base/error.h"
#include "tasks/rows.h"

namespace tamis {

const std::vector<Task>& tasks() {
  static const std::vector<Task> rows{classify_task(), detect_task(), segment_task(),
                                      anomaly_task()};
  return rows;
}

const Task& find_task(TaskKind kind) {
  for (const Task& row : tasks())
    if (row.kind == kind) return row;
  throw Error(ErrorCode::unsupported,
              "find task: there is no row for \"" + std::string(to_text(kind)) + "\"");
}

void check_label(const std::string& item, int label, std::size_t class_count) {
  if (label >= 0 && static_cast<std::size_t>(label) < class_count) return;
  throw Error(ErrorCode::invalid_argument,
              "labels: " + item + " has label " + std::to_string(label) + ", but the model has " +
                  std::to_string(class_count) + " classes (0.." +
                  std::to_string(static_cast<std::int64_t>(class_count) - 1) +
                  "); use the model's own class order in the dataset");
}

void fail_without_truth(const std::string& item, const char* what) {
  throw Error(ErrorCode::invalid_argument,
              "accuracy: " + item + " has no " + what + "; give data with " + what + "s");
}

}  // namespace tamis
