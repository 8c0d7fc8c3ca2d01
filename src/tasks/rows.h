#pragma once

#include "tasks/task.h"

namespace tamis {

// The rows of the table in task.cpp.
Task classify_task();
Task detect_task();
Task segment_task();
Task anomaly_task();

/// What check_truth does with one label.
void check_label(const std::string& item, int label, std::size_t class_count);

/// Throws invalid_argument "figures: item …" for a record without truth.
[[noreturn]] void fail_without_truth(const std::string& item, const char* what);

}  // namespace tamis
