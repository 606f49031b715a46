/* SPDX-License-Identifier: Apache-2.0 */
/* Entry, vectors, and the jump into a sequence and back; struct state is in guest.c. */
#define STATE_SP        0xf8
#define STATE_NZCV      0x100
#define STATE_FPCR      0x108
#define STATE_FPSR      0x110
#define STATE_TAKEN     0x118
#define STATE_V         0x120
#define STATE_EXCEPTION 0x320
#define STATE_HOST_SP   0x3a0
#define STATE_SAVED     0x3a8
#define EC_BRANCH_TARGET     0x0d
#define EC_INSTRUCTION_ABORT 0x21
#define EC_DATA_ABORT        0x25
#define SPSR_BTYPE      (3 << 10)
#define MODE_EL1H       0x3c5 /* with DAIF set */

    .section .text.start, "ax"
    .global _start
_start:
    ldr x0, =stack_top
    mov sp, x0
    adr x0, vectors
    msr vbar_el1, x0
    mov x0, #3 << 20
    msr cpacr_el1, x0
    isb
    bl guest_main
1:  wfi
    b 1b

/* Each exception of a sequence is noted; it goes on after the instruction, see guest.c. */
    .balign 2048
vectors:
    .rept 4
    .balign 128
    b unexpected
    .endr
    .balign 128
    b synchronous
    .rept 11
    .balign 128
    b unexpected
    .endr

synchronous:
    msr tpidr_el0, x0
    mrs x0, tpidr_el1
    cbz x0, unexpected
    str x1, [x0, #STATE_SAVED]
    str x2, [x0, #STATE_SAVED + 8]
    ldr x1, [x0, #STATE_TAKEN]
    add x2, x1, #1
    str x2, [x0, #STATE_TAKEN]
    cmp x2, #8
    b.hi unexpected
    add x1, x0, x1, lsl #4
    mrs x2, esr_el1
    str x2, [x1, #STATE_EXCEPTION]
    lsr x2, x2, #26
    cmp x2, #EC_DATA_ABORT
    mrs x2, far_el1
    csel x2, x2, xzr, eq
    str x2, [x1, #STATE_EXCEPTION + 8]
    mrs x1, esr_el1
    lsr x1, x1, #26
    cmp x1, #EC_BRANCH_TARGET
    b.eq 1f
    cmp x1, #EC_INSTRUCTION_ABORT
    mrs x1, elr_el1
    add x1, x1, #4
    adr x2, sequence_done
    csel x1, x2, x1, eq
    msr elr_el1, x1
    b 2f
1:  mrs x1, spsr_el1
    bic x1, x1, #SPSR_BTYPE
    msr spsr_el1, x1
2:
    ldr x1, [x0, #STATE_SAVED]
    ldr x2, [x0, #STATE_SAVED + 8]
    mrs x0, tpidr_el0
    eret

unexpected:
    ldr x0, =stack_top
    mov sp, x0
    mrs x0, esr_el1
    mrs x1, elr_el1
    b guest_unexpected

    .text
/* void run_sequence(struct state *s, const void *code); it ends in a branch to the next */
    .global run_sequence, sequence_done
run_sequence:
    stp x19, x20, [sp, #-96]!
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    mov x2, sp
    str x2, [x0, #STATE_HOST_SP]
    msr tpidr_el1, x0
    msr elr_el1, x1
    ldr x1, [x0, #STATE_NZCV]
    mov x2, #MODE_EL1H
    orr x1, x1, x2
    msr spsr_el1, x1
    ldr x1, [x0, #STATE_FPCR]
    msr fpcr, x1
    ldr x1, [x0, #STATE_FPSR]
    msr fpsr, x1
    ldr x1, [x0, #STATE_SP]
    mov sp, x1
    add x1, x0, #STATE_V
    ldp q0, q1, [x1, #0]
    ldp q2, q3, [x1, #32]
    ldp q4, q5, [x1, #64]
    ldp q6, q7, [x1, #96]
    ldp q8, q9, [x1, #128]
    ldp q10, q11, [x1, #160]
    ldp q12, q13, [x1, #192]
    ldp q14, q15, [x1, #224]
    ldp q16, q17, [x1, #256]
    ldp q18, q19, [x1, #288]
    ldp q20, q21, [x1, #320]
    ldp q22, q23, [x1, #352]
    ldp q24, q25, [x1, #384]
    ldp q26, q27, [x1, #416]
    ldp q28, q29, [x1, #448]
    ldp q30, q31, [x1, #480]
    ldp x30, x1, [x0, #0xf0]
    ldp x28, x29, [x0, #0xe0]
    ldp x26, x27, [x0, #0xd0]
    ldp x24, x25, [x0, #0xc0]
    ldp x22, x23, [x0, #0xb0]
    ldp x20, x21, [x0, #0xa0]
    ldp x18, x19, [x0, #0x90]
    ldp x16, x17, [x0, #0x80]
    ldp x14, x15, [x0, #0x70]
    ldp x12, x13, [x0, #0x60]
    ldp x10, x11, [x0, #0x50]
    ldp x8, x9, [x0, #0x40]
    ldp x6, x7, [x0, #0x30]
    ldp x4, x5, [x0, #0x20]
    ldp x2, x3, [x0, #0x10]
    ldp x0, x1, [x0]
    eret

sequence_done:
    msr tpidr_el0, x0
    mrs x0, tpidr_el1
    stp x2, x3, [x0, #0x10]
    stp x4, x5, [x0, #0x20]
    stp x6, x7, [x0, #0x30]
    stp x8, x9, [x0, #0x40]
    stp x10, x11, [x0, #0x50]
    stp x12, x13, [x0, #0x60]
    stp x14, x15, [x0, #0x70]
    stp x16, x17, [x0, #0x80]
    stp x18, x19, [x0, #0x90]
    stp x20, x21, [x0, #0xa0]
    stp x22, x23, [x0, #0xb0]
    stp x24, x25, [x0, #0xc0]
    stp x26, x27, [x0, #0xd0]
    stp x28, x29, [x0, #0xe0]
    str x30, [x0, #0xf0]
    mrs x2, tpidr_el0
    stp x2, x1, [x0]
    mov x1, sp
    str x1, [x0, #STATE_SP]
    mrs x1, nzcv
    str x1, [x0, #STATE_NZCV]
    mrs x1, fpcr
    str x1, [x0, #STATE_FPCR]
    mrs x1, fpsr
    str x1, [x0, #STATE_FPSR]
    add x1, x0, #STATE_V
    stp q0, q1, [x1, #0]
    stp q2, q3, [x1, #32]
    stp q4, q5, [x1, #64]
    stp q6, q7, [x1, #96]
    stp q8, q9, [x1, #128]
    stp q10, q11, [x1, #160]
    stp q12, q13, [x1, #192]
    stp q14, q15, [x1, #224]
    stp q16, q17, [x1, #256]
    stp q18, q19, [x1, #288]
    stp q20, q21, [x1, #320]
    stp q22, q23, [x1, #352]
    stp q24, q25, [x1, #384]
    stp q26, q27, [x1, #416]
    stp q28, q29, [x1, #448]
    stp q30, q31, [x1, #480]
    msr tpidr_el1, xzr
    ldr x1, [x0, #STATE_HOST_SP]
    mov sp, x1
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp x19, x20, [sp], #96
    ret

    .bss
    .balign 16
    .skip 16384
stack_top:
