/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partition at Secure EL1 and EL0: pieces that the partition manager starts, each of which ends
 * with HVC. Position independent, in a page of its own that both levels may execute.
 */
    .section .partition, "ax"
    .balign 4096
    .global partition
partition:
    .global part_load, part_store, part_el0, part_vectors
part_load:                              // X1 = what is at X0
    ldr     x1, [x0]
    hvc     #0
part_store:
    str     x1, [x0]
    hvc     #0
part_el0:                               // to EL0 and back with what it reads at X0
    adr     x2, 1f
    msr     elr_el1, x2
    msr     spsr_el1, xzr
    isb
    eret
1:  ldr     x1, [x0]
    svc     #0

    .balign 2048
part_vectors:
    .space  0x200
    mrs     x2, esr_el1                 // an abort of EL1
    hvc     #0
    .balign 0x200
    mrs     x2, esr_el1                 // a lower level: SVC or an abort of EL0
    hvc     #0
    .balign 4096
