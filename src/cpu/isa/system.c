/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System instructions: hints, barriers, exception generation, PSTATE and system registers, SYS.
 * What they do to the PE is in sys/ and engine/system_ops.c; here they become operations.
 */
#include "a64_gen.h"
#include "cpu/engine/exits.h"
#include "cpu/engine/system_ops.h"
#include "cpu/isa/branch.h"
#include "cpu/isa/flags.h"
#include "cpu/isa/pac.h"

/* Counted as an instruction, but nothing to do. */
static bool emit_nop(struct emit *e)
{
    return true;
}

/* An operation that ends the block; imm = the instruction word. */
static bool emit_last(struct emit *e, op_fn *fn)
{
    emit_op(e, fn)->imm = e->insn;
    emit_end(e);
    return true;
}

/* ---- hints ---- */

bool emit_system_hints(struct emit *e)
{
    switch (insn_bits(e, 5, 7)) { /* CRm:op2 */
    case 1:                       /* YIELD */
        return emit_last(e, system_yield);
    case 2: /* WFE */
    case 3: /* WFI */
        return emit_last(e, system_wfx);
    case 4: /* SEV */
        return emit_last(e, system_sev);
    case 5: /* SEVL */
        return emit_last(e, system_sevl);
    case 7: /* XPACLRI */
        return pac_emit_xpaclri(e);
    case 8:  /* PACIA1716 */
    case 10: /* PACIB1716 */
    case 12: /* AUTIA1716 */
    case 14: /* AUTIB1716 */
    case 24: /* PACIAZ, PACIASP, PACIBZ, PACIBSP */
    case 25:
    case 26:
    case 27:
    case 28: /* AUTIAZ, AUTIASP, AUTIBZ, AUTIBSP */
    case 29:
    case 30:
    case 31:
        return pac_emit_hint(e);
    case 16: /* ESB */
        return emit_has(e, FEAT_RAS) ? emit_last(e, system_esb) : emit_nop(e);
    default:
        return emit_nop(e);
    }
}

bool emit_integer_pac_pacia_hint(struct emit *e)
{
    return emit_system_hints(e);
}
bool emit_integer_pac_pacib_hint(struct emit *e)
{
    return emit_system_hints(e);
}
bool emit_integer_pac_autia_hint(struct emit *e)
{
    return emit_system_hints(e);
}
bool emit_integer_pac_autib_hint(struct emit *e)
{
    return emit_system_hints(e);
}

static bool emit_wfxt(struct emit *e)
{
    struct op *o = emit_op(e, system_wfxt);
    o->imm = e->insn;
    o->b = emit_src(insn_rd(e));
    emit_end(e);
    return true;
}

bool emit_system_sysinstwithreg_wfet(struct emit *e)
{
    return emit_wfxt(e);
}
bool emit_system_sysinstwithreg_wfit(struct emit *e)
{
    return emit_wfxt(e);
}

/* ---- barriers: memory is sequentially consistent, so DMB and DSB order nothing more ---- */

bool emit_system_barriers_dmb(struct emit *e)
{
    return emit_nop(e);
}

bool emit_system_barriers_dsb(struct emit *e)
{
    return emit_nop(e);
}

bool emit_system_barriers_dsb_nxs(struct emit *e)
{
    return emit_nop(e);
}

bool emit_system_barriers_sb(struct emit *e)
{
    return emit_nop(e);
}

bool emit_system_barriers_isb(struct emit *e)
{
    return system_emit_isb(e);
}

HANDLER(clrex)
{
    c->excl_valid = false;
    NEXT(1);
}

bool emit_system_monitors(struct emit *e)
{
    emit_op(e, op_clrex);
    return true;
}

/* ---- exception generation ---- */

bool emit_system_exceptions_runtime_svc(struct emit *e)
{
    return emit_last(e, system_svc);
}

bool emit_system_exceptions_runtime_hvc(struct emit *e)
{
    return emit_last(e, system_hvc);
}

bool emit_system_exceptions_runtime_smc(struct emit *e)
{
    return emit_last(e, system_smc);
}

bool emit_system_exceptions_debug_breakpoint(struct emit *e)
{
    return emit_last(e, system_brk);
}

bool emit_system_exceptions_debug_halt(struct emit *e)
{
    bool semihosting = insn_bits(e, 5, 16) == 0xf000 && e->cpu->cfg.semihosting;
    return semihosting && emit_last(e, system_semihost); /* no halting debug: UNDEFINED */
}

/* DCPSn: only in Debug state, which does not exist here. */
bool emit_system_exceptions_debug_exception(struct emit *e)
{
    return false;
}

bool emit_udf(struct emit *e)
{
    return false;
}

/* ERET; ERETAA and ERETAB authenticate ELR_ELx first. DRPS is UNDEFINED outside Debug state. */
bool emit_branch_unconditional_eret(struct emit *e)
{
    bool drps = insn_bits(e, 21, 4) == 5;
    return !drps && (e->mode & MODE_EL_MASK) != 0 && emit_last(e, system_eret);
}

/* ---- PSTATE ---- */

HANDLER(cfinv)
{
    c->cf ^= 1;
    NEXT(1);
}

/* Arm flags to the alternative format and back: FEAT_FlagM2. */
HANDLER(axflag)
{
    bool z = c->zf == 0 || (int64_t)c->vf < 0;
    bool carry = c->cf != 0 && (int64_t)c->vf >= 0;
    c->nf = 0;
    c->zf = !z;
    c->cf = carry;
    c->vf = 0;
    NEXT(1);
}

HANDLER(xaflag)
{
    bool z = c->zf == 0, carry = c->cf != 0;
    c->nf = (uint64_t)(!carry && !z) << 63;
    c->zf = !(z && carry);
    c->cf = carry || z;
    c->vf = (uint64_t)(!carry && z) << 63;
    NEXT(1);
}

bool emit_system_register_cpsr(struct emit *e)
{
    unsigned op1 = insn_bits(e, 16, 3), op2 = insn_bits(e, 5, 3);
    if (op1 == 0 && op2 < 3) {
        static op_fn *const ops[3] = {op_cfinv, op_xaflag, op_axflag};
        static const enum feature needs[3] = {FEAT_FlagM, FEAT_FlagM2, FEAT_FlagM2};
        if (!emit_has(e, needs[op2])) {
            return false;
        }
        emit_op(e, ops[op2]);
        return true;
    }
    return system_emit_msr_imm(e, op1, op2);
}

/* ---- MRS, MSR, SYS, SYSL ---- */

static uint16_t sysreg_enc(const struct emit *e)
{
    return (uint16_t)(2U << 14 | insn_bits(e, 5, 15));
}

bool emit_system_register_system(struct emit *e)
{
    bool read = insn_bit(e, 21);
    return read ? system_emit_mrs(e, sysreg_enc(e)) : system_emit_msr(e, sysreg_enc(e));
}

bool emit_system_sysops(struct emit *e)
{
    return system_emit_sys(e);
}
