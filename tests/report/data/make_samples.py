#!/usr/bin/env python3
"""Writes the sample result documents beside it, all but run.json, which `tamis optimize` wrote of the demo's model. Their figures are
made up after the shape of real runs; nothing was measured. Together with run.json they hold every member that docs/schema/result.json names."""
import json
import pathlib
import random

HERE = pathlib.Path(__file__).parent
random.seed(7)


def timing(median, rounds=40, noise=0.02, spikes=0.04):
    samples = [round(median * (1 + random.gauss(0, noise) + (random.random() < spikes) * random.uniform(.2, .8)), 4)
               for _ in range(rounds)]
    ordered = sorted(samples)
    out = {"median": ordered[rounds // 2], "low": ordered[int(rounds * .36)], "high": ordered[int(rounds * .64)],
           "mean": round(sum(samples) / rounds, 4), "samples": rounds, "distribution": samples}
    if rounds >= 20:
        out["p95"] = ordered[int(rounds * .95)]
    return out


def accuracy(metric, value, baseline, half, items, seen=None):
    drop = baseline - value
    return {"metric": metric, "value": value, "low": round(value - .045, 4), "high": round(min(value + .045, 1), 4),
            "baseline": baseline, "drop": round(drop, 5), "drop_low": round(drop - half, 5), "drop_high": round(drop + half, 5),
            "confidence": .95, "items": items, "seen": seen or items, "figures": {metric: value}}


def variant(id, precision, backend, inference, ms, size, memory, level=None, acc=None, gate=None, reason="", state="raced",
            threads=2, rounds=40):
    settings = {"backend": backend, "device": "CPU", "threads": threads}
    if inference:
        settings["inference_precision"] = inference
    if level:
        settings["graph_level"] = level
    parts = [precision, backend] + [p for p in (inference, level) if p] + [f"{threads} thread" + "s" * (threads > 1)]
    recipe = ["simplify"] + ([precision] if precision != "fp32" else [])
    if id == "v01":
        recipe = []
    return {"id": id, "name": " · ".join(parts), "recipe": recipe, "settings": settings, "state": state, "gate": gate,
            "gate_reason": reason, "latency_ms": timing(ms, rounds), "inference_ms": timing(ms * .93, rounds),
            "from_file_ms": timing(ms * 1.35 + 3, 12), "load_ms": round(ms * 2.1, 1), "compile_ms": round(80 + ms * 9, 1),
            "first_ms": round(ms * 2.7, 2), "peak_memory_bytes": memory, "size_bytes": size, "accuracy": acc,
            "effective": {"precision": inference or "f32", "streams": 1, "threads": threads}, "failure": None}


def compare(result):
    baseline = next(v for v in result["variants"] if v["id"] == result["baseline"])
    for v in result["variants"]:
        v["speedup"], v["verdict"] = None, None
        if v["latency_ms"] and v is not baseline:
            ratio = baseline["latency_ms"]["median"] / v["latency_ms"]["median"]
            low, high = ratio * .985, ratio * 1.016
            v["speedup"] = {"ratio": round(ratio, 4), "low": round(low, 4), "high": round(high, 4)}
            v["verdict"] = "faster" if low > 1 else "slower" if high < 1 else "not_distinguishable"
            result["comparisons"].append({"a": baseline["id"], "b": v["id"], **v["speedup"], "verdict": v["verdict"]})


MACHINE = {"cpu": "Intel(R) Xeon(R) Platinum 8481C", "cores": 2, "threads": 2, "smt": "off", "isa": ["avx2", "avx512f", "avx512_vnni", "amx_bf16"],
           "memory_bytes": 8318464000, "kernel": "6.1.0", "governor": None, "container": "docker", "cpu_quota": 2.0}
ENVIRONMENT = {"machine": MACHINE, "runtimes": {"ort": "1.31.1", "openvino": "2026.4.1"},
               "warnings": [{"text": "the CPU governor is not visible, so the clock may move during the run",
                             "remedy": "compare by the paired ratios; absolute times may differ from day to day"},
                            {"text": "other programs used 6 % of the CPU while measuring", "remedy": "stop them and run again for narrower intervals"}]}


def document(**more):
    base = {"schema": "tamis/result/1", "status": "met", "created": "2026-03-01T10:12:44Z", "tamis_version": "0.1.0", "objective": "latency",
            "confidence": .95, "baseline": "v01", "runner_up": None, "fastest_estimated": None, "nearest_miss": None, "counterfactuals": [],
            "comparisons": [], "environment": ENVIRONMENT, "warnings": []}
    base.update(more)
    compare(base)
    base["counts"] = {"variants": len(base["variants"]), "measured": sum(v["latency_ms"] is not None for v in base["variants"]),
                      "evaluated": sum(v["accuracy"] is not None for v in base["variants"]),
                      "failed": sum(v["state"] == "failed" for v in base["variants"])}
    return base


def detector():
    def a(value, half=.0035, seen=None):
        return accuracy("map50_95", value, .4359, half, 128, seen)
    mb = 1_000_000
    variants = [
        variant("v01", "fp32", "ort", None, 28.2, int(12.8 * mb), 180 * mb, "all", a(.4359, 0), "met", "the baseline"),
        variant("v02", "fp32", "ort", None, 31.6, int(12.8 * mb), 182 * mb, "basic", None, None, "slower than a variant that met the gates", "screened_out", rounds=8),
        variant("v03", "fp32", "ort", None, 47.9, int(12.8 * mb), 176 * mb, "all", None, None, "slower than a variant that met the gates", "screened_out", 1, 8),
        variant("v04", "fp32", "openvino", "f32", 24.4, int(12.8 * mb), 231 * mb, None, a(.4358, .0002), "met", "drop 0.02 % [-0.02, 0.07] %"),
        variant("v05", "fp32", "openvino", "bf16", 14.3, int(12.8 * mb), 214 * mb, None, a(.4351, .0019), "met", "drop 0.18 % [-0.25, 0.62] %"),
        variant("v06", "fp32", "openvino", "bf16", 22.8, int(12.8 * mb), 211 * mb, None, a(.4351, .0019), "met", "same outputs as v05", threads=1),
        variant("v07", "int8-static", "openvino", "f32", 10.2, int(3.4 * mb), 168 * mb, None, a(.4349, .0028), "met", "drop 0.23 % [-0.41, 0.87] %"),
        variant("v08", "int8-static", "openvino", "bf16", 10.0, int(3.4 * mb), 166 * mb, None, a(.4331, .0049), "estimated", "drop 0.64 % [-0.48, 1.77] %, limit 1 %"),
        variant("v09", "int8-static", "ort", None, 18.3, int(3.4 * mb), 141 * mb, "all", a(.4251, .0054), "missed", "drop 2.48 %, limit 1 %"),
        variant("v10", "int8-static", "ort", None, 19.0, int(3.4 * mb), 140 * mb, "extended", a(.4250, .0054, 64), "missed", "decided after 64 items"),
        variant("v11", "int8-static", "openvino", "f32", 16.5, int(3.4 * mb), 160 * mb, None, a(.4349, .0028), "met", "same outputs as v07", threads=1),
        variant("v12", "int8-static (percentile)", "openvino", "f32", 10.3, int(3.4 * mb), 168 * mb, None, a(.3790, .01, 32), "missed", "decided after 32 items"),
        variant("v13", "int8-static (percentile)", "ort", None, 18.5, int(3.4 * mb), 141 * mb, "all", a(.4114, .0061), "missed", "drop 5.62 %, limit 1 %"),
        variant("v14", "int8-static", "openvino", "f16", 10, int(3.4 * mb), 0),
    ]
    failed = variants[-1]
    failed.update(state="failed", gate=None, latency_ms=None, inference_ms=None, from_file_ms=None, load_ms=None, compile_ms=None,
                  first_ms=None, peak_memory_bytes=None, effective={},
                  failure={"code": "unsupported", "text": "open model: the CPU device has no f16; it has f32, bf16 and int8",
                           "command": "tamis bench detector.onnx --backend openvino --inference-precision f16 --threads 2"})
    return document(
        command="tamis optimize detector.onnx --data coco128.yaml --max-drop 1% --confidence 95% --budget 10m --out out", wall_s=412.7,
        model={"path": "detector.onnx", "name": "detector", "hash": "9f2c1b7a60d4e8835ac1", "size_bytes": int(12.8 * mb), "task": "detect",
               "metric": "map50_95", "input_size": [640, 640], "parameters": 3151904, "macs": 4371000000},
        card={"task": "detect", "input": {"size": [640, 640], "color": "rgb", "scale": 255, "mean": [0, 0, 0], "std": [1, 1, 1], "resize": "letterbox", "pad": 114},
              "decoder": "yolov8", "sources": {"input.size": "model metadata"}},
        data={"evaluation": {"path": "coco128.yaml", "split": "val", "items": 96}, "calibration": {"path": "coco128.yaml", "split": "a seeded quarter", "items": 32},
              "notes": ["train and val name the same pictures, so a seeded quarter was set aside for calibration"]},
        gates=[{"kind": "max_drop", "text": "at most 1 % below the baseline's mAP50-95", "limit": .01, "relative": True}],
        pick="v07", runner_up="v05", fastest_estimated={"id": "v08", "items_needed": 410, "probability": .83},
        reasons=["v07 is the fastest of the 6 variants whose drop is at most 1 % at 95 % confidence",
                 "its lead over v05, the next that met the gate, was confirmed on 40 fresh rounds: 1.40 times as fast [1.38, 1.42]",
                 "v08 is 2 % faster, but its drop may be as large as 1.77 %"],
        counterfactuals=["with --max-drop 2% the pick would be v08", "with --confidence 80% the pick would be v08", "with 410 evaluation images v08 would be settled either way"],
        variants=variants)


def nearest_miss():
    doc = detector()
    keep = {"v01", "v04", "v09", "v13"}
    variants = [v for v in doc["variants"] if v["id"] in keep]
    for v in variants:
        v["gate"], v["gate_reason"] = "missed", "latency " + str(v["latency_ms"]["median"]) + " ms, limit 8 ms"
    return document(**{k: doc[k] for k in ("command", "wall_s", "model", "card", "data")}, variants=variants, status="nearest_miss",
                    gates=doc["gates"] + [{"kind": "max_latency", "text": "at most 8 ms", "limit": 8}], pick="v01",
                    nearest_miss={"id": "v09", "text": "10.3 ms too slow, and 1.48 % beyond the drop's limit"},
                    reasons=["no variant takes at most 8 ms", "the nearest is v09"], counterfactuals=["with --max-latency 19ms and --max-drop 3% the pick would be v09"])


def classifier():
    def a(value, half=.003, seen=None):
        return accuracy("top1", value, .9173, half, 10000, seen)
    kb = 1000
    variants = [
        variant("v01", "fp32", "ort", None, .262, 1093 * kb, 44_000_000, "all", a(.9173, 0), "met", "the baseline", rounds=60),
        variant("v02", "fp32", "openvino", "f32", .238, 1093 * kb, 71_000_000, None, a(.9173, .0001), "met", rounds=60),
        variant("v03", "fp32", "openvino", "bf16", .158, 1093 * kb, 70_000_000, None, a(.9171, .0008), "met", rounds=60),
        variant("v04", "int8-static", "openvino", "bf16", .149, 301 * kb, 69_000_000, None, a(.9168, .0019), "met", rounds=60),
        variant("v05", "int8-static", "ort", None, .231, 301 * kb, 43_000_000, "all", a(.9170, .0019), "met", rounds=60),
    ]
    return document(
        command="tamis optimize resnet20.onnx --data cifar10 --max-drop 0.5pt --out out", wall_s=61.2,
        model={"path": "resnet20.onnx", "name": "resnet20", "hash": "11aa", "size_bytes": 1093 * kb, "task": "classify", "metric": "top1",
               "input_size": [32, 32], "parameters": 269722, "macs": 40813184},
        card={"task": "classify", "input": {"size": [32, 32], "color": "rgb", "scale": 255, "mean": [.485, .456, .406], "std": [.229, .224, .225], "resize": "stretch"},
              "decoder": "classifier"},
        data={"evaluation": {"path": "cifar10", "split": "test", "items": 10000}, "calibration": {"path": "cifar10", "split": "train", "items": 100}, "notes": []},
        gates=[{"kind": "max_drop", "text": "at most 0.5 pt below the baseline's top-1", "limit": .005, "relative": False}],
        pick="v04", runner_up="v03", reasons=["v04 is the fastest of the 5 variants that met the gate"],
        counterfactuals=["without v04 the pick would be v03"], variants=variants)


def segmenter():
    """Every section that the others leave out: throughput, from pixels, changed masks, layers given back, what a caller has to change."""
    mb = 1_000_000

    def a(value, half=.004):
        return {**accuracy("mask_map50_95", value, .3052, half, 128), "drop_kind": "relative", "probability": .97}

    def detailed(row, per_second):
        for key in ("latency_ms", "inference_ms", "from_file_ms"):
            row[key].update(p95=row[key]["median"] * 1.2, p99=row[key]["median"] * 1.4, inferences=900, instances=12,
                            within_low=row[key]["low"], within_high=row[key]["high"])
        row["prepare_ms"] = {**timing(.4, 40), "p99": .6, "inferences": 900}
        row["images_per_s"] = {"median": per_second, "low": per_second * .98, "high": per_second * 1.02, "within_low": per_second * .99,
                               "within_high": per_second * 1.01, "samples": 40, "instances": 12, "in_flight": 2, "batch": 1}
        row["timed_in"], row["given_back"] = "confirmation", None
        return row

    variants = [detailed(variant("v01", "fp32", "ort", None, 61.0, int(13.8 * mb), 210 * mb, "all", a(.3052, 0), "met", "the baseline"), 16.4),
                detailed(variant("v02", "int8-static", "openvino", "f32", 20.4, int(3.7 * mb), 190 * mb, None, a(.2990), "missed", "drop 2.03 %, limit 1 %"), 49.0),
                detailed(variant("v03", "int8-static", "openvino", "f32", 22.1, int(3.9 * mb), 191 * mb, None, a(.3046), "met", "drop 0.20 %, limit 1 %"), 45.2)]
    variants[1]["gate_fact"] = {"fact": "latency", "value": 20.4, "at_most": 20.6, "limit": 20.0}
    variants[2]["gate_fact"] = {"fact": "accuracy", "together": 2}
    variants[2]["given_back"] = {"from": "v02", "of": 66, "layers": [
        {"node": "/model.22/cv4.0/Conv", "gain_db": 2.4, "together": 1, "only_together": False, "gain_closeness": .004, "extra_ms": .12,
         "reason": "given back: +2.4 dB at the output, predictions +0.0040 closer for 0.12 ms"},
        {"node": "/model.22/cv4.1/Conv", "gain_db": 1.1, "together": 2, "only_together": True, "gain_closeness": None, "extra_ms": None,
         "reason": "given back with another: +1.1 dB at the output"}]}

    def object(name, x, score):
        return {"box": [x, 20, x + 80, 120], "score": score, "class": name, "mask": "0"}

    changes = {"reason": None, "variant": "v03", "role": "pick", "data": {"path": "coco128-seg", "split": "val"}, "items": 128, "changed": 2, "largest": .9,
               "totals": {"same": 700, "lost": 2, "gained": 1, "relabelled": 1},
               "worst": [{"item": "000000000009.jpg", "amount": .9, "changed": True, "mask_size": [480, 640],
                          "truth": {"objects": [{"box": [10, 20, 90, 120], "class": "cat"}]},
                          "objects": [
                              {"kind": "lost", "baseline": object("cat", 10, .83), "variant": object("cat", 10, .1), "overlap": .9, "amount": .73},
                              {"kind": "gained", "baseline": None, "variant": object("dog", 200, .5), "overlap": 0, "amount": .5},
                              {"kind": "relabelled", "baseline": object("bed", 300, .6), "variant": object("couch", 300, .5), "overlap": .8, "amount": .4}]},
                         {"item": "000000000025.jpg", "amount": .3, "changed": True, "mask_size": [426, 640], "truth": None,
                          "objects": [{"kind": "lost", "baseline": object("bird", 50, .3), "variant": None, "overlap": 0, "amount": .3}]}],
               "per_class": {"metric": "mask_map50_95", "confidence": .95, "intervals": 2, "classes": [
                   {"class": "cat", "objects": 40, "items": 31, "baseline": .5, "variant": .41, "difference": -.09, "low": -.17, "high": -.01, "verdict": "worse", "reason": ""},
                   {"class": "dog", "objects": 38, "items": 30, "baseline": .52, "variant": .53, "difference": .01, "low": -.02, "high": .04,
                    "verdict": "not_distinguishable", "reason": ""},
                   {"class": "bed", "objects": 3, "items": 3, "baseline": .2, "variant": .2, "difference": 0, "low": None, "high": None, "verdict": None,
                    "reason": "in 3 items; a comparison needs 20"}]}}
    doc = document(
        command="tamis optimize segmenter.onnx --data coco128-seg --objective throughput --allow input --max-drop 1% --out out", wall_s=598.2,
        objective="throughput", latency_from="pixels",
        caller_changes=["input images: u8 [1,640,640,3], instead of f32 [1,3,640,640]", 'card: input/type: "u8", instead of nothing'],
        model={"path": "segmenter.onnx", "name": "segmenter", "hash": "77c0", "size_bytes": int(13.8 * mb), "task": "segment", "metric": "mask_map50_95",
               "input_size": [640, 640], "parameters": 3404320, "macs": 6300000000},
        card={"task": "segment", "input": {"size": [640, 640], "color": "rgb", "scale": 255, "mean": [0, 0, 0], "std": [1, 1, 1], "resize": "letterbox", "pad": 114,
                                           "short_side": 0, "anchor": "center"},
              "decoder": "yolov8-seg", "outputs": ["predictions", "prototypes"], "labels": ["cat", "dog", "bed"], "sources": {"decoder": "shapes"}},
        data={"evaluation": {"path": "coco128-seg", "split": "val", "items": 128}, "calibration": {"path": "coco128-seg", "split": "train", "items": 100}, "notes": [],
              "truth": "baseline", "caveat": "without labels the baseline's predictions stand for the truth", "skipped": ["broken.jpg (it ends too early)"],
              "about": {"path": "coco128-seg", "split": "val", "pictures": 128, "labelled": 126, "with_objects": 120, "without_objects": 6, "without_label_file": 2,
                        "objects": 929, "kinds": {"masks": 929}, "classes_seen": 71, "repeated_labels": 3, "boxes_outside": 1,
                        "classes": {"matched": "by name", "text": "3 classes of the model's 80 are in the data by name", "doubtful": True}}},
        gates=[{"kind": "max_drop", "text": "at most 1 % below the baseline's mask mAP50-95", "limit": .01, "relative": True}],
        pick="v03", reasons=["v03 is the fastest that meets the gate"], counterfactuals=["with --max-drop 3% the pick would be v02"], changes=changes,
        reason_facts=[{"fact": "fewest_steps", "variants": 2, "id": "v03"}], what_if_facts=[{"fact": "max_drop", "id": "v02", "limit": .03}],
        explain={"reason": "the runtime names no layers"}, variants=variants,
        files={"model.onnx": {"bytes": int(3.9 * mb), "hash": "5d41402a"}})
    for row in [v["speedup"] for v in doc["variants"] if v["speedup"]] + doc["comparisons"]:
        row.update(rounds=40, instances=2, instances_differ=.01, within_low=row["low"], within_high=row["high"],
                   no_interval="2 instances; an interval needs 3")
    doc["comparisons"][-1].update(low=None, high=None, verdict="not_distinguishable")
    return doc


for name, make in (("detector", detector), ("nearest_miss", nearest_miss), ("classifier", classifier), ("segmenter", segmenter)):
    (HERE / f"{name}.json").write_text(json.dumps(make(), ensure_ascii=False, separators=(",", ":")) + "\n")
