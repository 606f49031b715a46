#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every system register and instruction at EL0, EL1 and EL2 under each trap control, one at a time.

usage: trap_matrix.py [--part N/M] [--write] EMULATOR REFERENCE PROBER.elf

The accesses are those of our register tables (sysregs.def, sysops.def, timers, GIC). A setting is
a state of HCR_EL2.{E2H, TGE, NV, NV1, NV2} and of SCR_EL3.{NS, EEL2} in which nothing else traps,
with one bit of one control register changed. The same program (matrix/prober.c) executes all of
them on both emulators. A failure is a difference that no rule of rules.py explains, and a control
that does not trap what matrix/table.txt says, which has the manual's rule (--write makes it from
what we do). --part: only each Mth control.
"""
import argparse
import pathlib
import re
import struct
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tools")]
import coverage_gen  # noqa: E402
import emulator  # noqa: E402
import rules  # noqa: E402

TABLE = pathlib.Path(__file__).parent / "matrix" / "table.txt"
MACHINE = "virt,secure=on,virtualization=on,gic-version=3"
INPUT_ADDRESS = "0x44000000"
TIME_LIMIT = 900
SHOWN = 20
DONE, NOT_RUN, BAD_ISS = 0, 0xfe, 0xff


# ---- accesses ----

@dataclass(frozen=True)
class Access:
    text: str  # "MRS SCTLR_EL1", "TLBI VAE1"
    word: int


def encode(op0, op1, crn, crm, op2):
    return 0xd5000000 | op0 << 19 | op1 << 16 | crn << 12 | crm << 8 | op2 << 5


def source(name):
    return (ROOT / "src" / name).read_text()


def table_registers():
    text = coverage_gen.expand_rows(source("cpu/sys/sysregs.def"))
    for name, fields in re.findall(r"^SR\((\w+), *([^\n]*)\)", text, re.M):
        yield name, *(int(f) for f in fields.split(",")[:5])
    for name, fields in re.findall(r"^SR12\((\w+), *([^\n]*)\)", text, re.M):
        yield name, 3, 5, *(int(f) for f in fields.split(",")[:3])


def set_registers():
    """Timers and GIC: SYSREG_ENC(...), and what their macros make."""
    timers = source("devices/gtimer.c")
    for pfx, sfx, op1, crm in re.findall(r'^ +TIMER\("(\w+)", "(\w+)", (\d), (\d),', timers, re.M):
        for op2, part in enumerate(("TVAL", "CTL", "CVAL")):
            yield f"{pfx}_{part}_{sfx}", 3, int(op1), 14, int(crm), op2
    for text, op1 in ((timers, 0), (source("gic/icc.c"), 0), (source("gic/ich.c"), 4)):
        for name, enc in re.findall(r'\{"(\w+)", +SYSREG_ENC\(([\d, ]+)\)', text):
            yield name, *map(int, enc.split(","))
        for name, crm, op2 in re.findall(r'\{"(\w+)", +ENC\((\d+), (\d)\)', text):
            yield name, 3, op1, 12, int(crm), int(op2)
        for name, crm, op2 in re.findall(r'APR\("(\w+_EL1)", (\d+), (\d),', text):
            yield name, 3, op1, 12, int(crm), int(op2)
        for name, crm, n in re.findall(r'APR\("(\w+_EL2)", (\d+), \w+, (\d)\)', text):
            yield name, 3, op1, 12, int(crm), int(n)
        for name, n in re.findall(r'LR\("(\w+)", (\d+)\)', text):
            yield name, 3, op1, 12, 12 + int(n) // 8, int(n) % 8


def operations():
    text = source("cpu/sys/sysops.def")
    for name, fields in re.findall(r"^OP\((\w+), +([\d, ]+),", text, re.M):
        yield name.replace("_", " "), *map(int, fields.split(",")[:4])
    for name, fields in re.findall(r"^TLBI\((\w+), +([\d, ]+),", text, re.M):
        op1, crm, op2 = map(int, fields.split(",")[:3])
        yield f"TLBI {name}", op1, 8, crm, op2
        yield f"TLBI {name}NXS", op1, 9, crm, op2


# Instructions with traps of their own.
INSTRUCTIONS = (Access("PACIA", 0xdac10000), Access("FADD", 0x1e602800), Access("SVC", 0xd4000001),
                Access("HVC", 0xd4000002))
# A write to one of these changes what the prober runs on.
UNTOUCHED = {"SPSel", "RMR_EL1", "RMR_EL2", "RMR_EL3", "OSDLR_EL1", "DBGPRCR_EL1"}


def accesses():
    found = []
    for name, *enc in (*table_registers(), *set_registers()):
        word = encode(*enc)
        found.append(Access(f"MRS {name}", word | 1 << 21))
        if name not in UNTOUCHED:
            found.append(Access(f"MSR {name}", word))
    found += [Access(name, encode(1, *enc)) for name, *enc in operations()]
    return found + list(INSTRUCTIONS)


# ---- settings ----

CONTROLS = ("SCR_EL3", "CPTR_EL3", "MDCR_EL3", "HCR_EL2", "HCRX_EL2", "CPTR_EL2", "MDCR_EL2",
            "CNTHCTL_EL2", "SCTLR_EL2", "SCTLR_EL1", "CPACR_EL1", "CNTKCTL_EL1", "PMUSERENR_EL0",
            "MDSCR_EL1", "HFGRTR_EL2", "HFGWTR_EL2", "HFGITR_EL2", "HDFGRTR_EL2", "HDFGWTR_EL2",
            "ICH_HCR_EL2")
FINE_GRAINED = CONTROLS[14:19]
E2H, TGE, NV, NV1, NV2 = (1 << n for n in (34, 27, 42, 43, 45))
NS, EEL2 = 1, 1 << 18


def mask(*numbers):
    return sum(1 << n for n in numbers)


# Bits of EL0 in SCTLR_EL1 and, for a host, SCTLR_EL2: UMA, EnRCTX, DZE, UCT, nTWI, nTWE, UCI.
OF_EL0 = mask(9, 10, 14, 15, 16, 18, 26)
# Fields that trap when they are 0.
ENABLES = {"HFGRTR_EL2": mask(*range(50, 64)), "HFGWTR_EL2": mask(*range(50, 64)),
           "HFGITR_EL2": mask(55, 56, 57, 58, 59), "HDFGRTR_EL2": mask(59, 60, 61, 62),
           "HDFGWTR_EL2": mask(60, 61, 62)}
OPEN = {
    "SCR_EL3": mask(4, 5, 8, 10, 11, 16, 17, 25, 27, 28, 38, 43, 44, 45, 59),
    "HCR_EL2": mask(31, 40, 41, 53), "HCRX_EL2": mask(11, 14, 15), "CPTR_EL2": 0x32ff,
    "MDCR_EL2": 6, "CNTHCTL_EL2": 3, "SCTLR_EL2": 0x30c50830 | OF_EL0,
    "SCTLR_EL1": 0x30c00800 | OF_EL0, "CPACR_EL1": mask(20, 21, 29), "CNTKCTL_EL1": 0x303,
    "PMUSERENR_EL0": 1, **ENABLES,
}
OPEN_E2H = {"CPTR_EL2": mask(16, 17, 20, 21, 24, 25, 29), "CNTHCTL_EL2": 0xf03}
CHANGED = {
    "SCR_EL3": (1, 2, 3, 8, 9, 11, 14, 15, 16, 17, 20, 21, 25, 27, 28, 38, 43, 44, 45, 59),
    "CPTR_EL3": (10, 20, 30, 31), "MDCR_EL3": (6, 9, 10, 16, 17, 27, 28),
    "HCR_EL2": (*range(1, 12), *range(13, 27), 28, 29, 30, 32, 33, 35, 36, 37, 40, 41, 44, 46, 47,
                49, 50, 51, 52, 53, 54, 55, 59),
    "HCRX_EL2": range(25), "CPTR_EL2": (10, 20, 21, 28, 29, 30, 31),
    "MDCR_EL2": (1, 2, 5, 6, 7, 8, 9, 10, 11, 17, 26, 27, 28),
    "CNTHCTL_EL2": (0, 1, *range(8, 20)), "SCTLR_EL2": (9, 10, 14, 15, 16, 18, 20, 26, 63),
    "SCTLR_EL1": (9, 10, 14, 15, 16, 18, 20, 26, 63), "CPACR_EL1": (20, 21, 28, 29, 31),
    "CNTKCTL_EL1": (0, 1, 8, 9), "PMUSERENR_EL0": (0,), "MDSCR_EL1": (12, 15),
    "ICH_HCR_EL2": (10, 11, 12, 13, 14), **dict.fromkeys(FINE_GRAINED, range(64)),
}
# More than one bit at a time: PMUSERENR_EL0.{SW, CR, ER} without EN.
VALUES = (("PMUSERENR_EL0", 2), ("PMUSERENR_EL0", 4), ("PMUSERENR_EL0", 8))
# name: HCR_EL2, SCR_EL3.{NS, EEL2}, ELs, with fine-grained traps
STATES = {
    "": (0, NS, (0, 1, 2), True),
    "E2H": (E2H, NS, (0, 1, 2), False),
    "TGE": (TGE, NS, (0, 2), False),
    "E2H TGE": (E2H | TGE, NS, (0, 2), True),
    "NV": (NV, NS, (0, 1), False),
    "NV NV1": (NV | NV1, NS, (0, 1), False),
    "NV NV2": (NV | NV2, NS, (0, 1), True),
    "NV NV1 NV2": (NV | NV1 | NV2, NS, (0, 1), False),
    "E2H NV NV2": (E2H | NV | NV2, NS, (0, 1), False),
    "Secure": (0, 0, (0, 1), False),
    "Secure EL2": (0, EEL2, (0, 1, 2), False),
    "Secure EL2, E2H": (E2H, EEL2, (0, 1, 2), False),
}

# It looks at SCTLR_EL2.TSCXT where there is no EL2, then finds that there is none.
REFERENCE_ABORTS = {("Secure", "SCTLR_EL2", 20)}


@dataclass
class Setting:
    state: str
    control: str  # "HCR_EL2[18]"; "": nothing is changed
    els: tuple
    regs: dict

    @property
    def name(self):
        return ", ".join(n for n in (self.state, self.control) if n) or "nothing set"

    def packed(self):
        return struct.pack(f"<{1 + len(CONTROLS)}Q", mask(*self.els), *self.regs.values())


def settings():
    for state, (hcr, scr, els, fine_grained) in STATES.items():
        regs = {r: OPEN.get(r, 0) for r in CONTROLS}
        regs.update(OPEN_E2H if hcr & E2H else {})
        regs["HCR_EL2"] |= hcr
        regs["SCR_EL3"] |= scr
        yield Setting(state, "", els, regs)
        for r, numbers in CHANGED.items():
            if r in FINE_GRAINED and not fine_grained:
                continue
            for n in numbers:
                if (state, r, n) in REFERENCE_ABORTS:
                    continue
                yield Setting(state, f"{r}[{n}]", els, {**regs, r: regs[r] ^ 1 << n})
        for r, value in VALUES:
            yield Setting(state, f"{r}={value}", els, {**regs, r: value})


# ---- results ----

def input_file(words, chosen):
    out = struct.pack("<2Q", len(words), len(chosen)) + struct.pack(f"<{len(words)}I", *words)
    return out.ljust((len(out) + 7) // 8 * 8, b"\0") + b"".join(s.packed() for s in chosen)


def run(emu, prober, scratch):
    out = scratch / "out.bin"
    out.unlink(missing_ok=True)
    argv = [emu, "-M", MACHINE, "-cpu", "max", "-m", "256", "-smp", "1", "-nodefaults", "-display",
            "none", "-serial", "null", "-no-reboot",
            "-semihosting-config", "enable=on,target=native", "-kernel", prober.resolve(),
            "-device", f"loader,file=input.bin,addr={INPUT_ADDRESS},force-raw=on"]
    result = emulator.run(argv, TIME_LIMIT, cwd=scratch)
    if result.timed_out or result.status != 0 or not out.exists():
        sys.exit(f"{emu}: {'time limit' if result.timed_out else result.status}\n{result.output}")
    print(f"{pathlib.Path(emu).name}: {result.cpu:.1f} s")
    return out.read_bytes()


def outcome(code):
    if code == DONE:
        return rules.Outcome("done", 3, 0)
    return rules.Outcome("exc", code >> 6, (code & 63) << 26)


def show(code):
    if code in (DONE, BAD_ISS):
        return "completes" if code == DONE else "wrong ISS"
    return f"EL{code >> 6} {code & 63:#04x}"


def compare(chosen, words, theirs, ours):
    """Differences by rule, and those without."""
    explained, failures, at = Counter(), [], -1
    for s in chosen:
        for access in words:
            for el in range(3):
                at += 1
                if theirs[at] == ours[at]:
                    continue
                case = rules.TrapCase(access.text, access.word, 0, el, s.regs, outcome(theirs[at]),
                                      outcome(ours[at]), {"esr": (theirs[at], ours[at])})
                rule = None if ours[at] == BAD_ISS else rules.explain(rules.MATRIX_RULES, case)
                if rule:
                    explained[rule.name] += 1
                else:
                    failures.append(f"{s.name}: EL{el} {access.text}: reference "
                                    f"{show(theirs[at])}, ours {show(ours[at])}")
    return explained, failures


def short(texts):
    """MRS and MSR of a register as its name, one of them with a sign."""
    reads, writes = ({t[4:] for t in texts if t.startswith(p)} for p in ("MRS ", "MSR "))
    plain = [t for t in texts if t[:4] not in ("MRS ", "MSR ")]
    names = [(t, "" if t in reads & writes else " (read)" if t in reads else " (write)")
             for t in dict.fromkeys(t[4:] for t in texts if t not in plain)]
    return ", ".join([name + sign for name, sign in names] + plain)


def changes(before, after, words):
    """(EL, new outcome, accesses) of what is different now."""
    found = {}
    for i, (old, new) in enumerate(zip(before, after)):
        if old != new and NOT_RUN not in (old, new):
            found.setdefault((i % 3, show(new)), []).append(words[i // 3].text)
    return [f"EL{el} {what}: {short(texts)}" for (el, what), texts in sorted(found.items())]


def table(chosen, words, results):
    """What each control changes; in other states than the first, what it changes only there."""
    size, base, first, lines = 3 * len(words), {}, {}, []
    for n, s in enumerate(chosen):
        part = results[n * size:(n + 1) * size]
        if not s.control:
            base[s.state] = part
        new = changes(base[s.state] if s.control else base[""], part, words)
        first.setdefault(s.control, set(new))
        lines += [f"{s.name}: {c}" for c in new
                  if not (s.control and s.state) or c not in first[s.control]]
    return lines


def check_table(lines, whole):
    """Lines that are new, and, of a whole matrix, lines that are missing."""
    known = [x for x in TABLE.read_text().splitlines() if x and not x.startswith("#")]
    new = [x for x in lines if x not in set(known)]
    return [f"not in {TABLE.name}: {x[:300]}" for x in new] + [
        f"only in {TABLE.name}: {x[:300]}" for x in known if whole and x not in set(lines)]


HEADER = """# SPDX-License-Identifier: Apache-2.0
# What traps what (Arm ARM D24, C5): state, control with one bit changed: EL, new outcome: accesses.
# An outcome is the EL that takes the exception and its class. See trap_matrix.py.
"""


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--part", default="0/1")
    ap.add_argument("--write", action="store_true", help="write the table")
    ap.add_argument("emulator")
    ap.add_argument("reference")
    ap.add_argument("prober", type=pathlib.Path)
    args = ap.parse_args()
    rules.check_documented(rules.MATRIX_RULES)
    for name in (args.emulator, args.reference):
        if emulator.find(name) is None:
            emulator.skip(f"no {name} on this machine")
    part, parts = map(int, args.part.split("/"))
    words = accesses()
    everything = list(settings())
    controls = list(dict.fromkeys(s.control for s in everything))
    chosen = [s for s in everything
              if not s.control or controls.index(s.control) % parts == part]
    with tempfile.TemporaryDirectory() as tmp:
        scratch = pathlib.Path(tmp)
        (scratch / "input.bin").write_bytes(input_file([a.word for a in words], chosen))
        ours, theirs = (run(emulator.find(e), args.prober, scratch)
                        for e in (args.emulator, args.reference))
    explained, failures = compare(chosen, words, theirs, ours)
    lines = table(chosen, words, ours)
    if args.write:
        TABLE.write_text(HEADER + "\n".join(lines) + "\n")
    failures += check_table(lines, parts == 1)
    print("\n".join(failures[:SHOWN]))
    for name, n in explained.most_common():
        print(f"{n:8} explained: {name}")
    probes = len(ours) - ours.count(NOT_RUN)
    print(f"{len(words)} accesses, {len(chosen)} settings, {probes} probes; "
          f"{len(failures)} differ, {sum(explained.values())} more explained")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
