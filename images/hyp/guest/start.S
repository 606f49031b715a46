/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's entry at EL1, MMU off, X0 = argument of whoever started the vCPU; its vectors. */

    .section .text.start, "ax"
    .global _start
_start:
    adrp    x1, stack_top
    mov     sp, x1
    bl      guest_main

    .text
    .global second_start
second_start:
    adrp    x1, second_stack_top
    mov     sp, x1
    bl      guest_second

.macro vector offset
    .balign 128
    sub     sp, sp, #176
    stp     x0, x1, [sp]
    mov     x0, #\offset
    b       take
.endm

    .balign 2048
    .global vectors
vectors:
    .irp offset, 0x000, 0x080, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380, \
                 0x400, 0x480, 0x500, 0x580, 0x600, 0x680, 0x700, 0x780
    vector  \offset
    .endr
take:
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x30, [sp, #144]
    mrs     x1, elr_el1
    mrs     x2, spsr_el1
    stp     x1, x2, [sp, #160]
    add     x1, sp, #160
    bl      guest_trap
    ldp     x1, x2, [sp, #160]
    msr     elr_el1, x1
    msr     spsr_el1, x2
    ldp     x2, x3, [sp, #16]
    ldp     x4, x5, [sp, #32]
    ldp     x6, x7, [sp, #48]
    ldp     x8, x9, [sp, #64]
    ldp     x10, x11, [sp, #80]
    ldp     x12, x13, [sp, #96]
    ldp     x14, x15, [sp, #112]
    ldp     x16, x17, [sp, #128]
    ldp     x18, x30, [sp, #144]
    ldp     x0, x1, [sp], #176
    eret

    .section .bss
    .balign 4096
    .space  8192
stack_top:
    .space  8192
second_stack_top:
    .space  4096
