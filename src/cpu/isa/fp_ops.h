/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the floating-point instruction files share: lanes of a vector register, and the generic
 * operations that apply one function of cpu/fp to every lane.
 *
 * A generic operation takes two slots: operands, then the function (imm64). Scalars are vectors of
 * one lane. Frequent instructions have handlers of their own, in one slot, which fall back to a
 * twin built from the same inline functions; see FP_HOT_* in the files that use them.
 */
#ifndef CPU_ISA_FP_OPS_H
#define CPU_ISA_FP_OPS_H

#include "cpu/fp/fp_fast.h"
#include "cpu/isa/emit.h"
#include "cpu/isa/fp_imm.h"
#include "cpu/isa/simd_fp_host.h"

/* A handler that hot ones fall back to: kept apart, so that these need no stack frame. */
#define SLOW_HANDLER(name) __attribute__((noinline)) HANDLER(name)

static inline unsigned fp_lane_bits(enum fp_size sz)
{
    return sz == FP_D ? 64 : sz == FP_S ? 32 : 16;
}

static inline uint64_t lane_get(const vreg_t *v, enum fp_size sz, unsigned i)
{
    switch (sz) {
    case FP_D:
        return v->d[i];
    case FP_S:
        return ((const uint32_t *)v)[i];
    default:
        return ((const uint16_t *)v)[i];
    }
}

static inline void lane_set(vreg_t *v, enum fp_size sz, unsigned i, uint64_t value)
{
    switch (sz) {
    case FP_D:
        v->d[i] = value;
        break;
    case FP_S:
        ((uint32_t *)v)[i] = (uint32_t)value;
        break;
    default:
        ((uint16_t *)v)[i] = (uint16_t)value;
        break;
    }
}

/*
 * op.imm of the generic operations. Scalar results keep the upper elements of register `other` when
 * FPCR.NEP is set and `merge` allows it; `other` is also the addend of multiply-add.
 */
struct fp_form {
    enum fp_size sz;
    unsigned lanes;
    unsigned param; /* for the function: 16 bits */
    unsigned other;
    bool merge;
};

static inline uint32_t fp_form_pack(struct fp_form f)
{
    return (uint32_t)f.sz | f.lanes << 2 | (uint32_t)f.merge << 6 | f.other << 7 | f.param << 16;
}

static inline enum fp_size fp_form_size(uint32_t imm)
{
    return (enum fp_size)(imm & 3);
}

static inline unsigned fp_form_lanes(uint32_t imm)
{
    return imm >> 2 & 15;
}

static inline unsigned fp_form_other(uint32_t imm)
{
    return imm >> 7 & 31;
}

static inline unsigned fp_form_param(uint32_t imm)
{
    return imm >> 16;
}

/* op.d of operations on elements: each lane with its own, or all with one. */
#define FP_EACH_LANE 0xff

/* A scalar result, with the other elements as FPCR.NEP says. */
static inline void fp_write_scalar(struct cpu *c, unsigned rd, unsigned other, enum fp_size sz,
                                   uint64_t value)
{
    vreg_t r = {{0, 0}};
    if (c->fp.fpcr & FPCR_NEP) {
        r = c->v[other];
    }
    lane_set(&r, sz, 0, value);
    c->v[rd] = r;
}

/* The result of a generic operation. */
static inline void fp_write_form(struct cpu *c, const struct op *o, const vreg_t *r)
{
    if (UNLIKELY(c->fp.fpcr & FPCR_NEP) && bit(o->imm, 6)) {
        enum fp_size sz = fp_form_size(o->imm);
        fp_write_scalar(c, o->a, fp_form_other(o->imm), sz, lane_get(r, sz, 0));
    } else {
        c->v[o->a] = *r;
    }
}

/* What the data slot of op_fp_unary points to: a value and the 16-bit parameter. */
typedef uint64_t fp_lane_fn(struct fp_env *env, enum fp_size sz, uint64_t a, unsigned param);

op_fn op_fp_unary;       /* a = fn(b, param) */
op_fn op_fp_binary;      /* a = fn(b, c or element d of c) */
op_fn op_fp_muladd;      /* a = other + b * c; param: enum fp_negate */
op_fn op_fp_pairwise;    /* a = fn of adjacent elements of b:c */
op_fn op_fp_pair_scalar; /* a = fn(b[0], b[1]) */
op_fn op_fp_reduce;      /* a = fn over all elements of b, as a tree */

enum fp_negate { FP_NEGATE_PRODUCT = 1, FP_NEGATE_ADDEND = 2 };

/* FMADD and its relatives, FMLA, FMLS: on one lane. */
static inline uint64_t fp_lane_muladd(struct fp_env *env, enum fp_size sz, uint64_t addend,
                                      uint64_t a, uint64_t b, unsigned negate)
{
    a = negate & FP_NEGATE_PRODUCT ? fp_neg(env, sz, a) : a;
    addend = negate & FP_NEGATE_ADDEND ? fp_neg(env, sz, addend) : addend;
    return fp_muladd(env, sz, addend, a, b);
}

/* Lane functions with a parameter: see fp_lanes.c. */
enum fp_round_param { /* a rounding mode, or one of these */
                      FP_ROUND_FPCR = 7,
                      FP_ROUND_EXACT = 8, /* or-ed in: report Inexact */
};
fp_lane_fn fp_lane_abs, fp_lane_neg, fp_lane_sqrt, fp_lane_recpx;
fp_lane_fn fp_lane_recpe, fp_lane_rsqrte;        /* param: FEAT_RPRES */
fp_lane_fn fp_lane_round;                        /* param: mode, FP_ROUND_EXACT */
fp_lane_fn fp_lane_round32, fp_lane_round64;     /* param: mode */
fp_lane_fn fp_lane_to_fixed, fp_lane_from_fixed; /* param: fp_fixed_param */
fp_lane_fn fp_lane_cmgt0, fp_lane_cmge0, fp_lane_cmeq0, fp_lane_cmle0, fp_lane_cmlt0;
fp_binary_fn fp_lane_cmeq, fp_lane_cmge, fp_lane_cmgt, fp_lane_acge, fp_lane_acgt;

static inline unsigned fp_fixed_param(enum fp_rounding rm, bool is_unsigned, unsigned fbits)
{
    return (unsigned)rm | (unsigned)is_unsigned << 3 | fbits << 4;
}

/* Rounding mode of a parameter. */
static inline enum fp_rounding fp_param_mode(const struct fp_env *env, unsigned param)
{
    return (param & 7) == FP_ROUND_FPCR ? fp_rounding_mode(env) : (enum fp_rounding)(param & 7);
}

/* Append a generic operation. */
static inline struct op *fp_emit(struct emit *e, op_fn *op, uintptr_t fn, struct fp_form f)
{
    struct op *o = emit_op(e, op);
    o->a = (uint8_t)insn_rd(e);
    o->b = (uint8_t)insn_rn(e);
    o->c = (uint8_t)insn_rm(e);
    o->d = FP_EACH_LANE;
    o->imm = fp_form_pack(f);
    emit_data(e, fn);
    return o;
}

static inline struct op *fp_emit_unary(struct emit *e, fp_lane_fn *fn, struct fp_form f)
{
    return fp_emit(e, op_fp_unary, (uintptr_t)fn, f);
}

static inline struct op *fp_emit_binary(struct emit *e, fp_binary_fn *fn, struct fp_form f)
{
    return fp_emit(e, op_fp_binary, (uintptr_t)fn, f);
}

/* ftype of scalar encodings. False: reserved, or half without FEAT_FP16. */
static inline bool fp_ftype(const struct emit *e, enum fp_size *out_sz)
{
    static const uint8_t sizes[4] = {FP_S, FP_D, 0, FP_H};
    unsigned ftype = insn_bits(e, 22, 2);

    *out_sz = (enum fp_size)sizes[ftype];
    return ftype < 2 || (ftype == 3 && emit_has(e, FEAT_FP16));
}

/*
 * Handlers that use the host's fused multiply-add: NULL where the host has none. Indexed by
 * fp_negate for scalars; by FMLA, FMLS for vectors. Operands as op_fp_muladd, in two slots.
 */
op_fn *fp_fma_scalar(enum fp_size sz, unsigned negate);
op_fn *fp_fma_vector(enum simd_shape shape, bool subtract, bool by_element);

#endif
