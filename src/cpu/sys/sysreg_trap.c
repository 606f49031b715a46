/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evaluation of trap rules: the control registers as they apply to the current EL, security state
 * and host mode, and fine-grained traps (Arm ARM D24 accessibility pseudocode; FEAT_FGT).
 */
#include "cpu/sys/sysreg_table.h"

#define HCR_TGE    BIT(27)
#define HCR_E2H    BIT(34)
#define MDCR_TDE   BIT(8)
#define MDCR_DEBUG (BIT(9) | BIT(10) | BIT(11)) /* TDA, TDOSA, TDRA */

bool sr_is_host(const struct cpu *c)
{
    uint64_t both = HCR_TGE | HCR_E2H;
    return c->ps.el == 0 && (c->sr[SR_HCR_EL2] & both) == both && cpu_el2_enabled(c);
}

/* MDCR_EL2 where TDE, or HCR_EL2.TGE, sets the traps that it implies. */
static uint64_t mdcr_el2(const struct cpu *c)
{
    uint64_t v = c->sr[SR_MDCR_EL2];
    if ((v & MDCR_TDE) != 0 || (c->sr[SR_HCR_EL2] & HCR_TGE) != 0) {
        v |= MDCR_DEBUG;
    }
    return v;
}

/* False: the control does not apply now, so it neither traps nor disables. */
static bool control(const struct cpu *c, enum sr_control ctl, uint64_t *out)
{
    switch (ctl) {
    case CTL_ALWAYS:
        *out = UINT64_MAX;
        return true;
    case CTL_HCR:
        *out = c->sr[SR_HCR_EL2];
        return cpu_el2_enabled(c) && !sr_is_host(c);
    case CTL_HCRX:
        *out = cpu_hcrx_el2(c);
        return cpu_el2_enabled(c) && !sr_is_host(c);
    case CTL_MDCR_EL2:
        *out = mdcr_el2(c);
        return cpu_el2_enabled(c);
    case CTL_CPTR_EL2:
        *out = c->sr[SR_CPTR_EL2];
        return cpu_el2_enabled(c);
    case CTL_SCTLR_EL0:
        *out = c->sr[sr_is_host(c) ? SR_SCTLR_EL2 : SR_SCTLR_EL1];
        return true;
    case CTL_MDSCR:
        *out = c->sr[SR_MDSCR_EL1];
        return true;
    case CTL_SCR:
        *out = c->sr[SR_SCR_EL3];
        return c->cfg.has_el3;
    case CTL_MDCR_EL3:
        *out = c->sr[SR_MDCR_EL3];
        return c->cfg.has_el3;
    case CTL_CPTR_EL3:
        *out = c->sr[SR_CPTR_EL3];
        return c->cfg.has_el3;
    }
    return false;
}

static bool rule_matches(const struct cpu *c, const struct sr_desc *d, const struct sr_rule *r,
                         unsigned el, bool write)
{
    if (!bit(r->els, el) || (r->dir & (write ? SR_WRITE : SR_READ)) == 0 ||
        !cpu_has(c, r->feature)) {
        return false;
    }
    if (r->when != NULL) {
        return r->when(c, d, write);
    }
    uint64_t v;
    return control(c, r->control, &v) && bit(v, r->bit) != r->when_clear;
}

const struct sr_rule *sr_match(const struct cpu *c, const struct sr_desc *d,
                               const struct sr_rule *rules, unsigned el, bool write)
{
    static const struct sr_rule fgt_trap = {.els = 3, .dir = SR_RW, .to = 2};
    bool fgt_seen = d->fgt == FGT_NONE;
    for (const struct sr_rule *r = rules;; r++) {
        /* Fine-grained traps come after the other EL2 controls and before those of EL3. */
        if (!fgt_seen && (r->els == 0 || r->to == 3)) {
            fgt_seen = true;
            if (sr_fgt(c, d->fgt, el, write)) {
                return &fgt_trap;
            }
        }
        if (r->els == 0) {
            return NULL;
        }
        if (rule_matches(c, d, r, el, write)) {
            return r;
        }
    }
}

bool sr_el2_traps(const struct cpu *c, unsigned el)
{
    return el <= 1 && cpu_el2_enabled(c) && !sr_is_host(c);
}

/* A pair of registers, for reads and for writes; HFGITR_EL2 is alone. */
static const struct fgt_pair {
    uint16_t id[2];
    uint8_t feature, scr_bit;
    bool off_traps; /* while EL3 has switched the pair off, its fields count as 0: enables trap */
} fgt_pairs[] = {
    [FGT_PAIR(FGT_R(0))] = {{SR_HFGRTR_EL2, SR_HFGWTR_EL2}, FEAT_FGT, 27, false},
    [FGT_PAIR(FGT_D(0))] = {{SR_HDFGRTR_EL2, SR_HDFGWTR_EL2}, FEAT_FGT, 27, false},
    [FGT_PAIR(FGT_I(0))] = {{SR_HFGITR_EL2, SR_HFGITR_EL2}, FEAT_FGT, 27, false},
    [FGT_PAIR(FGT_R2(0))] = {{SR_HFGRTR2_EL2, SR_HFGWTR2_EL2}, FEAT_FGT2, 59, true},
    [FGT_PAIR(FGT_D2(0))] = {{SR_HDFGRTR2_EL2, SR_HDFGWTR2_EL2}, FEAT_FGT2, 59, true},
};

static bool el3_permits(const struct cpu *c, const struct fgt_pair *p)
{
    return !c->cfg.has_el3 || bit(c->sr[SR_SCR_EL3], p->scr_bit);
}

bool sr_fgt_active(const struct cpu *c, unsigned el)
{
    const struct fgt_pair *p = &fgt_pairs[FGT_PAIR(FGT_I(0))];
    return cpu_has(c, p->feature) && sr_el2_traps(c, el) && el3_permits(c, p);
}

bool sr_fgt(const struct cpu *c, uint16_t fgt, unsigned el, bool write)
{
    const struct fgt_pair *p = &fgt_pairs[FGT_PAIR(fgt)];
    bool enable = (fgt & FGT_ENABLE(0)) != 0;
    if (fgt == FGT_NONE || !cpu_has(c, p->feature) || !sr_el2_traps(c, el)) {
        return false;
    }
    if (!el3_permits(c, p)) {
        return p->off_traps && enable;
    }
    return bit(c->sr[p->id[write]], FGT_BIT(fgt)) != enable;
}
