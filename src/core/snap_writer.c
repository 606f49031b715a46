/* SPDX-License-Identifier: Apache-2.0 */
/* Saving: the header, then entries through zstd. Format: docs/adr/0013. */
#include <errno.h>
#include <string.h>
#include <zstd.h>

#include "core/pages.h"
#include "core/snap_file.h"

#include "core/snap_internal.h"

/* Memory of a guest compresses to half at a speed that the disk does not notice. */
#define LEVEL 1

struct writer {
    struct snap s;
    struct snap_out out;
    ZSTD_CCtx *z;
    GByteArray *section;
    size_t payload_at; /* where the length of the section goes */
    uint8_t buf[1 << 17];
};

static void write_out(struct writer *w, const void *p, size_t len)
{
    if (len != 0 && snap_ok(&w->s) && !w->out.write(w->out.opaque, p, len)) {
        snap_fail(&w->s, "cannot write: %s", g_strerror(errno));
    }
}

static void compress(struct writer *w, const void *p, size_t len, ZSTD_EndDirective mode)
{
    ZSTD_inBuffer in = {p, len, 0};
    size_t left;
    do {
        ZSTD_outBuffer out = {w->buf, sizeof(w->buf), 0};
        left = ZSTD_compressStream2(w->z, &out, &in, mode);
        if (ZSTD_isError(left)) {
            snap_fail(&w->s, "zstd: %s", ZSTD_getErrorName(left));
            return;
        }
        write_out(w, w->buf, out.pos);
    } while (mode == ZSTD_e_end ? left != 0 : in.pos < in.size);
}

static void put_int(GByteArray *a, uint64_t v, unsigned size)
{
    uint64_t le = GUINT64_TO_LE(v);
    g_byte_array_append(a, (const guint8 *)&le, size);
}

static void put_name(GByteArray *a, const char *name)
{
    size_t len = strlen(name);
    ASSERT(len <= SNAP_NAME_MAX);
    put_int(a, len, 1);
    g_byte_array_append(a, (const guint8 *)name, (guint)len);
}

static void start_entry(struct writer *w, enum snap_entry kind, const char *name)
{
    g_byte_array_set_size(w->section, 0);
    put_int(w->section, kind, 1);
    put_name(w->section, name);
}

static void writer_begin(struct snap *s, const char *name, unsigned version)
{
    struct writer *w = (struct writer *)s;
    start_entry(w, SNAP_ENTRY_SECTION, name);
    put_int(w->section, version, 2);
    w->payload_at = w->section->len;
    put_int(w->section, 0, 4);
}

static void writer_put(struct snap *s, const void *p, unsigned elem, uint32_t count)
{
    struct writer *w = (struct writer *)s;
    put_name(w->section, s->path->str);
    put_int(w->section, elem, 1);
    put_int(w->section, count, 4);
    g_byte_array_append(w->section, p, elem * count);
}

static void writer_end(struct snap *s)
{
    struct writer *w = (struct writer *)s;
    uint32_t len = w->section->len - (uint32_t)w->payload_at - 4;
    uint32_t le = GUINT32_TO_LE(len);
    if (len > SNAP_SECTION_MAX) {
        snap_fail(s, "%s: the section is too large", s->section->str);
        return;
    }
    memcpy(w->section->data + w->payload_at, &le, sizeof(le));
    compress(w, w->section->data, w->section->len, ZSTD_e_continue);
}

static void write_run(struct writer *w, const uint8_t *host, uint64_t first, uint64_t n)
{
    uint32_t head[2] = {GUINT32_TO_LE((uint32_t)first), GUINT32_TO_LE((uint32_t)n)};
    compress(w, head, sizeof(head), ZSTD_e_continue);
    if (n != 0) {
        compress(w, host + first * SNAP_PAGE, n * SNAP_PAGE, ZSTD_e_continue);
    }
}

static void writer_memory(struct snap *s, const char *name, uint8_t *host, uint64_t size)
{
    struct writer *w = (struct writer *)s;
    struct pages *p = g_new(struct pages, 1);
    start_entry(w, SNAP_ENTRY_MEMORY, name);
    put_int(w->section, size, 8);
    compress(w, w->section->data, w->section->len, ZSTD_e_continue);
    pages_open(p, host, size);
    for (uint64_t i = pages_next(p, 0); i < p->n && snap_ok(s);) {
        uint64_t end = i + 1;
        uint64_t next = pages_next(p, end);
        while (next == end && next < p->n) {
            end++;
            next = pages_next(p, end);
        }
        write_run(w, host, i, end - i);
        i = next;
    }
    write_run(w, host, SNAP_RUN_END, 0);
    pages_close(p);
    g_free(p);
}

struct chunk_pass {
    struct writer *w;
    uint32_t bytes;
};

static void write_chunk(void *ctx, uint64_t n, const uint8_t *p)
{
    const struct chunk_pass *c = ctx;
    uint64_t le = GUINT64_TO_LE(n);
    compress(c->w, &le, sizeof(le), ZSTD_e_continue);
    compress(c->w, p, p != NULL ? c->bytes : 0, ZSTD_e_continue);
}

static void writer_chunks(struct snap *s, const char *name, const struct snap_chunks *c)
{
    struct writer *w = (struct writer *)s;
    struct chunk_pass pass = {w, c->bytes};
    start_entry(w, SNAP_ENTRY_CHUNKS, name);
    put_int(w->section, c->bytes, 4);
    compress(w, w->section->data, w->section->len, ZSTD_e_continue);
    c->each(c->opaque, write_chunk, &pass);
    write_chunk(&pass, SNAP_CHUNK_END, NULL);
}

static const struct snap_sink writer_sink = {
    .mode = SNAP_SAVE,
    .begin = writer_begin,
    .put = writer_put,
    .end = writer_end,
    .memory = writer_memory,
    .chunks = writer_chunks,
};

struct snap *snap_writer_new(const struct snap_out *out)
{
    struct writer *w = g_new0(struct writer, 1);
    uint32_t head[2] = {GUINT32_TO_LE(SNAP_FORMAT), 0};
    snap_init(&w->s, &writer_sink);
    w->out = *out;
    w->section = g_byte_array_new();
    w->z = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(w->z, ZSTD_c_compressionLevel, LEVEL);
    ZSTD_CCtx_setParameter(w->z, ZSTD_c_checksumFlag, 1);
    write_out(w, SNAP_MAGIC, strlen(SNAP_MAGIC));
    write_out(w, head, sizeof(head));
    return &w->s;
}

bool snap_writer_finish(struct snap *s, GError **err)
{
    struct writer *w = (struct writer *)s;
    uint8_t end = SNAP_ENTRY_END;
    if (s->q != NULL && s->n_events != evq_len(s->q)) {
        snap_fail(s, "something is due that no section has");
    }
    if (snap_ok(s)) {
        compress(w, &end, 1, ZSTD_e_end);
    }
    bool ok = snap_ok(s);
    if (!ok) {
        g_propagate_error(err, g_steal_pointer(&s->err));
    }
    g_byte_array_free(w->section, TRUE);
    ZSTD_freeCCtx(w->z);
    snap_fini(s);
    g_free(w);
    return ok;
}
