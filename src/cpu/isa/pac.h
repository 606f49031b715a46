/* SPDX-License-Identifier: Apache-2.0 */
/* Pointer authentication: FEAT_PAuth, PAuth2, FPAC, FPACCOMBINE, PACIMP, PACQARMA3, PACQARMA5. */
#ifndef CPU_ISA_PAC_H
#define CPU_ISA_PAC_H

#include "cpu/isa/emit.h"

enum pac_key { PAC_IA, PAC_IB, PAC_DA, PAC_DB, PAC_GA };

bool pac_emit_hint(struct emit *e);
bool pac_emit_xpaclri(struct emit *e);

/*
 * AuthIA and the others: *ptr becomes the stripped pointer when the code is right, and a
 * non-canonical one when it is wrong; with FPAC (combined: FPACCOMBINE) an exception is taken
 * instead and the result is false. c->pc is at the instruction.
 */
bool pac_auth(struct cpu *c, enum pac_key key, uint64_t *ptr, uint64_t modifier, bool combined);
/* Is authentication with this key on at the current EL (SCTLR_ELx.EnIA ...)? */
bool pac_enabled(const struct cpu *c, enum pac_key key);
/* HCR_EL2.API and SCR_EL3.API: target of the trap, or 0. */
bool pac_trap(struct cpu *c);

#endif
