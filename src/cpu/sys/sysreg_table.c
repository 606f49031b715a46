/* SPDX-License-Identifier: Apache-2.0 */
/* The system register table: sysregs.def as an array. */
#include "cpu/sys/sysreg_table.h"

#define NA      4
#define FGR(n)  FGT_R(n)
#define FGD(n)  FGT_D(n)
#define FGR2(n) FGT_R2(n)
#define FGD2(n) FGT_D2(n)
#define FGEN(f) FGT_ENABLE(f)
#define NOFGT   FGT_NONE
#define E2H     SRF_E2H
#define MMU     SRF_MMU
#define TRP     SRF_TRP
#define TRP2    SRF_TRP2
#define IRQ     SRF_IRQ
#define NV1     SRF_NV1
#define NV2R    SRF_NV2R
#define NV2A    SRF_NV2A
#define RO      SRF_RO
#define DBG     SRF_DBG
#define sr_rd_0 NULL
#define sr_wr_0 NULL

const struct sr_desc sr_table[SR_COUNT] = {
#define SR(n, op0, op1, crn, crm, op2, r, w, feat, traps, fgt_, vncr_, flags_, wm, ones, rd, wr)   \
    [SR_##n] = {.name = #n,                                                                        \
                .enc = SYSREG_ENC(op0, op1, crn, crm, op2),                                        \
                .el_r = r,                                                                         \
                .el_w = w,                                                                         \
                .feature = FEAT_##feat,                                                            \
                .fgt = fgt_,                                                                       \
                .vncr = vncr_,                                                                     \
                .flags = flags_,                                                                   \
                .rules = sr_rules_##traps,                                                         \
                .wmask = wm,                                                                       \
                .res1 = ones,                                                                      \
                .read = sr_rd_##rd,                                                                \
                .write = sr_wr_##wr},
#define SR12(n, crn, crm, op2, target)
#include "cpu/sys/sysregs.def"
#undef SR
#undef SR12
};

const struct sr_alias sr_aliases[] = {
#define SR(n, op0, op1, crn, crm, op2, r, w, feat, traps, fgt_, vncr_, flags_, wm, ones, rd, wr)
#define SR12(n, crn, crm, op2, target) {#n, SYSREG_ENC(3, 5, crn, crm, op2), SR_##target},
#include "cpu/sys/sysregs.def"
#undef SR
#undef SR12
};
const unsigned sr_n_aliases = ARRAY_LEN(sr_aliases);
