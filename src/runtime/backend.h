#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/tensor.h"
#include "runtime/capabilities.h"
#include "runtime/settings.h"

namespace tamis {

/// One step on the way to running a model on a backend; the first that fails says why and what to
/// do.
struct ProbeStep {
  /// built, library_found, loaded, version, devices, smallest_model, reference
  std::string name;
  bool ok = false;
  std::string detail;  ///< what was found, or what is wrong
  std::string remedy;  ///< empty when ok
};

struct DeviceInfo {
  std::string name;       ///< "CPU"
  std::string full_name;  ///< "AMD EPYC …"
  /// Inference precisions and the like, lower case: f32, bf16, f16, int8.
  std::vector<std::string> capabilities;
};

/// What a backend said of itself. Absence is a value with a reason: `ok()` is false and the failed
/// step is the last.
struct Availability {
  std::string backend;
  std::vector<ProbeStep> steps;
  std::string version;
  std::string library;
  std::vector<DeviceInfo> devices;
  std::vector<std::string> providers;  ///< ort: execution providers that the loaded library has
  /// ort: of each value of RunSettings.provider, whether it can be loaded here; else why not.
  std::vector<ProbeStep> provider_steps;
  Capabilities can;

  bool ok() const { return !steps.empty() && steps.back().ok; }
  std::string reason() const;  ///< of the failed step: "loaded: …; remedy"
};
Json to_json(const Availability& availability);
Availability parse_availability(const Json& json);

struct OpenRequest {
  std::filesystem::path model;
  RunSettings settings;
  std::vector<Shape> input_shapes;  ///< empty: as the model says (which must then be static)
  bool profile = false;
  /// Least memory instead of the last bit of speed. ort: no memory pattern, which would hold a copy
  /// of the outputs.
  bool lean = false;
  /// Compiled with its dimensions open, as a program does that feeds several sizes: input_shapes
  /// only says what will be fed.
  bool keep_open = false;
  /// Between runs the threads do not wait awake for the next one, which may be another session's.
  bool rests = false;
  std::filesystem::path engine_cache;  ///< folder for what the runtime can export; empty: none
  /// Folder, which is there, for what the runtime writes of the graph only while it opens it: ort
  /// writes optimized.onnx. Empty: none.
  std::filesystem::path dump{};
};

/// What opening a model cost, and what came of it.
struct OpenedFacts {
  double load_ms = 0;               ///< reading the file
  double compile_ms = 0;            ///< from file to ready
  Json effective = Json::object();  ///< what the runtime says it did
};

class Session;

/// Times of layers.
class Profiling {
 public:
  virtual ~Profiling() = default;
  /// Per-layer times of the last run: [{name, type, precision, us, runs_us}, …]. `runs_us` are the
  /// layer's times in all runs so far. ort adds the element types of `inputs` and `outputs`,
  /// openvino the `kernel` and the names of the layers `fused` into it. ort: the first call ends
  /// the profiling, later ones give the same again.
  virtual Json profile() = 0;
};

/// Further sessions on what one session compiled.
class Siblings {
 public:
  virtual ~Siblings() = default;
  /// One more, to keep one request more in flight from a thread of its own. Inputs and outputs are
  /// the same; it may outlive this one. Throws backend_failed.
  virtual std::unique_ptr<Session> another() = 0;
};

/// A request that computes while its caller does something else.
class Asynchronous {
 public:
  virtual ~Asynchronous() = default;
  /// As Session::run, but comes back at once: the tensors are the runtime's until wait() is back.
  /// One request of a session is in flight at a time: until then run() and start() throw
  /// invalid_argument. A session that goes waits for its request first.
  virtual void start(std::span<const Tensor> inputs, std::span<Tensor> outputs) = 0;
  /// Waits for the request that start() began, and throws what Session::run would have thrown.
  /// invalid_argument where none is in flight.
  virtual void wait() = 0;
};

/// The compiled model as a file.
class EngineExport {
 public:
  virtual ~EngineExport() = default;
  /// Writes it, in the runtime's own format, for this machine and version. Throws backend_failed.
  virtual void export_engine(const std::filesystem::path& file) = 0;
};

/// A model ready to run. One thread at a time; different sessions are independent, siblings too.
class Session {
 public:
  virtual ~Session() = default;
  virtual const std::vector<TensorInfo>& inputs() const = 0;   ///< concrete shapes
  virtual const std::vector<TensorInfo>& outputs() const = 0;  ///< concrete shapes
  virtual const OpenedFacts& opened() const = 0;

  /// One synchronous inference on the caller's tensors, which must match inputs() and outputs() in
  /// order, type and shape (else invalid_argument), and lie in memory that the backend reads (else
  /// unsupported). Throws backend_failed with the vendor's text. Allocates nothing after the first
  /// call with the same buffers.
  virtual void run(std::span<const Tensor> inputs, std::span<Tensor> outputs) = 0;

  /// What only some sessions can do, the same for the session's whole life. Null: this one cannot.
  virtual Profiling* profiling() = 0;  ///< null also without OpenRequest::profile
  virtual Siblings* siblings() = 0;
  virtual Asynchronous* asynchronous() = 0;
  virtual EngineExport* engine_export() = 0;
};

/// The session's profile; null where it has none.
Json profile_of(Session& session);

/// Zero-filled tensors that fit the session's inputs / outputs.
std::vector<Tensor> make_tensors(const std::vector<TensorInfo>& infos);

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string name() const = 0;
  /// Asks without throwing; may load the vendor's library (so: only in a worker).
  virtual Availability probe(const RunSettings& settings) = 0;
  /// Throws unavailable (with the failed step), unsupported, corrupt_data or backend_failed.
  virtual std::unique_ptr<Session> open(const OpenRequest& request) = 0;
};

/// Names of the backends this build knows, in the order they are tried: ort, openvino (and fake
/// when TAMIS_ENABLE_FAKE_BACKEND=1, for tests).
std::vector<std::string> backend_names();

/// The backend by name. Its plugin is looked for as base/plugin.h says, at the first probe() or
/// open(). Never throws for a missing plugin: the backend that comes back says so when probed
/// ("absent is an implementation like any other"). Throws invalid_argument for an unknown name.
std::shared_ptr<Backend> find_backend(const std::string& name);

/// probe() and then the host's steps smallest_model and reference: runs a tiny embedded ONNX model
/// (Conv + Relu) and compares with stored numbers. Never throws.
Availability probe_thoroughly(Backend& backend, const RunSettings& settings);

}  // namespace tamis
