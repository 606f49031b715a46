/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pointer authentication. Arm ARM D8.10 "Pointer authentication"; pseudocode AddPAC, Auth, Strip,
 * ComputePAC. Three algorithms: QARMA5, QARMA3 and an IMPLEMENTATION DEFINED one (a fast mix,
 * default of the `max` model).
 */
#define SHARED_HANDLERS
#include "cpu/isa/pac.h"

#include "a64_gen.h"
#include "cpu/engine/block.h"
#include "cpu/engine/exits.h"
#include "cpu/isa/branch.h"
#include "cpu/isa/pac_digest.h"
#include "cpu/isa/qarma.h"
#include "cpu/sys/exc.h"
#include "cpu/sys/traps.h"
#include "cpu/sys/va_layout.h"

/* ---- which codes, where ---- */

struct pac_layout {
    unsigned bottom; /* lowest bit of the code */
    bool tbi;        /* bits 63:56 are a tag, not code */
};

void pac_refresh(struct cpu *c, uint64_t key)
{
    static const uint8_t enable_bit[] = {
        [PAC_IA] = 31, [PAC_IB] = 30, [PAC_DA] = 27, [PAC_DB] = 13};
    uint64_t sctlr = c->ps.el == 0 ? trap_sctlr_el0(c) : c->sr[SR_SCTLR_EL1 + c->ps.el - 1];
    c->pac.enabled = 0;
    for (unsigned k = 0; k < ARRAY_LEN(enable_bit); k++) {
        c->pac.enabled |= (uint8_t)(bit(sctlr, enable_bit[k]) << k);
    }
    c->pac.trapped = trap_pauth_target(c) != TRAP_NONE;
    for (unsigned data = 0; data < 2; data++) {
        struct va_layout l = va_layout_current(c, data == 0);
        for (unsigned upper = 0; upper < 2; upper++) {
            struct va_half h = l.half[upper && l.two_ranges];
            unsigned bottom = 64U - h.tsz;
            c->pac.field[data][upper] = mask64(bottom, (h.tbi ? 56 : 64) - bottom);
        }
        bool by_55 = l.half[0].tbi || l.half[1].tbi || cpu_has(c, FEAT_CONSTPACFIELD);
        c->pac.half_bit[data] = by_55 ? 55 : 63;
        c->pac.layout[data] = l;
    }
    c->pac.simple = c->pac.trapped ? 0 : c->pac.enabled;
    c->pac.key = key;
}

static bool is_data_key(enum pac_key key)
{
    return key == PAC_DA || key == PAC_DB;
}

/* For a pointer whose half is told by bit 55. */
static struct pac_layout layout_of(const struct cpu *c, uint64_t ptr, bool data)
{
    struct va_half h = va_layout_half(&pac_digest(c)->layout[data], ptr);
    return (struct pac_layout){.bottom = 64U - h.tsz, .tbi = h.tbi};
}

static uint64_t compute_pac(const struct cpu *c, enum pac_key key, uint64_t data, uint64_t modifier)
{
    uint64_t hi = pac_key_hi(c, key), lo = pac_key_lo(c, key);
    if (cpu_has(c, FEAT_PACQARMA5)) {
        return qarma_compute(data, modifier, hi, lo, 5);
    }
    if (cpu_has(c, FEAT_PACQARMA3)) {
        return qarma_compute(data, modifier, hi, lo, 3);
    }
    return pac_impdef(data, modifier, hi, lo);
}

/* The bits that hold the code. Bit 55 tells the half and is never one of them. */
static uint64_t code_mask(struct pac_layout l)
{
    uint64_t m = mask64(l.bottom, 55 - l.bottom);
    return l.tbi ? m : m | mask64(56, 8);
}

/* Which bit of a pointer that gets a code tells its half. */
static bool half_selector(const struct cpu *c, uint64_t ptr, bool data)
{
    return bit(ptr, pac_digest(c)->half_bit[data]);
}

static uint64_t add_pac(const struct cpu *c, enum pac_key key, uint64_t ptr, uint64_t modifier)
{
    bool upper = half_selector(c, ptr, is_data_key(key));
    struct pac_layout l = layout_of(c, ptr, is_data_key(key));
    l.bottom = layout_of(c, upper ? BIT(55) : 0, is_data_key(key)).bottom;
    uint64_t field = l.tbi ? mask64(l.bottom, 56 - l.bottom) : mask64(l.bottom, 64 - l.bottom);
    uint64_t ext = upper ? ptr | field : ptr & ~field;
    uint64_t pac = compute_pac(c, key, ext, modifier);
    bool good = (ptr & field) == 0 || (ptr & field) == field;
    if (!good && cpu_has(c, FEAT_EPAC)) {
        pac = 0;
    } else if (!good && !cpu_has(c, FEAT_PAuth2)) {
        pac ^= l.tbi ? BIT(54) : BIT(62); /* spoil the code of a pointer that was not canonical */
    }
    uint64_t m = field & ~BIT(55);
    uint64_t code = cpu_has(c, FEAT_PAuth2) ? pac ^ ptr : pac;
    return (ptr & ~field) | (upper ? BIT(55) : 0) | (code & m);
}

/* *ptr stripped if its code is right; else what the architecture makes of it, and false. */
static bool authenticate(const struct cpu *c, enum pac_key key, uint64_t *ptr, uint64_t modifier)
{
    uint64_t p = *ptr;
    struct pac_layout l = layout_of(c, p, is_data_key(key));
    uint64_t m = code_mask(l);
    uint64_t original = pac_canonical(p, m);
    uint64_t diff = (compute_pac(c, key, original, modifier) ^ p) & m;
    if (cpu_has(c, FEAT_PAuth2)) {
        diff ^= original & m;
        *ptr = original ^ diff;
        return diff == 0;
    }
    if (diff != 0) { /* an error code in the top bits */
        bool key_b = key == PAC_IB || key == PAC_DB;
        original = deposit64(original, l.tbi ? 53 : 61, 2, key_b ? 2 : 1);
    }
    *ptr = original;
    return true;
}

static bool faults(const struct cpu *c, bool combined)
{
    return cpu_has(c, combined ? FEAT_FPACCOMBINE : FEAT_FPAC);
}

static void take_fpac(struct cpu *c, enum pac_key key)
{
    bool key_b = key == PAC_IB || key == PAC_DB;
    exc_take_sync(c, exc_default_target(c), EC_FPAC, (uint64_t)is_data_key(key) << 1 | key_b,
                  RETURN_THIS);
}

bool pac_auth(struct cpu *c, enum pac_key key, uint64_t *ptr, uint64_t modifier, bool combined)
{
    if (!authenticate(c, key, ptr, modifier) && faults(c, combined)) {
        take_fpac(c, key);
        return false;
    }
    return true;
}

bool pac_enabled(const struct cpu *c, enum pac_key key)
{
    return pac_digest(c)->enabled >> key & 1;
}

bool pac_trap(struct cpu *c)
{
    unsigned target = trap_pauth_target(c);
    if (target != TRAP_NONE) {
        exc_take_sync(c, target, EC_PAC, 0, RETURN_THIS);
    }
    return target != TRAP_NONE;
}

/* ---- instructions ---- */

static void pac_trapped(struct cpu *c, const struct op *o, int64_t budget)
{
    cpu_sync(c, o, budget);
    (void)pac_trap(c);
}

/* A wrong code, with FPAC. */
static void pac_failed(struct cpu *c, const struct op *o, int64_t budget)
{
    cpu_sync(c, o, budget);
    take_fpac(c, (enum pac_key)o->imm);
}

/* imm: key, d: it is a data key; a = register, b = modifier */
HANDLER(pac)
{
    const struct pac_state *s = pac_digest(c);
    if (!(s->enabled >> o->imm & 1)) {
        NEXT(1);
    }
    if (UNLIKELY(s->trapped)) {
        EXIT_TO(pac_trapped(c, o, budget));
    }
    c->x[o->a] = add_pac(c, (enum pac_key)o->imm, c->x[o->a], c->x[o->b]);
    NEXT(1);
}

HANDLER(aut)
{
    const struct pac_state *s = pac_digest(c);
    if (!(s->enabled >> o->imm & 1)) {
        NEXT(1);
    }
    if (UNLIKELY(s->trapped)) {
        EXIT_TO(pac_trapped(c, o, budget));
    }
    c->mem_data[0] = c->x[o->a];
    if (UNLIKELY(!authenticate(c, (enum pac_key)o->imm, &c->mem_data[0], c->x[o->b])) &&
        faults(c, false)) {
        EXIT_TO(pac_failed(c, o, budget));
    }
    c->x[o->a] = c->mem_data[0];
    NEXT(1);
}

#include "cpu/isa/pac.c.inc"

HANDLER(pacga)
{
    cpu_sync(c, o, budget);
    if (pac_trap(c)) {
        EXIT_TO(leave_block(c, o, budget));
    }
    c->x[o->a] = compute_pac(c, PAC_GA, c->x[o->b], c->x[o->c]) & ~UINT64_C(0xffffffff);
    NEXT(1);
}

/* imm: 1 for a data pointer */
HANDLER(xpac)
{
    uint64_t p = c->x[o->a];
    c->x[o->a] = pac_canonical(p, code_mask(layout_of(c, p, o->imm)));
    NEXT(1);
}

static void emit_pac(struct emit *e, enum pac_key key, bool auth, uint8_t reg, uint8_t modifier)
{
    bool fast =
        emit_has(e, FEAT_PAuth2) && !emit_has(e, FEAT_PACQARMA5) && !emit_has(e, FEAT_PACQARMA3);
    static op_fn *const ops[2][2] = {{op_pac, op_pac_fast}, {op_aut, op_aut_fast}};
    struct op *o = emit_op(e, ops[auth][fast]);
    o->a = reg;
    o->b = modifier;
    o->c = (uint8_t)(1U << key);
    o->d = is_data_key(key);
    o->imm = key;
}

/* Bits 12:10: authenticate, data, key B; bit 13: the modifier is zero. */
static bool emit_pac_1src(struct emit *e)
{
    static const enum pac_key keys[4] = {PAC_IA, PAC_IB, PAC_DA, PAC_DB};
    bool zero = insn_bit(e, 13);
    if (zero && insn_rn(e) != 31) {
        return false;
    }
    emit_pac(e, keys[insn_bits(e, 10, 2)], insn_bit(e, 12), emit_dst(insn_rd(e)),
             zero ? REG_ZR : (uint8_t)insn_rn(e));
    return true;
}

bool emit_integer_pac_pacia_dp_1src(struct emit *e)
{
    return emit_pac_1src(e);
}
bool emit_integer_pac_pacib_dp_1src(struct emit *e)
{
    return emit_pac_1src(e);
}
bool emit_integer_pac_pacda_dp_1src(struct emit *e)
{
    return emit_pac_1src(e);
}
bool emit_integer_pac_pacdb_dp_1src(struct emit *e)
{
    return emit_pac_1src(e);
}
bool emit_integer_pac_autia_dp_1src(struct emit *e)
{
    return emit_pac_1src(e);
}
bool emit_integer_pac_autib_dp_1src(struct emit *e)
{
    return emit_pac_1src(e);
}
bool emit_integer_pac_autda_dp_1src(struct emit *e)
{
    return emit_pac_1src(e);
}
bool emit_integer_pac_autdb_dp_1src(struct emit *e)
{
    return emit_pac_1src(e);
}

bool emit_integer_pac_pacga_dp_2src(struct emit *e)
{
    struct op *o = emit_op(e, op_pacga);
    o->a = emit_dst(insn_rd(e));
    o->b = emit_src(insn_rn(e));
    o->c = (uint8_t)insn_rm(e); /* 31 is SP */
    return true;
}

bool emit_integer_pac_strip_dp_1src(struct emit *e)
{
    if (insn_rn(e) != 31) {
        return false;
    }
    struct op *o = emit_op(e, op_xpac);
    o->a = emit_dst(insn_rd(e));
    o->imm = insn_bit(e, 10);
    return true;
}

bool pac_emit_xpaclri(struct emit *e)
{
    if (emit_has(e, FEAT_PAuth)) {
        emit_op(e, op_xpac)->a = 30;
    }
    return true;
}

/* Hint space: CRm 1 uses X17 and X16, CRm 3 uses X30 and zero or SP. */
bool pac_emit_hint(struct emit *e)
{
    unsigned crm = insn_bits(e, 8, 4), op2 = insn_bits(e, 5, 3);
    if (!emit_has(e, FEAT_PAuth)) {
        return true; /* NOP */
    }
    bool auth = op2 & 4;
    enum pac_key key = op2 & 2 ? PAC_IB : PAC_IA;
    if (crm == 1) {
        emit_pac(e, key, auth, 17, 16);
    } else {
        emit_pac(e, key, auth, 30, op2 & 1 ? REG_SP : REG_ZR);
    }
    return true;
}

/* ---- branches with authentication: the target is authenticated into c->x[REG_SINK] ---- */

/* b = register, c = modifier, imm = key */
HANDLER(auth_branch)
{
    enum pac_key key = (enum pac_key)o->imm;
    const struct pac_state *s = pac_digest(c);
    c->x[REG_SINK] = c->x[o->b];
    if (!(s->enabled >> key & 1)) {
        NEXT(1);
    }
    if (UNLIKELY(s->trapped)) {
        EXIT_TO(pac_trapped(c, o, budget));
    }
    if (UNLIKELY(!authenticate(c, key, &c->x[REG_SINK], c->x[o->c])) && faults(c, true)) {
        EXIT_TO(pac_failed(c, o, budget));
    }
    NEXT(1);
}

bool emit_branch_unconditional_register(struct emit *e)
{
    bool pauth = insn_bit(e, 11);
    bool key_b = insn_bit(e, 10), with_modifier = insn_bit(e, 24);
    unsigned opc = insn_bits(e, 21, 2); /* 0 BR, 1 BLR, 2 RET */
    unsigned rm = insn_bits(e, 0, 5);
    bool is_ret = opc == 2;
    if (opc == 3 || (!pauth && rm != 0)) {
        return false;
    }
    if (!pauth) {
        emit_register_branch(e, emit_src(insn_rn(e)), insn_rn(e), opc == 1, is_ret);
        return true;
    }
    if (!with_modifier && rm != 31) {
        return false;
    }
    struct op *o = emit_op(e, op_auth_branch);
    o->b = is_ret ? 30 : emit_src(insn_rn(e));
    o->c = is_ret ? REG_SP : with_modifier ? (uint8_t)rm : REG_ZR;
    o->imm = key_b ? PAC_IB : PAC_IA;
    emit_register_branch(e, REG_SINK, insn_rn(e), opc == 1, is_ret);
    return true;
}
