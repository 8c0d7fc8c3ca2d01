#include "runtime/backend.h"

#include <optional>

#include "base/error.h"
#include "base/files.h"
#include "base/plugin.h"
#include "base/units.h"
#include "runtime/build_id.h"
#include "runtime/host_session.h"
#include "runtime/plugin_abi.h"

namespace tamis {
namespace {

/// A loaded plugin, or the step `built` that says why there is none.
struct Loaded {
  const tamis_plugin* plugin = nullptr;
  ProbeStep built{"built", false, "", ""};
};

Loaded load_plugin(const std::string& name) {
  Loaded loaded;
  try {
    PluginLibrary library = PluginLibrary::open_plugin(name);
    const tamis_plugin* plugin = library.function<tamis_plugin_entry_fn>(TAMIS_PLUGIN_ENTRY)();
    std::string file = library.file().string();
    loaded.built.detail = file;
    loaded.built.remedy = "build and install program and plugins together";
    if (plugin->abi != TAMIS_PLUGIN_ABI) {
      loaded.built.detail += " has plugin ABI " + std::to_string(plugin->abi) + ", this program " +
                             std::to_string(TAMIS_PLUGIN_ABI);
    } else if (std::string(plugin->build_id) != TAMIS_BUILD_ID) {
      loaded.built.detail += " comes from the build \"" + std::string(plugin->build_id) +
                             "\", this program from \"" TAMIS_BUILD_ID "\"";
    } else if (plugin->name != name) {
      loaded.built.detail += " calls itself " + std::string(plugin->name) + ", not " + name;
    } else {
      loaded.built.ok = true;
      loaded.built.remedy.clear();
      loaded.plugin = plugin;
    }
  } catch (const Error& error) {
    loaded.built.detail = error.what();
  }
  return loaded;
}

Json request_json(const OpenRequest& request) {
  return {{"model", request.model.string()},
          {"settings", to_json(request.settings)},
          {"input_shapes", request.input_shapes},
          {"profile", request.profile},
          {"lean", request.lean},
          {"keep_open", request.keep_open},
          {"rests", request.rests},
          {"engine_cache", request.engine_cache.string()},
          {"dump", request.dump.string()}};
}

class PluginBackend : public Backend {
 public:
  explicit PluginBackend(std::string name) : name_(std::move(name)) {}

  std::string name() const override { return name_; }

  Availability probe(const RunSettings& settings) override {
    Availability availability;
    const Loaded& plugin = loaded();
    if (plugin.plugin != nullptr) {
      std::string text;
      plugin.plugin->probe(json_text(to_json(settings)).c_str(), &text, append_text);
      availability = parse_availability(parse_json(text, "probe of backend " + name_));
    }
    availability.backend = name_;
    availability.steps.insert(availability.steps.begin(), plugin.built);
    return availability;
  }

  std::unique_ptr<Session> open(const OpenRequest& request) override {
    const Loaded& plugin = loaded();
    if (plugin.plugin == nullptr)
      throw Error(ErrorCode::unavailable,
                  "backend " + name_ + ": built: " + plugin.built.detail +
                      (plugin.built.remedy.empty() ? "" : "; " + plugin.built.remedy));
    tamis_session* session = nullptr;
    std::string error;
    check_status(plugin.plugin->open(json_text(request_json(request)).c_str(), &session, &error,
                                     append_text),
                 error);
    return make_host_session(*plugin.plugin, session);
  }

 private:
  const Loaded& loaded() {
    if (!loaded_) loaded_ = load_plugin(name_);
    return *loaded_;
  }

  std::string name_;
  std::optional<Loaded> loaded_;
};

}  // namespace

Json profile_of(Session& session) {
  Profiling* profiling = session.profiling();
  return profiling == nullptr ? Json() : profiling->profile();
}

std::vector<std::string> backend_names() {
  std::vector<std::string> names{"ort", "openvino"};
  if (environment("TAMIS_ENABLE_FAKE_BACKEND") == "1") names.emplace_back("fake");
  return names;
}

std::shared_ptr<Backend> find_backend(const std::string& name) {
  std::vector<std::string> known = backend_names();
  for (const std::string& one : known)
    if (one == name) return std::make_shared<PluginBackend>(name);
  throw Error(ErrorCode::invalid_argument,
              "backend: there is no backend " + name + "; " + suggest(name, known));
}

}  // namespace tamis
