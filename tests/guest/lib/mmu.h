/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translation tables, 4 KiB granule: stage 1 with 48-bit input addresses from level 0, stage 2 with
 * 39 bits from level 1. Everything is mapped flat; tests change what they look at with map().
 */
#ifndef GUEST_MMU_H
#define GUEST_MMU_H

#include "guest.h"

#define PAGE     UINT64_C(0x1000)
#define RAM_BASE UINT64_C(0x40000000)
#define RAM_SIZE UINT64_C(0x10000000)
/* A virtual address that the flat map does not have, and where nothing answers in physical memory.
 */
#define WINDOW UINT64_C(0x8000000000)
#define HOLE   UINT64_C(0x0b800000)

/* Stage 1 descriptors. */
#define D_VALID     BIT(0)
#define D_TABLE     BIT(1)
#define D_PAGE      BIT(1)
#define D_ATTR(n)   ((uint64_t)(n) << 2)
#define D_EL0       BIT(6)
#define D_RO        BIT(7)
#define D_INNER     (UINT64_C(3) << 8)
#define D_AF        BIT(10)
#define D_NG        BIT(11)
#define D_DBM       BIT(51)
#define D_PXN       BIT(53)
#define D_UXN       BIT(54)
#define D_XN        D_UXN /* EL2 and EL3 */
#define ATTR_NORMAL 0
#define ATTR_DEVICE 1
#define D_NORMAL    (D_VALID | D_ATTR(ATTR_NORMAL) | D_INNER | D_AF)
#define D_DEVICE    (D_VALID | D_ATTR(ATTR_DEVICE) | D_AF | D_PXN | D_UXN)
#define D_ADDRESS   UINT64_C(0x0000fffffffff000)

/* Stage 2 descriptors. */
#define S2_MEMATTR(n) ((uint64_t)(n) << 2)
#define S2_R          BIT(6)
#define S2_W          BIT(7)
#define S2_XN         (UINT64_C(2) << 53)
#define S2_NORMAL     (D_VALID | S2_MEMATTR(0xf) | D_INNER | D_AF | S2_R | S2_W)
#define S2_DEVICE     (D_VALID | S2_MEMATTR(0x1) | D_AF | S2_R | S2_W)

struct tables {
    uint64_t *root;
    unsigned start_level;
};

uint64_t *table_new(void); /* a page of zeros */
struct tables stage1_flat(void);
struct tables stage2_flat(void);
/* Map [va, va + size) to pa with pages, or blocks of `level` (1, 2). `attrs`: the bits beside
 * address. */
void map(const struct tables *t, uint64_t va, uint64_t pa, uint64_t size, uint64_t attrs,
         unsigned level);
/* The descriptor at `level` that `va` uses; the levels above are made if they are not there. */
uint64_t *descriptor(const struct tables *t, uint64_t va, unsigned level);

/* From home, for a level at or below it. `asid` goes into TTBR0_EL1. */
void stage1_on(unsigned el, const struct tables *t, unsigned asid);
void stage1_off(unsigned el);
void stage2_on(const struct tables *t, unsigned vmid);
void stage2_off(void);
void tlb_flush_all(void);

#endif
