/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Advanced SIMD moves: DUP, INS, SMOV, UMOV, and the modified immediates (MOVI, MVNI, ORR, BIC, FMOV
 * of a vector immediate).
 *
 * Arm DDI 0487, C4.1 "Advanced SIMD copy", "... scalar copy", "... modified immediate".
 */
#include "a64_gen.h"
#include "cpu/isa/simd_lanes.h"

/* imm5: the lowest set bit is the size of an element, what is above it the index. */
struct element {
    unsigned size, index;
};

/* False: the reserved size. */
static bool element_of(const struct emit *e, struct element *m)
{
    unsigned imm5 = insn_bits(e, 16, 5);
    if ((imm5 & 15) == 0) {
        return false;
    }
    m->size = (unsigned)__builtin_ctz(imm5);
    m->index = imm5 >> (m->size + 1);
    return true;
}

/* ---- DUP: op.d is the element, or the general register ---- */

OPERATION(BHSD_SCALAR, dup_elem, i, vn[o->d])
OPERATION(BHSD, dup_gen, i, c->x[o->d])

static bool dup_elem(struct emit *e, enum simd_kind kind)
{
    struct element m;
    if (!element_of(e, &m)) {
        return false;
    }
    struct op *o = simd_emit(e, dup_elem_ops, simd_shape(e, kind, m.size));
    if (o == NULL) {
        return false;
    }
    o->d = (uint8_t)m.index;
    return true;
}

bool emit_vector_transfer_vector_cpy_dup_simd(struct emit *e)
{
    return dup_elem(e, SIMD_VECTOR);
}

bool emit_vector_transfer_vector_cpy_dup_sisd(struct emit *e)
{
    return dup_elem(e, SIMD_SCALAR);
}

bool emit_vector_transfer_integer_dup(struct emit *e)
{
    struct element m;
    if (!element_of(e, &m)) {
        return false;
    }
    struct op *o = simd_emit(e, dup_gen_ops, simd_shape(e, SIMD_VECTOR, m.size));
    if (o == NULL) {
        return false;
    }
    o->d = emit_src(insn_rn(e));
    return true;
}

/* ---- single elements: c = index in Vd, d = index in Vn ---- */

#define ELEMENT(sh, bits)                                                                          \
    HANDLER(ins_elem_##sh)                                                                         \
    {                                                                                              \
        ((u_##sh *)&c->v[o->a])[o->c] = ((const u_##sh *)&c->v[o->b])[o->d];                       \
        NEXT(1);                                                                                   \
    }                                                                                              \
    HANDLER(ins_gen_##sh)                                                                          \
    {                                                                                              \
        ((u_##sh *)&c->v[o->a])[o->c] = (u_##sh)c->x[o->b];                                        \
        NEXT(1);                                                                                   \
    }                                                                                              \
    HANDLER(umov_##sh)                                                                             \
    {                                                                                              \
        c->x[o->a] = ((const u_##sh *)&c->v[o->b])[o->d];                                          \
        NEXT(1);                                                                                   \
    }                                                                                              \
    HANDLER(smov_w_##sh)                                                                           \
    {                                                                                              \
        c->x[o->a] = (uint32_t)((const s_##sh *)&c->v[o->b])[o->d];                                \
        NEXT(1);                                                                                   \
    }                                                                                              \
    HANDLER(smov_x_##sh)                                                                           \
    {                                                                                              \
        c->x[o->a] = (uint64_t)((const s_##sh *)&c->v[o->b])[o->d];                                \
        NEXT(1);                                                                                   \
    }
ELEMENT(16b, 8)
ELEMENT(8h, 16)
ELEMENT(4s, 32)
ELEMENT(2d, 64)

bool emit_vector_transfer_vector_insert(struct emit *e)
{
    static op_fn *const ops[4] = {op_ins_elem_16b, op_ins_elem_8h, op_ins_elem_4s, op_ins_elem_2d};
    struct element m;
    if (!element_of(e, &m)) {
        return false;
    }
    struct op *o = emit_op(e, ops[m.size]);
    o->a = (uint8_t)insn_rd(e);
    o->b = (uint8_t)insn_rn(e);
    o->c = (uint8_t)m.index;
    o->d = (uint8_t)(insn_bits(e, 11, 4) >> m.size);
    return true;
}

bool emit_vector_transfer_integer_insert(struct emit *e)
{
    static op_fn *const ops[4] = {op_ins_gen_16b, op_ins_gen_8h, op_ins_gen_4s, op_ins_gen_2d};
    struct element m;
    if (!element_of(e, &m)) {
        return false;
    }
    struct op *o = emit_op(e, ops[m.size]);
    o->a = (uint8_t)insn_rd(e);
    o->b = emit_src(insn_rn(e));
    o->c = (uint8_t)m.index;
    return true;
}

static bool move_to_general(struct emit *e, op_fn *const ops[4])
{
    struct element m;
    if (!element_of(e, &m) || ops[m.size] == NULL) {
        return false;
    }
    struct op *o = emit_op(e, ops[m.size]);
    o->a = emit_dst(insn_rd(e));
    o->b = (uint8_t)insn_rn(e);
    o->d = (uint8_t)m.index;
    return true;
}

bool emit_vector_transfer_integer_move_signed(struct emit *e)
{
    static op_fn *const ops[2][4] = {{op_smov_w_16b, op_smov_w_8h},
                                     {op_smov_x_16b, op_smov_x_8h, op_smov_x_4s}};
    return move_to_general(e, ops[insn_q(e)]);
}

bool emit_vector_transfer_integer_move_unsigned(struct emit *e)
{
    static op_fn *const ops[2][4] = {{op_umov_16b, op_umov_8h, op_umov_4s},
                                     {NULL, NULL, NULL, op_umov_2d}};
    return move_to_general(e, ops[insn_q(e)]);
}

/* ---- modified immediates, in a data slot ---- */

#define IMMEDIATE(name, lo, hi)                                                                    \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        const uint64_t imm = o[1].imm64;                                                           \
        const vreg_t d = c->v[o->a];                                                               \
        c->v[o->a] = (vreg_t){{lo, hi}};                                                           \
        (void)d;                                                                                   \
        NEXT(2);                                                                                   \
    }
IMMEDIATE(movi_d, imm, 0)
IMMEDIATE(movi_q, imm, imm)
IMMEDIATE(orr_d, d.d[0] | imm, 0)
IMMEDIATE(orr_q, d.d[0] | imm, d.d[1] | imm)
IMMEDIATE(bic_d, d.d[0] & ~imm, 0)
IMMEDIATE(bic_q, d.d[0] & ~imm, d.d[1] & ~imm)

/* Each bit of a byte, repeated eight times. */
static uint64_t bits_to_bytes(unsigned imm8)
{
    uint64_t r = 0;
    for (unsigned i = 0; i < 8; i++) {
        r |= bit(imm8, i) ? UINT64_C(0xff) << (8 * i) : 0;
    }
    return r;
}

static uint64_t expand_fp32(unsigned imm8)
{
    uint64_t r = (imm8 & 0x80) << 24 | (imm8 & 0x40 ? 0x3e000000 : 0x40000000) | (imm8 & 0x3f) << 19;
    return r << 32 | r;
}

static uint64_t expand_fp64(unsigned imm8)
{
    return (uint64_t)(imm8 & 0x80) << 56 |
           (imm8 & 0x40 ? UINT64_C(0x3fc0000000000000) : UINT64_C(0x4000000000000000)) |
           (uint64_t)(imm8 & 0x3f) << 48;
}

/* AdvSIMDExpandImm */
static uint64_t expand_imm(bool op, unsigned cmode, unsigned imm8)
{
    const uint64_t words = UINT64_C(0x0000000100000001), halves = UINT64_C(0x0001000100010001);

    if (cmode < 8) {
        return (uint64_t)(imm8 << 4 * (cmode & 6)) * words;
    }
    if (cmode < 12) {
        return (uint64_t)(imm8 << 4 * (cmode & 2)) * halves;
    }
    switch (cmode) {
    case 12: /* shifted in from the right: ones */
        return (imm8 << 8 | 0xff) * words;
    case 13:
        return (imm8 << 16 | 0xffff) * words;
    case 14:
        return op ? bits_to_bytes(imm8) : imm8 * UINT64_C(0x0101010101010101);
    default:
        return op ? expand_fp64(imm8) : expand_fp32(imm8);
    }
}

bool emit_vector_logical(struct emit *e)
{
    bool op = insn_bit(e, 29), q = insn_q(e);
    unsigned cmode = insn_bits(e, 12, 4);
    uint64_t imm = expand_imm(op, cmode, insn_bits(e, 16, 3) << 5 | insn_bits(e, 5, 5));

    op_fn *fn = q ? op_movi_q : op_movi_d;
    if (cmode == 15 && op && !q) {
        return false; /* FMOV of one double */
    }
    if (cmode < 12 && (cmode & 1)) {
        fn = op ? (q ? op_bic_q : op_bic_d) : (q ? op_orr_q : op_orr_d);
    } else if (cmode < 14 && op) {
        imm = ~imm; /* MVNI */
    }
    emit_op(e, fn)->a = (uint8_t)insn_rd(e);
    emit_data(e, imm);
    return true;
}
