/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Branch target identification: which instructions may be the target of which kind of branch in
 * guarded pages, BTYPE after each branch, syndromes. Arm ARM D8.4.6, BranchTargetCheck(),
 * BTypeCompatible_BTI().
 */
#include "mmu.h"

#define D_GP      BIT(50)
#define EC_BTI    0x0d
#define SCTLR_BT0 BIT(35) /* EL0, SCTLR_EL1 */
#define SCTLR_BT1 BIT(36)
#define SCTLR2_BT BIT(36)
#define BTYPE(n)  ((uint64_t)(n) << 10)

/* Landing pads. */
SNIPPET(nop_code, "nop");
SNIPPET(bti_code, "bti");
SNIPPET(bti_c_code, "bti c");
SNIPPET(bti_j_code, "bti j");
SNIPPET(bti_jc_code, "bti jc");
SNIPPET(paciasp_code, "paciasp");
SNIPPET(pacibsp_code, "pacibsp");
SNIPPET(add_code, "add x0, x0, #1");
SNIPPET(brk_code, "brk #0x7f");

/* May be reached with BTYPE 1 (by X16 or X17), 2 (a call), 3 (a jump)? */
static const struct pad {
    const char *name;
    const char *code;
    bool open[4];
    bool by_bt; /* BTYPE 3 as SCTLR_ELx.BT says: 0 allows it */
} pads[] = {
    {"NOP", nop_code, {true, false, false, false}, false},
    {"ADD", add_code, {true, false, false, false}, false},
    {"BTI", bti_code, {true, false, false, false}, false},
    {"BTI c", bti_c_code, {true, true, true, false}, false},
    {"BTI j", bti_j_code, {true, true, false, true}, false},
    {"BTI jc", bti_jc_code, {true, true, true, true}, false},
    {"PACIASP", paciasp_code, {true, true, true, false}, true},
    {"PACIBSP", pacibsp_code, {true, true, true, false}, true},
    {"BRK", brk_code, {true, true, true, true}, false},
};

static struct tables tables;

/* The window shows the page of `code`, guarded or not. */
static uint64_t window(const char *code, bool guarded)
{
    uint64_t page = (uintptr_t)code & -PAGE;

    map(&tables, WINDOW, page, PAGE, D_NORMAL | D_EL0 | D_RO | (guarded ? D_GP : 0), 3);
    tlb_flush_all();
    return WINDOW + ((uintptr_t)code & (PAGE - 1));
}

static void bt(unsigned el, bool on)
{
    uint64_t bit = el == 0 ? SCTLR_BT0 : SCTLR_BT1;

    if (el == 2) {
        wr(sctlr_el2, on ? rd(sctlr_el2) | SCTLR2_BT : rd(sctlr_el2) & ~SCTLR2_BT);
    } else {
        wr(sctlr_el1, on ? rd(sctlr_el1) | bit : rd(sctlr_el1) & ~bit);
    }
    isb();
}

/* An exception return brings BTYPE with it. */
static void landing(unsigned el, const struct pad *p, unsigned btype, bool strict, bool guarded)
{
    static const uint64_t modes[] = {EL0T, EL1H, EL2H};
    bool open = !guarded || p->open[btype] || (btype == 3 && p->by_bt && !strict);
    uint64_t va = window(p->code, guarded);

    bt(el, strict);
    struct outcome o = run_at(MASKED(modes[el]) | BTYPE(btype), (const void *)va, ARGS(0));
    if (open) {
        check_done(p->name, &o);
    } else {
        check_taken(p->name, &o, el == 0 ? 1 : el, el == 0 ? FROM_LOWER : FROM_SPX,
                    ESR(EC_BTI, btype));
        check_eq("SPSR.BTYPE", FIELD(o.spsr, 10, 2), btype);
        check_eq("return address", o.elr, va);
    }
}

static void landings(void)
{
    for (unsigned i = 0; i < ARRAY_LEN(pads) * 48; i++) {
        unsigned failures = guest_failures_so_far(), n = i % 48, el = n >> 4;

        landing(el, &pads[i / 48], n & 3, n & 4, n & 8);
        if (guest_failures_so_far() != failures) {
            print("     BTYPE ");
            print_dec(n & 3);
            print(" at EL");
            print_dec(el);
            print(n & 4 ? " BT=1" : " BT=0");
            print(n & 8 ? " guarded\n" : "\n");
        }
    }
}

/* ---- what each branch makes of BTYPE: it lands on a NOP of the guarded window ---- */
SNIPPET(br_code, "br x0");
SNIPPET(br16_code, "mov x16, x0\nbr x16");
SNIPPET(br17_code, "mov x17, x0\nbr x17");
SNIPPET(blr_code, "blr x0");
SNIPPET(ret_code, "ret x0");
SNIPPET(b_code, "adr x1, 1f\nbr x1\n1: b 2f\n2: bti");
SNIPPET(eret_code, "msr elr_el1, x0\nmov x2, #0x3c5\nmsr spsr_el1, x2\nisb\neret");

static const struct branch {
    const char *name;
    const char *code;
    unsigned from_plain, from_guarded; /* BTYPE; 0: lands anywhere */
} branches[] = {
    {"BR", br_code, 1, 3},   {"BR X16", br16_code, 1, 1}, {"BR X17", br17_code, 1, 1},
    {"BLR", blr_code, 2, 2}, {"RET", ret_code, 0, 0},     {"ERET", eret_code, 0, 0},
};

static void branch(const struct branch *b, bool guarded)
{
    uint64_t target = window(nop_code, true);
    uint64_t from = (uintptr_t)b->code;
    unsigned btype = guarded ? b->from_guarded : b->from_plain;

    if (guarded) {
        map(&tables, WINDOW + 4 * PAGE, from & -PAGE, PAGE, D_NORMAL | D_EL0 | D_RO | D_GP, 3);
        tlb_flush_all();
        from = WINDOW + 4 * PAGE + (from & (PAGE - 1));
    }
    struct outcome o = run_at(MASKED(EL1H), (const void *)from, ARGS(target));
    if (btype == 0) {
        check_done(b->name, &o);
    } else {
        check_taken(b->name, &o, 1, FROM_SPX, ESR(EC_BTI, btype));
        check_eq(b->name, o.elr, target);
    }
}

/* An exception handler starts with BTYPE 0 and returns with the one that was. */
static bool count_svc(struct trap *t)
{
    return ESR_EC(t->esr) == EC_SVC;
}
SNIPPET(svc_pad_code, "bti jc\nsvc #0\nnop");

static void exceptions(void)
{
    uint64_t va = window(svc_pad_code, true);

    trap_hook(1, count_svc);
    struct outcome o = run_at(MASKED(EL1H) | BTYPE(2), (const void *)va, ARGS(0));
    check_done("BTYPE is 0 after its pad", &o);
    trap_hook(1, NULL);
}

int guest_main(void)
{
    tables = stage1_flat();
    stage1_on(1, &tables, 0);
    /* The same tables for EL2: bits that EL1 alone has are ignored or harmless there. */
    stage1_on(2, &tables, 0);
    landings();
    for (unsigned i = 0; i < ARRAY_LEN(branches); i++) {
        branch(&branches[i], false);
        branch(&branches[i], true);
    }
    exceptions();
    stage1_off(1);
    stage1_off(2);
    return 0;
}
