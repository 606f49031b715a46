/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where physical IRQs and FIQs go and what masks them: every combination of SCR_EL3.{NS, EEL2, IRQ,
 * FIQ}, HCR_EL2.{E2H, TGE, IMO, FMO}, exception level and PSTATE mask. Arm ARM D1.3.6 "Asynchronous
 * exception types, routing, masking, and priorities", its tables with EL3 and EL2 implemented.
 */
#include "gic.h"

#define SCR_NS   BIT(0)
#define SCR_IRQ  BIT(1)
#define SCR_FIQ  BIT(2)
#define SCR_EEL2 BIT(18)
#define HCR_TGE  BIT(27)
#define HCR_E2H  BIT(34)
#define PSTATE_F BIT(6)
#define PSTATE_I BIT(7)
#define SGI      3

SNIPPET(linger_code, "mov x9, #64\n1: subs x9, x9, #1\nb.ne 1b");

static const struct type {
    const char *name;
    uint64_t scr, hcr, mask;
    unsigned vector;
    bool group1, ds;
    unsigned levels; /* a bit each: where the interrupt is of this type */
} types[] = {
    {"IRQ", SCR_IRQ, HCR_IMO, PSTATE_I, VEC_IRQ, true, false, 0x7},
    {"FIQ", SCR_FIQ, HCR_FMO, PSTATE_F, VEC_FIQ, false, false, 0xf},
    /* DS cannot be cleared again: last. */
    {"IRQ with one Security state", SCR_IRQ, HCR_IMO, PSTATE_I, VEC_IRQ, true, true, 0xf},
};

static const struct state {
    const char *name;
    uint64_t scr;
    bool el2; /* EL2 is enabled */
} states[] = {
    {"Non-secure", SCR_NS, true},
    {"Secure without EL2", 0, false},
    {"Secure with EL2", SCR_EEL2, true},
};

/* Target by current level; PEND: not taken at all, NONE: there is no such state. */
enum { PEND = 0, NONE = 9 };
static const struct row {
    bool to_el3, tge, mo;
    uint8_t target[4];
} rows[] = {
    {false, false, false, {1, 1, PEND, PEND}}, {false, false, true, {2, 2, 2, PEND}},
    {false, true, false, {2, NONE, 2, PEND}},  {false, true, true, {2, NONE, 2, PEND}},
    {true, false, false, {3, 3, 3, 3}},        {true, false, true, {3, 3, 3, 3}},
    {true, true, false, {3, NONE, 3, 3}},      {true, true, true, {3, NONE, 3, 3}},
};

static uint64_t base_scr, base_hcr;

/* Without EL2 its controls count as 0, and there is no such level. */
static unsigned target_of(const struct row *r, const struct state *s, unsigned el)
{
    if (s->el2) {
        return r->target[el];
    }
    return el == 2 ? NONE : rows[r->to_el3 ? 4 : 0].target[el];
}

/* PSTATE masks at the level itself, at EL0 for EL1, and at EL0 for a host at EL2 (E2H, TGE). */
static bool mask_counts(unsigned el, unsigned target, bool host)
{
    return target == el || target == 1 || (target == 2 && host);
}

static void one(const struct type *t, const struct state *s, const struct row *r, bool e2h,
                unsigned el, bool masked)
{
    static const uint64_t modes[] = {EL0T, EL1H, EL2H, EL3H};
    uint64_t other_scr = r->to_el3 ? 0 : (SCR_IRQ | SCR_FIQ) & ~t->scr;
    uint64_t other_hcr = r->mo ? 0 : (HCR_IMO | HCR_FMO) & ~t->hcr;
    unsigned target = target_of(r, s, el), failures = guest_failures_so_far();

    if (target == NONE || !(t->levels & BIT(el))) {
        return;
    }
    /* Group 1 of the state that the PE is in: an IRQ there. */
    mmio_write32(gic_frame(SGI) + GICD_IGRPMODR, t->group1 && s->scr != SCR_NS ? 1u << SGI : 0);
    mmio_write32(gic_frame(SGI) + GICD_IGROUPR, t->group1 && (t->ds || s->scr == SCR_NS) ? ~0u : 0);
    wr(scr_el3, (base_scr & ~SCR_NS) | s->scr | (r->to_el3 ? t->scr : 0) | other_scr);
    wr(hcr_el2,
       base_hcr | (r->mo ? t->hcr : 0) | (r->tge ? HCR_TGE : 0) | (e2h ? HCR_E2H : 0) | other_hcr);
    isb();
    struct outcome o = run_at((modes[el] | DAIF) & ~(masked ? 0 : t->mask), linger_code, ARGS(0));
    wr(scr_el3, base_scr);
    wr(hcr_el2, base_hcr);
    isb();
    if (target == PEND || (masked && mask_counts(el, target, s->el2 && e2h && r->tge))) {
        check_done(t->name, &o);
    } else {
        unsigned from = target == el ? FROM_SPX : FROM_LOWER;

        check_eq(t->name, o.done ? 0 : o.el, target);
        check_eq(t->name, o.vector, from | t->vector);
    }
    if (guest_failures_so_far() != failures) {
        print(s->name);
        print(r->to_el3 ? " SCR=1" : " SCR=0");
        print(r->tge ? " TGE=1" : " TGE=0");
        print(e2h ? " E2H=1" : " E2H=0");
        print(r->mo ? " xMO=1" : " xMO=0");
        print(masked ? " masked" : " unmasked");
        print(" at EL");
        print_dec(el);
        print("\n");
    }
}

static void all(const struct type *t)
{
    for (unsigned s = 0; s < ARRAY_LEN(states); s++) {
        for (unsigned r = 0; r < ARRAY_LEN(rows); r++) {
            for (unsigned i = 0; i < 16; i++) {
                one(t, &states[s], &rows[r], i & 1, i >> 2, i & 2);
            }
        }
    }
}

int guest_main(void)
{
    gic_init();
    base_scr = rd(scr_el3);
    base_hcr = rd(hcr_el2);
    gic_priority(SGI, 0x80);
    gic_set(SGI, GICD_ISENABLER);
    gic_set(SGI, GICD_ISPENDR);
    for (unsigned i = 0; i < ARRAY_LEN(types); i++) {
        if (types[i].ds) {
            mmio_write32(GICD_BASE + GICD_CTLR, 0x53); /* DS, ARE, both groups */
        }
        all(&types[i]);
    }
    return 0;
}
