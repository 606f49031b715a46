/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identification registers: values of the models, and the architecture's rules between features and
 * ID register fields (read from a list of facts when it is there). Properties of CPU models.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/sys/models.h"
#include "cpu/sys/sysreg_table.h"
#include "fakes/pe.h"
#include "fakes/unit.h"

/* ---- values ---- */

struct id_case {
    const char *model;
    enum sr_id id;
    uint64_t value;
};

static const struct id_case id_cases[] = {
    {"cortex-a53", SR_MIDR_EL1, 0x410fd034},
    {"cortex-a53", SR_ID_AA64PFR0_EL1, 0x01001111},
    {"cortex-a53", SR_ID_AA64DFR0_EL1, 0x10305106},
    {"cortex-a53", SR_ID_AA64ISAR0_EL1, 0x00011120},
    {"cortex-a53", SR_ID_AA64MMFR0_EL1, 0x00001022},
    {"cortex-a53", SR_ID_AA64MMFR1_EL1, 0},
    {"cortex-a57", SR_ID_AA64MMFR0_EL1, 0x00001024},
    {"cortex-a72", SR_CTR_EL0, 0x8444c004},
    {"cortex-a55", SR_ID_AA64PFR0_EL1, 0x0000000011111111},
    {"cortex-a55", SR_ID_AA64PFR1_EL1, 0x10},
    {"cortex-a76", SR_ID_AA64PFR0_EL1, 0x1100000011111111},
    {"cortex-a76", SR_ID_AA64DFR0_EL1, 0x10305408},
    {"cortex-a76", SR_ID_AA64ISAR0_EL1, 0x0000100010211120},
    {"cortex-a76", SR_ID_AA64ISAR1_EL1, 0x0000000000100001},
    {"cortex-a76", SR_ID_AA64MMFR0_EL1, 0x00101022},
    {"cortex-a76", SR_ID_AA64MMFR1_EL1, 0x10212122},
    {"cortex-a76", SR_ID_AA64MMFR2_EL1, 0x1011},
    {"neoverse-n1", SR_ID_AA64MMFR0_EL1, 0x00101025},
    {"neoverse-n1", SR_ID_AA64PFR1_EL1, 0x20},
    {"max", SR_ID_AA64PFR0_EL1, 0x1301001021111111},
    {"max", SR_ID_AA64ISAR0_EL1, 0x1221111110212120},
    {"max", SR_ID_AA64ISAR1_EL1, 0x0111221110211502},
    {"max,pauth-qarma5=on", SR_ID_AA64ISAR1_EL1, 0x0111221101211052},
    {"max,epac=on,pauth-qarma3=on", SR_ID_AA64ISAR2_EL1, 0x1010000010112112},
    {"max,constpacfield=on", SR_ID_AA64ISAR2_EL1, 0x1010000011110012},
    {"max,pauth=off", SR_ID_AA64ISAR1_EL1, 0x0111221100211002},
    {"max", SR_ID_AA64MMFR0_EL1, 0x2200032310201026},
    {"max,lpa2=off", SR_ID_AA64MMFR0_EL1, 0x2200022200101026},
    {"max", SR_ID_AA64MMFR3_EL1, 0x1000000000111111},
    {"max,s1pie=off,s2pie=off", SR_ID_AA64MMFR3_EL1, 0x1000000000010011},
    {"max,tcr2=off", SR_ID_AA64MMFR3_EL1, 0x1000000000101010},
    {"max", SR_ID_AA64MMFR2_EL1, 0x1221011112111011},
};

static void test_values(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(id_cases); i++) {
        struct cpu *c = pe_new(&(struct pe_config){.model = id_cases[i].model});
        uint64_t v = c->sr[id_cases[i].id];
        if (v != id_cases[i].value) {
            FAIL("%s, %s: %#llx", id_cases[i].model, sr_table[id_cases[i].id].name,
                 (unsigned long long)v);
        }
        pe_free(c);
    }
}

/* CCSIDR_EL1 of the L1 data cache: sets - 1, ways - 1, line size, in the format of the PE. */
static void test_cache_formats(void **state)
{
    static const struct {
        const char *model;
        unsigned ways_lsb, sets_lsb, sets_len;
    } formats[] = {{"max", 3, 32, 24}, {"max,ccidx=off", 3, 13, 15}, {"cortex-a53", 3, 13, 15}};
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        struct cpu *c = pe_new(&(struct pe_config){.model = formats[i].model});
        pe_set(c, SR_CSSELR_EL1, 0);
        uint64_t v = sr_table[SR_CCSIDR_EL1].read(c, SR_CCSIDR_EL1);
        assert_int_equal(extract64(v, formats[i].sets_lsb, formats[i].sets_len), 127);
        assert_int_equal(extract64(v, formats[i].ways_lsb, 10), 3);
        assert_int_equal(v & 7, 2); /* 64 bytes */
        bool ccidx = formats[i].sets_lsb == 32;
        assert_int_equal(extract64(c->sr[SR_ID_AA64MMFR2_EL1], 20, 4), ccidx);
        pe_set(c, SR_CSSELR_EL1, 6); /* no such cache */
        assert_int_equal(sr_table[SR_CCSIDR_EL1].read(c, SR_CCSIDR_EL1), 0);
        pe_free(c);
    }
}

/* What has no EL2 or EL3 does not advertise what belongs to them. */
static void test_without_higher_els(void **state)
{
    struct cpu *c = pe_new(&(struct pe_config){.no_el2 = true, .no_el3 = true});
    assert_int_equal(extract64(c->sr[SR_ID_AA64PFR0_EL1], 8, 8), 0);
    assert_int_equal(extract64(c->sr[SR_ID_AA64PFR0_EL1], 36, 4), 0);  /* SEL2 */
    assert_int_equal(extract64(c->sr[SR_ID_AA64MMFR1_EL1], 8, 4), 0);  /* VH */
    assert_int_equal(extract64(c->sr[SR_ID_AA64MMFR2_EL1], 24, 4), 0); /* NV */
    pe_free(c);
}

/* ---- the rules, in three-valued logic: names that we do not know make no rule fail ---- */

enum { FALSE3, TRUE3, UNKNOWN3 };

struct parser {
    const struct cpu *c;
    GHashTable *fields; /* "ID_AA64PFR0_EL1.EL0" -> lsb << 8 | width, +1 */
    const char *p;
    bool broken;
};

static int implication(struct parser *s);

static void spaces(struct parser *s)
{
    while (isspace((unsigned char)*s->p)) {
        s->p++;
    }
}

static bool accept(struct parser *s, const char *token)
{
    spaces(s);
    if (strncmp(s->p, token, strlen(token)) != 0) {
        return false;
    }
    s->p += strlen(token);
    return true;
}

static char *identifier(struct parser *s)
{
    spaces(s);
    const char *start = s->p;
    while (isalnum((unsigned char)*s->p) || *s->p == '_' || *s->p == '.') {
        s->p++;
    }
    return g_strndup(start, (gsize)(s->p - start));
}

/* Features that stand for others, or that every PE of ours has or lacks. */
static int umbrella(const struct cpu *c, const char *name)
{
    static const char *const always[] = {"AA64", "AA64EL0", "AA64EL1", "EL0", "EL1"};
    static const char *const never[] = {
        "AA32", "AA32EL0", "AA32EL1", "AA32EL2", "AA32EL3",  "SVE",         "SVE2",    "SME",
        "SME2", "MTE",     "MTE2",    "RME",     "MixedEnd", "MixedEndEL0", "MPAM",    "AMUv1",
        "SPE",  "TRF",     "ETE",     "ExS",     "BRBE",     "TRBE",        "SpecSEI", "GCS",
        "D128", "THE",     "LS64",    "LVA3",    "CCIDX"};
    for (size_t i = 0; i < ARRAY_LEN(always); i++) {
        if (strcmp(name, always[i]) == 0) {
            return TRUE3;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(never); i++) {
        if (strcmp(name, never[i]) == 0) {
            return FALSE3;
        }
    }
    if (strcmp(name, "AA64EL2") == 0) {
        return c->cfg.has_el2;
    }
    if (strcmp(name, "AA64EL3") == 0 || strcmp(name, "Secure") == 0) {
        return c->cfg.has_el3;
    }
    return UNKNOWN3;
}

static int feature_value(struct parser *s, const char *name)
{
    enum feature f;
    if (!g_str_has_prefix(name, "FEAT_")) {
        return UNKNOWN3; /* versions of the architecture, parameters */
    }
    f = feature_by_name(name + 5);
    return f != FEAT_NONE ? cpu_has(s->c, f) : umbrella(s->c, name + 5);
}

/* UInt(REG.Field) or SInt(REG.Field). */
static bool field_value(struct parser *s, bool is_signed, int64_t *out)
{
    g_autofree char *name = identifier(s);
    uintptr_t where = (uintptr_t)g_hash_table_lookup(s->fields, name);
    const char *dot = strchr(name, '.');
    accept(s, ")");
    if (where == 0 || dot == NULL) {
        return false;
    }
    for (unsigned i = 0; i < SR_COUNT; i++) {
        if (strlen(sr_table[i].name) == (size_t)(dot - name) &&
            strncmp(sr_table[i].name, name, (size_t)(dot - name)) == 0) {
            unsigned lo = (unsigned)(where - 1) >> 8, len = (unsigned)(where - 1) & 0xff;
            *out = is_signed ? sextract64(s->c->sr[i], lo, len)
                             : (int64_t)extract64(s->c->sr[i], lo, len);
            return true;
        }
    }
    return false;
}

static int comparison(struct parser *s, bool is_signed)
{
    static const char *const ops[] = {">=", "<=", "==", "!=", ">", "<"};
    int64_t v = 0;
    bool known = field_value(s, is_signed, &v);
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        if (accept(s, ops[i])) {
            spaces(s);
            char *end;
            int64_t n = strtoll(s->p, &end, 0);
            s->p = end;
            bool r[] = {v >= n, v <= n, v == n, v != n, v > n, v < n};
            return known ? r[i] : UNKNOWN3;
        }
    }
    s->broken = true;
    return UNKNOWN3;
}

static int primary(struct parser *s)
{
    if (accept(s, "!")) {
        int v = primary(s);
        return v == UNKNOWN3 ? UNKNOWN3 : !v;
    }
    if (accept(s, "UInt(")) {
        return comparison(s, false);
    }
    if (accept(s, "SInt(")) {
        return comparison(s, true);
    }
    if (accept(s, "(")) {
        int v = implication(s);
        s->broken |= !accept(s, ")");
        return v;
    }
    g_autofree char *name = identifier(s);
    s->broken |= *name == '\0';
    return feature_value(s, name);
}

static int both(int a, int b)
{
    return a == FALSE3 || b == FALSE3 ? FALSE3 : a == TRUE3 && b == TRUE3 ? TRUE3 : UNKNOWN3;
}

static int negate(int a)
{
    return a == UNKNOWN3 ? UNKNOWN3 : !a;
}

static int implication(struct parser *s)
{
    int a = primary(s);
    for (;;) {
        if (accept(s, "&&")) {
            a = both(a, primary(s));
        } else if (accept(s, "||")) {
            a = negate(both(negate(a), negate(primary(s))));
        } else if (accept(s, "-->")) {
            a = negate(both(a, negate(primary(s))));
        } else if (accept(s, "<->")) {
            int b = primary(s);
            a = a == UNKNOWN3 || b == UNKNOWN3 ? UNKNOWN3 : a == b;
        } else {
            return a;
        }
    }
}

/* Rules that our PEs break on purpose. */
static bool is_known_exception(const char *rule)
{
    static const char *const known[] = {
        "MixedEnd", /* little-endian data only */
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (strstr(rule, known[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* The first rule that the PE breaks, or NULL. *out_held: rules that were true, not just open. */
static const char *broken_rule(const struct cpu *c, GHashTable *fields, char **lines,
                               unsigned *out_held)
{
    *out_held = 0;
    for (char **l = lines; *l != NULL; l++) {
        const char *rule = g_strstrip(*l);
        struct parser s = {.c = c, .fields = fields, .p = rule};
        bool about_versions = strstr(rule, "v8Ap") != NULL || strstr(rule, "v9Ap") != NULL;
        if (rule[0] != '(' || about_versions || is_known_exception(rule)) {
            continue;
        }
        int v = implication(&s);
        if (s.broken) {
            continue; /* an expression of another kind */
        }
        if (v == FALSE3) {
            return rule;
        }
        *out_held += v == TRUE3;
    }
    return NULL;
}

static void check_rules(struct cpu *c, GHashTable *fields, char **lines)
{
    unsigned held;
    const char *rule = broken_rule(c, fields, lines, &held);
    if (rule != NULL) {
        FAIL("%s breaks %s", c->cfg.model, rule);
    }
    assert_true(held > 200);
    /* The check itself: a field that says too much is found out. */
    c->sr[SR_ID_AA64PFR1_EL1] = deposit64(c->sr[SR_ID_AA64PFR1_EL1], 8, 4, 2); /* MTE */
    assert_non_null(broken_rule(c, fields, lines, &held));
}

/* "EL0[3:0];EL1[7:4]" of a line of sysregs.tsv. */
static void add_fields(GHashTable *fields, const char *reg, const char *list)
{
    g_auto(GStrv) f = g_strsplit(list, ";", -1);
    for (char **p = f; *p != NULL; p++) {
        unsigned hi, lo;
        char *open = strchr(*p, '[');
        if (open != NULL && sscanf(open, "[%u:%u]", &hi, &lo) == 2 && hi >= lo) {
            *open = '\0';
            g_hash_table_insert(fields, g_strdup_printf("%s.%s", reg, *p),
                                (void *)(uintptr_t)((lo << 8 | (hi - lo + 1)) + 1));
        }
    }
}

static char **read_lines(const char *name)
{
    const char *dir = g_getenv("ARMATURE_TEST_DATA");
    g_autofree char *path = g_build_filename(dir != NULL ? dir : "", name, NULL);
    g_autofree char *text = NULL;
    return dir != NULL && g_file_get_contents(path, &text, NULL, NULL) ? g_strsplit(text, "\n", -1)
                                                                       : NULL;
}

static void test_rules(void **state)
{
    g_auto(GStrv) regs = read_lines("sysregs.tsv");
    g_auto(GStrv) rules = read_lines("feat-id-constraints.txt");
    if (regs == NULL || rules == NULL) {
        print_message("lists of registers and rules are absent: skipped\n");
        skip();
    }
    GHashTable *fields = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (char **l = regs; *l != NULL; l++) {
        g_auto(GStrv) f = g_strsplit(*l, "\t", 10);
        if (g_strv_length(f) >= 9) {
            add_fields(fields, f[0], f[8]);
        }
    }
    for (const char *const *m = cpu_model_names(); *m != NULL; m++) {
        for (unsigned els = 0; els < 4; els++) {
            struct cpu *c = pe_new(&(struct pe_config){*m, els & 1, els & 2});
            check_rules(c, fields, rules);
            pe_free(c);
        }
    }
    g_hash_table_destroy(fields);
}

/* ---- properties ---- */

static bool parse(const char *text, struct cpu_features *f, char **out_error)
{
    const struct cpu_model *m;
    GError *err = NULL;
    bool ok = cpu_model_parse(text, &m, f, &err);
    g_free(*out_error);
    *out_error = err != NULL ? g_strdup(err->message) : NULL;
    g_clear_error(&err);
    return ok;
}

static void test_properties(void **state)
{
    struct cpu_features f;
    g_autofree char *e = NULL;
    assert_true(parse("max,pauth-impdef=on,sve=off,sve128=off,aarch64=on", &f, &e));
    assert_true(features_has(&f, FEAT_PACIMP));
    assert_true(parse("max,pauth-qarma3=on", &f, &e));
    assert_true(features_has(&f, FEAT_PACQARMA3) && !features_has(&f, FEAT_PACIMP));
    assert_true(parse("max,epac=on", &f, &e));
    assert_true(features_has(&f, FEAT_EPAC) && !features_has(&f, FEAT_PAuth2));
    assert_false(features_has(&f, FEAT_FPACCOMBINE));
    assert_true(parse("max,epac=on,pauth2=on", &f, &e));
    assert_true(features_has(&f, FEAT_PAuth2) && !features_has(&f, FEAT_EPAC));
    assert_false(parse("max,epac=on,constpacfield=on", &f, &e));
    assert_true(parse("max,pmu=off", &f, &e));
    assert_false(features_has(&f, FEAT_PMUv3p5));
    assert_true(parse("max,lse=off", &f, &e));
    assert_false(features_has(&f, FEAT_LSE2));
    assert_true(parse("cortex-a57,lse=on", &f, &e));
    assert_true(features_has(&f, FEAT_LSE));

    assert_false(parse("cortex-a99", &f, &e));
    assert_non_null(strstr(e, "cortex-a57"));
    assert_false(parse("max,pauth-impdev=on", &f, &e));
    assert_non_null(strstr(e, "'pauth-impdef'"));
    assert_false(parse("max,sve=on", &f, &e));
    assert_false(parse("max,aarch64=off", &f, &e));
    assert_false(parse("max,lpa2", &f, &e));
    assert_false(parse("max,lpa2=maybe", &f, &e));
    assert_false(parse("max,pauth=off,pauth-qarma5=on", &f, &e));
    assert_false(parse("max,pauth-impdef=on,pauth-qarma5=on", &f, &e));
    assert_false(parse("cortex-a53,fhm=on", &f, &e));
    assert_non_null(strstr(e, "FEAT_FP16"));
    assert_false(parse("", &f, &e));
    assert_false(parse("max,", &f, &e));
}

/* Every model is complete: no feature without what it needs. */
static void test_models_are_complete(void **state)
{
    for (const char *const *m = cpu_model_names(); *m != NULL; m++) {
        struct cpu_features f;
        enum feature needs = FEAT_NONE;
        cpu_model_features(cpu_model_find(*m), &f);
        enum feature broken = features_unmet(&f, &needs);
        if (broken != FEAT_NONE) {
            FAIL("%s: %s without %s", *m, feature_name(broken), feature_name(needs));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_cache_formats),
        cmocka_unit_test(test_without_higher_els),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_properties),
        cmocka_unit_test(test_models_are_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
