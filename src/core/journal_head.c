/* SPDX-License-Identifier: Apache-2.0 */
#include "core/journal_head.h"

#include <inttypes.h>
#include <string.h>
#include <zstd.h>

#include "base/hash.h"

#define KEY_ARG     "arg="
#define KEY_RTC     "rtc="
#define KEY_EVERY   "every="
#define KEY_NOTE    "note="
#define KEY_SECTION "section="
#define KEY_FILE    "file="

#define FILES_MAX   256U /* their numbers are in a record's `source` */
#define PIECE_BYTES (JOURNAL_DATA_MAX / 2)
#define LEVEL       19
/* Of an embedded file. */
#define SIZE_MAX_BYTES (UINT64_C(512) << 20)

static void clear_file(void *p)
{
    struct journal_file *f = p;
    g_free(f->name);
    g_clear_pointer(&f->data, g_bytes_unref);
}

struct journal_head *journal_head_new(void)
{
    struct journal_head *h = g_new0(struct journal_head, 1);
    h->args = g_ptr_array_new_with_free_func(g_free);
    h->sections = g_ptr_array_new_with_free_func(g_free);
    h->files = g_array_new(FALSE, TRUE, sizeof(struct journal_file));
    g_array_set_clear_func(h->files, clear_file);
    return h;
}

void journal_head_free(struct journal_head *h)
{
    if (h != NULL) {
        g_ptr_array_unref(h->args);
        g_ptr_array_unref(h->sections);
        g_array_unref(h->files);
        g_free(h->note);
        g_free(h);
    }
}

/* ---- writing ---- */

static GBytes *compress(GBytes *data)
{
    size_t len;
    const void *p = g_bytes_get_data(data, &len);
    size_t room = ZSTD_compressBound(len);
    void *out = g_malloc(room);
    size_t n = ZSTD_compress(out, room, p, len, LEVEL);
    ASSERT(!ZSTD_isError(n));
    return g_bytes_new_take(out, n);
}

static size_t n_pieces(GBytes *packed)
{
    return (g_bytes_get_size(packed) + PIECE_BYTES - 1) / PIECE_BYTES;
}

static void put_pieces(struct journal_writer *w, unsigned number, GBytes *packed)
{
    size_t len;
    const uint8_t *p = g_bytes_get_data(packed, &len);
    for (size_t at = 0; at < len; at += PIECE_BYTES) {
        journal_put(w, &(struct journal_rec){.kind = JOURNAL_FILE,
                                             .source = (uint8_t)number,
                                             .data = p + at,
                                             .len = (uint32_t)MIN(len - at, PIECE_BYTES)});
    }
}

static void add_entry(GString *t, const char *key, const char *value)
{
    g_string_append(t, key);
    g_string_append(t, value);
    g_string_append_c(t, '\0');
}

static void add_number(GString *t, const char *key, int64_t value)
{
    g_string_append_printf(t, "%s%" PRId64, key, value);
    g_string_append_c(t, '\0');
}

static void add_words(GString *t, const char *key, const GPtrArray *words)
{
    for (guint i = 0; i < words->len; i++) {
        add_entry(t, key, g_ptr_array_index(words, i));
    }
}

static bool check_sizes(const struct journal_head *h, GError **err)
{
    if (h->files->len > FILES_MAX) {
        return fail(err, ERR_FILE, "a journal has at most %u files", FILES_MAX);
    }
    for (guint i = 0; i < h->files->len; i++) {
        const struct journal_file *f = &g_array_index(h->files, struct journal_file, i);
        if (f->data != NULL && f->size > SIZE_MAX_BYTES) {
            return fail(err, ERR_FILE, "'%s' is too large to be in a journal", f->name);
        }
    }
    return true;
}

bool journal_head_write(const struct journal_head *h, struct journal_writer *w, GError **err)
{
    if (!check_sizes(h, err)) {
        return false;
    }
    g_autoptr(GPtrArray) packed = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(GString) t = g_string_new(NULL);
    add_words(t, KEY_ARG, h->args);
    add_number(t, KEY_RTC, h->rtc_seconds);
    add_number(t, KEY_EVERY, (int64_t)h->every);
    if (h->note != NULL) {
        add_entry(t, KEY_NOTE, h->note);
    }
    add_words(t, KEY_SECTION, h->sections);
    for (guint i = 0; i < h->files->len; i++) {
        const struct journal_file *f = &g_array_index(h->files, struct journal_file, i);
        GBytes *b = f->data != NULL ? compress(f->data) : g_bytes_new_static("", 0);
        g_ptr_array_add(packed, b);
        g_string_append_printf(t, KEY_FILE "%016" PRIx64 " %" PRIu64 " %zu %s", f->hash, f->size,
                               n_pieces(b), f->name);
        g_string_append_c(t, '\0');
    }
    if (t->len > JOURNAL_DATA_MAX) {
        return fail(err, ERR_FILE, "the command is too long for a journal");
    }
    journal_put(w, &(struct journal_rec){.kind = JOURNAL_CONFIG,
                                         .data = (const uint8_t *)t->str,
                                         .len = (uint32_t)t->len});
    for (guint i = 0; i < packed->len; i++) {
        put_pieces(w, i, g_ptr_array_index(packed, i));
    }
    return true;
}

/* ---- reading ---- */

/* The next entry of a configuration, or NULL. */
static const char *next_entry(const struct journal_rec *c, uint32_t *at)
{
    if (*at >= c->len) {
        return NULL;
    }
    const char *s = (const char *)c->data + *at;
    const char *end = memchr(s, '\0', c->len - *at);
    if (end == NULL) {
        return NULL;
    }
    *at += (uint32_t)(end - s) + 1;
    return s;
}

/* *n_records: of each file. */
static bool parse_file(struct journal_head *h, const char *text, GArray *n_records, GError **err)
{
    char *p;
    char *q;
    char *name;
    struct journal_file f = {.hash = g_ascii_strtoull(text, &p, 16)};
    f.size = g_ascii_strtoull(p, &q, 10);
    uint64_t n = g_ascii_strtoull(q, &name, 10);
    bool fits = p != text && q != p && name != q && *name == ' ' && name[1] != '\0' &&
                n <= SIZE_MAX_BYTES / PIECE_BYTES && (n == 0 || f.size <= SIZE_MAX_BYTES) &&
                h->files->len < FILES_MAX;
    if (!fits) {
        return fail(err, ERR_FILE, "its list of files makes no sense");
    }
    f.name = g_strdup(name + 1);
    g_array_append_val(h->files, f);
    g_array_append_val(n_records, n);
    return true;
}

static bool parse_entry(struct journal_head *h, const char *e, GArray *n_records, GError **err)
{
    if (g_str_has_prefix(e, KEY_ARG)) {
        g_ptr_array_add(h->args, g_strdup(e + strlen(KEY_ARG)));
    } else if (g_str_has_prefix(e, KEY_SECTION)) {
        g_ptr_array_add(h->sections, g_strdup(e + strlen(KEY_SECTION)));
    } else if (g_str_has_prefix(e, KEY_RTC)) {
        h->rtc_seconds = g_ascii_strtoll(e + strlen(KEY_RTC), NULL, 10);
    } else if (g_str_has_prefix(e, KEY_EVERY)) {
        h->every = g_ascii_strtoull(e + strlen(KEY_EVERY), NULL, 10);
    } else if (g_str_has_prefix(e, KEY_NOTE)) {
        g_free(h->note);
        h->note = g_strdup(e + strlen(KEY_NOTE));
    } else if (g_str_has_prefix(e, KEY_FILE)) {
        return parse_file(h, e + strlen(KEY_FILE), n_records, err);
    }
    return true;
}

static bool unpack(struct journal_file *f, const GByteArray *packed, GError **err)
{
    uint8_t *out = g_try_malloc(MAX(f->size, 1));
    if (out == NULL) {
        return fail(err, ERR_FILE, "'%s' in it is too large", f->name);
    }
    size_t n = ZSTD_decompress(out, f->size, packed->data, packed->len);
    f->data = g_bytes_new_take(out, f->size);
    return (!ZSTD_isError(n) && n == f->size && hash64(out, n, 0) == f->hash) ||
           fail(err, ERR_FILE, "'%s' in it is damaged", f->name);
}

static bool read_file(struct journal_reader *r, struct journal_head *h, guint number, uint64_t n,
                      GError **err)
{
    g_autoptr(GByteArray) packed = g_byte_array_new();
    struct journal_rec rec;
    for (uint64_t i = 0; i < n; i++) {
        GError *why = NULL;
        if (!journal_next(r, &rec, &why) || rec.kind != JOURNAL_FILE || rec.source != number) {
            if (why != NULL) {
                g_propagate_error(err, why);
                return false;
            }
            return fail(err, ERR_FILE, "it ends before its files are whole");
        }
        g_byte_array_append(packed, rec.data, rec.len);
    }
    return n == 0 || unpack(&g_array_index(h->files, struct journal_file, number), packed, err);
}

static bool read_all(struct journal_reader *r, struct journal_head *h, GError **err)
{
    struct journal_rec config;
    g_autoptr(GArray) n_records = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    GError *why = NULL;
    if (!journal_next(r, &config, &why) || config.kind != JOURNAL_CONFIG) {
        if (why == NULL) {
            return fail(err, ERR_FILE, "it has no configuration");
        }
        g_propagate_error(err, why);
        return false;
    }
    uint32_t at = 0;
    for (const char *e = next_entry(&config, &at); e != NULL; e = next_entry(&config, &at)) {
        if (!parse_entry(h, e, n_records, err)) {
            return false;
        }
    }
    for (guint i = 0; i < n_records->len; i++) {
        if (!read_file(r, h, i, g_array_index(n_records, uint64_t, i), err)) {
            return false;
        }
    }
    return (h->every >= TICKS_PER_US && h->every < TICK_NEVER / 2) ||
           fail(err, ERR_FILE, "it does not say how often it has states");
}

struct journal_head *journal_head_read(struct journal_reader *r, GError **err)
{
    struct journal_head *h = journal_head_new();
    if (!read_all(r, h, err)) {
        g_clear_pointer(&h, journal_head_free);
    }
    return h;
}
