/* SPDX-License-Identifier: Apache-2.0 */
/* Code that runs once: 100,000 different instructions, written and synchronised, then executed. */
#include "bench.h"

#define N      100000
#define ROUNDS 8
#define RET    0xd65f03c0u

uint64_t bench_run(void)
{
    uint32_t *code = (uint32_t *)(RAM_BASE + (UINT64_C(32) << 20));
    uint64_t x = 1;

    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < N; i++) {
            /* ADD X0, X0, #imm; EOR X0, X0, X0, ROR #n would be idle: ADD with LSL 12 every third.
             */
            code[i] = 0x91000000u | (i % 3 == 0) << 22 | ((i * 7 + round) & 0xfff) << 10;
        }
        code[N] = RET;
        for (uint64_t a = (uintptr_t)code; a <= (uintptr_t)&code[N]; a += 16) {
            __asm__ volatile("dc cvau, %0" ::"r"(a) : "memory");
        }
        dsb();
        insn("ic iallu");
        dsb();
        isb();
        x = ((uint64_t (*)(uint64_t))(uintptr_t)code)(x);
        code += N + 64;
    }
    return x;
}
