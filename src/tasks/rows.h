#pragma once

#include "tasks/task.h"

namespace tamis {

// The rows of the table in task.cpp.
Task classify_task();
Task detect_task();
Task segment_task();
Task anomaly_task();
Task no_task();

/// Those that have ground truth among the records' boxes, with how much of it.
std::vector<ClassFigures::Class> classes_of_boxes(std::span<const ItemRecord> records);

/// Their figures from an evaluation's, which are by label.
ClassFigures of_boxes(
    std::span<const ItemRecord> records,
    std::function<std::vector<std::optional<double>>(std::span<const std::uint32_t>)> by_label);

/// What check_truth does with one label.
void check_label(const std::string& item, int label, std::size_t class_count);

/// Throws invalid_argument for an item without truth: "ITEM has no `what`; give data with
/// `wanted`".
[[noreturn]] void fail_without_truth(const std::string& item, const char* what, const char* wanted);

}  // namespace tamis
