#include "runtime/host_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int32_t kBackendFailed = 1 + static_cast<std::int32_t>(ErrorCode::backend_failed);

Error thrown(std::int32_t status, const std::string& text) {
  try {
    check_status(status, text);
  } catch (const Error& error) {
    return error;
  }
  return {ErrorCode::io, "nothing was thrown"};
}

TEST(CheckStatus, is_silent_where_all_is_well) { EXPECT_NO_THROW(check_status(0, "")); }

TEST(CheckStatus, keeps_code_and_text) {
  const Error error = thrown(1 + static_cast<std::int32_t>(ErrorCode::unsupported), "open: no");
  EXPECT_EQ(error.code(), ErrorCode::unsupported);
  EXPECT_STREQ(error.what(), "open: no");
  EXPECT_EQ(thrown(kBackendFailed, "run model: bad node").code(), ErrorCode::backend_failed);
  EXPECT_EQ(thrown(99, "run model: ?").code(), ErrorCode::backend_failed);
}

TEST(CheckStatus, calls_a_lack_of_memory_what_it_is) {
  for (const char* words :
       {"run model: Non-zero status code returned while running Conv node. Name:'c' Status "
        "Message: std::bad_alloc",
        "run model: Failed to allocate memory for requested buffer of size 17179869184",
        "run model: Exception from src/plugins/intel_cpu/src/node.cpp:12: bad allocation"}) {
    const Error error = thrown(kBackendFailed, words);
    EXPECT_EQ(error.code(), ErrorCode::unavailable) << words;
    EXPECT_STREQ(error.what(),
                 "run model: the runtime needs more memory than this machine can spare; use a "
                 "smaller model, input size or batch, or end other programs");
  }
}

}  // namespace
}  // namespace tamis
