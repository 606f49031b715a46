/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 64-bit translation table descriptors: Arm DDI 0487, D8.3 "Translation table descriptor formats".
 * Pure functions of a descriptor, its format and its level (-1 to 3).
 */
#ifndef MMU_PTE_H
#define MMU_PTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"

/* Block and page descriptors, stage 1. */
#define PTE_AP1 BIT(6) /* EL0 too */
#define PTE_AP2 BIT(7) /* read only */
#define PTE_NS  BIT(5)
#define PTE_AF  BIT(10)
#define PTE_NG  BIT(11)
#define PTE_GP  BIT(50)
#define PTE_DBM BIT(51)
#define PTE_PXN BIT(53)
#define PTE_UXN BIT(54) /* XN in regimes without EL0 */
/* Table descriptors, stage 1. */
#define PTE_PXN_TABLE BIT(59)
#define PTE_UXN_TABLE BIT(60)
#define PTE_AP1_TABLE BIT(61) /* no EL0 */
#define PTE_AP2_TABLE BIT(62) /* read only */
#define PTE_NS_TABLE  BIT(63)
/* Block and page descriptors, stage 2. */
#define PTE_S2_R    BIT(6)
#define PTE_S2_W    BIT(7)
#define PTE_S2_FNXS BIT(11)

/* Block and page descriptors with indirect permissions; the dirty bit is that of AP[2], S2AP[1]. */
static inline unsigned pte_pi_index(uint64_t desc)
{
    return (unsigned)(extract64(desc, 53, 2) << 2 | extract64(desc, 51, 1) << 1 |
                      extract64(desc, 6, 1));
}

/* With overlays. */
static inline unsigned pte_po_index(uint64_t desc)
{
    return (unsigned)extract64(desc, 60, 3);
}

static inline unsigned pte_s2_po_index(uint64_t desc)
{
    return (unsigned)extract64(desc, 59, 4);
}

/* What decides how address bits are laid out. One word: it travels in a register. */
struct pte_format {
    uint32_t granule_log2 : 8; /* 12, 14 or 16 */
    uint32_t ds : 1;           /* FEAT_LPA2 layout */
    uint32_t pa52 : 1;         /* 52-bit physical addresses are implemented */
};

enum pte_kind { PTE_INVALID, PTE_TABLE, PTE_LEAF };

/* log2 of what one entry at a level maps: 12, 21, 30, 39, 48 with 4 KiB granule. */
static inline unsigned pte_level_shift(unsigned granule_log2, int level)
{
    return granule_log2 + (unsigned)(3 - level) * (granule_log2 - 3);
}

/* First level of a walk that translates input_bits of address, without concatenation. */
static inline int pte_start_level(unsigned granule_log2, unsigned input_bits)
{
    return 3 - (int)((input_bits - 1 - granule_log2) / (granule_log2 - 3));
}

/* Pseudocode AArch64.BlockDescSupported. */
static inline bool pte_block_allowed(struct pte_format f, int level)
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
static inline enum pte_kind pte_kind(uint64_t desc, struct pte_format f, int level)
{
    switch (desc & 3) {
    case 3:
        return level == 3 ? PTE_LEAF : PTE_TABLE;
    case 1:
        return pte_block_allowed(f, level) ? PTE_LEAF : PTE_INVALID;
    default:
        return PTE_INVALID;
    }
}

/* Address bits above low, wherever the format keeps those from 48 up. */
static inline uint64_t pte_address_from(uint64_t desc, struct pte_format f, unsigned low)
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

/* Next table's address. */
static inline uint64_t pte_table_address(uint64_t desc, struct pte_format f)
{
    return pte_address_from(desc, f, f.granule_log2);
}

/* Output address of a block or page. */
static inline uint64_t pte_leaf_address(uint64_t desc, struct pte_format f, int level)
{
    unsigned shift = pte_level_shift(f.granule_log2, level);
    return shift < 48 ? pte_address_from(desc, f, shift) : 0;
}

/*
 * Address of the first table from a TTBR. wide: BADDR[51:48] are in bits 5:2. size_log2: size of
 * the table in bytes.
 */
static inline uint64_t pte_base_address(uint64_t ttb, bool wide, unsigned size_log2)
{
    uint64_t a = ttb & mask64(1, 47);
    if (wide) {
        a = (ttb & mask64(6, 42)) | extract64(ttb, 2, 4) << 48;
        size_log2 = size_log2 < 6 ? 6 : size_log2;
    }
    return align_down(a, UINT64_C(1) << size_log2);
}

#endif
