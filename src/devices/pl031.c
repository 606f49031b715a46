/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PrimeCell real time clock (PL031), Arm DDI 0224. One register region, one interrupt.
 *
 * A 32-bit counter of seconds of virtual time. As on the reference board the clock always runs, so
 * RTCCR reads 1, and no reset changes the time: it runs from a battery. Left out: test registers.
 */
#include "devices/pl031.h"

#include "base/bits.h"

struct pl031 {
    struct device dev;
    uint32_t mr, lr, imsc, ris;
    uint32_t offset; /* what the clock shows at virtual time 0 */
    struct evq *evq;
    struct event match;
    struct irq_line irq;
};

static struct pl031 *of(struct device *d)
{
    return (struct pl031 *)d;
}

static uint32_t count(const struct pl031 *p)
{
    return p->offset + (uint32_t)(evq_now(p->evq) / TICKS_PER_SEC);
}

static void update_irq(struct pl031 *p)
{
    irq_set(&p->irq, (p->ris & p->imsc) != 0);
}

static void matched(void *opaque, tick_t now)
{
    struct pl031 *p = opaque;
    p->ris = 1;
    update_irq(p);
}

/* The counter reaches RTCMR at the start of a second; now, if it is there already. */
static void arm_match(struct pl031 *p)
{
    uint64_t second = evq_now(p->evq) / TICKS_PER_SEC;
    uint32_t left = p->mr - count(p);
    if (left == 0) {
        evq_cancel(p->evq, &p->match);
        matched(p, evq_now(p->evq));
        return;
    }
    bool in_time = second + left <= TICK_NEVER / TICKS_PER_SEC;
    evq_schedule(p->evq, &p->match, in_time ? (second + left) * TICKS_PER_SEC : TICK_NEVER);
}

static uint64_t dr_read(struct device *d, const struct reg_desc *r, unsigned idx,
                        const struct bus_txn *t)
{
    return count(of(d));
}

static void mr_write(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                     const struct bus_txn *t)
{
    arm_match(of(d));
}

static void lr_write(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                     const struct bus_txn *t)
{
    struct pl031 *p = of(d);
    p->offset = (uint32_t)v - (uint32_t)(evq_now(p->evq) / TICKS_PER_SEC);
    arm_match(p);
}

static uint64_t cr_read(struct device *d, const struct reg_desc *r, unsigned idx,
                        const struct bus_txn *t)
{
    return 1;
}

static uint64_t mis_read(struct device *d, const struct reg_desc *r, unsigned idx,
                         const struct bus_txn *t)
{
    return of(d)->ris & of(d)->imsc;
}

/* Write only. */
static uint64_t icr_read(struct device *d, const struct reg_desc *r, unsigned idx,
                         const struct bus_txn *t)
{
    return 0;
}

static void irq_write(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                      const struct bus_txn *t)
{
    update_irq(of(d));
}

static uint64_t id_read(struct device *d, const struct reg_desc *r, unsigned idx,
                        const struct bus_txn *t)
{
    static const uint8_t id[] = {0x31, 0x10, 0x14, 0, 0x0d, 0xf0, 0x05, 0xb1};
    return id[idx];
}

/* clang-format off */
#define W_ALL .size = 4, .widths = W8 | W16 | W32
/* DDI 0224, 3.2 "Summary of registers" */
static const struct reg_desc pl031_regs[] = {
    {"RTCDR",   0x000, W_ALL, .flags = REGF_VIEW, .read = dr_read},
    {"RTCMR",   0x004, W_ALL, .wmask = UINT32_MAX, .write = mr_write, ST(struct pl031, mr)},
    {"RTCLR",   0x008, W_ALL, .flags = REGF_NORESET, .wmask = UINT32_MAX, .write = lr_write, ST(struct pl031, lr)},
    {"RTCCR",   0x00c, W_ALL, .flags = REGF_VIEW, .read = cr_read},
    {"RTCIMSC", 0x010, W_ALL, .wmask = 1, .write = irq_write, ST(struct pl031, imsc)},
    {"RTCRIS",  0x014, W_ALL, ST(struct pl031, ris)},
    {"RTCMIS",  0x018, W_ALL, .flags = REGF_VIEW, .read = mis_read},
    {"RTCICR",  0x01c, W_ALL, .flags = REGF_VIEW, .w1c = 1, .read = icr_read, .write = irq_write, ST(struct pl031, ris)},
    {"RTCID",   0xfe0, .count = 8, W_ALL, .flags = REGF_VIEW, .read = id_read},
};
/* clang-format on */

static const struct reg_block pl031_block = {
    .name = "regs",
    .size = 0x1000,
    .regs = pl031_regs,
    .n_regs = ARRAY_LEN(pl031_regs),
};

static void pl031_reset(struct device *d, enum reset_kind k)
{
    struct pl031 *p = of(d);
    evq_cancel(p->evq, &p->match);
    update_irq(p);
}

static void pl031_finalize(struct device *d)
{
    evq_cancel(of(d)->evq, &of(d)->match);
}

/* clang-format off */
static const struct snap_field pl031_fields[] = {
    SNAP_FIELD(struct pl031, offset),
    SNAP_EVENT(struct pl031, match),
    SNAP_LINES(struct pl031, irq),
};
/* clang-format on */
static const struct snap_desc pl031_snap = SNAP_DESC(1, pl031_fields);

static const struct device_ops pl031_ops = {
    .type = "pl031",
    .state_size = sizeof(struct pl031),
    .regions = &pl031_block,
    .n_regions = 1,
    .reset = pl031_reset,
    .snap = &pl031_snap,
    .finalize = pl031_finalize,
};

struct device *pl031_new(const char *id, struct evq *q, uint32_t seconds)
{
    struct device *d = device_new(&pl031_ops, id);
    struct pl031 *p = of(d);
    p->evq = q;
    p->offset = seconds;
    p->match = (struct event){.name = "pl031-match", .fn = matched, .opaque = p};
    return d;
}

struct irq_line *pl031_irq(struct device *d)
{
    return &of(d)->irq;
}
