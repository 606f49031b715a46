/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A processing element, as the board sees it.
 *
 * One host thread owns all PEs. A PE runs by cpu_run until a virtual time; between two calls its
 * whole state is architectural. Nothing here aborts on what a guest does.
 */
#ifndef CPU_CPU_H
#define CPU_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/result.h"
#include "core/bus.h"
#include "core/evq.h"
#include "core/irq.h"
#include "core/snapshot.h"
#include "core/sysreg.h"

#define CPU_COMPILE_NEVER UINT16_MAX

struct cpu;

enum cpu_power { CPU_OFF, CPU_ON };

/* Where PSCI calls go when the board emulates firmware. */
enum cpu_conduit { CONDUIT_NONE, CONDUIT_HVC, CONDUIT_SMC };

/* How many translations a PE keeps: all that fit, few pages of data, none. Software with correct
 * TLB maintenance does the same. */
enum cpu_tlb { CPU_TLB_NORMAL, CPU_TLB_TINY, CPU_TLB_OFF };

struct cpu_hooks {
    /* SMC or HVC by the configured conduit: x[0..17] in and out. True: handled, false: the
     * instruction has its architectural effect. */
    bool (*firmware_call)(void *opaque, struct cpu *c, uint64_t *x);
    /* HLT #0xF000 when semihosting is on: X0 = operation, X1 = parameter. Returns the new X0. */
    uint64_t (*semihost)(void *opaque, struct cpu *c, uint64_t op, uint64_t param);
    /* When CNTVCT_EL0 reaches a value, as the PE reads it now; the present if it has. For WFxT. */
    tick_t (*counter_tick)(void *opaque, const struct pe_view *v, uint64_t count);
    /* Did the PE's event streams send an event since it last asked? */
    bool (*stream_event)(void *opaque, const struct pe_view *v);
    /* The PE resets itself (RMR_ELx.RR): so must what others keep for it. */
    void (*warm_reset)(void *opaque, const struct pe_view *v);
    /* The EL, security state, HCR_EL2 or SCR_EL3 of the PE changed (for GIC group routing). */
    void (*state_changed)(void *opaque, struct cpu *c, const struct pe_view *v);
    void *opaque;
};

struct cpu_config {
    const char *model; /* "max", "cortex-a57", ... with "feature=on|off" after commas */
    unsigned index;    /* PE number: requester id on the bus */
    uint64_t mpidr;    /* affinity fields only */
    bool has_el2, has_el3;
    enum cpu_conduit conduit;
    bool semihosting;
    uint32_t freq_mhz;          /* instructions a microsecond in functional mode: 1000 */
    uint32_t cntfrq_hz;         /* CNTFRQ_EL0 at reset; 0: the model's */
    uint64_t rng_seed;          /* RNDR and PAuth-independent randomness */
    uint64_t block_cache_bytes; /* memory for decoded blocks; 0: default */
    uint16_t compile_after;     /* runs until a block is compiled, CPU_COMPILE_NEVER; 0: default */
    uint8_t tlb;                /* enum cpu_tlb */
    uint8_t gic_sysregs;        /* ID_AA64PFR0_EL1.GIC: 0 none, 1 GICv3 and GICv4.0, 3 GICv4.1 */
    struct cpu_hooks hooks;
    struct bus *bus;
    struct evq *evq;
    struct sysreg_set sets[4]; /* GIC CPU interface, timers */
    unsigned n_sets;
};

struct cpu *cpu_new(const struct cpu_config *cfg, GError **err);
void cpu_free(struct cpu *c);
/* All PEs of a machine know each other (TLBI broadcast, SEV). */
void cpu_set_peers(struct cpu *c, struct cpu **all, unsigned n);
/* Text list of model names, NULL terminated. */
const char *const *cpu_model_names(void);
/* The counter frequency of a model. */
uint32_t cpu_cntfrq_hz(const struct cpu *c);

/* The section of the PE; between two calls of cpu_run. */
void cpu_snap(struct cpu *c, struct snap *s);
/* Empty what is remembered of translations: TLBs and contexts. */
void cpu_forget_translations(struct cpu *c);

/* Cold reset: off. */
void cpu_reset(struct cpu *c);
/*
 * Power on. el: the EL to start in (0: the highest implemented). With el below the highest, higher
 * ELs are set up as firmware would for direct boot: every enable of every advertised feature.
 * secure: start EL1/EL2 in Secure state.
 */
struct cpu_start {
    uint8_t el;
    bool secure;
    uint64_t pc, x0, x1, x2, x3;
};
void cpu_start(struct cpu *c, const struct cpu_start *s);
void cpu_power_off(struct cpu *c);
enum cpu_power cpu_power_state(const struct cpu *c);

/*
 * Run until virtual time `until` or an earlier stop. CPU_BUDGET: time is up. CPU_WFI, CPU_WFE: the
 * PE waits, and cpu_has_work() is false. CPU_YIELD: it hinted that others should run.
 * CPU_STOPPED: cpu_request_exit was called. CPU_IS_OFF: powered off. CPU_DEBUG: a breakpoint, a
 * watchpoint or a step of cpu_debug.h.
 */
enum cpu_exit { CPU_BUDGET, CPU_WFI, CPU_WFE, CPU_YIELD, CPU_STOPPED, CPU_IS_OFF, CPU_DEBUG };
enum cpu_exit cpu_run(struct cpu *c, tick_t until);
/* The PE's own virtual time: where the last cpu_run stopped. */
tick_t cpu_time(const struct cpu *c);
/* Move a PE that waited to a later time. */
void cpu_set_time(struct cpu *c, tick_t t);
/* A waiting PE: would it continue? Pending wake-up event, WFxT deadline passed, event register. */
bool cpu_has_work(const struct cpu *c);
/* When a waiting PE continues by itself (WFE, WFxT), without regard to the event stream; or
 * TICK_NEVER. */
tick_t cpu_wakeup_time(const struct cpu *c);
/* End the current cpu_run after the current instruction. Callable from hooks and devices. */
void cpu_request_exit(struct cpu *c);
/* End the budget at `when` if that is earlier (a new event was scheduled). */
void cpu_limit_time(struct cpu *c, tick_t when);

/* Interrupt inputs. */
enum cpu_line {
    CPU_LINE_IRQ,
    CPU_LINE_FIQ,
    CPU_LINE_VIRQ,
    CPU_LINE_VFIQ,
    CPU_LINE_SERROR,
    CPU_LINE_NMI,  /* with CPU_LINE_IRQ: it has superpriority */
    CPU_LINE_VNMI, /* with CPU_LINE_VIRQ */
    CPU_LINE_N,
};
struct irq_line cpu_irq_input(struct cpu *c, enum cpu_line l); /* a wire that ends at the PE */
/* A physical SError, taken once. iss: IDS and syndrome, 25 bits. A later one replaces it. */
void cpu_raise_serror(struct cpu *c, uint32_t iss);
void cpu_send_event(struct cpu *c); /* set the event register */
/* Output: overflow interrupt of the performance monitors; the board sets its sink. */
struct irq_line *cpu_pmu_irq(struct cpu *c);

/* ---- for loaders, semihosting, debuggers ---- */
uint64_t cpu_get_x(const struct cpu *c, unsigned n); /* 31: SP */
void cpu_set_x(struct cpu *c, unsigned n, uint64_t v);
uint64_t cpu_get_pc(const struct cpu *c);
void cpu_set_pc(struct cpu *c, uint64_t v);
unsigned cpu_get_el(const struct cpu *c);
uint64_t cpu_insns(const struct cpu *c);
/* Memory as the PE's current EL sees it, without side effects on the PE. False: not mapped. */
bool cpu_mem_read(struct cpu *c, uint64_t va, void *buf, size_t len);
bool cpu_mem_write(struct cpu *c, uint64_t va, const void *buf, size_t len);
/* One line of registers for logs and debug output. */
void cpu_describe(const struct cpu *c, char *buf, size_t len);
/* Forget decoded blocks of a physical range (a loader or debugger wrote there). */
void cpu_invalidate_code(struct cpu *c, pa_t pa, uint64_t len);

#endif
