/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world switch. guest_enter(v) looks like a function to the hypervisor: it returns when the
 * guest has left, with the reason. Everything else of the guest's state is in registers that the
 * hypervisor does not use, and moves only when another vCPU gets the PE (vcpu.c).
 */

#define VCPU_PC (31 * 8)
#define FRAME   96

    .text
    .global guest_enter
guest_enter:
    stp     x29, x30, [sp, #-FRAME]!
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    stp     x27, x28, [sp, #80]
    msr     tpidr_el2, x0               // whom the vectors save
    ldp     x1, x2, [x0, #VCPU_PC]
    msr     elr_el2, x1
    msr     spsr_el2, x2
    ldp     x2, x3, [x0, #16]
    ldp     x4, x5, [x0, #32]
    ldp     x6, x7, [x0, #48]
    ldp     x8, x9, [x0, #64]
    ldp     x10, x11, [x0, #80]
    ldp     x12, x13, [x0, #96]
    ldp     x14, x15, [x0, #112]
    ldp     x16, x17, [x0, #128]
    ldp     x18, x19, [x0, #144]
    ldp     x20, x21, [x0, #160]
    ldp     x22, x23, [x0, #176]
    ldp     x24, x25, [x0, #192]
    ldp     x26, x27, [x0, #208]
    ldp     x28, x29, [x0, #224]
    ldr     x30, [x0, #240]
    ldp     x0, x1, [x0]
    eret

guest_exit:                             // X1 = reason; the guest's X0 and X1 are on the stack
    mrs     x0, tpidr_el2
    stp     x2, x3, [x0, #16]
    ldp     x2, x3, [sp], #16
    stp     x2, x3, [x0]
    stp     x4, x5, [x0, #32]
    stp     x6, x7, [x0, #48]
    stp     x8, x9, [x0, #64]
    stp     x10, x11, [x0, #80]
    stp     x12, x13, [x0, #96]
    stp     x14, x15, [x0, #112]
    stp     x16, x17, [x0, #128]
    stp     x18, x19, [x0, #144]
    stp     x20, x21, [x0, #160]
    stp     x22, x23, [x0, #176]
    stp     x24, x25, [x0, #192]
    stp     x26, x27, [x0, #208]
    stp     x28, x29, [x0, #224]
    mrs     x2, elr_el2
    stp     x30, x2, [x0, #240]
    mrs     x3, spsr_el2
    str     x3, [x0, #VCPU_PC + 8]
    mov     x0, x1
    ldp     x19, x20, [sp, #16]
    ldp     x21, x22, [sp, #32]
    ldp     x23, x24, [sp, #48]
    ldp     x25, x26, [sp, #64]
    ldp     x27, x28, [sp, #80]
    ldp     x29, x30, [sp], #FRAME
    ret

.macro from_guest reason
    .balign 128
    stp     x0, x1, [sp, #-16]!
    mov     x1, #\reason
    b       guest_exit
.endm

.macro from_hyp offset                  // interrupts are masked here: these are bugs
    .balign 128
    mov     x0, #\offset
    bl      hyp_panic
.endm

    .balign 2048
    .global vectors
vectors:
    .irp offset, 0x000, 0x080, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380
    from_hyp \offset
    .endr
    .irp reason, 0, 1, 2, 3
    from_guest \reason
    .endr
    .irp offset, 0x600, 0x680, 0x700, 0x780 // AArch32
    from_hyp \offset
    .endr
