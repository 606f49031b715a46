/* SPDX-License-Identifier: Apache-2.0 */
/* SIMD&FP loads and stores: single registers, pairs, literals, structures (LD1-LD4, ST1-ST4). */
#define SHARED_HANDLERS
#include "a64_gen.h"
#include "cpu/engine/mem.h"

/*
 * A structure transfer: elements of 1 << size bytes; `selem` registers take turns, `rows` elements
 * from lane `lane` up, for `rpt` groups of registers. replicate: LD1R and the like.
 */
struct struct_desc {
    uint8_t size, selem, rows, lane, rpt;
    bool replicate, single, q;
};

static uint64_t struct_encode(const struct struct_desc *d)
{
    return d->size | (uint64_t)d->selem << 8 | (uint64_t)d->rows << 16 | (uint64_t)d->lane << 24 |
           (uint64_t)d->rpt << 32 | (uint64_t)d->replicate << 40 | (uint64_t)d->single << 41 |
           (uint64_t)d->q << 42;
}

static struct struct_desc struct_decode(uint64_t v)
{
    return (struct struct_desc){.size = (uint8_t)v,
                                .selem = (uint8_t)(v >> 8),
                                .rows = (uint8_t)(v >> 16),
                                .lane = (uint8_t)(v >> 24),
                                .rpt = (uint8_t)(v >> 32),
                                .replicate = bit(v, 40),
                                .single = bit(v, 41),
                                .q = bit(v, 42)};
}

static unsigned struct_bytes(uint64_t v)
{
    struct struct_desc d = struct_decode(v);
    return ((unsigned)d.selem * d.rows * d.rpt) << d.size;
}

/* Where element number `row` of register number `r` of a group is. */
static uint8_t *lane_ptr(struct cpu *c, const struct op *o, const struct struct_desc *d, unsigned r,
                         unsigned row)
{
    return (uint8_t *)&c->v[(o->a + r) & 31] + ((size_t)(d->lane + row) << d->size);
}

/* After a load: replicate the element, or clear what a 64-bit vector does not have. */
static void finish_load(struct cpu *c, const struct op *o, const struct struct_desc *d)
{
    for (unsigned r = 0; r < (unsigned)d->selem * d->rpt; r++) {
        vreg_t *v = &c->v[(o->a + r) & 31];
        if (d->replicate) {
            for (unsigned i = 1; i < 16U >> d->size; i++) {
                memcpy((uint8_t *)v + ((size_t)i << d->size), v, (size_t)1 << d->size);
            }
        }
        if (!d->q && !(d->single && !d->replicate)) {
            v->d[1] = 0;
        }
    }
}

static void struct_fast(struct cpu *c, const struct op *o, uint8_t *p, bool load)
{
    struct struct_desc d = struct_decode(o[1].imm64);
    size_t n = (size_t)1 << d.size;
    for (unsigned g = 0; g < d.rpt; g++) {
        for (unsigned row = 0; row < d.rows; row++) {
            for (unsigned s = 0; s < d.selem; s++, p += n) {
                uint8_t *lane = lane_ptr(c, o, &d, g * d.selem + s, row);
                memcpy(load ? lane : p, load ? p : lane, n);
            }
        }
    }
    if (load) {
        finish_load(c, o, &d);
    }
}

/* False: an exception was taken. Stores are checked as a whole before the first. */
static bool struct_slow(struct cpu *c, const struct op *o, bool load)
{
    struct struct_desc d = struct_decode(o[1].imm64);
    unsigned n = 1U << d.size, bytes = struct_bytes(o[1].imm64);
    uint64_t va = c->x[o->b];
    for (unsigned off = 0; !load && off < bytes; off += 16) {
        unsigned part = bytes - off < 16 ? bytes - off : 16;
        if (!mem_probe_write(c, va + off, part, n, MEM_NO_ISV)) {
            return false;
        }
    }
    for (unsigned g = 0; g < d.rpt; g++) {
        for (unsigned row = 0; row < d.rows; row++) {
            for (unsigned s = 0; s < d.selem; s++, va += n) {
                uint8_t *lane = lane_ptr(c, o, &d, g * d.selem + s, row);
                if (!(load ? mem_read(c, va, n, MEM_NO_ISV, lane)
                           : mem_write(c, va, n, MEM_NO_ISV, lane))) {
                    return false;
                }
            }
        }
    }
    if (load) {
        finish_load(c, o, &d);
    }
    return true;
}

#include "cpu/isa/ldst_simd.c.inc"
#include "cpu/isa/ldst_struct.c.inc"

#define MEM_BUILD_SLOW
#include "cpu/engine/mem_build.h"
#include "cpu/isa/ldst_simd.c.inc"
#include "cpu/isa/ldst_struct.c.inc"

/* ---- one register ---- */

enum vaddr_mode { V_IMM, V_POST, V_PRE, V_LSL, V_UXTW, V_SXTW };
#define VROW(sz)                                                                                   \
    {                                                                                              \
        {op_str_##sz##_imm, op_str_##sz##_post, op_str_##sz##_pre,                                 \
         op_str_##sz##_lsl, op_str_##sz##_uxtw, op_str_##sz##_sxtw},                               \
        {                                                                                          \
            op_ldr_##sz##_imm, op_ldr_##sz##_post, op_ldr_##sz##_pre, op_ldr_##sz##_lsl,           \
                op_ldr_##sz##_uxtw, op_ldr_##sz##_sxtw                                             \
        }                                                                                          \
    }

/* log2 of the register size: size:opc<1>; more than 4 is unallocated. */
static unsigned scale_of(const struct emit *e)
{
    return insn_bits(e, 30, 2) | (unsigned)insn_bit(e, 23) << 2;
}

static struct op *emit_vsingle(struct emit *e, enum vaddr_mode mode)
{
    static op_fn *const ops[5][2][6] = {VROW(b), VROW(h), VROW(s), VROW(d), VROW(q)};
    unsigned scale = scale_of(e);
    if (scale > 4) {
        return NULL;
    }
    emit_sp_check(e, insn_rn(e));
    struct op *o = emit_op(e, ops[scale][insn_bit(e, 22)][mode]);
    o->a = (uint8_t)insn_rt(e);
    o->b = (uint8_t)insn_rn(e);
    return o;
}

static bool emit_vimm9(struct emit *e, enum vaddr_mode mode)
{
    struct op *o = emit_vsingle(e, mode);
    if (o == NULL) {
        return false;
    }
    o->imm = (uint32_t)sextract32(e->insn, 12, 9);
    if (mode != V_IMM) {
        emit_note_write(e, insn_rn(e), (int32_t)o->imm);
    }
    return true;
}

bool emit_memory_single_simdfp_immediate_signed_offset_normal(struct emit *e)
{
    return emit_vimm9(e, V_IMM);
}

bool emit_memory_single_simdfp_immediate_signed_post_idx(struct emit *e)
{
    return emit_vimm9(e, V_POST);
}

bool emit_memory_single_simdfp_immediate_signed_pre_idx(struct emit *e)
{
    return emit_vimm9(e, V_PRE);
}

bool emit_memory_single_simdfp_immediate_unsigned(struct emit *e)
{
    struct op *o = emit_vsingle(e, V_IMM);
    if (o == NULL) {
        return false;
    }
    o->imm = insn_bits(e, 10, 12) << scale_of(e);
    return true;
}

bool emit_memory_single_simdfp_register(struct emit *e)
{
    static const uint8_t modes[4] = {V_UXTW, V_LSL, V_SXTW, V_LSL};
    unsigned option = insn_bits(e, 13, 3);
    if (!(option & 2)) {
        return false;
    }
    struct op *o = emit_vsingle(e, (enum vaddr_mode)modes[(option & 1) | (option & 4) >> 1]);
    if (o == NULL) {
        return false;
    }
    o->c = emit_src(insn_rm(e));
    o->d = insn_bit(e, 12) ? (uint8_t)scale_of(e) : 0;
    return true;
}

bool emit_memory_literal_simdfp(struct emit *e)
{
    static op_fn *const ops[3] = {op_ldr_s_lit, op_ldr_d_lit, op_ldr_q_lit};
    unsigned opc = insn_bits(e, 30, 2);
    if (opc == 3) {
        return false;
    }
    struct op *o = emit_op(e, ops[opc]);
    o->a = (uint8_t)insn_rt(e);
    o->imm = (uint32_t)((int32_t)e->off + sextract32(e->insn, 5, 19) * 4);
    return true;
}

/* ---- pairs ---- */

#define VPAIR_ROW(sz)                                                                              \
    {                                                                                              \
        {op_stp_##sz##_imm, op_stp_##sz##_post, op_stp_##sz##_pre},                                \
        {                                                                                          \
            op_ldp_##sz##_imm, op_ldp_##sz##_post, op_ldp_##sz##_pre                               \
        }                                                                                          \
    }

static bool emit_vpair(struct emit *e, enum vaddr_mode mode)
{
    static op_fn *const ops[3][2][3] = {VPAIR_ROW(s), VPAIR_ROW(d), VPAIR_ROW(q)};
    unsigned opc = insn_bits(e, 30, 2);
    if (opc == 3) {
        return false;
    }
    emit_sp_check(e, insn_rn(e));
    struct op *o = emit_op(e, ops[opc][insn_bit(e, 22)][mode]);
    o->a = (uint8_t)insn_rt(e);
    o->c = (uint8_t)insn_rt2(e);
    o->b = (uint8_t)insn_rn(e);
    o->imm = (uint32_t)sextract32(e->insn, 15, 7) << (2 + opc);
    if (mode != V_IMM) {
        emit_note_write(e, insn_rn(e), (int32_t)o->imm);
    }
    return true;
}

bool emit_memory_pair_simdfp_offset(struct emit *e)
{
    return emit_vpair(e, V_IMM);
}

bool emit_memory_pair_simdfp_no_alloc(struct emit *e)
{
    return emit_vpair(e, V_IMM);
}

bool emit_memory_pair_simdfp_post_idx(struct emit *e)
{
    return emit_vpair(e, V_POST);
}

bool emit_memory_pair_simdfp_pre_idx(struct emit *e)
{
    return emit_vpair(e, V_PRE);
}

/* ---- structures ---- */

static void emit_struct(struct emit *e, const struct struct_desc *d, bool post)
{
    uint64_t desc = struct_encode(d);
    emit_sp_check(e, insn_rn(e));
    struct op *o = emit_op(e, insn_bit(e, 22) ? op_ld_struct : op_st_struct);
    o->a = (uint8_t)insn_rt(e);
    o->b = (uint8_t)insn_rn(e);
    o->c = post && insn_rm(e) != 31 ? (uint8_t)insn_rm(e) : REG_ZR;
    o->imm = post && insn_rm(e) == 31 ? struct_bytes(desc) : 0;
    emit_data(e, desc);
    if (post) {
        emit_note_write(e, insn_rn(e), 1);
    }
}

static bool emit_multiple(struct emit *e, bool post)
{
    static const struct {
        uint8_t opcode, rpt, selem;
    } forms[] = {{0, 1, 4}, {2, 4, 1}, {4, 1, 3}, {6, 3, 1}, {7, 1, 1}, {8, 1, 2}, {10, 2, 1}};
    unsigned opcode = insn_bits(e, 12, 4), size = insn_bits(e, 10, 2);
    for (unsigned i = 0; i < ARRAY_LEN(forms); i++) {
        if (forms[i].opcode != opcode) {
            continue;
        }
        if (size == 3 && !insn_q(e) && forms[i].selem != 1) {
            return false;
        }
        struct struct_desc d = {.size = (uint8_t)size,
                                .selem = forms[i].selem,
                                .rows = (uint8_t)((insn_q(e) ? 16U : 8U) >> size),
                                .rpt = forms[i].rpt,
                                .q = insn_q(e)};
        emit_struct(e, &d, post);
        return true;
    }
    return false;
}

bool emit_memory_vector_multiple_no_wb(struct emit *e)
{
    return emit_multiple(e, false);
}

bool emit_memory_vector_multiple_post_inc(struct emit *e)
{
    return emit_multiple(e, true);
}

/* Single structures: opcode<2:1> gives the scale, Q:S:size the lane. */
static bool emit_single_struct(struct emit *e, bool post)
{
    unsigned opcode = insn_bits(e, 13, 3), s = insn_bit(e, 12), size = insn_bits(e, 10, 2);
    unsigned scale = opcode >> 1, q = insn_q(e);
    struct struct_desc d = {.selem = (uint8_t)(((opcode & 1) << 1 | insn_bit(e, 21)) + 1),
                            .rows = 1,
                            .rpt = 1,
                            .single = true,
                            .q = q};
    switch (scale) {
    case 0:
        d.lane = (uint8_t)(q << 3 | s << 2 | size);
        break;
    case 1:
        if (size & 1) {
            return false;
        }
        d.lane = (uint8_t)(q << 2 | s << 1 | size >> 1);
        break;
    case 2:
        if (size & 2) {
            return false;
        }
        if (size & 1) {
            if (s) {
                return false;
            }
            d.lane = (uint8_t)q;
            scale = 3;
        } else {
            d.lane = (uint8_t)(q << 1 | s);
        }
        break;
    default:
        if (!insn_bit(e, 22) || s) {
            return false;
        }
        scale = size;
        d.replicate = true;
        break;
    }
    d.size = (uint8_t)scale;
    emit_struct(e, &d, post);
    return true;
}

bool emit_memory_vector_single_no_wb(struct emit *e)
{
    return emit_single_struct(e, false);
}

bool emit_memory_vector_single_post_inc(struct emit *e)
{
    return emit_single_struct(e, true);
}
