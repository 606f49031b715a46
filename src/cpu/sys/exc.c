/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exception entry and return. Arm ARM D1.3 "Exceptions", pseudocode AArch64.TakeException,
 * AArch64.ExceptionReturn, SetPSTATEFromPSR, IllegalExceptionReturn.
 */
#include "cpu/sys/exc.h"

#include "base/log.h"
#include "cpu/debug/step.h"
#include "cpu/engine/context.h"
#include "cpu/engine/observe.h"
#include "cpu/sys/hcr.h"
#include "cpu/sys/irqsel.h"
#include "cpu/sys/sysreg_pmu.h"
#include "cpu/sys/va_layout.h"

#include "cpu/cpu_internal.h"

#define VECTOR_SYNC   0x000
#define VECTOR_IRQ    0x080
#define VECTOR_FIQ    0x100
#define VECTOR_SERROR 0x180

#define SCR_EASE BIT(19)

/* ---- PSTATE ---- */

uint64_t exc_spsr(const struct cpu *c)
{
    const struct pstate *p = &c->ps;
    return cpu_nzcv(c) | (uint64_t)p->tco << 25 | (uint64_t)p->dit << 24 | (uint64_t)p->uao << 23 |
           (uint64_t)p->pan << 22 | (uint64_t)p->ss << 21 | (uint64_t)p->il << 20 |
           (uint64_t)p->allint << 13 | (uint64_t)p->ssbs << 12 | (uint64_t)p->btype << 10 |
           (uint64_t)p->daif << 6 | (uint64_t)p->el << 2 | p->sp;
}

void exc_set_el(struct cpu *c, unsigned el, bool spsel)
{
    c->sp_el[c->ps.sp ? c->ps.el : 0] = c->x[REG_SP];
    c->ps.el = (uint8_t)el;
    c->ps.sp = spsel;
    c->x[REG_SP] = c->sp_el[spsel ? el : 0];
}

/* Performance monitors count by EL. */
static void before_el_change(struct cpu *c)
{
    if (UNLIKELY(pmu_active(c))) {
        pmu_sync(c);
    }
}

static void after_el_change(struct cpu *c, unsigned from)
{
    context_el_changed(c, from);
    if (UNLIKELY(pmu_active(c))) {
        pmu_reschedule(c);
    }
}

/* ---- entry ---- */

/* HCR_EL2.NV: a hypervisor at EL1 must see its own exceptions as coming from EL2. */
static uint64_t nested_spsr(const struct cpu *c, unsigned target, uint64_t spsr)
{
    if (c->ps.el != 1 || target != 1) {
        return spsr;
    }
    uint64_t hcr = cpu_hcr_el2(c);
    bool nv = hcr & HCR_NV, nv1 = hcr & HCR_NV1, nv2 = hcr & HCR_NV2;
    return nv && (!nv1 || nv2) ? deposit64(spsr, 2, 2, 2) : spsr;
}

static void set_pstate_for_entry(struct cpu *c, unsigned target)
{
    struct pstate *p = &c->ps;
    uint64_t sctlr = c->sr[SR_SCTLR_EL1 + target - 1];
    uint64_t hcr = cpu_hcr_el2(c);
    bool host = (hcr & (HCR_E2H | HCR_TGE)) == (HCR_E2H | HCR_TGE);
    exc_set_el(c, target, true);
    p->daif = 0xf;
    p->ss = false;
    p->il = false;
    p->btype = 0;
    p->uao = false;
    p->tco = cpu_has(c, FEAT_MTE2);
    if (cpu_has(c, FEAT_PAN) && !bit(sctlr, 23) && (target == 1 || (target == 2 && host))) {
        p->pan = true;
    }
    if (cpu_has(c, FEAT_SSBS)) {
        p->ssbs = bit(sctlr, 44);
    }
    p->allint = cpu_has(c, FEAT_NMI) && (sctlr & SCTLR_SPINTMASK) == 0;
}

static void enter(struct cpu *c, unsigned target, uint64_t ret, unsigned vector)
{
    uint64_t spsr = nested_spsr(c, target, exc_spsr(c));
    if (target > c->ps.el) {
        vector += 0x400;
    } else if (c->ps.sp) {
        vector += 0x200;
    }
    c->sr[SR_SPSR_EL1 + target - 1] = spsr;
    c->sr[SR_ELR_EL1 + target - 1] = ret;
    c->debug.stepping = false;
    unsigned from = c->ps.el;
    before_el_change(c);
    set_pstate_for_entry(c, target);
    c->pc = (c->sr[SR_VBAR_EL1 + target - 1] & ~UINT64_C(0x7ff)) + vector;
    after_el_change(c, from);
}

static void log_entry(const struct cpu *c, unsigned target, const char *what, uint64_t esr)
{
    log_trace(LOG_INT, "cpu",
              "pe %u: %s, EL%u to EL%u, pc %#" G_GINT64_MODIFIER "x, esr %#" G_GINT64_MODIFIER "x",
              c->cfg.index, what, c->ps.el, target, c->pc, esr);
}

/* ESR: a synchronous External abort, on an access or on a walk. */
static bool is_external_abort(uint64_t esr)
{
    unsigned ec = (unsigned)extract64(esr, 26, 6);
    bool abort =
        ec == EC_IABT_LOWER || ec == EC_IABT_SAME || ec == EC_DABT_LOWER || ec == EC_DABT_SAME;
    return abort && extract64(esr, 3, 3) == 2; /* xFSC 0b010xxx */
}

/* SCR_EL3.EASE (FEAT_DoubleFault): External aborts taken to EL3 go where SErrors go. */
static unsigned sync_vector(const struct cpu *c, unsigned target, uint64_t esr)
{
    bool ease = target == 3 && (c->sr[SR_SCR_EL3] & SCR_EASE) && is_external_abort(esr);
    return ease ? VECTOR_SERROR : VECTOR_SYNC;
}

void exc_take_sync(struct cpu *c, unsigned target_el, enum exception_class ec, uint64_t iss,
                   enum exc_return_to ret)
{
    uint64_t esr = (uint64_t)ec << 26 | BIT(25) | iss;
    if (UNLIKELY(log_on(LOG_INT))) {
        log_entry(c, target_el, "synchronous exception", esr);
    }
    unsigned from = c->ps.el;
    uint64_t elr = c->pc + (ret == RETURN_NEXT ? 4 : 0);
    c->sr[SR_ESR_EL1 + target_el - 1] = esr;
    if (ret == RETURN_NEXT) {
        c->ps.ss = false; /* the instruction is complete: SSAdvance */
    }
    enter(c, target_el, elr, sync_vector(c, target_el, esr));
    if (UNLIKELY(c->observer != NULL)) {
        observe_exception(c, TRACE_SYNC, from, esr, elr);
    }
}

void exc_take_fault(struct cpu *c, unsigned target_el, enum exception_class ec, uint64_t iss,
                    uint64_t far)
{
    c->sr[SR_FAR_EL1 + target_el - 1] = far;
    exc_take_sync(c, target_el, ec, iss, RETURN_THIS);
}

unsigned exc_default_target(const struct cpu *c)
{
    if (c->ps.el != 0) {
        return c->ps.el;
    }
    return cpu_hcr_el2(c) & HCR_TGE ? 2 : 1;
}

unsigned exc_debug_target(const struct cpu *c)
{
    if (c->ps.el >= 2) {
        return c->ps.el;
    }
    bool to_el2 = cpu_el2_enabled(c) && (bit(c->sr[SR_MDCR_EL2], 8) || (cpu_hcr_el2(c) & HCR_TGE));
    return to_el2 ? 2 : 1;
}

void exc_take_debug(struct cpu *c, enum exception_class lower, uint64_t iss)
{
    unsigned target = exc_debug_target(c);
    bool same = target == c->ps.el;
    exc_take_sync(c, target, same ? lower | 1 : lower, iss, RETURN_THIS);
}

void exc_undefined(struct cpu *c)
{
    exc_take_sync(c, exc_default_target(c), EC_UNKNOWN, 0, RETURN_THIS);
}

/* A virtual SError has the syndrome that the hypervisor put into VSESR_EL2. */
static uint64_t virtual_serror_iss(const struct cpu *c)
{
    return cpu_has(c, FEAT_RAS) ? c->sr[SR_VSESR_EL2] & mask64(0, 25) : 0;
}

static uint64_t serror_esr(const struct cpu *c, enum exc_async_kind kind)
{
    uint64_t iss = kind == EXC_VSERROR ? virtual_serror_iss(c) : c->serror_iss;
    return (uint64_t)EC_SERROR << 26 | BIT(25) | iss;
}

static void serror_done(struct cpu *c)
{
    c->lines &= (uint8_t)~(1U << CPU_LINE_SERROR);
    c->serror_iss = 0;
}

void exc_take_async(struct cpu *c, unsigned target_el, enum exc_async_kind kind)
{
    static const uint16_t vectors[] = {
        [EXC_IRQ] = VECTOR_IRQ,  [EXC_VIRQ] = VECTOR_IRQ,      [EXC_FIQ] = VECTOR_FIQ,
        [EXC_VFIQ] = VECTOR_FIQ, [EXC_SERROR] = VECTOR_SERROR, [EXC_VSERROR] = VECTOR_SERROR};
    static const char *const names[] = {
        [EXC_IRQ] = "IRQ",          [EXC_VIRQ] = "virtual IRQ", [EXC_FIQ] = "FIQ",
        [EXC_VFIQ] = "virtual FIQ", [EXC_SERROR] = "SError",    [EXC_VSERROR] = "virtual SError"};
    static const enum trace_exception types[] = {
        [EXC_IRQ] = TRACE_IRQ,   [EXC_VIRQ] = TRACE_VIRQ,     [EXC_FIQ] = TRACE_FIQ,
        [EXC_VFIQ] = TRACE_VFIQ, [EXC_SERROR] = TRACE_SERROR, [EXC_VSERROR] = TRACE_VSERROR};
    if (kind == EXC_SERROR || kind == EXC_VSERROR) {
        c->sr[SR_ESR_EL1 + target_el - 1] = serror_esr(c, kind);
    }
    if (UNLIKELY(log_on(LOG_INT))) {
        log_entry(c, target_el, names[kind], 0);
    }
    if (kind == EXC_VSERROR) {
        c->sr[SR_HCR_EL2] &= ~HCR_VSE;
    }
    if (kind == EXC_SERROR) {
        serror_done(c);
    }
    unsigned from = c->ps.el;
    uint64_t elr = c->pc;
    enter(c, target_el, elr, vectors[kind]);
    if (UNLIKELY(c->observer != NULL)) {
        observe_exception(c, types[kind], from, c->sr[SR_ESR_EL1 + target_el - 1], elr);
    }
}

void exc_error_synchronization(struct cpu *c)
{
    uint64_t hcr = cpu_hcr_el2(c);
    bool virtual = c->ps.el <= 1 && (hcr & HCR_AMO) && !(hcr & HCR_TGE);
    if (irqsel_serror_is_masked(c)) {
        c->sr[SR_DISR_EL1] = BIT(31) | c->serror_iss;
        serror_done(c);
    }
    if (virtual && (hcr & HCR_VSE) && (c->ps.daif & 4)) {
        c->sr[SR_VDISR_EL2] = BIT(31) | virtual_serror_iss(c);
        c->sr[SR_HCR_EL2] &= ~HCR_VSE;
    }
}

/* ---- return ---- */

static bool illegal_return(const struct cpu *c, uint64_t spsr)
{
    unsigned el = (unsigned)extract64(spsr, 2, 2);
    bool aarch32 = bit(spsr, 4), reserved = bit(spsr, 1);
    if (aarch32 || reserved || el > c->ps.el || (el == 0 && bit(spsr, 0))) {
        return true;
    }
    if (el == 2 && !(c->cfg.has_el2 && (c->ps.el == 2 || cpu_el2_enabled(c)))) {
        return true;
    }
    return el == 1 && (cpu_hcr_el2(c) & HCR_TGE);
}

/* SetPSTATEFromPSR; illegal: EL and what goes with it stay. */
static void set_pstate_from(struct cpu *c, uint64_t spsr, bool illegal)
{
    struct pstate *p = &c->ps;
    cpu_set_nzcv(c, (uint32_t)spsr);
    if (illegal) {
        p->il = true;
    } else {
        p->il = bit(spsr, 20);
        exc_set_el(c, (unsigned)extract64(spsr, 2, 2), bit(spsr, 0));
        p->btype = cpu_has(c, FEAT_BTI) ? (uint8_t)extract64(spsr, 10, 2) : 0;
        p->ssbs = cpu_has(c, FEAT_SSBS) && bit(spsr, 12);
        p->uao = cpu_has(c, FEAT_UAO) && bit(spsr, 23);
        p->dit = cpu_has(c, FEAT_DIT) && bit(spsr, 24);
    }
    p->daif = (uint8_t)extract64(spsr, 6, 4);
    p->allint = cpu_has(c, FEAT_NMI) && bit(spsr, 13);
    p->pan = cpu_has(c, FEAT_PAN) && bit(spsr, 22);
    p->ss = false;
}

static bool mode_exists(const struct cpu *c, uint64_t spsr)
{
    unsigned el = (unsigned)extract64(spsr, 2, 2);
    return !bit(spsr, 4) && !bit(spsr, 1) && (el != 0 || !bit(spsr, 0)) &&
           (el != 2 || c->cfg.has_el2) && (el != 3 || c->cfg.has_el3);
}

void exc_force_pstate(struct cpu *c, uint64_t v)
{
    unsigned from = c->ps.el;
    uint64_t spsr = mode_exists(c, v) ? v : deposit64(v, 0, 5, exc_spsr(c) & 31);
    before_el_change(c);
    set_pstate_from(c, spsr, false);
    c->ps.ss = bit(v, 21);
    after_el_change(c, from);
    cpu_context_changed(c, CTX_IRQ);
}

void exc_return(struct cpu *c, uint64_t elr, uint64_t spsr)
{
    struct pstate *p = &c->ps;
    unsigned from = p->el;
    bool illegal = illegal_return(c, spsr);
    bool ss = step_after_return(c, spsr, illegal ? from : (unsigned)extract64(spsr, 2, 2));
    before_el_change(c);
    set_pstate_from(c, spsr, illegal);
    p->ss = ss;
    c->excl_valid = false;
    c->event_reg = true;
    c->pc = va_branch_address(c, elr);
    after_el_change(c, from);
    if (UNLIKELY(c->observer != NULL)) {
        observe_return(c, from);
    }
    if (UNLIKELY(log_on(LOG_INT))) {
        log_trace(LOG_INT, "cpu", "pe %u: return from EL%u to EL%u, pc %#" G_GINT64_MODIFIER "x",
                  c->cfg.index, from, p->el, c->pc);
    }
}
