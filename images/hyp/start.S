/* SPDX-License-Identifier: Apache-2.0 */
/* Entry at EL2 with the MMU off: BSS, stack, and the choice of what kind of host this is. */

    .section .text.start, "ax"
    .global _start
_start:
    adrp    x1, bss_start
    adrp    x2, bss_end
1:  stp     xzr, xzr, [x1], #16
    cmp     x1, x2
    b.lo    1b
    msr     spsel, #1
    adrp    x1, stack_top
    mov     sp, x1
    // A host at EL2 alone. E2H changes the layout of CPTR_EL2, CNTHCTL_EL2 and TCR_EL2, so it
    // comes first; RW says what EL1 is.
#if VHE
    ldr     x0, =(1 << 34 | 1 << 31 | 1 << 27)  // E2H, RW, TGE
#else
    mov     x0, #(1 << 31)
#endif
    msr     hcr_el2, x0
    isb
    adr     x0, vectors
    msr     vbar_el2, x0
    isb
    bl      hyp_main

    .section .bss
    .balign 4096
    .space  16384
stack_top:
    .space  4096

    .section .rodata
    .balign 8
    .global guest_image, guest_image_end
guest_image:
    .incbin GUEST_IMAGE
guest_image_end:
