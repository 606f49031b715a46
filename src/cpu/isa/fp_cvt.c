/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scalar conversions: between FP formats, to and from general-purpose registers as integer, fixed
 * point or bits.
 *
 * Arm DDI 0487, C4.1 "Floating-point data-processing (1 source)", "Conversion between
 * floating-point and fixed-point / integer".
 */
#include "a64_gen.h"
#include "cpu/isa/fp_ops.h"

/* ---- FCVT, BFCVT ---- */

SLOW_HANDLER(fcvt) /* imm: size from, size to << 2 */
{
    enum fp_size from = (enum fp_size)(o->imm & 3), to = (enum fp_size)(o->imm >> 2 & 3);
    uint64_t v = lane_get(&c->v[o->b], from, 0);

    fp_write_scalar(c, o->a, o->a, to, fp_convert(&c->fp, from, to, v, fp_rounding_mode(&c->fp)));
    NEXT(1);
}

/* Exact; a finite single is a finite double. */
HANDLER(fcvt_s_to_d)
{
    uint32_t v = (uint32_t)c->v[o->b].d[0];
    if (LIKELY(fp_plain(&c->fp) && fp32_finite(v))) {
        c->v[o->a].d[0] = fp_double_bits((double)fp_single(v));
        c->v[o->a].d[1] = 0;
        NEXT(1);
    }
    EXIT_TO(op_fcvt(c, o, budget));
}

/* Exact if and only if it can be undone. */
HANDLER(fcvt_d_to_s)
{
    double d = fp_double(c->v[o->b].d[0]);
    float f = (float)d;
    uint32_t r = fp_single_bits(f);
    if (LIKELY(fp_plain(&c->fp) && fp32_safe(r))) {
        c->fp.fpsr |= (double)f != d ? FPSR_IXC : 0;
        c->v[o->a].d[0] = r;
        c->v[o->a].d[1] = 0;
        NEXT(1);
    }
    EXIT_TO(op_fcvt(c, o, budget));
}

bool emit_float_convert_fp(struct emit *e)
{
    static const uint8_t sizes[4] = {FP_S, FP_D, 0, FP_H};
    unsigned ftype = insn_bits(e, 22, 2), opc = insn_bits(e, 15, 2);

    if (ftype == 2 || opc == 2 || ftype == opc) {
        return false;
    }
    op_fn *fn = ftype == 0 && opc == 1   ? op_fcvt_s_to_d
                : ftype == 1 && opc == 0 ? op_fcvt_d_to_s
                                         : op_fcvt;
    struct op *o = emit_op(e, fn);
    o->a = (uint8_t)insn_rd(e);
    o->b = (uint8_t)insn_rn(e);
    o->imm = sizes[ftype] | (uint32_t)sizes[opc] << 2;
    return true;
}

HANDLER(bfcvt)
{
    uint64_t v = fp_convert_bf(&c->fp, lane_get(&c->v[o->b], FP_S, 0));
    fp_write_scalar(c, o->a, o->a, FP_H, v);
    NEXT(1);
}

bool emit_vector_cvt_bf16_scalar(struct emit *e)
{
    struct op *o = emit_op(e, op_bfcvt);
    o->a = (uint8_t)insn_rd(e);
    o->b = (uint8_t)insn_rn(e);
    return true;
}

/* ---- to and from integers in general-purpose registers ---- */

/* op.imm: fp_fixed_param, the FP size and the integer width. */
enum { CVT_SIZE_SHIFT = 16, CVT_SF = 1 << 18 };

static inline struct fp_fixed cvt_fixed(uint32_t imm)
{
    return (struct fp_fixed){.width = imm & CVT_SF ? 64 : 32,
                             .fbits = (uint8_t)(imm >> 4 & 0x7f),
                             .is_unsigned = bit(imm, 3)};
}

SLOW_HANDLER(fp_to_gpr)
{
    enum fp_size sz = (enum fp_size)(o->imm >> CVT_SIZE_SHIFT & 3);
    uint64_t v = lane_get(&c->v[o->b], sz, 0);

    c->x[o->a] = fp_to_fixed(&c->fp, sz, v, cvt_fixed(o->imm), fp_param_mode(&c->fp, o->imm));
    NEXT(1);
}

SLOW_HANDLER(fp_from_gpr)
{
    enum fp_size sz = (enum fp_size)(o->imm >> CVT_SIZE_SHIFT & 3);
    uint64_t r =
        fp_from_fixed(&c->fp, sz, c->x[o->b], cvt_fixed(o->imm), fp_param_mode(&c->fp, o->imm));

    fp_write_scalar(c, o->a, o->a, sz, r);
    NEXT(1);
}

/*
 * FCVTZS, FCVTZU in range: the host truncates. The limits are exact doubles; a single is converted
 * first, exactly.
 */
#define FP_HOT_TO_GPR(name, source, above, below, int_type, reg_type)                              \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        double v = source;                                                                         \
        if (LIKELY(fp_plain(&c->fp) && v > (above) && v < (below))) {                              \
            int_type r = (int_type)v;                                                              \
            c->fp.fpsr |= (double)r != v ? FPSR_IXC : 0;                                           \
            c->x[o->a] = (reg_type)r;                                                              \
            NEXT(1);                                                                               \
        }                                                                                          \
        EXIT_TO(op_fp_to_gpr(c, o, budget));                                                       \
    }
#define FROM_D fp_double(c->v[o->b].d[0])
#define FROM_S (double)fp_single((uint32_t)c->v[o->b].d[0])

FP_HOT_TO_GPR(fcvtzs_w_s, FROM_S, -2147483649.0, 2147483648.0, int32_t, uint32_t)
FP_HOT_TO_GPR(fcvtzs_w_d, FROM_D, -2147483649.0, 2147483648.0, int32_t, uint32_t)
FP_HOT_TO_GPR(fcvtzs_x_s, FROM_S, -0x1p63, 0x1p63, int64_t, uint64_t)
FP_HOT_TO_GPR(fcvtzs_x_d, FROM_D, -0x1p63, 0x1p63, int64_t, uint64_t)
FP_HOT_TO_GPR(fcvtzu_w_s, FROM_S, -1.0, 4294967296.0, int64_t, uint32_t)
FP_HOT_TO_GPR(fcvtzu_w_d, FROM_D, -1.0, 4294967296.0, int64_t, uint32_t)
FP_HOT_TO_GPR(fcvtzu_x_s, FROM_S, -1.0, 0x1p63, int64_t, uint64_t)
FP_HOT_TO_GPR(fcvtzu_x_d, FROM_D, -1.0, 0x1p63, int64_t, uint64_t)

/* SCVTF, UCVTF of an integer: never out of range; 32 bits to double are exact. */
#define FP_HOT_FROM_GPR(name, int_type, float_type, bits, condition)                               \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        if (LIKELY(condition(&c->fp))) {                                                           \
            c->v[o->a].d[0] = bits((float_type)(int_type)c->x[o->b]);                              \
            c->v[o->a].d[1] = 0;                                                                   \
            NEXT(1);                                                                               \
        }                                                                                          \
        EXIT_TO(op_fp_from_gpr(c, o, budget));                                                     \
    }

FP_HOT_FROM_GPR(scvtf_w_s, int32_t, float, fp_single_bits, fp_fast)
FP_HOT_FROM_GPR(scvtf_w_d, int32_t, double, fp_double_bits, fp_plain)
FP_HOT_FROM_GPR(scvtf_x_s, int64_t, float, fp_single_bits, fp_fast)
FP_HOT_FROM_GPR(scvtf_x_d, int64_t, double, fp_double_bits, fp_fast)
FP_HOT_FROM_GPR(ucvtf_w_s, uint32_t, float, fp_single_bits, fp_fast)
FP_HOT_FROM_GPR(ucvtf_w_d, uint32_t, double, fp_double_bits, fp_plain)
FP_HOT_FROM_GPR(ucvtf_x_s, uint64_t, float, fp_single_bits, fp_fast)
FP_HOT_FROM_GPR(ucvtf_x_d, uint64_t, double, fp_double_bits, fp_fast)

/* By unsigned, sf, double. */
static op_fn *const hot_to_gpr[2][2][2] = {
    {{op_fcvtzs_w_s, op_fcvtzs_w_d}, {op_fcvtzs_x_s, op_fcvtzs_x_d}},
    {{op_fcvtzu_w_s, op_fcvtzu_w_d}, {op_fcvtzu_x_s, op_fcvtzu_x_d}},
};
static op_fn *const hot_from_gpr[2][2][2] = {
    {{op_scvtf_w_s, op_scvtf_w_d}, {op_scvtf_x_s, op_scvtf_x_d}},
    {{op_ucvtf_w_s, op_ucvtf_w_d}, {op_ucvtf_x_s, op_ucvtf_x_d}},
};

static void emit_cvt_gpr(struct emit *e, enum fp_size sz, bool to_gpr, unsigned mode,
                         unsigned fbits)
{
    bool is_unsigned = insn_bit(e, 16), sf = insn_sf(e);
    bool hot = sz != FP_H && fbits == 0 && (!to_gpr || mode == FP_TOZERO);
    op_fn *fn = to_gpr ? op_fp_to_gpr : op_fp_from_gpr;

    if (hot) {
        fn = (to_gpr ? hot_to_gpr : hot_from_gpr)[is_unsigned][sf][sz == FP_D];
    }
    struct op *o = emit_op(e, fn);
    o->a = to_gpr ? emit_dst(insn_rd(e)) : (uint8_t)insn_rd(e);
    o->b = to_gpr ? (uint8_t)insn_rn(e) : emit_src(insn_rn(e));
    o->imm = fp_fixed_param((enum fp_rounding)mode, is_unsigned, fbits) |
             (uint32_t)sz << CVT_SIZE_SHIFT | (sf ? CVT_SF : 0);
}

bool emit_float_convert_fix(struct emit *e)
{
    bool to_gpr = insn_bit(e, 19);
    unsigned scale = insn_bits(e, 10, 6);
    enum fp_size sz;

    if (!fp_ftype(e, &sz) || (!insn_sf(e) && scale < 32)) {
        return false;
    }
    emit_cvt_gpr(e, sz, to_gpr, to_gpr ? FP_TOZERO : FP_ROUND_FPCR, 64 - scale);
    return true;
}

/* ---- FMOV between register files ---- */

HANDLER(fmov_x_h)
{
    c->x[o->a] = (uint16_t)c->v[o->b].d[0];
    NEXT(1);
}
HANDLER(fmov_w_s)
{
    c->x[o->a] = (uint32_t)c->v[o->b].d[0];
    NEXT(1);
}
HANDLER(fmov_x_d)
{
    c->x[o->a] = c->v[o->b].d[0];
    NEXT(1);
}
HANDLER(fmov_x_top)
{
    c->x[o->a] = c->v[o->b].d[1];
    NEXT(1);
}
HANDLER(fmov_h_x)
{
    c->v[o->a].d[0] = (uint16_t)c->x[o->b];
    c->v[o->a].d[1] = 0;
    NEXT(1);
}
HANDLER(fmov_s_w)
{
    c->v[o->a].d[0] = (uint32_t)c->x[o->b];
    c->v[o->a].d[1] = 0;
    NEXT(1);
}
HANDLER(fmov_d_x)
{
    c->v[o->a].d[0] = c->x[o->b];
    c->v[o->a].d[1] = 0;
    NEXT(1);
}
HANDLER(fmov_top_x)
{
    c->v[o->a].d[1] = c->x[o->b];
    NEXT(1);
}

static bool emit_fmov_gpr(struct emit *e, bool to_gpr)
{
    unsigned sf_ftype = insn_sf(e) << 2 | insn_bits(e, 22, 2);
    bool top = insn_bit(e, 19);
    op_fn *fn = NULL;

    if (top) {
        fn = sf_ftype == 6 ? to_gpr ? op_fmov_x_top : op_fmov_top_x : NULL;
    } else if ((sf_ftype & 3) == 3 && emit_has(e, FEAT_FP16)) {
        fn = to_gpr ? op_fmov_x_h : op_fmov_h_x;
    } else if (sf_ftype == 0) {
        fn = to_gpr ? op_fmov_w_s : op_fmov_s_w;
    } else if (sf_ftype == 5) {
        fn = to_gpr ? op_fmov_x_d : op_fmov_d_x;
    }
    if (fn == NULL) {
        return false;
    }
    struct op *o = emit_op(e, fn);
    o->a = to_gpr ? emit_dst(insn_rd(e)) : (uint8_t)insn_rd(e);
    o->b = to_gpr ? (uint8_t)insn_rn(e) : emit_src(insn_rn(e));
    return true;
}

HANDLER(fjcvtzs)
{
    bool z;
    c->x[o->a] = fp_to_int_js(&c->fp, c->v[o->b].d[0], &z);
    cpu_set_nzcv(c, (uint32_t)z << 30);
    NEXT(1);
}

bool emit_float_convert_int(struct emit *e)
{
    unsigned rmode = insn_bits(e, 19, 2), opcode = insn_bits(e, 16, 3);
    enum fp_size sz;

    if (opcode >= 6 && rmode == 3) {
        struct op *o = emit_op(e, op_fjcvtzs);
        o->a = emit_dst(insn_rd(e));
        o->b = (uint8_t)insn_rn(e);
        return true;
    }
    if (opcode >= 6) {
        return emit_fmov_gpr(e, opcode == 6);
    }
    if (!fp_ftype(e, &sz)) {
        return false;
    }
    if (opcode == 2 || opcode == 3) {
        emit_cvt_gpr(e, sz, false, FP_ROUND_FPCR, 0);
    } else {
        emit_cvt_gpr(e, sz, true, opcode >= 4 ? FP_TIEAWAY : rmode, 0);
    }
    return true;
}
