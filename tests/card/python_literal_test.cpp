#include "card/python_literal.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"

namespace tamis {
namespace {

TEST(PythonLiteral, reads_what_repr_writes) {
  EXPECT_EQ(parse_python_literal("{0: 'person', 1: \"it's\"}", "t"),
            (Json{{"0", "person"}, {"1", "it's"}}));
  EXPECT_EQ(parse_python_literal("[640, 640]", "t"), (Json{640, 640}));
  EXPECT_EQ(parse_python_literal("(1, 2.5, -3,)", "t"), (Json{1, 2.5, -3}));
  EXPECT_EQ(parse_python_literal("{'a': True, 'b': None, 'c': [False, 1e-05]}", "t"),
            (Json{{"a", true}, {"b", nullptr}, {"c", {false, 1e-5}}}));
  EXPECT_EQ(parse_python_literal(R"('a\'b\\c\n\x41\u00e9')", "t"), Json("a'b\\c\nAé"));
  EXPECT_EQ(parse_python_literal("{}", "t"), Json::object());
  EXPECT_EQ(parse_python_literal(R"("a\/\u00e9\ud83d\ude00")", "t"), Json("a/é😀"));
}

TEST(PythonLiteral, refuses_everything_else) {
  for (const char* text :
       {"", "{", "{0: }", "{0 'a'}", "[1 2]", "'open", "import os", "[1] 2", "'\\q'", "'\\x4'"})
    EXPECT_THROW(parse_python_literal(text, "t"), Error) << text;
  EXPECT_THROW(parse_python_literal(std::string(1000, '['), "t"), Error);
}

TEST(PythonLiteral, survives_any_text) {
  std::mt19937 random(3);
  const std::string letters = "{}[]():,'\"\\x0 1aTN.-";
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (unsigned n = random() % 24; n > 0; --n) text += letters[random() % letters.size()];
    try {
      parse_python_literal(text, "t");
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace tamis
