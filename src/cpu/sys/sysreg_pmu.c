/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/sys/sysreg_pmu.h"

#include "cpu/sys/sysreg_index.h"

#define N_EVENTS 6
#define CYCLE    31 /* the cycle counter's bit in the set registers */
#define ALL_BITS (BIT(CYCLE) | (BIT(N_EVENTS) - 1))

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
#define MDCR3_SPME  BIT(17)
#define MDCR3_SCCD  BIT(23)
#define MDCR3_MCCD  BIT(34)
#define MDCR3_MPMX  BIT(35)

/* Events of PMEVTYPERn_EL0.evtCount. */
enum {
    EVT_SW_INCR = 0x00,
    EVT_INST_RETIRED = 0x08,
    EVT_CPU_CYCLES = 0x11,
    EVT_CHAIN = 0x1e,
    EVT_STALL_FRONTEND = 0x23,
    EVT_STALL_BACKEND = 0x24,
    EVT_STALL = 0x3c
};

/* ---- which counters there are, for whom ---- */

/* Counters below this are EL1's, the others EL2's. */
static unsigned hpmn(const struct cpu *c)
{
    unsigned n = (unsigned)extract64(c->sr[SR_MDCR_EL2], 0, 5);
    return c->cfg.has_el2 && n < N_EVENTS ? n : N_EVENTS;
}

/* Bits of the set registers that the current EL sees. */
static uint64_t accessible(const struct cpu *c)
{
    bool limited = c->ps.el <= 1 && cpu_el2_enabled(c);
    unsigned n = limited ? hpmn(c) : N_EVENTS;
    return BIT(CYCLE) | (BIT(n) - 1);
}

static bool is_el2s(const struct cpu *c, unsigned n)
{
    return n != CYCLE && n >= hpmn(c);
}

/* The event counters of the range that counter n belongs to; the cycle counter goes with EL1's. */
static uint64_t range_of(const struct cpu *c, unsigned n)
{
    uint64_t el1s = BIT(hpmn(c)) - 1;
    return is_el2s(c, n) ? (BIT(N_EVENTS) - 1) & ~el1s : el1s;
}

static bool enabled(const struct cpu *c, unsigned n)
{
    bool on =
        is_el2s(c, n) ? (c->sr[SR_MDCR_EL2] & MDCR_HPME) != 0 : (c->sr[SR_PMCR_EL0] & PMCR_E) != 0;
    return on && bit(c->sr[SR_PMCNTENSET_EL0], n);
}

/* ---- whether a counter counts in the current state ---- */

/* PMEVTYPERn_EL0 and PMCCFILTR_EL0 have the same filter bits: P, U, NSK, NSU, NSH, M, SH. */
static bool filter_passes(const struct cpu *c, uint64_t f)
{
    bool secure = cpu_pas(c) == PAS_S;
    switch (c->ps.el) {
    case 0:
        return secure ? !bit(f, 30) : bit(f, 30) == bit(f, 28);
    case 1:
        return secure ? !bit(f, 31) : bit(f, 31) == bit(f, 29);
    case 2:
        return secure ? bit(f, 24) != bit(f, 27) : bit(f, 27);
    default:
        return bit(f, 31) == bit(f, 26);
    }
}

static bool in_secure(const struct cpu *c)
{
    return c->cfg.has_el3 && cpu_pas(c) == PAS_S;
}

/* Event counting is prohibited: in Secure state without SPME or, elsewhere than at EL3, MPMX
 * (FEAT_PMUv3p7); at EL3 with MPMX, but for EL2's counters with SPME; at EL2 with HPMD, but for
 * EL2's. */
static bool prohibited(const struct cpu *c, unsigned n)
{
    bool spme = (c->sr[SR_MDCR_EL3] & MDCR3_SPME) != 0;
    bool mpmx = (c->sr[SR_MDCR_EL3] & MDCR3_MPMX) != 0;
    return (in_secure(c) && !spme && !mpmx) ||
           (c->ps.el == 3 && mpmx && !(spme && is_el2s(c, n))) ||
           (c->ps.el == 2 && (c->sr[SR_MDCR_EL2] & MDCR_HPMD) != 0 && !is_el2s(c, n));
}

/* FEAT_PMUv3p7: an overflow in counter n's range freezes its event counters. */
static bool freezes(const struct cpu *c, unsigned n)
{
    return is_el2s(c, n) ? (c->sr[SR_MDCR_EL2] & MDCR_HPMFZO) != 0
                         : (c->sr[SR_PMCR_EL0] & PMCR_FZO) != 0;
}

static bool frozen(const struct cpu *c, unsigned n)
{
    return freezes(c, n) && (c->sr[SR_PMOVSSET_EL0] & range_of(c, n)) != 0;
}

static bool cycles_disabled(const struct cpu *c)
{
    return ((c->sr[SR_PMCR_EL0] & PMCR_DP) != 0 && (prohibited(c, CYCLE) || frozen(c, CYCLE))) ||
           (in_secure(c) && (c->sr[SR_MDCR_EL3] & MDCR3_SCCD) != 0) ||
           (c->ps.el == 3 && (c->sr[SR_MDCR_EL3] & MDCR3_MCCD) != 0) ||
           (c->ps.el == 2 && (c->sr[SR_MDCR_EL2] & MDCR_HCCD) != 0);
}

static bool counts(const struct cpu *c, unsigned n)
{
    if (!enabled(c, n)) {
        return false;
    }
    if (n == CYCLE) {
        return !cycles_disabled(c) && filter_passes(c, c->sr[SR_PMCCFILTR_EL0]);
    }
    return !prohibited(c, n) && !frozen(c, n) && filter_passes(c, c->sr[SR_PMEVTYPER0_EL0 + n]);
}

static unsigned event_of(const struct cpu *c, unsigned n)
{
    return (unsigned)extract64(c->sr[SR_PMEVTYPER0_EL0 + n], 0, 16);
}

/* An event that happens once an instruction. */
static bool counts_insns(const struct cpu *c, unsigned n)
{
    unsigned e = n == CYCLE ? EVT_CPU_CYCLES : event_of(c, n);
    return (e == EVT_INST_RETIRED || e == EVT_CPU_CYCLES) && counts(c, n);
}

/* ---- counting ---- */

static uint64_t *counter(struct cpu *c, unsigned n)
{
    return &c->sr[n == CYCLE ? SR_PMCCNTR_EL0 : SR_PMEVCNTR0_EL0 + n];
}

/* Event counters overflow at 32 bits unless FEAT_PMUv3p5 makes them long. */
static bool is_long(const struct cpu *c, unsigned n)
{
    if (n == CYCLE) {
        return true; /* PMCR_EL0.LC is RES1: no AArch32 */
    }
    return cpu_has(c, FEAT_PMUv3p5) && (is_el2s(c, n) ? (c->sr[SR_MDCR_EL2] & MDCR_HLP) != 0
                                                      : (c->sr[SR_PMCR_EL0] & PMCR_LP) != 0);
}

static uint64_t counter_mask(const struct cpu *c, unsigned n)
{
    return n == CYCLE || cpu_has(c, FEAT_PMUv3p5) ? UINT64_MAX : UINT32_MAX;
}

static void add(struct cpu *c, unsigned n, uint64_t by);

/* The odd counter of a pair may count overflows of the even one, also one that freezes it. */
static void overflowed(struct cpu *c, unsigned n)
{
    bool chained = n != CYCLE && n % 2 == 0 && n + 1 < N_EVENTS &&
                   event_of(c, n + 1) == EVT_CHAIN && counts(c, n + 1);
    c->sr[SR_PMOVSSET_EL0] |= BIT(n);
    if (chained) {
        add(c, n + 1, 1);
    }
}

static void add(struct cpu *c, unsigned n, uint64_t by)
{
    uint64_t *v = counter(c, n);
    uint64_t old = *v;
    bool carry = is_long(c, n) ? old + by < old : (old & UINT32_MAX) + by > UINT32_MAX;
    *v = (old + by) & counter_mask(c, n);
    if (carry) {
        overflowed(c, n);
    }
}

static void update_irq(struct cpu *c)
{
    uint64_t pending = c->sr[SR_PMOVSSET_EL0] & c->sr[SR_PMINTENSET_EL1] & ALL_BITS;
    uint64_t low = BIT(CYCLE) | (BIT(hpmn(c)) - 1);
    bool level = ((pending & low) != 0 && (c->sr[SR_PMCR_EL0] & PMCR_E) != 0) ||
                 ((pending & ~low) != 0 && (c->sr[SR_MDCR_EL2] & MDCR_HPME) != 0);
    irq_set(&c->sysregs->pmu.irq, level);
}

bool pmu_active(const struct cpu *c)
{
    return c->sr[SR_PMCNTENSET_EL0] != 0 &&
           ((c->sr[SR_PMCR_EL0] & PMCR_E) != 0 || (c->sr[SR_MDCR_EL2] & MDCR_HPME) != 0);
}

static bool exists(unsigned n)
{
    return bit(ALL_BITS, n);
}

void pmu_sync(struct cpu *c)
{
    struct pmu_state *p = &c->sysregs->pmu;
    uint64_t by = c->insns - p->insns;
    p->insns = c->insns;
    if (by == 0 || !pmu_active(c)) {
        return;
    }
    uint64_t counting = 0; /* before one of them freezes others */
    for (unsigned n = 0; n <= CYCLE; n++) {
        counting |= (uint64_t)(exists(n) && counts_insns(c, n)) << n;
    }
    for (unsigned n = 0; n <= CYCLE; n++) {
        if (bit(counting, n)) {
            add(c, n, by);
        }
    }
    update_irq(c);
}

/* Instructions until the counter overflows; UINT64_MAX: too far away to matter. */
static uint64_t insns_to_overflow(struct cpu *c, unsigned n)
{
    uint64_t v = *counter(c, n);
    return is_long(c, n) ? (v == 0 ? UINT64_MAX : -v) : (UINT64_C(1) << 32) - (v & UINT32_MAX);
}

/* Does anything but its own value depend on when counter n overflows? The interrupt, what it
 * freezes, a chained counter that does. */
static bool overflow_matters(const struct cpu *c, unsigned n)
{
    return bit(c->sr[SR_PMINTENSET_EL1], n) ||
           (n != CYCLE && (bit(c->sr[SR_PMINTENSET_EL1], n + 1) || freezes(c, n)));
}

void pmu_reschedule(struct cpu *c)
{
    struct pmu_state *p = &c->sysregs->pmu;
    uint64_t soonest = UINT64_MAX;
    update_irq(c);
    for (unsigned n = 0; n <= CYCLE && pmu_active(c); n++) {
        if (exists(n) && overflow_matters(c, n) && counts_insns(c, n)) {
            soonest = MIN(soonest, insns_to_overflow(c, n));
        }
    }
    /* An event more than 2^40 instructions away is due after the next reschedule. */
    bool near = soonest < BIT(40) && c->evq != NULL;
    if (near) {
        evq_schedule(c->evq, &p->overflow, c->time + soonest * c->ticks_per_insn);
    } else if (evq_pending(&p->overflow)) {
        evq_cancel(c->evq, &p->overflow);
    }
}

static void overflow_due(void *opaque, tick_t now)
{
    struct cpu *c = opaque;
    pmu_sync(c);
    pmu_reschedule(c);
}

struct irq_line *pmu_irq(struct cpu *c)
{
    return &c->sysregs->pmu.irq;
}

void pmu_init(struct cpu *c)
{
    c->sysregs->pmu.overflow =
        (struct event){.name = "pmu overflow", .fn = overflow_due, .opaque = c};
}

void pmu_finalize(struct cpu *c)
{
    if (evq_pending(&c->sysregs->pmu.overflow)) {
        evq_cancel(c->evq, &c->sysregs->pmu.overflow);
    }
}

/* PMCEIDn_EL0: bit n is event n (low word: 0 to 31 and 32 to 63) that has a counter. */
static void reset_event_ids(struct cpu *c)
{
    c->sr[SR_PMCEID0_EL0] =
        BIT(EVT_SW_INCR) | BIT(EVT_INST_RETIRED) | BIT(EVT_CPU_CYCLES) | BIT(EVT_CHAIN);
    c->sr[SR_PMCEID1_EL0] = 0;
    /* Stalls, which never happen without a timing model, must exist from these versions on. */
    if (cpu_has(c, FEAT_PMUv3p1)) {
        c->sr[SR_PMCEID1_EL0] |= BIT(EVT_STALL_FRONTEND - 32) | BIT(EVT_STALL_BACKEND - 32);
    }
    if (cpu_has(c, FEAT_PMUv3p4)) {
        c->sr[SR_PMCEID1_EL0] |= BIT(EVT_STALL - 32);
    }
}

void pmu_reset(struct cpu *c)
{
    struct pmu_state *p = &c->sysregs->pmu;
    p->insns = c->insns;
    if (!cpu_has(c, FEAT_PMUv3)) {
        return;
    }
    c->sr[SR_PMCR_EL0] = UINT64_C(0x41) << 24 | (uint64_t)c->sysregs->model->pmu_idcode << 16 |
                         N_EVENTS << 11 | PMCR_LC;
    c->sr[SR_MDCR_EL2] |= N_EVENTS;
    reset_event_ids(c);
    pmu_reschedule(c);
}

/* ---- hooks ---- */

/* Between these two, hooks may change what counts. */
static void begin(struct cpu *c)
{
    pmu_sync(c);
}

static void end(struct cpu *c)
{
    pmu_reschedule(c);
}

uint64_t sr_rd_pmcr(struct cpu *c, enum sr_id id)
{
    bool limited = c->ps.el <= 1 && cpu_el2_enabled(c);
    return limited ? deposit64(c->sr[id], 11, 5, hpmn(c)) : c->sr[id];
}

void sr_wr_pmcr(struct cpu *c, enum sr_id id, uint64_t v)
{
    uint64_t mask = PMCR_E | PMCR_DP | (cpu_has(c, FEAT_PMUv3p5) ? PMCR_LP : 0) |
                    (cpu_has(c, FEAT_PMUv3p7) ? PMCR_FZO : 0);
    uint64_t seen = accessible(c);
    begin(c);
    for (unsigned n = 0; n < N_EVENTS && (v & PMCR_P) != 0; n++) {
        if (bit(seen, n)) {
            *counter(c, n) = 0;
        }
    }
    if ((v & PMCR_C) != 0) {
        c->sr[SR_PMCCNTR_EL0] = 0;
    }
    c->sr[id] = (c->sr[id] & ~mask) | (v & mask);
    end(c);
}

/* Pairs of registers that set and clear the same bits; the SET register holds them. */
static enum sr_id set_storage(enum sr_id id, bool *out_set)
{
    *out_set = id == SR_PMCNTENSET_EL0 || id == SR_PMOVSSET_EL0 || id == SR_PMINTENSET_EL1;
    switch (id) {
    case SR_PMCNTENSET_EL0:
    case SR_PMCNTENCLR_EL0:
        return SR_PMCNTENSET_EL0;
    case SR_PMOVSSET_EL0:
    case SR_PMOVSCLR_EL0:
        return SR_PMOVSSET_EL0;
    default:
        return SR_PMINTENSET_EL1;
    }
}

uint64_t sr_rd_pmset(struct cpu *c, enum sr_id id)
{
    bool set;
    begin(c);
    return c->sr[set_storage(id, &set)] & accessible(c);
}

void sr_wr_pmset(struct cpu *c, enum sr_id id, uint64_t v)
{
    bool set;
    enum sr_id to = set_storage(id, &set);
    uint64_t bits = v & accessible(c) & ALL_BITS;
    begin(c);
    c->sr[to] = set ? c->sr[to] | bits : c->sr[to] & ~bits;
    end(c);
}

void sr_wr_pmswinc(struct cpu *c, enum sr_id id, uint64_t v)
{
    begin(c);
    for (unsigned n = 0; n < N_EVENTS; n++) {
        if (bit(v & accessible(c), n) && event_of(c, n) == EVT_SW_INCR && counts(c, n)) {
            add(c, n, 1);
        }
    }
    end(c);
}

uint64_t sr_rd_pmccntr(struct cpu *c, enum sr_id id)
{
    begin(c);
    return c->sr[id];
}

void sr_wr_pmccntr(struct cpu *c, enum sr_id id, uint64_t v)
{
    begin(c);
    c->sr[id] = v;
    end(c);
}

uint64_t sr_rd_pmevcntr(struct cpu *c, enum sr_id id)
{
    begin(c);
    return c->sr[id];
}

void sr_wr_pmevcntr(struct cpu *c, enum sr_id id, uint64_t v)
{
    begin(c);
    c->sr[id] = v & counter_mask(c, id - SR_PMEVCNTR0_EL0);
    end(c);
}

uint64_t sr_rd_pmevtyper(struct cpu *c, enum sr_id id)
{
    return c->sr[id];
}

/* Filter bits: NSK, NSU and M with EL3, NSH with EL2, SH with Secure EL2. */
static uint64_t filter_bits(const struct cpu *c)
{
    return BIT(31) | BIT(30) | (c->cfg.has_el3 ? BIT(29) | BIT(28) | BIT(26) : 0) |
           (c->cfg.has_el2 ? BIT(27) : 0) | (cpu_has(c, FEAT_SEL2) ? BIT(24) : 0);
}

void sr_wr_pmevtyper(struct cpu *c, enum sr_id id, uint64_t v)
{
    uint64_t event = cpu_has(c, FEAT_PMUv3p1) ? 0xffff : 0x3ff;
    begin(c);
    c->sr[id] = v & (filter_bits(c) | event);
    end(c);
}

uint64_t sr_rd_pmccfiltr(struct cpu *c, enum sr_id id)
{
    return c->sr[id];
}

void sr_wr_pmccfiltr(struct cpu *c, enum sr_id id, uint64_t v)
{
    begin(c);
    c->sr[id] = v & filter_bits(c);
    end(c);
}

/* The counter that PMSELR_EL0 selects; -1: none that is accessible (RAZ/WI). */
static int selected(const struct cpu *c)
{
    unsigned n = (unsigned)extract64(c->sr[SR_PMSELR_EL0], 0, 5);
    return n < N_EVENTS && bit(accessible(c), n) ? (int)n : -1;
}

uint64_t sr_rd_pmxevtyper(struct cpu *c, enum sr_id id)
{
    int n = selected(c);
    if (extract64(c->sr[SR_PMSELR_EL0], 0, 5) == CYCLE) {
        return c->sr[SR_PMCCFILTR_EL0];
    }
    return n < 0 ? 0 : c->sr[SR_PMEVTYPER0_EL0 + n];
}

void sr_wr_pmxevtyper(struct cpu *c, enum sr_id id, uint64_t v)
{
    int n = selected(c);
    if (extract64(c->sr[SR_PMSELR_EL0], 0, 5) == CYCLE) {
        sr_wr_pmccfiltr(c, SR_PMCCFILTR_EL0, v);
    } else if (n >= 0) {
        sr_wr_pmevtyper(c, SR_PMEVTYPER0_EL0 + n, v);
    }
}

uint64_t sr_rd_pmxevcntr(struct cpu *c, enum sr_id id)
{
    int n = selected(c);
    return n < 0 ? 0 : sr_rd_pmevcntr(c, SR_PMEVCNTR0_EL0 + n);
}

void sr_wr_pmxevcntr(struct cpu *c, enum sr_id id, uint64_t v)
{
    int n = selected(c);
    if (n >= 0) {
        sr_wr_pmevcntr(c, SR_PMEVCNTR0_EL0 + n, v);
    }
}
