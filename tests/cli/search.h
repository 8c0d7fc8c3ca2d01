#pragma once

#include <numeric>

#include "cli/cli.h"
#include "place/local_place.h"
#include "place/worker.h"

namespace tamis::testing {

/// Runs `tamis optimize` on the demo model and pictures whose labels are the model's own answers,
/// so that the baseline is always right.
class Search : public Cli {
 protected:
  void SetUp() override {
    TAMIS_NEEDS_ORT();
    save_tiny_set(make_tiny_set(30, 1), path("data"), "train");
    TinySet set = make_tiny_set(kItems, 2);
    save_tiny_set(set, path("data"), "t10k");
    set.labels = answers();
    save_tiny_set(set, path("data"), "t10k");
  }

  /// ONNX Runtime's graph levels that are tried.
  virtual std::string levels() const { return "disable"; }

  /// Quick: a few variants of one runtime that gives the same answers.
  Arguments arguments(const std::string& out, const Arguments& more = {}) const {
    Arguments all{"optimize",     demo_model(), "--data",       file("data"), "--out",
                  file(out),      "--backend",  "ort",          "--threads",  "1",
                  "--confidence", "50%",        "--budget",     "60s",        "--precision",
                  "fp32",         "--json",     "--graph-level"};
    all.push_back(levels());
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Ended optimize(const std::string& out, const Arguments& more = {},
                 const Environment& environment = {}) const {
    return run(arguments(out, more), environment);
  }
  Json document(const std::string& name) const { return load_json(path(name)); }

  static constexpr std::uint32_t kItems = 200;

 private:
  /// What the model answers to each picture, as label bytes.
  std::string answers() const {
    ::setenv("TAMIS_WORKER", TAMIS_BINARY_DIR "/tamis-worker", 1);
    LocalPlace place;
    Worker worker(place);
    Json described = worker.request({{"op", "inspect"}, {"model", demo_model()}}, 60).head;
    worker.request({{"op", "open"},
                    {"model", demo_model()},
                    {"card", described.at("card")},
                    {"settings", {{"backend", "ort"}, {"device", "CPU"}, {"threads", 1}}},
                    {"warm_up", false}},
                   60);
    std::vector<std::size_t> items(kItems);
    std::iota(items.begin(), items.end(), std::size_t{0});
    Json data{{"path", file("data")}, {"split", "val"}, {"items", items}};
    worker.request({{"op", "evaluate_begin"}, {"data", data}}, 60);
    Frame reply = worker.request({{"op", "evaluate_next"}, {"count", kItems}}, 60);
    std::string labels;
    for (const Json& record : Json::from_msgpack(reply.block))
      labels += static_cast<char>(record.at("top").at(0).get<int>());
    return labels;
  }
};

}  // namespace tamis::testing
