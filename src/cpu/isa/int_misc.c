/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Integer data processing with one, two or three sources, conditional select and compare, CRC32,
 * FEAT_CSSC, FEAT_FlagM and FEAT_FlagM2.
 */
#define SHARED_HANDLERS
#include "a64_gen.h"
#include "cpu/isa/flags.h"
#include "cpu/isa/int_misc.c.inc"
#include "cpu/isa/int_misc_flags.c.inc"

/* Rd, Rn, Rm, Ra with 31 as zero. */
static struct op *emit_rrrr(struct emit *e, op_fn *fn)
{
    struct op *o = emit_op(e, fn);
    o->a = emit_dst(insn_rd(e));
    o->b = emit_src(insn_rn(e));
    o->c = emit_src(insn_rm(e));
    o->d = emit_src(insn_ra(e));
    return o;
}

bool emit_integer_arithmetic_mul_uniform_add_sub(struct emit *e)
{
    static op_fn *const ops[2][2] = {{op_madd_w, op_madd_x}, {op_msub_w, op_msub_x}};
    bool mul = insn_ra(e) == 31 && !insn_bit(e, 15);
    emit_rrrr(e, mul ? (insn_sf(e) ? op_mul_x : op_mul_w) : ops[insn_bit(e, 15)][insn_sf(e)]);
    return true;
}

bool emit_integer_arithmetic_mul_widening_32_64(struct emit *e)
{
    static op_fn *const ops[2][2] = {{op_smaddl, op_smsubl}, {op_umaddl, op_umsubl}};
    emit_rrrr(e, ops[insn_bit(e, 23)][insn_bit(e, 15)]);
    return true;
}

bool emit_integer_arithmetic_mul_widening_64_128hi(struct emit *e)
{
    emit_rrrr(e, insn_bit(e, 23) ? op_umulh : op_smulh);
    return true;
}

bool emit_integer_arithmetic_div(struct emit *e)
{
    static op_fn *const ops[2][2] = {{op_udiv_w, op_udiv_x}, {op_sdiv_w, op_sdiv_x}};
    emit_rrrr(e, ops[insn_bit(e, 10)][insn_sf(e)]);
    return true;
}

bool emit_integer_shift_variable(struct emit *e)
{
    static op_fn *const ops[4][2] = {{op_lslv_w, op_lslv_x},
                                     {op_lsrv_w, op_lsrv_x},
                                     {op_asrv_w, op_asrv_x},
                                     {op_rorv_w, op_rorv_x}};
    emit_rrrr(e, ops[insn_bits(e, 10, 2)][insn_sf(e)]);
    return true;
}

/* ---- FEAT_CSSC minimum and maximum ---- */

#define EMIT_MINMAX(name)                                                                          \
    bool emit_integer_arithmetic_max_min_##name##_reg(struct emit *e)                              \
    {                                                                                              \
        emit_rrrr(e, insn_sf(e) ? op_##name##_x : op_##name##_w);                                  \
        return true;                                                                               \
    }                                                                                              \
    HANDLER(name##_imm_x)                                                                          \
    {                                                                                              \
        c->x[REG_SINK] = (uint64_t)(int64_t)(int32_t)o->imm;                                       \
        EXIT_TO(op_##name##_x(c, o, budget));                                                      \
    }                                                                                              \
    HANDLER(name##_imm_w)                                                                          \
    {                                                                                              \
        c->x[REG_SINK] = o->imm;                                                                   \
        EXIT_TO(op_##name##_w(c, o, budget));                                                      \
    }                                                                                              \
    bool emit_integer_arithmetic_max_min_##name##_imm(struct emit *e)                              \
    {                                                                                              \
        struct op *o = emit_op(e, insn_sf(e) ? op_##name##_imm_x : op_##name##_imm_w);             \
        bool is_signed = #name[0] == 's';                                                          \
        o->a = emit_dst(insn_rd(e));                                                               \
        o->b = emit_src(insn_rn(e));                                                               \
        o->c = REG_SINK; /* the register operation reads the immediate from the sink */            \
        o->imm = is_signed ? (uint32_t)sextract32(e->insn, 10, 8) : insn_bits(e, 10, 8);           \
        return true;                                                                               \
    }
EMIT_MINMAX(smax)
EMIT_MINMAX(smin)
EMIT_MINMAX(umax)
EMIT_MINMAX(umin)

/* ---- one source ---- */

static inline unsigned clz64(uint64_t v)
{
    return v == 0 ? 64 : (unsigned)__builtin_clzll(v);
}

static inline uint64_t rbit64(uint64_t v)
{
    v = (v >> 1 & 0x5555555555555555) | (v & 0x5555555555555555) << 1;
    v = (v >> 2 & 0x3333333333333333) | (v & 0x3333333333333333) << 2;
    v = (v >> 4 & 0x0f0f0f0f0f0f0f0f) | (v & 0x0f0f0f0f0f0f0f0f) << 4;
    return __builtin_bswap64(v);
}

static inline uint64_t rev16_64(uint64_t v)
{
    return (v >> 8 & 0x00ff00ff00ff00ff) | (v & 0x00ff00ff00ff00ff) << 8;
}

PAIR(clz, clz64(n) - (64 - WIDTH_BITS(T)))
PAIR(cls, clz64((uint64_t)(T)(n ^ (T)((ST)n >> 1)) << (64 - WIDTH_BITS(T)) << 1 |
                BIT(64 - WIDTH_BITS(T))))
PAIR(ctz, n == 0 ? WIDTH_BITS(T) : (unsigned)__builtin_ctzll(n))
PAIR(cnt, __builtin_popcountll(n))
PAIR(abs, (ST)n < 0 ? -n : n)
PAIR(rbit, rbit64(n) >> (64 - WIDTH_BITS(T)))
PAIR(rev16, rev16_64(n))
HANDLER(rev_x)
{
    c->x[o->a] = __builtin_bswap64(c->x[o->b]);
    NEXT(1);
}
HANDLER(rev_w)
{
    c->x[o->a] = __builtin_bswap32((uint32_t)c->x[o->b]);
    NEXT(1);
}
HANDLER(rev32_x)
{
    c->x[o->a] = ror64(__builtin_bswap64(c->x[o->b]), 32);
    NEXT(1);
}

static bool emit_unary(struct emit *e, op_fn *w, op_fn *x)
{
    emit_rrrr(e, insn_sf(e) ? x : w);
    return true;
}

bool emit_integer_arithmetic_cnt(struct emit *e)
{
    return insn_bit(e, 10) ? emit_unary(e, op_cls_w, op_cls_x) : emit_unary(e, op_clz_w, op_clz_x);
}

bool emit_integer_arithmetic_unary_ctz(struct emit *e)
{
    return emit_unary(e, op_ctz_w, op_ctz_x);
}

bool emit_integer_arithmetic_unary_cnt(struct emit *e)
{
    return emit_unary(e, op_cnt_w, op_cnt_x);
}

bool emit_integer_arithmetic_unary_abs(struct emit *e)
{
    return emit_unary(e, op_abs_w, op_abs_x);
}

bool emit_integer_arithmetic_rbit(struct emit *e)
{
    return emit_unary(e, op_rbit_w, op_rbit_x);
}

bool emit_integer_arithmetic_rev(struct emit *e)
{
    switch (insn_bits(e, 10, 2)) {
    case 1:
        return emit_unary(e, op_rev16_w, op_rev16_x);
    case 2:
        return emit_unary(e, op_rev_w, op_rev32_x);
    case 3:
        return insn_sf(e) && emit_unary(e, op_rev_x, op_rev_x);
    default:
        return false;
    }
}

/* ---- CRC32 (polynomial 0x04c11db7) and CRC32C (0x1edc6f41), reflected ---- */

static uint32_t crc32_bits(uint32_t crc, uint64_t data, unsigned bytes, uint32_t poly)
{
    for (unsigned i = 0; i < bytes; i++) {
        crc ^= (uint8_t)(data >> 8 * i);
        for (unsigned k = 0; k < 8; k++) {
            crc = crc >> 1 ^ (poly & -(crc & 1));
        }
    }
    return crc;
}

HANDLER(crc32)
{
    c->x[o->a] = crc32_bits((uint32_t)c->x[o->b], c->x[o->c], o->d, o->imm);
    NEXT(1);
}

bool emit_integer_crc(struct emit *e)
{
    unsigned sz = insn_bits(e, 10, 2);
    if (insn_sf(e) != (sz == 3)) {
        return false;
    }
    struct op *o = emit_rrrr(e, op_crc32);
    o->d = (uint8_t)(1U << sz);
    o->imm = insn_bit(e, 12) ? 0x82f63b78 : 0xedb88320;
    return true;
}

bool emit_integer_conditional_select(struct emit *e)
{
    /* Indexed by op:o2, sf, condition. */
    static op_fn *const ops[4][2][16] = {
        {COND_TABLE(op_csel_w), COND_TABLE(op_csel_x)},
        {COND_TABLE(op_csinc_w), COND_TABLE(op_csinc_x)},
        {COND_TABLE(op_csinv_w), COND_TABLE(op_csinv_x)},
        {COND_TABLE(op_csneg_w), COND_TABLE(op_csneg_x)},
    };
    unsigned which = insn_bit(e, 30) * 2U + insn_bit(e, 10);
    emit_rrrr(e, ops[which][insn_sf(e)][insn_bits(e, 12, 4)]);
    return true;
}

/*
 * ---- conditional compare: the inverted condition to nobody's register (CSINC of zeros), then a
 * ---- comparison that looks there; NZCV is in imm, or in c where imm is the operand
 */

static struct op *emit_ccmp(struct emit *e, op_fn *const ops[2][2])
{
    static op_fn *const fails[16] = COND_TABLE(op_csinc_x);
    struct op *o = emit_op(e, fails[insn_bits(e, 12, 4)]);
    o->a = REG_SINK;
    o->b = o->c = REG_ZR;
    o = emit_op(e, ops[insn_bit(e, 30)][insn_sf(e)]);
    o->a = o->d = REG_SINK;
    o->b = emit_src(insn_rn(e));
    return o;
}

bool emit_integer_conditional_compare_register(struct emit *e)
{
    static op_fn *const ops[2][2] = {{op_ccmn_w_reg, op_ccmn_x_reg},
                                     {op_ccmp_w_reg, op_ccmp_x_reg}};
    struct op *o = emit_ccmp(e, ops);
    o->c = emit_src(insn_rm(e));
    o->imm = insn_bits(e, 0, 4);
    return true;
}

bool emit_integer_conditional_compare_immediate(struct emit *e)
{
    static op_fn *const ops[2][2] = {{op_ccmn_w_imm, op_ccmn_x_imm},
                                     {op_ccmp_w_imm, op_ccmp_x_imm}};
    struct op *o = emit_ccmp(e, ops);
    o->c = (uint8_t)insn_bits(e, 0, 4);
    o->imm = insn_bits(e, 16, 5);
    return true;
}

/* ---- FEAT_FlagM ---- */

HANDLER(rmif)
{
    uint32_t bits = (uint32_t)ror64(c->x[o->b], o->c) & o->d;
    cpu_set_nzcv(c, (cpu_nzcv(c) & ~((uint32_t)o->d << 28)) | bits << 28);
    NEXT(1);
}

bool emit_integer_flags_rmif(struct emit *e)
{
    struct op *o = emit_op(e, op_rmif);
    o->b = emit_src(insn_rn(e));
    o->c = (uint8_t)insn_bits(e, 15, 6);
    o->d = (uint8_t)insn_bits(e, 0, 4);
    return true;
}

/* o->c: 24 for an 8-bit value, 16 for a 16-bit one. */
HANDLER(setf)
{
    uint32_t top = (uint32_t)c->x[o->b] << o->c;
    c->nf = (uint64_t)top << 32;
    c->zf = top;
    c->vf = (uint64_t)(top ^ ((uint32_t)c->x[o->b] << (o->c - 1))) << 32;
    NEXT(1);
}

bool emit_integer_flags_setf(struct emit *e)
{
    struct op *o = emit_op(e, op_setf);
    o->b = emit_src(insn_rn(e));
    o->c = insn_bit(e, 14) ? 16 : 24;
    return true;
}
