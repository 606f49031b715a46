/* SPDX-License-Identifier: Apache-2.0 */
/* Reset at EL3, address 0 of the Secure flash. Data lives in Secure RAM; vectors of EL3. */

#define FRAME (34 * 8)

    .section .text.start, "ax"
    .global _start
_start:
    mrs     x0, mpidr_el1
    tst     x0, #0xff
    b.ne    park
    ldr     x0, =data_start
    ldr     x1, =data_load
    ldr     x2, =data_end
1:  ldr     x3, [x1], #8
    str     x3, [x0], #8
    cmp     x0, x2
    b.lo    1b
    ldr     x0, =bss_start
    ldr     x1, =bss_end
2:  stp     xzr, xzr, [x0], #16
    cmp     x0, x1
    b.lo    2b
    msr     spsel, #1
    ldr     x0, =monitor_stack_top
    mov     sp, x0
    ldr     x0, =monitor_vectors
    msr     vbar_el3, x0
    isb
    sub     sp, sp, #FRAME
    mov     x0, sp
    bl      monitor_main                // fills in the frame of the world to start
    b       leave
park:
    wfi
    b       park

.macro from offset
    .balign 128
    sub     sp, sp, #FRAME
    stp     x0, x1, [sp]
    mov     x1, #\offset
    b       take
.endm

    .text
    .balign 2048
monitor_vectors:
    .irp offset, 0x000, 0x080, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380, \
                 0x400, 0x480, 0x500, 0x580, 0x600, 0x680, 0x700, 0x780
    from    \offset
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
    stp     x18, x19, [sp, #144]
    stp     x20, x21, [sp, #160]
    stp     x22, x23, [sp, #176]
    stp     x24, x25, [sp, #192]
    stp     x26, x27, [sp, #208]
    stp     x28, x29, [sp, #224]
    mrs     x2, elr_el3
    stp     x30, x2, [sp, #240]
    mrs     x3, spsr_el3
    str     x3, [sp, #256]
    mov     x0, sp
    bl      monitor_trap
leave:
    ldp     x30, x2, [sp, #240]
    ldr     x3, [sp, #256]
    msr     elr_el3, x2
    msr     spsr_el3, x3
    ldp     x2, x3, [sp, #16]
    ldp     x4, x5, [sp, #32]
    ldp     x6, x7, [sp, #48]
    ldp     x8, x9, [sp, #64]
    ldp     x10, x11, [sp, #80]
    ldp     x12, x13, [sp, #96]
    ldp     x14, x15, [sp, #112]
    ldp     x16, x17, [sp, #128]
    ldp     x18, x19, [sp, #144]
    ldp     x20, x21, [sp, #160]
    ldp     x22, x23, [sp, #176]
    ldp     x24, x25, [sp, #192]
    ldp     x26, x27, [sp, #208]
    ldp     x28, x29, [sp, #224]
    ldp     x0, x1, [sp], #FRAME
    eret

    .section .bss
    .balign 4096
    .space  8192
monitor_stack_top:
    .global spm_stack_top
    .space  8192
spm_stack_top:
    .space  4096

    .section .rodata
    .balign 8
    .global ns_image, ns_image_end
ns_image:
    .incbin NS_IMAGE_FILE
ns_image_end:
