#!/usr/bin/env python3
"""mAP50-95 of detectors that were made on one half of the pictures, each judged on the other:
quantise_judge.py PEERS DATA HALF0 HALF1, with [{files: [made on HALF0, made on HALF1], runtime}] on
stdin; a list of figures on stdout. Run by quantise.py in the interpreter that has the runtimes."""
import json
import os
import sys
from pathlib import Path


def open_file(file, runtime):
    if runtime == "ort":
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        return lambda x: session.run(None, {name: x})[0]
    import openvino
    compiled = openvino.Core().compile_model(file, "CPU", {
        "INFERENCE_NUM_THREADS": 2, "INFERENCE_PRECISION_HINT": "f32"})
    request = compiled.create_infer_request()
    return lambda x: request.infer({0: x})[0]


def main():
    peers, data, *halves = sys.argv[1:]
    sys.path.insert(0, peers)
    view = Path(halves[0]).parent / "view"
    if not view.exists():
        (view / "object_detection").mkdir(parents=True)
        (view / "images").symlink_to(Path(data, "images").resolve())
        (view / "object_detection/labels").symlink_to(Path(data, "labels").resolve())
    os.environ["COCO128"] = str(view)
    import coco
    import peer_pick
    split = next(p.name for p in sorted(Path(data, "images").iterdir()) if p.is_dir())
    pictures = [sorted(str(p) for p in Path(half).glob("*.jpg")) for half in halves]
    prepared = {f: peer_pick.load_input(f, coco) for f in pictures[0] + pictures[1]}
    values = []
    for wanted in json.load(sys.stdin):
        found = {}
        for made_on, file in enumerate(wanted["files"]):
            infer = open_file(file, wanted["runtime"])
            for picture in pictures[1 - made_on]:
                x, geometry = prepared[picture]
                found[Path(picture).stem] = peer_pick.decode(infer(x), geometry, coco)
        coco.imgs = lambda _split: pictures[0] + pictures[1]
        values.append(float(coco.ap(found, split)[1]))
    json.dump(values, sys.stdout)


if __name__ == "__main__":
    main()
