#include "result/document.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "report/samples.h"

namespace tamis {
namespace {

/// Nothing is said: null, false, or an empty text, list or object.
bool says_nothing(const Json& value) {
  return value.is_null() || value == false ||
         (value.is_string() && value.get<std::string>().empty()) ||
         ((value.is_array() || value.is_object()) && value.empty());
}

/// What the second document does not say as the first does; what only the second has must say
/// nothing.
std::vector<std::string> differences(const Json& first, const Json& second,
                                     const std::string& place = "") {
  std::vector<std::string> found;
  const auto add = [&found](const std::vector<std::string>& more) {
    found.insert(found.end(), more.begin(), more.end());
  };
  if (first.is_object() && second.is_object()) {
    for (const auto& [key, value] : first.items()) {
      const std::string at = place + "/" + key;
      add(second.contains(key) ? differences(value, second.at(key), at)
                               : std::vector<std::string>{at});
    }
    for (const auto& [key, value] : second.items())
      if (!first.contains(key) && !says_nothing(value)) found.push_back("+" + place + "/" + key);
  } else if (first.is_array() && second.is_array() && first.size() == second.size()) {
    for (std::size_t i = 0; i < first.size(); ++i)
      add(differences(first[i], second[i], place + "/" + std::to_string(i)));
  } else if (first != second) {
    found.push_back(place);
  }
  return found;
}

class EachSample : public testing::TestWithParam<const char*> {};

TEST_P(EachSample, is_written_as_it_was_read) {
  const Json document = sample(GetParam());
  const Json written = write_document(read_result(document));
  EXPECT_EQ(differences(document, written), std::vector<std::string>());
  EXPECT_EQ(write_document(read_result(written)), written);
}

INSTANTIATE_TEST_SUITE_P(Result, EachSample, testing::ValuesIn(kSamples),
                         [](const auto& one) { return std::string(one.param); });

TEST(ResultDocument, passes_over_members_of_newer_documents) {
  Json document = sample("detector");
  const Json before = write_document(read_result(document));
  document["mood"] = "good";
  document["variants"][0]["colour"] = {{"red", 1}};
  EXPECT_EQ(write_document(read_result(document)), before);
}

TEST(ResultDocument, holds_counts_beyond_32_bits) {
  Json document = sample("detector");
  document["model"]["macs"] = 4371000000;
  document["variants"][0]["peak_memory_bytes"] = 1099511627777;
  const ResultDocument result = read_result(document);
  EXPECT_EQ(result.model.macs, 4371000000U);
  EXPECT_EQ(result.variants[0].opening.peak_memory_bytes, 1099511627777U);
}

TEST(ResultDocument, hands_over_the_baseline_where_nothing_was_picked) {
  Json document = sample("nearest_miss");
  document["pick"] = nullptr;
  EXPECT_EQ(read_result(document).handed_over()->id, "v01");
}

TEST(ResultDocument, names_the_key_that_is_wrong) {
  const auto refusal = [](const Json& document) -> std::string {
    try {
      read_result(document);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::corrupt_data);
      return e.what();
    }
    return "";
  };
  const auto with = [](const Json::json_pointer& at, const Json& value) {
    Json document = sample("classifier");
    document[at] = value;
    return document;
  };
  EXPECT_EQ(refusal(with("/variants/2/latency_ms/median"_json_pointer, "fast")),
            "result: variants[2].latency_ms.median must be a number, see docs/json.md");
  EXPECT_EQ(refusal(with("/schema"_json_pointer, "tamis/result/9")),
            "result: schema must be \"tamis/result/1\", see docs/json.md");
  EXPECT_EQ(refusal(with("/pick"_json_pointer, "v99")),
            "result: pick names the variant 'v99', which is not there");
  EXPECT_EQ(refusal(with("/variants/0/accuracy/drop_kind"_json_pointer, "odd")),
            "result: variants[0].accuracy.drop_kind must be relative | absolute, see docs/json.md");
  EXPECT_EQ(refusal(with("/variants/1/id"_json_pointer, nullptr)),
            "result: variants[1].id must be given, see docs/json.md");
  EXPECT_EQ(refusal(Json::array()), "result: it must be an object, see docs/json.md");
}

}  // namespace
}  // namespace tamis
