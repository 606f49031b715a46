/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which bits of the control registers exist on a PE: the fields of each feature, as data. A bit
 * that no line of `fields` names (for a register that has lines) is RES0 on every PE. Some RES0 and
 * RES1 bits are stored without effect, as the architecture permits: software for other PEs sets
 * them and compares what it reads back.
 */
#include "cpu/sys/sysreg_table.h"

#define M(hi, lo) (((UINT64_C(2) << ((hi) - (lo))) - 1) << (lo))
#define B(n)      (UINT64_C(1) << (n))

struct field {
    uint16_t id, feature;
    uint64_t bits;
};

/* clang-format off */
/* SCTLR_EL1 and, with FEAT_VHE, SCTLR_EL2 (whose meaning then depends on HCR_EL2.E2H). */
#define SCTLR_EL10(reg, f)                                                                         \
    {reg, f, M(4,0) | B(12) | M(16,14) | M(19,18) | B(26)},                                        \
    {reg, FEAT_LSE2, B(6)}, {reg, FEAT_SPECRES, B(10)}, {reg, FEAT_CSV2_2, B(20)},                 \
    {reg, FEAT_IESB, B(21)}, {reg, FEAT_PAN, B(23)}, {reg, FEAT_CMOW, B(32)},                      \
    {reg, FEAT_MOPS, B(33)}, {reg, FEAT_BTI, M(36,35)}, {reg, FEAT_TWED, M(49,45)},                \
    {reg, FEAT_PAN3, B(57)},                                                                       \
    {reg, FEAT_TIDCP1, B(63)}
/* What every SCTLR_ELx has. */
#define SCTLR_ANY(reg)                                                                             \
    {reg, FEAT_NONE, M(3,0) | B(12) | B(19)}, {reg, FEAT_LSE2, B(6)}, {reg, FEAT_IESB, B(21)},     \
    {reg, FEAT_PAuth, B(13) | B(27) | M(31,30)}, {reg, FEAT_SSBS, B(44)}, {reg, FEAT_BTI, B(36)},  \
    {reg, FEAT_NMI, M(62,61)}
#define TCR_EL10(reg, f)                                                                           \
    {reg, f, M(5,0) | B(7) | M(34,8) | M(38,36)},                                                  \
    {reg, FEAT_HAFDBS, M(40,39)}, {reg, FEAT_HPDS, M(42,41)}, {reg, FEAT_HPDS2, M(50,43)},         \
    {reg, FEAT_PAuth, M(52,51)}, {reg, FEAT_E0PD, M(56,55)}, {reg, FEAT_LPA2, B(59)}
#define TCR_SINGLE(reg)                                                                            \
    {reg, FEAT_NONE, M(5,0) | M(18,8) | B(20)},                                                    \
    {reg, FEAT_HAFDBS, M(22,21)}, {reg, FEAT_HPDS, B(24)}, {reg, FEAT_HPDS2, M(28,25)},            \
    {reg, FEAT_PAuth, B(29)}, {reg, FEAT_LPA2, B(32)}

static const struct field fields[] = {
    SCTLR_ANY(SR_SCTLR_EL1),
    SCTLR_EL10(SR_SCTLR_EL1, FEAT_NONE),
    {SR_SCTLR_EL1, FEAT_NONE, B(9) | B(5) | M(8,7) | M(25,24)},
    SCTLR_ANY(SR_SCTLR_EL2),
    SCTLR_EL10(SR_SCTLR_EL2, FEAT_VHE),
    {SR_SCTLR_EL2, FEAT_VHE, B(9) | B(5)}, /* RES0: stored */
    SCTLR_ANY(SR_SCTLR_EL3),
    TCR_EL10(SR_TCR_EL1, FEAT_NONE),
    TCR_SINGLE(SR_TCR_EL2),
    TCR_EL10(SR_TCR_EL2, FEAT_VHE),
    TCR_SINGLE(SR_TCR_EL3),
    {SR_TCR_EL3, FEAT_S1PIE, B(35)}, {SR_TCR_EL3, FEAT_S1POE, B(36)},
    {SR_TCR2_EL1, FEAT_S1PIE, B(1)}, {SR_TCR2_EL1, FEAT_S1POE, M(3,2)},
    {SR_TCR2_EL2, FEAT_S1PIE, B(1)}, {SR_TCR2_EL2, FEAT_S1POE, M(3,2)},
    {SR_CPACR_EL1, FEAT_NONE, M(21,20) | B(28) | B(31)}, {SR_CPACR_EL1, FEAT_S1POE, B(29)},

    {SR_HCR_EL2, FEAT_NONE, M(28,0) | B(30) | M(33,32)},
    {SR_HCR_EL2, FEAT_VHE, B(34)}, {SR_HCR_EL2, FEAT_LOR, B(35)}, {SR_HCR_EL2, FEAT_RAS, M(37,36)},
    {SR_HCR_EL2, FEAT_PAuth, M(41,40)}, {SR_HCR_EL2, FEAT_NV, M(44,42)}, {SR_HCR_EL2, FEAT_NV2, B(45)},
    {SR_HCR_EL2, FEAT_S2FWB, B(46)}, {SR_HCR_EL2, FEAT_RASv1p1, B(47)},
    {SR_HCR_EL2, FEAT_EVT, M(50,49) | B(52) | M(55,54)}, {SR_HCR_EL2, FEAT_CSV2_2, B(53)},
    {SR_HCR_EL2, FEAT_TWED, M(63,59)}, {SR_HCR_EL2, FEAT_NONE, M(58,56)}, /* of FEAT_MTE2: stored */

    {SR_HCRX_EL2, FEAT_XS, M(4,3)}, {SR_HCRX_EL2, FEAT_NMI, M(8,6)}, {SR_HCRX_EL2, FEAT_CMOW, B(9)},
    {SR_HCRX_EL2, FEAT_MOPS, M(11,10)}, {SR_HCRX_EL2, FEAT_TCR2, B(14)}, {SR_HCRX_EL2, FEAT_SCTLR2, B(15)},

    {SR_SCR_EL3, FEAT_NONE, M(3,0) | B(7) | B(9) | M(13,11)},
    {SR_SCR_EL3, FEAT_EL2, B(8)}, {SR_SCR_EL3, FEAT_LOR, B(14)}, {SR_SCR_EL3, FEAT_RAS, B(15)},
    {SR_SCR_EL3, FEAT_PAuth, M(17,16)}, {SR_SCR_EL3, FEAT_SEL2, B(18)}, {SR_SCR_EL3, FEAT_DoubleFault, M(20,19)},
    {SR_SCR_EL3, FEAT_RASv1p1, B(21)}, {SR_SCR_EL3, FEAT_CSV2_2, B(25)}, {SR_SCR_EL3, FEAT_FGT, B(27)},
    {SR_SCR_EL3, FEAT_ECV, B(28)}, {SR_SCR_EL3, FEAT_TWED, M(33,29)}, {SR_SCR_EL3, FEAT_HCX, B(38)},
    {SR_SCR_EL3, FEAT_TCR2, B(43)}, {SR_SCR_EL3, FEAT_SCTLR2, B(44)}, {SR_SCR_EL3, FEAT_FGT2, B(59)},
    {SR_SCR_EL3, FEAT_S1PIE, B(45)}, {SR_SCR_EL3, FEAT_S2PIE, B(45)}, {SR_SCR_EL3, FEAT_S1POE, B(45)},

    {SR_MDCR_EL2, FEAT_NONE, M(14,8) | B(19) /* 14:12 of SPE, 19 of TRF: stored */}, {SR_MDCR_EL2, FEAT_PMUv3, M(7,0)}, {SR_MDCR_EL2, FEAT_PMUv3p1, B(17)},
    {SR_MDCR_EL2, FEAT_PMUv3p5, B(23) | B(26)}, {SR_MDCR_EL2, FEAT_PMUv3p7, B(29)}, {SR_MDCR_EL2, FEAT_FGT, B(27)},
    {SR_MDCR_EL3, FEAT_NONE, M(10,9) | B(16)}, {SR_MDCR_EL3, FEAT_PMUv3, B(6) | B(17) | B(21)},
    {SR_MDCR_EL3, FEAT_Debugv8p4, B(20)}, {SR_MDCR_EL3, FEAT_PMUv3p5, B(23)}, {SR_MDCR_EL3, FEAT_PMUv3p7, M(35,34)},
    {SR_MDCR_EL3, FEAT_FGT, B(27)},

    {SR_OSDLR_EL1, FEAT_DoubleLock, 1},
    {SR_VTCR_EL2, FEAT_NONE, M(18,0)}, {SR_VTCR_EL2, FEAT_VMID16, B(19)}, {SR_VTCR_EL2, FEAT_HAFDBS, M(22,21)},
    {SR_VTCR_EL2, FEAT_HPDS2, M(28,25)}, {SR_VTCR_EL2, FEAT_SEL2, M(30,29)}, {SR_VTCR_EL2, FEAT_LPA2, M(33,32)},
    {SR_VTCR_EL2, FEAT_S2PIE, B(36)}, {SR_VTCR_EL2, FEAT_S2POE, B(37)},
    {SR_VSTCR_EL2, FEAT_NONE, M(7,0) | M(15,14) | M(30,29)}, {SR_VSTCR_EL2, FEAT_LPA2, B(33)},
    {SR_VTTBR_EL2, FEAT_NONE, M(55,1)}, {SR_VTTBR_EL2, FEAT_TTCNP, B(0)}, {SR_VTTBR_EL2, FEAT_VMID16, M(63,56)},

    {SR_HFGRTR_EL2, FEAT_NONE, M(3,0) | M(18,9) | M(29,24) | M(39,32)},
    {SR_HFGRTR_EL2, FEAT_PAuth, M(8,4)}, {SR_HFGRTR_EL2, FEAT_LOR, M(23,19)}, {SR_HFGRTR_EL2, FEAT_CSV2_2, M(31,30)},
    {SR_HFGRTR_EL2, FEAT_RAS, M(49,40)},
    {SR_HFGRTR_EL2, FEAT_S1PIE, M(58,57)}, {SR_HFGRTR_EL2, FEAT_S1POE, M(60,59)}, {SR_HFGRTR_EL2, FEAT_S2POE, B(61)},
    {SR_HFGWTR_EL2, FEAT_NONE, M(1,0) | B(3) | M(13,11) | M(17,16) | B(24) | B(27) | B(29) | M(39,32)},
    {SR_HFGWTR_EL2, FEAT_PAuth, M(8,4)}, {SR_HFGWTR_EL2, FEAT_LOR, M(20,19) | M(23,22)},
    {SR_HFGWTR_EL2, FEAT_CSV2_2, M(31,30)}, {SR_HFGWTR_EL2, FEAT_RAS, B(41) | M(45,43) | M(49,47)},
    {SR_HFGWTR_EL2, FEAT_S1PIE, M(58,57)}, {SR_HFGWTR_EL2, FEAT_S1POE, M(60,59)}, {SR_HFGWTR_EL2, FEAT_S2POE, B(61)},
    {SR_HFGITR_EL2, FEAT_NONE, M(7,0) | M(15,10) | M(33,28) | M(47,42) | M(54,51)},
    {SR_HFGITR_EL2, FEAT_DPB, B(8)}, {SR_HFGITR_EL2, FEAT_DPB2, B(9)}, {SR_HFGITR_EL2, FEAT_PAN2, M(17,16)},
    {SR_HFGITR_EL2, FEAT_TLBIOS, M(23,18)}, {SR_HFGITR_EL2, FEAT_TLBIRANGE, M(27,24) | M(41,34)},
    {SR_HFGITR_EL2, FEAT_SPECRES, M(50,48)}, {SR_HFGITR_EL2, FEAT_SPECRES2, B(60)}, {SR_HFGITR_EL2, FEAT_ATS1A, B(62)},
    {SR_HDFGRTR_EL2, FEAT_NONE, M(7,0) | M(10,9)}, {SR_HDFGRTR_EL2, FEAT_DoubleLock, B(11)},
    {SR_HDFGRTR_EL2, FEAT_PMUv3, M(19,12) | M(58,57)}, {SR_HDFGRTR_EL2, FEAT_PMUv3p4, B(22)},
    {SR_HDFGWTR_EL2, FEAT_NONE, M(5,0) | M(8,7) | B(10)}, {SR_HDFGWTR_EL2, FEAT_DoubleLock, B(11)},
    {SR_HDFGWTR_EL2, FEAT_PMUv3, M(21,12) | B(57)},
};

/* Bits that are RES1 on a PE without the feature. */
static const struct field ones_without[] = {
    {SR_SCTLR_EL1, FEAT_CSV2_2, B(20)}, {SR_SCTLR_EL1, FEAT_PAN, B(23)},
    {SR_SCTLR_EL2, FEAT_VHE, B(4) | B(5) | B(16) | B(18) | B(23)},
    {SR_TCR_EL2, FEAT_VHE, B(31) | B(23)},
};

/* Bits that are RES1 on every PE (no AArch32, no FEAT_ExS, no FEAT_LSMAOC). */
static const struct field ones[] = {
    {SR_SCTLR_EL1, 0, M(29,28) | B(22) | B(11)},
    {SR_SCTLR_EL2, 0, M(29,28) | B(22) | B(11)},
    {SR_SCTLR_EL3, 0, M(29,28) | M(23,22) | B(18) | B(16) | B(11) | M(5,4)},
    {SR_HCR_EL2, 0, B(31)},
    {SR_SCR_EL3, 0, M(5,4) | B(10)},
};
/* clang-format on */

static bool described(enum sr_id id)
{
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (fields[i].id == id) {
            return true;
        }
    }
    return false;
}

void sr_masks_init(struct sr_masks *m, const struct cpu_features *f)
{
    for (unsigned id = 0; id < SR_COUNT; id++) {
        m->wmask[id] = described(id) ? 0 : sr_table[id].wmask;
        m->res1[id] = sr_table[id].res1;
    }
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (features_has(f, fields[i].feature)) {
            m->wmask[fields[i].id] |= fields[i].bits;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(ones_without); i++) {
        if (!features_has(f, ones_without[i].feature)) {
            m->res1[ones_without[i].id] |= ones_without[i].bits;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(ones); i++) {
        m->res1[ones[i].id] |= ones[i].bits;
    }
    if (!features_has(f, FEAT_EL3)) {
        m->wmask[SR_HCR_EL2] |= B(29); /* HCD */
    }
    for (unsigned id = 0; id < SR_COUNT; id++) {
        m->wmask[id] &= ~m->res1[id];
    }
}
