#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A Tarmac trace against what QEMU logs: addresses and registers in front of every instruction.

usage: reference_test.py EMULATOR PROGRAM.elf LEAST [MACHINE ARGUMENTS...]

They may part at a register that implementations choose (an identification register, a counter): the
comparison ends at the first MRS with another value. LEAST instructions must have agreed until then.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "guest"))
import emulator  # noqa: E402
import run as guest  # noqa: E402
import tarmac  # noqa: E402

MOST = 100_000


def ours(path):
    """(registers, instruction) in front of every instruction."""
    regs, insn = {"NZCV": None}, None
    for r in tarmac.records(path):
        if isinstance(r, tarmac.Insn):
            insn = r
            yield dict(regs, PC=r.va), insn
        elif isinstance(r, tarmac.Reg):
            if r.name == "cpsr":
                # what reset leaves in the flags is UNKNOWN
                regs["NZCV"] = r.value >> 28 if insn is not None else None
            elif r.name.startswith("SP_EL"):
                regs["SP"] = r.value
            elif r.name[0] == "X":
                regs[r.name] = r.value


def theirs(stream):
    state = {}
    for line in stream:
        if line.startswith(" PC="):
            state = {}
        for name, value in re.findall(r"\b(PC|SP|X\d\d)=([0-9a-f]{16})", line):
            state[name if name[0] != "X" else f"X{int(name[1:])}"] = int(value, 16)
        if line.startswith("PSTATE="):
            state["NZCV"] = int(line[7:15], 16) >> 28
            yield state


def differences(mine, reference):
    return {k: (v, reference.get(k)) for k, v in mine.items()
            if v is not None and reference.get(k) != v}


def compare(mine, reference):
    """Returns how many states agreed, and why it ended."""
    last = None
    n = 0
    for (state, insn), other in zip(mine, reference):
        diff = differences(state, other)
        if diff:
            what = {k: [f"{x:#x}" if x is not None else "-" for x in v] for k, v in diff.items()}
            chosen = last is not None and last.text.startswith("mrs ")
            return n, None if chosen and len(diff) == 1 else \
                f"after {last}: ours and the reference's {what}"
        last = insn
        n += 1
        if n == MOST:
            break
    return n, None


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("emulator")
    ap.add_argument("program", type=pathlib.Path)
    ap.add_argument("least", type=int)
    args, extra = ap.parse_known_args()
    qemu = emulator.find(emulator.QEMU)
    if not qemu:
        emulator.skip(f"no {emulator.QEMU} on this machine")
    command = [*guest.machine(extra), *guest.BASE, "-kernel", args.program.resolve()]
    with tempfile.TemporaryDirectory() as scratch:
        text = pathlib.Path(scratch) / "text"
        emulator.run([emulator.find(args.emulator), *command, "--trace",
                      f"{text},to={MOST}ns,events=insn+reg+exc"], 60, cwd=scratch)
        with subprocess.Popen([qemu, *command, "-accel", "tcg,one-insn-per-tb=on", "-d",
                               "cpu,nochain", "-D", "/dev/stderr"], cwd=scratch, text=True,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as p:
            n, why = compare(ours(text), theirs(p.stderr))
            p.kill()
    print(f"{n} instructions agree")
    if why:
        print(f"FAIL {why}")
    if n < args.least:
        print(f"FAIL {args.least} were expected")
    return bool(why) or n < args.least


if __name__ == "__main__":
    sys.exit(main())
