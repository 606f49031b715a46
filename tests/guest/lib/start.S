/* SPDX-License-Identifier: Apache-2.0 */
/* Entry, vectors of every level, and the way down to a lower level and back. See trap.c. */

#define TRAP_SIZE   (38 * 8)
#define TRAP_ELR    (31 * 8)
#define TRAP_ESR    (33 * 8)
#define TRAP_HPFAR  (35 * 8)
#define TRAP_VECTOR (36 * 8)

    .section .text.start, "ax"
    .global _start
_start:
    mrs     x0, mpidr_el1
    tst     x0, #7
    b.ne    park                        // released by PSCI, at secondary_start
    adrp    x1, bss_start
    adrp    x2, bss_end
1:  stp     xzr, xzr, [x1], #16
    cmp     x1, x2
    b.lo    1b
    msr     spsel, #1
    adrp    x1, boot_stack_top
    mov     sp, x1
    bl      guest_boot
park:
    wfi
    b       park

// Entered by PSCI CPU_ON with the address of a stack's end in X0.
    .global secondary_start
secondary_start:
    msr     spsel, #1
    mov     sp, x0
    bl      guest_enter
    bl      secondary_main
    b       park

// start_snippet(spsr, code, args, pe): ERET to `code`; leave_home(pe) returns from it.
    .global start_snippet
start_snippet:
    stp     x29, x30, [sp, #-96]!
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    stp     x27, x28, [sp, #80]
    mov     x9, sp
    str     x9, [x3]
    mrs     x9, CurrentEL
    cmp     x9, #8
    b.eq    2f
    b.hi    3f
    msr     spsr_el1, x0
    msr     elr_el1, x1
    b       4f
2:  msr     spsr_el2, x0
    msr     elr_el2, x1
    b       4f
3:  msr     spsr_el3, x0
    msr     elr_el3, x1
4:  mov     x8, x2
    ldp     x0, x1, [x8]
    ldp     x2, x3, [x8, #16]
    ldp     x4, x5, [x8, #32]
    ldp     x6, x7, [x8, #48]
    eret

    .global leave_home
leave_home:
    ldr     x9, [x0]
    mov     sp, x9
    ldp     x19, x20, [sp, #16]
    ldp     x21, x22, [sp, #32]
    ldp     x23, x24, [sp, #48]
    ldp     x25, x26, [sp, #64]
    ldp     x27, x28, [sp, #80]
    ldp     x29, x30, [sp], #96
    ret

.macro vector el, offset
    .balign 128
    sub     sp, sp, #TRAP_SIZE
    stp     x0, x1, [sp]
    mov     x0, #\offset
    b       trap_el\el
.endm

.macro vectors el
    .balign 2048
    .global vectors_el\el
vectors_el\el:
    .irp offset, 0x000, 0x080, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380, \
                 0x400, 0x480, 0x500, 0x580, 0x600, 0x680, 0x700, 0x780
    vector  \el, \offset
    .endr
trap_el\el:
    mov     x1, #\el
    stp     x0, x1, [sp, #TRAP_VECTOR]
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
    mrs     x2, elr_el\el
    stp     x30, x2, [sp, #240]
    mrs     x3, spsr_el\el
    mrs     x4, esr_el\el
    stp     x3, x4, [sp, #TRAP_ELR + 8]
    mrs     x5, far_el\el
.if \el == 2
    mrs     x6, hpfar_el2
.else
    mov     x6, #0
.endif
    stp     x5, x6, [sp, #TRAP_ESR + 8]
    mov     x0, sp
    bl      guest_trap
    ldp     x2, x3, [sp, #TRAP_ELR]
    msr     elr_el\el, x2
    msr     spsr_el\el, x3
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
    ldr     x30, [sp, #240]
    ldp     x0, x1, [sp], #TRAP_SIZE
    eret
.endm

    .text
    vectors 1
    vectors 2
    vectors 3

    .weak secondary_main
secondary_main:
    ret

    .section .bss
    .balign 4096
    .space 32768
boot_stack_top:
    .space 4096
