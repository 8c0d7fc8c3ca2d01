"""A worker that passes all on to $REAL_WORKER, but dies of SIGSEGV at an `open` whose head holds $CRASH_ON."""
import ctypes
import os
import signal
import struct
import subprocess
import sys

ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
real = subprocess.Popen([os.environ["REAL_WORKER"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def pass_on(source, target):
    prefix = source.read(16)
    if len(prefix) < 16:
        return None
    head_bytes, block_bytes = struct.unpack("<IQ", prefix[4:])
    head, block = source.read(head_bytes), source.read(block_bytes)
    if target is real.stdin and b'"op":"open"' in head and os.environ["CRASH_ON"].encode() in head:
        print("told to crash", file=sys.stderr, flush=True)
        real.kill()
        os.kill(os.getpid(), signal.SIGSEGV)
    target.write(prefix + head + block)
    target.flush()
    return head


while pass_on(sys.stdin.buffer, real.stdin) is not None and pass_on(real.stdout, sys.stdout.buffer) is not None:
    pass
real.kill()
