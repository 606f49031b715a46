# SPDX-License-Identifier: Apache-2.0
"""Instructions that a random sequence can hold only with others around them: branches, whose
targets lie later in the sequence; memory copy and set, whose three parts go together; system
instructions.
"""
import re
from dataclasses import dataclass

NOP, BTI = 0xd503201f, 0xd503241f
ADR, ADD, MOVZ, MOVZ_LSL16 = 0x10000000, 0x91000000, 0xd2800000, 0xd2a00000
PACIA, PACIZA, PACIASP = 0xdac10000, 0xdac123e0, 0xd503233f
KEY_B, HINT_KEY_B = 1 << 10, 1 << 6
LR, SP = 30, 31

# Registers that guest.c fills with data, so that they may change; BTI knows X16 and X17.
FREE = (*range(0, 16), 27, 28, 29)
TARGETS = (*FREE, 16, 17, LR)
BASES = (18, 19)  # that no other instruction changes

# op0, op1, CRn, CRm, op2 of what may be read, and written with any value.
NZCV, FPCR, FPSR = (3, 3, 4, 2, 0), (3, 3, 4, 4, 0), (3, 3, 4, 4, 1)
DIT, SSBS, PAN, UAO = (3, 3, 4, 2, 5), (3, 3, 4, 2, 6), (3, 0, 4, 2, 3), (3, 0, 4, 2, 4)
READABLE = (NZCV, FPCR, FPSR, DIT, SSBS, PAN, UAO, (3, 0, 4, 2, 0), (3, 0, 4, 2, 2),
            (3, 3, 4, 2, 1), (3, 3, 0, 0, 7), (3, 3, 13, 0, 3))
WRITABLE = (NZCV, FPSR, DIT, SSBS, UAO, (3, 3, 13, 0, 3))
FPCR_UPPER = 0x7c8  # AHP, DN, FZ, RMode, FZ16, of bits 31:16
# CFINV, XAFLAG, AXFLAG, UAO, SSBS, DIT, DAIFSet, DAIFClr: op1, op2.
PSTATE_FIELDS = ((0, 0), (0, 1), (0, 2), (0, 3), (3, 1), (3, 2), (3, 6), (3, 7))
# DC ZVA, CVAU, CVAC, CVAP, CIVAC, IC IVAU: op1, CRn, CRm, op2.
BY_ADDRESS = ((3, 7, 4, 1), (3, 7, 11, 1), (3, 7, 10, 1), (3, 7, 12, 1), (3, 7, 14, 1),
              (3, 7, 5, 1))
WAITS = (2, 3)  # hints WFE, WFI
SEMIHOSTING = 0xf000


@dataclass
class Fixup:
    """A word whose immediate is the distance to a later word of the sequence."""
    index: int
    low: int  # of the immediate
    width: int
    earliest: int  # target
    preferred: int = 0  # target, half of the time


def encode(op0, op1, crn, crm, op2):
    return op0 << 19 | op1 << 16 | crn << 12 | crm << 8 | op2 << 5


class Special:
    def __init__(self, generator):
        self.g, self.rng = generator, generator.rng
        self.builders = [(re.compile(pattern), build) for pattern, build in (
            ("branch_(unconditional_immediate|conditional)", self.direct_branch),
            ("branch_unconditional_register", self.indirect_branch),
            ("memory_mcpymset_", self.copy_or_set),
            ("system_register_system", self.register),
            ("system_register_cpsr", self.pstate),
            ("system_sysops", self.by_address),
            ("system_hints", self.hint),
            ("system_exceptions", self.exception),
        )]

    def build(self, row, start):
        """(words, fixups) of an instruction at an index of the sequence; None: it can be alone."""
        for pattern, builder in self.builders:
            if pattern.match(row.cls):
                return builder(row, start)
        return None

    def random_word(self, row):
        return row.value | self.rng.getrandbits(32) & ~row.mask

    def fields(self, row, keep, **registers):
        """A word of a row: random but for what keep masks away and the registers."""
        word = self.random_word(row) & ~keep
        for low, value in registers.items():
            word |= value << int(low[1:])
        return word

    def direct_branch(self, row, start):
        low, width = (0, 26) if "unconditional" in row.cls else (5, 14 if "test" in row.cls else 19)
        keep = (1 << width) - 1 << low
        return [self.fields(row, keep)], [Fixup(start, low, width, start + 1)]

    def indirect_branch(self, row, start):
        """ADR, perhaps a code, the branch; half of the time what BTI asks for is there."""
        rng, authenticates = self.rng, row.name.endswith("a")
        target = LR if row.name == "reta" else rng.choice(TARGETS)
        if row.name == "bra":  # with any other register the reference aborts
            target = rng.choice((16, 17))
        words, modifier, zero = [ADR | target], rng.choice(FREE), rng.getrandbits(1)
        if target == modifier:
            zero = 1
        key_b = rng.getrandbits(1)
        if row.name == "reta":
            words.append(PACIASP | (HINT_KEY_B if key_b else 0))
            branch = row.value | key_b << 10
        elif authenticates:
            sign = PACIZA | target if zero else PACIA | modifier << 5 | target
            words.append(sign | (KEY_B if key_b else 0))
            branch = row.value & ~(1 << 24) | (0 if zero else 1 << 24) | key_b << 10 | \
                target << 5 | (SP if zero else modifier)
        else:
            branch = row.value | target << 5
        words += [branch, BTI | rng.randrange(4) << 6]
        last = start + len(words)
        # ADR's immediate is in bytes: words from bit 5 on are its upper part.
        return words, [Fixup(start, 5, 19, last - 1, last - 1)]

    def offset(self, register, base, limit):
        """ADD register, base, #number"""
        return ADD | self.rng.randrange(limit) << 10 | base << 5 | register

    def copy_or_set(self, row, start):
        """Size and addresses; prologue, main part and epilogue on the same registers."""
        rng, phase = self.rng, 14 if "_set" in row.cls else 22
        size, source, to = rng.sample(FREE, 3)
        length = rng.choice((rng.randrange(16), rng.randrange(256)))
        words = [MOVZ | length << 5 | size, self.offset(to, rng.choice(BASES), 512)]
        if "_cpyf" in row.cls:  # forwards: right if the source is not below
            words.append(self.offset(source, to, 256))
        elif "_cpy" in row.cls:
            words.append(self.offset(source, rng.choice(BASES), 512))
        first = row.value | source << 16 | size << 5 | to
        return [*words, *(first | n << phase for n in range(3))], []

    def register(self, row, start):
        free, rng = self.rng.choice(FREE), self.rng
        if row.name == "mrs":
            return [row.value & ~(3 << 19) | encode(*rng.choice(READABLE)) | free], []
        if rng.random() < 0.3:
            value = rng.getrandbits(16) & FPCR_UPPER
            write = row.value & ~(3 << 19) | encode(*FPCR) | free
            return [MOVZ_LSL16 | value << 5 | free, write], []
        return [row.value & ~(3 << 19) | encode(*rng.choice(WRITABLE)) | free], []

    def pstate(self, row, start):
        op1, op2 = self.rng.choice(PSTATE_FIELDS)
        value = 0 if op1 == 0 and op2 < 3 else self.rng.getrandbits(1)
        return [row.value | op1 << 16 | value << 8 | op2 << 5], []

    def by_address(self, row, start):
        op1, crn, crm, op2 = self.rng.choice(BY_ADDRESS)
        return [row.value | encode(0, op1, crn, crm, op2) | self.rng.choice(BASES)], []

    def hint(self, row, start):
        word = self.random_word(row)
        while word >> 5 & 127 in WAITS:
            word = self.random_word(row)
        return [word], []

    def exception(self, row, start):
        """The guest's handler skips a word: after SVC that is one more."""
        word = self.random_word(row)
        while word >> 5 & 0xffff == SEMIHOSTING:
            word = self.random_word(row)
        return [word, NOP] if row.name == "svc" else [word], []
