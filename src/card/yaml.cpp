#include "card/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "base/error.h"
#include "base/number.h"
#include "base/printable.h"

namespace tamis {
namespace {

Json scalar_json(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;  // was quoted
  if (const auto whole = parse_number<std::int64_t>(text)) return *whole;
  if (const auto real = parse_number<double>(text)) return *real;
  return text;
}

enum class Scalars { typed, text };  // text: names of classes, where 007 is no number

/// Turns YAML into JSON. Aliases are written out, so a few lines can stand for more values than any
/// memory holds, or for one that holds itself: both are counted, and refused.
class YamlReader {
 public:
  explicit YamlReader(const YamlSource& source) : source_(source) {}

  Json read(const YAML::Node& node, Scalars scalars, int depth = 0) {
    constexpr int kMostDepth = 8;                // what people write has three levels
    constexpr std::size_t kMostValues = 50'000;  // names of classes are most of them
    if (depth > kMostDepth) refuse("nested too deeply, or holds itself");
    if (++values_ > kMostValues) refuse(fmt::format("more than {} values", kMostValues));
    if (node.IsScalar()) return scalars == Scalars::text ? Json(node.Scalar()) : scalar_json(node);
    if (node.IsSequence()) {
      Json list = Json::array();
      for (const auto& item : node) list.push_back(read(item, scalars, depth + 1));
      return list;
    }
    if (!node.IsMap()) return nullptr;
    Json map = Json::object();
    for (const auto& item : node) {
      std::string key = item.first.Scalar();
      const bool names = depth == 0 && key == source_.names_key;
      map[key] = read(item.second, names ? Scalars::text : scalars, depth + 1);
    }
    return map;
  }

 private:
  [[noreturn]] void refuse(const std::string& problem) const {
    throw Error(ErrorCode::corrupt_data, source_.file + ": is not " + source_.what + ": " +
                                             problem + "; write it without aliases");
  }

  const YamlSource& source_;
  std::size_t values_ = 0;
};

}  // namespace

Json parse_yaml(const std::string& text, const YamlSource& source) {
  try {
    return YamlReader(source).read(YAML::Load(text),
                                   source.all_text ? Scalars::text : Scalars::typed);
  } catch (const YAML::Exception& error) {
    throw Error(ErrorCode::corrupt_data,
                fmt::format("{}: not YAML: line {}: {}; correct that line", source.file,
                            error.mark.line + 1, printable(error.msg)));
  }
}

}  // namespace tamis
