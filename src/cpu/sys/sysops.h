/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System instructions (SYS and SYSL): cache maintenance, address translation, TLB maintenance,
 * prediction restriction. sysops.def says which exist and which controls trap them; the effects are
 * elsewhere: TLBI in sys/tlbi.h, AT in sys/at.h, caches in the engine.
 */
#ifndef CPU_SYS_SYSOPS_H
#define CPU_SYS_SYSOPS_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;

/*
 * SYS op1,CRn,CRm,op2,Xt and SYSL (bit 21 of insn): insn is the instruction word, c->pc is at it.
 * rt as in the instruction: 31 is XZR. Nothing is allocated for SYSL. False: an exception was
 * taken.
 */
bool sys_insn(struct cpu *c, uint32_t insn, unsigned rt);

/* What a DC by address does, for its permission check and syndrome. */
enum dc_kind {
    DC_INVALIDATE, /* IVAC: needs write permission, or acts as CIVAC (HCR_EL2.VM) */
    DC_CLEAN,      /* CVAC, CVAU, CVAP, CVADP */
    DC_CLEAN_INVALIDATE,
};

/* DC by address that EL0 may be allowed, and how they are told apart: DC ZVA, CVAC, ..., CIVAC. */
enum { CRM_ZVA = 4, CRM_CVAC = 10, CRM_CIVAC = 14 };
bool sysop_is_plain_dc(uint16_t enc);

#define ZVA_BYTES 64U /* of DC ZVA: DCZID_EL0.BS = 4 */

/* ---- the engine's part ---- */
/* IC IVAU. False: an exception was taken (the address does not translate). */
bool cpu_ic_ivau(struct cpu *c, uint64_t va);
/* IC IALLU; broadcast: of all PEs. */
void cpu_ic_iallu(struct cpu *c, bool broadcast);
/* DC ZVA of the block that holds va. False: an exception was taken. */
bool cpu_dc_zva(struct cpu *c, uint64_t va);
/* DC by VA: translates and checks permission. False: an exception was taken. */
bool cpu_dc_va(struct cpu *c, uint64_t va, enum dc_kind kind);

#endif
