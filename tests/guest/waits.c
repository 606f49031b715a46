/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WFI, WFE, WFIT and WFET: traps to each exception level and their syndromes, their delay
 * (FEAT_TWED), what ends a wait, and deadlines (FEAT_WFxT). Arm ARM D1.6 "Mechanisms for entering a
 * low-power state", D24.2 ESR_ELx.
 */
#include "gic.h"

#define SCTLR_NTWI BIT(16)
#define SCTLR_NTWE BIT(18)
#define HCR_TWI    BIT(13)
#define HCR_TWE    BIT(14)
#define HCR_TGE    BIT(27)
#define SCR_TWI    BIT(12)
#define SCR_TWE    BIT(13)
#define FAR_AWAY   (UINT64_C(1) << 60)
#define CNTP_INTID 30

/* Encoded by hand for older assemblers; the deadline is in X1. The event register is clear. */
#define WFET_X1 ".inst 0xd5031001\n"
#define WFIT_X1 ".inst 0xd5031021\n"
SNIPPET(wfi_code, "nop\nnop\nwfi");
SNIPPET(wfe_code, "sevl\nwfe\nwfe");
SNIPPET(wfit_code, "nop\nnop\n" WFIT_X1);
SNIPPET(wfet_code, "sevl\nwfe\n" WFET_X1);
SNIPPET(wfe_ready_code, "sevl\nwfe\n");
SNIPPET(wfet_ready_code, "sevl\n" WFET_X1);

#define ISS(ti)    (1 << 24 | 0xe << 20 | (ti))
#define ISS_T(ti)  (ISS(ti) | 1 << 5 | 1 << 2) /* RN is X1, RV */
#define TRAP_AFTER 8

static const struct wait {
    const char *name;
    const char *code, *ready; /* where it would wait; where its event is there already */
    bool event;
    uint32_t iss;
} waits[] = {
    {"WFI", wfi_code, NULL, false, ISS(0)},
    {"WFE", wfe_code, wfe_ready_code, true, ISS(1)},
    {"WFIT", wfit_code, NULL, false, ISS_T(2)},
    {"WFET", wfet_code, wfet_ready_code, true, ISS_T(3)},
};
static const uint64_t modes[] = {EL0T, EL1H, EL2H, EL3H};

static uint64_t base_scr, base_hcr, base_sctlr;

/* EL0 asks SCTLR_EL1 first, then HCR_EL2, then SCR_EL3; 9: nobody traps. TGE sends EL1's to EL2. */
static unsigned target(unsigned el, bool to_el1, bool to_el2, bool to_el3, bool tge)
{
    if (el == 0 && to_el1) {
        return tge ? 2 : 1;
    }
    if (el <= 1 && to_el2) {
        return 2;
    }
    return el <= 2 && to_el3 ? 3 : 9;
}

static void controls(const struct wait *w, bool to_el1, bool to_el2, bool to_el3, bool tge)
{
    uint64_t ntwx = w->event ? SCTLR_NTWE : SCTLR_NTWI;
    uint64_t other = SCTLR_NTWE | SCTLR_NTWI;

    wr(sctlr_el1, (base_sctlr & ~other) | (to_el1 ? 0 : ntwx));
    wr(hcr_el2, base_hcr | (to_el2 ? (w->event ? HCR_TWE : HCR_TWI) : 0) | (tge ? HCR_TGE : 0));
    wr(scr_el3, base_scr | (to_el3 ? (w->event ? SCR_TWE : SCR_TWI) : 0));
    isb();
}

static void restore(void)
{
    wr(sctlr_el1, base_sctlr);
    wr(hcr_el2, base_hcr);
    wr(scr_el3, base_scr);
    isb();
}

/* A masked interrupt that ends waits, or none. */
static void timer(bool on)
{
    wr(cntp_cval_el0, 0);
    wr(cntp_ctl_el0, on);
    isb();
}

static void trap(const struct wait *w, unsigned i)
{
    unsigned el = i & 3, failures = guest_failures_so_far();
    bool to_el1 = i & 4, to_el2 = i & 8, to_el3 = i & 16, tge = i & 32;
    unsigned to = target(el, to_el1, to_el2, to_el3, tge);

    if (tge && el == 1) {
        return;
    }
    controls(w, to_el1, to_el2, to_el3, tge);
    if (to != 9) {
        struct outcome o = run_at(MASKED(modes[el]), w->code, ARGS(0, FAR_AWAY));

        restore();
        check_taken(w->name, &o, to, to == el ? FROM_SPX : FROM_LOWER, ESR(EC_WFX, w->iss));
        check_eq(w->name, o.elr, (uintptr_t)w->code + TRAP_AFTER);
    }
    if (tge && el == 0) {
        return; /* the timer's interrupt would be taken */
    }
    controls(w, to_el1, to_el2, to_el3, tge);
    timer(true);
    struct outcome o = run_at(MASKED(modes[el]), w->event ? w->ready : w->code, ARGS(0, FAR_AWAY));
    timer(false);
    restore();
    check_done("a wait that is over is not trapped", &o);
    if (guest_failures_so_far() != failures) {
        print("     ");
        print(w->name);
        print(" at EL");
        print_dec(el);
        print(to_el1 ? " to EL1" : "");
        print(to_el2 ? " to EL2" : "");
        print(to_el3 ? " to EL3" : "");
        print(tge ? " TGE\n" : "\n");
    }
}

/* ---- deadlines ---- */

static uint64_t virtual(void)
{
    isb();
    return rd(cntvct_el0);
}

/* They may return early, and have to at their deadline: late is what can be seen. */
static void timed_wait(const char *name, bool interrupt, int64_t ticks)
{
    register uint64_t x1 __asm__("x1") = virtual() + ticks;
    uint64_t deadline = x1;

    if (interrupt) {
        __asm__ volatile(WFIT_X1 ::"r"(x1) : "memory");
    } else {
        __asm__ volatile(WFET_X1 ::"r"(x1) : "memory");
    }
    check(name, ticks < 0 || virtual() < deadline + rd(cntfrq_el0));
}

static void deadlines(void)
{
    insn("sevl\nwfe");
    timed_wait("WFET with a deadline", false, 50000);
    timed_wait("WFIT with a deadline", true, 50000);
    timed_wait("WFET in the past", false, -1);
    timed_wait("WFIT in the past", true, -1);
}

/* ---- delayed traps (FEAT_TWED): a cycle is a nanosecond, as a count of this machine's timers ----
 */

SNIPPET(wfet_soon_code, "sevl\nwfe\n"
                        "isb\nmrs x1, cntvct_el0\nadd x1, x1, #64\n" WFET_X1);

/* TWEDEn, with TWEDEL above it, of the control that traps from `el` to the EL above. */
static void delay(unsigned el, unsigned twedel, bool on)
{
    static const unsigned place[] = {45, 59, 29};
    uint64_t bits = ((uint64_t)twedel << 1 | on) << place[el];

    if (el == 0) {
        wr(sctlr_el1, rd(sctlr_el1) | bits);
    } else if (el == 1) {
        wr(hcr_el2, rd(hcr_el2) | bits);
    } else {
        wr(scr_el3, rd(scr_el3) | bits);
    }
    isb();
}

/* What came of a WFE at `el` that the EL above traps, and how long it took. */
static struct outcome delayed(unsigned el, unsigned twedel, bool on, const char *code,
                              uint64_t *out_time)
{
    controls(&waits[1], el == 0, el == 1, el == 2, false);
    delay(el, twedel, on);
    uint64_t start = virtual();
    struct outcome o = run_at(MASKED(modes[el]), code, ARGS(0, FAR_AWAY));

    *out_time = virtual() - start;
    restore();
    return o;
}

#define SLACK 100 /* counts: what is around the wait differs by a few instructions */

static void trap_delays(unsigned el)
{
    uint64_t esr = ESR(EC_WFX, ISS(1)), time, none;
    struct outcome o = delayed(el, 15, false, wfe_code, &none);

    check_taken("TWEDEn is 0", &o, el + 1, FROM_LOWER, esr);
    check("TWEDEn is 0: no delay", none < 100000);
    for (unsigned n = 0; n < 16; n++) {
        uint64_t cycles = BIT(n + 8);
        o = delayed(el, n, true, wfe_code, &time);
        check_taken("delayed trap", &o, el + 1, FROM_LOWER, esr);
        check_eq("delayed trap", o.elr, (uintptr_t)wfe_code + TRAP_AFTER);
        check("not before its delay", time >= cycles);
        check("but then", time - none < cycles + SLACK);
    }
    o = delayed(el, 1, true, wfe_ready_code, &time);
    check_done("an event before: no trap", &o);
    timer(true);
    o = delayed(el, 1, true, wfe_code, &time);
    timer(false);
    check_taken("a masked interrupt is no event", &o, el + 1, FROM_LOWER, esr);
    check("a masked interrupt ends no delay", time - none >= 512 - SLACK);
    wr(cntkctl_el1,
       1 << 1 | 1 << 2 | 9 << 4); /* EL0VCTEN, EVNTEN, EVNTI: an event each 1024 counts */
    o = delayed(el, 4, true, wfe_code, &time);
    check_done("an event during the delay: no trap", &o);
    check("the event ended the wait", time - none < 1024 + SLACK);
    wr(cntkctl_el1, 1 << 1);
    o = delayed(el, 4, true, wfet_soon_code, &time);
    check_done("the deadline of a WFET before the trap", &o);
    check("at the deadline", time - none < 64 + SLACK);
    o = delayed(el, 4, true, wfet_code, &time);
    check_taken("delayed trap of a WFET", &o, el + 1, FROM_LOWER, ESR(EC_WFX, ISS_T(3)));
}

/* WFI has no delay. */
static void wfi_trap(void)
{
    controls(&waits[0], false, true, false, false);
    delay(1, 15, true);
    uint64_t start = virtual();
    struct outcome o = run_at(MASKED(EL1H), wfi_code, ARGS(0, FAR_AWAY));

    check("trapped WFI: no delay", virtual() - start < 100000);
    restore();
    check_taken("trapped WFI", &o, 2, FROM_LOWER, ESR(EC_WFX, ISS(0)));
}

int guest_main(void)
{
    base_scr = rd(scr_el3);
    base_hcr = rd(hcr_el2);
    base_sctlr = rd(sctlr_el1);
    gic_init();
    gic_priority(CNTP_INTID, 0x80);
    gic_set(CNTP_INTID, GICD_ISENABLER);
    for (unsigned i = 0; i < ARRAY_LEN(waits) * 64; i++) {
        trap(&waits[i / 64], i % 64);
    }
    deadlines();
    if (FIELD(rd(id_aa64mmfr1_el1), 32, 4) != 0) {
        wr(cntvoff_el2, 0);
        for (unsigned el = 0; el < 3; el++) {
            trap_delays(el);
        }
        wfi_trap();
    }
    return 0;
}
