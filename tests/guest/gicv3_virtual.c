/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual CPU interface of GICv3 as a guest at EL1 uses it: the common rules for both groups
 * with list registers as the source, views of ICH_VMCR_EL2, interrupts of both groups at once,
 * traps of ICH_HCR_EL2, SGIs that the hypervisor emulates. Arm IHI 0069H, chapter 6.
 */
#include "cpuif.h"
#include "gic.h"

#define ISR_I BIT(7)
#define ISR_F BIT(6)

static uint64_t base_hcr;

/* ---- the common rules: list register n holds interrupt n ---- */

static bool is_group1(const struct cpuif *c)
{
    return c->code == &cpuif_group1;
}

static void reset(const struct cpuif *c)
{
    (void)c;
    for (unsigned n = 0; n < N_LR; n++) {
        lr_write(n, 0);
    }
    gwr(ICH_AP0R0_EL2, 0);
    gwr(ICH_AP1R0_EL2, 0);
    gwr(ICH_VMCR_EL2, VMCR_VENG0 | VMCR_VENG1);
    gwr(ICH_HCR_EL2, ICH_EN);
    isb();
}

static void pend(const struct cpuif *c, enum cpuif_irq n)
{
    uint64_t lr = lr_read(n);

    lr_write(n, LR_PENDING | (lr & LR_ACTIVE) | (is_group1(c) ? LR_GROUP1 : 0) |
                    LR_PRIORITY(cpuif_prio[n]) | c->intid[n]);
}

static enum cpuif_state state(const struct cpuif *c, enum cpuif_irq n)
{
    (void)c;
    return (enum cpuif_state)LR_STATE(lr_read(n));
}

static bool signalled(const struct cpuif *c)
{
    uint64_t isr = cpuif_isr(c);
    uint64_t own = is_group1(c) ? ISR_I : ISR_F;

    check_eq("no other virtual interrupt", isr & ~own, 0);
    return (isr & own) != 0;
}

#define ROW(name_, code_, bias, ...)                                                               \
    {.name = name_,                                                                                \
     .mode = EL1H,                                                                                 \
     .code = &(code_),                                                                             \
     .bpr_bias = bias,                                                                             \
     .intid = {__VA_ARGS__},                                                                       \
     .read = cpuif_sysreg_read,                                                                    \
     .write = cpuif_sysreg_write,                                                                  \
     .split_eoi = cpuif_sysreg_split_eoi,                                                          \
     .signalled = signalled,                                                                       \
     .reset = reset,                                                                               \
     .pend = pend,                                                                                 \
     .state = state}
static const struct cpuif guests[] = {
    ROW("virtual Group 0", cpuif_group0, 0, 40, 41, 42),
    ROW("virtual Group 1", cpuif_group1, 1, 40, 41, 42),
    ROW("virtual Group 1, private", cpuif_group1, 1, 3, 27, 16),
    ROW("virtual Group 1, high INTIDs", cpuif_group1, 1, 1019, 500, 987),
};
#define GUEST0 (&guests[0])
#define GUEST1 (&guests[1])

static uint64_t guest_read(const struct cpuif *c, enum cpuif_reg r)
{
    return c->read(c, r);
}

/* ---- both groups at once ---- */
static void two_groups(void)
{
    reset(GUEST0);
    GUEST0->write(GUEST0, CPUIF_PMR, 0xf8);
    lr_write(0, LR_PENDING | LR_GROUP1 | LR_PRIORITY(0x80) | 50);
    lr_write(1, LR_PENDING | LR_PRIORITY(0x40) | 51);
    check_eq("Group 0 first: ISR_EL1", cpuif_isr(GUEST0), ISR_F);
    check_eq("Group 0 first: IAR1", guest_read(GUEST1, CPUIF_IAR), SPURIOUS);
    check_eq("Group 0 first: HPPIR1", guest_read(GUEST1, CPUIF_HPPIR), SPURIOUS);
    check_eq("Group 0 first: IAR0", guest_read(GUEST0, CPUIF_IAR), 51);
    check_eq("active priority of Group 0", grd(ICH_AP0R0_EL2), BIT(0x40 >> 3));
    GUEST0->write(GUEST0, CPUIF_EOIR, 51);
    check_eq("Group 1 next: ISR_EL1", cpuif_isr(GUEST0), ISR_I);
    check_eq("Group 1 next: IAR0", guest_read(GUEST0, CPUIF_IAR), SPURIOUS);
    check_eq("Group 1 next: IAR1", guest_read(GUEST1, CPUIF_IAR), 50);
    check_eq("active priority of Group 1", grd(ICH_AP1R0_EL2), BIT(0x80 >> 3));
    GUEST1->write(GUEST1, CPUIF_EOIR, 50);
    check_eq("no active priority", grd(ICH_AP0R0_EL2) | grd(ICH_AP1R0_EL2), 0);
    lr_write(0, LR_PENDING | LR_GROUP1 | LR_PRIORITY(0x80) | 50);
    gwr(ICH_HCR_EL2, 0);
    isb();
    check_eq("ICH_HCR_EL2.En = 0", cpuif_isr(GUEST1), 0);
    check_eq("ICH_HCR_EL2.En = 0: IAR1", guest_read(GUEST1, CPUIF_IAR), SPURIOUS);
    gwr(ICH_HCR_EL2, ICH_EN);
    gwr(ICH_VMCR_EL2, grd(ICH_VMCR_EL2) & ~VMCR_VENG1);
    isb();
    check_eq("Group 1 disabled", cpuif_isr(GUEST1), 0);
    reset(GUEST0);
}

/* ---- ICH_VMCR_EL2 is the guest's controls ---- */
SNIPPET(guest_pmr, "msr icc_pmr_el1, x0");
SNIPPET(guest_enable0, "msr icc_igrpen0_el1, x0");
SNIPPET(guest_enable1, "msr icc_igrpen1_el1, x0");
SNIPPET(guest_ctlr, "msr icc_ctlr_el1, x0");
SNIPPET(guest_bpr0, "msr icc_bpr0_el1, x0");
SNIPPET(guest_bpr1, "msr icc_bpr1_el1, x0");

static const struct {
    const char *name;
    const char *code;
    uint64_t write, vmcr, mask;
} controls[] = {
    {"VPMR", guest_pmr, 0x98, VMCR_VPMR(0x98), VMCR_VPMR(0xff)},
    {"VPMR, bits there are not", guest_pmr, 0xff, VMCR_VPMR(0xf8), VMCR_VPMR(0xff)},
    {"VENG0 off", guest_enable0, 0, VMCR_VENG1, VMCR_VENG0 | VMCR_VENG1},
    {"VENG1 off", guest_enable1, 0, 0, VMCR_VENG0 | VMCR_VENG1},
    {"VENG0 on", guest_enable0, 1, VMCR_VENG0, VMCR_VENG0 | VMCR_VENG1},
    {"VENG1 on", guest_enable1, 1, VMCR_VENG0 | VMCR_VENG1, VMCR_VENG0 | VMCR_VENG1},
    {"VEOIM", guest_ctlr, 2, VMCR_VEOIM, VMCR_VEOIM | VMCR_VCBPR},
    {"VCBPR", guest_ctlr, 1, VMCR_VCBPR, VMCR_VEOIM | VMCR_VCBPR},
    {"VEOIM and VCBPR off", guest_ctlr, 0, 0, VMCR_VEOIM | VMCR_VCBPR},
    {"VBPR0", guest_bpr0, 5, 5 << 21, 7 << 21},
    {"VBPR0, least", guest_bpr0, 0, 2 << 21, 7 << 21},
    {"VBPR1", guest_bpr1, 6, 6 << 18, 7 << 18},
    {"VBPR1, least", guest_bpr1, 0, 3 << 18, 7 << 18},
};

static void control_views(void)
{
    uint64_t pmr = grd(ICC_PMR_EL1), ctlr = grd(ICC_CTLR_EL1);

    reset(GUEST0);
    for (unsigned i = 0; i < ARRAY_LEN(controls); i++) {
        cpuif_run(GUEST0, controls[i].code, controls[i].write);
        check_eq(controls[i].name, grd(ICH_VMCR_EL2) & controls[i].mask, controls[i].vmcr);
    }
    gwr(ICH_VMCR_EL2, VMCR_VPMR(0xa0) | VMCR_VENG1 | VMCR_VEOIM | VMCR_VCBPR | 4 << 21);
    isb();
    check_eq("the guest's PMR", guest_read(GUEST1, CPUIF_PMR), 0xa0);
    check_eq("the guest's CTLR", cpuif_run(GUEST1, cpuif_group1.read_ctlr, 0) & 3, 3);
    check_eq("the guest's BPR0", guest_read(GUEST0, CPUIF_BPR), 4);
    check_eq("the guest's BPR1 with CBPR", guest_read(GUEST1, CPUIF_BPR), 5);
    check_eq("the physical PMR is another", grd(ICC_PMR_EL1), pmr);
    check_eq("the physical CTLR is another", grd(ICC_CTLR_EL1), ctlr);
}

/* ---- which accesses are virtual or trapped, by HCR_EL2 and ICH_HCR_EL2 ---- */
SNIPPET(sgi0_code, "msr icc_sgi0r_el1, x0");
SNIPPET(sgi1_code, "msr icc_sgi1r_el1, x0");
SNIPPET(asgi1_code, "msr icc_asgi1r_el1, x0");
SNIPPET(enable0_code, "mrs x0, icc_igrpen0_el1");
SNIPPET(enable1_code, "mrs x0, icc_igrpen1_el1");
SNIPPET(apr0_code, "mrs x0, icc_ap0r0_el1");
SNIPPET(apr1_code, "mrs x0, icc_ap1r0_el1");

#define ISS(crn, crm, op2, read) (3 << 20 | (op2) << 17 | (crn) << 10 | (crm) << 1 | (read))
static const struct trapped {
    const char *name;
    const char *const *code;
    uint64_t traps; /* ICH_HCR_EL2 */
    uint64_t sgi;   /* HCR_EL2: an SGI register traps instead of being virtual */
    uint32_t iss;
} trapped[] = {
#define CODE(snippet)                                                                              \
    (const char *const[])                                                                          \
    {                                                                                              \
        snippet                                                                                    \
    }
    {"ICC_HPPIR0_EL1", &cpuif_group0.read[CPUIF_HPPIR], ICH_TALL0, 0, ISS(12, 8, 2, 1)},
    {"ICC_BPR0_EL1", &cpuif_group0.write[CPUIF_BPR], ICH_TALL0, 0, ISS(12, 8, 3, 0)},
    {"ICC_IGRPEN0_EL1", CODE(enable0_code), ICH_TALL0, 0, ISS(12, 12, 6, 1)},
    {"ICC_AP0R0_EL1", CODE(apr0_code), ICH_TALL0, 0, ISS(12, 8, 4, 1)},
    {"ICC_HPPIR1_EL1", &cpuif_group1.read[CPUIF_HPPIR], ICH_TALL1, 0, ISS(12, 12, 2, 1)},
    {"ICC_EOIR1_EL1", &cpuif_group1.write[CPUIF_EOIR], ICH_TALL1, 0, ISS(12, 12, 1, 0)},
    {"ICC_IGRPEN1_EL1", CODE(enable1_code), ICH_TALL1, 0, ISS(12, 12, 7, 1)},
    {"ICC_AP1R0_EL1", CODE(apr1_code), ICH_TALL1, 0, ISS(12, 9, 0, 1)},
    {"ICC_PMR_EL1", &cpuif_group1.read[CPUIF_PMR], ICH_TC, 0, ISS(4, 6, 0, 1)},
    {"ICC_RPR_EL1", &cpuif_group1.read[CPUIF_RPR], ICH_TC, 0, ISS(12, 11, 3, 1)},
    {"ICC_CTLR_EL1", &cpuif_group1.read_ctlr, ICH_TC, 0, ISS(12, 12, 4, 1)},
    {"ICC_DIR_EL1", &cpuif_group1.write[CPUIF_DIR], ICH_TC | ICH_TDIR, 0, ISS(12, 11, 1, 0)},
    {"ICC_SGI0R_EL1", CODE(sgi0_code), ICH_TC, HCR_IMO | HCR_FMO, ISS(12, 11, 7, 0)},
    {"ICC_SGI1R_EL1", CODE(sgi1_code), ICH_TC, HCR_IMO | HCR_FMO, ISS(12, 11, 5, 0)},
    {"ICC_ASGI1R_EL1", CODE(asgi1_code), ICH_TC, HCR_IMO | HCR_FMO, ISS(12, 11, 6, 0)},
};

static void trap(const struct trapped *t, uint64_t ich, uint64_t hcr)
{
    gwr(ICH_HCR_EL2, ich);
    wr(hcr_el2, (base_hcr & ~(HCR_IMO | HCR_FMO)) | hcr);
    isb();
    /* An SGI to nobody, an end of no interrupt. */
    struct outcome o = run_at(MASKED(EL1H), *t->code, ARGS(t->sgi ? 0 : SPURIOUS));
    wr(hcr_el2, base_hcr);
    isb();
    if ((ich & t->traps) || (hcr & t->sgi)) {
        check_taken(t->name, &o, 2, FROM_LOWER, ESR(EC_SYSREG, t->iss));
    } else {
        check_done(t->name, &o);
    }
}

static void traps(void)
{
    static const uint64_t bits[] = {0, ICH_TC, ICH_TALL0, ICH_TALL1, ICH_TDIR};
    static const uint64_t routes[] = {0, HCR_IMO, HCR_FMO, HCR_IMO | HCR_FMO};

    for (unsigned i = 0; i < ARRAY_LEN(trapped); i++) {
        for (unsigned k = 0; k < ARRAY_LEN(bits) * ARRAY_LEN(routes); k++) {
            trap(&trapped[i], bits[k / 4], routes[k % 4]);
        }
    }
    gwr(ICH_HCR_EL2, 0);
    isb();
}

/* ---- an SGI that a guest sends to itself: trapped, injected, taken, ended ---- */
SNIPPET(send_code, "msr daifclr, #2\nmsr icc_sgi1r_el1, x0\nmov x9, #64\n"
                   "1: subs x9, x9, #1\nb.ne 1b");

static uint64_t vintid, taken_at;

static bool emulate(struct trap *t)
{
    if (t->esr != ESR(EC_SYSREG, ISS(12, 11, 5, 0))) {
        return false;
    }
    lr_write(0, LR_PENDING | LR_GROUP1 | LR_PRIORITY(0x40) | FIELD(t->x[0], 24, 4));
    t->elr += 4;
    return true;
}

static bool handle(struct trap *t)
{
    if (t->vector != (FROM_SPX | VEC_IRQ)) {
        return false;
    }
    vintid = grd(ICC_IAR1_EL1);
    taken_at = t->elr;
    gwr(ICC_EOIR1_EL1, vintid);
    isb();
    return true;
}

static void emulated_sgi(void)
{
    reset(GUEST1);
    GUEST1->write(GUEST1, CPUIF_PMR, 0xf8);
    trap_hook(2, emulate);
    trap_hook(1, handle);
    struct outcome o = run_at(MASKED(EL1H), send_code, ARGS(UINT64_C(9) << 24 | 1));
    check_done("emulated SGI", &o);
    check_eq("emulated SGI: INTID", vintid, 9);
    check("emulated SGI: after the write", taken_at >= (uintptr_t)send_code + 8);
    check_eq("emulated SGI: list register", LR_STATE(lr_read(0)), INACTIVE);
    trap_hook(2, NULL);
    trap_hook(1, NULL);
}

int guest_main(void)
{
    gic_init();
    base_hcr = rd(hcr_el2) | HCR_IMO | HCR_FMO;
    wr(hcr_el2, base_hcr);
    isb();
    for (unsigned i = 0; i < ARRAY_LEN(guests); i++) {
        cpuif_rules(&guests[i]);
    }
    two_groups();
    control_views();
    traps();
    emulated_sgi();
    return 0;
}
