/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/sys/tlbi.h"

#include "cpu/cpu_trace.h"
#include "cpu/sys/hcr.h"
#include "cpu/sys/regimes.h"
#include "cpu/sys/sysreg_index.h"

#include "cpu/cpu_internal.h"

/* CRm of a TLBI that is not by IPA: what it covers and where it goes. */
enum {
    CRM_OS = 1,
    CRM_RANGE_IS = 2,
    CRM_IS = 3,
    CRM_RANGE_OS = 5,
    CRM_RANGE = 6,
    CRM_LOCAL = 7,
};

static bool is_ipa(uint16_t enc)
{
    return enc_op1(enc) == 4 && (enc_crm(enc) == 0 || enc_crm(enc) == 4);
}

/* By IPA, op2 tells ranges: 2 and 6 in all domains, 3 and 7 Outer Shareable. */
static bool is_range(uint16_t enc)
{
    unsigned crm = enc_crm(enc);
    return is_ipa(enc) ? enc_op2(enc) & 2
                       : crm == CRM_RANGE_IS || crm == CRM_RANGE_OS || crm == CRM_RANGE;
}

bool tlbi_broadcasts(const struct cpu *c, uint16_t enc)
{
    unsigned crm = enc_crm(enc);
    if (is_ipa(enc)) {
        unsigned op2 = enc_op2(enc);
        return crm == 0 || op2 == 0 || op2 == 3 || op2 == 4 || op2 == 7;
    }
    /* HCR_EL2.FB: at EL1 as if Inner Shareable. */
    bool forced = c->ps.el == 1 && (cpu_hcr_el2(c) & HCR_FB);
    return forced || (crm != CRM_LOCAL && crm != CRM_RANGE);
}

/* The regime whose entries go. EL1 forms act on EL2&0 for a host (HCR_EL2.{E2H,TGE} = {1,1}). */
static enum regime target_regime(const struct cpu *c, uint16_t enc)
{
    unsigned op2 = enc_op2(enc);
    switch (enc_op1(enc)) {
    case 0:
        return regime_of_el(c, 0);
    case 4:
        return is_ipa(enc) || op2 == 4 || op2 == 6 ? REGIME_EL10 : regime_of_el(c, 2);
    default:
        return REGIME_EL3;
    }
}

static enum tlb_inval_kind kind_of(uint16_t enc)
{
    /* op2 without the last-level bit, by op1 = 0. */
    static const uint8_t el1[4] = {TLB_INVAL_VMALL, TLB_INVAL_VA, TLB_INVAL_ASID, TLB_INVAL_VAA};
    if (is_ipa(enc)) {
        return TLB_INVAL_IPA;
    }
    unsigned op2 = enc_op2(enc);
    if (enc_op1(enc) == 0) {
        return (enum tlb_inval_kind)el1[op2 & 3];
    }
    if (op2 & 1) {
        return TLB_INVAL_VA;
    }
    return op2 == 6 ? TLB_INVAL_VMALLS12 : TLB_INVAL_ALL;
}

/* Descriptors of the operation's stage have the FEAT_LPA2 layout: base addresses count 64 KiB. */
static bool is_ds(const struct cpu *c, enum regime r, bool ipa)
{
    if (!cpu_has(c, FEAT_LPA2)) {
        return false;
    }
    if (ipa) {
        return bit(c->sr[SR_VTCR_EL2], 32);
    }
    return bit(c->sr[SR_TCR_EL1 + regime_owner_el(r) - 1], regime_has_el0(r) ? 59 : 32);
}

/* BaseADDR, TG, SCALE, NUM of a range operation. False: TG is reserved. */
static bool decode_range(const struct cpu *c, uint64_t v, struct tlb_inval *out)
{
    static const uint8_t granule_log2[4] = {0, 12, 14, 16}; /* by TG */
    unsigned g = granule_log2[extract64(v, 46, 2)];
    if (g == 0) {
        return false;
    }
    bool ipa = out->kind == TLB_INVAL_IPA;
    unsigned unit = is_ds(c, (enum regime)out->regime, ipa) ? 16 : g;
    bool sign = !ipa && regime_has_el0((enum regime)out->regime);
    out->base = (sign ? (uint64_t)sextract64(v, 0, 37) : extract64(v, 0, 37)) << unit;
    out->len = (extract64(v, 39, 5) + 1) << (5 * extract64(v, 44, 2) + 1 + g);
    return true;
}

static void decode_page(uint64_t v, struct tlb_inval *out)
{
    out->len = 4096;
    if (out->kind == TLB_INVAL_IPA) {
        out->base = extract64(v, 0, 40) << 12;
    } else {
        bool sign = regime_has_el0((enum regime)out->regime);
        out->base = (sign ? (uint64_t)sextract64(v, 0, 44) : extract64(v, 0, 44)) << 12;
    }
}

bool tlbi_decode(const struct cpu *c, uint16_t enc, uint64_t v, struct tlb_inval *out)
{
    enum regime r = target_regime(c, enc);
    *out = (struct tlb_inval){
        .kind = (uint8_t)kind_of(enc),
        .regime = (uint8_t)r,
        .pas = r == REGIME_EL3 ? PAS_S : (uint8_t)cpu_lower_pas(c),
        .vmid = r == REGIME_EL10 ? regime_vmid(c) : 0,
        .asid =
            regime_has_el0(r) ? (uint16_t)extract64(v, 48, cpu_has(c, FEAT_ASID16) ? 16 : 8) : 0,
        .len = 1,
    };
    switch (out->kind) {
    case TLB_INVAL_IPA:
        out->ipa_ns = out->pas == PAS_NS || bit(v, 63);
        if (!cpu_el2_enabled(c)) {
            return false;
        }
        break;
    case TLB_INVAL_VA:
    case TLB_INVAL_VAA:
        break;
    default:
        return true;
    }
    if (is_range(enc)) {
        return decode_range(c, v, out);
    }
    decode_page(v, out);
    return true;
}

void tlbi_execute(struct cpu *c, uint16_t enc, uint64_t v)
{
    struct tlb_inval op;
    if (!tlbi_decode(c, enc, v, &op)) {
        return;
    }
    TRACE(cpu_trace_port(c), TRACE_TLBI, enc, v, tlbi_broadcasts(c, enc));
    cpu_tlb_invalidate(c, &op);
    if (!tlbi_broadcasts(c, enc)) {
        return;
    }
    for (unsigned i = 0; i < c->n_peers; i++) {
        if (c->peers[i] != c) {
            cpu_tlb_invalidate(c->peers[i], &op);
        }
    }
}
