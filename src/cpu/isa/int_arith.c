/* SPDX-License-Identifier: Apache-2.0 */
/* Integer addition and subtraction: immediate, shifted, extended, with carry, address of label. */
#define SHARED_HANDLERS
#include "a64_gen.h"
#include "cpu/engine/block.h"
#include "cpu/isa/branch.h"
#include "cpu/isa/flags.h"
#include "cpu/isa/int_arith.c.inc"
#include "cpu/isa/int_arith_flags.c.inc"

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

bool emit_integer_arithmetic_address_pc_rel(struct emit *e)
{
    int32_t imm = (int32_t)((uint32_t)sextract32(e->insn, 5, 19) << 2 | insn_bits(e, 29, 2));
    bool page = insn_bit(e, 31);
    struct op *o = emit_op(e, page ? op_adrp : op_adr);
    o->a = emit_dst(insn_rd(e));
    o->imm = (uint32_t)(page ? imm : imm + (int32_t)e->off);
    return true;
}

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
