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

class FakeSession : public tamis_session {
 public:
  /// The second: same model, its own actor.
  FakeSession(const FakeSession& first)
      : tamis_session(first),
        settings_(first.settings_),
        behaviour_(first.behaviour_),
        actor_(behaviour_),
        profile_(first.profile_),
        model_(first.model_),
        load_ms_(first.load_ms_),
        compile_ms_(first.compile_ms_) {}
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
    load_ms_ = seconds_since(start) * 1e3;
    std::vector<Shape> shapes = resolve_shapes(model_.inputs, request.input_shapes);
    for (std::size_t i = 0; i < shapes.size(); ++i)
      model_.inputs[i].shape.assign(shapes[i].begin(), shapes[i].end());
    complete_outputs(model_);
    sleep_ms(behaviour_.compile_ms);
    compile_ms_ = seconds_since(start) * 1e3;
  }

  Json describe() const override {
    Json inputs = Json::array(), outputs = Json::array();
    for (const TensorInfo& info : model_.inputs) inputs.push_back(to_json(info));
    for (const TensorInfo& info : model_.outputs) outputs.push_back(to_json(info));
    return {{"inputs", inputs},
            {"outputs", outputs},
            {"load_ms", load_ms_},
            {"compile_ms", compile_ms_},
            {"effective",
             {{"device", "CPU"},
              {"precision", settings_.inference_precision.value_or("f32")},
              {"threads", settings_.threads.value_or(1)},
              {"streams", settings_.streams.value_or(1)},
              {"requests", settings_.streams.value_or(1)},
              {"graph_level", Json()},
              {"sources", {{"*", "as requested"}}}}}};
  }

  void run(const tamis_tensor* inputs, const tamis_tensor* outputs) override {
    actor_.begin();
    answer(model_, inputs, outputs, behaviour_.wrong);
    actor_.finish();
  }

  std::unique_ptr<tamis_session> another() override { return std::make_unique<FakeSession>(*this); }

  Json profile() override {
    if (!profile_) return {};
    return {
        {{"name", "all"}, {"type", "Fake"}, {"precision", "f32"}, {"us", behaviour_.latency_us}}};
  }

 private:
  RunSettings settings_;
  Behaviour behaviour_;
  Actor actor_;
  bool profile_;
  Model model_;
  double load_ms_ = 0, compile_ms_ = 0;
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
