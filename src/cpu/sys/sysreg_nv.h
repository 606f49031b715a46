/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nested virtualization (FEAT_NV, FEAT_NV2): what an access to an EL2, EL12 or EL02 name, or to an
 * EL1 register that a guest hypervisor owns, becomes at EL1.
 */
#ifndef CPU_SYS_SYSREG_NV_H
#define CPU_SYS_SYSREG_NV_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;

enum nv_action {
    NV_NORMAL, /* nested virtualization has no say */
    NV_TRAP,   /* trapped to EL2 */
    NV_MEMORY, /* an access to the VNCR_EL2 page */
    NV_EL1,    /* an access to the EL1 register of the same name */
};

/* HCR_EL2.{NV, NV1, NV2} as they apply now: none without EL2, NV1 and NV2 only with NV. */
struct nv_bits {
    bool nv, nv1, nv2;
};
struct nv_bits nv_bits(const struct cpu *c);

/* At EL1. vncr: offset in the page, 0: none. el1_twin: NV2R in sysregs.def. */
enum nv_action nv_el2_name(const struct cpu *c, unsigned vncr, bool el1_twin);
enum nv_action nv_el12_name(const struct cpu *c, unsigned vncr);
/* traps, always_memory: NV1 and NV2A in sysregs.def. */
enum nv_action nv_el1_name(const struct cpu *c, unsigned vncr, bool traps, bool always_memory);

/* The VNCR_EL2 offset of a timer or GIC register, or 0. For EL02 names: of the EL0 name. */
unsigned nv_vncr_of_set(uint16_t enc);

/* A doubleword of the VNCR_EL2 page, by the EL2 translation regime. False: an exception (Data
 * Abort to EL2 with ISS.VNCR) was taken. */
bool vncr_access(struct cpu *c, unsigned offset, bool write, uint64_t *v);

#endif
