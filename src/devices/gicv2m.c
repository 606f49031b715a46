/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv2m frame. A write of an INTID to MSI_SETSPI_NS is an edge on that SPI's line; the frame has
 * no state. One region. Left out: a Secure frame.
 */
#include "devices/gicv2m.h"

#include "base/bits.h"
#include "base/log.h"

struct gicv2m {
    struct device dev;
    unsigned first, n;
    struct irq_line spi[GICV2M_MAX_SPI];
};

static struct gicv2m *of(struct device *d)
{
    return (struct gicv2m *)d;
}

static uint64_t typer_read(struct device *d, const struct reg_desc *r, unsigned idx,
                           const struct bus_txn *t)
{
    return of(d)->first << 16 | of(d)->n;
}

/* Write only. The INTID has 10 bits. */
static void setspi_write(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                         const struct bus_txn *t)
{
    struct gicv2m *m = of(d);
    unsigned intid = v & 0x3ff;
    if (intid < m->first || intid >= m->first + m->n) {
        log_guest(d->id, "message for INTID %u, which is not of this frame", intid);
        return;
    }
    irq_pulse(&m->spi[intid - m->first]);
}

/* Implementer Arm, architecture version 0; so is MSI_PIDR2. */
static uint64_t iidr_read(struct device *d, const struct reg_desc *r, unsigned idx,
                          const struct bus_txn *t)
{
    return 0x43b;
}

/* clang-format off */
static const struct reg_desc gicv2m_regs[] = {
    {"MSI_TYPER",     0x008, .size = 4, .flags = REGF_VIEW, .read = typer_read},
    {"MSI_SETSPI_NS", 0x040, .size = 4, .widths = W16 | W32, .flags = REGF_VIEW, .write = setspi_write},
    {"MSI_IIDR",      0xfcc, .size = 4, .flags = REGF_VIEW, .read = iidr_read},
    {"MSI_PIDR",      0xfd0, .count = 12, .size = 4, .flags = REGF_VIEW},
};
/* clang-format on */

static const struct reg_block gicv2m_block = {
    .name = "regs",
    .size = 0x1000,
    .regs = gicv2m_regs,
    .n_regs = ARRAY_LEN(gicv2m_regs),
};

static const struct device_ops gicv2m_ops = {
    .type = "gicv2m",
    .state_size = sizeof(struct gicv2m),
    .regions = &gicv2m_block,
    .n_regions = 1,
};

struct device *gicv2m_new(const char *id, unsigned first, unsigned n)
{
    struct device *d = device_new(&gicv2m_ops, id);
    of(d)->first = first;
    of(d)->n = n;
    return d;
}

struct irq_line *gicv2m_output(struct device *d, unsigned i)
{
    return &of(d)->spi[i];
}
