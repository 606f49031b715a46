/* SPDX-License-Identifier: Apache-2.0 */
#include "core/frame.h"

#include <string.h>

#include "base/bits.h"
#include "core/page_image.h"

#include "core/snap_internal.h"

/* A cluster of a disk. */
struct chunk {
    uint64_t n;
    GBytes *data;
};

struct frame {
    struct frame_family *family;
    GByteArray *fields;
    GPtrArray *memories; /* struct page_image *, in the order of the walk */
    GPtrArray *disks;    /* GArray * of struct chunk */
};

struct pass {
    struct snap s;
    struct frame_family *family;
    const struct frame *base;
    struct frame *f;
    uint32_t at;        /* loading: in its fields */
    guint memory, disk; /* how many came */
    /* the memory at hand */
    uint8_t *host;
    struct page_image *image;
};

typedef void page_fn(void *pass, uint64_t page);

/* ---- frames ---- */

static void clear_chunk(void *p)
{
    g_bytes_unref(((struct chunk *)p)->data);
}

static void free_image(void *p)
{
    page_image_free(p);
}

static void free_chunks(void *p)
{
    g_array_unref(p);
}

static struct frame *frame_new(struct frame_family *y)
{
    struct frame *f = g_new0(struct frame, 1);
    f->family = y;
    f->fields = g_byte_array_new();
    f->memories = g_ptr_array_new_with_free_func(free_image);
    f->disks = g_ptr_array_new_with_free_func(free_chunks);
    return f;
}

void frame_free(struct frame *f)
{
    if (f != NULL) {
        f->family->bytes -= f->fields->len;
        g_byte_array_unref(f->fields);
        g_ptr_array_unref(f->memories);
        g_ptr_array_unref(f->disks);
        g_free(f);
    }
}

/* ---- fields ---- */

static void pass_begin(struct snap *s, const char *name, unsigned version) {}

static void pass_end(struct snap *s) {}

static void save_field(struct snap *s, const void *p, unsigned elem, uint32_t count)
{
    g_byte_array_append(((struct pass *)s)->f->fields, p, elem * count);
}

static const uint8_t *load_field(struct snap *s, unsigned elem, uint32_t count)
{
    struct pass *x = (struct pass *)s;
    const uint8_t *p = x->f->fields->data + x->at;
    ASSERT(x->f->fields->len - x->at >= elem * count);
    x->at += elem * count;
    return p;
}

/* ---- memory ---- */

static const struct page_image *base_image(const struct pass *x)
{
    return x->base != NULL ? g_ptr_array_index(x->base->memories, x->memory) : NULL;
}

static void save_page(void *opaque, uint64_t page)
{
    struct pass *x = opaque;
    if (page_image_set(x->image, page, x->host + page * PAGES_BYTES) && x->base != NULL) {
        x->family->touched(x->family->opaque, x->host, page);
    }
}

static void load_page(void *opaque, uint64_t page)
{
    static const uint8_t zeros[PAGES_BYTES];
    struct pass *x = opaque;
    const uint8_t *data = page_image_get(x->image, page);
    uint8_t *to = x->host + page * PAGES_BYTES;
    if (data == NULL) {
        data = zeros;
    }
    if (memcmp(to, data, PAGES_BYTES) != 0) {
        memcpy(to, data, PAGES_BYTES);
        x->family->touched(x->family->opaque, x->host, page);
    }
}

/* Pages that a bitmap has. */
static void each_written(struct pass *x, const uint64_t *written, page_fn *f)
{
    uint64_t n = page_image_len(x->image);
    for (uint64_t w = 0; w < (n + 63) / 64; w++) {
        for (uint64_t bits = written[w]; bits != 0; bits &= bits - 1) {
            f(x, w * 64 + (uint64_t)__builtin_ctzll(bits));
        }
    }
}

/* Pages that somebody touched, or that the image has; the others are zero in both. */
static void each_in_use(struct pass *x, page_fn *f)
{
    struct pages *p = g_new(struct pages, 1);
    uint64_t n = page_image_len(x->image);
    pages_open(p, x->host, n * PAGES_BYTES);
    uint64_t next = pages_next(p, 0);
    for (uint64_t page = 0; page < n; page++) {
        if (page > next) {
            next = pages_next(p, page);
        }
        if (page == next || page_image_get(x->image, page) != NULL) {
            f(x, page);
        }
    }
    pages_close(p);
    g_free(p);
}

static void save_memory(struct snap *s, const char *name, uint8_t *host, uint64_t size)
{
    struct pass *x = (struct pass *)s;
    const struct page_image *base = base_image(x);
    const uint64_t *written = x->family->written(x->family->opaque, host);
    x->image = base != NULL ? page_image_copy(base)
                            : page_image_new(size / PAGES_BYTES, &x->family->bytes);
    x->host = host;
    x->memory++;
    if (base != NULL && written != NULL) {
        each_written(x, written, save_page);
    } else {
        each_in_use(x, save_page);
    }
    g_ptr_array_add(x->f->memories, x->image);
}

static void load_memory(struct snap *s, const char *name, uint8_t *host, uint64_t size)
{
    struct pass *x = (struct pass *)s;
    const uint64_t *written = x->family->written(x->family->opaque, host);
    x->image = g_ptr_array_index(x->f->memories, x->memory);
    x->host = host;
    if (written != NULL) {
        each_written(x, written, load_page);
        page_image_compare(x->image, base_image(x), load_page, x);
    } else {
        each_in_use(x, load_page);
    }
    x->memory++;
}

/* ---- disks ---- */

struct chunk_pass {
    GArray *out;        /* struct chunk */
    const GArray *base; /* in order of their numbers; may be NULL */
    guint at;
    uint32_t bytes;
};

static void save_chunk(void *ctx, uint64_t n, const uint8_t *p)
{
    struct chunk_pass *c = ctx;
    struct chunk x = {.n = n};
    while (c->base != NULL && c->at < c->base->len &&
           g_array_index(c->base, struct chunk, c->at).n < n) {
        c->at++;
    }
    if (c->base != NULL && c->at < c->base->len) {
        const struct chunk *b = &g_array_index(c->base, struct chunk, c->at);
        if (b->n == n && memcmp(g_bytes_get_data(b->data, NULL), p, c->bytes) == 0) {
            x.data = g_bytes_ref(b->data);
        }
    }
    if (x.data == NULL) {
        x.data = g_bytes_new(p, c->bytes);
    }
    g_array_append_val(c->out, x);
}

static void save_chunks(struct snap *s, const char *name, const struct snap_chunks *c)
{
    struct pass *x = (struct pass *)s;
    struct chunk_pass p = {.out = g_array_new(FALSE, FALSE, sizeof(struct chunk)),
                           .base =
                               x->base != NULL ? g_ptr_array_index(x->base->disks, x->disk) : NULL,
                           .bytes = c->bytes};
    g_array_set_clear_func(p.out, clear_chunk);
    x->disk++;
    c->each(c->opaque, save_chunk, &p);
    g_ptr_array_add(x->f->disks, p.out);
}

static void load_chunks(struct snap *s, const char *name, const struct snap_chunks *c)
{
    struct pass *x = (struct pass *)s;
    const GArray *a = g_ptr_array_index(x->f->disks, x->disk++);
    c->clear(c->opaque);
    for (guint i = 0; i < a->len; i++) {
        const struct chunk *k = &g_array_index(a, struct chunk, i);
        uint8_t *to = c->put(c->opaque, k->n);
        if (to == NULL) {
            snap_fail(s, "%s: no memory", name);
            return;
        }
        memcpy(to, g_bytes_get_data(k->data, NULL), c->bytes);
    }
}

/* ---- passes ---- */

static const struct snap_sink saver = {
    .mode = SNAP_SAVE,
    .begin = pass_begin,
    .put = save_field,
    .end = pass_end,
    .memory = save_memory,
    .chunks = save_chunks,
};

static const struct snap_sink loader = {
    .mode = SNAP_LOAD,
    .begin = pass_begin,
    .get = load_field,
    .end = pass_end,
    .memory = load_memory,
    .chunks = load_chunks,
};

static struct snap *pass_new(const struct snap_sink *sink, struct frame_family *y, struct frame *f,
                             const struct frame *base)
{
    struct pass *x = g_new0(struct pass, 1);
    snap_init(&x->s, sink);
    x->family = y;
    x->f = f;
    x->base = base;
    return &x->s;
}

struct snap *frame_saver_new(struct frame_family *y, const struct frame *base)
{
    return pass_new(&saver, y, frame_new(y), base);
}

static bool finish(struct pass *x, GError **err)
{
    bool ok = snap_ok(&x->s);
    if (!ok) {
        g_propagate_error(err, g_steal_pointer(&x->s.err));
    }
    snap_fini(&x->s);
    g_free(x);
    return ok;
}

struct frame *frame_saver_finish(struct snap *s, GError **err)
{
    struct pass *x = (struct pass *)s;
    struct frame *f = x->f;
    if (s->q != NULL && s->n_events != evq_len(s->q)) {
        snap_fail(s, "something is due that no section has");
    }
    f->family->bytes += f->fields->len;
    if (!finish(x, err)) {
        g_clear_pointer(&f, frame_free);
    }
    return f;
}

struct snap *frame_loader_new(struct frame_family *y, const struct frame *f,
                              const struct frame *base)
{
    return pass_new(&loader, y, (struct frame *)(uintptr_t)f, base);
}

bool frame_loader_finish(struct snap *s, GError **err)
{
    if (s->q != NULL) {
        evq_set_sequence(s->q, s->sequence);
    }
    return finish((struct pass *)s, err);
}
