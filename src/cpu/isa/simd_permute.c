/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Advanced SIMD permutations: ZIP, UZP, TRN, EXT, TBL, TBX. These are shuffles of host vectors.
 *
 * Arm DDI 0487, C4.1 "Advanced SIMD permute", "... extract", "... table lookup".
 */
#include "a64_gen.h"
#include "cpu/isa/simd_host.h"
#include "cpu/isa/simd_lanes.h"

#define VECTOR_TYPE(sh, bits, lanes) typedef u_##sh v_##sh __attribute__((vector_size(lanes * bits / 8)));
SIMD_SHAPES(VECTOR_TYPE)
#undef VECTOR_TYPE

/* Write a host vector to Vd; 8-byte ones clear the upper half. */
#define WRITE_VECTOR(r)                                                                            \
    do {                                                                                           \
        if (sizeof(r) == 8) {                                                                      \
            c->v[o->a].d[1] = 0;                                                                   \
        }                                                                                          \
        memcpy(&c->v[o->a], &(r), sizeof(r));                                                      \
    } while (0)

/* ---- ZIP, UZP, TRN: of the lanes of Vn followed by those of Vm ---- */

/* clang-format off */
#define ZIP1_8b  0, 8, 1, 9, 2, 10, 3, 11
#define ZIP2_8b  4, 12, 5, 13, 6, 14, 7, 15
#define UZP1_8b  0, 2, 4, 6, 8, 10, 12, 14
#define UZP2_8b  1, 3, 5, 7, 9, 11, 13, 15
#define TRN1_8b  0, 8, 2, 10, 4, 12, 6, 14
#define TRN2_8b  1, 9, 3, 11, 5, 13, 7, 15
#define ZIP1_16b 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define ZIP2_16b 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define UZP1_16b 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define UZP2_16b 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#define TRN1_16b 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30
#define TRN2_16b 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31
#define ZIP1_4h  0, 4, 1, 5
#define ZIP2_4h  2, 6, 3, 7
#define UZP1_4h  0, 2, 4, 6
#define UZP2_4h  1, 3, 5, 7
#define TRN1_4h  0, 4, 2, 6
#define TRN2_4h  1, 5, 3, 7
#define ZIP1_2s  0, 2
#define ZIP2_2s  1, 3
/* What an arrangement of the same number of lanes, or of two lanes, shares. */
#define ZIP1_8h  ZIP1_8b
#define ZIP2_8h  ZIP2_8b
#define UZP1_8h  UZP1_8b
#define UZP2_8h  UZP2_8b
#define TRN1_8h  TRN1_8b
#define TRN2_8h  TRN2_8b
#define ZIP1_4s  ZIP1_4h
#define ZIP2_4s  ZIP2_4h
#define UZP1_4s  UZP1_4h
#define UZP2_4s  UZP2_4h
#define TRN1_4s  TRN1_4h
#define TRN2_4s  TRN2_4h
#define UZP1_2s  ZIP1_2s
#define UZP2_2s  ZIP2_2s
#define TRN1_2s  ZIP1_2s
#define TRN2_2s  ZIP2_2s
#define ZIP1_2d  ZIP1_2s
#define ZIP2_2d  ZIP2_2s
#define UZP1_2d  ZIP1_2s
#define UZP2_2d  ZIP2_2s
#define TRN1_2d  ZIP1_2s
#define TRN2_2d  ZIP2_2s
/* clang-format on */

#define PERMUTE(sh, name, which)                                                                   \
    HANDLER(name##_##sh)                                                                           \
    {                                                                                              \
        const v_##sh a = *(const v_##sh *)&c->v[o->b], b = *(const v_##sh *)&c->v[o->c];           \
        const v_##sh r = __builtin_shufflevector(a, b, which##_##sh);                              \
        WRITE_VECTOR(r);                                                                           \
        NEXT(1);                                                                                   \
    }
#define PERMUTE_OPERATION(name, which)                                                             \
    FOR_BHS(PERMUTE, name, which)                                                                  \
    PERMUTE(2d, name, which)                                                                       \
    static shape_ops name##_ops = {FOR_BHS(SHAPE_ENTRY, name) SHAPE_ENTRY(2d, name)};
PERMUTE_OPERATION(zip1, ZIP1)
PERMUTE_OPERATION(zip2, ZIP2)
PERMUTE_OPERATION(uzp1, UZP1)
PERMUTE_OPERATION(uzp2, UZP2)
PERMUTE_OPERATION(trn1, TRN1)
PERMUTE_OPERATION(trn2, TRN2)

static bool permute(struct emit *e, op_fn *const *first, op_fn *const *second)
{
    op_fn *const *ops = insn_bit(e, 14) ? second : first;
    return simd_emit(e, ops, simd_shape(e, SIMD_VECTOR, insn_size(e))) != NULL;
}

bool emit_vector_transfer_vector_permute_transpose(struct emit *e)
{
    return permute(e, trn1_ops, trn2_ops);
}

bool emit_vector_transfer_vector_permute_unzip(struct emit *e)
{
    return permute(e, uzp1_ops, uzp2_ops);
}

bool emit_vector_transfer_vector_permute_zip(struct emit *e)
{
    return permute(e, zip1_ops, zip2_ops);
}

/* ---- EXT: bytes of Vm:Vn from a constant position, one handler each ---- */

/* clang-format off */
#define RANGE8(n)  (n), (n) + 1, (n) + 2, (n) + 3, (n) + 4, (n) + 5, (n) + 6, (n) + 7
#define RANGE16(n) RANGE8(n), RANGE8((n) + 8)
/* clang-format on */
#define EXTRACT(sh, name, n, range)                                                                \
    HANDLER(name##_##n)                                                                            \
    {                                                                                              \
        const v_##sh a = *(const v_##sh *)&c->v[o->b], b = *(const v_##sh *)&c->v[o->c];           \
        const v_##sh r = __builtin_shufflevector(a, b, range(n));                                  \
        WRITE_VECTOR(r);                                                                           \
        NEXT(1);                                                                                   \
    }
/* clang-format off */
#define EXTRACT16(n) EXTRACT(16b, ext_q, n, RANGE16)
#define EXTRACT8(n)  EXTRACT(8b, ext_d, n, RANGE8)
EXTRACT8(0) EXTRACT8(1) EXTRACT8(2) EXTRACT8(3) EXTRACT8(4) EXTRACT8(5) EXTRACT8(6) EXTRACT8(7)
EXTRACT16(0) EXTRACT16(1) EXTRACT16(2) EXTRACT16(3) EXTRACT16(4) EXTRACT16(5) EXTRACT16(6)
EXTRACT16(7) EXTRACT16(8) EXTRACT16(9) EXTRACT16(10) EXTRACT16(11) EXTRACT16(12) EXTRACT16(13)
EXTRACT16(14) EXTRACT16(15)
/* clang-format on */

bool emit_vector_transfer_vector_extract(struct emit *e)
{
    static op_fn *const ops_d[16] = {op_ext_d_0, op_ext_d_1, op_ext_d_2, op_ext_d_3,
                                     op_ext_d_4, op_ext_d_5, op_ext_d_6, op_ext_d_7};
    static op_fn *const ops_q[16] = {
        op_ext_q_0,  op_ext_q_1,  op_ext_q_2,  op_ext_q_3, op_ext_q_4,  op_ext_q_5,
        op_ext_q_6,  op_ext_q_7,  op_ext_q_8,  op_ext_q_9, op_ext_q_10, op_ext_q_11,
        op_ext_q_12, op_ext_q_13, op_ext_q_14, op_ext_q_15};
    return simd_emit(e, insn_q(e) ? &ops_q[insn_bits(e, 11, 4)] : &ops_d[insn_bits(e, 11, 4)], 0) !=
           NULL;
}

/* ---- TBL, TBX: op.d = number of table registers, which wrap from V31 to V0 ---- */

static inline uint8_t table_byte(const struct cpu *c, const struct op *o, uint8_t index,
                                 uint8_t otherwise)
{
    unsigned reg = index >> 4;
    return reg < o->d ? ((const uint8_t *)&c->v[(o->b + reg) & 31])[index & 15] : otherwise;
}

OPERATION(B, tbl, i, table_byte(c, o, b, 0))
OPERATION(B, tbx, i, table_byte(c, o, b, d))

bool emit_vector_transfer_vector_table(struct emit *e)
{
    unsigned regs = insn_bits(e, 13, 2) + 1;
    bool extend = insn_bit(e, 12);
    op_fn *host = host_simd_op(HOST_TBL1);
    op_fn *const host_ops[N_SHAPES] = {[SHAPE_16b] = host};
    bool use_host = host != NULL && insn_q(e) && regs == 1 && !extend;

    struct op *o = simd_emit(e, use_host ? host_ops : extend ? tbx_ops : tbl_ops,
                             simd_shape(e, SIMD_VECTOR, 0));
    o->d = (uint8_t)regs;
    return true;
}
