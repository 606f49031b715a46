/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NZCV: computing and testing. The four flags are stored where each is cheapest to make and test
 * (struct cpu: nf, zf, cf, vf); 32-bit results are shifted to the top so that one set of tests
 * serves both widths. Arm ARM, shared pseudocode AddWithCarry, ConditionHolds.
 */
#ifndef CPU_ISA_FLAGS_H
#define CPU_ISA_FLAGS_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu/isa/op.h"

#include "cpu/cpu_internal.h"

enum { FLAG_V = 1, FLAG_C = 2, FLAG_Z = 4, FLAG_N = 8, FLAGS_ALL = 15 };

/*
 * How templates read and write one, and which flags they have to set. Compiled code has forms that
 * leave out those that nobody looks at (isa/stencils.c).
 */
#ifndef STENCIL_BUILD
#define FLAG(c, f)            ((c)->f)
#define SET_FLAG(c, f, value) ((c)->f = (value))
#define FLAGS_LIVE            FLAGS_ALL
#endif

#define FLAGS_FN static inline __attribute__((always_inline))

FLAGS_FN void set_flags(struct cpu *c, unsigned live, uint64_t nf, uint64_t zf, uint64_t cf,
                        uint64_t vf)
{
    if (live & FLAG_N) {
        SET_FLAG(c, nf, nf);
    }
    if (live & FLAG_Z) {
        SET_FLAG(c, zf, zf);
    }
    if (live & FLAG_C) {
        SET_FLAG(c, cf, cf);
    }
    if (live & FLAG_V) {
        SET_FLAG(c, vf, vf);
    }
}

FLAGS_FN uint64_t adds64_live(struct cpu *c, unsigned live, uint64_t a, uint64_t b)
{
    uint64_t r = a + b;
    set_flags(c, live, r, r, r < a, ~(a ^ b) & (a ^ r));
    return r;
}

FLAGS_FN uint64_t subs64_live(struct cpu *c, unsigned live, uint64_t a, uint64_t b)
{
    uint64_t r = a - b;
    set_flags(c, live, r, r, a >= b, (a ^ b) & (a ^ r));
    return r;
}

FLAGS_FN uint64_t adds32_live(struct cpu *c, unsigned live, uint32_t a, uint32_t b)
{
    uint32_t r = a + b;
    set_flags(c, live, (uint64_t)r << 32, r, r < a, (uint64_t)(~(a ^ b) & (a ^ r)) << 32);
    return r;
}

FLAGS_FN uint64_t subs32_live(struct cpu *c, unsigned live, uint32_t a, uint32_t b)
{
    uint32_t r = a - b;
    set_flags(c, live, (uint64_t)r << 32, r, a >= b, (uint64_t)((a ^ b) & (a ^ r)) << 32);
    return r;
}

/* a + b + carry in; subtraction is a + ~b + carry. */
FLAGS_FN uint64_t adcs64_live(struct cpu *c, unsigned live, uint64_t a, uint64_t b)
{
    uint64_t cin = FLAG(c, cf);
    uint64_t r = a + b + cin;
    set_flags(c, live, r, r, cin ? r <= a : r < a, ~(a ^ b) & (a ^ r));
    return r;
}

FLAGS_FN uint64_t adcs32_live(struct cpu *c, unsigned live, uint32_t a, uint32_t b)
{
    uint64_t wide = (uint64_t)a + b + FLAG(c, cf);
    uint32_t r = (uint32_t)wide;
    set_flags(c, live, (uint64_t)r << 32, r, wide >> 32, (uint64_t)(~(a ^ b) & (a ^ r)) << 32);
    return r;
}

#define adds64(c, a, b)     adds64_live(c, FLAGS_LIVE, a, b)
#define subs64(c, a, b)     subs64_live(c, FLAGS_LIVE, a, b)
#define adds32(c, a, b)     adds32_live(c, FLAGS_LIVE, a, b)
#define subs32(c, a, b)     subs32_live(c, FLAGS_LIVE, a, b)
#define adcs64(c, a, b)     adcs64_live(c, FLAGS_LIVE, a, b)
#define adcs32(c, a, b)     adcs32_live(c, FLAGS_LIVE, a, b)
#define logic_flags64(c, r) set_flags(c, FLAGS_LIVE, r, r, 0, 0)
#define logic_flags32(c, r) set_flags(c, FLAGS_LIVE, (uint64_t)(r) << 32, r, 0, 0)

/* The sixteen conditions, for handlers that are specialised by condition. No jumps inside: what
 * CSEL selects by is often as good as random. */
#define COND_eq(c) (FLAG(c, zf) == 0)
#define COND_ne(c) (FLAG(c, zf) != 0)
#define COND_cs(c) (FLAG(c, cf) != 0)
#define COND_cc(c) (FLAG(c, cf) == 0)
#define COND_mi(c) ((int64_t)FLAG(c, nf) < 0)
#define COND_pl(c) ((int64_t)FLAG(c, nf) >= 0)
#define COND_vs(c) ((int64_t)FLAG(c, vf) < 0)
#define COND_vc(c) ((int64_t)FLAG(c, vf) >= 0)
#define COND_hi(c) ((FLAG(c, cf) != 0) & (FLAG(c, zf) != 0))
#define COND_ls(c) ((FLAG(c, cf) == 0) | (FLAG(c, zf) == 0))
#define COND_ge(c) ((int64_t)(FLAG(c, nf) ^ FLAG(c, vf)) >= 0)
#define COND_lt(c) ((int64_t)(FLAG(c, nf) ^ FLAG(c, vf)) < 0)
#define COND_gt(c) ((FLAG(c, zf) != 0) & COND_ge(c))
#define COND_le(c) ((FLAG(c, zf) == 0) | COND_lt(c))
#define COND_al(c) ((void)(c), true)

/* F(name) for each condition in encoding order; 1110 and 1111 are both "always". */
#define FOR_EACH_COND(F)                                                                           \
    F(eq) F(ne) F(cs) F(cc) F(mi) F(pl) F(vs) F(vc) F(hi) F(ls) F(ge) F(lt) F(gt) F(le) F(al)
/* A table of handlers indexed by the condition field. */
#define COND_TABLE(prefix)                                                                         \
    {prefix##_eq, prefix##_ne, prefix##_cs, prefix##_cc, prefix##_mi, prefix##_pl,                 \
     prefix##_vs, prefix##_vc, prefix##_hi, prefix##_ls, prefix##_ge, prefix##_lt,                 \
     prefix##_gt, prefix##_le, prefix##_al, prefix##_al}

/* A condition known at run time only. */
static inline bool cond_holds(const struct cpu *c, unsigned cond)
{
    /* Bit n of row k: condition k holds when NZCV = n. */
    static const uint16_t truth[16] = {
        0xf0f0, 0x0f0f, 0xcccc, 0x3333, 0xff00, 0x00ff, 0xaaaa, 0x5555,
        0x0c0c, 0xf3f3, 0xaa55, 0x55aa, 0x0a05, 0xf5fa, 0xffff, 0xffff,
    };
    return (truth[cond] >> (cpu_nzcv(c) >> 28)) & 1;
}

#endif
