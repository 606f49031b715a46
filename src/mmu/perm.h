/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access permissions of a stage as six bits, and what an access needs of them. Pure.
 * Arm DDI 0487, D8.4 "Memory access control"; pseudocode AArch64.S1ComputePermissions,
 * S2ComputePermissions, S1CheckPermissions.
 */
#ifndef MMU_PERM_H
#define MMU_PERM_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PERM_PR = 1 << 0, /* privileged: read, write, execute */
    PERM_PW = 1 << 1,
    PERM_PX = 1 << 2,
    PERM_UR = 1 << 3, /* EL0 */
    PERM_UW = 1 << 4,
    PERM_UX = 1 << 5,
    PERM_PAN = 1 << 6, /* PSTATE.PAN denies privileged data accesses (FEAT_PAN) */
    PERM_MW = 1 << 7,  /* stage 2: hardware updates stage 1 descriptors (MMUWrite) */

    PERM_R = PERM_PR | PERM_UR,
    PERM_W = PERM_PW | PERM_UW,
    PERM_X = PERM_PX | PERM_UX,
    PERM_ALL = PERM_R | PERM_W | PERM_X,
};

/* What a stage permits: what both parts do. Permission overlays have faults of their own. */
struct perms {
    uint8_t base;    /* PERM_* */
    uint8_t overlay; /* without PERM_PAN; all ones where there is no overlay */
};

static inline uint8_t perms_both(struct perms p)
{
    return p.base & (p.overlay | PERM_PAN);
}

/* Attributes of the tables passed and of the leaf, stage 1. */
struct perm_s1 {
    uint64_t desc;   /* block or page descriptor */
    uint64_t tables; /* OR of the table descriptors; 0 with TCR.HPD */
    bool el0;        /* two privileges: EL1&0, EL2&0 */
    bool nv1;        /* HCR_EL2.{NV,NV1} = {1,1} */
    bool dirty;      /* write permission as if AP[2] were clear (hardware dirty state) */
    bool wxn, epan;
    bool pie;            /* indirect permissions: all of the above but desc and el0 is ignored */
    bool poe, e0poe;     /* overlays of the privileged, of EL0 */
    uint64_t pir, pire0; /* PIR_ELx, PIRE0_ELx */
    uint64_t por, por_el0;
};
struct perms perm_stage1(const struct perm_s1 *s);

struct perm_s2 {
    uint64_t desc; /* block or page descriptor */
    bool xnx;      /* XN[1:0] */
    bool dirty;    /* as if S2AP[1] were set */
    bool pie;      /* indirect permissions: xnx and dirty are ignored */
    bool poe;      /* with an overlay */
    uint64_t pir;  /* S2PIR_EL2 */
    uint64_t por;  /* S2POR_EL1 */
};
struct perms perm_stage2(const struct perm_s2 *s);

enum xlat_access {
    ACC_READ,
    ACC_WRITE,
    ACC_RMW,   /* read and write: LSE atomics */
    ACC_FETCH, /* instruction */
    ACC_CMO,   /* cache maintenance other than DC IVAC: EL0 needs to read, others nothing */
    ACC_CMO_W, /* ... DC CIVAC, IC IVAU: the same, but see FEAT_CMOW */
    ACC_ANY,   /* AT S1E1A and friends, debuggers: no permission needed */
};

enum perm_verdict { PERM_OK, PERM_NO_READ, PERM_NO_WRITE, PERM_NO_EXEC };
/* What perm lacks for an access; PAN is the caller's, by perm_with_pan. */
enum perm_verdict perm_check(uint8_t perm, enum xlat_access acc, bool el0);

/* perm as it is while PSTATE.PAN is set. */
static inline uint8_t perm_with_pan(uint8_t perm)
{
    return perm & PERM_PAN ? perm & (uint8_t)~(PERM_PR | PERM_PW) : perm;
}

#endif
