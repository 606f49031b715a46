# SPDX-License-Identifier: Apache-2.0
"""Tarmac text, read by its grammar alone: what Arm's tarmac-trace-utilities accept of a Fast Models
trace, and stricter where we promise more (docs/trace.md). Knows nothing of how it was made."""
import re
from dataclasses import dataclass

STAMP = re.compile(r"(\d+) ns (\S.*)$")
INSN = re.compile(r"IT \((\d+)\) ([0-9a-f]{16}):([0-9a-f]{12,16})_(NS|S) ([0-9a-f]{8}) O "
                  r"(EL[0-3][ht])_[ns] : ([a-z.][\w.]*( \S.*)?)$")
REG = re.compile(r"R ([A-Za-z_][A-Za-z0-9_]*) ([0-9a-f_]+)$")
MEM = re.compile(r"M([RW])([1248]) ([0-9a-f]{16}) ([0-9a-f_]+)$")
EXC = re.compile(r"E ([0-9a-f]{16}) (EL[1-3]h) ([0-9a-f]{8}) CoreEvent_"
                 r"((?:CURRENT_SP[0x]|LOWER_(?:64|32))_(?:SYNC|IRQ|FIQ|SERROR))$")
TEXT = re.compile(r"(?:SIGNAL: SIGNAL=\w+|TTW \w+)( \w+=(0x[0-9a-f]{16}|\d+))*$")
WIDTHS = {"cpsr": 8, "FPSR": 8}


class BadTrace(Exception):
    pass


@dataclass
class Insn:
    when: int
    count: int
    va: int
    word: int
    mode: str
    text: str


@dataclass
class Reg:
    when: int
    name: str
    value: int


@dataclass
class Mem:
    when: int
    write: bool
    size: int
    va: int
    value: int


@dataclass
class Exc:
    when: int
    pc: int
    name: str


def register(when, m):
    name, digits = m[1], m[2].replace("_", "")
    width = WIDTHS.get(name, 32 if re.fullmatch(r"V\d+", name) else 16)
    if len(digits) != width:
        raise BadTrace(f"{name} has {len(digits)} digits")
    if re.fullmatch(r"[XV]\d+", name) and int(name[1:]) > (30 if name[0] == "X" else 31):
        raise BadTrace(f"no register {name}")
    return Reg(when, name, int(digits, 16))


def memory(when, m):
    size, digits = int(m[2]), m[4].replace("_", "")
    if len(digits) != 2 * size or ("_" in m[4]) != (size == 8):
        raise BadTrace("an access whose data have another size")
    return Mem(when, m[1] == "W", size, int(m[3], 16), int(digits, 16))


def record(line):
    m = STAMP.match(line)
    if not m:
        raise BadTrace("no time")
    when, rest = int(m[1]), m[2]
    if m := INSN.match(rest):
        return Insn(when, int(m[1]), int(m[2], 16), int(m[5], 16), m[6], m[7])
    if m := REG.match(rest):
        return register(when, m)
    if m := MEM.match(rest):
        return memory(when, m)
    if m := EXC.match(rest):
        return Exc(when, int(m[1], 16), m[4])
    if TEXT.match(rest):
        return None
    raise BadTrace("no kind of line")


def records(path):
    """All records of a file, in order. BadTrace names the line."""
    with open(path, encoding="ascii") as f:
        if f.readline() != "Tarmac Text Rev 3t\n":
            raise BadTrace(f"{path}: no header")
        for n, line in enumerate(f, 2):
            try:
                if not line.endswith("\n"):
                    raise BadTrace("the last line is not complete")
                r = record(line[:-1])
            except BadTrace as e:
                raise BadTrace(f"{path}:{n}: {e}: {line.rstrip()}") from None
            if r is not None:
                yield r


class Memory:
    """What loads must see, as long as nothing but this PE writes to an address."""

    def __init__(self):
        self.bytes = {}

    def write(self, r):
        for i in range(r.size):
            self.bytes[r.va + i] = r.value >> 8 * i & 0xff

    def check(self, r):
        for i in range(r.size):
            have = r.value >> 8 * i & 0xff
            want = self.bytes.setdefault(r.va + i, have)
            if want != have:
                raise BadTrace(f"at {r.when} ns {r.va + i:#x} is {have:#x}, was written {want:#x}")


def check(path, stable_memory):
    """The whole file: grammar, order of times and counts. Returns the number of instructions.
    stable_memory: addresses mean the same memory throughout, and no device is read by loads
    between 0x40000000 and 0x50000000."""
    n, when, ram = 0, 0, Memory()
    for r in records(path):
        if r.when < when:
            raise BadTrace(f"{path}: time goes back at {r.when}")
        when = r.when
        if isinstance(r, Insn):
            if n and r.count <= last:
                raise BadTrace(f"{path}: instruction {r.count} after {last}")
            last, n = r.count, n + 1
        elif isinstance(r, Mem) and stable_memory and 0x40000000 <= r.va < 0x50000000:
            ram.write(r) if r.write else ram.check(r)
    return n
