/* SPDX-License-Identifier: Apache-2.0 */
#include "mmu.h"

#define N_TABLES     512
#define SCTLR_M      BIT(0)
#define SCTLR_C      BIT(2)
#define SCTLR_I      BIT(12)
#define MAIR         UINT64_C(0x4400ff) /* 0 Normal write-back, 1 Device-nGnRnE, 2 Normal non-cacheable */
#define TCR_WALKS    (UINT64_C(0x35) << 8) /* inner shareable, write-back, T0SZ below */
#define TCR_EPD1     BIT(23)
#define TCR_IPS40    (UINT64_C(2) << 32)
#define TCR_PS40     (UINT64_C(2) << 16)
#define TCR_EL2_RES1 (BIT(31) | BIT(23))
#define VTCR         (BIT(31) | UINT64_C(2) << 16 | TCR_WALKS | 1 << 6 | 25)
#define HCR_VM       BIT(0)

static _Alignas(4096) uint64_t pool[N_TABLES][512];
static unsigned n_used;

extern const char snippets_start[], snippets_end[];

uint64_t *table_new(void)
{
    if (n_used == N_TABLES) {
        print("FAIL out of translation tables\n");
        guest_exit(1);
    }
    return pool[n_used++];
}

static unsigned shift_of(unsigned level)
{
    return 39 - 9 * level;
}

uint64_t *descriptor(const struct tables *t, uint64_t va, unsigned level)
{
    uint64_t *table = t->root;

    for (unsigned l = t->start_level; l < level; l++) {
        uint64_t *d = &table[va >> shift_of(l) & 511];

        if ((*d & (D_VALID | D_TABLE)) == D_VALID) { /* split the block */
            uint64_t *next = table_new(), step = BIT(shift_of(l + 1));
            for (unsigned i = 0; i < 512; i++) {
                next[i] = (*d + i * step) | (l + 1 == 3 ? D_PAGE : 0);
            }
            *d = (uintptr_t)next | D_VALID | D_TABLE;
        } else if (!(*d & D_VALID)) {
            *d = (uintptr_t)table_new() | D_VALID | D_TABLE;
        }
        table = (uint64_t *)(*d & D_ADDRESS);
    }
    return &table[va >> shift_of(level) & 511];
}

void map(const struct tables *t, uint64_t va, uint64_t pa, uint64_t size, uint64_t attrs,
         unsigned level)
{
    for (uint64_t at = 0; at < size; at += BIT(shift_of(level))) {
        *descriptor(t, va + at, level) = (pa + at) | attrs | (level == 3 ? D_PAGE : 0);
    }
    dsb();
}

static struct tables flat(unsigned start_level, uint64_t normal, uint64_t device)
{
    struct tables t = {table_new(), start_level};

    map(&t, 0x08000000, 0x08000000, 0x02000000, device, 2);
    map(&t, HOLE & -BIT(21), HOLE & -BIT(21), BIT(21), normal, 2);
    map(&t, RAM_BASE, RAM_BASE, RAM_SIZE, normal, 2);
    return t;
}

/* Snippets run at every level, so nobody writes their pages. */
struct tables stage1_flat(void)
{
    struct tables t = flat(0, D_NORMAL, D_DEVICE);
    uint64_t start = (uintptr_t)snippets_start, size = snippets_end - snippets_start;

    map(&t, start, start, size, D_NORMAL | D_EL0 | D_RO, 3);
    return t;
}

struct tables stage2_flat(void)
{
    return flat(1, S2_NORMAL, S2_DEVICE);
}

void tlb_flush_all(void)
{
    dsb();
    switch (current_el()) {
    case 3:
        insn("tlbi alle3");
        /* fall through */
    case 2:
        insn("tlbi alle2");
        insn("tlbi alle1");
        break;
    default:
        insn("tlbi vmalle1");
    }
    dsb();
    isb();
}

void stage1_on(unsigned el, const struct tables *t, unsigned asid)
{
    uint64_t root = (uintptr_t)t->root, tsz = 16;

    switch (el) {
    case 3:
        wr(mair_el3, MAIR);
        wr(tcr_el3, TCR_EL2_RES1 | TCR_PS40 | TCR_WALKS | tsz);
        wr(ttbr0_el3, root);
        break;
    case 2:
        wr(mair_el2, MAIR);
        wr(tcr_el2, TCR_EL2_RES1 | TCR_PS40 | TCR_WALKS | tsz);
        wr(ttbr0_el2, root);
        break;
    default:
        wr(mair_el1, MAIR);
        wr(tcr_el1, TCR_IPS40 | TCR_EPD1 | TCR_WALKS | tsz);
        wr(ttbr0_el1, root | (uint64_t)asid << 48);
    }
    tlb_flush_all();
    switch (el) {
    case 3:
        wr(sctlr_el3, rd(sctlr_el3) | SCTLR_M | SCTLR_C | SCTLR_I);
        break;
    case 2:
        wr(sctlr_el2, rd(sctlr_el2) | SCTLR_M | SCTLR_C | SCTLR_I);
        break;
    default:
        wr(sctlr_el1, rd(sctlr_el1) | SCTLR_M | SCTLR_C | SCTLR_I);
    }
    isb();
}

void stage1_off(unsigned el)
{
    const uint64_t bits = SCTLR_M | SCTLR_C | SCTLR_I;

    switch (el) {
    case 3:
        wr(sctlr_el3, rd(sctlr_el3) & ~bits);
        break;
    case 2:
        wr(sctlr_el2, rd(sctlr_el2) & ~bits);
        break;
    default:
        wr(sctlr_el1, rd(sctlr_el1) & ~bits);
    }
    tlb_flush_all();
}

void stage2_on(const struct tables *t, unsigned vmid)
{
    wr(vtcr_el2, VTCR);
    wr(vttbr_el2, (uintptr_t)t->root | (uint64_t)vmid << 48);
    wr(hcr_el2, rd(hcr_el2) | HCR_VM);
    tlb_flush_all();
}

void stage2_off(void)
{
    wr(hcr_el2, rd(hcr_el2) & ~HCR_VM);
    tlb_flush_all();
}
