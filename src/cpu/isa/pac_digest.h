/* SPDX-License-Identifier: Apache-2.0 */
/* What handlers of pointer authentication need: digested control registers, keys, the fast code. */
#ifndef CPU_ISA_PAC_DIGEST_H
#define CPU_ISA_PAC_DIGEST_H

#include "cpu/isa/pac.h"

/* Make c->pac again; key: see pac_digest. */
void pac_refresh(struct cpu *c, uint64_t key);

/* What the digested form depends on, in one number. */
static inline uint64_t pac_digest_key(const struct cpu *c)
{
    return c->ctx_gen << 2 | c->ps.el;
}

/* The control registers in digested form. */
static inline const struct pac_state *pac_digest(const struct cpu *c)
{
    uint64_t key = pac_digest_key(c);
    if (UNLIKELY(c->pac.key != key)) {
        pac_refresh((struct cpu *)(uintptr_t)c, key);
    }
    return &c->pac;
}

/* The keys follow each other in the register file, each its low half first. */
_Static_assert(SR_APIAKeyLo_EL1 + 2 * PAC_IB == SR_APIBKeyLo_EL1 &&
                   SR_APIAKeyLo_EL1 + 2 * PAC_DA == SR_APDAKeyLo_EL1 &&
                   SR_APIAKeyLo_EL1 + 2 * PAC_DB == SR_APDBKeyLo_EL1 &&
                   SR_APIAKeyLo_EL1 + 2 * PAC_GA == SR_APGAKeyLo_EL1 &&
                   SR_APIAKeyLo_EL1 + 1 == SR_APIAKeyHi_EL1,
               "order of enum pac_key");
static inline uint64_t pac_key_lo(const struct cpu *c, enum pac_key key)
{
    return c->sr[SR_APIAKeyLo_EL1 + 2 * key];
}

static inline uint64_t pac_key_hi(const struct cpu *c, enum pac_key key)
{
    return c->sr[SR_APIAKeyLo_EL1 + 2 * key + 1];
}

/*
 * Any function of data, modifier and key will do: a product by an odd number, whose bits 48 and up
 * depend on all bits of an address and of the modifier below.
 */
static inline uint64_t pac_impdef(uint64_t data, uint64_t modifier, uint64_t hi, uint64_t lo)
{
    uint64_t p = (data ^ hi ^ UINT64_C(0x9e3779b97f4a7c15)) *
                 ((modifier ^ lo ^ UINT64_C(0xd6e8feb86659fd93)) << 1 | 1);
    return p ^ p >> 32;
}

/* The pointer with all code bits equal to bit 55. */
static inline uint64_t pac_canonical(uint64_t ptr, uint64_t mask)
{
    return bit(ptr, 55) ? ptr | mask : ptr & ~mask;
}

#endif
