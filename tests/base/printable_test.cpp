#include "base/printable.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <new>

#include "base/known_error.h"

namespace tamis {
namespace {

TEST(Printable, escapes_what_a_terminal_would_obey) {
  EXPECT_EQ(printable("a\x1b]0;title\x07z"), "a\\x1b]0;title\\x07z");
  EXPECT_EQ(printable("one\r\ntwo\tthree"), "one\\r\\ntwo\\tthree");
  EXPECT_EQ(printable(std::string_view("\0\x7f", 2)), "\\x00\\x7f");
  EXPECT_EQ(printable("\xc2\x9b[2J"), "\\x9b[2J");  // the C1 form of ESC [
}

TEST(Printable, escapes_what_turns_the_direction_of_writing) {
  EXPECT_EQ(printable("exe\xe2\x80\xae"
                      "gpj"),
            "exe\\u{202e}gpj");
  EXPECT_EQ(printable("\xef\xbb\xbf"
                      "bom"),
            "\\u{feff}bom");
}

TEST(Printable, escapes_bytes_that_are_not_utf8) {
  EXPECT_EQ(printable("\xff"), "\\xff");
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");           // not the shortest form
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(printable("cut \xe2\x82"), "cut \\xe2\\x82");
}

TEST(Printable, leaves_other_text_as_it_is) {
  const std::string text = "Größe 3 × 4 → “5” 漢字 🙂";
  EXPECT_EQ(printable(text), text);
  EXPECT_EQ(printable(printable("a\x1b")), "a\\x1b");
}

TEST(Printable, lines_that_the_program_laid_out_stay) {
  EXPECT_EQ(printable_lines("a\tb\nc\r\x1b"), "a\tb\nc\\r\\x1b");
}

TEST(Printable, documents_are_made_printable_throughout) {
  const Json document{{"na\nme", Json::array({"x\x1b", 3, nullptr})}, {"deep", {{"k", "\x07"}}}};
  const Json expected{{"na\\nme", Json::array({"x\\x1b", 3, nullptr})}, {"deep", {{"k", "\\x07"}}}};
  EXPECT_EQ(printable_document(document), expected);
}

TEST(Printable, json_stays_json) {
  const Json document{{"a", "\xc2\x9b\x1b\n"}, {"b", "\x7f\xe2\x80\xae"}};
  const std::string text = printable_json(document);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos);
  EXPECT_EQ(text.find('\x7f'), std::string::npos);
  EXPECT_EQ(Json::parse(text), document);
}

TEST(KnownError, gives_what_the_file_system_refused_a_code) {
  namespace fs = std::filesystem;
  const auto code = [](std::errc reason) {
    return known_error(fs::filesystem_error("status", "x.onnx", std::make_error_code(reason)));
  };
  EXPECT_EQ(code(std::errc::permission_denied)->code(), ErrorCode::io);
  EXPECT_EQ(code(std::errc::too_many_symbolic_link_levels)->code(), ErrorCode::io);
  EXPECT_EQ(code(std::errc::no_such_file_or_directory)->code(), ErrorCode::not_found);
  EXPECT_STREQ(code(std::errc::permission_denied)->what(),
               "access x.onnx: Permission denied; change its permissions or name another");
}

TEST(KnownError, speaks_of_memory_and_documents_in_plain_words) {
  EXPECT_EQ(known_error(std::bad_alloc())->code(), ErrorCode::unavailable);
  try {
    Json::object().at("missing");
  } catch (const std::exception& e) {
    EXPECT_EQ(known_error(e)->code(), ErrorCode::corrupt_data);
    EXPECT_EQ(std::string(known_error(e)->what()).find("json.exception"), std::string::npos);
  }
}

TEST(KnownError, keeps_our_own_and_knows_no_others) {
  const Error own(ErrorCode::unsupported, "step: no");
  EXPECT_EQ(known_error(own)->code(), ErrorCode::unsupported);
  EXPECT_FALSE(known_error(std::logic_error("bug")));
  EXPECT_STREQ(to_error(std::logic_error("bug"), "build").what(), "build: bug");
}

}  // namespace
}  // namespace tamis
