/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system register file of a PE: storage, lookup by encoding, and MRS/MSR with every check that
 * the architecture wants. sysregs.def is the table.
 */
#ifndef CPU_SYS_SYSREG_FILE_H
#define CPU_SYS_SYSREG_FILE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/sysreg.h"

struct cpu;
struct sysreg_index;

/* Registers with storage in struct cpu: index of c->sr. */
enum sr_id {
#define SR(name, op0, op1, crn, crm, op2, r, w, feat, traps, fgt, vncr, flags, wmask, res1, rd,    \
           wr)                                                                                     \
    SR_##name,
#define SR12(name, crn, crm, op2, target)
#include "cpu/sys/sysregs.def"
#undef SR
#undef SR12
    SR_COUNT,
};

/* What a write may have changed; the engine implements cpu_context_changed. */
enum cpu_context_bits {
    CTX_MMU = 1 << 0,       /* translation: TTBR, TCR, SCTLR.M, HCR, VTTBR, MAIR, ... */
    CTX_TRAPS = 1 << 1,     /* what EL0 and EL1 may do: sr_ok of EL0 and EL1, decode mode */
    CTX_TRAPS_EL2 = 1 << 2, /* what EL2 and EL3 may do, or how (E2H) */
    CTX_IRQ = 1 << 3,       /* masking or routing of interrupts and SError */
    CTX_LOWER = 1 << 4,     /* with the others: nothing changed for the current EL, only below it */
};
void cpu_context_changed(struct cpu *c, unsigned what);

/* Read the model and its properties (c->cfg.model) into c->feat, and build c->sysregs. */
bool cpu_configure(struct cpu *c, GError **err);
void cpu_unconfigure(struct cpu *c);

/* Reset values of every register (c->ps and general registers are the caller's). */
void sysreg_reset(struct cpu *c, bool cold); /* else warm: the debug domain keeps its state */
/* What firmware does before it enters el: every enable of every feature in the registers of the
 * ELs above (Linux Documentation/arch/arm64/booting.rst). secure: as for cpu_start. */
void sysreg_setup_direct_boot(struct cpu *c, unsigned el, bool secure);

/*
 * MRS and MSR (register). c->pc is at the instruction; rt is only for the syndrome. False: an
 * exception was taken and c->pc is its vector.
 */
bool sysreg_read(struct cpu *c, uint16_t enc, unsigned rt, uint64_t *out);
bool sysreg_write(struct cpu *c, uint16_t enc, unsigned rt, uint64_t v);

/* MSR (immediate): op1, op2 and CRm of the instruction. False: an exception was taken. */
bool sysreg_write_pstate(struct cpu *c, unsigned op1, unsigned op2, unsigned crm);

/*
 * For decoding: the register whose storage an access at the current EL and HCR_EL2.E2H may use
 * directly while sr_ok_r/sr_ok_w[el][id] equals sr_gen; -1: always through sysreg_read/write.
 * A block that keeps the answer must be keyed by EL and E2H. sr_ok is set by a successful
 * sysreg_read/write, under the id that this function returns.
 */
int sysreg_plain_id(const struct cpu *c, uint16_t enc);

/*
 * For decoding: registers outside c->sr that no control traps in the current mode (EL, PSTATE.SP,
 * FP trap: all part of the block's key). MRS may read the field at once; MSR too for SP_EL0 and
 * NZCV, the others need sysreg_write.
 */
enum sr_direct {
    SR_DIRECT_NONE,
    SR_DIRECT_SP_EL0, /* c->sp_el[0] */
    SR_DIRECT_NZCV,   /* cpu_nzcv, cpu_set_nzcv */
    SR_DIRECT_DAIF,   /* c->ps.daif << 6 */
    SR_DIRECT_FPCR,   /* c->fp.fpcr */
    SR_DIRECT_FPSR,   /* c->fp.fpsr */
};
enum sr_direct sysreg_direct(const struct cpu *c, uint16_t enc);

/*
 * Without checks, redirection or traps, for the debugger, traces and loaders: as the register's
 * owner EL sees it. False: no such register.
 */
bool sysreg_peek(struct cpu *c, uint16_t enc, uint64_t *out);
bool sysreg_poke(struct cpu *c, uint16_t enc, uint64_t v);
/* Name of an encoding that this PE has (registers; with op0 = 1 system instructions), or NULL. */
const char *sysreg_name(const struct cpu *c, uint16_t enc);
/* The register in c->sr with this encoding (op1 = 5 names: the EL1 register), or -1. */
int sysreg_lookup(const struct cpu *c, uint16_t enc);

/* The bits of a register that can be written on this PE. */
uint64_t sysreg_wmask(const struct cpu *c, enum sr_id id);

#endif
