#include "tasks/task.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/half.h"
#include "tasks/rows.h"

namespace tamis {

const std::vector<Task>& tasks() {
  static const std::vector<Task> rows{classify_task(), detect_task(), segment_task(),
                                      anomaly_task(), no_task()};
  return rows;
}

const Task& find_task(TaskKind kind) {
  for (const Task& row : tasks())
    if (row.kind == kind) return row;
  throw Error(ErrorCode::unsupported,
              "find task: there is no row for \"" + std::string(to_text(kind)) + "\"");
}

const Task& task_that_reads(TaskKind kind) {
  const Task& task = find_task(kind);
  if (kind == TaskKind::none) task.figures({});  // which says what is to be done
  return task;
}

const std::vector<Tensor>& widened(const std::vector<Tensor>& outputs, std::vector<Tensor>& room) {
  if (std::none_of(outputs.begin(), outputs.end(), is_half)) return outputs;
  room.resize(outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (is_half(outputs[i]))
      widen(outputs[i], room[i]);
    else
      room[i] = outputs[i].clone();
  return room;
}

std::vector<ClassFigures::Class> classes_of_boxes(std::span<const ItemRecord> records) {
  std::map<int, ClassFigures::Class> found;
  for (const ItemRecord& r : records) {
    std::set<int> here;
    for (const TruthBox& t : *r.truth.boxes)
      if (!t.crowd) {
        ++found[t.label].objects;
        here.insert(t.label);
      }
    for (int label : here) ++found[label].items;
  }
  std::vector<ClassFigures::Class> out;
  for (auto& [label, of] : found) {
    of.label = label;
    out.push_back(std::move(of));
  }
  return out;
}

ClassFigures of_boxes(
    std::span<const ItemRecord> records,
    std::function<std::vector<std::optional<double>>(std::span<const std::uint32_t>)> by_label) {
  ClassFigures out{classes_of_boxes(records), {}};
  out.values = [classes = out.classes,
                by_label = std::move(by_label)](std::span<const std::uint32_t> weights) {
    const std::vector<std::optional<double>> all = by_label(weights);
    std::vector<std::optional<double>> values;
    for (const ClassFigures::Class& c : classes)
      values.push_back(all.at(static_cast<std::size_t>(c.label)));
    return values;
  };
  return out;
}

void check_label(const std::string& item, int label, std::size_t class_count) {
  if (label >= 0 && static_cast<std::size_t>(label) < class_count) return;
  throw Error(ErrorCode::invalid_argument,
              "labels: " + item + " has label " + std::to_string(label) + ", but the model has " +
                  std::to_string(class_count) + " classes (0.." +
                  std::to_string(static_cast<std::int64_t>(class_count) - 1) +
                  "); use the model's own class order in the dataset");
}

void fail_without_truth(const std::string& item, const char* what, const char* wanted) {
  throw Error(ErrorCode::invalid_argument,
              "accuracy: " + item + " has no " + what + "; give data with " + wanted);
}

}  // namespace tamis
