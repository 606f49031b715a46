/* SPDX-License-Identifier: Apache-2.0 */
/* The software step state machine of the guest: Arm ARM D2.10. */
#ifndef CPU_DEBUG_STEP_H
#define CPU_DEBUG_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu/debug/selfhosted.h"

#include "cpu/cpu_internal.h"

/* Software step is active: the run loop goes one instruction at a time, or has to take the
 * exception (PSTATE.SS = 0: active-pending). */
bool step_is_enabled(const struct cpu *c);
static inline bool step_active(const struct cpu *c)
{
    return UNLIKELY(c->sr[SR_MDSCR_EL1] & MDSCR_SS) && step_is_enabled(c);
}
/* The Software Step exception. stepped: after an instruction, whose word is insn. */
void step_take(struct cpu *c, bool stepped, uint32_t insn);
/* An instruction that may end without being complete: it is not stepped over before it is. */
bool step_insn_restarts(uint32_t insn);

/* What PSTATE.SS becomes by an exception return to el (DebugExceptionReturnSS), before it. */
bool step_after_return(const struct cpu *c, uint64_t spsr, unsigned el);
/* PSTATE.D or MDSCR_EL1 changed: the run loop must look. */
void step_recheck(struct cpu *c);

#endif
