/* SPDX-License-Identifier: Apache-2.0 */
/* The log of input: numbers that stay, data of its own, cutting at both ends. */

#include <string.h>

#include "core/input_log.h"
#include "fakes/unit.h"

static void add(struct input_log *l, const char *text)
{
    char copy[32];
    g_strlcpy(copy, text, sizeof(copy));
    input_log_add(l, &(struct journal_rec){.kind = JOURNAL_INPUT,
                                           .source = 2,
                                           .when = 5,
                                           .insns = 7,
                                           .data = (const uint8_t *)copy,
                                           .len = (uint32_t)strlen(copy)});
    memset(copy, 0, sizeof(copy));
}

static void assert_is(const struct input_log *l, uint64_t n, const char *text)
{
    const struct journal_rec *r = input_log_at(l, n);
    assert_int_equal(r->kind, JOURNAL_INPUT);
    assert_int_equal(r->source, 2);
    assert_int_equal(r->when, 5);
    assert_int_equal(r->insns, 7);
    assert_int_equal(r->len, strlen(text));
    assert_memory_equal(r->data, text, r->len);
}

static struct input_log *filled(void)
{
    struct input_log *l = input_log_new();
    assert_int_equal(input_log_end(l), 0);
    assert_int_equal(input_log_bytes(l), 0);
    add(l, "zero");
    add(l, "one");
    add(l, "two");
    add(l, "three");
    return l;
}

static void test_add(void **state)
{
    struct input_log *l = filled();
    assert_int_equal(input_log_end(l), 4);
    assert_is(l, 0, "zero");
    assert_is(l, 3, "three");
    assert_int_equal(input_log_bytes(l), 4 * sizeof(struct journal_rec) + 15);
    input_log_free(l);
    input_log_free(NULL);
}

/* Marks have no data. */
static void test_empty_record(void **state)
{
    struct input_log *l = input_log_new();
    input_log_add(l, &(struct journal_rec){.kind = INPUT_MARK, .source = 1});
    assert_int_equal(input_log_at(l, 0)->kind, INPUT_MARK);
    assert_int_equal(input_log_at(l, 0)->len, 0);
    input_log_free(l);
}

static void test_cut(void **state)
{
    struct input_log *l = filled();
    input_log_cut(l, 4);
    assert_int_equal(input_log_end(l), 4);
    input_log_cut(l, 2);
    assert_int_equal(input_log_end(l), 2);
    add(l, "other");
    assert_is(l, 1, "one");
    assert_is(l, 2, "other");
    input_log_cut(l, 0);
    assert_int_equal(input_log_end(l), 0);
    assert_int_equal(input_log_bytes(l), 0);
    input_log_free(l);
}

static void test_forget(void **state)
{
    struct input_log *l = filled();
    input_log_forget(l, 2);
    assert_int_equal(input_log_end(l), 4);
    assert_is(l, 2, "two");
    assert_is(l, 3, "three");
    add(l, "four");
    assert_is(l, 4, "four");
    input_log_cut(l, 3);
    assert_int_equal(input_log_end(l), 3);
    assert_is(l, 2, "two");
    input_log_forget(l, 3);
    assert_int_equal(input_log_end(l), 3);
    assert_int_equal(input_log_bytes(l), 0);
    add(l, "again");
    assert_is(l, 3, "again");
    input_log_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_empty_record),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
