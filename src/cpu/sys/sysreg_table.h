/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system register table as data, for the files of sys/ only. sysregs.def describes the columns.
 */
#ifndef CPU_SYS_SYSREG_TABLE_H
#define CPU_SYS_SYSREG_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"
#include "cpu/sys/sysreg_file.h"

#include "cpu/cpu_internal.h"

/* ---- rules: when an access is trapped or UNDEFINED ---- */
enum sr_control {
    CTL_ALWAYS,   /* the rule needs no control bit */
    CTL_HCR,      /* HCR_EL2; not for EL0 of a host */
    CTL_HCRX,     /* HCRX_EL2, all zero while SCR_EL3.HXEn is 0 */
    CTL_MDCR_EL2, /* with TDE and HCR_EL2.TGE folded in */
    CTL_CPTR_EL2,
    CTL_SCTLR_EL0, /* SCTLR_EL1, or SCTLR_EL2 for EL0 of a host */
    CTL_MDSCR,
    CTL_SCR,
    CTL_MDCR_EL3,
    CTL_CPTR_EL3,
};

/* Rules of a class are tried in order; the first that matches decides. els == 0 ends the list. */
struct sr_desc;
struct sr_rule {
    uint8_t els;     /* bit n: accesses from ELn */
    uint8_t dir;     /* SR_READ, SR_WRITE */
    uint8_t to;      /* 0: UNDEFINED; 1 (or 2 with HCR_EL2.TGE), 2, 3: trapped to that EL */
    uint8_t control; /* enum sr_control */
    uint8_t bit;
    bool when_clear; /* the bit is an enable */
    uint8_t feature; /* FEAT_NONE, or the control exists only with it */
    /* In place of control and bit, when they do not suffice. */
    bool (*when)(const struct cpu *c, const struct sr_desc *d, bool write);
};
enum { SR_READ = 1, SR_WRITE = 2, SR_RW = 3 };

/* ---- registers ---- */
enum sr_flags {
    SRF_E2H = 1 << 0,
    SRF_MMU = 1 << 1,
    SRF_TRP = 1 << 2,
    SRF_TRP2 = 1 << 3,
    SRF_IRQ = 1 << 4,
    SRF_NV1 = 1 << 5,
    SRF_NV2R = 1 << 6,
    SRF_RO = 1 << 7,
    SRF_DBG = 1 << 8,
    SRF_NV2A = 1 << 9,
};

/* Fine-grained trap: register pair, bit, and whether that is an enable, which traps when it is 0.
 */
#define FGT_NONE      0
#define FGT_R(n)      (1 << 6 | (n))
#define FGT_D(n)      (2 << 6 | (n))
#define FGT_I(n)      (3 << 6 | (n)) /* HFGITR_EL2 */
#define FGT_R2(n)     (4 << 6 | (n))
#define FGT_D2(n)     (5 << 6 | (n))
#define FGT_ENABLE(f) (1 << 9 | (f))
#define FGT_BIT(f)    ((f) & 63)
#define FGT_PAIR(f)   ((f) >> 6 & 7)

typedef uint64_t sr_read_fn(struct cpu *c, enum sr_id id);
/* v: as the guest wrote it. Stores by sr_store. */
typedef void sr_write_fn(struct cpu *c, enum sr_id id, uint64_t v);

struct sr_desc {
    const char *name;
    uint16_t enc;
    uint8_t el_r, el_w; /* 4: never */
    uint16_t feature;
    uint16_t fgt;
    uint16_t vncr;
    uint16_t flags;
    const struct sr_rule *rules;
    uint64_t wmask, res1;
    sr_read_fn *read;
    sr_write_fn *write;
};

extern const struct sr_desc sr_table[SR_COUNT];

struct sr_alias {
    const char *name;
    uint16_t enc;
    uint16_t id; /* the EL1 register */
};
extern const struct sr_alias sr_aliases[];
extern const unsigned sr_n_aliases;

/* Rule lists, by the name in the traps column. */
/* clang-format off */
#define SR_RULE_CLASSES(X)                                                                         \
    X(NONE)                                                                                        \
    X(VM)                                                                                          \
    X(SCTLR2)                                                                                      \
    X(TCR2) X(ACTLR) X(LOR) X(LORID) X(SP_EL) X(TOP_EL) X(CPACR) X(CPTR2) X(HCRX) X(MDCR2) X(FGT)  \
        X(FGT2) X(PIE) X(POR_EL0) X(SEC_EL2) X(ERR) X(SCXT) X(APK) X(ALLINT) X(UMA) X(FP) X(TID1) X(TID2) X(CTR) X(TID3)     \
            X(OSDTR) X(MDCCINT) X(DBG) X(DRA) X(OSLOCK) X(DCC) X(PMCR) X(PMU) X(PMSWINC) X(PMSELR) \
                X(PMCCNTR) X(PMXTYPE) X(PMXCNTR) X(PMUSER) X(PMCNTR) X(PMTYPE) X(OP_NONE)          \
                    X(OP_IALLUIS) X(OP_IALLU) X(OP_POU) X(OP_POC) X(OP_SETWAY) X(OP_ZVA) X(OP_AT)  \
                        X(OP_EL2) X(OP_RCTX) X(OP_TLB) X(OP_TLB_IS) X(OP_TLB_OS)
/* clang-format on */
#define X(name) extern const struct sr_rule sr_rules_##name[];
SR_RULE_CLASSES(X)
#undef X

/* Masks of this PE: the table's without the fields of absent features. */
struct sr_masks {
    uint64_t wmask[SR_COUNT], res1[SR_COUNT];
};
void sr_masks_init(struct sr_masks *m, const struct cpu_features *f);
const struct sr_masks *sr_masks(const struct cpu *c);

/* Store with masks, and tell the engine if something changed. */
void sr_store(struct cpu *c, enum sr_id id, uint64_t v);

/* ---- the controls, as they apply now ---- */
/* EL0 under a host hypervisor: EL2 enabled, E2H and TGE. */
bool sr_is_host(const struct cpu *c);
/* EL2 may trap what el does: EL0 that is not a host's, and EL1. */
bool sr_el2_traps(const struct cpu *c, unsigned el);
/* The first rule of the register that matches an access from el, or NULL. */
const struct sr_rule *sr_match(const struct cpu *c, const struct sr_desc *d,
                               const struct sr_rule *rules, unsigned el, bool write);
/* The fine-grained trap of an EL0 or EL1 access; fgt as in the table. */
bool sr_fgt(const struct cpu *c, uint16_t fgt, unsigned el, bool write);
/* HFGITR_EL2 applies to el now (FGTEn, EL2 enabled, not a host's EL0). */
bool sr_fgt_active(const struct cpu *c, unsigned el);

/* Take the exception of a refused access (also of system instructions: op0 = 1). */
void sysreg_take(struct cpu *c, enum sr_verdict v, uint16_t enc, unsigned rt, bool read);
/* What an access to the IMPLEMENTATION DEFINED space (CRn 11 and 15) comes to where nothing is. */
enum sr_verdict sysreg_impdef_verdict(const struct cpu *c);

/* ---- hooks named in sysregs.def ---- */
/* clang-format off */
#define SR_READ_HOOKS(X)                                                                           \
    X(sp_el)                                                                                       \
    X(isr)                                                                                         \
    X(disr)                                                                                        \
    X(spsel) X(currentel) X(pan) X(uao) X(allint) X(nzcv) X(daif) X(dit) X(ssbs) X(fpcr) X(fpsr)   \
        X(rndr) X(midr) X(ccsidr) X(dczid) X(dbgclaim) X(pmcr) X(pmset) X(pmccntr) X(pmxevtyper)   \
            X(pmxevcntr) X(pmevcntr) X(pmevtyper) X(pmccfiltr)
#define SR_WRITE_HOOKS(X)                                                                          \
    X(sp_el)                                                                                       \
    X(hcr)                                                                                         \
    X(mdcr_el2)                                                                                    \
    X(mdcr_el3) X(disr) X(spsel) X(pan) X(uao) X(allint) X(nzcv) X(daif) X(dit) X(ssbs) X(fpcr)    \
        X(fpsr) X(mdscr) X(debug) X(oseccr) X(oslar) X(dbgclaim) X(pmcr) X(pmset) X(pmswinc) X(pmccntr)     \
            X(pmxevtyper) X(pmxevcntr) X(pmevcntr) X(pmevtyper) X(pmccfiltr)
/* clang-format on */
#define X(name) uint64_t sr_rd_##name(struct cpu *c, enum sr_id id);
SR_READ_HOOKS(X)
#undef X
#define X(name) void sr_wr_##name(struct cpu *c, enum sr_id id, uint64_t v);
SR_WRITE_HOOKS(X)
#undef X

#endif
