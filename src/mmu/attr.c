/* SPDX-License-Identifier: Apache-2.0 */
#include "mmu/attr.h"

#include "base/bits.h"

#define POLICY_NC 0x4U
#define POLICY_WT 0x8U /* and allocation hints */
#define POLICY_WB 0xcU
#define HINTS     0x3U
#define HINTS_RWA 3

/* MAIR bytes that FEAT_XS gives a meaning: the same without the XS attribute. */
#define MAIR_NC_NXS 0x40
#define MAIR_WT_NXS 0xa0
/* Tagged Normal memory; without MTE a Constrained Unpredictable type, here the same, untagged. */
#define MAIR_TAGGED 0xf0

enum cache_kind attr_cache_kind(unsigned policy)
{
    if (policy == POLICY_NC) {
        return CACHE_NC;
    }
    return policy & 4 ? CACHE_WB : CACHE_WT;
}

struct mem_type attr_device(enum device_kind k)
{
    return (struct mem_type){.device = true, .device_kind = k, .sh = SH_OUTER, .xs = true};
}

struct mem_type attr_normal(enum cache_kind k, uint8_t hints, uint8_t sh)
{
    static const uint8_t policy[] = {POLICY_NC, POLICY_WT, POLICY_WB};
    uint32_t p = policy[k] | (k == CACHE_NC ? 0 : hints & HINTS);
    return (struct mem_type){.inner = p, .outer = p, .sh = sh, .xs = k != CACHE_WB};
}

static bool is_wb(const struct mem_type *t)
{
    return !t->device && attr_cache_kind(t->inner) == CACHE_WB &&
           attr_cache_kind(t->outer) == CACHE_WB;
}

static bool is_nc(const struct mem_type *t)
{
    return !t->device && t->inner == POLICY_NC && t->outer == POLICY_NC;
}

static uint8_t decode_sh(uint8_t sh)
{
    return sh == 1 ? SH_OUTER : sh & 3;
}

struct mem_type attr_decode_mair(uint8_t attr, uint8_t sh, bool has_xs)
{
    struct mem_type t;
    sh = decode_sh(sh);
    if ((attr & 0xf0) == 0) {
        bool reserved = bit(attr, 1) || (bit(attr, 0) && !has_xs);
        t = attr_device(reserved ? DEVICE_nGnRnE : (enum device_kind)extract32(attr, 2, 2));
        t.xs = reserved || !bit(attr, 0);
        t.sh = sh; /* stage 2 may make it Normal memory: attr_apply_fwb */
        return t;
    }
    if (attr == MAIR_TAGGED) {
        return attr_normal(CACHE_WB, HINTS_RWA, sh);
    }
    if (has_xs && (attr == MAIR_NC_NXS || attr == MAIR_WT_NXS)) {
        t = attr == MAIR_NC_NXS ? attr_normal(CACHE_NC, 0, sh) : attr_normal(CACHE_WT, 2, sh);
        t.xs = false;
        return t;
    }
    if ((attr & 0x0f) == 0) {
        return attr_device(DEVICE_nGnRnE);
    }
    t = (struct mem_type){.outer = attr >> 4, .inner = attr & 0xf, .sh = sh};
    t.xs = !is_wb(&t);
    return t;
}

/* Two bits of MemAttr: 1 Non-cacheable, 2 Write-Through, 3 Write-Back; 0 is reserved. */
static uint32_t decode_s2_policy(unsigned v)
{
    return v <= 1 ? POLICY_NC : v << 2 | HINTS_RWA;
}

struct mem_type attr_decode_s2(uint8_t memattr, uint8_t sh, bool fnxs)
{
    struct mem_type t;
    if (memattr >> 2 == 0) {
        t = attr_device((enum device_kind)(memattr & 3));
    } else {
        t = (struct mem_type){.outer = decode_s2_policy(memattr >> 2),
                              .inner = decode_s2_policy(memattr & 3),
                              .sh = decode_sh(sh)};
    }
    t.xs = !fnxs;
    return t;
}

static unsigned min_u(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Outer Shareable wins over Inner, Inner over none. */
static uint8_t combine_sh(uint8_t a, uint8_t b)
{
    if (a == SH_OUTER || b == SH_OUTER) {
        return SH_OUTER;
    }
    return a == SH_INNER || b == SH_INNER ? SH_INNER : SH_NONE;
}

/* The weaker cacheability; stage 2 has no allocation hints of its own. */
static uint32_t combine_policy(unsigned s1, unsigned s2)
{
    enum cache_kind k = (enum cache_kind)min_u(attr_cache_kind(s1), attr_cache_kind(s2));
    if (k == CACHE_NC) {
        return POLICY_NC;
    }
    return (s1 & ~4U) | (k == CACHE_WB ? 4 : 0);
}

/* XS of t when it becomes another type: Write-Back has none by nature, which it does not pass on.
 */
static bool inherited_xs(const struct mem_type *t)
{
    return t->xs || is_wb(t);
}

struct mem_type attr_combine(const struct mem_type *s1, const struct mem_type *s2)
{
    struct mem_type t = *s1;
    if (s1->device && s2->device) {
        t.device_kind = min_u(s1->device_kind, s2->device_kind);
    } else if (s2->device) {
        t = *s2;
    } else if (!s1->device) {
        t.inner = combine_policy(s1->inner, s2->inner);
        t.outer = combine_policy(s1->outer, s2->outer);
    }
    t.sh = combine_sh(s1->sh, s2->sh);
    t.xs = !is_wb(&t) && inherited_xs(s1) && s2->xs;
    t.sh = attr_effective_sh(&t);
    return t;
}

static uint32_t force_wb(const struct mem_type *s1, unsigned policy)
{
    bool keep = !s1->device && policy != POLICY_NC;
    return keep ? policy | 4 : POLICY_WB | HINTS_RWA;
}

struct mem_type attr_apply_fwb(const struct mem_type *s1, uint8_t memattr, uint8_t sh, bool fnxs)
{
    struct mem_type t = *s1;
    if (!bit(memattr, 2)) {
        t = attr_device((enum device_kind)(memattr & 3));
        if (s1->device) {
            t.device_kind = min_u(t.device_kind, s1->device_kind);
        }
        t.xs = inherited_xs(s1);
    } else if ((memattr & 3) == 2) {
        t.device = false;
        t.inner = force_wb(s1, s1->inner);
        t.outer = force_wb(s1, s1->outer);
        t.xs = false;
    } else if ((memattr & 3) != 3 && !s1->device) {
        t = attr_uncached(s1);
    }
    t.xs = t.xs && !fnxs;
    t.sh = combine_sh(s1->sh, decode_sh(sh));
    t.sh = attr_effective_sh(&t);
    return t;
}

struct mem_type attr_uncached(const struct mem_type *t)
{
    struct mem_type n = attr_normal(CACHE_NC, 0, SH_OUTER);
    n.xs = inherited_xs(t);
    return n;
}

bool attr_cacheable(const struct mem_type *t)
{
    return !t->device && t->inner != POLICY_NC && t->outer != POLICY_NC;
}

uint8_t attr_effective_sh(const struct mem_type *t)
{
    return t->device || is_nc(t) ? SH_OUTER : (uint8_t)t->sh;
}

uint8_t attr_encode(const struct mem_type *t)
{
    if (t->device) {
        return (uint8_t)(t->device_kind << 2 | !t->xs);
    }
    unsigned byte = t->outer << 4 | t->inner;
    if (!t->xs && byte == 0x44) {
        return MAIR_NC_NXS;
    }
    return !t->xs && byte == 0xaa ? MAIR_WT_NXS : (uint8_t)byte;
}
