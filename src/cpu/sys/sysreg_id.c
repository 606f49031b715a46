/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identification registers (Arm ARM D24.2, ID_AA64*). Most fields come straight from features.def;
 * those that several features share, or that are signed, are here. AArch32 ID registers are RAZ: no
 * EL uses AArch32.
 */
#include "cpu/sys/sysreg_id.h"

#include "cpu/sys/sysreg_index.h"

#define SR_NOREG SR_COUNT

static const struct {
    uint16_t id;
    uint8_t feature, lsb, value;
} simple_fields[] = {
#define FEATURE(name, reg, lsb, value) {SR_##reg, FEAT_##name, lsb, value},
#include "cpu/sys/features.def"
#undef FEATURE
};

static void set_field(struct cpu *c, enum sr_id id, unsigned lsb, unsigned value)
{
    c->sr[id] = deposit64(c->sr[id], lsb, 4, value);
}

static void reset_simple(struct cpu *c)
{
    for (size_t i = 0; i < ARRAY_LEN(simple_fields); i++) {
        unsigned id = simple_fields[i].id, lsb = simple_fields[i].lsb;
        if (id != SR_NOREG && cpu_has(c, simple_fields[i].feature) &&
            extract64(c->sr[id], lsb, 4) < simple_fields[i].value) {
            set_field(c, id, lsb, simple_fields[i].value);
        }
    }
}

static void reset_pfr0(struct cpu *c)
{
    unsigned fp = cpu_has(c, FEAT_FP16) ? 1 : cpu_has(c, FEAT_FP) ? 0 : 15;
    set_field(c, SR_ID_AA64PFR0_EL1, 0, 1); /* EL0 to EL3: AArch64 only */
    set_field(c, SR_ID_AA64PFR0_EL1, 4, 1);
    set_field(c, SR_ID_AA64PFR0_EL1, 8, c->cfg.has_el2);
    set_field(c, SR_ID_AA64PFR0_EL1, 12, c->cfg.has_el3);
    set_field(c, SR_ID_AA64PFR0_EL1, 16, fp);
    set_field(c, SR_ID_AA64PFR0_EL1, 20, fp);
    set_field(c, SR_ID_AA64PFR0_EL1, 24, c->cfg.gic_sysregs);
}

/* Stage 2 granules: 0 means "as stage 1", with FEAT_GTG each says itself. */
static unsigned stage2_granule(const struct cpu *c, enum feature f)
{
    bool lpa2 = cpu_has(c, FEAT_LPA2) && f != FEAT_S2TGran64K;
    if (!cpu_has(c, FEAT_GTG)) {
        return 0;
    }
    return !cpu_has(c, f) ? 1 : lpa2 ? 3 : 2;
}

static void reset_mmfr0(struct cpu *c)
{
    unsigned lpa2 = cpu_has(c, FEAT_LPA2);
    set_field(c, SR_ID_AA64MMFR0_EL1, 0, c->sysregs->model->parange);
    set_field(c, SR_ID_AA64MMFR0_EL1, 12, c->cfg.has_el3); /* Secure and Non-secure memory */
    set_field(c, SR_ID_AA64MMFR0_EL1, 28, cpu_has(c, FEAT_TGran4K) ? lpa2 : 15);
    set_field(c, SR_ID_AA64MMFR0_EL1, 24, cpu_has(c, FEAT_TGran64K) ? 0 : 15);
    if (cpu_has(c, FEAT_TGran16K)) {
        set_field(c, SR_ID_AA64MMFR0_EL1, 20, 1 + lpa2);
    }
    set_field(c, SR_ID_AA64MMFR0_EL1, 40, stage2_granule(c, FEAT_S2TGran4K));
    set_field(c, SR_ID_AA64MMFR0_EL1, 36, stage2_granule(c, FEAT_S2TGran64K));
    set_field(c, SR_ID_AA64MMFR0_EL1, 32, stage2_granule(c, FEAT_S2TGran16K));
}

static void reset_other_mmfr(struct cpu *c)
{
    if (cpu_has(c, FEAT_HAFDBS)) {
        set_field(c, SR_ID_AA64MMFR1_EL1, 0, 2); /* access flag and dirty state */
    }
    if (cpu_has(c, FEAT_VHE) && !cpu_has(c, FEAT_E2H0)) {
        set_field(c, SR_ID_AA64MMFR4_EL1, 24, 15);
    }
}

static void reset_pauth(struct cpu *c)
{
    static const struct {
        uint8_t feature, level;
    } levels[] = {
        {FEAT_PAuth, 1}, {FEAT_EPAC, 2}, {FEAT_PAuth2, 3}, {FEAT_FPAC, 4}, {FEAT_FPACCOMBINE, 5},
    };
    static const struct {
        uint8_t feature, address, generic;
        uint16_t id;
    } where[] = {
        {FEAT_PACQARMA5, 4, 24, SR_ID_AA64ISAR1_EL1},
        {FEAT_PACIMP, 8, 28, SR_ID_AA64ISAR1_EL1},
        {FEAT_PACQARMA3, 12, 8, SR_ID_AA64ISAR2_EL1},
    };
    unsigned level = 0;
    for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
        level = cpu_has(c, levels[i].feature) ? levels[i].level : level;
    }
    for (size_t i = 0; i < ARRAY_LEN(where); i++) {
        if (level != 0 && cpu_has(c, where[i].feature)) {
            set_field(c, where[i].id, where[i].address, level);
            set_field(c, where[i].id, where[i].generic, 1);
        }
    }
}

static void reset_dfr0(struct cpu *c)
{
    if (extract64(c->sr[SR_ID_AA64DFR0_EL1], 0, 4) < 6) {
        set_field(c, SR_ID_AA64DFR0_EL1, 0, 6); /* Armv8.0 debug */
    }
    set_field(c, SR_ID_AA64DFR0_EL1, 12, 5); /* breakpoints - 1 */
    set_field(c, SR_ID_AA64DFR0_EL1, 20, 3); /* watchpoints - 1 */
    set_field(c, SR_ID_AA64DFR0_EL1, 28, 1); /* context-aware breakpoints - 1 */
    set_field(c, SR_ID_AA64DFR0_EL1, 36, cpu_has(c, FEAT_DoubleLock) ? 0 : 15);
}

static void reset_identity(struct cpu *c)
{
    const struct cpu_model *m = c->sysregs->model;
    c->sr[SR_MIDR_EL1] = m->midr;
    c->sr[SR_REVIDR_EL1] = m->revidr;
    c->sr[SR_MPIDR_EL1] = BIT(31) | c->cfg.mpidr;
    c->sr[SR_CTR_EL0] = m->ctr;
    c->sr[SR_CLIDR_EL1] = m->clidr;
    c->sr[SR_DCZID_EL0] = 4; /* 64 bytes */
    c->sr[SR_VPIDR_EL2] = c->sr[SR_MIDR_EL1];
    c->sr[SR_VMPIDR_EL2] = c->sr[SR_MPIDR_EL1];
}

void sysreg_id_reset(struct cpu *c)
{
    reset_identity(c);
    reset_simple(c);
    reset_pfr0(c);
    reset_mmfr0(c);
    reset_other_mmfr(c);
    reset_pauth(c);
    reset_dfr0(c);
}

void sysreg_id_fit_features(struct cpu *c)
{
    static const uint8_t el2_only[] = {
        FEAT_VHE,       FEAT_E2H0,       FEAT_HCX,        FEAT_ECV_POFF, FEAT_HPMN0, FEAT_EVT,
        FEAT_GTG,       FEAT_NV,         FEAT_S2FWB,      FEAT_XNX,      FEAT_NV2,   FEAT_VMID16,
        FEAT_FGT,       FEAT_FGT2,       FEAT_S2PIE,      FEAT_S2POE,    FEAT_SEL2,  FEAT_TWED,
        FEAT_S2TGran4K, FEAT_S2TGran16K, FEAT_S2TGran64K,
    };
    for (size_t i = 0; i < ARRAY_LEN(el2_only) && !c->cfg.has_el2; i++) {
        features_set(&c->feat, el2_only[i], false);
    }
    if (!c->cfg.has_el3) {
        features_set(&c->feat, FEAT_SEL2, false);
    }
    features_set(&c->feat, FEAT_EL2, c->cfg.has_el2);
    features_set(&c->feat, FEAT_EL3, c->cfg.has_el3);
}

/* ---- hooks ---- */

/* EL1 reads what EL2 says the PE is. */
uint64_t sr_rd_midr(struct cpu *c, enum sr_id id)
{
    bool virtual = c->ps.el == 1 && cpu_el2_enabled(c);
    enum sr_id from = id == SR_MIDR_EL1 ? SR_VPIDR_EL2 : SR_VMPIDR_EL2;
    return c->sr[virtual ? from : id];
}

/* The 32-bit format in that of FEAT_CCIDX: NumSets, Associativity, LineSize. */
static uint64_t ccidx_format(uint32_t v)
{
    return (uint64_t)extract32(v, 13, 15) << 32 | (uint64_t)extract32(v, 3, 10) << 3 | (v & 7);
}

uint64_t sr_rd_ccsidr(struct cpu *c, enum sr_id id)
{
    const struct cpu_model *m = c->sysregs->model;
    unsigned cache = c->sr[SR_CSSELR_EL1] & 15;
    uint32_t v = cache < ARRAY_LEN(m->ccsidr) ? m->ccsidr[cache] : 0;
    return cpu_has(c, FEAT_CCIDX) ? ccidx_format(v) : v;
}

/* DZP: DC ZVA is prohibited now. */
uint64_t sr_rd_dczid(struct cpu *c, enum sr_id id)
{
    bool el2 = cpu_el2_enabled(c) && !sr_is_host(c);
    bool prohibited =
        (c->ps.el == 0 && !bit(c->sr[sr_is_host(c) ? SR_SCTLR_EL2 : SR_SCTLR_EL1], 14)) ||
        (c->ps.el <= 1 && el2 && bit(c->sr[SR_HCR_EL2], 28)) ||
        (sr_fgt_active(c, c->ps.el) && bit(c->sr[SR_HFGITR_EL2], 11));
    return c->sr[id] | (uint64_t)prohibited << 4;
}
