/* SPDX-License-Identifier: Apache-2.0 */
/* A pass and its sinks: snap_writer.c, snap_reader.c, snap_hash.c. */
#ifndef CORE_SNAP_INTERNAL_H
#define CORE_SNAP_INTERNAL_H

#include <glib.h>

#include "core/snapshot.h"

#define SNAP_MAGIC       "ARMASNAP"
#define SNAP_FORMAT      1
#define SNAP_SECTION_MAX (4U << 20)
#define SNAP_NAME_MAX    127U
#define SNAP_PAGE        4096U
#define SNAP_RUN_END     UINT32_MAX /* after the last run of pages of a memory */
#define SNAP_CHUNK_END   UINT64_MAX
#define SNAP_CHUNK_MAX   (1U << 20)

/* First byte of an entry of the stream. */
enum snap_entry {
    SNAP_ENTRY_SECTION = 'S',
    SNAP_ENTRY_MEMORY = 'M',
    SNAP_ENTRY_CHUNKS = 'C',
    SNAP_ENTRY_END = 'E'
};

struct snap_sink {
    enum snap_mode mode;
    void (*begin)(struct snap *s, const char *name, unsigned version);
    /* Save, hash: `count` elements of `elem` bytes under s->path. */
    void (*put)(struct snap *s, const void *p, unsigned elem, uint32_t count);
    /* Load: the same, or NULL: no such field of that shape. Valid until the section ends. */
    const uint8_t *(*get)(struct snap *s, unsigned elem, uint32_t count);
    void (*end)(struct snap *s);
    void (*memory)(struct snap *s, const char *name, uint8_t *host, uint64_t size);
    void (*chunks)(struct snap *s, const char *name, const struct snap_chunks *c);
};

struct snap {
    const struct snap_sink *sink;
    struct evq *q;
    uint64_t sequence; /* of q, once all is loaded */
    size_t n_events;   /* pending ones that were seen */
    GString *section, *path;
    unsigned version; /* of the section: ours, or the file's */
    GError *err;
};

void snap_init(struct snap *s, const struct snap_sink *sink);
void snap_fini(struct snap *s);

#endif
