/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WFI, WFE, WFIT and WFET: traps to each exception level and their syndromes, what ends a wait, and
 * deadlines (FEAT_WFxT). Arm ARM D1.6 "Mechanisms for entering a low-power state", D24.2 ESR_ELx.
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
    return 0;
}
