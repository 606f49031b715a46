/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's PEs: creation, wires to timers and interrupt controller, what firmware would do. */
#include <string.h>

#include "base/bits.h"

#include "machine/machine_internal.h"

#define MPIDR_RES1 BIT(31)

/* ---- PSCI ---- */

static bool psci_is_on(void *opaque, unsigned pe)
{
    struct machine *m = opaque;
    return cpu_power_state(m->pes[pe]) == CPU_ON;
}

unsigned pes_kernel_el(const struct machine *m)
{
    return m->cfg.virtualization ? 2 : 1;
}

static void start_kernel(struct machine *m, unsigned pe, uint64_t pc, uint64_t x0)
{
    struct cpu_start s = {.el = (uint8_t)pes_kernel_el(m), .pc = pc, .x0 = x0};
    cpu_start(m->pes[pe], &s);
}

static void psci_power_on(void *opaque, unsigned pe, uint64_t entry, uint64_t context)
{
    struct machine *m = opaque;
    cpu_reset(m->pes[pe]);
    gic_pe_reset(m->gic, pe);
    cpu_set_time(m->pes[pe], evq_now(m->evq));
    start_kernel(m, pe, entry, context);
}

static void psci_power_off(void *opaque, unsigned pe)
{
    struct machine *m = opaque;
    cpu_power_off(m->pes[pe]);
}

/* Standby may end at any time; the caller's idle loop comes back. Ending the turn of this PE is
 * what makes that cheap. */
static void psci_standby(void *opaque, unsigned pe)
{
    struct machine *m = opaque;
    cpu_request_exit(m->pes[pe]);
}

static bool firmware_call(void *opaque, struct cpu *c, uint64_t *x)
{
    struct machine *m = opaque;
    for (unsigned i = 0; i < m->n_pes; i++) {
        if (m->pes[i] == c) {
            psci_call(&m->psci, i, x);
        }
    }
    return true;
}

static void set_up_psci(struct machine *m)
{
    m->psci = (struct psci){
        .n_pes = m->n_pes,
        .mpidr = m->mpidr,
        .port = {psci_is_on, psci_power_on, psci_power_off, psci_standby, m},
        .machine = machine_port(m),
    };
}

/* ---- semihosting ---- */

static bool guest_read(void *opaque, uint64_t va, void *buf, size_t len)
{
    return cpu_mem_read(opaque, va, buf, len);
}

static bool guest_write(void *opaque, uint64_t va, const void *buf, size_t len)
{
    return cpu_mem_write(opaque, va, buf, len);
}

static uint64_t semihost_hook(void *opaque, struct cpu *c, uint64_t op, uint64_t param)
{
    struct machine *m = opaque;
    struct semihost_guest g = {guest_read, guest_write, c};
    return semihost_call(m->semihost, &g, op, param);
}

static tick_t semihost_now(void *opaque)
{
    return evq_now(((struct machine *)opaque)->evq);
}

static bool is_wanted_outside(const struct machine *m)
{
    return m->request.any || (m->cfg.gate != NULL && replay_has_request(m->cfg.gate));
}

static bool semihost_wait(void *opaque)
{
    enum { WAIT_MS = 100 };
    struct machine *m = opaque;
    if (m->cfg.host.poll == NULL || is_wanted_outside(m)) {
        return false;
    }
    m->cfg.host.poll(m->cfg.host.opaque, WAIT_MS);
    return !is_wanted_outside(m);
}

static void set_up_semihosting(struct machine *m)
{
    struct semihost_config c = {
        .host = m->cfg.semihost,
        .machine = machine_port(m),
        .now = semihost_now,
        .wait = semihost_wait,
        .opaque = m,
        .epoch_seconds = m->cfg.rtc_seconds,
        .cmdline = m->cfg.semihost_cmdline,
        .ram_base = virt_memmap[VIRT_RAM].base,
        .ram_size = m->cfg.ram_bytes,
    };
    if (m->cfg.semihosting) {
        m->semihost = semihost_new(&c);
    }
}

/* ---- what timers and the interrupt controller know of a PE ---- */

static void state_changed(void *opaque, struct cpu *c, const struct pe_view *v)
{
    struct machine *m = opaque;
    m->views[v->pe] = *v;
    if (m->cfg.secure) {
        gic_pe_state_changed(m->gic, v->pe, v);
    }
    gtimer_pe_state_changed(m->gtimer, v->pe, v);
}

static bool stream_event(void *opaque, const struct pe_view *v)
{
    struct machine *m = opaque;
    return gtimer_take_event(m->gtimer, v->pe, v);
}

static void warm_reset(void *opaque, const struct pe_view *v)
{
    struct machine *m = opaque;
    gic_pe_reset(m->gic, v->pe);
}

static tick_t counter_tick(void *opaque, const struct pe_view *v, uint64_t count)
{
    struct machine *m = opaque;
    return gtimer_tick_of_cntvct(m->gtimer, v->pe, v, count);
}

/* ---- creation ---- */

static uint8_t gic_sysregs(const struct machine_config *c)
{
    return c->gic_version == 2 ? 0 : c->gic_minor == 1 ? 3 : 1;
}

static bool make_pe(struct machine *m, unsigned i, GError **err)
{
    struct cpu_config c = {
        .model = m->cfg.cpu,
        .index = i,
        .mpidr = m->mpidr[i] | MPIDR_RES1,
        .has_el2 = m->cfg.virtualization,
        .has_el3 = m->cfg.secure,
        .conduit = m->conduit,
        .semihosting = m->cfg.semihosting,
        .freq_mhz = m->cfg.freq_mhz,
        .compile_after = m->cfg.compile_after,
        .tlb = m->cfg.tlb,
        .rng_seed = m->cfg.seed + i,
        .gic_sysregs = gic_sysregs(&m->cfg),
        .hooks = {firmware_call, semihost_hook, counter_tick, stream_event, warm_reset,
                  state_changed, m},
        .bus = m->bus,
        .evq = m->evq,
    };
    c.sets[c.n_sets++] = gtimer_sysregs(m->gtimer, i);
    if (m->cfg.gic_version != 2) {
        c.sets[c.n_sets++] = gic_cpuif_sysregs(m->gic, i);
    }
    m->pes[i] = cpu_new(&c, err);
    return m->pes[i] != NULL;
}

static void wire_pe(struct machine *m, unsigned i)
{
    static const struct {
        enum gtimer_id timer;
        unsigned intid;
    } timers[] = {
        {GTIMER_PHYS, INTID_OF_PPI(PPI_TIMER_PHYS)},
        {GTIMER_VIRT, INTID_OF_PPI(PPI_TIMER_VIRT)},
        {GTIMER_HYP, INTID_OF_PPI(PPI_TIMER_HYP)},
        {GTIMER_SEC, INTID_OF_PPI(PPI_TIMER_SECURE)},
        {GTIMER_HYPVIRT, INTID_OF_PPI(PPI_TIMER_HYP_VIRT)},
        {GTIMER_SEC_HYP, INTID_SEC_HYP_TIMER},
        {GTIMER_SEC_HYPVIRT, INTID_SEC_HYPVIRT_TIMER},
    };
    static const enum cpu_line lines[GIC_N_OUT] = {
        [GIC_OUT_IRQ] = CPU_LINE_IRQ,   [GIC_OUT_FIQ] = CPU_LINE_FIQ,
        [GIC_OUT_VIRQ] = CPU_LINE_VIRQ, [GIC_OUT_VFIQ] = CPU_LINE_VFIQ,
        [GIC_OUT_NMI] = CPU_LINE_NMI,   [GIC_OUT_VNMI] = CPU_LINE_VNMI,
    };
    for (size_t t = 0; t < ARRAY_LEN(timers); t++) {
        gic_wire_ppi(m->gic, i, timers[t].intid, gtimer_output(m->gtimer, i, timers[t].timer));
    }
    if (m->model.pmu) {
        gic_wire_ppi(m->gic, i, virt_pmu_intid(m->cfg.espi), cpu_pmu_irq(m->pes[i]));
    }
    for (unsigned o = 0; o < GIC_N_OUT; o++) {
        *gic_output(m->gic, i, o) = cpu_irq_input(m->pes[i], lines[o]);
    }
}

bool pes_build(struct machine *m, GError **err)
{
    m->pes = g_new0(struct cpu *, m->n_pes);
    m->views = g_new0(struct pe_view, m->n_pes);
    m->in_wfe = g_new0(bool, m->n_pes);
    set_up_psci(m);
    set_up_semihosting(m);
    for (unsigned i = 0; i < m->n_pes; i++) {
        if (!make_pe(m, i, err)) {
            return false;
        }
    }
    for (unsigned i = 0; i < m->n_pes; i++) {
        cpu_set_peers(m->pes[i], m->pes, m->n_pes);
        wire_pe(m, i);
    }
    return true;
}

void pes_free(struct machine *m)
{
    /* The first PE has what all share: it goes last. */
    for (unsigned i = m->pes != NULL ? m->n_pes : 0; i > 0; i--) {
        cpu_free(m->pes[i - 1]);
    }
    g_clear_pointer(&m->pes, g_free);
    g_clear_pointer(&m->views, g_free);
    g_clear_pointer(&m->in_wfe, g_free);
    g_clear_pointer(&m->semihost, semihost_free);
}

/* ---- power-on ---- */

/* Where a PE starts when no boot protocol says more: flash, a program, or a loader's address. */
static uint64_t reset_pc(const struct machine *m, unsigned pe)
{
    uint64_t pc = m->plan.has_program && pe == 0 ? m->plan.entry : virt_memmap[VIRT_FLASH0].base;
    for (guint i = 0; i < m->plan.starts->len; i++) {
        const struct boot_start *s = &g_array_index(m->plan.starts, struct boot_start, i);
        if (s->pe == pe) {
            pc = s->pc;
        }
    }
    return pc;
}

void pes_start(struct machine *m)
{
    if (m->plan.linux_boot) {
        start_kernel(m, 0, m->plan.entry, m->has_dtb ? m->plan.dtb_addr : 0);
        return;
    }
    /* Without PSCI of ours all PEs leave reset together, as firmware expects. */
    unsigned n = m->conduit == CONDUIT_NONE ? m->n_pes : 1;
    for (unsigned i = 0; i < n; i++) {
        struct cpu_start s = {.secure = m->cfg.secure, .pc = reset_pc(m, i)};
        cpu_start(m->pes[i], &s);
    }
}
