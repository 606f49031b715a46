/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text form of character backends: `-chardev KIND,key=value,...` and the short forms of -serial
 * and -monitor, both as in QEMU's manual, "Character device options".
 */
#include <glib.h>
#include <string.h>

#include "base/bits.h"
#include "host/chardev.h"

static const struct {
    const char *name;
    enum chardev_kind kind;
} kinds[] = {
    {"null", CHARDEV_NULL},       {"stdio", CHARDEV_STDIO},    {"file", CHARDEV_FILE},
    {"pipe", CHARDEV_PIPE},       {"pty", CHARDEV_PTY},        {"socket", CHARDEV_SOCKET},
    {"ringbuf", CHARDEV_RINGBUF}, {"memory", CHARDEV_RINGBUF}, {"testdev", CHARDEV_TESTDEV},
};

enum value_type { V_STRING, V_BOOL, V_NOT, V_UINT, V_SIZE };

/* V_NOT: a bool stored inverted, so that all zeros is the default. */
static const struct key {
    const char *name;
    enum value_type type;
    size_t off;
} keys[] = {
    {"id", V_STRING, offsetof(struct chardev_cfg, id)},
    {"path", V_STRING, offsetof(struct chardev_cfg, path)},
    {"input-path", V_STRING, offsetof(struct chardev_cfg, input_path)},
    {"append", V_BOOL, offsetof(struct chardev_cfg, append)},
    {"mux", V_BOOL, offsetof(struct chardev_cfg, mux)},
    {"signal", V_NOT, offsetof(struct chardev_cfg, no_signal)},
    {"host", V_STRING, offsetof(struct chardev_cfg, host)},
    {"port", V_STRING, offsetof(struct chardev_cfg, port)},
    {"to", V_UINT, offsetof(struct chardev_cfg, port_to)},
    {"server", V_BOOL, offsetof(struct chardev_cfg, server)},
    {"wait", V_NOT, offsetof(struct chardev_cfg, no_wait)},
    {"nodelay", V_BOOL, offsetof(struct chardev_cfg, no_delay)},
    {"delay", V_NOT, offsetof(struct chardev_cfg, no_delay)},
    {"reconnect", V_UINT, offsetof(struct chardev_cfg, reconnect_s)},
    {"size", V_SIZE, offsetof(struct chardev_cfg, ring_bytes)},
    {"logfile", V_STRING, offsetof(struct chardev_cfg, log_path)},
    {"logappend", V_BOOL, offsetof(struct chardev_cfg, log_append)},
};

void chardev_cfg_clear(struct chardev_cfg *c)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (keys[i].type == V_STRING) {
            g_free(*(char **)((char *)c + keys[i].off));
        }
    }
    *c = (struct chardev_cfg){.fd_in = -1, .fd_out = -1};
}

static bool parse_bool(const char *s, bool *out)
{
    *out = g_str_equal(s, "on") || g_str_equal(s, "yes") || g_str_equal(s, "true");
    return *out || g_str_equal(s, "off") || g_str_equal(s, "no") || g_str_equal(s, "false");
}

static bool parse_size(const char *s, size_t *out)
{
    static const char suffixes[] = "KMG";
    char *end = NULL;
    guint64 v = g_ascii_strtoull(s, &end, 0);
    const char *suffix = *end != '\0' ? strchr(suffixes, g_ascii_toupper(*end)) : NULL;
    if (end == s || v > (1U << 30)) {
        return false;
    }
    if (suffix != NULL) {
        v <<= 10 * (suffix - suffixes + 1);
        end++;
    }
    *out = v;
    return *end == '\0';
}

static bool set_value(struct chardev_cfg *c, const struct key *k, const char *v, GError **err)
{
    void *field = (char *)c + k->off;
    bool b = false;
    guint64 n = 0;
    bool ok = true;
    switch (k->type) {
    case V_STRING:
        g_free(*(char **)field);
        *(char **)field = g_strdup(v);
        break;
    case V_BOOL:
    case V_NOT:
        ok = parse_bool(v, &b);
        *(bool *)field = b != (k->type == V_NOT);
        break;
    case V_UINT:
        ok = g_ascii_string_to_unsigned(v, 10, 0, G_MAXINT, &n, NULL);
        *(unsigned *)field = (unsigned)n;
        break;
    case V_SIZE:
        ok = parse_size(v, field);
        break;
    }
    return ok || fail(err, ERR_OPTION, "chardev: %s=%s is not valid", k->name, v);
}

/* key=value, or a bare switch: "server", "nowait". */
static bool set_option(struct chardev_cfg *c, const char *text, GError **err)
{
    const char *eq = strchr(text, '=');
    g_autofree char *name = eq != NULL ? g_strndup(text, (size_t)(eq - text)) : g_strdup(text);
    const char *value = eq != NULL ? eq + 1 : "on";
    for (unsigned negated = 0; negated < (eq != NULL ? 1 : 2); negated++) {
        const char *base = name;
        if (negated != 0) {
            if (!g_str_has_prefix(name, "no")) {
                break;
            }
            base = name + 2;
            value = "off";
        }
        for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
            if (g_str_equal(base, keys[i].name)) {
                return set_value(c, &keys[i], value, err);
            }
        }
    }
    static const char *const ignored[] = {"ipv4", "ipv6"};
    for (size_t i = 0; i < ARRAY_LEN(ignored); i++) {
        if (g_str_equal(name, ignored[i])) {
            return true;
        }
    }
    return fail(err, ERR_OPTION, "chardev: unknown option '%s'", name);
}

/* Split at commas; two commas are one comma of a value. */
static GPtrArray *split_options(const char *s)
{
    GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
    GString *cur = g_string_new(NULL);
    for (; *s != '\0'; s++) {
        if (*s != ',' || s[1] == ',') {
            g_string_append_c(cur, *s);
            s += *s == ',';
        } else {
            g_ptr_array_add(out, g_string_free(cur, FALSE));
            cur = g_string_new(NULL);
        }
    }
    g_ptr_array_add(out, g_string_free(cur, FALSE));
    return out;
}

static bool set_options(struct chardev_cfg *c, const GPtrArray *opts, guint from, GError **err)
{
    for (guint i = from; i < opts->len; i++) {
        if (!set_option(c, g_ptr_array_index(opts, i), err)) {
            chardev_cfg_clear(c);
            return false;
        }
    }
    return true;
}

static bool find_kind(const char *name, enum chardev_kind *out)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (g_str_equal(name, kinds[i].name)) {
            *out = kinds[i].kind;
            return true;
        }
    }
    return false;
}

bool chardev_cfg_parse(const char *opts, struct chardev_cfg *out, GError **err)
{
    g_autoptr(GPtrArray) parts = split_options(opts);
    const char *kind = g_ptr_array_index(parts, 0);
    *out = (struct chardev_cfg){.fd_in = -1, .fd_out = -1};
    kind += g_str_has_prefix(kind, "backend=") ? strlen("backend=") : 0;
    if (!find_kind(kind, &out->kind)) {
        return fail(err, ERR_OPTION,
                    "chardev: unknown backend '%s' (null, stdio, file, pipe, pty, socket, ringbuf, "
                    "testdev)",
                    kind);
    }
    if (!set_options(out, parts, 1, err)) {
        return false;
    }
    if (out->id == NULL) {
        chardev_cfg_clear(out);
        return fail(err, ERR_OPTION, "chardev: '%s' needs an id=", opts);
    }
    return true;
}

/* "HOST:PORT"; HOST may be empty, or an IPv6 address in brackets. */
static bool split_host_port(struct chardev_cfg *c, const char *s, GError **err)
{
    const char *colon = strrchr(s, ':');
    if (colon == NULL) {
        return fail(err, ERR_OPTION, "'tcp:%s': the form is tcp:HOST:PORT", s);
    }
    size_t n = (size_t)(colon - s);
    if (n >= 2 && s[0] == '[' && s[n - 1] == ']') {
        s++;
        n -= 2;
    }
    c->host = n != 0 ? g_strndup(s, n) : NULL;
    c->port = g_strdup(colon + 1);
    return true;
}

static bool parse_short_kind(const char *head, struct chardev_cfg *c, GError **err)
{
    static const struct {
        const char *prefix;
        enum chardev_kind kind;
    } with_path[] = {{"file:", CHARDEV_FILE}, {"pipe:", CHARDEV_PIPE}, {"unix:", CHARDEV_SOCKET}};
    for (size_t i = 0; i < ARRAY_LEN(with_path); i++) {
        if (g_str_has_prefix(head, with_path[i].prefix)) {
            c->kind = with_path[i].kind;
            c->path = g_strdup(head + strlen(with_path[i].prefix));
            return true;
        }
    }
    if (g_str_has_prefix(head, "tcp:")) {
        c->kind = CHARDEV_SOCKET;
        return split_host_port(c, head + strlen("tcp:"), err);
    }
    if (g_str_has_prefix(head, "ringbuf:")) {
        head = "ringbuf";
    }
    if (g_str_equal(head, "socket") || g_str_equal(head, "file") || g_str_equal(head, "pipe") ||
        !find_kind(head, &c->kind)) {
        return fail(err, ERR_OPTION,
                    "'%s' is not a character device (stdio, mon:stdio, null, none, pty, file:FILE, "
                    "pipe:FIFO, unix:PATH, tcp:HOST:PORT, chardev:ID)",
                    head);
    }
    return true;
}

bool chardev_cfg_parse_short(const char *spec, const char *id, struct chardev_cfg *out,
                             GError **err)
{
    *out = (struct chardev_cfg){.fd_in = -1, .fd_out = -1};
    bool mon = g_str_has_prefix(spec, "mon:");
    spec += mon ? strlen("mon:") : 0;
    g_autoptr(GPtrArray) parts = split_options(spec);
    out->id = g_strdup(id);
    if (!parse_short_kind(g_ptr_array_index(parts, 0), out, err)) {
        chardev_cfg_clear(out);
        return false;
    }
    out->mux = mon;
    /* Shared with the monitor there is Ctrl-A x to leave, so Ctrl-C is the guest's. */
    out->no_signal = mon && out->kind == CHARDEV_STDIO;
    return set_options(out, parts, 1, err);
}
