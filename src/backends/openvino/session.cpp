#include "backends/openvino/session.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>

#include "base/clock.h"
#include "runtime/tensor_info.h"

namespace tamis::openvino {
namespace {

struct TypeRow {
  ov_element_type_e theirs;
  DataType ours;
};
constexpr std::array kTypes{TypeRow{F32, DataType::f32},  TypeRow{F16, DataType::f16},
                            TypeRow{U8, DataType::u8},    TypeRow{I8, DataType::i8},
                            TypeRow{I32, DataType::i32},  TypeRow{I64, DataType::i64},
                            TypeRow{F64, DataType::f64},  TypeRow{BOOLEAN, DataType::boolean},
                            TypeRow{BF16, DataType::bf16}};

DataType our_type(ov_element_type_e type, const std::string& name) {
  for (const TypeRow& row : kTypes)
    if (row.theirs == type) return row.ours;
  throw Error(ErrorCode::unsupported, "open model: tensor " + name + " has OpenVINO element type " +
                                          std::to_string(type) + ", which Tamis does not carry");
}

ov_element_type_e their_type(std::int32_t type) {
  for (const TypeRow& row : kTypes)
    if (static_cast<std::int32_t>(row.ours) == type) return row.theirs;
  return DYNAMIC;
}

using Model = Owned<ov_model_t>;
using Compiled = Owned<ov_compiled_model_t>;
using Request = Owned<ov_infer_request_t>;
using Property = std::pair<std::string, std::string>;

/// What reading failed for: the ONNX frontend names operators that it does not know.
ErrorCode read_failure(const std::string& text) {
  for (const char* sign : {"not supported", "Not supported", "OpConversionFailure",
                           "not implemented", "No conversion rule", "unsupported"})
    if (text.find(sign) != std::string::npos) return ErrorCode::unsupported;
  return ErrorCode::corrupt_data;
}

Model read_model(const Library& ov, const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored))
    throw Error(ErrorCode::not_found, "open model: there is no file " + file.string());
  Model model(ov.ov_model_free);
  ov_status_e status = ov.ov_core_read_model(ov.core, file.c_str(), nullptr, model.out());
  if (status != OK) {
    std::string text = last_message(ov, status);
    throw Error(read_failure(text), "open model: " + text);
  }
  return model;
}

TensorInfo read_port(const Library& ov, ov_output_const_port_t* port, const std::string& fallback) {
  Owned<ov_output_const_port_t> owned(ov.ov_output_const_port_free, port);
  TensorInfo info;
  char* name = nullptr;
  // A port of an IR file may have no name.
  info.name = ov.ov_port_get_any_name(port, &name) == OK ? take_text(ov, name) : fallback;
  ov_element_type_e type{};
  check(ov, ov.ov_port_get_element_type(port, &type), "read tensor type");
  info.type = our_type(type, info.name);
  ov_partial_shape_t shape{};
  check(ov, ov.ov_port_get_partial_shape(port, &shape), "read tensor shape");
  bool ranked = shape.rank.min == shape.rank.max;
  for (std::int64_t i = 0; ranked && i < shape.rank.max; ++i)
    info.shape.push_back(shape.dims[i].min == shape.dims[i].max ? std::optional(shape.dims[i].min)
                                                                : std::nullopt);
  ov.ov_partial_shape_free(&shape);
  require_rank(info.name, info.shape.size());
  // An unknown rank must not look like a scalar: the run on zeros then tells the shape.
  if (!ranked) info.shape.assign(1, std::nullopt);
  return info;
}

using CountFn = decltype(Library::ov_model_inputs_size);
using PortFn = decltype(Library::ov_model_const_input_by_index);

std::vector<TensorInfo> read_ports(const Library& ov, const Model& model, CountFn count_of,
                                   PortFn port_of, const std::string& word) {
  std::size_t count = 0;
  check(ov, count_of(model.get(), &count), "read model");
  std::vector<TensorInfo> infos;
  for (std::size_t i = 0; i < count; ++i) {
    ov_output_const_port_t* port = nullptr;
    check(ov, port_of(model.get(), i, &port), "read model");
    infos.push_back(read_port(ov, port, word + std::to_string(i)));
  }
  return infos;
}

void reshape(const Library& ov, const Model& model, const std::vector<Shape>& shapes) {
  std::vector<ov_partial_shape_t> partial(shapes.size());
  std::vector<std::size_t> indexes(shapes.size());
  ov_status_e status = OK;
  for (std::size_t i = 0; i < shapes.size() && status == OK; ++i) {
    indexes[i] = i;
    status = ov.ov_partial_shape_create_static(static_cast<std::int64_t>(shapes[i].size()),
                                               shapes[i].data(), &partial[i]);
  }
  if (status == OK)
    status = ov.ov_model_reshape_by_port_indexes(model.get(), indexes.data(), partial.data(),
                                                 partial.size());
  std::string text = status == OK ? "" : last_message(ov, status);
  for (ov_partial_shape_t& shape : partial) ov.ov_partial_shape_free(&shape);
  if (!text.empty()) throw Error(ErrorCode::unsupported, "reshape model: " + text);
}

std::vector<Property> properties_of(const OpenRequest& request) {
  const RunSettings& settings = request.settings;
  const bool chooses = settings.hint == "throughput";  // the runtime: how many streams
  std::vector<Property> properties{{"PERFORMANCE_HINT", chooses ? "THROUGHPUT" : "LATENCY"}};
  if (settings.streams || (settings.device == "CPU" && !chooses))
    properties.emplace_back("NUM_STREAMS", std::to_string(settings.streams.value_or(1)));
  if (settings.inference_precision)
    properties.emplace_back("INFERENCE_PRECISION_HINT", *settings.inference_precision);
  if (settings.threads)
    properties.emplace_back("INFERENCE_NUM_THREADS", std::to_string(*settings.threads));
  if (settings.pinning)
    properties.emplace_back("ENABLE_CPU_PINNING", settings.pinning == "off" ? "NO" : "YES");
  if (settings.pinning == "performance")
    properties.emplace_back("SCHEDULING_CORE_TYPE", "PCORE_ONLY");
  if (request.profile) properties.emplace_back("PERF_COUNT", "YES");
  if (!request.engine_cache.empty())
    properties.emplace_back("CACHE_DIR", request.engine_cache.string());
  for (const auto& [key, value] : settings.extra.items())
    properties.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
  return properties;
}

/// The C function takes its pairs as variable arguments and reads only as many as it is told, so
/// one call serves every count.
Compiled compile(const Library& ov, const Model& model, const OpenRequest& request) {
  std::vector<Property> properties = properties_of(request);
  constexpr std::size_t kMost = 16;
  if (properties.size() > kMost)
    throw Error(ErrorCode::invalid_argument,
                "open model: more than " + std::to_string(kMost) + " OpenVINO properties given");
  std::size_t count = 2 * properties.size();
  properties.resize(kMost);
  auto k = [&](std::size_t i) { return properties[i].first.c_str(); };
  auto v = [&](std::size_t i) { return properties[i].second.c_str(); };
  Compiled compiled(ov.ov_compiled_model_free);
  ov_status_e status = ov.ov_core_compile_model(
      ov.core, model.get(), request.settings.device.c_str(), count, compiled.out(), k(0), v(0),
      k(1), v(1), k(2), v(2), k(3), v(3), k(4), v(4), k(5), v(5), k(6), v(6), k(7), v(7), k(8),
      v(8), k(9), v(9), k(10), v(10), k(11), v(11), k(12), v(12), k(13), v(13), k(14), v(14), k(15),
      v(15));
  if (status != OK) {
    std::string text = last_message(ov, status);
    throw Error(text.find("nsupported") == std::string::npos ? ErrorCode::backend_failed
                                                             : ErrorCode::unsupported,
                "compile model: " + text);
  }
  return compiled;
}

class OpenVinoSession final : public tamis_session,
                              private Profiling,
                              private tamis_siblings,
                              private tamis_asynchronous,
                              private EngineExport {
 public:
  /// One request more of a compiled model.
  explicit OpenVinoSession(const OpenVinoSession* first)
      : ov_(first->ov_),
        device_(first->device_),
        learned_(first->learned_),
        profile_(first->profile_),
        shared_(first->shared_),
        request_(first->ov_.ov_infer_request_free),
        inputs_(first->inputs_),
        outputs_(first->outputs_),
        opened_(first->opened_) {
    make_request();
  }
  OpenVinoSession(const OpenVinoSession&) = delete;
  OpenVinoSession& operator=(const OpenVinoSession&) = delete;

  OpenVinoSession(const Library& library, const OpenRequest& request)
      : ov_(library),
        device_(request.settings.device),
        profile_(request.profile),
        request_(library.ov_infer_request_free) {
    std::int64_t start = now_ns();
    Model model = read_model(ov_, request.model);
    opened_.load_ms = seconds_since(start) * 1e3;
    std::vector<TensorInfo> asked = read_inputs(model);
    if (request.input_shapes.size() > asked.size())
      throw Error(ErrorCode::unsupported, "open model: OpenVINO reads " +
                                              std::to_string(asked.size()) + " of the model's " +
                                              std::to_string(request.input_shapes.size()) +
                                              " inputs; export the model without unused inputs");
    std::vector<Shape> shapes = resolve_shapes(asked, request.input_shapes);
    bool dynamic = false;
    for (const TensorInfo& info : asked) dynamic = dynamic || !concrete_shape(info);
    if (dynamic && !request.keep_open) reshape(ov_, model, shapes);
    inputs_ = read_inputs(model);
    for (std::size_t i = 0; i < inputs_.size(); ++i)
      inputs_[i] = concrete_info(inputs_[i].name, inputs_[i].type, shapes[i]);
    outputs_ = read_ports(ov_, model, ov_.ov_model_outputs_size, ov_.ov_model_const_output_by_index,
                          "output");
    shared_ = std::make_shared<Shared>(compile(ov_, model, request));
    make_request();
    opened_.compile_ms = seconds_since(start) * 1e3;
    complete_outputs();
    opened_.effective = effective();
  }

  const std::vector<TensorInfo>& inputs() const override { return inputs_; }
  const std::vector<TensorInfo>& outputs() const override { return outputs_; }
  const OpenedFacts& opened() const override { return opened_; }
  bool reads(MemoryKind memory) const override { return memory == MemoryKind::host; }

  void run(const tamis_tensor* inputs, const tamis_tensor* outputs) override {
    bind_all(inputs, outputs);
    infer(run_text());
    finish_run();
  }

  Profiling* profiling() override { return profile_ ? this : nullptr; }
  tamis_siblings* siblings() override { return this; }
  tamis_asynchronous* asynchronous() override { return this; }
  EngineExport* engine_export() override { return this; }

 private:
  struct Shared {
    explicit Shared(Compiled compiled_model) : compiled(std::move(compiled_model)) {}
    Compiled compiled;
    std::atomic<bool> queued = false;  // several requests: each waits for a stream
  };

  void start(const tamis_tensor* inputs, const tamis_tensor* outputs) override {
    bind_all(inputs, outputs);
    check(ov_, ov_.ov_infer_request_start_async(request_.get()), run_text());
  }

  void wait() override {
    check(ov_, ov_.ov_infer_request_wait(request_.get()), run_text());
    finish_run();
  }

  /// From now on all requests go through the compiled model's own streams.
  std::unique_ptr<tamis_session> another() override {
    shared_->queued = true;
    return std::make_unique<OpenVinoSession>(this);
  }

  void export_engine(const std::filesystem::path& file) override {
    check(ov_, ov_.ov_compiled_model_export_model(shared_->compiled.get(), file.c_str()),
          "export the compiled model");
  }

  /// Layers that ran, in the runtime's order. Those listed after one that did not run are fused
  /// into it (or took less than a microsecond in every run).
  Json profile() override {
    ov_profiling_info_list_t list{};
    check(ov_, ov_.ov_infer_request_get_profiling_info(request_.get(), &list), "profile");
    Json layers = Json::array();
    for (std::size_t i = 0; i < std::min(list.size, runs_us_.size()); ++i) {
      const ov_profiling_info_t& layer = list.profiling_infos[i];
      if (!ran_[i]) {
        if (!layers.empty()) layers.back()["fused"].push_back(layer.node_name);
        continue;
      }
      layers.push_back({{"name", layer.node_name},
                        {"type", layer.node_type},
                        {"precision", precision_of(layer.exec_type)},
                        {"us", runs_us_[i].back()},
                        {"kernel", layer.exec_type},  // "brgconv_avx512_bf16"
                        {"fused", Json::array()},
                        {"runs_us", runs_us_[i]}});
    }
    ov_.ov_profiling_info_list_free(&list);
    return layers;
  }

  void bind_all(const tamis_tensor* inputs, const tamis_tensor* outputs) {
    for (std::size_t i = 0; i < inputs_.size(); ++i)
      bind(inputs[i], i, bound_[i], ov_.ov_infer_request_set_input_tensor_by_index);
    for (std::size_t i = 0; i < outputs_.size(); ++i)
      bind(outputs[i], i, bound_[inputs_.size() + i],
           ov_.ov_infer_request_set_output_tensor_by_index);
  }

  void finish_run() {
    if (learned_) check_shapes();
    if (profile_) note_profile();
  }

  void make_request() {
    check(ov_, ov_.ov_compiled_model_create_infer_request(shared_->compiled.get(), request_.out()),
          "compile model");
    bound_.resize(inputs_.size() + outputs_.size());
  }

  /// A synchronous call would run in the caller's thread, beside the streams that were asked for.
  void infer(const char* operation) {
    ov_status_e status = OK;
    if (!shared_->queued) {
      status = ov_.ov_infer_request_infer(request_.get());
    } else {
      status = ov_.ov_infer_request_start_async(request_.get());
      if (status == OK) status = ov_.ov_infer_request_wait(request_.get());
    }
    if (status != OK) check(ov_, status, operation);
  }

  std::vector<TensorInfo> read_inputs(const Model& model) const {
    return read_ports(ov_, model, ov_.ov_model_inputs_size, ov_.ov_model_const_input_by_index,
                      "input");
  }

  /// Adds the times of the run that has just ended. Which layers are listed does not change between
  /// runs; one that once took a microsecond counts as run.
  void note_profile() {
    ov_profiling_info_list_t list{};
    check(ov_, ov_.ov_infer_request_get_profiling_info(request_.get(), &list), "profile");
    ran_.resize(list.size);
    runs_us_.resize(list.size);
    for (std::size_t i = 0; i < list.size; ++i) {
      const ov_profiling_info_t& layer = list.profiling_infos[i];
      bool ran = layer.status == ov_profiling_info_t::EXECUTED;
      ran_[i] = ran_[i] || ran;
      runs_us_[i].push_back(ran ? static_cast<double>(layer.real_time) : 0.0);
    }
    ov_.ov_profiling_info_list_free(&list);
  }

  /// A kernel's name ends in its precision, as OpenVINO spells it: "jit_avx512_FP32", "…_I8".
  static std::string precision_of(const std::string& kernel) {
    std::string end = kernel.substr(kernel.rfind('_') + 1);
    std::transform(end.begin(), end.end(), end.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (end.rfind("fp", 0) == 0) end.erase(1, 1);
    return end;
  }

  using SetFn = decltype(Library::ov_infer_request_set_input_tensor_by_index);
  void bind(const tamis_tensor& t, std::size_t index, const void*& bound, SetFn set) {
    if (bound == t.data) return;
    std::array<std::int64_t, std::size(tamis_tensor{}.dims)> dims{};
    std::copy(t.dims, t.dims + t.rank, dims.begin());
    Owned<ov_tensor_t> tensor(ov_.ov_tensor_free);
    check(ov_,
          ov_.ov_tensor_create_from_host_ptr(their_type(t.type), {t.rank, dims.data()}, t.data,
                                             tensor.out()),
          "bind tensor");
    check(ov_, set(request_.get(), index, tensor.get()), "bind tensor");
    bound = t.data;
  }

  /// Where reshaping left output dimensions open, one run on zeros tells them.
  void complete_outputs() {
    bool complete = true;
    for (const TensorInfo& info : outputs_) complete = complete && concrete_shape(info);
    if (complete) return;
    learned_ = true;
    std::vector<Tensor> zeros = make_tensors(inputs_);
    for (std::size_t i = 0; i < zeros.size(); ++i) {
      tamis_tensor t{};
      set_shape(t, inputs_[i].name, zeros[i].type(), zeros[i].shape());
      t.data = zeros[i].raw();
      bind(t, i, bound_[i], ov_.ov_infer_request_set_input_tensor_by_index);
    }
    infer(
        "run model on zeros to learn its output shapes (Tamis accepts none that depend on an "
        "input's values)");
    for (std::size_t i = 0; i < outputs_.size(); ++i) outputs_[i].shape = output_shape(i);
    std::fill(bound_.begin(), bound_.end(), nullptr);
  }

  /// Shapes that were learned on zeros may hang on what an input holds.
  const char* run_text() const {
    return learned_ ? "run model (whose output shapes seem to depend on its inputs' values, which "
                      "Tamis does not accept)"
                    : "run model";
  }

  void check_shapes() const {
    for (std::size_t i = 0; i < outputs_.size(); ++i)
      if (output_shape(i) != outputs_[i].shape)
        throw Error(ErrorCode::unsupported,
                    "run model: output " + outputs_[i].name + " is " +
                        shape_text({outputs_[i].name, outputs_[i].type, output_shape(i)}) +
                        " and was " + shape_text(outputs_[i]) +
                        " on zeros: its shape depends on an input's values, which Tamis does not "
                        "accept; export the model with fixed output shapes");
  }

  std::vector<std::optional<std::int64_t>> output_shape(std::size_t index) const {
    Owned<ov_tensor_t> tensor(ov_.ov_tensor_free);
    check(ov_, ov_.ov_infer_request_get_output_tensor_by_index(request_.get(), index, tensor.out()),
          "read output shape");
    ov_shape_t shape{};
    check(ov_, ov_.ov_tensor_get_shape(tensor.get(), &shape), "read output shape");
    std::vector<std::optional<std::int64_t>> dims(shape.dims, shape.dims + shape.rank);
    ov_.ov_shape_free(&shape);
    return dims;
  }

  /// A property of the compiled model; absent where the device does not have it.
  std::optional<std::string> property(const char* key) const {
    char* value = nullptr;
    if (ov_.ov_compiled_model_get_property(shared_->compiled.get(), key, &value) != OK)
      return std::nullopt;
    return take_text(ov_, value);
  }

  Json number(const char* key) const {
    auto text = property(key);
    if (!text || text->empty() || text->find_first_not_of("0123456789") != std::string::npos)
      return {};
    return std::stoll(*text);
  }

  Json text(const char* key) const {
    auto found = property(key);
    return found ? Json(*found) : Json();
  }

  Json effective() const {
    return {{"device", device_},
            {"execution_devices", text("EXECUTION_DEVICES")},
            {"precision", text("INFERENCE_PRECISION_HINT")},
            {"threads", number("INFERENCE_NUM_THREADS")},
            {"streams", number("NUM_STREAMS")},
            {"requests", number("OPTIMAL_NUMBER_OF_INFER_REQUESTS")},
            {"graph_level", Json()},
            {"performance_hint", text("PERFORMANCE_HINT")},
            {"cpu_pinning", text("ENABLE_CPU_PINNING")},
            {"core_type", text("SCHEDULING_CORE_TYPE")},
            {"loaded_from_cache", text("LOADED_FROM_CACHE")},
            {"version", ov_.version},
            {"sources", {{"*", "properties of the compiled model"}}}};
  }

  const Library& ov_;
  std::string device_;
  bool learned_ = false;  // output shapes, on zeros
  bool profile_;
  std::shared_ptr<Shared> shared_;
  Request request_;
  std::vector<TensorInfo> inputs_, outputs_;
  std::vector<const void*> bound_;
  std::vector<bool> ran_;  // by place in the runtime's list of layers
  std::vector<std::vector<double>> runs_us_;
  OpenedFacts opened_;
};

}  // namespace

std::unique_ptr<tamis_session> open_session(const Library& library, const OpenRequest& request) {
  return std::make_unique<OpenVinoSession>(library, request);
}

}  // namespace tamis::openvino
