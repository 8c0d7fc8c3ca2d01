#include "report/report.h"

#include "base/files.h"
#include "report/drawing_plugin.h"
#include "report/gnuplot.h"
#include "report/tables.h"

namespace tamis {

ReportFiles write_report(const Json& document, const std::filesystem::path& folder) {
  ResultDocument result = parse_result(document);
  make_writable_folder(folder);
  PlotFiles plots = draw_plots(result, folder / "plots");
  std::vector<std::string> names;
  for (const auto& file : plots.files) names.push_back("plots/" + file.filename().string());

  const std::vector<ChangePicture> changes = draw_changes_by_plugin(document, folder);
  ReportFiles files{folder / "report.html",
                    folder / "report.md",
                    folder / "variants.csv",
                    std::move(plots.files),
                    {},
                    std::move(plots.notes)};
  std::size_t missing = 0;
  for (const ChangePicture& picture : changes) {
    if (!picture.file.empty()) files.changes.push_back(folder / picture.file);
    if (!picture.note.empty() && ++missing == 1) files.notes.push_back(picture.note);
  }
  if (missing > 0)
    files.notes.back() = std::to_string(missing) + " of " + std::to_string(changes.size()) +
                         " worst changes have no image: " + files.notes.back();
  save_file(files.html, report_html(result, changes));
  save_file(files.markdown, report_markdown(result, names, changes));
  save_file(files.csv, variants_csv(result));
  return files;
}

}  // namespace tamis
