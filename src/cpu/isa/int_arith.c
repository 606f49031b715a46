/* SPDX-License-Identifier: Apache-2.0 */
/* Integer addition and subtraction: immediate, shifted, extended, with carry, address of label. */
#include "a64_gen.h"
#include "cpu/engine/block.h"
#include "cpu/isa/branch.h"
#include "cpu/isa/flags.h"

/* ---- immediate: the emitter folds SUB into ADD of the negative value ---- */

HANDLER(add_x_imm)
{
    c->x[o->a] = c->x[o->b] + (uint64_t)(int64_t)(int32_t)o->imm;
    NEXT(1);
}
HANDLER(add_w_imm)
{
    c->x[o->a] = (uint32_t)(c->x[o->b] + o->imm);
    NEXT(1);
}
HANDLER(adds_x_imm)
{
    c->x[o->a] = adds64(c, c->x[o->b], o->imm);
    NEXT(1);
}
HANDLER(adds_w_imm)
{
    c->x[o->a] = adds32(c, (uint32_t)c->x[o->b], o->imm);
    NEXT(1);
}
HANDLER(subs_x_imm)
{
    c->x[o->a] = subs64(c, c->x[o->b], o->imm);
    NEXT(1);
}
HANDLER(subs_w_imm)
{
    c->x[o->a] = subs32(c, (uint32_t)c->x[o->b], o->imm);
    NEXT(1);
}

bool emit_integer_arithmetic_add_sub_immediate(struct emit *e)
{
    bool sub = insn_bit(e, 30);
    bool set_flags = insn_bit(e, 29);
    uint32_t imm = insn_bits(e, 10, 12) << (insn_bit(e, 22) ? 12 : 0);
    unsigned sf = insn_sf(e);
    static op_fn *const flag_ops[2][2] = {{op_adds_w_imm, op_adds_x_imm},
                                          {op_subs_w_imm, op_subs_x_imm}};
    struct op *o = emit_op(e, set_flags ? flag_ops[sub][sf] : sf ? op_add_x_imm : op_add_w_imm);
    o->a = set_flags ? emit_dst(insn_rd(e)) : (uint8_t)insn_rd(e);
    o->b = (uint8_t)insn_rn(e);
    o->imm = sub && !set_flags ? -imm : imm;
    emit_note_write(e, set_flags ? 0 : insn_rd(e), insn_rn(e) == 31 ? (int64_t)imm : 1);
    return true;
}

/* ---- shifted register, extended register ---- */

#define SHIFT64_none(v, n) (v)
#define SHIFT64_lsl(v, n)  ((v) << (n))
#define SHIFT64_lsr(v, n)  ((v) >> (n))
#define SHIFT64_asr(v, n)  ((uint64_t)((int64_t)(v) >> (n)))
#define SHIFT32_none(v, n) ((uint32_t)(v))
#define SHIFT32_lsl(v, n)  ((uint32_t)(v) << (n))
#define SHIFT32_lsr(v, n)  ((uint32_t)(v) >> (n))
#define SHIFT32_asr(v, n)  ((uint32_t)((int32_t)(uint32_t)(v) >> (n)))

/* Extensions keep 64 bits: 32-bit forms use the low half of the result. */
#define EXTEND_uxtb(v, n) ((uint64_t)(uint8_t)(v) << (n))
#define EXTEND_uxth(v, n) ((uint64_t)(uint16_t)(v) << (n))
#define EXTEND_uxtw(v, n) ((uint64_t)(uint32_t)(v) << (n))
#define EXTEND_uxtx(v, n) ((v) << (n))
#define EXTEND_sxtb(v, n) ((uint64_t)(int64_t)(int8_t)(v) << (n))
#define EXTEND_sxth(v, n) ((uint64_t)(int64_t)(int16_t)(v) << (n))
#define EXTEND_sxtw(v, n) ((uint64_t)(int64_t)(int32_t)(v) << (n))
#define EXTEND_sxtx(v, n) ((v) << (n))

#define ARITH_BODIES(suffix, rhs64, rhs32)                                                         \
    HANDLER(add_x_##suffix)                                                                        \
    {                                                                                              \
        c->x[o->a] = c->x[o->b] + (rhs64);                                                         \
        NEXT(1);                                                                                   \
    }                                                                                              \
    HANDLER(add_w_##suffix)                                                                        \
    {                                                                                              \
        c->x[o->a] = (uint32_t)((uint32_t)c->x[o->b] + (uint32_t)(rhs32));                         \
        NEXT(1);                                                                                   \
    }                                                                                              \
    HANDLER(sub_x_##suffix)                                                                        \
    {                                                                                              \
        c->x[o->a] = c->x[o->b] - (rhs64);                                                         \
        NEXT(1);                                                                                   \
    }                                                                                              \
    HANDLER(sub_w_##suffix)                                                                        \
    {                                                                                              \
        c->x[o->a] = (uint32_t)((uint32_t)c->x[o->b] - (uint32_t)(rhs32));                         \
        NEXT(1);                                                                                   \
    }                                                                                              \
    HANDLER(adds_x_##suffix)                                                                       \
    {                                                                                              \
        c->x[o->a] = adds64(c, c->x[o->b], (rhs64));                                               \
        NEXT(1);                                                                                   \
    }                                                                                              \
    HANDLER(adds_w_##suffix)                                                                       \
    {                                                                                              \
        c->x[o->a] = adds32(c, (uint32_t)c->x[o->b], (uint32_t)(rhs32));                           \
        NEXT(1);                                                                                   \
    }                                                                                              \
    HANDLER(subs_x_##suffix)                                                                       \
    {                                                                                              \
        c->x[o->a] = subs64(c, c->x[o->b], (rhs64));                                               \
        NEXT(1);                                                                                   \
    }                                                                                              \
    HANDLER(subs_w_##suffix)                                                                       \
    {                                                                                              \
        c->x[o->a] = subs32(c, (uint32_t)c->x[o->b], (uint32_t)(rhs32));                           \
        NEXT(1);                                                                                   \
    }
#define ARITH_SHIFT(s) ARITH_BODIES(s, SHIFT64_##s(c->x[o->c], o->d), SHIFT32_##s(c->x[o->c], o->d))
#define ARITH_EXTEND(x_)                                                                           \
    ARITH_BODIES(x_, EXTEND_##x_(c->x[o->c], o->d), EXTEND_##x_(c->x[o->c], o->d))

ARITH_SHIFT(none)
ARITH_SHIFT(lsl)
ARITH_SHIFT(lsr)
ARITH_SHIFT(asr)
ARITH_EXTEND(uxtb)
ARITH_EXTEND(uxth)
ARITH_EXTEND(uxtw)
ARITH_EXTEND(uxtx)
ARITH_EXTEND(sxtb)
ARITH_EXTEND(sxth)
ARITH_EXTEND(sxtw)
ARITH_EXTEND(sxtx)

/* Indexed by op:S:sf, as in instruction bits 30, 29, 31. */
#define ARITH_ROW(s)                                                                               \
    {op_add_w_##s, op_add_x_##s, op_adds_w_##s, op_adds_x_##s,                                     \
     op_sub_w_##s, op_sub_x_##s, op_subs_w_##s, op_subs_x_##s}

static unsigned arith_index(const struct emit *e)
{
    return insn_bits(e, 29, 2) << 1 | insn_sf(e);
}

bool emit_integer_arithmetic_add_sub_shiftedreg(struct emit *e)
{
    static op_fn *const ops[4][8] = {ARITH_ROW(none), ARITH_ROW(lsl), ARITH_ROW(lsr),
                                     ARITH_ROW(asr)};
    unsigned shift = insn_bits(e, 22, 2);
    unsigned amount = insn_bits(e, 10, 6);
    if (shift == 3 || (!insn_sf(e) && amount >= 32)) {
        return false;
    }
    struct op *o = emit_op(e, ops[amount == 0 ? 0 : shift + 1][arith_index(e)]);
    o->a = emit_dst(insn_rd(e));
    o->b = emit_src(insn_rn(e));
    o->c = emit_src(insn_rm(e));
    o->d = (uint8_t)amount;
    return true;
}

bool emit_integer_arithmetic_add_sub_extendedreg(struct emit *e)
{
    static op_fn *const ops[8][8] = {ARITH_ROW(uxtb), ARITH_ROW(uxth), ARITH_ROW(uxtw),
                                     ARITH_ROW(uxtx), ARITH_ROW(sxtb), ARITH_ROW(sxth),
                                     ARITH_ROW(sxtw), ARITH_ROW(sxtx)};
    unsigned shift = insn_bits(e, 10, 3);
    if (shift > 4) {
        return false;
    }
    struct op *o = emit_op(e, ops[insn_bits(e, 13, 3)][arith_index(e)]);
    bool set_flags = insn_bit(e, 29);
    o->a = set_flags ? emit_dst(insn_rd(e)) : (uint8_t)insn_rd(e);
    o->b = (uint8_t)insn_rn(e);
    o->c = emit_src(insn_rm(e));
    o->d = (uint8_t)shift;
    emit_note_write(e, set_flags ? 0 : insn_rd(e), 1);
    return true;
}

/* ---- with carry: o->imm is the operand's inversion mask, all ones for SBC ---- */

HANDLER(adc_x)
{
    c->x[o->a] = c->x[o->b] + (c->x[o->c] ^ (uint64_t)(int64_t)(int32_t)o->imm) + c->cf;
    NEXT(1);
}
HANDLER(adc_w)
{
    c->x[o->a] = (uint32_t)(c->x[o->b] + (c->x[o->c] ^ o->imm) + c->cf);
    NEXT(1);
}
HANDLER(adcs_x)
{
    c->x[o->a] = adcs64(c, c->x[o->b], c->x[o->c] ^ (uint64_t)(int64_t)(int32_t)o->imm);
    NEXT(1);
}
HANDLER(adcs_w)
{
    c->x[o->a] = adcs32(c, (uint32_t)c->x[o->b], (uint32_t)c->x[o->c] ^ o->imm);
    NEXT(1);
}

bool emit_integer_arithmetic_add_sub_carry(struct emit *e)
{
    static op_fn *const ops[2][2] = {{op_adc_w, op_adc_x}, {op_adcs_w, op_adcs_x}};
    struct op *o = emit_op(e, ops[insn_bit(e, 29)][insn_sf(e)]);
    o->a = emit_dst(insn_rd(e));
    o->b = emit_src(insn_rn(e));
    o->c = emit_src(insn_rm(e));
    o->imm = insn_bit(e, 30) ? UINT32_MAX : 0;
    return true;
}

/* ---- ADR, ADRP ---- */

HANDLER(adr)
{
    c->x[o->a] = c->page_va + (uint64_t)(int64_t)(int32_t)o->imm;
    NEXT(1);
}
HANDLER(adrp)
{
    c->x[o->a] = c->page_va + ((uint64_t)(int64_t)(int32_t)o->imm << 12);
    NEXT(1);
}

bool emit_integer_arithmetic_address_pc_rel(struct emit *e)
{
    int32_t imm = (int32_t)((uint32_t)sextract32(e->insn, 5, 19) << 2 | insn_bits(e, 29, 2));
    bool page = insn_bit(e, 31);
    struct op *o = emit_op(e, page ? op_adrp : op_adr);
    o->a = emit_dst(insn_rd(e));
    o->imm = (uint32_t)(page ? imm : imm + (int32_t)e->off);
    return true;
}

/* ---- compare and branch, fused: the subtraction's operation goes on as the branch two slots on
 * ---- See isa/branch.c for the layout of the terminator that follows. */

#define FUSED(name, type, rhs, cc, cond)                                                           \
    HANDLER(name##_b_##cc)                                                                         \
    {                                                                                              \
        typedef type T;                                                                            \
        typedef __typeof__(_Generic((T)0, uint64_t: (int64_t)0, default: (int32_t)0)) ST;          \
        T a = (T)c->x[o->b], b = (T)(rhs);                                                         \
        c->x[o->a] = sizeof(T) == 8 ? subs64(c, a, b) : subs32(c, (uint32_t)a, (uint32_t)b);       \
        (void)sizeof(ST);                                                                          \
        if (cond) {                                                                                \
            ENTER(o[2].target);                                                                    \
        }                                                                                          \
        ENTER(o[2].target2);                                                                       \
    }
#define FUSED_ALL(name, type, rhs)                                                                 \
    FUSED(name, type, rhs, eq, a == b)                                                             \
    FUSED(name, type, rhs, ne, a != b)                                                             \
    FUSED(name, type, rhs, cs, a >= b)                                                             \
    FUSED(name, type, rhs, cc, a < b)                                                              \
    FUSED(name, type, rhs, mi, (ST)(a - b) < 0)                                                    \
    FUSED(name, type, rhs, pl, (ST)(a - b) >= 0)                                                   \
    FUSED(name, type, rhs, hi, a > b)                                                              \
    FUSED(name, type, rhs, ls, a <= b)                                                             \
    FUSED(name, type, rhs, ge, (ST)a >= (ST)b)                                                     \
    FUSED(name, type, rhs, lt, (ST)a < (ST)b)                                                      \
    FUSED(name, type, rhs, gt, (ST)a > (ST)b)                                                      \
    FUSED(name, type, rhs, le, (ST)a <= (ST)b)
FUSED_ALL(subs_x_imm, uint64_t, o->imm)
FUSED_ALL(subs_w_imm, uint32_t, o->imm)
FUSED_ALL(subs_x_none, uint64_t, c->x[o->c])
FUSED_ALL(subs_w_none, uint32_t, c->x[o->c])

#define FUSED_ROW(name)                                                                            \
    {op_##name##_b_eq,                                                                             \
     op_##name##_b_ne,                                                                             \
     op_##name##_b_cs,                                                                             \
     op_##name##_b_cc,                                                                             \
     op_##name##_b_mi,                                                                             \
     op_##name##_b_pl,                                                                             \
     NULL,                                                                                         \
     NULL,                                                                                         \
     op_##name##_b_hi,                                                                             \
     op_##name##_b_ls,                                                                             \
     op_##name##_b_ge,                                                                             \
     op_##name##_b_lt,                                                                             \
     op_##name##_b_gt,                                                                             \
     op_##name##_b_le,                                                                             \
     NULL,                                                                                         \
     NULL}

op_fn *fused_compare_branch(op_fn *compare, unsigned cond)
{
    static const struct {
        op_fn *compare;
        op_fn *branch[16];
    } rows[] = {{op_subs_x_imm, FUSED_ROW(subs_x_imm)},
                {op_subs_w_imm, FUSED_ROW(subs_w_imm)},
                {op_subs_x_none, FUSED_ROW(subs_x_none)},
                {op_subs_w_none, FUSED_ROW(subs_w_none)}};
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].compare == compare) {
            return rows[i].branch[cond];
        }
    }
    return NULL;
}
