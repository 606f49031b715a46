/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The generic timers of all PEs: a system counter that follows simulated time, and seven timers a
 * PE, reached through system registers. Arm DDI 0487, chapter D12 "The Generic Timer in AArch64
 * state".
 *
 * Pins: one line a timer, high while its condition is met and not masked.
 */
#ifndef DEVICES_GTIMER_H
#define DEVICES_GTIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "core/evq.h"
#include "core/irq.h"
#include "core/snapshot.h"
#include "core/sysreg.h"
#include "core/trace.h"

enum gtimer_id {
    GTIMER_PHYS,        /* CNTP:   EL1 physical, PPI 30 */
    GTIMER_VIRT,        /* CNTV:   EL1 virtual, PPI 27 */
    GTIMER_HYP,         /* CNTHP:  Non-secure EL2 physical, PPI 26 */
    GTIMER_SEC,         /* CNTPS:  EL3 (or Secure EL1) physical, PPI 29 */
    GTIMER_HYPVIRT,     /* CNTHV:  Non-secure EL2 virtual, PPI 28 */
    GTIMER_SEC_HYP,     /* CNTHPS: Secure EL2 physical, PPI 20 */
    GTIMER_SEC_HYPVIRT, /* CNTHVS: Secure EL2 virtual, PPI 19 */
    GTIMER_N,
};

struct gtimer_cfg {
    unsigned n_pe;
    uint64_t freq_hz;   /* 1 to 10^12; CNTFRQ_EL0 at reset */
    bool el2;           /* CPU has EL2 */
    bool vhe;           /* FEAT_VHE: CNTHV and the _EL02 names */
    bool sel2;          /* FEAT_SEL2: CNTHPS, CNTHVS */
    bool ecv, ecv_poff; /* FEAT_ECV, FEAT_ECV_POFF */
};

struct gtimer;

struct gtimer *gtimer_new(const struct gtimer_cfg *cfg, struct evq *q, GError **err) NODISCARD;
void gtimer_reset(struct gtimer *t);
void gtimer_snap(struct gtimer *t, struct snap *s);
void gtimer_free(struct gtimer *t);

/* Where what happens at a PE's timers is recorded; NULL: nowhere. */
void gtimer_set_trace(struct gtimer *t, unsigned pe, const struct trace_port *port);

/* The output of a timer: the board fills in sink, opaque and n. */
struct irq_line *gtimer_output(struct gtimer *t, unsigned pe, enum gtimer_id id);

/*
 * CNT* of a PE, for the CPU. The tables do their own E2H redirection and _EL02 names.
 * At EL1 under HCR_EL2.{NV,NV2} a CPU asks the check hook of a _EL02 register before it redirects
 * the access to memory: it answers SR_TRAP_EL2 for CNTHCTL_EL2.{EL1NVPCT,EL1NVVCT}.
 */
struct sysreg_set gtimer_sysregs(struct gtimer *t, unsigned pe);

/*
 * HCR_EL2.{E2H,TGE}, SCR_EL3 or the Security state of the PE changed: event streams depend on them
 * and, with FEAT_ECV_POFF, the offset of CNTP.
 */
void gtimer_pe_state_changed(struct gtimer *t, unsigned pe, const struct pe_view *v);

/* CNTPCT without offset, now: never less than a PE has read. */
uint64_t gtimer_count(const struct gtimer *t);
/* First tick at which that counter is at least n; TICK_NEVER beyond the end of time. */
tick_t gtimer_tick_of_count(const struct gtimer *t, uint64_t n);
/* CNTVCT_EL0 as the PE sees it now, and the tick at which it reaches a value (WFET, WFIT): now if
 * it already has. */
uint64_t gtimer_cntvct(const struct gtimer *t, unsigned pe, const struct pe_view *v);
tick_t gtimer_tick_of_cntvct(const struct gtimer *t, unsigned pe, const struct pe_view *v,
                             uint64_t n);

/* The next event of the PE's event streams (WFE), strictly after now; TICK_NEVER: none runs. */
tick_t gtimer_next_event(const struct gtimer *t, unsigned pe, const struct pe_view *v);

/* Was there an event of these streams since the last call? */
bool gtimer_take_event(struct gtimer *t, unsigned pe, const struct pe_view *v);

#endif
