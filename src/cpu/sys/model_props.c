/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU properties: "-cpu max,pauth-qarma5=on,lpa2=off". Names and meaning follow QEMU where it has
 * the property; besides, every feature of features.def is a property by its name in lower case.
 */
#include <string.h>

#include "base/bits.h"
#include "base/result.h"
#include "cpu/cpu.h"
#include "cpu/sys/models.h"

#define ALGORITHMS 3 /* of pointer authentication */
static const enum feature algorithm[ALGORITHMS] = {FEAT_PACIMP, FEAT_PACQARMA3, FEAT_PACQARMA5};

struct props {
    const char *model;
    struct cpu_features f;
    bool wants_algorithm[ALGORITHMS];
    bool pauth_off;
};

enum prop_kind {
    PROP_FEATURE,   /* switches one feature */
    PROP_PAUTH,     /* all of pointer authentication */
    PROP_ALGORITHM, /* chooses algorithm[arg] */
    PROP_ALWAYS_ON,
    PROP_ALWAYS_OFF,
};

static const struct prop {
    const char *name;
    uint8_t kind, arg;
} table[] = {
    {"pauth", PROP_PAUTH, 0},
    {"pauth-impdef", PROP_ALGORITHM, 0},
    {"pauth-qarma3", PROP_ALGORITHM, 1},
    {"pauth-qarma5", PROP_ALGORITHM, 2},
    {"pmu", PROP_FEATURE, FEAT_PMUv3},
    {"aarch64", PROP_ALWAYS_ON, 0},
    {"sve", PROP_ALWAYS_OFF, 0},
    {"sme", PROP_ALWAYS_OFF, 0},
    {"mte", PROP_ALWAYS_OFF, 0},
    {"x-rme", PROP_ALWAYS_OFF, 0},
};

static const enum feature pauth_features[] = {
    FEAT_PAuth,  FEAT_EPAC,      FEAT_PAuth2,    FEAT_FPAC,          FEAT_FPACCOMBINE,
    FEAT_PACIMP, FEAT_PACQARMA3, FEAT_PACQARMA5, FEAT_CONSTPACFIELD, FEAT_FPACC_SPEC,
};

static bool parse_bool(const char *v, bool *out)
{
    static const char *const on[] = {"on", "yes", "true"}, *const off[] = {"off", "no", "false"};
    for (size_t i = 0; i < ARRAY_LEN(on); i++) {
        if (strcmp(v, on[i]) == 0 || strcmp(v, off[i]) == 0) {
            *out = strcmp(v, on[i]) == 0;
            return true;
        }
    }
    return false;
}

/* ---- the nearest name, for the error message ---- */

static size_t edit_distance(const char *a, const char *b)
{
    size_t row[64], nb = strlen(b);
    if (nb >= ARRAY_LEN(row)) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= nb; j++) {
        row[j] = j;
    }
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = MIN(change, MIN(row[j], row[j - 1]) + 1);
        }
    }
    return row[nb];
}

static void consider(const char *wanted, const char *candidate, size_t *best, char **name)
{
    g_autofree char *lower = g_ascii_strdown(candidate, -1);
    size_t d = edit_distance(wanted, lower);
    if (d < *best) {
        *best = d;
        g_free(*name);
        *name = g_steal_pointer(&lower);
    }
}

static char *nearest_property(const char *wanted)
{
    char *name = NULL;
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        consider(wanted, table[i].name, &best, &name);
    }
    for (unsigned i = FEAT_EL3 + 1; i < FEAT_COUNT; i++) {
        consider(wanted, feature_name(i), &best, &name);
    }
    return name;
}

/* ---- applying ---- */

static bool fixed_value(const char *name, bool want, bool is, GError **err)
{
    return want == is ||
           fail(err, ERR_OPTION, "CPU property '%s' can only be %s", name, is ? "on" : "off");
}

static bool apply_algorithm(struct props *p, const char *name, unsigned n, bool on, GError **err)
{
    if (on && !features_has(&p->f, FEAT_PAuth)) {
        return fail(err, ERR_OPTION, "CPU property '%s' needs pointer authentication, which %s",
                    name, p->pauth_off ? "pauth=off removes" : "this model does not have");
    }
    p->wants_algorithm[n] = on;
    return true;
}

static void apply_pauth(struct props *p, bool on)
{
    p->pauth_off = !on;
    for (size_t i = 0; i < ARRAY_LEN(pauth_features) && !on; i++) {
        features_set(&p->f, pauth_features[i], false);
    }
    if (on) {
        features_set(&p->f, FEAT_PAuth, true);
    }
}

/* Switching a feature off takes away what needs it. */
static void drop_dependents(struct cpu_features *f)
{
    enum feature needs, broken;
    while ((broken = features_unmet(f, &needs)) != FEAT_NONE) {
        features_set(f, broken, false);
    }
}

static bool apply_feature(struct props *p, const char *name, enum feature e, bool on, GError **err)
{
    enum feature needs;
    features_set(&p->f, e, on);
    if (on && (e == FEAT_EPAC || e == FEAT_PAuth2)) { /* one or the other */
        features_set(&p->f, e == FEAT_EPAC ? FEAT_PAuth2 : FEAT_EPAC, false);
        drop_dependents(&p->f);
    }
    if (!on) {
        drop_dependents(&p->f);
        return true;
    }
    if (features_unmet(&p->f, &needs) == e) {
        return fail(err, ERR_OPTION, "CPU property '%s' needs FEAT_%s, which %s does not have",
                    name, feature_name(needs), p->model);
    }
    return true;
}

static bool apply_table(struct props *p, const struct prop *e, bool on, GError **err)
{
    switch ((enum prop_kind)e->kind) {
    case PROP_FEATURE:
        return apply_feature(p, e->name, e->arg, on, err);
    case PROP_PAUTH:
        apply_pauth(p, on);
        return true;
    case PROP_ALGORITHM:
        return apply_algorithm(p, e->name, e->arg, on, err);
    case PROP_ALWAYS_ON:
        return fixed_value(e->name, on, true, err);
    case PROP_ALWAYS_OFF:
        return fixed_value(e->name, on, false, err);
    }
    return true;
}

/* sve128, sve-max-vq, sme_fa64 and so on: parts of what is not there. */
static bool is_vector_length(const char *name)
{
    return g_str_has_prefix(name, "sve") || g_str_has_prefix(name, "sme");
}

static bool apply_property(struct props *p, const char *name, const char *value, GError **err)
{
    bool on = false;
    enum feature e;
    if (value == NULL || !parse_bool(value, &on)) {
        return fail(err, ERR_OPTION, "CPU property '%s' must be on or off", name);
    }
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (strcmp(name, table[i].name) == 0) {
            return apply_table(p, &table[i], on, err);
        }
    }
    if (is_vector_length(name)) {
        return fixed_value(name, on, false, err);
    }
    e = feature_by_name(name);
    if (e != FEAT_NONE && e != FEAT_EL2 && e != FEAT_EL3) {
        return apply_feature(p, name, e, on, err);
    }
    g_autofree char *near = nearest_property(name);
    return fail(err, ERR_OPTION, "CPU model '%s' has no property '%s'; did you mean '%s'?",
                p->model, name, near);
}

/* One algorithm: the one asked for, else the model's. */
static bool choose_algorithm(struct props *p, GError **err)
{
    int chosen = -1;
    for (int i = 0; i < ALGORITHMS; i++) {
        if (p->wants_algorithm[i] && chosen >= 0) {
            return fail(err, ERR_OPTION,
                        "choose one of the CPU properties pauth-impdef, "
                        "pauth-qarma3 and pauth-qarma5");
        }
        chosen = p->wants_algorithm[i] ? i : chosen;
    }
    if (!features_has(&p->f, FEAT_PAuth)) {
        return true;
    }
    if (chosen < 0) {
        chosen = features_has(&p->f, FEAT_PACQARMA5) ? 2 : features_has(&p->f, FEAT_PACQARMA3);
    }
    for (int i = 0; i < ALGORITHMS; i++) {
        features_set(&p->f, algorithm[i], i == chosen);
    }
    return true;
}

bool cpu_model_parse(const char *text, const struct cpu_model **out, struct cpu_features *f,
                     GError **err)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    const struct cpu_model *m = parts[0] != NULL ? cpu_model_find(parts[0]) : NULL;
    if (m == NULL) {
        g_autofree char *names = g_strjoinv(", ", (char **)(uintptr_t)cpu_model_names());
        return fail(err, ERR_OPTION, "unknown CPU model '%s'; there are %s",
                    parts[0] != NULL ? parts[0] : "", names);
    }
    struct props p = {.model = m->name};
    cpu_model_features(m, &p.f);
    for (char **s = parts + 1; *s != NULL; s++) {
        char *value = strchr(*s, '=');
        if (value != NULL) {
            *value++ = '\0';
        }
        if (!apply_property(&p, *s, value, err)) {
            return false;
        }
    }
    if (!choose_algorithm(&p, err)) {
        return false;
    }
    *out = m;
    *f = p.f;
    return true;
}
