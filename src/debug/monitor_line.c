/* SPDX-License-Identifier: Apache-2.0 */
/* What a line of the monitor says: words, strings in quotes, expressions. As QEMU's reads them. */
#include <string.h>

#include "base/bits.h"

#include "debug/monitor_internal.h"

#define SPACE     " \t\r\n"
#define DEPTH_MAX 32U /* of brackets */

/* ---- words ---- */

/* *p is behind the first quote, and then behind the last one. */
static bool add_string(GPtrArray *words, const char **p, GError **err)
{
    static const char codes[] = "nr\\'\"", characters[] = "\n\r\\'\"";
    g_autoptr(GString) s = g_string_new(NULL);
    for (; **p != '\0' && **p != '"'; (*p)++) {
        if (**p != '\\') {
            g_string_append_c(s, **p);
            continue;
        }
        (*p)++;
        const char *code = **p != '\0' ? strchr(codes, **p) : NULL;
        if (code == NULL) {
            return fail(err, ERR_OPTION, "unsupported escape code: '\\%.1s'", *p);
        }
        g_string_append_c(s, characters[code - codes]);
    }
    if (**p == '\0') {
        return fail(err, ERR_OPTION, "unterminated string");
    }
    (*p)++;
    g_ptr_array_add(words, g_strdup(s->str));
    return true;
}

char **monitor_split(const char *line, GError **err)
{
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    const char *p = line + strspn(line, SPACE);
    bool ok = true;
    while (*p != '\0' && ok) {
        if (*p == '"') {
            p++;
            ok = add_string(words, &p, err);
        } else {
            size_t n = strcspn(p, words->len == 0 ? SPACE "/" : SPACE);
            n = n == 0 ? strcspn(p, SPACE) : n;
            g_ptr_array_add(words, g_strndup(p, n));
            p += n;
        }
        p += strspn(p, SPACE);
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, !ok); /* NULL with what was in it */
}

/* ---- registers ---- */

bool monitor_register(const struct monitor *mon, const char *name, uint64_t *out)
{
    struct cpu_sysreg r;
    for (unsigned i = 0; cpu_sysreg_at(monitor_cpu(mon), i, &r); i++) {
        if (r.name != NULL && g_ascii_strcasecmp(r.name, name) == 0) {
            return cpu_sysreg_get(monitor_cpu(mon), r.enc, out);
        }
    }
    return false;
}

static bool register_value(const struct monitor *mon, const char *name, uint64_t *out)
{
    guint64 n;
    if (strcmp(name, "pc") == 0) {
        *out = cpu_get_pc(monitor_cpu(mon));
        return true;
    }
    if (strcmp(name, "sp") == 0) {
        *out = cpu_get_x(monitor_cpu(mon), 31);
        return true;
    }
    if (name[0] == 'x' && g_ascii_string_to_unsigned(name + 1, 10, 0, 30, &n, NULL)) {
        *out = cpu_get_x(monitor_cpu(mon), (unsigned)n);
        return true;
    }
    return monitor_register(mon, name, out);
}

/* ---- expressions ---- */

struct expr {
    const struct monitor *mon;
    const char *text, *p;
    unsigned depth;
    GError **err;
};

/* From those that bind least. */
static const char *const operators[] = {"+-", "&|^", "*/%"};

static bool apply(struct expr *e, char op, uint64_t b, uint64_t *a)
{
    switch (op) {
    case '+':
        *a += b;
        break;
    case '-':
        *a -= b;
        break;
    case '&':
        *a &= b;
        break;
    case '|':
        *a |= b;
        break;
    case '^':
        *a ^= b;
        break;
    case '*':
        *a *= b;
        break;
    default:
        if (b == 0) {
            return fail(e->err, ERR_OPTION, "'%s' divides by zero", e->text);
        }
        *a = op == '/' ? *a / b : *a % b;
        break;
    }
    return true;
}

static bool level(struct expr *e, unsigned n, uint64_t *out);

static bool read_register(struct expr *e, uint64_t *out)
{
    size_t n = strspn(e->p, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_");
    g_autofree char *name = g_strndup(e->p, n);
    e->p += n;
    return register_value(e->mon, name, out) ||
           fail(e->err, ERR_OPTION, "there is no register '%s'", name);
}

static bool in_brackets(struct expr *e, uint64_t *out)
{
    if (e->depth == DEPTH_MAX) {
        return fail(e->err, ERR_OPTION, "at most %u brackets", DEPTH_MAX);
    }
    e->depth++;
    if (!level(e, 0, out)) {
        return false;
    }
    e->depth--;
    return *e->p++ == ')' || fail(e->err, ERR_OPTION, "')' expected in '%s'", e->text);
}

static bool primary(struct expr *e, uint64_t *out)
{
    char *end;
    switch (*e->p) {
    case '$':
        e->p++;
        return read_register(e, out);
    case '(':
        e->p++;
        return in_brackets(e, out);
    default:
        if (!g_ascii_isdigit(*e->p)) {
            return fail(e->err, ERR_OPTION, "'%s' is not a number", e->text);
        }
        *out = g_ascii_strtoull(e->p, &end, 0);
        e->p = end;
        return true;
    }
}

static bool unary(struct expr *e, uint64_t *out)
{
    const char *signs = e->p;
    size_t n = strspn(signs, "+-~");
    e->p += n;
    if (!primary(e, out)) {
        return false;
    }
    while (n-- > 0) {
        *out = signs[n] == '-' ? -*out : signs[n] == '~' ? ~*out : *out;
    }
    return true;
}

static bool level(struct expr *e, unsigned n, uint64_t *out)
{
    if (n == ARRAY_LEN(operators)) {
        return unary(e, out);
    }
    bool ok = level(e, n + 1, out);
    while (ok && *e->p != '\0' && strchr(operators[n], *e->p) != NULL) {
        char op = *e->p++;
        uint64_t right;
        ok = level(e, n + 1, &right) && apply(e, op, right, out);
    }
    return ok;
}

bool monitor_number(const struct monitor *mon, const char *text, uint64_t *out, GError **err)
{
    struct expr e = {.mon = mon, .text = text, .p = text, .err = err};
    return level(&e, 0, out) &&
           (*e.p == '\0' || fail(err, ERR_OPTION, "'%s' is not a number", text));
}
