/* SPDX-License-Identifier: Apache-2.0 */
/* Block backends: raw image files, temporary overlays on them, and plain memory. */
#ifndef HOST_BLOCKDEV_H
#define HOST_BLOCKDEV_H

#include "core/backend.h"

struct blockdev_cfg {
    const char *id;   /* names the drive in errors; NULL: the path does */
    const char *path; /* a regular file or a block device */
    bool format_raw;  /* format=raw was said: do not look for other formats */
    bool read_only;
    bool snapshot; /* writes go to memory and are forgotten */
    bool no_flush; /* cache=unsafe */
    bool no_lock;  /* locking=off */
    bool no_unmap; /* discard=ignore: keep the space of discarded blocks */
    bool exact;    /* flash: the size is the file's; else it is rounded up to whole sectors */
};

struct blockdev *host_blockdev_open(const struct blockdev_cfg *cfg, GError **err);
/* len bytes of data (NULL: zeros) in memory. */
struct blockdev *host_blockdev_memory(const void *data, size_t len, bool read_only);
/* A temporary overlay: reads fall through to base, writes stay in memory. Owns base. */
struct blockdev *host_blockdev_overlay(struct blockdev *base);
void host_blockdev_close(struct blockdev *b);

#endif
