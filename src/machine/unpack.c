/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/unpack.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

/* Output that grows by doubling, up to a limit. */
struct sink {
    uint8_t *buf;
    size_t len, cap, limit;
};

static bool sink_grow(struct sink *s)
{
    if (s->cap >= s->limit) {
        return false;
    }
    size_t cap = s->cap == 0 ? (size_t)4 << 20 : s->cap * 2;
    cap = MIN(cap, s->limit);
    uint8_t *p = g_try_realloc(s->buf, cap);
    if (p == NULL) {
        return false;
    }
    s->buf = p;
    s->cap = cap;
    return true;
}

enum unpack_format unpack_detect(const uint8_t *data, size_t len)
{
    if (len >= 3 && data[0] == 0x1f && data[1] == 0x8b && data[2] == 8) {
        return UNPACK_GZIP;
    }
    if (len >= 4 && memcmp(data, "\x28\xb5\x2f\xfd", 4) == 0) {
        return UNPACK_ZSTD;
    }
    return UNPACK_NONE;
}

static bool too_large(const char *name, const struct sink *s, GError **err)
{
    return fail(err, ERR_FILE, "'%s' unpacks to more than %zu MiB", name, s->limit >> 20);
}

static bool inflate_all(z_stream *z, const char *name, struct sink *s, GError **err)
{
    for (;;) {
        if (s->len == s->cap && !sink_grow(s)) {
            return too_large(name, s, err);
        }
        /* zlib counts in 32 bits. */
        size_t room = MIN(s->cap - s->len, (size_t)1 << 30);
        z->next_out = s->buf + s->len;
        z->avail_out = (uInt)room;
        int r = inflate(z, Z_NO_FLUSH);
        s->len += room - z->avail_out;
        if (r == Z_STREAM_END) {
            return true;
        }
        if (r == Z_BUF_ERROR || (r == Z_OK && z->avail_in == 0 && z->avail_out != 0)) {
            return fail(err, ERR_FILE, "'%s': the gzip data is truncated", name);
        }
        if (r != Z_OK) {
            return fail(err, ERR_FILE, "'%s': the gzip data is corrupt (%s)", name,
                        z->msg != NULL ? z->msg : zError(r));
        }
    }
}

static bool unpack_gzip(const char *name, const uint8_t *data, size_t len, struct sink *s,
                        GError **err)
{
    z_stream z = {.next_in = (Bytef *)data, .avail_in = (uInt)MIN(len, UINT32_MAX)};
    if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK) {
        return fail(err, ERR_HOST, "'%s': no memory to unpack", name);
    }
    bool ok = inflate_all(&z, name, s, err);
    inflateEnd(&z);
    return ok;
}

static bool unpack_zstd(const char *name, const uint8_t *data, size_t len, struct sink *s,
                        GError **err)
{
    ZSTD_DStream *z = ZSTD_createDStream();
    if (z == NULL) {
        return fail(err, ERR_HOST, "'%s': no memory to unpack", name);
    }
    ZSTD_inBuffer in = {data, len, 0};
    size_t r = 1;
    bool ok = true;
    /* r == 0: a frame ended and is flushed. What follows it is padding. */
    while (ok && r != 0) {
        if (s->len == s->cap && !sink_grow(s)) {
            ok = too_large(name, s, err);
            break;
        }
        ZSTD_outBuffer out = {s->buf, s->cap, s->len};
        r = ZSTD_decompressStream(z, &out, &in);
        bool stalled = out.pos == s->len && in.pos == in.size;
        s->len = out.pos;
        if (ZSTD_isError(r)) {
            ok = fail(err, ERR_FILE, "'%s': the zstd data is corrupt (%s)", name,
                      ZSTD_getErrorName(r));
        } else if (r != 0 && stalled) {
            ok = fail(err, ERR_FILE, "'%s': the zstd data is truncated", name);
        }
    }
    ZSTD_freeDStream(z);
    return ok;
}

GBytes *unpack(const char *name, enum unpack_format f, const uint8_t *data, size_t len,
               size_t limit, GError **err)
{
    struct sink s = {.limit = limit};
    bool ok = f == UNPACK_GZIP ? unpack_gzip(name, data, len, &s, err)
                               : unpack_zstd(name, data, len, &s, err);
    if (!ok) {
        g_free(s.buf);
        return NULL;
    }
    return g_bytes_new_take(g_realloc(s.buf, MAX(s.len, 1)), s.len);
}
