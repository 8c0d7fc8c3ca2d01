#!/usr/bin/env python3
"""The models of model_zoo.py through Tamis: model_zoo_check.py [--folder DIR] [--only NAME,…] [--steps STEP,…] [--pictures DIR].

It runs the program on each: `inspect`, then simplify, fp16, another resolution, INT8 with pictures (static) and without (dynamic). What
a step gives is run beside the source model, on pictures, by the Python packages onnxruntime and openvino (the latter where it is
installed; onnx, numpy and opencv-python too are needed); another resolution beside the same weights exported at it. It prints a table:
"right", "refused" with the reason (exit status 5, and the reason is true by a test of TRUE_REASONS), WRONG (other outputs, a runtime
refused in which the outputs are right, another error, no end) or REFUSED (for a reason that is not tested here), and ends with status 1
where one of the last two is."""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import SHARED, program
from model_zoo import ZOO, arguments, size_of, twin_name

PATIENCE_S = 600
PICTURES = 8


def constants_of(graph):
    """Names of the values that are weights or made of such."""
    fixed = {tensor.name for tensor in graph.initializer}
    for node in graph.node:
        if all(not i or i in fixed for i in node.input):
            fixed.update(node.output)
    return fixed


def products_with_weights(file):
    """MatMul and Gemm nodes one of whose factors is a weight (or made of constants)."""
    import onnx

    graph = onnx.load(str(file), load_external_data=False).graph
    fixed = constants_of(graph)
    return sum(node.op_type in ("MatMul", "Gemm") and any(i in fixed for i in node.input[:2]) for node in graph.node)


def rows_differ(model):
    """Whether pictures give outputs of different shapes."""
    size = input_size(model.session, model.card_options)
    found = run_in_ort(model.file, prepared(model.pictures, size, None, "float32", 3), model.held)
    return len({tuple(o.shape for o in outputs) for outputs in found}) > 1


def resamples_positions(model):
    """Whether learned positions are resampled (a Resize of weights) to a size that was fixed at export."""
    import onnx

    graph = onnx.load(str(model.file), load_external_data=False).graph
    fixed = constants_of(graph)
    return any(node.op_type == "Resize" and node.output[0] in fixed for node in graph.node)


# Reasons for which a step may be refused, each with what is true of the model then.
TRUE_REASONS = [
    ("there is no matrix product with constant weights", lambda model: products_with_weights(model.file) == 0),
    ("depends on what the image holds", rows_differ),
    ("its values belong to the positions of the model's own size", resamples_positions),
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
    parser = arguments(__doc__)
    parser.add_argument("--pictures", default=str(SHARED / "data/coco128/images"), help="a folder of pictures for INT8")
    parser.add_argument("--steps", default="", help="STEP,STEP: these alone")
    a = parser.parse_args()
    names = a.only.split(",") if a.only else list(ZOO)
    return min(check(Path(a.folder).resolve(), names, a.pictures, a.steps.split(",") if a.steps else []), 1)


if __name__ == "__main__":
    sys.exit(main())
