#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run random instruction sequences on two emulators and compare everything they change.

usage: insns.py [options] EMULATOR REFERENCE PROGRAM.elf a64.decode

REFERENCE may be `interpreter`: EMULATOR with every block compiled against itself with none.

Every encoding of a64.decode takes its turn, but for those that would leave the guest (LEFT_OUT)
and those of features that the reference lacks. The program (insns/guest.c) runs the sequences at
EL1 and returns a hash for each; where two differ, both emulators run again and the results are
shown. Some batches run from guarded pages (BTI), some with alignment checks.
Differences that docs/choices.md explains are listed in insns_explained.txt. Prints the seed and
what was covered. Same seed, same sequences.
"""
import argparse
import pathlib
import random
import re
import struct
import sys
import tempfile
from dataclasses import dataclass, field

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import emulator  # noqa: E402
from insns_special import Special  # noqa: E402

EXPLAINED = pathlib.Path(__file__).with_name("insns_explained.txt")
PARAMS = 0x48000000
MAX_WORDS, MAX_DUMPS, SCRATCH_WORDS, STATE_WORDS = 12, 64, 512, 119
STATE_SHOWN = 116
SCTLR_RES1 = 0x30d00800
SCTLR_M_C_I = 1 << 0 | 1 << 2 | 1 << 12
SCTLR_PAC = 1 << 31 | 1 << 30 | 1 << 27 | 1 << 13
SCTLR_A, SCTLR_SA = 1 << 1, 1 << 3
SCTLR_BT1 = 1 << 36  # PACIASP is no landing pad for every branch
GUARDED = 1 << 50  # of the descriptor that maps the code
BATCH = 12500
TIME_LIMIT = 300

# What the reference does not have, so that there is nothing to compare with.
NOT_IN_REFERENCE = ("FEAT_CSSC",)
# Options of the two when they are the same emulator.
INTERPRETER, TIERS = "interpreter", (["--compile-after", "1"], ["--compile-after", "never"])
# What leaves the guest: to a higher EL, to a debugger, by an exception return, or to wait.
LEFT_OUT = re.compile(r"system_exceptions_(runtime_(hvc|smc)|debug_exception)|"
                      r"branch_unconditional_eret|system_sysinstwithreg_")
# Register numbers that guest.c gives a meaning: bases, offsets; anything else is data.
BASES, ALIGNED_BASES, OFFSETS = (16, 17, *range(20, 24), 31), (18, 19), (24, 25, 26, 31)
DATA = (*range(0, 16), *range(27, 32))
# Vector instructions whose bits 4:0 are a general register.
TO_GENERAL = re.compile(r"vector_transfer_integer_move|float_convert_(fix|int)")
# FPCR: RMode, and one bit each for FZ, DN, AHP, FZ16, NEP, AH, FIZ.
FPCR_NAMES = {"-": 0, "FPCR.AH": 1 << 1}
FPCR_BITS = (24, 25, 26, 19, 2, 1, 0)


@dataclass
class Row:
    name: str
    cls: str
    mask: int
    value: int
    covered: int = 0


@dataclass
class Sequence:
    seed: int
    fpcr: int
    words: list
    rows: list = field(default_factory=list)
    starts: list = field(default_factory=list)  # words that a branch may go to
    fixups: list = field(default_factory=list)


def read_rows(path, without):
    rows = []
    for line in path.read_text().splitlines():
        fields = line.split("#")[0].split()
        if fields and not LEFT_OUT.match(fields[1]) and fields[3] not in without:
            mask = int("".join("0" if c == "." else "1" for c in fields[2]), 2)
            rows.append(Row(fields[0], fields[1], mask, int(fields[2].replace(".", "0"), 2)))
    return rows


class Generator:
    """Instruction words of a row, with operands that make a useful test."""

    def __init__(self, seed, rows):
        self.rng, self.rows = random.Random(seed), rows
        self.special = Special(self)

    def word(self, row):
        """Random operands, but for bases, offsets and what is CONSTRAINED UNPREDICTABLE."""
        while True:
            self.w = row.value | (self.rng.getrandbits(32) & ~row.mask)
            if row.cls.startswith("memory_"):
                self.memory(row)
            elif row.cls.startswith("integer_") or TO_GENERAL.match(row.cls):
                self.set(0, DATA)
            if self.w & row.mask == row.value and self.defined(row):
                return self.w

    def get(self, low, width=5):
        return self.w >> low & (1 << width) - 1

    def put(self, low, width, value):
        self.w = self.w & ~((1 << width) - 1 << low) | value << low

    def set(self, low, choices):
        self.put(low, 5, self.rng.choice(choices))

    def memory(self, row):
        cls = row.cls
        aligned = "exclusive" in cls or (re.search("atomic|ordered|lda_stl", cls) and
                                         self.rng.random() < 0.9)
        if "literal" in cls:
            self.put(5, 19, self.rng.randrange(64))
        else:
            self.set(5, ALIGNED_BASES if aligned else BASES)
        if "simdfp" not in cls and "vector" not in cls:
            self.set(0, DATA)
        if "pair_general" in cls or "exclusive_pair" in cls:
            self.set(10, DATA)
        if re.search("exclusive|atomicops", cls):
            self.set(16, DATA)
        if re.search("_register|vector_.*post_inc|range", cls):
            self.set(16, OFFSETS)
        if "immediate_unsigned" in cls:  # not far: the scratch memory is small
            scale = self.get(30, 2) | (self.get(26, 1) & self.get(23, 1)) << 2
            self.put(10, 12, self.rng.randrange(0x400 >> scale))

    def defined(self, row):
        cls, load = row.cls, self.get(22, 1)
        if "pair" in cls and "atomic" not in cls and load and self.get(0) == self.get(10):
            return False
        if re.search("exclusive", cls) and not load:
            status = self.get(16)
            return status not in (self.get(0), self.get(5)) and (
                "pair" not in cls or status != self.get(10))
        return True

    def load_of(self, store):
        """The load-exclusive of the size of a store-exclusive, mostly from the same address."""
        self.w = store | 1 << 22
        self.put(16, 5, 31)
        self.set(0, DATA)
        if self.get(21, 1):
            self.put(10, 5, self.rng.choice([r for r in DATA if r != self.get(0)]))
        if self.rng.random() < 0.2:
            self.set(5, ALIGNED_BASES)
        return self.w

    def fpcr(self):
        v = self.rng.choice((0, 0, 1, 2, 3)) << 22
        return v | sum(1 << b for b in FPCR_BITS if self.rng.random() < 0.15)

    def sequences(self, count, length):
        """Rows take turns, in another order each time round."""
        turn = []
        for _ in range(count):
            s = Sequence(self.rng.getrandbits(63) | 1, self.fpcr(), [])
            wanted = length or self.rng.choice((1, 2, 4, 6))
            while len(s.words) < wanted:
                if not turn:
                    turn = self.rng.sample(self.rows, len(self.rows))
                if not self.append(s, turn[-1]):
                    break
                turn.pop()
            self.fix(s)
            yield s

    def fix(self, s):
        """Targets of branches: later in the sequence, or its end."""
        for f in s.fixups:
            target = self.rng.choice([*(i for i in s.starts if i >= f.earliest), len(s.words)])
            if f.preferred and self.rng.random() < 0.5:
                target = f.preferred
            s.words[f.index] |= (target - f.index & (1 << f.width) - 1) << f.low

    def append(self, s, row):
        """False when the sequence has no room for it."""
        built = self.special.build(row, len(s.words))
        if built:
            words, fixups = built
            if len(s.words) + len(words) > MAX_WORDS:
                return False
            row.covered += 1
            s.starts.append(len(s.words))
            s.words += words
            s.rows += [row] * len(words)
            s.fixups += fixups
            return True
        row.covered += 1
        s.starts.append(len(s.words))
        word = self.word(row)
        if "exclusive" in row.cls and not word >> 22 & 1:  # alone it would always fail
            s.words.append(self.load_of(word))
            s.rows.append(Row("(its load-exclusive)", row.cls, 0, 0))
        s.words.append(word)
        s.rows.append(row)
        return True


def params(sequences, setting, dumps):
    out = [struct.pack("<4Q", len(sequences), *setting, len(dumps)),
           struct.pack(f"<{MAX_DUMPS}Q", *dumps, *[0] * (MAX_DUMPS - len(dumps)))]
    for s in sequences:
        words = s.words + [0] * (MAX_WORDS - len(s.words))
        out.append(struct.pack(f"<QII{MAX_WORDS}I", s.seed, s.fpcr, len(s.words), *words))
    return b"".join(out)


class Machine:
    def __init__(self, path, program, options):
        self.path, self.program, self.options, self.cpu = path, program, options, 0.0

    def run(self, data):
        """(hashes, dumps) of the sequences in data."""
        with tempfile.TemporaryDirectory() as tmp:
            scratch = pathlib.Path(tmp)
            (scratch / "params.bin").write_bytes(data)
            argv = [self.path, "-M", "virt,virtualization=off,gic-version=3", "-m", "1024",
                    "-cpu", "max,pauth-qarma5=on", "-nic", "none", "-display", "none",
                    "-monitor", "none", "-serial", "none", "-kernel", self.program,
                    "-semihosting-config", "enable=on,target=native",
                    "-device", f"loader,file=params.bin,addr={PARAMS:#x},force-raw=on",
                    *self.options]
            result = emulator.run(argv, TIME_LIMIT, cwd=scratch)
            self.cpu += result.cpu
            if result.timed_out or result.status != 0:
                print(" ".join(map(str, argv)))
                sys.exit(f"{self.path}: {'time limit' if result.timed_out else result.status}\n"
                         f"{result.output}")
            hashes = (scratch / "hashes.bin").read_bytes()
            return (struct.unpack(f"<{len(hashes) // 8}Q", hashes),
                    (scratch / "dumps.bin").read_bytes())


def state_names():
    names = [f"x{i}" for i in range(31)] + ["sp", "nzcv", "fpcr", "fpsr", "exceptions"]
    names += [f"v{i // 2}.d[{i % 2}]" for i in range(64)]
    names += [f"{n}[{i}]" for i in range(8) for n in ("esr", "far")]
    names += ["-"] * (STATE_WORDS - len(names))
    return names + [f"memory+{8 * i:#x}" for i in range(SCRATCH_WORDS)]


NAMES = state_names()


def differences(a, b):
    """Of two dumps of one sequence: (name, ours, reference)."""
    return [(n, x, y) for i, (n, x, y) in enumerate(zip(NAMES, a, b))
            if x != y and not STATE_SHOWN <= i < STATE_WORDS]


def examine(machines, sequences, setting, indices):
    """The differences of some sequences, by index."""
    indices = sorted(indices)[:MAX_DUMPS]
    data = params(sequences[:indices[-1] + 1], setting, indices)
    size = (STATE_WORDS + SCRATCH_WORDS) * 8
    dumps = [m.run(data)[1] for m in machines]
    found = {}
    for n, index in enumerate(indices):
        a, b = (struct.unpack_from(f"<{size // 8}Q", d, n * size) for d in dumps)
        found[index] = differences(a, b)
    return found


def report(sequence, found, setting):
    sctlr, guarded = setting
    print(f"difference: FPCR {sequence.fpcr:#x}, SCTLR_EL1 {sctlr:#x}"
          f"{', guarded' if guarded else ''}, seed {sequence.seed:#x}")
    for word, row in zip(sequence.words, sequence.rows):
        print(f"    {word:08x}  {row.name} ({row.cls})")
    for name, ours, reference in found[:12]:
        print(f"        {name:<14} {ours:016x}  reference {reference:016x}")


def explained():
    """[(pattern of row names, FPCR bits that must be set, pattern of what differs)]"""
    rules = []
    for line in EXPLAINED.read_text().splitlines():
        fields = [f.strip() for f in line.split("#")[0].split(" | ")]
        if len(fields) == 4:
            rules.append((re.compile(fields[0]), FPCR_NAMES[fields[1]], re.compile(fields[2])))
    return rules


def is_explained(sequence, found, rules):
    """Each thing that differs, by a rule of one of the sequence's encodings."""
    holding = [what for rule, fpcr, what in rules if sequence.fpcr & fpcr == fpcr and
               any(rule.fullmatch(row.name) for row in sequence.rows)]
    return all(any(what.fullmatch(name) for what in holding) for name, _, _ in found)


def compare(machines, sequences, setting, shown, rules):
    """(differences that nothing explains, explained ones)"""
    ours, reference = (m.run(params(sequences, setting, []))[0] for m in machines)
    todo = [i for i in range(len(sequences)) if ours[i] != reference[i]]
    new = known = 0
    while todo:
        part, todo = todo[:MAX_DUMPS], todo[MAX_DUMPS:]
        for index, found in examine(machines, sequences, setting, part).items():
            if is_explained(sequences[index], found, rules):
                known += 1
                continue
            new += 1
            if new <= shown:
                report(sequences[index], found, setting)
        if new > shown:
            return new + len(todo), known
    return new, known


def setting(batch, tiers):
    """SCTLR_EL1, and attributes of the page with the code, of a batch."""
    sctlr = SCTLR_RES1 | SCTLR_M_C_I | SCTLR_PAC
    if tiers and batch % 2 == 1:  # the reference checks no alignment of SP
        sctlr |= SCTLR_SA
    if batch % 8 == 7 or (tiers and batch % 8 == 2):  # every access on its slow path
        return sctlr | SCTLR_A, 0
    return sctlr | (SCTLR_BT1 if batch % 8 == 5 else 0), GUARDED if batch % 4 == 1 else 0


def coverage(rows, total):
    classes = {r.cls for r in rows}
    missing = [f"{r.name} ({r.cls})" for r in rows if r.covered == 0]
    least = min(r.covered for r in rows)
    print(f"{total} instructions; {len(rows) - len(missing)} of {len(rows)} encodings in "
          f"{len(classes)} classes, each at least {least} times")
    for name in missing:
        print(f"    not covered: {name}")


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--seed", type=lambda s: int(s, 0), default=1)
    ap.add_argument("--count", type=int, default=100000, help="sequences")
    ap.add_argument("--length", type=int, help="instructions a sequence; default: 1 to 6")
    ap.add_argument("--only", default="", help="pattern of class or encoding names")
    ap.add_argument("--show", type=int, default=10, help="differences to print")
    ap.add_argument("emulator")
    ap.add_argument("reference")
    ap.add_argument("program", type=pathlib.Path)
    ap.add_argument("decode", type=pathlib.Path)
    args = ap.parse_args()
    tiers = args.reference == INTERPRETER
    reference = args.emulator if tiers else args.reference
    for name in (args.emulator, reference):
        if emulator.find(name) is None:
            emulator.skip(f"no {name} on this machine")
    machines = [Machine(emulator.find(n), args.program.resolve(), options)
                for n, options in zip((args.emulator, reference), TIERS if tiers else ([], []))]
    rows = [r for r in read_rows(args.decode, () if tiers else NOT_IN_REFERENCE)
            if re.search(args.only, r.cls) or re.search(args.only, r.name)]
    generator, rules = Generator(args.seed, rows), explained()
    new = known = total = 0
    for start in range(0, args.count, BATCH):
        batch = list(generator.sequences(min(BATCH, args.count - start), args.length))
        total += sum(len(s.words) for s in batch)
        counts = compare(machines, batch, setting(start // BATCH, tiers), args.show - new, rules)
        new, known = new + counts[0], known + counts[1]
        if new > args.show:
            break
    coverage(rows, total)
    print(f"seed {args.seed}: {args.count} sequences, {new} differ, {known} more explained; "
          f"{machines[0].cpu:.1f} s, reference {machines[1].cpu:.1f} s")
    return new != 0


if __name__ == "__main__":
    sys.exit(main())
