#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "cli/command.h"
#include "cli/print.h"
#include "place/facts.h"
#include "place/model_info.h"
#include "report/progress.h"
#include "search/context.h"
#include "search/listener.h"

namespace tamis {

/// Adds --config, --json and --quiet.
void add_console_options(CLI::App& app, Console& console);

/// `tamis --version`: Tamis and each runtime's version or reason.
int print_versions(const Console& console);

/// A progress display on stderr that suits it: bar on a terminal, lines elsewhere, nothing with
/// --quiet.
std::unique_ptr<Progress> make_progress(const Console& console);

/// Width of the terminal on stdout, 100 where there is none.
int terminal_columns();

/// Counts Ctrl-C: the first asks to end with what is known, the second ends at once. Installed by
/// the first call.
bool interrupt_asked();
void install_interrupt_handler();

/// The lock of all that measures or keeps the place's machine busy: says whom it waits for, at most
/// ten minutes. Throws unavailable then, and on Ctrl-C.
std::unique_ptr<PlaceLock> wait_for_machine(Place& place);

/// A listener that shows phases on `progress`, which must outlive it.
SearchListener make_listener(Progress& progress);

/// Options common to all commands that execute a model.
struct ExecuteOptions {
  std::string model;
  std::string backend, device, inference_precision, graph_level, provider, hint, pinning, library,
      engine_cache;
  int threads = 0, streams = 0, in_flight = 0, batch = 0;  // as typed; 0 = not given
  std::string data, split, calibration;
  CardOptions card;
  std::size_t allow_bad = 0;
};
/// What people should know of how the model was read, a line each.
void say_notes(const ModelInfo& model, Progress& progress);

void add_model_option(CLI::App& app, ExecuteOptions& options);
void add_card_options(CLI::App& app, ExecuteOptions& options);
void add_run_options(CLI::App& app, ExecuteOptions& options);
void add_data_options(CLI::App& app, ExecuteOptions& options);

/// The run settings asked for: those of a folder's run.json where MODEL is one, with the given
/// options on top; else ONNX Runtime, f32, all cores of the place.
RunSettings run_settings(Place& place, const std::string& model, const ExecuteOptions& options);

/// --out of a command that makes one model from another: an .onnx file that is not `source`, in a
/// folder that is made where it is missing. `what` the source is called: "model", "backbone".
/// Throws invalid_argument or io.
std::filesystem::path writable_model_file(const std::string& out,
                                          const std::filesystem::path& source, const char* what);

/// The model.onnx that a build left in `folder` to `out`, and model.card.yaml, where there is one,
/// beside it.
void copy_model_with_card(const std::filesystem::path& folder, const std::filesystem::path& out);

}  // namespace tamis
