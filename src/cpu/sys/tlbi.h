/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLB maintenance instructions: what each names, and on which PEs. Arm ARM C5.5; pseudocode
 * AArch64.TLBI_VA and its siblings, TLBIRange. The last-level forms, TTL hints and nXS forms name
 * the same entries as the plain ones: the TLBs hold only complete translations.
 */
#ifndef CPU_SYS_TLBI_H
#define CPU_SYS_TLBI_H

#include <stdbool.h>
#include <stdint.h>

#include "mmu/tlb.h"

struct cpu;

/*
 * enc: SYSREG_ENC of a TLBI (CRn 8, or 9 for nXS) that exists and is permitted here; v: Xt. False:
 * it has no effect (a range with a reserved granule, stage 2 without EL2).
 */
bool tlbi_decode(const struct cpu *c, uint16_t enc, uint64_t v, struct tlb_inval *out);
/* The same operation on every PE of the shareability domain. */
bool tlbi_broadcasts(const struct cpu *c, uint16_t enc);
/* Decode and do it. */
void tlbi_execute(struct cpu *c, uint16_t enc, uint64_t v);

/* ---- the engine's part ---- */
/* Remove what op names from the TLBs of one PE: see engine/context.h. */
void cpu_tlb_invalidate(struct cpu *c, const struct tlb_inval *op);

#endif
