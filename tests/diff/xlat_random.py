#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the golden translation tests with random changes on two emulators and compare the results.

usage: xlat_random.py [options] EMULATOR REFERENCE

The configurations of the golden set `xlat` (golden.py), in each round changed in one of two ways:
- descriptors of data pages get other attributes; loads, stores, atomics and fetches stay;
- descriptors and the registers that control translation get flipped bits; every operation becomes
  an AT, so that nothing is written where it should not be.
Every difference that no rule of rules.py explains is a failure. Prints the seed; same seed, same
tests.
"""
import copy
import pathlib
import random
import sys
import tempfile
from collections import Counter

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import golden  # noqa: E402
import rules  # noqa: E402
import xlat_cases as xlat  # noqa: E402

SHOWN = 20
DATA = 0xa0000000  # where the data pages lie
DESCRIPTOR_RATE = 0.35

# Bits of a descriptor: all that is not reserved, or those that leave the address alone.
ATTRIBUTES = (0, *range(2, 12), *range(50, 56), 59, 62)
ANY_BITS = (*range(12), *range(12, 17), 20, *range(47, 56), 59, 62)
PAGE_LOG2 = {"4K": 12, "16K": 14, "64K": 16}
STUB_SIZE = 0x20000  # what runs at lower ELs, in the regime under test
TREES_OF_STAGE_2 = "S2"
E2H = 1 << 34
# T0SZ, T1SZ, EPD, TG, IPS, HA, HD, TBI, HPD, TBID, E0PD, DS; the same of TCR_EL2 with E2H = 0.
TCR_BITS = (*range(6), *range(16, 22), 7, 23, 14, 15, 30, 31, 32, 33, 34, *range(37, 43), 51, 52,
            55, 56, 59)
TCR_EL2_BITS = (*range(6), 14, 15, 16, 17, 18, 20, 21, 22, 24, 29, 32)
VTCR_BITS = (*range(8), 14, 15, 16, 17, 18, 21, 22, 32, 33)
SCTLR_BITS = (1, 3, 19, 23, 57)  # A, SA, WXN, SPAN, EPAN
HCR_BITS = (2, 12, 32, 46)  # PTW, DC, CD, FWB: stage 2 stays on, or tables lie outside RAM
# PAR_EL1: of a fault F, FST, PTW, S; otherwise the address and NS.
PAR_F, PAR_FAULT, PAR_ADDRESS = 1, 0x3ff, 0x000ffffffffff200
NOT_COMPARED = {"spsr_el3", "spsr_el1", "spsr_el2", "hpfar_el2"}
WHOLE = {"esr_el1", "esr_el2", "esr_el3"}
ALL_ONES = (1 << 64) - 1
DATA_FIELDS = {*xlat.FIELDS[xlat.FIELDS.index("x1"):]}
LINE = 64


class Mutator:
    def __init__(self, seed, configurations):
        self.rng, self.configurations = random.Random(seed), configurations
        self.routines = {}  # number -> name, of stage 1 AT at EL3
        for c in configurations:
            for op, name in zip(c.ops, c.names):
                if op[0] == xlat.AT_EL3 and name.startswith("at s1e"):
                    self.routines[op[1]] = name

    def flip(self, value, bits, most):
        for _ in range(self.rng.randint(1, most)):
            value ^= 1 << self.rng.choice(bits)
        return value

    def leaves(self, c):
        """Address of a descriptor -> (tree, its leaf) of all that it serves."""
        found = {}
        for tree in c.about["trees"]:
            for leaf in tree["leaves"]:
                found.setdefault(int(leaf[2], 16), []).append((tree, leaf))
        return found

    @staticmethod
    def serves_stub(c, uses):
        """A leaf that maps, or lies near, the code at lower ELs; a table counts as that, too."""
        if any(len(leaf) > 4 for _, leaf in uses):
            return True
        if not c.about.get("stub"):
            return False
        stub = int(c.about["stub"], 16)
        for tree, (va, level, *_) in uses:
            page = PAGE_LOG2[tree["granule"]]
            shift = page + (3 - level) * (page - 3)
            here, there = int(va, 16), stub & (1 << tree["input_bits"]) - 1
            if here >> shift == there >> shift or abs(here - there) < STUB_SIZE:
                return True
        return False

    def change_descriptors(self, c, bits, stage2):
        leaves = self.leaves(c)
        for desc in c.descs:
            uses = leaves.get(desc[0])
            if not uses or self.serves_stub(c, uses) or self.rng.random() >= DESCRIPTOR_RATE:
                continue
            if stage2 or not any(t["tree"].startswith(TREES_OF_STAGE_2) for t, _ in uses):
                desc[1] = self.flip(desc[1], bits, 2)

    def change_registers(self, c):
        rng, regs = self.rng, c.regs
        if rng.random() < 0.5:
            regs["SCTLR_EL1"] = self.flip(regs["SCTLR_EL1"], SCTLR_BITS, 1)
        for r in ("TCR_EL1", "TCR_EL2"):
            if rng.random() < 0.6:
                one_range = r == "TCR_EL2" and not regs["HCR_EL2"] & E2H
                regs[r] = self.flip(regs[r], TCR_EL2_BITS if one_range else TCR_BITS, 3)
        if c.about["stage2"]:
            if rng.random() < 0.5:
                regs["VTCR_EL2"] = self.flip(regs["VTCR_EL2"], VTCR_BITS, 3)
            if rng.random() < 0.3:
                regs["HCR_EL2"] = self.flip(regs["HCR_EL2"], HCR_BITS, 1)

    def become_at(self, c, wanted):
        """A stage 1 AT in place of each wanted operation. The reference aborts in AT S12E*."""
        for i, op in enumerate(c.ops):
            if wanted(op[0], c.names[i]):
                op[0], op[1] = xlat.AT_EL3, self.rng.choice(list(self.routines))
                op[2], op[6], op[7] = self.rng.getrandbits(1), DATA, DATA
                c.names[i] = self.routines[op[1]]

    def round(self):
        """All configurations, changed."""
        made = []
        for original in self.configurations:
            c = copy.copy(original)
            c.regs, c.names = dict(original.regs), list(original.names)
            c.descs = [list(d) for d in original.descs]
            c.ops = [list(o) for o in original.ops]
            if self.rng.random() < 0.5:
                self.become_at(c, lambda kind, name: kind == xlat.AT_EL3 and
                               name.startswith("at s12"))
                self.change_descriptors(c, ATTRIBUTES, stage2=False)
            else:
                # Not even changes of tables stay: their TLBIs are for the original ones.
                self.become_at(c, lambda kind, name: kind != xlat.AT_EL3 or
                               not name.startswith("at s1e"))
                self.change_descriptors(c, ANY_BITS, stage2=True)
                self.change_registers(c)
            made.append(c)
        return made


def differing(name, theirs, ours, mask):
    """Names of fields that differ and count."""
    found = []
    for field, x, y, m in zip(xlat.FIELDS, theirs, ours, mask):
        if field in NOT_COMPARED or field == "x1" and name.startswith("at "):
            continue  # x1: PAR_EL1 again
        if field == "par_el1":
            m = PAR_FAULT if (x | y) & PAR_F else PAR_ADDRESS
            m = m if name.startswith("at ") else 0
        elif field in WHOLE:
            m = ALL_ONES
        if (x ^ y) & m:
            found.append(field)
    return found


class Comparison:
    def __init__(self):
        self.explained, self.failures = Counter(), []
        self.operations = self.descriptors = 0
        self.stored = set()  # lines of memory that an explained difference left different

    def add(self, configurations, theirs, ours, masks):
        self.stored.clear()
        for c, i, is_op, (x, y, m) in xlat.results(configurations, theirs, ours, masks):
            if is_op:
                self.operations += 1
                differ = differing(c.names[i], x, y, m)
                case = differ and xlat.case(c, i, x, y, differ)
            else:
                self.descriptors += 1
                case = (x ^ y) & m and xlat.descriptor_case(c, i, x, y)
            if case:
                self.judge(c, i, case)

    def judge(self, configuration, index, case):
        rule = rules.explain(rules.XLAT_RULES, case)
        lines = self.lines(configuration, index) if case.op != "descriptor" else set()
        if rule:
            self.explained[rule.name] += 1
            self.stored |= lines
        elif set(case.fields) <= DATA_FIELDS and lines & self.stored:
            pass
        else:
            self.failures.append((configuration, index, case))

    @staticmethod
    def lines(configuration, index):
        """Memory that an operation may access, by the set's account of where it lies."""
        return {(pa + n) // LINE for pa in configuration.ops[index][6:8] for n in (0, LINE)}

    def report(self):
        for c, i, case in self.failures[:SHOWN]:
            differ = "; ".join(f"{n} reference {case.theirs[n]:#x} ours {case.ours[n]:#x}"
                               for n in case.fields)
            regs = " ".join(f"{r}={v:#x}" for r, v in c.regs.items() if v)
            print(f"configuration {c.about['cfg']} {case.regime} number {i}: {case.op} EL{case.el} "
                  f"{case.va:#x}: {differ}\n    {regs}")
        for name, n in self.explained.most_common():
            print(f"{n:6} explained: {name}")


def main():
    args = golden.random_arguments(__doc__, 10, "rounds of all configurations")
    rules.check_documented(rules.XLAT_RULES)
    emulators = golden.require(args.data, ["xlat"], args.emulator, args.reference)
    with tempfile.TemporaryDirectory() as tmp:
        scratch = pathlib.Path(tmp)
        golden.unpack(golden.data_folder(args.data) / "xlat", scratch)
        head, configurations = xlat.read_configurations(scratch, "data_q.bin")
        masks = (scratch / "mask.bin").read_bytes()
        mutator, comparison = Mutator(args.seed, configurations), Comparison()
        for _ in range(args.count):
            changed = mutator.round()
            data = xlat.write_configurations(head, changed)
            ours, theirs = (golden.run_data(e, "xlat", scratch, data) for e in emulators)
            comparison.add(changed, theirs, ours, masks)
    comparison.report()
    print(f"seed {args.seed}: {comparison.operations} operations, {comparison.descriptors} "
          f"descriptors, {len(comparison.failures)} differ, "
          f"{sum(comparison.explained.values())} more explained")
    return bool(comparison.failures)


if __name__ == "__main__":
    sys.exit(main())
