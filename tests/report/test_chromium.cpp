#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/files.h"
#include "report/tables.h"
#include "samples.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Before the page's script: keeps errors. After it: uses the page and leaves what it found in the
/// title.
constexpr const char* kWatch =
    "<script>window.faults=[];addEventListener('error',e=>faults.push(e.message));"
    "addEventListener('securitypolicyviolation',e=>faults.push(e.violatedDirective));</script>";
constexpr const char* kUse = R"(<script>
const ids = () => [...document.querySelectorAll('#variants tbody tr')].map(r => r.id).join(' ');
const click = text => [...document.querySelectorAll('#variants th button')].find(b => b.textContent === text).click();
const found = {};
click('Median ms'); found.up = ids();
click('Median ms'); found.down = ids();
click('ID'); found.id = ids();
document.querySelector('.toggle').click(); found.theme = document.documentElement.dataset.theme;
const mark = document.querySelector('svg.wide .point.pick');
mark.dispatchEvent(new PointerEvent('pointerenter', {clientX: 10, clientY: 10}));
found.tip = document.getElementById('tip').textContent;
found.wide = document.documentElement.scrollWidth <= innerWidth;
found.faults = faults;
document.title = 'FOUND' + JSON.stringify(found) + 'END';
</script>)";

class Chromium : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("command -v chromium >/dev/null 2>&1") != 0)
      GTEST_SKIP() << "chromium is not installed";
  }

  /// Opens the page at a width and gives what kUse found.
  Json open(const std::string& name, int width) {
    std::string page = report_html(parse_result(sample(name)));
    page.insert(page.find("<title>"), kWatch);
    page.insert(page.rfind("</body>"), kUse);
    save_file(folder_.path() / "page.html", page);
    std::string dom = (folder_.path() / "dom").string();
    std::string command =
        "timeout 60 chromium --headless --no-sandbox --disable-gpu --user-data-dir=" +
        (folder_.path() / "profile").string() + " --window-size=" + std::to_string(width) +
        ",900 --dump-dom file://" + (folder_.path() / "page.html").string() + " >" + dom + " 2>" +
        (folder_.path() / "log").string();
    EXPECT_EQ(std::system(command.c_str()), 0) << load_text(folder_.path() / "log");
    std::string text = load_text(dom);
    std::size_t from = text.find("FOUND{"), to = text.find("}END");
    if (from == std::string::npos || to == std::string::npos) return Json();
    return parse_json(text.substr(from + 5, to - from - 4), "page");
  }

  TemporaryFolder folder_;
};

TEST_F(Chromium, sorts_toggles_and_tells_without_errors) {
  Json found = open("detector", 1280);
  ASSERT_TRUE(found.is_object());
  EXPECT_EQ(found["faults"], Json::array());
  EXPECT_THAT(found["up"].get<std::string>(), ::testing::StartsWith("v08 v07 "));
  EXPECT_THAT(found["up"].get<std::string>(), ::testing::EndsWith("v03 v14"));
  EXPECT_THAT(found["down"].get<std::string>(), ::testing::StartsWith("v03 v02 v01 "));
  EXPECT_THAT(found["down"].get<std::string>(), ::testing::EndsWith("v07 v08 v14"));
  EXPECT_THAT(found["id"].get<std::string>(), ::testing::StartsWith("v01 v02 v03 "));
  EXPECT_EQ(found["theme"], "dark");
  EXPECT_THAT(found["tip"].get<std::string>(), HasSubstr("v07 int8-static"));
}

TEST_F(Chromium, never_scrolls_the_page_sideways) {
  for (int width : {1280, 800, 500}) EXPECT_EQ(open("detector", width)["wide"], true) << width;
}

}  // namespace
}  // namespace tamis
