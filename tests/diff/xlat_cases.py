# SPDX-License-Identifier: Apache-2.0
"""Data and results of the golden set `xlat` as configurations, and as cases for rules.py."""
import json
import struct

import rules

# Words of a configuration before its descriptors and operations.
REGISTERS = ("SCR_EL3", "HCR_EL2", "SCTLR_EL1", "TCR_EL1", "TTBR0_EL1", "TTBR1_EL1", "MAIR_EL1",
             "VBAR_EL1", "SCTLR_EL2", "TCR_EL2", "TTBR0_EL2", "TTBR1_EL2", "MAIR_EL2", "VBAR_EL2",
             "VTCR_EL2", "VTTBR_EL2", "VSTCR_EL2", "VSTTBR_EL2", "CPTR_EL2")
HEAD, OP_WORDS, FILE_HEAD = 24, 8, 64
# Words of a result.
FIELDS = ("kind", "spsr_el3", "elr_el3", "esr_el3", "esr_el1", "far_el1", "elr_el1", "spsr_el1",
          "esr_el2", "far_el2", "hpfar_el2", "elr_el2", "spsr_el2", "par_el1", "x1", "x2", "x3",
          "x0", "m0", "m1", "m2", "m3", "n0", "n1", "n2", "n3")
RESULT = struct.Struct(f"<{len(FIELDS)}Q")
AT_EL3 = 1  # kind of an operation: a routine at EL3; otherwise an access at a lower EL


class Configuration:
    """One configuration of data.bin: registers, descriptors, operations; with its description."""

    def __init__(self, words, about):
        self.about, self.flags = about, words[22:24]
        self.regs = dict(zip(REGISTERS, words[1:20]))
        n_descs, n_ops = words[20:22]
        ops = HEAD + 2 * n_descs
        self.descs = [list(words[i:i + 2]) for i in range(HEAD, ops, 2)]
        self.ops = [list(words[i:i + OP_WORDS])
                    for i in range(ops, ops + OP_WORDS * n_ops, OP_WORDS)]
        self.names = [o["op"] for o in about["ops"]]

    def pack(self):
        words = [0, *self.regs.values(), len(self.descs), len(self.ops), *self.flags]
        for part in (*self.descs, *self.ops):
            words += part
        words[0] = 8 * len(words)
        return struct.pack(f"<{len(words)}Q", *words)


def read_configurations(folder, name):
    """(head of the file, configurations)"""
    data = (folder / name).read_bytes()
    about = json.loads((folder / "tests.json").read_text())
    found, offset = [], FILE_HEAD
    for a in about:
        size = struct.unpack_from("<Q", data, offset)[0]
        found.append(Configuration(struct.unpack_from(f"<{size // 8}Q", data, offset), a))
        offset += size
    return data[:FILE_HEAD], found


def write_configurations(head, configurations):
    return head + b"".join(c.pack() for c in configurations) + bytes(8)


def results(configurations, *files):
    """(configuration, index of the operation or descriptor, is an operation, values)."""
    offset = 0
    for c in configurations:
        for i in range(len(c.ops)):
            yield c, i, True, [RESULT.unpack_from(f, offset) for f in files]
            offset += RESULT.size
        for i in range(len(c.about["desc"])):
            yield c, i, False, [struct.unpack_from("<Q", f, offset)[0] for f in files]
            offset += 8


def case(configuration, index, theirs, ours, differ):
    """Of an operation; differ: names of fields."""
    o = configuration.about["ops"][index]
    name = configuration.names[index]
    return rules.XlatCase(name, o["el"], configuration.ops[index][3], configuration.about["regime"],
                          configuration.regs, dict(zip(FIELDS, theirs)), dict(zip(FIELDS, ours)),
                          tuple(differ))


def descriptor_case(configuration, index, theirs, ours):
    address = configuration.about["desc"][index][0]
    of_stage2 = any(t["tree"].startswith("S2") and address in (leaf[2] for leaf in t["leaves"])
                    for t in configuration.about["trees"])
    return rules.XlatCase("descriptor", 0, 0, configuration.about["regime"], configuration.regs,
                          {"descriptor": theirs}, {"descriptor": ours}, ("descriptor",), of_stage2,
                          any(n.startswith("at ") for n in configuration.names))


def golden_cases(folder):
    """(name, case) of each difference between out.bin and the set."""
    _, configurations = read_configurations(folder, "data.bin")
    files = [(folder / f).read_bytes() for f in ("expected.bin", "out.bin", "mask.bin")]
    for c, i, is_op, (theirs, ours, mask) in results(configurations, *files):
        number = c.about["cfg"]
        if not is_op:
            if (theirs ^ ours) & mask:
                yield f"cfg {number} descriptor {i}", descriptor_case(c, i, theirs, ours)
            continue
        differ = [n for n, x, y, m in zip(FIELDS, theirs, ours, mask) if (x ^ y) & m]
        if differ:
            yield f"cfg {number} op {i} {c.names[i]}", case(c, i, theirs, ours, differ)
