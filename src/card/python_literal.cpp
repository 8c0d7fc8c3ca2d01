#include "card/python_literal.h"

#include <cctype>
#include <charconv>

#include "base/error.h"
#include "base/number.h"

namespace tamis {
namespace {

constexpr int kMaxDepth = 16;

class Reader {
 public:
  Reader(std::string_view text, const std::string& what) : text_(text), what_(what) {}

  Json read_all() {
    Json value = read_value(0);
    skip_space();
    if (at_ != text_.size()) fail("something follows the value");
    return value;
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(ErrorCode::corrupt_data,
                what_ + ": " + problem + " at character " + std::to_string(at_));
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void skip_space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
  }

  bool take(char c) {
    skip_space();
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  void expect(char c) {
    if (!take(c)) fail(std::string("expected '") + c + "'");
  }

  Json read_value(int depth) {
    if (depth > kMaxDepth) fail("nested too deeply");
    skip_space();
    char c = peek();
    if (c == '{') return read_dict(depth);
    if (c == '[') return read_list('[', ']', depth);
    if (c == '(') return read_list('(', ')', depth);
    if (c == '\'' || c == '"') return read_string();
    return read_word();
  }

  Json read_dict(int depth) {
    Json dict = Json::object();
    expect('{');
    while (!take('}')) {
      Json key = read_value(depth + 1);
      expect(':');
      dict[key.is_string() ? key.get<std::string>() : json_text(key)] = read_value(depth + 1);
      if (take(',')) continue;
      expect('}');
      break;
    }
    return dict;
  }

  Json read_list(char open, char close, int depth) {
    Json list = Json::array();
    expect(open);
    while (!take(close)) {
      list.push_back(read_value(depth + 1));
      if (take(',')) continue;
      expect(close);
      break;
    }
    return list;
  }

  Json read_string() {
    char quote = text_[at_++];
    std::string out;
    while (peek() != quote) {
      if (at_ >= text_.size()) fail("a string does not end");
      if (peek() == '\\')
        read_escape(out);
      else
        out += text_[at_++];
    }
    ++at_;
    return out;
  }

  void read_escape(std::string& out) {
    ++at_;
    char c = peek();
    ++at_;
    switch (c) {
      case 'n':
        out += '\n';
        return;
      case 't':
        out += '\t';
        return;
      case 'r':
        out += '\r';
        return;
      case 'b':
        out += '\b';
        return;
      case 'f':
        out += '\f';
        return;
      case 'x':
        return append_utf8(out, read_hex(2));
      case 'u':
        return append_utf8(out, read_pair());
      case 'U':
        return append_utf8(out, read_hex(8));
      case '\\':
      case '\'':
      case '"':
      case '/':
        out += c;
        return;
      default:
        fail("an unknown escape");
    }
  }

  /// JSON writes what lies beyond 16 bits as two escapes.
  unsigned read_pair() {
    const unsigned first = read_hex(4);
    if (first < 0xd800 || first > 0xdbff || text_.substr(at_, 2) != "\\u") return first;
    at_ += 2;
    const unsigned second = read_hex(4);
    if (second < 0xdc00 || second > 0xdfff) fail("a bad escape");
    return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
  }

  unsigned read_hex(std::size_t digits) {
    unsigned value = 0;
    const char* begin = text_.data() + at_;
    if (at_ + digits > text_.size()) fail("a cut escape");
    auto [end, error] = std::from_chars(begin, begin + digits, value, 16);
    if (error != std::errc() || end != begin + digits) fail("a bad escape");
    at_ += digits;
    return value;
  }

  static void append_utf8(std::string& out, unsigned c) {
    auto tail = [&](unsigned shift) { out += static_cast<char>(0x80 | ((c >> shift) & 0x3f)); };
    if (c < 0x80) {
      out += static_cast<char>(c);
    } else if (c < 0x800) {
      out += static_cast<char>(0xc0 | (c >> 6));
      tail(0);
    } else if (c < 0x10000) {
      out += static_cast<char>(0xe0 | (c >> 12));
      tail(6);
      tail(0);
    } else {
      out += static_cast<char>(0xf0 | ((c >> 18) & 7));
      tail(12);
      tail(6);
      tail(0);
    }
  }

  Json read_word() {
    std::size_t begin = at_;
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 ||
            std::string_view("+-._").find(text_[at_]) != std::string_view::npos))
      ++at_;
    std::string_view word = text_.substr(begin, at_ - begin);
    if (word == "None") return nullptr;
    if (word == "True") return true;
    if (word == "False") return false;
    if (const auto whole = parse_number<std::int64_t>(word)) return *whole;
    if (const auto real = parse_number<double>(word)) return *real;
    at_ = begin;
    fail("expected a value");
  }

  std::string_view text_;
  std::string what_;
  std::size_t at_ = 0;
};

}  // namespace

Json parse_python_literal(std::string_view text, const std::string& what) {
  return Reader(text, what).read_all();
}

}  // namespace tamis
