/* SPDX-License-Identifier: Apache-2.0 */
/* Dispatch of system instructions: existence, EL, traps (sysops.def), then the effect. */
#include "cpu/sys/sysops.h"

#include "base/result.h"
#include "cpu/sys/at.h"
#include "cpu/sys/exc.h"
#include "cpu/sys/hcr.h"
#include "cpu/sys/sysreg_index.h"
#include "cpu/sys/sysreg_nv.h"
#include "cpu/sys/tlbi.h"

#define CRN_TLBI     8
#define CRN_TLBI_NXS 9

enum sysop_kind {
    SYSOP_NOP, /* no caches to speak of, no speculation */
    SYSOP_IC_ALL,
    SYSOP_IC_ALL_IS,
    SYSOP_IC_VA,
    SYSOP_DC_INVAL,
    SYSOP_DC_CLEAN,
    SYSOP_DC_CLEAN_INVAL,
    SYSOP_DC_ZVA,
    SYSOP_AT,
    SYSOP_TLBI,
};

struct sysop {
    struct sr_desc d; /* el_w: lowest EL */
    uint8_t kind;     /* enum sysop_kind */
};

#define NOFGT         (-1)
#define FGT_COLUMN(n) ((n) < 0 ? FGT_NONE : FGT_I((n) & 63))
#define OP(n, op1, crn, crm, op2, el, feat, k, rls, fgt_)                                          \
    {.d = {.name = #n,                                                                             \
           .enc = SYSREG_ENC(1, op1, crn, crm, op2),                                               \
           .el_r = 4,                                                                              \
           .el_w = el,                                                                             \
           .feature = FEAT_##feat,                                                                 \
           .fgt = FGT_COLUMN(fgt_),                                                                \
           .rules = sr_rules_OP_##rls},                                                            \
     .kind = SYSOP_##k},
#define TLBI(n, op1, crm, op2, el, feat, rls, fgt_)                                                \
    OP(TLBI_##n, op1, CRN_TLBI, crm, op2, el, feat, TLBI, rls, fgt_)
static const struct sysop ops[] = {
#include "cpu/sys/sysops.def"
};
#undef OP
#undef TLBI

unsigned sysop_count(void)
{
    return ARRAY_LEN(ops);
}

uint16_t sysop_enc(unsigned n)
{
    return ops[n].d.enc;
}

const char *sysop_name(unsigned n)
{
    return ops[n].d.name;
}

static bool is_nxs(uint16_t enc)
{
    return enc_crn(enc) == CRN_TLBI_NXS;
}

/* The row of an encoding on this PE; the nXS forms share the row of the plain ones. */
static const struct sysop *lookup(const struct cpu *c, uint16_t enc)
{
    uint16_t base = enc;
    if (is_nxs(enc)) {
        base = SYSREG_ENC(1, enc_op1(enc), CRN_TLBI, enc_crm(enc), enc_op2(enc));
    }
    struct sr_ref ref = sysreg_find(c, base);
    const struct sysop *op = &ops[ref.n];
    if (ref.kind != SR_REF_OP || !cpu_has(c, op->d.feature) ||
        (is_nxs(enc) && !cpu_has(c, FEAT_XS)) ||
        (op->d.el_w == 2 && !c->cfg.has_el2 && c->ps.el != 3)) {
        return NULL;
    }
    return op;
}

/* HCRX_EL2.FGTnXS: fine-grained traps of TLBI leave the nXS forms alone. */
static bool fgt_spares_nxs(const struct cpu *c)
{
    return (cpu_hcrx_el2(c) & HCRX_FGTnXS) != 0;
}

static enum sr_verdict check(const struct cpu *c, const struct sysop *op, uint16_t enc)
{
    static const enum sr_verdict by_el[] = {SR_UNDEF, SR_TRAP_EL1, SR_TRAP_EL2, SR_TRAP_EL3};
    struct sr_desc d = op->d;
    unsigned el = c->ps.el;
    if (el < d.el_w) {
        bool nested = el == 1 && d.el_w == 2 && nv_bits(c).nv;
        return nested ? SR_TRAP_EL2 : SR_UNDEF;
    }
    if (is_nxs(enc) && fgt_spares_nxs(c)) {
        d.fgt = FGT_NONE;
    }
    const struct sr_rule *r = sr_match(c, &d, d.rules, el, true);
    return r == NULL ? SR_OK : by_el[r->to];
}

static bool execute(struct cpu *c, const struct sysop *op, uint16_t enc, uint64_t v)
{
    switch ((enum sysop_kind)op->kind) {
    case SYSOP_NOP:
        return true;
    case SYSOP_IC_ALL:
        /* HCR_EL2.FB: at EL1 as if Inner Shareable */
        cpu_ic_iallu(c, c->ps.el == 1 && cpu_el2_enabled(c) && bit(c->sr[SR_HCR_EL2], 9));
        return true;
    case SYSOP_IC_ALL_IS:
        cpu_ic_iallu(c, true);
        return true;
    case SYSOP_IC_VA:
        return cpu_ic_ivau(c, v);
    case SYSOP_DC_INVAL:
        return cpu_dc_va(c, v, DC_INVALIDATE);
    case SYSOP_DC_CLEAN:
        return cpu_dc_va(c, v, DC_CLEAN);
    case SYSOP_DC_CLEAN_INVAL:
        return cpu_dc_va(c, v, DC_CLEAN_INVALIDATE);
    case SYSOP_DC_ZVA:
        return cpu_dc_zva(c, v);
    case SYSOP_AT:
        return at_execute(c, enc, v);
    case SYSOP_TLBI:
        tlbi_execute(c, enc, v);
        return true;
    }
    return true;
}

bool sysop_is_plain_dc(uint16_t enc)
{
    unsigned crm = enc_crm(enc);
    return enc_op1(enc) == 3 && enc_crn(enc) == 7 && enc_op2(enc) == 1 &&
           (crm == CRM_ZVA || (crm >= CRM_CVAC && crm <= CRM_CIVAC));
}

/* Without an operation: UNDEFINED, after the trap of IMPLEMENTATION DEFINED ones. */
static enum sr_verdict check_absent(const struct cpu *c, uint16_t enc)
{
    bool impdef = enc_crn(enc) == 11 || enc_crn(enc) == 15;
    return impdef ? sysreg_impdef_verdict(c) : SR_UNDEF;
}

bool sys_insn(struct cpu *c, uint32_t insn, unsigned rt)
{
    uint16_t enc = (uint16_t)(insn >> 5);
    bool sysl = bit(insn, 21);
    const struct sysop *op = sysl ? NULL : lookup(c, enc);
    enum sr_verdict v = op != NULL ? check(c, op, enc) : check_absent(c, enc);
    if (v != SR_OK) {
        sysreg_take(c, v, enc, rt, sysl);
        return false;
    }
    ASSERT(op != NULL); /* what is absent is refused */
    if (sysop_is_plain_dc(enc)) {
        c->dc_ok[c->ps.el][enc_crm(enc)] = c->sr_gen;
    }
    return execute(c, op, enc, rt == 31 ? 0 : c->x[rt]);
}
