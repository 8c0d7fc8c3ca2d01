#include <algorithm>
#include <cmath>
#include <cstdio>
#include <future>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/memory.h"
#include "quantize/compare.h"
#include "quantize/first_samples.h"
#include "quantize/quantize.h"

namespace tamis {

namespace {

std::vector<std::vector<Tensor>> samples_of(const FeedCalibration& feed, std::size_t count) {
  auto samples = first_samples(feed, count);
  if (samples.empty()) {
    throw Error(ErrorCode::invalid_argument,
                "check: there is not an image to compare on; name some with --calibration");
  }
  return samples;
}

Json number(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

Json to_json(const OutputCheck& check) {
  const OutputPart& part = check.part;
  return {{"name", check.name},
          {"part", part.name},
          {"axis", part.axis ? Json(*part.axis) : Json()},
          {"channels", {part.begin, part.end}},
          {"axis_from", check.inferred ? "shape" : "decoder"},
          {"in_any_order", part.in_any_order},
          {"snr_db", check.snr_db},
          {"over_constant_db", number(check.over_constant_db)},
          {"correlation", check.correlation},
          {"max_error", std::isfinite(check.max_error) ? Json(check.max_error) : Json()},
          {"differing_share", number(check.differing_share)}};
}

/// What open sides make worse; "" where nothing is.
std::string worse_text(const Comparison& fixed, const Comparison& open, double least_snr_db) {
  if (std::string text = objection(open, least_snr_db); !text.empty()) return text;
  for (std::size_t i = 0; i < open.outputs.size(); ++i) {
    const OutputCheck &before = fixed.outputs[i], &now = open.outputs[i];
    if (now.differing_share || before.snr_db - now.snr_db < kOpenSidesDb) continue;
    char text[120];
    std::snprintf(text, sizeof text,
                  ": an SNR of %.1f dB to the float model, with fixed ones %.1f dB", now.snr_db,
                  before.snr_db);
    const std::string& part = now.part.name;
    return "output '" + now.name + "'" + (part.empty() ? "" : ", " + part) + text;
  }
  return "";
}

}  // namespace

Json to_json(const RuntimeCheck& check) {
  Json outputs = Json::array();
  for (const OutputCheck& output : check.outputs) outputs.push_back(to_json(output));
  return {{"runtime", check.runtime},
          {"refused", check.refused ? Json(check.reason) : Json()},
          {"with_open_sides", check.with_open_sides.empty() ? Json() : Json(check.with_open_sides)},
          {"closeness", number(check.closeness)},
          {"outputs", std::move(outputs)}};
}

std::vector<RuntimeCheck> check_quantized(const std::filesystem::path& float_model,
                                          const std::filesystem::path& quantised_model,
                                          const NamedRuntime& reference,
                                          const std::vector<NamedRuntime>& runtimes,
                                          const FeedCalibration& feed,
                                          const CheckOptions& options) {
  const auto samples = samples_of(feed, options.samples);
  return_free_memory();
  // Compiling is the most of it, and mostly on one thread: the float model runs meanwhile.
  std::vector<std::future<std::unique_ptr<Session>>> opened;
  for (const NamedRuntime& runtime : runtimes)
    opened.push_back(std::async(std::launch::async, runtime.open, quantised_model));
  const auto expected = run_all(*reference.open(float_model), samples);
  std::vector<RuntimeCheck> checks;
  for (std::size_t i = 0; i < runtimes.size(); ++i) {
    RuntimeCheck check;
    check.runtime = runtimes[i].name;
    try {
      const std::unique_ptr<Session> session = opened[i].get();
      Comparison found =
          options.comparison.compare(session->outputs(), expected, run_all(*session, samples));
      check.reason = objection(found, options.least_snr_db);
      check.refused = !check.reason.empty();
      check.closeness = found.closeness;
      if (!check.refused && runtimes[i].open_sides) {
        const std::unique_ptr<Session> open = runtimes[i].open_sides(quantised_model);
        check.with_open_sides = worse_text(
            found, options.comparison.compare(open->outputs(), expected, run_all(*open, samples)),
            options.least_snr_db);
      }
      check.outputs = std::move(found.outputs);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::io) throw;  // a full disk is no runtime's fault
      check.refused = true;
      check.reason = error.what();
    }
    checks.push_back(std::move(check));
  }
  return checks;
}

}  // namespace tamis
