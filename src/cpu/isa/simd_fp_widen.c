/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Advanced SIMD floating point whose elements change size or come in pairs: FCVTL, FCVTN, FCVTXN,
 * BFCVTN, FMLAL, FMLSL, FCADD, FCMLA, BFDOT, BFMMLA, BFMLALB, BFMLALT.
 *
 * Arm DDI 0487, C7, "Operation" of each; FEAT_FHM, FEAT_FCMA, FEAT_BF16.
 */
#include "a64_gen.h"
#include "cpu/isa/fp_ops.h"

/* Registers as in the instruction; the rest is up to the operation. */
static struct op *emit_regs(struct emit *e, op_fn *fn)
{
    struct op *o = emit_op(e, fn);
    o->a = (uint8_t)insn_rd(e);
    o->b = (uint8_t)insn_rn(e);
    o->c = (uint8_t)insn_rm(e);
    return o;
}

/* ---- widening and narrowing ---- */

HANDLER(fcvtl) /* d: upper half; imm: source size */
{
    enum fp_size from = (enum fp_size)o->imm, to = from == FP_H ? FP_S : FP_D;
    unsigned lanes = 128 / fp_lane_bits(to);
    vreg_t r;

    for (unsigned i = 0; i < lanes; i++) {
        uint64_t v = lane_get(&c->v[o->b], from, o->d * lanes + i);
        lane_set(&r, to, i, fp_convert(&c->fp, from, to, v, fp_rounding_mode(&c->fp)));
    }
    c->v[o->a] = r;
    NEXT(1);
}

bool emit_vector_arithmetic_unary_float_widen(struct emit *e)
{
    struct op *o = emit_regs(e, op_fcvtl);
    o->d = insn_q(e);
    o->imm = insn_bit(e, 22) ? FP_S : FP_H;
    return true;
}

/* Write 64 bits to the lower half (clearing the upper) or to the upper half. */
static inline void write_half(struct cpu *c, unsigned rd, bool upper, uint64_t v)
{
    c->v[rd].d[upper] = v;
    if (!upper) {
        c->v[rd].d[1] = 0;
    }
}

HANDLER(fcvtn) /* c: rounding mode; d: upper half; imm: source size */
{
    enum fp_size from = (enum fp_size)o->imm, to = from == FP_D ? FP_S : FP_H;
    enum fp_rounding rm = fp_param_mode(&c->fp, o->c);
    vreg_t r = {{0, 0}};

    for (unsigned i = 0; i < 128 / fp_lane_bits(from); i++) {
        lane_set(&r, to, i, fp_convert(&c->fp, from, to, lane_get(&c->v[o->b], from, i), rm));
    }
    write_half(c, o->a, o->d, r.d[0]);
    NEXT(1);
}

static bool emit_narrow(struct emit *e, enum fp_size from, unsigned mode)
{
    struct op *o = emit_regs(e, op_fcvtn);
    o->c = (uint8_t)mode;
    o->d = insn_q(e);
    o->imm = from;
    return true;
}

bool emit_vector_arithmetic_unary_float_narrow(struct emit *e)
{
    return emit_narrow(e, insn_bit(e, 22) ? FP_D : FP_S, FP_ROUND_FPCR);
}

bool emit_vector_arithmetic_unary_float_xtn_simd(struct emit *e)
{
    return insn_bit(e, 22) && emit_narrow(e, FP_D, FP_ODD);
}

HANDLER(fcvtxn_scalar)
{
    uint64_t v = fp_convert(&c->fp, FP_D, FP_S, c->v[o->b].d[0], FP_ODD);
    fp_write_scalar(c, o->a, o->a, FP_S, v);
    NEXT(1);
}

bool emit_vector_arithmetic_unary_float_xtn_sisd(struct emit *e)
{
    emit_regs(e, op_fcvtxn_scalar);
    return insn_bit(e, 22);
}

HANDLER(bfcvtn)
{
    vreg_t r = {{0, 0}};

    for (unsigned i = 0; i < 4; i++) {
        lane_set(&r, FP_H, i, fp_convert_bf(&c->fp, lane_get(&c->v[o->b], FP_S, i)));
    }
    write_half(c, o->a, o->d, r.d[0]);
    NEXT(1);
}

bool emit_vector_cvt_bf16_vector(struct emit *e)
{
    emit_regs(e, op_bfcvtn)->d = insn_q(e);
    return true;
}

/* ---- FMLAL, FMLSL: single += half * half ---- */

/* op.imm of operations with an optional element. */
enum { WIDE_UPPER = 1, WIDE_SUBTRACT = 2, WIDE_Q = 4, WIDE_ELEMENT = 8 };

HANDLER(fmlal) /* d: element */
{
    unsigned lanes = o->imm & WIDE_Q ? 4 : 2;
    unsigned base = o->imm & WIDE_UPPER ? lanes : 0;
    vreg_t r = {{0, 0}};

    for (unsigned i = 0; i < lanes; i++) {
        uint64_t a = lane_get(&c->v[o->b], FP_H, base + i);
        uint64_t b = lane_get(&c->v[o->c], FP_H, o->imm & WIDE_ELEMENT ? o->d : base + i);
        a = o->imm & WIDE_SUBTRACT ? fp_neg(&c->fp, FP_H, a) : a;
        lane_set(&r, FP_S, i, fp_muladd_h(&c->fp, lane_get(&c->v[o->a], FP_S, i), a, b));
    }
    c->v[o->a] = r;
    NEXT(1);
}

/* H:L:M, for elements of 16 bits: Rm has four bits. */
static void set_half_element(const struct emit *e, struct op *o)
{
    o->c = (uint8_t)insn_bits(e, 16, 4);
    o->d = (uint8_t)(insn_bit(e, 11) << 2 | insn_bit(e, 21) << 1 | insn_bit(e, 20));
    o->imm |= WIDE_ELEMENT;
}

static struct op *emit_fmlal(struct emit *e, bool upper, bool subtract)
{
    struct op *o = emit_regs(e, op_fmlal);
    o->imm = (upper ? WIDE_UPPER : 0) | (subtract ? WIDE_SUBTRACT : 0) | (insn_q(e) ? WIDE_Q : 0);
    return o;
}

bool emit_vector_arithmetic_binary_uniform_mul_fp_mul_norounding_lower(struct emit *e)
{
    emit_fmlal(e, false, insn_bit(e, 23));
    return true;
}

bool emit_vector_arithmetic_binary_uniform_mul_fp_mul_norounding_upper(struct emit *e)
{
    emit_fmlal(e, true, insn_bit(e, 23));
    return true;
}

bool emit_vector_arithmetic_binary_element_mul_acc_mul_norounding_i_lower(struct emit *e)
{
    set_half_element(e, emit_fmlal(e, false, insn_bit(e, 14)));
    return true;
}

bool emit_vector_arithmetic_binary_element_mul_acc_mul_norounding_i_upper(struct emit *e)
{
    set_half_element(e, emit_fmlal(e, true, insn_bit(e, 14)));
    return true;
}

/* ---- complex numbers: even elements real, odd ones imaginary ---- */

/* op.imm: size, lanes << 4, rotation (in quarter turns) << 8. */
static inline uint32_t complex_imm(const struct emit *e, enum fp_size sz, unsigned quarters)
{
    return (uint32_t)sz | (insn_q(e) ? 128U : 64U) / fp_lane_bits(sz) << 4 | quarters << 8;
}

HANDLER(fcadd)
{
    enum fp_size sz = (enum fp_size)(o->imm & 3);
    bool turn90 = o->imm >> 8 == 1;
    vreg_t r = {{0, 0}};

    for (unsigned i = 0; i < (o->imm >> 4 & 15); i += 2) {
        uint64_t re = lane_get(&c->v[o->c], sz, i), im = lane_get(&c->v[o->c], sz, i + 1);
        uint64_t add_re = turn90 ? fp_neg(&c->fp, sz, im) : im;
        uint64_t add_im = turn90 ? re : fp_neg(&c->fp, sz, re);
        lane_set(&r, sz, i, fp_add(&c->fp, sz, lane_get(&c->v[o->b], sz, i), add_re));
        lane_set(&r, sz, i + 1, fp_add(&c->fp, sz, lane_get(&c->v[o->b], sz, i + 1), add_im));
    }
    c->v[o->a] = r;
    NEXT(1);
}

HANDLER(fcmla) /* d: pair of the second operand that all lanes use, or FP_EACH_LANE */
{
    enum fp_size sz = (enum fp_size)(o->imm & 3);
    unsigned quarters = o->imm >> 8;
    bool odd = quarters & 1;
    vreg_t r = {{0, 0}};

    for (unsigned i = 0; i < (o->imm >> 4 & 15); i += 2) {
        unsigned pair = o->d == FP_EACH_LANE ? i : 2U * o->d;
        uint64_t a = lane_get(&c->v[o->b], sz, i + odd);
        uint64_t by_re = lane_get(&c->v[o->c], sz, pair + odd);
        uint64_t by_im = lane_get(&c->v[o->c], sz, pair + !odd);
        by_re = quarters == 1 || quarters == 2 ? fp_neg(&c->fp, sz, by_re) : by_re;
        by_im = quarters >= 2 ? fp_neg(&c->fp, sz, by_im) : by_im;
        lane_set(&r, sz, i, fp_muladd(&c->fp, sz, lane_get(&c->v[o->a], sz, i), a, by_re));
        lane_set(&r, sz, i + 1, fp_muladd(&c->fp, sz, lane_get(&c->v[o->a], sz, i + 1), a, by_im));
    }
    c->v[o->a] = r;
    NEXT(1);
}

/* False: bytes, half without FEAT_FP16. */
static bool complex_size(const struct emit *e, enum fp_size *out_sz)
{
    unsigned size = insn_size(e);

    *out_sz = size == 3 ? FP_D : size == 2 ? FP_S : FP_H;
    return size != 0 && (size != 1 || emit_has(e, FEAT_FP16)) && (size != 3 || insn_q(e));
}

bool emit_vector_arithmetic_binary_uniform_add_fp_complex(struct emit *e)
{
    enum fp_size sz;

    if (!complex_size(e, &sz)) {
        return false;
    }
    emit_regs(e, op_fcadd)->imm = complex_imm(e, sz, insn_bit(e, 12) ? 3 : 1);
    return true;
}

bool emit_vector_arithmetic_binary_uniform_mul_fp_complex(struct emit *e)
{
    enum fp_size sz;

    if (!complex_size(e, &sz)) {
        return false;
    }
    struct op *o = emit_regs(e, op_fcmla);
    o->d = FP_EACH_LANE;
    o->imm = complex_imm(e, sz, insn_bits(e, 11, 2));
    return true;
}

bool emit_vector_arithmetic_binary_element_mul_acc_complex(struct emit *e)
{
    bool h = insn_bit(e, 11), l = insn_bit(e, 21);
    enum fp_size sz;

    if (!complex_size(e, &sz) || sz == FP_D || (sz == FP_S && (l || !insn_q(e))) ||
        (sz == FP_H && h && !insn_q(e))) {
        return false;
    }
    struct op *o = emit_regs(e, op_fcmla);
    o->d = sz == FP_H ? (uint8_t)(h << 1 | l) : h;
    o->imm = complex_imm(e, sz, insn_bits(e, 13, 2));
    return true;
}

/* ---- BFloat16 ---- */

HANDLER(bfdot) /* d: pair of the second operand */
{
    vreg_t r = {{0, 0}};

    for (unsigned i = 0; i < (o->imm & WIDE_Q ? 4U : 2U); i++) {
        uint64_t b = lane_get(&c->v[o->c], FP_S, o->imm & WIDE_ELEMENT ? o->d : i);
        lane_set(&r, FP_S, i,
                 fp_bfdot_add(&c->fp, (uint32_t)lane_get(&c->v[o->a], FP_S, i),
                              (uint32_t)lane_get(&c->v[o->b], FP_S, i), (uint32_t)b));
    }
    c->v[o->a] = r;
    NEXT(1);
}

bool emit_vector_arithmetic_binary_uniform_mul_int_bfdot(struct emit *e)
{
    emit_regs(e, op_bfdot)->imm = insn_q(e) ? WIDE_Q : 0;
    return true;
}

bool emit_vector_arithmetic_binary_element_bfdot(struct emit *e)
{
    struct op *o = emit_regs(e, op_bfdot);
    o->d = (uint8_t)(insn_bit(e, 11) << 1 | insn_bit(e, 21));
    o->imm = (insn_q(e) ? WIDE_Q : 0) | WIDE_ELEMENT;
    return true;
}

/* BFMatMulAdd: 2x2 += (2x4) * (2x4 transposed), two steps of a dot product of two each. */
HANDLER(bfmmla)
{
    vreg_t r;

    for (unsigned i = 0; i < 2; i++) {
        for (unsigned j = 0; j < 2; j++) {
            uint32_t sum = (uint32_t)lane_get(&c->v[o->a], FP_S, 2 * i + j);
            for (unsigned k = 0; k < 2; k++) {
                sum = fp_bfdot_add(&c->fp, sum, (uint32_t)lane_get(&c->v[o->b], FP_S, 2 * i + k),
                                   (uint32_t)lane_get(&c->v[o->c], FP_S, 2 * j + k));
            }
            lane_set(&r, FP_S, 2 * i + j, sum);
        }
    }
    c->v[o->a] = r;
    NEXT(1);
}

bool emit_vector_bfmmla(struct emit *e)
{
    emit_regs(e, op_bfmmla);
    return true;
}

HANDLER(bfmlal) /* imm: WIDE_UPPER = odd elements; d: element of the second operand */
{
    bool odd = o->imm & WIDE_UPPER;
    vreg_t r;

    for (unsigned i = 0; i < 4; i++) {
        uint64_t b = lane_get(&c->v[o->c], FP_H, o->imm & WIDE_ELEMENT ? o->d : 2 * i + odd);
        uint64_t a = lane_get(&c->v[o->b], FP_H, 2 * i + odd);
        lane_set(&r, FP_S, i, fp_bf_muladd_h(&c->fp, lane_get(&c->v[o->a], FP_S, i), a, b));
    }
    c->v[o->a] = r;
    NEXT(1);
}

bool emit_vector_arithmetic_binary_uniform_mul_acc_bf16_long(struct emit *e)
{
    emit_regs(e, op_bfmlal)->imm = insn_q(e) ? WIDE_UPPER : 0;
    return true;
}

bool emit_vector_arithmetic_binary_element_mul_acc_bf16_long(struct emit *e)
{
    struct op *o = emit_regs(e, op_bfmlal);
    o->imm = insn_q(e) ? WIDE_UPPER : 0;
    set_half_element(e, o);
    return true;
}
