/* SPDX-License-Identifier: Apache-2.0 */
#include "mmu/pte.h"

/* Pseudocode AArch64.BlockDescSupported. */
static bool block_allowed(struct pte_format f, int level)
{
    switch (f.granule_log2) {
    case 12:
        return level == 2 || level == 1 || (level == 0 && f.ds);
    case 14:
        return level == 2 || (level == 1 && f.ds);
    default:
        return level == 2 || (level == 1 && f.pa52);
    }
}

/* The nT bit of blocks (FEAT_BBM) is ignored: levels 1 and 2 of that feature permit it. */
enum pte_kind pte_kind(uint64_t desc, struct pte_format f, int level)
{
    switch (desc & 3) {
    case 3:
        return level == 3 ? PTE_LEAF : PTE_TABLE;
    case 1:
        return block_allowed(f, level) ? PTE_LEAF : PTE_INVALID;
    default:
        return PTE_INVALID;
    }
}

/* Address bits above low, wherever the format keeps those from 48 up. */
static uint64_t address_from(uint64_t desc, struct pte_format f, unsigned low)
{
    uint64_t a = desc & mask64(low, 48 - low);
    if (f.granule_log2 == 16) {
        return f.pa52 ? a | extract64(desc, 12, 4) << 48 : a;
    }
    if (f.ds) {
        return a | extract64(desc, 48, 2) << 48 | extract64(desc, 8, 2) << 50;
    }
    return a;
}

uint64_t pte_table_address(uint64_t desc, struct pte_format f)
{
    return address_from(desc, f, f.granule_log2);
}

uint64_t pte_leaf_address(uint64_t desc, struct pte_format f, int level)
{
    unsigned shift = pte_level_shift(f.granule_log2, level);
    return shift < 48 ? address_from(desc, f, shift) : 0;
}

uint64_t pte_base_address(uint64_t ttb, bool wide, unsigned size_log2)
{
    uint64_t a = ttb & mask64(1, 47);
    if (wide) {
        a = (ttb & mask64(6, 42)) | extract64(ttb, 2, 4) << 48;
        size_log2 = size_log2 < 6 ? 6 : size_log2;
    }
    return align_down(a, UINT64_C(1) << size_log2);
}
