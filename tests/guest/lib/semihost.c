/* SPDX-License-Identifier: Apache-2.0 */
/* Semihosting 3.0: HLT #0xF000 with the operation in W0 and its block in X1. */
#include "guest.h"

#define SYS_WRITE0        0x04
#define SYS_EXIT_EXTENDED 0x20
#define APPLICATION_EXIT  0x20026

uint64_t semihost(uint64_t op, const void *block)
{
    register uint64_t x0 __asm__("x0") = op;
    register uint64_t x1 __asm__("x1") = (uintptr_t)block;

    __asm__ volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
    return x0;
}

void print(const char *s)
{
    semihost(SYS_WRITE0, s);
}

_Noreturn void guest_exit(unsigned status)
{
    const uint64_t block[2] = {APPLICATION_EXIT, status};

    semihost(SYS_EXIT_EXTENDED, block);
    for (;;) {
        insn("wfi");
    }
}
