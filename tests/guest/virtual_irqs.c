/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual interrupts by HCR_EL2.{VI,VF,VSE}: when they are taken, what masks them, syndromes of
 * virtual SErrors, ESB and DISR_EL1, ISR_EL1. Arm ARM D1.3.6 "Virtual interrupts", A2.8 "RAS".
 */
#include "guest.h"

#define SCR_NS    BIT(0)
#define SCR_EEL2  BIT(18)
#define HCR_AMO   BIT(5)
#define HCR_VF    BIT(6)
#define HCR_VI    BIT(7)
#define HCR_VSE   BIT(8)
#define HCR_TGE   BIT(27)
#define HCR_E2H   BIT(34)
#define VSESR_EL2 S3_4_C5_C2_3
#define VDISR_EL2 S3_4_C12_C1_1

SNIPPET(linger_code, "mov x9, #64\n1: subs x9, x9, #1\nb.ne 1b");
SNIPPET(isr_code, "mrs x0, isr_el1");
SNIPPET(esb_code, "hint #16\nmrs x0, s3_0_c12_c1_1\nmsr s3_0_c12_c1_1, xzr\n"
                  "mrs x1, s3_0_c12_c1_1\nmrs x2, isr_el1");
SNIPPET(wfi_code, "wfi\nmov x0, #1");

static const struct type {
    const char *name;
    uint64_t pend, route, mask, isr;
    unsigned vector;
} types[] = {
    {"VIRQ", HCR_VI, HCR_IMO, BIT(7), BIT(7), VEC_IRQ},
    {"VFIQ", HCR_VF, HCR_FMO, BIT(6), BIT(6), VEC_FIQ},
    {"virtual SError", HCR_VSE, HCR_AMO, BIT(8), BIT(8), VEC_SERROR},
};
static const uint64_t modes[] = {EL0T, EL1H, EL2H, EL3H};
static const struct {
    uint64_t scr;
    bool el2;
} states[] = {{SCR_NS, true}, {0, false}, {SCR_EEL2, true}};

static uint64_t base_scr, base_hcr;

static void controls(uint64_t scr, uint64_t hcr)
{
    wr(scr_el3, (base_scr & ~SCR_NS) | scr);
    wr(hcr_el2, base_hcr | hcr);
    isb();
}

static void restore(void)
{
    wr(scr_el3, base_scr);
    wr(hcr_el2, base_hcr);
    isb();
}

static const char *const controls_names[] = {"", " xMO", " TGE", " xMO TGE"};

/* Taken to EL1 from EL0 and EL1 alone, if routed, not TGE, not masked, and EL2 is enabled. */
static void taken_or_not(const struct type *t, unsigned i)
{
    unsigned el = i & 3, failures = guest_failures_so_far();
    bool masked = i & 4, route = i & 8, tge = i & 16, e2h = i & 32;
    uint64_t hcr = t->pend | (route ? t->route : 0) | (tge ? HCR_TGE : 0) | (e2h ? HCR_E2H : 0);

    for (unsigned s = 0; s < ARRAY_LEN(states); s++) {
        bool el2 = states[s].el2;

        if ((el == 2 && !el2) || (el == 1 && tge && el2)) {
            continue;
        }
        controls(states[s].scr, hcr);
        struct outcome o =
            run_at((modes[el] | DAIF) & ~(masked ? 0 : t->mask), linger_code, ARGS(0));
        uint64_t hcr_after = rd(hcr_el2);
        restore();
        if (el <= 1 && el2 && route && !tge && !masked) {
            check_eq(t->name, o.done ? 0 : o.el, 1);
            check_eq(t->name, o.vector, (el == 1 ? FROM_SPX : FROM_LOWER) | t->vector);
            /* VSE ends when it is taken; VI and VF are the hypervisor's to clear. */
            check_eq("HCR_EL2 after it", hcr_after & t->pend, t->pend & ~HCR_VSE);
        } else {
            check_done(t->name, &o);
            check_eq("HCR_EL2 keeps it", hcr_after & t->pend, t->pend);
        }
        if (guest_failures_so_far() != failures) {
            print("     EL");
            print_dec(el);
            print(masked ? " masked" : "");
            print(controls_names[route | tge << 1]);
            print(e2h ? " E2H" : "");
            print(states[s].scr == SCR_NS ? " Non-secure\n" : el2 ? " Secure EL2\n" : " Secure\n");
            failures = guest_failures_so_far();
        }
    }
}

/* At EL1 and EL0 what ISR_EL1 shows is virtual where it is routed. */
static void pending_state(void)
{
    for (unsigned i = 0; i < ARRAY_LEN(types); i++) {
        const struct type *t = &types[i];

        controls(SCR_NS, t->pend | t->route);
        struct outcome o = run_at(MASKED(EL1H), isr_code, ARGS(0));
        check_eq("ISR_EL1 at EL1, routed", o.x[0], t->isr);
        o = run_at(MASKED(EL2H), isr_code, ARGS(0));
        check_eq("ISR_EL1 at EL2", o.x[0], 0);
        check_eq("ISR_EL1 at EL3", rd(isr_el1), 0);
        controls(SCR_NS, t->pend);
        o = run_at(MASKED(EL1H), isr_code, ARGS(0));
        check_eq("ISR_EL1 at EL1, not routed", o.x[0], 0);
        restore();
    }
}

/* All three at once: the order is IMPLEMENTATION DEFINED, but each is taken once unmasked. */
static void one_mask_each(void)
{
    for (unsigned i = 0; i < ARRAY_LEN(types); i++) {
        controls(SCR_NS, HCR_VI | HCR_VF | HCR_VSE | HCR_IMO | HCR_FMO | HCR_AMO);
        struct outcome o = run_at(MASKED(EL1H) & ~types[i].mask, linger_code, ARGS(0));
        check_eq("only what is not masked", o.vector, FROM_SPX | types[i].vector);
        restore();
    }
}

/* ---- virtual SError ---- */

static void syndromes(void)
{
    static const uint64_t values[] = {0, 0x123456, BIT(24) | 0x42, 0x1ffffff};

    for (unsigned i = 0; i < ARRAY_LEN(values); i++) {
        wrn(VSESR_EL2, values[i]);
        controls(SCR_NS, HCR_VSE | HCR_AMO);
        struct outcome o = run_at(MASKED(EL0T) & ~BIT(8), linger_code, ARGS(0));
        restore();
        check_taken("VSESR_EL2 is the syndrome", &o, 1, FROM_LOWER | VEC_SERROR,
                    ESR(EC_SERROR, values[i]));
    }
    wrn(VSESR_EL2, 0);
}

#define DISR_A BIT(31)

/* ESB takes a pending virtual SError that is masked away into VDISR_EL2, the guest's DISR_EL1. */
static void deferred(void)
{
    static const uint64_t values[] = {0x77, BIT(24) | 0x1234};

    for (unsigned i = 0; i < ARRAY_LEN(values); i++) {
        wrn(VSESR_EL2, values[i]);
        wrn(VDISR_EL2, 0);
        controls(SCR_NS, HCR_VSE | HCR_AMO);
        struct outcome o = run_at(MASKED(EL1H), esb_code, ARGS(0));
        uint64_t hcr = rd(hcr_el2);
        restore();
        check_done("ESB with a masked virtual SError", &o);
        check_eq("DISR_EL1 after ESB", o.x[0], DISR_A | values[i]);
        check_eq("DISR_EL1 cleared by the guest", o.x[1], 0);
        check_eq("ISR_EL1 after ESB", o.x[2], 0);
        check_eq("HCR_EL2.VSE after ESB", hcr & HCR_VSE, 0);
    }
    controls(SCR_NS, HCR_AMO);
    struct outcome o = run_at(MASKED(EL1H), esb_code, ARGS(0));
    restore();
    check_eq("DISR_EL1, nothing pending", o.x[0], 0);
    controls(SCR_NS, HCR_VSE | HCR_AMO);
    o = run_at(MASKED(EL1H) & ~BIT(8), esb_code, ARGS(0));
    restore();
    check_eq("ESB with an unmasked virtual SError", o.vector, FROM_SPX | VEC_SERROR);
    wrn(VDISR_EL2, DISR_A | 5);
    controls(SCR_NS, 0);
    o = run_at(MASKED(EL1H), esb_code, ARGS(0));
    restore();
    check_eq("DISR_EL1 without AMO is not VDISR_EL2", o.x[0], 0);
    wrn(VDISR_EL2, 0);
    wrn(VSESR_EL2, 0);
}

/* WFI ends with a virtual interrupt that is pending, masked or not. */
static void wake(void)
{
    for (unsigned i = 0; i < ARRAY_LEN(types); i++) {
        controls(SCR_NS, types[i].pend | types[i].route);
        struct outcome o = run_at(MASKED(EL1H), wfi_code, ARGS(0));
        restore();
        check_eq("WFI with a masked virtual interrupt", o.x[0], 1);
    }
}

int guest_main(void)
{
    base_scr = rd(scr_el3);
    base_hcr = rd(hcr_el2);
    for (unsigned t = 0; t < ARRAY_LEN(types); t++) {
        for (unsigned i = 0; i < 64; i++) {
            taken_or_not(&types[t], i);
        }
    }
    pending_state();
    one_mask_each();
    syndromes();
    deferred();
    wake();
    return 0;
}
