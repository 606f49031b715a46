/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/engine/system_ops.h"

#include "cpu/debug/step.h"
#include "cpu/engine/exits.h"
#include "cpu/engine/loop.h"
#include "cpu/engine/mem.h"
#include "cpu/isa/pac.h"
#include "cpu/sys/exc.h"
#include "cpu/sys/irqsel.h"
#include "cpu/sys/sysops.h"
#include "cpu/sys/traps.h"

/* An instruction that completed, after cpu_sync: the next one comes through the run loop. */
static void complete(struct cpu *c)
{
    c->pc += 4;
}

static unsigned imm16(const struct op *o)
{
    return extract32(o->imm, 5, 16);
}

/* ---- waiting and events ---- */

/* A WFE may end for any reason: ours does after this time, so that no guest waits for ever. */
#define WFE_LIMIT_TICKS (10 * TICKS_PER_MS)

void system_yield(struct cpu *c, const struct op *o, int64_t budget)
{
    cpu_sync(c, o, budget);
    complete(c);
    c->exit_flags |= EXIT_YIELD;
}

void system_delayed_trap(struct cpu *c)
{
    unsigned target = trap_wfx(c, c->delayed_trap & 3).target;
    if (target != TRAP_NONE) { /* else a debugger or a snapshot changed the controls */
        c->pc -= 4;            /* it did not complete */
        exc_take_sync(c, target, EC_WFX, c->delayed_trap, RETURN_THIS);
    }
}

/* The Event Register, which this clears. Events of streams are looked for when they matter. */
static bool take_event(struct cpu *c)
{
    const struct cpu_hooks *h = &c->cfg.hooks;
    struct pe_view v = cpu_view(c);
    bool streamed = h->stream_event != NULL && h->stream_event(h->opaque, &v);
    bool set = c->event_reg || streamed;
    c->event_reg = false;
    return set;
}

/* deadline: of WFxT, or TICK_NEVER. */
static void wait_for(struct cpu *c, enum wfx_kind kind, unsigned rt, tick_t deadline)
{
    bool event = kind == WFX_WFE || kind == WFX_WFET;
    struct wfx_trap trap = trap_wfx(c, kind);
    if (!event && trap.target == TRAP_NONE && UNLIKELY(cpu_warm_reset_requested(c))) {
        cpu_warm_reset(c);
        return;
    }
    if (event && take_event(c)) {
        complete(c);
        return;
    }
    if (!event && cpu_wakeup_pending(c)) {
        complete(c);
        return;
    }
    if (deadline <= c->time) {
        complete(c);
        return;
    }
    tick_t trap_at = c->time + trap.delay_cycles * c->ticks_per_insn;
    if (trap.target != TRAP_NONE && trap.delay_cycles == 0) {
        exc_take_sync(c, trap.target, EC_WFX, trap_wfx_iss(kind, rt), RETURN_THIS);
        return;
    }
    bool delayed = trap.target != TRAP_NONE && trap_at < deadline;
    complete(c);
    c->in_wfi = !event;
    c->in_wfe = event;
    c->delayed_trap = delayed ? (uint32_t)trap_wfx_iss(kind, rt) : 0;
    c->wait_end = event ? MIN(deadline, delayed ? trap_at : c->time + WFE_LIMIT_TICKS) : deadline;
    c->exit_flags |= EXIT_WAIT;
}

void system_wfx(struct cpu *c, const struct op *o, int64_t budget)
{
    cpu_sync(c, o, budget);
    wait_for(c, extract32(o->imm, 5, 7) == 2 ? WFX_WFE : WFX_WFI, 0, TICK_NEVER);
}

void system_wfxt(struct cpu *c, const struct op *o, int64_t budget)
{
    cpu_sync(c, o, budget);
    bool event = extract32(o->imm, 5, 3) == 0;
    struct pe_view v = cpu_view(c);
    const struct cpu_hooks *h = &c->cfg.hooks;
    tick_t deadline = h->counter_tick != NULL ? h->counter_tick(h->opaque, &v, c->x[o->b]) : 0;
    wait_for(c, event ? WFX_WFET : WFX_WFIT, extract32(o->imm, 0, 5), deadline);
}

void system_sev(struct cpu *c, const struct op *o, int64_t budget)
{
    cpu_sync(c, o, budget);
    complete(c);
    for (unsigned i = 0; i < c->n_peers; i++) {
        cpu_send_event(c->peers[i]);
    }
}

void system_sevl(struct cpu *c, const struct op *o, int64_t budget)
{
    cpu_sync(c, o, budget);
    complete(c);
    c->event_reg = true;
}

void system_esb(struct cpu *c, const struct op *o, int64_t budget)
{
    cpu_sync(c, o, budget);
    complete(c);
    exc_error_synchronization(c);
}

/* ---- exception generation ---- */

void system_svc(struct cpu *c, const struct op *o, int64_t budget)
{
    cpu_sync(c, o, budget);
    unsigned target = trap_svc_target(c);
    bool trapped = target != TRAP_NONE;
    exc_take_sync(c, trapped ? target : exc_default_target(c), EC_SVC, imm16(o),
                  trapped ? RETURN_THIS : RETURN_NEXT);
}

static bool firmware_call(struct cpu *c)
{
    const struct cpu_hooks *h = &c->cfg.hooks;
    bool handled = h->firmware_call != NULL && h->firmware_call(h->opaque, c, c->x);
    if (handled) {
        complete(c);
        c->exit_flags |= EXIT_CONTEXT;
    }
    return handled;
}

void system_hvc(struct cpu *c, const struct op *o, int64_t budget)
{
    cpu_sync(c, o, budget);
    if (c->cfg.conduit == CONDUIT_HVC && c->ps.el != 0 && firmware_call(c)) {
        return;
    }
    unsigned target = trap_hvc_target(c);
    if (target == TRAP_UNDEF) {
        exc_undefined(c);
        return;
    }
    exc_take_sync(c, target, EC_HVC, imm16(o), RETURN_NEXT);
}

void system_smc(struct cpu *c, const struct op *o, int64_t budget)
{
    cpu_sync(c, o, budget);
    unsigned target = trap_smc_target(c);
    if (target == 2) {
        exc_take_sync(c, 2, EC_SMC, imm16(o), RETURN_THIS);
        return;
    }
    if (c->cfg.conduit == CONDUIT_SMC && c->ps.el != 0 && firmware_call(c)) {
        return;
    }
    if (target == TRAP_UNDEF) {
        exc_undefined(c);
        return;
    }
    exc_take_sync(c, target, EC_SMC, imm16(o), RETURN_NEXT);
}

void system_brk(struct cpu *c, const struct op *o, int64_t budget)
{
    cpu_sync(c, o, budget);
    exc_take_sync(c, exc_debug_target(c), EC_BRK, imm16(o), RETURN_THIS);
}

void system_semihost(struct cpu *c, const struct op *o, int64_t budget)
{
    cpu_sync(c, o, budget);
    complete(c);
    const struct cpu_hooks *h = &c->cfg.hooks;
    if (h->semihost != NULL) {
        c->x[0] = h->semihost(h->opaque, c, c->x[0], c->x[1]);
    }
}

void system_eret(struct cpu *c, const struct op *o, int64_t budget)
{
    bool pauth = bit(o->imm, 11), key_b = bit(o->imm, 10);
    enum pac_key key = key_b ? PAC_IB : PAC_IA;
    cpu_sync(c, o, budget);
    unsigned target = trap_eret_target(c);
    if (target != TRAP_NONE) {
        exc_take_sync(c, target, EC_ERET, trap_eret_iss(pauth, key_b), RETURN_THIS);
        return;
    }
    uint64_t *pc = &c->mem_data[0];
    *pc = c->sr[SR_ELR_EL1 + c->ps.el - 1];
    if (pauth && pac_enabled(c, key) &&
        (pac_trap(c) || !pac_auth(c, key, pc, c->x[REG_SP], true))) {
        return;
    }
    exc_return(c, *pc, c->sr[SR_SPSR_EL1 + c->ps.el - 1]);
}

/* ---- system registers ---- */

/* imm: encoding; a: register; d: register number for the syndrome */
HANDLER(mrs)
{
    cpu_sync(c, o, budget);
    if (!sysreg_read(c, (uint16_t)o->imm, o->d, &c->mem_data[0])) {
        EXIT_TO(leave_block(c, o, budget));
    }
    c->x[o->a] = c->mem_data[0];
    if (UNLIKELY(c->exit_flags != 0)) {
        EXIT_TO(leave_after(c, o, budget));
    }
    NEXT(1);
}

/* The same for a register that may be plain storage now: imm = encoding | id << 16 */
HANDLER(mrs_plain)
{
    unsigned id = o->imm >> 16;
    if (LIKELY(c->sr_ok_r[c->ps.el][id] == c->sr_gen)) {
        c->x[o->a] = c->sr[id];
        NEXT(1);
    }
    EXIT_TO(op_mrs(c, o, budget));
}

HANDLER(msr)
{
    cpu_sync(c, o, budget);
    if (!sysreg_write(c, (uint16_t)o->imm, o->d, c->x[o->b])) {
        EXIT_TO(leave_block(c, o, budget));
    }
    if (UNLIKELY(c->exit_flags != 0)) {
        EXIT_TO(leave_after(c, o, budget));
    }
    NEXT(1);
}

HANDLER(msr_plain)
{
    unsigned id = o->imm >> 16;
    if (LIKELY(c->sr_ok_w[c->ps.el][id] == c->sr_gen)) {
        c->sr[id] = c->x[o->b];
        NEXT(1);
    }
    EXIT_TO(op_msr(c, o, budget));
}

/* ---- registers outside c->sr that nothing traps in this decode mode ---- */

HANDLER(mrs_sp_el0)
{
    c->x[o->a] = c->sp_el[0];
    NEXT(1);
}
HANDLER(msr_sp_el0)
{
    c->sp_el[0] = c->x[o->b];
    NEXT(1);
}
HANDLER(mrs_nzcv)
{
    c->x[o->a] = cpu_nzcv(c);
    NEXT(1);
}
HANDLER(msr_nzcv)
{
    cpu_set_nzcv(c, (uint32_t)c->x[o->b]);
    NEXT(1);
}
HANDLER(mrs_daif)
{
    c->x[o->a] = (uint64_t)c->ps.daif << 6;
    NEXT(1);
}
HANDLER(mrs_fpcr)
{
    c->x[o->a] = c->fp.fpcr;
    NEXT(1);
}
HANDLER(mrs_fpsr)
{
    c->x[o->a] = c->fp.fpsr;
    NEXT(1);
}

/* Handlers by enum sr_direct; NULL: through the register file. */
static op_fn *direct_handler(const struct emit *e, uint16_t enc, bool write)
{
    static op_fn *const handlers[][2] = {
        [SR_DIRECT_NONE] = {NULL, NULL},
        [SR_DIRECT_SP_EL0] = {op_mrs_sp_el0, op_msr_sp_el0},
        [SR_DIRECT_NZCV] = {op_mrs_nzcv, op_msr_nzcv},
        [SR_DIRECT_DAIF] = {op_mrs_daif, NULL},
        [SR_DIRECT_FPCR] = {op_mrs_fpcr, NULL},
        [SR_DIRECT_FPSR] = {op_mrs_fpsr, NULL},
    };
    return handlers[sysreg_direct(e->cpu, enc)][write];
}

static struct op *emit_sysreg(struct emit *e, uint16_t enc, op_fn *full, op_fn *plain)
{
    int id = sysreg_plain_id(e->cpu, enc);
    struct op *o = emit_op(e, id >= 0 ? plain : full);
    o->d = (uint8_t)insn_rt(e);
    o->imm = (uint32_t)enc | (id >= 0 ? (uint32_t)id << 16 : 0);
    return o;
}

bool system_emit_mrs(struct emit *e, uint16_t enc)
{
    op_fn *direct = direct_handler(e, enc, false);
    struct op *o = direct != NULL ? emit_op(e, direct) : emit_sysreg(e, enc, op_mrs, op_mrs_plain);
    o->a = emit_dst(insn_rt(e));
    return true;
}

bool system_emit_msr(struct emit *e, uint16_t enc)
{
    op_fn *direct = direct_handler(e, enc, true);
    struct op *o = direct != NULL ? emit_op(e, direct) : emit_sysreg(e, enc, op_msr, op_msr_plain);
    o->b = emit_src(insn_rt(e));
    return true;
}

/* imm: op1 | op2 << 4 | CRm << 8 */
HANDLER(msr_imm)
{
    cpu_sync(c, o, budget);
    if (!sysreg_write_pstate(c, o->imm & 15, o->imm >> 4 & 15, o->imm >> 8)) {
        EXIT_TO(leave_block(c, o, budget));
    }
    if (UNLIKELY(c->exit_flags != 0)) {
        EXIT_TO(leave_after(c, o, budget));
    }
    NEXT(1);
}

/* DAIFSet, DAIFClr above EL0: imm = mask */
HANDLER(daif_set)
{
    c->ps.daif |= (uint8_t)o->imm;
    NEXT(1);
}
HANDLER(daif_clear)
{
    c->ps.daif &= (uint8_t)~o->imm;
    if (UNLIKELY(cpu_lines(c))) {
        EXIT_TO(leave_after(c, o, budget));
    }
    NEXT(1);
}

/* The same with D among them: software step may become active. */
HANDLER(daif_clear_d)
{
    c->ps.daif &= (uint8_t)~o->imm;
    step_recheck(c);
    if (UNLIKELY(cpu_lines(c) || c->exit_flags != 0)) {
        EXIT_TO(leave_after(c, o, budget));
    }
    NEXT(1);
}

bool system_emit_msr_imm(struct emit *e, unsigned op1, unsigned op2)
{
    unsigned crm = insn_bits(e, 8, 4);
    if (op1 == 3 && op2 >= 6 && (e->mode & MODE_EL_MASK) != 0) {
        op_fn *clear = crm & 8 ? op_daif_clear_d : op_daif_clear;
        emit_op(e, op2 == 6 ? op_daif_set : clear)->imm = crm;
        return true;
    }
    emit_op(e, op_msr_imm)->imm = op1 | op2 << 4 | crm << 8;
    return true;
}

/* imm: instruction word; b: register */
HANDLER(sys)
{
    cpu_sync(c, o, budget);
    if (!sys_insn(c, o->imm, o->b > 30 ? 31 : o->b)) {
        EXIT_TO(leave_block(c, o, budget));
    }
    if (UNLIKELY(c->exit_flags != 0)) {
        EXIT_TO(leave_after(c, o, budget));
    }
    NEXT(1);
}

/* DC by address where the last one was permitted and the page is known; d: CRm */
HANDLER(dc_zva)
{
    bool ok = c->dc_ok[c->ps.el][CRM_ZVA] == c->sr_gen;
    void *host = ok ? fast_write(c, c->x[o->b] & ~(uint64_t)(ZVA_BYTES - 1), ZVA_BYTES) : NULL;
    if (UNLIKELY(host == NULL)) {
        EXIT_TO(op_sys(c, o, budget));
    }
    memset(host, 0, ZVA_BYTES);
    NEXT(1);
}
HANDLER(dc_clean)
{
    bool ok = c->dc_ok[c->ps.el][o->d] == c->sr_gen;
    if (UNLIKELY(!ok || fast_read(c, c->x[o->b], 1) == NULL)) {
        EXIT_TO(op_sys(c, o, budget));
    }
    NEXT(1);
}

bool system_emit_sys(struct emit *e)
{
    unsigned crm = insn_bits(e, 8, 4);
    bool plain = !insn_bit(e, 21) && sysop_is_plain_dc((uint16_t)(e->insn >> 5));
    struct op *o = emit_op(e, !plain ? op_sys : crm == CRM_ZVA ? op_dc_zva : op_dc_clean);
    o->b = emit_src(insn_rt(e));
    o->d = (uint8_t)crm;
    o->imm = e->insn;
    return true;
}

/* ---- context synchronization ---- */

/*
 * Mostly there is nothing to synchronize: what changes the context leaves a mark, and an operation
 * that changes how this page is translated or cached left the block itself.
 */
HANDLER(isb)
{
    bool steps = (c->sr[SR_MDSCR_EL1] & MDSCR_SS) != 0;
    if (UNLIKELY(c->ctx_stale || c->exit_flags != 0 || steps || cpu_lines(c))) {
        EXIT_TO(leave_after(c, o, budget));
    }
    NEXT(1);
}

bool system_emit_isb(struct emit *e)
{
    bool fetches_anew = (e->mode & (MODE_UNCACHED | MODE_OBSERVED)) != 0;
    emit_op(e, fetches_anew ? leave_after : op_isb);
    if (fetches_anew) {
        emit_end(e);
    }
    return true;
}
