/* SPDX-License-Identifier: Apache-2.0 */
/* A PrimeCell UART (PL011), Arm DDI 0183G. */
#ifndef DEVICES_PL011_H
#define DEVICES_PL011_H

#include "core/backend.h"
#include "core/device.h"
#include "core/irq.h"

#define PL011_FIFO_MAX 32U

/* fifo_depth: 16 (r1p4 and before, as the reference board) or 32 (r1p5). */
struct device *pl011_new(const char *id, unsigned fifo_depth);

/* Before realize. NULL: nothing is connected, output is lost. */
void pl011_set_chardev(struct device *d, struct chardev *c);

/* UARTINTR, the OR of all masked interrupts. */
struct irq_line *pl011_irq(struct device *d);

/* DMA requests, as levels: single ones (a character, room for one) and bursts (the FIFO is at its
 * trigger level). */
enum pl011_dma { PL011_DMA_RX_SINGLE, PL011_DMA_RX_BURST, PL011_DMA_TX_SINGLE, PL011_DMA_TX_BURST };
#define PL011_N_DMA 4
struct irq_line *pl011_dma_request(struct device *d, enum pl011_dma n);

#endif
