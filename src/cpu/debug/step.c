/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/debug/step.h"

#include "cpu/sys/exc.h"

#define ISS_DEBUG 0x22
#define ISS_EX    BIT(6)
#define ISS_ISV   BIT(24)

bool step_is_enabled(const struct cpu *c)
{
    return selfhosted_enabled_from(c, c->ps.el, bit(c->ps.daif, 3));
}

/* LDXR, LDAXR, LDXP, LDAXP. */
static bool is_load_exclusive(uint32_t insn)
{
    return (insn & 0x3fc00000) == 0x08400000;
}

bool step_insn_restarts(uint32_t insn)
{
    return (insn & 0x3b200c00) == 0x19000400; /* CPY*, SET* */
}

void step_take(struct cpu *c, bool stepped, uint32_t insn)
{
    uint64_t iss = ISS_DEBUG;
    if (stepped) {
        iss |= ISS_ISV | (is_load_exclusive(insn) ? ISS_EX : 0);
    }
    exc_take_debug(c, EC_STEP_LOWER, iss);
}

bool step_after_return(const struct cpu *c, uint64_t spsr, unsigned el)
{
    return (c->sr[SR_MDSCR_EL1] & MDSCR_SS) && bit(spsr, 21) &&
           !selfhosted_enabled_from(c, c->ps.el, bit(c->ps.daif, 3)) &&
           selfhosted_enabled_from(c, el, bit(spsr, 9));
}

void step_recheck(struct cpu *c)
{
    if (UNLIKELY(c->sr[SR_MDSCR_EL1] & MDSCR_SS)) {
        c->exit_flags |= EXIT_CONTEXT;
    }
}
