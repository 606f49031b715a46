/* SPDX-License-Identifier: Apache-2.0 */
/* Names of features and the rules between them (Arm ARM A2; the rules that our models can break).
 */
#include "cpu/sys/features.h"

#include <stddef.h>
#include <strings.h>

#include "base/bits.h"

static const char *const names[FEAT_COUNT] = {
#define FEATURE(name, reg, lsb, value) [FEAT_##name] = #name,
#include "cpu/sys/features.def"
#undef FEATURE
};

const char *feature_name(enum feature e)
{
    return e < FEAT_COUNT && names[e] != NULL ? names[e] : "none";
}

enum feature feature_by_name(const char *name)
{
    for (unsigned i = FEAT_NONE + 1; i < FEAT_COUNT; i++) {
        if (names[i] != NULL && strcasecmp(names[i], name) == 0) {
            return i;
        }
    }
    return FEAT_NONE;
}

/* The feature on the left needs the one on the right. */
static const struct {
    uint8_t feature, needs;
} needs[] = {
    {FEAT_AdvSIMD, FEAT_FP},
    {FEAT_FP, FEAT_AdvSIMD},
    {FEAT_AES, FEAT_AdvSIMD},
    {FEAT_PMULL, FEAT_AES},
    {FEAT_SHA1, FEAT_SHA256},
    {FEAT_SHA256, FEAT_AdvSIMD},
    {FEAT_SHA512, FEAT_SHA256},
    {FEAT_SHA3, FEAT_SHA512},
    {FEAT_SM3, FEAT_AdvSIMD},
    {FEAT_SM4, FEAT_SM3},
    {FEAT_RDM, FEAT_AdvSIMD},
    {FEAT_FP16, FEAT_AdvSIMD},
    {FEAT_FHM, FEAT_FP16},
    {FEAT_DotProd, FEAT_AdvSIMD},
    {FEAT_I8MM, FEAT_AdvSIMD},
    {FEAT_BF16, FEAT_AdvSIMD},
    {FEAT_EBF16, FEAT_BF16},
    {FEAT_FCMA, FEAT_AdvSIMD},
    {FEAT_JSCVT, FEAT_FP},
    {FEAT_FRINTTS, FEAT_FP},
    {FEAT_AFP, FEAT_FP},
    {FEAT_RPRES, FEAT_FP},
    {FEAT_S2TGran4K, FEAT_TGran4K},
    {FEAT_S2TGran16K, FEAT_TGran16K},
    {FEAT_S2TGran64K, FEAT_TGran64K},
    {FEAT_LPA2, FEAT_LPA},
    {FEAT_LPA2, FEAT_LVA},
    {FEAT_LPA, FEAT_LVA},
    {FEAT_VHE, FEAT_Debugv8p1},
    {FEAT_VHE, FEAT_LSE},
    {FEAT_E2H0, FEAT_VHE},
    {FEAT_SEL2, FEAT_TTST},
    {FEAT_PAN2, FEAT_PAN},
    {FEAT_PAN3, FEAT_PAN2},
    {FEAT_UAO, FEAT_PAN},
    {FEAT_HPDS2, FEAT_HPDS},
    {FEAT_DPB2, FEAT_DPB},
    {FEAT_LSE2, FEAT_LSE},
    {FEAT_LRCPC2, FEAT_LRCPC},
    {FEAT_FlagM2, FEAT_FlagM},
    {FEAT_CSV2_2, FEAT_CSV2},
    {FEAT_CSV2_3, FEAT_CSV2_2},
    {FEAT_SSBS2, FEAT_SSBS},
    {FEAT_SPECRES2, FEAT_SPECRES},
    {FEAT_Debugv8p2, FEAT_Debugv8p1},
    {FEAT_Debugv8p4, FEAT_Debugv8p2},
    {FEAT_Debugv8p8, FEAT_Debugv8p4},
    {FEAT_PMUv3p1, FEAT_PMUv3},
    {FEAT_PMUv3p4, FEAT_PMUv3p1},
    {FEAT_PMUv3p5, FEAT_PMUv3p4},
    {FEAT_PMUv3p7, FEAT_PMUv3p5},
    {FEAT_HPMN0, FEAT_PMUv3},
    {FEAT_HPMN0, FEAT_FGT},
    {FEAT_FGT2, FEAT_FGT},
    {FEAT_S1PIE, FEAT_TCR2},
    {FEAT_S1PIE, FEAT_ATS1A},
    {FEAT_S1POE, FEAT_TCR2},
    {FEAT_S1POE, FEAT_ATS1A},
    {FEAT_S1POE, FEAT_HPDS},
    {FEAT_S2POE, FEAT_S2PIE},
    {FEAT_RASv1p1, FEAT_RAS},
    {FEAT_DoubleFault, FEAT_RASv1p1},
    {FEAT_RASv1p1, FEAT_DoubleFault},
    {FEAT_IESB, FEAT_RAS},
    {FEAT_EPAC, FEAT_PAuth},
    {FEAT_PAuth2, FEAT_PAuth},
    {FEAT_FPAC, FEAT_PAuth2},
    {FEAT_FPACCOMBINE, FEAT_FPAC},
    {FEAT_FPACC_SPEC, FEAT_FPACCOMBINE},
    {FEAT_CONSTPACFIELD, FEAT_PAuth2},
    {FEAT_NV2, FEAT_NV},
    {FEAT_NV, FEAT_VHE},
    {FEAT_TLBIRANGE, FEAT_TLBIOS},
    {FEAT_ECV_POFF, FEAT_ECV},
};

enum feature features_unmet(const struct cpu_features *f, enum feature *out_needs)
{
    for (size_t i = 0; i < ARRAY_LEN(needs); i++) {
        if (features_has(f, needs[i].feature) && !features_has(f, needs[i].needs)) {
            *out_needs = needs[i].needs;
            return needs[i].feature;
        }
    }
    return FEAT_NONE;
}
