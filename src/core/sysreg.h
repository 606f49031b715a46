/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System registers that are not the CPU's own: the GIC CPU interface and the generic timers hand
 * the CPU a table of these. The CPU does the architecture's checks that are common to all system
 * registers (does the encoding exist at this EL, is it trapped by a CPU control); `check` adds the
 * owner's own (ICC_SRE_ELx.SRE, ICH_HCR_EL2.TC, ...).
 */
#ifndef CORE_SYSREG_H
#define CORE_SYSREG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/bus.h"

/* op0:op1:CRn:CRm:op2 as in MSR/MRS, instruction bits [20:5]; op0 is 2 or 3. */
#define SYSREG_ENC(op0, op1, crn, crm, op2)                                                        \
    ((uint16_t)(((op0) << 14) | ((op1) << 11) | ((crn) << 7) | ((crm) << 3) | (op2)))

/* What a register's owner may know of the PE that accesses it. Values are effective ones. */
struct pe_view {
    unsigned pe;      /* PE number */
    uint8_t el;       /* current EL, 0 to 3 */
    bool el2_enabled; /* EL2Enabled(): implemented, and Non-secure or Secure EL2 on */
    bool el3;         /* EL3 is implemented */
    bool nmi;         /* SCTLR_ELx.NMI of the current EL */
    bool debug;       /* a debugger asks: reading changes nothing for the guest */
    uint8_t pas;      /* security state of the PE: PAS_NS or PAS_S */
    uint64_t hcr_el2; /* effective: TGE and E2H folded in (IMO/FMO/AMO read 1 with TGE) */
    uint64_t scr_el3; /* without EL3: NS=1 etc. as the manual gives the effective value */
};

enum sr_verdict { SR_OK, SR_UNDEF, SR_TRAP_EL1, SR_TRAP_EL2, SR_TRAP_EL3 };

struct sysreg {
    const char *name;
    uint16_t enc;
    uint8_t el_r, el_w; /* lowest EL that may read, write; 4 = never */
    uint16_t sub;       /* for the owner: bank, index */
    /* NULL: no checks of the owner's. */
    enum sr_verdict (*check)(void *owner, const struct pe_view *v, const struct sysreg *r,
                             bool write);
    uint64_t (*read)(void *owner, const struct pe_view *v, const struct sysreg *r);
    void (*write)(void *owner, const struct pe_view *v, const struct sysreg *r, uint64_t val);
};

struct sysreg_set {
    const struct sysreg *regs;
    size_t n;
    void *owner; /* handed to the hooks: one per PE */
};

#endif
