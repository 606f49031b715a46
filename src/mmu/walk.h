/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walker: one for the CPU, AT instructions, the SMMU and debuggers. It depends on a
 * configuration and on memory behind a port, on nothing else, and always ends.
 *
 * Arm DDI 0487, D8 "The AArch64 Virtual Memory System Architecture"; pseudocode
 * AArch64.FullTranslate and what it calls. Choices the architecture leaves open:
 * - the contiguous bit and the nT bit are hints that we ignore;
 * - the access flag is set by an access that has a Permission fault, and by an AT that has no fault
 *   where that needs no other update; dirty state only by a write that happens; debug accesses
 *   change nothing;
 * - data cache maintenance sets the access flag like any access, never the dirty state;
 * - instructions can be fetched from Device memory (as Normal Non-cacheable).
 */
#ifndef MMU_WALK_H
#define MMU_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/result.h"
#include "core/bus.h"
#include "mmu/perm.h"
#include "mmu/regime.h"

struct xlat_req {
    va_t va;
    uint8_t acc;      /* enum xlat_access */
    bool el0;         /* with EL0's permissions: EL0, LDTR and STTR without PSTATE.UAO */
    bool pan;         /* PSTATE.PAN is set; for AT only S1E1RP and S1E1WP look at it */
    bool unaligned;   /* or DC ZVA: Device memory gives an Alignment fault */
    bool cmo;         /* DC or IC (other than DC ZVA): no dirty state, no PAN */
    bool at;          /* address translation instruction */
    bool stage1_only; /* AT S1*: out->pa is the output of stage 1 */
    bool debug;       /* no side effects; the access flag does not matter */
};

/* Values are DFSC/IFSC without the level; XF_ALIGNMENT and later have none. */
enum xlat_fault_type {
    XF_NONE = -1,
    XF_ADDR_SIZE = 0x00,
    XF_TRANSLATION = 0x04,
    XF_ACCESS_FLAG = 0x08,
    XF_PERMISSION = 0x0c,
    XF_EXT_ABORT = 0x14, /* on a walk */
    XF_ALIGNMENT = 0x21, /* by memory type */
    XF_TLB_CONFLICT = 0x30,
    XF_ATOMIC_UPDATE = 0x31, /* a descriptor could not be updated atomically */
};

struct xlat_fault {
    int8_t type; /* enum xlat_fault_type */
    int8_t level;
    uint8_t stage; /* 1 or 2 */
    bool s1_walk;  /* stage 2 fault on a stage 1 walk: ESR.S1PTW */
    bool write;    /* ESR.WnR of a data access */
    bool overlay;  /* permission: by an overlay */
    bool dirty;    /* permission: a write to what software has to mark dirty */
    bool ipa_ns;   /* stage 2: the IPA is in the Non-secure space (HPFAR_EL2.NS in Secure state) */
    ipa_t ipa;     /* stage 2: what was translated; of a stage 1 walk: the descriptor */
};

/* ESR.DFSC or IFSC, PAR_EL1.FST. */
uint8_t xlat_fault_status(const struct xlat_fault *f);

/* Memory type of a result. */
enum {
    XA_DEVICE = 1 << 0,       /* Device for data accesses */
    XA_S1_DEVICE = 1 << 1,    /* ... by stage 1: an unaligned access is a stage 1 fault */
    XA_XS = 1 << 2,           /* the XS attribute */
    XA_FETCH_CACHED = 1 << 3, /* of a fetch: cacheable */
};

/*
 * perm holds what is possible now without another descriptor update: a clean page whose dirty state
 * hardware manages lacks PERM_W until a write. A denied access is walked again, which updates the
 * descriptor or gives the exact fault.
 */
struct xlat_result {
    pa_t pa;              /* of req->va */
    ipa_t ipa;            /* output of stage 1 */
    uint8_t size_log2;    /* of the block that shares this result, both stages together */
    uint8_t s1_size_log2; /* 0: stage 1 is off */
    uint8_t s2_size_log2; /* 0: stage 2 is off */
    uint8_t perm;         /* PERM_* */
    uint8_t pas;          /* enum pas of pa */
    uint8_t mair;         /* type for data, as PAR_EL1.ATTR has it */
    uint8_t sh;           /* effective shareability, as PAR_EL1.SH has it */
    uint8_t attr;         /* XA_* */
    int8_t level;         /* of the stage 1 leaf */
    uint8_t reads;        /* descriptors read: for the timing model */
    bool ipa_ns;          /* the IPA's space; without stage 2: that of pa */
    bool global;          /* not of one ASID */
    bool guarded;         /* BTI guarded page */
    bool cacheable;       /* may be kept in a TLB: access flags are set */
};

/* What stage 2 says of an IPA: may be kept in a TLB. */
struct xlat_s2_entry {
    uint64_t pa;       /* of the block */
    uint8_t size_log2; /* of the block */
    uint8_t pas;       /* enum pas */
    uint8_t perm;      /* PERM_*, now, without descriptor updates */
    uint8_t memattr;   /* MemAttr[3:0] */
    uint8_t sh;
    bool fnxs;
    bool accessed; /* the access flag is set: always so in a TLB */
};

/*
 * Memory, 8 bytes at a time, aligned; values as a little-endian load gives them.
 * cas: *seen is what was there; it was replaced when *seen == expect.
 * s2_find, s2_fill: a cache of stage 2, or NULL. Addresses need no alignment.
 * note: told of every descriptor that was read, or NULL.
 */
struct walk_port {
    enum bus_result (*read)(void *opaque, pa_t pa, enum pas pas, uint64_t *out);
    enum bus_result (*cas)(void *opaque, pa_t pa, enum pas pas, uint64_t expect, uint64_t desired,
                           uint64_t *seen);
    const struct xlat_s2_entry *(*s2_find)(void *opaque, ipa_t ipa, bool ns);
    void (*s2_fill)(void *opaque, ipa_t ipa, bool ns, const struct xlat_s2_entry *e);
    void (*note)(void *opaque, unsigned stage, int level, pa_t at, enum pas pas, uint64_t desc);
    void *opaque;
};

/* True: *out is set. False: *out_fault is. */
bool xlat_walk(const struct xlat_cfg *cfg, const struct xlat_req *req, const struct walk_port *port,
               struct xlat_result *out, struct xlat_fault *out_fault) NODISCARD;

/* Privileged data accesses are what PSTATE.PAN is about. */
static inline bool xlat_pan_applies(const struct xlat_req *req)
{
    return req->pan && !req->el0 && !req->cmo && req->acc != ACC_FETCH && req->acc != ACC_CMO &&
           req->acc != ACC_CMO_W;
}

/* A result, possibly from a TLB, permits the access; otherwise walk (again). */
static inline bool xlat_perm_allows(const struct xlat_result *r, const struct xlat_req *req)
{
    uint8_t p = xlat_pan_applies(req) ? perm_with_pan(r->perm) : r->perm;
    return perm_check(p, (enum xlat_access)req->acc, req->el0) == PERM_OK;
}

/* Physical address of va, which lies in the block that r is about. */
static inline pa_t xlat_pa(const struct xlat_result *r, va_t v)
{
    uint64_t m = mask64(0, r->size_log2);
    return pa((r->pa.v & ~m) | (v.v & m));
}

/* The same for the IPA: what HPFAR_EL2 and instruction-side checks need. */
static inline ipa_t xlat_ipa(const struct xlat_result *r, va_t v)
{
    uint64_t m = mask64(0, r->size_log2);
    return ipa((r->ipa.v & ~m) | (v.v & m));
}

#endif
