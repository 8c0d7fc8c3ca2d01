"""Kills `tamis optimize` of the demo model again and again: the program, one of its workers, or both, by any signal, at random instants. Each time
the same command goes on; in the end it must give what an undisturbed run gives, and leave nothing behind.

    python bench/kills.py --kills 1000 --seed 1 [--tamis build/release/tamis] [--chain 5] [--precision fp32,int8-static]

A chain is one output folder and one cache: up to --chain kills, then the run to the end, with --retry-failed where a worker was made to crash
(which is kept as the variant's failure). The objective is size, so that the choice hangs on no time. Compared: the plan, each variant's state,
gate and accuracy, the pick, and the files handed over, by content. Prints a line per chain and a JSON document; exit status 1 where anything differs."""
import argparse
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# All whose default is to end the process or to stop it; the last ones are no crash, the first ones look like one.
CRASHES = ["SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT", "SIGSYS", "SIGTRAP", "SIGXCPU", "SIGXFSZ"]
OTHERS = ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGIO", "SIGPWR"]
ARGUMENTS = ["--backend", "ort", "--threads", "1", "--form", "ort", "--graph-level", "all",
             "--objective", "size", "--confidence", "50%", "--max-drop", "50%", "--budget", "30m", "--json"]


def make_data(folder, count=80):
    """Pictures of noise as IDX files, as the demo model takes them; calibration and evaluation."""
    numbers = random.Random(7)
    folder.mkdir(parents=True)
    for split, size in (("train", 30), ("t10k", count)):
        pixels = bytearray()
        for _ in range(size):
            low, reach, grain = numbers.randrange(128), 1 + numbers.randrange(128), 1 + numbers.randrange(9)
            cells = [low + numbers.randrange(reach) for _ in range(28 * 28)]
            pixels += bytes(cells[p // 28 // grain * 28 + p % 28 // grain] for p in range(28 * 28))
        labels = bytes(numbers.randrange(10) for _ in range(size))
        (folder / f"{split}-images-idx3-ubyte").write_bytes(struct.pack(">BBBBIII", 0, 0, 8, 3, size, 28, 28) + bytes(pixels))
        (folder / f"{split}-labels-idx1-ubyte").write_bytes(struct.pack(">BBBBI", 0, 0, 8, 1, size) + labels)


class Chain:
    """One output folder, one cache and one folder for temporary files."""

    def __init__(self, tamis, precisions, base, name):
        self.folder = base / name
        for part in ("tmp", "cache"):
            (self.folder / part).mkdir(parents=True)
        self.command = [str(tamis), "optimize", str(ROOT / "demo/fashion_resnet.onnx"), "--data", str(base / "data"),
                        "--out", str(self.folder / "out"), "--precision", precisions, *ARGUMENTS]
        self.environment = dict(os.environ, TMPDIR=str(self.folder / "tmp"), TAMIS_CACHE_DIR=str(self.folder / "cache"),
                                TAMIS_LOCK_FILE=str(base / "lock"))

    def start(self, *more):
        log = open(self.folder / "log", "ab")
        return subprocess.Popen([*self.command, *more], env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def to_the_end(self, *more):
        status = self.start(*more).wait()
        if status not in (0, 10):
            raise SystemExit(f"{self.folder}: exit status {status}\n" + (self.folder / "log").read_text(errors="replace")[-2000:])

    def outcome(self):
        """What must be the same whatever happened on the way."""
        out = self.folder / "out"
        result = json.loads((out / "result.json").read_text())
        rows = [[v["name"], v["recipe"], v["state"] != "failed", v["gate"], (v["accuracy"] or {}).get("value"), v["size_bytes"]]
                for v in result["variants"]]
        files = {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in ("model.onnx", "model.card.yaml")}
        return {"status": result["status"], "pick": result["pick"], "variants": rows, "files": files}

    def left_behind(self):
        """What nobody needs any more."""
        found = [str(p) for p in (self.folder / "tmp").iterdir()]
        for part in ("out", "cache"):
            found += [str(p) for p in (self.folder / part).rglob("*") if "partial" in p.name or p.name.startswith(".tamis-")]
        return found


def workers_of(parent):
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)
            except OSError:
                continue
            if fields[0].endswith("(tamis-worker") and int(fields[1].split()[1]) == parent:
                found.append(int(entry.name))
    return found


def send(pid, name):
    try:
        os.kill(pid, getattr(signal, name))
    except ProcessLookupError:
        pass


def disturb(chain, numbers, most_s):
    """Runs, and kills after a random time. What was killed, by which signal; None where the run was quicker."""
    running = chain.start()
    time.sleep(numbers.uniform(0.02, most_s))
    if running.poll() is not None:
        return None
    whom = numbers.choice(["program", "worker", "both"])
    name = numbers.choice(CRASHES + OTHERS)
    workers = workers_of(running.pid)
    if whom != "program":
        for pid in workers if whom == "both" else workers[:1]:
            send(pid, name)
            send(pid, "SIGCONT")  # it may be stopped, being another's turn
    if whom != "worker":
        send(running.pid, name)
        if name in ("SIGTERM", "SIGINT"):  # asks it to end with what is known; the second ends it at once
            time.sleep(numbers.uniform(0, 0.3))
            send(running.pid, name)
    running.wait()
    return whom, name


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--chain", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tamis", type=pathlib.Path, default=ROOT / "build/release/tamis")
    parser.add_argument("--precision", default="fp32,int8-static")
    parser.add_argument("--keep", action="store_true", help="keep the folders of chains that differ")
    options = parser.parse_args()
    numbers = random.Random(options.seed)
    base = pathlib.Path(tempfile.mkdtemp(prefix="kills-"))
    make_data(base / "data")
    whole = Chain(options.tamis, options.precision, base, "whole")
    start = time.monotonic()
    whole.to_the_end()
    whole_s, expected = time.monotonic() - start, whole.outcome()
    assert not whole.left_behind(), whole.left_behind()
    assert all(row[2] for row in expected["variants"]), "a variant fails without any kill: " + json.dumps(expected)
    kills, chains, by_whom, differing = 0, 0, {}, []
    # A run may end before its kill.
    while kills < options.kills and chains < 4 * options.kills:
        chain = Chain(options.tamis, options.precision, base, f"chain{chains}")
        chains += 1
        done = []
        while len(done) < min(options.chain, options.kills - kills):
            killed = disturb(chain, numbers, whole_s)
            if killed is None:
                break
            done.append(killed)
        kills += len(done)
        for whom, _ in done:
            by_whom[whom] = by_whom.get(whom, 0) + 1
        crashed = any(whom != "program" and name in CRASHES for whom, name in done)
        chain.to_the_end(*(["--retry-failed"] if crashed else []))
        got, left = chain.outcome(), chain.left_behind()
        same = got == expected and not left
        print(f"{kills} kills; {' '.join(w + ':' + n for w, n in done)}: {'as undisturbed' if same else 'DIFFERS'}", flush=True)
        if not same:
            differing.append({"kills": done, "got": got, "left_behind": left, "folder": str(chain.folder) if options.keep else None})
        if same or not options.keep:
            shutil.rmtree(chain.folder)
    document = {"kills": sum(by_whom.values()), "by_whom": by_whom, "whole_s": round(whole_s, 1), "expected": expected, "differing": differing}
    print(json.dumps(document, indent=1))
    if not (options.keep and differing):
        shutil.rmtree(base)
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
