/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading. Memory is bounded whatever the bytes say: one section of at most SNAP_SECTION_MAX, the
 * window of zstd, and the guest's own memory.
 */
#include <string.h>
#include <zstd.h>

#include "core/pages.h"
#include "core/snap_file.h"

#include "core/snap_internal.h"

#define HEADER_BYTES   16U
#define WINDOW_LOG_MAX 23

struct reader {
    struct snap s;
    ZSTD_DCtx *z;
    ZSTD_inBuffer in;
    size_t hint; /* 0: the frame is complete and its checksum right */
    size_t buf_at, buf_len;
    uint8_t *section;
    uint32_t section_len;
    uint32_t cursor; /* where the next field is looked for first */
    uint8_t buf[1 << 17];
};

/* ---- the stream ---- */

static bool refill(struct reader *r)
{
    ZSTD_outBuffer out = {r->buf, sizeof(r->buf), 0};
    while (out.pos == 0) {
        size_t in_before = r->in.pos;
        if (r->hint == 0) {
            snap_fail(&r->s, "it ends too early");
            return false;
        }
        r->hint = ZSTD_decompressStream(r->z, &out, &r->in);
        if (ZSTD_isError(r->hint)) {
            snap_fail(&r->s, "it is damaged (%s)", ZSTD_getErrorName(r->hint));
            return false;
        }
        if (out.pos == 0 && r->in.pos == in_before && r->hint != 0) {
            snap_fail(&r->s, "it is truncated");
            return false;
        }
    }
    r->buf_at = 0;
    r->buf_len = out.pos;
    return true;
}

/* p may be NULL: skip. */
static bool read_bytes(struct reader *r, uint8_t *p, uint64_t len)
{
    while (len != 0 && snap_ok(&r->s)) {
        if (r->buf_at == r->buf_len && !refill(r)) {
            return false;
        }
        size_t n = r->buf_len - r->buf_at;
        n = n < len ? n : (size_t)len;
        if (p != NULL) {
            memcpy(p, r->buf + r->buf_at, n);
            p += n;
        }
        r->buf_at += n;
        len -= n;
    }
    return snap_ok(&r->s);
}

static uint64_t read_int(struct reader *r, unsigned size)
{
    uint8_t raw[8] = {0};
    uint64_t v;
    if (!read_bytes(r, raw, size)) {
        return 0;
    }
    memcpy(&v, raw, sizeof(v));
    return GUINT64_FROM_LE(v);
}

/* name: SNAP_NAME_MAX + 1 bytes. */
static enum snap_entry read_entry(struct reader *r, char *name)
{
    enum snap_entry kind = (enum snap_entry)read_int(r, 1);
    name[0] = '\0';
    if (!snap_ok(&r->s) || kind == SNAP_ENTRY_END) {
        return kind;
    }
    bool known =
        kind == SNAP_ENTRY_SECTION || kind == SNAP_ENTRY_MEMORY || kind == SNAP_ENTRY_CHUNKS;
    size_t len = (size_t)read_int(r, 1);
    if (len > SNAP_NAME_MAX || !known) {
        snap_fail(&r->s, "it is damaged");
        return SNAP_ENTRY_END;
    }
    if (read_bytes(r, (uint8_t *)name, len)) {
        name[len] = '\0';
    }
    return kind;
}

static bool expect(struct reader *r, enum snap_entry kind, const char *name)
{
    char theirs[SNAP_NAME_MAX + 1];
    enum snap_entry k = read_entry(r, theirs);
    if (snap_ok(&r->s) && (k != kind || strcmp(theirs, name) != 0)) {
        snap_fail(&r->s, "it is of another machine: %s there, %s here",
                  k == SNAP_ENTRY_END ? "nothing more" : theirs, name);
    }
    return snap_ok(&r->s);
}

/* ---- sections ---- */

static void reader_begin(struct snap *s, const char *name, unsigned version)
{
    struct reader *r = (struct reader *)s;
    if (!expect(r, SNAP_ENTRY_SECTION, name)) {
        return;
    }
    unsigned theirs = (unsigned)read_int(r, 2);
    uint64_t len = read_int(r, 4);
    if (snap_ok(s) && theirs > version) {
        snap_fail(s, "%s: it has version %u, this build knows %u", name, theirs, version);
    }
    if (snap_ok(s) && len > SNAP_SECTION_MAX) {
        snap_fail(s, "%s: the section is too large", name);
    }
    r->section_len = 0;
    r->cursor = 0;
    if (snap_ok(s) && read_bytes(r, r->section, len)) {
        r->section_len = (uint32_t)len;
        s->version = theirs;
    }
}

struct entry {
    const char *name;
    size_t name_len;
    unsigned elem;
    uint32_t count;
    const uint8_t *data;
    uint32_t end; /* where the next one is */
};

static bool entry_at(const struct reader *r, uint32_t at, struct entry *out)
{
    const uint8_t *p = r->section + at;
    size_t left = r->section_len - at;
    if (left < 1 || left - 1 < (size_t)p[0] + 5) {
        return false;
    }
    *out = (struct entry){.name = (const char *)p + 1, .name_len = p[0]};
    p += 1 + out->name_len;
    left -= 1 + out->name_len + 5;
    out->elem = p[0];
    memcpy(&out->count, p + 1, 4);
    out->count = GUINT32_FROM_LE(out->count);
    out->data = p + 5;
    uint64_t bytes = (uint64_t)out->elem * out->count;
    out->end = (uint32_t)(out->data - r->section + bytes);
    return bytes <= left;
}

static bool find_from(const struct reader *r, const GString *path, uint32_t from, struct entry *e)
{
    for (uint32_t at = from; entry_at(r, at, e); at = e->end) {
        if (e->name_len == path->len && memcmp(e->name, path->str, path->len) == 0) {
            return true;
        }
    }
    return false;
}

static const uint8_t *reader_get(struct snap *s, unsigned elem, uint32_t count)
{
    struct reader *r = (struct reader *)s;
    struct entry e;
    if (!find_from(r, s->path, r->cursor, &e) && !find_from(r, s->path, 0, &e)) {
        return NULL;
    }
    r->cursor = e.end;
    return e.elem == elem && e.count == count ? e.data : NULL;
}

static void reader_end(struct snap *s) {}

/* ---- memory ---- */

/* Pages of a memory of n_pages; host NULL: skip them. */
static void read_pages(struct reader *r, uint8_t *host, uint64_t n_pages)
{
    uint64_t least = 0; /* runs come in order: no page twice */
    for (;;) {
        uint64_t first = read_int(r, 4);
        uint64_t n = read_int(r, 4);
        if (!snap_ok(&r->s) || first == SNAP_RUN_END) {
            return;
        }
        if (first < least || n == 0 || first >= n_pages || n > n_pages - first) {
            snap_fail(&r->s, "%s: a page outside of the memory", r->s.section->str);
            return;
        }
        if (!read_bytes(r, host != NULL ? host + first * SNAP_PAGE : NULL, n * SNAP_PAGE)) {
            return;
        }
        least = first + n;
    }
}

static void reader_memory(struct snap *s, const char *name, uint8_t *host, uint64_t size)
{
    struct reader *r = (struct reader *)s;
    if (!expect(r, SNAP_ENTRY_MEMORY, name)) {
        return;
    }
    if (read_int(r, 8) != size) {
        snap_fail(s, "it is of another machine: %s has another size", name);
        return;
    }
    pages_clear(host, size);
    read_pages(r, host, size / SNAP_PAGE);
}

/* ---- chunks ---- */

/* c NULL: skip them. */
static void read_chunks(struct reader *r, const struct snap_chunks *c, uint64_t bytes)
{
    for (;;) {
        uint64_t n = read_int(r, 8);
        if (!snap_ok(&r->s) || n == SNAP_CHUNK_END) {
            return;
        }
        uint8_t *p = c != NULL ? c->put(c->opaque, n) : NULL;
        if (c != NULL && p == NULL) {
            snap_fail(&r->s, "%s: a part outside of it", r->s.section->str);
        }
        read_bytes(r, p, bytes);
    }
}

static void reader_chunks(struct snap *s, const char *name, const struct snap_chunks *c)
{
    struct reader *r = (struct reader *)s;
    if (!expect(r, SNAP_ENTRY_CHUNKS, name)) {
        return;
    }
    if (read_int(r, 4) != c->bytes) {
        snap_fail(s, "it is of another machine: %s has another layout", name);
        return;
    }
    c->clear(c->opaque);
    read_chunks(r, c, c->bytes);
}

static const struct snap_sink reader_sink = {
    .mode = SNAP_LOAD,
    .begin = reader_begin,
    .get = reader_get,
    .end = reader_end,
    .memory = reader_memory,
    .chunks = reader_chunks,
};

/* ---- the whole ---- */

static bool check_header(const uint8_t *p, size_t len, GError **err)
{
    uint32_t format;
    if (len < HEADER_BYTES || memcmp(p, SNAP_MAGIC, strlen(SNAP_MAGIC)) != 0) {
        return fail(err, ERR_FILE, "it is not a snapshot");
    }
    memcpy(&format, p + strlen(SNAP_MAGIC), sizeof(format));
    format = GUINT32_FROM_LE(format);
    return format == SNAP_FORMAT || fail(err, ERR_FILE, "it has format %u, this build knows %u",
                                         format, (unsigned)SNAP_FORMAT);
}

struct snap *snap_reader_new(const uint8_t *p, size_t len, GError **err)
{
    if (!check_header(p, len, err)) {
        return NULL;
    }
    struct reader *r = g_new0(struct reader, 1);
    snap_init(&r->s, &reader_sink);
    r->in = (ZSTD_inBuffer){p + HEADER_BYTES, len - HEADER_BYTES, 0};
    r->hint = 1;
    r->section = g_malloc(SNAP_SECTION_MAX);
    r->z = ZSTD_createDCtx();
    ZSTD_DCtx_setParameter(r->z, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    return &r->s;
}

/* After the last entry: the rest of the frame, with the checksum, and nothing behind it. */
static void read_end(struct reader *r)
{
    while (snap_ok(&r->s) && r->hint != 0) {
        uint8_t more;
        ZSTD_outBuffer out = {&more, 1, 0};
        size_t in_before = r->in.pos;
        r->hint = ZSTD_decompressStream(r->z, &out, &r->in);
        if (ZSTD_isError(r->hint)) {
            snap_fail(&r->s, "it is damaged (%s)", ZSTD_getErrorName(r->hint));
        } else if (out.pos != 0 || (r->hint != 0 && r->in.pos == in_before)) {
            snap_fail(&r->s, out.pos != 0 ? "it is damaged" : "it is truncated");
        }
    }
    if (r->buf_at != r->buf_len || r->in.pos != r->in.size) {
        snap_fail(&r->s, "there is more behind its end");
    }
}

static bool finish(struct reader *r, GError **err)
{
    read_end(r);
    bool ok = snap_ok(&r->s);
    if (!ok) {
        g_propagate_error(err, g_steal_pointer(&r->s.err));
    }
    ZSTD_freeDCtx(r->z);
    g_free(r->section);
    snap_fini(&r->s);
    g_free(r);
    return ok;
}

bool snap_reader_finish(struct snap *s, GError **err)
{
    struct reader *r = (struct reader *)s;
    char name[SNAP_NAME_MAX + 1];
    if (snap_ok(s) && read_entry(r, name) != SNAP_ENTRY_END) {
        snap_fail(s, "it is of another machine: %s there, nothing more here", name);
    }
    if (s->q != NULL) {
        evq_set_sequence(s->q, s->sequence);
    }
    return finish(r, err);
}

static void skip_entry(struct reader *r, enum snap_entry kind)
{
    if (kind == SNAP_ENTRY_SECTION) {
        (void)read_int(r, 2);
        read_bytes(r, NULL, read_int(r, 4));
    } else if (kind == SNAP_ENTRY_CHUNKS) {
        uint64_t bytes = read_int(r, 4);
        read_chunks(r, NULL, MIN(bytes, SNAP_CHUNK_MAX));
    } else {
        read_pages(r, NULL, read_int(r, 8) / SNAP_PAGE);
    }
}

bool snap_check(const uint8_t *p, size_t len, GError **err)
{
    struct reader *r = (struct reader *)snap_reader_new(p, len, err);
    char name[SNAP_NAME_MAX + 1];
    if (r == NULL) {
        return false;
    }
    for (;;) {
        enum snap_entry kind = read_entry(r, name);
        if (!snap_ok(&r->s) || kind == SNAP_ENTRY_END) {
            return finish(r, err);
        }
        g_string_assign(r->s.section, name);
        skip_entry(r, kind);
    }
}
