#!/usr/bin/env python3
"""mAP50-95 that INT8 files lose on a CPU with AVX2 and without VNNI, on any x86 CPU: there the
runtimes add two products of u8 by s8 in 16 bits, which saturate. The runtimes are copies that are
told of such a CPU (masked_cpu.py); everything runs in them: making the files, the float model,
judging. As in quantise.py the pictures are cut in two halves, each file is made on one and judged on
the other.

  avx2_accuracy.py --python PYTHON [--models MODEL.onnx ...] [--data DATA] [--out DIR] [--forms F ...]

PYTHON is an interpreter with openvino, onnxruntime, numpy and opencv; objdump (binutils) and the
target tamis-cpuid-mask are needed. What OUT already holds is not made again. Beside the forms stands,
for the first model, a file that leaves no room for such sums (--weight-bits 8): where it loses no more
than the limit in either runtime, the CPU was not masked, and nothing is met.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import harness
import masked_cpu
import quantise

FORMS = {"portable": ("ort", "openvino"), "ort": ("ort",), "openvino": ("openvino",)}
NO_ROOM = "8 bits"


def make(model, form, listed, out, env):
    """--weight-bits 7 is what auto is on such a CPU, and the file does not hang on this one."""
    file = out / f"{form.replace(' ', '-')}.onnx"
    if not file.exists():
        bits, target = ("8", "portable") if form == NO_ROOM else ("7", form)
        part = out / "part.onnx"
        subprocess.run([str(harness.program()), "quantize", str(model), "--calibration", str(listed),
                        "--for", target, "--weight-bits", bits, "--out", str(part), "--quiet"],
                       check=True, env=env, stdout=subprocess.DEVNULL)
        part.rename(file)
    return file


def judge(files, halves, args, env):
    """mAP50-95 of [(file made on half 0, on half 1), runtime] pairs."""
    request = [{"files": [str(f) for f in pair], "runtime": runtime} for pair, runtime in files]
    script = Path(__file__).with_name("quantise_judge.py")
    done = subprocess.run([args.python, str(script), str(harness.SHARED / "peers"), str(args.data),
                           *map(str, halves)], input=json.dumps(request), check=True, env=env,
                          stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def compare(model, forms, args, env):
    print(f"  {model.stem}", flush=True)
    out = args.out / model.stem
    made, halves = {form: [] for form in forms}, []
    for fold in (0, 1):
        half, listed = quantise.half_of(args.data, fold, out)
        halves.append(half)
        folder = out / f"made{fold}"
        folder.mkdir(exist_ok=True)
        for form in forms:
            made[form].append(make(model, form, listed, folder, env))
    rows = [(form, runtime) for form in forms for runtime in FORMS.get(form, FORMS["portable"])]
    values = judge([([model, model], "ort")] + [(made[form], runtime) for form, runtime in rows],
                   halves, args, env)
    print(f"    float                     {values[0]:.4f}", flush=True)
    met = True
    for (form, runtime), value in zip(rows, values[1:]):
        lost = values[0] - value
        line = f"    {form:<12} in {runtime:<9} {value:.4f}  lost {lost:+.4f}"
        if form == NO_ROOM:
            good = lost > quantise.MOST_LOST
            line += "  saturates, as it should" if good else "  does NOT saturate: the CPU is not masked"
        else:
            good = lost <= quantise.MOST_LOST
            line += "  " + harness.verdict(lost, quantise.MOST_LOST)
        met &= good
        print(line, flush=True)
    return met


def main():
    parser = harness.peer_parser(__doc__)
    detect = harness.SHARED / "data/detect"
    parser.set_defaults(models=[detect / "yolov8n.onnx", detect / "yolov8s.onnx"])
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=list(FORMS))
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    print("figure: mAP50-95 lost by INT8 files on a CPU with AVX2, without VNNI and AVX-512")
    harness.print_load()
    met = True
    with tempfile.TemporaryDirectory() as folder:
        args.out = (args.out or Path(folder)).resolve()
        env = masked_cpu.environment(args.python, args.out / "masked")
        env["TAMIS_CACHE_DIR"] = str(args.out / "cache")
        for model in args.models:
            forms = [NO_ROOM] * (model == args.models[0]) + args.forms
            met = compare(model, forms, args, env) and met
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
