#include "execute/shaped_session.h"

#include "base/error.h"

namespace tamis {
namespace {

class ShapedSession : public Session {
 public:
  ShapedSession(Backend& backend, const OpenRequest& request, const std::vector<Shape>& shapes) {
    OpenRequest own = request;
    own.rests = true;  // or it takes the next one's cores
    for (const Shape& shape : shapes) {
      own.input_shapes = {shape};
      sessions_.push_back(backend.open(own));
    }
  }

  const std::vector<TensorInfo>& inputs() const override { return sessions_[0]->inputs(); }
  const std::vector<TensorInfo>& outputs() const override { return sessions_[0]->outputs(); }

  void run(std::span<const Tensor> inputs, std::span<Tensor> outputs) override {
    last_ = session_for(inputs);
    const std::vector<TensorInfo>& wanted = sessions_[last_]->outputs();
    for (std::size_t i = 0; i < outputs.size() && i < wanted.size(); ++i)
      if (!fits(outputs[i], wanted[i])) outputs[i] = std::move(make_tensors({wanted[i]})[0]);
    sessions_[last_]->run(inputs, outputs);
  }

  double load_ms() const override { return sum(&Session::load_ms); }
  double compile_ms() const override { return sum(&Session::compile_ms); }

  Json effective() const override {
    Json json = sessions_[0]->effective();
    for (const auto& session : sessions_) {
      Json dims = Json::array();
      for (const auto& dim : session->inputs()[0].shape) dims.push_back(*dim);
      json["shapes"].push_back(dims);
    }
    return json;
  }

  Json profile() override { return sessions_[last_]->profile(); }

  std::unique_ptr<Session> another() override {
    auto other = std::unique_ptr<ShapedSession>(new ShapedSession());
    for (const auto& session : sessions_) other->sessions_.push_back(session->another());
    return other;
  }

 private:
  ShapedSession() = default;

  static bool fits(const Tensor& tensor, const TensorInfo& info) {
    if (tensor.raw() == nullptr || tensor.type() != info.type ||
        tensor.shape().size() != info.shape.size())
      return false;
    for (std::size_t d = 0; d < info.shape.size(); ++d)
      if (tensor.shape()[d] != info.shape[d]) return false;
    return true;
  }

  std::size_t session_for(std::span<const Tensor> inputs) const {
    for (std::size_t k = 0; k < sessions_.size(); ++k)
      if (inputs.size() == 1 && fits(inputs[0], sessions_[k]->inputs()[0])) return k;
    throw Error(ErrorCode::invalid_argument,
                "run model: the input " + (inputs.empty() ? "" : to_text(inputs[0].shape())) +
                    " has none of the shapes that were opened");
  }

  double sum(double (Session::*ms)() const) const {
    double total = 0;
    for (const auto& session : sessions_) total += (session.get()->*ms)();
    return total;
  }

  std::vector<std::unique_ptr<Session>> sessions_;
  std::size_t last_ = 0;
};

}  // namespace

std::unique_ptr<Session> open_shapes(Backend& backend, OpenRequest request,
                                     const std::vector<Shape>& shapes) {
  if (shapes.size() > 1) return std::make_unique<ShapedSession>(backend, request, shapes);
  request.input_shapes = shapes;
  return backend.open(request);
}

}  // namespace tamis
