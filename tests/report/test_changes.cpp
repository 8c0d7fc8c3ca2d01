#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "base/error.h"
#include "base/files.h"
#include "data/picture_header.h"
#include "report/change_texts.h"
#include "report/report.h"
#include "report/tables.h"
#include "samples.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Json object(double x, double score, const std::string& name) {
  return {{"box", {x, 2, x + 8, 12}}, {"score", score}, {"class", name}};
}

Json class_row(const std::string& name, double fall, const Json& verdict) {
  return {{"class", name},      {"objects", 40},         {"items", 20},
          {"baseline", 0.5},    {"variant", 0.5 - fall}, {"difference", -fall},
          {"low", -fall - 0.1}, {"high", 0.1 - fall},    {"verdict", verdict},
          {"reason", ""}};
}

/// A detector's result whose winner lost one object and gained another in plain.png.
Json changed_result(const std::filesystem::path& data) {
  Json document = sample("detector");
  Json item{{"item", "plain.png"},
            {"amount", 0.9},
            {"changed", true},
            {"truth", {{"objects", {{{"box", {1, 2, 9, 12}}, {"class", "cat"}}}}}}};
  item["objects"] = Json::array({{{"kind", "lost"},
                                  {"baseline", object(1, 0.83, "cat")},
                                  {"variant", object(1, 0.1, "cat")},
                                  {"overlap", 0.9},
                                  {"amount", 0.73}},
                                 {{"kind", "gained"},
                                  {"baseline", nullptr},
                                  {"variant", object(12, 0.5, "dog")},
                                  {"overlap", 0},
                                  {"amount", 0.5}}});
  document["changes"] = {{"reason", nullptr},
                         {"variant", document["pick"]},
                         {"role", "pick"},
                         {"data", {{"path", data.string()}, {"split", ""}}},
                         {"items", 96},
                         {"changed", 1},
                         {"largest", 0.9},
                         {"totals", {{"same", 7}, {"lost", 1}, {"gained", 1}, {"relabelled", 0}}},
                         {"worst", Json::array({item})}};
  document["changes"]["per_class"] = {
      {"metric", "map50_95"},
      {"confidence", 0.95},
      {"intervals", 2},
      {"classes", Json::array({class_row("cat", 0.2, "worse"),
                               class_row("dog", 0.01, "not_distinguishable")})}};
  return document;
}

class Changes : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(data());
    std::filesystem::copy_file(
        std::filesystem::path(TAMIS_SOURCE_DIR) / "tests/data/pictures/plain.png",
        data() / "plain.png");
  }
  std::filesystem::path data() const { return folder_.path() / "data"; }
  std::filesystem::path out() const { return folder_.path() / "out"; }

  TemporaryFolder folder_;
};

TEST_F(Changes, are_drawn_beside_the_report_and_inside_it) {
  const ReportFiles files = write_report(changed_result(data()), out());
  ASSERT_EQ(files.changes.size(), 1u);
  const auto header = parse_picture_header(load_bytes(files.changes[0]));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->format, "jpeg");
  EXPECT_EQ(header->stored.width, 2 * 24 * 8 + 8) << "two panels, eightfold, and the gap";
  const std::string page = load_text(files.html), text = load_text(files.markdown);
  EXPECT_THAT(page, HasSubstr("<img src=\"data:image/jpeg;base64,"));
  EXPECT_THAT(page, HasSubstr("1 lost (cat 0.83, now 0.10); 1 gained (dog 0.50)"));
  EXPECT_THAT(page, HasSubstr("<span class=\"chip slower\">worse</span>"));
  EXPECT_THAT(page, HasSubstr("Worse: cat. The others are not distinguishable, at 95 % for all"));
  EXPECT_THAT(page, HasSubstr("In 1 of 96 images, an object"));
  EXPECT_THAT(text, HasSubstr("](changes/" + files.changes[0].filename().string() + ")"));
  EXPECT_THAT(text, HasSubstr("| dog | 40 | 20 | 0.5000 | 0.4900 |"));
}

TEST_F(Changes, keep_their_drawing_where_the_data_are_gone) {
  const ReportFiles before = write_report(changed_result(data()), out());
  std::filesystem::remove_all(data());
  const ReportFiles files = write_report(changed_result(data()), out());
  EXPECT_EQ(files.changes, before.changes);
  EXPECT_THAT(load_text(files.html), HasSubstr("data:image/jpeg;base64,"));
}

TEST_F(Changes, say_which_picture_is_missing) {
  std::filesystem::remove(data() / "plain.png");
  std::filesystem::copy_file(
      std::filesystem::path(TAMIS_SOURCE_DIR) / "tests/data/pictures/plain.png",
      data() / "other.png");
  const ReportFiles files = write_report(changed_result(data()), out());
  EXPECT_TRUE(files.changes.empty());
  EXPECT_FALSE(std::filesystem::exists(out() / "changes"));
  EXPECT_THAT(files.notes,
              ::testing::Contains(
                  "1 of 1 worst changes have no image: the data no longer contain plain.png"));
  EXPECT_THAT(load_text(files.html),
              HasSubstr("<small>No image: the data no longer contain plain.png</small>"));
}

TEST_F(Changes, remove_the_drawings_of_another_result) {
  const ReportFiles before = write_report(changed_result(data()), out());
  save_file(out() / "changes" / "mine.jpg", std::string_view("x"));
  Json document = changed_result(data());
  document["changes"]["worst"][0]["amount"] = 0.5;
  const ReportFiles files = write_report(document, out());
  EXPECT_NE(files.changes, before.changes);
  EXPECT_FALSE(std::filesystem::exists(before.changes[0]));
  EXPECT_TRUE(std::filesystem::exists(out() / "changes" / "mine.jpg"));
}

TEST_F(Changes, are_said_to_be_none) {
  Json document = changed_result(data());
  document["changes"]["worst"] = Json::array();
  document["changes"]["largest"] = 0;
  document["changes"]["changed"] = 0;
  EXPECT_THAT(changes_lead(parse_result(document)),
              ::testing::Contains("Nothing changed: every prediction is exactly the same."));
  document["changes"]["largest"] = 0.004;
  EXPECT_THAT(report_markdown(parse_result(document), {}),
              HasSubstr("no prediction moved by 0.01 or more (largest: 0.004)"));
  document["changes"] = {{"reason", "the baseline itself is handed over"}};
  EXPECT_THAT(report_html(parse_result(document)),
              HasSubstr("None are shown: the baseline itself is handed over."));
}

TEST_F(Changes, of_classes_and_anomalies_are_told_in_words) {
  const Json classes{{"item", "7"},
                     {"truth", {{"class", "dog"}}},
                     {"baseline", {{{"class", "dog"}, {"probability", 0.93}}}},
                     {"variant", {{{"class", "cat"}, {"probability", 0.55}}}}};
  EXPECT_EQ(item_text(classes), "dog 0.93 → cat 0.55; labelled dog");
  const Json anomaly{{"item", "7"},
                     {"amount", 1.25},
                     {"truth", nullptr},
                     {"baseline", {{"score", 12.5}, {"flagged", false}, {"map", nullptr}}},
                     {"variant", {{"score", 30.25}, {"flagged", true}, {"map", nullptr}}}};
  EXPECT_EQ(item_text(anomaly),
            "score 12.5 → 30.25, passed → flagged; moved 1.25 standard deviations");
}

TEST_F(Changes, of_another_shape_are_refused_by_name) {
  for (const char* key : {"worst", "totals", "per_class", "largest"}) {
    Json document = changed_result(data());
    document["changes"][key] = "x";
    try {
      write_report(document, out());
      FAIL() << key;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::corrupt_data) << key;
      EXPECT_THAT(e.what(), HasSubstr("changes")) << key;
    }
  }
}

TEST_F(Changes, give_no_text_a_meaning) {
  const std::string evil = "<script>alert('x')</script>|";
  Json document = changed_result(data());
  for (Json& o : document["changes"]["worst"][0]["objects"])
    for (const char* side : {"baseline", "variant"})
      if (o[side].is_object()) o[side]["class"] = evil;
  document["changes"]["per_class"]["classes"][0]["class"] = evil;
  const ReportFiles files = write_report(document, out());
  EXPECT_THAT(load_text(files.html), Not(HasSubstr("alert('x')")));
  EXPECT_THAT(load_text(files.markdown), Not(HasSubstr("<script>")));
}

}  // namespace
}  // namespace tamis
