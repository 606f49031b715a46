/* SPDX-License-Identifier: Apache-2.0 */
/* Key frames of a machine that has fields, two memories, one of them with a log of writes, and a
 * disk: back and forth between them, what is touched, what they take. */

#include <string.h>
#include <sys/mman.h>

#include "core/frame.h"
#include "core/pages.h"
#include "fakes/unit.h"

enum { LOGGED = 70, PLAIN = 3, CLUSTERS = 6, CLUSTER = 512 };

struct fields {
    uint64_t a;
    bool b;
};

struct toy {
    struct fields fields;
    uint8_t *logged, *plain;
    uint64_t written[(LOGGED + 63) / 64];
    bool disk_has[CLUSTERS], no_memory, cannot;
    uint8_t disk[CLUSTERS][CLUSTER];
    unsigned n_touched;
    uint64_t last_touched;
    struct frame_family family;
    const struct frame *base;
};

static const struct snap_field toy_fields[] = {SNAP_FIELD(struct fields, a),
                                               SNAP_FIELD(struct fields, b)};
static const struct snap_desc toy_desc = SNAP_DESC(1, toy_fields);

/* ---- the machine ---- */

static void each_cluster(void *opaque, void (*fn)(void *ctx, uint64_t n, const uint8_t *p),
                         void *ctx)
{
    struct toy *t = opaque;
    for (unsigned i = 0; i < CLUSTERS; i++) {
        if (t->disk_has[i]) {
            fn(ctx, i, t->disk[i]);
        }
    }
}

static void clear_disk(void *opaque)
{
    struct toy *t = opaque;
    memset(t->disk_has, 0, sizeof(t->disk_has));
}

static uint8_t *put_cluster(void *opaque, uint64_t n)
{
    struct toy *t = opaque;
    t->disk_has[n] = true;
    return t->no_memory ? NULL : t->disk[n];
}

static void walk(struct toy *t, struct snap *s)
{
    const struct snap_chunks chunks = {.bytes = CLUSTER,
                                       .each = each_cluster,
                                       .clear = clear_disk,
                                       .put = put_cluster,
                                       .opaque = t};
    snap_section(s, "toy", &toy_desc, &t->fields);
    snap_memory(s, "logged", t->logged, LOGGED * PAGES_BYTES);
    snap_memory(s, "plain", t->plain, PLAIN * PAGES_BYTES);
    snap_chunks(s, "disk", &chunks);
    if (t->cannot) {
        snap_fail(s, "it cannot be kept");
    }
}

static const uint64_t *written(void *opaque, const uint8_t *host)
{
    struct toy *t = opaque;
    return host == t->logged ? t->written : NULL;
}

static void touched(void *opaque, const uint8_t *host, uint64_t page)
{
    struct toy *t = opaque;
    t->n_touched++;
    t->last_touched = page;
}

static void store(struct toy *t, unsigned page, uint8_t v)
{
    t->logged[page * PAGES_BYTES + 8] = v;
    t->written[page / 64] |= 1ULL << (page % 64);
}

static void write_disk(struct toy *t, unsigned cluster, uint8_t v)
{
    t->disk_has[cluster] = true;
    memset(t->disk[cluster], v, CLUSTER);
}

/* Memory is that of this frame: the log begins. */
static void set_base(struct toy *t, const struct frame *f)
{
    t->base = f;
    memset(t->written, 0, sizeof(t->written));
}

static struct frame *take(struct toy *t)
{
    struct snap *s = frame_saver_new(&t->family, t->base);
    GError *err = NULL;
    walk(t, s);
    struct frame *f = frame_saver_finish(s, &err);
    assert_non_null(f);
    set_base(t, f);
    return f;
}

static void go(struct toy *t, const struct frame *f)
{
    struct snap *s = frame_loader_new(&t->family, f, t->base);
    walk(t, s);
    assert_true(frame_loader_finish(s, NULL));
    set_base(t, f);
}

static uint8_t *memory(size_t pages)
{
    uint8_t *p =
        mmap(NULL, pages * PAGES_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(p, MAP_FAILED);
    return p;
}

static int setup(void **state)
{
    struct toy *t = g_new0(struct toy, 1);
    t->logged = memory(LOGGED);
    t->plain = memory(PLAIN);
    t->family = (struct frame_family){.written = written, .touched = touched, .opaque = t};
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct toy *t = *state;
    munmap(t->logged, LOGGED * PAGES_BYTES);
    munmap(t->plain, PLAIN * PAGES_BYTES);
    g_free(t);
    return 0;
}

/* ---- tests ---- */

static void test_back_and_forth(void **state)
{
    struct toy *t = *state;
    t->fields = (struct fields){11, true};
    store(t, 0, 1);
    store(t, 69, 2);
    t->plain[PAGES_BYTES] = 3;
    write_disk(t, 4, 4);
    struct frame *first = take(t);

    t->fields = (struct fields){12, false};
    store(t, 69, 0); /* all zeros again */
    store(t, 65, 5);
    t->plain[PAGES_BYTES] = 6;
    write_disk(t, 4, 7);
    write_disk(t, 1, 8);
    struct frame *second = take(t);

    store(t, 65, 9); /* lost: nobody keeps it */
    t->plain[0] = 9;
    go(t, first);
    assert_int_equal(t->fields.a, 11);
    assert_true(t->fields.b);
    assert_int_equal(t->logged[8], 1);
    assert_int_equal(t->logged[69 * PAGES_BYTES + 8], 2);
    assert_int_equal(t->logged[65 * PAGES_BYTES + 8], 0);
    assert_int_equal(t->plain[PAGES_BYTES], 3);
    assert_int_equal(t->plain[0], 0);
    assert_true(t->disk_has[4]);
    assert_false(t->disk_has[1]);
    assert_int_equal(t->disk[4][100], 4);

    go(t, second);
    assert_int_equal(t->fields.a, 12);
    assert_int_equal(t->logged[69 * PAGES_BYTES + 8], 0);
    assert_int_equal(t->logged[65 * PAGES_BYTES + 8], 5);
    assert_int_equal(t->plain[PAGES_BYTES], 6);
    assert_int_equal(t->disk[4][511], 7);
    assert_int_equal(t->disk[1][0], 8);

    frame_free(first);
    frame_free(second);
    assert_int_equal(t->family.bytes, 0);
}

/* Only what is not as it was is told, and kept. */
static void test_touched(void **state)
{
    struct toy *t = *state;
    store(t, 1, 1);
    store(t, 2, 1);
    struct frame *first = take(t);
    assert_int_equal(t->n_touched, 0);
    uint64_t one = t->family.bytes;

    store(t, 1, 1); /* the same again */
    store(t, 2, 2);
    struct frame *second = take(t);
    assert_int_equal(t->n_touched, 1);
    assert_int_equal(t->last_touched, 2);
    assert_true(t->family.bytes - one < 3U * PAGES_BYTES);

    t->n_touched = 0;
    go(t, first);
    assert_int_equal(t->n_touched, 1);
    assert_int_equal(t->last_touched, 2);
    t->n_touched = 0;
    go(t, first);
    assert_int_equal(t->n_touched, 0);
    frame_free(first);
    frame_free(second);
    frame_free(NULL);
}

static void test_failures(void **state)
{
    struct toy *t = *state;
    write_disk(t, 0, 1);
    struct frame *f = take(t);
    uint64_t bytes = t->family.bytes;
    GError *err = NULL;

    t->cannot = true;
    struct snap *s = frame_saver_new(&t->family, t->base);
    walk(t, s);
    assert_null(frame_saver_finish(s, &err));
    assert_string_equal(err->message, "it cannot be kept");
    g_clear_error(&err);
    assert_int_equal(t->family.bytes, bytes);

    t->cannot = false;
    t->no_memory = true;
    s = frame_loader_new(&t->family, f, t->base);
    walk(t, s);
    assert_false(frame_loader_finish(s, &err));
    assert_string_equal(err->message, "disk: no memory");
    g_clear_error(&err);
    frame_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_back_and_forth, setup, teardown),
        cmocka_unit_test_setup_teardown(test_touched, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failures, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
