// The bare inference loop on a vendor's C API: what Tamis's own measurements are compared with.
#include <dlfcn.h>
#include <onnxruntime_c_api.h>
#include <openvino/c/openvino.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

namespace {

struct Options {
  std::string backend, library, model, threads, precision, input;
  std::vector<std::int64_t> shape{1, 3, 640, 640};
};

[[noreturn]] void die(const std::string& text) {
  std::cerr << "tamis-bare-loop: " << text << '\n';
  std::exit(1);
}

Options parse(int argc, char** argv) {
  if (argc < 4)
    die("usage: ort|openvino LIBRARY MODEL [threads=N] [precision=P] [shape=1,3,H,W] [input=FILE]");
  Options options{argv[1], argv[2], argv[3], "", "", ""};
  for (int i = 4; i < argc; ++i) {
    std::string arg = argv[i], value = arg.substr(arg.find('=') + 1);
    if (arg.rfind("threads=", 0) == 0) {
      options.threads = value;
    } else if (arg.rfind("precision=", 0) == 0) {
      options.precision = value;
    } else if (arg.rfind("input=", 0) == 0) {
      options.input = value;
    } else if (arg.rfind("shape=", 0) == 0) {
      options.shape.clear();
      std::istringstream in(value);
      for (std::string d; std::getline(in, d, ',');) options.shape.push_back(std::stoll(d));
    } else {
      die("unknown option " + arg);
    }
  }
  return options;
}

std::size_t count_of(const std::vector<std::int64_t>& shape) {
  return static_cast<std::size_t>(
      std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>()));
}

/// The input's floats: those of the file, or zeros.
void fill_input(const Options& options, float* to) {
  std::fill_n(to, count_of(options.shape), 0.0F);
  if (options.input.empty()) return;
  std::ifstream file(options.input, std::ios::binary);
  auto bytes = static_cast<std::streamsize>(count_of(options.shape) * sizeof(float));
  if (!file.read(reinterpret_cast<char*>(to), bytes)) die(options.input + " is too short");
}

void* open_library(const std::string& file) {
  void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) die(::dlerror());
  return library;
}

/// Reads "go N" lines and answers each with N times in nanoseconds.
template <typename Once>
int serve(Once&& once) {
  std::cout << "ready" << std::endl;
  std::vector<std::int64_t> times;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream in(line);
    std::string word;
    std::size_t count = 0;
    if (!(in >> word >> count) || word != "go") die("expected: go N");
    times.assign(count, 0);
    for (std::int64_t& time : times) {
      auto start = std::chrono::steady_clock::now();
      once();
      time = std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count();
    }
    for (std::size_t i = 0; i < count; ++i) std::cout << (i == 0 ? "" : " ") << times[i];
    std::cout << std::endl;
  }
  return 0;
}

int run_ort(const Options& options) {
  auto base = reinterpret_cast<const OrtApiBase* (*)()>(
      ::dlsym(open_library(options.library), "OrtGetApiBase"));
  if (base == nullptr) die("no OrtGetApiBase in " + options.library);
  const OrtApi* api = base()->GetApi(ORT_API_VERSION);
  auto ok = [api](OrtStatus* status) {
    if (status != nullptr) die(api->GetErrorMessage(status));
  };
  OrtEnv* env = nullptr;
  OrtSessionOptions* session_options = nullptr;
  OrtSession* session = nullptr;
  OrtMemoryInfo* memory = nullptr;
  OrtAllocator* allocator = nullptr;
  OrtValue* input = nullptr;
  char *input_name = nullptr, *output_name = nullptr;
  ok(api->CreateEnv(ORT_LOGGING_LEVEL_ERROR, "bare", &env));
  ok(api->CreateSessionOptions(&session_options));
  ok(api->SetSessionGraphOptimizationLevel(session_options, ORT_ENABLE_ALL));
  if (!options.threads.empty())
    ok(api->SetIntraOpNumThreads(session_options, std::stoi(options.threads)));
  ok(api->CreateSession(env, options.model.c_str(), session_options, &session));
  ok(api->GetAllocatorWithDefaultOptions(&allocator));
  ok(api->SessionGetInputName(session, 0, allocator, &input_name));
  ok(api->SessionGetOutputName(session, 0, allocator, &output_name));
  std::vector<float> data(count_of(options.shape));
  fill_input(options, data.data());
  ok(api->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory));
  ok(api->CreateTensorWithDataAsOrtValue(memory, data.data(), data.size() * sizeof(float),
                                         options.shape.data(), options.shape.size(),
                                         ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, &input));
  OrtValue* output = nullptr;  // allocated by the first run, written again by the others
  return serve(
      [&] { ok(api->Run(session, nullptr, &input_name, &input, 1, &output_name, 1, &output)); });
}

int run_openvino(const Options& options) {
  void* library = open_library(options.library);
#define LOOK_UP(name) auto name##_ = reinterpret_cast<decltype(&name)>(::dlsym(library, #name))
  LOOK_UP(ov_core_create);
  LOOK_UP(ov_core_read_model);
  LOOK_UP(ov_partial_shape_create_static);
  LOOK_UP(ov_model_reshape_single_input);
  LOOK_UP(ov_core_compile_model);
  LOOK_UP(ov_compiled_model_create_infer_request);
  LOOK_UP(ov_infer_request_get_input_tensor_by_index);
  LOOK_UP(ov_tensor_data);
  LOOK_UP(ov_infer_request_infer);
  LOOK_UP(ov_get_last_err_msg);
#undef LOOK_UP
  auto ok = [&](ov_status_e status) {
    if (status != OK) die(ov_get_last_err_msg_());
  };
  ov_core_t* core = nullptr;
  ov_model_t* model = nullptr;
  ov_compiled_model_t* compiled = nullptr;
  ov_infer_request_t* request = nullptr;
  ov_partial_shape_t shape{};
  ok(ov_core_create_(&core));
  ok(ov_core_read_model_(core, options.model.c_str(), nullptr, &model));
  ok(ov_partial_shape_create_static_(static_cast<std::int64_t>(options.shape.size()),
                                     options.shape.data(), &shape));
  ok(ov_model_reshape_single_input_(model, shape));
  std::vector<std::string> properties{"PERFORMANCE_HINT", "LATENCY", "NUM_STREAMS", "1"};
  if (!options.threads.empty()) {
    properties.emplace_back("INFERENCE_NUM_THREADS");
    properties.push_back(options.threads);
  }
  if (!options.precision.empty()) {
    properties.emplace_back("INFERENCE_PRECISION_HINT");
    properties.push_back(options.precision);
  }
  std::size_t count = properties.size();
  properties.resize(8);
  auto p = [&](std::size_t i) { return properties[i].c_str(); };
  ok(ov_core_compile_model_(core, model, "CPU", count, &compiled, p(0), p(1), p(2), p(3), p(4),
                            p(5), p(6), p(7)));
  ok(ov_compiled_model_create_infer_request_(compiled, &request));
  ov_tensor_t* input = nullptr;
  void* data = nullptr;
  ok(ov_infer_request_get_input_tensor_by_index_(request, 0, &input));
  ok(ov_tensor_data_(input, &data));
  fill_input(options, static_cast<float*>(data));
  return serve([&] { ok(ov_infer_request_infer_(request)); });
}

}  // namespace

int main(int argc, char** argv) {
  Options options = parse(argc, argv);
  if (options.backend == "ort") return run_ort(options);
  if (options.backend == "openvino") return run_openvino(options);
  die("the backend must be ort or openvino, got " + options.backend);
}
