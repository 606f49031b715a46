/* SPDX-License-Identifier: Apache-2.0 */
/* Integer loads and stores: single, pair, literal, ordered, exclusive, atomic, prefetch. */
#define SHARED_HANDLERS
#include "cpu/isa/ldst_int.h"

#include "a64_gen.h"
#include "cpu/engine/mem.h"
#include "cpu/isa/ldst_int.c.inc"
#include "cpu/isa/pac.h"

#define MEM_BUILD_SLOW
#include "cpu/engine/mem_build.h"
#include "cpu/isa/ldst_int.c.inc"

void emit_sp_check(struct emit *e, unsigned rn)
{
    if (rn == 31 && (e->mode & MODE_SP_CHECK) && !e->sp_aligned) {
        emit_op(e, op_sp_check);
        e->sp_aligned = true;
    }
}

HANDLER(prefetch)
{
    NEXT(1);
}

/* Indexed by size:opc as in instruction bits 31:30 and 23:22: what the transfer is. */
enum addr_mode { MODE_IMM, MODE_POST, MODE_PRE, MODE_LSL, MODE_UXTW, MODE_SXTW, MODE_UNPRIV_ACC };
#define TRANSFER(n)                                                                                \
    {op_##n##_imm,  op_##n##_post, op_##n##_pre,   op_##n##_lsl,                                   \
     op_##n##_uxtw, op_##n##_sxtw, op_##n##_unpriv}
static op_fn *const single_ops[16][7] = {
    TRANSFER(strb),
    TRANSFER(ldrb),
    TRANSFER(ldrsb_x),
    TRANSFER(ldrsb_w),
    TRANSFER(strh),
    TRANSFER(ldrh),
    TRANSFER(ldrsh_x),
    TRANSFER(ldrsh_w),
    TRANSFER(str_w),
    TRANSFER(ldr_w),
    TRANSFER(ldrsw),
    {NULL},
    TRANSFER(str_x),
    TRANSFER(ldr_x),
    {NULL},
    {NULL},
};
static op_fn *const ordered_ops[16] = {
    op_strb_ordered,
    op_ldrb_ordered,
    op_ldrsb_x_ordered,
    op_ldrsb_w_ordered,
    op_strh_ordered,
    op_ldrh_ordered,
    op_ldrsh_x_ordered,
    op_ldrsh_w_ordered,
    op_str_w_ordered,
    op_ldr_w_ordered,
    op_ldrsw_ordered,
    NULL,
    op_str_x_ordered,
    op_ldr_x_ordered,
    NULL,
    NULL,
};
#define PRFM 14 /* size 11, opc 10 */

static unsigned size_opc(const struct emit *e)
{
    return insn_bits(e, 30, 2) << 2 | insn_bits(e, 22, 2);
}

static bool is_load(unsigned which)
{
    return (which & 3) != 0;
}

/* The operation of a single-register access; NULL: unallocated (PRFM was dealt with). */
static struct op *emit_single(struct emit *e, op_fn *fn, unsigned which)
{
    if (fn == NULL) {
        return NULL;
    }
    emit_sp_check(e, insn_rn(e));
    struct op *o = emit_op(e, fn);
    o->a = is_load(which) ? emit_dst(insn_rt(e)) : emit_src(insn_rt(e));
    o->b = (uint8_t)insn_rn(e);
    return o;
}

static bool emit_imm9(struct emit *e, enum addr_mode mode)
{
    unsigned which = size_opc(e);
    if (which == PRFM) {
        if (mode != MODE_IMM) {
            return false;
        }
        emit_op(e, op_prefetch);
        return true;
    }
    struct op *o = emit_single(e, single_ops[which][mode], which);
    if (o == NULL) {
        return false;
    }
    o->imm = (uint32_t)sextract32(e->insn, 12, 9);
    if (mode == MODE_POST || mode == MODE_PRE) {
        emit_note_write(e, insn_rn(e), (int32_t)o->imm);
    }
    return true;
}

bool emit_memory_single_general_immediate_signed_offset_normal(struct emit *e)
{
    return emit_imm9(e, MODE_IMM);
}

bool emit_memory_single_general_immediate_signed_post_idx(struct emit *e)
{
    return emit_imm9(e, MODE_POST);
}

bool emit_memory_single_general_immediate_signed_pre_idx(struct emit *e)
{
    return emit_imm9(e, MODE_PRE);
}

bool emit_memory_single_general_immediate_signed_offset_unpriv(struct emit *e)
{
    return size_opc(e) != PRFM && emit_imm9(e, e->mode & MODE_UNPRIV ? MODE_UNPRIV_ACC : MODE_IMM);
}

bool emit_memory_single_general_immediate_unsigned(struct emit *e)
{
    unsigned which = size_opc(e);
    if (which == PRFM) {
        emit_op(e, op_prefetch);
        return true;
    }
    struct op *o = emit_single(e, single_ops[which][MODE_IMM], which);
    if (o == NULL) {
        return false;
    }
    o->imm = insn_bits(e, 10, 12) << insn_bits(e, 30, 2);
    return true;
}

bool emit_memory_single_general_register(struct emit *e)
{
    unsigned which = size_opc(e), option = insn_bits(e, 13, 3);
    static const uint8_t modes[4] = {MODE_UXTW, MODE_LSL, MODE_SXTW, MODE_LSL};
    if (!(option & 2)) {
        return false;
    }
    if (which == PRFM) {
        emit_op(e, op_prefetch);
        return true;
    }
    enum addr_mode mode = (enum addr_mode)modes[(option & 1) | (option & 4) >> 1];
    struct op *o = emit_single(e, single_ops[which][mode], which);
    if (o == NULL) {
        return false;
    }
    o->c = emit_src(insn_rm(e));
    o->d = insn_bit(e, 12) ? (uint8_t)insn_bits(e, 30, 2) : 0;
    return true;
}

/* RPRFM: a hint. */
bool emit_memory_single_general_range(struct emit *e)
{
    emit_op(e, op_prefetch);
    return true;
}

bool emit_memory_literal_general(struct emit *e)
{
    static op_fn *const ops[4] = {op_ldr_w_lit, op_ldr_x_lit, op_ldrsw_lit, op_prefetch};
    struct op *o = emit_op(e, ops[insn_bits(e, 30, 2)]);
    o->a = emit_dst(insn_rt(e));
    o->imm = (uint32_t)((int32_t)e->off + sextract32(e->insn, 5, 19) * 4);
    return true;
}

/* ---- pairs ---- */

enum pair_mode { PAIR_OFF, PAIR_POST, PAIR_PRE };

static bool emit_pair(struct emit *e, enum pair_mode mode)
{
    /* Indexed by opc, L. */
    static op_fn *const ops[3][2][3] = {
        {{op_stp_w_off, op_stp_w_post, op_stp_w_pre}, {op_ldp_w_off, op_ldp_w_post, op_ldp_w_pre}},
        {{NULL, NULL, NULL}, {op_ldpsw_off, op_ldpsw_post, op_ldpsw_pre}},
        {{op_stp_x_off, op_stp_x_post, op_stp_x_pre}, {op_ldp_x_off, op_ldp_x_post, op_ldp_x_pre}},
    };
    unsigned opc = insn_bits(e, 30, 2);
    bool load = insn_bit(e, 22);
    if (opc == 3 || ops[opc][load][mode] == NULL) {
        return false;
    }
    emit_sp_check(e, insn_rn(e));
    struct op *o = emit_op(e, ops[opc][load][mode]);
    o->a = load ? emit_dst(insn_rt(e)) : emit_src(insn_rt(e));
    o->c = load ? emit_dst(insn_rt2(e)) : emit_src(insn_rt2(e));
    o->b = (uint8_t)insn_rn(e);
    o->imm = (uint32_t)sextract32(e->insn, 15, 7) << (opc == 2 ? 3 : 2);
    if (mode != PAIR_OFF) {
        emit_note_write(e, insn_rn(e), (int32_t)o->imm);
    }
    return true;
}

bool emit_memory_pair_general_offset(struct emit *e)
{
    return emit_pair(e, PAIR_OFF);
}

bool emit_memory_pair_general_post_idx(struct emit *e)
{
    return emit_pair(e, PAIR_POST);
}

bool emit_memory_pair_general_pre_idx(struct emit *e)
{
    return emit_pair(e, PAIR_PRE);
}

bool emit_memory_pair_general_no_alloc(struct emit *e)
{
    return insn_bits(e, 30, 2) != 1 && emit_pair(e, PAIR_OFF); /* there is no non-temporal LDPSW */
}

/* ---- ordered ---- */

bool emit_memory_ordered(struct emit *e) /* LDAR, STLR, LDLAR, STLLR */
{
    unsigned which = insn_bits(e, 30, 2) << 2 | insn_bit(e, 22);
    return emit_single(e, ordered_ops[which], which) != NULL;
}

bool emit_memory_ordered_rcpc(struct emit *e) /* LDAPR */
{
    unsigned which = insn_bits(e, 30, 2) << 2 | 1;
    return emit_single(e, ordered_ops[which], which) != NULL;
}

bool emit_memory_single_general_immediate_signed_offset_lda_stl(struct emit *e)
{
    unsigned which = size_opc(e);
    struct op *o = emit_single(e, ordered_ops[which], which);
    if (o == NULL) {
        return false;
    }
    o->imm = (uint32_t)sextract32(e->insn, 12, 9);
    return true;
}

/* ---- exclusive ---- */

bool emit_memory_exclusive_single(struct emit *e)
{
    static op_fn *const ops[4][2] = {{op_stxr_b, op_ldxr_b},
                                     {op_stxr_h, op_ldxr_h},
                                     {op_stxr_w, op_ldxr_w},
                                     {op_stxr_x, op_ldxr_x}};
    bool load = insn_bit(e, 22);
    struct op *o = emit_single(e, ops[insn_bits(e, 30, 2)][load], load);
    o->c = emit_dst(insn_rm(e));
    return true;
}

bool emit_memory_exclusive_pair(struct emit *e)
{
    static op_fn *const ops[2][2] = {{op_stxp_w, op_ldxp_w}, {op_stxp_x, op_ldxp_x}};
    bool load = insn_bit(e, 22);
    struct op *o = emit_single(e, ops[insn_bit(e, 30)][load], load);
    o->c = emit_dst(load ? insn_rt2(e) : insn_rm(e));
    o->d = emit_src(insn_rt2(e));
    return true;
}

/* ---- FEAT_LSE ---- */

#define ATOMIC_ROW(sz)                                                                             \
    {op_ldadd_##sz,  op_ldclr_##sz,  op_ldeor_##sz,  op_ldset_##sz, op_ldsmax_##sz,                \
     op_ldsmin_##sz, op_ldumax_##sz, op_ldumin_##sz, op_swp_##sz}

static bool emit_atomic(struct emit *e, unsigned which)
{
    static op_fn *const ops[4][9] = {ATOMIC_ROW(b), ATOMIC_ROW(h), ATOMIC_ROW(w), ATOMIC_ROW(x)};
    struct op *o = emit_single(e, ops[insn_bits(e, 30, 2)][which], 1);
    o->c = emit_src(insn_rm(e));
    return true;
}

bool emit_memory_atomicops_ld(struct emit *e)
{
    return emit_atomic(e, insn_bits(e, 12, 3));
}

bool emit_memory_atomicops_swp(struct emit *e)
{
    return emit_atomic(e, 8);
}

bool emit_memory_atomicops_cas_single(struct emit *e)
{
    static op_fn *const ops[4] = {op_cas_b, op_cas_h, op_cas_w, op_cas_x};
    struct op *o = emit_single(e, ops[insn_bits(e, 30, 2)], 0);
    o->c = emit_src(insn_rm(e));
    o->d = emit_dst(insn_rm(e));
    return true;
}

bool emit_memory_atomicops_cas_pair(struct emit *e)
{
    if ((insn_rm(e) & 1) || (insn_rt(e) & 1)) {
        return false;
    }
    struct op *o = emit_single(e, insn_bit(e, 30) ? op_casp_x : op_casp_w, 0);
    o->c = (uint8_t)insn_rm(e);
    return true;
}

/* ---- LDRAA, LDRAB: authenticate the base, then load. c = key, d = writeback ---- */

HANDLER(ldra)
{
    enum pac_key key = (enum pac_key)o->c;
    uint64_t *ptr = &c->mem_data[2];
    *ptr = c->x[o->b];
    cpu_sync(c, o, budget);
    if (pac_enabled(c, key) && (pac_trap(c) || !pac_auth(c, key, ptr, 0, true))) {
        EXIT_TO(leave_block(c, o, budget));
    }
    uint64_t va = *ptr + (uint64_t)(int64_t)(int32_t)o->imm;
    if (!mem_read(c, va, 8, MEM_NO_ISV, c->mem_data)) {
        EXIT_TO(leave_block(c, o, budget));
    }
    c->x[o->a] = c->mem_data[0];
    if (o->d) {
        c->x[o->b] = va;
    }
    if (UNLIKELY(c->exit_flags != 0)) {
        EXIT_TO(leave_after(c, o, budget));
    }
    NEXT(1);
}

bool emit_memory_single_general_immediate_signed_pac(struct emit *e)
{
    if (insn_bits(e, 30, 2) != 3) {
        return false;
    }
    emit_sp_check(e, insn_rn(e));
    struct op *o = emit_op(e, op_ldra);
    o->a = emit_dst(insn_rt(e));
    o->b = (uint8_t)insn_rn(e);
    o->c = insn_bit(e, 23) ? PAC_DB : PAC_DA;
    o->d = insn_bit(e, 11);
    o->imm = (uint32_t)((sextract32(e->insn, 22, 1) * 512 + (int32_t)insn_bits(e, 12, 9)) * 8);
    emit_note_write(e, o->d ? insn_rn(e) : 0, 1);
    return true;
}
