/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv2: the device and its four regions. Arm IHI 0048B. The registers are in gicv2_dist.c,
 * gicv2_cpu.c, gicv2_hyp.c and gicv2_vcpu.c; state and rules are shared with GICv3.
 * Without cfg.virtualization GICH and GICV are RAZ/WI (a board does not map them).
 */
#include "gic/gic_internal.h"

static const struct reg_block gicv2_regions[] = {
    [GIC_REGION_DIST] = {"gicd", 0x1000, NULL, 0, false},
    [GICV2_REGION_CPU] = {"gicc", 0x2000, NULL, 0, false},
    [GICV2_REGION_HYP] = {"gich", 0x1000, NULL, 0, false},
    [GICV2_REGION_VCPU] = {"gicv", 0x2000, NULL, 0, false},
};

static enum bus_result gicv2_access(struct device *d, unsigned region, struct bus_txn *t)
{
    struct gic *g = (struct gic *)d;
    switch (region) {
    case GIC_REGION_DIST:
        return gicv2_dist_access(g, t);
    case GICV2_REGION_CPU:
        return gicv2_cpu_access(g, t);
    default:
        break;
    }
    if (!g->cfg.virtualization) {
        t->data = 0;
        return BUS_OK;
    }
    return region == GICV2_REGION_HYP ? gicv2_hyp_access(g, t) : gicv2_vcpu_access(g, t);
}

const struct device_ops gicv2_ops = {
    .type = "gicv2",
    .state_size = sizeof(struct gic),
    .regions = gicv2_regions,
    .n_regions = ARRAY_LEN(gicv2_regions),
    .reset = gic_reset,
    .access = gicv2_access,
    .snap = &gic_snap,
    .snap_more = gic_snap_parts,
    .post_load = gic_post_load,
    .finalize = gic_finalize,
};
