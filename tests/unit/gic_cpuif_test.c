/* SPDX-License-Identifier: Apache-2.0 */
/* GICv3 physical CPU interface: acknowledge, end, preemption, groups, Security states, SGIs. */
#include <string.h>

#include "base/bits.h"
#include "fakes/gic_rig.h"
#include "fakes/unit.h"

#define SCR_IRQ    BIT(1)
#define SCR_FIQ    BIT(2)
#define HCR_FMO    BIT(3)
#define HCR_IMO    BIT(4)
#define RPR_NMI    BIT(63)
#define RPR_NMI_NS BIT(62)

enum { G0, G1S, G1NS };

static struct gic_rig *rig(unsigned n_pe, bool security)
{
    struct gic_rig *r = gic_rig_new(&(struct gic_cfg){.version = 3,
                                                      .n_pe = n_pe,
                                                      .n_spi = 64,
                                                      .security = security,
                                                      .virtualization = true,
                                                      .nmi = true});
    gic_rig_write(gic_rig_dist(r, false), D_CTLR, 4, 7);
    for (unsigned pe = 0; pe < n_pe; pe++) {
        gic_rig_enter(r, pe, security ? 3 : 1, security);
        gic_rig_write(gic_rig_redist(r, pe, false), 0x14, 4, 0);
        gic_rig_msr(r, pe, ICC_PMR, 0xf8);
        gic_rig_msr(r, pe, ICC_IGRPEN0, 1);
        if (security) {
            gic_rig_msr(r, pe, ICC_IGRPEN1_EL3, 3);
        } else {
            gic_rig_msr(r, pe, ICC_IGRPEN1, 1);
        }
        gic_rig_enter(r, pe, 1, false);
    }
    return r;
}

/* Group, priority, enabled, pending by its line: SPI 32 + n. */
static void raise_spi(struct gic_rig *r, unsigned n, unsigned group, uint8_t prio)
{
    struct gic_rig_mmio d = gic_rig_dist(r, false);
    uint32_t reg = 4 + 4 * (n / 32);
    uint32_t m = 1U << (n % 32);
    uint32_t was = (uint32_t)gic_rig_read(d, D_IGROUPR + reg, 4);
    gic_rig_write(d, D_IGROUPR + reg, 4, group == G1NS ? was | m : was & ~m);
    was = (uint32_t)gic_rig_read(d, D_IGRPMODR + reg, 4);
    gic_rig_write(d, D_IGRPMODR + reg, 4, group == G1S ? was | m : was & ~m);
    gic_rig_write(d, D_IPRIORITYR + 32 + n, 1, prio);
    gic_rig_write(d, D_ISENABLER + reg, 4, m);
    irq_set(&r->spi[n], true);
}

static void lower_spi(struct gic_rig *r, unsigned n)
{
    irq_set(&r->spi[n], false);
}

static void test_acknowledge_and_end(void **state)
{
    struct gic_rig *r = rig(1, false);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_IAR1), 1023);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_RPR), 0xff);
    raise_spi(r, 5, G1NS, 0x80);
    assert_true(r->lamp[0][GIC_OUT_IRQ]);
    assert_false(r->lamp[0][GIC_OUT_FIQ]);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_HPPIR1), 37);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_HPPIR0), 1023);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_IAR0), 1023);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_IAR1), 37);
    assert_false(r->lamp[0][GIC_OUT_IRQ]);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_RPR), 0x80);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_AP1R0), 1U << 16);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_IAR1), 1023);
    lower_spi(r, 5);
    gic_rig_msr(r, 0, ICC_EOIR0, 37); /* the wrong group: ignored */
    gic_rig_msr(r, 0, ICC_EOIR1, 1023);
    gic_rig_msr(r, 0, ICC_EOIR1, 96); /* no such interrupt */
    assert_int_equal(gic_rig_mrs(r, 0, ICC_RPR), 0x80);
    gic_rig_msr(r, 0, ICC_EOIR1, 37);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_RPR), 0xff);
    assert_int_equal(gic_rig_read(gic_rig_dist(r, true), D_ISACTIVER + 4, 4), 0);

    /* Group 0 is a FIQ */
    raise_spi(r, 6, G0, 0x80);
    assert_true(r->lamp[0][GIC_OUT_FIQ]);
    assert_false(r->lamp[0][GIC_OUT_IRQ]);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_IAR1), 1023);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_IAR0), 38);
    gic_rig_msr(r, 0, ICC_EOIR0, 38);
    assert_true(r->lamp[0][GIC_OUT_FIQ]);
    gic_rig_free(r);
}

static void test_mask_and_enables(void **state)
{
    struct gic_rig *r = rig(1, false);
    raise_spi(r, 0, G1NS, 0x80);
    gic_rig_msr(r, 0, ICC_PMR, 0x80);
    assert_false(r->lamp[0][GIC_OUT_IRQ]);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_IAR1), 1023);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_HPPIR1), 32); /* not affected */
    gic_rig_msr(r, 0, ICC_PMR, 0x8f);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_PMR), 0x88);
    assert_true(r->lamp[0][GIC_OUT_IRQ]);
    gic_rig_msr(r, 0, ICC_IGRPEN1, 0);
    assert_false(r->lamp[0][GIC_OUT_IRQ]);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_HPPIR1), 1023);
    /* a disabled group's better interrupt does not hide another group's */
    raise_spi(r, 1, G0, 0x90);
    gic_rig_msr(r, 0, ICC_PMR, 0xf8);
    assert_true(r->lamp[0][GIC_OUT_FIQ]);
    gic_rig_msr(r, 0, ICC_IGRPEN1, 1);
    assert_true(r->lamp[0][GIC_OUT_IRQ]);
    gic_rig_write(gic_rig_dist(r, true), D_CTLR, 4, 1);
    assert_true(r->lamp[0][GIC_OUT_FIQ]);
    gic_rig_write(gic_rig_dist(r, true), D_ICENABLER + 4, 4, 2);
    assert_false(r->lamp[0][GIC_OUT_FIQ]);
    gic_rig_free(r);
}

static void test_preemption(void **state)
{
    struct gic_rig *r = rig(1, false);
    gic_rig_msr(r, 0, ICC_BPR1, 5); /* group priority [7:5] */
    raise_spi(r, 0, G1NS, 0xa0);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_IAR1), 32);
    raise_spi(r, 1, G1NS, 0xb0); /* same group priority 0xa0 */
    assert_false(r->lamp[0][GIC_OUT_IRQ]);
    raise_spi(r, 2, G1NS, 0x98); /* 0x80: preempts */
    assert_true(r->lamp[0][GIC_OUT_IRQ]);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_IAR1), 34);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_RPR), 0x80);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_AP1R0), 1U << 16 | 1U << 20);
    lower_spi(r, 2);
    gic_rig_msr(r, 0, ICC_EOIR1, 34);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_RPR), 0xa0);
    lower_spi(r, 0);
    gic_rig_msr(r, 0, ICC_EOIR1, 32);
    assert_true(r->lamp[0][GIC_OUT_IRQ]); /* 33, at last */
    assert_int_equal(gic_rig_mrs(r, 0, ICC_IAR1), 33);

    /* binary point 7 of Group 0: no preemption at all */
    lower_spi(r, 1);
    gic_rig_msr(r, 0, ICC_EOIR1, 33);
    gic_rig_msr(r, 0, ICC_BPR0, 7);
    raise_spi(r, 3, G0, 0xf0);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_IAR0), 35);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_AP0R0), 1);
    raise_spi(r, 4, G0, 0);
    assert_false(r->lamp[0][GIC_OUT_FIQ]);
    gic_rig_free(r);
}

static void test_binary_points(void **state)
{
    struct gic_rig *r = rig(1, false);
    gic_rig_msr(r, 0, ICC_BPR0, 0);
    gic_rig_msr(r, 0, ICC_BPR1, 0);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_BPR0), 2); /* 5 bits: the least is 2 and 3 */
    assert_int_equal(gic_rig_mrs(r, 0, ICC_BPR1), 3);
    gic_rig_msr(r, 0, ICC_BPR1, 6);
    gic_rig_msr(r, 0, ICC_BPR0, 4);
    gic_rig_msr(r, 0, ICC_CTLR, 1); /* CBPR */
    assert_int_equal(gic_rig_mrs(r, 0, ICC_BPR1), 5);
    gic_rig_msr(r, 0, ICC_BPR1, 3); /* ignored */
    gic_rig_msr(r, 0, ICC_BPR0, 7);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_BPR1), 7);
    gic_rig_msr(r, 0, ICC_CTLR, 0);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_BPR1), 6);
    gic_rig_free(r);
}

static void test_split_end(void **state)
{
    struct gic_rig *r = rig(1, false);
    struct gic_rig_mmio d = gic_rig_dist(r, true);
    gic_rig_msr(r, 0, ICC_DIR, 32); /* EOImode = 0: ignored */
    gic_rig_msr(r, 0, ICC_CTLR, 2);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_CTLR), 0x8c02);
    raise_spi(r, 0, G1NS, 0x80);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_IAR1), 32);
    gic_rig_msr(r, 0, ICC_EOIR1, 32);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_RPR), 0xff);
    assert_int_equal(gic_rig_read(d, D_ISACTIVER + 4, 4), 1);
    assert_false(r->lamp[0][GIC_OUT_IRQ]);
    gic_rig_msr(r, 0, ICC_DIR, 1020);
    gic_rig_msr(r, 0, ICC_DIR, 32);
    assert_int_equal(gic_rig_read(d, D_ISACTIVER + 4, 4), 0);
    assert_true(r->lamp[0][GIC_OUT_IRQ]);
    gic_rig_free(r);
}

/* IHI 0069H, 4.6.2, table of interrupt signals with two Security states. */
static void test_signals(void **state)
{
    struct gic_rig *r = rig(1, true);
    static const struct {
        unsigned group, el;
        bool secure, fiq;
    } rows[] = {
        {G0, 1, false, true},    {G0, 1, true, true},    {G0, 3, true, true},
        {G1S, 1, false, true},   {G1S, 2, false, true},  {G1S, 1, true, false},
        {G1S, 2, true, false},   {G1S, 3, true, true},   {G1NS, 1, false, false},
        {G1NS, 2, false, false}, {G1NS, 1, true, true},  {G1NS, 0, true, true},
        {G1NS, 3, true, true},   {G1NS, 3, false, true}, {G1NS, 0, false, false},
    };
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        raise_spi(r, 0, rows[i].group, 0x80);
        gic_rig_enter(r, 0, rows[i].el, rows[i].secure);
        assert_int_equal(r->lamp[0][GIC_OUT_FIQ], rows[i].fiq);
        assert_int_equal(r->lamp[0][GIC_OUT_IRQ], !rows[i].fiq);
    }
    gic_rig_free(r);
}

/* CheckGroup0ForSpecialIdentifiers, CheckGroup1ForSpecialIdentifiers. */
static void test_special_intids(void **state)
{
    struct gic_rig *r = rig(1, true);
    static const struct {
        unsigned group, el;
        bool secure;
        unsigned hppir0, hppir1;
    } rows[] = {
        {G0, 1, false, 1023, 1023},  {G0, 1, true, 32, 1023},     {G0, 3, true, 32, 1023},
        {G1S, 1, false, 1023, 1023}, {G1S, 1, true, 1023, 32},    {G1S, 3, true, 1020, 32},
        {G1NS, 1, false, 1023, 32},  {G1NS, 1, true, 1023, 1023}, {G1NS, 3, true, 1021, 32},
    };
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        raise_spi(r, 0, rows[i].group, 0x80);
        gic_rig_enter(r, 0, rows[i].el, rows[i].secure);
        assert_int_equal(gic_rig_mrs(r, 0, ICC_HPPIR0), rows[i].hppir0);
        assert_int_equal(gic_rig_mrs(r, 0, ICC_HPPIR1), rows[i].hppir1);
        if (rows[i].hppir0 >= 1020) {
            assert_int_equal(gic_rig_mrs(r, 0, ICC_IAR0), rows[i].hppir0);
        }
        if (rows[i].hppir1 >= 1020) {
            assert_int_equal(gic_rig_mrs(r, 0, ICC_IAR1), rows[i].hppir1);
        }
        assert_int_equal(gic_rig_mrs(r, 0, ICC_RPR), 0xff);
    }
    gic_rig_free(r);
}

static void test_ns_priorities(void **state)
{
    struct gic_rig *r = rig(1, true);
    gic_rig_enter(r, 0, 3, true);
    gic_rig_msr(r, 0, ICC_PMR, 0x40);
    gic_rig_enter(r, 0, 1, false);
    r->view[0].scr_el3 |= SCR_FIQ;
    assert_int_equal(gic_rig_mrs(r, 0, ICC_PMR), 0);
    gic_rig_msr(r, 0, ICC_PMR, 0xf0); /* the mask is Secure: ignored */
    gic_rig_enter(r, 0, 3, false);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_PMR), 0x40);
    gic_rig_msr(r, 0, ICC_PMR, 0x80);
    gic_rig_enter(r, 0, 1, false);
    gic_rig_msr(r, 0, ICC_PMR, 0xf0);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_PMR), 0xf0);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_RPR), 0xff);
    raise_spi(r, 0, G1NS, 0xa0);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_IAR1), 32);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_RPR), 0x40);
    gic_rig_enter(r, 0, 3, false);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_PMR), 0xf8);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_RPR), 0xa0);
    gic_rig_enter(r, 0, 1, false);
    r->view[0].scr_el3 &= ~SCR_FIQ; /* Group 0 is Non-secure's: no shift */
    assert_int_equal(gic_rig_mrs(r, 0, ICC_PMR), 0xf8);
    gic_rig_free(r);
}

/* Registers banked by Security state, and EL3's view of both. */
static void test_banked_registers(void **state)
{
    struct gic_rig *r = rig(1, true);
    gic_rig_msr(r, 0, ICC_BPR1, 5);
    gic_rig_msr(r, 0, ICC_CTLR, 3); /* CBPR is EL3's: stays 0 */
    assert_int_equal(gic_rig_mrs(r, 0, ICC_CTLR) & 3, 2);
    gic_rig_msr(r, 0, ICC_IGRPEN1, 0);
    gic_rig_enter(r, 0, 1, true);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_BPR1), 2);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_CTLR) & 3, 0);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_IGRPEN1), 1);
    gic_rig_enter(r, 0, 3, false);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_BPR1), 5);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_IGRPEN1), 0);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_IGRPEN1_EL3), 2);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_CTLR_EL3) & 0x7f, 0x10);
    gic_rig_msr(r, 0, ICC_CTLR_EL3, 0x7f);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_CTLR_EL3) & 0x7f, 0x1f);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_CTLR) & 3, 3);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_SRE), 7);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_SRE_EL2), 15);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_SRE_EL3), 15);
    /* CBPR_EL1S: Secure BPR1 is BPR0 */
    gic_rig_enter(r, 0, 1, true);
    gic_rig_msr(r, 0, ICC_BPR1, 6);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_BPR0), 6);
    gic_rig_enter(r, 0, 1, false);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_BPR1), 7);
    gic_rig_free(r);
}

static void test_secure_end(void **state)
{
    struct gic_rig *r = rig(1, true);
    raise_spi(r, 0, G0, 0x20);
    gic_rig_enter(r, 0, 3, false);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_IAR0), 32);
    gic_rig_enter(r, 0, 1, false);
    gic_rig_msr(r, 0, ICC_EOIR0, 32); /* not Non-secure's to end */
    gic_rig_enter(r, 0, 3, false);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_RPR), 0x20);
    gic_rig_msr(r, 0, ICC_CTLR_EL3, 4); /* EOImode_EL3 */
    gic_rig_msr(r, 0, ICC_EOIR0, 32);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_RPR), 0xff);
    assert_int_equal(gic_rig_read(gic_rig_dist(r, false), D_ISACTIVER + 4, 4), 1);
    gic_rig_enter(r, 0, 1, false);
    gic_rig_msr(r, 0, ICC_CTLR, 2);
    gic_rig_msr(r, 0, ICC_DIR, 32); /* Secure interrupt: no */
    assert_int_equal(gic_rig_read(gic_rig_dist(r, false), D_ISACTIVER + 4, 4), 1);
    gic_rig_enter(r, 0, 3, false);
    gic_rig_msr(r, 0, ICC_DIR, 32);
    assert_int_equal(gic_rig_read(gic_rig_dist(r, false), D_ISACTIVER + 4, 4), 0);
    gic_rig_free(r);
}

/* A Secure interrupt preempts a Non-secure NMI, whose priority is 0x80; each end ends its own. */
static void test_nmi_below_secure(void **state)
{
    struct gic_rig *r = rig(1, true);
    raise_spi(r, 0, G1NS, 0xf0);
    gic_rig_write(gic_rig_dist(r, false), D_INMIR + 4, 4, 1);
    assert_int_equal(r->lamp[0][GIC_OUT_NMI], true);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_NMIAR1), 32);
    assert_int_equal(r->lamp[0][GIC_OUT_NMI], false);
    lower_spi(r, 0);
    raise_spi(r, 1, G0, 0x40);
    gic_rig_enter(r, 0, 3, true);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_IAR0), 33);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_RPR), RPR_NMI_NS | 0x40);
    raise_spi(r, 2, G1S, 0xf0);
    gic_rig_write(gic_rig_dist(r, false), D_INMIR + 4, 4, 5);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_NMIAR1), 34); /* priority 0 */
    assert_int_equal(gic_rig_mrs(r, 0, ICC_RPR), RPR_NMI | RPR_NMI_NS);
    lower_spi(r, 1);
    lower_spi(r, 2);
    gic_rig_msr(r, 0, ICC_EOIR1, 34);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_RPR), RPR_NMI_NS | 0x40);
    gic_rig_msr(r, 0, ICC_EOIR1, 32); /* not the highest active */
    assert_int_equal(gic_rig_mrs(r, 0, ICC_RPR), RPR_NMI_NS | 0x40);
    gic_rig_msr(r, 0, ICC_EOIR0, 33);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_RPR), RPR_NMI_NS | 0x80);
    gic_rig_enter(r, 0, 1, false);
    gic_rig_msr(r, 0, ICC_EOIR1, 32);
    assert_int_equal(gic_rig_mrs(r, 0, ICC_RPR), 0xff);
    gic_rig_free(r);
}

/* Without the feature there is nothing of it. */
static void test_no_nmi(void **state)
{
    struct gic_rig *r = gic_rig_new(&(struct gic_cfg){.version = 3, .n_pe = 1, .n_spi = 32});
    gic_rig_write(gic_rig_dist(r, false), D_IGROUPR + 4, 4, UINT32_MAX);
    gic_rig_write(gic_rig_dist(r, false), D_INMIR + 4, 4, UINT32_MAX);
    assert_int_equal(gic_rig_read(gic_rig_dist(r, false), D_INMIR + 4, 4), 0);
    assert_int_equal(gic_rig_read(gic_rig_dist(r, false), D_TYPER, 4) & BIT(9), 0);
    assert_false(gic_rig_has(r, 0, ICC_NMIAR1));
    gic_rig_msr(r, 0, ICC_AP1R0, ~UINT64_C(0));
    assert_int_equal(gic_rig_mrs(r, 0, ICC_AP1R0), UINT32_MAX);
    gic_rig_free(r);
}

static void test_traps(void **state)
{
    struct gic_rig *r = rig(1, true);
    struct pe_view *v = &r->view[0];
    v->scr_el3 |= SCR_IRQ;
    assert_int_equal(gic_rig_check(r, 0, ICC_IAR1, false), SR_TRAP_EL3);
    assert_int_equal(gic_rig_check(r, 0, ICC_IAR0, false), SR_OK);
    assert_int_equal(gic_rig_check(r, 0, ICC_PMR, false), SR_OK);
    v->scr_el3 |= SCR_FIQ;
    assert_int_equal(gic_rig_check(r, 0, ICC_PMR, true), SR_TRAP_EL3);
    assert_int_equal(gic_rig_check(r, 0, ICC_SGI1R, true), SR_TRAP_EL3);
    /* the virtual interface comes first, and SGIs trap under it */
    v->el2_enabled = true;
    v->hcr_el2 = HCR_IMO;
    assert_int_equal(gic_rig_check(r, 0, ICC_IAR1, false), SR_OK);
    assert_int_equal(gic_rig_check(r, 0, ICC_PMR, false), SR_OK);
    assert_int_equal(gic_rig_check(r, 0, ICC_IAR0, false), SR_TRAP_EL3);
    assert_int_equal(gic_rig_check(r, 0, ICC_SGI1R, true), SR_TRAP_EL2);
    v->hcr_el2 = HCR_FMO;
    assert_int_equal(gic_rig_check(r, 0, ICC_SGI0R, true), SR_TRAP_EL2);
    assert_int_equal(gic_rig_check(r, 0, ICC_IAR0, false), SR_OK);
    v->el = 2;
    assert_int_equal(gic_rig_check(r, 0, ICC_IAR0, false), SR_TRAP_EL3);
    v->el = 3;
    assert_int_equal(gic_rig_check(r, 0, ICC_IAR0, false), SR_OK);
    /* directions and levels */
    v->el = 1;
    assert_int_equal(gic_rig_check(r, 0, ICC_IAR0, true), SR_UNDEF);
    assert_int_equal(gic_rig_check(r, 0, ICC_EOIR0, false), SR_UNDEF);
    assert_int_equal(gic_rig_check(r, 0, ICC_CTLR_EL3, false), SR_UNDEF);
    gic_rig_free(r);
    r = rig(1, false);
    r->view[0].el = 3;
    assert_int_equal(gic_rig_check(r, 0, ICC_CTLR_EL3, false), SR_UNDEF); /* no EL3 */
    gic_rig_free(r);
}

static uint64_t sgi(unsigned n, uint64_t affinity_321, unsigned range, unsigned list)
{
    return (affinity_321 >> 16 & 0xff) << 48 | (affinity_321 >> 8 & 0xff) << 32 |
           (affinity_321 & 0xff) << 16 | (uint64_t)range << 44 | n << 24 | list;
}

static uint32_t pending_sgis(struct gic_rig *r, unsigned pe)
{
    struct gic_rig_mmio rd = gic_rig_redist(r, pe, false);
    uint32_t v = (uint32_t)gic_rig_read(rd, SGI_BASE + D_ISPENDR, 4);
    gic_rig_write(rd, SGI_BASE + D_ICPENDR, 4, UINT32_MAX);
    return v;
}

static void test_sgi_targets(void **state)
{
    static const uint64_t mpidr[5] = {0, 1, 0x100, 0x111, 0x0200010003};
    struct gic_rig *r = gic_rig_new(&(struct gic_cfg){
        .version = 3, .n_pe = 5, .n_spi = 32, .mpidr = mpidr, .virtualization = true});
    for (unsigned pe = 0; pe < 5; pe++) {
        gic_rig_write(gic_rig_redist(r, pe, true), SGI_BASE + D_IGROUPR, 4, UINT32_MAX);
    }
    assert_true(gic_rig_read(gic_rig_dist(r, true), D_TYPER, 4) & BIT(26)); /* RSS */
    static const struct {
        uint64_t affinity_321;
        unsigned range, list, expect;
    } rows[] = {
        {0, 0, 0x1, 0x01},     {0, 0, 0x3, 0x03},        {0, 0, 0xffff, 0x03},
        {1, 0, 0x1, 0x04},     {1, 1, 0x2, 0x08},        {1, 0, 0x2, 0},
        {0x020001, 0, 0x8, 0}, {0x020100, 0, 0x8, 0x10}, {0x020100, 0, 0x7, 0},
    };
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        gic_rig_msr(r, 0, ICC_SGI1R, sgi(7, rows[i].affinity_321, rows[i].range, rows[i].list));
        for (unsigned pe = 0; pe < 5; pe++) {
            assert_int_equal(pending_sgis(r, pe), rows[i].expect >> pe & 1 ? 1 << 7 : 0);
        }
    }
    gic_rig_msr(r, 2, ICC_SGI1R, BIT(40) | 3 << 24); /* all but self */
    for (unsigned pe = 0; pe < 5; pe++) {
        assert_int_equal(pending_sgis(r, pe), pe == 2 ? 0 : 1 << 3);
    }
    gic_rig_free(r);
}

/* IHI 0069H, 4.4.2: which write reaches which configured group. */
static void test_sgi_groups(void **state)
{
    struct gic_rig *r = rig(2, true);
    struct gic_rig_mmio rd = gic_rig_redist(r, 1, false);
    static const uint16_t regs[3] = {ICC_SGI0R, ICC_SGI1R, ICC_ASGI1R};
    static const bool reaches[2][3][3] = {
        /* [secure][SGI0R, SGI1R, ASGI1R][configured G0, G1S, G1NS], NSACR = 0 */
        {{false, false, false}, {false, false, true}, {false, false, false}},
        {{true, false, false}, {true, true, false}, {false, false, true}},
    };
    for (unsigned secure = 0; secure < 2; secure++) {
        gic_rig_enter(r, 0, 1, secure != 0);
        for (unsigned i = 0; i < 3; i++) {
            for (unsigned group = 0; group < 3; group++) {
                gic_rig_write(rd, SGI_BASE + D_IGROUPR, 4, group == G1NS);
                gic_rig_write(rd, SGI_BASE + D_IGRPMODR, 4, group == G1S);
                gic_rig_msr(r, 0, regs[i], sgi(0, 0, 0, 2));
                assert_int_equal(pending_sgis(r, 1), reaches[secure][i][group]);
            }
        }
    }
    /* NSACR opens Secure SGIs to Non-secure senders: 1 Group 0, 2 Group 1 too */
    gic_rig_enter(r, 0, 1, false);
    for (unsigned opened = 0; opened < 4; opened++) {
        gic_rig_write(rd, SGI_BASE + D_NSACR, 4, opened);
        gic_rig_write(rd, SGI_BASE + D_IGROUPR, 4, 0);
        gic_rig_write(rd, SGI_BASE + D_IGRPMODR, 4, 0);
        gic_rig_msr(r, 0, ICC_SGI0R, sgi(0, 0, 0, 2));
        assert_int_equal(pending_sgis(r, 1), opened >= 1);
        gic_rig_write(rd, SGI_BASE + D_IGRPMODR, 4, 1);
        gic_rig_msr(r, 0, ICC_ASGI1R, sgi(0, 0, 0, 2));
        assert_int_equal(pending_sgis(r, 1), opened >= 2);
    }
    gic_rig_free(r);
}

/* Which registers exist follows the configuration. */
static void test_presence(void **state)
{
    struct gic_rig *r = rig(1, false);
    assert_true(gic_rig_has(r, 0, ICC_AP0R0));
    assert_false(gic_rig_has(r, 0, SYSREG_ENC(3, 0, 12, 8, 5)));
    assert_true(gic_rig_has(r, 0, ICH_LR(3)));
    assert_false(gic_rig_has(r, 0, ICH_LR(4)));
    gic_rig_free(r);
    r = gic_rig_new(&(struct gic_cfg){
        .version = 3, .n_pe = 1, .n_spi = 32, .n_prio_bits = 7, .virtualization = false});
    assert_true(gic_rig_has(r, 0, SYSREG_ENC(3, 0, 12, 9, 3)));
    assert_false(gic_rig_has(r, 0, ICH_HCR));
    assert_false(gic_rig_has(r, 0, ICC_SRE_EL2));
    gic_rig_free(r);
}

/*
 * The cached best interrupt is always what a scan of the registers finds: random changes of lines,
 * enables, priorities, groups, activity and acknowledgement.
 */
static uint32_t scan(struct gic_rig *r, unsigned *out_group)
{
    struct gic_rig_mmio d = gic_rig_dist(r, false);
    uint32_t ctlr = (uint32_t)gic_rig_read(d, D_CTLR, 4);
    unsigned best = 1023;
    unsigned best_prio = 256;
    for (unsigned n = 32; n < 96; n++) {
        uint32_t reg = n / 32 * 4;
        bool group = gic_rig_read(d, D_IGROUPR + reg, 4) >> (n % 32) & 1;
        bool live = (gic_rig_read(d, D_ISPENDR + reg, 4) & gic_rig_read(d, D_ISENABLER + reg, 4) &
                     ~gic_rig_read(d, D_ISACTIVER + reg, 4)) >>
                        (n % 32) &
                    1;
        unsigned prio = (unsigned)gic_rig_read(d, D_IPRIORITYR + n, 1);
        if (live && (ctlr >> group & 1) && prio < best_prio) {
            best = n;
            best_prio = prio;
            *out_group = group;
        }
    }
    return best;
}

static void random_change(struct gic_rig *r, uint32_t x)
{
    static const uint32_t regs[] = {D_ISENABLER, D_ICENABLER, D_ISPENDR, D_ICPENDR,
                                    D_ISACTIVER, D_ICACTIVER, D_IGROUPR, D_ICFGR};
    struct gic_rig_mmio d = gic_rig_dist(r, false);
    unsigned n = x >> 8 & 63;
    uint32_t m = 1U << (n % 32);
    switch (x & 7) {
    case 0:
    case 1:
        irq_set(&r->spi[n], x >> 16 & 1);
        break;
    case 2:
        gic_rig_write(d, D_IPRIORITYR + 32 + n, 1, x >> 16);
        break;
    case 3:
        gic_rig_mrs(r, 0, x >> 16 & 1 ? ICC_IAR0 : ICC_IAR1);
        break;
    case 4:
        gic_rig_msr(r, 0, x >> 16 & 1 ? ICC_EOIR0 : ICC_EOIR1, 32 + n);
        break;
    case 5:
        gic_rig_write(d, D_CTLR, 4, x >> 16 & 3);
        break;
    default:
        gic_rig_write(d, regs[x >> 16 & 7] + 4 + n / 32 * 4, 4, m | m >> 3 | m << 5);
        break;
    }
}

static void test_best_is_best(void **state)
{
    struct gic_rig *r = rig(1, false);
    uint32_t x = 12345;
    for (unsigned i = 0; i < 20000; i++) {
        unsigned group = 0;
        x = x * 1664525 + 1013904223;
        random_change(r, x >> 7);
        uint32_t expect = scan(r, &group);
        uint64_t got0 = gic_rig_mrs(r, 0, ICC_HPPIR0);
        uint64_t got1 = gic_rig_mrs(r, 0, ICC_HPPIR1);
        assert_int_equal(got0, expect == 1023 || group == 1 ? 1023 : expect);
        assert_int_equal(got1, expect == 1023 || group == 0 ? 1023 : expect);
    }
    gic_rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acknowledge_and_end),
        cmocka_unit_test(test_mask_and_enables),
        cmocka_unit_test(test_preemption),
        cmocka_unit_test(test_binary_points),
        cmocka_unit_test(test_split_end),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_special_intids),
        cmocka_unit_test(test_ns_priorities),
        cmocka_unit_test(test_banked_registers),
        cmocka_unit_test(test_secure_end),
        cmocka_unit_test(test_nmi_below_secure),
        cmocka_unit_test(test_no_nmi),
        cmocka_unit_test(test_traps),
        cmocka_unit_test(test_sgi_targets),
        cmocka_unit_test(test_sgi_groups),
        cmocka_unit_test(test_presence),
        cmocka_unit_test(test_best_is_best),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
