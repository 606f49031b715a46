/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Advanced SIMD shifts: by register, by immediate, narrowing, lengthening, inserting; vector and
 * scalar.
 *
 * Arm DDI 0487, C4.1 "Advanced SIMD shift by immediate", its scalar counterpart, and the shifts of
 * "Advanced SIMD three same".
 */
#include "a64_gen.h"
#include "cpu/isa/simd_lanes.h"

enum shift_flags { PLAIN = 0, ROUND = 1, SAT = 2 };

/*
 * A lane (extended to 64 bits) shifted left by `shift`, which may be negative and out of range.
 * *sat is set when the result had to be saturated.
 */
static inline uint64_t shift_signed(int64_t x, int shift, unsigned bits, enum shift_flags flags,
                                    bool *sat)
{
    if (shift < 0) {
        unsigned n = (unsigned)-shift;
        if (flags & ROUND) {
            return n >= bits ? 0 : (uint64_t)((x >> n) + (x >> (n - 1) & 1));
        }
        return (uint64_t)(x >> (n >= bits ? bits - 1 : n));
    }
    if (!(flags & SAT)) {
        return (unsigned)shift >= bits ? 0 : (uint64_t)x << shift;
    }
    uint64_t top = (uint64_t)x << (64 - bits);
    if (x == 0 || ((unsigned)shift < bits && (int64_t)(top << shift) >> shift == (int64_t)top)) {
        return x == 0 ? 0 : (uint64_t)x << shift;
    }
    *sat = true;
    return (uint64_t)(x < 0 ? ~SIGNED_MAX(bits) : SIGNED_MAX(bits));
}

static inline uint64_t shift_unsigned(uint64_t x, int shift, unsigned bits, enum shift_flags flags,
                                      bool *sat)
{
    if (shift < 0) {
        unsigned n = (unsigned)-shift;
        uint64_t r = n >= bits ? 0 : x >> n;
        return flags & ROUND && n <= bits ? r + (x >> (n - 1) & 1) : r;
    }
    if (!(flags & SAT)) {
        return (unsigned)shift >= bits ? 0 : x << shift;
    }
    uint64_t top = x << (64 - bits);
    if (x == 0 || ((unsigned)shift < bits && top << shift >> shift == top)) {
        return x == 0 ? 0 : x << shift;
    }
    *sat = true;
    return UINT64_MAX;
}

#define SHIFT(fn, type, x, by, flags)                                                              \
    ({                                                                                             \
        bool sat_ = false;                                                                         \
        const uint64_t r_ = fn((type)(x), (by), BITS, (flags), &sat_);                             \
        q |= sat_;                                                                                 \
        r_;                                                                                        \
    })

/* clang-format off */
/* ---- by the signed low byte of a register's lane ---- */
OPERATION(BHSD, sshl, i, SHIFT(shift_signed, S, a, (int8_t)b, PLAIN))
OPERATION(BHSD, ushl, i, SHIFT(shift_unsigned, U, a, (int8_t)b, PLAIN))
OPERATION(BHSD, srshl, i, SHIFT(shift_signed, S, a, (int8_t)b, ROUND))
OPERATION(BHSD, urshl, i, SHIFT(shift_unsigned, U, a, (int8_t)b, ROUND))
OPERATION(BHSD_SCALAR, sqshl, i, SHIFT(shift_signed, S, a, (int8_t)b, SAT))
OPERATION(BHSD_SCALAR, uqshl, i, SHIFT(shift_unsigned, U, a, (int8_t)b, SAT))
OPERATION(BHSD_SCALAR, sqrshl, i, SHIFT(shift_signed, S, a, (int8_t)b, ROUND | SAT))
OPERATION(BHSD_SCALAR, uqrshl, i, SHIFT(shift_unsigned, U, a, (int8_t)b, ROUND | SAT))

/* ---- right by n, 1 to BITS, in two steps as n may be BITS ---- */
#define SHR(type, x)         (type)((type)((type)(x) >> (n - 1)) >> 1)
#define LAST_OUT(type, x)    ((type)(x) >> (n - 1) & 1) /* the bit that rounding adds */
#define ROUND_SHR(type, x)   (SHR(type, x) + LAST_OUT(type, x))
OPERATION(BHSD, sshr, i, SHR(S, a))
OPERATION(BHSD, ushr, i, SHR(U, a))
OPERATION(BHSD, ssra, i, d + SHR(S, a))
OPERATION(BHSD, usra, i, d + SHR(U, a))
OPERATION(BHSD, srshr, i, ROUND_SHR(S, a))
OPERATION(BHSD, urshr, i, ROUND_SHR(U, a))
OPERATION(BHSD, srsra, i, d + (U)ROUND_SHR(S, a))
OPERATION(BHSD, ursra, i, d + ROUND_SHR(U, a))
OPERATION(BHSD, sri, i, SHR(U, a) | (d & ~SHR(U, ~(U)0)))

/* ---- left by n, 0 to BITS - 1 ---- */
OPERATION(BHSD, shl, i, a << n)
OPERATION(BHSD, sli, i, a << n | (d & (((U)1 << n) - 1)))
OPERATION(BHSD_SCALAR, sqshl_imm, i, SHIFT(shift_signed, S, a, (int)n, SAT))
OPERATION(BHSD_SCALAR, uqshl_imm, i, SHIFT(shift_unsigned, U, a, (int)n, SAT))
/* Of a signed lane to an unsigned one: negative values give 0. */
OPERATION(BHSD_SCALAR, sqshlu, i, (S)a < 0 ? (q |= 1, 0) : SHIFT(shift_unsigned, U, a, (int)n, SAT))

LONG_OPERATION(LONG, sshll, s, 0, i, a << n)
LONG_OPERATION(LONG, ushll, u, 0, i, a << n)

/* ---- narrowing, right by n, 1 to NBITS ---- */
#define NARROW_SIGNED(x)      CLAMP_SIGNED((int64_t)(x), NBITS)
#define NARROW_TO_UNSIGNED(x) CLAMP_UNSIGNED((int64_t)(x), NBITS)
#define NARROW_UNSIGNED(x)                                                                         \
    ({                                                                                             \
        const U x_ = (U)(x);                                                                       \
        SATURATE_IF(ALL_IF(x_ > (U)(N)~(N)0), ~(U)0, x_);                                          \
    })
NARROW_OPERATION(LONG, shrn, a >> n)
NARROW_OPERATION(LONG, rshrn, (a >> n) + (a >> (n - 1) & 1))
NARROW_OPERATION(NARROW_SCALAR, sqshrn, NARROW_SIGNED((S)a >> n))
NARROW_OPERATION(NARROW_SCALAR, uqshrn, NARROW_UNSIGNED(a >> n))
NARROW_OPERATION(NARROW_SCALAR, sqrshrn, NARROW_SIGNED(((S)a >> n) + ((S)a >> (n - 1) & 1)))
NARROW_OPERATION(NARROW_SCALAR, uqrshrn, NARROW_UNSIGNED((a >> n) + (a >> (n - 1) & 1)))
NARROW_OPERATION(NARROW_SCALAR, sqshrun, NARROW_TO_UNSIGNED((S)a >> n))
NARROW_OPERATION(NARROW_SCALAR, sqrshrun, NARROW_TO_UNSIGNED(((S)a >> n) + ((S)a >> (n - 1) & 1)))
/* clang-format on */

/* ---- emitters ---- */

/* immh:immb: the highest set bit of immh is the size of a lane, the rest and below the shift. */
struct shift_imm {
    unsigned size; /* log2 of bytes */
    unsigned left, right;
};

/* False: immh is 0. */
static bool shift_imm(const struct emit *e, struct shift_imm *s)
{
    unsigned imm = insn_bits(e, 16, 7);
    if (imm < 8) {
        return false;
    }
    s->size = 28 - (unsigned)__builtin_clz(imm);
    s->left = imm - (8U << s->size);
    s->right = (16U << s->size) - imm;
    return true;
}

static bool emit_left(struct emit *e, op_fn *const *ops, enum simd_kind kind)
{
    struct shift_imm s;
    if (!shift_imm(e, &s)) {
        return false;
    }
    struct op *o = simd_emit(e, ops, simd_shape(e, kind, s.size));
    if (o == NULL) {
        return false;
    }
    o->imm = s.left;
    return true;
}

static bool emit_right(struct emit *e, op_fn *const *ops, enum simd_kind kind)
{
    struct shift_imm s;
    if (!shift_imm(e, &s)) {
        return false;
    }
    struct op *o = simd_emit(e, ops, simd_shape(e, kind, s.size));
    if (o == NULL) {
        return false;
    }
    o->imm = s.right;
    return true;
}

static bool emit_narrow(struct emit *e, op_fn *const *ops, enum simd_kind kind)
{
    struct shift_imm s;
    if (!shift_imm(e, &s)) {
        return false;
    }
    struct op *o = simd_emit(e, ops, simd_half_shape(kind, s.size));
    if (o == NULL) {
        return false;
    }
    o->d = kind == SIMD_VECTOR && insn_q(e);
    o->imm = s.right;
    return true;
}

static bool shift_register(struct emit *e, enum simd_kind kind)
{
    /* By rounding, saturating, unsigned. */
    static op_fn *const *const ops[8] = {sshl_ops,  ushl_ops,  sqshl_ops,  uqshl_ops,
                                         srshl_ops, urshl_ops, sqrshl_ops, uqrshl_ops};
    op_fn *const *op = ops[insn_bits(e, 11, 2) << 1 | insn_u(e)];
    return simd_emit(e, op, simd_shape(e, kind, insn_size(e))) != NULL;
}

/* o1:o0, then U. */
static op_fn *const *const right_ops[8] = {sshr_ops,  ushr_ops,  ssra_ops,  usra_ops,
                                           srshr_ops, urshr_ops, srsra_ops, ursra_ops};

static bool shift_right(struct emit *e, enum simd_kind kind)
{
    return emit_right(e, right_ops[insn_bits(e, 12, 2) << 1 | insn_u(e)], kind);
}

static bool shift_left_saturating(struct emit *e, enum simd_kind kind)
{
    op_fn *const *ops = !insn_bit(e, 12) ? sqshlu_ops : insn_u(e) ? uqshl_imm_ops : sqshl_imm_ops;
    return emit_left(e, ops, kind);
}

static bool shift_right_narrow(struct emit *e, enum simd_kind kind)
{
    static op_fn *const *const ops[4] = {sqshrn_ops, uqshrn_ops, sqrshrn_ops, uqrshrn_ops};
    return emit_narrow(e, ops[insn_bit(e, 11) << 1 | insn_u(e)], kind);
}

static bool shift_left_long(struct emit *e)
{
    struct shift_imm s;
    if (!shift_imm(e, &s)) {
        return false;
    }
    struct op *o =
        simd_emit(e, insn_u(e) ? ushll_ops : sshll_ops, simd_half_shape(SIMD_VECTOR, s.size));
    if (o == NULL) {
        return false;
    }
    o->d = insn_q(e);
    o->imm = s.left;
    return true;
}

#define EMITTER(class, call)                                                                       \
    bool emit_vector_##class(struct emit * e)                                                      \
    {                                                                                              \
        return call;                                                                               \
    }
EMITTER(arithmetic_binary_uniform_shift_simd, shift_register(e, SIMD_VECTOR))
EMITTER(arithmetic_binary_uniform_shift_sisd, shift_register(e, SIMD_SCALAR))
EMITTER(shift_left_insert_simd, emit_left(e, sli_ops, SIMD_VECTOR))
EMITTER(shift_left_insert_sisd, emit_left(e, sli_ops, SIMD_SCALAR))
EMITTER(shift_left_long, shift_left_long(e))
EMITTER(shift_left_sat_simd, shift_left_saturating(e, SIMD_VECTOR))
EMITTER(shift_left_sat_sisd, shift_left_saturating(e, SIMD_SCALAR))
EMITTER(shift_left_simd, emit_left(e, shl_ops, SIMD_VECTOR))
EMITTER(shift_left_sisd, emit_left(e, shl_ops, SIMD_SCALAR))
EMITTER(shift_right_insert_simd, emit_right(e, sri_ops, SIMD_VECTOR))
EMITTER(shift_right_insert_sisd, emit_right(e, sri_ops, SIMD_SCALAR))
EMITTER(shift_right_narrow_logical,
        emit_narrow(e, insn_bit(e, 11) ? rshrn_ops : shrn_ops, SIMD_VECTOR))
EMITTER(shift_right_narrow_nonuniform_simd,
        emit_narrow(e, insn_bit(e, 11) ? sqrshrun_ops : sqshrun_ops, SIMD_VECTOR))
EMITTER(shift_right_narrow_nonuniform_sisd,
        emit_narrow(e, insn_bit(e, 11) ? sqrshrun_ops : sqshrun_ops, SIMD_SCALAR))
EMITTER(shift_right_narrow_uniform_simd, shift_right_narrow(e, SIMD_VECTOR))
EMITTER(shift_right_narrow_uniform_sisd, shift_right_narrow(e, SIMD_SCALAR))
EMITTER(shift_right_simd, shift_right(e, SIMD_VECTOR))
EMITTER(shift_right_sisd, shift_right(e, SIMD_SCALAR))
