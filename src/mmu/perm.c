/* SPDX-License-Identifier: Apache-2.0 */
#include "mmu/perm.h"

#include "base/bits.h"
#include "mmu/pte.h"

static uint8_t perm_one_privilege(const struct perm_s1 *s, bool read_only)
{
    bool xn = (s->desc & PTE_UXN) || (s->tables & PTE_UXN_TABLE) || (!read_only && s->wxn);
    return (uint8_t)(PERM_R | (read_only ? 0 : PERM_W) | (xn ? 0 : PERM_X));
}

uint8_t perm_stage1(const struct perm_s1 *s)
{
    bool read_only = ((s->desc & PTE_AP2) && !s->dirty) || (s->tables & PTE_AP2_TABLE);
    if (!s->el0) {
        return perm_one_privilege(s, read_only);
    }
    bool user = (s->desc & PTE_AP1) && !(s->tables & PTE_AP1_TABLE);
    bool uxn = (s->desc & PTE_UXN) || (s->tables & PTE_UXN_TABLE);
    bool pxn = (s->desc & PTE_PXN) || (s->tables & PTE_PXN_TABLE);
    if (s->nv1) {
        /* As at EL2: no AP[1], and XN, here PXN, is where UXN is otherwise. */
        user = false;
        pxn = uxn;
        uxn = false;
    }
    bool user_w = user && !read_only;
    /* What EL0 can write, EL1 does not execute. */
    bool px = !(pxn || user_w || (!read_only && s->wxn));
    bool ux = !(uxn || (user_w && s->wxn));
    bool pan = (user || (s->epan && ux)) && !s->nv1; /* PSTATE.PAN counts as 0 */
    return (uint8_t)(PERM_PR | (read_only ? 0 : PERM_PW) | (px ? PERM_PX : 0) |
                     (user ? PERM_UR : 0) | (user_w ? PERM_UW : 0) | (ux ? PERM_UX : 0) |
                     (pan ? PERM_PAN : 0));
}

uint8_t perm_stage2(uint64_t desc, bool xnx, bool dirty)
{
    static const uint8_t exec[4] = {PERM_X, PERM_UX, 0, PERM_PX}; /* by XN[1:0] */
    unsigned xn = (unsigned)extract64(desc, 53, 2);
    if (!xnx) {
        xn &= 2; /* XN[0] is RES0 */
    }
    bool w = (desc & PTE_S2_W) || dirty;
    return (uint8_t)(exec[xn] | (desc & PTE_S2_R ? PERM_R : 0) | (w ? PERM_W : 0));
}

enum perm_verdict perm_check(uint8_t perm, enum xlat_access acc, bool el0)
{
    unsigned r = el0 ? PERM_UR : PERM_PR;
    unsigned w = el0 ? PERM_UW : PERM_PW;
    unsigned x = el0 ? PERM_UX : PERM_PX;
    switch (acc) {
    case ACC_READ:
        return perm & r ? PERM_OK : PERM_NO_READ;
    case ACC_WRITE:
        return perm & w ? PERM_OK : PERM_NO_WRITE;
    case ACC_RMW:
        return !(perm & r) ? PERM_NO_READ : !(perm & w) ? PERM_NO_WRITE : PERM_OK;
    case ACC_FETCH:
        return perm & x ? PERM_OK : PERM_NO_EXEC;
    case ACC_CMO:
    case ACC_CMO_W:
        return el0 && !(perm & r) ? PERM_NO_READ : PERM_OK;
    default:
        return PERM_OK;
    }
}
