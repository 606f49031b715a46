# SPDX-License-Identifier: Apache-2.0
"""Run an emulator (or any program) under a time limit and say what it cost."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass

SKIPPED = 77  # meson's exit status of a skipped test
QEMU = "qemu-system-aarch64"
QEMU_MIN = 10  # older ones have other bugs than the lists of differences say


@dataclass
class Run:
    status: int  # exit status; 128 + n on signal n
    output: str  # stdout and stderr together
    cpu: float  # user + system seconds of the process and its children
    wall: float
    max_rss_kb: int
    timed_out: bool


def _kill_group(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


# How much slower the emulator is that is under test: with sanitizers.
SLOWDOWN = float(os.environ.get("ARMATURE_SLOWDOWN", "1"))
# More options for it: a test setup runs suites once more with another configuration.
OPTIONS = os.environ.get("ARMATURE_OPTIONS", "").split()


def is_under_setup(argv):
    """A command of ours that makes a machine, unless it says itself what the setup says."""
    return (OPTIONS and os.path.basename(str(argv[0])) == "armature" and "trace" not in argv[1:2]
            and OPTIONS[0] not in argv)


def run(argv, timeout, stdin=b"", cwd=None):
    """Run to the end or to the time limit; the whole process group is gone afterwards."""
    timeout *= SLOWDOWN
    if is_under_setup(argv):
        argv = [*argv, *OPTIONS]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as inp:
        inp.write(stdin)
        inp.seek(0)
        started = time.monotonic()
        proc = subprocess.Popen([str(a) for a in argv], stdin=inp, stdout=out,
                                stderr=subprocess.STDOUT, cwd=cwd, start_new_session=True)
        late = threading.Event()

        def stop():
            late.set()
            _kill_group(proc.pid)

        timer = threading.Timer(timeout, stop)
        timer.start()
        try:
            _, raw, usage = os.wait4(proc.pid, 0)
        except BaseException:
            _kill_group(proc.pid)
            raise
        finally:
            timer.cancel()
        wall = time.monotonic() - started
        proc.returncode = os.waitstatus_to_exitcode(raw)
        status = proc.returncode if proc.returncode >= 0 else 128 - proc.returncode
        out.seek(0)
        text = out.read().decode("utf-8", "replace")
    return Run(status, text, usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss,
               late.is_set())


def find(name):
    """The program as an absolute path (tests run in folders of their own), or None. A reference
    emulator that is too old to be one is not there."""
    path = shutil.which(str(name))
    if path and name == QEMU and major_version(path) < QEMU_MIN:
        print(f"{name} is older than version {QEMU_MIN}")
        return None
    return os.path.abspath(path) if path else None


def major_version(path):
    text = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
    m = re.search(r"version (\d+)", text)
    return int(m[1]) if m else 0


def skip(reason):
    print(f"SKIP: {reason}")
    raise SystemExit(SKIPPED)
