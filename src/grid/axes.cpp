#include "grid/axes.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "grid/resolutions.h"

namespace tamis {
namespace {

using Values = std::vector<std::string>;
using Asked = std::map<std::string, Values>;

/// The device of that name in a backend; null where it has none.
const DeviceInfo* device_of(const PlaceFacts& place, const std::string& backend,
                            const std::string& device) {
  for (const Availability& a : place.backends)
    for (const DeviceInfo& d : a.devices)
      if (a.backend == backend && (d.name == device || (device == "AUTO" && a.can.chooses_device)))
        return &d;
  return nullptr;
}

/// Of the backend that was chosen on the axis of that name.
const Capabilities& row_of(const GridFacts& facts, const Choice& chosen) {
  return find_backend(facts.place, chosen.at("backend")).can;
}

/// The CPU first, unless there is none.
Values device_values(const GridFacts& facts, const Choice&, bool every) {
  Values devices;
  for (const Availability& a : facts.place.backends)
    for (const DeviceInfo& d : a.devices)
      if (std::find(devices.begin(), devices.end(), d.name) == devices.end())
        devices.push_back(d.name);
  std::stable_partition(devices.begin(), devices.end(),
                        [](const std::string& name) { return name == kUsualDevice; });
  if (!every && !devices.empty()) devices.resize(1);
  return devices;
}

/// "CPU", "GPU.1", "AUTO": whether it is there is another question.
std::string read_device(std::string_view axis, const std::string& value) {
  if (!value.empty() &&
      value.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.") == std::string::npos)
    return value;
  throw Error(ErrorCode::invalid_argument,
              fmt::format("--{}: '{}' is no device; give CPU, GPU, NPU or AUTO", axis, value));
}

void apply_device(Variant& variant, const std::string& value, const ParentFacts&,
                  const PlaceFacts&) {
  variant.settings.device = value;
}

bool runs_on(const std::string& provider, const std::string& device) {
  if (provider == "openvino") return true;
  return (provider == "cuda" || provider == "tensorrt") == (device != kUsualDevice);
}

bool computes_in_half(const GridFacts& facts, const std::string& backend, const std::string& on) {
  const DeviceInfo* device = device_of(facts.place, backend, on);
  if (device == nullptr) return false;
  const auto& can = device->capabilities;
  return std::find(can.begin(), can.end(), "f16") != can.end();
}

/// From here on the forms that only quantise matrix products can gain something.
constexpr double kLeastProductShare = 0.5;

const Values& product_precisions() {
  static const Values values{"int8-dynamic", "int8-weights", "int4-weights"};
  return values;
}

/// "12": no sign, no leading zero, below 10000.
bool is_count(const std::string& value) {
  constexpr std::size_t kMostDigits = 4;
  return !value.empty() && value.size() <= kMostDigits && value[0] != '0' &&
         value.find_first_not_of("0123456789") == std::string::npos;
}

std::string read_count(std::string_view axis, const std::string& value) {
  if (is_count(value)) return value;
  throw Error(ErrorCode::invalid_argument,
              fmt::format("--{}: '{}' is not a positive number", axis, value));
}

std::string read_count_or_zero(std::string_view axis, const std::string& value) {
  return value == "0" ? value : read_count(axis, value);
}

std::string share_text(const ParentFacts& parent) {
  return fmt::format(
      "MatMul and Gemm do {:.0f} % of this model's multiplications; it can pay off from {:.0f} %",
      100 * parent.product_share, 100 * kLeastProductShare);
}

std::string read_resolution(std::string_view, const std::string& value) {
  return resolution_text(parse_resolution(value));
}

Values resolution_values(const GridFacts& facts, const Choice&, bool) {
  if (facts.plan.allow.count("resolution") == 0) return {};
  Values values{facts.parent.own_resolution};
  values.insert(values.end(), facts.parent.resolutions.begin(), facts.parent.resolutions.end());
  return values;
}

/// One simplify is enough, whichever axis is first to need it.
void simplify_first(Recipe& recipe) {
  if (!find_step(recipe, "simplify")) recipe.push_back({"simplify", Json::object()});
}

void apply_resolution_value(Variant& variant, const std::string& value, const ParentFacts& parent,
                            const PlaceFacts&) {
  if (value == parent.own_resolution) return;
  simplify_first(variant.recipe);
  variant.recipe.push_back({"resolution", resolution_params(parse_resolution(value))});
}

/// At another resolution a search only tries what usually wins, so that the grid does not grow by
/// a factor; a sweep tries all.
bool narrowed(const GridFacts& facts, const Choice& chosen, bool every) {
  auto resolution = chosen.find("resolution");
  return !every && resolution != chosen.end() && !resolution->second.empty() &&
         resolution->second != facts.parent.own_resolution;
}

/// An axis of the interface: its first value is the model as it is.
Values interface_values(const GridFacts& facts, const std::string& axis, Values values) {
  if (facts.plan.allow.count(axis) == 0 || facts.parent.nothing_to_choose.count(axis) != 0)
    return {};
  return values;
}

/// Whether the caller sees another model than the parent here, or it is written otherwise: then a
/// search tries only what usually wins, so that the grid does not grow by a factor.
bool is_special(const Choice& chosen) {
  const auto is = [&](const char* axis, const char* value) {
    auto found = chosen.find(axis);
    return found != chosen.end() && found->second == value;
  };
  return is("head", "cut") || is("input", "u8") || is("rewrites", "runtime") ||
         is("precision", "fp16");
}

Values head_values(const GridFacts& facts, const Choice&, bool) {
  return interface_values(facts, "head", {"graph", "cut"});
}

void apply_head(Variant& variant, const std::string& value, const ParentFacts&, const PlaceFacts&) {
  if (value == "cut") variant.recipe.push_back({"head-cut", Json::object()});
}

bool is_set_of_shapes(const std::string& resolution) {
  return resolution.find('+') != std::string::npos;
}

/// A set's height and width are freed as those of planes.
Values input_values(const GridFacts& facts, const Choice& chosen, bool) {
  auto resolution = chosen.find("resolution");
  if (resolution != chosen.end() && is_set_of_shapes(resolution->second))
    return interface_values(facts, "input", {"f32"});
  return interface_values(facts, "input", {"f32", "u8"});
}

/// Behind the precision: quantising places the first Q, which the pixels may then be.
void apply_input(Variant& variant, const std::string& value, const ParentFacts&,
                 const PlaceFacts&) {
  if (value == "u8") variant.recipe.push_back({"input-u8", Json::object()});
}

/// Whether the device computes in it somewhere, or the file's size is what counts.
bool half_pays(const GridFacts& facts, const std::string& device) {
  return facts.plan.for_size || std::any_of(facts.place.backends.begin(),
                                            facts.place.backends.end(), [&](const Availability& a) {
                                              return computes_in_half(facts, a.backend, device);
                                            });
}

Values precision_values(const GridFacts& facts, const Choice& chosen, bool every) {
  if (narrowed(facts, chosen, every)) return {facts.plan.can_calibrate ? "int8-static" : "fp32"};
  Values values{"fp32"};
  if (every || half_pays(facts, chosen.at("device"))) values.emplace_back("fp16");
  if (facts.plan.can_calibrate) values.emplace_back("int8-static");
  if (facts.parent.product_share >= kLeastProductShare)
    values.insert(values.end(), product_precisions().begin(), product_precisions().end());
  return values;
}

void apply_precision(Variant& variant, const std::string& value, const ParentFacts&,
                     const PlaceFacts&) {
  simplify_first(variant.recipe);
  if (value != "fp32") variant.recipe.push_back({value, Json::object()});
}

Values backend_values(const GridFacts& facts, const Choice& chosen, bool every) {
  const bool all = every || facts.plan.for_size || chosen.at("precision") != "fp16";
  Values names;
  const std::string& device = chosen.at("device");
  for (const Availability& a : facts.place.backends)
    if (device_of(facts.place, a.backend, device) != nullptr &&
        (all || computes_in_half(facts, a.backend, device)))
      names.push_back(a.backend);
  return names;
}

void apply_backend(Variant& variant, const std::string& value, const ParentFacts&,
                   const PlaceFacts&) {
  variant.settings.backend = value;
}

/// The quantised file's form: the one made for the runtime, and the one for all.
Values form_values(const GridFacts& facts, const Choice& chosen, bool every) {
  if (chosen.at("precision") != "int8-static") return {};
  const std::string& own = row_of(facts, chosen).form;
  if (own.empty()) return {"portable"};
  return narrowed(facts, chosen, every) ? Values{own} : Values{own, "portable"};
}

void apply_form(Variant& variant, const std::string& value, const ParentFacts&, const PlaceFacts&) {
  variant.recipe.back().params["for"] = value;
}

/// A head that is cut off has no distances to rewrite, and those are all that pays everywhere.
Values rewrites_values(const GridFacts& facts, const Choice& chosen, bool) {
  const std::string& precision = chosen.at("precision");
  const bool cut = chosen.at("head") == "cut";
  if ((precision != "fp32" && precision != "fp16") ||
      facts.parent.nothing_to_choose.count("rewrites") != 0)
    return {};
  return cut && row_of(facts, chosen).rewrites == "all" ? Values{"none"}
                                                        : Values{"none", "runtime"};
}

void apply_rewrites_value(Variant& variant, const std::string& value, const ParentFacts&,
                          const PlaceFacts& place) {
  if (value != "runtime") return;
  const Step step{"rewrites",
                  {{"for", find_backend(place, variant.settings.backend).can.rewrites}}};
  const auto at = find_step(variant.recipe, "fp16").value_or(variant.recipe.size());
  variant.recipe.insert(variant.recipe.begin() + static_cast<std::ptrdiff_t>(at), step);
}

/// By itself a search keeps layers in FP32 only where a gate is missed (mixed_precision.h).
Values float_layers_values(const GridFacts&, const Choice& chosen, bool) {
  return chosen.at("precision") == "int8-static" ? Values{"0"} : Values{};
}

void apply_float_layers(Variant& variant, const std::string& value, const ParentFacts&,
                        const PlaceFacts&) {
  if (value != "0") variant.recipe.back().params["float_layers"] = std::stoul(value);
}

Values inference_precision_values(const GridFacts& facts, const Choice& chosen, bool) {
  const DeviceInfo* device = device_of(facts.place, chosen.at("backend"), chosen.at("device"));
  if (device == nullptr) return {};
  Values values;
  for (const char* precision : {"f32", "bf16", "f16"}) {
    auto& c = device->capabilities;
    if (std::find(c.begin(), c.end(), precision) != c.end()) values.emplace_back(precision);
  }
  return values;
}

void apply_inference_precision(Variant& variant, const std::string& value, const ParentFacts&,
                               const PlaceFacts&) {
  variant.settings.inference_precision = value;
}

Values graph_level_values(const GridFacts& facts, const Choice& chosen, bool every) {
  constexpr std::size_t kStrongest = 2;  // weaker ones seldom pay
  Values levels = row_of(facts, chosen).graph_levels;
  if (every) return levels;
  const bool one = is_special(chosen) || narrowed(facts, chosen, every);
  levels.resize(std::min(levels.size(), one ? 1 : kStrongest));
  return levels;
}

void apply_graph_level(Variant& variant, const std::string& value, const ParentFacts&,
                       const PlaceFacts&) {
  variant.settings.graph_level = value;
}

Values thread_values(const GridFacts& facts, const Choice& chosen, bool every) {
  if ((!every && facts.plan.under_load) || narrowed(facts, chosen, every) ||
      (!every && is_special(chosen)))
    return {std::to_string(facts.place.cores)};
  std::set<int, std::greater<>> counts{facts.place.cores, 1};
  if (facts.place.cores > 4) counts.insert(facts.place.cores / 2);
  Values values;
  for (int count : counts) values.push_back(std::to_string(count));
  return values;
}

void apply_threads(Variant& variant, const std::string& value, const ParentFacts&,
                   const PlaceFacts&) {
  variant.settings.threads = std::stoi(value);
}

/// None where the default is all that there is.
Values provider_values(const GridFacts& facts, const Choice& chosen, bool) {
  Values names;
  for (const ProbeStep& step : find_backend(facts.place, chosen.at("backend")).provider_steps)
    if (step.ok && runs_on(step.name, chosen.at("device"))) names.push_back(step.name);
  return names.size() == 1 && names.front() == "cpu" ? Values{} : names;
}

/// One that is there, but not on this device or with nothing else to choose, has its own reason.
std::string why_no_provider(const GridFacts& facts, const Asked& asked, const std::string& value) {
  const Values devices = asked.count("device") != 0 ? asked.at("device") : Values{kUsualDevice};
  const bool runs = std::any_of(devices.begin(), devices.end(),
                                [&](const std::string& device) { return runs_on(value, device); });
  for (const Availability& a : facts.place.backends)
    for (const ProbeStep& step : a.provider_steps) {
      if (step.name != value) continue;
      if (!step.ok) return fmt::format("{}; {}", step.detail, step.remedy);
      if (!runs) return fmt::format("does not run on {}; give --device", fmt::join(devices, ", "));
      return "is the only provider that ONNX Runtime's library has here; omit it";
    }
  return "";
}

void apply_provider(Variant& variant, const std::string& value, const ParentFacts&,
                    const PlaceFacts&) {
  if (value != "cpu") variant.settings.provider = value;
}

Values hint_values(const GridFacts& facts, const Choice& chosen, bool) {
  return facts.plan.under_load ? row_of(facts, chosen).hints : Values{};
}

void apply_hint(Variant& variant, const std::string& value, const ParentFacts&, const PlaceFacts&) {
  if (value == "throughput") variant.settings.hint = value;
}

std::string why_no_load(const GridFacts& facts, const Asked&, const std::string&) {
  return facts.plan.under_load ? ""
                               : "one request at a time is measured; give --objective throughput; "
                                 "leave it out";
}

/// One stream on all cores, and one core for each stream; in a sweep what lies between too.
Values stream_values(const GridFacts& facts, const Choice& chosen, bool every) {
  const std::string& threads = chosen.at("threads");
  if (!facts.plan.under_load || chosen.at("hint") == "throughput" ||
      chosen.at("provider") == "cuda" || chosen.at("provider") == "tensorrt")
    return {};
  const int cores = threads.empty() ? facts.place.cores : std::stoi(threads);
  std::set<int, std::greater<>> counts{cores, 1};
  for (int count = cores / 2; every && count > 1; count /= 2) counts.insert(count);
  if (!every && !chosen.at("hint").empty()) counts = {1};  // another hint chooses the others
  Values values;
  for (int count : counts) values.push_back(std::to_string(count));
  return values;
}

void apply_streams(Variant& variant, const std::string& value, const ParentFacts&,
                   const PlaceFacts&) {
  variant.settings.streams = std::stoi(value);
}

Values batch_values(const GridFacts& facts, const Choice& chosen, bool every) {
  if (!facts.plan.under_load || !facts.parent.dynamic_batch) return {};
  if (narrowed(facts, chosen, every) || (!every && is_special(chosen))) return {"1"};
  return every ? Values{"1", "2", "4", "8"} : Values{"1", "4"};
}

std::string why_no_batch(const GridFacts& facts, const Asked& asked, const std::string& value) {
  if (!facts.plan.under_load) return why_no_load(facts, asked, value);
  if (facts.parent.dynamic_batch) return "";
  return "the model takes one image at a time; export it with dynamic batch";
}

void apply_batch(Variant& variant, const std::string& value, const ParentFacts&,
                 const PlaceFacts&) {
  if (value != "1") variant.settings.batch = std::stoi(value);
}

/// Threads that keep to a core seldom gain; fast cores alone only exist on CPUs of two kinds.
Values pinning_values(const GridFacts& facts, const Choice& chosen, bool every) {
  if (chosen.at("device") != kUsualDevice) return {};
  Values values{"default"};
  if (!every) return values;
  if (row_of(facts, chosen).pins_threads) values.emplace_back("off");
  values.emplace_back("on");
  if (facts.place.has_fast_cores) values.emplace_back("performance");
  return values;
}

std::string why_no_pinning(const GridFacts& facts, const Asked&, const std::string& value) {
  return value == "performance" && !facts.place.has_fast_cores
             ? "this CPU has only one kind of core; use on"
             : "";
}

void apply_pinning(Variant& variant, const std::string& value, const ParentFacts&,
                   const PlaceFacts&) {
  if (value != "default") variant.settings.pinning = value;
}

/// Of values that quantise matrix products only.
std::string why_no_products(const GridFacts& facts, const Asked&, const std::string& value) {
  const Values& known = product_precisions();
  if (facts.parent.product_share >= kLeastProductShare ||
      std::find(known.begin(), known.end(), value) == known.end())
    return "";
  return fmt::format(
      "quantises matrix products only; {}; tamis quantize --precision {} makes the file anyway",
      share_text(facts.parent), value);
}

constexpr const char* kSetWithBytes =
    "a set of shapes takes f32 only; give one size, or --input f32";

std::string why_no_set(const GridFacts&, const Asked& asked, const std::string& value) {
  auto inputs = asked.find("input");
  bool bytes_only = inputs != asked.end() && inputs->second == Values{"u8"};
  return is_set_of_shapes(value) && bytes_only ? kSetWithBytes : "";
}

std::string why_no_bytes(const GridFacts&, const Asked& asked, const std::string& value) {
  auto sizes = asked.find("resolution");
  bool sets_only = sizes != asked.end() &&
                   std::all_of(sizes->second.begin(), sizes->second.end(), is_set_of_shapes);
  return value == "u8" && sets_only ? kSetWithBytes : "";
}

}  // namespace

std::string note_on_precisions(const ParentFacts& parent) {
  if (parent.product_share >= kLeastProductShare) return "";
  return fmt::format("{} are skipped: {}", fmt::join(product_precisions(), ", "),
                     share_text(parent));
}

const std::vector<Axis>& axes() {
  static const std::vector<Axis> table{
      {"device",
       "CPU, GPU, NPU, or AUTO, by which openvino chooses (default: CPU)",
       {},
       device_values,
       apply_device,
       read_device},
      {"resolution",
       "height x width of the image, such as 480x640, or a set of shapes: 480x640+640x480+640x640",
       {},
       resolution_values,
       apply_resolution_value,
       read_resolution,
       why_no_set},
      {"head",
       "head of a YOLO detector: graph (as exported), cut (decoded natively; with --allow head)",
       {"graph", "cut"},
       head_values,
       apply_head},
      {"precision",
       "precision of the file: fp32, fp16, int8-static, int8-dynamic, int8-weights, int4-weights",
       {"fp32", "fp16", "int8-static", "int8-dynamic", "int8-weights", "int4-weights"},
       precision_values,
       apply_precision,
       nullptr,
       why_no_products},
      {"backend", "runtime: ort, openvino", backend_names(), backend_values, apply_backend},
      {"form",
       "form of an INT8 file: made for ort or openvino, or portable",
       {"ort", "openvino", "portable"},
       form_values,
       apply_form},
      {"float-layers",
       "layers of an INT8 file that stay in FP32; default: as many as a missed gate needs",
       {},
       float_layers_values,
       apply_float_layers,
       read_count_or_zero},
      {"rewrites",
       "exact rewrites of a float file: none, or runtime (those that the runtime executes faster)",
       {"none", "runtime"},
       rewrites_values,
       apply_rewrites_value},
      {"input",
       "input type: f32 as the card says, or u8 (the image's bytes, normalised in the graph; with "
       "--allow input)",
       {"f32", "u8"},
       input_values,
       apply_input,
       nullptr,
       why_no_bytes},
      {"inference-precision",
       "what the runtime computes in, where the file leaves it free: f32, bf16, f16",
       {"f32", "bf16", "f16"},
       inference_precision_values,
       apply_inference_precision},
      {"graph-level",
       "ONNX Runtime's graph optimisation: disable, basic, extended, all",
       {"disable", "basic", "extended", "all"},
       graph_level_values,
       apply_graph_level},
      {"provider",
       "ONNX Runtime's execution provider: cpu, openvino, dnnl, xnnpack, cuda, tensorrt",
       {"cpu", "openvino", "dnnl", "xnnpack", "cuda", "tensorrt"},
       provider_values,
       apply_provider,
       nullptr,
       why_no_provider},
      {"threads",
       "threads of the runtime, for all streams together",
       {},
       thread_values,
       apply_threads,
       read_count},
      {"hint",
       "OpenVINO's hint, with --objective throughput: throughput (it chooses the streams), latency",
       {"throughput", "latency"},
       hint_values,
       apply_hint,
       nullptr,
       why_no_load},
      {"streams",
       "requests that the runtime runs in parallel; with --objective throughput",
       {},
       stream_values,
       apply_streams,
       read_count,
       why_no_load},
      {"batch",
       "images in a request, if the model takes several; with --objective throughput",
       {},
       batch_values,
       apply_batch,
       read_count,
       why_no_batch},
      {"pinning",
       "pinning of threads: default, off, on (each has its own core), performance (a fast core)",
       {"default", "off", "on", "performance"},
       pinning_values,
       apply_pinning,
       nullptr,
       why_no_pinning},
  };
  return table;
}

const Availability& find_backend(const PlaceFacts& place, const std::string& name) {
  return *std::find_if(place.backends.begin(), place.backends.end(),
                       [&](const Availability& a) { return a.backend == name; });
}

const Axis& find_axis(std::string_view name) {
  return *std::find_if(axes().begin(), axes().end(),
                       [&](const Axis& axis) { return axis.name == name; });
}

}  // namespace tamis
