/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PrimeCell UART (PL011), Arm DDI 0183G. One register region, one combined interrupt, four DMA
 * request lines, one byte stream.
 *
 * Characters take no time: the transmit FIFO is always empty, and the receive timeout (32 bit times
 * of silence) has passed as soon as characters are in. Input waits in the backend while the
 * receive FIFO is full, so nothing is overrun. As on the reference board, which software relies on,
 * the UART works although UARTCR.{UARTEN,TXE,RXE} are clear. Left out: baud rate and frame format,
 * IrDA, hardware flow control, test registers, modem inputs other than in loopback.
 */
#include "devices/pl011.h"

#include "base/bits.h"
#include "base/log.h"

enum {
    FR_CTS = 1 << 0,
    FR_DSR = 1 << 1,
    FR_DCD = 1 << 2,
    FR_RXFE = 1 << 4,
    FR_RXFF = 1 << 6,
    FR_TXFE = 1 << 7,
    FR_RI = 1 << 8,

    DR_BE = 1 << 10,
    DR_OE = 1 << 11,

    LCR_BRK = 1 << 0,
    LCR_FEN = 1 << 4,

    CR_UARTEN = 1 << 0,
    CR_LBE = 1 << 7,
    CR_TXE = 1 << 8,
    CR_DTR = 1 << 10,
    CR_RTS = 1 << 11,
    CR_OUT1 = 1 << 12,
    CR_OUT2 = 1 << 13,

    INT_RI = 1 << 0,
    INT_CTS = 1 << 1,
    INT_DCD = 1 << 2,
    INT_DSR = 1 << 3,
    INT_RX = 1 << 4,
    INT_TX = 1 << 5,
    INT_RT = 1 << 6,
    INT_BE = 1 << 9,
    INT_OE = 1 << 10,
    INT_ERRORS = 0xf << 7,
    INT_ALL = 0x7ff,

    DMA_RXE = 1 << 0,
    DMA_TXE = 1 << 1,
    DMA_ONERR = 1 << 2,
};

struct pl011 {
    struct device dev;
    uint32_t rsr, ilpr, ibrd, fbrd, lcr_h, cr, ifls, imsc, ris, dmacr;
    uint32_t modem; /* inputs, as bits of UARTFR */
    /* Receive FIFO: a character with its error bits, as UARTDR reads. */
    uint16_t rx[PL011_FIFO_MAX];
    uint32_t rx_head, rx_len;
    uint32_t lcr_h_seen; /* what UARTLCR_H was */
    bool overrun;        /* the next character that is received carries OE */
    unsigned depth;
    struct chardev *chr;
    struct irq_line irq, dma[PL011_N_DMA];
};

static struct pl011 *of(struct device *d)
{
    return (struct pl011 *)d;
}

static uint32_t capacity(const struct pl011 *u)
{
    return (u->lcr_h & LCR_FEN) != 0 ? u->depth : 1;
}

/* UARTIFLS: 1/8, 1/4, 1/2, 3/4, 7/8 of the FIFO; reserved values as the last. */
static uint32_t rx_trigger(const struct pl011 *u)
{
    static const uint8_t eighths[8] = {1, 2, 4, 6, 7, 7, 7, 7};
    return (u->lcr_h & LCR_FEN) != 0 ? u->depth * eighths[extract32(u->ifls, 3, 3)] / 8 : 1;
}

static void update_outputs(struct pl011 *u)
{
    bool held = (u->dmacr & DMA_ONERR) != 0 && (u->ris & u->imsc & INT_ERRORS) != 0;
    bool rx = (u->dmacr & DMA_RXE) != 0 && !held;
    bool tx = (u->dmacr & DMA_TXE) != 0;

    irq_set(&u->irq, (u->ris & u->imsc) != 0);
    irq_set(&u->dma[PL011_DMA_RX_SINGLE], rx && u->rx_len != 0);
    irq_set(&u->dma[PL011_DMA_RX_BURST], rx && u->rx_len >= rx_trigger(u));
    irq_set(&u->dma[PL011_DMA_TX_SINGLE], tx);
    irq_set(&u->dma[PL011_DMA_TX_BURST], tx);
}

/* ---- receiver ---- */

static void rx_put(struct pl011 *u, uint16_t c)
{
    if (u->rx_len >= capacity(u)) {
        u->overrun = true;
        u->rsr |= DR_OE >> 8;
        u->ris |= INT_OE;
        return;
    }
    u->rx[(u->rx_head + u->rx_len) % PL011_FIFO_MAX] = c | (u->overrun ? DR_OE : 0);
    u->rx_len++;
    u->overrun = false;
    u->ris |= INT_RT | ((c & DR_BE) != 0 ? INT_BE : 0);
    if (u->rx_len >= rx_trigger(u)) {
        u->ris |= INT_RX;
    }
}

static void rx_flush(struct pl011 *u)
{
    u->rx_head = 0;
    u->rx_len = 0;
    u->overrun = false;
    u->ris &= ~(uint32_t)(INT_RX | INT_RT);
}

/* In loopback the receive pin is disconnected: input waits outside. */
static size_t pl011_room(void *dev)
{
    const struct pl011 *u = dev;
    return (u->cr & CR_LBE) != 0 || u->rx_len >= capacity(u) ? 0 : capacity(u) - u->rx_len;
}

static void pl011_deliver(void *dev, const uint8_t *buf, size_t len)
{
    struct pl011 *u = dev;
    for (size_t i = 0; i < len; i++) {
        rx_put(u, buf[i]);
    }
    update_outputs(u);
}

static void pl011_deliver_break(void *dev)
{
    struct pl011 *u = dev;
    rx_put(u, DR_BE);
    update_outputs(u);
}

static uint64_t dr_read(struct device *d, const struct reg_desc *r, unsigned idx,
                        const struct bus_txn *t)
{
    struct pl011 *u = of(d);
    if (u->rx_len == 0) {
        return 0;
    }
    uint16_t c = u->rx[u->rx_head];
    if (t->debug || t->pa.v != r->offset) {
        return c;
    }
    u->rx_head = (u->rx_head + 1) % PL011_FIFO_MAX;
    u->rx_len--;
    u->rsr = (u->rsr & (DR_OE >> 8)) | c >> 8;
    if (u->rx_len < rx_trigger(u)) {
        u->ris &= ~(uint32_t)INT_RX;
    }
    if (u->rx_len == 0) {
        u->ris &= ~(uint32_t)INT_RT;
    }
    update_outputs(u);
    return c;
}

/* ---- transmitter ---- */

static void dr_write(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                     const struct bus_txn *t)
{
    struct pl011 *u = of(d);
    uint8_t c = (uint8_t)v;
    if (t->pa.v != r->offset) {
        return; /* a byte beside the character */
    }
    if ((u->cr & (CR_UARTEN | CR_TXE)) != (CR_UARTEN | CR_TXE)) {
        log_guest(d->id, "a character sent with the transmitter disabled");
    }
    if ((u->cr & CR_LBE) != 0) {
        rx_put(u, c);
    } else {
        /* What a backend does not take is lost: the guest must not see the host's speed. */
        (void)chardev_write(u->chr, &c, 1);
    }
    u->ris |= INT_TX;
    update_outputs(u);
}

/* ---- status and control ---- */

static uint64_t fr_read(struct device *d, const struct reg_desc *r, unsigned idx,
                        const struct bus_txn *t)
{
    const struct pl011 *u = of(d);
    uint32_t fr = FR_TXFE | u->modem;
    if (u->rx_len == 0) {
        fr |= FR_RXFE;
    }
    if (u->rx_len >= capacity(u)) {
        fr |= FR_RXFF;
    }
    return fr;
}

static void ecr_write(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                      const struct bus_txn *t)
{
    of(d)->rsr = 0;
}

static void lcr_h_write(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                        const struct bus_txn *t)
{
    struct pl011 *u = of(d);
    uint32_t changed = u->lcr_h ^ u->lcr_h_seen;
    u->lcr_h_seen = u->lcr_h;
    if ((changed & LCR_FEN) != 0) {
        rx_flush(u);
    }
    if ((changed & u->lcr_h & LCR_BRK) != 0 && (u->cr & CR_LBE) != 0) {
        rx_put(u, DR_BE);
    }
    update_outputs(u);
}

/* DDI 0183G, 2.4.6 "Loopback": modem outputs feed modem inputs. Otherwise nothing drives these. */
static void cr_write(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                     const struct bus_txn *t)
{
    static const struct {
        uint16_t cr, fr, irq;
    } wires[] = {
        {CR_DTR, FR_DSR, INT_DSR},
        {CR_RTS, FR_CTS, INT_CTS},
        {CR_OUT1, FR_DCD, INT_DCD},
        {CR_OUT2, FR_RI, INT_RI},
    };
    struct pl011 *u = of(d);
    for (size_t i = 0; i < ARRAY_LEN(wires); i++) {
        bool on = (u->cr & CR_LBE) != 0 && (u->cr & wires[i].cr) != 0;
        if (on != ((u->modem & wires[i].fr) != 0)) {
            u->modem ^= wires[i].fr;
            u->ris |= wires[i].irq;
        }
    }
    update_outputs(u);
}

static void outputs_write(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                          const struct bus_txn *t)
{
    update_outputs(of(d));
}

/* Write only. */
static uint64_t icr_read(struct device *d, const struct reg_desc *r, unsigned idx,
                         const struct bus_txn *t)
{
    return 0;
}

static uint64_t mis_read(struct device *d, const struct reg_desc *r, unsigned idx,
                         const struct bus_txn *t)
{
    return of(d)->ris & of(d)->imsc;
}

static uint64_t id_read(struct device *d, const struct reg_desc *r, unsigned idx,
                        const struct bus_txn *t)
{
    static const uint8_t id[] = {0x11, 0x10, 0x14, 0, 0x0d, 0xf0, 0x05, 0xb1};
    return idx == 2 && of(d)->depth == 32 ? 0x34 : id[idx]; /* revision: r1p4, r1p5 */
}

/* clang-format off */
#define W_ALL .size = 4, .widths = W8 | W16 | W32

/* DDI 0183G, 3.2 "Summary of registers" */
static const struct reg_desc pl011_regs[] = {
    {"UARTDR",    0x000, W_ALL, .flags = REGF_VIEW, .read = dr_read, .write = dr_write},
    {"UARTRSR",   0x004, W_ALL, .write = ecr_write, ST(struct pl011, rsr)}, /* written: UARTECR */
    {"UARTFR",    0x018, W_ALL, .flags = REGF_VIEW, .read = fr_read},
    {"UARTILPR",  0x020, W_ALL, .wmask = 0xff, ST(struct pl011, ilpr)},
    {"UARTIBRD",  0x024, W_ALL, .wmask = 0xffff, ST(struct pl011, ibrd)},
    {"UARTFBRD",  0x028, W_ALL, .wmask = 0x3f, ST(struct pl011, fbrd)},
    {"UARTLCR_H", 0x02c, W_ALL, .wmask = 0xff, .write = lcr_h_write, ST(struct pl011, lcr_h)},
    {"UARTCR",    0x030, W_ALL, .reset = 0x300, .wmask = 0xff87, .write = cr_write, ST(struct pl011, cr)},
    {"UARTIFLS",  0x034, W_ALL, .reset = 0x12, .wmask = 0x3f, .write = outputs_write, ST(struct pl011, ifls)},
    {"UARTIMSC",  0x038, W_ALL, .wmask = INT_ALL, .write = outputs_write, ST(struct pl011, imsc)},
    {"UARTRIS",   0x03c, W_ALL, ST(struct pl011, ris)},
    {"UARTMIS",   0x040, W_ALL, .flags = REGF_VIEW, .read = mis_read},
    {"UARTICR",   0x044, W_ALL, .flags = REGF_VIEW, .w1c = INT_ALL, .read = icr_read, .write = outputs_write, ST(struct pl011, ris)},
    {"UARTDMACR", 0x048, W_ALL, .wmask = 0x7, .write = outputs_write, ST(struct pl011, dmacr)},
    {"UARTID",    0xfe0, .count = 8, W_ALL, .flags = REGF_VIEW, .read = id_read},
};
/* clang-format on */

static const struct reg_block pl011_block = {
    .name = "regs",
    .size = 0x1000,
    .regs = pl011_regs,
    .n_regs = ARRAY_LEN(pl011_regs),
};

/* ---- life ---- */

static void pl011_reset(struct device *d, enum reset_kind k)
{
    struct pl011 *u = of(d);
    rx_flush(u);
    u->lcr_h_seen = 0;
    u->modem = 0;
    update_outputs(u);
}

static bool pl011_realize(struct device *d, GError **err)
{
    struct pl011 *u = of(d);
    if (u->chr != NULL) {
        u->chr->dev = u;
        u->chr->room = pl011_room;
        u->chr->deliver = pl011_deliver;
        u->chr->deliver_break = pl011_deliver_break;
    }
    return true;
}

static void pl011_finalize(struct device *d)
{
    struct chardev *c = of(d)->chr;
    if (c != NULL && c->dev == d) {
        c->dev = NULL;
        c->room = NULL;
        c->deliver = NULL;
        c->deliver_break = NULL;
    }
}

/* clang-format off */
static const struct snap_field pl011_fields[] = {
    SNAP_FIELD(struct pl011, modem),
    SNAP_ARRAY(struct pl011, rx, uint16_t),
    SNAP_UPTO(struct pl011, rx_head, PL011_FIFO_MAX - 1),
    SNAP_UPTO(struct pl011, rx_len, PL011_FIFO_MAX),
    SNAP_FIELD(struct pl011, lcr_h_seen),
    SNAP_FIELD(struct pl011, overrun),
    SNAP_LINES(struct pl011, irq),
    SNAP_LINES(struct pl011, dma),
};
/* clang-format on */
static const struct snap_desc pl011_snap = SNAP_DESC(1, pl011_fields);

static const struct device_ops pl011_ops = {
    .type = "pl011",
    .state_size = sizeof(struct pl011),
    .regions = &pl011_block,
    .n_regions = 1,
    .realize = pl011_realize,
    .reset = pl011_reset,
    .snap = &pl011_snap,
    .finalize = pl011_finalize,
};

struct device *pl011_new(const char *id, unsigned fifo_depth)
{
    ASSERT(fifo_depth == 16 || fifo_depth == 32);
    struct device *d = device_new(&pl011_ops, id);
    of(d)->depth = fifo_depth;
    return d;
}

void pl011_set_chardev(struct device *d, struct chardev *c)
{
    of(d)->chr = c;
}

struct irq_line *pl011_irq(struct device *d)
{
    return &of(d)->irq;
}

struct irq_line *pl011_dma_request(struct device *d, enum pl011_dma n)
{
    return &of(d)->dma[n];
}
