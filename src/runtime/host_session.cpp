#include "runtime/host_session.h"

#include <algorithm>

#include "base/error.h"
#include "runtime/tensor_info.h"

namespace tamis {
namespace {

class HostSession : public Session {
 public:
  HostSession(const tamis_plugin& plugin, tamis_session* session)
      : plugin_(plugin), session_(session, plugin.close) {
    std::string text;
    plugin_.describe(session_.get(), &text, append_text);
    description_ = parse_json(text, "describe session of " + std::string(plugin_.name));
    for (const Json& j : description_.at("inputs")) inputs_.push_back(parse_tensor_info(j));
    for (const Json& j : description_.at("outputs")) outputs_.push_back(parse_tensor_info(j));
    in_ = edge_tensors(inputs_);
    out_ = edge_tensors(outputs_);
    error_.reserve(1024);
  }

  const std::vector<TensorInfo>& inputs() const override { return inputs_; }
  const std::vector<TensorInfo>& outputs() const override { return outputs_; }

  void run(std::span<const Tensor> inputs, std::span<Tensor> outputs) override {
    check_count("inputs", inputs.size(), in_.size());
    check_count("outputs", outputs.size(), out_.size());
    // The plugin's edge has one tensor type; it only reads what lies behind the inputs.
    for (std::size_t i = 0; i < inputs.size(); ++i)
      attach(in_[i], inputs[i], const_cast<void*>(inputs[i].raw()));
    for (std::size_t i = 0; i < outputs.size(); ++i) attach(out_[i], outputs[i], outputs[i].raw());
    error_.clear();
    std::int32_t status =
        plugin_.run(session_.get(), in_.data(), static_cast<std::uint32_t>(in_.size()), out_.data(),
                    static_cast<std::uint32_t>(out_.size()), &error_, append_text);
    if (status != 0) check_status(status, error_);
  }

  double load_ms() const override { return description_.value("load_ms", 0.0); }
  double compile_ms() const override { return description_.value("compile_ms", 0.0); }
  Json effective() const override { return description_.value("effective", Json::object()); }

  Json profile() override {
    if (plugin_.profile == nullptr) return {};
    std::string text;
    check_status(plugin_.profile(session_.get(), &text, append_text, append_text_of_error), text);
    return parse_json(text, "profile of " + std::string(plugin_.name));
  }

  std::unique_ptr<Session> another() override {
    tamis_session* other = nullptr;
    std::string error;
    check_status(plugin_.another(session_.get(), &other, &error, append_text), error);
    return std::make_unique<HostSession>(plugin_, other);
  }

 private:
  static std::vector<tamis_tensor> edge_tensors(const std::vector<TensorInfo>& infos) {
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

  static void check_count(const char* what, std::size_t given, std::size_t wanted) {
    if (given != wanted)
      throw Error(ErrorCode::invalid_argument, "run model: " + std::to_string(given) + " " + what +
                                                   " given, the model has " +
                                                   std::to_string(wanted));
  }

  static void attach(tamis_tensor& edge, const Tensor& tensor, void* data) {
    bool fits =
        static_cast<std::int32_t>(tensor.type()) == edge.type &&
        std::equal(tensor.shape().begin(), tensor.shape().end(), edge.dims, edge.dims + edge.rank);
    if (!fits)
      throw Error(ErrorCode::invalid_argument,
                  "run model: tensor " + std::string(edge.name) + " must be " +
                      std::string(to_text(static_cast<DataType>(edge.type))) + " " +
                      to_text(Shape(edge.dims, edge.dims + edge.rank)) + ", got " +
                      std::string(to_text(tensor.type())) + " " + to_text(tensor.shape()));
    edge.data = data;
  }

  static void append_text_of_error(void* user, const char* text, std::uint64_t bytes) {
    static_cast<std::string*>(user)->assign(text, bytes);
  }

  const tamis_plugin& plugin_;
  std::unique_ptr<tamis_session, void (*)(tamis_session*)> session_;
  Json description_;
  std::vector<TensorInfo> inputs_, outputs_;
  std::vector<tamis_tensor> in_, out_;
  std::string error_;
};

}  // namespace

void append_text(void* user, const char* text, std::uint64_t bytes) {
  static_cast<std::string*>(user)->append(text, bytes);
}

void check_status(std::int32_t status, const std::string& error) {
  if (status == 0) return;
  bool known = status >= 1 && status <= 1 + static_cast<int>(ErrorCode::io);
  throw Error(known ? static_cast<ErrorCode>(status - 1) : ErrorCode::backend_failed,
              error.empty() ? "plugin: failed without a text" : error);
}

std::unique_ptr<Session> make_host_session(const tamis_plugin& plugin, tamis_session* session) {
  return std::make_unique<HostSession>(plugin, session);
}

}  // namespace tamis
