/* SPDX-License-Identifier: Apache-2.0 */
/* GICv3 distributor and redistributors: registers, their views, edge and level, routing. */
#include "base/bits.h"
#include "fakes/gic_rig.h"
#include "fakes/unit.h"

static struct gic_rig *rig(unsigned n_pe, bool security)
{
    return gic_rig_new(&(struct gic_cfg){
        .version = 3, .n_pe = n_pe, .n_spi = 256, .security = security, .virtualization = true});
}

/* Everything on, PMR open, PEs awake, all interrupts in Group 1 at priority 0xa0. */
static void open_all(struct gic_rig *r)
{
    struct gic_rig_mmio d = gic_rig_dist(r, false);
    gic_rig_write(d, D_CTLR, 4, 7);
    for (unsigned i = 1; i <= 8; i++) {
        gic_rig_write(d, D_IGROUPR + 4 * i, 4, UINT32_MAX);
        gic_rig_write(d, D_ISENABLER + 4 * i, 4, UINT32_MAX);
    }
    for (unsigned i = 32; i < 288; i++) {
        gic_rig_write(d, D_IPRIORITYR + i, 1, 0xa0);
    }
    for (unsigned pe = 0; pe < r->n_pe; pe++) {
        struct gic_rig_mmio rd = gic_rig_redist(r, pe, false);
        gic_rig_write(rd, 0x14, 4, 0);
        gic_rig_write(rd, SGI_BASE + D_IGROUPR, 4, UINT32_MAX);
        gic_rig_write(rd, SGI_BASE + D_ISENABLER, 4, UINT32_MAX);
        for (unsigned n = 0; n < 32; n += 4) {
            gic_rig_write(rd, SGI_BASE + D_IPRIORITYR + n, 4, 0xa0a0a0a0);
        }
        gic_rig_msr(r, pe, ICC_PMR, 0xf0);
        gic_rig_msr(r, pe, ICC_IGRPEN1, 1);
        gic_rig_msr(r, pe, ICC_IGRPEN0, 1);
    }
}

/* What the reference emulator reports for this configuration. */
static void test_identification(void **state)
{
    struct gic_rig *r = rig(2, false);
    struct gic_rig_mmio d = gic_rig_dist(r, true);
    assert_int_equal(gic_rig_read(d, D_TYPER, 4), 0x03780008);
    assert_int_equal(gic_rig_read(d, D_IIDR, 4), 0x43b);
    assert_int_equal(gic_rig_read(d, 0xffe8, 4), 0x3b);
    assert_int_equal(gic_rig_read(gic_rig_redist(r, 0, true), 0xffe8, 4), 0x3b);
    assert_int_equal(gic_rig_read(gic_rig_redist(r, 0, true), 8, 8), 0x01000000);
    assert_int_equal(gic_rig_read(gic_rig_redist(r, 1, true), 8, 8), 0x0000000101000110);
    assert_int_equal(gic_rig_read(gic_rig_redist(r, 1, true), 12, 4), 1);
    gic_rig_free(r);

    r = rig(1, true);
    assert_int_equal(gic_rig_read(gic_rig_dist(r, false), D_TYPER, 4), 0x03780408);
    gic_rig_write(gic_rig_dist(r, false), D_CTLR, 4, 0x40);
    assert_int_equal(gic_rig_read(gic_rig_dist(r, false), D_TYPER, 4), 0x03780008);
    gic_rig_free(r);
}

static void test_ctlr_views(void **state)
{
    struct gic_rig *r = rig(1, true);
    struct gic_rig_mmio s = gic_rig_dist(r, false);
    struct gic_rig_mmio ns = gic_rig_dist(r, true);
    assert_int_equal(gic_rig_read(s, D_CTLR, 4), 0x30);
    assert_int_equal(gic_rig_read(ns, D_CTLR, 4), 0x10);
    gic_rig_write(ns, D_CTLR, 4, UINT32_MAX);
    assert_int_equal(gic_rig_read(s, D_CTLR, 4), 0x32);
    gic_rig_write(s, D_CTLR, 4, 0x7);
    assert_int_equal(gic_rig_read(s, D_CTLR, 4), 0x37);
    assert_int_equal(gic_rig_read(ns, D_CTLR, 4), 0x12);
    /* DS: one Security state until reset; then both see the same */
    gic_rig_write(s, D_CTLR, 4, 0x43);
    gic_rig_write(s, D_CTLR, 4, 0x03);
    assert_int_equal(gic_rig_read(s, D_CTLR, 4), 0x53);
    assert_int_equal(gic_rig_read(ns, D_CTLR, 4), 0x53);
    device_reset(gic_device(r->g), RESET_WARM);
    assert_int_equal(gic_rig_read(s, D_CTLR, 4), 0x30);
    gic_rig_free(r);

    r = rig(1, false);
    assert_int_equal(gic_rig_read(gic_rig_dist(r, true), D_CTLR, 4), 0x50);
    gic_rig_free(r);
}

/* Each group of registers: what is stored, and that set and clear forms are one register. */
static void test_bit_registers(void **state)
{
    static const struct {
        uint32_t set, clear;
    } pairs[] = {{D_ISENABLER, D_ICENABLER}, {D_ISPENDR, D_ICPENDR}, {D_ISACTIVER, D_ICACTIVER}};
    struct gic_rig *r = rig(2, false);
    struct gic_rig_mmio frames[2] = {gic_rig_dist(r, true), gic_rig_redist(r, 1, true)};
    for (unsigned f = 0; f < 2; f++) {
        for (unsigned i = 0; i < ARRAY_LEN(pairs); i++) {
            uint32_t at = f == 0 ? 4 * 8 : SGI_BASE;
            gic_rig_write(frames[f], pairs[i].set + at, 4, 0xff00ff00);
            gic_rig_write(frames[f], pairs[i].set + at, 4, 0x000000ff);
            gic_rig_write(frames[f], pairs[i].clear + at, 4, 0x0f00000f);
            assert_int_equal(gic_rig_read(frames[f], pairs[i].set + at, 4), 0xf000fff0 | 0);
            assert_int_equal(gic_rig_read(frames[f], pairs[i].clear + at, 4), 0xf000fff0);
            gic_rig_write(frames[f], pairs[i].clear + at, 4, UINT32_MAX);
            assert_int_equal(gic_rig_read(frames[f], pairs[i].set + at, 4), 0);
        }
    }
    /* no interrupts beyond the last SPI, none private in the distributor */
    gic_rig_write(frames[0], D_ISENABLER + 4 * 9, 4, UINT32_MAX);
    assert_int_equal(gic_rig_read(frames[0], D_ISENABLER + 4 * 9, 4), 0);
    gic_rig_write(frames[0], D_ISENABLER, 4, UINT32_MAX);
    assert_int_equal(gic_rig_read(frames[0], D_ISENABLER, 4), 0);
    /* the redistributor has one bank */
    assert_int_equal(gic_rig_read(frames[1], SGI_BASE + D_ISENABLER + 4, 4), 0);
    gic_rig_free(r);
}

static void test_priority_and_config(void **state)
{
    struct gic_rig *r = rig(1, false);
    struct gic_rig_mmio d = gic_rig_dist(r, true);
    struct gic_rig_mmio rd = gic_rig_redist(r, 0, true);
    gic_rig_write(d, D_IPRIORITYR + 40, 4, 0x12345678);
    assert_int_equal(gic_rig_read(d, D_IPRIORITYR + 40, 4), 0x10305078); /* 5 bits */
    gic_rig_write(d, D_IPRIORITYR + 41, 1, 0xff);
    assert_int_equal(gic_rig_read(d, D_IPRIORITYR + 40, 4), 0x1030f878);
    assert_int_equal(gic_rig_read(d, D_IPRIORITYR + 41, 1), 0xf8);
    gic_rig_write(d, D_IPRIORITYR + 42, 2, 0x4080);
    assert_int_equal(gic_rig_read(d, D_IPRIORITYR + 40, 4), 0x4080f878);
    /* a misaligned or too wide access does nothing */
    gic_rig_write(d, D_IPRIORITYR + 41, 2, 0);
    gic_rig_write(d, D_IPRIORITYR + 40, 8, 0);
    gic_rig_write(d, D_ISENABLER + 4, 1, 0xff);
    assert_int_equal(gic_rig_read(d, D_IPRIORITYR + 40, 4), 0x4080f878);
    assert_int_equal(gic_rig_read(d, D_ISENABLER + 4, 4), 0);

    gic_rig_write(d, D_ICFGR + 4 * 3, 4, UINT32_MAX);
    assert_int_equal(gic_rig_read(d, D_ICFGR + 4 * 3, 4), 0xaaaaaaaa);
    assert_int_equal(gic_rig_read(d, D_ICFGR + 4 * 2, 4), 0);
    gic_rig_write(rd, SGI_BASE + D_ICFGR, 4, 0);
    assert_int_equal(gic_rig_read(rd, SGI_BASE + D_ICFGR, 4), 0xaaaaaaaa); /* SGIs */
    gic_rig_write(rd, SGI_BASE + D_ICFGR + 4, 4, 0x20);
    assert_int_equal(gic_rig_read(rd, SGI_BASE + D_ICFGR + 4, 4), 0x20);
    gic_rig_free(r);
}

/* A Non-secure access sees its own group's fields, and what NSACR opens. */
static void test_security_views(void **state)
{
    struct gic_rig *r = rig(1, true);
    struct gic_rig_mmio s = gic_rig_dist(r, false);
    struct gic_rig_mmio ns = gic_rig_dist(r, true);
    const uint32_t bank = 4; /* INTID 32 to 63 */

    gic_rig_write(s, D_IGROUPR + bank, 4, 0x0000000f);
    gic_rig_write(s, D_IGRPMODR + bank, 4, 0x000000f0);
    gic_rig_write(ns, D_IGROUPR + bank, 4, UINT32_MAX);
    gic_rig_write(ns, D_IGRPMODR + bank, 4, UINT32_MAX);
    assert_int_equal(gic_rig_read(s, D_IGROUPR + bank, 4), 0xf);
    assert_int_equal(gic_rig_read(ns, D_IGROUPR + bank, 4), 0);
    assert_int_equal(gic_rig_read(s, D_IGRPMODR + bank, 4), 0xf0);
    assert_int_equal(gic_rig_read(ns, D_IGRPMODR + bank, 4), 0);

    gic_rig_write(ns, D_ISENABLER + bank, 4, UINT32_MAX);
    assert_int_equal(gic_rig_read(s, D_ISENABLER + bank, 4), 0xf);
    gic_rig_write(s, D_ISENABLER + bank, 4, UINT32_MAX);
    assert_int_equal(gic_rig_read(ns, D_ISENABLER + bank, 4), 0xf);
    gic_rig_write(ns, D_ICENABLER + bank, 4, UINT32_MAX);
    assert_int_equal(gic_rig_read(s, D_ISENABLER + bank, 4), 0xfffffff0);

    /* priorities: shifted into the lower half */
    gic_rig_write(ns, D_IPRIORITYR + 32, 4, 0x40404040);
    gic_rig_write(ns, D_IPRIORITYR + 36, 4, 0x40404040);
    assert_int_equal(gic_rig_read(s, D_IPRIORITYR + 32, 4), 0xa0a0a0a0);
    assert_int_equal(gic_rig_read(ns, D_IPRIORITYR + 32, 4), 0x40404040);
    assert_int_equal(gic_rig_read(s, D_IPRIORITYR + 36, 4), 0);
    gic_rig_write(s, D_IPRIORITYR + 36, 4, 0x88888888);
    assert_int_equal(gic_rig_read(ns, D_IPRIORITYR + 36, 4), 0);
    gic_rig_free(r);
}

static void test_nsacr(void **state)
{
    struct gic_rig *r = rig(1, true);
    struct gic_rig_mmio s = gic_rig_dist(r, false);
    struct gic_rig_mmio ns = gic_rig_dist(r, true);
    const uint32_t bank = 4;

    /* INTID 32: none, 33: set pending, 34: and clear pending, 35: and routing */
    gic_rig_write(ns, D_NSACR + 8, 4, UINT32_MAX);
    assert_int_equal(gic_rig_read(s, D_NSACR + 8, 4), 0);
    gic_rig_write(s, D_NSACR + 8, 4, 0xe4);
    assert_int_equal(gic_rig_read(ns, D_NSACR + 8, 4), 0);
    gic_rig_write(ns, D_ISPENDR + bank, 4, 0xf);
    assert_int_equal(gic_rig_read(s, D_ISPENDR + bank, 4), 0xe);
    assert_int_equal(gic_rig_read(ns, D_ISPENDR + bank, 4), 0xe);
    assert_int_equal(gic_rig_read(ns, D_ICPENDR + bank, 4), 0xc);
    gic_rig_write(ns, D_ICPENDR + bank, 4, 0xf);
    assert_int_equal(gic_rig_read(s, D_ISPENDR + bank, 4), 0x2);
    gic_rig_write(s, D_ISACTIVER + bank, 4, 0xf);
    assert_int_equal(gic_rig_read(ns, D_ISACTIVER + bank, 4), 0xc);
    gic_rig_write(ns, D_ICACTIVER + bank, 4, 0xf);
    assert_int_equal(gic_rig_read(s, D_ISACTIVER + bank, 4), 0xf);
    for (unsigned n = 32; n < 36; n++) {
        gic_rig_write(ns, D_IROUTER + 8 * n, 8, 1);
        assert_int_equal(gic_rig_read(s, D_IROUTER + 8 * n, 8), n == 35);
        assert_int_equal(gic_rig_read(ns, D_IROUTER + 8 * n, 8), n == 35);
    }
    gic_rig_free(r);
}

static void test_level_and_edge(void **state)
{
    struct gic_rig *r = rig(1, false);
    struct gic_rig_mmio d = gic_rig_dist(r, true);
    open_all(r);

    /* level: follows the line, and the latch of ISPENDR stays until acknowledged */
    irq_set(&r->spi[3], true);
    assert_true(r->lamp[0][GIC_OUT_IRQ]);
    assert_int_equal(gic_rig_read(d, D_ISPENDR + 4, 4), 8);
    gic_rig_write(d, D_ICPENDR + 4, 4, 8);
    assert_int_equal(gic_rig_read(d, D_ISPENDR + 4, 4), 8);
    irq_set(&r->spi[3], false);
    assert_false(r->lamp[0][GIC_OUT_IRQ]);
    gic_rig_write(d, D_ISPENDR + 4, 4, 8);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_IAR1), 35);
    assert_int_equal(gic_rig_read(d, D_ISPENDR + 4, 4), 0);
    gic_rig_msr(r, 0, ICC_EOIR1, 35);

    /* level, still high at the end of interrupt: again */
    irq_set(&r->spi[3], true);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_IAR1), 35);
    assert_false(r->lamp[0][GIC_OUT_IRQ]);
    gic_rig_msr(r, 0, ICC_EOIR1, 35);
    assert_true(r->lamp[0][GIC_OUT_IRQ]);
    irq_set(&r->spi[3], false);
    assert_false(r->lamp[0][GIC_OUT_IRQ]);

    /* edge: latched, once; a second edge while active makes it pending again */
    gic_rig_write(d, D_ICFGR + 8, 4, 2 << (2 * 4));
    irq_pulse(&r->spi[4]);
    assert_true(r->lamp[0][GIC_OUT_IRQ]);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_IAR1), 36);
    irq_pulse(&r->spi[4]);
    assert_int_equal(gic_rig_read(d, D_ISPENDR + 4, 4), 0x10);
    assert_int_equal(gic_rig_read(d, D_ISACTIVER + 4, 4), 0x10);
    gic_rig_msr(r, 0, ICC_EOIR1, 36);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_IAR1), 36);
    gic_rig_msr(r, 0, ICC_EOIR1, 36);
    assert_false(r->lamp[0][GIC_OUT_IRQ]);
    irq_set(&r->spi[4], true);
    gic_rig_write(d, D_ICPENDR + 4, 4, 0x10);
    assert_false(r->lamp[0][GIC_OUT_IRQ]);
    gic_rig_free(r);
}

static void test_routing(void **state)
{
    static const uint64_t mpidr[4] = {0x80000000, 0x80000001, 0x80000100, 0x0100020304};
    struct gic_rig *r = gic_rig_new(&(struct gic_cfg){
        .version = 3, .n_pe = 4, .n_spi = 64, .mpidr = mpidr, .virtualization = true});
    struct gic_rig_mmio d = gic_rig_dist(r, true);
    open_all(r);
    irq_set(&r->spi[0], true);
    assert_true(r->lamp[0][GIC_OUT_IRQ]);
    gic_rig_write(d, D_IROUTER + 8 * 32, 8, 0x100);
    assert_false(r->lamp[0][GIC_OUT_IRQ]);
    assert_true(r->lamp[2][GIC_OUT_IRQ]);
    /* in halves: Aff3 is in the upper one. Reserved bits and the 1-of-N bit read as zero */
    gic_rig_write(d, D_IROUTER + 8 * 32, 4, 0xff020304);
    assert_false(r->lamp[2][GIC_OUT_IRQ] || r->lamp[3][GIC_OUT_IRQ]);
    gic_rig_write(d, D_IROUTER + 8 * 32 + 4, 4, 0xffffff01);
    assert_true(r->lamp[3][GIC_OUT_IRQ]);
    assert_int_equal(gic_rig_read(d, D_IROUTER + 8 * 32, 8), UINT64_C(0x0100020304));
    assert_int_equal(gic_rig_read(d, D_IROUTER + 8 * 32 + 4, 4), 1);
    assert_int_equal(gic_rig_read(gic_rig_redist(r, 3, true), 8, 8) >> 32, 0x01020304);
    /* nobody there: pending, delivered to no one */
    gic_rig_write(d, D_IROUTER + 8 * 32, 8, 0x77);
    for (unsigned pe = 0; pe < 4; pe++) {
        assert_false(r->lamp[pe][GIC_OUT_IRQ]);
    }
    gic_rig_free(r);
}

static void test_one_of_n(void **state)
{
    struct gic_rig *r =
        gic_rig_new(&(struct gic_cfg){.version = 3, .n_pe = 3, .n_spi = 32, .one_of_n = true});
    struct gic_rig_mmio d = gic_rig_dist(r, true);
    open_all(r);
    assert_false(gic_rig_read(d, D_TYPER, 4) & BIT(25));
    gic_rig_write(d, D_IROUTER + 8 * 32, 8, BIT(31));
    irq_set(&r->spi[0], true);
    assert_true(r->lamp[0][GIC_OUT_IRQ]);
    gic_rig_msr(r, 0, ICC_IGRPEN1, 0); /* unwilling: the next one */
    assert_false(r->lamp[0][GIC_OUT_IRQ]);
    assert_true(r->lamp[1][GIC_OUT_IRQ]);
    gic_rig_write(gic_rig_redist(r, 1, true), 0, 4, BIT(25)); /* GICR_CTLR.DPG1NS */
    assert_false(r->lamp[1][GIC_OUT_IRQ]);
    assert_true(r->lamp[2][GIC_OUT_IRQ]);
    gic_rig_write(gic_rig_redist(r, 2, true), 0x14, 4, 2); /* asleep */
    assert_false(r->lamp[2][GIC_OUT_IRQ]);
    gic_rig_msr(r, 0, ICC_IGRPEN1, 1);
    assert_true(r->lamp[0][GIC_OUT_IRQ]);
    gic_rig_free(r);
}

static void test_waker(void **state)
{
    struct gic_rig *r = rig(1, true);
    struct gic_rig_mmio s = gic_rig_redist(r, 0, false);
    struct gic_rig_mmio ns = gic_rig_redist(r, 0, true);
    assert_int_equal(gic_rig_read(s, 0x14, 4), 6);
    assert_int_equal(gic_rig_read(ns, 0x14, 4), 0);
    gic_rig_write(ns, 0x14, 4, 0);
    assert_int_equal(gic_rig_read(s, 0x14, 4), 6);
    open_all(r);
    assert_int_equal(gic_rig_read(s, 0x14, 4), 0);
    irq_set(&r->ppi[0][30], true);
    assert_true(r->lamp[0][GIC_OUT_IRQ]);
    gic_rig_write(s, 0x14, 4, 2);
    assert_false(r->lamp[0][GIC_OUT_IRQ]);
    gic_rig_free(r);
}

/* One Security state: there is no firmware below the guest that would wake the interface. */
static void test_waker_without_el3(void **state)
{
    struct gic_rig *r = rig(1, false);
    struct gic_rig_mmio rd = gic_rig_redist(r, 0, true);
    assert_int_equal(gic_rig_read(rd, 0x14, 4), 0);
    gic_rig_write(rd, 0x14, 4, 2);
    assert_int_equal(gic_rig_read(rd, 0x14, 4), 6);
    gic_rig_free(r);
}

/* As a bootloader for a Non-secure kernel leaves it. */
static void test_ns_boot(void **state)
{
    struct gic_rig *r = gic_rig_new(
        &(struct gic_cfg){.version = 3, .n_pe = 1, .n_spi = 32, .security = true, .ns_boot = true});
    struct gic_rig_mmio ns = gic_rig_dist(r, true);
    gic_rig_enter(r, 0, 2, false);
    gic_rig_write(ns, D_CTLR, 4, 2);
    gic_rig_write(ns, D_ISENABLER + 4, 4, 1);
    gic_rig_msr(r, 0, ICC_PMR, 0xf0);
    gic_rig_msr(r, 0, ICC_IGRPEN1, 1);
    irq_set(&r->spi[0], true);
    assert_true(r->lamp[0][GIC_OUT_IRQ]);
    gic_rig_free(r);
}

static void test_bad_configurations(void **state)
{
    static const struct gic_cfg bad[] = {
        {.version = 1, .n_pe = 1},
        {.version = 3, .n_pe = 0},
        {.version = 2, .n_pe = 9},
        {.version = 3, .n_pe = 1, .n_spi = 33},
        {.version = 3, .n_pe = 1, .n_spi = 992},
        {.version = 3, .n_pe = 1, .n_lr = 17},
        {.version = 3, .n_pe = 1, .n_prio_bits = 3},
        {.version = 3, .n_pe = 1, .n_spi = 32, .n_espi = 33},
        {.version = 3, .n_pe = 1, .n_spi = 32, .n_espi = 1056},
        {.version = 3, .n_pe = 1, .n_spi = 32, .n_eppi = 96},
        {.version = 2, .n_pe = 1, .n_spi = 32, .n_espi = 32},
        {.version = 2, .n_pe = 1, .n_spi = 32, .mbi = true},
    };
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        GError *err = NULL;
        assert_null(gic_new(&bad[i], "gic", &err));
        assert_non_null(err);
        g_clear_error(&err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identification),     cmocka_unit_test(test_ctlr_views),
        cmocka_unit_test(test_bit_registers),      cmocka_unit_test(test_priority_and_config),
        cmocka_unit_test(test_security_views),     cmocka_unit_test(test_nsacr),
        cmocka_unit_test(test_level_and_edge),     cmocka_unit_test(test_routing),
        cmocka_unit_test(test_one_of_n),           cmocka_unit_test(test_waker),
        cmocka_unit_test(test_waker_without_el3),  cmocka_unit_test(test_ns_boot),
        cmocka_unit_test(test_bad_configurations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
