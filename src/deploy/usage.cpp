#include "deploy/usage.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "base/error.h"
#include "base/files.h"
#include "base/printable.h"
#include "base/text.h"
#include "deploy/usage_code.h"
#include "result/run_document.h"

namespace tamis {
namespace {

using Words = std::map<std::string, std::string>;

[[noreturn]] void refuse(const std::string& key, const char* wanted) {
  throw Error(ErrorCode::corrupt_data,
              fmt::format("usage page: {} must be {}, see docs/json.md", key, wanted));
}

/// The member of an object, null where it is absent.
Json member(const Json& object, const char* key) {
  return object.is_object() && object.contains(key) ? object.at(key) : Json();
}

/// A text in the quotes that Python, C++ and JSON share.
std::string literal(const std::string& text) {
  return Json(text).dump(-1, ' ', true, Json::error_handler_t::replace);
}

std::string replace_words(std::string text, const Words& words) {
  for (const auto& [name, value] : words)
    for (std::size_t at = 0; (at = text.find("@" + name + "@", at)) != std::string::npos;
         at += value.size())
      text.replace(at, name.size() + 2, value);
  return text;
}

std::string text_or(const Json& value, const char* fallback) {
  return value.is_string() ? value.get<std::string>() : fallback;
}

std::string plain_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

int count_or_one(const Json& settings, const char* key) {
  const Json count = member(settings, key);
  return count.is_number_integer() ? std::max(1, count.get<int>()) : 1;
}

/// The threads of one of the sessions that serve the streams.
std::optional<int> threads_per_stream(const Json& settings) {
  const Json threads = member(settings, "threads");
  if (!threads.is_number_integer()) return std::nullopt;
  return std::max(1, threads.get<int>() / count_or_one(settings, "streams"));
}

/// As the plugin appends it (src/backends/ort/providers.cpp).
Words provider_words(const Json& settings) {
  struct Row {
    const char* name;
    std::string python, cpp;
  };
  const std::string device = text_or(member(settings, "device"), "CPU");
  const std::string openvino = fmt::format(R"({{"device_type": "{}"}})", device);
  const std::string cpp_openvino = fmt::format(R"({{{{"device_type", "{}"}}}})", device);
  const Row rows[] = {
      {"openvino", R"(("OpenVINOExecutionProvider", )" + openvino + ")",
       R"(AppendExecutionProvider_OpenVINO_V2()" + cpp_openvino + ")"},
      {"dnnl", R"("DnnlExecutionProvider")", "AppendExecutionProvider_Dnnl({1, nullptr})"},
      {"xnnpack", R"("XnnpackExecutionProvider")", R"(AppendExecutionProvider("XNNPACK"))"},
      {"cuda", R"(("CUDAExecutionProvider", {"use_tf32": "0"}))",
       "AppendExecutionProvider_CUDA({})"},
      {"tensorrt", R"("TensorrtExecutionProvider", ("CUDAExecutionProvider", {"use_tf32": "0"}))",
       "AppendExecutionProvider_TensorRT({})"}};
  const std::string provider = text_or(member(settings, "provider"), "cpu");
  Words words{{"ORT_PROVIDERS", "\"CPUExecutionProvider\""}, {"ORT_PROVIDER_CPP", ""}};
  for (const Row& row : rows)
    if (provider == row.name) {
      words["ORT_PROVIDERS"] = row.python + ", " + words["ORT_PROVIDERS"];
      words["ORT_PROVIDER_CPP"] = "  options." + row.cpp + ";\n";
    }
  return words;
}

Words ort_words(const Json& settings) {
  static const std::map<std::string, std::string> kLevels{{"disable", "ORT_DISABLE_ALL"},
                                                          {"basic", "ORT_ENABLE_BASIC"},
                                                          {"extended", "ORT_ENABLE_EXTENDED"},
                                                          {"all", "ORT_ENABLE_ALL"}};
  auto level = kLevels.find(text_or(member(settings, "graph_level"), "all"));
  if (level == kLevels.end()) refuse("settings.graph_level", "disable, basic, extended or all");
  Words words{{"ORT_LEVEL", level->second}, {"ORT_THREADS_PY", ""}, {"ORT_THREADS_CPP", ""}};
  if (const auto threads = threads_per_stream(settings)) {
    words["ORT_THREADS_PY"] = fmt::format("options.intra_op_num_threads = {}\n", *threads);
    words["ORT_THREADS_CPP"] = fmt::format("  options.SetIntraOpNumThreads({});\n", *threads);
  }
  words.merge(provider_words(settings));
  Json extra = member(settings, "extra");
  for (const auto& [key, value] : extra.items()) {
    std::string pair = literal(key) + ", " + literal(plain_text(value));
    words["ORT_EXTRA_PY"] += "options.add_session_config_entry(" + pair + ")\n";
    words["ORT_EXTRA_CPP"] += "  options.AddConfigEntry(" + pair + ");\n";
  }
  words.try_emplace("ORT_EXTRA_PY");
  words.try_emplace("ORT_EXTRA_CPP");
  return words;
}

Words openvino_words(const Json& settings) {
  const bool chooses = text_or(member(settings, "hint"), "latency") == "throughput";
  std::vector<std::pair<std::string, std::string>> properties{
      {"PERFORMANCE_HINT", chooses ? "THROUGHPUT" : "LATENCY"}};
  const Json streams = member(settings, "streams");
  if (streams.is_number_integer() || !chooses)
    properties.emplace_back("NUM_STREAMS", streams.is_number_integer() ? streams.dump() : "1");
  if (const std::string pinning = text_or(member(settings, "pinning"), ""); !pinning.empty()) {
    properties.emplace_back("ENABLE_CPU_PINNING", pinning == "off" ? "NO" : "YES");
    if (pinning == "performance") properties.emplace_back("SCHEDULING_CORE_TYPE", "PCORE_ONLY");
  }
  if (Json precision = member(settings, "inference_precision"); precision.is_string())
    properties.emplace_back("INFERENCE_PRECISION_HINT", precision.get<std::string>());
  if (Json threads = member(settings, "threads"); threads.is_number_integer())
    properties.emplace_back("INFERENCE_NUM_THREADS", threads.dump());
  Json extra = member(settings, "extra");
  for (const auto& [key, value] : extra.items()) properties.emplace_back(key, plain_text(value));
  Words words{{"DEVICE", text_or(member(settings, "device"), "CPU")}};
  for (const auto& [name, value] : properties) {
    words["OV_PROPERTIES_PY"] += fmt::format("    {}: {},\n", literal(name), literal(value));
    words["OV_PROPERTIES_CPP"] += fmt::format("      {{{}, {}}},\n", literal(name), literal(value));
  }
  return words;
}

struct BackendRow {
  const char* name;
  const UsageCode* code;
  const char* const* under_load;
  Words (*words)(const Json& settings);
};

constexpr BackendRow kBackends[] = {
    {"ort", &kOrtUsage, &kOrtUnderLoad, ort_words},
    {"openvino", &kOpenvinoUsage, &kOpenvinoUnderLoad, openvino_words}};

const BackendRow& find_backend(const std::string& name) {
  for (const BackendRow& row : kBackends)
    if (name == row.name) return row;
  throw Error(ErrorCode::unsupported,
              fmt::format("usage page: no example code for the backend '{}'", printable(name)));
}

struct ResizeRow {
  const char* name;
  const char* const* code;
};

constexpr ResizeRow kResizes[] = {{"letterbox", &kPythonLetterbox},
                                  {"letterbox top_left", &kPythonLetterboxTopLeft},
                                  {"stretch", &kPythonStretch},
                                  {"center_crop", &kPythonCenterCrop}};

const char* place_code(const std::string& resize) {
  for (const ResizeRow& row : kResizes)
    if (resize == row.name) return *row.code;
  refuse("card.input.resize", "letterbox, stretch or center_crop");
}

Words card_words(const Json& card) {
  Json input = member(card, "input");
  Json size = member(input, "size");
  if (!size.is_array() || size.size() != 2) refuse("card.input.size", "[height, width]");
  std::string color = text_or(member(input, "color"), "rgb");
  auto json_or = [&](const char* key, const char* fallback) {
    Json value = member(input, key);
    return value.is_null() ? std::string(fallback) : value.dump();
  };
  const std::string type = text_or(member(input, "type"), "f32");
  const bool bytes = type == "u8", half = type == "f16";
  const bool planes = text_or(member(input, "layout"), "nchw") == "nchw";
  const std::string sides = size[0].dump() + ", " + size[1].dump();
  const std::string channels = color == "gray" ? "1" : "3";
  const std::string normalise =
      fmt::format("    placed = (placed / np.float32({}) - np.float32({})) / np.float32({})\n",
                  json_or("scale", "255"), json_or("mean", "0"), json_or("std", "1"));
  return {{"SHAPE", planes ? "1, " + channels + ", " + sides : "1, " + sides + ", " + channels},
          {"LAYOUT", planes ? "NCHW" : "NHWC"},
          {"TYPE", type},
          {"TYPE_CPP", bytes ? "uint8_t" : "float"},
          {"TYPE_PY", bytes  ? "uint8"
                      : half ? "float16"
                             : "float32"},
          {"NORMALISE", bytes ? "" : normalise},
          {"TRANSPOSE", planes ? ".transpose(2, 0, 1)" : ""},
          {"HEIGHT", size[0].dump()},
          {"WIDTH", size[1].dump()},
          {"CHANNELS", channels},
          {"MODE", color == "gray" ? "L" : "RGB"},
          {"SWAP", color == "bgr" ? "[..., ::-1]" : ""},
          {"PAD", json_or("pad", "114")},
          {"SHORT", json_or("short_side", "256")}};
}

const char* decode_code(const Json& card) {
  std::string decoder = text_or(member(card, "decoder"), "");
  if (decoder == "classifier") return kPythonClassify;
  return decoder == "yolov8" ? kPythonYolov8 : kPythonRaw;
}

/// What the code here does not show of a card.
std::string card_notes(const Json& card) {
  std::string text;
  if (Json sizes = member(member(card, "input"), "sizes"); sizes.is_array() && !sizes.empty())
    text += fmt::format(
        "\nThe model was measured with a set of input sizes, {} as [height, width]. `tamis` opens "
        "it once per size, and gives each image to the smallest size that holds it at the largest "
        "scale that any of them allows. The code below opens only the largest size, which is "
        "slower than what was measured.\n",
        sizes.dump());
  const std::string decoder = text_or(member(card, "decoder"), "");
  const bool masks = decoder == "yolov8-seg-cut";
  if (masks || decoder == "yolov8-cut")
    text +=
        "\nThe head was cut off. Per level, the outputs are distances to the box's sides "
        "(`boxes_`" +
        std::string(member(card, "reg_max") == 1 ? "" : ", in bins, before Softmax") +
        ") and classes (`classes_`, before Sigmoid)" +
        std::string(masks ? "; then mask coefficients (`coefficients_`) and prototypes" : "") +
        ". `tamis` decodes them; the code below only shows their shapes.\n";
  return text;
}

std::string fence(const char* language, const std::string& code) {
  return fmt::format("```{}\n{}{}```\n", language, code, code.ends_with('\n') ? "" : "\n");
}

std::string settings_table(const Json& settings) {
  std::string text = "| setting | value |\n| --- | --- |\n";
  for (const auto& [key, value] : settings.items())
    if (!value.is_null() && !(value.is_string() && value.get<std::string>().empty()) &&
        !(value.is_object() && value.empty()))
      text += fmt::format("| {} | {} |\n", escape_markdown(words(key)),
                          escape_markdown(value_text(value)));
  return text;
}

std::string python_code(const BackendRow& backend, const Json& card, const Words& words) {
  std::string resize = text_or(member(member(card, "input"), "resize"), "stretch");
  if (Json anchor = member(member(card, "input"), "anchor"); anchor == "top_left")
    resize += " top_left";
  std::string code = std::string(
                         "import sys\n\nimport cv2\nimport numpy as np\nfrom PIL import "
                         "Image, ImageOps\n") +
                     backend.code->python_session + "\n\n" + place_code(resize) + "\n\n" +
                     kPythonPrepare + "\n\n" + decode_code(card);
  return replace_words(code, words);
}

/// OpenVINO compiles for the batch; a picture alone is then repeated.
void add_batch_words(Words& words, int batch) {
  words["BATCH_SHAPE"] = std::to_string(batch) + words.at("SHAPE").substr(1);
  words["X"] = batch == 1 ? "x" : fmt::format("np.repeat(x, {}, axis=0)", batch);
}

/// How to keep as many requests in flight as were measured; "" where they came one at a time.
std::string load_section(const RunDocument& run, const BackendRow& backend, Words words) {
  if (!run.load) return "";
  const Json& settings = run.settings;
  const int in_flight = std::max(1, run.load->in_flight), batch = std::max(1, run.load->batch);
  // On the CPU provider a session of one thread serves all callers.
  const int sessions =
      threads_per_stream(settings) == 1 && text_or(member(settings, "provider"), "cpu") == "cpu"
          ? 1
          : count_or_one(settings, "streams");
  words["IN_FLIGHT"] = std::to_string(in_flight);
  words["BATCH"] = std::to_string(batch);
  words["SESSIONS"] = std::to_string(sessions);
  std::string text = fmt::format(
      "\n## Under load\n\nThe model was picked for its throughput: {:.1f} images per second of the "
      "whole machine, with {} request{} in flight and {} image{} in each. One request at a time is "
      "slower than that. `tamis bench . --objective throughput` measures it again. In Python, with "
      "the code above:\n\n",
      run.load->images_per_s, in_flight, in_flight == 1 ? "" : "s", batch, batch == 1 ? "" : "s");
  text += fence("python", replace_words(*backend.under_load, words));
  if (batch > 1) text += "\nA request's input is a batch: stack that many prepared images.\n";
  return text;
}

/// What the code does not show of the settings.
std::string settings_notes(const Json& settings) {
  const std::string pinning = text_or(member(settings, "pinning"), "off");
  if (pinning == "off" || text_or(member(settings, "backend"), "") != "ort") return "";
  return "\nEach thread was pinned to its own core. For the runtime's threads, set the session "
         "option `session.intra_op_thread_affinities` (CPUs counted from 1, one group less than "
         "threads), and pin the calling thread yourself.\n";
}

}  // namespace

std::filesystem::path write_usage(const Json& document, const std::filesystem::path& folder) {
  const RunDocument run = read_run(document, "usage page");
  const Json &settings = run.settings, &card = run.card;
  std::string backend_name = text_or(member(settings, "backend"), "");
  const BackendRow& backend = find_backend(backend_name);
  const std::string& model = run.model;
  Words words = card_words(card);
  add_batch_words(words, count_or_one(settings, "batch"));
  words.merge(backend.words(settings));
  if (words.at("TYPE") == "f16") words["TYPE_CPP"] = backend.code->cpp_half;
  std::string escaped = literal(model);
  words["MODEL"] = escaped.substr(1, escaped.size() - 2);

  std::string text = fmt::format("# Running {}\n\n", escape_markdown(model));
  text +=
      "These settings were measured, and their accuracy was judged. Measure again before you rely "
      "on other settings.\n\n" +
      settings_table(settings);
  text += card_notes(card) + settings_notes(settings);
  text +=
      "\n## With tamis\n\n" +
      fence("sh",
            "tamis bench .                # its latency on this machine, one request at a time\n"
            "tamis eval . --data DATA     # its accuracy on your data\n");
  text += fmt::format(
              "\n## Python\n\n`pip install {} numpy pillow opencv-python-headless`, then `python "
              "using.py IMAGE` in this folder:\n\n",
              backend.code->python_packages) +
          fence("python", python_code(backend, card, words));
  text += "\n## C++\n\n" + fence("cpp", replace_words(backend.code->cpp, words)) + "\n" +
          fence("sh", backend.code->cpp_build);
  text += load_section(run, backend, words);
  text +=
      "\nPrepare the image as `place` and `prepare` do above: another resize or normalisation "
      "changes the accuracy.\n";
  make_writable_folder(folder);
  save_file(folder / "USING.md", text);
  return folder / "USING.md";
}

}  // namespace tamis
