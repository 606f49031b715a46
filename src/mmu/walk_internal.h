/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the two stages of the walker. */
#ifndef MMU_WALK_INTERNAL_H
#define MMU_WALK_INTERNAL_H

#include "mmu/pte.h"
#include "mmu/walk.h"

struct walk {
    const struct xlat_cfg *cfg;
    const struct xlat_req *req;
    const struct walk_port *port;
    struct xlat_fault *fault;
    unsigned reads;
};

/* STEP_AGAIN: a descriptor changed under us; the whole walk starts again. */
enum step { STEP_OK, STEP_FAULT, STEP_AGAIN };

/* Why stage 2 is asked. */
enum s2_use {
    S2_ACCESS, /* the access itself */
    S2_WALK,   /* to read a stage 1 descriptor */
    S2_UPDATE, /* to write one */
};

enum step walk_stage2(struct walk *w, uint64_t addr, bool ns, enum s2_use use,
                      struct xlat_s2_entry *out);

/* A descriptor in memory. */
struct desc_ref {
    uint64_t pa;
    enum pas pas;
    bool big_endian;
};

/* stage, level: of the descriptor. */
enum bus_result walk_read(struct walk *w, const struct desc_ref *d, unsigned stage, int level,
                          uint64_t *out);
/* STEP_FAULT: *type says which. */
enum step walk_update(struct walk *w, const struct desc_ref *d, uint64_t expect, uint64_t desired,
                      enum xlat_fault_type *type);

/* Address of the entry for addr: input_bits counts the bits that the table at level resolves. */
static inline uint64_t walk_entry(uint64_t table, uint64_t addr, unsigned granule_log2, int level,
                                  unsigned input_bits)
{
    unsigned shift = pte_level_shift(granule_log2, level);
    return table | extract64(addr, shift, input_bits - shift) << 3;
}

/* Input bits that a table below the first one resolves. */
static inline unsigned walk_table_bits(unsigned granule_log2, int level)
{
    return pte_level_shift(granule_log2, level) + granule_log2 - 3;
}

static inline bool walk_in_range(uint64_t addr, unsigned bits)
{
    return bits >= 52 || addr >> bits == 0;
}

/* The access writes, and hardware may record that. */
static inline bool walk_sets_dirty(const struct xlat_req *r)
{
    return (r->acc == ACC_WRITE || r->acc == ACC_RMW) && !r->cmo && !r->at && !r->debug;
}

/* The access writes, or asks as if it did: what software manages the dirty state of faults. */
static inline bool walk_needs_dirty(const struct xlat_req *r)
{
    return (r->acc == ACC_WRITE || r->acc == ACC_RMW) && !r->cmo;
}

/* Why an access is denied: the reasons of a stage in their order. */
struct denial {
    enum perm_verdict verdict;
    bool overlay, dirty;
};

/* unmarked: a write that only lacks the dirty mark, which software sets. */
static inline struct denial walk_denial(struct perms p, enum xlat_access acc, bool el0,
                                        bool unmarked)
{
    struct denial d = {.verdict = perm_check(p.overlay, acc, el0)};
    d.overlay = d.verdict != PERM_OK;
    if (!d.overlay) {
        d.verdict = perm_check(p.base, acc, el0);
        d.dirty = d.verdict == PERM_OK && unmarked;
    }
    d.verdict = d.dirty ? PERM_NO_WRITE : d.verdict;
    return d;
}

/* Adds to a Permission fault. */
static inline enum step walk_deny(struct walk *w, struct denial d)
{
    w->fault->overlay = d.overlay;
    w->fault->dirty = d.dirty;
    if (!w->fault->s1_walk && w->req->acc == ACC_RMW) {
        w->fault->write = d.verdict == PERM_NO_WRITE;
    }
    return STEP_FAULT;
}

/* WnR of a fault that is not about permissions. */
static inline bool walk_is_write(const struct xlat_req *r)
{
    return r->acc == ACC_WRITE || r->acc == ACC_CMO || r->acc == ACC_CMO_W || r->cmo || r->at;
}

/* What the access needs of a stage. cmow: FEAT_CMOW's control of that stage is on. */
static inline enum xlat_access walk_access(const struct xlat_req *r, bool cmow)
{
    bool writes = r->acc == ACC_CMO_W && cmow;
    return writes ? r->el0 ? ACC_RMW : ACC_WRITE : (enum xlat_access)r->acc;
}

static inline bool walk_wants_alignment(const struct xlat_req *r)
{
    return r->unaligned && r->acc != ACC_FETCH;
}

#endif
