/* SPDX-License-Identifier: Apache-2.0 */
/* The PE as the board sees it: life cycle, inputs, and access for loaders and debuggers. */
#include "cpu/cpu.h"

#include <stdio.h>
#include <string.h>

#include "cpu/cpu_trace.h"
#include "cpu/engine/block.h"
#include "cpu/engine/context.h"
#include "cpu/engine/loop.h"
#include "cpu/engine/mem.h"
#include "cpu/engine/observe.h"
#include "cpu/sys/exc.h"
#include "cpu/sys/hcr.h"
#include "cpu/sys/irqsel.h"
#include "cpu/sys/sysreg_pmu.h"

#include "cpu/cpu_internal.h"

#define BLOCK_CACHE_DEFAULT   (UINT64_C(48) << 20)
#define COMPILE_AFTER_DEFAULT 100
/* Beyond this, forgetting everything is quicker than looking at every page. */
#define CODE_RANGE_MAX (UINT64_C(1) << 20)
#define SCR_NS         BIT(0)
#define SCR_HXEN       BIT(38)
#define SCR_EEL2       BIT(18)

/* ---- state that others derive ---- */

unsigned cpu_highest_el(const struct cpu *c)
{
    return c->cfg.has_el3 ? 3 : c->cfg.has_el2 ? 2 : 1;
}

enum pas cpu_lower_pas(const struct cpu *c)
{
    if (!c->cfg.has_el3) {
        return PAS_NS;
    }
    return c->sr[SR_SCR_EL3] & SCR_NS ? PAS_NS : PAS_S;
}

enum pas cpu_pas(const struct cpu *c)
{
    return c->ps.el == 3 ? PAS_S : cpu_lower_pas(c);
}

bool cpu_el2_enabled(const struct cpu *c)
{
    if (!c->cfg.has_el2) {
        return false;
    }
    return cpu_lower_pas(c) == PAS_NS || (cpu_has(c, FEAT_SEL2) && (c->sr[SR_SCR_EL3] & SCR_EEL2));
}

/* Bits without effect when TGE is 1, and when E2H is 1 as well. Arm ARM, HCR_EL2 fields. */
#define HCR_OFF_BY_TGE                                                                             \
    (HCR_SWIO | HCR_PTW | HCR_VF | HCR_VI | HCR_VSE | HCR_FB | HCR_TID1 | HCR_TID3 | HCR_TSC |     \
     HCR_TACR | HCR_TSW | HCR_TTLB | HCR_TVM | HCR_HCD | HCR_TRVM | HCR_TLOR)
#define HCR_OFF_BY_HOST                                                                            \
    (HCR_VM | HCR_FMO | HCR_IMO | HCR_AMO | HCR_BSU | HCR_DC | HCR_TWI | HCR_TWE | HCR_TID0 |      \
     HCR_TID2 | HCR_TPCP | HCR_TPU | HCR_TDZ | HCR_CD | HCR_ID | HCR_MIOCNCE | HCR_TID4 |          \
     HCR_TICAB | HCR_TOCU | HCR_EnSCXT | HCR_TTLBIS | HCR_TTLBOS | HCR_TID5)

uint64_t cpu_hcr_el2(const struct cpu *c)
{
    if (!cpu_el2_enabled(c)) {
        return 0;
    }
    uint64_t v = c->sr[SR_HCR_EL2];
    if (v & HCR_TGE) {
        v &= ~HCR_OFF_BY_TGE;
        v = v & HCR_E2H ? v & ~HCR_OFF_BY_HOST : v | HCR_FMO | HCR_IMO | HCR_AMO;
    }
    return v;
}

uint64_t cpu_hcrx_el2(const struct cpu *c)
{
    bool on = cpu_has(c, FEAT_HCX) && cpu_el2_enabled(c) &&
              (!c->cfg.has_el3 || (c->sr[SR_SCR_EL3] & SCR_HXEN));
    return on ? c->sr[SR_HCRX_EL2] : 0;
}

struct pe_view cpu_view(const struct cpu *c)
{
    return (struct pe_view){.pe = c->cfg.index,
                            .el = c->ps.el,
                            .el2_enabled = cpu_el2_enabled(c),
                            .el3 = c->cfg.has_el3,
                            .nmi = (c->sr[SR_SCTLR_EL1 + MAX(c->ps.el, 1) - 1] & SCTLR_NMI) != 0,
                            .pas = (uint8_t)cpu_pas(c),
                            .hcr_el2 = cpu_hcr_el2(c),
                            .scr_el3 = c->cfg.has_el3 ? c->sr[SR_SCR_EL3] : SCR_NS | BIT(10)};
}

/* ---- life ---- */

/* A device took back memory that it had lent. */
static void bus_remapped(void *opaque)
{
    struct cpu *c = opaque;
    context_flush(c);
    c->exit_flags |= EXIT_CONTEXT;
}

/* A store by another observer: the monitor is open, which is an event. */
void cpu_lose_monitor(struct cpu *c)
{
    c->event_reg |= c->excl_valid;
    c->excl_valid = false;
}

static void device_wrote(void *opaque, const uint8_t *host, size_t len)
{
    struct cpu *c = opaque;
    const uint8_t *mine = c->excl_host;
    if (c->excl_valid && mine < host + len && host < mine + c->excl_size) {
        cpu_lose_monitor(c);
    }
}

struct cpu *cpu_new(const struct cpu_config *cfg, GError **err)
{
    struct cpu *c = g_aligned_alloc0(1, sizeof(*c), 64);
    c->cfg = *cfg;
    c->bus = cfg->bus;
    c->evq = cfg->evq;
    c->ticks_per_insn = 1000000U / (cfg->freq_mhz != 0 ? cfg->freq_mhz : 1000U);
    if (!cpu_configure(c, err)) {
        cpu_free(c);
        return NULL;
    }
    c->jump_cache = g_new0(struct jump_cache_entry, JUMP_CACHE_SIZE);
    c->tlb_back = g_new(struct fast_tlb_entry, BACK_TLB_SIZE);
    c->contexts = context_table_new();
    c->remapped = (struct bus_listener){bus_remapped, device_wrote, c, NULL};
    if (c->bus != NULL) {
        bus_add_listener(c->bus, &c->remapped);
    }
    debug_init(c);
    c->self[0] = c;
    cpu_set_peers(c, c->self, 1);
    cpu_reset(c);
    return c;
}

void cpu_free(struct cpu *c)
{
    if (c == NULL) {
        return;
    }
    cpu_trace_stop(c);
    if (c->owns_blocks) {
        block_cache_free(c->blocks);
    }
    debug_finalize(c);
    context_table_free(c->contexts);
    cpu_unconfigure(c);
    g_free(c->jump_cache);
    g_free(c->tlb_back);
    g_aligned_free(c);
}

/* Decoded blocks are the same for all PEs: the first one has them. */
void cpu_set_peers(struct cpu *c, struct cpu **all, unsigned n)
{
    c->peers = all;
    c->n_peers = n;
    if (all[0] == c && c->blocks == NULL) {
        uint64_t bytes = c->cfg.block_cache_bytes;
        uint16_t after = c->cfg.compile_after;
        c->blocks = block_cache_new(bytes != 0 ? bytes : BLOCK_CACHE_DEFAULT,
                                    after != 0 ? after : COMPILE_AFTER_DEFAULT);
        c->owns_blocks = true;
    } else if (all[0] != c) {
        if (c->owns_blocks) {
            block_cache_free(c->blocks);
            c->owns_blocks = false;
        }
        c->blocks = all[0]->blocks;
    }
}

/* Of the PE itself: its number, where it is. */
static void trace_power(struct cpu *c, enum trace_kind k)
{
    TRACE(cpu_trace_port(c), k, c->cfg.index, c->pc, c->ps.el);
}

static void reset(struct cpu *c, bool cold)
{
    observe_forget(c);
    memset(c->x, 0, sizeof(c->x));
    memset(c->v, 0, sizeof(c->v));
    memset(c->sp_el, 0, sizeof(c->sp_el));
    c->fp = (struct fp_env){0};
    cpu_set_nzcv(c, 0);
    c->ps = (struct pstate){.el = (uint8_t)cpu_highest_el(c), .sp = 1, .daif = 15};
    c->excl_valid = false;
    c->event_reg = false;
    c->in_wfi = c->in_wfe = false;
    c->delayed_trap = 0;
    c->link = NULL;
    sysreg_reset(c, cold);
    context_flush(c);
}

void cpu_reset(struct cpu *c)
{
    if (c->power == CPU_ON) {
        trace_power(c, TRACE_PE_OFF);
    }
    reset(c, true);
    c->power = CPU_OFF;
    c->exit_flags = 0;
}

bool cpu_warm_reset_requested(const struct cpu *c)
{
    return bit(c->sr[SR_RMR_EL1 + cpu_highest_el(c) - 1], 1);
}

void cpu_warm_reset(struct cpu *c)
{
    reset(c, false);
    c->pc = c->sr[SR_RVBAR_EL1 + c->ps.el - 1];
    c->exit_flags |= EXIT_IRQ;
    trace_power(c, TRACE_PE_RESET);
    if (c->cfg.hooks.warm_reset != NULL) {
        struct pe_view v = cpu_view(c);
        c->cfg.hooks.warm_reset(c->cfg.hooks.opaque, &v);
    }
    cpu_context_changed(c, CTX_IRQ);
}

void cpu_start(struct cpu *c, const struct cpu_start *s)
{
    observe_forget(c);
    unsigned highest = c->ps.el;
    unsigned el = s->el == 0 || s->el > highest ? highest : s->el;
    sysreg_setup_direct_boot(c, el, s->secure);
    exc_set_el(c, el, true);
    c->x[0] = s->x0;
    c->x[1] = s->x1;
    c->x[2] = s->x2;
    c->x[3] = s->x3;
    c->pc = s->pc;
    c->power = CPU_ON;
    context_flush(c);
    context_el_changed(c, highest);
    trace_power(c, TRACE_PE_ON);
}

void cpu_power_off(struct cpu *c)
{
    trace_power(c, TRACE_PE_OFF);
    c->power = CPU_OFF;
    c->exit_flags |= EXIT_STOP;
}

enum cpu_power cpu_power_state(const struct cpu *c)
{
    return c->power;
}

/* ---- time and waiting ---- */

tick_t cpu_time(const struct cpu *c)
{
    return c->time;
}

void cpu_set_time(struct cpu *c, tick_t t)
{
    c->time = t;
}

void cpu_request_exit(struct cpu *c)
{
    c->exit_flags |= EXIT_STOP;
}

void cpu_limit_time(struct cpu *c, tick_t when)
{
    if (when < c->limit) {
        c->limit = when;
        c->exit_flags |= EXIT_LIMIT;
    }
}

bool cpu_has_work(const struct cpu *c)
{
    if (!c->in_wfi && !c->in_wfe) {
        return true;
    }
    bool woken = c->in_wfi ? cpu_wakeup_pending(c) : c->event_reg || irqsel_is_due(c);
    return woken || evq_now(c->evq) >= c->wait_end;
}

tick_t cpu_wakeup_time(const struct cpu *c)
{
    return c->in_wfi || c->in_wfe ? c->wait_end : TICK_NEVER;
}

/* ---- inputs ---- */

/*
 * Another PE may be ahead in this round. What it does to a PE that waits comes at its time: who is
 * woken does not run before that.
 */
static void wait_until_now(struct cpu *c)
{
    tick_t now = evq_now(c->evq);
    if ((c->in_wfi || c->in_wfe) && now < c->wait_end) {
        c->time = MAX(c->time, now);
    }
}

static void line_changed(void *opaque, unsigned n, bool level)
{
    struct cpu *c = opaque;
    TRACE(cpu_trace_port(c), TRACE_IRQ_LINE, n, level);
    c->lines = (uint8_t)(level ? c->lines | 1U << n : c->lines & ~(1U << n));
    c->exit_flags |= EXIT_IRQ;
    wait_until_now(c);
}

void cpu_raise_serror(struct cpu *c, uint32_t iss)
{
    c->serror_iss = iss & (uint32_t)mask64(0, 25);
    line_changed(c, CPU_LINE_SERROR, true);
}

struct irq_line cpu_irq_input(struct cpu *c, enum cpu_line l)
{
    return (struct irq_line){.sink = line_changed, .opaque = c, .n = l};
}

struct irq_line *cpu_pmu_irq(struct cpu *c)
{
    return pmu_irq(c);
}

void cpu_send_event(struct cpu *c)
{
    c->event_reg = true;
    wait_until_now(c);
}

/* ---- for loaders and debuggers ---- */

uint64_t cpu_get_x(const struct cpu *c, unsigned n)
{
    return c->x[n & 31];
}

void cpu_set_x(struct cpu *c, unsigned n, uint64_t v)
{
    observe_forget(c);
    c->x[n & 31] = v;
}

uint64_t cpu_get_pc(const struct cpu *c)
{
    return c->pc;
}

void cpu_set_pc(struct cpu *c, uint64_t v)
{
    c->pc = v;
    c->delayed_trap = 0; /* it was of another instruction */
}

unsigned cpu_get_el(const struct cpu *c)
{
    return c->ps.el;
}

uint64_t cpu_insns(const struct cpu *c)
{
    return c->insns;
}

void cpu_describe(const struct cpu *c, char *buf, size_t len)
{
    snprintf(buf, len,
             "PE %u EL%u pc=%016" G_GINT64_MODIFIER "x sp=%016" G_GINT64_MODIFIER
             "x lr=%016" G_GINT64_MODIFIER "x nzcv=%x daif=%x insns=%" G_GUINT64_FORMAT "%s",
             c->cfg.index, c->ps.el, c->pc, c->x[REG_SP], c->x[30], cpu_nzcv(c) >> 28, c->ps.daif,
             c->insns,
             c->power == CPU_OFF      ? " off"
             : c->in_wfi || c->in_wfe ? " waiting"
                                      : "");
}

void cpu_invalidate_code(struct cpu *c, pa_t pa, uint64_t len)
{
    if (len > CODE_RANGE_MAX) {
        loop_flush_blocks(c);
    } else {
        block_invalidate(c->blocks, pa.v, len);
    }
}
