/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Self-hosted debug registers (Arm ARM D2, D24.3): storage, the OS Lock and claim tags. What they
 * do is in debug/. There is no external debugger in the architecture's sense.
 */
#include "cpu/debug/debug.h"
#include "cpu/debug/selfhosted.h"
#include "cpu/sys/sysreg_table.h"

#define OSLSR_OSLK BIT(1)

/* SS, TDCC, KDE, MDE; then what software may change only with the OS Lock on: ERR, HDE, SC2, TDA,
 * INTdis, TXU, RXO, TXfull, RXfull, TFO. */
#define MDSCR_RW (MDSCR_SS | BIT(12) | MDSCR_KDE | MDSCR_MDE)
#define MDSCR_LOCKED                                                                               \
    (BIT(6) | BIT(14) | BIT(19) | BIT(21) | BIT(22) | BIT(23) | BIT(26) | BIT(27) | BIT(29) |      \
     BIT(30))

static bool os_locked(const struct cpu *c)
{
    return (c->sr[SR_OSLSR_EL1] & OSLSR_OSLK) != 0;
}

/* DBGBVR, DBGBCR, DBGWVR, DBGWCR, OSDLR, DBGPRCR. */
void sr_wr_debug(struct cpu *c, enum sr_id id, uint64_t v)
{
    uint64_t old = c->sr[id];
    sr_store(c, id, v);
    if (c->sr[id] != old) {
        debug_registers_changed(c);
    }
}

void sr_wr_mdscr(struct cpu *c, enum sr_id id, uint64_t v)
{
    uint64_t mask = MDSCR_RW | (os_locked(c) ? MDSCR_LOCKED : 0);
    sr_wr_debug(c, id, (c->sr[id] & ~mask) | (v & mask));
}

void sr_wr_oslar(struct cpu *c, enum sr_id id, uint64_t v)
{
    uint64_t old = c->sr[SR_OSLSR_EL1];
    c->sr[SR_OSLSR_EL1] = bit(v, 0) ? old | OSLSR_OSLK : old & ~OSLSR_OSLK;
    debug_registers_changed(c);
}

/* The external debugger's exception catch control, which only an OS save sequence may write. */
void sr_wr_oseccr(struct cpu *c, enum sr_id id, uint64_t v)
{
    if (os_locked(c)) {
        sr_store(c, id, v);
    }
}

/* Claim tags: eight bits, kept in DBGCLAIMCLR. SET reads as which tags exist. */
uint64_t sr_rd_dbgclaim(struct cpu *c, enum sr_id id)
{
    return id == SR_DBGCLAIMSET_EL1 ? 0xff : c->sr[SR_DBGCLAIMCLR_EL1];
}

void sr_wr_dbgclaim(struct cpu *c, enum sr_id id, uint64_t v)
{
    uint64_t old = c->sr[SR_DBGCLAIMCLR_EL1];
    sr_store(c, SR_DBGCLAIMCLR_EL1, id == SR_DBGCLAIMSET_EL1 ? old | v : old & ~v);
}
