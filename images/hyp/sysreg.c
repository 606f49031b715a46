/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System registers that trap: the identification of the PE (HCR_EL2.TID3), software generated
 * interrupts (they trap because IMO and FMO are set), deactivation (vgic.c says when), and the
 * physical counter where there is no CNTPOFF_EL2. An identification register that is not in the
 * table reads as zero.
 */
#include "hyp.h"

#define SYSREG(op0, op1, crn, crm, op2)                                                            \
    ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

static unsigned encoding(uint64_t iss)
{
    return SYSREG(FIELD(iss, 20, 2), FIELD(iss, 14, 3), FIELD(iss, 10, 4), FIELD(iss, 1, 4),
                  FIELD(iss, 17, 3));
}

static uint64_t at_most(uint64_t v, unsigned low, uint64_t most)
{
    return FIELD(v, low, 4) <= most ? v & UINT64_C(15) << low : most << low;
}

/* EL0 and EL1 only, FP as it is, a GIC with registers; no EL2, EL3, SVE, RAS ... */
static uint64_t id_aa64pfr0(void)
{
    return 0x11 | (rd(id_aa64pfr0_el1) & 0xff0000) | UINT64_C(1) << 24;
}

/* PARange 40 bits, as VTCR_EL2.PS; 4 KiB granule only. */
static uint64_t id_aa64mmfr0(void)
{
    uint64_t v = rd(id_aa64mmfr0_el1);

    return 2 | (v & 0xf0) | UINT64_C(15) << 24 | at_most(v, 60, 1);
}

static uint64_t id_aa64dfr0(void)
{
    return 6; /* the least there is: no PMU */
}

static uint64_t id_aa64isar0(void)
{
    return rd(id_aa64isar0_el1);
}

static const struct {
    unsigned encoding;
    uint64_t (*read)(void);
} id_registers[] = {
    {SYSREG(3, 0, 0, 4, 0), id_aa64pfr0},
    {SYSREG(3, 0, 0, 5, 0), id_aa64dfr0},
    {SYSREG(3, 0, 0, 6, 0), id_aa64isar0},
    {SYSREG(3, 0, 0, 7, 0), id_aa64mmfr0},
};

static uint64_t id_register(unsigned reg)
{
    for (unsigned i = 0; i < ARRAY_LEN(id_registers); i++) {
        if (id_registers[i].encoding == reg) {
            return id_registers[i].read();
        }
    }
    return 0;
}

bool sysreg_trap(struct vcpu *v, uint64_t iss)
{
    unsigned reg = encoding(iss), rt = FIELD(iss, 5, 5);
    bool read = (iss & 1) != 0;

    if (read && reg >= SYSREG(3, 0, 0, 1, 0) && reg <= SYSREG(3, 0, 0, 7, 7)) {
        vcpu_set_reg(v, rt, id_register(reg));
        return true;
    }
    if (read && reg == SYSREG(3, 3, 14, 0, 1)) { /* CNTPCT_EL0 */
        vcpu_set_reg(v, rt, rd(cntpct_el0) - v->timer.offset);
        return true;
    }
    if (!read && reg == SYSREG(3, 0, 12, 11, 5)) { /* ICC_SGI1R_EL1 */
        vgic_sgi(v, vcpu_reg(v, rt));
        return true;
    }
    if (!read && reg == SYSREG(3, 0, 12, 11, 1)) { /* ICC_DIR_EL1 */
        vgic_dir(v, vcpu_reg(v, rt));
        return true;
    }
    return false;
}
