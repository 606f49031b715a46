/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generic timers. Arm DDI 0487, chapter D12 "The Generic Timer in AArch64 state", and the access
 * pseudocode of each CNT* register.
 *
 * The counter is floor(ticks * freq / 10^12), exactly, so it never drifts; a timer's event is at
 * the first tick at which its condition holds. Left out: the memory-mapped frames, CNTHCTL_EL2
 * mask bits of FEAT_RME, the physical counter's other clock modes of CNTCR.
 */
#include "devices/gtimer.h"

#include <string.h>

#include "base/bits.h"

#define HCR_E2H   BIT(34)
#define HCR_TGE   BIT(27)
#define HCR_NV    BIT(42)
#define HCR_NV1   BIT(43)
#define HCR_NV2   BIT(45)
#define SCR_NS    BIT(0)
#define SCR_ST    BIT(11)
#define SCR_EEL2  BIT(18)
#define SCR_ECVEN BIT(28)

/* CNTKCTL_EL1, and CNTHCTL_EL2 with E2H = 1 */
enum {
    CTL_EL0PCTEN = 1 << 0,
    CTL_EL0VCTEN = 1 << 1,
    CTL_EVNTEN = 1 << 2,
    CTL_EVNTDIR = 1 << 3,
    CTL_EL0VTEN = 1 << 8,
    CTL_EL0PTEN = 1 << 9,
    CTL_EVNTIS = 1 << 17
};
#define CTL_EVNTI_LO 4
/* CNTHCTL_EL2: the EL1 controls move with E2H */
enum {
    HCTL_EL1PCTEN = 1 << 0,
    HCTL_EL1PCEN = 1 << 1,
    HCTL_EL1PCTEN_E2H = 1 << 10,
    HCTL_EL1PTEN_E2H = 1 << 11,
    HCTL_ECV = 1 << 12,
    HCTL_EL1TVT = 1 << 13,
    HCTL_EL1TVCT = 1 << 14,
    HCTL_EL1NVPCT = 1 << 15,
    HCTL_EL1NVVCT = 1 << 16
};
#define HCTL_MASK     0xfffU
#define HCTL_MASK_ECV (HCTL_ECV | HCTL_EL1TVT | HCTL_EL1TVCT | HCTL_EL1NVPCT | HCTL_EL1NVVCT)

enum { TIMER_ENABLE = 1 << 0, TIMER_IMASK = 1 << 1, TIMER_ISTATUS = 1 << 2 };

struct timer {
    uint64_t cval;
    uint8_t ctl; /* ENABLE, IMASK */
    enum gtimer_id id;
    struct gtimer_pe *pe;
    struct event ev;
    struct irq_line out;
};

struct gtimer_pe {
    struct gtimer *t;
    uint64_t cntvoff, cntpoff;
    uint32_t cntkctl, cnthctl;
    bool poff_on; /* CNTPOFF_EL2 applies to CNTP now */
    /* Event streams: which of EL1's and EL2's run; whether there was an event until `streamed_to`
     * that nobody has taken. */
    bool streams[2], event;
    tick_t streamed_to;
    struct timer timer[GTIMER_N];
    const struct trace_port *trace; /* NULL: nobody listens */
};

struct gtimer {
    struct gtimer_cfg cfg;
    struct evq *q;
    uint64_t num, den; /* counter = ticks * num / den */
    uint64_t inverse;  /* of den: 2^64 / den or up to 1 less */
    uint32_t cntfrq;
    uint64_t shown; /* the highest count that a PE has read */
    struct gtimer_pe *pe;
};

/* sysreg.sub: the timer and which of its registers; for others, the register's own number. */
enum { SUB_TVAL = 0x10, SUB_CTL = 0x20, SUB_CVAL = 0x30, SUB_EL02 = 0x100 };

/* ---- the counter ---- */

static uint64_t count_at(const struct gtimer *t, tick_t now)
{
    if (t->num != 1) {
        return (uint64_t)((unsigned __int128)now * t->num / t->den);
    }
    /* now / den without a division: the estimate is right or one too small. */
    uint64_t q = (uint64_t)((unsigned __int128)now * t->inverse >> 64);
    return q + (now - q * t->den >= t->den);
}

/*
 * PEs take turns, so one may be behind another in time. What follows a read of the counter, by
 * whatever way the PEs synchronize, comes later in the run of the machine: to it the counter has
 * never been less (D12.1.2). For a PE that is behind, it stands still for a moment.
 */
uint64_t gtimer_count(const struct gtimer *t)
{
    return MAX(count_at(t, evq_now(t->q)), t->shown);
}

static uint64_t show_count(struct gtimer *t, const struct pe_view *v)
{
    uint64_t count = gtimer_count(t);
    if (!v->debug) {
        t->shown = count;
    }
    return count;
}

tick_t gtimer_tick_of_count(const struct gtimer *t, uint64_t n)
{
    unsigned __int128 ticks = ((unsigned __int128)n * t->den + t->num - 1) / t->num;
    return ticks >= TICK_NEVER ? TICK_NEVER : (tick_t)ticks;
}

/* ---- one timer ---- */

static uint64_t offset_of(const struct timer *tm)
{
    switch (tm->id) {
    case GTIMER_VIRT:
        return tm->pe->cntvoff;
    case GTIMER_PHYS:
        return tm->pe->poff_on ? tm->pe->cntpoff : 0;
    default:
        return 0;
    }
}

static bool condition_met(const struct timer *tm)
{
    return gtimer_count(tm->pe->t) - offset_of(tm) >= tm->cval;
}

/* The counter value at which the condition next changes; false: never. */
static bool next_change(const struct timer *tm, uint64_t *out_count)
{
    uint64_t count = gtimer_count(tm->pe->t);
    uint64_t seen = count - offset_of(tm);
    /* It becomes false again when the offset counter wraps: 2^64 - seen from now. */
    uint64_t delta = seen < tm->cval ? tm->cval - seen : -seen;
    return delta != 0 && !__builtin_add_overflow(count, delta, out_count);
}

static void timer_update(struct timer *tm)
{
    struct gtimer *t = tm->pe->t;
    bool running = (tm->ctl & (TIMER_ENABLE | TIMER_IMASK)) == TIMER_ENABLE;
    uint64_t count;

    if (running && next_change(tm, &count)) {
        evq_schedule(t->q, &tm->ev, gtimer_tick_of_count(t, count));
    } else {
        evq_cancel(t->q, &tm->ev);
    }
    bool level = running && condition_met(tm);
    if (level && !tm->out.level) {
        TRACE(tm->pe->trace, TRACE_TIMER_FIRE, tm->id);
    }
    irq_set(&tm->out, level);
}

static void timer_event(void *opaque, tick_t now)
{
    timer_update(opaque);
}

/* ---- who is asking ---- */

static bool hcr_has(const struct pe_view *v, uint64_t bits)
{
    return v->el2_enabled && (v->hcr_el2 & bits) == bits;
}

/* ELIsInHost() of the EL that accesses. */
static bool in_host(const struct pe_view *v)
{
    return v->el == 2 ? hcr_has(v, HCR_E2H) : v->el == 0 && hcr_has(v, HCR_E2H | HCR_TGE);
}

static bool el1_or_el0_guest(const struct pe_view *v)
{
    return v->el < 2 && v->el2_enabled && !hcr_has(v, HCR_E2H | HCR_TGE);
}

static bool is_ns(const struct pe_view *v)
{
    return v->pas != PAS_S && v->pas != PAS_ROOT;
}

/* A base name in the host context means the EL2 timer of the Security state. */
static struct timer *timer_of(struct gtimer_pe *p, const struct pe_view *v, const struct sysreg *r)
{
    enum gtimer_id id = (enum gtimer_id)(r->sub & 0xf);
    if (!(r->sub & SUB_EL02) && in_host(v)) {
        if (id == GTIMER_PHYS) {
            id = is_ns(v) ? GTIMER_HYP : GTIMER_SEC_HYP;
        } else if (id == GTIMER_VIRT) {
            id = is_ns(v) ? GTIMER_HYPVIRT : GTIMER_SEC_HYPVIRT;
        }
    }
    return &p->timer[id];
}

/* ---- offsets of counter views ---- */

/* Does CNTPOFF_EL2 apply to what EL1 and EL0 see? (FEAT_ECV_POFF) */
static bool poff_applies(const struct gtimer_pe *p, const struct pe_view *v)
{
    bool allowed = !v->el3 || (v->scr_el3 & SCR_ECVEN) != 0;
    return p->t->cfg.ecv_poff && allowed && (p->cnthctl & HCTL_ECV) != 0 && v->el2_enabled &&
           !hcr_has(v, HCR_E2H | HCR_TGE);
}

static uint64_t cntvct_offset(const struct gtimer_pe *p, const struct pe_view *v)
{
    return in_host(v) ? 0 : p->cntvoff;
}

uint64_t gtimer_cntvct(const struct gtimer *t, unsigned pe, const struct pe_view *v)
{
    return gtimer_count(t) - cntvct_offset(&t->pe[pe], v);
}

tick_t gtimer_tick_of_cntvct(const struct gtimer *t, unsigned pe, const struct pe_view *v,
                             uint64_t n)
{
    uint64_t seen = gtimer_cntvct(t, pe, v);
    uint64_t count;
    if (seen >= n) {
        return evq_now(t->q);
    }
    return __builtin_add_overflow(gtimer_count(t), n - seen, &count)
               ? TICK_NEVER
               : gtimer_tick_of_count(t, count);
}

/* The offset TVAL works with: EL2 and EL3 see the physical counter itself. */
static uint64_t tval_offset(const struct timer *tm, const struct pe_view *v)
{
    return tm->id == GTIMER_PHYS && v->el >= 2 ? 0 : offset_of(tm);
}

/* ---- event streams ---- */

/* CNTKCTL_EL1's follows CNTVCT and is off in the host; CNTHCTL_EL2's follows CNTPCT. */
static void which_streams(const struct gtimer_pe *p, const struct pe_view *v, bool out[2])
{
    out[0] = (p->cntkctl & CTL_EVNTEN) != 0 && !hcr_has(v, HCR_E2H | HCR_TGE);
    out[1] = (p->cnthctl & CTL_EVNTEN) != 0 && v->el2_enabled;
}

/* The first edge after `when` of a stream that runs. */
static tick_t next_edge(const struct gtimer_pe *p, bool el2s, tick_t when)
{
    uint32_t ctl = el2s ? p->cnthctl : p->cntkctl;
    unsigned bit_n =
        extract32(ctl, CTL_EVNTI_LO, 4) + (p->t->cfg.ecv && (ctl & CTL_EVNTIS) ? 8 : 0);
    uint64_t period = BIT(bit_n + 1);
    uint64_t count = count_at(p->t, when);
    uint64_t phase = (count - (el2s ? 0 : p->cntvoff)) & (period - 1);
    uint64_t edge = ctl & CTL_EVNTDIR ? period : BIT(bit_n);
    uint64_t delta = edge > phase ? edge - phase : edge + period - phase;
    uint64_t at;
    return __builtin_add_overflow(count, delta, &at) ? TICK_NEVER : gtimer_tick_of_count(p->t, at);
}

/* Note events until now, before what decides about them changes. A PE may ask that is ahead. */
static void settle_streams(struct gtimer_pe *p)
{
    tick_t now = evq_now(p->t->q);
    for (unsigned i = 0; i < 2; i++) {
        p->event = p->event || (p->streams[i] && next_edge(p, i, p->streamed_to) <= now);
    }
    p->streamed_to = MAX(now, p->streamed_to);
}

static void follow_streams(struct gtimer_pe *p, const struct pe_view *v)
{
    bool on[2];
    which_streams(p, v, on);
    if (on[0] != p->streams[0] || on[1] != p->streams[1]) {
        settle_streams(p);
        memcpy(p->streams, on, sizeof(on));
    }
}

tick_t gtimer_next_event(const struct gtimer *t, unsigned pe, const struct pe_view *v)
{
    const struct gtimer_pe *p = &t->pe[pe];
    tick_t next = TICK_NEVER;
    bool on[2];
    which_streams(p, v, on);
    for (unsigned i = 0; i < 2; i++) {
        next = on[i] ? MIN(next, next_edge(p, i, evq_now(t->q))) : next;
    }
    return next;
}

bool gtimer_take_event(struct gtimer *t, unsigned pe, const struct pe_view *v)
{
    struct gtimer_pe *p = &t->pe[pe];
    follow_streams(p, v);
    settle_streams(p);
    bool event = p->event;
    p->event = false;
    return event;
}

/* ---- what depends on the state of the PE ---- */

static void follow_state(struct gtimer_pe *p, const struct pe_view *v)
{
    bool on = poff_applies(p, v);
    if (on != p->poff_on) {
        p->poff_on = on;
        timer_update(&p->timer[GTIMER_PHYS]);
    }
    follow_streams(p, v);
}

void gtimer_pe_state_changed(struct gtimer *t, unsigned pe, const struct pe_view *v)
{
    follow_state(&t->pe[pe], v);
}

/* ---- access checks, in the order of the manual's pseudocode ---- */

/* EL0: CNTKCTL_EL1, or CNTHCTL_EL2 in the host context, must grant one of the bits. */
static enum sr_verdict check_el0(const struct gtimer_pe *p, const struct pe_view *v, uint32_t bits)
{
    if (in_host(v)) {
        return p->cnthctl & bits ? SR_OK : SR_TRAP_EL2;
    }
    if (p->cntkctl & bits) {
        return SR_OK;
    }
    return hcr_has(v, HCR_TGE) ? SR_TRAP_EL2 : SR_TRAP_EL1;
}

/* CNTHCTL_EL2's trap of EL1 and EL0 accesses to the physical timer or counter. */
static bool el2_denies(const struct gtimer_pe *p, const struct pe_view *v, uint32_t bit_e2h0,
                       uint32_t bit_e2h1)
{
    if (v->el > 1 || !v->el2_enabled || in_host(v)) {
        return false;
    }
    return !(p->cnthctl & (v->hcr_el2 & HCR_E2H ? bit_e2h1 : bit_e2h0));
}

/* FEAT_ECV: trap of EL1 and EL0 accesses to the virtual timer or counter. */
static bool ecv_traps(const struct gtimer_pe *p, const struct pe_view *v, uint32_t trap_bit)
{
    return el1_or_el0_guest(v) && (p->cnthctl & trap_bit) != 0;
}

static enum sr_verdict check_cntp(void *owner, const struct pe_view *v, const struct sysreg *r,
                                  bool write)
{
    enum sr_verdict verdict = v->el == 0 ? check_el0(owner, v, CTL_EL0PTEN) : SR_OK;
    if (verdict == SR_OK && el2_denies(owner, v, HCTL_EL1PCEN, HCTL_EL1PTEN_E2H)) {
        return SR_TRAP_EL2;
    }
    return verdict;
}

static enum sr_verdict check_cntpct(void *owner, const struct pe_view *v, const struct sysreg *r,
                                    bool write)
{
    enum sr_verdict verdict = v->el == 0 ? check_el0(owner, v, CTL_EL0PCTEN) : SR_OK;
    if (verdict == SR_OK && el2_denies(owner, v, HCTL_EL1PCTEN, HCTL_EL1PCTEN_E2H)) {
        return SR_TRAP_EL2;
    }
    return verdict;
}

static enum sr_verdict check_cntv(void *owner, const struct pe_view *v, const struct sysreg *r,
                                  bool write)
{
    enum sr_verdict verdict = v->el == 0 ? check_el0(owner, v, CTL_EL0VTEN) : SR_OK;
    return verdict == SR_OK && ecv_traps(owner, v, HCTL_EL1TVT) ? SR_TRAP_EL2 : verdict;
}

static enum sr_verdict check_cntvct(void *owner, const struct pe_view *v, const struct sysreg *r,
                                    bool write)
{
    enum sr_verdict verdict = v->el == 0 ? check_el0(owner, v, CTL_EL0VCTEN) : SR_OK;
    return verdict == SR_OK && ecv_traps(owner, v, HCTL_EL1TVCT) ? SR_TRAP_EL2 : verdict;
}

/* CNTPCTSS_EL0, CNTVCTSS_EL0 */
static enum sr_verdict check_cntpctss(void *owner, const struct pe_view *v, const struct sysreg *r,
                                      bool write)
{
    const struct gtimer_pe *p = owner;
    return p->t->cfg.ecv ? check_cntpct(owner, v, r, write) : SR_UNDEF;
}

static enum sr_verdict check_cntvctss(void *owner, const struct pe_view *v, const struct sysreg *r,
                                      bool write)
{
    const struct gtimer_pe *p = owner;
    return p->t->cfg.ecv ? check_cntvct(owner, v, r, write) : SR_UNDEF;
}

/* Readable at EL0 when either counter is; written at the highest Exception level only. */
static enum sr_verdict check_cntfrq(void *owner, const struct pe_view *v, const struct sysreg *r,
                                    bool write)
{
    const struct gtimer_pe *p = owner;
    uint8_t highest = v->el3 ? 3 : p->t->cfg.el2 ? 2 : 1;
    if (write) {
        return v->el == highest ? SR_OK : SR_UNDEF;
    }
    return v->el == 0 ? check_el0(p, v, CTL_EL0PCTEN | CTL_EL0VCTEN) : SR_OK;
}

/* The EL1 timers under their _EL02 names. At EL1 only nested virtualization gives them meaning. */
static enum sr_verdict check_el02(void *owner, const struct pe_view *v, const struct sysreg *r,
                                  bool write)
{
    const struct gtimer_pe *p = owner;
    if (!p->t->cfg.vhe) {
        return SR_UNDEF;
    }
    if (v->el == 1) {
        uint32_t trap_bit = (r->sub & 0xf) == GTIMER_PHYS ? HCTL_EL1NVPCT : HCTL_EL1NVVCT;
        bool to_memory = hcr_has(v, HCR_NV | HCR_NV2) && !hcr_has(v, HCR_NV1);
        if (to_memory && !(p->cnthctl & trap_bit)) {
            return SR_OK;
        }
        return hcr_has(v, HCR_NV) ? SR_TRAP_EL2 : SR_UNDEF;
    }
    return hcr_has(v, HCR_E2H) ? SR_OK : SR_UNDEF;
}

/* CNTKCTL_EL12 never lives in memory. */
static enum sr_verdict check_el12(void *owner, const struct pe_view *v, const struct sysreg *r,
                                  bool write)
{
    const struct gtimer_pe *p = owner;
    if (!p->t->cfg.vhe) {
        return SR_UNDEF;
    }
    if (v->el == 1) {
        return hcr_has(v, HCR_NV) ? SR_TRAP_EL2 : SR_UNDEF;
    }
    return hcr_has(v, HCR_E2H) ? SR_OK : SR_UNDEF;
}

/* CNTPS: EL3, and Secure EL1 if SCR_EL3.ST lets it and there is no Secure EL2 above it. */
static enum sr_verdict check_cntps(void *owner, const struct pe_view *v, const struct sysreg *r,
                                   bool write)
{
    if (!v->el3 || v->el == 2) {
        return SR_UNDEF;
    }
    if (v->el == 3) {
        return SR_OK;
    }
    if (is_ns(v) || v->el2_enabled) {
        return SR_UNDEF;
    }
    return v->scr_el3 & SCR_ST ? SR_OK : SR_TRAP_EL3;
}

static enum sr_verdict check_cnthv(void *owner, const struct pe_view *v, const struct sysreg *r,
                                   bool write)
{
    const struct gtimer_pe *p = owner;
    return p->t->cfg.vhe ? SR_OK : SR_UNDEF;
}

static enum sr_verdict check_sel2(void *owner, const struct pe_view *v, const struct sysreg *r,
                                  bool write)
{
    const struct gtimer_pe *p = owner;
    bool exists = v->el == 3 ? (v->scr_el3 & SCR_EEL2) != 0 : !is_ns(v);
    return p->t->cfg.sel2 && exists ? SR_OK : SR_UNDEF;
}

static enum sr_verdict check_cntpoff(void *owner, const struct pe_view *v, const struct sysreg *r,
                                     bool write)
{
    const struct gtimer_pe *p = owner;
    if (!p->t->cfg.ecv_poff) {
        return SR_UNDEF;
    }
    return v->el3 && v->el == 2 && !(v->scr_el3 & SCR_ECVEN) ? SR_TRAP_EL3 : SR_OK;
}

/* ---- registers ---- */

static uint64_t read_timer(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    struct gtimer_pe *p = owner;
    follow_state(p, v);
    struct timer *tm = timer_of(p, v, r);
    switch (r->sub & 0xf0) {
    case SUB_TVAL:
        return (uint32_t)(tm->cval - (show_count(p->t, v) - tval_offset(tm, v)));
    case SUB_CTL:
        show_count(p->t, v);
        return tm->ctl | (tm->ctl & TIMER_ENABLE && condition_met(tm) ? TIMER_ISTATUS : 0);
    default:
        return tm->cval;
    }
}

static void write_timer(void *owner, const struct pe_view *v, const struct sysreg *r, uint64_t val)
{
    struct gtimer_pe *p = owner;
    follow_state(p, v);
    struct timer *tm = timer_of(p, v, r);
    switch (r->sub & 0xf0) {
    case SUB_TVAL:
        tm->cval = show_count(p->t, v) - tval_offset(tm, v) + (uint64_t)sextract64(val, 0, 32);
        break;
    case SUB_CTL:
        tm->ctl = val & (TIMER_ENABLE | TIMER_IMASK);
        break;
    default:
        tm->cval = val;
        break;
    }
    TRACE(tm->pe->trace, TRACE_TIMER_SET, tm->id, tm->ctl, tm->cval);
    timer_update(tm);
}

static uint64_t read_cntpct(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    const struct gtimer_pe *p = owner;
    uint64_t offset = v->el < 2 && poff_applies(p, v) ? p->cntpoff : 0;
    return show_count(p->t, v) - offset;
}

static uint64_t read_cntvct(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    const struct gtimer_pe *p = owner;
    return show_count(p->t, v) - cntvct_offset(p, v);
}

static uint64_t read_cntfrq(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    const struct gtimer_pe *p = owner;
    return p->t->cntfrq;
}

/* Software's note of the frequency: changes nothing else. */
static void write_cntfrq(void *owner, const struct pe_view *v, const struct sysreg *r, uint64_t val)
{
    struct gtimer_pe *p = owner;
    p->t->cntfrq = (uint32_t)val;
}

static uint64_t read_cntvoff(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    const struct gtimer_pe *p = owner;
    return p->cntvoff;
}

static void write_cntvoff(void *owner, const struct pe_view *v, const struct sysreg *r,
                          uint64_t val)
{
    struct gtimer_pe *p = owner;
    settle_streams(p);
    p->cntvoff = val;
    timer_update(&p->timer[GTIMER_VIRT]);
}

static uint64_t read_cntpoff(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    const struct gtimer_pe *p = owner;
    return p->cntpoff;
}

static void write_cntpoff(void *owner, const struct pe_view *v, const struct sysreg *r,
                          uint64_t val)
{
    struct gtimer_pe *p = owner;
    p->cntpoff = val;
    follow_state(p, v);
    timer_update(&p->timer[GTIMER_PHYS]);
}

static uint64_t read_cnthctl(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    const struct gtimer_pe *p = owner;
    return p->cnthctl;
}

static void write_cnthctl(void *owner, const struct pe_view *v, const struct sysreg *r,
                          uint64_t val)
{
    struct gtimer_pe *p = owner;
    uint32_t mask = HCTL_MASK | (p->t->cfg.ecv ? HCTL_MASK_ECV | CTL_EVNTIS : 0);
    mask &= p->t->cfg.ecv_poff ? UINT32_MAX : ~(uint32_t)HCTL_ECV;
    settle_streams(p);
    p->cnthctl = (uint32_t)val & mask;
    follow_state(p, v);
}

/* CNTKCTL_EL1 at EL2 with E2H is CNTHCTL_EL2; CNTKCTL_EL12 never is. */
static bool kctl_is_hctl(const struct pe_view *v, const struct sysreg *r)
{
    return !(r->sub & SUB_EL02) && v->el == 2 && in_host(v);
}

static uint64_t read_cntkctl(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    const struct gtimer_pe *p = owner;
    return kctl_is_hctl(v, r) ? p->cnthctl : p->cntkctl;
}

static void write_cntkctl(void *owner, const struct pe_view *v, const struct sysreg *r,
                          uint64_t val)
{
    struct gtimer_pe *p = owner;
    if (kctl_is_hctl(v, r)) {
        write_cnthctl(owner, v, r, val);
    } else {
        settle_streams(p);
        p->cntkctl = (uint32_t)val; /* RES0 bits hold state: a guest hypervisor keeps more here */
        follow_streams(p, v);
    }
}

/* clang-format off */
#define TIMER(pfx, sfx, op1, crm, el, id, check)                                                   \
    {pfx "_TVAL_" sfx, SYSREG_ENC(3, op1, 14, crm, 0), el, el, SUB_TVAL | (id), check, read_timer, write_timer}, \
    {pfx "_CTL_" sfx,  SYSREG_ENC(3, op1, 14, crm, 1), el, el, SUB_CTL | (id),  check, read_timer, write_timer}, \
    {pfx "_CVAL_" sfx, SYSREG_ENC(3, op1, 14, crm, 2), el, el, SUB_CVAL | (id), check, read_timer, write_timer}

static const struct sysreg gtimer_regs[] = {
    {"CNTKCTL_EL1",  SYSREG_ENC(3, 0, 14, 1, 0), 1, 1, 0, NULL, read_cntkctl, write_cntkctl},
    {"CNTFRQ_EL0",   SYSREG_ENC(3, 3, 14, 0, 0), 0, 1, 0, check_cntfrq, read_cntfrq, write_cntfrq},
    {"CNTPCT_EL0",   SYSREG_ENC(3, 3, 14, 0, 1), 0, 4, 0, check_cntpct, read_cntpct, NULL},
    {"CNTVCT_EL0",   SYSREG_ENC(3, 3, 14, 0, 2), 0, 4, 0, check_cntvct, read_cntvct, NULL},
    {"CNTPCTSS_EL0", SYSREG_ENC(3, 3, 14, 0, 5), 0, 4, 0, check_cntpctss, read_cntpct, NULL},
    {"CNTVCTSS_EL0", SYSREG_ENC(3, 3, 14, 0, 6), 0, 4, 0, check_cntvctss, read_cntvct, NULL},
    TIMER("CNTP", "EL0", 3, 2, 0, GTIMER_PHYS, check_cntp),
    TIMER("CNTV", "EL0", 3, 3, 0, GTIMER_VIRT, check_cntv),
    {"CNTVOFF_EL2",  SYSREG_ENC(3, 4, 14, 0, 3), 2, 2, 0, NULL, read_cntvoff, write_cntvoff},
    {"CNTPOFF_EL2",  SYSREG_ENC(3, 4, 14, 0, 6), 2, 2, 0, check_cntpoff, read_cntpoff, write_cntpoff},
    {"CNTHCTL_EL2",  SYSREG_ENC(3, 4, 14, 1, 0), 2, 2, 0, NULL, read_cnthctl, write_cnthctl},
    TIMER("CNTHP", "EL2", 4, 2, 2, GTIMER_HYP, NULL),
    TIMER("CNTHV", "EL2", 4, 3, 2, GTIMER_HYPVIRT, check_cnthv),
    TIMER("CNTHVS", "EL2", 4, 4, 2, GTIMER_SEC_HYPVIRT, check_sel2),
    TIMER("CNTHPS", "EL2", 4, 5, 2, GTIMER_SEC_HYP, check_sel2),
    {"CNTKCTL_EL12", SYSREG_ENC(3, 5, 14, 1, 0), 2, 2, SUB_EL02, check_el12, read_cntkctl, write_cntkctl},
    TIMER("CNTP", "EL02", 5, 2, 2, SUB_EL02 | GTIMER_PHYS, check_el02),
    TIMER("CNTV", "EL02", 5, 3, 2, SUB_EL02 | GTIMER_VIRT, check_el02),
    TIMER("CNTPS", "EL1", 7, 2, 1, GTIMER_SEC, check_cntps),
};
/* clang-format on */

struct sysreg_set gtimer_sysregs(struct gtimer *t, unsigned pe)
{
    ASSERT(pe < t->cfg.n_pe);
    return (struct sysreg_set){gtimer_regs, ARRAY_LEN(gtimer_regs), &t->pe[pe]};
}

/* ---- life ---- */

static uint64_t gcd(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t r = a % b;
        a = b;
        b = r;
    }
    return a;
}

static void init_pe(struct gtimer *t, struct gtimer_pe *p)
{
    p->t = t;
    for (unsigned i = 0; i < GTIMER_N; i++) {
        struct timer *tm = &p->timer[i];
        tm->id = (enum gtimer_id)i;
        tm->pe = p;
        tm->ev = (struct event){.name = "gtimer", .fn = timer_event, .opaque = tm};
    }
}

struct gtimer *gtimer_new(const struct gtimer_cfg *cfg, struct evq *q, GError **err)
{
    if (cfg->freq_hz < 1 || cfg->freq_hz > TICKS_PER_SEC) {
        fail(err, ERR_OPTION, "timer frequency %llu Hz: 1 Hz to 1 THz are possible",
             (unsigned long long)cfg->freq_hz);
        return NULL;
    }
    struct gtimer *t = g_new0(struct gtimer, 1);
    uint64_t common = gcd(TICKS_PER_SEC, cfg->freq_hz);
    t->cfg = *cfg;
    t->q = q;
    t->num = cfg->freq_hz / common;
    t->den = TICKS_PER_SEC / common;
    t->inverse = UINT64_MAX / t->den;
    t->pe = g_new0(struct gtimer_pe, cfg->n_pe);
    for (unsigned n = 0; n < cfg->n_pe; n++) {
        init_pe(t, &t->pe[n]);
    }
    gtimer_reset(t);
    return t;
}

/* clang-format off */
static const struct snap_field timer_fields[] = {
    SNAP_FIELD(struct timer, cval),
    SNAP_UPTO(struct timer, ctl, TIMER_ENABLE | TIMER_IMASK),
    SNAP_EVENT(struct timer, ev),
    SNAP_LINES(struct timer, out),
};
static const struct snap_desc timer_desc = SNAP_DESC(0, timer_fields);
static const struct snap_field pe_fields[] = {
    SNAP_FIELD(struct gtimer_pe, cntvoff),
    SNAP_FIELD(struct gtimer_pe, cntpoff),
    SNAP_FIELD(struct gtimer_pe, cntkctl),
    SNAP_FIELD(struct gtimer_pe, cnthctl),
    SNAP_FIELD(struct gtimer_pe, poff_on),
    {SNAP_AT(struct gtimer_pe, streams), .elem = 1, .count = 2, .kind = SNAP_BOOL, .since = 2},
    {SNAP_AT(struct gtimer_pe, event), .elem = 1, .count = 1, .kind = SNAP_BOOL, .since = 2},
    {SNAP_AT(struct gtimer_pe, streamed_to), .elem = sizeof(tick_t), .count = 1, .since = 2},
    SNAP_STRUCTS(struct gtimer_pe, timer, struct timer, &timer_desc),
};
static const struct snap_desc pe_desc = SNAP_DESC(0, pe_fields);
static const struct snap_field gtimer_fields[] = {
    SNAP_FIELD(struct gtimer, cntfrq),
    {SNAP_AT(struct gtimer, shown), .elem = sizeof(uint64_t), .count = 1, .since = 3},
};
/* clang-format on */
static const struct snap_desc gtimer_desc = SNAP_DESC(3, gtimer_fields);

void gtimer_snap(struct gtimer *t, struct snap *s)
{
    snap_begin(s, "gtimer", gtimer_desc.version);
    snap_fields(s, &gtimer_desc, t);
    for (unsigned n = 0; n < t->cfg.n_pe; n++) {
        snap_enter(s, "pe", n);
        snap_fields(s, &pe_desc, &t->pe[n]);
        snap_leave(s);
    }
    snap_end(s);
}

/* CNTHCTL_EL2 resets to UNKNOWN: both EL1 enables set, so that an EL1 kernel started without an
 * EL2 stage finds its timers. */
void gtimer_reset(struct gtimer *t)
{
    t->cntfrq = (uint32_t)t->cfg.freq_hz;
    for (unsigned n = 0; n < t->cfg.n_pe; n++) {
        struct gtimer_pe *p = &t->pe[n];
        p->cntvoff = p->cntpoff = 0;
        p->cntkctl = 0;
        p->cnthctl = HCTL_EL1PCTEN | HCTL_EL1PCEN;
        p->poff_on = false;
        memset(p->streams, 0, sizeof(p->streams));
        p->event = false;
        p->streamed_to = evq_now(t->q);
        for (unsigned i = 0; i < GTIMER_N; i++) {
            p->timer[i].cval = 0;
            p->timer[i].ctl = 0;
            timer_update(&p->timer[i]);
        }
    }
}

void gtimer_free(struct gtimer *t)
{
    if (t == NULL) {
        return;
    }
    for (unsigned n = 0; n < t->cfg.n_pe; n++) {
        for (unsigned i = 0; i < GTIMER_N; i++) {
            evq_cancel(t->q, &t->pe[n].timer[i].ev);
        }
    }
    g_free(t->pe);
    g_free(t);
}

void gtimer_set_trace(struct gtimer *t, unsigned pe, const struct trace_port *port)
{
    ASSERT(pe < t->cfg.n_pe);
    t->pe[pe].trace = port;
}

struct irq_line *gtimer_output(struct gtimer *t, unsigned pe, enum gtimer_id id)
{
    ASSERT(pe < t->cfg.n_pe && id < GTIMER_N);
    return &t->pe[pe].timer[id].out;
}
