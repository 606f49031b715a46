/* SPDX-License-Identifier: Apache-2.0 */
#include "app/optlist.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/suggest.h"
#include "base/bits.h"

#define LATEST 1.8e19 /* ticks: what fits in tick_t */

struct pair {
    char *key, *value;
};

struct optlist {
    char *what;
    GArray *pairs;
};

static void pair_clear(void *p)
{
    struct pair *x = p;
    g_free(x->key);
    g_free(x->value);
}

/* The next item of *p, with doubled commas made single; *p moves behind its comma. */
static char *next_item(const char **p)
{
    GString *s = g_string_new(NULL);
    for (; **p != '\0'; (*p)++) {
        if (**p == ',') {
            (*p)++;
            if (**p != ',') {
                break;
            }
        }
        g_string_append_c(s, **p);
    }
    return g_string_free(s, false);
}

static struct pair to_pair(const char *item, const char *implied)
{
    const char *eq = strchr(item, '=');
    if (eq != NULL) {
        return (struct pair){g_strndup(item, (gsize)(eq - item)), g_strdup(eq + 1)};
    }
    if (implied != NULL) {
        return (struct pair){g_strdup(implied), g_strdup(item)};
    }
    if (g_str_has_prefix(item, "no") && item[2] != '\0' && strcmp(item, "node-name") != 0) {
        return (struct pair){g_strdup(item + 2), g_strdup("off")};
    }
    return (struct pair){g_strdup(item), g_strdup("on")};
}

struct optlist *optlist_parse(const char *what, const char *arg, const char *implied, GError **err)
{
    struct optlist *l = g_new0(struct optlist, 1);
    l->what = g_strdup(what);
    l->pairs = g_array_new(false, false, sizeof(struct pair));
    g_array_set_clear_func(l->pairs, pair_clear);

    const char *p = arg;
    while (*p != '\0') {
        g_autofree char *item = next_item(&p);
        struct pair x = to_pair(item, implied);
        g_array_append_val(l->pairs, x);
        implied = NULL;
        if (*x.key == '\0') {
            fail(err, ERR_OPTION, "%s: there is an empty name in '%s'", what, arg);
            optlist_free(l);
            return NULL;
        }
    }
    return l;
}

void optlist_free(struct optlist *l)
{
    if (l != NULL) {
        g_array_unref(l->pairs);
        g_free(l->what);
        g_free(l);
    }
}

void optlist_rename(struct optlist *l, const char *what)
{
    char *copy = g_strdup(what);
    g_free(l->what);
    l->what = copy;
}

const char *optlist_what(const struct optlist *l)
{
    return l->what;
}

size_t optlist_len(const struct optlist *l)
{
    return l->pairs->len;
}

const char *optlist_key(const struct optlist *l, size_t i)
{
    return g_array_index(l->pairs, struct pair, i).key;
}

const char *optlist_value(const struct optlist *l, size_t i)
{
    return g_array_index(l->pairs, struct pair, i).value;
}

const char *optlist_get(const struct optlist *l, const char *key)
{
    for (size_t i = l->pairs->len; i > 0; i--) {
        if (strcmp(optlist_key(l, i - 1), key) == 0) {
            return optlist_value(l, i - 1);
        }
    }
    return NULL;
}

void optlist_set(struct optlist *l, const char *key, const char *value)
{
    struct pair x = {g_strdup(key), g_strdup(value)};
    g_array_append_val(l->pairs, x);
}

bool optlist_parse_bool(const char *what, const char *text, bool *out, GError **err)
{
    static const char *const yes[] = {"on", "yes", "true", "y", NULL};
    static const char *const no[] = {"off", "no", "false", "n", NULL};
    if (g_strv_contains(yes, text)) {
        *out = true;
        return true;
    }
    if (g_strv_contains(no, text)) {
        *out = false;
        return true;
    }
    return fail(err, ERR_OPTION, "%s: '%s' is neither on nor off", what, text);
}

static bool bad_number(const char *what, const char *text, GError **err)
{
    return fail(err, ERR_OPTION, "%s: '%s' is not a number", what, text);
}

bool optlist_parse_u64(const char *what, const char *text, uint64_t max, uint64_t *out,
                       GError **err)
{
    char *end;
    errno = 0;
    /* strtoull would take a sign. */
    unsigned long long v = strtoull(text, &end, 0);
    if (!isdigit((unsigned char)*text) || *end != '\0') {
        return bad_number(what, text, err);
    }
    if (errno != 0 || v > max) {
        return fail(err, ERR_OPTION, "%s: %s is too large (at most %" PRIu64 ")", what, text, max);
    }
    *out = v;
    return true;
}

bool optlist_parse_size(const char *what, const char *text, uint64_t unit, uint64_t *out,
                        GError **err)
{
    static const char suffixes[] = "bkmgtp";
    char *end;
    if (!isdigit((unsigned char)*text)) {
        return fail(err, ERR_OPTION, "%s: '%s' is not a size", what, text);
    }
    errno = 0;
    bool whole = strpbrk(text, ".") == NULL;
    unsigned long long v = whole ? strtoull(text, &end, 0) : 0;
    double d = whole ? (double)v : g_ascii_strtod(text, &end);
    if (*end != '\0') {
        const char *s = strchr(suffixes, tolower((unsigned char)*end));
        if (s == NULL || end[1] != '\0') {
            return fail(err, ERR_OPTION, "%s: '%s' is not a size (suffixes are K, M, G, T)", what,
                        text);
        }
        unit = UINT64_C(1) << (10 * (s - suffixes));
    }
    if (errno != 0 || d * (double)unit >= 0x1p63) {
        return fail(err, ERR_OPTION, "%s: %s is too large", what, text);
    }
    *out = whole ? v * unit : (uint64_t)(d * (double)unit);
    return true;
}

bool optlist_parse_time(const char *what, const char *text, tick_t *out, GError **err)
{
    static const struct {
        const char *suffix;
        tick_t ticks;
    } units[] = {
        {"ns", TICKS_PER_NS}, {"us", TICKS_PER_US}, {"ms", TICKS_PER_MS}, {"s", TICKS_PER_SEC}};
    char *end = NULL;
    double v = g_ascii_strtod(text, &end);
    for (size_t i = 0; end != text && i < ARRAY_LEN(units); i++) {
        double ticks = v * (double)units[i].ticks + 0.5;
        if (strcmp(end, units[i].suffix) == 0 && ticks >= 0 && ticks < LATEST) {
            *out = (tick_t)ticks;
            return true;
        }
    }
    return fail(err, ERR_OPTION, "%s: '%s' is not a time like 100us or 1.5s", what, text);
}

bool optlist_parse_span(const char *what, const char *text, tick_t *out, GError **err)
{
    return optlist_parse_time(what, text, out, err) &&
           (*out != 0 || fail(err, ERR_OPTION, "%s: the time must not be nothing", what));
}

/* "-m: size", for messages about one key. */
static char *key_name(const struct optlist *l, const char *key)
{
    return g_strdup_printf("%s: %s", l->what, key);
}

bool optlist_bool(const struct optlist *l, const char *key, bool *out, GError **err)
{
    const char *v = optlist_get(l, key);
    g_autofree char *name = key_name(l, key);
    return v == NULL || optlist_parse_bool(name, v, out, err);
}

bool optlist_u64(const struct optlist *l, const char *key, uint64_t max, uint64_t *out,
                 GError **err)
{
    const char *v = optlist_get(l, key);
    g_autofree char *name = key_name(l, key);
    return v == NULL || optlist_parse_u64(name, v, max, out, err);
}

bool optlist_size(const struct optlist *l, const char *key, uint64_t unit, uint64_t *out,
                  GError **err)
{
    const char *v = optlist_get(l, key);
    g_autofree char *name = key_name(l, key);
    return v == NULL || optlist_parse_size(name, v, unit, out, err);
}

bool optlist_check_keys(const struct optlist *l, const char *const *keys, GError **err)
{
    for (size_t i = 0; i < optlist_len(l); i++) {
        const char *key = optlist_key(l, i);
        struct suggest s = {.name = key};
        if (g_strv_contains(keys, key)) {
            continue;
        }
        for (const char *const *k = keys; *k != NULL; k++) {
            suggest_offer(&s, *k);
        }
        return fail(err, ERR_OPTION, "%s: unknown property '%s' (did you mean '%s'?)", l->what, key,
                    s.best != NULL ? s.best : "");
    }
    return true;
}
