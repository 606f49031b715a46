/* SPDX-License-Identifier: Apache-2.0 */
/* Who am I: VPIDR_EL2, VMPIDR_EL2, ID registers that trap, and what must not be there. */
#include "guest.h"

void test_identity(void)
{
    uint64_t pfr0 = rd(id_aa64pfr0_el1), mmfr0 = rd(id_aa64mmfr0_el1);
    struct taken *t = taken();

    check_eq("CurrentEL", rd(CurrentEL), 1 << 2);
    check_eq("MIDR_EL1 is VPIDR_EL2", rd(midr_el1), GUEST_MIDR);
    check_eq("MPIDR_EL1 is VMPIDR_EL2", rd(mpidr_el1), GUEST_MPIDR(0));
    check_eq("ID_AA64PFR0_EL1: EL0 and EL1 without AArch32", pfr0 & 0xff, 0x11);
    check_eq("ID_AA64PFR0_EL1: no EL2, no EL3", pfr0 & 0xff00, 0);
    check_eq("ID_AA64PFR0_EL1: GIC", FIELD(pfr0, 24, 4), 1);
    check_eq("ID_AA64MMFR0_EL1: PARange", FIELD(mmfr0, 0, 4), 2);
    check_eq("ID_AA64MMFR0_EL1: no 64 KiB granule", FIELD(mmfr0, 24, 4), 15);
    check_eq("ID_AA64DFR0_EL1", rd(id_aa64dfr0_el1), 6);
    check_eq("ID_AA64ZFR0_EL1", rd(S3_0_C0_C4_4), 0);
    check_eq("an ID register to come", rd(S3_0_C0_C7_7), 0);
    check_eq("PSCI", smc(PSCI_VERSION, 0, 0, 0), 0x10001);
    check_eq("PSCI: what there is not", smc(0x84001234, 0, 0, 0), (uint64_t)-1);
    t->sync = 0;
    (void)rd(S3_4_C1_C1_0); /* HCR_EL2 */
    check_eq("HCR_EL2 at EL1", t->sync, 1);
    check_eq("HCR_EL2 at EL1: ESR_EL1", t->esr, ESR(EC_UNKNOWN, 0));
    hvc(99, 0, 0); /* the PE has stepped over it, so two instructions are: the next is for it */
    insn("nop");
    check_eq("a hypercall there is not", t->sync, 2);
}
