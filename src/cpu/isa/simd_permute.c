/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Advanced SIMD: permutes, table look-up, copies between registers, modified immediates.
 * Arm DDI 0487, C4.1 "Advanced SIMD permute", "... extract", "... table lookup", "... copy",
 * "... modified immediate".
 */
#include "a64_gen.h"
#include "cpu/isa/fp_imm.h"
#include "cpu/isa/simd_lanes.h"

/* ---- ZIP, UZP, TRN: h is the number of result pairs; n is 0 for the first form, 1 for the second
 */

#define ZIP(i, h) ((i) & 1 ? vm : vn)[n * (h) + (i) / 2]
#define UZP(i, h) ((i) < (h) ? vn : vm)[2 * ((i) % (h)) + n]
#define TRN(i, h) ((i) & 1 ? vm : vn)[((i) & ~1U) + n]
#define PERMUTE(sh, name, lane)                                                                    \
    HANDLER(name##_##sh)                                                                           \
    {                                                                                              \
        LANE_TYPES(sh)                                                                             \
        const U *vn = (const U *)&c->v[o->b], *vm = (const U *)&c->v[o->c];                        \
        vreg_t t = {{0, 0}};                                                                       \
        (void)q;                                                                                   \
        for (unsigned i = 0; i < LANES; i++) {                                                     \
            ((U *)&t)[i] = lane(i, LANES / 2);                                                     \
        }                                                                                          \
        c->v[o->a] = t;                                                                            \
        NEXT(1);                                                                                   \
    }
#define PERMUTATION(name, lane)                                                                    \
    FOR_BHS(PERMUTE, name, lane)                                                                   \
    PERMUTE(2d, name, lane)                                                                        \
    static shape_ops name##_ops = {FOR_BHS(SHAPE_ENTRY, name) SHAPE_ENTRY(2d, name)};
PERMUTATION(zip, ZIP)
PERMUTATION(uzp, UZP)
PERMUTATION(trn, TRN)

static bool emit_permute(struct emit *e, op_fn *const *ops)
{
    struct op *o = simd_emit(e, ops, simd_shape(e, SIMD_VECTOR, insn_size(e)));
    if (o == NULL) {
        return false;
    }
    o->imm = insn_bit(e, 14);
    return true;
}

bool emit_vector_transfer_vector_permute_zip(struct emit *e)
{
    return emit_permute(e, zip_ops);
}
bool emit_vector_transfer_vector_permute_unzip(struct emit *e)
{
    return emit_permute(e, uzp_ops);
}
bool emit_vector_transfer_vector_permute_transpose(struct emit *e)
{
    return emit_permute(e, trn_ops);
}

/* ---- EXT: bytes from position imm of Vm:Vn ---- */

HANDLER(ext_16b)
{
    uint8_t both[32];
    memcpy(both, &c->v[o->b], 16);
    memcpy(both + 16, &c->v[o->c], 16);
    memcpy(&c->v[o->a], both + o->imm, 16);
    NEXT(1);
}
HANDLER(ext_8b)
{
    __extension__ unsigned __int128 both =
        (unsigned __int128)c->v[o->c].d[0] << 64 | c->v[o->b].d[0];
    c->v[o->a] = (vreg_t){{(uint64_t)(both >> 8 * o->imm), 0}};
    NEXT(1);
}

bool emit_vector_transfer_vector_extract(struct emit *e)
{
    unsigned position = insn_bits(e, 11, 4);
    if (!insn_q(e) && position > 7) {
        return false;
    }
    struct op *o = emit_op(e, insn_q(e) ? op_ext_16b : op_ext_8b);
    o->a = (uint8_t)insn_rd(e);
    o->b = (uint8_t)insn_rn(e);
    o->c = (uint8_t)insn_rm(e);
    o->imm = position;
    return true;
}

/* ---- TBL, TBX: c = indices, d = number of table registers, imm: bit 0 Q, bit 1 TBX ---- */

static void table_lookup(struct cpu *c, const struct op *o)
{
    uint8_t table[64], index[16], out[16];
    for (unsigned r = 0; r < o->d; r++) {
        memcpy(table + 16 * (size_t)r, &c->v[(o->b + r) & 31], 16);
    }
    memcpy(index, &c->v[o->c], 16);
    memcpy(out, &c->v[o->a], 16);
    for (unsigned i = 0; i < 16; i++) {
        out[i] = index[i] < 16 * o->d ? table[index[i]] : o->imm & 2 ? out[i] : 0;
    }
    memcpy(&c->v[o->a], out, 16);
    if (!(o->imm & 1)) {
        c->v[o->a].d[1] = 0;
    }
}

HANDLER(table)
{
    table_lookup(c, o);
    NEXT(1);
}

bool emit_vector_transfer_vector_table(struct emit *e)
{
    struct op *o = emit_op(e, op_table);
    o->a = (uint8_t)insn_rd(e);
    o->b = (uint8_t)insn_rn(e);
    o->c = (uint8_t)insn_rm(e);
    o->d = (uint8_t)(insn_bits(e, 13, 2) + 1);
    o->imm = insn_q(e) | (uint32_t)insn_bit(e, 12) << 1;
    return true;
}

/* ---- copies: imm5 gives element size (lowest set bit) and index ---- */

static bool copy_element(const struct emit *e, unsigned *out_size, unsigned *out_index)
{
    unsigned imm5 = insn_bits(e, 16, 5);
    if ((imm5 & 15) == 0) {
        return false;
    }
    *out_size = (unsigned)__builtin_ctz(imm5);
    *out_index = imm5 >> (*out_size + 1);
    return true;
}

/* DUP: of a lane (op.d) of Vn, or of a general register. */
#define DUP(sh, name, value)                                                                       \
    HANDLER(name##_##sh)                                                                           \
    {                                                                                              \
        LANE_TYPES(sh)                                                                             \
        const U v = (U)(value);                                                                    \
        vreg_t t = {{0, 0}};                                                                       \
        (void)q;                                                                                   \
        for (unsigned i = 0; i < LANES; i++) {                                                     \
            ((U *)&t)[i] = v;                                                                      \
        }                                                                                          \
        c->v[o->a] = t;                                                                            \
        NEXT(1);                                                                                   \
    }
FOR_BHSD_SCALAR(DUP, dup_lane, ((const U *)&c->v[o->b])[o->d])
FOR_BHSD(DUP, dup_reg, c->x[o->b])
static shape_ops dup_lane_ops = {FOR_BHSD_SCALAR(SHAPE_ENTRY, dup_lane)};
static shape_ops dup_reg_ops = {FOR_BHSD(SHAPE_ENTRY, dup_reg)};

static bool emit_dup_lane(struct emit *e, enum simd_kind kind)
{
    unsigned size, index;
    if (!copy_element(e, &size, &index)) {
        return false;
    }
    struct op *o = simd_emit(e, dup_lane_ops, simd_shape(e, kind, size));
    if (o == NULL) {
        return false;
    }
    o->d = (uint8_t)index;
    return true;
}

bool emit_vector_transfer_vector_cpy_dup_simd(struct emit *e)
{
    return emit_dup_lane(e, SIMD_VECTOR);
}
bool emit_vector_transfer_vector_cpy_dup_sisd(struct emit *e)
{
    return emit_dup_lane(e, SIMD_SCALAR);
}

bool emit_vector_transfer_integer_dup(struct emit *e)
{
    unsigned size, index;
    if (!copy_element(e, &size, &index)) {
        return false;
    }
    struct op *o = simd_emit(e, dup_reg_ops, simd_shape(e, SIMD_VECTOR, size));
    if (o == NULL) {
        return false;
    }
    o->b = emit_src(insn_rn(e));
    return true;
}

/* INS, UMOV, SMOV: d = lane; INS (element): imm = source lane. */
#define LANE_ACCESS(name, type, stype)                                                             \
    HANDLER(ins_lane_##name)                                                                       \
    {                                                                                              \
        ((type *)&c->v[o->a])[o->d] = ((const type *)&c->v[o->b])[o->imm];                         \
        NEXT(1);                                                                                   \
    }                                                                                              \
    HANDLER(ins_reg_##name)                                                                        \
    {                                                                                              \
        ((type *)&c->v[o->a])[o->d] = (type)c->x[o->b];                                            \
        NEXT(1);                                                                                   \
    }                                                                                              \
    HANDLER(umov_##name)                                                                           \
    {                                                                                              \
        c->x[o->a] = ((const type *)&c->v[o->b])[o->d];                                            \
        NEXT(1);                                                                                   \
    }                                                                                              \
    MAYBE_UNUSED HANDLER(smov_x_##name)                                                            \
    {                                                                                              \
        c->x[o->a] = (uint64_t)(int64_t)((const stype *)&c->v[o->b])[o->d];                        \
        NEXT(1);                                                                                   \
    }                                                                                              \
    MAYBE_UNUSED HANDLER(smov_w_##name)                                                            \
    {                                                                                              \
        c->x[o->a] = (uint32_t)((const stype *)&c->v[o->b])[o->d];                                 \
        NEXT(1);                                                                                   \
    }
LANE_ACCESS(b, uint8_t, int8_t)
LANE_ACCESS(h, uint16_t, int16_t)
LANE_ACCESS(s, uint32_t, int32_t)
LANE_ACCESS(d, uint64_t, int64_t)

bool emit_vector_transfer_vector_insert(struct emit *e)
{
    static op_fn *const ops[4] = {op_ins_lane_b, op_ins_lane_h, op_ins_lane_s, op_ins_lane_d};
    unsigned size, index;
    if (!copy_element(e, &size, &index)) {
        return false;
    }
    struct op *o = emit_op(e, ops[size]);
    o->a = (uint8_t)insn_rd(e);
    o->b = (uint8_t)insn_rn(e);
    o->d = (uint8_t)index;
    o->imm = insn_bits(e, 11, 4) >> size;
    return true;
}

bool emit_vector_transfer_integer_insert(struct emit *e)
{
    static op_fn *const ops[4] = {op_ins_reg_b, op_ins_reg_h, op_ins_reg_s, op_ins_reg_d};
    unsigned size, index;
    if (!copy_element(e, &size, &index)) {
        return false;
    }
    struct op *o = emit_op(e, ops[size]);
    o->a = (uint8_t)insn_rd(e);
    o->b = emit_src(insn_rn(e));
    o->d = (uint8_t)index;
    return true;
}

static bool emit_move_out(struct emit *e, op_fn *fn, unsigned index)
{
    struct op *o = emit_op(e, fn);
    o->a = emit_dst(insn_rd(e));
    o->b = (uint8_t)insn_rn(e);
    o->d = (uint8_t)index;
    return true;
}

bool emit_vector_transfer_integer_move_unsigned(struct emit *e)
{
    static op_fn *const ops[4] = {op_umov_b, op_umov_h, op_umov_s, op_umov_d};
    unsigned size, index;
    /* A 64-bit destination for doublewords only, a 32-bit one for all others. */
    return copy_element(e, &size, &index) && insn_q(e) == (size == 3) &&
           emit_move_out(e, ops[size], index);
}

bool emit_vector_transfer_integer_move_signed(struct emit *e)
{
    static op_fn *const ops[3][2] = {
        {op_smov_w_b, op_smov_x_b}, {op_smov_w_h, op_smov_x_h}, {NULL, op_smov_x_s}};
    unsigned size, index;
    return copy_element(e, &size, &index) && size < 3 && ops[size][insn_q(e)] != NULL &&
           emit_move_out(e, ops[size][insn_q(e)], index);
}

/* ---- modified immediate: AdvSIMDExpandImm; the value of each half is in the data slot ---- */

HANDLER(vimm_set)
{
    uint64_t v = o[1].imm64;
    c->v[o->a] = (vreg_t){{v, o->d ? v : 0}};
    NEXT(2);
}
HANDLER(vimm_orr)
{
    uint64_t v = o[1].imm64;
    c->v[o->a].d[0] |= v;
    c->v[o->a].d[1] = o->d ? c->v[o->a].d[1] | v : 0;
    NEXT(2);
}
HANDLER(vimm_bic)
{
    uint64_t v = o[1].imm64;
    c->v[o->a].d[0] &= ~v;
    c->v[o->a].d[1] = o->d ? c->v[o->a].d[1] & ~v : 0;
    NEXT(2);
}

static uint64_t each_byte_of_bits(unsigned imm8)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 8; i++) {
        v |= imm8 >> i & 1 ? UINT64_C(0xff) << 8 * i : 0;
    }
    return v;
}

static uint64_t expand_imm(unsigned op, unsigned cmode, unsigned imm8)
{
    const uint64_t words = UINT64_C(0x0000000100000001), halves = UINT64_C(0x0001000100010001);
    switch (cmode >> 1) {
    case 0:
    case 1:
    case 2:
    case 3: /* shifted left by bytes */
        return words * ((uint64_t)imm8 << 8 * (cmode >> 1));
    case 4:
    case 5:
        return halves * ((uint64_t)imm8 << 8 * (cmode >> 1 & 1));
    case 6: /* shifted ones */
        return words * (cmode & 1 ? (uint64_t)imm8 << 16 | 0xffff : (uint64_t)imm8 << 8 | 0xff);
    default:
        break;
    }
    if (!(cmode & 1)) {
        return op ? each_byte_of_bits(imm8) : imm8 * UINT64_C(0x0101010101010101);
    }
    return op ? fp_expand_imm(FP_D, imm8) : words * fp_expand_imm(FP_S, imm8);
}

bool emit_vector_logical(struct emit *e)
{
    unsigned op = insn_u(e), cmode = insn_bits(e, 12, 4);
    unsigned imm8 = insn_bits(e, 16, 3) << 5 | insn_bits(e, 5, 5);
    uint64_t v = expand_imm(op, cmode, imm8);
    bool modifies = (cmode & 1) && cmode < 12; /* ORR, BIC */
    if (cmode == 15 && op && !insn_q(e)) {
        return false;
    }
    if (op && !modifies && cmode < 14) { /* MVNI */
        v = ~v;
    }
    struct op *o = emit_op(e, !modifies ? op_vimm_set : op ? op_vimm_bic : op_vimm_orr);
    o->a = (uint8_t)insn_rd(e);
    o->d = insn_q(e);
    emit_data(e, v);
    return true;
}
