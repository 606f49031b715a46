/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory types: MAIR and stage 2 encodings, the result of two stages, the PAR_EL1 form. Pure.
 * Arm DDI 0487, D8.6 "Memory region attributes"; pseudocode S1DecodeMemAttrs, S2CombineS1MemAttrs,
 * AArch64.S2ApplyFWBMemAttrs, EncodePARAttrs. Left out: Tagged memory.
 */
#ifndef MMU_ATTR_H
#define MMU_ATTR_H

#include <stdbool.h>
#include <stdint.h>

enum cache_kind { CACHE_NC, CACHE_WT, CACHE_WB };

/* One cache level's policy of Normal memory. */
struct cache_policy {
    uint8_t kind;  /* enum cache_kind; the rest is 0 for CACHE_NC */
    uint8_t hints; /* bit 1: read allocate, bit 0: write allocate */
    bool transient;
};

/* Shareability, as descriptors encode it. 1 is reserved and means Outer Shareable here. */
enum { SH_NONE = 0, SH_OUTER = 2, SH_INNER = 3 };

enum device_kind { DEVICE_nGnRnE, DEVICE_nGnRE, DEVICE_nGRE, DEVICE_GRE };

struct mem_type {
    bool device;
    uint8_t device_kind; /* enum device_kind */
    struct cache_policy inner, outer;
    uint8_t sh;
    bool xs;
};

struct mem_type attr_device(enum device_kind k);
/* Normal, both levels the same. */
struct mem_type attr_normal(enum cache_kind k, uint8_t hints, uint8_t sh);
/* A byte of MAIR_ELx. has_xs: FEAT_XS. Reserved values are Device-nGnRnE. */
struct mem_type attr_decode_mair(uint8_t attr, uint8_t sh, bool has_xs);
/* MemAttr[3:0] of a stage 2 descriptor, HCR_EL2.FWB = 0. */
struct mem_type attr_decode_s2(uint8_t memattr, uint8_t sh, bool fnxs);
/* What stage 1 says, limited by stage 2. */
struct mem_type attr_combine(const struct mem_type *s1, const struct mem_type *s2);
/* The same with HCR_EL2.FWB = 1: MemAttr[3:0] modifies s1. */
struct mem_type attr_apply_fwb(const struct mem_type *s1, uint8_t memattr, uint8_t sh, bool fnxs);
/* Normal Non-cacheable with the XS attribute of t. */
struct mem_type attr_uncached(const struct mem_type *t);
/* Both levels cacheable in some way. */
bool attr_cacheable(const struct mem_type *t);
/* Shareability as it takes effect: Device and Normal Non-cacheable are Outer Shareable. */
uint8_t attr_effective_sh(const struct mem_type *t);
/* The MAIR byte that means t: PAR_EL1.ATTR. */
uint8_t attr_encode(const struct mem_type *t);

#endif
