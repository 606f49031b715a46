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

enum pte_kind pte_kind(uint64_t desc, struct pte_format f, int level);
/* Next table's address. */
uint64_t pte_table_address(uint64_t desc, struct pte_format f);
/* Output address of a block or page. */
uint64_t pte_leaf_address(uint64_t desc, struct pte_format f, int level);
/*
 * Address of the first table from a TTBR. wide: BADDR[51:48] are in bits 5:2. size_log2: size of
 * the table in bytes.
 */
uint64_t pte_base_address(uint64_t ttb, bool wide, unsigned size_log2);

#endif
