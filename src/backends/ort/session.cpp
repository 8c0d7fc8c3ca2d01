#include "backends/ort/session.h"

#include <array>
#include <condition_variable>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string_view>

#include "backends/ort/options.h"
#include "backends/ort/profile.h"
#include "backends/ort/providers.h"
#include "base/affinity.h"
#include "base/clock.h"
#include "base/files.h"
#include "runtime/tensor_info.h"

namespace tamis::ort {
namespace {

struct TypeRow {
  ONNXTensorElementDataType theirs;
  DataType ours;
};
constexpr std::array kTypes{TypeRow{ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, DataType::f32},
                            TypeRow{ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16, DataType::f16},
                            TypeRow{ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8, DataType::u8},
                            TypeRow{ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8, DataType::i8},
                            TypeRow{ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32, DataType::i32},
                            TypeRow{ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64, DataType::i64},
                            TypeRow{ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE, DataType::f64},
                            TypeRow{ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL, DataType::boolean},
                            TypeRow{ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16, DataType::bf16}};

DataType our_type(ONNXTensorElementDataType type, const std::string& name) {
  for (const TypeRow& row : kTypes)
    if (row.theirs == type) return row.ours;
  throw Error(ErrorCode::unsupported, "open model: tensor " + name + " has ONNX element type " +
                                          std::to_string(type) + ", which Tamis does not carry");
}

ONNXTensorElementDataType their_type(std::int32_t type) {
  for (const TypeRow& row : kTypes)
    if (static_cast<std::int32_t>(row.ours) == type) return row.theirs;
  return ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
}

/// An input or output, with the names of its open dimensions.
struct Port {
  TensorInfo info;
  std::vector<std::string> symbols;
};

class OrtPart {
 public:
  explicit OrtPart(const Library& library) : library_(library), api_(*library.api) {}
  void check(OrtStatus* status, const char* operation) const {
    if (status != nullptr) ort::check(library_, status, operation);
  }
  const Library& library() const { return library_; }
  const OrtApi& api() const { return api_; }

 private:
  const Library& library_;
  const OrtApi& api_;
};

using TheirSession = Owned<OrtSession>;

TheirSession create_session(const OrtPart& ort, const OpenRequest& request,
                            const Options& options) {
  TheirSession session(ort.api().ReleaseSession);
  ort.check(ort.api().CreateSession(ort.library().env, request.model.c_str(), options.get(),
                                    session.out()),
            "open model");
  return session;
}

Port read_type(const OrtPart& ort, OrtTypeInfo* type_info, std::string name) {
  Owned<OrtTypeInfo> owned(ort.api().ReleaseTypeInfo, type_info);
  const OrtTensorTypeAndShapeInfo* tensor = nullptr;
  ort.check(ort.api().CastTypeInfoToTensorInfo(type_info, &tensor), "read tensor type");
  if (tensor == nullptr)
    throw Error(ErrorCode::unsupported,
                "open model: " + name + " is not a tensor (a sequence, map or optional)");
  ONNXTensorElementDataType type{};
  std::size_t rank = 0;
  ort.check(ort.api().GetTensorElementType(tensor, &type), "read tensor type");
  ort.check(ort.api().GetDimensionsCount(tensor, &rank), "read tensor shape");
  require_rank(name, rank);
  std::vector<std::int64_t> dims(rank);
  std::vector<const char*> symbols(rank);
  ort.check(ort.api().GetDimensions(tensor, dims.data(), rank), "read tensor shape");
  ort.check(ort.api().GetSymbolicDimensions(tensor, symbols.data(), rank), "read tensor shape");
  Port port;
  port.info.type = our_type(type, name);
  port.info.name = std::move(name);
  for (std::size_t i = 0; i < rank; ++i) {
    port.info.shape.push_back(dims[i] < 0 ? std::nullopt : std::optional(dims[i]));
    port.symbols.emplace_back(symbols[i]);
  }
  return port;
}

/// The three functions of the API that list inputs, or outputs.
struct Side {
  decltype(OrtApi::SessionGetInputCount) count;
  decltype(OrtApi::SessionGetInputName) name;
  decltype(OrtApi::SessionGetInputTypeInfo) type;
};

std::vector<Port> read_ports(const OrtPart& ort, const TheirSession& session, const Side& side) {
  std::size_t count = 0;
  ort.check(side.count(session.get(), &count), "read model");
  OrtAllocator* allocator = nullptr;
  ort.check(ort.api().GetAllocatorWithDefaultOptions(&allocator), "read model");
  std::vector<Port> ports;
  for (std::size_t i = 0; i < count; ++i) {
    char* name = nullptr;
    ort.check(side.name(session.get(), i, allocator, &name), "read model");
    std::string copy = name;
    ort.check(ort.api().AllocatorFree(allocator, name), "read model");
    OrtTypeInfo* type = nullptr;
    ort.check(side.type(session.get(), i, &type), "read model");
    ports.push_back(read_type(ort, type, std::move(copy)));
  }
  return ports;
}

std::vector<Port> read_inputs(const OrtPart& ort, const TheirSession& session) {
  return read_ports(ort, session,
                    {ort.api().SessionGetInputCount, ort.api().SessionGetInputName,
                     ort.api().SessionGetInputTypeInfo});
}

std::vector<Port> read_outputs(const OrtPart& ort, const TheirSession& session) {
  return read_ports(ort, session,
                    {ort.api().SessionGetOutputCount, ort.api().SessionGetOutputName,
                     ort.api().SessionGetOutputTypeInfo});
}

std::vector<TensorInfo> infos_of(const std::vector<Port>& ports) {
  std::vector<TensorInfo> infos;
  for (const Port& port : ports) infos.push_back(port.info);
  return infos;
}

/// The sizes of open dimensions by their names. A name that stands for two sizes is none of them:
/// exporters give one name ("?", "N") to sides that have nothing to do with each other.
std::map<std::string, std::int64_t> sizes_by_name(const std::vector<Port>& ports,
                                                  const std::vector<Shape>& shapes) {
  std::map<std::string, std::int64_t> sizes;
  std::set<std::string> ambiguous;
  for (std::size_t i = 0; i < ports.size(); ++i)
    for (std::size_t d = 0; d < shapes[i].size(); ++d) {
      const std::string& symbol = ports[i].symbols[d];
      if (ports[i].info.shape[d] || symbol.empty()) continue;
      if (sizes.emplace(symbol, shapes[i][d]).first->second != shapes[i][d])
        ambiguous.insert(symbol);
    }
  for (const std::string& symbol : ambiguous) sizes.erase(symbol);
  return sizes;
}

/// Fixes the model's open dimensions by name, so that the optimiser knows them. Their names are in
/// the model only: a session that is never run reads them.
void fix_dimensions(const OrtPart& ort, const OpenRequest& request, const Options& options) {
  if (request.input_shapes.empty() || request.keep_open) return;
  std::vector<Port> ports =
      read_inputs(ort, create_session(ort, request, make_look_options(ort.library())));
  std::vector<Shape> shapes = resolve_shapes(infos_of(ports), request.input_shapes);
  for (const auto& [symbol, size] : sizes_by_name(ports, shapes))
    ort.check(ort.api().AddFreeDimensionOverrideByName(options.get(), symbol.c_str(), size),
              "fix dimension");
}

/// What the requests in flight of one opened model share: a session of the runtime for each stream,
/// opened when first needed. On the CPU provider a session of one thread computes in its callers'
/// threads alone, so one serves all streams.
class Streams {
 public:
  struct Stream {
    std::shared_ptr<TheirSession> session;
    std::optional<int> cpu;  // that the caller's thread keeps to
  };

  Streams(const Library& library, OpenRequest request)
      : ort_(library), request_(std::move(request)) {}

  /// The stream of the next request, in turn.
  Stream next() {
    std::lock_guard lock(mutex_);
    const int count = request_.settings.streams.value_or(1), at = taken_++ % count;
    const SessionPlan plan = plan_session(request_.settings, at);
    const bool shares = plan.threads == 1 && provider_of(request_.settings).append == nullptr;
    const std::size_t place = shares ? 0 : static_cast<std::size_t>(at);
    if (place == sessions_.size()) sessions_.push_back(open(plan));
    return {sessions_[place], plan.cpus.empty() ? std::nullopt : std::optional(plan.cpus.front())};
  }

  const OpenRequest& request() const { return request_; }

 private:
  std::shared_ptr<TheirSession> open(const SessionPlan& plan) {
    Options options = make_options(ort_.library(), request_, plan);
    fix_dimensions(ort_, request_, options);
    // Only the first is profiled and dumped: the others are the same.
    if (sessions_.empty()) {
      start_profile(options);
      if (!request_.dump.empty())
        ort_.check(ort_.api().SetOptimizedModelFilePath(options.get(),
                                                        (request_.dump / "optimized.onnx").c_str()),
                   "write the optimised model");
    }
    return std::make_shared<TheirSession>(create_session(ort_, request_, options));
  }

  void start_profile(const Options& options) {
    if (!request_.profile) return;
    profile_folder_ = std::make_unique<TemporaryFolder>("tamis-ort-profile");
    ort_.check(
        ort_.api().EnableProfiling(options.get(), (profile_folder_->path() / "profile").c_str()),
        "profile");
  }

  OrtPart ort_;
  OpenRequest request_;
  std::unique_ptr<TemporaryFolder> profile_folder_;  // outlives the session, which writes there
  std::mutex mutex_;
  std::vector<std::shared_ptr<TheirSession>> sessions_;
  int taken_ = 0;
};

/// A run in a thread of the runtime, until it has ended.
class Flight {
 public:
  void begin() { status_.reset(); }

  /// For OrtApi::RunAsync, which hands the status over; `user` is the flight.
  static void end(void* user, OrtValue**, std::size_t, OrtStatusPtr status) {
    auto& flight = *static_cast<Flight*>(user);
    std::lock_guard lock(flight.mutex_);
    flight.status_ = status;
    flight.ended_.notify_one();  // under the lock: whoever waits may destroy this
  }

  /// Waits. Returns the run's status, which is the caller's.
  OrtStatus* wait() {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return status_.has_value(); });
    return *status_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  std::optional<OrtStatus*> status_;
};

class OrtRunningSession final : public tamis_session,
                                private Profiling,
                                private tamis_siblings,
                                private tamis_asynchronous {
 public:
  OrtRunningSession(const Library& library, const OpenRequest& request)
      : ort_(library),
        settings_(request.settings),
        streams_(std::make_shared<Streams>(library, request)),
        memory_(library.api->ReleaseMemoryInfo) {
    opened_.load_ms = read_through_ms(request.model);
    int threads_before = count_threads();
    std::int64_t start = now_ns();
    stream_ = streams_->next();
    opened_.compile_ms = seconds_since(start) * 1e3;
    threads_ = count_threads() - threads_before + 1;
    std::vector<Port> inputs = read_inputs(ort_, *stream_.session);
    std::vector<Shape> shapes = resolve_shapes(infos_of(inputs), request.input_shapes);
    for (std::size_t i = 0; i < inputs.size(); ++i)
      inputs_.push_back(concrete_info(inputs[i].info.name, inputs[i].info.type, shapes[i]));
    outputs_ = infos_of(read_outputs(ort_, *stream_.session));
    prepare_values();
    complete_outputs();
    opened_.effective = effective();
  }

  /// One request more.
  explicit OrtRunningSession(const OrtRunningSession* first)
      : ort_(first->ort_),
        settings_(first->settings_),
        streams_(first->streams_),
        stream_(streams_->next()),
        memory_(first->ort_.api().ReleaseMemoryInfo),
        inputs_(first->inputs_),
        outputs_(first->outputs_),
        opened_(first->opened_),
        learned_(first->learned_),
        misdeclared_(first->misdeclared_),
        threads_(first->threads_) {
    prepare_values();
  }
  OrtRunningSession(const OrtRunningSession&) = delete;
  OrtRunningSession& operator=(const OrtRunningSession&) = delete;

  ~OrtRunningSession() override {
    for (auto* values : {&values_in_, &values_out_})
      for (OrtValue* value : *values)
        if (value != nullptr) ort_.api().ReleaseValue(value);
  }

  const std::vector<TensorInfo>& inputs() const override { return inputs_; }
  const std::vector<TensorInfo>& outputs() const override { return outputs_; }
  const OpenedFacts& opened() const override { return opened_; }
  bool reads(MemoryKind memory) const override { return memory == MemoryKind::host; }

  void run(const tamis_tensor* inputs, const tamis_tensor* outputs) override {
    keep_to_cpu();
    bind_all(inputs, outputs);
    check_run(ort_.api().Run(stream_.session->get(), nullptr, names_in_.data(), values_in_.data(),
                             values_in_.size(), names_out_.data(), values_out_.size(),
                             values_out_.data()));
    take_misdeclared();
  }

  Profiling* profiling() override { return streams_->request().profile ? this : nullptr; }
  tamis_siblings* siblings() override { return this; }
  /// In a thread that the session started: with one thread there is none.
  tamis_asynchronous* asynchronous() override { return threads_ > 1 ? this : nullptr; }
  /// The optimised graph is written only while a session is opened (OpenRequest::dump).
  EngineExport* engine_export() override { return nullptr; }

 private:
  void start(const tamis_tensor* inputs, const tamis_tensor* outputs) override {
    bind_all(inputs, outputs);
    flight_.begin();
    ort_.check(ort_.api().RunAsync(stream_.session->get(), nullptr, names_in_.data(),
                                   values_in_.data(), values_in_.size(), names_out_.data(),
                                   values_out_.size(), values_out_.data(), Flight::end, &flight_),
               "start a run");
  }

  void wait() override {
    check_run(flight_.wait());
    take_misdeclared();
  }

  Json profile() override {
    if (!profile_.is_null()) return profile_;
    OrtAllocator* allocator = nullptr;
    char* file = nullptr;
    ort_.check(ort_.api().GetAllocatorWithDefaultOptions(&allocator), "profile");
    ort_.check(ort_.api().SessionEndProfiling(stream_.session->get(), allocator, &file), "profile");
    profile_ = last_run(load_json(file));
    ort_.check(ort_.api().AllocatorFree(allocator, file), "profile");
    return profile_;
  }

  std::unique_ptr<tamis_session> another() override {
    return std::make_unique<OrtRunningSession>(this);
  }

  void bind_all(const tamis_tensor* inputs, const tamis_tensor* outputs) {
    bind(inputs, values_in_, bound_.data());
    bind(outputs, values_out_, bound_.data() + values_in_.size());
    for (const std::size_t i : misdeclared_) {
      drop_output(i);
      given_[i] = outputs[i];
    }
  }

  /// So that the runtime makes it.
  void drop_output(std::size_t i) {
    if (values_out_[i] != nullptr) ort_.api().ReleaseValue(values_out_[i]);
    values_out_[i] = nullptr;
  }

  /// What the runtime made where it refuses the caller's buffers.
  void take_misdeclared() {
    for (const std::size_t i : misdeclared_) {
      OrtTypeInfo* type = nullptr;
      void* made = nullptr;
      ort_.check(ort_.api().GetTypeInfo(values_out_[i], &type), "read output");
      ort_.check(ort_.api().GetTensorMutableData(values_out_[i], &made), "read output");
      const std::optional<Shape> shape =
          concrete_shape(read_type(ort_, type, outputs_[i].name).info);
      if (shape != concrete_shape(outputs_[i])) refuse_changed_shape();
      std::memcpy(given_[i].data, made, given_[i].bytes);
      drop_output(i);
    }
  }

  void check_run(OrtStatus* status) const {
    if (status != nullptr && learned_) refuse_changed_shape(status);
    ort_.check(status, "run model");
  }

  /// Where the run failed because an output has another shape than it had on zeros.
  void refuse_changed_shape(OrtStatus* status) const {
    const std::string_view text = ort_.api().GetErrorMessage(status);
    if (text.find("shape verification failed") == text.npos) return;
    ort_.api().ReleaseStatus(status);
    refuse_changed_shape();
  }

  [[noreturn]] static void refuse_changed_shape() {
    throw Error(
        ErrorCode::unsupported,
        "run model: an output had another shape on zeros: it depends on what the inputs hold, and "
        "Tamis accepts only outputs of a fixed shape; export the model with fixed output shapes");
  }

  void prepare_values() {
    ort_.check(ort_.api().CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, memory_.out()),
               "open model");
    for (const TensorInfo& info : inputs_) names_in_.push_back(info.name.c_str());
    for (const TensorInfo& info : outputs_) names_out_.push_back(info.name.c_str());
    values_in_.resize(inputs_.size());
    values_out_.resize(outputs_.size());
    given_.resize(outputs_.size());
    bound_.resize(inputs_.size() + outputs_.size());
  }

  /// The runtime pins the threads that it starts; the caller's, which computes too, is ours to pin.
  void keep_to_cpu() {
    static thread_local std::optional<int> kept;
    if (!stream_.cpu || kept == stream_.cpu) return;
    pin_this_thread(*stream_.cpu);
    kept = stream_.cpu;
  }

  Owned<OrtValue> wrap(const tamis_tensor& t) const {
    Owned<OrtValue> value(ort_.api().ReleaseValue);
    ort_.check(ort_.api().CreateTensorWithDataAsOrtValue(memory_.get(), t.data, t.bytes, t.dims,
                                                         static_cast<std::size_t>(t.rank),
                                                         their_type(t.type), value.out()),
               "bind tensor");
    return value;
  }

  /// Makes values over the caller's buffers, where they are not the last call's.
  template <typename Values>
  void bind(const tamis_tensor* tensors, Values& values, const void** bound) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (bound[i] == tensors[i].data && values[i] != nullptr) continue;
      Owned<OrtValue> value = wrap(tensors[i]);
      std::swap(values[i], *value.out());
      bound[i] = tensors[i].data;
    }
  }

  /// Where the optimiser left output dimensions open, one run on zeros tells them. An unknown rank
  /// (behind a Loop) looks like a scalar here, so that the run is tried for these too.
  void complete_outputs() {
    bool open = false, scalar = false;
    for (const TensorInfo& info : outputs_) {
      open = open || !concrete_shape(info);
      scalar = scalar || info.shape.empty();
    }
    if (!open && !scalar) return;
    std::vector<Tensor> zeros = make_tensors(inputs_);
    std::vector<Owned<OrtValue>> keep;
    std::vector<const OrtValue*> in;
    for (std::size_t i = 0; i < zeros.size(); ++i) {
      tamis_tensor t{};
      set_shape(t, inputs_[i].name, zeros[i].type(), zeros[i].shape());
      t.data = zeros[i].raw();
      keep.push_back(wrap(t));
      in.push_back(keep.back().get());
    }
    std::vector<OrtValue*> out(outputs_.size());
    OrtStatus* status = ort_.api().Run(stream_.session->get(), nullptr, names_in_.data(), in.data(),
                                       in.size(), names_out_.data(), out.size(), out.data());
    if (status != nullptr && !open) return ort_.api().ReleaseStatus(status);
    ort_.check(status,
               "run model on zeros to learn its output shapes (Tamis accepts none that depend on "
               "an input's values)");
    learned_ = open;
    std::vector<Owned<OrtValue>> owned;
    for (OrtValue* value : out) owned.emplace_back(ort_.api().ReleaseValue, value);
    for (std::size_t i = 0; i < out.size(); ++i) {
      OrtTypeInfo* type = nullptr;
      ort_.check(ort_.api().GetTypeInfo(out[i], &type), "read output shape");
      const std::size_t declared = outputs_[i].shape.size();
      outputs_[i].shape = read_type(ort_, type, outputs_[i].name).info.shape;
      if (declared != 0 && declared != outputs_[i].shape.size()) misdeclared_.push_back(i);
    }
  }

  Json effective() const {
    const Provider& provider = provider_of(settings_);
    const int streams = settings_.streams.value_or(1);
    return {{"device", settings_.device},
            {"provider", provider.their_name},
            {"precision", settings_.inference_precision.value_or("f32")},
            {"threads", threads_ * streams},
            {"streams", streams},
            {"requests", streams},
            {"graph_level", settings_.graph_level.value_or("all")},
            {"cpu_pinning", stream_.cpu ? "YES" : "NO"},
            {"version", ort_.library().version},
            {"sources",
             {{"provider", provider.append == nullptr
                               ? "the only one that was asked for"
                               : "appended; nodes that it does not take run on the CPU provider"},
              {"precision", "each node is computed in the file's own types"},
              {"threads",
               "counted: the caller and the threads that opening a session started, times streams"},
              {"streams", "as requested: sessions, or callers of one session of one thread"},
              {"graph_level", settings_.graph_level ? "as requested" : "the runtime's default"}}}};
  }

  OrtPart ort_;
  RunSettings settings_;
  std::shared_ptr<Streams> streams_;
  Streams::Stream stream_;
  Owned<OrtMemoryInfo> memory_;
  std::vector<TensorInfo> inputs_, outputs_;
  std::vector<const char*> names_in_, names_out_;
  std::vector<OrtValue*> values_in_, values_out_;
  std::vector<const void*> bound_;
  OpenedFacts opened_;
  Json profile_;
  bool learned_ = false;  // output shapes, on zeros
  // Outputs that the file declares another rank for: the runtime refuses buffers of their true
  // shape and makes them itself.
  std::vector<std::size_t> misdeclared_;
  std::vector<tamis_tensor> given_;  // the caller's, for these
  int threads_ = 0;
  Flight flight_;
};

}  // namespace

std::unique_ptr<tamis_session> open_session(const Library& library, const OpenRequest& request) {
  return std::make_unique<OrtRunningSession>(library, request);
}

}  // namespace tamis::ort
