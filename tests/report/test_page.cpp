#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <regex>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "report/report.h"
#include "report/tables.h"
#include "samples.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++n;
  return n;
}

/// Every start tag has its end tag, in order. Void elements and self-closed ones aside.
std::string nesting_fault(const std::string& page) {
  std::string body = std::regex_replace(page, std::regex("<(style|script)>[^]*?</\\1>"), "");
  std::regex tag("<(/?)([a-z0-9]+)((?:[^<>\"]|\"[^\"]*\")*)>");
  std::vector<std::string> open;
  for (std::sregex_iterator it(body.begin(), body.end(), tag), end; it != end; ++it) {
    std::string name = (*it)[2], rest = (*it)[3];
    if (name == "meta" || rest.ends_with("/")) continue;
    if ((*it)[1].length() == 0) {
      open.push_back(name);
    } else if (open.empty() || open.back() != name) {
      return "</" + name + "> closes <" + (open.empty() ? "" : open.back()) + ">";
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : "<" + open.back() + "> stays open";
}

TEST(Page, is_well_formed) {
  for (const char* name : kSamples)
    EXPECT_EQ(nesting_fault(report_html(parse_result(sample(name)))), "") << name;
  EXPECT_EQ(nesting_fault(report_html(parse_result(empty_result()))), "");
}

TEST(Page, asks_nothing_of_the_network) {
  std::string page = report_html(parse_result(sample("detector")));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  for (const char* part : {"http://", "https://", " src=", "@import", "url("})
    EXPECT_THAT(page, Not(HasSubstr(part)));
}

TEST(Page, holds_every_section) {
  std::string page = report_html(parse_result(sample("detector")));
  for (const char* title :
       {"Latency against accuracy", "Latency distributions", "What would change the decision",
        "Variants", "Failures", "Run the winner", "Environment"})
    EXPECT_THAT(page, HasSubstr(std::string("<h2>") + title + "</h2>"));
  EXPECT_EQ(count(page, "<tr class="), 14u);
  EXPECT_THAT(page,
              HasSubstr("tamis bench detector.onnx --backend openvino --inference-precision f16"));
}

/// Those that only some results have; each goes with one member of the document.
TEST(Page, holds_the_sections_of_what_only_some_results_have) {
  const std::string explained = report_html(parse_result(sample("run"))),
                    segmenter = report_html(parse_result(sample("segmenter"))),
                    plain = report_html(parse_result(sample("classifier")));
  EXPECT_THAT(explained, HasSubstr("<h2>Where the time goes</h2>"));
  EXPECT_THAT(plain, Not(HasSubstr("Where the time goes")));
  for (const char* part : {"input images: u8 [1,640,640,3]", "000000000009.jpg",
                           "in 3 items; a comparison needs 20"}) {
    EXPECT_THAT(segmenter, HasSubstr(part));
    EXPECT_THAT(plain, Not(HasSubstr(part)));
  }
}

TEST(Page, takes_all_texts_of_the_document_as_text) {
  const std::string evil = "<script>alert('x')</script>\"'&";
  Json document = sample("detector");
  std::function<void(Json&)> poison = [&](Json& node) {
    for (auto& [key, value] : node.items()) {
      bool structural = key == "schema" || key == "id" || key == "baseline" || key == "pick" ||
                        key == "runner_up" || key == "a" || key == "b" || key == "drop_kind" ||
                        key == "status" || key == "state" || key == "gate" || key == "verdict" ||
                        key == "kind" || key == "fact";
      if (value.is_structured())
        poison(value);
      else if (value.is_string() && !structural)
        value = value.get<std::string>() + evil;
    }
  };
  poison(document);
  std::string page = report_html(parse_result(document));
  EXPECT_EQ(count(page, "<script>"), 1u) << "the page's own";
  EXPECT_THAT(page, Not(HasSubstr("alert('x')")));
  EXPECT_EQ(nesting_fault(page), "");
}

TEST(Page, has_no_words_but_its_own_where_only_some_are_known) {
  Json other = sample("detector");
  other["status"] = "met<script>";
  EXPECT_THROW(parse_result(other), Error);
  for (const char* key : {"state", "gate"}) {
    Json document = sample("detector");
    document["variants"][0][key] = "<script>";
    EXPECT_THROW(parse_result(document), Error) << key;
  }
}

TEST(Page, gives_absent_numbers_a_reason) {
  std::string page = report_html(parse_result(sample("detector")));
  EXPECT_THAT(
      page,
      HasSubstr("title=\"accuracy not measured (screened out: slower than a variant that met the "
                "gates)\">–</span>"));
  EXPECT_THAT(page, HasSubstr("title=\"too few rounds for a p95\""));
}

TEST(Report, writes_every_file_and_leaves_nothing_else) {
  TemporaryFolder scratch;
  std::filesystem::path folder = scratch.path() / "new" / "folder";
  ReportFiles files = write_report(sample("classifier"), folder);
  for (const auto& file : {files.html, files.markdown, files.csv})
    EXPECT_GT(std::filesystem::file_size(file), 500u);
  std::size_t entries = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++entries;
  EXPECT_EQ(entries, files.plots.empty() ? 3u : 4u);
}

TEST(Report, writes_the_samples_to_look_at) {
  for (const char* name : kSamples)
    write_report(sample(name), std::filesystem::path(TAMIS_BINARY_DIR) / "report-samples" / name);
  ReportFiles files = write_report(
      empty_result(), std::filesystem::path(TAMIS_BINARY_DIR) / "report-samples" / "empty");
  EXPECT_TRUE(files.plots.empty());
  EXPECT_FALSE(files.notes.empty());
}

}  // namespace
}  // namespace tamis
