/* SPDX-License-Identifier: Apache-2.0 */
/* All tests, on the first vCPU of a machine. */
#include "guest.h"

void guest_main(uint64_t vm)
{
    guest_start(vm);
    test_identity();
    test_memory();
    test_devices();
    test_time();
    test_interrupts();
    test_second_vcpu();
    report();
    smc(PSCI_SYSTEM_OFF, 0, 0, 0);
}
