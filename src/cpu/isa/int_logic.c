/* SPDX-License-Identifier: Apache-2.0 */
/* Integer logic: bitwise operations on registers and immediates, wide moves, bit fields. */
#define SHARED_HANDLERS
#include "a64_gen.h"
#include "cpu/isa/flags.h"
#include "cpu/isa/int_logic.c.inc"
#include "cpu/isa/int_logic_flags.c.inc"
#include "cpu/isa/logic_imm.h"

/* Indexed by opc:N, then sf. */
#define LOGIC_ROW(s)                                                                               \
    {                                                                                              \
        {op_and_w_##s, op_and_x_##s}, {op_bic_w_##s, op_bic_x_##s}, {op_orr_w_##s, op_orr_x_##s},  \
            {op_orn_w_##s, op_orn_x_##s}, {op_eor_w_##s, op_eor_x_##s},                            \
            {op_eon_w_##s, op_eon_x_##s}, {op_ands_w_##s, op_ands_x_##s},                          \
        {                                                                                          \
            op_bics_w_##s, op_bics_x_##s                                                           \
        }                                                                                          \
    }

bool emit_integer_logical_shiftedreg(struct emit *e)
{
    static op_fn *const ops[5][8][2] = {LOGIC_ROW(none), LOGIC_ROW(lsl), LOGIC_ROW(lsr),
                                        LOGIC_ROW(asr), LOGIC_ROW(ror)};
    unsigned amount = insn_bits(e, 10, 6);
    unsigned sf = insn_sf(e);
    if (!sf && amount >= 32) {
        return false;
    }
    unsigned which = insn_bits(e, 29, 2) << 1 | insn_bit(e, 21);
    bool plain_move = which == 2 && amount == 0 && insn_rn(e) == 31;
    op_fn *fn = ops[amount == 0 ? 0 : insn_bits(e, 22, 2) + 1][which][sf];
    struct op *o = emit_op(e, plain_move ? (sf ? op_mov_x : op_mov_w) : fn);
    o->a = emit_dst(insn_rd(e));
    o->b = emit_src(insn_rn(e));
    o->c = emit_src(insn_rm(e));
    o->d = (uint8_t)amount;
    return true;
}

static void emit_constant(struct emit *e, uint8_t rd, uint64_t v)
{
    struct op *o = emit_op(e, v <= UINT32_MAX ? op_mov_imm32 : op_mov_imm64);
    o->a = rd;
    o->imm = (uint32_t)v;
    if (v > UINT32_MAX) {
        emit_data(e, v);
    }
}

bool emit_integer_logical_immediate(struct emit *e)
{
    static op_fn *const ops[4][3] = {{op_and_w_imm, op_and_x_simm, op_and_x_imm},
                                     {op_orr_w_imm, op_orr_x_simm, op_orr_x_imm},
                                     {op_eor_w_imm, op_eor_x_simm, op_eor_x_imm},
                                     {op_ands_w_imm, op_ands_x_simm, op_ands_x_imm}};
    unsigned sf = insn_sf(e);
    unsigned opc = insn_bits(e, 29, 2);
    uint64_t value;
    if (!logic_imm_decode(sf, insn_bits(e, 22, 1), insn_bits(e, 16, 6), insn_bits(e, 10, 6),
                          &value)) {
        return false;
    }
    uint8_t rd = opc == 3 ? emit_dst(insn_rd(e)) : (uint8_t)insn_rd(e);
    emit_note_write(e, opc == 3 ? 0 : insn_rd(e), 1);
    if (opc == 1 && insn_rn(e) == 31) {
        emit_constant(e, rd, value);
        return true;
    }
    bool wide = sf && (uint64_t)(int64_t)(int32_t)value != value;
    struct op *o = emit_op(e, ops[opc][sf + wide]);
    o->a = rd;
    o->b = emit_src(insn_rn(e));
    o->imm = (uint32_t)value;
    if (wide) {
        emit_data(e, value);
    }
    return true;
}

bool emit_integer_ins_ext_insert_movewide(struct emit *e)
{
    unsigned opc = insn_bits(e, 29, 2);
    unsigned pos = insn_bits(e, 21, 2) * 16;
    unsigned sf = insn_sf(e);
    if (!sf && pos >= 32) {
        return false;
    }
    uint8_t rd = emit_dst(insn_rd(e));
    uint64_t imm = (uint64_t)insn_bits(e, 5, 16) << pos;
    if (opc == 3) {
        struct op *o = emit_op(e, sf ? op_movk_x : op_movk_w);
        o->a = rd;
        o->d = (uint8_t)pos;
        o->imm = insn_bits(e, 5, 16);
        return true;
    }
    uint64_t v = opc == 0 ? ~imm : imm;
    emit_constant(e, rd, sf ? v : (uint32_t)v);
    return true;
}

static void emit_bfm(struct emit *e, unsigned sf, unsigned immr, unsigned imms)
{
    unsigned width = sf ? 64 : 32;
    uint64_t m = imms >= immr ? mask64(0, imms - immr + 1) : mask64(width - immr, imms + 1);
    struct op *o = emit_op(e, sf ? op_bfm_x : op_bfm_w);
    o->a = emit_dst(insn_rd(e));
    o->b = emit_src(insn_rn(e));
    o->c = (uint8_t)immr;
    o->imm = (uint32_t)m;
    if (sf) {
        emit_data(e, m);
    }
}

static op_fn *shift_pair_handler(unsigned sf, bool sign, unsigned left, unsigned right)
{
    static op_fn *const pair[2][2] = {{op_ubfm_w, op_ubfm_x}, {op_sbfm_w, op_sbfm_x}};
    static op_fn *const right_only[2][2] = {{op_lsr_w, op_lsr_x}, {op_asr_w, op_asr_x}};
    unsigned width = sf ? 64 : 32;
    if (left == 0) {
        return right_only[sign][sf];
    }
    if (right == 0) {
        return sf ? op_lsl_x : op_lsl_w;
    }
    if (left == right && !sign && width - left == 8) {
        return op_uxtb;
    }
    if (left == right && !sign && width - left == 16) {
        return op_uxth;
    }
    if (left == right && sign && sf && left == 32) {
        return op_sxtw;
    }
    return pair[sign][sf];
}

bool emit_integer_bitfield(struct emit *e)
{
    unsigned sf = insn_sf(e);
    unsigned opc = insn_bits(e, 29, 2);
    unsigned immr = insn_bits(e, 16, 6);
    unsigned imms = insn_bits(e, 10, 6);
    unsigned width = sf ? 64 : 32;
    if (insn_bit(e, 22) != sf || immr >= width || imms >= width || opc == 3) {
        return false;
    }
    if (opc == 1) {
        emit_bfm(e, sf, immr, imms);
        return true;
    }
    unsigned left = width - 1 - imms;
    unsigned right = imms >= immr ? left + immr : immr - imms - 1;
    struct op *o = emit_op(e, shift_pair_handler(sf, opc == 0, left, right));
    o->a = emit_dst(insn_rd(e));
    o->b = emit_src(insn_rn(e));
    o->c = (uint8_t)left;
    o->d = (uint8_t)right;
    return true;
}

bool emit_integer_ins_ext_extract_immediate(struct emit *e)
{
    unsigned sf = insn_sf(e);
    unsigned lsb = insn_bits(e, 10, 6);
    if (insn_bit(e, 22) != sf || (!sf && lsb >= 32)) {
        return false;
    }
    bool ror = insn_rn(e) == insn_rm(e);
    struct op *o = emit_op(e, sf ? (ror ? op_ror_x : op_extr_x) : (ror ? op_ror_w : op_extr_w));
    o->a = emit_dst(insn_rd(e));
    o->b = emit_src(insn_rn(e));
    o->c = emit_src(insn_rm(e));
    o->d = (uint8_t)lsb;
    return true;
}
