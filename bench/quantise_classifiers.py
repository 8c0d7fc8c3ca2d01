#!/usr/bin/env python3
"""INT8 classifiers against those of the known tools: top-1 lost on pictures that nobody calibrated
on. CIFAR-10: calibrated on 500 pictures of the train part, judged on the test part; ImageNet: every
fifth picture calibrates, the others judge. Peers: onnxruntime's quantize_static (u8 QDQ, per
channel) in ONNX Runtime; NNCF on OpenVINO (mixed and default preset, the better one counts). Everybody's
files are run and judged by the same few lines of Python, on the same tensors.

  quantise_classifiers.py --python PYTHON [--data SHARED_DATA] [--out DIR] [--corrections LEVEL]

PYTHON is an interpreter with nncf, openvino, onnx, onnxruntime, numpy and opencv. What OUT already
holds is not made again. Met: top-1 lost is at most the best peer's, or the interval of the paired
difference (95 %, per picture) holds 0.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import harness

MODELS = {"cifar10_resnet20": "cifar10", "cifar10_resnet56": "cifar10",
          "mobilenet_v2_1.0_224": "imagenet500"}
FORMS = {"portable": ("ort", "openvino"), "ort": ("ort",), "openvino": ("openvino",)}
PEERS = {"onnxruntime": ("ort", "ort.onnx"), "nncf_mixed": ("openvino", "nncf_mixed.xml"),
         "nncf_default": ("openvino", "nncf_default.xml")}
CALIBRATE_ON = 500


# ---- in PYTHON: tensors, peers, judging ----

def cifar_items(folder, names):
    import numpy as np
    raw = np.concatenate([np.fromfile(folder / n, np.uint8).reshape(-1, 3073) for n in names])
    x = raw[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / 255
    mean = np.array([.485, .456, .406], np.float32)[:, None, None]
    std = np.array([.229, .224, .225], np.float32)[:, None, None]
    return [(p[None], int(label)) for p, label in zip((x - mean) / std, raw[:, 0])]


def imagenet_item(file, label):
    import cv2
    import numpy as np
    picture = cv2.imread(str(file))
    h, w = picture.shape[:2]
    scale = 256 / min(h, w)
    size = (max(256, round(w * scale)), max(256, round(h * scale)))
    picture = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
    top, left = (size[1] - 224) // 2, (size[0] - 224) // 2
    picture = picture[top:top + 224, left:left + 224, ::-1]
    return picture.transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1, label


def imagenet_files(folder):
    rows = [line.split() for line in (folder / "labels.txt").read_text().splitlines() if line.strip()]
    return [(folder / name, int(label)) for name, label, *_ in rows]


def items_of(dataset, data, part):
    folder = data / dataset
    if dataset == "cifar10":
        names = ([f"data_batch_{i}.bin" for i in range(1, 6)] if part == "calibrate"
                 else ["test_batch.bin"])
        items = cifar_items(folder, names)
        return items[::max(1, len(items) // CALIBRATE_ON)][:CALIBRATE_ON] if part == "calibrate" else items
    files = imagenet_files(folder)
    chosen = [f for i, f in enumerate(files) if (i % 5 == 0) == (part == "calibrate")]
    return [imagenet_item(*f) for f in chosen]


def make_peer(peer, model, items, out):
    if peer == "onnxruntime":
        import onnx
        from onnxruntime.quantization import (CalibrationDataReader, QuantFormat, QuantType,
                                              quantize_static)
        from onnxruntime.quantization.shape_inference import quant_pre_process
        name = onnx.load(model).graph.input[0].name

        class Reader(CalibrationDataReader):
            def __init__(self):
                self.items = iter(items)

            def get_next(self):
                item = next(self.items, None)
                return item and {name: item[0]}

        prepared = out.with_suffix(".prepared.onnx")
        quant_pre_process(str(model), str(prepared))
        quantize_static(str(prepared), str(out), Reader(), quant_format=QuantFormat.QDQ,
                        per_channel=True, activation_type=QuantType.QUInt8,
                        weight_type=QuantType.QInt8)
        return
    import nncf
    import openvino
    preset = {"nncf_mixed": nncf.QuantizationPreset.MIXED,
              "nncf_default": nncf.QuantizationPreset.PERFORMANCE}[peer]
    quantised = nncf.quantize(openvino.convert_model(model), nncf.Dataset(items, lambda i: i[0]),
                              subset_size=len(items), preset=preset)
    openvino.save_model(quantised, str(out), compress_to_fp16=False)


def right_answers(file, runtime, items):
    import quantise_judge
    infer = quantise_judge.open_file(str(file), runtime)
    return [int(infer(x).reshape(-1).argmax()) == label for x, label in items]


def inside(request):
    """A step that needs PYTHON; prints its result as JSON on the last line."""
    data, dataset = Path(request["data"]), request["dataset"]
    if request["step"] == "make":
        items = items_of(dataset, data, "calibrate")
        make_peer(request["peer"], Path(request["model"]), items, Path(request["out"]))
        print("\n" + json.dumps(len(items)))
        return
    items = items_of(dataset, data, "judge")
    print("\n" + json.dumps([right_answers(f, r, items) for f, r in request["files"]]))


# ---- outside ----

def ask(args, **request):
    done = subprocess.run([args.python, __file__, "--inside"], input=json.dumps(request), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def calibration_folder(dataset, data, folder):
    """What the program calibrates on: links to the train batches, or a list of files."""
    if dataset == "cifar10":
        folder = folder / "cifar10_train"
        folder.mkdir(parents=True, exist_ok=True)
        for batch in sorted((data / dataset).glob("data_batch_*.bin")):
            if not (folder / batch.name).exists():
                (folder / batch.name).symlink_to(batch.resolve())
        return folder
    listed = folder / f"{dataset}.txt"
    files = [f for i, (f, _) in enumerate(imagenet_files(data / dataset)) if i % 5 == 0]
    listed.write_text("".join(f"{f.resolve()}\n" for f in files))
    return listed


def make_ours(model, form, pictures, out, args):
    file, notes = out / f"{form}.onnx", out / f"{form}.json"
    if not notes.exists():
        done = subprocess.run([str(harness.program()), "quantize", str(model), "--calibration",
                               str(pictures), "--items", str(CALIBRATE_ON), "--for", form,
                               *(["--corrections", args.corrections] if args.corrections else []),
                               "--out", str(file), "--json", "--quiet"], check=True,
                              stdout=subprocess.PIPE)
        notes.write_bytes(done.stdout)
    return file


def paired(ours, theirs):
    """Accuracy of ours minus theirs with its 95 % interval over the same pictures."""
    n = len(ours)
    differences = [int(a) - int(b) for a, b in zip(ours, theirs)]
    mean = sum(differences) / n
    deviation = (sum((d - mean) ** 2 for d in differences) / (n - 1) / n) ** 0.5
    return mean, mean - 1.96 * deviation, mean + 1.96 * deviation


def compare(stem, dataset, args, out):
    model = args.data / "classify" / f"{stem}.onnx"
    out.mkdir(parents=True, exist_ok=True)
    pictures = calibration_folder(dataset, args.data, out)
    wanted = [("fp32", model, "ort")]
    for form, runtimes in FORMS.items():
        file = make_ours(model, form, pictures, out, args)
        wanted += [(form, file, runtime) for runtime in runtimes]
    for peer, (runtime, name) in PEERS.items():
        if not (out / name).exists():
            ask(args, step="make", peer=peer, model=str(model), data=str(args.data), dataset=dataset,
                out=str(out / name))
        wanted.append((peer, out / name, runtime))
    answers = ask(args, step="judge", data=str(args.data), dataset=dataset,
                  files=[(str(file), runtime) for _, file, runtime in wanted])
    return report(stem, wanted, answers)


def report(stem, wanted, answers):
    count = len(answers[0])
    value = {id(a): sum(a) / count for a in answers}
    peers = [(w, a) for w, a in zip(wanted, answers) if w[0] in PEERS]
    best, best_answers = max(peers, key=lambda p: value[id(p[1])])
    print(f"{stem}: {count} pictures, best peer {best[0]}")
    met = True
    for (name, _, runtime), right in zip(wanted, answers):
        line = (f"  top-1 {name:<12} in {runtime:<9} {value[id(right)]:.4f}  "
                f"lost {value[id(answers[0])] - value[id(right)]:+.4f}")
        if name in FORMS:
            mean, low, high = paired(right, best_answers)
            good = high >= 0
            met &= good
            line += f"  over best peer {mean:+.4f} [{low:+.4f}, {high:+.4f}]: " + (
                "met" if good else "MISSED")
        print(line, flush=True)
    return met


def main():
    if sys.argv[1:] == ["--inside"]:
        inside(json.load(sys.stdin))
        return
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=harness.SHARED / "data")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS))
    parser.add_argument("--corrections", choices=["none", "fast", "all"])
    parser.add_argument("--out")
    args = parser.parse_args()
    print("figure: INT8 classifiers against the known tools'")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(args.out or folder)
        met = [compare(stem, MODELS[stem], args, out / stem) for stem in args.models]
    raise SystemExit(0 if all(met) else 1)


if __name__ == "__main__":
    main()
