/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Floating-point functions applied to lanes: the operations that every FP instruction without a
 * handler of its own is decoded to. Arm DDI 0487, C7, "Operation" of each instruction.
 */
#include "cpu/isa/fp_ops.h"

/* ---- lane functions: those of cpu/fp, given the shape that the operations call ---- */

uint64_t fp_lane_abs(struct fp_env *env, enum fp_size sz, uint64_t a, unsigned param)
{
    return fp_abs(env, sz, a);
}

uint64_t fp_lane_neg(struct fp_env *env, enum fp_size sz, uint64_t a, unsigned param)
{
    return fp_neg(env, sz, a);
}

uint64_t fp_lane_sqrt(struct fp_env *env, enum fp_size sz, uint64_t a, unsigned param)
{
    return fp_sqrt(env, sz, a);
}

uint64_t fp_lane_recpx(struct fp_env *env, enum fp_size sz, uint64_t a, unsigned param)
{
    return fp_recpx(env, sz, a);
}

uint64_t fp_lane_recpe(struct fp_env *env, enum fp_size sz, uint64_t a, unsigned param)
{
    return fp_recip_estimate(env, sz, a, param);
}

uint64_t fp_lane_rsqrte(struct fp_env *env, enum fp_size sz, uint64_t a, unsigned param)
{
    return fp_rsqrt_estimate(env, sz, a, param);
}

uint64_t fp_lane_round(struct fp_env *env, enum fp_size sz, uint64_t a, unsigned param)
{
    return fp_round_int(env, sz, a, fp_param_mode(env, param), param & FP_ROUND_EXACT);
}

uint64_t fp_lane_round32(struct fp_env *env, enum fp_size sz, uint64_t a, unsigned param)
{
    return fp_round_int_n(env, sz, a, fp_param_mode(env, param), 32);
}

uint64_t fp_lane_round64(struct fp_env *env, enum fp_size sz, uint64_t a, unsigned param)
{
    return fp_round_int_n(env, sz, a, fp_param_mode(env, param), 64);
}

static struct fp_fixed lane_fixed(enum fp_size sz, unsigned param)
{
    return (struct fp_fixed){.width = (uint8_t)fp_lane_bits(sz),
                             .fbits = (uint8_t)(param >> 4),
                             .is_unsigned = bit(param, 3)};
}

uint64_t fp_lane_to_fixed(struct fp_env *env, enum fp_size sz, uint64_t a, unsigned param)
{
    return fp_to_fixed(env, sz, a, lane_fixed(sz, param), fp_param_mode(env, param));
}

uint64_t fp_lane_from_fixed(struct fp_env *env, enum fp_size sz, uint64_t a, unsigned param)
{
    return fp_from_fixed(env, sz, a, lane_fixed(sz, param), fp_param_mode(env, param));
}

/* Comparisons: all ones or zero. */
static uint64_t mask_if(bool b)
{
    return b ? UINT64_MAX : 0;
}

uint64_t fp_lane_cmeq(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    return mask_if(fp_cmp_eq(env, sz, a, b));
}

uint64_t fp_lane_cmge(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    return mask_if(fp_cmp_ge(env, sz, a, b));
}

uint64_t fp_lane_cmgt(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    return mask_if(fp_cmp_gt(env, sz, a, b));
}

uint64_t fp_lane_acge(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    return mask_if(fp_cmp_acge(env, sz, a, b));
}

uint64_t fp_lane_acgt(struct fp_env *env, enum fp_size sz, uint64_t a, uint64_t b)
{
    return mask_if(fp_cmp_acgt(env, sz, a, b));
}

uint64_t fp_lane_cmgt0(struct fp_env *env, enum fp_size sz, uint64_t a, unsigned param)
{
    return mask_if(fp_cmp_gt(env, sz, a, 0));
}

uint64_t fp_lane_cmge0(struct fp_env *env, enum fp_size sz, uint64_t a, unsigned param)
{
    return mask_if(fp_cmp_ge(env, sz, a, 0));
}

uint64_t fp_lane_cmeq0(struct fp_env *env, enum fp_size sz, uint64_t a, unsigned param)
{
    return mask_if(fp_cmp_eq(env, sz, a, 0));
}

uint64_t fp_lane_cmle0(struct fp_env *env, enum fp_size sz, uint64_t a, unsigned param)
{
    return mask_if(fp_cmp_ge(env, sz, 0, a));
}

uint64_t fp_lane_cmlt0(struct fp_env *env, enum fp_size sz, uint64_t a, unsigned param)
{
    return mask_if(fp_cmp_gt(env, sz, 0, a));
}

/* ---- the operations ---- */

#define SHARED_HANDLER(name) void op_##name(struct cpu *c, const struct op *o, int64_t budget)

SHARED_HANDLER(fp_unary)
{
    fp_lane_fn *fn = (fp_lane_fn *)(uintptr_t)o[1].imm64;
    enum fp_size sz = fp_form_size(o->imm);
    vreg_t r = {{0, 0}};

    for (unsigned i = 0; i < fp_form_lanes(o->imm); i++) {
        uint64_t a = lane_get(&c->v[o->b], sz, i);
        lane_set(&r, sz, i, fn(&c->fp, sz, a, fp_form_param(o->imm)));
    }
    fp_write_form(c, o, &r);
    NEXT(2);
}

SHARED_HANDLER(fp_binary)
{
    fp_binary_fn *fn = (fp_binary_fn *)(uintptr_t)o[1].imm64;
    enum fp_size sz = fp_form_size(o->imm);
    vreg_t r = {{0, 0}};

    for (unsigned i = 0; i < fp_form_lanes(o->imm); i++) {
        uint64_t b = lane_get(&c->v[o->c], sz, o->d == FP_EACH_LANE ? i : o->d);
        lane_set(&r, sz, i, fn(&c->fp, sz, lane_get(&c->v[o->b], sz, i), b));
    }
    fp_write_form(c, o, &r);
    NEXT(2);
}

SHARED_HANDLER(fp_muladd)
{
    enum fp_size sz = fp_form_size(o->imm);
    const vreg_t *addend = &c->v[fp_form_other(o->imm)];
    vreg_t r = {{0, 0}};

    for (unsigned i = 0; i < fp_form_lanes(o->imm); i++) {
        uint64_t a = lane_get(&c->v[o->b], sz, i);
        uint64_t b = lane_get(&c->v[o->c], sz, o->d == FP_EACH_LANE ? i : o->d);
        lane_set(&r, sz, i,
                 fp_lane_muladd(&c->fp, sz, lane_get(addend, sz, i), a, b, fp_form_param(o->imm)));
    }
    fp_write_form(c, o, &r);
    NEXT(2);
}

SHARED_HANDLER(fp_pairwise)
{
    fp_binary_fn *fn = (fp_binary_fn *)(uintptr_t)o[1].imm64;
    enum fp_size sz = fp_form_size(o->imm);
    unsigned lanes = fp_form_lanes(o->imm);
    vreg_t r = {{0, 0}};

    for (unsigned i = 0; i < lanes; i++) {
        const vreg_t *v = &c->v[2 * i < lanes ? o->b : o->c];
        unsigned k = 2 * i % lanes;
        lane_set(&r, sz, i, fn(&c->fp, sz, lane_get(v, sz, k), lane_get(v, sz, k + 1)));
    }
    c->v[o->a] = r;
    NEXT(2);
}

SHARED_HANDLER(fp_pair_scalar)
{
    fp_binary_fn *fn = (fp_binary_fn *)(uintptr_t)o[1].imm64;
    enum fp_size sz = fp_form_size(o->imm);
    const vreg_t *v = &c->v[o->b];
    vreg_t r = {{fn(&c->fp, sz, lane_get(v, sz, 0), lane_get(v, sz, 1)), 0}};

    c->v[o->a] = r;
    NEXT(2);
}

SHARED_HANDLER(fp_reduce)
{
    fp_binary_fn *fn = (fp_binary_fn *)(uintptr_t)o[1].imm64;
    enum fp_size sz = fp_form_size(o->imm);
    vreg_t v = c->v[o->b], r = {{0, 0}};

    for (unsigned n = fp_form_lanes(o->imm) / 2; n > 0; n /= 2) {
        for (unsigned i = 0; i < n; i++) {
            lane_set(&v, sz, i,
                     fn(&c->fp, sz, lane_get(&v, sz, 2 * i), lane_get(&v, sz, 2 * i + 1)));
        }
    }
    lane_set(&r, sz, 0, lane_get(&v, sz, 0));
    c->v[o->a] = r;
    NEXT(2);
}

/* VFPExpandImm: sign, a repeated exponent bit, two exponent bits, four fraction bits. */
uint64_t fp_expand_imm(enum fp_size sz, unsigned imm8)
{
    unsigned exp_bits = sz == FP_D ? 11 : sz == FP_S ? 8 : 5;
    unsigned width = fp_lane_bits(sz), frac_bits = width - 1 - exp_bits;
    bool b6 = bit(imm8, 6);
    uint64_t exp = (uint64_t)!b6 << (exp_bits - 1) | (b6 ? (BIT(exp_bits - 3) - 1) << 2 : 0) |
                   extract32(imm8, 4, 2);

    return (uint64_t)bit(imm8, 7) << (width - 1) | exp << frac_bits |
           (uint64_t)extract32(imm8, 0, 4) << (frac_bits - 4);
}
