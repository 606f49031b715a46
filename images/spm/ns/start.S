/* SPDX-License-Identifier: Apache-2.0 */
/* The Non-secure world at EL2, MMU off. A synchronous exception is recorded and stepped over. */

    .section .text.start, "ax"
    .global _start
_start:
    ldr     x1, =ns_stack_top
    mov     sp, x1
    adr     x1, ns_vectors
    msr     vbar_el2, x1
    isb
    bl      ns_main

    .text
    .balign 2048
ns_vectors:
    .space  0x200
    stp     x0, x1, [sp, #-16]!         // synchronous
    mrs     x0, esr_el2
    ldr     x1, =ns_esr
    str     x0, [x1]
    mrs     x0, elr_el2
    add     x0, x0, #4
    msr     elr_el2, x0
    ldp     x0, x1, [sp], #16
    eret
    .balign 2048

    .section .bss
    .balign 16
    .space  8192
ns_stack_top:
    .space  16
