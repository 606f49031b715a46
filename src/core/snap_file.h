/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots as bytes: a header and one zstd frame with a checksum. See docs/adr/0013.
 *
 *     struct snap *s = snap_writer_new(&out);   ... sections ...   snap_writer_finish(s, err)
 *     struct snap *s = snap_reader_new(p, n, err);  ... the same ...  snap_reader_finish(s, err)
 */
#ifndef CORE_SNAP_FILE_H
#define CORE_SNAP_FILE_H

#include "core/snapshot.h"

struct snap_out {
    /* False: it did not work, and errno says why. */
    bool (*write)(void *opaque, const void *p, size_t len);
    void *opaque;
};

struct snap *snap_writer_new(const struct snap_out *out);
/* Both free s. */
bool snap_writer_finish(struct snap *s, GError **err) NODISCARD;
/* The bytes must stay until the end. NULL: not a snapshot, or of another format. */
struct snap *snap_reader_new(const uint8_t *p, size_t len, GError **err);
bool snap_reader_finish(struct snap *s, GError **err) NODISCARD;
/* Is it whole? Checks the checksum without storing anything. */
bool snap_check(const uint8_t *p, size_t len, GError **err) NODISCARD;

#endif
