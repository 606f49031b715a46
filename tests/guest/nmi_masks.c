/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FEAT_NMI at the PE: what masks IRQs with and without superpriority, physical and virtual, by
 * SCTLR_ELx.{NMI, SPINTMASK} and PSTATE.{ALLINT, I, F, SP}, exhaustive; what an exception does to
 * PSTATE.ALLINT; ISR_EL1.{IS, FS}; HCRX_EL2.TALLINT. Arm ARM D1.3.6.
 */
#include "gic.h"

#define SCR_HXEN        BIT(38)
#define HCR_VF          BIT(6)
#define HCR_VI          BIT(7)
#define HCR_TGE         BIT(27)
#define HCR_E2H         BIT(34)
#define HCRX_TALLINT    BIT(6)
#define HCRX_VINMI      BIT(7)
#define HCRX_VFNMI      BIT(8)
#define SCTLR_NMI       BIT(61)
#define SCTLR_SPINTMASK BIT(62)
#define PSTATE_F        BIT(6)
#define PSTATE_I        BIT(7)
#define PSTATE_ALLINT   BIT(13)
#define ISR_F           BIT(6)
#define ISR_I           BIT(7)
#define ISR_FS          BIT(9)
#define ISR_IS          BIT(10)
#define GICD_INMIR      0x0f80
#define SGI             3

#define ALLINT   S3_0_C4_C3_0
#define HCRX_EL2 S3_4_C1_C2_2

SNIPPET(linger_code, "mov x9, #64\n1: subs x9, x9, #1\nb.ne 1b");
SNIPPET(isr_code, "mrs x0, isr_el1");
SNIPPET(write_code, "msr s3_0_c4_c3_0, x0\nmrs x1, s3_0_c4_c3_0\nmsr s3_0_c4_c3_0, xzr");
SNIPPET(set_code, ".inst 0xd501411f\nmrs x1, s3_0_c4_c3_0"); /* MSR ALLINT, #1 */
SNIPPET(clear_code, "mov x0, #0x2000\nmsr s3_0_c4_c3_0, x0\n.inst 0xd501401f\n"
                    "mrs x1, s3_0_c4_c3_0"); /* MSR ALLINT, #0 */
SNIPPET(svc_code, "svc #5");

static const struct source {
    const char *name;
    bool physical, super;
    uint64_t hcr, hcrx, mask, isr;
    unsigned vector;
} sources[] = {
    {"IRQ", true, false, 0, 0, PSTATE_I, ISR_I, VEC_IRQ},
    {"NMI", true, true, 0, 0, PSTATE_I, ISR_I | ISR_IS, VEC_IRQ},
    {"VI", false, false, HCR_VI | HCR_IMO, 0, PSTATE_I, ISR_I, VEC_IRQ},
    {"VI with VINMI", false, true, HCR_VI | HCR_IMO, HCRX_VINMI, PSTATE_I, ISR_I | ISR_IS, VEC_IRQ},
    {"VI with VFNMI", false, false, HCR_VI | HCR_IMO, HCRX_VFNMI, PSTATE_I, ISR_I, VEC_IRQ},
    {"VF", false, false, HCR_VF | HCR_FMO, HCRX_VINMI, PSTATE_F, ISR_F, VEC_FIQ},
    {"VF with VFNMI", false, true, HCR_VF | HCR_FMO, HCRX_VFNMI, PSTATE_F, ISR_F | ISR_FS, VEC_FIQ},
};

static const struct mode {
    const char *name;
    uint64_t mode;
    unsigned el;
    bool sp;
} modes[] = {
    {"EL0", EL0T, 0, false}, {"EL1 with SP_EL0", EL1T, 1, false},
    {"EL1", EL1H, 1, true},  {"EL2 with SP_EL0", EL2T, 2, false},
    {"EL2", EL2H, 2, true},
};

/* Physical ones go to EL1, to EL2, or to a host at EL2. */
static const struct route {
    const char *name;
    uint64_t hcr;
    unsigned target;
    bool host;
} routes[] = {
    {"to EL1", 0, 1, false},
    {"to EL2", HCR_IMO, 2, false},
    {"to a host", HCR_E2H | HCR_TGE, 2, true},
};

static uint64_t base_hcr, base_sctlr1, base_sctlr2;

static void controls(const struct source *s, uint64_t hcr, uint64_t sctlr)
{
    mmio_write32(gic_frame(SGI) + GICD_INMIR, s->physical && s->super ? 1u << SGI : 0);
    if (s->physical) {
        gic_set(SGI, GICD_ISPENDR);
    } else {
        gic_set(SGI, GICD_ICPENDR);
    }
    wr(sctlr_el1, base_sctlr1 | sctlr);
    wr(sctlr_el2, base_sctlr2 | sctlr);
    wr(hcr_el2, base_hcr | s->hcr | hcr);
    wrn(HCRX_EL2, s->hcrx);
    isb();
}

static void restore(void)
{
    wr(hcr_el2, base_hcr);
    wrn(HCRX_EL2, 0);
    wr(sctlr_el1, base_sctlr1);
    wr(sctlr_el2, base_sctlr2);
    isb();
}

/* i: SCTLR_ELx.NMI, SPINTMASK, PSTATE.ALLINT, the mask. */
static bool is_taken(const struct source *s, const struct route *r, const struct mode *m,
                     unsigned i)
{
    bool nmi = i & 1, spintmask = i & 2, allint = i & 4, masked = i & 8;

    if (m->el > r->target) {
        return false;
    }
    if (m->el == r->target) {
        if (nmi && (allint || (spintmask && m->sp))) {
            return false;
        }
    } else if (r->target == 2 && !r->host) {
        return true; /* PSTATE masks nothing that goes to a higher level, but for EL0's */
    }
    return !masked || (nmi && s->super);
}

static void one(const struct source *s, const struct route *r, const struct mode *m, unsigned i)
{
    unsigned failures = guest_failures_so_far();
    uint64_t sctlr = (i & 1 ? SCTLR_NMI : 0) | (i & 2 ? SCTLR_SPINTMASK : 0);
    uint64_t spsr = m->mode | (DAIF & ~(i & 8 ? 0 : s->mask)) | (i & 4 ? PSTATE_ALLINT : 0);

    controls(s, r->hcr, sctlr);
    struct outcome o = run_at(spsr, linger_code, ARGS(0));
    restore();
    if (is_taken(s, r, m, i)) {
        unsigned from = m->el != r->target ? FROM_LOWER : m->sp ? FROM_SPX : FROM_SP0;

        check_eq(s->name, o.done ? 0 : o.el, r->target);
        check_eq(s->name, o.vector, from | s->vector);
        check_eq("SPSR.ALLINT", o.spsr & PSTATE_ALLINT, spsr & PSTATE_ALLINT);
    } else {
        check_done(s->name, &o);
    }
    if (guest_failures_so_far() != failures) {
        print("     ");
        print(r->name);
        print(" from ");
        print(m->name);
        print(i & 1 ? " NMI=1" : " NMI=0");
        print(i & 2 ? " SPINTMASK=1" : " SPINTMASK=0");
        print(i & 4 ? " ALLINT=1" : " ALLINT=0");
        print(i & 8 ? " masked\n" : " unmasked\n");
    }
}

static void masks(void)
{
    for (unsigned s = 0; s < ARRAY_LEN(sources); s++) {
        for (unsigned r = 0; r < (sources[s].physical ? ARRAY_LEN(routes) : 1); r++) {
            for (unsigned i = 0; i < 16 * ARRAY_LEN(modes); i++) {
                const struct mode *m = &modes[i / 16];

                if (m->el != 1 || !routes[r].host) {
                    one(&sources[s], &routes[r], m, i % 16);
                }
            }
        }
    }
}

/* Pending, with or without SCTLR_ELx.NMI. */
static void pending_state(void)
{
    for (unsigned i = 0; i < 2 * ARRAY_LEN(sources); i++) {
        const struct source *s = &sources[i / 2];

        controls(s, 0, i & 1 ? SCTLR_NMI : 0);
        struct outcome o = run_at(MASKED(EL1H) | PSTATE_ALLINT, isr_code, ARGS(0));
        check_eq("ISR_EL1 at EL1", o.x[0], s->isr);
        o = run_at(MASKED(EL2H) | PSTATE_ALLINT, isr_code, ARGS(0));
        check_eq("ISR_EL1 at EL2", o.x[0], s->physical ? s->isr : 0);
        restore();
    }
    gic_set(SGI, GICD_ICPENDR);
}

/* HCRX_EL2 is 0 as long as EL3 does not let EL2 have it. */
static void without_hxen(void)
{
    uint64_t scr = rd(scr_el3);

    wr(scr_el3, scr & ~SCR_HXEN);
    controls(&sources[3], 0, SCTLR_NMI);
    struct outcome o = run_at(MASKED(EL1H), isr_code, ARGS(0));
    check_eq("VINMI without SCR_EL3.HXEn", o.x[0], ISR_I);
    restore();
    wr(scr_el3, scr);
    isb();
}

/* ---- PSTATE.ALLINT after an exception ---- */
static uint64_t allint_at_entry;

static bool look(struct trap *t)
{
    (void)t;
    allint_at_entry = rdn(ALLINT);
    return false; /* not dealt with */
}

static void entry(void)
{
    static const uint64_t el[] = {EL0T, EL1H};

    trap_hook(1, look);
    for (unsigned i = 0; i < 16; i++) {
        uint64_t allint = i & 4 ? PSTATE_ALLINT : 0;

        controls(&sources[2], 0, (i & 1 ? SCTLR_NMI : 0) | (i & 2 ? SCTLR_SPINTMASK : 0));
        wr(hcr_el2, base_hcr);
        isb();
        struct outcome o = run_at(MASKED(el[i / 8]) | allint, svc_code, ARGS(0));
        restore();
        check_eq("exception to EL1", o.done ? 0 : o.el, 1);
        check_eq("PSTATE.ALLINT is the inverse of SPINTMASK", allint_at_entry,
                 i & 2 ? 0 : PSTATE_ALLINT);
        check_eq("SPSR_EL1.ALLINT", o.spsr & PSTATE_ALLINT, allint);
    }
    trap_hook(1, NULL);
}

/* ---- the register, and its trap ---- */
#define ISS(op1, op2, crn, crm, op0, rt)                                                           \
    ((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (rt) << 5 | (crm) << 1)

static void the_register(void)
{
    struct outcome o;

    for (unsigned el = 1; el <= 2; el++) {
        uint64_t mode = el == 1 ? EL1H : EL2H;

        o = run_at(MASKED(mode), write_code, ARGS(~UINT64_C(0)));
        check_done("MSR ALLINT", &o);
        check_eq("ALLINT", o.x[1], PSTATE_ALLINT);
        o = run_at(MASKED(mode), set_code, ARGS(0));
        check_done("MSR ALLINT, #1", &o);
        check_eq("ALLINT", o.x[1], PSTATE_ALLINT);
        o = run_at(MASKED(mode), clear_code, ARGS(0));
        check_done("MSR ALLINT, #0", &o);
        check_eq("ALLINT", o.x[1], 0);
    }
    o = run_at(MASKED(EL0T), write_code, ARGS(0));
    check_taken("ALLINT at EL0", &o, 1, FROM_LOWER, ESR(EC_UNKNOWN, 0));
    wrn(HCRX_EL2, HCRX_TALLINT);
    isb();
    o = run_at(MASKED(EL1H), write_code, ARGS(0));
    check_taken("TALLINT: register", &o, 2, FROM_LOWER, ESR(EC_SYSREG, ISS(0, 0, 4, 3, 3, 0)));
    o = run_at(MASKED(EL1H), set_code, ARGS(0));
    check_taken("TALLINT: immediate 1", &o, 2, FROM_LOWER, ESR(EC_SYSREG, ISS(1, 0, 4, 1, 0, 31)));
    o = run_at(MASKED(EL2H), write_code, ARGS(0));
    check_done("TALLINT at EL2", &o);
    wrn(HCRX_EL2, 0);
    isb();
}

int guest_main(void)
{
    gic_init();
    wr(scr_el3, rd(scr_el3) | SCR_HXEN);
    base_hcr = rd(hcr_el2);
    base_sctlr1 = rd(sctlr_el1);
    base_sctlr2 = rd(sctlr_el2);
    gic_priority(SGI, 0x80);
    gic_set(SGI, GICD_ISENABLER);
    check_eq("ID_AA64PFR1_EL1.NMI", FIELD(rd(id_aa64pfr1_el1), 36, 4), 1);
    masks();
    pending_state();
    without_hxen();
    entry();
    the_register();
    return 0;
}
