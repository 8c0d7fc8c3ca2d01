#include "runtime/host_session.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "base/error.h"
#include "runtime/tensor_info.h"

namespace tamis {
namespace {

std::vector<TensorInfo> parse_infos(const Json& json) {
  std::vector<TensorInfo> infos;
  for (const Json& j : json) infos.push_back(parse_tensor_info(j));
  return infos;
}

std::vector<tamis_tensor> edge_tensors(const std::vector<TensorInfo>& infos) {
  std::vector<tamis_tensor> tensors;
  for (const TensorInfo& info : infos) {
    const Shape shape = resolve_shape(info, nullptr);
    tamis_tensor t{};
    t.name = info.name.c_str();
    set_shape(t, info.name, info.type, shape);
    tensors.push_back(t);
  }
  return tensors;
}

void check_count(const char* what, std::size_t given, std::size_t wanted) {
  if (given != wanted)
    throw Error(ErrorCode::invalid_argument, "run model: " + std::to_string(given) + " " + what +
                                                 " given, the model has " + std::to_string(wanted));
}

void attach(tamis_tensor& edge, const Tensor& tensor, void* data) {
  bool fits =
      static_cast<std::int32_t>(tensor.type()) == edge.type &&
      std::equal(tensor.shape().begin(), tensor.shape().end(), edge.dims, edge.dims + edge.rank);
  if (!fits)
    throw Error(ErrorCode::invalid_argument,
                "run model: tensor " + std::string(edge.name) + " must be " +
                    std::string(to_text(static_cast<DataType>(edge.type))) + " " +
                    to_text(Shape(edge.dims, edge.dims + edge.rank)) + ", got " +
                    std::string(to_text(tensor.type())) + " " + to_text(tensor.shape()));
  edge.memory = static_cast<std::int32_t>(tensor.memory());
  edge.data = data;
}

void set_text(void* user, const char* text, std::uint64_t bytes) {
  static_cast<std::string*>(user)->assign(text, bytes);
}

class HostSession final : public Session,
                          private Profiling,
                          private Siblings,
                          private Asynchronous,
                          private EngineExport {
 public:
  HostSession(const tamis_plugin& plugin, tamis_session* session)
      : plugin_(plugin), session_(session, plugin.close) {
    std::string text;
    plugin_.describe(session_.get(), &text, append_text);
    const Json said = parse_json(text, "describe session of " + std::string(plugin_.name));
    inputs_ = parse_infos(said.at("inputs"));
    outputs_ = parse_infos(said.at("outputs"));
    opened_ = {said.value("load_ms", 0.0), said.value("compile_ms", 0.0),
               said.value("effective", Json::object())};
    offers_ = said.at("offers").get<std::set<std::string>>();
    in_ = edge_tensors(inputs_);
    out_ = edge_tensors(outputs_);
    error_.reserve(1024);
  }
  HostSession(const HostSession&) = delete;
  HostSession& operator=(const HostSession&) = delete;

  ~HostSession() override {
    if (in_flight_) plugin_.wait(session_.get(), &error_, set_text);
  }

  const std::vector<TensorInfo>& inputs() const override { return inputs_; }
  const std::vector<TensorInfo>& outputs() const override { return outputs_; }
  const OpenedFacts& opened() const override { return opened_; }

  void run(std::span<const Tensor> inputs, std::span<Tensor> outputs) override {
    call(plugin_.run, inputs, outputs);
  }

  Profiling* profiling() override { return offers<Profiling>("profile"); }
  Siblings* siblings() override { return offers<Siblings>("another"); }
  Asynchronous* asynchronous() override { return offers<Asynchronous>("start"); }
  EngineExport* engine_export() override { return offers<EngineExport>("export_engine"); }

 private:
  template <typename Part>
  Part* offers(const char* what) {
    return offers_.count(what) != 0 ? this : nullptr;
  }

  void call(decltype(tamis_plugin::run) function, std::span<const Tensor> inputs,
            std::span<Tensor> outputs) {
    if (in_flight_)
      throw Error(ErrorCode::invalid_argument,
                  "run model: a request of this session is in flight; wait for it first");
    check_count("inputs", inputs.size(), in_.size());
    check_count("outputs", outputs.size(), out_.size());
    // The plugin's edge has one tensor type; it only reads what lies behind the inputs.
    for (std::size_t i = 0; i < inputs.size(); ++i)
      attach(in_[i], inputs[i], const_cast<void*>(inputs[i].raw()));
    for (std::size_t i = 0; i < outputs.size(); ++i) attach(out_[i], outputs[i], outputs[i].raw());
    error_.clear();
    std::int32_t status =
        function(session_.get(), in_.data(), static_cast<std::uint32_t>(in_.size()), out_.data(),
                 static_cast<std::uint32_t>(out_.size()), &error_, append_text);
    if (status != 0) check_status(status, error_);
  }

  Json profile() override {
    std::string text;
    check_status(plugin_.profile(session_.get(), &text, append_text, set_text), text);
    return parse_json(text, "profile of " + std::string(plugin_.name));
  }

  std::unique_ptr<Session> another() override {
    tamis_session* other = nullptr;
    std::string error;
    check_status(plugin_.another(session_.get(), &other, &error, append_text), error);
    return std::make_unique<HostSession>(plugin_, other);
  }

  void start(std::span<const Tensor> inputs, std::span<Tensor> outputs) override {
    call(plugin_.start, inputs, outputs);
    in_flight_ = true;
  }

  void wait() override {
    if (!in_flight_)
      throw Error(ErrorCode::invalid_argument, "run model: no request is in flight; start one");
    error_.clear();
    const std::int32_t status = plugin_.wait(session_.get(), &error_, append_text);
    in_flight_ = false;
    check_status(status, error_);
  }

  void export_engine(const std::filesystem::path& file) override {
    std::string error;
    check_status(plugin_.export_engine(session_.get(), file.c_str(), &error, append_text), error);
  }

  const tamis_plugin& plugin_;
  std::unique_ptr<tamis_session, void (*)(tamis_session*)> session_;
  std::vector<TensorInfo> inputs_, outputs_;
  OpenedFacts opened_;
  std::set<std::string> offers_;
  std::vector<tamis_tensor> in_, out_;
  std::string error_;
  bool in_flight_ = false;
};

}  // namespace

void append_text(void* user, const char* text, std::uint64_t bytes) {
  static_cast<std::string*>(user)->append(text, bytes);
}

namespace {

/// Runtimes have no code for an allocation that failed: these are their words for it.
bool tells_of_memory(std::string_view text) {
  constexpr std::array<std::string_view, 4> kWords{"bad_alloc", "bad allocation",
                                                   "Failed to allocate memory", "out of memory"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view words) { return text.find(words) != text.npos; });
}

}  // namespace

void check_status(std::int32_t status, const std::string& error) {
  if (status == 0) return;
  bool known = status >= 1 && status <= 1 + static_cast<int>(ErrorCode::io);
  const bool by_runtime = !known || static_cast<ErrorCode>(status - 1) == ErrorCode::backend_failed;
  if (by_runtime && tells_of_memory(error))
    throw Error(ErrorCode::unavailable,
                error.substr(0, error.find(": ")) +
                    ": the runtime needs more memory than this machine can spare; use a smaller "
                    "model, input size or batch, or end other programs");
  throw Error(known ? static_cast<ErrorCode>(status - 1) : ErrorCode::backend_failed,
              error.empty() ? "plugin: failed without a text" : error);
}

std::unique_ptr<Session> make_host_session(const tamis_plugin& plugin, tamis_session* session) {
  return std::make_unique<HostSession>(plugin, session);
}

}  // namespace tamis
