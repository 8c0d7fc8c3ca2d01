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
                "check: there is no sample to compare on; name images with --calibration");
  }
  return samples;
}

std::string low_snr_text(const OutputCheck& output, double least_db) {
  char text[200];
  std::snprintf(text, sizeof text,
                "' differs from the float model's by an SNR of %.1f dB (correlation %.3f); at "
                "least %.1f dB is wanted",
                output.snr_db, output.correlation, least_db);
  return "output '" + output.name + text;
}

}  // namespace

Json to_json(const RuntimeCheck& check) {
  Json outputs = Json::array();
  for (const OutputCheck& o : check.outputs) {
    outputs.push_back({{"name", o.name},
                       {"snr_db", o.snr_db},
                       {"correlation", o.correlation},
                       {"max_error", std::isfinite(o.max_error) ? Json(o.max_error) : Json()}});
  }
  return {{"runtime", check.runtime},
          {"refused", check.refused ? Json(check.reason) : Json()},
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
      check.outputs = compare_outputs(*session, expected, run_all(*session, samples));
      for (const OutputCheck& output : check.outputs) {
        if (output.snr_db >= options.least_snr_db || check.refused) continue;
        check.refused = true;
        check.reason = low_snr_text(output, options.least_snr_db);
      }
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
