/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format: "ARMAJRNL", version (32 bits), zero (32 bits); then records: length of the data (32
 * bits), kind, source, zero (16 bits), time, instructions (64 bits each), data, check (64 bits).
 * Little endian.
 */
#include "core/journal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"

#define MAGIC        "ARMAJRNL"
#define VERSION      2
#define HEADER_BYTES 16U
#define HEAD_BYTES   24U
#define CHECK_BYTES  8U

struct journal_writer {
    FILE *f;
    char *path;
    uint64_t check;
    int why;
};

struct journal_reader {
    GBytes *bytes;
    const uint8_t *p;
    size_t len, at;
    uint64_t check;
};

static void put_le(uint8_t *p, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)(v >> 8 * i);
    }
}

static uint64_t get_le(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        v |= (uint64_t)p[i] << 8 * i;
    }
    return v;
}

/* ---- writing ---- */

static void write_bytes(struct journal_writer *w, const void *p, size_t len)
{
    if (w->why == 0 && len != 0 && fwrite(p, 1, len, w->f) != len) {
        w->why = errno;
    }
}

struct journal_writer *journal_create(const char *path, GError **err)
{
    uint8_t header[HEADER_BYTES] = MAGIC;
    FILE *f = fopen(path, "we");
    if (f == NULL) {
        fail(err, ERR_FILE, "journal '%s': %s", path, g_strerror(errno));
        return NULL;
    }
    struct journal_writer *w = g_new0(struct journal_writer, 1);
    w->f = f;
    w->path = g_strdup(path);
    put_le(header + strlen(MAGIC), VERSION, 4);
    write_bytes(w, header, sizeof(header));
    return w;
}

void journal_put(struct journal_writer *w, const struct journal_rec *r)
{
    uint8_t head[HEAD_BYTES] = {0};
    uint8_t check[CHECK_BYTES];
    put_le(head, r->len, 4);
    head[4] = r->kind;
    head[5] = r->source;
    put_le(head + 8, r->when, 8);
    put_le(head + 16, r->insns, 8);
    w->check = hash64(r->data, r->len, hash64(head, sizeof(head), w->check));
    put_le(check, w->check, sizeof(check));
    write_bytes(w, head, sizeof(head));
    write_bytes(w, r->data, r->len);
    write_bytes(w, check, sizeof(check));
    if (w->why == 0 && fflush(w->f) != 0) {
        w->why = errno;
    }
}

bool journal_close(struct journal_writer *w, GError **err)
{
    if (fclose(w->f) != 0 && w->why == 0) {
        w->why = errno;
    }
    bool ok = w->why == 0 || fail(err, ERR_FILE, "journal '%s': %s", w->path, g_strerror(w->why));
    g_free(w->path);
    g_free(w);
    return ok;
}

/* ---- reading ---- */

struct journal_reader *journal_open_bytes(GBytes *bytes, GError **err)
{
    size_t len;
    const uint8_t *p = g_bytes_get_data(bytes, &len);
    if (len < HEADER_BYTES || memcmp(p, MAGIC, strlen(MAGIC)) != 0) {
        fail(err, ERR_FILE, "it is not a journal");
        return NULL;
    }
    uint64_t version = get_le(p + strlen(MAGIC), 4);
    if (version != VERSION) {
        fail(err, ERR_FILE, "it has version %u, this build knows %u", (unsigned)version, VERSION);
        return NULL;
    }
    struct journal_reader *r = g_new0(struct journal_reader, 1);
    *r = (struct journal_reader){g_bytes_ref(bytes), p, len, HEADER_BYTES, 0};
    return r;
}

struct journal_reader *journal_open(const char *path, GError **err)
{
    g_autoptr(GBytes) bytes = file_map("journal", path, err);
    struct journal_reader *r = bytes != NULL ? journal_open_bytes(bytes, err) : NULL;
    if (bytes != NULL && r == NULL) {
        g_prefix_error(err, "journal '%s': ", path);
    }
    return r;
}

bool journal_next(struct journal_reader *r, struct journal_rec *out, GError **err)
{
    const uint8_t *head = r->p + r->at;
    size_t left = r->len - r->at;
    uint64_t len = left >= HEAD_BYTES ? get_le(head, 4) : 0;
    if (left < HEAD_BYTES + CHECK_BYTES || left - HEAD_BYTES - CHECK_BYTES < len) {
        return false; /* cut off here */
    }
    const uint8_t *data = head + HEAD_BYTES;
    uint64_t check = hash64(data, len, hash64(head, HEAD_BYTES, r->check));
    if (len > JOURNAL_DATA_MAX || get_le(data + len, CHECK_BYTES) != check) {
        return fail(err, ERR_FILE, "the journal is damaged at byte %zu", r->at);
    }
    *out = (struct journal_rec){
        .kind = head[4],
        .source = head[5],
        .when = get_le(head + 8, 8),
        .insns = get_le(head + 16, 8),
        .data = data,
        .len = (uint32_t)len,
    };
    r->check = check;
    r->at += HEAD_BYTES + len + CHECK_BYTES;
    return true;
}

void journal_free(struct journal_reader *r)
{
    if (r != NULL) {
        g_bytes_unref(r->bytes);
        g_free(r);
    }
}
