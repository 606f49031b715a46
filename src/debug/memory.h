/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of a machine as debuggers and monitors look at it: as a PE sees it now, as another of its
 * ELs does, as a virtual machine or a translation context does that need not run now, or physical.
 * Reads have no side effects, on devices too.
 */
#ifndef DEBUG_MEMORY_H
#define DEBUG_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "core/bus.h"
#include "cpu/cpu_debug.h"

struct machine;

enum memory_kind { MEMORY_PE, MEMORY_EL, MEMORY_CONTEXT, MEMORY_VM, MEMORY_PHYSICAL };

struct memory_view {
    enum memory_kind kind;
    unsigned el;                /* MEMORY_EL */
    struct cpu_context context; /* MEMORY_CONTEXT: of the PE, as it was when it was chosen */
    uint64_t vmid;              /* MEMORY_VM: of any PE, whatever is known of it now */
    bool ipa;                   /* of both: addresses are intermediate physical ones */
};

/* The context that such a view means: out_pe's number out_i. False: none is known any more. */
bool memory_find_context(struct machine *m, unsigned pe, const struct memory_view *v,
                         unsigned *out_pe, unsigned *out_i);
/* The walk of an address in it. */
bool memory_walk_context(struct machine *m, unsigned pe, const struct memory_view *v, uint64_t addr,
                         struct cpu_walk *out);

/* A location, and how many bytes from there are in the same page. */
struct memory_place {
    pa_t pa;
    uint8_t pas;
    size_t len;
};
bool memory_translate(struct machine *m, unsigned pe, const struct memory_view *v, uint64_t addr,
                      struct memory_place *out);

/* How many bytes could be read or written, from the first on. */
size_t memory_read(struct machine *m, unsigned pe, const struct memory_view *v, uint64_t addr,
                   void *buf, size_t len);
size_t memory_write(struct machine *m, unsigned pe, const struct memory_view *v, uint64_t addr,
                    const void *buf, size_t len);

#endif
