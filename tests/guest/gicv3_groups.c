/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupt groups of GICv3 with two Security states: which of IRQ and FIQ, who may acknowledge,
 * end and deactivate, special INTIDs, priorities as Non-secure software sees them, traps to EL3.
 * Arm IHI 0069H, 4.6 "Interrupt grouping", 4.8.1 and 12.2.
 */
#include "cpuif.h"
#include "gic.h"

#define SCR_NS  BIT(0)
#define SCR_IRQ BIT(1)
#define SCR_FIQ BIT(2)
#define ISR_I   BIT(7)
#define ISR_F   BIT(6)

#define SECURE    1020
#define NONSECURE 1021
#define IT        200 /* the interrupt of this program */

enum group { GROUP_0, GROUP_1S, GROUP_1NS, N_GROUPS };
static const char *const group_names[] = {"Group 0", "Secure Group 1", "Non-secure Group 1"};

/* Where software runs: EL3, Secure EL1, Non-secure EL2 and EL1. SCR_EL3.NS is 1 but for S_EL1. */
enum where { AT_EL3, AT_S_EL1, AT_EL2, AT_EL1, N_WHERE };
static const struct cpuif places[N_WHERE] = {
    {.name = "EL3", .mode = EL3H},
    {.name = "Secure EL1", .mode = EL1H, .scr = SCR_NS},
    {.name = "Non-secure EL2", .mode = EL2H},
    {.name = "Non-secure EL1", .mode = EL1H},
};

SNIPPET(end0_code, "msr icc_eoir0_el1, x0");
SNIPPET(end1_code, "msr icc_eoir1_el1, x0");
SNIPPET(dir_code, "msr icc_dir_el1, x0");

static uint64_t at(enum where w, const char *code, uint64_t arg)
{
    return cpuif_run(&places[w], code, arg);
}

static void in(enum group g, enum where w, unsigned failures)
{
    if (guest_failures_so_far() != failures) {
        print("     ");
        print(group_names[g]);
        print(" at ");
        print(places[w].name);
        print("\n");
    }
}

static void pend(enum group g, uint8_t priority)
{
    uint64_t group = GICD_BASE + GICD_IGROUPR + IT / 32 * 4;
    uint64_t mod = GICD_BASE + GICD_IGRPMODR + IT / 32 * 4;

    gic_quiet(IT);
    mmio_write32(group, g == GROUP_1NS ? 1u << IT % 32 : 0);
    mmio_write32(mod, g == GROUP_1S ? 1u << IT % 32 : 0);
    gic_edge(IT, true);
    gic_priority(IT, priority);
    gic_set(IT, GICD_ISENABLER);
    gic_set(IT, GICD_ISPENDR);
}

/* ---- who is told what: rows are groups, columns places ---- */
static const uint64_t isr[N_GROUPS][N_WHERE] = {
    [GROUP_0] = {ISR_F, ISR_F, ISR_F, ISR_F},
    [GROUP_1S] = {ISR_F, ISR_I, ISR_F, ISR_F},
    [GROUP_1NS] = {ISR_F, ISR_F, ISR_I, ISR_I},
};
static const uint64_t iar0[N_GROUPS][N_WHERE] = {
    [GROUP_0] = {IT, IT, SPURIOUS, SPURIOUS},
    [GROUP_1S] = {SECURE, SPURIOUS, SPURIOUS, SPURIOUS},
    [GROUP_1NS] = {NONSECURE, SPURIOUS, SPURIOUS, SPURIOUS},
};
static const uint64_t iar1[N_GROUPS][N_WHERE] = {
    [GROUP_0] = {SPURIOUS, SPURIOUS, SPURIOUS, SPURIOUS},
    [GROUP_1S] = {IT, IT, SPURIOUS, SPURIOUS},
    [GROUP_1NS] = {IT, SPURIOUS, IT, IT},
};
/* Priority drop by EOIR0 and EOIR1. */
static const bool drops0[N_GROUPS][N_WHERE] = {[GROUP_0] = {true, true}};
static const bool drops1[N_GROUPS][N_WHERE] = {
    [GROUP_1S] = {true, true},
    [GROUP_1NS] = {true, false, true, true},
};

static void acknowledge(enum group g, enum where w)
{
    static const uint64_t(*const iar[])[N_WHERE] = {iar0, iar1};
    static const struct cpuif_code *const code[] = {&cpuif_group0, &cpuif_group1};

    for (unsigned n = 0; n < 2; n++) {
        pend(g, 0x80);
        check_eq("ISR_EL1", cpuif_isr(&places[w]), isr[g][w]);
        check_eq("HPPIR", at(w, code[n]->read[CPUIF_HPPIR], 0), iar[n][g][w]);
        check_eq("IAR", at(w, code[n]->read[CPUIF_IAR], 0), iar[n][g][w]);
        check_eq("acknowledged or not", gic_get(IT, GICD_ISACTIVER), iar[n][g][w] == IT);
        if (iar[n][g][w] == IT) {
            gwr(ICC_EOIR0_EL1, IT);
            gwr(ICC_EOIR1_EL1, IT);
        }
        check_eq("all ended", grd(ICC_RPR_EL1), 0xff);
    }
    gic_quiet(IT);
}

/* Make it active from EL3, which may acknowledge every group. */
static void activate(enum group g)
{
    pend(g, 0x80);
    check_eq("IAR at EL3", g == GROUP_0 ? grd(ICC_IAR0_EL1) : grd(ICC_IAR1_EL1), IT);
}

static void end(enum group g, enum where w)
{
    static const bool(*const drops[])[N_WHERE] = {drops0, drops1};
    static const char *const code[] = {end0_code, end1_code};

    for (unsigned n = 0; n < 2; n++) {
        activate(g);
        at(w, code[n], IT);
        check_eq("EOIR drops the priority", grd(ICC_RPR_EL1), drops[n][g][w] ? 0xff : 0x80);
        check_eq("EOIR deactivates", gic_get(IT, GICD_ISACTIVER), !drops[n][g][w]);
        gwr(ICC_EOIR0_EL1, IT);
        gwr(ICC_EOIR1_EL1, IT);
    }
}

/* With split deactivation Non-secure software can only deactivate its own group. */
static void deactivate(enum group g, enum where w)
{
    const uint64_t eoimodes = 7 << 2;
    bool may = w == AT_EL3 || w == AT_S_EL1 || g == GROUP_1NS;

    activate(g);
    gwr(ICC_EOIR0_EL1, IT);
    gwr(ICC_EOIR1_EL1, IT);
    if (gic_get(IT, GICD_ISACTIVER)) {
        check("deactivated by EOIR although EOImode is 0", false);
    }
    gwr(ICC_CTLR_EL3, eoimodes);
    isb();
    activate(g);
    gwr(ICC_EOIR0_EL1, IT);
    gwr(ICC_EOIR1_EL1, IT);
    check_eq("EOImode_EL3: dropped", grd(ICC_RPR_EL1), 0xff);
    check("EOImode_EL3: still active", gic_get(IT, GICD_ISACTIVER));
    at(w, dir_code, IT);
    check_eq("DIR deactivates", gic_get(IT, GICD_ISACTIVER), !may);
    gic_quiet(IT);
    gwr(ICC_CTLR_EL3, 0);
    isb();
}

/* ---- priorities as Non-secure software sees them while FIQs go to EL3 ---- */
static const struct view {
    uint8_t real, seen;
} views[] = {{0x00, 0x00}, {0x40, 0x00}, {0x80, 0x00}, {0x88, 0x10}, {0xc0, 0x80}, {0xf8, 0xf0}};

static void non_secure_priorities(void)
{
    const char *read_pmr = cpuif_group1.read[CPUIF_PMR], *write_pmr = cpuif_group1.write[CPUIF_PMR];
    const char *read_rpr = cpuif_group1.read[CPUIF_RPR];
    uint64_t scr = rd(scr_el3);

    wr(scr_el3, scr | SCR_FIQ);
    isb();
    for (unsigned i = 0; i < ARRAY_LEN(views); i++) {
        gwr(ICC_PMR_EL1, views[i].real);
        check_eq("Non-secure PMR", at(AT_EL2, read_pmr, 0), views[i].seen);
        check_eq("Secure PMR", at(AT_S_EL1, read_pmr, 0), views[i].real);
        at(AT_EL2, write_pmr, 0x20);
        check_eq("Non-secure write of PMR", grd(ICC_PMR_EL1),
                 views[i].real & 0x80 ? 0x90 : views[i].real);
    }
    gwr(ICC_PMR_EL1, 0xf8);
    check_eq("Non-secure RPR, idle", at(AT_EL2, read_rpr, 0), 0xff);
    for (unsigned i = 0; i < ARRAY_LEN(views) - 1; i++) {
        pend(GROUP_1NS, views[i].real);
        check_eq("acknowledge at EL3", grd(ICC_IAR1_EL1), IT);
        check_eq("Non-secure RPR", at(AT_EL2, read_rpr, 0), views[i].seen);
        gwr(ICC_EOIR1_EL1, IT);
    }
    wr(scr_el3, scr);
    isb();
    gwr(ICC_PMR_EL1, 0x88);
    check_eq("Non-secure PMR, FIQs not at EL3", at(AT_EL2, read_pmr, 0), 0x88);
    gwr(ICC_PMR_EL1, 0xf8);
}

/* ---- SCR_EL3.{FIQ,IRQ} trap accesses from below ---- */
static const struct trapped {
    const char *name;
    const char *const *code;
    uint64_t bits;
} trapped[] = {
    {"ICC_HPPIR0_EL1", &cpuif_group0.read[CPUIF_HPPIR], SCR_FIQ},
    {"ICC_BPR0_EL1", &cpuif_group0.read[CPUIF_BPR], SCR_FIQ},
    {"ICC_HPPIR1_EL1", &cpuif_group1.read[CPUIF_HPPIR], SCR_IRQ},
    {"ICC_BPR1_EL1", &cpuif_group1.read[CPUIF_BPR], SCR_IRQ},
    {"ICC_PMR_EL1", &cpuif_group1.read[CPUIF_PMR], SCR_IRQ | SCR_FIQ},
    {"ICC_CTLR_EL1", &cpuif_group1.read_ctlr, SCR_IRQ | SCR_FIQ},
    {"ICC_DIR_EL1", &cpuif_group1.write[CPUIF_DIR], SCR_IRQ | SCR_FIQ},
};

static void trap(const struct trapped *t, uint64_t routes, uint64_t hcr, uint64_t mode)
{
    uint64_t scr = rd(scr_el3), hcr_before = rd(hcr_el2);
    /* At EL1 either of HCR_EL2.{FMO,IMO} that governs it makes it a register of the guest. */
    bool virtual = mode == EL1H &&
                   ((hcr & HCR_FMO && t->bits & SCR_FIQ) || (hcr & HCR_IMO && t->bits & SCR_IRQ));
    bool to_el3 = !virtual && (routes & t->bits) == t->bits;

    wr(scr_el3, scr | routes);
    wr(hcr_el2, hcr_before | hcr);
    isb();
    struct outcome o = run_at(MASKED(mode), *t->code, ARGS(SPURIOUS));
    wr(scr_el3, scr);
    wr(hcr_el2, hcr_before);
    isb();
    if (to_el3) {
        check_eq(t->name, o.el, 3);
        check_eq(t->name, ESR_EC(o.esr), EC_SYSREG);
    } else {
        check_done(t->name, &o);
    }
}

static void traps(void)
{
    static const uint64_t modes[] = {EL1H, EL2H};

    for (unsigned i = 0; i < ARRAY_LEN(trapped) * 32; i++) {
        uint64_t routes = (i & 1 ? SCR_IRQ : 0) | (i & 2 ? SCR_FIQ : 0);
        uint64_t hcr = (i & 4 ? HCR_IMO : 0) | (i & 8 ? HCR_FMO : 0);

        trap(&trapped[i / 32], routes, hcr, modes[i >> 4 & 1]);
    }
}

int guest_main(void)
{
    gic_init();
    gic_route(IT, rd(mpidr_el1) & 0xff00ffffff);
    for (enum group g = 0; g < N_GROUPS; g++) {
        for (enum where w = 0; w < N_WHERE; w++) {
            unsigned failures = guest_failures_so_far();

            acknowledge(g, w);
            end(g, w);
            deactivate(g, w);
            in(g, w, failures);
        }
    }
    non_secure_priorities();
    traps();
    return 0;
}
