# SPDX-License-Identifier: Apache-2.0
"""Differences that the manual decides for us: rules by register, EL, controls and outcome.

Shared by the golden sets and by the random tests against the reference emulator. A rule holds for
a case, that is one difference; docs/choices.md gives the reason under the rule's name.
"""
import pathlib
import re
import sys
from dataclasses import dataclass
from typing import Callable

CHOICES = pathlib.Path(__file__).resolve().parents[2] / "docs" / "choices.md"

EC_UNDEFINED, EC_SYSREG, EC_PC_ALIGNMENT, EC_SP_ALIGNMENT = 0, 0x18, 0x22, 0x26
EC_DATA_ABORT = (0x24, 0x25)
EC_ABORT = (0x20, 0x21, *EC_DATA_ABORT)


@dataclass(frozen=True)
class Rule:
    name: str  # as docs/choices.md has it
    holds: Callable  # of a case
    golden: bool = False  # explains golden sets, too


def bits(value, *numbers):
    """The bits of a value, as a tuple."""
    return tuple(value >> n & 1 for n in numbers)


# ---- traps: system registers and instructions ----

@dataclass
class Outcome:
    """How a test instruction ended: "done", or "exc" with the syndrome of the first exception."""
    kind: str
    el: int
    esr: int

    @property
    def ec(self):
        return self.esr >> 26 if self.kind == "exc" else None

    @property
    def undefined(self):
        return self.ec == EC_UNDEFINED

    @property
    def done(self):
        return self.kind == "done"

    def trap(self, *els):
        return self.ec == EC_SYSREG and self.el in els


@dataclass
class TrapCase:
    access: str  # "MRS SCXTNUM_EL1", "DC ZVA", "XPACI": without general registers
    word: int
    operand: int  # of the general register before the instruction
    el: int
    regs: dict  # control registers by name
    theirs: Outcome
    ours: Outcome
    values: dict  # what differs: (theirs, ours)

    def reg(self, pattern):
        """The access is to a system register whose name matches."""
        m = re.fullmatch(r"M(RS|SR) (\S+)", self.access)
        return bool(m and re.fullmatch(pattern, m[2]))

    def bit(self, register, n):
        return self.regs[register] >> n & 1

    @property
    def fgt(self):
        """Fine-grained traps are on."""
        return bool(self.el2_on and self.bit("SCR_EL3", 27))

    @property
    def sctlr(self):
        """SCTLR_ELx of the translation regime."""
        return self.regs[f"SCTLR_EL{self.el or (2 if self.host else 1)}"]

    @property
    def fields(self):
        return tuple(self.values)

    @property
    def enc(self):
        """op0, op1, CRn, CRm, op2."""
        w = self.word
        return (w >> 19 & 3, w >> 16 & 7, w >> 12 & 15, w >> 8 & 15, w >> 5 & 7)

    @property
    def read(self):
        return bool(self.word >> 21 & 1)

    @property
    def secure(self):
        return not self.bit("SCR_EL3", 0)

    @property
    def el2_on(self):
        return not self.secure or bool(self.bit("SCR_EL3", 18))

    @property
    def host(self):
        return bool(self.el2_on and self.bit("HCR_EL2", 34) and self.bit("HCR_EL2", 27))


def scxtnum(c):
    if not c.reg("SCXTNUM_EL[01]") or not c.theirs.trap(2) or not c.bit("HCR_EL2", 53):
        return False
    if c.el == 0 and c.host:  # their EnSCXT is 0 for a host
        return not c.bit("SCTLR_EL2", 20)
    return c.el == 1 and bool(c.bit("SCTLR_EL2", 20))


def scxtnum_el2(c):
    """HCR_EL2.NV traps before SCR_EL3.EnSCXT does."""
    return (c.el == 1 and c.reg("SCXTNUM_EL(2|12|1)") and c.bit("HCR_EL2", 42) == 1 and
            c.theirs.trap(3) and c.ours.trap(2))


def tidcp_op0(c):
    return (c.el == 1 and c.enc[0] == 2 and c.enc[2] in (11, 15) and c.bit("HCR_EL2", 20) == 1 and
            c.theirs.trap(2) and c.ours.undefined)


def no_such_direction(c):
    """HCR_EL2.NV traps what is UNDEFINED: a write of a read-only register, SYSL of an operation."""
    return (c.el == 1 and c.bit("HCR_EL2", 42) == 1 and c.enc[1] in (4, 5) and c.theirs.trap(2) and
            c.ours.undefined and (c.enc[0] == 1 and c.read or not c.read and
                                  c.reg(r"ICH_(VTR|MISR|EISR|ELRSR)_EL2")))


def dc_zva(c):
    return c.access == "DC ZVA" and c.theirs.done and c.ours.ec in EC_DATA_ABORT


def pmu_user(c):
    """At EL0 the bits of PMUSERENR_EL0 open the way past EL2's and EL3's traps."""
    return (c.el == 0 and c.reg("PM.*_EL0") and c.theirs.done and c.ours.trap(2, 3) and
            c.regs["PMUSERENR_EL0"] & 14 != 0 and
            (c.ours.el == 2 and c.regs["MDCR_EL2"] & (1 << 5 | 1 << 6) != 0 or
             c.ours.el == 3 and c.bit("MDCR_EL3", 6) == 1))


def pmcr(c):
    """MDCR_EL2.TPMCR."""
    return (c.el <= 1 and c.reg("PMCR_EL0") and c.bit("MDCR_EL2", 5) == 1 and c.ours.trap(2) and
            not c.theirs.trap(2))


def icc_secure(c):
    """Secure EL1 under Secure EL2: HCR_EL2.{FMO, IMO} and ICH_HCR_EL2 apply."""
    return (c.el == 1 and c.secure and c.el2_on and c.reg("ICC_.*_EL1|S3_0_C12_C12_[0-7]") and
            (c.ours.trap(2) or any(bits(c.regs["HCR_EL2"], 3, 4))))


ABSENT = (
    # MTE
    r"TCO|GCR_EL1|RGSR_EL1|TFSR_EL\d+|TFSRE0_EL1",
    # MPAM, SPE, TRF
    r"MPAM\w+|PMSCR_EL\d+|TRFCR_EL\d+",
)
ABSENT_INSTRUCTIONS = r"(IRG|LDGM?|STGM?|STZGM|SVE)\b.*|DC C?I?GD?(VA[CP]|VADP|SW)"
THEIR_FEATURES = (
    r"[ZS]MCR_EL\d+|ZCR_EL\d+|SVCR|TPIDR2_EL0|SMPRI_EL1|SMPRIMAP_EL2|SMIDR_EL1",  # SVE, SME
    r"S3_[05]_C1_C2_[046]|S3_4_C1_C2_[0456]|S3_3_C4_C2_2|S3_3_C13_C0_5|S3_1_C0_C0_6",
    r"TCO|S3_3_C4_C2_7",  # the part of MTE that needs no tag memory
)
OUR_FEATURES = (
    r"SCTLR2_EL\d+|TCR2_EL\d+|S3_[045]_C1_C0_3|S3_[045]_C2_C0_3",
    r"HD?FG[RW]TR2_EL2|HFGITR2_EL2|S3_4_C3_C1_[01237]",  # FGT2
    r"PIR(E0)?_EL\d+|(S2)?POR_EL\d+|S2PIR_EL2|S3_[03456]_C10_C2_[2345]",  # S1PIE to S2POE
)


def feature_of_theirs(c):
    return not c.ours.done and c.reg("|".join(THEIR_FEATURES))


def absent(c):
    if c.reg("GMID_EL1"):  # in the ID space: FEAT_IDST
        return c.ours.trap(1, 2)
    return c.ours.undefined and (c.reg("|".join(ABSENT + THEIR_FEATURES)) or
                                 bool(re.fullmatch(ABSENT_INSTRUCTIONS, c.access)))


def feature_of_ours(c):
    return c.theirs.undefined and (c.reg("|".join(OUR_FEATURES)) or c.access.startswith(
        ("AT S1E1A", "AT S1E2A", "AT S1E3A", "COSP RCTX")))


def el12_fgt(c):
    """With HCR_EL2.{NV2, NV1, NV} = {1, 0, 1} these are accesses to memory."""
    return (c.el == 1 and c.fgt and c.reg(".*_EL12") and c.theirs.trap(2) and c.ours.done and
            bits(c.regs["HCR_EL2"], 45, 43, 42) == (1, 0, 1))


def fields_of_features(c):
    """RES0 here: fields for registers of absent features."""
    if c.fields != ("RT",) or not c.reg("HD?FG[RW]TR_EL2|HFGITR_EL2|HCRX_EL2"):
        return False
    theirs, ours = c.values["RT"]
    return c.reg("HCRX_EL2") or ours & ~theirs == 0


def debug_missing(c):
    return (c.reg("DBGAUTHSTATUS_EL1|DBGPRCR_EL1|DBGDTR_EL0") and c.theirs.undefined)


TRAP_RULES = (
    Rule("SCXTNUM", scxtnum, golden=True),
    Rule("SCXTNUM", scxtnum_el2),
    Rule("IMPLEMENTATION DEFINED encodings", tidcp_op0, golden=True),
    Rule("no such direction", no_such_direction),
    Rule("DC ZVA", dc_zva),
    Rule("PMUSERENR_EL0", pmu_user),
    Rule("MDCR_EL2.TPMCR", pmcr),
    Rule("MDCR_EL2 at EL2", lambda c: c.el == 2 and c.reg("MDCR_EL2") and c.theirs.done and
         c.ours.trap(3) and c.bit("MDCR_EL3", 9) == 1),
    Rule("ICC registers in Secure state", icc_secure),
    Rule("debug registers", debug_missing),
    Rule("OSDLR_EL1", lambda c: c.reg("OSDLR_EL1") and c.el == 1 and c.theirs.trap(2) and
         not c.ours.trap(2) and c.bit("SCR_EL3", 27) == 1),
    Rule("DAIF", lambda c: c.access.startswith(("MSR DAIFSet", "MSR DAIFClr")) and
         c.fields == ("esr",) and c.theirs.trap(1, 2) and c.ours.trap(1, 2)),
    Rule("DAIF of a host", lambda c: c.el == 0 and c.host and c.access.startswith(
        ("MRS DAIF", "MSR DAIF")) and c.ours.trap(2)),
    Rule("PSTATE of an exception", lambda c: c.access in ("MSR NZCV", "MSR DIT") and
         c.fields == ("RB0",) and c.values["RB0"][0] == 0),
    Rule("XPACI", lambda c: c.access == "XPACI" and c.fields == ("RT",) and
         c.values["RT"][0] == c.operand and not any(bits(c.sctlr, 31, 30, 27, 13))),
    Rule("PMUSERENR_EL0 and fine-grained traps", lambda c: c.el <= 1 and c.fgt and
         c.reg("PMUSERENR_EL0") and c.ours.trap(2)),
    Rule("_EL12 names and fine-grained traps", el12_fgt),
    Rule("LORegions in Secure state", lambda c: c.el == 1 and c.secure and c.fgt and
         c.reg("LOR(SA|EA|N|C)_EL1") and c.theirs.trap(2) and c.ours.undefined),
    Rule("fields of absent features", fields_of_features),
    Rule("IMPLEMENTATION DEFINED encodings", lambda c: c.el >= 1 and c.enc[0] == 3 and
         c.enc[2] in (11, 15) and c.theirs.done and c.ours.undefined),
    Rule("identification of AArch32", lambda c: c.enc[:3] == (3, 0, 0) and c.enc[3] in (1, 2, 3)
         and c.read and c.fields == ("RT",)),
    Rule("HVC in Secure state", lambda c: c.access == "HVC" and c.secure and not c.el2_on and
         c.ours.undefined),
    Rule("HCR_EL2.HCD", lambda c: c.reg("HCR_EL2") and c.fields in (("RT",), ("RB0",), ("RB1",))),
    Rule("features of one side", absent, golden=True),
    Rule("features of one side", feature_of_theirs),
    Rule("features of one side", feature_of_ours, golden=True),
)

def counter_of_el2(c):
    """A counter that MDCR_EL2.HPMN keeps for EL2."""
    m = re.fullmatch(r"M(?:RS|SR) PMEV(?:CNTR|TYPER)(\d)_EL0", c.access)
    return (bool(m) and c.el <= 1 and c.theirs.done and c.ours.trap(2) and
            int(m[1]) >= c.regs["MDCR_EL2"] & 31)


MATRIX_RULES = (*TRAP_RULES, Rule("MDCR_EL2.HPMN", counter_of_el2))


# ---- translations ----

@dataclass
class XlatCase:
    op: str  # "at s1e1r", "ldr x", "descriptor"
    el: int
    va: int
    regime: str
    regs: dict  # control registers by name
    theirs: dict  # results by field
    ours: dict
    fields: tuple  # what differs
    of_stage2: bool = False  # a descriptor
    beside_at: bool = False  # a descriptor of a configuration with AT operations

    @property
    def is_at(self):
        return self.op.startswith("at ")

    @property
    def one_range(self):
        """Stage 1 is of EL2 without E2H."""
        return self.at_el2 and not self.regs["HCR_EL2"] >> 34 & 1

    @property
    def at_el2(self):
        """Stage 1 is controlled by TCR_EL2."""
        if not self.is_at:
            return self.regime.startswith("EL2")
        return "s1e2" in self.op or bits(self.regs["HCR_EL2"], 34, 27) == (1, 1)

    @property
    def flag_managed(self):
        """TCR_ELx.HA."""
        return self.regs["TCR_EL2" if self.at_el2 else "TCR_EL1"] >> (
            21 if self.one_range else 39) & 1

    @property
    def dirty_managed(self):
        """TCR_ELx.{HA, HD}."""
        return self.flag_managed and self.regs["TCR_EL2" if self.at_el2 else "TCR_EL1"] >> (
            22 if self.one_range else 40) & 1

    @property
    def wide_s1(self):
        """Output addresses above 48 bits have a place in the descriptors, but are out of range."""
        tcr = self.regs["TCR_EL2" if self.at_el2 else "TCR_EL1"]
        if self.one_range:
            return tcr >> 16 & 7 <= 5 and (tcr >> 14 & 3 == 1 or tcr >> 32 & 1)
        granule_64k = tcr >> 30 & 3 == 3 if self.va >> 55 & 1 else tcr >> 14 & 3 == 1
        return tcr >> 32 & 7 <= 5 and (granule_64k or tcr >> 59 & 1)

    @property
    def wide_s2(self):
        vtcr = self.regs["VTCR_EL2"]
        return vtcr >> 16 & 7 <= 5 and (vtcr >> 14 & 3 == 1 or vtcr >> 32 & 1)


@dataclass
class Fault:
    status: int  # FST, DFSC, IFSC
    stage: int
    on_walk: bool  # of stage 2, on a stage 1 walk
    ec: int = 0

    @property
    def kind(self):
        return self.status & ~3


ADDRESS_SIZE, TRANSLATION, ACCESS_FLAG, PERMISSION, ALIGNMENT_FAULT = 0, 4, 8, 12, 0x21
EXTERNAL_ON_WALK = 0x14
AF, AP2_OR_S2AP1 = 1 << 10, 1 << 7


def fault_of(case, result):
    """The fault in a result, or None."""
    if case.op == "descriptor":
        return None
    par = result["par_el1"]
    if case.is_at:
        fault = Fault(par >> 1 & 0x3f, 1 + (par >> 9 & 1), bool(par >> 8 & 1))
        return fault if par & 1 else None
    for el in (1, 2):
        esr = result[f"esr_el{el}"]
        if esr >> 26 in EC_ABORT:
            stage = 2 if el == 2 and not case.regime.startswith("EL2") else 1
            return Fault(esr & 0x3f, stage, bool(esr >> 7 & 1), esr >> 26)
    return None


def output_size(c):
    """Their output address lacks bits 51:48 where the output size is 48 bits or less."""
    ours = fault_of(c, c.ours)
    return bool(ours and ours.kind == ADDRESS_SIZE and ours != fault_of(c, c.theirs) and
                (c.wide_s2 if ours.stage == 2 else c.wide_s1))


def exception_class(c, result):
    return max(result[f"esr_el{el}"] for el in (1, 2)) >> 26 if c.op != "descriptor" else None


def dc(c):
    """Theirs does not translate."""
    ours = fault_of(c, c.ours)
    return c.op.startswith("dc ") and ours and not fault_of(c, c.theirs)


def atomic_write(c):
    """WnR of an alignment fault of an access that reads as well."""
    return len(c.fields) == 1 and c.fields[0].startswith("esr_el") and \
        c.theirs[c.fields[0]] ^ c.ours[c.fields[0]] == 0x40 and \
        fault_of(c, c.ours).status == ALIGNMENT_FAULT and not c.ours[c.fields[0]] & 0x40 and \
        re.match("ld|st|swp|cas", c.op)


def device_alignment(c):
    """Unaligned access to Device memory: after the walk, before permissions and stage 2."""
    ours, theirs = fault_of(c, c.ours), fault_of(c, c.theirs)
    if not ours or not c.va & 15:
        return False
    if ours.status == ALIGNMENT_FAULT and c.va >> 12 != c.va + 15 >> 12:
        return True  # the second page comes later
    if ours.status == ALIGNMENT_FAULT:
        return theirs is None or theirs.kind == PERMISSION or theirs.stage == 2
    checks_all = c.regs["SCTLR_EL2" if c.at_el2 else "SCTLR_EL1"] >> 1 & 1
    return bool(theirs and theirs.status == ALIGNMENT_FAULT and not checks_all and
                ours.kind in (ADDRESS_SIZE, TRANSLATION, ACCESS_FLAG))


def walk_level(c):
    """HCR_EL2.PTW: a stage 2 Permission fault on a walk, with its level; theirs is 0."""
    ours, theirs = fault_of(c, c.ours), fault_of(c, c.theirs)
    return bool(ours and theirs and ours.on_walk and theirs.on_walk and theirs.stage == 2 and
                ours.kind == theirs.kind == PERMISSION and theirs.status == PERMISSION)


def atomic_stages(c):
    """An atomic access: all of stage 1, its write too, comes before stage 2."""
    ours, theirs = fault_of(c, c.ours), fault_of(c, c.theirs)
    return bool(re.match("ldadd|swp|cas", c.op) and ours and theirs and ours.stage == 1 and
                ours.kind == PERMISSION and theirs.stage == 2)


def writeable_clean(c):
    """What EL0 may write, if only after an update, is not executable at a higher EL."""
    ours, theirs = fault_of(c, c.ours), fault_of(c, c.theirs)
    return bool(c.op in ("br", "blr", "ret") and ours and ours.kind == PERMISSION and
                ours.stage == 1 and c.dirty_managed and
                (theirs is None or theirs.stage == 2))


def at_sets_flag(c):
    """An AT need not set the access flag; theirs does, and faults where stage 2 forbids it."""
    theirs = fault_of(c, c.theirs)
    return bool(c.is_at and theirs and theirs.on_walk and theirs.kind == PERMISSION and
                c.flag_managed and (not fault_of(c, c.ours) or fault_of(c, c.ours).kind ==
                                    PERMISSION))


def table_outside_ram(c):
    """An External abort on a walk; theirs has something there, a window of PCIe."""
    return c.is_at and any(c.ours[f"esr_el{el}"] >> 26 in EC_DATA_ABORT and
                           c.ours[f"esr_el{el}"] & 0x3c == EXTERNAL_ON_WALK and
                           not c.theirs[f"esr_el{el}"] for el in (1, 2, 3))


def access_flag(c):
    return c.op == "descriptor" and c.theirs["descriptor"] ^ c.ours["descriptor"] == AF


def dirty_by_at(c):
    """Their AT sets dirty state."""
    if c.op != "descriptor" or not c.beside_at:
        return False
    theirs, ours = c.theirs["descriptor"], c.ours["descriptor"]
    return (theirs ^ ours) & ~AF == AP2_OR_S2AP1 and bool(theirs & AP2_OR_S2AP1) == c.of_stage2


XLAT_RULES = (
    Rule("Output address size", output_size, golden=True),
    Rule("DC by address", dc),
    Rule("WnR of atomics", atomic_write),
    Rule("alignment by memory type", device_alignment),
    Rule("SP alignment", lambda c: c.op.endswith(" sp") and
         exception_class(c, c.ours) == EC_SP_ALIGNMENT),
    Rule("PC alignment", lambda c: c.op in ("br", "blr", "ret") and c.va & 3 and
         exception_class(c, c.ours) == EC_PC_ALIGNMENT),
    Rule("level of a fault on a walk", walk_level),
    Rule("stages of an atomic access", atomic_stages),
    Rule("writeable-clean pages", writeable_clean),
    Rule("tables outside RAM", table_outside_ram),
    Rule("access flag", access_flag),
    Rule("access flag", at_sets_flag),
    Rule("dirty state and AT", dirty_by_at),
)


# ---- which rule ----

def explain(rules, case, golden=False):
    """The first rule that holds for a case, or None."""
    return next((r for r in rules if (r.golden or not golden) and r.holds(case)), None)


def check_documented(*tables):
    """Every rule has its reason in docs/choices.md."""
    text = CHOICES.read_text()
    missing = sorted({r.name for t in tables for r in t if r.name not in text})
    if missing:
        sys.exit(f"no reason in docs/choices.md for: {', '.join(missing)}")
