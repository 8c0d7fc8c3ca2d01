#pragma once

namespace tamis {

/// Returns what the allocator holds free to the system, also in the middle of the heap (glibc's
/// malloc_trim; nothing on other C libraries). For the moment before something large is allocated
/// by others: a runtime that opens a model. Milliseconds. Thread safe.
void return_free_memory();

}  // namespace tamis
