#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Filters where they are hard: one of two virtual machines, and a window for events.

usage: vmid_test.py EMULATOR HYPERVISOR.elf [MACHINE ARGUMENTS...]

The hypervisor switches between two machines. A trace with vmid=N has the instructions that a whole
trace shows at EL1 and EL0 while N is the VMID, and no others. With from= and to=, while it runs and
when it is converted, all lines are of that time, and none is missing.
"""
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "guest"))
import emulator  # noqa: E402
import run as guest  # noqa: E402

FROM, TO = 0, 1_000_000  # ns


def expect(condition, what):
    if not condition:
        sys.exit(f"FAIL {what}")


def lines_of(path):
    return path.read_text().splitlines()[1:]


def nanoseconds(line):
    return int(line.split()[0])


def split_by_vm(lines):
    """{VMID: lines IT at EL1 and EL0} of a trace with contexts."""
    vmid, found = 0, {}
    for line in lines:
        context = re.search(r"SIGNAL=context .* vmid=(\d+)", line)
        if context:
            vmid = int(context[1])
        elif " IT (" in line and re.search(r" O EL[01]", line):
            found.setdefault(vmid, []).append(line)
    return found


def main():
    armature, program, *extra = sys.argv[1:]
    armature = emulator.find(armature)
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)

        def run(*words):
            r = emulator.run([armature, *words], 200, cwd=scratch)
            expect(r.status == 0, f"{words}: {r.output[-400:]}")

        def trace(name, options):
            run(*guest.machine(extra), *guest.BASE, "-kernel", pathlib.Path(program).resolve(),
                "--stop-at", f"{TO * 2}ns", "--trace", f"{name},{options}")
            return scratch / name

        window = f"from={FROM}ns,to={TO}ns"
        vms = split_by_vm(lines_of(trace("all", f"events=insn+ctx,{window}")))
        expect(len(vms) >= 2 and all(vms.values()), f"machines: {list(vms)}")
        for vmid, want in vms.items():
            got = lines_of(trace("one", f"events=insn,vmid={vmid},{window}"))
            expect(got == want, f"vmid={vmid}: {len(got)} lines, not {len(want)}")

        events = "ctx+exc+gic+timer+tlb"
        known = lines_of(trace("long", f"events={events},to={TO}ns"))
        expect(len(known) > 60, f"{len(known)} events")
        a, b = (nanoseconds(known[len(known) * n // 3]) for n in (1, 2))
        want = [s for s in known if a <= nanoseconds(s) < b]
        expect(0 < len(want) < len(known) - 20, f"{len(want)} of {len(known)} events")
        got = lines_of(trace("text", f"events={events},from={a}ns,to={b}ns"))
        expect(got == want, "a window of events, while it runs")
        trace("bin", f"format=bin,events={events},from={a}ns,to={b}ns")
        run("trace", "convert", "bin", "-o", "again")
        expect(lines_of(scratch / "again") == want, "a window of events, converted")
        print({vmid: len(lines) for vmid, lines in vms.items()}, len(want), "events")


if __name__ == "__main__":
    sys.exit(main())
