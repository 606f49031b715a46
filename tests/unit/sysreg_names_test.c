/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and encodings of what is not in the PE's own register table, against lists of the
 * architecture: registers of timers and the GIC CPU interface, system instructions. Skipped where
 * the lists are absent. The PE's own registers: sysreg_table_test.c.
 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "core/sysreg.h"
#include "cpu/sys/sysreg_file.h"
#include "devices/gtimer.h"
#include "fakes/gic_rig.h"
#include "fakes/pe.h"
#include "fakes/unit.h"

/* Encoding -> fields of a line; NULL without the file. The encoding starts in field `first`. */
static GHashTable *read_list(const char *file, unsigned first)
{
    const char *dir = g_getenv("ARMATURE_TEST_DATA");
    g_autofree char *path = g_build_filename(dir != NULL ? dir : "", file, NULL);
    g_autofree char *text = NULL;
    if (dir == NULL || !g_file_get_contents(path, &text, NULL, NULL)) {
        print_message("%s is absent: skipped\n", file);
        return NULL;
    }
    GHashTable *list = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_strfreev);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **l = lines; *l != NULL; l++) {
        char **f = g_strsplit(*l, "\t", 10);
        if (g_strv_length(f) < first + 6 || !g_ascii_isdigit(f[first][0])) {
            g_strfreev(f);
            continue;
        }
        char **e = f + first;
        uint16_t enc = SYSREG_ENC(atoi(e[0]), atoi(e[1]), atoi(e[2]), atoi(e[3]), atoi(e[4]));
        g_hash_table_insert(list, GUINT_TO_POINTER(enc), f);
    }
    return list;
}

static gboolean has_name(gpointer key, gpointer fields, gpointer name)
{
    return strcmp(((char **)fields)[0], name) == 0;
}

/* The list lacks some; then it lacks them altogether. */
static void check_set(GHashTable *list, struct sysreg_set set)
{
    size_t known = 0;
    for (size_t i = 0; i < set.n; i++) {
        const struct sysreg *r = &set.regs[i];
        char **f = g_hash_table_lookup(list, GUINT_TO_POINTER(r->enc));
        if (f == NULL) {
            assert_null(g_hash_table_find(list, has_name, (gpointer)(uintptr_t)r->name));
            continue;
        }
        known++;
        assert_string_equal(r->name, f[0]);
        assert_int_equal(r->el_r == 4, strcmp(f[6], "WO") == 0);
        assert_int_equal(r->el_w == 4, strcmp(f[6], "RO") == 0);
    }
    assert_true(known > set.n / 2);
}

static void test_timers(void **state)
{
    GHashTable *list = read_list("sysregs.tsv", 1);
    if (list == NULL) {
        skip();
    }
    struct gtimer_cfg cfg = {.n_pe = 1, .freq_hz = 1000000, .el2 = true, .vhe = true};
    struct evq *q = evq_new();
    struct gtimer *t = gtimer_new(&cfg, q, NULL);
    check_set(list, gtimer_sysregs(t, 0));
    gtimer_free(t);
    evq_free(q);
    g_hash_table_destroy(list);
}

static void test_gic(void **state)
{
    GHashTable *list = read_list("sysregs.tsv", 1);
    if (list == NULL) {
        skip();
    }
    struct gic_rig *r = gic_rig_new(&(struct gic_cfg){.version = 3, .n_pe = 1, .n_spi = 32});
    check_set(list, r->set[0]);
    gic_rig_free(r);
    g_hash_table_destroy(list);
}

/* Every system instruction of ours is in the list, under its name. */
static void test_system_instructions(void **state)
{
    GHashTable *list = read_list("sysops.tsv", 0);
    if (list == NULL) {
        skip();
    }
    struct cpu *c = pe_new(&(struct pe_config){0});
    unsigned n = 0;
    for (unsigned low = 0; low < 1 << 14; low++) {
        uint16_t enc = (uint16_t)(SYSREG_ENC(1, 0, 0, 0, 0) | low);
        const char *name = sysreg_name(c, enc);
        char **f = g_hash_table_lookup(list, GUINT_TO_POINTER(enc));
        if (name == NULL) {
            continue;
        }
        if (f == NULL) {
            print_error("%s: no instruction has its encoding\n", name);
        }
        assert_non_null(f);
        g_autofree char *theirs = g_strdelimit(g_strdup(f[5]), " ", '_');
        assert_string_equal(name, theirs);
        n++;
    }
    assert_true(n > 100);
    pe_free(c);
    g_hash_table_destroy(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers),
        cmocka_unit_test(test_gic),
        cmocka_unit_test(test_system_instructions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
