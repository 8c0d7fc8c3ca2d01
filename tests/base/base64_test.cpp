#include "base/base64.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace tamis {
namespace {

std::vector<std::uint8_t> bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

// RFC 4648, section 10.
TEST(Base64, writes_the_standards_examples) {
  EXPECT_EQ(to_base64(bytes_of("")), "");
  EXPECT_EQ(to_base64(bytes_of("f")), "Zg==");
  EXPECT_EQ(to_base64(bytes_of("fo")), "Zm8=");
  EXPECT_EQ(to_base64(bytes_of("foo")), "Zm9v");
  EXPECT_EQ(to_base64(bytes_of("foobar")), "Zm9vYmFy");
}

TEST(Base64, gives_every_byte_back) {
  for (std::size_t size : {0u, 1u, 2u, 255u, 256u}) {
    std::vector<std::uint8_t> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 37);
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes) << size;
  }
}

TEST(Base64, refuses_what_is_not_it) {
  for (const char* text : {"Zg=", "Zm9v Zm9v", "Z===", "Z=g=", "Zm9\n"})
    EXPECT_THROW(from_base64(text), Error) << text;
}

}  // namespace
}  // namespace tamis
