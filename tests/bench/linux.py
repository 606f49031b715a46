#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CPU seconds of a Linux boot and of programs in the booted guest, as a ratio to the reference.

usage: linux.py [--runs N] [--cpu MODEL] [--smp N] ARMATURE INIT NAME=LIMIT...

INIT is linux_init.c, the only program of the initramfs; NAME is `boot` or one of its programs. Both
emulators run in turn, the least of N counts. A ratio over its LIMIT is marked. Checksums must
agree. The exit status tells of wrong results, not of speed. Skipped without images/cache/k61.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "images")]
import emulator  # noqa: E402
import mkinitramfs  # noqa: E402

KERNEL = ROOT / "images/cache/k61/vmlinuz"
TIME_LIMIT = 300


def cpu_seconds(pid):
    """User and system time of a process, by its clock: clock_getcpuclockid(3)."""
    return time.clock_gettime(~pid << 3 | 2)


def measure(emu, args, initrd, names):
    """({name: CPU seconds}, {name: checksum}) of one boot."""
    argv = [emu, "-M", "virt,virtualization=on,gic-version=3", "-cpu", args.cpu,
            "-smp", str(args.smp), "-m", "1G", "-nodefaults", "-serial", "stdio",
            "-display", "none", "-no-reboot", "-kernel", KERNEL, "-initrd", initrd,
            "-append", " ".join(["console=ttyAMA0", "--", *names])]
    times, sums, started = {}, {}, 0
    proc = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                            errors="replace")
    timer = threading.Timer(TIME_LIMIT, proc.kill)
    timer.start()
    for line in proc.stdout:
        m = re.search(r"\b(START|DONE) (\w+)(?: (\w+))?", line)
        if not m:
            continue
        now = cpu_seconds(proc.pid)
        if m[1] == "START":
            times.setdefault("boot", now)
            started = now
        else:
            times[m[2]], sums[m[2]] = now - started, m[3]
    timer.cancel()
    if proc.wait() != 0:
        sys.exit(f"{emu}: exit status {proc.returncode}")
    return times, sums


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--runs", type=int, default=3)
    ap.add_argument("--cpu", default="max")
    ap.add_argument("--smp", type=int, default=1)
    ap.add_argument("--reference", default=emulator.QEMU)
    ap.add_argument("armature")
    ap.add_argument("init", type=pathlib.Path)
    ap.add_argument("limits", nargs="+")
    args = ap.parse_args()
    ours, reference = emulator.find(args.armature), emulator.find(args.reference)
    if ours is None or reference is None or not KERNEL.exists():
        emulator.skip(f"needs {args.armature}, {args.reference} and images/fetch.sh k61")
    limits = dict(item.split("=") for item in args.limits)
    names = [n for n in limits if n != "boot"]
    runs = {ours: [], reference: []}
    with tempfile.TemporaryDirectory() as tmp:
        initrd = pathlib.Path(tmp) / "initrd.gz"
        initrd.write_bytes(mkinitramfs.of_program(args.init))
        for _ in range(args.runs):
            for emu, results in runs.items():
                results.append(measure(emu, args, initrd, names))
    wrong = 0
    print(f"-cpu {args.cpu} -smp {args.smp}")
    print(f"{'program':12} {'armature':>9} {'reference':>9} {'ratio':>6} {'limit':>6}")
    for name, limit in limits.items():
        a, r = (min(t[name] for t, _ in runs[emu]) for emu in (ours, reference))
        over = " over" if a / r > float(limit) else ""
        if len({s.get(name) for emu in runs for _, s in runs[emu]}) != 1:
            over, wrong = " WRONG RESULT", 1
        print(f"{name:12} {a:9.2f} {r:9.2f} {a / r:6.2f} {limit:>6}{over}")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
