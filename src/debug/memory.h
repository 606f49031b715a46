/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of a machine as debuggers and monitors look at it: as a PE sees it now, as another of its
 * ELs does, as a translation context of its TLB does (a guest of a hypervisor that is not running),
 * or physical. Reads have no side effects, on devices too.
 */
#ifndef DEBUG_MEMORY_H
#define DEBUG_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "core/bus.h"

struct machine;

enum memory_kind { MEMORY_PE, MEMORY_EL, MEMORY_CONTEXT, MEMORY_PHYSICAL };

struct memory_view {
    enum memory_kind kind;
    unsigned el;      /* MEMORY_EL */
    unsigned context; /* MEMORY_CONTEXT: of the PE, as cpu_context_at counts */
    bool ipa;         /* MEMORY_CONTEXT: addresses are intermediate physical ones */
};

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
