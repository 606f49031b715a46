/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PSTATE fields of later extensions: PAN, UAO, SSBS, DIT. How they are set and read, what exception
 * entry and return do with them, what PAN and UAO do to accesses. Arm ARM C5.2, D8.4.7 "PAN",
 * AArch64.TakeException().
 */
#include "mmu.h"

#define PSR_DIT     BIT(24)
#define PSR_UAO     BIT(23)
#define PSR_PAN     BIT(22)
#define PSR_SSBS    BIT(12)
#define SCTLR_SPAN  BIT(23)
#define SCTLR_DSSBS BIT(44)
#define HCR_E2H     BIT(34)
#define HCR_TGE     BIT(27)

/* Encodings by number for older assemblers: PAN op2 4, UAO op2 3 of op1 0; DIT 5, SSBS 6. */
SNIPPET(pan_code, "msr s0_0_c4_c1_4, xzr\nmrs x0, s3_0_c4_c2_3\nmsr s0_0_c4_c0_4, xzr\n"
                  "mrs x1, s3_0_c4_c2_3\nmsr s3_0_c4_c2_3, x2\nmrs x3, s3_0_c4_c2_3");
SNIPPET(uao_code, "msr s0_0_c4_c1_3, xzr\nmrs x0, s3_0_c4_c2_4\nmsr s0_0_c4_c0_3, xzr\n"
                  "mrs x1, s3_0_c4_c2_4\nmsr s3_0_c4_c2_4, x2\nmrs x3, s3_0_c4_c2_4");
SNIPPET(ssbs_code, "msr s0_3_c4_c1_1, xzr\nmrs x0, s3_3_c4_c2_6\nmsr s0_3_c4_c0_1, xzr\n"
                   "mrs x1, s3_3_c4_c2_6\nmsr s3_3_c4_c2_6, x2\nmrs x3, s3_3_c4_c2_6");
SNIPPET(dit_code, "msr s0_3_c4_c1_2, xzr\nmrs x0, s3_3_c4_c2_5\nmsr s0_3_c4_c0_2, xzr\n"
                  "mrs x1, s3_3_c4_c2_5\nmsr s3_3_c4_c2_5, x2\nmrs x3, s3_3_c4_c2_5");
SNIPPET(svc_code, "svc #0");
SNIPPET(load_code, "ldr x1, [x0]");
SNIPPET(store_code, "str x1, [x0]");
SNIPPET(ldtr_code, "ldtr x1, [x0]");
SNIPPET(sttr_code, "sttr x1, [x0]");
SNIPPET(at_code, "at s1e1r, x0\nisb\nmrs x1, par_el1");
SNIPPET(at_pan_code, "at s1e1rp, x0\nisb\nmrs x1, par_el1");
SNIPPET(at_pan_write_code, "at s1e1wp, x0\nisb\nmrs x1, par_el1");

static const uint64_t modes[] = {EL0T, EL1H, EL2H, EL3H};

/* The immediate forms above all have 1 and 0: MSR <field>, #1 then #0 then a register. */
static const struct field {
    const char *name;
    const char *code;
    uint64_t bit;
    unsigned least_el;
} fields[] = {
    {"PAN", pan_code, PSR_PAN, 1},
    {"UAO", uao_code, PSR_UAO, 1},
    {"SSBS", ssbs_code, PSR_SSBS, 0},
    {"DIT", dit_code, PSR_DIT, 0},
};

static void set_and_read(const struct field *f, unsigned el)
{
    struct outcome o = run_at(MASKED(modes[el]), f->code, ARGS(0, 0, ~UINT64_C(0)));

    if (el < f->least_el) {
        check_eq(f->name, ESR_EC(o.esr), EC_UNKNOWN);
        return;
    }
    check_done(f->name, &o);
    check_eq("MSR of 1", o.x[0], f->bit);
    check_eq("MSR of 0", o.x[1], 0);
    check_eq("MSR of a register", o.x[3], f->bit);
    check_eq("SPSR has it", o.spsr & f->bit, f->bit);
}

/* ---- exception entry: the handler at EL1 looks at its own PSTATE ---- */

static uint64_t handler_pstate;

static bool look(struct trap *t)
{
    if (ESR_EC(t->esr) != EC_SVC) {
        return false;
    }
    handler_pstate = rd(s3_0_c4_c2_3) | rd(s3_0_c4_c2_4) | rd(s3_3_c4_c2_6) | rd(s3_3_c4_c2_5);
    return true;
}

/* SSBS becomes SCTLR.DSSBS, UAO 0, DIT stays; PAN is set if SPAN is 0, else stays. */
static void entry(void)
{
    uint64_t sctlr = rd(sctlr_el1), all = PSR_PAN | PSR_UAO | PSR_SSBS | PSR_DIT;

    trap_hook(1, look);
    for (unsigned i = 0; i < 64; i++) {
        bool span = i & 1, dssbs = i & 2;
        uint64_t before = (i & 4 ? PSR_PAN : 0) | (i & 8 ? PSR_UAO : 0) | (i & 16 ? PSR_SSBS : 0) |
                          (i & 32 ? PSR_DIT : 0);
        uint64_t want =
            (before & (PSR_DIT | PSR_PAN)) | (span ? 0 : PSR_PAN) | (dssbs ? PSR_SSBS : 0);

        wr(sctlr_el1, (sctlr & ~(SCTLR_SPAN | SCTLR_DSSBS)) | (span ? SCTLR_SPAN : 0) |
                          (dssbs ? SCTLR_DSSBS : 0));
        isb();
        struct outcome o = run_at(MASKED(EL1H) | before, svc_code, ARGS(0));
        check_done("SVC", &o);
        check_eq("PSTATE of the handler", handler_pstate, want);
        check_eq("PSTATE after the return", o.spsr & all, before);
    }
    trap_hook(1, NULL);
    wr(sctlr_el1, sctlr);
    isb();
}

/* ---- accesses to a page of EL0 from EL1, and from EL2 as a host ---- */

static struct tables tables;
static _Alignas(4096) uint64_t page[512];

#define FAULT(write) (0xf | (write) << 6) /* permission, level 3 */

static const struct access {
    const char *name;
    const char *code;
    bool write, unprivileged;
} accesses[] = {
    {"LDR", load_code, false, false},
    {"STR", store_code, true, false},
    {"LDTR", ldtr_code, false, true},
    {"STTR", sttr_code, true, true},
};

/* EL0's page is out of reach under PAN, but for LDTR and STTR, unless UAO makes them ordinary. */
static void user_page(unsigned el, const struct access *a)
{
    for (unsigned i = 0; i < 4; i++) {
        bool pan = i & 1, uao = i & 2;
        uint64_t spsr = MASKED(modes[el]) | (pan ? PSR_PAN : 0) | (uao ? PSR_UAO : 0);
        struct outcome o = run_at(spsr, a->code, ARGS(WINDOW, 1));

        if (pan && !(a->unprivileged && !uao)) {
            check_taken(a->name, &o, el, FROM_SPX, ESR(EC_DABT, FAULT(a->write)));
        } else {
            check_done(a->name, &o);
        }
        /* A page that EL0 cannot reach: only the unprivileged ones fail, unless UAO. */
        o = run_at(spsr, a->code, ARGS(WINDOW + PAGE, 1));
        if (a->unprivileged && !uao) {
            check_taken(a->name, &o, el, FROM_SPX, ESR(EC_DABT, FAULT(a->write)));
        } else {
            check_done(a->name, &o);
        }
    }
}

static void address_translation(void)
{
    static const struct {
        const char *name;
        const char *code;
        bool pan_counts;
    } ats[] = {{"AT S1E1R", at_code, false},
               {"AT S1E1RP", at_pan_code, true},
               {"AT S1E1WP", at_pan_write_code, true}};

    for (unsigned i = 0; i < ARRAY_LEN(ats) * 2; i++) {
        bool pan = i & 1;
        struct outcome o =
            run_at(MASKED(EL1H) | (pan ? PSR_PAN : 0), ats[i / 2].code, ARGS(WINDOW));

        check_eq(ats[i / 2].name, o.x[1] & 1, ats[i / 2].pan_counts && pan);
    }
}

static void pan_and_uao(void)
{
    uint64_t hcr = rd(hcr_el2);

    tables = stage1_flat();
    map(&tables, WINDOW, (uintptr_t)page, PAGE, D_NORMAL | D_EL0 | D_UXN | D_PXN | D_NG, 3);
    map(&tables, WINDOW + PAGE, (uintptr_t)page, PAGE, D_NORMAL | D_UXN | D_PXN | D_NG, 3);
    stage1_on(1, &tables, 0);
    for (unsigned i = 0; i < ARRAY_LEN(accesses); i++) {
        user_page(1, &accesses[i]);
    }
    address_translation();
    stage1_off(1);
    /* EL2 with its EL0 has the same rules; TCR_EL2 has the layout of TCR_EL1. */
    wr(hcr_el2, hcr | HCR_E2H | HCR_TGE);
    isb();
    wr(mair_el2, rd(mair_el1));
    wr(tcr_el2, rd(tcr_el1));
    wr(ttbr0_el2, (uintptr_t)tables.root);
    tlb_flush_all();
    wr(sctlr_el2, rd(sctlr_el2) | 1);
    isb();
    for (unsigned i = 0; i < ARRAY_LEN(accesses); i++) {
        user_page(2, &accesses[i]);
    }
    wr(sctlr_el2, rd(sctlr_el2) & ~UINT64_C(1));
    wr(hcr_el2, hcr);
    tlb_flush_all();
}

int guest_main(void)
{
    for (unsigned i = 0; i < ARRAY_LEN(fields) * 4; i++) {
        unsigned failures = guest_failures_so_far();

        set_and_read(&fields[i / 4], i & 3);
        if (guest_failures_so_far() != failures) {
            print("     ");
            print(fields[i / 4].name);
            print(" at EL");
            print_dec(i & 3);
            print("\n");
        }
    }
    entry();
    pan_and_uao();
    return 0;
}
