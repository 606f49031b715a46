/* SPDX-License-Identifier: Apache-2.0 */
/* The PL011 of the board, and the end of the run: PSCI when all is well, semihosting when not. */
#include "hyp.h"

#define UARTDR   0x00
#define UARTLCRH 0x2c
#define UARTCR   0x30

void console_init(void)
{
    write32(UART_BASE + UARTLCRH, 0x70); /* 8 bits, FIFO */
    write32(UART_BASE + UARTCR, 0x301);  /* UART, transmitter, receiver */
}

void print(const char *s)
{
    for (; *s != '\0'; s++) {
        write32(UART_BASE + UARTDR, (uint8_t)*s);
    }
}

void print_hex(uint64_t v)
{
    char s[19] = "0x";

    for (unsigned i = 0; i < 16; i++) {
        s[2 + i] = "0123456789abcdef"[v >> (60 - 4 * i) & 15];
    }
    s[18] = '\0';
    print(s);
}

void print_dec(uint64_t v)
{
    char s[21], *p = s + sizeof(s) - 1;

    *p = '\0';
    do {
        *--p = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    print(p);
}

void finish(bool ok)
{
    register uint64_t x0 __asm__("x0") = PSCI_SYSTEM_OFF;

    if (!ok) {
        uint64_t block[2] = {0x20026, 1}; /* ADP_Stopped_ApplicationExit, status 1 */
        register uint64_t x1 __asm__("x1") = (uintptr_t)block;

        x0 = 0x20; /* SYS_EXIT_EXTENDED */
        __asm__ volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
    }
    __asm__ volatile("smc #0" : "+r"(x0)::"memory");
    for (;;) {
        insn("wfi");
    }
}
