/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/sys/regimes.h"

#include <string.h>

#include "cpu/sys/hcr.h"

#include "cpu/cpu_internal.h"

#define TCR2_PIE   BIT(1)
#define TCR2_E0POE BIT(2)
#define TCR2_POE   BIT(3)
#define SCR_TCR2En 43

static unsigned implemented_pa_bits(const struct cpu *c)
{
    return regime_decode_ps((unsigned)extract64(c->sr[SR_ID_AA64MMFR0_EL1], 0, 4));
}

enum regime regime_of_el(const struct cpu *c, unsigned el)
{
    uint64_t hcr = cpu_hcr_el2(c);
    switch (el) {
    case 3:
        return REGIME_EL3;
    case 2:
        return hcr & HCR_E2H ? REGIME_EL20 : REGIME_EL2;
    case 1:
        return REGIME_EL10;
    default:
        return (hcr & (HCR_E2H | HCR_TGE)) == (HCR_E2H | HCR_TGE) ? REGIME_EL20 : REGIME_EL10;
    }
}

unsigned regime_owner_el(enum regime r)
{
    static const uint8_t owner[] = {
        [REGIME_EL10] = 1, [REGIME_EL20] = 2, [REGIME_EL2] = 2, [REGIME_EL3] = 3};
    return owner[r];
}

/* TG0 and VTCR.TG0: 0 4K, 1 64K, 2 16K; TG1: 1 16K, 2 4K, 3 64K. A granule that is reserved or
 * not implemented behaves as 4K (an IMPLEMENTATION DEFINED choice). */
static uint8_t granule(const struct cpu *c, unsigned tg, bool tg1)
{
    static const uint8_t tg0_sizes[4] = {12, 16, 14, 12};
    static const uint8_t tg1_sizes[4] = {12, 14, 12, 16};
    uint8_t g = tg1 ? tg1_sizes[tg] : tg0_sizes[tg];
    bool have =
        g == 12 || (g == 14 && cpu_has(c, FEAT_TGran16K)) || (g == 16 && cpu_has(c, FEAT_TGran64K));
    return have ? g : 12;
}

static void two_halves(const struct cpu *c, unsigned owner, uint64_t tcr, struct xlat_s1 *s1)
{
    static const uint8_t tg_lo[2] = {14, 30};
    for (unsigned h = 0; h < 2; h++) {
        s1->half[h] = (struct xlat_half){
            .ttb = c->sr[(h == 0 ? SR_TTBR0_EL1 : SR_TTBR1_EL1) + owner - 1],
            .tsz = (uint8_t)extract64(tcr, 16 * h, 6),
            .granule_log2 = granule(c, (unsigned)extract64(tcr, tg_lo[h], 2), h == 1),
            .sh = (uint8_t)extract64(tcr, h == 0 ? 12 : 28, 2),
            .epd = bit(tcr, h == 0 ? 7 : 23),
            .hpd = cpu_has(c, FEAT_HPDS) && bit(tcr, 41 + h),
            .tbi = bit(tcr, 37 + h),
            .tbid = cpu_has(c, FEAT_PAuth) && bit(tcr, 51 + h),
            .e0pd = cpu_has(c, FEAT_E0PD) && bit(tcr, 55 + h),
        };
    }
    bool a1 = bit(tcr, 22);
    unsigned asid_bits = bit(tcr, 36) && cpu_has(c, FEAT_ASID16) ? 16 : 8;
    s1->asid = (uint16_t)extract64(s1->half[a1].ttb, 48, asid_bits);
    s1->ps_bits = (uint8_t)regime_decode_ps((unsigned)extract64(tcr, 32, 3));
    s1->ha = cpu_has(c, FEAT_HAFDBS) && bit(tcr, 39);
    s1->hd = s1->ha && bit(tcr, 40);
    s1->ds = cpu_has(c, FEAT_LPA2) && bit(tcr, 59);
}

static void one_range(const struct cpu *c, unsigned owner, uint64_t tcr, struct xlat_s1 *s1)
{
    s1->half[0] = (struct xlat_half){
        .ttb = c->sr[SR_TTBR0_EL1 + owner - 1],
        .tsz = (uint8_t)extract64(tcr, 0, 6),
        .granule_log2 = granule(c, (unsigned)extract64(tcr, 14, 2), false),
        .sh = (uint8_t)extract64(tcr, 12, 2),
        .hpd = cpu_has(c, FEAT_HPDS) && bit(tcr, 24),
        .tbi = bit(tcr, 20),
        .tbid = cpu_has(c, FEAT_PAuth) && bit(tcr, 29),
    };
    s1->ps_bits = (uint8_t)regime_decode_ps((unsigned)extract64(tcr, 16, 3));
    s1->ha = cpu_has(c, FEAT_HAFDBS) && bit(tcr, 21);
    s1->hd = s1->ha && bit(tcr, 22);
    s1->ds = cpu_has(c, FEAT_LPA2) && bit(tcr, 32);
}

bool regime_stage2_on(const struct cpu *c)
{
    return cpu_hcr_el2(c) & (HCR_VM | HCR_DC);
}

/* TCR2_ELx as it applies; TCR_EL3 has the fields for EL3. */
static uint64_t tcr2(const struct cpu *c, enum regime r)
{
    if (r == REGIME_EL3) {
        uint64_t tcr = c->sr[SR_TCR_EL3];
        return (bit(tcr, 35) ? TCR2_PIE : 0) | (bit(tcr, 36) ? TCR2_POE : 0);
    }
    bool by_el3 = !c->cfg.has_el3 || bit(c->sr[SR_SCR_EL3], SCR_TCR2En);
    bool by_el2 = r != REGIME_EL10 || !cpu_el2_enabled(c) || (cpu_hcrx_el2(c) & HCRX_TCR2En) != 0;
    return by_el3 && by_el2 ? c->sr[r == REGIME_EL10 ? SR_TCR2_EL1 : SR_TCR2_EL2] : 0;
}

/* Indirect permissions and overlays of stage 1. */
static void stage1_permissions(const struct cpu *c, enum regime r, struct xlat_s1 *s1)
{
    unsigned owner = regime_owner_el(r);
    uint64_t controls = tcr2(c, r);
    bool el0 = regime_has_el0(r) && !s1->nv1;
    s1->pie = controls & TCR2_PIE;
    s1->poe = controls & TCR2_POE;
    s1->e0poe = el0 && (controls & TCR2_E0POE);
    s1->pir = s1->pie ? c->sr[SR_PIR_EL1 + owner - 1] : 0;
    s1->pire0 = s1->pie && el0 ? c->sr[SR_PIRE0_EL1 + owner - 1] : 0;
    s1->por = s1->poe ? c->sr[SR_POR_EL1 + owner - 1] : 0;
    s1->por_el0 = s1->e0poe ? c->sr[SR_POR_EL0] : 0;
    if (s1->pie || s1->poe || s1->e0poe) {
        s1->half[0].hpd = s1->half[1].hpd = true;
    }
}

/* control: VTCR_EL2, or VSTCR_EL2 for the Secure IPA space. */
static struct xlat_s2_space ipa_space(const struct cpu *c, uint64_t control, uint64_t ttb,
                                      enum pas walk, enum pas out)
{
    uint8_t granule_log2 = granule(c, (unsigned)extract64(control, 14, 2), false);
    /* SL2 is RES0 but for 4K pages with VTCR_EL2.DS (GetS2TTWParams). */
    bool has_sl2 = cpu_has(c, FEAT_LPA2) && bit(c->sr[SR_VTCR_EL2], 32) && granule_log2 == 12;
    return (struct xlat_s2_space){
        .ttb = ttb,
        .tsz = (uint8_t)extract64(control, 0, 6),
        .granule_log2 = granule_log2,
        .sl = (uint8_t)(extract64(control, 6, 2) | (has_sl2 ? extract64(control, 33, 1) << 2 : 0)),
        .walk_pas = (uint8_t)walk,
        .out_pas = (uint8_t)out,
    };
}

static void stage2_config(const struct cpu *c, struct xlat_s2 *s2, enum pas pas)
{
    uint64_t vtcr = c->sr[SR_VTCR_EL2], hcr = cpu_hcr_el2(c);
    s2->on = true;
    s2->fwb = cpu_has(c, FEAT_S2FWB) && (hcr & HCR_FWB);
    s2->ptw = hcr & HCR_PTW;
    s2->cd = hcr & HCR_CD;
    s2->id = hcr & HCR_ID;
    s2->ha = cpu_has(c, FEAT_HAFDBS) && bit(vtcr, 21);
    s2->hd = s2->ha && bit(vtcr, 22);
    s2->ds = cpu_has(c, FEAT_LPA2) && bit(vtcr, 32);
    s2->xnx = cpu_has(c, FEAT_XNX);
    s2->cmow = (cpu_hcrx_el2(c) & HCRX_CMOW) != 0;
    s2->sh = (uint8_t)extract64(vtcr, 12, 2);
    s2->pie = bit(vtcr, 36);
    s2->poe = s2->pie && bit(vtcr, 37);
    s2->pir = s2->pie ? c->sr[SR_S2PIR_EL2] : 0;
    s2->por = s2->poe ? c->sr[SR_S2POR_EL1] : 0;
    s2->ps_bits = (uint8_t)regime_decode_ps((unsigned)extract64(vtcr, 16, 3));
    if (pas == PAS_NS) {
        s2->space[XLAT_IPA_NS] = ipa_space(c, vtcr, c->sr[SR_VTTBR_EL2], PAS_NS, PAS_NS);
        return;
    }
    uint64_t vstcr = c->sr[SR_VSTCR_EL2];
    bool sw = bit(vstcr, 29), sa = bit(vstcr, 30), nsw = bit(vtcr, 29), nsa = bit(vtcr, 30);
    s2->space[XLAT_IPA_S] =
        ipa_space(c, vstcr, c->sr[SR_VSTTBR_EL2], sw ? PAS_NS : PAS_S, sw || sa ? PAS_NS : PAS_S);
    s2->space[XLAT_IPA_NS] = ipa_space(c, vtcr, c->sr[SR_VTTBR_EL2], nsw ? PAS_NS : PAS_S,
                                       sw || sa || nsw || nsa ? PAS_NS : PAS_S);
}

unsigned regime_vmid_bits(const struct cpu *c)
{
    return cpu_has(c, FEAT_VMID16) && bit(c->sr[SR_VTCR_EL2], 19) ? 16 : 8;
}

/* VTTBR_EL2 holds it for both IPA spaces: VSTTBR_EL2 has no such field. */
uint16_t regime_vmid(const struct cpu *c)
{
    if (!cpu_el2_enabled(c)) {
        return 0;
    }
    return (uint16_t)extract64(c->sr[SR_VTTBR_EL2], 48, regime_vmid_bits(c));
}

void regime_config(const struct cpu *c, enum regime r, struct xlat_cfg *out)
{
    memset(out, 0, sizeof(*out));
    unsigned owner = regime_owner_el(r);
    uint64_t sctlr = c->sr[SR_SCTLR_EL1 + owner - 1];
    uint64_t tcr = c->sr[SR_TCR_EL1 + owner - 1];
    uint64_t hcr = cpu_hcr_el2(c);
    struct xlat_s1 *s1 = &out->s1;
    out->regime = (uint8_t)r;
    out->pas = r == REGIME_EL3 ? PAS_S : (uint8_t)cpu_lower_pas(c);
    out->pa_bits = (uint8_t)implemented_pa_bits(c);
    out->lva = cpu_has(c, FEAT_LVA);
    out->ttst = cpu_has(c, FEAT_TTST);
    out->xs = cpu_has(c, FEAT_XS);
    out->sif = c->cfg.has_el3 && bit(c->sr[SR_SCR_EL3], 9);
    bool dc = r == REGIME_EL10 && (hcr & HCR_DC);
    bool no_el1_mmu = r == REGIME_EL10 && (hcr & (HCR_TGE | HCR_E2H)) == HCR_TGE;
    s1->on = bit(sctlr, 0) && !dc && !no_el1_mmu;
    s1->default_wb = dc;
    s1->icache = bit(sctlr, 12);
    s1->dcache = bit(sctlr, 2);
    s1->wxn = bit(sctlr, 19);
    s1->mair = c->sr[SR_MAIR_EL1 + owner - 1];
    if (regime_has_el0(r)) {
        two_halves(c, owner, tcr, s1);
        s1->epan = cpu_has(c, FEAT_PAN3) && bit(sctlr, 57);
        s1->cmow = cpu_has(c, FEAT_CMOW) && bit(sctlr, 32);
        s1->nv1 = r == REGIME_EL10 && (hcr & (HCR_NV | HCR_NV1)) == (HCR_NV | HCR_NV1);
    } else {
        one_range(c, owner, tcr, s1);
    }
    stage1_permissions(c, r, s1);
    if (r == REGIME_EL10 && cpu_el2_enabled(c)) {
        out->s2.vmid = regime_vmid(c);
        if (regime_stage2_on(c)) {
            stage2_config(c, &out->s2, (enum pas)out->pas);
        }
    }
}
