/* SPDX-License-Identifier: Apache-2.0 */
/* The decode tree of Arm ARM C4.1, as far as destinations and addresses need it. */
#include "cpu/isa/effects.h"

#include "base/bits.h"

static unsigned field(uint32_t w, unsigned lo, unsigned len)
{
    return extract32(w, lo, len);
}

static bool is_set(uint32_t w, unsigned n)
{
    return (w >> n) & 1;
}

static unsigned rd(uint32_t w)
{
    return field(w, 0, 5);
}
static unsigned rn(uint32_t w)
{
    return field(w, 5, 5);
}
static unsigned rm(uint32_t w)
{
    return field(w, 16, 5);
}
static unsigned rt2(uint32_t w)
{
    return field(w, 10, 5);
}

/* A source or destination where 31 is the zero register. */
static uint8_t or_zr(unsigned r)
{
    return r == 31 ? A64_ZR : (uint8_t)r;
}

static void writes_x_or_sp(struct a64_effect *e, unsigned r)
{
    e->x[e->n_x++] = (uint8_t)r;
}

static void writes_x(struct a64_effect *e, unsigned r)
{
    if (r != 31) {
        writes_x_or_sp(e, r);
    }
}

/* The same, recorded even if it goes to XZR. */
static void writes_value(struct a64_effect *e, unsigned r)
{
    writes_x_or_sp(e, r == 31 ? A64_SINK : r);
}

static void writes_v(struct a64_effect *e, unsigned r)
{
    e->v[e->n_v++] = (uint8_t)(r & 31);
}

/* ---- data processing ---- */

static void dp_immediate(uint32_t w, struct a64_effect *e)
{
    bool s = is_set(w, 29);
    e->computed = field(w, 23, 3) != 3; /* tags, CSSC */
    switch (field(w, 23, 3)) {
    case 2: /* add, subtract */
        e->nzcv = s;
        s ? writes_x(e, rd(w)) : writes_x_or_sp(e, rd(w));
        break;
    case 4: /* logical */
        e->nzcv = field(w, 29, 2) == 3;
        e->nzcv ? writes_x(e, rd(w)) : writes_x_or_sp(e, rd(w));
        break;
    default:
        writes_x(e, rd(w));
        break;
    }
}

static void dp_carry(uint32_t w, struct a64_effect *e)
{
    if (field(w, 10, 6) == 0) { /* ADC, SBC */
        e->computed = true;
        e->nzcv = is_set(w, 29);
        writes_x(e, rd(w));
    } else { /* RMIF, SETF8, SETF16 */
        e->nzcv = true;
    }
}

/* UDIV, SDIV; LSLV, LSRV, ASRV, RORV: not what needs keys, tags or tables. */
static bool has_simple_op2(unsigned opcode)
{
    return opcode == 2 || opcode == 3 || (opcode >= 8 && opcode < 12);
}

static void dp_register(uint32_t w, struct a64_effect *e)
{
    if (!is_set(w, 28)) {
        bool arithmetic = is_set(w, 24);
        bool extended = arithmetic && is_set(w, 21);
        e->computed = true;
        e->nzcv = arithmetic ? is_set(w, 29) : field(w, 29, 2) == 3;
        extended && !e->nzcv ? writes_x_or_sp(e, rd(w)) : writes_x(e, rd(w));
        return;
    }
    switch (field(w, 21, 4)) {
    case 0:
        dp_carry(w, e);
        break;
    case 2: /* CCMP, CCMN */
        e->computed = e->nzcv = true;
        break;
    case 4: /* CSEL and the like */
        e->computed = true;
        writes_x(e, rd(w));
        break;
    case 6:
        e->computed = is_set(w, 30) ? field(w, 16, 5) == 0 && field(w, 10, 6) < 6
                                    : has_simple_op2(field(w, 10, 6));
        writes_x(e, rd(w));
        break;
    default: /* three sources */
        e->computed = is_set(w, 24);
        writes_x(e, rd(w));
        break;
    }
}

/* ---- floating point and Advanced SIMD ---- */

static bool fp_to_general(uint32_t w)
{
    unsigned opcode = field(w, 16, 3);
    if (!is_set(w, 21)) { /* fixed point */
        return opcode < 2;
    }
    return opcode != 2 && opcode != 3 && opcode != 7;
}

static void fp_scalar(uint32_t w, struct a64_effect *e)
{
    bool convert = !is_set(w, 21) || field(w, 10, 6) == 0;
    if (convert) {
        fp_to_general(w) ? writes_x(e, rd(w)) : writes_v(e, rd(w));
        e->nzcv = (w & 0xfffffc00) == 0x1e7e0000;              /* FJCVTZS */
    } else if (field(w, 10, 4) == 8 || field(w, 10, 2) == 1) { /* FCMP, FCCMP */
        e->nzcv = true;
    } else {
        writes_v(e, rd(w));
    }
}

static void fp_simd(uint32_t w, struct a64_effect *e)
{
    bool scalar = field(w, 24, 5) == 0x1e && !is_set(w, 30);
    bool to_general = (w & 0xbfe0ec00) == 0x0e002c00; /* SMOV, UMOV */
    if (scalar) {
        fp_scalar(w, e);
    } else if (to_general) {
        writes_x(e, rd(w));
    } else {
        writes_v(e, rd(w));
    }
}

/* ---- branches and system ---- */

static void hint(uint32_t w, struct a64_effect *e)
{
    unsigned n = field(w, 5, 7);
    if (n == 8 || n == 10 || n == 12 || n == 14) { /* PACIA1716 and the like */
        writes_x(e, 17);
    } else if (n == 7 || (n >= 24 && n < 32)) { /* XPACLRI; PACIASP and the like */
        writes_x(e, 30);
    }
}

static void msr_immediate(uint32_t w, struct a64_effect *e)
{
    unsigned op1 = field(w, 16, 3), op2 = field(w, 5, 3);
    if (op1 == 0 && op2 < 3) { /* CFINV, XAFLAG, AXFLAG */
        e->nzcv = true;
        return;
    }
    e->pstate = true;
    if (op1 == 0 && op2 == 5) { /* SPSel */
        writes_x_or_sp(e, A64_SP);
    }
}

/* Encodings as S<op0>_<op1>_C<CRn>_C<CRm>_<op2> without the upper bit of op0. */
#define ENC(op0, op1, crn, crm, op2)                                                               \
    (((op0) & 1U) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))
#define ENC_SPSEL   ENC(3, 0, 4, 2, 0)
#define ENC_NZCV    ENC(3, 3, 4, 2, 0)
#define ENC_NO_OP1  (~ENC(0, 7, 0, 0, 7))
#define ENC_PSTATE  ENC(3, 0, 4, 2, 0) /* PAN, UAO, DAIF, DIT, SSBS, TCO */
#define ENC_PSTATE2 ENC(3, 0, 4, 3, 0) /* ALLINT */

static void msr_register(uint32_t w, struct a64_effect *e)
{
    unsigned enc = field(w, 5, 15), group = enc & ENC_NO_OP1;
    e->msr = true;
    if (enc == ENC_NZCV) {
        e->nzcv = true;
    } else if (group == ENC_PSTATE || group == ENC_PSTATE2) {
        e->pstate = true;
    }
    if (enc == ENC_SPSEL) {
        writes_x_or_sp(e, A64_SP);
    }
}

static void system_insn(uint32_t w, struct a64_effect *e)
{
    bool read = is_set(w, 21);
    unsigned op0 = field(w, 19, 2), crn = field(w, 12, 4);
    if (op0 >= 2) {
        read ? writes_x(e, rd(w)) : msr_register(w, e);
    } else if (op0 == 1) {
        if (read) { /* SYSL */
            writes_x(e, rd(w));
        } else if ((w & 0xffffffe0) == 0xd50b7420) { /* DC ZVA */
            e->mem = (struct a64_mem){.kind = A64_MEM_ZERO, .base = or_zr(rd(w)), .size = 64};
        }
    } else if (crn == 2) {
        hint(w, e);
    } else if (crn == 4) {
        msr_immediate(w, e);
    }
}

static void branch_system(uint32_t w, struct a64_effect *e)
{
    if (field(w, 26, 6) == 0x25 || (w & 0xfe9f0000) == 0xd61f0000) { /* BL; BR, BLR */
        e->link = field(w, 26, 6) == 0x25 || field(w, 21, 2) == 1;
    } else if (field(w, 24, 8) == 0xd4) { /* calls of firmware and of a debugger return values */
        unsigned opc = field(w, 21, 3), ll = field(w, 0, 2);
        if (opc == 2 || (opc == 0 && ll >= 2)) {
            e->late = true;
            for (unsigned i = 0; i < 4; i++) {
                writes_x(e, i);
            }
        }
    } else if (field(w, 22, 10) == 0x354) {
        system_insn(w, e);
    }
}

/* ---- loads and stores ---- */

static void exclusive(uint32_t w, struct a64_effect *e)
{
    bool load = is_set(w, 22), pair = is_set(w, 21);
    struct a64_mem *m = &e->mem;
    m->n = pair ? 2 : 1;
    m->r[0] = or_zr(rd(w));
    m->r[1] = or_zr(rt2(w));
    if (load) {
        m->kind = A64_MEM_LOAD;
        writes_value(e, rd(w));
        m->r[0] = e->x[0];
        if (pair) {
            writes_value(e, rt2(w));
            m->r[1] = e->x[1];
        }
    } else {
        m->kind = A64_MEM_STORE_IF;
        writes_value(e, rm(w));
        m->status = e->x[0];
    }
}

static void compare_swap(uint32_t w, struct a64_effect *e, bool pair)
{
    struct a64_mem *m = &e->mem;
    unsigned next_s = rm(w) + 1, next_t = rd(w) + 1;
    m->kind = A64_MEM_CAS;
    m->n = pair ? 2 : 1;
    m->size = pair ? (uint8_t)(is_set(w, 30) ? 8 : 4) : m->size;
    m->s[0] = or_zr(rd(w));
    m->s[1] = or_zr(next_t);
    writes_value(e, rm(w));
    m->r[0] = e->x[0];
    if (pair) {
        writes_value(e, next_s);
        m->r[1] = e->x[1];
    }
}

static void ordered(uint32_t w, struct a64_effect *e)
{
    struct a64_mem *m = &e->mem;
    m->n = 1;
    m->r[0] = or_zr(rd(w));
    m->kind = A64_MEM_STORE;
    if (is_set(w, 22)) {
        m->kind = A64_MEM_LOAD;
        writes_value(e, rd(w));
        m->r[0] = e->x[0];
    }
}

static void exclusive_ordered_cas(uint32_t w, struct a64_effect *e)
{
    bool o2 = is_set(w, 23), o1 = is_set(w, 21);
    e->mem.size = (uint8_t)(1U << field(w, 30, 2));
    e->mem.base = (uint8_t)rn(w);
    if (o1 && (o2 || !is_set(w, 31))) {
        compare_swap(w, e, !o2);
    } else if (o2) {
        ordered(w, e);
    } else {
        exclusive(w, e);
    }
}

static void mops(uint32_t w, struct a64_effect *e)
{
    bool set = field(w, 22, 2) == 3;
    e->late = true;
    e->nzcv = true;
    writes_x(e, rd(w));
    writes_x(e, rn(w));
    if (!set) {
        writes_x(e, rm(w));
    }
}

static void transfer(struct a64_effect *e, bool load, unsigned r)
{
    struct a64_mem *m = &e->mem;
    m->kind = load ? A64_MEM_LOAD : A64_MEM_STORE;
    if (m->vector) {
        m->r[m->n++] = (uint8_t)r;
        if (load) {
            writes_v(e, r);
        }
    } else if (load) {
        writes_value(e, r);
        m->r[m->n++] = r == 31 ? A64_SINK : (uint8_t)r;
    } else {
        m->r[m->n++] = or_zr(r);
    }
}

static void literal(uint32_t w, struct a64_effect *e)
{
    unsigned opc = field(w, 30, 2);
    struct a64_mem *m = &e->mem;
    m->vector = is_set(w, 26);
    if (opc == 3) { /* PRFM; UNDEFINED */
        return;
    }
    m->size = (uint8_t)(m->vector ? 4U << opc : opc == 1 ? 8 : 4);
    m->address = A64_ADDR_PC;
    m->imm = sextract32(w, 5, 19) * 4;
    transfer(e, true, rd(w));
}

static void pair(uint32_t w, struct a64_effect *e)
{
    unsigned opc = field(w, 30, 2), mode = field(w, 23, 2);
    struct a64_mem *m = &e->mem;
    if (opc == 3) { /* UNDEFINED */
        return;
    }
    m->vector = is_set(w, 26);
    m->size = (uint8_t)(m->vector ? 4U << opc : opc == 2 ? 8 : 4);
    m->base = (uint8_t)rn(w);
    m->imm = sextract32(w, 15, 7) * m->size;
    m->writeback = mode == 1 || mode == 3;
    m->post = mode == 1;
    transfer(e, is_set(w, 22), rd(w));
    transfer(e, is_set(w, 22), rt2(w));
}

static void atomic(uint32_t w, struct a64_effect *e)
{
    unsigned op = field(w, 12, 4);
    struct a64_mem *m = &e->mem;
    if (op == 12) { /* LDAPR */
        transfer(e, true, rd(w));
        return;
    }
    m->kind = A64_MEM_ATOMIC;
    m->n = 1;
    m->op = (uint8_t)op;
    m->s[0] = or_zr(rm(w));
    writes_value(e, rd(w));
    m->r[0] = e->x[0];
}

static void single_register_offset(uint32_t w, struct a64_mem *m, unsigned scale)
{
    m->address = A64_ADDR_REG;
    m->index = or_zr(rm(w));
    m->extend = (uint8_t)field(w, 13, 3);
    m->shift = is_set(w, 12) ? (uint8_t)scale : 0;
}

static void single_imm9(uint32_t w, struct a64_mem *m)
{
    m->imm = sextract32(w, 12, 9);
    m->writeback = is_set(w, 10); /* post 01, pre 11 */
    m->post = field(w, 10, 2) == 1;
}

static void authenticated(uint32_t w, struct a64_effect *e)
{
    struct a64_mem *m = &e->mem;
    m->address = A64_ADDR_AUTH;
    m->imm = (sextract32(w, 22, 1) * 512 + (int32_t)field(w, 12, 9)) * 8;
    m->writeback = is_set(w, 11);
    transfer(e, true, rd(w));
}

static void single(uint32_t w, struct a64_effect *e)
{
    unsigned size = field(w, 30, 2), opc = field(w, 22, 2);
    struct a64_mem *m = &e->mem;
    bool vector = is_set(w, 26), scaled = is_set(w, 24);
    bool other = !scaled && is_set(w, 21) && field(w, 10, 2) != 2;
    unsigned scale = vector && (opc & 2) ? 4 : size;
    m->vector = vector;
    m->size = (uint8_t)(1U << scale);
    m->base = (uint8_t)rn(w);
    if (other && vector) { /* UNDEFINED */
        return;
    }
    if (other) {
        is_set(w, 10) ? authenticated(w, e) : atomic(w, e);
        return;
    }
    if (!vector && size == 3 && opc == 2) { /* PRFM, RPRFM */
        return;
    }
    if (scaled) {
        m->imm = (int32_t)(field(w, 10, 12) << scale);
    } else if (is_set(w, 21)) {
        single_register_offset(w, m, scale);
    } else {
        single_imm9(w, m);
    }
    transfer(e, vector ? opc & 1 : opc != 0, rd(w));
}

/* LDAPUR, STLUR */
static void ordered_unscaled(uint32_t w, struct a64_effect *e)
{
    unsigned opc = field(w, 22, 2);
    e->mem.size = (uint8_t)(1U << field(w, 30, 2));
    e->mem.base = (uint8_t)rn(w);
    e->mem.imm = sextract32(w, 12, 9);
    transfer(e, opc != 0, rd(w));
}

static void struct_multiple(uint32_t w, struct a64_mem *m)
{
    static const uint8_t rpt[16] = {[0] = 1, [2] = 4, [4] = 1, [6] = 3, [7] = 1, [8] = 1, [10] = 2};
    static const uint8_t selem[16] = {
        [0] = 4, [2] = 1, [4] = 3, [6] = 1, [7] = 1, [8] = 2, [10] = 1};
    unsigned opcode = field(w, 12, 4);
    m->size = (uint8_t)(1U << field(w, 10, 2));
    m->rpt = rpt[opcode];
    m->selem = selem[opcode];
    m->rows = (uint8_t)((is_set(w, 30) ? 16U : 8U) / m->size);
}

static void struct_single(uint32_t w, struct a64_mem *m)
{
    unsigned scale = field(w, 14, 2), size = field(w, 10, 2), q = is_set(w, 30), s = is_set(w, 12);
    m->rpt = m->rows = 1;
    m->selem = (uint8_t)((is_set(w, 13) << 1 | is_set(w, 21)) + 1);
    if (scale == 3) {
        m->replicate = true;
        m->size = (uint8_t)(1U << size);
        return;
    }
    unsigned index = q << 3 | s << 2 | size;
    if (scale == 2 && (size & 1)) {
        scale = 3;
    }
    m->size = (uint8_t)(1U << scale);
    m->lane = (uint8_t)(scale == 3 ? q : index >> scale);
}

static void structure(uint32_t w, struct a64_effect *e)
{
    struct a64_mem *m = &e->mem;
    bool load = is_set(w, 22);
    m->kind = load ? A64_MEM_STRUCT_LOAD : A64_MEM_STRUCT_STORE;
    m->vector = true;
    m->base = (uint8_t)rn(w);
    m->r[0] = (uint8_t)rd(w);
    is_set(w, 24) ? struct_single(w, m) : struct_multiple(w, m);
    m->writeback = m->post = is_set(w, 23);
    m->step_reg = m->writeback && rm(w) != 31 ? (uint8_t)rm(w) : A64_ZR;
    m->imm = m->rpt * m->rows * m->selem * m->size;
    for (unsigned i = 0; load && i < (unsigned)m->rpt * m->selem; i++) {
        writes_v(e, rd(w) + i);
    }
}

static void load_store(uint32_t w, struct a64_effect *e)
{
    unsigned op = field(w, 24, 6);
    e->mem.step_reg = A64_ZR;
    if (op == 0x08) {
        exclusive_ordered_cas(w, e);
    } else if ((op & 0x3b) == 0x19 && !is_set(w, 21) && field(w, 10, 2) == 1) {
        mops(w, e);
    } else if (op == 0x19) {
        ordered_unscaled(w, e);
    } else if ((op & 0x3b) == 0x18) {
        literal(w, e);
    } else if ((op & 0x38) == 0x28) {
        pair(w, e);
    } else if ((op & 0x38) == 0x38) {
        single(w, e);
    } else if ((op & 0x3e) == 0x0c) {
        structure(w, e);
    }
}

void a64_effect(uint32_t w, struct a64_effect *e)
{
    *e = (struct a64_effect){0};
    unsigned op0 = field(w, 25, 4);
    if ((op0 & 0xe) == 8) {
        dp_immediate(w, e);
    } else if ((op0 & 0xe) == 0xa) {
        branch_system(w, e);
    } else if ((op0 & 5) == 4) {
        load_store(w, e);
    } else if ((op0 & 7) == 5) {
        dp_register(w, e);
    } else if ((op0 & 7) == 7) {
        fp_simd(w, e);
    }
}
