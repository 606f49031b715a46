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

/* Weakest first. */
enum cache_kind { CACHE_NC, CACHE_WT, CACHE_WB };

/* Shareability, as descriptors encode it. 1 is reserved and means Outer Shareable here. */
enum { SH_NONE = 0, SH_OUTER = 2, SH_INNER = 3 };

enum device_kind { DEVICE_nGnRnE, DEVICE_nGnRE, DEVICE_nGRE, DEVICE_GRE };

/*
 * inner, outer: the cache policy of Normal memory, four bits as in MAIR_ELx: 0b0100 Non-cacheable,
 * otherwise 0b00RW and 0b10RW Write-Through, 0b01RW and 0b11RW Write-Back; transient without the
 * top bit; R and W are allocation hints. One word, so that it travels in a register.
 */
struct mem_type {
    uint32_t device : 1;
    uint32_t device_kind : 2; /* enum device_kind */
    uint32_t inner : 4;
    uint32_t outer : 4;
    uint32_t sh : 2;
    uint32_t xs : 1;
};

enum cache_kind attr_cache_kind(unsigned policy);

struct mem_type attr_device(enum device_kind k);
/* Normal, both levels the same. */
struct mem_type attr_normal(enum cache_kind k, uint8_t hints, uint8_t sh);
/* A byte of MAIR_ELx. has_xs: FEAT_XS. Reserved values are Device-nGnRnE. The shareability is the
 * descriptor's, of a Device type, too. */
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
