#include "execute/shaped_session.h"

#include <algorithm>

#include "base/error.h"
#include "runtime/tensor_info.h"

namespace tamis {
namespace {

bool fits(const Tensor& tensor, const TensorInfo& info) {
  if (tensor.raw() == nullptr || tensor.type() != info.type ||
      tensor.shape().size() != info.shape.size())
    return false;
  for (std::size_t d = 0; d < info.shape.size(); ++d)
    if (tensor.shape()[d] != info.shape[d]) return false;
  return true;
}

bool fit(std::span<const Tensor> tensors, const std::vector<TensorInfo>& infos) {
  return std::equal(tensors.begin(), tensors.end(), infos.begin(), infos.end(), fits);
}

class ShapedSession final : public Session, private Profiling, private Siblings {
 public:
  ShapedSession(Backend& backend, const OpenRequest& request, const std::vector<Shape>& shapes) {
    OpenRequest own = request;
    own.rests = true;  // or it takes the next one's cores
    for (const Shape& shape : shapes) {
      own.input_shapes = {shape};
      sessions_.push_back(backend.open(own));
    }
    opened_.effective = sessions_[0]->opened().effective;
    const std::size_t pictures = input_for(sessions_[0]->inputs(), shapes[0]);
    for (const auto& session : sessions_) {
      opened_.load_ms += session->opened().load_ms;
      opened_.compile_ms += session->opened().compile_ms;
      Json dims = Json::array();
      for (const auto& dim : session->inputs()[pictures].shape) dims.push_back(*dim);
      opened_.effective["shapes"].push_back(dims);
    }
  }

  const std::vector<TensorInfo>& inputs() const override { return sessions_[0]->inputs(); }
  const std::vector<TensorInfo>& outputs() const override { return sessions_[0]->outputs(); }
  const OpenedFacts& opened() const override { return opened_; }

  void run(std::span<const Tensor> inputs, std::span<Tensor> outputs) override {
    last_ = session_for(inputs);
    const std::vector<TensorInfo>& wanted = sessions_[last_]->outputs();
    for (std::size_t i = 0; i < outputs.size() && i < wanted.size(); ++i)
      if (!fits(outputs[i], wanted[i])) outputs[i] = std::move(make_tensors({wanted[i]})[0]);
    sessions_[last_]->run(inputs, outputs);
  }

  Profiling* profiling() override { return sessions_[0]->profiling() != nullptr ? this : nullptr; }
  Siblings* siblings() override { return sessions_[0]->siblings() != nullptr ? this : nullptr; }
  Asynchronous* asynchronous() override { return nullptr; }
  EngineExport* engine_export() override { return sessions_.back()->engine_export(); }

 private:
  ShapedSession() = default;

  Json profile() override { return profile_of(*sessions_[last_]); }

  std::unique_ptr<Session> another() override {
    auto other = std::unique_ptr<ShapedSession>(new ShapedSession());
    for (const auto& session : sessions_)
      other->sessions_.push_back(session->siblings()->another());
    other->opened_ = opened_;
    return other;
  }

  std::size_t session_for(std::span<const Tensor> inputs) const {
    for (std::size_t k = 0; k < sessions_.size(); ++k)
      if (fit(inputs, sessions_[k]->inputs())) return k;
    throw Error(ErrorCode::invalid_argument,
                "run model: the input " + (inputs.empty() ? "" : to_text(inputs[0].shape())) +
                    " has none of the shapes that were opened");
  }

  std::vector<std::unique_ptr<Session>> sessions_;
  OpenedFacts opened_;
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
