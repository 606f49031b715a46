/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot=on: a disk whose writes are kept in memory, in clusters, and forgotten at the end.
 */
#include <glib.h>
#include <string.h>

#include "host/blockdev.h"

#include "host/blockdev_internal.h"

enum { CLUSTER_BYTES = 65536 };

struct host_overlay {
    struct blockdev dev;
    const struct blockdev_impl *impl;
    struct blockdev *base;
    GHashTable *clusters; /* cluster number -> CLUSTER_BYTES of data */
    struct snap_chunks kept;
};

static gpointer key_of(uint64_t cluster)
{
    return (gpointer)(uintptr_t)cluster;
}

/* How much of [at, at + len) lies in the cluster of at. */
static size_t part_in_cluster(uint64_t at, size_t len)
{
    size_t n = CLUSTER_BYTES - at % CLUSTER_BYTES;
    return n < len ? n : len;
}

static bool overlay_read(void *opaque, uint64_t offset, void *buf, size_t len)
{
    struct host_overlay *o = opaque;
    uint8_t *p = buf;
    while (len != 0) {
        size_t n = part_in_cluster(offset, len);
        const uint8_t *c = g_hash_table_lookup(o->clusters, key_of(offset / CLUSTER_BYTES));
        if (c != NULL) {
            memcpy(p, c + offset % CLUSTER_BYTES, n);
        } else if (!o->base->ops->read(o->base->opaque, offset, p, n)) {
            return false;
        }
        p += n;
        offset += n;
        len -= n;
    }
    return true;
}

/* The cluster's own copy, filled from the base when it is new. */
static uint8_t *own_cluster(struct host_overlay *o, uint64_t cluster)
{
    uint8_t *c = g_hash_table_lookup(o->clusters, key_of(cluster));
    if (c != NULL) {
        return c;
    }
    uint64_t at = cluster * CLUSTER_BYTES;
    uint64_t left = o->dev.size - at;
    c = g_try_malloc0(CLUSTER_BYTES);
    if (c == NULL || !o->base->ops->read(o->base->opaque, at, c,
                                         left < CLUSTER_BYTES ? (size_t)left : CLUSTER_BYTES)) {
        g_free(c);
        return NULL;
    }
    g_hash_table_insert(o->clusters, key_of(cluster), c);
    return c;
}

static bool overlay_write(void *opaque, uint64_t offset, const void *buf, size_t len)
{
    struct host_overlay *o = opaque;
    const uint8_t *p = buf;
    if (o->dev.read_only) {
        return false;
    }
    while (len != 0) {
        size_t n = part_in_cluster(offset, len);
        uint8_t *c = own_cluster(o, offset / CLUSTER_BYTES);
        if (c == NULL) {
            return false;
        }
        memcpy(c + offset % CLUSTER_BYTES, p, n);
        p += n;
        offset += n;
        len -= n;
    }
    return true;
}

static bool overlay_flush(void *opaque)
{
    return true;
}

static void overlay_close(struct blockdev *b)
{
    struct host_overlay *o = (struct host_overlay *)b;
    g_hash_table_destroy(o->clusters);
    host_blockdev_close(o->base);
    g_free(o);
}

/* ---- for snapshots ---- */

static int compare_keys(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t)*(void *const *)a;
    uintptr_t y = (uintptr_t)*(void *const *)b;
    return x < y ? -1 : x > y;
}

static void kept_each(void *opaque, void (*fn)(void *ctx, uint64_t n, const uint8_t *p), void *ctx)
{
    struct host_overlay *o = opaque;
    guint n = 0;
    g_autofree gpointer *keys = g_hash_table_get_keys_as_array(o->clusters, &n);
    qsort(keys, n, sizeof(keys[0]), compare_keys);
    for (guint i = 0; i < n; i++) {
        fn(ctx, (uintptr_t)keys[i], g_hash_table_lookup(o->clusters, keys[i]));
    }
}

static void kept_clear(void *opaque)
{
    g_hash_table_remove_all(((struct host_overlay *)opaque)->clusters);
}

static uint8_t *kept_put(void *opaque, uint64_t n)
{
    struct host_overlay *o = opaque;
    uint8_t *c = NULL;
    if (n < (o->dev.size + CLUSTER_BYTES - 1) / CLUSTER_BYTES) {
        c = g_try_malloc0(CLUSTER_BYTES);
    }
    if (c != NULL) {
        g_hash_table_insert(o->clusters, key_of(n), c);
    }
    return c;
}

static const struct blockdev_ops overlay_ops = {
    .read = overlay_read, .write = overlay_write, .flush = overlay_flush};
static const struct blockdev_impl overlay_impl = {.close = overlay_close};

struct blockdev *host_blockdev_overlay(struct blockdev *base)
{
    struct host_overlay *o = g_new0(struct host_overlay, 1);
    o->impl = &overlay_impl;
    o->base = base;
    o->clusters = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, g_free);
    o->kept = (struct snap_chunks){CLUSTER_BYTES, kept_each, kept_clear, kept_put, o};
    o->dev =
        (struct blockdev){.ops = &overlay_ops, .kept = &o->kept, .opaque = o, .size = base->size};
    return &o->dev;
}
