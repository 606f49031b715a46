/* SPDX-License-Identifier: Apache-2.0 */
/* Translation contexts for debuggers: what the TLB knows of, and memory as one of them sees it. */
#include "cpu/cpu_debug.h"
#include "cpu/debug/debug.h"
#include "cpu/engine/context.h"
#include "cpu/sys/regimes.h"
#include "cpu/sys/va_layout.h"

#include "cpu/cpu_internal.h"

static void describe(const struct context *x, struct cpu_context *out)
{
    const struct xlat_cfg *cfg = &x->cfg;
    *out = (struct cpu_context){
        .number = x->number,
        .regime = cfg->regime,
        .pas = cfg->pas,
        .el0 = x->el0,
        .shared = x->shared,
        .s1 = cfg->s1.on,
        .s2 = cfg->s2.on,
        .asid = cfg->s1.asid,
        .vmid = cfg->s2.vmid,
        .ttbr = {cfg->s1.half[0].ttb, cfg->s1.half[1].ttb},
        .vttbr = cfg->s2.space[XLAT_IPA_NS].ttb,
    };
}

bool cpu_context_at(const struct cpu *c, unsigned i, struct cpu_context *out)
{
    const struct context *x = context_at(c, i);
    if (x != NULL) {
        describe(x, out);
        out->current = x->number != 0 && x->number == c->ctx;
    }
    return x != NULL;
}

bool cpu_walk_context(struct cpu *c, unsigned i, bool ipa, uint64_t addr, struct cpu_walk *out)
{
    const struct context *x = context_at(c, i);
    struct xlat_cfg cfg;
    *out = (struct cpu_walk){0};
    if (i == CPU_CONTEXT_EL1) {
        regime_config(c, REGIME_EL10, &cfg);
    } else if (x != NULL) {
        cfg = x->cfg;
    } else {
        return false;
    }
    if (ipa) {
        cfg.s1.on = false;
    }
    return inspect_walk(c, &cfg, x != NULL && x->el0, addr, out);
}

uint64_t cpu_pac_mask(const struct cpu *c, bool upper, bool insn)
{
    struct va_layout l = va_layout_current(c, insn);
    struct va_half h = l.half[upper];
    unsigned bottom = 64U - h.tsz;
    return mask64(bottom, (h.tbi ? 56 : 64) - bottom);
}
