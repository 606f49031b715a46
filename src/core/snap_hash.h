/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes of a machine's state, one a section: the same fields as a snapshot's. Memory is the sum
 * over its pages, so that the order in which pages were touched does not count.
 */
#ifndef CORE_SNAP_HASH_H
#define CORE_SNAP_HASH_H

#include "core/snapshot.h"

struct snap_section_hash {
    char *name;
    uint64_t hash;
};

struct snap *snap_hasher_new(void);
/* The hash of all. *out_sections: struct snap_section_hash, in order; may be NULL. Frees s. */
uint64_t snap_hasher_finish(struct snap *s, GArray **out_sections);

#endif
