#pragma once

#include <gtest/gtest.h>

#include <string>

#include "runtime/backend.h"

namespace tamis {

/// Why a runtime cannot be used here; empty: it can. scripts/skipped_tests.py knows the first
/// words.
inline std::string why_no_runtime(const std::string& backend) {
  const Availability found = find_backend(backend)->probe({.backend = backend});
  return found.ok() ? "" : "runtime missing: " + backend + ": " + found.reason();
}

/// Skips the test where the runtime cannot be used. `make test` fails for such a skip: its set-up
/// installed the runtimes.
#define TAMIS_NEEDS_RUNTIME(backend)                                              \
  do {                                                                            \
    if (std::string reason_ = ::tamis::why_no_runtime(backend); !reason_.empty()) \
      GTEST_SKIP() << reason_;                                                    \
  } while (false)

}  // namespace tamis
