/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits on sizes and start levels: Arm DDI 0487, D8.2 "Translation process"; pseudocode
 * AArch64.S1MinTxSZ, S1TxSZFaults, S2MinTxSZ, S2InvalidSL, S2InconsistentSL.
 */
#include "mmu/regime.h"

#include "mmu/pte.h"

unsigned regime_decode_ps(unsigned field)
{
    static const uint8_t bits[8] = {32, 36, 40, 42, 44, 48, 52, 52};
    return bits[field & 7];
}

static unsigned min_u(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned regime_oa_bits(const struct xlat_cfg *c, unsigned ps_bits, unsigned granule_log2, bool ds)
{
    unsigned max = granule_log2 == 16 || ds ? c->pa_bits : min_u(48, c->pa_bits);
    return min_u(ps_bits, max);
}

static unsigned max_tsz(const struct xlat_cfg *c, unsigned granule_log2)
{
    return !c->ttst ? 39 : granule_log2 == 16 ? 47 : 48;
}

static int limit_tsz(const struct xlat_cfg *c, unsigned tsz, unsigned min, unsigned max)
{
    if (tsz < min) {
        return c->lva ? -1 : (int)min;
    }
    if (tsz > max) {
        return c->ttst ? -1 : (int)max;
    }
    return (int)tsz;
}

int regime_s1_tsz(const struct xlat_cfg *c, const struct xlat_half *h)
{
    bool wide = h->granule_log2 == 16 ? c->lva : c->s1.ds;
    unsigned min = wide ? 12 : 16;
    return limit_tsz(c, h->tsz, min, max_tsz(c, h->granule_log2));
}

int regime_s2_tsz(const struct xlat_cfg *c, const struct xlat_s2_space *s)
{
    unsigned ipa_bits = regime_oa_bits(c, c->pa_bits, s->granule_log2, c->s2.ds);
    return limit_tsz(c, s->tsz, 64 - ipa_bits, max_tsz(c, s->granule_log2));
}

/* SL2:SL0 to a level, 4 if reserved for this granule and physical address size. */
static int decode_sl(const struct xlat_cfg *c, const struct xlat_s2_space *s)
{
    static const int8_t level_4k[8] = {2, 1, 0, 3, -1, 4, 4, 4};
    unsigned sl = s->sl;
    bool top_ok; /* enough PA bits for the level above the usual ones */
    switch (s->granule_log2) {
    case 12:
        top_ok = c->pa_bits >= 44;
        if ((sl == 2 && !top_ok) || (sl == 3 && !c->ttst) || (sl >= 4 && !c->s2.ds)) {
            return 4;
        }
        return level_4k[sl & 7];
    case 14:
        top_ok = c->pa_bits >= 42;
        if (sl > 3 || (sl == 2 && !top_ok) || (sl == 3 && !c->s2.ds)) {
            return 4;
        }
        return 3 - (int)sl;
    default:
        top_ok = c->pa_bits >= 44;
        return sl > 2 || (sl == 2 && !top_ok) ? 4 : 3 - (int)sl;
    }
}

int regime_s2_start_level(const struct xlat_cfg *c, const struct xlat_s2_space *s, unsigned tsz)
{
    int level = decode_sl(c, s);
    if (level > 3) {
        return 4;
    }
    /* The first table has from two entries to sixteen concatenated pages. */
    unsigned stride = s->granule_log2 - 3U;
    unsigned min_bits = pte_level_shift(s->granule_log2, level) + 1;
    unsigned max_bits = min_bits + stride - 1 + 4;
    unsigned bits = 64 - tsz;
    return bits < min_bits || bits > max_bits ? 4 : level;
}
