# SPDX-License-Identifier: Apache-2.0
"""Arm's list of A64 encodings as a predicate: is a word allocated on a PE with these features?

a64-encodings.tsv has an encoding's fixed bits, fields, feature, and further UNDEFINED conditions
in Sail's notation, which become Python here. The list says of itself that conditions are
approximate. Where they use variables of the pseudocode, DERIVED has their meaning; where branches
were merged or the pseudocode has no condition but no case either, CONDITIONS replaces them.
"""
import re
from dataclasses import dataclass

INDEX_SHIFT = 21
OTHER_GROUPS = ("SVE", "SME")

# Pseudocode variables, over fields.
DERIVED = {
    "esize": "(8 << size)",
    "shift": "imm3",
    "n": "Rn",
    "op": "(o0 * 2 + U)",
    "scale": "((opc >> 1) * 4 + size)",
    "HaveFP16Ext()": "FEAT_FP16",
    "HaveBit128PMULLExt()": "FEAT_PMULL",
    "HaveFlagManipulateExt()": "FEAT_FlagM",
    "HavePACExt()": "FEAT_PAuth",
    "Halted()": "0",
}
# Name or class -> what is UNDEFINED, in Python. Arm DDI 0487, C6.2 and C7.2, the page of each.
FLOAT_TYPE = "ftype == 2 or (ftype == 3 and not FEAT_FP16)"
LOAD_OPC = "opc & 2 and (size == 3 or (size == 2 and opc & 1))"
MOPS_REGISTERS = "sz or 31 in (Rd, Rn) or Rd == Rn or Rs in (Rd, Rn)"
CONDITIONS = {
    "fjcvtzs": "not FEAT_JSCVT",
    "fmov_float_gen": "rmode > 1 or (ftype == 3 and (rmode or not FEAT_FP16)) or "
                      "(ftype < 3 and (sf, ftype, rmode) not in ((0, 0, 0), (1, 1, 0), (1, 2, 1)))",
    "fcvt_float": "ftype == opc or ftype == 2 or opc == 2",
    "bfcvt_float": "",
    "float_convert_fix": FLOAT_TYPE + " or (not sf and scale < 32)",
    "float_arithmetic_round_frint_32_64": "ftype > 1",
    "float_.*": FLOAT_TYPE,
    "integer_logical_immediate": "(N and not sf) or reserved_bit_mask(N, imms)",
    "integer_arithmetic_rev": "opc == 3 and not sf",
    "integer_pac_strip_dp_1src": "",
    "integer_pac_.*_dp_1src": "Z and Rn != 31",
    "branch_unconditional_register":
        "(not A and Rm) or (A and not FEAT_PAuth) or (A and not Z and Rm != 31)",
    "branch_unconditional_eret": "A and not FEAT_PAuth",
    "udf|system_exceptions_debug_halt": "True",  # halting debug is not implemented
    # The flag instructions; the others by field: system registers have tests of their own.
    "msr_imm": "op1 == 0 and op2 < 3 and not (FEAT_FlagM if op2 == 0 else FEAT_FlagM2)",
    "memory_literal_simdfp": "opc == 3",
    "memory_single_general_register": "not option_name & 2 or (" + LOAD_OPC + ")",
    "prfum|prfm_.*": "",
    "memory_single_general_immediate_signed_pac": "size != 3 or not FEAT_PAuth",
    "memory_single_general_immediate_(un)?signed.*": LOAD_OPC,
    "memory_vector_multiple_.*": "(size == 3 and not Q and opcode & 3 != 3 and opcode & 3 != 2) or "
                                 "opcode not in (0, 2, 4, 6, 7, 8, 10)",
    "memory_vector_single_.*":
        "(opcode >> 1 == 3 and not (L and not S)) or (opcode >> 1 == 1 and size & 1) or "
        "(opcode >> 1 == 2 and (size & 2 or (size & 1 and S)))",
    "memory_mcpymset_cpyf?": MOPS_REGISTERS + " or op1 == 3 or Rs == 31",
    "memory_mcpymset_setg?": MOPS_REGISTERS + " or op2 >> 2 == 3",
    "vector_logical": "cmode == 15 and op and not Q",
    "vector_transfer_(vector_cpy_dup_sisd|vector_insert|integer_insert)": "not imm5 & 15",
    "vector_transfer_(vector_cpy_dup_simd|integer_dup)": "imm5 & 15 in (0, 8 * (1 - Q))",
    "vector_transfer_integer_move_unsigned": "imm5 & 15 == 0 or (imm5 & 15 == 8) != Q",
    "vector_transfer_integer_move_signed": "imm5 & (7 if Q else 3) == 0",
    "vector_shift_conv_(int|float)_.*":
        "immh == 1 or (immh >> 1 == 1 and not FEAT_FP16) or (immh & 8 and not wide)",
    "vector_arithmetic_binary_element_mul_(acc_)?(double_.*|high_.*|int|long)": "size in (0, 3)",
    "vector_arithmetic_binary_element_mul_(acc_)?fp_simd": "sz and (L or not Q)",
    "vector_arithmetic_binary_element_mul_(acc_)?fp_sisd": "sz and L",
}
# Name or class -> feature, where the list has none or that of a neighbour.
FEATURES = {
    "fjcvtzs": "FEAT_JSCVT",
    "float_convert_int|msr_imm": "FEAT_AA64",
    "(ldapur|stlur)_fpsimd|(ldap1|stl1)_advsimd_sngl": "FEAT_LRCPC3",
    "(ldapur|stlur)_gen|ldapurs?[bhw]+|stlur[bh]": "FEAT_LRCPC2",
    "memory_ordered_(pair_.*|.*writeback)": "FEAT_LRCPC3",
    "system_tme_.*": "FEAT_TME",
    "system_barriers_dsb_nxs": "FEAT_XS",
    "system_sysinstwithreg_wf[ei]t": "FEAT_WFxT",
    "ldlar[bh]?|stllr[bh]?": "FEAT_LOR",
    "memory_ordered_rcpc": "FEAT_LRCPC",
}


def reserved_bit_mask(n, imms):
    """DecodeBitMasks() of a logical immediate: no element size, or all ones."""
    length = (n << 6 | ~imms & 63).bit_length() - 1
    levels = (1 << max(length, 0)) - 1
    return length < 1 or imms & levels == levels


@dataclass
class Row:
    name: str
    cls: str
    mask: int
    value: int
    fields: dict  # name -> (high, low)
    feature: str
    undef_if: str
    group: str


def read(path):
    rows = []
    for line in open(path):
        f = line.rstrip("\n").split("\t")
        if line.startswith(("#", "order")):
            continue
        fields = {m[1]: (int(m[2]), int(m[3]))
                  for m in re.finditer(r"(\w+)\[(\d+):(\d+)\]", f[6])}
        rows.append(Row(f[2], f[3], int(f[4], 16), int(f[5], 16), fields, f[7], f[8], f[1]))
    return rows


def of_row(row, table, default):
    """The entry of a row, by name before class, in the table's order."""
    for what in (row.name, row.cls):
        for key, entry in table.items():
            if re.fullmatch(key, what):
                return entry
    return default


def to_python(text, width):
    """The few forms of Sail that conditions use. `width`: of a field."""
    operand = r"\[\w+\[\d+\]\]|\w+\[\d+ \.\. \d+\]|\w+"

    def bits(of):
        m = re.search(r"(\d+) \.\. (\d+)", of)
        return 1 if of.startswith("[") else int(m[1]) - int(m[2]) + 1 if m else width(of)

    text = re.sub(rf"\(({operand}) @ ({operand})\)",
                  lambda m: f"({m[1]} * {1 << bits(m[2])} + {m[2]})", text)
    text = re.sub(r"\|\|?", "or", text.replace("&", "and"))
    text = re.sub(r"\[(\w+)\[(\d+)\]\]", r"(\1 >> \2 & 1)", text)
    text = re.sub(r"(\w+)\[(\d+) \.\. (\d+)\]",
                  lambda m: f"({m[1]} >> {m[3]} & {(2 << int(m[2]) - int(m[3])) - 1})", text)
    return text.replace("not_bool(", "not (").replace("UInt(", "(")


def condition(row, features):
    """Python for `UNDEFINED`, over w."""
    text = of_row(row, CONDITIONS, None)
    if text is not None:
        text = text.replace("wide", "Q" if "Q" in row.fields else "1")
    else:
        text = to_python(row.undef_if, lambda f: row.fields[f][0] - row.fields[f][1] + 1)

    def value_of(m):
        name = m[0]
        if name in row.fields:
            high, low = row.fields[name]
            return f"(w >> {low} & {(2 << high - low) - 1})"
        if name.startswith("FEAT_"):
            return str(name in features)
        if name in DERIVED:
            return re.sub(NAME, value_of, DERIVED[name])
        return name

    text = re.sub(NAME, value_of, text) or "False"
    immh = " or (w >> 19 & 15) == 0" if "immh" in row.fields else ""  # modified immediates
    return f"({text}){immh}"


NAME = r"\b[A-Za-z]\w*\b(?:\(\))?"


def has(feature, features):
    """'FEAT_A&FEAT_B', 'FEAT_A|FEAT_B'."""
    named = features | {"FEAT_AA64"}
    return any(all(f in named for f in alt.split("&")) for alt in feature.split("|"))


def predicate(rows, features):
    """A function word -> is it allocated."""
    index = [[] for _ in range(1 << 32 - INDEX_SHIFT)]
    for row in rows:
        if row.group in OTHER_GROUPS or not has(of_row(row, FEATURES, row.feature), features):
            continue
        undefined = eval(f"lambda w: {condition(row, features)}")
        mask, value = row.mask >> INDEX_SHIFT, row.value >> INDEX_SHIFT
        for i in range(len(index)):
            if i & mask == value:
                index[i].append((row.mask, row.value, undefined))

    def allocated(w):
        for mask, value, undefined in index[w >> INDEX_SHIFT]:
            if w & mask == value and not undefined(w):
                return True
        return False

    return allocated
