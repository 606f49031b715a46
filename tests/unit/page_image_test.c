/* SPDX-License-Identifier: Apache-2.0 */
/* Images of a memory: contents, sharing between copies, what they take, what differs. */

#include <glib.h>

#include "core/page_image.h"
#include "fakes/unit.h"

/* Three leaves of 512 pages, the last one not full. */
#define N_PAGES 1100U

static const uint8_t zeros[PAGES_BYTES];

static const uint8_t *filled(uint8_t *page, uint8_t with)
{
    memset(page, with, PAGES_BYTES);
    return page;
}

static bool set(struct page_image *i, uint64_t page, uint8_t with)
{
    uint8_t data[PAGES_BYTES];
    return page_image_set(i, page, filled(data, with));
}

static void assert_holds(const struct page_image *i, uint64_t page, uint8_t with)
{
    uint8_t data[PAGES_BYTES];
    const uint8_t *p = page_image_get(i, page);
    if (with == 0) {
        assert_null(p);
    } else {
        assert_non_null(p);
        assert_memory_equal(p, filled(data, with), PAGES_BYTES);
    }
}

static void test_contents(void **state)
{
    uint64_t bytes = 0;
    struct page_image *i = page_image_new(N_PAGES, &bytes);
    assert_int_equal(page_image_len(i), N_PAGES);
    assert_int_equal(bytes, 0);
    assert_null(page_image_get(i, N_PAGES - 1));

    assert_false(page_image_set(i, 3, zeros));
    assert_int_equal(bytes, 0);
    assert_true(set(i, 3, 7));
    assert_true(set(i, N_PAGES - 1, 9));
    assert_false(set(i, 3, 7));
    assert_holds(i, 3, 7);
    assert_holds(i, N_PAGES - 1, 9);
    assert_holds(i, 4, 0);
    assert_true(bytes >= 2U * PAGES_BYTES);

    uint64_t two = bytes;
    assert_true(set(i, 3, 8));
    assert_holds(i, 3, 8);
    assert_int_equal(bytes, two);
    assert_true(page_image_set(i, 3, zeros));
    assert_holds(i, 3, 0);
    assert_true(bytes <= two - PAGES_BYTES);

    page_image_free(i);
    assert_int_equal(bytes, 0);
}

static void test_copies_share(void **state)
{
    uint64_t bytes = 0;
    struct page_image *a = page_image_new(N_PAGES, &bytes);
    set(a, 0, 1);
    set(a, 1, 2);
    set(a, 600, 3);
    uint64_t one = bytes;
    struct page_image *b = page_image_copy(a);
    assert_int_equal(bytes, one);
    assert_ptr_equal(page_image_get(a, 0), page_image_get(b, 0));

    assert_true(set(b, 1, 4));
    assert_holds(a, 1, 2);
    assert_holds(b, 1, 4);
    assert_ptr_equal(page_image_get(a, 0), page_image_get(b, 0));
    assert_true(page_image_set(b, 600, zeros));
    assert_holds(a, 600, 3);
    assert_holds(b, 600, 0);

    /* In any order: the last one to go takes what is shared with it. */
    page_image_free(a);
    assert_holds(b, 0, 1);
    assert_holds(b, 1, 4);
    page_image_free(b);
    assert_int_equal(bytes, 0);
}

static void note(void *opaque, uint64_t page)
{
    g_array_append_val(opaque, page);
}

static void assert_differ(const struct page_image *a, const struct page_image *b, unsigned n,
                          const uint64_t *pages)
{
    g_autoptr(GArray) seen = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    page_image_compare(a, b, note, seen);
    assert_int_equal(seen->len, n);
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(g_array_index(seen, uint64_t, i), pages[i]);
    }
}

static void test_compare(void **state)
{
    uint64_t bytes = 0;
    struct page_image *a = page_image_new(N_PAGES, &bytes);
    set(a, 511, 1);
    set(a, 512, 2);
    struct page_image *b = page_image_copy(a);
    assert_differ(a, b, 0, NULL);
    set(b, 511, 3);
    set(b, 513, 4);
    page_image_set(b, 512, zeros);
    set(b, N_PAGES - 1, 5);
    static const uint64_t pages[] = {511, 512, 513, N_PAGES - 1};
    assert_differ(a, b, 4, pages);
    assert_differ(b, a, 4, pages);
    page_image_free(a);
    page_image_free(b);
}

/* Many copies, each with changes of its own, against plain memory. */
static void test_random(void **state)
{
    enum { IMAGES = 8, ROUNDS = 4000 };
    uint64_t bytes = 0, seed = 1;
    struct page_image *images[IMAGES] = {page_image_new(N_PAGES, &bytes)};
    g_autofree uint8_t *plain = g_malloc0(IMAGES * N_PAGES);
    for (unsigned k = 1; k < IMAGES; k++) {
        images[k] = page_image_copy(images[0]);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        unsigned at = (unsigned)(seed >> 33) % IMAGES, from = (unsigned)(seed >> 40) % IMAGES;
        uint64_t page = (seed >> 45) % N_PAGES;
        uint8_t with = (seed >> 60) % 4, *was = &plain[at * N_PAGES + page];
        if (round % 64 == 0 && at != from) {
            page_image_free(images[at]);
            images[at] = page_image_copy(images[from]);
            memcpy(plain + at * N_PAGES, plain + from * N_PAGES, N_PAGES);
        }
        assert_int_equal(set(images[at], page, with), *was != with);
        *was = with;
    }
    for (unsigned k = 0; k < IMAGES; k++) {
        for (uint64_t page = 0; page < N_PAGES; page++) {
            assert_holds(images[k], page, plain[k * N_PAGES + page]);
        }
        page_image_free(images[k]);
    }
    assert_int_equal(bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contents),
        cmocka_unit_test(test_copies_share),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
