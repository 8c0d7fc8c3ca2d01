#include "base/error_json.h"

#include <gtest/gtest.h>

namespace tamis {
namespace {

TEST(ErrorJson, comes_back_as_it_was) {
  for (const ErrorCode code :
       {ErrorCode::invalid_argument, ErrorCode::not_found, ErrorCode::corrupt_data,
        ErrorCode::unsupported, ErrorCode::unavailable, ErrorCode::backend_failed, ErrorCode::io}) {
    Json json = to_json(Error(code, "open \"a\": no"));
    json["command"] = "tamis eval";  // what a document adds is left alone
    const Error error = error_from_json(json);
    EXPECT_EQ(error.code(), code);
    EXPECT_STREQ(error.what(), "open \"a\": no");
  }
}

TEST(ErrorJson, takes_no_half_of_one) {
  EXPECT_THROW(error_from_json({{"text", "no code"}}), Json::exception);
  EXPECT_THROW(error_from_json({{"code", "io"}, {"text", nullptr}}), Json::exception);
}

}  // namespace
}  // namespace tamis
