/* SPDX-License-Identifier: Apache-2.0 */
/* Nested virtualization of system registers. See sysreg_nv.h; Arm ARM D8.11, D24. */
#include "cpu/sys/sysreg_nv.h"

#include "cpu/sys/sysreg_index.h"

#define HCR_NV  42
#define HCR_NV1 43
#define HCR_NV2 45

struct nv_bits nv_bits(const struct cpu *c)
{
    uint64_t hcr = c->sr[SR_HCR_EL2];
    struct nv_bits b = {.nv = bit(hcr, HCR_NV) && cpu_el2_enabled(c)};
    b.nv1 = b.nv && bit(hcr, HCR_NV1);
    b.nv2 = b.nv && bit(hcr, HCR_NV2);
    return b;
}

enum nv_action nv_el2_name(const struct cpu *c, unsigned vncr, bool el1_twin)
{
    struct nv_bits b = nv_bits(c);
    if (!b.nv) {
        return NV_NORMAL;
    }
    if (b.nv2 && el1_twin) {
        return NV_EL1;
    }
    return b.nv2 && vncr != 0 ? NV_MEMORY : NV_TRAP;
}

enum nv_action nv_el12_name(const struct cpu *c, unsigned vncr)
{
    struct nv_bits b = nv_bits(c);
    if (!b.nv) {
        return NV_NORMAL;
    }
    return b.nv2 && !b.nv1 && vncr != 0 ? NV_MEMORY : NV_TRAP;
}

enum nv_action nv_el1_name(const struct cpu *c, unsigned vncr, bool traps, bool always_memory)
{
    struct nv_bits b = nv_bits(c);
    if (b.nv2 && vncr != 0 && (b.nv1 || always_memory)) {
        return NV_MEMORY;
    }
    return b.nv1 && !b.nv2 && traps ? NV_TRAP : NV_NORMAL;
}

unsigned nv_vncr_of_set(uint16_t enc)
{
    static const struct {
        uint16_t enc, count, offset;
    } map[] = {
        {SYSREG_ENC(3, 4, 14, 0, 3), 1, 0x060},   /* CNTVOFF_EL2 */
        {SYSREG_ENC(3, 4, 14, 0, 6), 1, 0x1a8},   /* CNTPOFF_EL2 */
        {SYSREG_ENC(3, 3, 14, 3, 2), 1, 0x168},   /* CNTV_CVAL_EL0 */
        {SYSREG_ENC(3, 3, 14, 3, 1), 1, 0x170},   /* CNTV_CTL_EL0 */
        {SYSREG_ENC(3, 3, 14, 2, 2), 1, 0x178},   /* CNTP_CVAL_EL0 */
        {SYSREG_ENC(3, 3, 14, 2, 1), 1, 0x180},   /* CNTP_CTL_EL0 */
        {SYSREG_ENC(3, 4, 12, 12, 0), 16, 0x400}, /* ICH_LR<n>_EL2 */
        {SYSREG_ENC(3, 4, 12, 8, 0), 4, 0x480},   /* ICH_AP0R<n>_EL2 */
        {SYSREG_ENC(3, 4, 12, 9, 0), 4, 0x4a0},   /* ICH_AP1R<n>_EL2 */
        {SYSREG_ENC(3, 4, 12, 11, 0), 1, 0x4c0},  /* ICH_HCR_EL2 */
        {SYSREG_ENC(3, 4, 12, 11, 7), 1, 0x4c8},  /* ICH_VMCR_EL2 */
    };
    if (enc_op1(enc) == 5) { /* EL02 -> EL0 */
        enc = SYSREG_ENC(3, 3, enc_crn(enc), enc_crm(enc), enc_op2(enc));
    }
    for (size_t i = 0; i < ARRAY_LEN(map); i++) {
        if (enc >= map[i].enc && enc < map[i].enc + map[i].count) {
            return map[i].offset + (enc - map[i].enc) * 8U;
        }
    }
    return 0;
}
