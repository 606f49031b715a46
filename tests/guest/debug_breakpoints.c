/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hardware breakpoints: where debug exceptions are enabled and who takes them (exhaustive), the
 * conditions of DBGBCR (exhaustive), contexts and links, and what has a higher or lower priority.
 * Arm ARM D2.8 "Breakpoint exceptions", AArch64.GenerateDebugExceptionsFrom().
 */
#include "debug.h"
#include "mmu.h"

SNIPPET(nops_code, "nop\nnop\nnop\nnop");
SNIPPET(undefined_code, "nop\n.inst 0\nnop");
SNIPPET(brk_code, "nop\nbrk #1\nnop");
SNIPPET(compare_code, "cmp x0, x0\nb.ne 1f\nnop\n1: nop");
SNIPPET(branch_code,
        ".arch armv8.5-a\nadr x1, 1f\nbr x1\n1: bti j\nnop\nadr x1, 2f\nbr x1\n2: nop");
SNIPPET(loop_code, "1: subs x0, x0, #1\nb.ne 1b\nnop");

#define SECOND ((uintptr_t)nops_code + 4)

static const uint64_t modes[] = {EL0T, EL1H, EL2H};

static void check_break(const char *name, const struct outcome *o, unsigned from, unsigned el,
                        uintptr_t pc)
{
    unsigned vector = from == el ? FROM_SPX : FROM_LOWER;

    check_taken(name, o, el, vector, ESR(EC_BREAKPOINT + (from == el), DEBUG_STATUS));
    check_eq(name, o->elr, pc);
}

/* ---- are they enabled, and who takes them ---- */

static struct control {
    bool mde, kde, tde, tge, masked, oslk, secure, sdd;
} control_of(unsigned bits)
{
    return (struct control){bits & 1,  bits & 2,  bits & 4,  bits & 8,
                            bits & 16, bits & 32, bits & 64, bits & 128};
}

static void apply(const struct control *k)
{
    wr(scr_el3, (rd(scr_el3) & ~SCR_NS) | (k->secure ? SCR_EEL2 : SCR_NS));
    wr(mdscr_el1, (k->mde ? MDSCR_MDE : 0) | (k->kde ? MDSCR_KDE : 0));
    wr(mdcr_el2, (rd(mdcr_el2) & ~MDCR2_TDE) | (k->tde ? MDCR2_TDE : 0));
    wr(mdcr_el3, k->sdd ? MDCR3_SDD : 0);
    wr(hcr_el2, (rd(hcr_el2) & ~HCR_TGE) | (k->tge ? HCR_TGE : 0));
    wr(oslar_el1, k->oslk);
    isb();
}

/* 0: no exception. */
static unsigned target(const struct control *k, unsigned el)
{
    unsigned to = k->tde || k->tge ? 2 : 1;

    if (!k->mde || k->oslk || (k->secure && k->sdd) || el > to ||
        (el == to && (!k->kde || k->masked))) {
        return 0;
    }
    return to;
}

static void controls(void)
{
    uint64_t scr = rd(scr_el3), hcr = rd(hcr_el2);

    set_breakpoint(0, SECOND, DBG_ANYWHERE | BCR_BAS);
    for (unsigned i = 0; i < 3 * 256; i++) {
        struct control k = control_of(i / 3);
        unsigned el = i % 3, to = target(&k, el);

        if (k.tge && el == 1) {
            continue; /* there is no EL1 then */
        }
        apply(&k);
        struct outcome o =
            run_at(modes[el] | UNMASKED_D | (k.masked ? PSR_D : 0), nops_code, ARGS(0));
        if (to == 0) {
            check_done(k.oslk ? "OS Lock" : "no debug exception", &o);
        } else {
            check_break("debug exception", &o, el, to, SECOND);
        }
    }
    wr(scr_el3, scr);
    wr(hcr_el2, hcr);
    debug_off();
}

/* ---- HMC, SSC, PMC ---- */

static void state_one(const struct debug_state *s, unsigned el, bool secure)
{
    bool hit = s->el[el] && (secure ? s->secure : s->non_secure);
    const char *name = s->ssc == 3                            ? "SSC of 3"
                       : s->hmc && s->ssc == 2 && s->pxc == 0 ? "EL3 only"
                                                              : "HMC, SSC, PMC";

    set_breakpoint(0, SECOND,
                   DBG_E | BCR_BAS | (s->hmc ? DBG_HMC : 0) | DBG_SSC(s->ssc) | DBG_PXC(s->pxc));
    struct outcome o = run_at(modes[el] | UNMASKED_D, nops_code, ARGS(0));
    check_eq(name, !o.done, hit);
}

static void states(void)
{
    uint64_t scr = rd(scr_el3);
    struct control k = {.mde = true, .kde = true, .tde = true};

    for (unsigned i = 0; i < 2 * n_debug_states; i++) {
        k.secure = i & 1;
        apply(&k);
        for (unsigned el = 0; el < 3; el++) {
            state_one(&debug_states[i / 2], el, k.secure);
        }
    }
    wr(scr_el3, scr);
    debug_off();
}

/* ---- contexts ---- */

#define CONTEXT_1 UINT64_C(0x1234)
#define CONTEXT_2 UINT64_C(0x5678)
#define VMID      UINT64_C(0x9a)

static const struct context {
    const char *name;
    unsigned type; /* BT of the unlinked form */
    uint64_t value;
    bool el[3], host[3]; /* at which EL it matches; when the host runs: E2H and TGE */
} contexts[] = {
    {"context ID", 2, CONTEXT_1, {1, 1, 0}, {0, 0, 0}},
    {"context ID of a host", 2, CONTEXT_2, {0, 0, 0}, {1, 0, 1}},
    {"CONTEXTIDR_EL1", 6, CONTEXT_1, {1, 1, 0}, {0, 0, 0}},
    {"VMID", 8, VMID << 32, {1, 1, 0}, {0, 0, 0}},
    {"VMID of another", 8, (VMID + 1) << 32, {0, 0, 0}, {0, 0, 0}},
    {"VMID and CONTEXTIDR_EL1", 10, VMID << 32 | CONTEXT_1, {1, 1, 0}, {0, 0, 0}},
    {"VMID and another context", 10, VMID << 32 | CONTEXT_2, {0, 0, 0}, {0, 0, 0}},
    {"CONTEXTIDR_EL2", 12, CONTEXT_2 << 32, {1, 1, 1}, {1, 0, 1}},
    {"CONTEXTIDR_EL1 and EL2", 14, CONTEXT_2 << 32 | CONTEXT_1, {1, 1, 0}, {0, 0, 0}},
    {"another CONTEXTIDR_EL1 and EL2", 14, CONTEXT_2 << 32 | CONTEXT_2, {0, 0, 0}, {0, 0, 0}},
};

static void context_one(const struct context *k, unsigned el, bool host)
{
    bool hit = host ? k->host[el] : k->el[el];

    /* Linked: at the second instruction, in the context. */
    set_breakpoint(CONTEXT_BREAKPOINT, k->value, DBG_E | BCR_BAS | BCR_BT(k->type + 1));
    set_breakpoint(0, SECOND, DBG_ANYWHERE | BCR_BAS | BCR_BT(1) | DBG_LBN(CONTEXT_BREAKPOINT));
    struct outcome o = run_at(modes[el] | UNMASKED_D, nops_code, ARGS(0));
    check_eq(k->name, !o.done, hit);
    if (hit) {
        check_break(k->name, &o, el, 2, SECOND);
    }
}

/* Alone: at the first instruction of the context. */
static void unlinked_one(const struct context *k, unsigned el, bool host)
{
    set_breakpoint(0, 0, 0);
    set_breakpoint(CONTEXT_BREAKPOINT, k->value, DBG_ANYWHERE | BCR_BAS | BCR_BT(k->type));
    struct outcome o = run_at(modes[el] | UNMASKED_D, nops_code, ARGS(0));
    bool hit = host ? k->host[el] : k->el[el];
    check_eq("every instruction of a context", !o.done && o.elr == (uintptr_t)nops_code, hit);
}

static void matching_contexts(void)
{
    struct control k = {.mde = true, .kde = true, .tde = true};
    uint64_t hcr = rd(hcr_el2);

    wr(contextidr_el1, CONTEXT_1);
    wr(s3_4_c13_c0_1, CONTEXT_2); /* CONTEXTIDR_EL2 */
    wr(vttbr_el2, VMID << 48);
    apply(&k);
    for (unsigned i = 0; i < ARRAY_LEN(contexts) * 6; i++) {
        unsigned el = i / 2 % 3;
        bool host = i & 1;

        if (host && el == 1) {
            continue;
        }
        wr(hcr_el2, hcr | (host ? HCR_E2H | HCR_TGE : 0));
        isb();
        context_one(&contexts[i / 6], el, host);
        unlinked_one(&contexts[i / 6], el, host);
    }
    wr(hcr_el2, hcr);
    wr(contextidr_el1, 0);
    wr(s3_4_c13_c0_1, 0);
    wr(vttbr_el2, 0);
    debug_off();
}

/* What is no valid link: breakpoints that are off, not context-aware, not made for links. */
static void bad_links(void)
{
    static const struct {
        const char *name;
        uint64_t control;
        unsigned number;
    } links[] = {
        {"link to a breakpoint that is off", BCR_BAS | BCR_BT(3), CONTEXT_BREAKPOINT},
        {"link to an unlinked one", DBG_E | BCR_BAS | BCR_BT(2), CONTEXT_BREAKPOINT},
        {"link to an address", DBG_E | BCR_BAS | BCR_BT(1), CONTEXT_BREAKPOINT},
        {"link to one that compares no context", DBG_E | BCR_BAS | BCR_BT(3), 1},
    };
    struct control k = {.mde = true, .kde = true};

    apply(&k);
    for (unsigned i = 0; i < ARRAY_LEN(links); i++) {
        set_breakpoint(links[i].number, 0, links[i].control);
        set_breakpoint(0, SECOND,
                       DBG_E | DBG_PXC(3) | BCR_BAS | BCR_BT(1) | DBG_LBN(links[i].number));
        struct outcome o = run_at(EL1H | UNMASKED_D, nops_code, ARGS(0));
        check_done(links[i].name, &o);
        set_breakpoint(links[i].number, 0, 0);
    }
    debug_off();
}

/* ---- priorities, and places that an emulator may treat together ---- */

static struct outcome break_at(uint64_t spsr, const char *code, unsigned n, uint64_t x0)
{
    set_breakpoint(0, (uintptr_t)code + 4 * n, DBG_E | DBG_PXC(3) | BCR_BAS);
    return run_at(spsr | UNMASKED_D, code, ARGS(x0));
}

static void places(void)
{
    struct control k = {.mde = true, .kde = true};
    struct outcome o;

    apply(&k);
    for (unsigned i = 0; i < 4; i++) {
        o = break_at(EL1H, compare_code, i, 0);
        check_break("in a row of instructions", &o, 1, 1, (uintptr_t)compare_code + 4 * i);
    }
    o = break_at(EL1H, loop_code, 2, 1000);
    check_break("behind a loop", &o, 1, 1, (uintptr_t)loop_code + 8);
    check_eq("behind a loop", o.x[0], 0);
    o = break_at(EL1H, undefined_code, 1, 0);
    check_break("before UNDEFINED", &o, 1, 1, (uintptr_t)undefined_code + 4);
    o = break_at(EL1H, brk_code, 1, 0);
    check_break("before BRK", &o, 1, 1, (uintptr_t)brk_code + 4);
    o = break_at(EL1H | BIT(20), nops_code, 0, 0);
    check_break("before an illegal state", &o, 1, 1, (uintptr_t)nops_code);
    set_breakpoint(0, HOLE, DBG_E | DBG_PXC(3) | BCR_BAS);
    o = run_at(EL1H | UNMASKED_D, (const void *)HOLE, ARGS(0));
    check_eq("after an abort of the fetch", ESR_EC(o.esr), EC_IABT);
    set_breakpoint(0, SECOND, DBG_E | DBG_PXC(3) | BCR_BAS);
    set_breakpoint(1, SECOND + 4, DBG_E | DBG_PXC(3) | BCR_BAS);
    o = run_at(EL1H | UNMASKED_D, (const void *)(SECOND + 4), ARGS(0));
    check_break("two of them", &o, 1, 1, SECOND + 4);
    debug_off();
}

/* Targets of branches in guarded pages: the breakpoint comes before the branch target exception,
 * and BTYPE is saved. */
#define GUARDED    BIT(50)
#define EC_BTI     0x0d
#define BTYPE(psr) FIELD(psr, 10, 2)
static void branch_targets(void)
{
    struct tables tables = stage1_flat();
    struct control k = {.mde = true, .kde = true};
    struct outcome o;

    *descriptor(&tables, (uintptr_t)branch_code, 3) |= GUARDED;
    *descriptor(&tables, (uintptr_t)branch_code + 32, 3) |= GUARDED;
    stage1_on(1, &tables, 0);
    apply(&k);
    o = break_at(EL1H, branch_code, 2, 0);
    check_break("at BTI", &o, 1, 1, (uintptr_t)branch_code + 8);
    check_eq("at BTI", BTYPE(o.spsr), 3);
    o = break_at(EL1H, branch_code, 3, 0);
    check_break("behind BTI", &o, 1, 1, (uintptr_t)branch_code + 12);
    check_eq("behind BTI", BTYPE(o.spsr), 0);
    o = break_at(EL1H, branch_code, 6, 0);
    check_break("where no BTI is", &o, 1, 1, (uintptr_t)branch_code + 24);
    check_eq("where no BTI is", BTYPE(o.spsr), 3);
    debug_off();
    o = run_at(EL1H | UNMASKED_D, branch_code, ARGS(0));
    check_eq("without a breakpoint", ESR_EC(o.esr), EC_BTI);
    stage1_off(1);
}

static unsigned hits;

static bool count(struct trap *t)
{
    if (ESR_EC(t->esr) != EC_BREAKPOINT) {
        return false;
    }
    hits++;
    t->spsr |= PSR_SS; /* over the instruction */
    wr(mdscr_el1, rd(mdscr_el1) | MDSCR_SS);
    set_breakpoint(0, 0, 0);
    return true;
}

static bool count_or_step(struct trap *t)
{
    if (ESR_EC(t->esr) == EC_STEP) {
        wr(mdscr_el1, rd(mdscr_el1) & ~MDSCR_SS);
        set_breakpoint(0, (uintptr_t)loop_code, DBG_E | DBG_PXC(2) | BCR_BAS);
        return true;
    }
    return count(t);
}

/* As debuggers do it: step over, and set it again. */
static void again_and_again(void)
{
    struct control k = {.mde = true};

    apply(&k);
    trap_hook(1, count_or_step);
    struct outcome o = break_at(EL0T, loop_code, 0, 50);
    trap_hook(1, NULL);
    check_done("a breakpoint in a loop", &o);
    check_eq("every time", hits, 50);
    debug_off();
}

int guest_main(void)
{
    debug_off();
    controls();
    states();
    matching_contexts();
    bad_links();
    places();
    branch_targets();
    again_and_again();
    return 0;
}
