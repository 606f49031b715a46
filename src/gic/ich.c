/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypervisor's registers of the virtual CPU interface. Arm IHI 0069H, 12.4 "AArch64 System
 * register descriptions of the virtual registers" (ICH_*_EL2). Behaviour is in vcpuif.c.
 */
#include "gic/gic_internal.h"

#define ICH_HCR_MASK                                                                               \
    (31U << HCR_EOICOUNT_LO | HCR_TDIR | HCR_TSEI | HCR_TALL1 | HCR_TALL0 | HCR_TC |               \
     HCR_VGRP1DIE | HCR_VGRP1EIE | HCR_VGRP0DIE | HCR_VGRP0EIE | HCR_NPIE | HCR_LRENPIE |          \
     HCR_UIE | HCR_EN)

#define ICH_HCR_MASK_4_1 (ICH_HCR_MASK | HCR_VSGIEOICOUNT | HCR_DVIM)

/* ICH_VTR_EL2 */
enum { VTR_DVIM = 1 << 18 };
enum { VTR_IDBITS_24 = 1 << 23, VTR_A3V = 1 << 21, VTR_NV4 = 1 << 20, VTR_TDS = 1 << 19 };
#define VTR_PREBITS_LO 26
#define VTR_PRIBITS_LO 29

static struct gic_pe *of(void *owner)
{
    return owner;
}

static uint64_t read_hcr(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    return of(owner)->v.hcr;
}

static void write_hcr(void *owner, const struct pe_view *v, const struct sysreg *r, uint64_t val)
{
    uint32_t mask = gic_is_v4p1(of(owner)->g) ? ICH_HCR_MASK_4_1 : ICH_HCR_MASK;
    vcpuif_write_hcr(owner, (uint32_t)val, mask);
}

static uint64_t read_vtr(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    const struct gic *g = of(owner)->g;
    return (uint64_t)(GIC_V_PRIO_BITS - 1) << VTR_PRIBITS_LO |
           (GIC_V_PRIO_BITS - 1) << VTR_PREBITS_LO | VTR_IDBITS_24 | VTR_A3V | VTR_TDS |
           (gic_has_vlpis(g) ? 0 : VTR_NV4) | (gic_is_v4p1(g) ? VTR_DVIM : 0) | (g->cfg.n_lr - 1);
}

static uint64_t read_misr(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    return vcpuif_misr(owner);
}

static uint64_t read_eisr(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    return vcpuif_eisr(owner);
}

static uint64_t read_elrsr(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    return vcpuif_elrsr(owner);
}

static uint64_t read_vmcr(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    return of(owner)->v.vmcr;
}

static void write_vmcr(void *owner, const struct pe_view *v, const struct sysreg *r, uint64_t val)
{
    vcpuif_write_vmcr(owner, (uint32_t)val);
}

static enum vgrp apr_group(const struct sysreg *r)
{
    return r->sub & SUB_G0 ? VGRP_0 : VGRP_1;
}

static uint64_t read_apr(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    return vcpuif_read_apr(owner, apr_group(r), SUB_INDEX(r));
}

static void write_apr(void *owner, const struct pe_view *v, const struct sysreg *r, uint64_t val)
{
    vcpuif_write_apr(owner, apr_group(r), SUB_INDEX(r), val);
}

static uint64_t read_lr(void *owner, const struct pe_view *v, const struct sysreg *r)
{
    return of(owner)->v.lr[SUB_INDEX(r)];
}

static void write_lr(void *owner, const struct pe_view *v, const struct sysreg *r, uint64_t val)
{
    vcpuif_write_lr(owner, SUB_INDEX(r), val);
}

/* clang-format off */
#define ENC(crm, op2) SYSREG_ENC(3, 4, 12, crm, op2)
#define APR(name, crm, group, n) \
    {name, ENC(crm, n), 2, 2, SUB_APR | (group) | SUB_N(n), NULL, read_apr, write_apr}
#define LR(name, n) \
    {name, ENC(12 + (n) / 8, (n) % 8), 2, 2, SUB_LR | SUB_N(n), NULL, read_lr, write_lr}

const struct sysreg ich_sysregs[] = {
    APR("ICH_AP0R0_EL2", 8, SUB_G0, 0), APR("ICH_AP0R1_EL2", 8, SUB_G0, 1),
    APR("ICH_AP0R2_EL2", 8, SUB_G0, 2), APR("ICH_AP0R3_EL2", 8, SUB_G0, 3),
    APR("ICH_AP1R0_EL2", 9, SUB_G1, 0), APR("ICH_AP1R1_EL2", 9, SUB_G1, 1),
    APR("ICH_AP1R2_EL2", 9, SUB_G1, 2), APR("ICH_AP1R3_EL2", 9, SUB_G1, 3),
    {"ICH_HCR_EL2",   ENC(11, 0), 2, 2, 0, NULL, read_hcr, write_hcr},
    {"ICH_VTR_EL2",   ENC(11, 1), 2, 4, 0, NULL, read_vtr, NULL},
    {"ICH_MISR_EL2",  ENC(11, 2), 2, 4, 0, NULL, read_misr, NULL},
    {"ICH_EISR_EL2",  ENC(11, 3), 2, 4, 0, NULL, read_eisr, NULL},
    {"ICH_ELRSR_EL2", ENC(11, 5), 2, 4, 0, NULL, read_elrsr, NULL},
    {"ICH_VMCR_EL2",  ENC(11, 7), 2, 2, 0, NULL, read_vmcr, write_vmcr},
    LR("ICH_LR0_EL2", 0),   LR("ICH_LR1_EL2", 1),   LR("ICH_LR2_EL2", 2),   LR("ICH_LR3_EL2", 3),
    LR("ICH_LR4_EL2", 4),   LR("ICH_LR5_EL2", 5),   LR("ICH_LR6_EL2", 6),   LR("ICH_LR7_EL2", 7),
    LR("ICH_LR8_EL2", 8),   LR("ICH_LR9_EL2", 9),   LR("ICH_LR10_EL2", 10), LR("ICH_LR11_EL2", 11),
    LR("ICH_LR12_EL2", 12), LR("ICH_LR13_EL2", 13), LR("ICH_LR14_EL2", 14), LR("ICH_LR15_EL2", 15),
};
/* clang-format on */
const size_t ich_n_sysregs = ARRAY_LEN(ich_sysregs);
