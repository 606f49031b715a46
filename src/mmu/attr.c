/* SPDX-License-Identifier: Apache-2.0 */
#include "mmu/attr.h"

#include "base/bits.h"

#define HINTS_RWA 3

/* MAIR bytes that FEAT_XS gives a meaning: the same without the XS attribute. */
#define MAIR_NC_NXS 0x40
#define MAIR_WT_NXS 0xa0
/* Tagged Normal memory; without MTE a Constrained Unpredictable type, here the same, untagged. */
#define MAIR_TAGGED 0xf0

struct mem_type attr_device(enum device_kind k)
{
    return (struct mem_type){.device = true, .device_kind = k, .sh = SH_OUTER, .xs = true};
}

struct mem_type attr_normal(enum cache_kind k, uint8_t hints, uint8_t sh)
{
    struct cache_policy p = {.kind = k, .hints = k == CACHE_NC ? 0 : hints};
    return (struct mem_type){.inner = p, .outer = p, .sh = sh, .xs = k != CACHE_WB};
}

static uint8_t decode_sh(uint8_t sh)
{
    return sh == 1 ? SH_OUTER : sh & 3;
}

/* Four bits of a MAIR byte: 0bTTRW, Write-Through or Write-Back, transient or not. */
static struct cache_policy decode_policy(unsigned v)
{
    unsigned rw = v & 3;
    switch (v >> 2) {
    case 0:
        return (struct cache_policy){CACHE_WT, rw, true};
    case 1:
        return rw == 0 ? (struct cache_policy){CACHE_NC, 0, false}
                       : (struct cache_policy){CACHE_WB, rw, true};
    case 2:
        return (struct cache_policy){CACHE_WT, rw, false};
    default:
        return (struct cache_policy){CACHE_WB, rw, false};
    }
}

struct mem_type attr_decode_mair(uint8_t attr, uint8_t sh, bool has_xs)
{
    struct mem_type t;
    sh = decode_sh(sh);
    if ((attr & 0xf0) == 0) {
        bool reserved = bit(attr, 1) || (bit(attr, 0) && !has_xs);
        t = attr_device(reserved ? DEVICE_nGnRnE : (enum device_kind)extract32(attr, 2, 2));
        t.xs = reserved || !bit(attr, 0);
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
    t = (struct mem_type){
        .outer = decode_policy(attr >> 4), .inner = decode_policy(attr & 0xf), .sh = sh};
    t.xs = !(t.inner.kind == CACHE_WB && t.outer.kind == CACHE_WB);
    return t;
}

/* Two bits of MemAttr: 1 Non-cacheable, 2 Write-Through, 3 Write-Back. */
static struct cache_policy decode_s2_policy(unsigned v)
{
    return v <= 1 ? (struct cache_policy){CACHE_NC, 0, false}
                  : (struct cache_policy){v == 2 ? CACHE_WT : CACHE_WB, HINTS_RWA, false};
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

static uint8_t min_u8(uint8_t a, uint8_t b)
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
static struct cache_policy combine_policy(struct cache_policy s1, struct cache_policy s2)
{
    s1.kind = min_u8(s1.kind, s2.kind);
    return s1.kind == CACHE_NC ? (struct cache_policy){CACHE_NC, 0, false} : s1;
}

static bool is_wb(const struct mem_type *t)
{
    return !t->device && t->inner.kind == CACHE_WB && t->outer.kind == CACHE_WB;
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
        t.device_kind = min_u8(s1->device_kind, s2->device_kind);
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

static struct cache_policy force_wb(const struct mem_type *s1, struct cache_policy p)
{
    bool keep = !s1->device && p.kind != CACHE_NC;
    return (struct cache_policy){CACHE_WB, keep ? p.hints : HINTS_RWA, keep && p.transient};
}

struct mem_type attr_apply_fwb(const struct mem_type *s1, uint8_t memattr, uint8_t sh, bool fnxs)
{
    struct mem_type t = *s1;
    if (!bit(memattr, 2)) {
        t = attr_device((enum device_kind)(memattr & 3));
        if (s1->device) {
            t.device_kind = min_u8(t.device_kind, s1->device_kind);
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
    return !t->device && t->inner.kind != CACHE_NC && t->outer.kind != CACHE_NC;
}

uint8_t attr_effective_sh(const struct mem_type *t)
{
    bool outer = t->device || (t->inner.kind == CACHE_NC && t->outer.kind == CACHE_NC);
    return outer ? SH_OUTER : t->sh;
}

static unsigned encode_policy(struct cache_policy p)
{
    if (p.kind == CACHE_NC) {
        return 4;
    }
    unsigned top = p.kind == CACHE_WT ? (p.transient ? 0 : 2) : (p.transient ? 1 : 3);
    return top << 2 | p.hints;
}

uint8_t attr_encode(const struct mem_type *t)
{
    if (t->device) {
        return (uint8_t)(t->device_kind << 2 | !t->xs);
    }
    unsigned byte = encode_policy(t->outer) << 4 | encode_policy(t->inner);
    if (!t->xs && byte == 0x44) {
        return MAIR_NC_NXS;
    }
    return !t->xs && byte == 0xaa ? MAIR_WT_NXS : (uint8_t)byte;
}
