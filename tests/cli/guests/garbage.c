/* SPDX-License-Identifier: Apache-2.0 */
/* Writes garbage to every device register, for ever, and ignores what comes of it. */
#include "guest.h"

#define DEVICES_FROM 0x08000000
#define DEVICES_END  0x0a004000

static bool skip(struct trap *t)
{
    t->elr += t->vector % 0x200 == VEC_SYNC ? 4 : 0;
    return true;
}

/* Registers of 4 bytes in the pages that have any, and a few beyond. */
static uint64_t next_address(uint64_t a)
{
    a += 4;
    return (a & 0xfff) == 0 && a < 0x09000000 ? a + 0x7000 : a;
}

int guest_main(void)
{
    uint64_t x = 0x9e3779b97f4a7c15;

    trap_hook(home_el(), skip);
    print("ready\n");
    for (;;) {
        for (uint64_t a = DEVICES_FROM; a < DEVICES_END; a = next_address(a)) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            __asm__ volatile("str %w0, [%1]" ::"r"(x), "r"(a) : "memory");
            __asm__ volatile("ldr wzr, [%0]" ::"r"(a) : "memory");
        }
    }
}
