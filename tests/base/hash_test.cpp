#include "base/hash.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace tamis {
namespace {

// Golden: python3 -c "import xxhash; print(xxhash.xxh3_128_hexdigest(DATA))", xxhash 4.1.0 of PyPI
// (xxHash 0.8.4).
TEST(Hash, equals_xxh3_128) {
  EXPECT_EQ(hash_text(""), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(hash_text("a"), "a96faf705af16834e6c632b61e964e1f");
  EXPECT_EQ(hash_text("tamis"), "173241142b20864846b6469182873dd5");
  std::vector<std::uint8_t> counting(1000);
  for (std::size_t i = 0; i < counting.size(); ++i) counting[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(hash_bytes(counting), "076f7e02b7120d2ad33dd80b46f60e50");
}

TEST(Hash, of_a_file_is_that_of_its_bytes) {
  TemporaryFolder folder("tamis-test");
  std::string text(3'000'001, 'x');  // more than one piece
  save_file(folder.path() / "f", std::string_view(text));
  EXPECT_EQ(hash_file(folder.path() / "f"), hash_text(text));
}

TEST(Hash, of_a_missing_file_names_it) {
  try {
    hash_file("/nowhere/at-all");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::not_found);
    EXPECT_NE(std::string(e.what()).find("/nowhere/at-all"), std::string::npos);
  }
}

}  // namespace
}  // namespace tamis
