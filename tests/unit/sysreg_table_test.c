/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of system registers and instructions: that they are consistent, and right. */
#include <stdio.h>
#include <string.h>

#include "cpu/sys/sysreg_index.h"
#include "cpu/sys/sysreg_table.h"
#include "fakes/pe.h"
#include "fakes/unit.h"

/* ---- consistency ---- */

static void count(uint8_t *seen, uint16_t enc, const char *name)
{
    if (seen[enc]++ != 0) {
        FAIL("%s: encoding %#x is taken", name, enc);
    }
}

static void test_encodings_are_unique(void **state)
{
    g_autofree uint8_t *seen = g_malloc0(0x10000);
    for (unsigned i = 0; i < SR_COUNT; i++) {
        count(seen, sr_table[i].enc, sr_table[i].name);
    }
    for (unsigned i = 0; i < sr_n_aliases; i++) {
        count(seen, sr_aliases[i].enc, sr_aliases[i].name);
    }
    for (unsigned i = 0; i < sysop_count(); i++) {
        count(seen, sysop_enc(i), sysop_name(i));
    }
}

static void test_masks_are_disjoint(void **state)
{
    struct cpu *c = pe_new(&(struct pe_config){0});
    for (unsigned i = 0; i < SR_COUNT; i++) {
        const struct sr_masks *m = sr_masks(c);
        assert_int_equal(m->wmask[i] & m->res1[i], 0);
        /* An ID register has no writable bits. */
        assert_true((sr_table[i].flags & SRF_RO) == 0 || m->wmask[i] == 0);
    }
    pe_free(c);
}

/* VNCR_EL2 page: offsets are aligned, in the page, and no two registers share one. */
static void test_vncr_offsets(void **state)
{
    uint8_t seen[4096 / 8] = {0};
    for (unsigned i = 0; i < SR_COUNT; i++) {
        unsigned off = sr_table[i].vncr;
        assert_int_equal(off % 8, 0);
        assert_true(off < 4096);
        if (off != 0) {
            assert_int_equal(seen[off / 8]++, 0);
        }
    }
}

/* What E2H redirects to, and what NV2 redirects from, is the neighbour. */
static void test_neighbours(void **state)
{
    for (unsigned i = 0; i < SR_COUNT; i++) {
        if ((sr_table[i].flags & SRF_E2H) != 0) {
            assert_int_equal(enc_op1(sr_table[i + 1].enc), 4);
        }
        if ((sr_table[i].flags & SRF_NV2R) != 0) {
            assert_int_equal(enc_op1(sr_table[i - 1].enc), 0);
        }
    }
    for (unsigned i = 0; i < sr_n_aliases; i++) {
        uint16_t plain = sr_table[sr_aliases[i].id].enc;
        assert_int_equal(sr_aliases[i].enc & 0x7ff, plain & 0x7ff); /* CRn, CRm, op2 */
    }
}

/* The EL a register belongs to is in op1. */
static void test_lowest_el(void **state)
{
    static const uint8_t el_of_op1[] = {1, 1, 1, 0, 2, 2, 3, 1};
    for (unsigned i = 0; i < SR_COUNT; i++) {
        const struct sr_desc *d = &sr_table[i];
        unsigned low = d->el_r < d->el_w ? d->el_r : d->el_w;
        if (low != el_of_op1[enc_op1(d->enc)]) {
            FAIL("%s: lowest EL %u", d->name, low);
        }
    }
}

/* ---- against a list of the architecture's registers ---- */

static void check_line(const struct cpu *c, char *line)
{
    g_auto(GStrv) f = g_strsplit(line, "\t", 10);
    if (g_strv_length(f) < 8 || !g_ascii_isdigit(f[1][0])) {
        return;
    }
    uint16_t enc = SYSREG_ENC(atoi(f[1]), atoi(f[2]), atoi(f[3]), atoi(f[4]), atoi(f[5]));
    struct sr_ref ref = sysreg_find(c, enc);
    if (ref.kind == SR_REF_ALIAS) {
        assert_string_equal(sr_aliases[ref.n].name, f[0]);
    }
    if (ref.kind != SR_REF_REG || enc == sr_table[SR_DBGDTRX_EL0].enc) {
        return; /* not implemented; or one encoding with a name for each direction */
    }
    const struct sr_desc *d = &sr_table[ref.n];
    assert_string_equal(d->name, f[0]);
    assert_int_equal(d->el_r == 4, strcmp(f[6], "WO") == 0);
    assert_int_equal(d->el_w == 4, strcmp(f[6], "RO") == 0);
}

static void test_against_list(void **state)
{
    const char *dir = g_getenv("ARMATURE_TEST_DATA");
    g_autofree char *path = g_build_filename(dir != NULL ? dir : "", "sysregs.tsv", NULL);
    g_autofree char *text = NULL;
    if (dir == NULL || !g_file_get_contents(path, &text, NULL, NULL)) {
        print_message("sysregs.tsv is absent: skipped\n");
        skip();
    }
    struct cpu *c = pe_new(&(struct pe_config){0});
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **l = lines; *l != NULL; l++) {
        check_line(c, *l);
    }
    pe_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encodings_are_unique),
        cmocka_unit_test(test_masks_are_disjoint),
        cmocka_unit_test(test_vncr_offsets),
        cmocka_unit_test(test_neighbours),
        cmocka_unit_test(test_lowest_el),
        cmocka_unit_test(test_against_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
