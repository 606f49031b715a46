/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control registers of GICv3's CPU interface: fields of ICC_CTLR_EL1 and EL3, binary points, group
 * enables, active priorities, system register enables; and how level-sensitive and edge-triggered
 * inputs become pending (the RTC is the input). Arm IHI 0069H, 4.1 "Interrupt states" and 12.2.
 */
#include "cpuif.h"
#include "gic.h"

#define SCR_NS        BIT(0)
#define CTLR_CBPR     BIT(0)
#define CTLR_EOIMODE  BIT(1)
#define CTLR3_CBPR_S  BIT(0)
#define CTLR3_CBPR_NS BIT(1)
#define CTLR3_EOI_S   BIT(3)
#define CTLR3_EOI_NS  BIT(4)
#define IT            200

#define RTC_BASE  UINT64_C(0x09010000)
#define RTC_DR    0x00
#define RTC_MR    0x04
#define RTC_IMSC  0x10
#define RTC_ICR   0x1c
#define RTC_INTID 34

SNIPPET(get_ctlr_code, "mrs x0, icc_ctlr_el1");
SNIPPET(set_ctlr_code, "msr icc_ctlr_el1, x0\nisb");
SNIPPET(get_enable_code, "mrs x0, icc_igrpen1_el1");
SNIPPET(set_enable_code, "msr icc_igrpen1_el1, x0\nisb");
SNIPPET(get_sre_code, "mrs x0, icc_sre_el1");
SNIPPET(set_sre_code, "msr icc_sre_el1, x0\nisb\nmrs x0, icc_sre_el1");

static const struct cpuif secure = {.name = "Secure EL1", .mode = EL1H, .scr = SCR_NS};
static const struct cpuif normal = {.name = "Non-secure EL2", .mode = EL2H};

static bool two_states(void)
{
    return home_el() == 3;
}

/* ---- binary points: the least one each group has, and all above it ---- */

#define POINT(id, reg)                                                                             \
    static uint64_t get_##id(void)                                                                 \
    {                                                                                              \
        return grd(reg);                                                                           \
    }                                                                                              \
    static void set_##id(uint64_t v)                                                               \
    {                                                                                              \
        gwr(reg, v);                                                                               \
        isb();                                                                                     \
    }
POINT(bpr0, ICC_BPR0_EL1)
POINT(bpr1, ICC_BPR1_EL1)

static const struct point {
    const char *name;
    uint64_t (*get)(void);
    void (*set)(uint64_t v);
    unsigned least;
} points[] = {
    {"ICC_BPR0_EL1", get_bpr0, set_bpr0, 2},
    {"ICC_BPR1_EL1, Non-secure", get_bpr1, set_bpr1, 3},
};

static void binary_points(void)
{
    for (unsigned i = 0; i < ARRAY_LEN(points); i++) {
        for (unsigned v = 0; v < 8; v++) {
            points[i].set(v);
            check_eq(points[i].name, points[i].get(), v < points[i].least ? points[i].least : v);
        }
        points[i].set(0);
    }
    if (two_states()) {
        cpuif_run(&secure, cpuif_group1.write[CPUIF_BPR], 0);
        check_eq("ICC_BPR1_EL1, Secure", cpuif_run(&secure, cpuif_group1.read[CPUIF_BPR], 0), 2);
        cpuif_run(&secure, cpuif_group1.write[CPUIF_BPR], 5);
        check_eq("ICC_BPR1_EL1 is banked", grd(ICC_BPR1_EL1), 3);
        cpuif_run(&secure, cpuif_group1.write[CPUIF_BPR], 0);
    }
}

/* CBPR: Group 1 splits by BPR0; its own register reads as BPR0, or as BPR0 + 1 and read-only. */
static void shared_binary_point(void)
{
    if (!two_states()) {
        gwr(ICC_CTLR_EL1, CTLR_CBPR);
        gwr(ICC_BPR0_EL1, 4);
        gwr(ICC_BPR1_EL1, 6);
        check_eq("CBPR, one state: BPR1", grd(ICC_BPR1_EL1), 5);
        check_eq("CBPR, one state: BPR0", grd(ICC_BPR0_EL1), 4);
        gwr(ICC_CTLR_EL1, 0);
        check_eq("CBPR, one state: BPR1 keeps its value", grd(ICC_BPR1_EL1), 3);
        gwr(ICC_BPR0_EL1, 0);
        return;
    }
    gwr(ICC_CTLR_EL3, CTLR3_CBPR_S | CTLR3_CBPR_NS);
    gwr(ICC_BPR0_EL1, 4);
    isb();
    check_eq("CBPR_EL1NS: BPR1", cpuif_run(&normal, cpuif_group1.read[CPUIF_BPR], 0), 5);
    cpuif_run(&normal, cpuif_group1.write[CPUIF_BPR], 6);
    check_eq("CBPR_EL1NS: BPR1 is read-only", grd(ICC_BPR0_EL1), 4);
    check_eq("CBPR_EL1S: BPR1", cpuif_run(&secure, cpuif_group1.read[CPUIF_BPR], 0), 4);
    cpuif_run(&secure, cpuif_group1.write[CPUIF_BPR], 6);
    check_eq("CBPR_EL1S: BPR1 writes BPR0", grd(ICC_BPR0_EL1), 6);
    gwr(ICC_BPR0_EL1, 7);
    isb();
    check_eq("CBPR_EL1NS: BPR1 saturates", cpuif_run(&normal, cpuif_group1.read[CPUIF_BPR], 0), 7);
    gwr(ICC_CTLR_EL3, 0);
    gwr(ICC_BPR0_EL1, 0);
    isb();
}

/* ---- ICC_CTLR_EL1 and ICC_CTLR_EL3 are views of the same bits ---- */
static void control_views(void)
{
    static const struct {
        const struct cpuif *from;
        uint64_t ctlr3, ctlr1;
    } views[] = {
        {&secure, CTLR3_CBPR_S, CTLR_CBPR},  {&secure, CTLR3_EOI_S, CTLR_EOIMODE},
        {&secure, CTLR3_CBPR_NS, 0},         {&secure, CTLR3_EOI_NS, 0},
        {&normal, CTLR3_CBPR_NS, CTLR_CBPR}, {&normal, CTLR3_EOI_NS, CTLR_EOIMODE},
        {&normal, CTLR3_CBPR_S, 0},          {&normal, CTLR3_EOI_S, 0},
    };
    for (unsigned i = 0; i < ARRAY_LEN(views); i++) {
        gwr(ICC_CTLR_EL3, views[i].ctlr3);
        isb();
        check_eq("ICC_CTLR_EL1 as ICC_CTLR_EL3 says",
                 cpuif_run(views[i].from, get_ctlr_code, 0) & 3, views[i].ctlr1);
    }
    gwr(ICC_CTLR_EL3, 0);
    isb();
    cpuif_run(&normal, set_ctlr_code, CTLR_CBPR | CTLR_EOIMODE);
    check_eq("Non-secure write: CBPR is EL3's", grd(ICC_CTLR_EL3) & 0x1f, CTLR3_EOI_NS);
    cpuif_run(&secure, set_ctlr_code, CTLR_EOIMODE);
    check_eq("Secure write", grd(ICC_CTLR_EL3) & 0x1f, CTLR3_EOI_S | CTLR3_EOI_NS);
    gwr(ICC_CTLR_EL3, 0);
    isb();
    gwr(ICC_IGRPEN1_EL3, 2);
    isb();
    check_eq("IGRPEN1_EL3: Secure", cpuif_run(&secure, get_enable_code, 0), 1);
    check_eq("IGRPEN1_EL3: Non-secure", cpuif_run(&normal, get_enable_code, 0), 0);
    cpuif_run(&secure, set_enable_code, 0);
    cpuif_run(&normal, set_enable_code, 1);
    check_eq("IGRPEN1_EL3 follows", grd(ICC_IGRPEN1_EL3), 1);
    gwr(ICC_IGRPEN1_EL3, 3);
    isb();
}

static void fixed_fields(void)
{
    uint64_t ctlr = grd(ICC_CTLR_EL1);

    check_eq("ICC_CTLR_EL1.PRIbits", FIELD(ctlr, 8, 3), 4);
    check("ICC_CTLR_EL1.IDbits", FIELD(ctlr, 11, 3) <= 1);
    check_eq("ICC_CTLR_EL1.SEIS", ctlr & BIT(14), 0);
    check_eq("ICC_CTLR_EL1.A3V", ctlr & BIT(15), BIT(15));
    check_eq("ICC_SRE_EL1", grd(ICC_SRE_EL1), 7);
    gwr(ICC_SRE_EL1, 0);
    check_eq("ICC_SRE_EL1 is fixed", grd(ICC_SRE_EL1) & 1, 1);
    if (home_el() >= 2) {
        check_eq("ICC_SRE_EL2", grd(ICC_SRE_EL2), 0xf);
        struct outcome o = run_at(MASKED(EL1H), set_sre_code, ARGS(0));
        check_eq("ICC_SRE_EL1 at EL1 is fixed", o.x[0] & 1, 1);
        o = run_at(MASKED(EL0T), get_sre_code, ARGS(0));
        check_eq("ICC_SRE_EL1 at EL0", ESR_EC(o.esr), EC_UNKNOWN);
    }
}

/* ---- enables at each stage on the way to the PE ---- */
static void group_enables(void)
{
    gic_set(IT, GICD_IGROUPR);
    gic_priority(IT, 0x80);
    gic_edge(IT, true);
    gic_set(IT, GICD_ISPENDR);
    check_eq("not enabled", grd(ICC_HPPIR1_EL1), SPURIOUS);
    gic_set(IT, GICD_ISENABLER);
    check_eq("enabled", grd(ICC_HPPIR1_EL1), IT);
    gwr(ICC_IGRPEN1_EL1, 0);
    isb();
    check_eq("ICC_IGRPEN1_EL1 off", rd(isr_el1), 0);
    gwr(ICC_IGRPEN1_EL1, 1);
    isb();
    check("ICC_IGRPEN1_EL1 on", rd(isr_el1) != 0);
    uint32_t ctlr = mmio_read32(GICD_BASE + GICD_CTLR);
    mmio_write32(GICD_BASE + GICD_CTLR, ctlr & ~2u);
    check_eq("GICD_CTLR.EnableGrp1 off", rd(isr_el1), 0);
    check_eq("GICD_CTLR.EnableGrp1 off: still pending", gic_get(IT, GICD_ISPENDR), true);
    mmio_write32(GICD_BASE + GICD_CTLR, ctlr);
    check_eq("GICD_CTLR.EnableGrp1 on", grd(ICC_IAR1_EL1), IT);
    check_eq("active priority", grd(ICC_AP1R0_EL1), BIT(0x80 >> 3));
    gwr(ICC_AP1R0_EL1, 0);
    check_eq("active priorities written", grd(ICC_RPR_EL1), 0xff);
    gwr(ICC_EOIR1_EL1, IT);
    gic_quiet(IT);
}

/* ---- inputs ---- */

static void line(bool on)
{
    mmio_write32(RTC_BASE + RTC_IMSC, on);
}

static void acknowledge(void)
{
    check_eq("input: acknowledge", grd(ICC_IAR1_EL1), RTC_INTID);
}

static void end(void)
{
    gwr(ICC_EOIR1_EL1, RTC_INTID);
    isb();
}

static void expect(const char *name, bool pending, bool active)
{
    check_eq(name, gic_get(RTC_INTID, GICD_ISPENDR) | gic_get(RTC_INTID, GICD_ISACTIVER) << 1,
             pending | active << 1);
}

static void level_sensitive(void)
{
    gic_edge(RTC_INTID, false);
    line(true);
    expect("level: pending", true, false);
    line(false);
    expect("level: not pending when the input goes away", false, false);
    line(true);
    acknowledge();
    expect("level: active and pending", true, true);
    gic_set(RTC_INTID, GICD_ICPENDR);
    expect("level: ICPENDR does not clear the input", true, true);
    end();
    expect("level: pending again", true, false);
    acknowledge();
    line(false);
    expect("level: active", false, true);
    end();
    expect("level: over", false, false);
    gic_set(RTC_INTID, GICD_ISPENDR);
    expect("level: latched by ISPENDR", true, false);
    acknowledge();
    expect("level: the latch goes with the acknowledge", false, true);
    end();
}

static void edge_triggered(void)
{
    gic_edge(RTC_INTID, true);
    line(true);
    line(false);
    expect("edge: remembered", true, false);
    acknowledge();
    expect("edge: active", false, true);
    line(true);
    expect("edge: another while active", true, true);
    end();
    acknowledge();
    end();
    expect("edge: a steady input is no edge", false, false);
    line(false);
    line(true);
    gic_set(RTC_INTID, GICD_ICPENDR);
    expect("edge: cleared by ICPENDR", false, false);
    line(false);
}

static void inputs(void)
{
    mmio_write32(RTC_BASE + RTC_IMSC, 0);
    mmio_write32(RTC_BASE + RTC_MR, mmio_read32(RTC_BASE + RTC_DR)); /* the match is now */
    gic_quiet(RTC_INTID);
    gic_set(RTC_INTID, GICD_IGROUPR);
    gic_priority(RTC_INTID, 0x80);
    gic_set(RTC_INTID, GICD_ISENABLER);
    level_sensitive();
    edge_triggered();
    mmio_write32(RTC_BASE + RTC_ICR, 1);
    gic_quiet(RTC_INTID);
}

int guest_main(void)
{
    gic_init();
    fixed_fields();
    binary_points();
    shared_binary_point();
    if (two_states()) {
        control_views();
    }
    group_enables();
    inputs();
    return 0;
}
