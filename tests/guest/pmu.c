/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Performance monitors: what enables, prohibits and disables counting, every combination of
 * PMCR_EL0.{E, DP}, MDCR_EL2.{HPMN, HPME, HPMD, HCCD}, MDCR_EL3.{SPME, SCCD, MPMX, MCCD}, Security
 * state and exception level; filters; 32-bit and long counters, chains; freezing on overflow. Arm
 * ARM D13.4 "Enabling", "Freezing" and "Prohibiting event and cycle counting".
 */
#include "guest.h"

#define PMCR_E   BIT(0)
#define PMCR_P   BIT(1)
#define PMCR_C   BIT(2)
#define PMCR_DP  BIT(5)
#define PMCR_LC  BIT(6)
#define PMCR_LP  BIT(7)
#define PMCR_FZO BIT(9)

#define MDCR_HPME   BIT(7)
#define MDCR_HPMD   BIT(17)
#define MDCR_HCCD   BIT(23)
#define MDCR_HLP    BIT(26)
#define MDCR_HPMFZO BIT(29)
#define MDCR_SPME   BIT(17)
#define MDCR_SCCD   BIT(23)
#define MDCR_MCCD   BIT(34)
#define MDCR_MPMX   BIT(35)

#define SCR_NS   BIT(0)
#define SCR_EEL2 BIT(18)

/* Filter bits of PMEVTYPERn_EL0 and PMCCFILTR_EL0. */
#define F_P   BIT(31)
#define F_U   BIT(30)
#define F_NSK BIT(29)
#define F_NSU BIT(28)
#define F_NSH BIT(27)
#define F_M   BIT(26)
#define F_SH  BIT(24)

#define EVT_SW_INCR    0x00
#define EVT_CPU_CYCLES 0x11
#define EVT_CHAIN      0x1e
#define CYCLE          BIT(31)
#define LOW            0 /* a counter of EL1's, and one of EL2's, with this HPMN */
#define HIGH           5
#define HPMN           3

SNIPPET(linger_code, "mov x9, #64\n1: subs x9, x9, #1\nb.ne 1b");

static const uint64_t modes[] = {EL0T, EL1H, EL2H, EL3H};
static uint64_t base_scr;
static bool has_p7;

static void pmcr(uint64_t v)
{
    wr(pmcr_el0, PMCR_LC | v);
    isb();
}

static void stop(void)
{
    wr(mdcr_el2, rd(pmcr_el0) >> 11 & 31);
    wr(mdcr_el3, 0);
    pmcr(0);
    wr(pmcntenclr_el0, ~UINT64_C(0) >> 32);
    wr(pmovsclr_el0, ~UINT64_C(0) >> 32);
    wr(scr_el3, base_scr);
    isb();
}

static uint64_t counter(unsigned n)
{
    wr(pmselr_el0, n);
    isb();
    return rd(pmxevcntr_el0);
}

static void set_counter(unsigned n, uint64_t type, uint64_t v)
{
    wr(pmselr_el0, n);
    isb();
    wr(pmxevtyper_el0, type);
    wr(pmxevcntr_el0, v);
    isb();
}

/* ---- controls ---- */

struct control {
    bool e, dp, hpme, hpmd, hccd, spme, sccd, mpmx, mccd, secure;
};

static struct control control_of(unsigned n)
{
    return (struct control){.e = n & 1,
                            .dp = n & 2,
                            .hpme = n & 4,
                            .hpmd = n & 8,
                            .hccd = n & 16,
                            .spme = n & 32,
                            .sccd = n & 64,
                            .secure = n & 128,
                            .mpmx = n & 256,
                            .mccd = n & 512};
}

static bool prohibited(const struct control *c, unsigned el, bool el2s)
{
    if (el == 3 && c->mpmx) {
        return !(c->spme && el2s);
    }
    if (el == 3 || c->secure) {
        if (!c->spme && !c->mpmx) {
            return true;
        }
    }
    return el == 2 && c->hpmd && !el2s;
}

static bool cycles_count(const struct control *c, unsigned el)
{
    if ((el == 3 || c->secure) && c->sccd) {
        return false;
    }
    if ((el == 2 && c->hccd) || (el == 3 && c->mccd)) {
        return false;
    }
    return c->e && !(c->dp && prohibited(c, el, false));
}

/* At EL3 the program itself runs while they count; below, EL3 is filtered out. */
static void one(unsigned n, unsigned el)
{
    struct control c = control_of(n);
    uint64_t filter = F_NSH | (el == 3 ? 0 : F_M); /* Secure EL2: NSH and SH differ */
    unsigned failures = guest_failures_so_far();

    wr(pmccfiltr_el0, filter);
    set_counter(LOW, filter | EVT_CPU_CYCLES, 0);
    set_counter(HIGH, filter | EVT_CPU_CYCLES, 0);
    wr(mdcr_el2,
       HPMN | (c.hpme ? MDCR_HPME : 0) | (c.hpmd ? MDCR_HPMD : 0) | (c.hccd ? MDCR_HCCD : 0));
    wr(mdcr_el3, (c.spme ? MDCR_SPME : 0) | (c.sccd ? MDCR_SCCD : 0) | (c.mpmx ? MDCR_MPMX : 0) |
                     (c.mccd ? MDCR_MCCD : 0));
    wr(scr_el3, c.secure ? (base_scr & ~SCR_NS) | SCR_EEL2 : base_scr);
    pmcr(PMCR_C | (c.e ? PMCR_E : 0) | (c.dp ? PMCR_DP : 0));
    wr(pmcntenset_el0, CYCLE | BIT(LOW) | BIT(HIGH));
    isb();
    struct outcome o = run_at(MASKED(modes[el]), linger_code, ARGS(0));
    wr(pmcntenclr_el0, CYCLE | BIT(LOW) | BIT(HIGH));
    isb();
    wr(scr_el3, base_scr);
    isb();
    check_done("code that is counted", &o);
    check_eq("EL1's counter counts", counter(LOW) != 0, c.e && !prohibited(&c, el, false));
    check_eq("EL2's counter counts", counter(HIGH) != 0, c.hpme && !prohibited(&c, el, true));
    check_eq("the cycle counter counts", rd(pmccntr_el0) != 0, cycles_count(&c, el));
    if (guest_failures_so_far() != failures) {
        print("     EL");
        print_dec(el);
        print(c.secure ? " Secure" : "");
        print(c.e ? " E" : "");
        print(c.dp ? " DP" : "");
        print(c.hpme ? " HPME" : "");
        print(c.hpmd ? " HPMD" : "");
        print(c.hccd ? " HCCD" : "");
        print(c.spme ? " SPME" : "");
        print(c.sccd ? " SCCD" : "");
        print(c.mpmx ? " MPMX" : "");
        print(c.mccd ? " MCCD\n" : "\n");
    }
}

/* ---- filters ---- */

/* Of Non-secure EL0 to EL2, Secure EL0 to EL2, EL3: is it counted? */
static bool passes(uint64_t f, unsigned el, bool secure)
{
    switch (el) {
    case 0:
        return secure ? !(f & F_U) : !(f & F_U) == !(f & F_NSU);
    case 1:
        return secure ? !(f & F_P) : !(f & F_P) == !(f & F_NSK);
    case 2:
        return secure ? !(f & F_NSH) != !(f & F_SH) : (f & F_NSH) != 0;
    default:
        return !(f & F_P) == !(f & F_M);
    }
}

static void filters(uint64_t f, unsigned el, bool secure)
{
    if ((el != 3 && passes(f, 3, true)) || (el == 0 && passes(f, 1, secure))) {
        return; /* the way there and back is counted */
    }
    stop();
    wr(mdcr_el3, MDCR_SPME);
    wr(scr_el3, secure ? (base_scr & ~SCR_NS) | SCR_EEL2 : base_scr);
    wr(pmccfiltr_el0, f);
    set_counter(LOW, f | EVT_CPU_CYCLES, 0);
    pmcr(PMCR_C | PMCR_E);
    wr(pmcntenset_el0, CYCLE | BIT(LOW));
    isb();
    run_at(MASKED(modes[el]), linger_code, ARGS(0));
    wr(pmcntenclr_el0, CYCLE | BIT(LOW));
    isb();
    unsigned failures = guest_failures_so_far();
    bool sh = secure && el == 2;
    check_eq(sh ? "SH of an event counter" : "filter of an event counter", counter(LOW) != 0,
             passes(f, el, secure));
    check_eq(sh ? "SH of the cycle counter" : "filter of the cycle counter", rd(pmccntr_el0) != 0,
             passes(f, el, secure));
    if (guest_failures_so_far() != failures) {
        print("     EL");
        print_dec(el);
        print(secure ? " Secure " : " ");
        print_hex(f);
        print("\n");
    }
}

/* ---- overflow: SW_INCR, so that every step is exact ---- */

static void increment(uint64_t counters)
{
    wr(pmswinc_el0, counters);
    isb();
}

static void overflows(unsigned n, uint64_t mdcr2, uint64_t pmcr_bits, bool is_long)
{
    uint64_t last = is_long ? ~UINT64_C(0) : UINT64_C(0xffffffff);

    stop();
    wr(mdcr_el2, mdcr2);
    wr(mdcr_el3, MDCR_SPME);
    set_counter(n, EVT_SW_INCR, last - 1);
    pmcr(PMCR_E | pmcr_bits);
    wr(pmcntenset_el0, BIT(n));
    isb();
    increment(BIT(n));
    check_eq("the largest value", counter(n), last);
    check_eq("no overflow yet", rd(pmovsclr_el0), 0);
    increment(BIT(n));
    check_eq("overflow", rd(pmovsclr_el0), BIT(n));
    check_eq("goes on", (uint32_t)counter(n), 0);
    wr(pmovsclr_el0, BIT(n));
}

static void chains(bool is_long)
{
    stop();
    wr(mdcr_el3, MDCR_SPME);
    set_counter(0, EVT_SW_INCR, 0xffffffff);
    set_counter(1, EVT_CHAIN, 5);
    pmcr(PMCR_E | (is_long ? PMCR_LP : 0));
    wr(pmcntenset_el0, 3);
    isb();
    increment(1);
    check_eq("a chained counter counts an overflow", counter(1), is_long ? 5 : 6);
    check_eq("overflow of 32 bits", rd(pmovsclr_el0), !is_long);
}

/* FEAT_PMUv3p7. Counters 0 to 2 are EL1's, 3 to 5 EL2's. */
static void freezes(bool fzo, bool hpmfzo, unsigned which, bool dp)
{
    bool low = which < HPMN;
    bool low_stops = fzo && low, high_stops = hpmfzo && !low;

    stop();
    wr(mdcr_el2, HPMN | MDCR_HPME | (hpmfzo ? MDCR_HPMFZO : 0));
    wr(mdcr_el3, MDCR_SPME);
    for (unsigned n = 0; n < 6; n++) {
        set_counter(n, EVT_SW_INCR, n == which ? 0xffffffff : 0);
    }
    pmcr(PMCR_E | PMCR_C | (fzo ? PMCR_FZO : 0) | (dp ? PMCR_DP : 0));
    wr(pmccfiltr_el0, 0);
    wr(pmcntenset_el0, CYCLE | 0x3f);
    isb();
    increment(BIT(which));
    check_eq("which overflowed", rd(pmovsclr_el0), BIT(which));
    increment(0x3f);
    for (unsigned n = 0; n < 6; n++) {
        check_eq("frozen on overflow", (uint32_t)counter(n), !(n < HPMN ? low_stops : high_stops));
    }
    uint64_t before = rd(pmccntr_el0);
    insn("nop\nnop\nnop\nisb");
    check_eq("DP stops cycles that would be frozen", rd(pmccntr_el0) == before, dp && low_stops);
    wr(pmovsclr_el0, BIT(which));
    isb();
    increment(0x3f);
    for (unsigned n = 0; n < 6; n++) {
        check_eq("goes on when cleared", (uint32_t)counter(n),
                 1 + !(n < HPMN ? low_stops : high_stops));
    }
}

/* An overflow between two looks freezes what counts with it. */
static void freezes_in_time(void)
{
    stop();
    wr(mdcr_el3, MDCR_SPME);
    set_counter(0, EVT_CPU_CYCLES, 0xffffff00);
    set_counter(1, EVT_CPU_CYCLES, 0);
    pmcr(PMCR_E | PMCR_FZO);
    wr(pmcntenset_el0, 3);
    isb();
    for (unsigned i = 0; i < 10000; i++) {
        insn("nop");
    }
    check_eq("overflow", rd(pmovsclr_el0), 1);
    check_eq("the one that overflowed has stopped", (uint32_t)counter(0) < 16, true);
    uint64_t other = counter(1);
    check_eq("the other, too", other >= 0x100 && other < 0x110, true);
}

/* Counters that EL1 does not see. */
static void ranges(void)
{
    stop();
    uint64_t n = rd(pmcr_el0) >> 11 & 31;
    check("six counters", n == 6);
    wr(mdcr_el2, HPMN);
    check_eq("PMCR.N at EL3", rd(pmcr_el0) >> 11 & 31, n);
    wr(pmselr_el0, 30);
    isb();
    check_eq("a counter that is not there", rd(pmxevcntr_el0), 0);
    check_eq("operation width: no slots", rd(S3_0_C9_C14_6), 0);
}

int guest_main(void)
{
    uint64_t version = FIELD(rd(id_aa64dfr0_el1), 8, 4);

    base_scr = rd(scr_el3) | SCR_NS;
    has_p7 = version >= 7 && version != 15;
    ranges();
    for (unsigned n = 0; n < (has_p7 ? 1024 : 256); n++) {
        for (unsigned el = 0; el < 4; el++) {
            one(n, el);
        }
    }
    for (unsigned n = 0; n < 512; n++) {
        uint64_t bits = (uint64_t)(n & 63) << 26 | (n & 64 ? F_SH : 0);

        filters(bits, n >> 7, false);
        filters(bits, n >> 7, true);
    }
    overflows(LOW, HPMN, 0, false);
    overflows(LOW, HPMN | MDCR_HLP, 0, false);
    overflows(LOW, HPMN, PMCR_LP, true);
    overflows(HIGH, HPMN | MDCR_HPME, PMCR_LP, false);
    overflows(HIGH, HPMN | MDCR_HPME | MDCR_HLP, 0, true);
    overflows(LOW, MDCR_HPME | MDCR_HLP, 0, true); /* HPMN 0 (FEAT_HPMN0): all are EL2's */
    chains(false);
    chains(true);
    for (unsigned i = 0; i < 48 && has_p7; i++) {
        freezes(i & 1, i & 2, i >> 3, i & 4);
    }
    if (has_p7) {
        freezes_in_time();
    }
    stop();
    return 0;
}
