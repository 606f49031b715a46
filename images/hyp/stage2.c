/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage 2 translation: a virtual machine's physical addresses (IPA) to those of the board. 4 KiB
 * granule, 39 bits of IPA, so that a table of level 1 is the root. What is not mapped faults to
 * EL2, and that is how devices are emulated (mmio.c). Arm DDI 0487, D8.2 "Translation process".
 */
#include "hyp.h"

#define N_TABLES 32

#define S2_NORMAL (D_VALID | UINT64_C(0xf) << 2 | BIT(6) | BIT(7) | D_INNER | D_AF)

#define VTCR_T0SZ  25        /* 64 - 39 */
#define VTCR_SL0   (1 << 6)  /* start at level 1 */
#define VTCR_CACHE (5 << 8)  /* walks are Write-Back ... */
#define VTCR_SH    (3 << 12) /* ... and Inner Shareable */
#define VTCR_PS    (2 << 16) /* 40 bits of output */
#define VTCR_RES1  BIT(31)

static _Alignas(4096) uint64_t pool[N_TABLES][512];
static unsigned n_used;

uint64_t *table_new(void)
{
    if (n_used == N_TABLES) {
        hyp_panic(0);
    }
    return pool[n_used++];
}

void stage2_init(void)
{
    wr(vtcr_el2, VTCR_T0SZ | VTCR_SL0 | VTCR_CACHE | VTCR_SH | VTCR_PS | VTCR_RES1);
}

/* VMIDs of the machines differ: their TLB entries live side by side, and no switch flushes. */
void stage2_create(struct vm *vm)
{
    vm->vttbr = (uint64_t)(vm->n + 1) << 48 | (uintptr_t)table_new();
}

static uint64_t *next_table(uint64_t *entry)
{
    if ((*entry & D_VALID) == 0) {
        *entry = (uintptr_t)table_new() | D_TABLE | D_VALID;
    }
    return (uint64_t *)(*entry & D_ADDRESS);
}

/* All in multiples of 2 MiB. Nothing was valid there before, so no TLB maintenance is due. */
void stage2_map(struct vm *vm, uint64_t ipa, uint64_t pa, uint64_t size)
{
    uint64_t *root = (uint64_t *)(vm->vttbr & D_ADDRESS);

    for (uint64_t at = 0; at < size; at += BLOCK_2M) {
        uint64_t *table = next_table(&root[FIELD(ipa + at, 30, 9)]);
        table[FIELD(ipa + at, 21, 9)] = (pa + at) | S2_NORMAL;
    }
    dsb();
}
