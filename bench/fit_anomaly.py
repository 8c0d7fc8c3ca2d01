#!/usr/bin/env python3
"""`tamis fit anomaly` against a NumPy PaDiM on the same features, and `tamis eval` against scikit-learn and a plain PRO:
fit_anomaly.py [--backbone FILE] [--data MVTEC_FOLDER]. Needs numpy, pillow, onnx, onnxruntime, scipy and scikit-learn.
Ends with status 1 where a limit is missed."""
import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from PIL import Image
from scipy import ndimage
from sklearn.metrics import roc_auc_score

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("TAMIS_SHARED", ROOT.parent / "shared")) / "data"
TAMIS = os.environ.get("TAMIS", str(ROOT / "build/release/tamis"))
SAME_AUROC, SAME_PRO, SAME_MEMORY = .005, 1e-3, 1.02


def tamis(*arguments):
    done = subprocess.run([TAMIS, *map(str, arguments), "--json", "--quiet"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def session_of(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class Pictures:
    """As the backbone's card says: stretched with Pillow's antialiased bilinear filter."""

    def __init__(self, card, size):
        self.card, self.size = card, size

    def load(self, file):
        picture = Image.open(file).convert("RGB").resize(self.size[::-1], Image.BILINEAR)
        x = np.asarray(picture, np.float32) / self.card["scale"]
        x = (x - np.float32(self.card["mean"])) / np.float32(self.card["std"])
        return np.ascontiguousarray(x.transpose(2, 0, 1)[None], np.float32)


def features_of(backbone, made, pictures, files):
    """[N, kept channels, H, W], nearest to the finest layer's size."""
    model = onnx.load(backbone)
    names = [layer["value"] for layer in made["layers"]]
    for name in names:
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    session = session_of(model.SerializeToString())
    side = made["layers"][0]["size"]
    kept = np.array(made["channels"])
    for file in files:
        maps = session.run(names, {session.get_inputs()[0].name: pictures.load(file)})
        rows = [np.arange(side[0]) * m.shape[2] // side[0] for m in maps]
        columns = [np.arange(side[1]) * m.shape[3] // side[1] for m in maps]
        raised = [m[0][:, r][:, :, c] for m, r, c in zip(maps, rows, columns)]
        yield np.concatenate(raised)[kept]


def numpy_padim(train, test, input_size):
    """Defard et al. 2020; scores of the test pictures and their maps."""
    x = np.stack(list(train)).transpose(2, 3, 0, 1).astype(np.float64)  # [H, W, N, F]
    mean = x.mean(2)
    x -= mean[:, :, None]
    count = x.shape[2]
    inverse = np.empty(x.shape[:2] + (x.shape[3],) * 2)
    for row in range(x.shape[0]):
        cov = np.einsum("wnf,wng->wfg", x[row], x[row], optimize=True) / (count - 1)
        inverse[row] = np.linalg.inv(cov + .01 * np.eye(x.shape[3]))
    del x
    for f in test:
        d = f.transpose(1, 2, 0) - mean
        distance = np.sqrt(np.einsum("hwf,hwfg,hwg->hw", d, inverse, d, optimize=True))
        yield ndimage.gaussian_filter(bilinear(distance, input_size), 4, mode="nearest", truncate=4)


def bilinear(values, size):
    """Half-pixel centres, borders repeated."""
    def axis(cells, pixels):
        at = np.clip((np.arange(pixels) + .5) * cells / pixels - .5, 0, cells - 1)
        first = np.floor(at).astype(int)
        return first, np.minimum(first + 1, cells - 1), at - first
    top, bottom, y = axis(values.shape[0], size[0])
    left, right, x = axis(values.shape[1], size[1])
    rows = values[top] * (1 - y)[:, None] + values[bottom] * y[:, None]
    return rows[:, left] * (1 - x) + rows[:, right] * x


def plain_pro(maps, masks, most=.3):
    """Every pixel's score is a threshold."""
    scores = np.concatenate([m.ravel() for m in maps])
    normal = np.concatenate([(m == 0).ravel() for m in masks])
    share = np.zeros(scores.size)
    begin = regions = 0
    for mask in masks:
        label, count = ndimage.label(mask != 0, structure=np.ones((3, 3)))
        part = share[begin:begin + mask.size]
        sizes = np.bincount(label.ravel())
        part[:] = np.where(label.ravel() > 0, 1 / sizes[label.ravel()], 0)
        begin, regions = begin + mask.size, regions + count
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.diff(scores[order]) != 0, True)
    rate = np.insert((np.cumsum(normal[order]) / normal.sum())[last], 0, 0)
    found = np.insert((np.cumsum(share[order]) / regions)[last], 0, 0)
    inside = rate <= most
    x, y = np.append(rate[inside], most), np.append(found[inside], np.interp(most, rate, found))
    return np.trapezoid(y, x) / most


def prepared_copy(data, size, folder):
    """The test pictures at the model's own size, so that both sides see the same bytes."""
    for kind in sorted(p.name for p in (data / "test").iterdir()):
        for f in sorted((data / "test" / kind).iterdir()):
            to = folder / "test" / kind / (f.stem + ".png")
            to.parent.mkdir(parents=True, exist_ok=True)
            Image.open(f).convert("RGB").resize(size[::-1], Image.BILINEAR).save(to)
            if kind != "good":
                to = folder / "ground_truth" / kind / (f.stem + "_mask.png")
                to.parent.mkdir(parents=True, exist_ok=True)
                mask = Image.open(data / "ground_truth" / kind / to.name).convert("L")
                mask.resize(size[::-1], Image.NEAREST).save(to)
    return folder


def judge(name, ours, theirs, limit):
    ok = abs(ours - theirs) <= limit
    print(f"{name:<44} {ours:.5f}  {theirs:.5f}  {'' if ok else 'MISSED: '}differ by {abs(ours - theirs):.5f}, at most {limit}")
    return ok


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--backbone", type=Path, default=SHARED / "classify/mobilenet_v2_1.0_224.onnx")
    arguments.add_argument("--data", type=Path, default=SHARED / "magnetic_tile")
    a = arguments.parse_args()
    good = True
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "padim.onnx")
        peaks = {}
        for items in (100, 10 ** 9):
            done = tamis("fit", "anomaly", "--backbone", a.backbone, "--data", a.data, "--items", min(items, 10 ** 6), "--out", file)
            peaks[done["fitted"] + done["held_out"]] = done["peak_memory_bytes"]
        (few, low), (many, high) = sorted(peaks.items())
        flat = high <= SAME_MEMORY * low
        good &= flat
        print(f"peak memory, {few} / {many} pictures: {low / 1e6:.0f} / {high / 1e6:.0f} MB{'' if flat else '  MISSED: grows'}; "
              f"{file.stat().st_size / 1e6:.0f} MB file, {done['wall_s']:.1f} s")
        card = tamis("inspect", a.backbone)["card"]["input"]
        size = tamis("inspect", file)["card"]["input"]["size"]
        pictures = Pictures(card, size)
        train = sorted(a.data.glob("train/good/*"))
        train = [f for i, f in enumerate(train) if i % 5 != 4]  # the fifth ones make the threshold
        test = sorted(a.data.glob("test/*/*"))
        defective = np.array([f.parent.name != "good" for f in test])
        peer = [m.max() for m in numpy_padim(features_of(a.backbone, done, pictures, train),
                                             features_of(a.backbone, done, pictures, test), size)]
        ours = tamis("eval", file, "--data", a.data)["metrics"]
        print(f"{'':<44} ours     peer")
        good &= judge("AUROC / NumPy PaDiM on the same features", ours["auroc"], roc_auc_score(defective, peer), SAME_AUROC)
        print(f"PRO {ours['pro']:.4f}, pixel AUROC {ours['pixel_auroc']:.4f}; threshold {done['threshold']:.3f}: "
              f"false alarms {ours['false_alarms']:.3f}, defects found {ours['found']:.3f}")
        session = session_of(str(file))
        copy = prepared_copy(a.data, size, Path(folder, "copy"))
        test = sorted(copy.glob("test/*/*"))
        name = session.get_inputs()[0].name
        scores, maps, masks = [], [], []
        for f, bad in zip(test, defective):
            score, map_ = session.run(["score", "map"], {name: pictures.load(f)})
            scores.append(float(score.item()))
            whole = Image.open(f).size[::-1]
            maps.append(bilinear(map_[0, 0], whole).astype(np.float32))
            mask = copy / "ground_truth" / f.parent.name / (f.stem + "_mask.png")
            masks.append(np.asarray(Image.open(mask).convert("L")) if bad else np.zeros(whole, np.uint8))
        ours = tamis("eval", file, "--data", copy)["metrics"]
        good &= judge("AUROC / scikit-learn on this model's scores", ours["auroc"], roc_auc_score(defective, scores), 1e-9)
        pixels = np.concatenate([m.ravel() for m in maps])
        truth = np.concatenate([m.ravel() != 0 for m in masks])
        good &= judge("pixel AUROC / scikit-learn", ours["pixel_auroc"], roc_auc_score(truth, pixels), SAME_PRO)
        good &= judge("PRO to .3 / plain NumPy", ours["pro"], plain_pro(maps, masks), SAME_PRO)
        with_openvino = tamis("eval", file, "--data", copy, "--backend", "openvino")["metrics"]
        good &= judge("AUROC in ONNX Runtime / OpenVINO, f32", ours["auroc"], with_openvino["auroc"], SAME_PRO)
        good &= judge("PRO in ONNX Runtime / OpenVINO, f32", ours["pro"], with_openvino["pro"], SAME_PRO)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
