#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/known_error.h"
#include "base/plugin.h"
#include "runtime/backend.h"
#include "runtime/build_id.h"
#include "runtime/plugin_abi.h"

/// What a backend plugin is written with: it implements tamis_session and a struct with name(),
/// probe() and open(), and exports plugin_table<That>(). Exceptions end here.

/// tamis::Siblings, as the plugin sees it.
struct tamis_siblings {
  virtual ~tamis_siblings() = default;
  /// As tamis_plugin::another.
  virtual std::unique_ptr<tamis_session> another() = 0;
};

/// tamis::Asynchronous, as the plugin sees it: tensors as in tamis_session::run. One request is in
/// flight at a time, and the session goes after its wait() (the host sees to both).
struct tamis_asynchronous {
  virtual ~tamis_asynchronous() = default;
  virtual void start(const tamis_tensor* inputs, const tamis_tensor* outputs) = 0;
  virtual void wait() = 0;
};

/// One opened model, as the plugin sees it. One thread at a time.
struct tamis_session {
  virtual ~tamis_session() = default;
  virtual const std::vector<tamis::TensorInfo>& inputs() const = 0;   ///< concrete shapes
  virtual const std::vector<tamis::TensorInfo>& outputs() const = 0;  ///< concrete shapes
  virtual const tamis::OpenedFacts& opened() const = 0;
  /// Whether run() can follow addresses in such memory.
  virtual bool reads(tamis::MemoryKind memory) const = 0;
  /// Tensors come in the order of inputs() and outputs() and fit them, in memory that the session
  /// reads (both were checked).
  virtual void run(const tamis_tensor* inputs, const tamis_tensor* outputs) = 0;

  /// As of tamis::Session: null where this session cannot.
  virtual tamis::Profiling* profiling() = 0;
  virtual tamis_siblings* siblings() = 0;
  virtual tamis_asynchronous* asynchronous() = 0;
  virtual tamis::EngineExport* engine_export() = 0;
};

namespace tamis {

/// Where a vendor's library is looked for, in this order: `named` (RunSettings.library), the
/// variable, the plugin's own folder and `subfolder` of it, `folders`, the system's search path. A
/// library that is named but missing is not replaced by another.
struct LibrarySearch {
  std::string named;
  const char* variable;   ///< "TAMIS_ORT_LIBRARY"
  const char* file_name;  ///< "libonnxruntime.so": the file may have a version behind it
  const char* subfolder;  ///< of the plugin's folder
  std::vector<std::filesystem::path> folders;
  /// Where pip's package has it, below its folder of packages, and the package: looked for after
  /// the folders (pip_folders.h).
  std::filesystem::path in_package{};
  const char* package = "";
};

/// A library that was found, opened, and where from ("from TAMIS_ORT_LIBRARY").
struct FoundLibrary {
  PluginLibrary library;
  std::string origin;
};

/// Finds and opens. Throws unavailable; `steps` gets library_found and, when found, loaded.
FoundLibrary open_library(const LibrarySearch& search, std::vector<ProbeStep>& steps);

/// A runtime's library as its plugin holds it, opened once: the first opening wins for the
/// process's life, and later ones give the same and add the same steps. `load` opens it; Library
/// has `file`, its path. Throws what `load` throws, and unavailable where another file is named
/// than the one that runs. Thread safe.
template <typename Library>
const Library& open_once(Library (*load)(const RunSettings& settings,
                                         std::vector<ProbeStep>& steps),
                         const RunSettings& settings, std::vector<ProbeStep>& steps) {
  static std::mutex mutex;
  static std::optional<Library> opened;
  static std::vector<ProbeStep> opened_steps;
  std::lock_guard lock(mutex);
  if (!opened) {
    opened = load(settings, steps);
    opened_steps = steps;
  } else {
    if (!settings.library.empty() && settings.library != opened->file)
      throw Error(ErrorCode::unavailable, "load " + settings.library +
                                              ": this process already runs " + opened->file +
                                              "; use a new worker");
    steps = opened_steps;
  }
  return *opened;
}

/// What a runtime's C interface made; its own function that releases it is called at the end.
template <typename T>
class Owned {
 public:
  using Release = void (*)(T*);
  explicit Owned(Release release, T* object = nullptr) : release_(release), object_(object) {}
  Owned(Owned&& other) noexcept
      : release_(other.release_), object_(std::exchange(other.object_, nullptr)) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(object_, other.object_);
    std::swap(release_, other.release_);
    return *this;
  }
  ~Owned() {
    if (object_ != nullptr) release_(object_);
  }
  T* get() const { return object_; }
  T** out() { return &object_; }

 private:
  Release release_;
  T* object_;
};

/// The path of a dependency's folder in the user's cache, for LibrarySearch.
std::filesystem::path dependency_folder(const std::string& name_and_version);

/// The request of tamis_plugin::open. Throws invalid_argument.
OpenRequest parse_open_request(const char* request_json);

/// Reads a file from end to end and forgets it. Returns milliseconds. Throws not_found or io.
double read_through_ms(const std::filesystem::path& file);

/// How many threads this process has; for counting those that a runtime starts.
int count_threads();

/// What tamis_plugin::describe sends.
Json describe(tamis_session& session);

/// Throws unsupported for a tensor in memory that the session does not read.
void require_readable(const tamis_session& session, const tamis_tensor* tensors,
                      std::uint32_t count);

/// What a session offers. Throws unsupported where that is nothing.
template <typename Part>
Part& offered(Part* part, const char* what) {
  if (part != nullptr) return *part;
  throw Error(ErrorCode::unsupported, std::string("plugin: this session has no ") + what);
}

/// Passes text to a sink.
inline void send(void* user, tamis_text_sink sink, const std::string& text) {
  sink(user, text.data(), text.size());
}

/// Calls `work` and turns what it throws into status and text.
template <typename Work>
std::int32_t guarded(void* user, tamis_text_sink error, Work&& work) noexcept {
  try {
    work();
    return 0;
  } catch (const std::exception& e) {
    const Error known = to_error(e, "plugin");
    send(user, error, known.what());
    return 1 + static_cast<std::int32_t>(known.code());
  } catch (...) {
    send(user, error, "plugin: something that is no std::exception was thrown");
    return 1 + static_cast<std::int32_t>(ErrorCode::backend_failed);
  }
}

/// The plugin's table. Plugin: `static const char* name()`; `static void probe(const RunSettings&,
/// Availability&)`, which may throw after it added the failed step (else the text becomes one);
/// `static std::unique_ptr<tamis_session> open(const OpenRequest&)`.
template <typename Plugin>
const tamis_plugin* plugin_table() {
  static const tamis_plugin table{
      TAMIS_PLUGIN_ABI,
      TAMIS_BUILD_ID,
      Plugin::name(),
      [](const char* settings_json, void* user, tamis_text_sink out) {
        Availability found;
        std::string failure;
        std::int32_t status = guarded(
            &failure,
            [](void* text, const char* bytes, std::uint64_t count) {
              static_cast<std::string*>(text)->assign(bytes, count);
            },
            [&] { Plugin::probe(parse_run_settings(parse_json(settings_json, "probe")), found); });
        if (status != 0 && (found.steps.empty() || found.steps.back().ok))
          found.steps.push_back(
              {found.steps.empty() ? "library_found" : "loaded", false, failure, ""});
        send(user, out, json_text(to_json(found)));
      },
      [](const char* request_json, tamis_session** session, void* user, tamis_text_sink error) {
        return guarded(user, error, [&] {
          *session = Plugin::open(parse_open_request(request_json)).release();
        });
      },
      [](tamis_session* session) { delete session; },
      [](tamis_session* session, void* user, tamis_text_sink out) {
        send(user, out, json_text(describe(*session)));
      },
      [](tamis_session* session, const tamis_tensor* inputs, std::uint32_t input_count,
         const tamis_tensor* outputs, std::uint32_t output_count, void* user,
         tamis_text_sink error) {
        return guarded(user, error, [&] {
          require_readable(*session, inputs, input_count);
          require_readable(*session, outputs, output_count);
          session->run(inputs, outputs);
        });
      },
      [](tamis_session* session, void* user, tamis_text_sink out, tamis_text_sink error) {
        return guarded(user, error, [&] {
          send(user, out, json_text(offered(session->profiling(), "profile").profile()));
        });
      },
      [](tamis_session* session, tamis_session** other, void* user, tamis_text_sink error) {
        return guarded(user, error, [&] {
          *other = offered(session->siblings(), "siblings").another().release();
        });
      },
      [](tamis_session* session, const tamis_tensor* inputs, std::uint32_t input_count,
         const tamis_tensor* outputs, std::uint32_t output_count, void* user,
         tamis_text_sink error) {
        return guarded(user, error, [&] {
          require_readable(*session, inputs, input_count);
          require_readable(*session, outputs, output_count);
          offered(session->asynchronous(), "asynchronous requests").start(inputs, outputs);
        });
      },
      [](tamis_session* session, void* user, tamis_text_sink error) {
        return guarded(user, error,
                       [&] { offered(session->asynchronous(), "asynchronous requests").wait(); });
      },
      [](tamis_session* session, const char* file, void* user, tamis_text_sink error) {
        return guarded(user, error, [&] {
          offered(session->engine_export(), "engine to export").export_engine(file);
        });
      }};
  return &table;
}

}  // namespace tamis

/// Exports Plugin as the one visible symbol of a plugin.
#define TAMIS_EXPORT_PLUGIN(Plugin)                                                            \
  extern "C" __attribute__((visibility("default"))) const tamis_plugin* tamis_plugin_entry() { \
    return tamis::plugin_table<Plugin>();                                                      \
  }
