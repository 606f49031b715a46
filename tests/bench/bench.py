#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CPU seconds (user + system) of programs on Armature, as a ratio to the reference emulator.

usage: bench.py [--runs N] [--reference QEMU] ARMATURE EMPTY.elf PROGRAM.elf[=LIMIT]...

Both run in turn, the least of N counts (what else the host does only adds), and what starting
costs (EMPTY.elf) is taken off. A ratio over its LIMIT is marked. Checksums must agree. The exit
status tells of wrong results, not of speed.

A program that prints TICKS too, of a counter of 1 GHz that counts instructions on Armature, did
SUM turns: instructions and host nanoseconds of one turn are printed as well.
"""
import argparse
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import emulator  # noqa: E402

MACHINE = ["-M", "virt,virtualization=on,gic-version=3", "-cpu", "max", "-smp", "1", "-m", "256M",
           "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot",
           "-semihosting-config", "enable=on,target=native"]
TIME_LIMIT = 120


def measure(emu, program):
    """(CPU seconds, checksum, ticks or None) of one run."""
    result = emulator.run([emu, *MACHINE, "-kernel", program], TIME_LIMIT)
    m = re.search(r"^SUM (\S+)$", result.output, re.M)
    if result.timed_out or result.status != 0 or not m:
        print(f"{program.stem}: {emu}: exit status {result.status}\n{result.output}")
        return result.cpu, None, None
    ticks = re.search(r"^TICKS (\S+)$", result.output, re.M)
    return result.cpu, m[1], int(ticks[1], 16) if ticks else None


def compare(ours, reference, program, runs):
    """Medians of both, the set of their checksums, and ticks of ours."""
    times, sums, our_ticks = {ours: [], reference: []}, set(), None
    for _ in range(runs):
        for emu in (ours, reference):
            cpu, checksum, ticks = measure(emu, program)
            our_ticks = ticks if emu == ours else our_ticks
            times[emu].append(cpu)
            sums.add(checksum)
    least = [min(times[e]) for e in (ours, reference)]
    return least, sums, our_ticks


def a_turn(turns, ticks, seconds):
    """What one turn costs, for programs that count them."""
    ns = [t / turns * 1e9 for t in seconds]
    return f"   a turn: {ticks / turns:.0f} instructions, {ns[0]:.0f} ns, reference {ns[1]:.0f} ns"


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--runs", type=int, default=3)
    ap.add_argument("--reference", default=emulator.QEMU)
    ap.add_argument("armature")
    ap.add_argument("empty", type=pathlib.Path)
    ap.add_argument("programs", nargs="+")
    args = ap.parse_args()
    ours, reference = emulator.find(args.armature), emulator.find(args.reference)
    if ours is None or reference is None:
        emulator.skip(f"needs {args.armature} and {args.reference}")
    start, _, _ = compare(ours, reference, args.empty, args.runs)
    print(f"{'program':12} {'armature':>9} {'reference':>9} {'ratio':>6} {'limit':>6}")
    print(f"{'(start)':12} {start[0]:9.2f} {start[1]:9.2f}")
    wrong = 0
    for item in args.programs:
        name, _, limit = item.partition("=")
        times, sums, ticks = compare(ours, reference, pathlib.Path(name), args.runs)
        agree = len(sums) == 1 and None not in sums
        a, r = (max(t - s, 0.005) for t, s in zip(times, start))
        over = " over" if limit and a / r > float(limit) else ""
        over += "" if agree else " WRONG RESULT"
        wrong += not agree
        over += a_turn(int(sums.pop(), 16), ticks, (a, r)) if agree and ticks else ""
        print(f"{pathlib.Path(name).stem:12} {a:9.2f} {r:9.2f} {a / r:6.2f} {limit:>6}{over}",
              flush=True)
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
