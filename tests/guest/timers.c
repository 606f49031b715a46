/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generic timers: each of CNTP, CNTV, CNTHP, CNTHV and CNTPS, their conditions, masks and
 * interrupts, the virtual offset, WFI wake-up and the event stream. Arm ARM D12 "The Generic
 * Timer".
 */
#include "gic.h"

#define CNTHV_CTL_EL2  S3_4_C14_C3_1
#define CNTHV_CVAL_EL2 S3_4_C14_C3_2
#define CNTHV_TVAL_EL2 S3_4_C14_C3_0

#define ENABLE   1
#define IMASK    2
#define ISTATUS  4
#define FAR_AWAY (UINT64_C(1) << 62)

struct timer {
    const char *name;
    unsigned intid, min_home;
    uint64_t (*count)(void);
    void (*set_cval)(uint64_t v);
    void (*set_tval)(uint64_t v);
    uint64_t (*tval)(void);
    void (*set_ctl)(uint64_t v);
    uint64_t (*ctl)(void);
};

static uint64_t physical(void)
{
    isb();
    return rd(cntpct_el0);
}

static uint64_t virtual(void)
{
    isb();
    return rd(cntvct_el0);
}

#define ACCESSORS(id, cval_reg, tval_reg, ctl_reg)                                                 \
    static void id##_set_cval(uint64_t v)                                                          \
    {                                                                                              \
        gwr(cval_reg, v);                                                                          \
        isb();                                                                                     \
    }                                                                                              \
    static void id##_set_tval(uint64_t v)                                                          \
    {                                                                                              \
        gwr(tval_reg, v);                                                                          \
        isb();                                                                                     \
    }                                                                                              \
    static uint64_t id##_tval(void)                                                                \
    {                                                                                              \
        isb();                                                                                     \
        return grd(tval_reg);                                                                      \
    }                                                                                              \
    static void id##_set_ctl(uint64_t v)                                                           \
    {                                                                                              \
        gwr(ctl_reg, v);                                                                           \
        isb();                                                                                     \
    }                                                                                              \
    static uint64_t id##_ctl(void)                                                                 \
    {                                                                                              \
        isb();                                                                                     \
        return grd(ctl_reg);                                                                       \
    }

ACCESSORS(p, cntp_cval_el0, cntp_tval_el0, cntp_ctl_el0)
ACCESSORS(v, cntv_cval_el0, cntv_tval_el0, cntv_ctl_el0)
ACCESSORS(hp, cnthp_cval_el2, cnthp_tval_el2, cnthp_ctl_el2)
ACCESSORS(hv, CNTHV_CVAL_EL2, CNTHV_TVAL_EL2, CNTHV_CTL_EL2)
ACCESSORS(ps, cntps_cval_el1, cntps_tval_el1, cntps_ctl_el1)

#define ROW(name, id, intid, home, count)                                                          \
    {name, intid, home, count, id##_set_cval, id##_set_tval, id##_tval, id##_set_ctl, id##_ctl}
static const struct timer timers[] = {
    ROW("CNTP", p, 30, 1, physical),   ROW("CNTV", v, 27, 1, virtual),
    ROW("CNTHP", hp, 26, 2, physical), ROW("CNTHV", hv, 28, 2, physical),
    ROW("CNTPS", ps, 29, 3, physical),
};

static void in_timer(const struct timer *t, unsigned failures)
{
    if (guest_failures_so_far() != failures) {
        print("     of the timer ");
        print(t->name);
        print("\n");
    }
}

/* Bounded: a counter that does not count must not hang the program. */
static void wait_for(const struct timer *t)
{
    for (uint64_t i = 0; i < 50000000 && !(t->ctl() & ISTATUS); i++) {
    }
}

static void conditions(const struct timer *t)
{
    uint64_t now = t->count();

    check("the counter counts", t->count() > now);
    t->set_ctl(0);
    t->set_cval(now + FAR_AWAY);
    t->set_ctl(ENABLE);
    check_eq("far away: condition", t->ctl(), ENABLE);
    t->set_cval(0);
    check_eq("in the past: condition", t->ctl(), ENABLE | ISTATUS);
    t->set_ctl(ENABLE | IMASK);
    check_eq("masked: condition stays", t->ctl(), ENABLE | IMASK | ISTATUS);
    t->set_ctl(IMASK);
    check_eq("disabled: control", t->ctl() & ~ISTATUS, IMASK);
    t->set_tval(1000);
    uint64_t tval = t->tval();
    check("TVAL counts down", (int32_t)tval <= 1000);
    t->set_tval(0xffffffffffffff00); /* sign-extended 32 bits: in the past */
    t->set_ctl(ENABLE);
    check_eq("negative TVAL", t->ctl(), ENABLE | ISTATUS);
    check("negative TVAL reads back", (int32_t)t->tval() <= -256);
    t->set_tval(2000000);
    check_eq("TVAL ahead", t->ctl() & ISTATUS, 0);
    wait_for(t);
    check_eq("TVAL reached", t->ctl(), ENABLE | ISTATUS);
    t->set_ctl(0);
}

static void interrupts(const struct timer *t)
{
    gic_quiet(t->intid);
    t->set_ctl(0);
    check("no interrupt when off", !gic_get(t->intid, GICD_ISPENDR));
    t->set_cval(0);
    t->set_ctl(ENABLE | IMASK);
    check("no interrupt when masked", !gic_get(t->intid, GICD_ISPENDR));
    t->set_ctl(ENABLE);
    check("interrupt", gic_get(t->intid, GICD_ISPENDR));
    t->set_cval(t->count() + FAR_AWAY);
    check("level: gone with its condition", !gic_get(t->intid, GICD_ISPENDR));
    t->set_tval(10000);
    wait_for(t);
    check("interrupt when reached", gic_get(t->intid, GICD_ISPENDR));
    t->set_ctl(0);
    check("gone when switched off", !gic_get(t->intid, GICD_ISPENDR));
}

/* WFI with masked interrupts wakes at the deadline. */
static void wake_up(const struct timer *t)
{
    gic_priority(t->intid, 0x80);
    gic_set(t->intid, GICD_ISENABLER);
    t->set_tval(100000);
    t->set_ctl(ENABLE);
    uint64_t deadline = t->count() + 100000;
    unsigned n = 0;
    while (!(t->ctl() & ISTATUS) && n < 1000) {
        insn("wfi");
        n++;
    }
    check("WFI wakes", (t->ctl() & ISTATUS) && n < 1000);
    check("WFI wakes in time", t->count() + 2000 >= deadline);
    t->set_ctl(0);
    gic_quiet(t->intid);
}

static void offsets(void)
{
    const uint64_t offset = physical() / 2;

    wr(cntvoff_el2, offset);
    isb();
    uint64_t before = rd(cntpct_el0);
    isb();
    uint64_t v = rd(cntvct_el0);
    isb();
    uint64_t after = rd(cntpct_el0);
    /* At EL2 and EL3 the offset applies as long as E2H is 0. */
    check("CNTVCT = CNTPCT - CNTVOFF", v + offset >= before && v + offset <= after);
    v_set_cval(v + FAR_AWAY);
    v_set_ctl(ENABLE);
    check_eq("CNTV compares the virtual count", v_ctl(), ENABLE);
    wr(cntvoff_el2, offset - FAR_AWAY - BIT(40));
    isb();
    check_eq("a new offset takes effect", v_ctl(), ENABLE | ISTATUS);
    v_set_ctl(0);
    wr(cntvoff_el2, 0);
    isb();
}

SNIPPET(vct_code, "mrs x0, cntvct_el0");
SNIPPET(pct_code, "mrs x0, cntpct_el0");
SNIPPET(ptimer_code, "mrs x0, cntp_ctl_el0");

static void access_controls(void)
{
    uint64_t cnthctl = rd(cnthctl_el2);

    wr(cntkctl_el1, 0);
    isb();
    struct outcome o = run_at(MASKED(EL0T), vct_code, ARGS(0));
    check_taken("CNTVCT at EL0", &o, 1, FROM_LOWER,
                ESR(EC_SYSREG, 3 << 20 | 2 << 17 | 3 << 14 | 14 << 10 | 0 << 5 | 0 << 1 | 1));
    wr(cntkctl_el1, 2);
    isb();
    o = run_at(MASKED(EL0T), vct_code, ARGS(0));
    check_done("CNTVCT at EL0, allowed", &o);
    wr(cntkctl_el1, 0);
    isb();
    o = run_at(MASKED(EL0T), vct_code, ARGS(0));
    check_eq("CNTVCT at EL0, no longer allowed", o.el, 1);
    wr(cntkctl_el1, 2);
    isb();
    o = run_at(MASKED(EL0T), pct_code, ARGS(0));
    check_eq("CNTPCT at EL0", ESR_EC(o.esr), EC_SYSREG);
    wr(cntkctl_el1, 3);
    wr(cnthctl_el2, 0);
    isb();
    o = run_at(MASKED(EL1H), pct_code, ARGS(0));
    check_eq("CNTPCT at EL1 trapped to EL2", o.el, 2);
    o = run_at(MASKED(EL1H), ptimer_code, ARGS(0));
    check_eq("CNTP_CTL at EL1 trapped to EL2", o.el, 2);
    o = run_at(MASKED(EL1H), vct_code, ARGS(0));
    check_done("CNTVCT at EL1 is not trapped", &o);
    wr(cnthctl_el2, cnthctl);
    isb();
}

/* The event stream wakes WFE without any interrupt. */
static void event_stream(void)
{
    const uint64_t evnten = BIT(2), evnti = 10 << 4;
    uint64_t cnthctl = rd(cnthctl_el2);

    wr(cnthctl_el2, cnthctl | evnten | evnti);
    isb();
    uint64_t start = physical();
    insn("sevl\nwfe");
    for (unsigned i = 0; i < 4; i++) {
        insn("wfe");
    }
    uint64_t spent = physical() - start;
    check("event stream", spent >= 1 << 10);
    wr(cnthctl_el2, cnthctl);
    isb();
}

/* An edge while the PE does something else is in the Event Register, once. */
static void event_stream_meanwhile(void)
{
    const uint64_t cnthctl = rd(cnthctl_el2), cntkctl = rd(cntkctl_el1);
    const unsigned n = 13;

    for (unsigned i = 0; i < 8; i++) {
        bool virtual = i & 1, off = i & 2, moved = i & 4;
        uint64_t control = BIT(2) | n << 4;

        wr(cntkctl_el1, cntkctl | (virtual ? control : 0));
        wr(cnthctl_el2, cnthctl | (virtual ? 0 : control));
        isb();
        insn("sevl\nwfe\nwfe");
        uint64_t start = physical();
        while (physical() - start < 3 << n) {
        }
        if (off) {
            wr(cntkctl_el1, cntkctl);
            wr(cnthctl_el2, cnthctl);
        }
        if (moved) {
            wr(cntvoff_el2, 12345 + i);
        }
        isb();
        start = physical();
        insn("wfe");
        check("event stream: an edge meanwhile", physical() - start < 100);
        if (!off && !moved) {
            insn("wfe");
            check("event stream: only once",
                  ((physical() - BIT(n)) & (BIT(n + 1) - 1)) < BIT(n) / 8);
        }
        wr(cntvoff_el2, 0);
    }
    wr(cntkctl_el1, cntkctl);
    wr(cnthctl_el2, cnthctl);
    isb();
}

/* Which counter, which edge of which bit: EVNTDIR, EVNTI, EVNTIS of both controls. */
static void event_stream_edges(void)
{
    const uint64_t cnthctl = rd(cnthctl_el2), cntkctl = rd(cntkctl_el1);

    wr(cntvoff_el2, 0x355);
    for (unsigned i = 0; i < 16; i++) {
        bool virtual = i & 1, falling = i & 2, scaled = i & 4, wide = i & 8;
        unsigned n = wide ? 12 : 11; /* the bit */
        uint64_t period = BIT(n + 1), edge = falling ? 0 : BIT(n);
        uint64_t control =
            BIT(2) | (falling ? BIT(3) : 0) | (scaled ? BIT(17) | (n - 8) << 4 : n << 4);

        wr(cntkctl_el1, cntkctl | (virtual ? control : 0));
        wr(cnthctl_el2, cnthctl | (virtual ? 0 : control));
        isb();
        insn("sevl\nwfe\nwfe");
        isb();
        uint64_t count = virtual ? rd(cntvct_el0) : physical();
        check("event stream: time of the edge", ((count - edge) & (period - 1)) < period / 16);
    }
    wr(cntvoff_el2, 0);
    wr(cntkctl_el1, cntkctl);
    wr(cnthctl_el2, cnthctl);
    isb();
}

SNIPPET(svc_code, "svc #0");

/*
 * Vectors that cannot be fetched: every fault leads to the next one, and time goes on. An emulator
 * on host time may be too slow to reach the SVC before the interrupt: then again, with more time.
 */
static void fault_storm(const struct timer *t)
{
    const uint64_t nowhere = BIT(50), scr_irq_fiq = 3 << 1;
    uint64_t vbar = rd(vbar_el1), scr = rd(scr_el3);
    struct outcome o = {.elr = (uintptr_t)svc_code};

    gic_quiet(t->intid);
    gic_priority(t->intid, 0x80);
    gic_set(t->intid, GICD_ISENABLER);
    wr(vbar_el1, nowhere);
    wr(scr_el3, scr | scr_irq_fiq);
    isb();
    for (uint64_t ticks = 10000; o.elr == (uintptr_t)svc_code && ticks <= 100000000; ticks *= 10) {
        t->set_tval(ticks);
        t->set_ctl(ENABLE);
        o = run_at(MASKED(EL1H), svc_code, ARGS(0));
        t->set_ctl(0);
    }
    check("an interrupt ends a storm of faults", o.el == 3 && (o.vector & 0x180) != VEC_SYNC);
    check_eq("a storm of faults: ELR", o.elr, nowhere + FROM_SPX);
    wr(scr_el3, scr);
    wr(vbar_el1, vbar);
    gic_quiet(t->intid);
}

int guest_main(void)
{
    gic_init();
    check("CNTFRQ", rd(cntfrq_el0) != 0);
    for (unsigned i = 0; i < ARRAY_LEN(timers); i++) {
        const struct timer *t = &timers[i];
        unsigned failures = guest_failures_so_far();

        if (t->min_home > home_el()) {
            continue;
        }
        conditions(t);
        interrupts(t);
        wake_up(t);
        in_timer(t, failures);
    }
    offsets();
    access_controls();
    event_stream();
    event_stream_edges();
    event_stream_meanwhile();
    if (home_el() == 3) {
        fault_storm(&timers[0]);
    }
    return 0;
}
