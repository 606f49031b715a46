/* SPDX-License-Identifier: Apache-2.0 */
/* LPIs and the ITS: registers, tables, a queue with a command at a time. */
#ifndef GUEST_ITS_H
#define GUEST_ITS_H

#include "gic.h"

#define GITS_CTLR       0x0000
#define GITS_TYPER      0x0008
#define GITS_CBASER     0x0080
#define GITS_CWRITER    0x0088
#define GITS_CREADR     0x0090
#define GITS_BASER      0x0100
#define GITS_TRANSLATER 0x10040
#define GITS_SGIR       0x20020
#define GICR_CTLR       0x0000
#define GICR_TYPER      0x0008
#define GICR_PROPBASER  0x0070
#define GICR_PENDBASER  0x0078
#define GICR_INVLPIR    0x00a0
#define GICR_INVALLR    0x00b0

#define ITS_VALID    BIT(63)
#define ITS_INDIRECT BIT(62)
#define ITS_PTZ      BIT(62)
#define ITS_CMD_SIZE 32
#define LPI_ID_BITS  14 /* of INTIDs: 8192 LPIs */
#define LPI(n)       (8192 + (n))
#define LPI_PRIORITY 0x80
#define LPI_ENABLED  1

enum {
    MOVI = 1,
    INT = 3,
    CLEAR = 4,
    SYNC = 5,
    MAPD = 8,
    MAPC = 9,
    MAPTI = 0xa,
    MAPI = 0xb,
    INV = 0xc,
    INVALL = 0xd,
    MOVALL = 0xe,
    DISCARD = 0xf,
    VMOVI = 0x21,
    VMOVP = 0x22,
    VSGI = 0x23,
    VSYNC = 0x25,
    VMAPP = 0x29,
    VMAPTI = 0x2a,
    VMAPI = 0x2b,
    VINVALL = 0x2d,
    INVDB = 0x2e,
};

#define ITS_TABLE(name, size, align)                                                               \
    static uint8_t name[size] __attribute__((aligned(align), unused))

static inline uint64_t mmio_read64(uint64_t a)
{
    return *(volatile uint64_t *)a;
}

static inline void mmio_write64(uint64_t a, uint64_t v)
{
    *(volatile uint64_t *)a = v;
}

static inline uint64_t redist(unsigned pe)
{
    return GICR_BASE + pe * gicr_stride();
}

/* Where the ITS is: GICv4.1's has a place of its own. */
uint64_t its_base(void);

/* LPIs of the first n_pes PEs: all enabled, with LPI_PRIORITY. */
void its_enable_lpis(unsigned n_pes);
/* A byte of their configuration table. */
void its_set_config(unsigned lpi, uint8_t v);
/* With empty tables: devices, collections, vPEs (0: none) as GITS_BASER<n>. */
void its_enable(uint64_t devices, uint64_t collections, uint64_t vpes);

/* Runs one command; whether the queue went on. */
bool its_cmd(uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3);
/* Where the next one will be. */
uint8_t *its_queue(uint64_t at);
uint64_t its_next(uint64_t at);
bool its_mapd(uint64_t device, unsigned bits, const void *table);
bool its_mapc(uint64_t icid, uint64_t pe, bool valid);
bool its_mapti(uint64_t device, uint64_t event, uint64_t lpi, uint64_t icid);
/* INT, CLEAR, INV, DISCARD */
bool its_on_event(unsigned op, uint64_t device, uint64_t event);

/* Physical interrupts of Group 1: the highest pending one; acknowledged and ended. */
uint64_t its_highest(void);
uint64_t its_take(void);

#endif
