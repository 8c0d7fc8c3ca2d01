#include "backends/ort/providers.h"

#include <algorithm>

#include "base/error.h"

namespace tamis::ort {
namespace {

/// Options by name, as the functions that append take them.
class Pairs {
 public:
  void add(std::string key, std::string value) {
    keys_.push_back(std::move(key));
    values_.push_back(std::move(value));
  }
  std::size_t size() const { return keys_.size(); }
  std::vector<const char*> keys() const { return pointers(keys_); }
  std::vector<const char*> values() const { return pointers(values_); }

 private:
  static std::vector<const char*> pointers(const std::vector<std::string>& texts) {
    std::vector<const char*> found;
    for (const std::string& text : texts) found.push_back(text.c_str());
    return found;
  }
  std::vector<std::string> keys_, values_;
};

/// Streams are sessions of their own here, so each has one inside.
void append_openvino(const Library& library, OrtSessionOptions* options,
                     const ProviderRequest& request) {
  const bool half = request.settings.inference_precision == "f16";
  Pairs pairs;
  pairs.add("device_type", request.settings.device);
  pairs.add("precision", half ? "FP16" : "FP32");
  if (request.settings.device == "CPU") {
    pairs.add("num_of_threads", std::to_string(request.threads));
    pairs.add("num_streams", "1");
  }
  if (!request.engine_cache.empty()) pairs.add("cache_dir", request.engine_cache);
  check(library,
        library.api->SessionOptionsAppendExecutionProvider_OpenVINO_V2(
            options, pairs.keys().data(), pairs.values().data(), pairs.size()),
        "append provider openvino");
}

void append_xnnpack(const Library& library, OrtSessionOptions* options,
                    const ProviderRequest& request) {
  Pairs pairs;
  pairs.add("intra_op_num_threads", std::to_string(request.threads));
  check(library,
        library.api->SessionOptionsAppendExecutionProvider(options, "XNNPACK", pairs.keys().data(),
                                                           pairs.values().data(), pairs.size()),
        "append provider xnnpack");
}

/// Provider options that the library makes, fills and frees.
template <typename T>
struct MadeOptions {
  OrtStatus*(ORT_API_CALL* create)(T**);
  OrtStatus*(ORT_API_CALL* update)(T*, const char* const*, const char* const*, std::size_t);
  OrtStatus*(ORT_API_CALL* append)(OrtSessionOptions*, const T*);
  void(ORT_API_CALL* release)(T*);
};

template <typename T>
void append_made(const Library& library, OrtSessionOptions* options, const Pairs& pairs,
                 const MadeOptions<T>& with, const char* operation) {
  Owned<T> made(with.release);
  check(library, with.create(made.out()), operation);
  check(library, with.update(made.get(), pairs.keys().data(), pairs.values().data(), pairs.size()),
        operation);
  check(library, with.append(options, made.get()), operation);
}

void append_dnnl(const Library& library, OrtSessionOptions* options, const ProviderRequest&) {
  Pairs pairs;
  pairs.add("use_arena", "1");
  append_made<OrtDnnlProviderOptions>(
      library, options, pairs,
      {library.api->CreateDnnlProviderOptions, library.api->UpdateDnnlProviderOptions,
       library.api->SessionOptionsAppendExecutionProvider_Dnnl,
       library.api->ReleaseDnnlProviderOptions},
      "append provider dnnl");
}

/// TF32 rounds the factors of f32 products to 10 bits: not what f32 means elsewhere.
void append_cuda(const Library& library, OrtSessionOptions* options, const ProviderRequest&) {
  Pairs pairs;
  pairs.add("device_id", "0");
  pairs.add("use_tf32", "0");
  append_made<OrtCUDAProviderOptionsV2>(
      library, options, pairs,
      {library.api->CreateCUDAProviderOptions, library.api->UpdateCUDAProviderOptions,
       library.api->SessionOptionsAppendExecutionProvider_CUDA_V2,
       library.api->ReleaseCUDAProviderOptions},
      "append provider cuda");
}

/// What TensorRT does not take goes to CUDA before it goes to the CPU.
void append_tensorrt(const Library& library, OrtSessionOptions* options,
                     const ProviderRequest& request) {
  Pairs pairs;
  pairs.add("device_id", "0");
  pairs.add("trt_fp16_enable", request.settings.inference_precision == "f16" ? "1" : "0");
  if (!request.engine_cache.empty()) {
    pairs.add("trt_engine_cache_enable", "1");
    pairs.add("trt_engine_cache_path", request.engine_cache);
  }
  append_made<OrtTensorRTProviderOptionsV2>(
      library, options, pairs,
      {library.api->CreateTensorRTProviderOptions, library.api->UpdateTensorRTProviderOptions,
       library.api->SessionOptionsAppendExecutionProvider_TensorRT_V2,
       library.api->ReleaseTensorRTProviderOptions},
      "append provider tensorrt");
  append_cuda(library, options, request);
}

const std::vector<Provider>& providers() {
  static const std::vector<Provider> table{
      {"cpu", "CPUExecutionProvider", "CPU", "", {"f32"}, nullptr},
      {"openvino",
       "OpenVINOExecutionProvider",
       "",
       "onnxruntime-openvino of PyPI has it",
       {"f32", "f16"},
       append_openvino},
      {"dnnl",
       "DnnlExecutionProvider",
       "CPU",
       "build ONNX Runtime with --use_dnnl",
       {"f32"},
       append_dnnl},
      {"xnnpack",
       "XnnpackExecutionProvider",
       "CPU",
       "build ONNX Runtime with --use_xnnpack",
       {"f32"},
       append_xnnpack},
      {"cuda",
       "CUDAExecutionProvider",
       "GPU",
       "onnxruntime-gpu of PyPI has it",
       {"f32"},
       append_cuda},
      {"tensorrt",
       "TensorrtExecutionProvider",
       "GPU",
       "onnxruntime-gpu of PyPI has it",
       {"f32", "f16"},
       append_tensorrt}};
  return table;
}

bool has(const Library& library, const Provider& provider) {
  const auto& names = library.providers;
  return std::find(names.begin(), names.end(), provider.their_name) != names.end();
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string remedy_for(const Provider& provider) {
  return provider.where_to_get +
         "; name a library that has it with --ort-library or TAMIS_ORT_LIBRARY";
}

void check_request(const Provider& provider, const RunSettings& settings) {
  const std::string precision = settings.inference_precision.value_or("f32");
  const auto& can = provider.precisions;
  if (std::find(can.begin(), can.end(), precision) == can.end())
    throw Error(ErrorCode::unsupported,
                "open model: backend ort computes in the file's own types, so with provider " +
                    provider.name + " the inference precision can only be " + joined(can) +
                    ", not " + precision + "; use backend openvino, or a file of that precision");
  if (!provider.device.empty() && settings.device != provider.device)
    throw Error(ErrorCode::unsupported, "open model: provider " + provider.name +
                                            " of backend ort runs on " + provider.device +
                                            " only, not " + settings.device + "; give --device " +
                                            provider.device);
  // Half precision is something that OpenVINO does on a GPU or an NPU.
  if (provider.name == "openvino" && settings.device == "CPU" && precision != "f32")
    throw Error(ErrorCode::unsupported,
                "open model: provider openvino computes in f32 on the CPU; use backend openvino "
                "for " +
                    precision);
}

}  // namespace

const Provider& provider_of(const RunSettings& settings) {
  for (const Provider& provider : providers())
    if (provider.name == settings.provider.value_or("cpu")) return provider;
  return providers().front();
}

void append_provider(const Library& library, OrtSessionOptions* options,
                     const ProviderRequest& request) {
  const Provider& provider = provider_of(request.settings);
  check_request(provider, request.settings);
  if (provider.append == nullptr) return;
  if (!has(library, provider))
    throw Error(ErrorCode::unavailable, "open model: " + library.file + " has no provider " +
                                            provider.name + ", only " + joined(library.providers) +
                                            "; " + remedy_for(provider));
  provider.append(library, options, request);
}

std::vector<ProbeStep> probe_providers(const Library& library) {
  std::vector<ProbeStep> steps;
  for (const Provider& provider : providers()) {
    if (!has(library, provider)) {
      steps.push_back(
          {provider.name, false, "the library was built without it", remedy_for(provider)});
      continue;
    }
    if (provider.append == nullptr) {
      steps.push_back({provider.name, true, "always there", ""});
      continue;
    }
    try {
      Owned<OrtSessionOptions> options(library.api->ReleaseSessionOptions);
      check(library, library.api->CreateSessionOptions(options.out()), "set session options");
      ProviderRequest request;
      request.settings.device = provider.device.empty() ? "CPU" : provider.device;
      provider.append(library, options.get(), request);
      steps.push_back({provider.name, true, "loads", ""});
    } catch (const Error& error) {
      steps.push_back({provider.name, false, error.what(),
                       "install what the text above names, in the version that ONNX Runtime " +
                           library.version + " was built for"});
    }
  }
  return steps;
}

}  // namespace tamis::ort
