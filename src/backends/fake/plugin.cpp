#include <chrono>
#include <thread>

#include "backends/fake/behaviour.h"
#include "backends/fake/model.h"
#include "backends/fake/script.h"
#include "base/clock.h"
#include "runtime/plugin_side.h"
#include "runtime/tensor_info.h"

namespace tamis::fake {
namespace {

void sleep_ms(double ms) {
  std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(ms));
}

class FakeSession final : public tamis_session, private Profiling, private tamis_siblings {
 public:
  /// One request more: same model, its own actor.
  explicit FakeSession(const FakeSession* first)
      : settings_(first->settings_),
        behaviour_(first->behaviour_),
        actor_(behaviour_),
        profile_(first->profile_),
        model_(first->model_),
        opened_(first->opened_) {}
  FakeSession(const FakeSession&) = delete;
  FakeSession& operator=(const FakeSession&) = delete;

  explicit FakeSession(const OpenRequest& request)
      : settings_(request.settings), actor_({}), profile_(request.profile) {
    parse_behaviour(settings_.extra);
    std::int64_t start = now_ns();
    model_ = load_model(request.model);
    behaviour_ = parse_behaviour(scripted_behaviour(settings_, model_.operators));
    actor_ = Actor(behaviour_);
    if (behaviour_.open_fails) throw Error(ErrorCode::backend_failed, *behaviour_.open_fails);
    sleep_ms(behaviour_.load_ms);
    opened_.load_ms = seconds_since(start) * 1e3;
    std::vector<Shape> shapes = resolve_shapes(model_.inputs, request.input_shapes);
    for (std::size_t i = 0; i < shapes.size(); ++i)
      model_.inputs[i].shape.assign(shapes[i].begin(), shapes[i].end());
    complete_outputs(model_);
    sleep_ms(behaviour_.compile_ms);
    opened_.compile_ms = seconds_since(start) * 1e3;
    opened_.effective = {{"device", "CPU"},
                         {"precision", settings_.inference_precision.value_or("f32")},
                         {"threads", settings_.threads.value_or(1)},
                         {"streams", settings_.streams.value_or(1)},
                         {"requests", settings_.streams.value_or(1)},
                         {"graph_level", Json()},
                         {"sources", {{"*", "as requested"}}}};
  }

  const std::vector<TensorInfo>& inputs() const override { return model_.inputs; }
  const std::vector<TensorInfo>& outputs() const override { return model_.outputs; }
  const OpenedFacts& opened() const override { return opened_; }
  bool reads(MemoryKind memory) const override { return memory == MemoryKind::host; }

  void run(const tamis_tensor* inputs, const tamis_tensor* outputs) override {
    actor_.begin();
    answer(model_, inputs, outputs, behaviour_.wrong);
    actor_.finish();
  }

  Profiling* profiling() override { return profile_ ? this : nullptr; }
  tamis_siblings* siblings() override { return behaviour_.alone ? nullptr : this; }
  tamis_asynchronous* asynchronous() override { return nullptr; }
  EngineExport* engine_export() override { return nullptr; }

 private:
  std::unique_ptr<tamis_session> another() override { return std::make_unique<FakeSession>(this); }

  Json profile() override {
    return {
        {{"name", "all"}, {"type", "Fake"}, {"precision", "f32"}, {"us", behaviour_.latency_us}}};
  }

  RunSettings settings_;
  Behaviour behaviour_;
  Actor actor_;
  bool profile_;
  Model model_;
  OpenedFacts opened_;
};

struct Plugin {
  static const char* name() { return "fake"; }

  static void probe(const RunSettings& settings, Availability& found) {
    parse_behaviour(settings.extra);
    found.can.computes = false;
    found.version = "1";
    found.devices.push_back({"CPU", "no device at all", {"f32"}});
    for (const char* step : {"library_found", "loaded"})
      found.steps.push_back({step, true, "needs no library", ""});
    found.steps.push_back({"version", true, found.version, ""});
    found.steps.push_back({"devices", true, "CPU", ""});
  }

  static std::unique_ptr<tamis_session> open(const OpenRequest& request) {
    return std::make_unique<FakeSession>(request);
  }
};

}  // namespace
}  // namespace tamis::fake

TAMIS_EXPORT_PLUGIN(tamis::fake::Plugin)
