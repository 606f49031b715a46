/* SPDX-License-Identifier: Apache-2.0 */
#include "mmu/perm.h"

#include "base/bits.h"
#include "mmu/pte.h"

/* Permissions of one privilege, where those of the privileged are. */
enum {
    R = PERM_PR,
    W = PERM_PW,
    X = PERM_PX,
    GCS = 1 << 3, /* FEAT_GCS: counts in what excludes what */
    RWX = R | W | X,
    EL0_SHIFT = 3,
};

struct privilege {
    uint8_t base;
    bool wxn;       /* PrivWXN, UnprivWXN */
    bool overlayed; /* by the overlay, if that is on */
};

/* Base permissions of stage 1. */
struct s1_base {
    struct privilege priv, user;
    bool pan;
};

/* ---- direct permissions ---- */

static struct privilege direct(bool r, bool w, bool x, bool wxn)
{
    return (struct privilege){
        .base = (uint8_t)((r ? R : 0) | (w ? W : 0) | (x ? X : 0)),
        .wxn = wxn && w && x,
        .overlayed = true,
    };
}

/* AArch64.S1DirectBasePermissions. */
static struct s1_base s1_direct(const struct perm_s1 *s)
{
    bool w = (!(s->desc & PTE_AP2) || s->dirty) && !(s->tables & PTE_AP2_TABLE);
    bool uxn = (s->desc & PTE_UXN) || (s->tables & PTE_UXN_TABLE);
    if (!s->el0) {
        return (struct s1_base){.priv = direct(true, w, !uxn, s->wxn)};
    }
    bool user = (s->desc & PTE_AP1) && !(s->tables & PTE_AP1_TABLE);
    bool pxn = (s->desc & PTE_PXN) || (s->tables & PTE_PXN_TABLE);
    if (s->nv1) {
        /* As at EL2: no AP[1], and XN, here PXN, is where UXN is otherwise. */
        user = false;
        pxn = uxn;
        uxn = false;
    }
    /* What EL0 can write, EL1 does not execute. PSTATE.PAN counts as 0 with NV1. */
    return (struct s1_base){
        .priv = direct(true, w, !pxn && !(user && w), s->wxn),
        .user = direct(user, user && w, !uxn, s->wxn),
        .pan = (user || (s->epan && !uxn)) && !s->nv1,
    };
}

/* ---- indirect permissions ---- */

static struct privilege indirect(uint64_t pir, unsigned index)
{
    static const uint8_t base[16] = {
        [1] = R, [2] = X,       [3] = R | X,  [5] = R | W,  [6] = RWX,  [7] = RWX,
        [8] = R, [9] = R | GCS, [10] = R | X, [12] = R | W, [14] = RWX,
    };
    unsigned v = (unsigned)extract64(pir, 4 * index, 4);
    return (struct privilege){.base = base[v], .wxn = v == 6, .overlayed = v < 8};
}

/* AArch64.S1IndirectBasePermissions. PAN also counts where PIRE0_ELx has a reserved value. */
static struct s1_base s1_indirect(const struct perm_s1 *s)
{
    unsigned i = pte_pi_index(s->desc);
    struct s1_base b = {.priv = indirect(s->pir, i)};
    if (s->el0) {
        b.user = indirect(s->pire0, i);
        b.pan = extract64(s->pire0, 4 * i, 4) != 0;
        if ((b.priv.base & (X | GCS)) && (b.user.base & (W | GCS))) {
            b.priv.base = b.user.base = 0;
        }
    }
    b.priv.base &= RWX;
    b.user.base &= RWX;
    return b;
}

/* ---- overlays ---- */

/* POR_ELx: read, execute, write; with bit 3 reserved: nothing. */
static uint8_t s1_overlay(uint64_t por, unsigned index)
{
    static const uint8_t allowed[16] = {0, R, X, R | X, W, R | W, W | X, RWX};
    return allowed[extract64(por, 4 * index, 4)];
}

/* AArch64.S1ComputePermissions, of one privilege. */
static struct perms combine(struct privilege p, bool on, uint64_t por, unsigned index)
{
    bool overlay = on && p.overlayed;
    struct perms out = {p.base, overlay ? s1_overlay(por, index) : RWX};
    if (p.wxn && overlay && (out.overlay & X)) {
        out.overlay &= (uint8_t)~W;
    } else if (p.wxn) {
        out.base &= (uint8_t)~X;
    }
    return out;
}

struct perms perm_stage1(const struct perm_s1 *s)
{
    struct s1_base b = s->pie ? s1_indirect(s) : s1_direct(s);
    unsigned i = pte_po_index(s->desc);
    struct perms priv = combine(b.priv, s->poe, s->por, i);
    struct perms user = s->el0 ? combine(b.user, s->e0poe, s->por_el0, i) : priv;
    return (struct perms){
        .base = (uint8_t)(priv.base | user.base << EL0_SHIFT | (b.pan ? PERM_PAN : 0)),
        .overlay = (uint8_t)(priv.overlay | user.overlay << EL0_SHIFT),
    };
}

/* ---- stage 2 ---- */

/* AArch64.S2DirectBasePermissions. */
static uint8_t s2_direct(const struct perm_s2 *s)
{
    static const uint8_t exec[4] = {PERM_X, PERM_UX, 0, PERM_PX}; /* by XN[1:0] */
    unsigned xn = (unsigned)extract64(s->desc, 53, 2);
    if (!s->xnx) {
        xn &= 2; /* XN[0] is RES0 */
    }
    bool w = (s->desc & PTE_S2_W) || s->dirty;
    return (uint8_t)(exec[xn] | (s->desc & PTE_S2_R ? PERM_R : 0) | (w ? PERM_W | PERM_MW : 0));
}

/* A field of S2PIR_EL2 or S2POR_EL1: AArch64.S2IndirectBasePermissions, S2OverlayPermissions. The
 * TopLevel variants of "mostly read-only" differ with FEAT_THE only. */
static uint8_t s2_field(uint64_t reg, unsigned index)
{
    enum { RO = PERM_R, MRO = PERM_R | PERM_MW, RW = PERM_R | PERM_W | PERM_MW };
    static const uint8_t allowed[16] = {
        [2] = MRO,          [3] = MRO, [4] = PERM_W,        [6] = MRO,
        [7] = MRO,          [8] = RO,  [9] = RO | PERM_UX,  [10] = RO | PERM_PX,
        [11] = RO | PERM_X, [12] = RW, [13] = RW | PERM_UX, [14] = RW | PERM_PX,
        [15] = RW | PERM_X,
    };
    return allowed[extract64(reg, 4 * index, 4)];
}

struct perms perm_stage2(const struct perm_s2 *s)
{
    if (!s->pie) {
        return (struct perms){s2_direct(s), PERM_ALL | PERM_MW};
    }
    return (struct perms){
        .base = s2_field(s->pir, pte_pi_index(s->desc)),
        .overlay = s->poe ? s2_field(s->por, pte_s2_po_index(s->desc)) : PERM_ALL | PERM_MW,
    };
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
