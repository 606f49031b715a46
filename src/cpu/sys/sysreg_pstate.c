/* SPDX-License-Identifier: Apache-2.0 */
/* PSTATE fields as registers, MSR (immediate), FPCR and FPSR, and random numbers. */
#include "cpu/debug/step.h"
#include "cpu/fp/fp.h"
#include "cpu/sys/exc.h"
#include "cpu/sys/irqsel.h"
#include "cpu/sys/sysreg_index.h"
#include "cpu/sys/sysreg_nv.h"

/* ---- fields that live in c->ps ---- */

uint64_t sr_rd_spsel(struct cpu *c, enum sr_id id)
{
    return c->ps.sp;
}

void sr_wr_spsel(struct cpu *c, enum sr_id id, uint64_t v)
{
    exc_set_el(c, c->ps.el, bit(v, 0));
    c->exit_flags |= EXIT_CONTEXT;
}

/* A guest hypervisor is told that it runs at EL2. */
uint64_t sr_rd_currentel(struct cpu *c, enum sr_id id)
{
    unsigned el = c->ps.el == 1 && nv_bits(c).nv ? 2 : c->ps.el;
    return (uint64_t)el << 2;
}

#define PSTATE_BIT(name, n, what)                                                                  \
    uint64_t sr_rd_##name(struct cpu *c, enum sr_id id)                                            \
    {                                                                                              \
        return (uint64_t)c->ps.name << (n);                                                        \
    }                                                                                              \
    void sr_wr_##name(struct cpu *c, enum sr_id id, uint64_t v)                                    \
    {                                                                                              \
        bool on = bit(v, (n));                                                                     \
        if (c->ps.name != on) {                                                                    \
            c->ps.name = on;                                                                       \
            if ((what) != 0) {                                                                     \
                cpu_context_changed(c, (what));                                                    \
            }                                                                                      \
        }                                                                                          \
    }
PSTATE_BIT(pan, 22, CTX_MMU)
PSTATE_BIT(uao, 23, CTX_MMU)
PSTATE_BIT(allint, 13, CTX_IRQ)
PSTATE_BIT(dit, 24, 0)
PSTATE_BIT(ssbs, 12, 0)

uint64_t sr_rd_nzcv(struct cpu *c, enum sr_id id)
{
    return cpu_nzcv(c);
}

void sr_wr_nzcv(struct cpu *c, enum sr_id id, uint64_t v)
{
    cpu_set_nzcv(c, (uint32_t)v & 0xf0000000);
}

uint64_t sr_rd_daif(struct cpu *c, enum sr_id id)
{
    return (uint64_t)c->ps.daif << 6;
}

static void set_daif(struct cpu *c, unsigned daif)
{
    c->ps.daif = (uint8_t)daif;
    if (cpu_lines(c)) {
        c->exit_flags |= EXIT_IRQ; /* one may be unmasked now */
    }
    step_recheck(c);
}

void sr_wr_daif(struct cpu *c, enum sr_id id, uint64_t v)
{
    set_daif(c, (unsigned)extract64(v, 6, 4));
}

/* ---- MSR (immediate) ---- */

/* The fields that a PE with the feature sets from CRm<0>. */
static const struct {
    uint8_t op1, op2, el, feature;
    uint16_t id;
    uint8_t bit;
} immediates[] = {
    {0, 3, 1, FEAT_UAO, SR_UAO, 23},    {0, 4, 1, FEAT_PAN, SR_PAN, 22},
    {0, 5, 1, FEAT_NONE, SR_SPSel, 0},  {1, 0, 1, FEAT_NMI, SR_ALLINT, 13},
    {3, 1, 0, FEAT_SSBS2, SR_SSBS, 12}, {3, 2, 0, FEAT_DIT, SR_DIT, 24},
};

static enum sr_verdict check_immediate(const struct cpu *c, unsigned i, unsigned crm)
{
    enum sr_id id = immediates[i].id;
    if (c->ps.el < immediates[i].el || !cpu_has(c, immediates[i].feature) ||
        (id == SR_ALLINT && crm > 1)) {
        return SR_UNDEF;
    }
    if (id == SR_ALLINT && crm == 1 &&
        sr_match(c, &sr_table[id], sr_table[id].rules, c->ps.el, true) != NULL) {
        return SR_TRAP_EL2;
    }
    return SR_OK;
}

static enum sr_verdict write_immediate(struct cpu *c, unsigned op1, unsigned op2, unsigned crm)
{
    for (unsigned i = 0; i < ARRAY_LEN(immediates); i++) {
        if (immediates[i].op1 == op1 && immediates[i].op2 == op2) {
            enum sr_verdict v = check_immediate(c, i, crm);
            if (v == SR_OK) {
                enum sr_id id = immediates[i].id;
                sr_table[id].write(c, id, (uint64_t)(crm & 1) << immediates[i].bit);
            }
            return v;
        }
    }
    return SR_UNDEF;
}

static enum sr_verdict write_daif(struct cpu *c, bool set, unsigned crm)
{
    const struct sr_desc *d = &sr_table[SR_DAIF];
    if (sr_match(c, d, d->rules, c->ps.el, true) != NULL) {
        return SR_TRAP_EL1;
    }
    set_daif(c, set ? c->ps.daif | crm : c->ps.daif & ~crm);
    return SR_OK;
}

bool sysreg_write_pstate(struct cpu *c, unsigned op1, unsigned op2, unsigned crm)
{
    bool daif = op1 == 3 && (op2 == 6 || op2 == 7);
    enum sr_verdict v = daif ? write_daif(c, op2 == 6, crm) : write_immediate(c, op1, op2, crm);
    if (v != SR_OK) {
        sysreg_take(c, v, SYSREG_ENC(0, op1, 4, crm, op2), 31, false);
        return false;
    }
    return true;
}

/* ---- floating point ---- */

uint64_t sr_rd_fpcr(struct cpu *c, enum sr_id id)
{
    return c->fp.fpcr;
}

/* Trapped exceptions (IDE to IOE) are not implemented, so those bits are RAZ/WI. */
void sr_wr_fpcr(struct cpu *c, enum sr_id id, uint64_t v)
{
    uint32_t mask = FPCR_AHP | FPCR_DN | FPCR_FZ | FPCR_RMODE;
    mask |= cpu_has(c, FEAT_FP16) ? FPCR_FZ16 : 0;
    mask |= cpu_has(c, FEAT_EBF16) ? FPCR_EBF : 0;
    mask |= cpu_has(c, FEAT_AFP) ? FPCR_AH | FPCR_FIZ | FPCR_NEP : 0;
    c->fp.fpcr = (uint32_t)v & mask;
}

uint64_t sr_rd_fpsr(struct cpu *c, enum sr_id id)
{
    return c->fp.fpsr;
}

/* NZCV (31:28) of AArch32 are stored without effect. */
void sr_wr_fpsr(struct cpu *c, enum sr_id id, uint64_t v)
{
    c->fp.fpsr = (uint32_t)v & (0xf0000000 | FPSR_QC | FPSR_IDC | 0x1f);
}

/* ---- random numbers ---- */

/* RNDR and RNDRRS: a sequence that the seed of the run decides (SplitMix64). NZCV = 0: success. */
uint64_t sr_rd_rndr(struct cpu *c, enum sr_id id)
{
    uint64_t z = c->sysregs->rng += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    cpu_set_nzcv(c, 0);
    return z ^ (z >> 31);
}
