#include "runtime/plugin_side.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/files.h"
#include "base/process.h"
#include "runtime/pip_folders.h"
#include "runtime/tensor_info.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

/// The folder of the plugin that this code is linked into.
fs::path own_folder() { return folder_of_code(reinterpret_cast<const void*>(&own_folder)); }

/// The file in `folder` whose name is `name`, or else `name` with the highest version behind it.
std::optional<fs::path> versioned_file(const fs::path& folder, const std::string& name) {
  std::error_code ignored;
  if (fs::exists(folder / name, ignored)) return folder / name;
  std::optional<fs::path> best;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    std::string file = entry.path().filename().string();
    if (file.rfind(name + ".", 0) == 0 && (!best || *best < entry.path())) best = entry.path();
  }
  return best;
}

struct Candidate {
  std::optional<fs::path> file;
  std::string origin;
};

const char* origin_of(const fs::path& folder, const fs::path& beside,
                      const std::vector<fs::path>& packages) {
  if (folder == beside) return "next to the plugin";
  const bool packaged = std::find(packages.begin(), packages.end(), folder) != packages.end();
  return packaged ? "in a Python package" : "in a dependency folder";
}

Candidate find_candidate(const LibrarySearch& search, std::string& tried) {
  if (!search.named.empty()) return {search.named, "named by the run settings"};
  if (auto file = environment(search.variable))
    return {*file, "from " + std::string(search.variable)};
  std::vector<fs::path> folders{own_folder(), own_folder() / search.subfolder};
  folders.insert(folders.end(), search.folders.begin(), search.folders.end());
  const std::vector<fs::path> packages = pip_folders_with(own_folder(), search.in_package);
  folders.insert(folders.end(), packages.begin(), packages.end());
  const fs::path beside = folders.front();
  for (const fs::path& folder : folders) {
    tried += (tried.empty() ? "" : ", ") + folder.string();
    auto file = versioned_file(folder, search.file_name);
    if (!file) continue;
    // Whoever could write beside the plugin could have written the plugin.
    const bool own = folder == beside || folder == beside / search.subfolder;
    auto problem = own ? std::nullopt : why_untrusted(folder);
    if (!own && !problem) problem = why_untrusted(*file);
    if (!problem) return {file, origin_of(folder, beside, packages)};
    tried += " (not used: " + *problem + ")";
  }
  return {std::nullopt, "from the system's search path"};
}

[[noreturn]] void fail(std::vector<ProbeStep>& steps, const char* step, const std::string& detail,
                       const std::string& remedy) {
  steps.push_back({step, false, detail, remedy});
  throw Error(ErrorCode::unavailable, std::string(step) + ": " + detail + "; " + remedy);
}

}  // namespace

FoundLibrary open_library(const LibrarySearch& search, std::vector<ProbeStep>& steps) {
  std::string tried;
  Candidate candidate = find_candidate(search, tried);
  fs::path file = candidate.file.value_or(search.file_name);
  std::error_code ignored;
  bool exists = !candidate.file || fs::exists(*candidate.file, ignored);
  std::string name_it = std::string("name the library in ") + search.variable;
  if (!exists)
    fail(steps, "library_found", file.string() + " (" + candidate.origin + ") does not exist",
         "correct the path");
  try {
    PluginFault fault{};
    PluginLibrary library = PluginLibrary::open(file, &fault);
    steps.push_back({"library_found", true, file.string() + ", " + candidate.origin, ""});
    steps.push_back({"loaded", true, "", ""});
    return {library, candidate.origin};
  } catch (const Error& error) {
    if (!candidate.file)
      fail(steps, "library_found",
           std::string("no ") + search.file_name + " in " + tried +
               ", nor on the system's search path",
           "install the runtime (pip install " + std::string(search.package) + "), or " + name_it);
    steps.push_back({"library_found", true, file.string() + ", " + candidate.origin, ""});
    fail(steps, "loaded", error.what(), name_it);
  }
}

fs::path dependency_folder(const std::string& name_and_version) {
  return environment_folder("TAMIS_DEPS_DIR").value_or(user_cache() / "deps") / name_and_version;
}

OpenRequest parse_open_request(const char* request_json) {
  Json json = parse_json(request_json, "open request");
  OpenRequest request;
  request.model = json.at("model").get<std::string>();
  request.settings = parse_run_settings(json.at("settings"));
  request.input_shapes = json.value("input_shapes", std::vector<Shape>());
  request.profile = json.value("profile", false);
  request.lean = json.value("lean", false);
  request.keep_open = json.value("keep_open", false);
  request.rests = json.value("rests", false);
  request.engine_cache = json.value("engine_cache", "");
  request.dump = json.value("dump", "");
  return request;
}

Json describe(tamis_session& session) {
  Json inputs = Json::array(), outputs = Json::array(), offers = Json::array();
  for (const TensorInfo& info : session.inputs()) inputs.push_back(to_json(info));
  for (const TensorInfo& info : session.outputs()) outputs.push_back(to_json(info));
  if (session.profiling() != nullptr) offers.push_back("profile");
  if (session.siblings() != nullptr) offers.push_back("another");
  if (session.asynchronous() != nullptr) offers.push_back("start");
  if (session.engine_export() != nullptr) offers.push_back("export_engine");
  const OpenedFacts& opened = session.opened();
  return {{"inputs", inputs},
          {"outputs", outputs},
          {"load_ms", opened.load_ms},
          {"compile_ms", opened.compile_ms},
          {"effective", opened.effective},
          {"offers", offers}};
}

void require_readable(const tamis_session& session, const tamis_tensor* tensors,
                      std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i)
    if (const auto memory = static_cast<MemoryKind>(tensors[i].memory); !session.reads(memory))
      throw Error(ErrorCode::unsupported, "run model: tensor " + std::string(tensors[i].name) +
                                              " is in " + std::string(to_text(memory)) +
                                              " memory, which this backend does not read; copy it "
                                              "to the host");
}

double read_through_ms(const fs::path& file) {
  std::int64_t start = now_ns();
  InputFile(file, kAnyFile).for_each_piece([](std::span<const std::uint8_t>) {});
  return seconds_since(start) * 1e3;
}

int count_threads() {
  int count = 0;
  std::error_code ignored;
  for (auto it = fs::directory_iterator("/proc/self/task", ignored); it != fs::directory_iterator();
       ++it)
    ++count;
  return count;
}

}  // namespace tamis
