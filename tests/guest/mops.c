/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory copy and set instructions: results for every overlap, faults in the middle that are
 * resumed, Memory Copy and Memory Set exceptions with their syndromes, the controls. Arm ARM C6.2
 * CPYP, CPYFP, SETP; MemCpyParametersIllformedM(), MismatchedMemCpyException().
 */
#include "mmu.h"

#define EC_MOPS     0x27
#define SCTLR_MSCEN BIT(33)
#define HCRX_EL2    S3_4_C1_C2_2
#define HCRX_MSCEN  BIT(11)
#define HCRX_MCE2   BIT(10)
#define PSR_C       BIT(29)
#define PSR_FLAGS   (UINT64_C(15) << 28)

/* Older assemblers: CPY* [X0]!, [X1]!, X2! and SET* [X0]!, X2!, X3. */
#define CPYP  ".inst 0x1d010440\n"
#define CPYM  ".inst 0x1d410440\n"
#define CPYE  ".inst 0x1d810440\n"
#define CPYFP ".inst 0x19010440\n"
#define CPYFM ".inst 0x19410440\n"
#define CPYFE ".inst 0x19810440\n"
#define SETP  ".inst 0x19c30440\n"
#define SETM  ".inst 0x19c34440\n"
#define SETE  ".inst 0x19c38440\n"
SNIPPET(cpy_code, CPYP CPYM CPYE);
SNIPPET(cpyf_code, CPYFP CPYFM CPYFE);
SNIPPET(set_code, SETP SETM SETE);
SNIPPET(cpyp_code, CPYP "mrs x4, nzcv");
SNIPPET(setp_code, SETP "mrs x4, nzcv");
/* A prologue, then the other option's flags for what follows. */
#define FLIP "mrs x9, nzcv\neor x9, x9, #0x20000000\nmsr nzcv, x9\n"
SNIPPET(flip_cpym_code, CPYP FLIP CPYM);
SNIPPET(flip_cpye_code, CPYP FLIP CPYE);
SNIPPET(flip_cpyfm_code, CPYFP FLIP CPYFM);
SNIPPET(flip_setm_code, SETP FLIP SETM);
SNIPPET(flip_sete_code, SETP FLIP SETE);

#define AREA 4096
static _Alignas(4096) uint8_t area[4 * AREA], want[4 * AREA];

static void fill(uint8_t *p)
{
    for (unsigned i = 0; i < 4 * AREA; i++) {
        p[i] = (uint8_t)(i * 7 + (i >> 8));
    }
}

static bool equal(void)
{
    for (unsigned i = 0; i < 4 * AREA; i++) {
        if (area[i] != want[i]) {
            return false;
        }
    }
    return true;
}

/* ---- results ---- */

static void expected_copy(unsigned to, unsigned from, unsigned n)
{
    fill(want);
    for (unsigned i = 0; i < n; i++) {
        unsigned k = to > from ? n - 1 - i : i;
        want[to + k] = want[from + k];
    }
}

static void copy(const char *name, const char *code, unsigned to, unsigned from, unsigned n)
{
    fill(area);
    expected_copy(to, from, n);
    struct outcome o =
        run_at(MASKED(EL1H), code, ARGS((uintptr_t)area + to, (uintptr_t)area + from, n));
    check_done(name, &o);
    check(name, equal());
    check_eq("the size is used up", o.x[2], 0);
}

static void results(void)
{
    static const unsigned sizes[] = {0, 1, 7, 15, 16, 17, 63, 64, 255, 1000, 4095, 4097};

    for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
        unsigned n = sizes[i];

        copy("CPY", cpy_code, 8192, 13, n);
        copy("CPY, overlap upwards", cpy_code, 1 + n / 2, 1, n);
        copy("CPY, overlap downwards", cpy_code, 3, 3 + n / 2, n);
        copy("CPY, by one byte", cpy_code, 101, 100, n);
        copy("CPYF", cpyf_code, 8195, 1, n);
        copy("CPYF, overlap downwards", cpyf_code, 0, 5, n);
        fill(area);
        fill(want);
        for (unsigned k = 0; k < n; k++) {
            want[77 + k] = 0xa5;
        }
        struct outcome o =
            run_at(MASKED(EL1H), set_code, ARGS((uintptr_t)area + 77, 0, n, 0x123a5));
        check_done("SET", &o);
        check("SET", equal());
    }
}

/* ---- exceptions ---- */

/* Option A leaves C clear, option B sets it; N, Z, V are 0. */
static bool option_a(void)
{
    struct outcome o =
        run_at(MASKED(EL1H), cpyp_code, ARGS((uintptr_t)area + 8192, (uintptr_t)area, 4096));
    check_done("CPYP", &o);
    check_eq("CPYP: flags", o.x[4] & PSR_FLAGS & ~PSR_C, 0);
    struct outcome s = run_at(MASKED(EL1H), setp_code, ARGS((uintptr_t)area, 0, 4096));
    check_done("SETP", &s);
    check_eq("SETP: the same option", s.x[4] & PSR_FLAGS, o.x[4] & PSR_FLAGS);
    return !(o.x[4] & PSR_C);
}

/* ISS: MemInst 24, isSETG 23, Options 22:19, FromEpilogue 18, WrongOption 17, OptionA 16. */
static const struct mismatch {
    const char *name;
    const char *code;
    unsigned at; /* offset of the instruction that finds it */
    bool set, epilogue;
    unsigned options;
} mismatches[] = {
    {"CPYM with the other option", flip_cpym_code, 16, false, false, 0},
    {"CPYE with the other option", flip_cpye_code, 16, false, true, 0},
    {"CPYFM with the other option", flip_cpyfm_code, 16, false, false, 0},
    {"SETM with the other option", flip_setm_code, 16, true, false, 0},
    {"SETE with the other option", flip_sete_code, 16, true, true, 0},
};

static void wrong_option(const struct mismatch *m, uint64_t mode, unsigned to, bool is_a)
{
    struct args a = m->set ? ARGS((uintptr_t)area, 0, 8192, 1)
                           : ARGS((uintptr_t)area + 8192, (uintptr_t)area, 8192);
    struct outcome o = run_at(MASKED(mode), m->code, a);
    /* OptionA is what is implemented; PSTATE.C says the other one. */
    uint32_t iss = (uint32_t)m->set << 24 | m->options << 19 | (uint32_t)m->epilogue << 18 |
                   1u << 17 | (uint32_t)is_a << 16 | 0 << 10 | (m->set ? 3u : 1u) << 5 | 2;

    check_eq(m->name, o.done ? 9 : o.el, to);
    check_eq(m->name, ESR_EC(o.esr), EC_MOPS);
    check_eq("syndrome of a wrong option", ESR_ISS(o.esr) & ~(1u << 16), iss & ~(1u << 16));
    check_eq("OptionA in the syndrome", FIELD(o.esr, 16, 1), is_a);
    check_eq(m->name, o.elr, (uintptr_t)m->code + m->at);
}

static void exceptions(void)
{
    bool is_a = option_a();

    for (unsigned i = 0; i < ARRAY_LEN(mismatches); i++) {
        wrong_option(&mismatches[i], EL1H, 1, is_a);
        wrong_option(&mismatches[i], EL0T, 1, is_a);
        wrong_option(&mismatches[i], EL2H, 2, is_a);
        wrn(HCRX_EL2, rdn(HCRX_EL2) | HCRX_MCE2);
        isb();
        wrong_option(&mismatches[i], EL1H, 2, is_a);
        wrong_option(&mismatches[i], EL0T, 1, is_a);
        wrn(HCRX_EL2, rdn(HCRX_EL2) & ~HCRX_MCE2);
        isb();
    }
}

/* ---- controls ---- */
static void enables(void)
{
    uint64_t sctlr = rd(sctlr_el1), hcrx = rdn(HCRX_EL2);

    for (unsigned i = 0; i < 8; i++) {
        bool el1 = i & 1, mscen = i & 2, hcrx_mscen = i & 4;
        bool allowed = hcrx_mscen && (el1 || mscen);

        wr(sctlr_el1, mscen ? sctlr | SCTLR_MSCEN : sctlr & ~SCTLR_MSCEN);
        wrn(HCRX_EL2, hcrx_mscen ? hcrx | HCRX_MSCEN : hcrx & ~HCRX_MSCEN);
        isb();
        struct outcome o = run_at(MASKED(el1 ? EL1H : EL0T), cpy_code,
                                  ARGS((uintptr_t)area + 8192, (uintptr_t)area, 8));
        if (allowed) {
            check_done("MSCEn", &o);
        } else {
            check_taken("MSCEn", &o, 1, el1 ? FROM_SPX : FROM_LOWER, ESR(EC_UNKNOWN, 0));
        }
        o = run_at(MASKED(EL2H), set_code, ARGS((uintptr_t)area, 0, 8, 0));
        check_done("MSCEn is not for EL2", &o);
    }
    wr(sctlr_el1, sctlr);
    wrn(HCRX_EL2, hcrx);
    isb();
}

/* ---- faults in the middle: the handler maps the page, the instruction goes on ---- */
static struct tables tables;
static unsigned n_faults;

static bool map_on_fault(struct trap *t)
{
    if (ESR_EC(t->esr) != EC_DABT || t->far < WINDOW || t->far >= WINDOW + 4 * PAGE) {
        return false;
    }
    uint64_t page = (t->far - WINDOW) / PAGE;
    n_faults++;
    map(&tables, WINDOW + page * PAGE, (uintptr_t)area + page * PAGE, PAGE, D_NORMAL, 3);
    return true;
}

static void resumed(const char *name, const char *code, struct args a, unsigned faults)
{
    fill(area);
    for (unsigned i = 0; i < 4; i++) {
        *descriptor(&tables, WINDOW + i * PAGE, 3) = 0;
    }
    tlb_flush_all();
    n_faults = 0;
    struct outcome o = run_at(MASKED(EL1H), code, a);
    check_done(name, &o);
    check_eq("one fault a page", n_faults, faults);
    check(name, equal());
}

static void faults(void)
{
    tables = stage1_flat();
    map(&tables, WINDOW, (uintptr_t)area, 4 * PAGE, D_NORMAL, 3);
    stage1_on(1, &tables, 0);
    trap_hook(1, map_on_fault);
    expected_copy(8192 + 10, 100, 6000);
    resumed("CPY with faults", cpy_code, ARGS(WINDOW + 8192 + 10, WINDOW + 100, 6000), 4);
    resumed("CPYF with faults", cpyf_code, ARGS(WINDOW + 8192 + 10, WINDOW + 100, 6000), 4);
    expected_copy(4000, 100, 8000);
    resumed("CPY backwards with faults", cpy_code, ARGS(WINDOW + 4000, WINDOW + 100, 8000), 3);
    fill(want);
    for (unsigned i = 0; i < 9000; i++) {
        want[50 + i] = 9;
    }
    resumed("SET with faults", set_code, ARGS(WINDOW + 50, 0, 9000, 9), 3);
    trap_hook(1, NULL);
    stage1_off(1);
}

int guest_main(void)
{
    wrn(HCRX_EL2, HCRX_MSCEN);
    wr(scr_el3, rd(scr_el3) | BIT(38)); /* HXEn */
    wr(sctlr_el1, rd(sctlr_el1) | SCTLR_MSCEN);
    isb();
    results();
    exceptions();
    enables();
    faults();
    return 0;
}
