/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SP alignment checks: each class of loads and stores with SP as its base, SP[3:0] = 8, at EL0 (by
 * SCTLR_EL1.SA0), EL1 and EL2 (by SCTLR_ELx.SA), with the check and without it, several times, in
 * the middle of a block. Arm ARM D1.3.8 "SP alignment checking".
 */
#include "mmu.h"

#define SCTLR_SA  BIT(3)
#define SCTLR_SA0 BIT(4)
#define TIMES     3

#define ACCESSES(X)                                                                                \
    X(ldr_x, "ldr x1, [sp]")                                                                       \
    X(ldr_w, "ldr w1, [sp, #8]")                                                                   \
    X(ldrb, "ldrb w1, [sp, #1]")                                                                   \
    X(ldrsh, "ldrsh x1, [sp, #2]")                                                                 \
    X(ldrsw, "ldrsw x1, [sp, #4]")                                                                 \
    X(str_x, "str x1, [sp]")                                                                       \
    X(strb, "strb w1, [sp, #3]")                                                                   \
    X(strh, "strh w1, [sp, #2]")                                                                   \
    X(ldr_post, "ldr x1, [sp], #16")                                                               \
    X(ldr_pre, "ldr x1, [sp, #16]!")                                                               \
    X(str_post, "str x1, [sp], #16")                                                               \
    X(str_pre, "str x1, [sp, #-16]!")                                                              \
    X(ldr_reg, "ldr x1, [sp, x5]")                                                                 \
    X(str_reg, "str x1, [sp, x5]")                                                                 \
    X(ldur, "ldur x1, [sp, #8]")                                                                   \
    X(stur, "stur w1, [sp, #-8]")                                                                  \
    X(ldtr, "ldtr x1, [sp]")                                                                       \
    X(sttr, "sttr x1, [sp]")                                                                       \
    X(ldp, "ldp x1, x2, [sp, #16]")                                                                \
    X(ldp_w, "ldp w1, w2, [sp]")                                                                   \
    X(ldpsw, "ldpsw x1, x2, [sp]")                                                                 \
    X(ldnp, "ldnp x1, x2, [sp]")                                                                   \
    X(stp, "stp x1, x2, [sp]")                                                                     \
    X(stnp, "stnp x1, x2, [sp]")                                                                   \
    X(ldp_post, "ldp x1, x2, [sp], #16")                                                           \
    X(stp_pre, "stp x1, x2, [sp, #-16]!")                                                          \
    X(ldr_b, "ldr b1, [sp]")                                                                       \
    X(ldr_d, "ldr d1, [sp]")                                                                       \
    X(ldr_q, "ldr q1, [sp]")                                                                       \
    X(str_s, "str s1, [sp]")                                                                       \
    X(str_q, "str q1, [sp]")                                                                       \
    X(ldp_q, "ldp q1, q2, [sp]")                                                                   \
    X(stp_d, "stp d1, d2, [sp]")                                                                   \
    X(ld1, "ld1 {v1.16b}, [sp]")                                                                   \
    X(st2, "st2 {v1.8h, v2.8h}, [sp]")                                                             \
    X(ld3_post, "ld3 {v1.4s, v2.4s, v3.4s}, [sp], #48")                                            \
    X(ld1_lane, "ld1 {v1.s}[2], [sp]")                                                             \
    X(st1_lane, "st1 {v1.d}[1], [sp]")                                                             \
    X(ld1r, "ld1r {v1.2d}, [sp]")                                                                  \
    X(ldxr, "ldxr x1, [sp]")                                                                       \
    X(ldaxr, "ldaxr w1, [sp]")                                                                     \
    X(stxr, "stxr w2, x1, [sp]")                                                                   \
    X(stlxr, "stlxr w2, w1, [sp]")                                                                 \
    X(ldxp, "ldxp w1, w2, [sp]")                                                                   \
    X(stxp, "stxp w4, w1, w2, [sp]")                                                               \
    X(ldar, "ldar x1, [sp]")                                                                       \
    X(stlr, "stlr x1, [sp]")                                                                       \
    X(ldapr, "ldapr x1, [sp]")                                                                     \
    X(ldapur, "ldapur x1, [sp, #8]")                                                               \
    X(stlur, "stlur x1, [sp, #8]")                                                                 \
    X(ldadd, "ldadd x1, x2, [sp]")                                                                 \
    X(ldsetal, "ldsetal w1, w2, [sp]")                                                             \
    X(swp, "swp x1, x2, [sp]")                                                                     \
    X(swpb, "swpb w1, w2, [sp]")                                                                   \
    X(cas, "cas x1, x2, [sp]")                                                                     \
    X(casp, "casp w0, w1, w2, w3, [sp]")

/* X6 counts what is executed before the access, X7 what after it. */
#define BLOCK_OF(text)     ".arch armv8.6-a\nadd x6, x6, #1\n" text "\nadd x7, x7, #1"
#define DEFINE(name, text) SNIPPET(code_##name, BLOCK_OF(text));
ACCESSES(DEFINE)
SNIPPET(prefetch_code, BLOCK_OF("prfm pldl1keep, [sp]"));

static const struct {
    const char *name, *code;
} accesses[] = {
#define ROW(name, text) {text, code_##name},
    ACCESSES(ROW)};

static _Alignas(4096) uint64_t buffer[512];

static const struct level {
    unsigned el;
    uint64_t mode, bit;
} levels[] = {{0, EL0T, SCTLR_SA0}, {1, EL1T, SCTLR_SA}, {2, EL2T, SCTLR_SA}};

static void set_check(const struct level *l, bool on)
{
    if (l->el == 2) {
        wr(sctlr_el2, (rd(sctlr_el2) & ~l->bit) | (on ? l->bit : 0));
    } else {
        wr(sctlr_el1, (rd(sctlr_el1) & ~l->bit) | (on ? l->bit : 0));
    }
    isb();
}

static struct outcome run(const struct level *l, const char *code, uint64_t offset)
{
    set_sp_el0((uintptr_t)buffer + 1024 + offset);
    return run_at(MASKED(l->mode), code, ARGS(0));
}

static void check_refused(const struct level *l, const char *code)
{
    struct outcome o = run(l, code, 8);

    check_taken("SP alignment fault", &o, l->el == 0 ? 1 : l->el,
                l->el == 0 ? FROM_LOWER : FROM_SP0, ESR(EC_SP_ALIGN, 0));
    check_eq("return address", o.elr, (uintptr_t)code + 4);
    check_eq("nothing after it", o.x[7], 0);
}

static void check_allowed(const char *name, const struct level *l, const char *code,
                          uint64_t offset)
{
    struct outcome o = run(l, code, offset);

    check_done(name, &o);
    check_eq("before it", o.x[6], 1);
    check_eq("after it", o.x[7], 1);
}

static void at_level(const struct level *l)
{
    for (unsigned i = 0; i < TIMES * ARRAY_LEN(accesses); i++) {
        unsigned failures = guest_failures_so_far();
        const char *code = accesses[i / TIMES].code;

        set_check(l, true);
        check_refused(l, code);
        check_allowed("aligned", l, code, 0);
        set_check(l, false);
        check_allowed("without the check", l, code, 8);
        if (guest_failures_so_far() != failures) {
            print("     ");
            print(accesses[i / TIMES].name);
            print(" at EL");
            print_dec(l->el);
            print("\n");
        }
    }
    set_check(l, true);
    check_allowed("PRFM does not check", l, prefetch_code, 8);
}

int guest_main(void)
{
    struct tables s1 = stage1_flat(), of_el2 = stage1_flat();

    map(&s1, (uintptr_t)buffer, (uintptr_t)buffer, PAGE, D_NORMAL | D_EL0 | D_PXN, 3);
    stage1_on(1, &s1, 1);
    stage1_on(2, &of_el2, 0);
    for (unsigned i = 0; i < ARRAY_LEN(levels); i++) {
        at_level(&levels[i]);
    }
    return 0;
}
