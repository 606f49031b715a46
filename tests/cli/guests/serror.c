/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waits for SErrors from outside, one for each line that says "ready", and prints where it was
 * taken and its syndrome, or what an ESB deferred. Arm ARM D1.3.6 "Asynchronous exceptions"
 * (routing and masking), A2.8 "RAS" (ESB), FEAT_DoubleFault (NMEA).
 */
#include "guest.h"

#define SCR_NS   BIT(0)
#define SCR_EA   BIT(3)
#define SCR_NMEA BIT(20)
#define HCR_AMO  BIT(5)
#define HCR_TGE  BIT(27)
#define PSTATE_A BIT(8)

/* Ends when an SError is pending, masked or not. */
SNIPPET(wait_code, "1: mrs x0, isr_el1\ncbz x0, 1b\nmov x9, #64\n2: subs x9, x9, #1\nb.ne 2b");
SNIPPET(esb_code, "1: mrs x0, isr_el1\ncbz x0, 1b\nhint #16\nmrs x0, isr_el1\n"
                  "mrs x1, s3_0_c12_c1_1");
SNIPPET(spin_code, "1: b 1b");

static const struct test {
    const char *name;
    const char *code;
    uint64_t mode, scr, hcr;
    bool masked;
} tests[] = {
    {"EL1", wait_code, EL1H, 0, 0, false},
    {"EL1 masked", wait_code, EL1H, 0, 0, true},
    {"EL1 AMO", spin_code, EL1H, 0, HCR_AMO, true},
    {"EL1 EA", spin_code, EL1H, SCR_EA, HCR_AMO, true},
    {"EL0 TGE", spin_code, EL0T, 0, HCR_TGE, true},
    {"EL2", wait_code, EL2H, 0, 0, false},
    {"EL2 AMO", wait_code, EL2H, 0, HCR_AMO, false},
    {"EL2 AMO masked", wait_code, EL2H, 0, HCR_AMO, true},
    {"EL3", wait_code, EL3H, 0, 0, false},
    {"EL3 EA masked", wait_code, EL3H, SCR_EA, 0, true},
    {"EL3 EA NMEA masked", spin_code, EL3H, SCR_EA | SCR_NMEA, 0, true},
    {"EL1 ESB", esb_code, EL1H, 0, 0, true},
    {"EL2 ESB", esb_code, EL2H, 0, HCR_AMO, true},
};

static void report(const struct test *t, const struct outcome *o)
{
    print(t->name);
    if (!o->done) {
        print(": taken to EL");
        print_dec(o->el);
        print(" vector ");
        print_hex(o->vector);
        print(" esr ");
        print_hex(o->esr);
    } else if (t->code == esb_code) {
        print(": deferred ");
        print_hex(o->x[1]);
        print(o->x[0] == 0 ? "" : ", still pending");
    } else {
        print(": pending");
    }
    print("\n");
}

/* Take what the test left pending, or the next one begins with it. */
static void drain(void)
{
    if (rd(isr_el1) != 0) {
        run_at(EL1H | (DAIF & ~PSTATE_A), spin_code, ARGS(0));
    }
}

int guest_main(void)
{
    uint64_t scr = rd(scr_el3), hcr = rd(hcr_el2);
    for (unsigned i = 0; i < ARRAY_LEN(tests); i++) {
        const struct test *t = &tests[i];
        wr(scr_el3, scr | SCR_NS | t->scr);
        wr(hcr_el2, hcr | t->hcr);
        isb();
        print("ready\n");
        struct outcome o = run_at(t->mode | (DAIF & ~(t->masked ? 0 : PSTATE_A)), t->code, ARGS(0));
        wr(scr_el3, scr);
        wr(hcr_el2, hcr);
        isb();
        report(t, &o);
        drain();
    }
    return 0;
}
