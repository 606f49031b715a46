// SPDX-License-Identifier: Apache-2.0
/*
 * PL011 (Arm DDI 0183G): transmit is always empty, so its interrupt is always raised; receive is a
 * FIFO of 16. Baud rates, modem lines and errors are stored and mean nothing.
 */
#include <stdio.h>

#include "vmm.h"

enum uart_reg {
    DR = 0x00,
    FR = 0x18,
    LCR_H = 0x2c,
    CR = 0x30,
    IMSC = 0x38,
    RIS = 0x3c,
    MIS = 0x40,
    ICR = 0x44,
    ID_FIRST = 0xfe0
};

enum { FR_RXFE = 1 << 4, FR_TXFE = 1 << 7, INT_RX = 1 << 4, INT_TX = 1 << 5, FIFO_SIZE = 16 };

static const uint8_t id_bytes[] = {0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

static struct {
    uint32_t store[FIFO_SIZE]; /* registers up to LCR_H and CR that only hold what is written */
    uint32_t imsc;
    uint8_t fifo[FIFO_SIZE];
    unsigned head, count;
    bool level;
} u;

static uint32_t raw_interrupts(void)
{
    return INT_TX | (u.count ? INT_RX : 0);
}

static void update(struct vm *vm)
{
    bool level = (raw_interrupts() & u.imsc) != 0;

    if (level != u.level) {
        u.level = level;
        vm_set_spi(vm, SPI_UART, level);
    }
}

static uint32_t read_dr(void)
{
    uint8_t byte = u.fifo[u.head];

    if (u.count) {
        u.head = (u.head + 1) % FIFO_SIZE;
        u.count--;
    }
    return byte;
}

static uint32_t read_reg(uint64_t offset)
{
    switch (offset) {
    case DR:
        return read_dr();
    case FR:
        return FR_TXFE | (u.count ? 0 : FR_RXFE);
    case IMSC:
        return u.imsc;
    case RIS:
        return raw_interrupts();
    case MIS:
        return raw_interrupts() & u.imsc;
    default:
        if (offset >= ID_FIRST) {
            return id_bytes[(offset - ID_FIRST) / 4 % sizeof(id_bytes)];
        }
        return offset <= CR ? u.store[offset / 4] : 0;
    }
}

static void write_reg(uint64_t offset, uint32_t value)
{
    if (offset == DR) {
        putchar((uint8_t)value);
    } else if (offset == IMSC) {
        u.imsc = value & 0x7ff;
    } else if (offset <= CR) {
        u.store[offset / 4] = value;
    }
}

void uart_access(struct vm *vm, struct mmio *m)
{
    if (m->is_write) {
        write_reg(m->offset, (uint32_t)m->value);
    } else {
        m->value = read_reg(m->offset & ~3ull);
    }
    update(vm);
}

void uart_input(struct vm *vm, uint8_t byte)
{
    if (u.count < FIFO_SIZE) {
        u.fifo[(u.head + u.count++) % FIFO_SIZE] = byte;
    }
    update(vm);
}
