#include "deploy/usage_code.h"

namespace tamis {

const UsageCode kOrtUsage{
    R"(import onnxruntime as ort

options = ort.SessionOptions()
options.graph_optimization_level = ort.GraphOptimizationLevel.@ORT_LEVEL@
@ORT_THREADS_PY@options.inter_op_num_threads = 1
@ORT_EXTRA_PY@session = ort.InferenceSession("@MODEL@", options, providers=[@ORT_PROVIDERS@])
input_name = session.get_inputs()[0].name


def run(x):
    return session.run(None, {input_name: x})
)",
    R"(#include <onnxruntime_cxx_api.h>

#include <cstdio>
#include <vector>

int main() {
  Ort::Env env(ORT_LOGGING_LEVEL_WARNING, "using");
  Ort::SessionOptions options;
  options.SetGraphOptimizationLevel(@ORT_LEVEL@);
@ORT_THREADS_CPP@  options.SetInterOpNumThreads(1);
@ORT_EXTRA_CPP@@ORT_PROVIDER_CPP@  Ort::Session session(env, "@MODEL@", options);

  // One image, prepared as above: @LAYOUT@, @TYPE@.
  std::vector<int64_t> shape{@SHAPE@};
  std::vector<@TYPE_CPP@> x(@CHANNELS@ * @HEIGHT@ * @WIDTH@);

  auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  Ort::Value input = Ort::Value::CreateTensor<@TYPE_CPP@>(memory, x.data(), x.size(), shape.data(), shape.size());
  Ort::AllocatorWithDefaultOptions allocator;
  auto input_name = session.GetInputNameAllocated(0, allocator);
  auto output_name = session.GetOutputNameAllocated(0, allocator);
  const char* inputs[] = {input_name.get()};
  const char* outputs[] = {output_name.get()};
  auto y = session.Run(Ort::RunOptions{nullptr}, inputs, &input, 1, outputs, 1);
  for (int64_t side : y[0].GetTensorTypeAndShapeInfo().GetShape()) std::printf("%lld ", static_cast<long long>(side));
  std::printf("\n");
}
)",
    "g++ -std=c++17 -O2 using.cpp -I$ONNXRUNTIME/include -L$ONNXRUNTIME/lib -lonnxruntime -o using",
    "onnxruntime", "Ort::Float16_t"};

const UsageCode kOpenvinoUsage{
    R"(import openvino as ov

core = ov.Core()
model = core.read_model("@MODEL@")
model.reshape({0: [@BATCH_SHAPE@]})
compiled = core.compile_model(model, "@DEVICE@", {
@OV_PROPERTIES_PY@})
request = compiled.create_infer_request()


def run(x):
    return list(request.infer({0: @X@}).values())
)",
    R"(#include <algorithm>
#include <iostream>

#include <openvino/openvino.hpp>

int main() {
  ov::Core core;
  auto model = core.read_model("@MODEL@");
  model->reshape(ov::PartialShape{@BATCH_SHAPE@});
  ov::AnyMap properties{
@OV_PROPERTIES_CPP@  };
  ov::CompiledModel compiled = core.compile_model(model, "@DEVICE@", properties);
  ov::InferRequest request = compiled.create_infer_request();

  // One image, prepared as above: @LAYOUT@, @TYPE@.
  ov::Tensor x(ov::element::@TYPE@, {@BATCH_SHAPE@});
  std::fill_n(x.data<@TYPE_CPP@>(), x.get_size(), @TYPE_CPP@(0));

  request.set_input_tensor(x);
  request.infer();
  std::cout << request.get_output_tensor(0).get_shape() << "\n";
}
)",
    "g++ -std=c++17 -O2 using.cpp -I$OPENVINO/include -L$OPENVINO/lib -lopenvino -o using",
    "openvino", "ov::float16"};

const char* const kOrtUnderLoad = R"(from concurrent.futures import ThreadPoolExecutor

sessions = [ort.InferenceSession("@MODEL@", options, providers=[@ORT_PROVIDERS@]) for _ in range(@SESSIONS@)]
with ThreadPoolExecutor(@IN_FLIGHT@) as callers:
    def run_one(job):
        n, x = job
        return sessions[n % len(sessions)].run(None, {input_name: x})

    results = list(callers.map(run_one, enumerate(inputs)))  # inputs: tensors [@BATCH@, …]
)";

const char* const kOpenvinoUnderLoad = R"(results = {}
queue = ov.AsyncInferQueue(compiled, @IN_FLIGHT@)
queue.set_callback(lambda request, n: results.__setitem__(n, [y.data.copy() for y in request.output_tensors]))
for n, x in enumerate(inputs):  # inputs: tensors [@BATCH@, …]
    queue.start_async({0: x}, n)
queue.wait_all()
)";

const char* const kPythonLetterbox =
    R"(def place(picture):  # keeps the aspect ratio, grey border; x_model = x_picture * scale + left
    h, w = picture.shape[:2]
    scale = min(@HEIGHT@ / h, @WIDTH@ / w)
    nw, nh = round(w * scale), round(h * scale)
    left, top = round((@WIDTH@ - nw) / 2 - .1), round((@HEIGHT@ - nh) / 2 - .1)
    if (nh, nw) != (h, w):
        picture = cv2.resize(picture, (nw, nh), interpolation=cv2.INTER_LINEAR)
    canvas = np.full((@HEIGHT@, @WIDTH@, 3), @PAD@, np.uint8)
    canvas[top:top + nh, left:left + nw] = picture
    return canvas, scale, left, top
)";

const char* const kPythonLetterboxTopLeft =
    R"(def place(picture):  # keeps the aspect ratio, in the top left; x_model = x_picture * scale
    h, w = picture.shape[:2]
    scale = min(@HEIGHT@ / h, @WIDTH@ / w)
    nw, nh = int(w * scale), int(h * scale)
    if (nh, nw) != (h, w):
        picture = cv2.resize(picture, (nw, nh), interpolation=cv2.INTER_LINEAR)
    canvas = np.full((@HEIGHT@, @WIDTH@, 3), @PAD@, np.uint8)
    canvas[:nh, :nw] = picture
    return canvas, scale, 0, 0
)";

const char* const kPythonStretch =
    R"(def place(picture):
    resized = Image.fromarray(picture).resize((@WIDTH@, @HEIGHT@), Image.Resampling.BILINEAR)
    return np.asarray(resized), None, 0, 0
)";

const char* const kPythonCenterCrop =
    R"(def place(picture):  # short side to @SHORT@, then the middle
    h, w = picture.shape[:2]
    nh, nw = (@SHORT@, int(@SHORT@ * w / h)) if h <= w else (int(@SHORT@ * h / w), @SHORT@)
    resized = np.asarray(Image.fromarray(picture).resize((nw, nh), Image.Resampling.BILINEAR))
    top, left = round((nh - @HEIGHT@) / 2), round((nw - @WIDTH@) / 2)
    return resized[top:top + @HEIGHT@, left:left + @WIDTH@], None, left, top
)";

const char* const kPythonPrepare =
    R"(def prepare(path):
    picture = np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("@MODE@"))
    placed, scale, left, top = place(picture)
    placed = placed.reshape(@HEIGHT@, @WIDTH@, @CHANNELS@)@SWAP@
@NORMALISE@    x = np.ascontiguousarray(placed@TRANSPOSE@[None], dtype=np.@TYPE_PY@)
    return x, picture.shape[:2], scale, left, top
)";

const char* const kPythonClassify =
    R"(x, *_ = prepare(sys.argv[1])
scores = run(x)[0].reshape(-1)
for label in np.argsort(-scores)[:5]:
    print(int(label), float(scores[label]))
)";

const char* const kPythonYolov8 =
    R"(x, (height, width), scale, left, top = prepare(sys.argv[1])
rows = run(x)[0][0].T                      # a row per anchor: cx, cy, w, h, a score per class
labels, scores = rows[:, 4:].argmax(1), rows[:, 4:].max(1)
keep = scores > .25
boxes, labels, scores = rows[keep, :4], labels[keep], scores[keep]
corners = np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, 2:]], 1)
apart = corners + np.c_[labels, labels, labels * 0, labels * 0] * 7680   # suppress within a class only
for i in np.asarray(cv2.dnn.NMSBoxes(apart.tolist(), scores.tolist(), .25, .7)).reshape(-1):
    x0, y0, w, h = corners[i] - [left, top, 0, 0]
    box = np.array([x0, y0, x0 + w, y0 + h]) / scale
    print(int(labels[i]), round(float(scores[i]), 3), box.clip(0, [width, height] * 2).round(1).tolist())
)";

const char* const kPythonRaw = R"(x, *_ = prepare(sys.argv[1])
print([y.shape for y in run(x)])
)";

}  // namespace tamis
