/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What GICv4 adds to a redistributor: VLPI_base and a reserved frame, 64 KiB each. Arm IHI 0069H,
 * 12.11 "GIC redistributor registers". A virtual pending table is read at once, and there is
 * nothing to write back: GICR_VPENDBASER.Dirty and GICR_VSGIPENDR.Busy stay 0.
 */
#include "base/log.h"

#include "gic/vpe_internal.h"

/* OuterCache, Physical_Address, Shareability, InnerCache, IDbits */
#define VPROPBASER_MASK (mask64(56, 3) | VPROPBASER_PA | mask64(7, 5) | mask64(0, 5))
/* Valid, OuterCache, Indirect, Page_Size, Physical_Address, Shareability, InnerCache, Size; Z is
 * write-only: whoever sets it has zeroed the table. */
#define VPROPBASER_MASK_4_1                                                                        \
    (VBASER_VALID | mask64(56, 3) | BIT(55) | mask64(53, 2) | VPROPBASER_PA | mask64(7, 5) |       \
     mask64(0, 7))
#define VPROPBASER_ENTRY(words) ((uint64_t)((words) - 1) << 59)
/* Valid, IDAI, PendingLast, OuterCache, Physical_Address, Shareability, InnerCache */
#define VPENDBASER_MASK                                                                            \
    (VBASER_VALID | BIT(62) | VPEND_LAST | mask64(56, 3) | VPENDBASER_PA | mask64(7, 5))
#define VPENDBASER_MASK_4_1                                                                        \
    (VBASER_VALID | VPEND_DOORBELL | VPEND_LAST | VPEND_GRP0_EN | VPEND_GRP1_EN | mask64(0, 16))

static struct gic_pe *of(struct device *d)
{
    return ((struct gicr *)d)->p;
}

static uint64_t vpropbaser_mask(const struct gic *g)
{
    return gic_is_v4p1(g) ? VPROPBASER_MASK_4_1 : VPROPBASER_MASK;
}

static uint64_t vpendbaser_mask(const struct gic *g)
{
    return gic_is_v4p1(g) ? VPENDBASER_MASK_4_1 : VPENDBASER_MASK;
}

static uint64_t read_vpropbaser(struct device *d, const struct reg_desc *r, unsigned idx,
                                const struct bus_txn *t)
{
    const struct gic_pe *p = of(d);
    return p->vlpi->vpropbaser | (gic_is_v4p1(p->g) ? VPROPBASER_ENTRY(vpe_entry_words(p->g)) : 0);
}

static void write_vpropbaser(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                             const struct bus_txn *t)
{
    struct gic_pe *p = of(d);
    if (p->vlpi->vpendbaser & VBASER_VALID) {
        log_guest(d->id, "GICR_VPROPBASER written while a vPE is scheduled: ignored");
        return;
    }
    p->vlpi->vpropbaser = gic_merged(t, p->vlpi->vpropbaser, v) & vpropbaser_mask(p->g);
}

static uint64_t read_vpendbaser(struct device *d, const struct reg_desc *r, unsigned idx,
                                const struct bus_txn *t)
{
    return of(d)->vlpi->vpendbaser;
}

/* Of a scheduled vPE only Valid may change: the rest would be UNPREDICTABLE, and is ignored. */
static void write_vpendbaser(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                             const struct bus_txn *t)
{
    struct gic_pe *p = of(d);
    uint64_t old = p->vlpi->vpendbaser;
    uint64_t now = gic_merged(t, old, v) & vpendbaser_mask(p->g);
    if (old & now & VBASER_VALID) {
        log_guest(d->id, "GICR_VPENDBASER written while a vPE is scheduled: ignored");
        return;
    }
    if (old & VBASER_VALID) {
        now = vpe_leave(p, now);
    }
    if (now & VBASER_VALID) {
        now |= gic_is_v4p1(p->g) ? 0 : VPEND_LAST; /* UNKNOWN while it is scheduled */
    }
    log_trace(LOG_IRQ, d->id, "pe %u: GICR_VPENDBASER %#llx", p->n, (unsigned long long)now);
    p->vlpi->vpendbaser = now;
    if (now & VBASER_VALID) {
        vpe_enter(p);
    }
}

static void write_vsgir(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                        const struct bus_txn *t)
{
    struct gic_pe *p = of(d);
    struct vpe vpe;
    if (gic_is_v4p1(p->g)) {
        p->vlpi->vsgis = vpe_of_redist(p, (uint16_t)v, &vpe) ? vpe_pending_sgis(p->g, &vpe) : 0;
    }
}

static uint64_t read_vsgipendr(struct device *d, const struct reg_desc *r, unsigned idx,
                               const struct bus_txn *t)
{
    return of(d)->vlpi->vsgis;
}

/* clang-format off */
static const struct reg_desc vlpi_regs[] = {
    {"GICR_VPROPBASER", 0x0070, .size = 8, .widths = W32 | W64, .flags = REGF_VIEW, .read = read_vpropbaser, .write = write_vpropbaser},
    {"GICR_VPENDBASER", 0x0078, .size = 8, .widths = W32 | W64, .flags = REGF_VIEW, .read = read_vpendbaser, .write = write_vpendbaser},
    {"GICR_VSGIR",      0x0080, .size = 4, .flags = REGF_VIEW, .write = write_vsgir},
    {"GICR_VSGIPENDR",  0x0088, .size = 4, .flags = REGF_VIEW, .read = read_vsgipendr},
};
/* clang-format on */

static const struct reg_block vlpi_regions[] = {
    {"gicr-vlpi", 0x20000, vlpi_regs, ARRAY_LEN(vlpi_regs), false},
};

const struct device_ops gicv4_vlpi_ops = {
    .type = "gicv4-vlpi",
    .state_size = sizeof(struct gicr),
    .regions = vlpi_regions,
    .n_regions = ARRAY_LEN(vlpi_regions),
};

void gicr_v4_reset(struct gic_pe *p)
{
    if (p->vlpi != NULL) {
        *p->vlpi = (struct gic_vlpis){0};
    }
}

/* What a register could not hold, or vpe.c not find. */
bool gicr_v4_post_load(const struct gic_pe *p)
{
    const struct gic_vlpis *s = p->vlpi;
    const uint64_t form = LR_PENDING | BIT(60) |
                          (uint64_t)prio_implemented_mask(GIC_V_PRIO_BITS) << 48 |
                          mask64(0, GIC_INTID_BITS);
    uint32_t intid = lr_vintid(s->direct);
    if ((s->vpropbaser & ~vpropbaser_mask(p->g)) != 0 ||
        (s->vpendbaser & ~vpendbaser_mask(p->g)) != 0) {
        return false;
    }
    return s->direct == 0 || ((s->vpendbaser & VBASER_VALID) != 0 && (s->direct & ~form) == 0 &&
                              (s->direct & LR_PENDING) != 0 &&
                              (gic_is_lpi(intid) || (gic_is_v4p1(p->g) && intid < GIC_N_SGI)));
}
