/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/sys/va_layout.h"

#include "cpu/cpu_internal.h"

/* The translation regime's EL: EL0 belongs to EL1, or to EL2 with E2H and TGE. */
static unsigned regime_el(const struct cpu *c)
{
    if (c->ps.el != 0) {
        return c->ps.el;
    }
    uint64_t hcr = cpu_hcr_el2(c);
    return bit(hcr, 34) && bit(hcr, 27) ? 2 : 1;
}

static uint8_t limited_tsz(const struct cpu *c, unsigned tsz, bool tg_64k, bool ds)
{
    unsigned max = cpu_has(c, FEAT_TTST) ? (tg_64k ? 47 : 48) : 39;
    unsigned min = (tg_64k && cpu_has(c, FEAT_LVA)) || ds ? 12 : 16;
    return (uint8_t)(tsz < min ? min : tsz > max ? max : tsz);
}

struct va_layout va_layout_current(const struct cpu *c, bool insn)
{
    unsigned el = regime_el(c);
    struct va_layout l;
    uint64_t tcr = c->sr[SR_TCR_EL1 + el - 1];
    bool e2h = bit(cpu_hcr_el2(c), 34);
    l.two_ranges = el == 1 || (el == 2 && e2h);
    bool lpa2 = cpu_has(c, FEAT_LPA2);
    if (!l.two_ranges) {
        bool tg_64k = extract64(tcr, 14, 2) == 1;
        bool tbi = bit(tcr, 20) && !(insn && bit(tcr, 29));
        l.half[0] = (struct va_half){
            limited_tsz(c, (unsigned)extract64(tcr, 0, 6), tg_64k, lpa2 && bit(tcr, 32)), tbi};
        l.half[1] = l.half[0];
        return l;
    }
    bool ds = lpa2 && bit(tcr, 59);
    for (unsigned h = 0; h < 2; h++) {
        bool tg_64k = h == 0 ? extract64(tcr, 14, 2) == 1 : extract64(tcr, 30, 2) == 3;
        bool tbi = bit(tcr, 37 + h) && !(insn && bit(tcr, 51 + h));
        l.half[h].tsz = limited_tsz(c, (unsigned)extract64(tcr, 16 * h, 6), tg_64k, ds);
        l.half[h].tbi = tbi;
    }
    return l;
}

uint64_t va_branch_address(const struct cpu *c, uint64_t va)
{
    struct va_layout l = va_layout_current(c, true);
    struct va_half h = va_layout_half(&l, va);
    if (!h.tbi) {
        return va;
    }
    return l.two_ranges ? (uint64_t)sextract64(va, 0, 56) : extract64(va, 0, 56);
}
