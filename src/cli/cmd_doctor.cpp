#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "base/error.h"
#include "base/terminal.h"
#include "base/units.h"
#include "cli/console.h"
#include "machine/noise.h"
#include "machine/peak.h"
#include "measure/instance_noise.h"
#include "stats/percentile.h"

namespace tamis {
namespace {

constexpr double kNoiseSeconds = 2.5;
constexpr double kInstancesSeconds = 2.5;
constexpr double kBudget_s = 10;
constexpr double kConfidence = 0.95;
constexpr double kPower = 0.9;

/// The way to a result, in order; each step needs the one before.
constexpr std::array kSteps{"built",   "library_found",  "loaded",   "version",
                            "devices", "smallest_model", "reference"};

/// The instruction sets that decide about INT8 and half precision, for one architecture.
struct Expected {
  std::string_view architecture;
  std::vector<std::string_view> isa;
};
const Expected kExpected[] = {
    {"x86_64",
     {"avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8", "amx_bf16"}},
    {"aarch64", {"asimddp", "i8mm", "bf16", "sve"}}};

struct DoctorOptions {
  std::string ort_library, openvino_library;
};

struct Findings {
  Fingerprint machine;
  std::vector<Availability> backends;
  std::optional<NoiseReport> noise;
  std::optional<MachinePeak> peak;
  std::optional<InstanceNoise> instances;
  std::optional<double> resolvable_ratio;  ///< smallest within kBudget_s
  std::vector<EnvironmentWarning> warnings;
};

/// Where a backend's worker died on the smallest model, the steps that it can still do, and then
/// that one.
void keep_steps_of_crashed(Place& place, std::vector<Availability>& backends,
                           const std::map<std::string, std::string>& libraries) {
  auto crashed = [](const Availability& a) {
    return a.steps.size() == 1 && a.steps[0].name == "loaded" && !a.steps[0].ok;
  };
  if (std::none_of(backends.begin(), backends.end(), crashed)) return;
  std::vector<Availability> cheap = probe_backends(place, libraries, false);
  for (std::size_t i = 0; i < backends.size(); ++i) {
    if (!crashed(backends[i]) || !cheap[i].ok()) continue;
    ProbeStep step = backends[i].steps[0];
    step.name = "smallest_model";
    backends[i] = cheap[i];
    backends[i].steps.push_back(step);
  }
}

/// After the first failed step, those that were not reached.
std::vector<ProbeStep> unreached_steps(const Availability& a) {
  if (a.steps.empty() || a.ok()) return {};
  auto last = std::find(kSteps.begin(), kSteps.end(), a.steps.back().name);
  std::vector<ProbeStep> rest;
  for (auto step = last == kSteps.end() ? last : last + 1; step != kSteps.end(); ++step)
    rest.push_back({*step, false, "not reached", ""});
  return rest;
}

/// How fresh workers of equal work differ, and what that leaves to be resolved.
void measure_instances(Place& place, Findings& findings) {
  try {
    findings.instances =
        measure_instance_noise(place, usable_cores(findings.machine), kInstancesSeconds);
  } catch (const Error& error) {
    findings.warnings.push_back(
        {fmt::format("differences between instances were not measured: {}", error.what()),
         "reinstall Tamis if tamis-worker is missing"});
    return;
  }
  const InstanceNoise& noise = *findings.instances;
  findings.resolvable_ratio = smallest_resolvable_ratio(noise.log_ratio, {.open_s = noise.open_s,
                                                                          .round_s = noise.round_s,
                                                                          .budget_s = kBudget_s,
                                                                          .confidence = kConfidence,
                                                                          .power = kPower});
}

void measure(Place& place, Findings& findings) {
  try {
    const auto lock = place.lock({false, 0});
    findings.noise = place.measure_noise(
        {.seconds = kNoiseSeconds, .threads = usable_cores(findings.machine), .piece_ms = 2.0});
    findings.peak = place.measure_peak(usable_cores(findings.machine));
  } catch (const Error& error) {
    findings.warnings.push_back({fmt::format("noise and peak were not measured: {}", error.what()),
                                 "run tamis doctor again when nothing else measures"});
    return;
  }
  for (EnvironmentWarning& w : suspicious_conditions(*findings.noise))
    findings.warnings.push_back(w);
  measure_instances(place, findings);
}

Findings examine(const DoctorOptions& options, const Console& console) {
  Console shown = console;
  if (!is_terminal(kStandardError)) shown.quiet = true;  // the whole takes a few seconds
  auto progress = make_progress(shown);
  std::map<std::string, std::string> libraries;
  if (!options.ort_library.empty()) libraries["ort"] = options.ort_library;
  if (!options.openvino_library.empty()) libraries["openvino"] = options.openvino_library;

  Place& place = *console.place;
  Findings findings;
  findings.machine = place.fingerprint();
  findings.warnings = suspicious_conditions(findings.machine);
  progress->begin("probing the runtimes", std::nullopt);
  findings.backends = probe_backends(place, libraries, true);
  keep_steps_of_crashed(place, findings.backends, libraries);
  progress->begin("measuring this machine's noise", std::nullopt);
  measure(place, findings);
  progress->finish();
  return findings;
}

// The document.

Json jitter_json(const std::vector<double>& pieces_ns) {
  auto at = [&](double q) {
    auto value = percentile_if_enough(pieces_ns, q);
    return value ? Json(*value) : Json();
  };
  return {{"median_ns", median(pieces_ns)},
          {"p95_ns", at(0.95)},
          {"p99_ns", at(0.99)},
          {"max_ns", *std::max_element(pieces_ns.begin(), pieces_ns.end())}};
}

Json noise_json(const Findings& findings) {
  if (!findings.noise) return {};
  Json json = to_json(*findings.noise);
  json["jitter"] = jitter_json(findings.noise->pieces_ns);
  const auto& ratio = findings.resolvable_ratio;
  json["smallest_resolvable_percent_in_10s"] = ratio ? Json((*ratio - 1) * 100) : Json();
  json["instances"] = nullptr;
  if (const auto& i = findings.instances)
    json["instances"] = {{"count", i->log_ratio.instances},
                         {"differ", i->log_ratio.between_sd.value_or(0)},
                         {"open_s", i->open_s},
                         {"round_s", i->round_s}};
  json["confidence"] = kConfidence;
  json["power"] = kPower;
  return json;
}

Json document(const Findings& findings) {
  Json json{{"schema", "tamis/doctor/1"},
            {"machine", to_json(findings.machine)},
            {"backends", Json::array()},
            {"noise", noise_json(findings)},
            {"peak", findings.peak ? to_json(*findings.peak) : Json()},
            {"warnings", to_json(findings.warnings)}};
  for (const Availability& a : findings.backends) {
    Json backend = to_json(a);
    for (const ProbeStep& step : unreached_steps(a))
      backend["steps"].push_back(
          {{"name", step.name}, {"ok", false}, {"detail", step.detail}, {"remedy", ""}});
    json["backends"].push_back(backend);
  }
  return json;
}

// The text.

void row(std::string_view name, const std::string& text) {
  say("  {:<14} {}\n", name, text.empty() ? "unknown" : text);
}

std::string cores_text(const Fingerprint& f) {
  std::string text = fmt::format("{} physical, {} logical{}", f.physical_cores, f.logical_cores,
                                 f.smt ? " (SMT)" : "");
  if (f.affinity_cores < f.logical_cores)
    text += fmt::format("; this process may use {} logical", f.affinity_cores);
  if (f.cpu_quota_cores) text += fmt::format("; limited to {:.3g} by a cgroup", *f.cpu_quota_cores);
  return text + fmt::format("; Tamis uses {}", usable_cores(f));
}

void print_instruction_sets(const Fingerprint& f) {
  row("instructions", f.isa.empty() ? "none known" : fmt::format("{}", fmt::join(f.isa, " ")));
  for (const Expected& expected : kExpected) {
    if (expected.architecture != f.architecture) continue;
    std::string lacking;
    for (std::string_view name : expected.isa)
      if (std::find(f.isa.begin(), f.isa.end(), name) == f.isa.end())
        lacking += (lacking.empty() ? "" : " ") + std::string(name);
    if (!lacking.empty()) row("  not present", lacking);
  }
}

std::string clock_text(const Fingerprint& f) {
  std::string governor =
      f.governor ? "governor " + *f.governor : "governor not visible (usual in virtual machines)";
  if (!f.turbo) return governor;
  return governor + (*f.turbo ? ", turbo on" : ", turbo off");
}

std::string memory_text(const Fingerprint& f) {
  std::string text =
      bytes_text(f.memory_bytes) + ", " + bytes_text(f.memory_available_bytes) + " available";
  if (f.memory_limit_bytes) text += ", limited to " + bytes_text(*f.memory_limit_bytes);
  if (f.swap_used_bytes > 0) text += ", " + bytes_text(f.swap_used_bytes) + " swapped out";
  return text;
}

void print_machine(const Fingerprint& f) {
  say("Machine\n");
  row("CPU", fmt::format("{} ({}, {})", f.cpu_model, f.cpu_vendor, f.architecture));
  row("cores", cores_text(f));
  print_instruction_sets(f);
  row("memory", memory_text(f));
  row("clock", clock_text(f));
  row("system", fmt::format("{}, Linux {}", f.os, f.kernel));
  row("container", f.container.empty() ? "none" : f.container);
  row("GPU, NPU",
      f.accelerators.empty() ? "none found" : fmt::format("{}", fmt::join(f.accelerators, ", ")));
  row("load", fmt::format("{:.2f} over the last minute", f.load_1min));
}

void print_step(const ProbeStep& step, std::string_view mark) {
  std::string name = step.name;
  std::replace(name.begin(), name.end(), '_', ' ');
  say("    {} {:<15} {}\n", mark, name, step.detail.empty() ? "yes" : step.detail);
  if (!step.ok && !step.remedy.empty()) say("      {:<15} → {}\n", "", step.remedy);
}

void print_backend(const Availability& a) {
  say("  {} {}\n", a.backend,
      a.ok() ? a.version + " runs" : "does not run: " + a.steps.back().name);
  for (const ProbeStep& step : a.steps) print_step(step, step.ok ? "✓" : "✗");
  for (const ProbeStep& step : unreached_steps(a)) print_step(step, "·");
  for (const DeviceInfo& d : a.devices)
    say("      {:<15} {}{}{}\n", d.name, d.full_name, d.capabilities.empty() ? "" : ": ",
        fmt::join(d.capabilities, " "));
  if (!a.providers.empty()) say("      {:<15} {}\n", "providers", fmt::join(a.providers, ", "));
  for (ProbeStep step : a.provider_steps) {
    step.name = "– " + step.name;
    print_step(step, step.ok ? "✓" : "·");
  }
}

std::string share_text(const std::optional<double>& share) {
  return share ? fmt::format("{:.1f} %", *share * 100) : "unknown";
}

std::string jitter_text(const std::vector<double>& pieces_ns) {
  double middle = median(pieces_ns);
  std::string text = fmt::format("the same work takes {:.3g} ms at the median", middle * 1e-6);
  auto add = [&](const char* name, double value) {
    double percent = (value / middle - 1) * 100;
    text += fmt::format(", {} +{:.{}f} %", name, percent, percent < 10 ? 1 : 0);
  };
  if (auto p95 = percentile_if_enough(pieces_ns, 0.95)) add("p95", *p95);
  if (auto p99 = percentile_if_enough(pieces_ns, 0.99)) add("p99", *p99);
  add("slowest", *std::max_element(pieces_ns.begin(), pieces_ns.end()));
  return text;
}

void print_noise(const Findings& findings) {
  if (!findings.noise) return;
  const NoiseReport& noise = *findings.noise;
  say("\nNoise ({:.1f} s of fixed work, {} visits, {} thread{})\n", noise.seconds,
      noise.visits_ns.size(), noise.threads, noise.threads == 1 ? "" : "s");
  row("timer", fmt::format("{:.0f} ns a reading, steps of {:.0f} ns", noise.timer_cost_ns,
                           noise.timer_resolution_ns));
  row("CPU time", fmt::format("stolen by the hypervisor {}, used by other processes {}",
                              share_text(noise.steal_share), share_text(noise.others_share)));
  if (noise.slowed_share)
    row("neighbours",
        fmt::format("the host had slowed the cores in {} of the looks; visits wait for full speed",
                    share_text(noise.slowed_share)));
  row("jitter", jitter_text(noise.pieces_ns));
  if (!findings.instances) return;
  const InstanceNoise& fresh = *findings.instances;
  row("instances",
      fmt::format("{} pairs of fresh workers with the same work differ by {:.2g} %",
                  fresh.log_ratio.instances, fresh.log_ratio.between_sd.value_or(0) * 100));
  std::string resolves =
      findings.resolvable_ratio
          ? fmt::format(
                "differences of {:.2g} % and more in {:.0f} s (at {:.0f} % confidence, "
                "{:.0f} times in 100; a model that opens slowly needs longer)",
                (*findings.resolvable_ratio - 1) * 100, kBudget_s, kConfidence * 100, kPower * 100)
          : fmt::format("no difference in {:.0f} s: an instance takes {:.1f} s", kBudget_s,
                        fresh.open_s + 5 * fresh.round_s);
  row("can resolve", resolves);
}

void print_rate(std::string_view name, const std::optional<PeakRate>& rate) {
  row(name, rate ? fmt::format("{:.0f} GOP/s ({})", rate->per_s * 1e-9, rate->instructions)
                 : "no instructions known here");
}

void print_peak(const Findings& findings) {
  if (!findings.peak) return;
  const MachinePeak& peak = *findings.peak;
  say("\nPeak ({} thread{}, a multiply-accumulate is two operations)\n", peak.threads,
      peak.threads == 1 ? "" : "s");
  print_rate("FP32", peak.f32);
  print_rate("BF16", peak.bf16);
  print_rate("INT8", peak.int8);
  row("memory", fmt::format("{:.1f} GB/s read", peak.memory_bytes_per_s * 1e-9));
}

void print_text(const Findings& findings) {
  print_machine(findings.machine);
  say("\nRuntimes\n");
  for (const Availability& a : findings.backends) print_backend(a);
  print_noise(findings);
  print_peak(findings);
  if (!findings.warnings.empty()) say("\nWarnings\n");
  for (const EnvironmentWarning& w : findings.warnings) say("  ! {}\n    → {}\n", w.text, w.remedy);
}

int doctor(const DoctorOptions& options, const Console& console) {
  Findings findings = examine(options, console);
  auto running = std::count_if(findings.backends.begin(), findings.backends.end(),
                               [](const Availability& a) { return a.ok(); });
  if (console.json) {
    print_json(document(findings));
  } else {
    print_text(findings);
    say("\n{} of {} runtimes can be used{}\n", running, findings.backends.size(),
        running > 0 ? "" : "; see the first ✗ of each for the reason and the remedy");
  }
  return running > 0 ? 0 : exit_status(ErrorCode::unavailable);
}

}  // namespace

std::function<int()> make_doctor(CLI::App& app, Console& console) {
  auto options = std::make_shared<DoctorOptions>();
  app.add_option("--ort-library", options->ort_library, "ONNX Runtime's library to load");
  app.add_option("--openvino-library", options->openvino_library, "OpenVINO's C library to load");
  add_console_options(app, console);
  return [options, &console] { return doctor(*options, console); };
}

}  // namespace tamis
