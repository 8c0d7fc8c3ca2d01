#include <fmt/format.h>

#include "base/error.h"
#include "cli/console.h"
#include "report/report.h"

namespace tamis {
namespace {

/// Errors about the result name its file.
ReportFiles write_from(const Json& result, const std::filesystem::path& dir) {
  try {
    return write_report(result, dir);
  } catch (const Error& e) {
    if (e.code() == ErrorCode::io) throw;
    throw Error(e.code(), (dir / "result.json").string() + ": " + e.what());
  }
}

int report(const std::string& folder, const Console& console) {
  std::filesystem::path dir(folder);
  if (!std::filesystem::exists(dir / "result.json"))
    throw Error(
        ErrorCode::not_found,
        fmt::format(
            "report {}: holds no result.json; give a folder that tamis optimize or sweep wrote",
            folder));
  Json result = load_json(dir / "result.json");
  ReportFiles files = write_from(result, dir);
  if (console.json) {
    Json json{{"schema", "tamis/report/1"},
              {"html", files.html.string()},
              {"markdown", files.markdown.string()},
              {"csv", files.csv.string()},
              {"plots", Json::array()},
              {"changes", Json::array()},
              {"notes", files.notes}};
    for (const auto& plot : files.plots) json["plots"].push_back(plot.string());
    for (const auto& picture : files.changes) json["changes"].push_back(picture.string());
    print_json(json);
    return 0;
  }
  for (const std::string& note : files.notes) say_error("{}\n", note);
  const Json shown = printable_document(result);
  print_lines(variants_table_text(shown, terminal_columns()) + "\n" + decision_text(shown));
  say("\nReport: {}\n", files.html.string());
  return 0;
}

}  // namespace

std::function<int()> make_report(CLI::App& app, Console& console) {
  auto folder = std::make_shared<std::string>();
  app.add_option("folder", *folder, "A folder that tamis optimize or sweep wrote")
      ->required()
      ->type_name("DIR");
  add_console_options(app, console);
  return [folder, &console] { return report(*folder, console); };
}

}  // namespace tamis
