/* SPDX-License-Identifier: Apache-2.0 */
/* Breakpoints and watchpoints of the guest: Arm ARM D2.8, D2.9, J1.1.1 AArch64.StateMatch. */
#include "cpu/debug/selfhosted.h"

#include <string.h>

#include "cpu/debug/break_set.h"
#include "cpu/engine/context.h"
#include "cpu/sys/exc.h"
#include "cpu/sys/hcr.h"
#include "cpu/sys/regimes.h"

#include "cpu/cpu_internal.h"

#define IFSC_DEBUG 0x22
#define ISS_WNR    BIT(6)
#define ISS_CM     BIT(8)
#define ISS_VNCR   BIT(13)

#define OSLSR_OSLK BIT(1)
#define MDCR_TDE   BIT(8)
#define MDCR_SDD   BIT(16)

/* ---- may debug exceptions be taken ---- */

static bool locked(const struct cpu *c)
{
    bool double_lock = bit(c->sr[SR_OSDLR_EL1], 0) && !bit(c->sr[SR_DBGPRCR_EL1], 0);
    return (c->sr[SR_OSLSR_EL1] & OSLSR_OSLK) || double_lock;
}

bool selfhosted_enabled_from(const struct cpu *c, unsigned el, bool masked)
{
    bool secure = el == 3 || cpu_lower_pas(c) == PAS_S;
    bool to_el2 =
        cpu_el2_enabled(c) && ((c->sr[SR_HCR_EL2] & HCR_TGE) || (c->sr[SR_MDCR_EL2] & MDCR_TDE));
    unsigned target = to_el2 ? 2 : 1;
    if (locked(c) || (c->cfg.has_el3 && secure && (c->sr[SR_MDCR_EL3] & MDCR_SDD))) {
        return false;
    }
    return el == target ? (c->sr[SR_MDSCR_EL1] & MDSCR_KDE) && !masked : el < target;
}

/* From the current EL, when PSTATE.D allows it. */
static bool monitor_enabled(const struct cpu *c, bool masked)
{
    return (c->sr[SR_MDSCR_EL1] & MDSCR_MDE) && selfhosted_enabled_from(c, c->ps.el, masked);
}

static bool is_masked(const struct cpu *c)
{
    return bit(c->ps.daif, 3);
}

/* ---- when a breakpoint or watchpoint applies: SSC, HMC, PMC or PAC ---- */

struct state_control {
    unsigned ssc, hmc, pxc;
};

/* Of DBGBCR or DBGWCR. */
static struct state_control state_of(uint64_t control)
{
    return (struct state_control){.ssc = (unsigned)extract64(control, 14, 2),
                                  .hmc = bit(control, 13),
                                  .pxc = (unsigned)extract64(control, 1, 2)};
}

#define STATE(hmc, ssc, pxc) (UINT32_C(1) << ((hmc) << 4 | (ssc) << 2 | (pxc)))

/* Combinations without a meaning, as STATE() bits: they match nothing. */
static uint32_t reserved_states(const struct cpu *c)
{
    uint32_t r = STATE(0, 3, 2) | STATE(1, 0, 0) | STATE(1, 0, 2) | STATE(1, 1, 2) |
                 STATE(1, 2, 2) | STATE(1, 3, 2) | STATE(0, 0, 0) | STATE(0, 1, 0) | STATE(0, 2, 0);
    bool el2 = c->cfg.has_el2, el3 = c->cfg.has_el3;
    for (unsigned key = 0; key < 32; key++) {
        unsigned ssc = key >> 2 & 3;
        bool no_secure = !el3 && (ssc == 1 || ssc == 2) && key != 0x14;
        bool no_el2_no_el3 = !el3 && !el2 && (key >> 4 != 0 || ssc != 0);
        bool no_sel2 =
            !cpu_has(c, FEAT_SEL2) && (key == 0x0c || key == 0x14 || (ssc == 3 && (key & 1)));
        if (no_secure || no_el2_no_el3 || no_sel2 || (ssc == 3 && key < 16 && !el3)) {
            r |= UINT32_C(1) << key;
        }
    }
    return r | (el3 ? 0 : STATE(1, 2, 0)) | (el2 ? 0 : STATE(1, 3, 0));
}

static bool security_matches(const struct state_control *s, bool secure)
{
    switch (s->ssc) {
    case 0:
        return true;
    case 1:
        return !secure;
    case 2:
        return secure;
    default:
        return s->hmc || secure;
    }
}

static bool el_matches(const struct cpu *c, const struct state_control *s, unsigned el)
{
    switch (el) {
    case 0:
    case 1:
        return bit(s->pxc, el == 0);
    case 2:
        return c->cfg.has_el2 && ((s->hmc && !(s->ssc == 2 && s->pxc == 0)) || s->ssc == 3);
    default:
        return s->hmc && !bit(s->ssc, 0);
    }
}

static bool state_matches(const struct cpu *c, const struct state_control *s, unsigned el)
{
    bool secure = el == 3 || cpu_lower_pas(c) == PAS_S;
    return !(reserved_states(c) & STATE(s->hmc, s->ssc, s->pxc)) && el_matches(c, s, el) &&
           security_matches(s, secure);
}

/* ---- what a breakpoint compares ---- */

enum compares {
    ADDRESS = 1 << 0,
    CID = 1 << 1,  /* CONTEXTIDR of the current EL's translation */
    CID1 = 1 << 2, /* CONTEXTIDR_EL1 */
    CID2 = 1 << 3, /* CONTEXTIDR_EL2 */
    VMID = 1 << 4,
};

static uint64_t bcr(const struct cpu *c, unsigned n)
{
    return c->sr[SR_DBGBCR0_EL1 + 2 * n];
}

static uint64_t bvr(const struct cpu *c, unsigned n)
{
    return c->sr[SR_DBGBVR0_EL1 + 2 * n];
}

static unsigned breakpoint_type(const struct cpu *c, unsigned n)
{
    return (unsigned)extract64(bcr(c, n), 20, 4);
}

/* enum compares of an enabled breakpoint; 0: it matches nothing. */
static unsigned breakpoint_compares(const struct cpu *c, unsigned n)
{
    static const uint8_t by_type[8] = {ADDRESS, CID, 0, CID1, VMID, VMID | CID1, CID2, CID1 | CID2};
    unsigned what = by_type[breakpoint_type(c, n) >> 1];
    bool no_el2 = (what & (VMID | CID2)) && !c->cfg.has_el2;
    bool no_vhe = breakpoint_type(c, n) >> 1 != 5 && (what & (CID1 | CID2)) &&
                  !cpu_has(c, FEAT_VHE) && !cpu_has(c, FEAT_Debugv8p2);
    if (!bit(bcr(c, n), 0) || no_el2 || no_vhe || (what != ADDRESS && n < FIRST_CONTEXT_AWARE)) {
        return 0;
    }
    return what;
}

/* BT of a breakpoint that others link to. */
static bool is_link_target(const struct cpu *c, unsigned n)
{
    return bit(breakpoint_type(c, n), 0) && breakpoint_compares(c, n) != ADDRESS;
}

static bool in_host(const struct cpu *c)
{
    uint64_t hcr = cpu_hcr_el2(c);
    return (hcr & HCR_E2H) && (c->ps.el == 2 || (c->ps.el == 0 && (hcr & HCR_TGE)));
}

static bool vmid_matches(const struct cpu *c, unsigned n)
{
    return c->ps.el <= 1 && cpu_el2_enabled(c) && !in_host(c) &&
           regime_vmid(c) == extract64(bvr(c, n), 32, regime_vmid_bits(c));
}

/* AArch64.BreakpointValueMatch for a context. */
static bool context_matches(const struct cpu *c, unsigned n)
{
    unsigned what = breakpoint_compares(c, n);
    uint32_t low = (uint32_t)bvr(c, n), high = (uint32_t)(bvr(c, n) >> 32);
    bool host = in_host(c), el01 = c->ps.el <= 1;
    uint32_t cid1 = (uint32_t)c->sr[SR_CONTEXTIDR_EL1];
    uint32_t cid2 = (uint32_t)c->sr[SR_CONTEXTIDR_EL2];
    bool match = what != 0;
    if (what & CID) {
        match = host ? cid2 == low : el01 && cid1 == low;
    }
    if (what & CID1) {
        match = el01 && !host && cid1 == low;
    }
    if (what & VMID) {
        match = match && vmid_matches(c, n);
    }
    if (what & CID2) {
        match = match && c->ps.el != 3 && cpu_el2_enabled(c) && cid2 == high;
    }
    return match;
}

/* The context that breakpoint or watchpoint control links to with LBN. */
static bool link_matches(const struct cpu *c, uint64_t control)
{
    unsigned n = (unsigned)extract64(control, 16, 4);
    return n >= FIRST_CONTEXT_AWARE && n < N_BREAKPOINTS && is_link_target(c, n) &&
           context_matches(c, n);
}

/* ---- breakpoints ---- */

/* It matches by itself, and not only where others link to it, in the current state. */
static unsigned active_compares(const struct cpu *c, unsigned n)
{
    struct state_control s = state_of(bcr(c, n));
    unsigned what = breakpoint_compares(c, n);
    return what != 0 && !is_link_target(c, n) && state_matches(c, &s, c->ps.el) ? what : 0;
}

static bool breakpoint_matches(const struct cpu *c, unsigned n)
{
    unsigned what = active_compares(c, n);
    if (what == ADDRESS) {
        bool linked = breakpoint_type(c, n) == 1;
        return c->pc == (bvr(c, n) & ~UINT64_C(3)) && (!linked || link_matches(c, bcr(c, n)));
    }
    return what != 0 && context_matches(c, n);
}

bool selfhosted_has_breaks(const struct cpu *c)
{
    bool any = false;
    for (unsigned n = 0; n < N_BREAKPOINTS; n++) {
        any |= bit(bcr(c, n), 0);
    }
    return any && (c->sr[SR_MDSCR_EL1] & MDSCR_MDE) && !locked(c);
}

void selfhosted_add_offsets(const struct cpu *c, struct break_set *s)
{
    if (!monitor_enabled(c, false)) {
        return;
    }
    for (unsigned n = 0; n < N_BREAKPOINTS; n++) {
        unsigned what = active_compares(c, n);
        if (what == ADDRESS) {
            break_set_add(s, bvr(c, n));
        } else if (what != 0) {
            memset(s, 0xff, sizeof(*s)); /* every instruction of the context */
        }
    }
}

bool selfhosted_break(struct cpu *c)
{
    if (!monitor_enabled(c, is_masked(c))) {
        return false;
    }
    for (unsigned n = 0; n < N_BREAKPOINTS; n++) {
        if (breakpoint_matches(c, n)) {
            exc_take_debug(c, EC_BREAKPOINT_LOWER, IFSC_DEBUG);
            return true;
        }
    }
    return false;
}

/* ---- watchpoints ---- */

static uint64_t wcr(const struct cpu *c, unsigned n)
{
    return c->sr[SR_DBGWCR0_EL1 + 2 * n];
}

static uint64_t wvr(const struct cpu *c, unsigned n)
{
    return sextract64(c->sr[SR_DBGWVR0_EL1 + 2 * n], 0, 56);
}

/*
 * The bytes that an enabled watchpoint covers lie in [start, start + len); len = 0: none. MASK of 1
 * and 2 is reserved and turns it off; with MASK, the masked bits of the address and BAS do not
 * matter.
 */
struct range {
    uint64_t start, len;
};
static struct range watchpoint_range(const struct cpu *c, unsigned n)
{
    uint64_t v = wcr(c, n);
    unsigned mask = (unsigned)extract64(v, 24, 5);
    if (!bit(v, 0) || mask == 1 || mask == 2) {
        return (struct range){0, 0};
    }
    if (mask != 0) {
        return (struct range){wvr(c, n) & ~mask64(0, mask), BIT(mask)};
    }
    return (struct range){wvr(c, n), bit(wvr(c, n), 2) ? 4 : 8};
}

/* The first byte of an access that watchpoint n covers. */
static bool watchpoint_covers(const struct cpu *c, unsigned n, uint64_t va, uint64_t size,
                              uint64_t *out)
{
    struct range r = watchpoint_range(c, n);
    uint64_t at = sextract64(va, 0, 56);
    uint64_t first = at - r.start < r.len ? at : r.start;
    if (r.len == 0 || first - at >= size) {
        return false;
    }
    if (extract64(wcr(c, n), 24, 5) == 0) {
        uint64_t last = MIN(r.len, at - r.start + size); /* one past, from r.start */
        uint64_t bas =
            extract64(wcr(c, n), 5, 8) & mask64(first - r.start, last - (first - r.start));
        if (bas == 0) {
            return false;
        }
        first = r.start + (unsigned)__builtin_ctzll(bas);
    }
    *out = va + (first - at);
    return true;
}

static bool watchpoint_matches(const struct cpu *c, unsigned n, const struct watched_access *a,
                               uint64_t *out_va)
{
    uint64_t v = wcr(c, n);
    struct state_control s = state_of(v);
    unsigned el = a->vncr ? 2 : a->unpriv ? 0 : c->ps.el;
    bool kind = (bit(v, 3) && a->read) || (bit(v, 4) && a->write);
    return kind && watchpoint_covers(c, n, a->va, a->size, out_va) && state_matches(c, &s, el) &&
           (!bit(v, 20) || link_matches(c, v));
}

bool selfhosted_has_watches(const struct cpu *c)
{
    bool any = false;
    for (unsigned n = 0; n < N_WATCHPOINTS; n++) {
        any |= watchpoint_range(c, n).len != 0;
    }
    return any && (c->sr[SR_MDSCR_EL1] & MDSCR_MDE) && !locked(c);
}

bool selfhosted_watches_page(const struct cpu *c, uint64_t page)
{
    for (unsigned n = 0; n < N_WATCHPOINTS; n++) {
        struct range r = watchpoint_range(c, n);
        uint64_t va = sextract64(page, 0, 56);
        if (r.len != 0 && (r.start - va < 4096 || va - r.start < r.len)) {
            return true;
        }
    }
    return false;
}

void selfhosted_drop_watched(struct cpu *c)
{
    for (unsigned n = 0; n < N_WATCHPOINTS; n++) {
        struct range r = watchpoint_range(c, n);
        if (r.len != 0) {
            context_drop_pages(c, r.start, r.len);
        }
    }
}

bool selfhosted_watch(struct cpu *c, const struct watched_access *a)
{
    if (!monitor_enabled(c, is_masked(c))) {
        return false;
    }
    for (unsigned n = 0; n < N_WATCHPOINTS; n++) {
        uint64_t va;
        if (!watchpoint_matches(c, n, a, &va)) {
            continue;
        }
        /* Of an access that does both, a read explains the exception if it can. */
        bool write = a->write && !(a->read && bit(wcr(c, n), 3));
        uint64_t iss =
            IFSC_DEBUG | (write ? ISS_WNR : 0) | (a->cmo ? ISS_CM : 0) | (a->vncr ? ISS_VNCR : 0);
        c->sr[SR_FAR_EL1 + exc_debug_target(c) - 1] = a->cmo ? a->va : va;
        exc_take_debug(c, a->vncr ? EC_WATCHPOINT_SAME : EC_WATCHPOINT_LOWER, iss);
        return true;
    }
    return false;
}
