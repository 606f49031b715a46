/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SGIs by affinity: ICC_SGI0R_EL1, ICC_SGI1R_EL1, ICC_ASGI1R_EL1. Arm IHI 0069H, 4.4.2 "SGI
 * generation" and its table of which writes reach which configured group. The range selector is
 * honoured; GICD_TYPER.RSS says whether any PE needs it.
 */
#include "base/log.h"

#include "gic/gic_internal.h"

/* May this write, which asks for group grp, make SGI n pending at p? */
static bool may_send(const struct gic_pe *p, unsigned n, enum gic_grp grp, bool ns)
{
    enum gic_grp configured = pending_group(p->g, &p->priv, n);
    if (grp == GRP_1S && configured == GRP_0) {
        grp = GRP_0; /* asking for Secure Group 1 also reaches Group 0 */
    }
    if (grp != configured) {
        return false;
    }
    if (!ns || p->g->ds || configured == GRP_1NS) {
        return true;
    }
    unsigned opened = extract32(p->priv.nsacr[0], 2 * n, 2);
    return configured == GRP_0 ? opened >= 1 : opened >= 2;
}

static bool is_target(const struct gic_pe *p, const struct gic_pe *from, uint64_t v)
{
    if (bit(v, 40)) { /* IRM: all but self */
        return p != from;
    }
    uint32_t cluster =
        (uint32_t)(extract64(v, 48, 8) << 16 | extract64(v, 32, 8) << 8 | extract64(v, 16, 8));
    unsigned aff0 = p->affinity & 0xff;
    return p->affinity >> 8 == cluster && aff0 / 16 == extract64(v, 44, 4) && bit(v, aff0 % 16);
}

void sgi_send_affinity(struct gic_pe *from, uint64_t v, enum gic_grp grp, bool ns)
{
    struct gic *g = from->g;
    unsigned n = (unsigned)extract64(v, 24, 4);
    log_trace(LOG_IRQ, g->dev.id, "pe %u: SGI %u, value 0x%llx", from->n, n, (unsigned long long)v);
    for (unsigned i = 0; i < g->cfg.n_pe; i++) {
        struct gic_pe *p = &g->pe[i];
        if (is_target(p, from, v) && may_send(p, n, grp, ns)) {
            p->priv.latch |= UINT32_C(1) << n;
            pending_irq_changed(p, n);
        }
    }
}
