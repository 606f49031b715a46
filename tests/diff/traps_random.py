#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the golden trap tests under random trap controls on two emulators and compare the outcomes.

usage: traps_random.py [options] EMULATOR REFERENCE

A test is an instruction of the golden set `traps` (golden.py) under a configuration of its own: the
registers of one of the set's configurations, some taken from others, some with flipped bits. Part
of the instructions are random encodings of the system instruction space; part of the tests run
with fine-grained traps on. Every difference that no rule of rules.py explains is a failure. Prints
the seed; same seed, same tests.
"""
import json
import pathlib
import random
import re
import struct
import sys
import tempfile
from collections import Counter

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import golden  # noqa: E402
import rules  # noqa: E402
from trap_cases import WITHOUT, Comparer, access_of, configurations  # noqa: E402

BATCH = 4000
SLOT = 96  # bytes of a test
SHOWN = 20

# What the image itself needs: SCR_EL3.{NS, HCE, RW, EEL2} make the entry of the test legal,
# CPTR_EL3.TCPAC is its way back; HCR_EL2.{RW, TGE} go with the SPSR it enters with.
KEPT = {"SCR_EL3": 1 | 1 << 18 | 1 << 10 | 1 << 7, "CPTR_EL3": 1 << 31,
        "HCR_EL2": 1 << 31 | 1 << 27}
UNTOUCHED = {"VBAR_EL2", "VBAR_EL1", "SPSR_EL2", "SPSR_EL1"}
# Their layout depends on HCR_EL2.E2H.
BY_E2H = ("CPTR_EL2", "TCR_EL2", "CNTHCTL_EL2")
E2H = 1 << 34
# Bits that the set leaves alone and that pointer authentication depends on.
PAUTH_BITS = {"SCTLR_EL1": (31, 30, 27, 13), "SCTLR_EL2": (31, 30, 27, 13),
              "TCR_EL1": (*range(6), 14, 15, *range(16, 22), 30, 31, 37, 38, 51, 52, 59),
              "TCR_EL2": (*range(6), 14, 15, *range(16, 22), 29, 30, 31, 32, 37, 38, 51, 52, 59)}
# HFGRTR, HFGWTR, HFGITR, HDFGRTR, HDFGWTR, HCRX: op0, op1, CRn, CRm, op2, and bits to leave clear.
FINE_GRAINED = ((3, 4, 1, 1, 4, 0), (3, 4, 1, 1, 5, 0), (3, 4, 1, 1, 6, 7 << 51),
                (3, 4, 3, 1, 4, 0), (3, 4, 3, 1, 5, 0), (3, 4, 1, 2, 2, 0))
SCR_FGTEN, SCR_HXEN = 1 << 27, 1 << 38
NOP, RET = 0xd503201f, 0xd65f03c0


class Set:
    """The golden set, as material."""

    def __init__(self, folder):
        tests = json.loads((folder / "tests.json").read_text())
        self.data = (folder / "data.bin").read_bytes()
        self.base, self.symbols = tests["data"], tests["sym"]
        self.header = struct.unpack_from("<8Q", self.data)
        self.configs = configurations(tests)
        self.registers = list(self.configs[0])
        self.by_e2h = [[c for c in self.configs if bool(c["HCR_EL2"] & E2H) == e]
                       for e in (False, True)]
        self.varied = {r: self.bits_varied(r, self.configs) for r in self.registers}
        self.varied_by_e2h = [{r: self.bits_varied(r, cs) for r in BY_E2H} for cs in self.by_e2h]
        # Whether a wait ends is not decided by traps alone; there are no tags in our memory.
        self.tests = [t for t in tests["tests"]
                      if t["status"] != "skip" and t["feat"] not in WITHOUT and
                      not t["insn"].startswith(("WFE", "WFI"))]
        self.names = {int(t["word"], 16) >> 5 & 0xffff: access_of(t).split()[-1]
                      for t in self.tests if t["kind"] in ("MRS", "MSR")}

    @staticmethod
    def bits_varied(register, configs):
        all_ones = all_zeros = configs[0][register]
        for c in configs:
            all_ones |= c[register]
            all_zeros &= c[register]
        return [b for b in range(64) if (all_ones ^ all_zeros) >> b & 1]

    def slot(self, test):
        offset = test["slot"] - self.base
        return bytearray(self.data[offset:offset + SLOT])


class Generator:
    def __init__(self, seed, golden_set):
        self.rng, self.set = random.Random(seed), golden_set

    def flip(self, value, bits, most=3):
        for _ in range(self.rng.randint(1, most) if bits else 0):
            value ^= 1 << self.rng.choice(bits)
        return value

    def config(self, base, fine_grained):
        rng, config = self.rng, dict(base)
        for r in self.set.registers:
            if r in UNTOUCHED or r in BY_E2H:
                continue
            choice, v = rng.random(), config[r]
            if choice < 0.25:
                v = rng.choice(self.set.configs)[r]
            elif choice < 0.5:
                v = self.flip(v, self.set.varied[r])
            kept = KEPT.get(r, 0)
            config[r] = v & ~kept | base[r] & kept
        e2h = bool(config["HCR_EL2"] & E2H)
        for r in BY_E2H:
            if e2h != bool(base["HCR_EL2"] & E2H) or rng.random() < 0.3:
                config[r] = rng.choice(self.set.by_e2h[e2h])[r]
            if r != "TCR_EL2" and rng.random() < 0.3:
                config[r] = self.flip(config[r], self.set.varied_by_e2h[e2h][r], 1)
        if fine_grained:
            config["SCR_EL3"] |= SCR_FGTEN | (SCR_HXEN if rng.random() < 0.7 else 0)
        return config

    def near_an_allocated_one(self):
        """A system instruction, one bit of its encoding changed."""
        while True:
            word = int(self.rng.choice(self.set.tests)["word"], 16)
            if word >> 22 == 0xd5000000 >> 22 and word >> 19 & 3:
                return word ^ 1 << self.rng.randrange(5, 19)

    def random_access(self, test, slot):
        """Make a test one of a random encoding, reads only: a write could end the run."""
        rng = self.rng
        word = self.near_an_allocated_one() if rng.random() < 0.5 else \
            0xd5000000 | rng.choice((1, 2, 3, 3)) << 19 | rng.getrandbits(14) << 5
        word = word & ~31 | 1 << 21 | rng.randrange(1, 30)
        struct.pack_into("<I", slot, 4, word)
        struct.pack_into("<8I", slot, 32, *(NOP, RET) * 4)
        struct.pack_into("<I", slot, 0x44, word & 31)
        op0, op1, crn, crm, op2 = (word >> 19 & 3, word >> 16 & 7, word >> 12 & 15, word >> 8 & 15,
                                   word >> 5 & 7)
        name = self.set.names.get(word >> 5 & 0xffff, f"S{op0}_{op1}_C{crn}_C{crm}_{op2}")
        test.update(word=f"{word:x}", insn=f"MRS X{word & 31}, {name}" if op0 > 1 else
                    f"SYSL X{word & 31}, {name}", kind="MRS", mask={"RT": "f" * 16})

    def test(self, fine_grained, unallocated):
        test = dict(self.rng.choice(self.set.tests))
        config = self.config(self.set.configs[test["cfg"]], fine_grained)
        slot = self.set.slot(test)
        if self.rng.random() < unallocated:
            self.random_access(test, slot)
        elif re.match("XPAC|PAC|AUT", test["insn"]):
            for r, bits in PAUTH_BITS.items():
                config[r] = self.flip(config[r], bits, 5)
        return test, config, slot

    def fine_grained(self):
        """Initial writes that set the fine-grained trap registers."""
        out = b""
        for op0, op1, crn, crm, op2, clear in FINE_GRAINED:
            word = 0xd5000000 | op0 << 19 | op1 << 16 | crn << 12 | crm << 8 | op2 << 5
            value = self.rng.getrandbits(64) & (self.rng.getrandbits(64) | -self.rng.getrandbits(1))
            out += struct.pack("<2Q", word | RET << 32, value & ~clear & (1 << 64) - 1)
        return out


def data_file(golden_set, tests, configs, slots, more_writes):
    """data.bin of the set with other tests; their slots move."""
    magic, _, _, writes_n, old_tests, _, old_writes, _ = golden_set.header
    writes = golden_set.data[old_writes:old_writes + 16 * writes_n] + more_writes
    config_bytes = b"".join(struct.pack(f"<{len(c)}Q", *c.values()) for c in configs)
    o_configs = 64
    o_writes = o_configs + len(config_bytes)
    o_tests = (o_writes + len(writes) + 63) // 64 * 64
    o_results = (o_tests + SLOT * len(tests) + 4095) // 4096 * 4096
    out = struct.pack("<8Q", magic, len(tests), len(configs), len(writes) // 16, o_tests,
                      o_configs, o_writes, o_results) + config_bytes + writes
    for i, (test, slot) in enumerate(zip(tests, slots)):
        struct.pack_into("<I", slot, 0x40, i)
        test.update(i=i, slot=golden_set.base + o_tests + SLOT * i)
    return out.ljust(o_tests, b"\0") + b"".join(slots)


def batch(generator, count, fine_grained, unallocated):
    made = [generator.test(fine_grained, unallocated) for _ in range(count)]
    tests, configs, slots = map(list, zip(*made))
    writes = generator.fine_grained() if fine_grained else b""
    return tests, configs, data_file(generator.set, tests, configs, slots, writes)


class Comparison:
    def __init__(self, folder, golden_set):
        self.comparer, self.first = Comparer(folder, golden_set.symbols), golden_set.configs[0]
        self.explained, self.failures, self.tests, self.completed = Counter(), [], 0, 0
        self.written = set()

    def add(self, test, config, theirs, ours):
        self.tests += 1
        self.completed += self.comparer.outcome(self.comparer.record(ours, test), test).done
        case = self.comparer.case(test, config, theirs, ours)
        if case and self.left_over(case):
            return
        rule = case and rules.explain(rules.TRAP_RULES, case)
        if rule:
            self.explained[rule.name] += 1
            if case.theirs.done != case.ours.done:
                self.written.add(case.access.split()[-1])
        elif case:
            self.failures.append((test, case))

    def left_over(self, case):
        """A value, where an access that only one of them made has left another one."""
        name = case.access.split()[-1]
        return bool(self.written) and set(case.fields) <= {"RT", "RB0", "RB1", "NV"} and (
            case.fields == ("NV",) or name in self.written)

    def report(self):
        for test, case in self.failures[:SHOWN]:
            differ = "; ".join(f"{k} reference {show(x)} ours {show(y)}"
                               for k, (x, y) in case.values.items())
            regs = " ".join(f"{r}={v:#x}" for r, v in case.regs.items() if v != self.first[r])
            print(f"EL{case.el} {test['insn']} ({case.word:08x}): {differ}\n    {regs}")
        for name, n in self.explained.most_common():
            print(f"{n:6} explained: {name}")


def show(value):
    return f"{value:#x}" if isinstance(value, int) else str(value)


def main():
    args = golden.random_arguments(__doc__, 60000, "tests")
    rules.check_documented(rules.TRAP_RULES)
    emulators = golden.require(args.data, ["traps"], args.emulator, args.reference)
    with tempfile.TemporaryDirectory() as tmp:
        scratch = pathlib.Path(tmp)
        golden.unpack(golden.data_folder(args.data) / "traps", scratch)
        golden_set = Set(scratch)
        generator = Generator(args.seed, golden_set)
        comparison = Comparison(scratch, golden_set)
        for n, start in enumerate(range(0, args.count, BATCH)):
            # Plain, with random encodings, with fine-grained traps.
            tests, configs, data = batch(generator, min(BATCH, args.count - start), n % 3 == 2,
                                         0.4 if n % 3 == 1 else 0)
            comparison.written = set()
            ours, theirs = (golden.run_data(e, "traps", scratch, data) for e in emulators)
            for t, c in zip(tests, configs):
                comparison.add(t, c, theirs, ours)
    comparison.report()
    print(f"seed {args.seed}: {comparison.tests} tests, {comparison.completed} completed, "
          f"{len(comparison.failures)} differ, {sum(comparison.explained.values())} more explained")
    return bool(comparison.failures) or not comparison.completed


if __name__ == "__main__":
    sys.exit(main())
