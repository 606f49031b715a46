/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU models as data. Sources: technical reference manuals of Cortex-A53 (DDI 0500), A55 (100442),
 * A57 (DDI 0488), A72 (100095), A76 (100798) and Neoverse N1 (100616): MIDR, CTR, CLIDR, CCSIDR and
 * PMCR values, and the ID_AA64* fields as features. "max" has everything that is implemented; its
 * identification is that of the board it stands in for.
 */
#include "cpu/sys/models.h"

#include <string.h>

#include "base/bits.h"
#include "core/sysreg.h"
#include "cpu/cpu.h"

/* clang-format off */
#define V8_0                                                                                       \
    FEAT_FP, FEAT_AdvSIMD, FEAT_TGran4K, FEAT_TGran64K, FEAT_S2TGran4K, FEAT_S2TGran64K,           \
    FEAT_ASID16, FEAT_AES, FEAT_PMULL, FEAT_SHA1, FEAT_SHA256, FEAT_CRC32, FEAT_PMUv3

#define V8_1 V8_0, FEAT_LSE, FEAT_RDM, FEAT_HAFDBS, FEAT_HPDS, FEAT_LOR, FEAT_PAN, FEAT_VHE,       \
    FEAT_E2H0, FEAT_VMID16, FEAT_Debugv8p1, FEAT_PMUv3p1

#define V8_2 V8_1, FEAT_UAO, FEAT_PAN2, FEAT_DPB, FEAT_Debugv8p2, FEAT_RAS, FEAT_IESB,             \
    FEAT_HPDS2, FEAT_TTCNP, FEAT_XNX, FEAT_DotProd, FEAT_FP16, FEAT_LRCPC

#define V8_4 V8_2, FEAT_DPB2, FEAT_LPA, FEAT_LVA, FEAT_FHM, FEAT_SHA3, FEAT_SHA512, FEAT_SM3,      \
    FEAT_SM4, FEAT_EVT, FEAT_FCMA, FEAT_JSCVT, FEAT_LRCPC2, FEAT_NV, FEAT_NV2, FEAT_PAuth,         \
    FEAT_BBM, FEAT_CCIDX, FEAT_DIT, FEAT_Debugv8p4, FEAT_DoubleFault, FEAT_FlagM, FEAT_IDST,       \
    FEAT_LSE2, FEAT_PMUv3p4, FEAT_RASv1p1, FEAT_S2FWB, FEAT_SEL2, FEAT_TLBIOS, FEAT_TLBIRANGE,     \
    FEAT_TTL, FEAT_TTST

#define V8_6 V8_4, FEAT_CSV2, FEAT_CSV2_2, FEAT_CSV2_3, FEAT_CSV3, FEAT_SSBS, FEAT_SSBS2, FEAT_SB, \
    FEAT_SPECRES, FEAT_BTI, FEAT_E0PD, FEAT_FRINTTS, FEAT_FlagM2, FEAT_GTG, FEAT_PMUv3p5,          \
    FEAT_RNG, FEAT_BF16, FEAT_EBF16, FEAT_I8MM, FEAT_DGH, FEAT_ECV, FEAT_ECV_POFF, FEAT_FGT,       \
    FEAT_HPMN0, FEAT_TWED, FEAT_PAuth2, FEAT_FPAC, FEAT_FPACCOMBINE, FEAT_FPACC_SPEC

#define V8_8 V8_6, FEAT_AFP, FEAT_HCX, FEAT_LPA2, FEAT_PAN3, FEAT_RPRES, FEAT_WFxT, FEAT_XS,       \
    FEAT_PMUv3p7, FEAT_Debugv8p8,                                                                  \
    FEAT_CMOW, FEAT_HBC, FEAT_MOPS, FEAT_NMI, FEAT_TIDCP1, FEAT_ETS2

static const uint8_t v8_0_features[] = {V8_0, FEAT_DoubleLock, FEAT_NONE};
static const uint8_t a55_features[] = {
    V8_2, FEAT_DoubleLock, FEAT_TGran16K, FEAT_S2TGran16K, FEAT_SSBS, FEAT_NONE};
static const uint8_t a76_features[] = {
    V8_2, FEAT_DoubleLock, FEAT_TGran16K, FEAT_S2TGran16K, FEAT_CSV2, FEAT_CSV3, FEAT_SSBS, FEAT_NONE};
static const uint8_t n1_features[] = {
    V8_2, FEAT_DoubleLock, FEAT_TGran16K, FEAT_S2TGran16K, FEAT_CSV2, FEAT_CSV3, FEAT_SSBS, FEAT_SSBS2, FEAT_NONE};
static const uint8_t max_features[] = {
    V8_8, FEAT_TGran16K, FEAT_S2TGran16K, FEAT_PACIMP, FEAT_CSSC, FEAT_ATS1A, FEAT_SCTLR2, FEAT_TCR2,
    FEAT_SPECRES2, FEAT_CLRBHB, FEAT_nTLBPA, FEAT_ECBHB, FEAT_CHK, FEAT_FGT2,
    FEAT_S1PIE, FEAT_S2PIE, FEAT_S1POE, FEAT_S2POE, FEAT_NONE};

/* Registers that firmware and kernels of these cores touch. */
static const uint16_t a5x_impdef[] = {
    SYSREG_ENC(3,1,11,0,2), /* L2CTLR_EL1 */
    SYSREG_ENC(3,1,11,0,3), /* L2ECTLR_EL1 */
    SYSREG_ENC(3,1,15,0,0), /* L2ACTLR_EL1 */
    SYSREG_ENC(3,1,15,2,0), /* CPUACTLR_EL1 */
    SYSREG_ENC(3,1,15,2,1), /* CPUECTLR_EL1 */
    SYSREG_ENC(3,1,15,2,2), /* CPUMERRSR_EL1 */
    SYSREG_ENC(3,1,15,2,3), /* L2MERRSR_EL1 */
    SYSREG_ENC(3,1,15,3,0), /* CBAR_EL1 */
    0,
};
static const uint16_t dsu_impdef[] = {
    SYSREG_ENC(3,0,15,0,0), /* CPUCFR_EL1 */
    SYSREG_ENC(3,0,15,1,0), /* CPUACTLR_EL1 */
    SYSREG_ENC(3,0,15,1,1), /* CPUACTLR2_EL1 */
    SYSREG_ENC(3,0,15,1,2), /* CPUACTLR3_EL1 */
    SYSREG_ENC(3,0,15,1,4), /* CPUECTLR_EL1 */
    SYSREG_ENC(3,0,15,2,7), /* CPUPWRCTLR_EL1 */
    SYSREG_ENC(3,0,15,3,0), /* CLUSTERCFR_EL1 */
    SYSREG_ENC(3,0,15,3,1), /* CLUSTERIDR_EL1 */
    SYSREG_ENC(3,0,15,3,2), /* CLUSTERREVIDR_EL1 */
    SYSREG_ENC(3,0,15,3,3), /* CLUSTERACTLR_EL1 */
    SYSREG_ENC(3,0,15,3,4), /* CLUSTERECTLR_EL1 */
    SYSREG_ENC(3,0,15,3,5), /* CLUSTERPWRCTLR_EL1 */
    SYSREG_ENC(3,0,15,3,6), /* CLUSTERPWRDN_EL1 */
    SYSREG_ENC(3,0,15,3,7), /* CLUSTERPWRSTAT_EL1 */
    SYSREG_ENC(3,0,15,7,0), /* ATCR_EL1 */
    SYSREG_ENC(3,0,15,8,0), /* CPUPSELR_EL3 */
    SYSREG_ENC(3,4,15,7,0), /* ATCR_EL2 */
    SYSREG_ENC(3,4,15,7,1), /* AVTCR_EL2 */
    SYSREG_ENC(3,5,15,7,0), /* ATCR_EL12 */
    SYSREG_ENC(3,6,15,7,0), /* ATCR_EL3 */
    SYSREG_ENC(3,6,15,8,0), /* CPUPSELR_EL3 */
    SYSREG_ENC(3,6,15,8,1), /* CPUPCR_EL3 */
    SYSREG_ENC(3,6,15,8,2), /* CPUPOR_EL3 */
    SYSREG_ENC(3,6,15,8,3), /* CPUPMR_EL3 */
    0,
};
static const uint16_t no_impdef[] = {0};

#define L1D_32K_2 0x701fe00a
#define L1D_32K_4 0x700fe01a
#define L1D_64K_4 0x701fe01a
#define L1I_32K_2 0x201fe00a
#define L1I_32K_4 0x200fe01a
#define L1I_48K_3 0x201fe012
#define L1I_64K_4 0x201fe01a

static const struct cpu_model models[] = {
    {"max",         0x000f0510, 0,     0x9444c004, 0x02000023, {L1D_32K_4, L1I_48K_3, 0x70ffe07a}, 6, 0x01,
     1000000000, max_features, no_impdef},
    {"cortex-a53",  0x410fd034, 0x100, 0x84448004, 0x0a200023, {L1D_32K_4, L1I_32K_2, 0x707fe07a}, 2, 0x03,
     62500000, v8_0_features, a5x_impdef},
    {"cortex-a55",  0x412fd050, 0,     0x84448004, 0x82000023, {L1D_32K_4, L1I_32K_4, 0x703fe07a}, 2, 0x0b,
     62500000, a55_features, dsu_impdef},
    {"cortex-a57",  0x411fd070, 0,     0x8444c004, 0x0a200023, {L1D_32K_2, L1I_48K_3, 0x70ffe07a}, 4, 0x01,
     62500000, v8_0_features, a5x_impdef},
    {"cortex-a72",  0x410fd083, 0,     0x8444c004, 0x0a200023, {L1D_32K_2, L1I_48K_3, 0x707fe07a}, 4, 0x02,
     62500000, v8_0_features, a5x_impdef},
    {"cortex-a76",  0x414fd0b1, 0,     0x8444c004, 0x82000023, {L1D_64K_4, L1I_64K_4, 0x707fe03a}, 2, 0x0b,
     62500000, a76_features, dsu_impdef},
    {"neoverse-n1", 0x414fd0c1, 0,     0x8444c004, 0x82000023, {L1D_64K_4, L1I_64K_4, 0x70ffe03a}, 5, 0x0c,
     62500000, n1_features, dsu_impdef},
};
/* clang-format on */

static const char *const model_names[] = {
    "max",        "cortex-a53", "cortex-a55",  "cortex-a57",
    "cortex-a72", "cortex-a76", "neoverse-n1", NULL,
};

const char *const *cpu_model_names(void)
{
    return model_names;
}

const struct cpu_model *cpu_model_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(models); i++) {
        if (strcmp(models[i].name, name) == 0) {
            return &models[i];
        }
    }
    return NULL;
}

void cpu_model_features(const struct cpu_model *m, struct cpu_features *f)
{
    memset(f, 0, sizeof(*f));
    for (const uint8_t *p = m->features; *p != FEAT_NONE; p++) {
        features_set(f, *p, true);
    }
}
