/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What external debuggers need of a PE: stops, steps, and its whole state.
 *
 * Nothing here is visible to the guest or costs a run without breakpoints anything. Breakpoints and
 * watchpoints are virtual addresses as the PE uses them now: at any EL, in any VM, with the MMU on
 * or off; address tags count as TBI says. They belong to one PE each. The guest's own debug
 * registers work independently (docs/cpu.md).
 *
 * All functions are for use between two calls of cpu_run.
 */
#ifndef CPU_CPU_DEBUG_H
#define CPU_CPU_DEBUG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "core/bus.h"

struct cpu;

/* ---- stops: cpu_run returns CPU_DEBUG ---- */

/*
 * Both stop in front of the instruction: pc is its address, nothing of it has happened (but LD1 to
 * LD4 may have loaded some registers, CPY and SET may have got as far as va), it is not counted.
 * (That is what gdb expects of AArch64: it takes the watchpoint away, steps, and compares the
 * value.) For CPU_STOP_WATCH va is the first watched byte that the access would touch, size and
 * write are those of the access. CPU_STOP_STEP: the step is done, pc is the next instruction.
 *
 * Running on from any of the stops passes a breakpoint at pc, once, and from CPU_STOP_WATCH the
 * instruction's watchpoints, too: to go on after a stop, just run. If the debugger changes the PC,
 * that address stops.
 */
struct cpu_stop {
    enum { CPU_STOP_BREAK, CPU_STOP_WATCH, CPU_STOP_STEP, CPU_STOP_GOAL } why;
    uint64_t pc;
    uint64_t va;
    unsigned size;
    bool write;
};
/* Valid after CPU_DEBUG. */
const struct cpu_stop *cpu_stop_reason(const struct cpu *c);

/* A set: adding twice is adding once. */
void cpu_break_add(struct cpu *c, uint64_t va);
void cpu_break_remove(struct cpu *c, uint64_t va);
/* len > 0 bytes. Each of several watchpoints with the same range is removed by its own directions.
 * Loads, stores, atomics, exclusives, SIMD, DC ZVA; not walks, cache maintenance or prefetches. */
void cpu_watch_add(struct cpu *c, uint64_t va, uint64_t len, bool on_read, bool on_write);
void cpu_watch_remove(struct cpu *c, uint64_t va, uint64_t len, bool on_read, bool on_write);
void cpu_debug_clear(struct cpu *c); /* all breakpoints, watchpoints and a pending step */

/*
 * The next instruction that cpu_run executes is the last one of that run. An instruction that takes
 * an exception counts as one. irqs: interrupts are taken as usual, and taking one is the step;
 * otherwise they wait until it is done (QEMU's SSTEP_NOIRQ). A PE that waits or is off has nothing
 * to step: the request stays until it has, or until cpu_debug_clear or cpu_step_cancel.
 */
void cpu_step_once(struct cpu *c, bool irqs);
void cpu_step_cancel(struct cpu *c);
/* The same with interrupts as they come: one that is taken belongs to the step. */
void cpu_step_counted(struct cpu *c);
/* Is one of these still to come? */
bool cpu_step_is_pending(const struct cpu *c);
/* Did an interrupt wait for the last instruction, because it was stepped? */
bool cpu_step_held_irq(const struct cpu *c);

/* End a run when the PE has executed that many instructions since its creation (cpu_insns): after
 * the last of them, before anything else. UINT64_MAX: never. Stays until it is set again. */
void cpu_stop_at(struct cpu *c, uint64_t insns);
/* Nothing is passed when the PE runs on: its state is another one than at the last stop. */
void cpu_stop_forget(struct cpu *c);

/* ---- registers that cpu.h does not have ---- */

/* d[0]: bits 63:0 */
void cpu_get_v(const struct cpu *c, unsigned n, uint64_t d[2]);
void cpu_set_v(struct cpu *c, unsigned n, const uint64_t d[2]);
/* PSTATE in the layout of SPSR_ELx. Setting takes over NZCV, DAIF and what else the PE has; EL and
 * SP change only to what an exception return could select from EL3. */
uint64_t cpu_get_pstate(const struct cpu *c);
void cpu_set_pstate(struct cpu *c, uint64_t v);
uint64_t cpu_get_fpcr(const struct cpu *c);
void cpu_set_fpcr(struct cpu *c, uint64_t v);
uint64_t cpu_get_fpsr(const struct cpu *c);
void cpu_set_fpsr(struct cpu *c, uint64_t v);

/*
 * System registers of this PE, those of the GIC CPU interface and the timers included, in a fixed
 * order. name: NULL where this PE lacks register i. enc: SYSREG_ENC of core/sysreg.h. writable: a
 * write can change something.
 */
struct cpu_sysreg {
    const char *name;
    uint16_t enc;
    bool readable, writable;
};
bool cpu_sysreg_at(const struct cpu *c, unsigned i, struct cpu_sysreg *out); /* false: no more */
/* By encoding, without traps, redirection or side effects of a read. False: no such register, or
 * reading it does something (ICC_IAR1_EL1). Writes keep to what the register can hold. */
bool cpu_sysreg_get(struct cpu *c, uint16_t enc, uint64_t *out);
bool cpu_sysreg_set(struct cpu *c, uint16_t enc, uint64_t v);

/* ---- translations ---- */

/* One descriptor that a walk read. */
struct cpu_walk_step {
    uint8_t stage; /* 1 or 2 */
    int8_t level;
    uint8_t pas; /* enum pas: where it is */
    pa_t at;
    uint64_t descriptor;
};
#define CPU_WALK_MAX_STEPS 32
struct cpu_walk {
    bool ok;
    unsigned n;
    struct cpu_walk_step step[CPU_WALK_MAX_STEPS];
    /* ok: */
    pa_t pa;
    uint64_t ipa;
    uint8_t pas;       /* enum pas of pa */
    uint8_t size_log2; /* of the block */
    uint8_t perm;      /* PERM_* of mmu/perm.h */
    uint8_t mair, sh;  /* as PAR_EL1 has them */
    /* not ok: */
    uint8_t fault_stage;
    uint8_t fault_status; /* as ESR_ELx.DFSC has it */
};
/* Translate as data accesses of EL el (0 to 3) do with the registers as they are, without side
 * effects and with any permission. el may differ from the current EL. */
bool cpu_walk(struct cpu *c, unsigned el, uint64_t va, struct cpu_walk *out);
/*
 * The translation contexts that the PE's TLB knows: those in use lately, of all regimes, processes
 * and VMs.
 */
struct cpu_context {
    uint16_t number; /* 0: retired by maintenance */
    uint8_t regime;  /* enum regime of mmu/regime.h */
    uint8_t pas;
    bool el0, current;
    bool shared; /* by all ASIDs: only global translations */
    bool s1, s2; /* stages that are on */
    uint16_t asid, vmid;
    uint64_t ttbr[2], vttbr;
};
bool cpu_context_at(const struct cpu *c, unsigned i, struct cpu_context *out); /* false: no more */
/* cpu_walk in context i, or in EL1&0 as the registers have it now. ipa: stage 2 only. */
#define CPU_CONTEXT_EL1 UINT32_MAX
bool cpu_walk_context(struct cpu *c, unsigned i, bool ipa, uint64_t addr, struct cpu_walk *out);
/* Bits of a pointer that hold its authentication code and tag, at the current EL. upper: of the
 * half of the address space where bit 55 is 1. */
uint64_t cpu_pac_mask(const struct cpu *c, bool upper, bool insn);
/* Memory as `el` sees it; cpu_mem_read and cpu_mem_write do it for the current EL. Writing code is
 * fine: it is decoded again. */
bool cpu_mem_read_el(struct cpu *c, unsigned el, uint64_t va, void *buf, size_t len);
bool cpu_mem_write_el(struct cpu *c, unsigned el, uint64_t va, const void *buf, size_t len);

#endif
