/* SPDX-License-Identifier: Apache-2.0 */
/* Generic timers: the counter, each timer's condition, views and offsets, traps, event streams. */
#include <glib.h>

#include "base/bits.h"
#include "devices/gtimer.h"
#include "fakes/unit.h"

#define HCR_TGE   BIT(27)
#define HCR_E2H   BIT(34)
#define HCR_NV    BIT(42)
#define HCR_NV1   BIT(43)
#define HCR_NV2   BIT(45)
#define SCR_NS    BIT(0)
#define SCR_ST    BIT(11)
#define SCR_EEL2  BIT(18)
#define SCR_ECVEN BIT(28)

#define CNTKCTL      SYSREG_ENC(3, 0, 14, 1, 0)
#define CNTFRQ       SYSREG_ENC(3, 3, 14, 0, 0)
#define CNTPCT       SYSREG_ENC(3, 3, 14, 0, 1)
#define CNTVCT       SYSREG_ENC(3, 3, 14, 0, 2)
#define CNTPCTSS     SYSREG_ENC(3, 3, 14, 0, 5)
#define CNTVCTSS     SYSREG_ENC(3, 3, 14, 0, 6)
#define CNTVOFF      SYSREG_ENC(3, 4, 14, 0, 3)
#define CNTPOFF      SYSREG_ENC(3, 4, 14, 0, 6)
#define CNTHCTL      SYSREG_ENC(3, 4, 14, 1, 0)
#define CNTKCTL_EL12 SYSREG_ENC(3, 5, 14, 1, 0)
enum { TVAL, CTL, CVAL };
#define CNTP(reg)      SYSREG_ENC(3, 3, 14, 2, reg)
#define CNTV(reg)      SYSREG_ENC(3, 3, 14, 3, reg)
#define CNTHP(reg)     SYSREG_ENC(3, 4, 14, 2, reg)
#define CNTHV(reg)     SYSREG_ENC(3, 4, 14, 3, reg)
#define CNTHVS(reg)    SYSREG_ENC(3, 4, 14, 4, reg)
#define CNTHPS(reg)    SYSREG_ENC(3, 4, 14, 5, reg)
#define CNTP_EL02(reg) SYSREG_ENC(3, 5, 14, 2, reg)
#define CNTV_EL02(reg) SYSREG_ENC(3, 5, 14, 3, reg)
#define CNTPS(reg)     SYSREG_ENC(3, 7, 14, 2, reg)

struct bench {
    struct evq *q;
    struct gtimer *t;
    struct sysreg_set set;
    struct pe_view v;
    bool lamp[GTIMER_N];
};

static void lamp_sink(void *opaque, unsigned n, bool level)
{
    ((bool *)opaque)[n] = level;
}

/* At Non-secure EL1, EL2 and EL3 exist, no trap. */
static struct bench *bench_new(uint64_t freq_hz)
{
    struct gtimer_cfg cfg = {.n_pe = 1,
                             .freq_hz = freq_hz,
                             .el2 = true,
                             .vhe = true,
                             .sel2 = true,
                             .ecv = true,
                             .ecv_poff = true};
    struct bench *b = g_new0(struct bench, 1);
    b->q = evq_new();
    b->t = gtimer_new(&cfg, b->q, NULL);
    b->set = gtimer_sysregs(b->t, 0);
    b->v = (struct pe_view){.el = 1, .el2_enabled = true, .el3 = true, .scr_el3 = SCR_NS};
    for (unsigned i = 0; i < GTIMER_N; i++) {
        *gtimer_output(b->t, 0, (enum gtimer_id)i) =
            (struct irq_line){.sink = lamp_sink, .opaque = b->lamp, .n = i};
    }
    return b;
}

static void bench_free(struct bench *b)
{
    gtimer_free(b->t);
    evq_free(b->q);
    g_free(b);
}

static const struct sysreg *find(struct bench *b, uint16_t enc)
{
    for (size_t i = 0; i < b->set.n; i++) {
        if (b->set.regs[i].enc == enc) {
            return &b->set.regs[i];
        }
    }
    return NULL;
}

static enum sr_verdict check(struct bench *b, uint16_t enc, bool write)
{
    const struct sysreg *s = find(b, enc);
    if (s == NULL || b->v.el < (write ? s->el_w : s->el_r)) {
        return SR_UNDEF;
    }
    return s->check != NULL ? s->check(b->set.owner, &b->v, s, write) : SR_OK;
}

static uint64_t mrs(struct bench *b, uint16_t enc)
{
    assert_int_equal(check(b, enc, false), SR_OK);
    const struct sysreg *s = find(b, enc);
    return s->read(b->set.owner, &b->v, s);
}

static void msr(struct bench *b, uint16_t enc, uint64_t v)
{
    assert_int_equal(check(b, enc, true), SR_OK);
    const struct sysreg *s = find(b, enc);
    s->write(b->set.owner, &b->v, s, v);
}

static void at(struct bench *b, unsigned el, uint64_t hcr, bool ns)
{
    b->v.el = (uint8_t)el;
    b->v.hcr_el2 = hcr;
    b->v.pas = ns ? PAS_NS : PAS_S;
    b->v.scr_el3 = deposit64(b->v.scr_el3, 0, 1, ns);
    b->v.el2_enabled = ns || (b->v.scr_el3 & SCR_EEL2);
    gtimer_pe_state_changed(b->t, 0, &b->v);
}

/* ---- the counter ---- */

static void test_counter(void **state)
{
    static const uint64_t freqs[] = {62500000, 1000000000, 24000000,      19200000,
                                     1,        32768,      TICKS_PER_SEC, 999999937};
    for (unsigned i = 0; i < ARRAY_LEN(freqs); i++) {
        struct bench *b = bench_new(freqs[i]);
        uint64_t x = 1;
        assert_int_equal(gtimer_count(b->t), 0);
        for (unsigned k = 0; k < 200; k++) {
            x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
            tick_t now = k == 0 ? UINT64_MAX - 1 : x >> (k % 60);
            evq_set_now(b->q, now);
            uint64_t exact = (uint64_t)((unsigned __int128)now * freqs[i] / TICKS_PER_SEC);
            assert_true(gtimer_count(b->t) == exact);
            /* the first tick of this count: not later than now, and one less is a lower count */
            tick_t first = gtimer_tick_of_count(b->t, exact);
            assert_true(first <= now);
            evq_set_now(b->q, first);
            assert_true(gtimer_count(b->t) == exact);
            if (first > 0) {
                evq_set_now(b->q, first - 1);
                assert_true(gtimer_count(b->t) == exact - 1);
            }
        }
        assert_true(gtimer_tick_of_count(b->t, UINT64_MAX) == TICK_NEVER);
        bench_free(b);
    }
    GError *err = NULL;
    assert_null(gtimer_new(&(struct gtimer_cfg){.n_pe = 1}, NULL, &err));
    g_clear_error(&err);
    assert_null(
        gtimer_new(&(struct gtimer_cfg){.n_pe = 1, .freq_hz = TICKS_PER_SEC + 1}, NULL, &err));
    g_clear_error(&err);
}

/* A PE whose turn begins behind another's last: what it reads, and what its timers compare. */
static void test_turns(void **state)
{
    struct bench *b = bench_new(TICKS_PER_SEC);
    evq_set_now(b->q, 1000);
    b->v.debug = true; /* leaves nothing behind */
    assert_int_equal(mrs(b, CNTPCT), 1000);
    b->v.debug = false;
    evq_set_now(b->q, 900);
    assert_int_equal(mrs(b, CNTPCT), 900);
    evq_set_now(b->q, 1000);
    assert_int_equal(mrs(b, CNTVCTSS), 1000);
    evq_set_now(b->q, 950);
    assert_int_equal(mrs(b, CNTPCT), 1000);
    assert_int_equal(mrs(b, CNTVCT), 1000);
    msr(b, CNTP(CVAL), 1000);
    msr(b, CNTP(CTL), 1);
    assert_int_equal(mrs(b, CNTP(CTL)), 5);
    assert_true(b->lamp[GTIMER_PHYS]);
    msr(b, CNTP(TVAL), 20);
    assert_int_equal(mrs(b, CNTP(CVAL)), 1020);
    assert_false(b->lamp[GTIMER_PHYS]);
    assert_true(evq_next(b->q) == 1020);
    evq_set_now(b->q, 1001);
    assert_int_equal(mrs(b, CNTPCT), 1001);
    bench_free(b);
}

/* ---- conditions ---- */

/* The event comes at the first tick with ISTATUS, for exact and for fractional periods. */
static void test_fires_exactly(void **state)
{
    static const uint64_t freqs[] = {62500000, 1000000000, 24000000, 999999937};
    for (unsigned i = 0; i < ARRAY_LEN(freqs); i++) {
        struct bench *b = bench_new(freqs[i]);
        for (uint64_t target = 1; target < 2000; target += 97) {
            msr(b, CNTV(CTL), 0);
            uint64_t cval = mrs(b, CNTVCT) + target;
            msr(b, CNTV(CVAL), cval);
            msr(b, CNTV(CTL), 1);
            assert_false(b->lamp[GTIMER_VIRT]);
            tick_t when = evq_next(b->q);
            assert_true(when == gtimer_tick_of_count(b->t, cval));
            evq_set_now(b->q, when - 1);
            assert_int_equal(mrs(b, CNTV(CTL)), 1);
            evq_advance(b->q, when);
            assert_true(b->lamp[GTIMER_VIRT]);
            assert_int_equal(mrs(b, CNTV(CTL)), 5);
            assert_true(mrs(b, CNTVCT) == cval);
        }
        bench_free(b);
    }
}

static void test_control(void **state)
{
    struct bench *b = bench_new(62500000);
    evq_advance(b->q, TICKS_PER_SEC);
    msr(b, CNTP(CVAL), 10);
    assert_int_equal(mrs(b, CNTP(CTL)), 0);
    msr(b, CNTP(CTL), UINT64_MAX);
    assert_int_equal(mrs(b, CNTP(CTL)), 7); /* masked: status, no signal */
    assert_false(b->lamp[GTIMER_PHYS]);
    assert_true(evq_next(b->q) == TICK_NEVER);
    msr(b, CNTP(CTL), 1);
    assert_true(b->lamp[GTIMER_PHYS]);
    msr(b, CNTP(CTL), 2);
    assert_false(b->lamp[GTIMER_PHYS]);
    assert_int_equal(mrs(b, CNTP(CTL)), 2);
    /* moving the comparator away and back */
    msr(b, CNTP(CTL), 1);
    msr(b, CNTP(CVAL), 62500001);
    assert_false(b->lamp[GTIMER_PHYS]);
    msr(b, CNTP(CVAL), 62500000);
    assert_true(b->lamp[GTIMER_PHYS]);
    msr(b, CNTP(CVAL), UINT64_MAX);
    assert_false(b->lamp[GTIMER_PHYS]);
    assert_true(evq_next(b->q) == TICK_NEVER);
    gtimer_reset(b->t);
    assert_int_equal(mrs(b, CNTP(CVAL)), 0);
    assert_int_equal(mrs(b, CNTP(CTL)), 0);
    bench_free(b);
}

/* TimerValue is a signed view: 32 bits down from the comparator. */
static void test_timer_value(void **state)
{
    struct bench *b = bench_new(1000000000);
    evq_advance(b->q, 5000 * TICKS_PER_NS);
    msr(b, CNTP(TVAL), 0x7fffffff);
    assert_true(mrs(b, CNTP(CVAL)) == UINT64_C(5000) + 0x7fffffff);
    assert_int_equal(mrs(b, CNTP(TVAL)), 0x7fffffff);
    msr(b, CNTP(TVAL), UINT64_C(0xffffffff00000064));
    assert_int_equal(mrs(b, CNTP(CVAL)), 5100);
    msr(b, CNTP(TVAL), 0xffffff9c); /* -100 */
    assert_int_equal(mrs(b, CNTP(CVAL)), 4900);
    assert_int_equal(mrs(b, CNTP(TVAL)), 0xffffff9c);
    msr(b, CNTP(CTL), 1);
    assert_true(b->lamp[GTIMER_PHYS]);
    msr(b, CNTP(TVAL), 50);
    assert_false(b->lamp[GTIMER_PHYS]);
    evq_advance(b->q, 5049 * TICKS_PER_NS);
    assert_int_equal(mrs(b, CNTP(TVAL)), 1);
    evq_advance(b->q, 5050 * TICKS_PER_NS);
    assert_true(b->lamp[GTIMER_PHYS]);
    evq_advance(b->q, 5051 * TICKS_PER_NS);
    assert_int_equal(mrs(b, CNTP(TVAL)), 0xffffffff);
    bench_free(b);
}

/* The virtual count is before zero: it wraps, and the condition goes with it. */
static void test_offset_wrap(void **state)
{
    struct bench *b = bench_new(1000000000);
    at(b, 2, 0, true);
    msr(b, CNTVOFF, 1000);
    assert_true(mrs(b, CNTVCT) == (uint64_t)-1000);
    msr(b, CNTV(CVAL), (uint64_t)-500);
    msr(b, CNTV(CTL), 1);
    assert_true(evq_next(b->q) == 500 * TICKS_PER_NS);
    evq_advance(b->q, 500 * TICKS_PER_NS);
    assert_true(b->lamp[GTIMER_VIRT]);
    assert_true(evq_next(b->q) == 1000 * TICKS_PER_NS);
    evq_advance(b->q, 1000 * TICKS_PER_NS); /* 0 again: below the comparator */
    assert_false(b->lamp[GTIMER_VIRT]);
    assert_int_equal(mrs(b, CNTVCT), 0);
    msr(b, CNTVOFF, 1500); /* changing the offset moves the condition at once */
    assert_true(b->lamp[GTIMER_VIRT]);
    /* with a past offset the condition is as far as the offset is */
    msr(b, CNTVOFF, 0);
    msr(b, CNTV(CVAL), 0);
    assert_true(b->lamp[GTIMER_VIRT]);
    assert_true(evq_next(b->q) == TICK_NEVER);
    bench_free(b);
}

/* ---- names and redirection ---- */

static void test_redirection(void **state)
{
    static const struct {
        unsigned el;
        uint64_t hcr;
        bool ns;
        enum gtimer_id p, v;
    } rows[] = {
        {1, 0, true, GTIMER_PHYS, GTIMER_VIRT},
        {2, 0, true, GTIMER_PHYS, GTIMER_VIRT},
        {2, HCR_E2H, true, GTIMER_HYP, GTIMER_HYPVIRT},
        {2, HCR_E2H | HCR_TGE, true, GTIMER_HYP, GTIMER_HYPVIRT},
        {1, HCR_E2H, true, GTIMER_PHYS, GTIMER_VIRT},
        {0, HCR_E2H, true, GTIMER_PHYS, GTIMER_VIRT},
        {0, HCR_E2H | HCR_TGE, true, GTIMER_HYP, GTIMER_HYPVIRT},
        {2, HCR_E2H, false, GTIMER_SEC_HYP, GTIMER_SEC_HYPVIRT},
        {0, HCR_E2H | HCR_TGE, false, GTIMER_SEC_HYP, GTIMER_SEC_HYPVIRT},
        {3, HCR_E2H, true, GTIMER_PHYS, GTIMER_VIRT},
    };
    struct bench *b = bench_new(1000000000);
    b->v.scr_el3 |= SCR_EEL2;
    at(b, 2, HCR_E2H, true);
    msr(b, CNTHCTL, 0xf03);
    at(b, 1, 0, true);
    msr(b, CNTKCTL, 0x303);
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        at(b, rows[i].el, rows[i].hcr, rows[i].ns);
        msr(b, CNTP(CVAL), 0);
        msr(b, CNTV(CVAL), 0);
        msr(b, CNTP(CTL), 1);
        msr(b, CNTV(CTL), 1);
        for (unsigned id = 0; id < GTIMER_N; id++) {
            assert_int_equal(b->lamp[id], id == rows[i].p || id == rows[i].v);
        }
        msr(b, CNTP(CTL), 0);
        msr(b, CNTV(CTL), 0);
    }
    bench_free(b);
}

static void test_el02_names(void **state)
{
    struct bench *b = bench_new(1000000000);
    at(b, 2, 0, true);
    assert_int_equal(check(b, CNTP_EL02(CTL), false), SR_UNDEF);
    assert_int_equal(check(b, CNTKCTL_EL12, false), SR_UNDEF);
    msr(b, CNTVOFF, 100);
    msr(b, CNTHCTL, 0x3);
    at(b, 2, HCR_E2H, true);
    msr(b, CNTKCTL, 0xf00); /* CNTHCTL_EL2 */
    msr(b, CNTKCTL_EL12, 0x2);
    assert_int_equal(mrs(b, CNTHCTL), 0xf00);
    assert_int_equal(mrs(b, CNTKCTL_EL12), 0x2);
    msr(b, CNTV_EL02(TVAL), 50); /* works with the guest's offset */
    assert_int_equal(mrs(b, CNTV_EL02(CVAL)), (uint64_t)-50);
    msr(b, CNTV_EL02(CTL), 1);
    msr(b, CNTP_EL02(CVAL), 7);
    at(b, 1, HCR_E2H, true);
    assert_int_equal(mrs(b, CNTV(CTL)), 1);
    assert_int_equal(mrs(b, CNTP(CVAL)), 7);
    assert_int_equal(mrs(b, CNTKCTL), 0x2);
    /* nested virtualization: memory, unless EL1NVPCT, EL1NVVCT say trap */
    const struct sysreg *p = find(b, CNTP_EL02(CTL));
    const struct sysreg *v = find(b, CNTV_EL02(CTL));
    at(b, 1, HCR_NV | HCR_NV2, true);
    assert_int_equal(p->check(b->set.owner, &b->v, p, false), SR_OK);
    at(b, 2, HCR_E2H, true);
    msr(b, CNTHCTL, BIT(15));
    at(b, 1, HCR_NV | HCR_NV2, true);
    assert_int_equal(p->check(b->set.owner, &b->v, p, false), SR_TRAP_EL2);
    assert_int_equal(v->check(b->set.owner, &b->v, v, false), SR_OK);
    at(b, 1, HCR_NV | HCR_NV1 | HCR_NV2, true);
    assert_int_equal(v->check(b->set.owner, &b->v, v, false), SR_TRAP_EL2);
    at(b, 1, 0, true);
    assert_int_equal(v->check(b->set.owner, &b->v, v, false), SR_UNDEF);
    bench_free(b);
}

static void test_virtual_count_views(void **state)
{
    struct bench *b = bench_new(1000000000);
    evq_advance(b->q, 1000 * TICKS_PER_NS);
    at(b, 2, 0, true);
    msr(b, CNTVOFF, 300);
    at(b, 1, 0, true);
    msr(b, CNTKCTL, 3);
    static const struct {
        unsigned el;
        uint64_t hcr, expect;
    } rows[] = {
        {0, 0, 700},       {1, 0, 700},        {2, 0, 700},       {3, 0, 700},
        {1, HCR_E2H, 700}, {2, HCR_E2H, 1000}, {0, HCR_E2H, 700},
    };
    at(b, 2, HCR_E2H, true);
    msr(b, CNTHCTL, 0xc03);
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        /* CNTHCTL_EL2 has both layouts' enables set above */
        at(b, rows[i].el, rows[i].hcr, true);
        assert_int_equal(mrs(b, CNTVCT), rows[i].expect);
        assert_int_equal(mrs(b, CNTVCTSS), rows[i].expect);
        assert_int_equal(gtimer_cntvct(b->t, 0, &b->v), rows[i].expect);
        assert_int_equal(mrs(b, CNTPCT), 1000);
        assert_int_equal(mrs(b, CNTPCTSS), 1000);
        assert_true(gtimer_tick_of_cntvct(b->t, 0, &b->v, rows[i].expect) == 1000 * TICKS_PER_NS);
        assert_true(gtimer_tick_of_cntvct(b->t, 0, &b->v, rows[i].expect + 5) ==
                    1005 * TICKS_PER_NS);
    }
    assert_true(gtimer_tick_of_cntvct(b->t, 0, &b->v, UINT64_MAX) == TICK_NEVER);
    at(b, 0, HCR_E2H | HCR_TGE, true);
    assert_int_equal(mrs(b, CNTVCT), 1000);
    bench_free(b);
}

/* FEAT_ECV_POFF: needs both enables, EL2 on, and not the host. */
static void test_physical_offset(void **state)
{
    struct bench *b = bench_new(1000000000);
    evq_advance(b->q, 1000 * TICKS_PER_NS);
    at(b, 2, 0, true);
    assert_int_equal(check(b, CNTPOFF, true), SR_TRAP_EL3);
    b->v.scr_el3 |= SCR_ECVEN;
    msr(b, CNTPOFF, 400);
    msr(b, CNTHCTL, 3);
    at(b, 1, 0, true);
    assert_int_equal(mrs(b, CNTPCT), 1000);
    at(b, 2, 0, true);
    msr(b, CNTHCTL, 3 | BIT(12));
    assert_int_equal(mrs(b, CNTPCT), 1000);
    at(b, 1, 0, true);
    assert_int_equal(mrs(b, CNTPCT), 600);
    msr(b, CNTP(TVAL), 10);
    assert_int_equal(mrs(b, CNTP(CVAL)), 610);
    msr(b, CNTP(CTL), 1);
    assert_true(evq_next(b->q) == 1010 * TICKS_PER_NS);
    /* into the host: the timer compares with the bare counter at once */
    at(b, 2, HCR_E2H | HCR_TGE, true);
    assert_true(b->lamp[GTIMER_PHYS]);
    at(b, 1, 0, true);
    assert_false(b->lamp[GTIMER_PHYS]);
    b->v.scr_el3 &= ~SCR_ECVEN;
    at(b, 1, 0, true);
    assert_true(b->lamp[GTIMER_PHYS]);
    bench_free(b);
}

/* ---- traps ---- */

struct trap_row {
    unsigned el;
    uint64_t hcr;
    uint32_t kctl, hctl;
    uint16_t enc;
    enum sr_verdict expect;
};

static void test_traps(void **state)
{
    static const uint64_t host = HCR_E2H | HCR_TGE;
    static const struct trap_row rows[] = {
        /* EL0: CNTKCTL_EL1, one bit each */
        {0, 0, 0x2fe, 3, CNTPCT, SR_TRAP_EL1},
        {0, 0, 0x001, 3, CNTPCT, SR_OK},
        {0, 0, 0x3fd, 3, CNTVCT, SR_TRAP_EL1},
        {0, 0, 0x002, 3, CNTVCT, SR_OK},
        {0, 0, 0x2ff, 3, CNTV(CTL), SR_TRAP_EL1},
        {0, 0, 0x100, 3, CNTV(CTL), SR_OK},
        {0, 0, 0x1ff, 3, CNTP(CTL), SR_TRAP_EL1},
        {0, 0, 0x200, 3, CNTP(CTL), SR_OK},
        {0, 0, 0x3fc, 3, CNTFRQ, SR_TRAP_EL1},
        {0, 0, 0x001, 3, CNTFRQ, SR_OK},
        {0, 0, 0x002, 3, CNTFRQ, SR_OK},
        {0, HCR_TGE, 0, 3, CNTPCT, SR_TRAP_EL2},
        {0, HCR_TGE, 0, 3, CNTV(CTL), SR_TRAP_EL2},
        /* EL0 in the host: CNTHCTL_EL2 */
        {0, host, 0x3ff, 0xcfe, CNTPCT, SR_TRAP_EL2},
        {0, host, 0, 1, CNTPCT, SR_OK},
        {0, host, 0x3ff, 0xcfd, CNTVCT, SR_TRAP_EL2},
        {0, host, 0, 2, CNTVCT, SR_OK},
        {0, host, 0x3ff, 0xeff, CNTV(CTL), SR_TRAP_EL2},
        {0, host, 0, 0x100, CNTV(CTL), SR_OK},
        {0, host, 0x3ff, 0xdff, CNTP(CTL), SR_TRAP_EL2},
        {0, host, 0, 0x200, CNTP(CTL), SR_OK},
        {0, host, 0x3ff, 0xcfc, CNTFRQ, SR_TRAP_EL2},
        {0, host, 0, 2, CNTFRQ, SR_OK},
        /* EL1 and EL0: EL2's enables in both layouts */
        {1, 0, 0, 0x2, CNTPCT, SR_TRAP_EL2},
        {1, 0, 0, 0x1, CNTPCT, SR_OK},
        {1, 0, 0, 0xc01, CNTP(CVAL), SR_TRAP_EL2},
        {1, 0, 0, 0x2, CNTP(CVAL), SR_OK},
        {0, 0, 0x303, 0xc02, CNTPCT, SR_TRAP_EL2},
        {0, 0, 0x303, 0xc01, CNTP(TVAL), SR_TRAP_EL2},
        {1, HCR_E2H, 0, 0xbff, CNTPCT, SR_TRAP_EL2},
        {1, HCR_E2H, 0, 0x400, CNTPCT, SR_OK},
        {1, HCR_E2H, 0, 0x7ff, CNTP(CTL), SR_TRAP_EL2},
        {1, HCR_E2H, 0, 0x800, CNTP(CTL), SR_OK},
        {0, HCR_E2H, 0x303, 0x7ff, CNTP(CTL), SR_TRAP_EL2},
        {0, HCR_E2H, 0x303, 0xbff, CNTPCT, SR_TRAP_EL2},
        {1, 0, 0, 0, CNTVCT, SR_OK},
        {1, 0, 0, 0, CNTV(CTL), SR_OK},
        /* EL0's own denial comes first */
        {0, 0, 0, 0, CNTPCT, SR_TRAP_EL1},
        /* FEAT_ECV */
        {1, 0, 0, 3 | 1 << 13, CNTV(CTL), SR_TRAP_EL2},
        {1, 0, 0, 3 | 1 << 13, CNTVCT, SR_OK},
        {1, 0, 0, 3 | 1 << 14, CNTVCT, SR_TRAP_EL2},
        {1, 0, 0, 3 | 1 << 14, CNTV(CTL), SR_OK},
        {1, 0, 0, 3 | 1 << 14, CNTVCTSS, SR_TRAP_EL2},
        {0, 0, 0x303, 3 | 1 << 13, CNTV(TVAL), SR_TRAP_EL2},
        {0, host, 0, 0x703 | 3 << 13, CNTV(TVAL), SR_OK},
        {2, 0, 0, 3 << 13, CNTVCT, SR_OK},
        {2, 0, 0, 0, CNTP(CTL), SR_OK},
        {2, 0, 0, 0, CNTHP(CTL), SR_OK},
        {1, 0, 0, 0xfff, CNTHP(CTL), SR_UNDEF},
    };
    struct bench *b = bench_new(1000000000);
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        at(b, 3, 0, true);
        msr(b, CNTKCTL, rows[i].kctl);
        msr(b, CNTHCTL, rows[i].hctl);
        at(b, rows[i].el, rows[i].hcr, true);
        enum sr_verdict got = check(b, rows[i].enc, false);
        if (got != rows[i].expect) {
            print_error("row %u\n", i);
        }
        assert_int_equal(got, rows[i].expect);
    }
    bench_free(b);
}

static void test_secure_timers(void **state)
{
    struct bench *b = bench_new(1000000000);
    at(b, 1, 0, true);
    assert_int_equal(check(b, CNTPS(CTL), false), SR_UNDEF);
    at(b, 1, 0, false);
    assert_int_equal(check(b, CNTPS(CTL), false), SR_TRAP_EL3);
    b->v.scr_el3 |= SCR_ST;
    assert_int_equal(check(b, CNTPS(CTL), true), SR_OK);
    at(b, 2, 0, true);
    assert_int_equal(check(b, CNTPS(CTL), false), SR_UNDEF);
    assert_int_equal(check(b, CNTHPS(CTL), false), SR_UNDEF);
    at(b, 3, 0, false);
    assert_int_equal(check(b, CNTPS(CTL), false), SR_OK);
    assert_int_equal(check(b, CNTHPS(CTL), false), SR_UNDEF);
    b->v.scr_el3 |= SCR_EEL2;
    assert_int_equal(check(b, CNTHPS(CTL), false), SR_OK);
    at(b, 2, 0, false);
    assert_int_equal(check(b, CNTHVS(CTL), false), SR_OK);
    at(b, 1, 0, false);
    assert_int_equal(check(b, CNTPS(CTL), false), SR_UNDEF); /* Secure EL2 is above */
    b->v.el3 = false;
    assert_int_equal(check(b, CNTPS(CTL), false), SR_UNDEF);
    bench_free(b);
}

static void test_frequency(void **state)
{
    struct bench *b = bench_new(62500000);
    assert_int_equal(mrs(b, CNTFRQ), 62500000);
    assert_int_equal(check(b, CNTFRQ, true), SR_UNDEF);
    at(b, 2, 0, true);
    assert_int_equal(check(b, CNTFRQ, true), SR_UNDEF);
    at(b, 3, 0, true);
    msr(b, CNTFRQ, UINT64_C(0xf00000001));
    assert_int_equal(mrs(b, CNTFRQ), 1);
    b->v.el3 = false;
    at(b, 2, 0, true);
    assert_int_equal(check(b, CNTFRQ, true), SR_OK);
    bench_free(b);
}

/* A core without the extensions: the names are UNDEFINED and the bits read as zero. */
static void test_features_off(void **state)
{
    struct evq *q = evq_new();
    struct gtimer_cfg cfg = {.n_pe = 1, .freq_hz = 62500000, .el2 = true};
    struct gtimer *t = gtimer_new(&cfg, q, NULL);
    struct bench b = {.q = q, .t = t, .set = gtimer_sysregs(t, 0), .v = {.el = 3, .el3 = true}};
    static const uint16_t gone[] = {CNTPCTSS,  CNTVCTSS,  CNTPOFF,      CNTHV(0),
                                    CNTHPS(0), CNTHVS(0), CNTP_EL02(0), CNTKCTL_EL12};
    for (unsigned i = 0; i < ARRAY_LEN(gone); i++) {
        assert_int_equal(check(&b, gone[i], false), SR_UNDEF);
    }
    msr(&b, CNTHCTL, UINT64_MAX);
    assert_int_equal(mrs(&b, CNTHCTL), 0xfff);
    gtimer_free(t);
    evq_free(q);
}

/* ---- event streams ---- */

static void test_event_stream(void **state)
{
    struct bench *b = bench_new(1000000000);
    assert_true(gtimer_next_event(b->t, 0, &b->v) == TICK_NEVER);
    msr(b, CNTKCTL, 1 << 2 | 3 << 4); /* bit 3 rising: 8, 24, 40 ... */
    assert_true(gtimer_next_event(b->t, 0, &b->v) == 8 * TICKS_PER_NS);
    evq_advance(b->q, 8 * TICKS_PER_NS);
    assert_true(gtimer_next_event(b->t, 0, &b->v) == 24 * TICKS_PER_NS);
    evq_advance(b->q, 23999);
    assert_true(gtimer_next_event(b->t, 0, &b->v) == 24 * TICKS_PER_NS);
    msr(b, CNTKCTL, 1 << 2 | 1 << 3 | 3 << 4); /* falling: 16, 32 */
    assert_true(gtimer_next_event(b->t, 0, &b->v) == 32 * TICKS_PER_NS);
    msr(b, CNTKCTL, 1 << 2 | 3 << 4 | 1 << 17); /* EVNTIS: bit 11 */
    assert_true(gtimer_next_event(b->t, 0, &b->v) == 2048 * TICKS_PER_NS);
    /* the virtual count's offset shifts it; the host ignores it */
    at(b, 2, 0, true);
    msr(b, CNTVOFF, 48);
    assert_true(gtimer_next_event(b->t, 0, &b->v) == (2048 + 48) * TICKS_PER_NS);
    at(b, 2, HCR_E2H | HCR_TGE, true);
    assert_true(gtimer_next_event(b->t, 0, &b->v) == TICK_NEVER);
    msr(b, CNTHCTL, 1 << 2 | 15 << 4); /* bit 15 of the physical counter */
    assert_true(gtimer_next_event(b->t, 0, &b->v) == 32768 * TICKS_PER_NS);
    at(b, 1, 0, false);
    b->v.el2_enabled = false;
    msr(b, CNTKCTL, 0);
    assert_true(gtimer_next_event(b->t, 0, &b->v) == TICK_NEVER);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counter),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_fires_exactly),
        cmocka_unit_test(test_control),
        cmocka_unit_test(test_timer_value),
        cmocka_unit_test(test_offset_wrap),
        cmocka_unit_test(test_redirection),
        cmocka_unit_test(test_el02_names),
        cmocka_unit_test(test_virtual_count_views),
        cmocka_unit_test(test_physical_offset),
        cmocka_unit_test(test_traps),
        cmocka_unit_test(test_secure_timers),
        cmocka_unit_test(test_frequency),
        cmocka_unit_test(test_features_off),
        cmocka_unit_test(test_event_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
