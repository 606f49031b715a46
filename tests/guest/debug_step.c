/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Software step: when it is active, one instruction at a time, what the syndrome says, and what
 * exceptions, returns and unmasking do to PSTATE.SS. Arm ARM D2.10 "Software Step exceptions".
 */
#include "debug.h"
#include "mmu.h"

#define ISV BIT(24)
#define EX  BIT(6)

SNIPPET(plain_code, "add x0, x0, #1\nadd x0, x0, #2\nadd x0, x0, #4\nadd x0, x0, #8");
SNIPPET(branch_code,
        "mov x1, #3\n1: sub x1, x1, #1\ncbnz x1, 1b\nb 2f\nnop\n2: nop\nbl 3f\n3: nop");
SNIPPET(exclusive_code, "ldxr x1, [x0]\nldaxrb w1, [x0]\nldxp x1, x2, [x0]\nldar x1, [x0]\n"
                        "stxr w2, x1, [x0]\nclrex\nldr x1, [x0]");
SNIPPET(svc_code, "svc #1\nnop");
SNIPPET(hvc_code, "hvc #1\nnop");
SNIPPET(smc_code, "smc #1\nnop");
SNIPPET(undefined_code, ".inst 0\nnop");
SNIPPET(load_code, "ldr x1, [x0]\nnop");
SNIPPET(wfi_code, "wfi\nnop");
SNIPPET(unmask_code, "msr daifclr, #8\nnop\nnop");
SNIPPET(unmask_register_code, "msr daif, xzr\nnop\nnop");
SNIPPET(unlock_code, "msr oslar_el1, xzr\nnop\nnop");
SNIPPET(eret_code, "msr elr_el1, x0\nmsr spsr_el1, x1\nisb\neret");

static const uint64_t modes[] = {EL0T, EL1H, EL2H};

static void check_step(const char *name, const struct outcome *o, unsigned from, unsigned el,
                       uintptr_t pc, uint64_t iss)
{
    unsigned vector = from == el ? FROM_SPX : FROM_LOWER;

    check_taken(name, o, el, vector, ESR(EC_STEP + (from == el), DEBUG_STATUS | iss));
    check_eq(name, o->elr, pc);
}

static void enable(bool kde, bool tde)
{
    wr(mdscr_el1, MDSCR_SS | (kde ? MDSCR_KDE : 0));
    wr(mdcr_el2, (rd(mdcr_el2) & ~MDCR2_TDE) | (tde ? MDCR2_TDE : 0));
    isb();
}

/* ---- where it is active ---- */

static void active_one(unsigned el, bool kde, bool tde, bool masked, bool ss)
{
    unsigned to = tde ? 2 : 1;
    bool active = el < to || (el == to && kde && !masked);
    uintptr_t pc = (uintptr_t)plain_code;

    enable(kde, tde);
    struct outcome o = run_at(modes[el] | UNMASKED_D | (masked ? PSR_D : 0) | (ss ? PSR_SS : 0),
                              plain_code, ARGS(0));
    if (!active) {
        check_done("not active", &o);
        check_eq("SS is not taken over", o.spsr & PSR_SS, 0);
    } else if (ss) {
        check_step("stepped", &o, el, to, pc + 4, ISV);
        check_eq("one instruction", o.x[0], 1);
        check_eq("SS after it", o.spsr & PSR_SS, 0);
    } else {
        check_step("pending", &o, el, to, pc, 0);
        check_eq("no instruction", o.x[0], 0);
    }
}

static void where(void)
{
    for (unsigned i = 0; i < 48; i++) {
        active_one(i % 3, i / 3 & 1, i / 6 & 1, i / 12 & 1, i / 24 & 1);
    }
    debug_off();
    wr(oslar_el1, 1);
    wr(mdscr_el1, MDSCR_SS);
    isb();
    struct outcome o = run_at(MASKED(EL0T) | PSR_SS, plain_code, ARGS(0));
    check_done("OS Lock", &o);
    debug_off();
}

/* ---- instruction by instruction ---- */

static struct {
    uintptr_t pc[32];
    uint64_t ex[32];
    unsigned n;
} steps;

static bool next(struct trap *t)
{
    if (ESR_EC(t->esr) != EC_STEP) {
        return false;
    }
    if (steps.n < 32) {
        steps.pc[steps.n] = t->elr;
        steps.ex[steps.n] = ESR_ISS(t->esr);
    }
    steps.n++;
    t->spsr |= PSR_SS;
    return true;
}

static struct outcome walk(const char *code, uint64_t x0)
{
    enable(false, false);
    steps.n = 0;
    trap_hook(1, next);
    struct outcome o = run_at(MASKED(EL0T) | PSR_SS, code, ARGS(x0));
    trap_hook(1, NULL);
    debug_off();
    return o;
}

static void one_by_one(void)
{
    static const uint8_t order[] = {1, 2, 1, 2, 1, 2, 3, 5, 6, 7, 8};
    struct outcome o = walk(plain_code, 0);

    check_done("all steps", &o);
    check_eq("all steps", o.x[0], 15);
    check_eq("number of steps", steps.n, 4);
    o = walk(branch_code, 0);
    check_done("with branches", &o);
    check_eq("number of steps", steps.n, ARRAY_LEN(order));
    for (unsigned i = 0; i < ARRAY_LEN(order); i++) {
        check_eq("order", steps.pc[i], (uintptr_t)branch_code + 4 * order[i]);
    }
}

static uint64_t word[2] __attribute__((aligned(16)));

static void exclusives(void)
{
    walk(exclusive_code, (uintptr_t)word);
    check_eq("number of steps", steps.n, 7);
    for (unsigned i = 0; i < 7; i++) {
        check_eq("EX", steps.ex[i], DEBUG_STATUS | ISV | (i < 3 ? EX : 0));
    }
}

/* ---- exceptions of the stepped instruction ---- */

static const struct thrower {
    const char *name;
    const char *code;
    unsigned el; /* that takes it, from EL0 */
    unsigned ec;
    bool is_done; /* the return address is behind it: SS is 0 */
} throwers[] = {
    {"SVC", svc_code, 1, EC_SVC, true},
    {"UNDEFINED", undefined_code, 1, EC_UNKNOWN, false},
    {"data abort", load_code, 1, EC_DABT_LOW, false},
    {"trapped WFI", wfi_code, 1, EC_WFX, false},
};

static void check_spsr(const struct thrower *t, const struct outcome *o)
{
    check_eq(t->name, ESR_EC(o->esr), t->ec);
    check_eq(t->name, !!(o->spsr & PSR_SS), !t->is_done);
}

static void exceptions(void)
{
    static const struct thrower hvc = {"HVC", hvc_code, 2, EC_HVC, true};
    static const struct thrower smc = {"SMC", smc_code, 3, EC_SMC, true};
    struct tables tables = stage1_flat();
    uint64_t sctlr = rd(sctlr_el1);

    stage1_on(1, &tables, 0);
    wr(sctlr_el1, rd(sctlr_el1) & ~BIT(16)); /* nTWI */
    isb();
    for (unsigned i = 0; i < ARRAY_LEN(throwers); i++) {
        enable(false, false);
        struct outcome o = run_at(MASKED(EL0T) | PSR_SS, throwers[i].code, ARGS(WINDOW));
        check_spsr(&throwers[i], &o);
    }
    stage1_off(1);
    wr(sctlr_el1, sctlr);
    enable(true, false);
    struct outcome o = run_at(EL1H | UNMASKED_D | PSR_SS, hvc_code, ARGS(0));
    check_spsr(&hvc, &o);
    o = run_at(EL1H | UNMASKED_D | PSR_SS, smc_code, ARGS(0));
    check_spsr(&smc, &o);
    debug_off();
}

/* A step taken to EL2, of an instruction that goes to EL1: the next one is the vector's. */
static bool at_vector(struct trap *t)
{
    if (ESR_EC(t->esr) != EC_STEP) {
        return false;
    }
    steps.pc[steps.n] = t->elr;
    steps.ex[steps.n++] = FIELD(t->spsr, 0, 4);
    wr(mdscr_el1, 0);
    return true;
}

static void into_the_vector(void)
{
    enable(false, true);
    steps.n = 0;
    trap_hook(2, at_vector);
    struct outcome o = run_at(MASKED(EL0T) | PSR_SS, svc_code, ARGS(0));
    trap_hook(2, NULL);
    check_eq("SVC", ESR_EC(o.esr), EC_SVC);
    check_eq("SVC", o.spsr & PSR_SS, 0);
    check_eq("steps", steps.n, 1);
    check_eq("the vector", steps.pc[0], rd(vbar_el1) + FROM_LOWER);
    check_eq("at EL1", steps.ex[0], EL1H);
    debug_off();
}

/* ERET is stepped too: then it is where it leads to that is interrupted. */
static void over_eret(void)
{
    struct outcome o;

    enable(false, true);
    trap_hook(2, next);
    steps.n = 0;
    o = run_at(MASKED(EL1H) | PSR_SS, eret_code, ARGS((uintptr_t)plain_code, MASKED(EL0T)));
    trap_hook(2, NULL);
    check_eq("steps of ERET and more", steps.n, 8);
    check_eq("ERET", steps.pc[3], (uintptr_t)plain_code);
    check_eq("EL0", o.x[0] - (uintptr_t)plain_code, 15);
    debug_off();
}

/* ---- becoming active without a return ---- */

static void unmasking(void)
{
    static const struct {
        const char *name;
        const char *code;
    } ways[] = {{"MSR DAIFClr", unmask_code},
                {"MSR DAIF", unmask_register_code},
                {"OS Lock off", unlock_code}};
    for (unsigned i = 0; i < ARRAY_LEN(ways); i++) {
        bool lock = i == 2;

        enable(true, false);
        wr(oslar_el1, lock);
        isb();
        struct outcome o = run_at(lock ? EL1H | UNMASKED_D : MASKED(EL1H), ways[i].code, ARGS(0));
        check_step(ways[i].name, &o, 1, 1, (uintptr_t)ways[i].code + 4, 0);
    }
    debug_off();
}

/* A breakpoint at the instruction comes first, and then SS is still to be used. */
static void with_a_breakpoint(void)
{
    uintptr_t pc = (uintptr_t)plain_code;

    enable(false, false);
    wr(mdscr_el1, MDSCR_SS | MDSCR_MDE);
    set_breakpoint(0, pc, DBG_E | DBG_PXC(3) | BCR_BAS);
    struct outcome o = run_at(MASKED(EL0T) | PSR_SS, plain_code, ARGS(0));
    check_eq("breakpoint of a stepped instruction", ESR_EC(o.esr), EC_BREAKPOINT);
    check_eq("SPSR.SS", o.spsr & PSR_SS, PSR_SS);
    o = run_at(MASKED(EL0T), plain_code, ARGS(0));
    check_step("a pending step before a breakpoint", &o, 0, 1, pc, 0);
    debug_off();
}

int guest_main(void)
{
    debug_off();
    where();
    one_by_one();
    exclusives();
    exceptions();
    into_the_vector();
    over_eret();
    unmasking();
    with_a_breakpoint();
    return 0;
}
