#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CPU seconds of the boot of a KVM guest, as a ratio to the reference.

usage: kvm.py [--runs N] ARMATURE VMM CASE=LIMIT...     (CASE of tests/boot/guests.py)

Only what is between the host's start of its monitor and the guest's power-off counts; in a nested
case the innermost guest is meant. Both emulators run in turn, the least of N counts. The exit
status tells of guests that did not boot, not of speed.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile
import threading

from linux import ROOT, cpu_seconds

sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/boot")]
import emulator  # noqa: E402
import guests  # noqa: E402

TIME_LIMIT = 3000


def measure(emu, case, vmm, folder):
    """CPU seconds between the last host's first line and the first guest's end."""
    argv = [str(a) for a in guests.command(emu, case, folder, vmm, quiet=True)]
    proc = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                            errors="replace")
    timer = threading.Timer(TIME_LIMIT, proc.kill)
    timer.start()
    started, cost = 0, None
    for line in proc.stdout:
        if "HOST: Linux" in line:
            started = cpu_seconds(proc.pid)
        elif guests.LEFT in line and cost is None:
            cost = cpu_seconds(proc.pid) - started
    timer.cancel()
    if proc.wait() != 0 or cost is None:
        sys.exit(f"{emu}: {case}: exit status {proc.returncode}, cost {cost}")
    return cost


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--runs", type=int, default=3)
    ap.add_argument("--reference", default=emulator.QEMU)
    ap.add_argument("armature")
    ap.add_argument("vmm", type=pathlib.Path)
    ap.add_argument("limits", nargs="+")
    args = ap.parse_args()
    emulators = [emulator.find(args.armature), emulator.find(args.reference)]
    if None in emulators:
        emulator.skip(f"needs {args.armature} and {args.reference}")
    print(f"{'guest':16} {'armature':>9} {'reference':>9} {'ratio':>6} {'limit':>6}", flush=True)
    for case, limit in (item.split("=") for item in args.limits):
        runs = []
        with tempfile.TemporaryDirectory() as tmp:
            for _ in range(args.runs):
                runs.append([measure(e, case, args.vmm, tmp) for e in emulators])
        ours, theirs = (min(r) for r in zip(*runs))
        over = " over" if ours / theirs > float(limit) else ""
        print(f"{case:16} {ours:9.2f} {theirs:9.2f} {ours / theirs:6.2f} {limit:>6}{over}",
              flush=True)


if __name__ == "__main__":
    main()
