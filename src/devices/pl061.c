/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PrimeCell GPIO (PL061), Arm DDI 0190. One register region, eight pins, one interrupt.
 *
 * Pins have pull-downs. Left out: hardware control of pins (GPIOAFSEL only stores), the per-pin
 * interrupts GPIOMIS[7:0], test registers.
 */
#include "devices/pl061.h"

#include "base/bits.h"

struct pl061 {
    struct device dev;
    uint32_t data; /* output latch */
    uint32_t dir, is, ibe, iev, ie, afsel;
    uint32_t edges;  /* edges seen, of pins that are edge sensitive */
    uint32_t inputs; /* what the outside drives */
    uint32_t seen;   /* pins configured as inputs, as of the last look */
    struct irq_line irq, out[PL061_N_LINES];
};

static struct pl061 *of(struct device *d)
{
    return (struct pl061 *)d;
}

static uint32_t pins(const struct pl061 *g)
{
    return (g->data & g->dir) | (g->inputs & ~g->dir);
}

/* DDI 0190, 2.3.1 "Interrupt detection": levels are followed, edges are kept until cleared. */
static uint32_t raw_irqs(const struct pl061 *g)
{
    uint32_t levels = ~(pins(g) ^ g->iev) & ~g->dir & 0xff;
    return (g->is & levels) | (~g->is & g->edges);
}

static void update_outputs(struct pl061 *g)
{
    irq_set(&g->irq, (raw_irqs(g) & g->ie) != 0);
    for (unsigned i = 0; i < PL061_N_LINES; i++) {
        irq_set(&g->out[i], bit(g->data & g->dir, i));
    }
}

/* Levels of input pins may have changed: look for edges. */
static void sample_inputs(struct pl061 *g)
{
    uint32_t now = g->inputs & ~g->dir;
    uint32_t changed = (now ^ g->seen) & ~g->dir;
    g->seen = now;
    g->edges |= changed & ~g->is & (g->ibe | ~(now ^ g->iev));
    update_outputs(g);
}

void pl061_set_input(struct device *d, unsigned line, bool level)
{
    struct pl061 *g = of(d);
    g->inputs = (uint32_t)deposit64(g->inputs, line, 1, level);
    sample_inputs(g);
}

/* Address bits [9:2] select the pins that an access to GPIODATA concerns; idx is their value. */
static uint64_t data_read(struct device *d, const struct reg_desc *r, unsigned idx,
                          const struct bus_txn *t)
{
    return pins(of(d)) & idx;
}

/* Only pins that are outputs take a value. */
static void data_write(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                       const struct bus_txn *t)
{
    struct pl061 *g = of(d);
    if (t->pa.v % 4 == 0) {
        uint32_t taken = idx & g->dir;
        g->data = (g->data & ~taken) | ((uint32_t)v & taken);
        update_outputs(g);
    }
}

/* A change of direction is no edge: what was an output counts from its level now. */
static void dir_write(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                      const struct bus_txn *t)
{
    struct pl061 *g = of(d);
    g->seen = g->inputs & ~g->dir;
    update_outputs(g);
}

static void config_write(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                         const struct bus_txn *t)
{
    update_outputs(of(d));
}

static uint64_t ris_read(struct device *d, const struct reg_desc *r, unsigned idx,
                         const struct bus_txn *t)
{
    return raw_irqs(of(d));
}

static uint64_t mis_read(struct device *d, const struct reg_desc *r, unsigned idx,
                         const struct bus_txn *t)
{
    return raw_irqs(of(d)) & of(d)->ie;
}

/* Write only. */
static uint64_t ic_read(struct device *d, const struct reg_desc *r, unsigned idx,
                        const struct bus_txn *t)
{
    return 0;
}

static uint64_t id_read(struct device *d, const struct reg_desc *r, unsigned idx,
                        const struct bus_txn *t)
{
    static const uint8_t id[] = {0x61, 0x10, 0x04, 0, 0x0d, 0xf0, 0x05, 0xb1};
    return id[idx];
}

/* clang-format off */
#define W_ALL .size = 4, .widths = W8 | W16 | W32

/* DDI 0190, 3.2 "Summary of registers" */
static const struct reg_desc pl061_regs[] = {
    {"GPIODATA",  0x000, .count = 256, W_ALL, .flags = REGF_VIEW, .read = data_read, .write = data_write},
    {"GPIODIR",   0x400, W_ALL, .wmask = 0xff, .write = dir_write, ST(struct pl061, dir)},
    {"GPIOIS",    0x404, W_ALL, .wmask = 0xff, .write = config_write, ST(struct pl061, is)},
    {"GPIOIBE",   0x408, W_ALL, .wmask = 0xff, .write = config_write, ST(struct pl061, ibe)},
    {"GPIOIEV",   0x40c, W_ALL, .wmask = 0xff, .write = config_write, ST(struct pl061, iev)},
    {"GPIOIE",    0x410, W_ALL, .wmask = 0xff, .write = config_write, ST(struct pl061, ie)},
    {"GPIORIS",   0x414, W_ALL, .flags = REGF_VIEW, .read = ris_read},
    {"GPIOMIS",   0x418, W_ALL, .flags = REGF_VIEW, .read = mis_read},
    {"GPIOIC",    0x41c, W_ALL, .w1c = 0xff, .read = ic_read, .write = config_write, ST(struct pl061, edges)},
    {"GPIOAFSEL", 0x420, W_ALL, .wmask = 0xff, ST(struct pl061, afsel)},
    {"GPIOID",    0xfe0, .count = 8, W_ALL, .flags = REGF_VIEW, .read = id_read},
};
/* clang-format on */

static const struct reg_block pl061_block = {
    .name = "regs",
    .size = 0x1000,
    .regs = pl061_regs,
    .n_regs = ARRAY_LEN(pl061_regs),
};

static void pl061_reset(struct device *d, enum reset_kind k)
{
    struct pl061 *g = of(d);
    g->data = 0;
    g->seen = g->inputs;
    update_outputs(g);
}

/* clang-format off */
static const struct snap_field pl061_fields[] = {
    SNAP_FIELD(struct pl061, data),
    SNAP_FIELD(struct pl061, inputs),
    SNAP_FIELD(struct pl061, seen),
    SNAP_LINES(struct pl061, irq),
    SNAP_LINES(struct pl061, out),
};
/* clang-format on */
static const struct snap_desc pl061_snap = SNAP_DESC(1, pl061_fields);

static const struct device_ops pl061_ops = {
    .type = "pl061",
    .state_size = sizeof(struct pl061),
    .regions = &pl061_block,
    .n_regions = 1,
    .reset = pl061_reset,
    .snap = &pl061_snap,
};

struct device *pl061_new(const char *id)
{
    return device_new(&pl061_ops, id);
}

struct irq_line *pl061_irq(struct device *d)
{
    return &of(d)->irq;
}

struct irq_line *pl061_output(struct device *d, unsigned line)
{
    ASSERT(line < PL061_N_LINES);
    return &of(d)->out[line];
}
