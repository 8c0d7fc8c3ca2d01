"""A worker that passes all on to $REAL_WORKER, but misbehaves where an `open` held $CRASH_ON in its head: at $CRASH_AT (an operation;
default: open), after $CRASH_AFTER of them, it dies of SIGSEGV, or of the signal $CRASH_HOW ("SIGTERM"), or hangs where that is "hang". Each time adds a line to the file $CRASH_TRIES, if given; at $CRASH_TIMES lines
it behaves from then on."""
import ctypes
import os
import signal
import struct
import subprocess
import sys
import time

ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
real = subprocess.Popen([os.environ["REAL_WORKER"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
operation = ('"op":"%s"' % os.environ.get("CRASH_AT", "open")).encode()
armed = False
left = int(os.environ.get("CRASH_AFTER", 0))


def behaves():
    if "CRASH_TIMES" not in os.environ or not os.path.exists(os.environ["CRASH_TRIES"]):
        return False
    with open(os.environ["CRASH_TRIES"]) as tries:
        return len(tries.readlines()) >= int(os.environ["CRASH_TIMES"])


def misbehave():
    if "CRASH_TRIES" in os.environ:
        with open(os.environ["CRASH_TRIES"], "a") as tries:
            tries.write(operation.decode() + "\n")
    while os.environ.get("CRASH_HOW") == "hang":
        time.sleep(1)
    print("told to crash", file=sys.stderr, flush=True)
    real.kill()
    os.kill(os.getpid(), getattr(signal, os.environ.get("CRASH_HOW", "SIGSEGV")))


def pass_on(source, target):
    global armed, left
    prefix = source.read(16)
    if len(prefix) < 16:
        return None
    head_bytes, block_bytes = struct.unpack("<IQ", prefix[4:])
    head, block = source.read(head_bytes), source.read(block_bytes)
    if target is real.stdin:
        armed = armed or (b'"op":"open"' in head and os.environ["CRASH_ON"].encode() in head)
        if operation in head and (armed or b'"op":"build"' in operation):
            if left == 0 and not behaves():
                misbehave()
            left -= 1 if left > 0 else 0
    target.write(prefix + head + block)
    target.flush()
    return head


def pass_reply_on():
    """With what is said before it of how far the work is."""
    head = pass_on(real.stdout, sys.stdout.buffer)
    while head is not None and head.startswith(b'{"progress"'):
        head = pass_on(real.stdout, sys.stdout.buffer)
    return head


greeting = pass_on(real.stdout, sys.stdout.buffer)
while greeting is not None and pass_on(sys.stdin.buffer, real.stdin) is not None and pass_reply_on() is not None:
    pass
real.kill()
