#include "report/report.h"

#include "base/files.h"
#include "report/gnuplot.h"
#include "report/tables.h"

namespace tamis {

ReportFiles write_report(const Json& document, const std::filesystem::path& folder) {
  ResultView result = parse_result(document);
  make_writable_folder(folder);
  PlotFiles plots = draw_plots(result, folder / "plots");
  std::vector<std::string> names;
  for (const auto& file : plots.files) names.push_back("plots/" + file.filename().string());

  ReportFiles files{folder / "report.html", folder / "report.md", folder / "variants.csv",
                    std::move(plots.files), std::move(plots.notes)};
  save_file(files.html, report_html(result));
  save_file(files.markdown, report_markdown(result, names));
  save_file(files.csv, variants_csv(result));
  return files;
}

}  // namespace tamis
