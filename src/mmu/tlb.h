/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What TLB maintenance names (struct tlb_inval, for everybody who keeps translations), and a TLB
 * for masters without a fast path of their own: results of both stages together, and of stage 2
 * alone, tagged with regime, security state, VMID and ASID. The PE's own is engine/context.h.
 *
 * Set associative, one array for all block sizes. Contexts (regime, state, VMID, ASID or global)
 * are interned as numbers that are never used again: TLBI by ASID, by VMID or of everything forgets
 * numbers, not entries. TLBI by VA probes the sets that the addresses map to. An entry that is only
 * part of what an invalidation names (4 KiB of a 2 MiB stage 1 block, or anything by IPA) carries a
 * generation that the invalidation moves on. Removal is always at least what the architecture
 * requires (Arm DDI 0487, D8.17 "TLB maintenance"); the last-level and TTL hints make no
 * difference, as only complete translations are held. TLBI by IPA also removes combined entries.
 */
#ifndef MMU_TLB_H
#define MMU_TLB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "mmu/regime.h"
#include "mmu/walk.h"

struct tlb;

/* Which translation: all that software can change without TLBI. */
struct tlb_key {
    va_t va; /* after regime_untag */
    uint16_t asid, vmid;
    uint8_t regime; /* enum regime */
    uint8_t pas;    /* security state */
    uint8_t stages; /* bit 0: stage 1 is on, bit 1: stage 2 is on */
};

struct tlb_key tlb_key_of(const struct xlat_cfg *c, va_t va, bool fetch);

/* What a TLBI or an SMMU CMD_TLBI names. */
enum tlb_inval_kind {
    TLB_INVAL_ALL,      /* everything of a regime and state, all VMIDs, both stages */
    TLB_INVAL_VMALL,    /* a VMID's stage 1 entries; without VMID: of the regime */
    TLB_INVAL_VMALLS12, /* ... and its stage 2 entries */
    TLB_INVAL_ASID,     /* not the global ones */
    TLB_INVAL_VA,       /* one ASID, and global */
    TLB_INVAL_VAA,      /* any ASID */
    TLB_INVAL_IPA,      /* stage 2 */
};

struct tlb_inval {
    uint8_t kind;        /* enum tlb_inval_kind */
    uint8_t regime;      /* enum regime */
    uint8_t pas;         /* security state */
    bool ipa_ns;         /* TLB_INVAL_IPA: the Non-secure IPA space of Secure state */
    uint16_t asid, vmid; /* vmid: only with REGIME_EL10, otherwise 0 */
    uint64_t base, len;  /* bytes of VA (sign extended with two halves) or IPA; len >= 1 */
};

/* n_entries is rounded up to a power of two, at least 64. */
struct tlb *tlb_new(unsigned n_entries);
void tlb_free(struct tlb *t);
/* Forget everything (reset). */
void tlb_flush(struct tlb *t);

/* NULL: walk. The result's pa is some address in the block: see xlat_pa. Valid until the next call.
 */
const struct xlat_result *tlb_lookup(struct tlb *t, const struct tlb_key *k);
/* A result of xlat_walk for k; not kept when it is not cacheable or no stage is on. */
void tlb_insert(struct tlb *t, const struct tlb_key *k, const struct xlat_result *r);

/* Stage 2 alone; k gives VMID and state. For walk_port. */
const struct xlat_s2_entry *tlb_s2_lookup(struct tlb *t, const struct tlb_key *k, ipa_t a, bool ns);
void tlb_s2_insert(struct tlb *t, const struct tlb_key *k, ipa_t a, bool ns,
                   const struct xlat_s2_entry *e);

void tlb_invalidate(struct tlb *t, const struct tlb_inval *op);

#endif
