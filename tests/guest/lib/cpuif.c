/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Acknowledge, end, priorities, preemption, masks, split deactivation. Arm IHI 0069H, 4.1.2
 * "Handling of interrupts", 4.8 "Interrupt prioritization"; IHI 0048B, 3.2 and 3.3.
 */
#include "cpuif.h"

#define NONE 1023
#define IDLE 0xff

enum op { O_PEND, O_IAR, O_EOI, O_DIR, O_HPPIR, O_RPR, O_PMR, O_BPR, O_SPLIT, O_STATE, O_SIGNAL };
struct step {
    enum op op;
    unsigned a, want;
};
#define PEND(n)         {O_PEND, n, 0}
#define IAR_IS(n)       {O_IAR, 0, n}
#define EOI(n)          {O_EOI, n, 0}
#define DIR(n)          {O_DIR, n, 0}
#define HPPIR_IS(n)     {O_HPPIR, 0, n}
#define RPR_IS(p)       {O_RPR, 0, p}
#define PMR(p)          {O_PMR, p, 0}
#define BPR(b)          {O_BPR, b, 0}
#define SPLIT           {O_SPLIT, 1, 0}
#define STATE_IS(n, st) {O_STATE, n, st}
#define SIGNAL_IS(v)    {O_SIGNAL, 0, v}
#define NOTHING         CPUIF_N_IRQ

static const struct script {
    const char *name;
    struct step steps[16];
    unsigned n;
} scripts[] = {
#define SCRIPT(name, ...)                                                                          \
    {name, {__VA_ARGS__}, sizeof((struct step[]){__VA_ARGS__}) / sizeof(struct step)}
    SCRIPT("nothing pending", IAR_IS(NOTHING), HPPIR_IS(NOTHING), RPR_IS(IDLE), SIGNAL_IS(0)),
    SCRIPT("acknowledge and end", PEND(MID), SIGNAL_IS(1), HPPIR_IS(MID), STATE_IS(MID, PENDING),
           IAR_IS(MID), SIGNAL_IS(0), STATE_IS(MID, ACTIVE), RPR_IS(0x80), IAR_IS(NOTHING),
           EOI(MID), STATE_IS(MID, INACTIVE), RPR_IS(IDLE)),
    SCRIPT("higher priority first", PEND(LOWER), PEND(MID), PEND(HIGH), IAR_IS(HIGH), EOI(HIGH),
           IAR_IS(MID), EOI(MID), IAR_IS(LOWER), EOI(LOWER), IAR_IS(NOTHING)),
    SCRIPT("preemption", PEND(MID), IAR_IS(MID), PEND(HIGH), SIGNAL_IS(1), HPPIR_IS(HIGH),
           IAR_IS(HIGH), RPR_IS(0x40), EOI(HIGH), RPR_IS(0x80), EOI(MID), RPR_IS(IDLE)),
    SCRIPT("no preemption by a lower priority", PEND(HIGH), IAR_IS(HIGH), PEND(MID), SIGNAL_IS(0),
           HPPIR_IS(MID), IAR_IS(NOTHING), EOI(HIGH), SIGNAL_IS(1), IAR_IS(MID), EOI(MID)),
    SCRIPT("binary point that splits", BPR(3), PEND(LOWER), IAR_IS(LOWER), RPR_IS(0x90), PEND(MID),
           SIGNAL_IS(1), IAR_IS(MID), RPR_IS(0x80), EOI(MID), EOI(LOWER), RPR_IS(IDLE)),
    SCRIPT("binary point that joins", BPR(4), PEND(LOWER), IAR_IS(LOWER), RPR_IS(0x80), PEND(MID),
           SIGNAL_IS(0), HPPIR_IS(MID), IAR_IS(NOTHING), EOI(LOWER), IAR_IS(MID), EOI(MID)),
    SCRIPT("joined priorities still order", BPR(4), PEND(LOWER), PEND(MID), IAR_IS(MID), EOI(MID),
           IAR_IS(LOWER), EOI(LOWER)),
    SCRIPT("priority mask", PMR(0x80), PEND(MID), SIGNAL_IS(0), IAR_IS(NOTHING), PEND(HIGH),
           SIGNAL_IS(1), IAR_IS(HIGH), EOI(HIGH), PMR(0x88), SIGNAL_IS(1), IAR_IS(MID), EOI(MID)),
    SCRIPT("HPPIR shows what is masked", PMR(0x80), PEND(MID), HPPIR_IS(MID)),
    SCRIPT("pending again while active", PEND(MID), IAR_IS(MID), PEND(MID),
           STATE_IS(MID, ACTIVE_PENDING), SIGNAL_IS(0), IAR_IS(NOTHING), EOI(MID),
           STATE_IS(MID, PENDING), SIGNAL_IS(1), IAR_IS(MID), EOI(MID), STATE_IS(MID, INACTIVE)),
    SCRIPT("priority drop without deactivation", SPLIT, PEND(MID), IAR_IS(MID), EOI(MID),
           RPR_IS(IDLE), STATE_IS(MID, ACTIVE), PEND(LOWER), IAR_IS(LOWER), EOI(LOWER), DIR(LOWER),
           STATE_IS(LOWER, INACTIVE), DIR(MID), STATE_IS(MID, INACTIVE)),
    SCRIPT("active interrupts are not signalled", SPLIT, PEND(MID), IAR_IS(MID), EOI(MID),
           PEND(MID), SIGNAL_IS(0), IAR_IS(NOTHING), DIR(MID), SIGNAL_IS(1), IAR_IS(MID), EOI(MID),
           DIR(MID), STATE_IS(MID, INACTIVE)),
    SCRIPT("end of a special INTID changes nothing", PEND(MID), IAR_IS(MID), EOI(NOTHING),
           RPR_IS(0x80), STATE_IS(MID, ACTIVE), EOI(MID), RPR_IS(IDLE)),
};

static unsigned intid(const struct cpuif *c, unsigned n)
{
    return n == NOTHING ? NONE : c->intid[n];
}

/* What the step yields and what it should. */
static bool play(const struct cpuif *c, const struct step *s, uint64_t *got, uint64_t *want)
{
    *want = s->want;
    switch (s->op) {
    case O_PEND:
        c->pend(c, s->a);
        return false;
    case O_EOI:
        c->write(c, CPUIF_EOIR, intid(c, s->a));
        return false;
    case O_DIR:
        c->write(c, CPUIF_DIR, intid(c, s->a));
        return false;
    case O_PMR:
        c->write(c, CPUIF_PMR, s->a);
        return false;
    case O_BPR:
        c->write(c, CPUIF_BPR, s->a + c->bpr_bias);
        return false;
    case O_SPLIT:
        c->split_eoi(c, s->a);
        return false;
    case O_IAR:
    case O_HPPIR:
        *got = c->read(c, s->op == O_IAR ? CPUIF_IAR : CPUIF_HPPIR);
        *want = intid(c, s->want);
        return true;
    case O_RPR:
        *got = c->read(c, CPUIF_RPR);
        return true;
    case O_STATE:
        *got = c->state(c, s->a);
        return true;
    case O_SIGNAL:
        *got = c->signalled(c);
        return true;
    }
    return false;
}

static void run_script(const struct cpuif *c, const struct script *s)
{
    uint64_t got, want;

    c->reset(c);
    c->split_eoi(c, false);
    c->write(c, CPUIF_PMR, 0xf8);
    c->write(c, CPUIF_BPR, 2 + c->bpr_bias);
    for (unsigned i = 0; i < s->n; i++) {
        unsigned failures = guest_failures_so_far();

        if (!play(c, &s->steps[i], &got, &want)) {
            continue;
        }
        check_eq(s->name, got, want);
        if (guest_failures_so_far() != failures) {
            print("     step ");
            print_dec(i);
            print(" of ");
            print(c->name);
            print("\n");
        }
    }
}

void cpuif_rules(const struct cpuif *c)
{
    for (unsigned i = 0; i < ARRAY_LEN(scripts); i++) {
        run_script(c, &scripts[i]);
    }
    c->split_eoi(c, false);
    c->reset(c);
}

/* ---- interfaces in system registers: each access runs where the interface belongs ---- */

#define READ(name, reg)  SNIPPET(name, "mrs x0, " reg)
#define WRITE(name, reg) SNIPPET(name, "msr " reg ", x0\nisb")

READ(get_iar0, "icc_iar0_el1");
READ(get_iar1, "icc_iar1_el1");
READ(get_hppir0, "icc_hppir0_el1");
READ(get_hppir1, "icc_hppir1_el1");
READ(get_rpr, "icc_rpr_el1");
READ(get_pmr, "icc_pmr_el1");
READ(get_bpr0, "icc_bpr0_el1");
READ(get_bpr1, "icc_bpr1_el1");
READ(get_ctlr, "icc_ctlr_el1");
READ(get_isr, "isr_el1");
WRITE(set_eoir0, "icc_eoir0_el1");
WRITE(set_eoir1, "icc_eoir1_el1");
WRITE(set_pmr, "icc_pmr_el1");
WRITE(set_bpr0, "icc_bpr0_el1");
WRITE(set_bpr1, "icc_bpr1_el1");
WRITE(set_dir, "icc_dir_el1");
WRITE(set_ctlr, "icc_ctlr_el1");
READ(get_ctlr_el3, "icc_ctlr_el3");
WRITE(set_ctlr_el3, "icc_ctlr_el3");

#define GROUP0                                                                                     \
    .read = {get_iar0, NULL, get_hppir0, get_rpr, get_pmr, get_bpr0},                              \
    .write = {NULL, set_eoir0, NULL, NULL, set_pmr, set_bpr0, set_dir}

const struct cpuif_code cpuif_group0 = {GROUP0, .read_ctlr = get_ctlr, .write_ctlr = set_ctlr,
                                        .split_bit = BIT(1)};
/* EOImode_EL3 is in ICC_CTLR_EL3. */
const struct cpuif_code cpuif_group0_el3 = {GROUP0, .read_ctlr = get_ctlr_el3,
                                            .write_ctlr = set_ctlr_el3, .split_bit = BIT(2)};
const struct cpuif_code cpuif_group1 = {
    .read = {get_iar1, NULL, get_hppir1, get_rpr, get_pmr, get_bpr1},
    .write = {NULL, set_eoir1, NULL, NULL, set_pmr, set_bpr1, set_dir},
    .read_ctlr = get_ctlr,
    .write_ctlr = set_ctlr,
    .split_bit = BIT(1),
};

uint64_t cpuif_run(const struct cpuif *c, const char *code, uint64_t arg)
{
    bool el3 = home_el() == 3;
    uint64_t scr = 0;

    if (el3) {
        scr = rd(scr_el3);
        wr(scr_el3, scr ^ c->scr);
        isb();
    }
    struct outcome o = run_at(MASKED(c->mode), code, ARGS(arg));
    if (el3) {
        wr(scr_el3, scr);
        isb();
    }
    check_done(c->name, &o);
    return o.x[0];
}

uint64_t cpuif_isr(const struct cpuif *c)
{
    return cpuif_run(c, get_isr, 0);
}

uint64_t cpuif_sysreg_read(const struct cpuif *c, enum cpuif_reg r)
{
    return cpuif_run(c, c->code->read[r], 0);
}

void cpuif_sysreg_write(const struct cpuif *c, enum cpuif_reg r, uint64_t v)
{
    cpuif_run(c, c->code->write[r], v);
}

void cpuif_sysreg_split_eoi(const struct cpuif *c, bool on)
{
    uint64_t ctlr = cpuif_run(c, c->code->read_ctlr, 0);

    cpuif_run(c, c->code->write_ctlr, on ? ctlr | c->code->split_bit : ctlr & ~c->code->split_bit);
}
