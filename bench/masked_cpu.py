"""Runs programs as on a CPU that has AVX2 and neither VNNI nor AVX-512, on any x86 CPU.

The runtimes ask the instruction CPUID which kernels they may use, and CPUID cannot be told what to
say. So copies of their libraries are made in which each CPUID (0F A2) is an instruction that does not
exist (06 A2); a small library that is preloaded (bench/cpuid_mask.cpp) answers the fault as such a CPU
would. objdump tells which 0F A2 are instructions. Kernels that are generated ask the same way.
"""
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import harness

CPUID, MASKED = b"\x0f\xa2", b"\x06\xa2"
# What chooses kernels; all else is copied as it is, but for other devices' plugins.
ASK_THE_CPU = ("libonnxruntime.so*", "onnxruntime_pybind11_state*.so", "libopenvino.so*",
               "libopenvino_intel_cpu_plugin.so")
LEFT_OUT = shutil.ignore_patterns("*gpu_plugin*", "*npu_plugin*", "__pycache__", "include", "cmake")


def mask():
    """The library to preload."""
    file = harness.program().parent / "bench/libtamis-cpuid-mask.so"
    if not file.exists():
        sys.exit(f"{file} is missing; build the target tamis-cpuid-mask")
    return file


def cpuid_sites(library):
    """Offsets in the file of its CPUID instructions."""
    shown = subprocess.run(["objdump", "-h", "-j", ".text", str(library)], check=True,
                           stdout=subprocess.PIPE, text=True).stdout
    address, offset = re.search(r"\.text\s+\w+\s+(\w+)\s+\w+\s+(\w+)", shown).groups()
    shift = int(offset, 16) - int(address, 16)
    listing = subprocess.Popen(["objdump", "-d", "--no-show-raw-insn", "-j", ".text", str(library)],
                               stdout=subprocess.PIPE, text=True)
    sites = [int(line.split(":")[0], 16) + shift for line in listing.stdout
             if line.rstrip().endswith("cpuid")]
    if listing.wait() != 0 or not sites:
        sys.exit(f"objdump finds no cpuid in {library}")
    return sites


def mask_library(library, kept):
    """Changes a copy in place. `kept`: where what was found is kept by content."""
    code = bytearray(library.read_bytes())
    known = kept / hashlib.sha256(code).hexdigest()
    if not known.exists():
        known.write_text("\n".join(map(str, cpuid_sites(library))))
    for site in map(int, known.read_text().split()):
        assert code[site:site + 2] == CPUID, f"{library}: no cpuid at {site}"
        code[site:site + 2] = MASKED
    library.write_bytes(code)


def masked_copy(folder, out):
    """A copy of a package's folder, made once."""
    copy = out / folder.name
    if copy.exists():
        return copy
    part = out / f".part-{folder.name}"
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(folder, part, ignore=LEFT_OUT)
    for pattern in ASK_THE_CPU:
        for library in sorted(part.rglob(pattern)):
            mask_library(library, out.parent)
    part.rename(copy)
    return copy


def package_folder(python, name):
    done = subprocess.run([python, "-c", f"import {name}; print({name}.__path__[0])"],
                          stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{python} has no package {name}")
    return Path(done.stdout.strip().splitlines()[-1])


def environment(python, out):
    """The variables under which programs of Tamis and scripts that `python` runs see such a CPU.
    `out`: where the copies lie."""
    packages, programs = out / "packages", out / "programs"
    for folder in (packages, programs):
        folder.mkdir(parents=True, exist_ok=True)
    for name in ("onnxruntime", "openvino"):
        masked_copy(package_folder(python, name), packages)
    variables = {"PYTHONPATH": f"{packages}:{os.environ.get('PYTHONPATH', '')}".rstrip(":"),
                 "LD_PRELOAD": str(mask())}
    for backend, variable in (("ort", "TAMIS_ORT_LIBRARY"), ("openvino", "TAMIS_OPENVINO_LIBRARY")):
        library = Path(harness.find_library(backend))
        variables[variable] = str(masked_copy(library.parent, programs) / library.name)
    return {**os.environ, **variables}
