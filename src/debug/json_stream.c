/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes become tokens; tokens are collected until no bracket is open, or one closed that was not,
 * and then read. Where bytes are no token, what was collected is forgotten, and reading begins anew
 * at the next byte that can be in no word.
 */
#include "debug/json_stream.h"

#include <stdint.h>
#include <string.h>

#include "base/result.h"

#define TEXT_MAX   (1U << 20)
#define TOKENS_MAX (1U << 18)
#define DEPTH_MAX  1024U /* what the reference takes */

enum state {
    START,
    SKIP, /* behind what is no token */
    STRING,
    ESCAPE,
    /* numbers */
    MINUS,
    ZERO,
    DIGITS,
    POINT,
    FRACTION,
    EXPONENT,
    SIGN,
    EXPONENT_DIGITS,
    WORD,
    /* not states: what to do with the token */
    END,  /* it was complete before this byte */
    LAST, /* it is complete with it */
    BAD,
};

struct token {
    char kind; /* a bracket, ':' or ','; '"', '0' or 'a': a string, number or word */
    char *text;
};

struct json_stream {
    json_value_fn *fn;
    void *opaque;
    enum state state;
    GString *text;  /* of the token at hand */
    GArray *tokens; /* of the value at hand */
    size_t bytes;   /* of these */
    int braces, brackets;
    guint next; /* while they are read */
};

static void free_text(void *p)
{
    g_free(((struct token *)p)->text);
}

/* ---- values ---- */

static struct token *peek(struct json_stream *r)
{
    return r->next < r->tokens->len ? &g_array_index(r->tokens, struct token, r->next) : NULL;
}

static bool at(struct json_stream *r, char kind)
{
    struct token *t = peek(r);
    return t != NULL && t->kind == kind;
}

static bool wrong(GError **err, const char *what)
{
    return fail(err, ERR_FILE, "JSON parse error, %s", what);
}

/* Of \uXXXX; negative: not four digits. */
static int32_t read_hex(const char *p)
{
    int32_t c = 0;
    for (int i = 2; i < 6; i++) {
        if (!g_ascii_isxdigit(p[i])) {
            return -1;
        }
        c = c << 4 | g_ascii_xdigit_value(p[i]);
    }
    return c;
}

static bool is_character(int32_t c)
{
    bool surrogate = c >= 0xd800 && c <= 0xdfff;
    return c >= 0 && !surrogate && (c & 0xfffe) != 0xfffe && (c < 0xfdd0 || c > 0xfdef);
}

/* *p: at \u. */
static bool read_unicode(const char **p, GString *out, GError **err)
{
    const char *begin = *p;
    int32_t c = read_hex(begin);
    *p += 6;
    if (c >= 0xd800 && c <= 0xdbff && (*p)[0] == '\\' && (*p)[1] == 'u') {
        int32_t low = read_hex(*p);
        if (low >= 0xdc00 && low <= 0xdfff) {
            c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
            *p += 6;
        }
    }
    if (!is_character(c)) {
        return fail(err, ERR_FILE, "JSON parse error, %.*s is not a valid Unicode character",
                    (int)(*p - begin), begin);
    }
    g_string_append_unichar(out, (gunichar)c);
    return true;
}

/* *p: at a backslash. */
static bool read_escape(const char **p, GString *out, GError **err)
{
    static const char letters[] = "bfnrt/\\\"'", bytes[] = "\b\f\n\r\t/\\\"'";
    char c = (*p)[1];
    if (c == 'u') {
        return read_unicode(p, out, err);
    }
    const char *known = strchr(letters, c);
    if (known == NULL) {
        return wrong(err, "invalid escape sequence in string");
    }
    g_string_append_c(out, bytes[known - letters]);
    *p += 2;
    return true;
}

/* text: with its quotes. */
static bool read_string(const char *text, GString *out, GError **err)
{
    for (const char *p = text + 1; *p != text[0];) {
        gunichar c = g_utf8_get_char_validated(p, -1);
        if (*p == '\\') {
            if (!read_escape(&p, out, err)) {
                return false;
            }
        } else if (c >= (gunichar)-2) {
            return wrong(err, "invalid UTF-8 sequence in string");
        } else {
            g_string_append_unichar(out, c);
            p = g_utf8_next_char(p);
        }
    }
    return true;
}

static JsonNode *string_value(const char *text, GError **err)
{
    g_autoptr(GString) s = g_string_new(NULL);
    if (!read_string(text, s, err)) {
        return NULL;
    }
    return json_node_init_string(json_node_alloc(), s->str);
}

/* An integer above those with a sign wraps: who takes it takes unsigned ones. */
static JsonNode *number_value(const char *text)
{
    if (strpbrk(text, ".eE") != NULL) {
        return json_node_init_double(json_node_alloc(), g_ascii_strtod(text, NULL));
    }
    int64_t i = text[0] == '-' ? g_ascii_strtoll(text, NULL, 10)
                               : (int64_t)g_ascii_strtoull(text, NULL, 10);
    return json_node_init_int(json_node_alloc(), i);
}

static JsonNode *word_value(const char *text, GError **err)
{
    if (strcmp(text, "null") == 0) {
        return json_node_init_null(json_node_alloc());
    }
    bool yes = strcmp(text, "true") == 0;
    if (yes || strcmp(text, "false") == 0) {
        return json_node_init_boolean(json_node_alloc(), yes);
    }
    fail(err, ERR_FILE, "JSON parse error, invalid keyword '%s'", text);
    return NULL;
}

static JsonNode *read_value(struct json_stream *r, GError **err);

static bool read_pair(struct json_stream *r, JsonObject *o, GError **err)
{
    g_autoptr(JsonNode) key = read_value(r, err);
    if (key == NULL) {
        return false;
    }
    const char *name = JSON_NODE_HOLDS_VALUE(key) ? json_node_get_string(key) : NULL;
    if (name == NULL) {
        return wrong(err, "key is not a string in object");
    }
    if (!at(r, ':')) {
        return wrong(err, "missing : in object pair");
    }
    r->next++;
    JsonNode *value = read_value(r, err);
    if (value == NULL) {
        return false;
    }
    if (json_object_has_member(o, name)) {
        json_node_unref(value);
        return wrong(err, "duplicate key");
    }
    json_object_set_member(o, name, value);
    return true;
}

static bool read_element(struct json_stream *r, JsonArray *a, GError **err)
{
    JsonNode *value = read_value(r, err);
    if (value != NULL) {
        json_array_add_element(a, value);
    }
    return value != NULL;
}

/* Pairs of an object or elements of an array, the other being NULL, and what closes it. */
static bool read_members(struct json_stream *r, JsonObject *o, JsonArray *a, GError **err)
{
    char close = o != NULL ? '}' : ']';
    for (bool first = true; !first || !at(r, close); first = false) {
        if (!(o != NULL ? read_pair(r, o, err) : read_element(r, a, err))) {
            return false;
        }
        if (at(r, close)) {
            break;
        }
        if (!at(r, ',')) {
            return wrong(err,
                         o != NULL ? "expected separator in dict" : "expected separator in list");
        }
        r->next++;
    }
    r->next++;
    return true;
}

static JsonNode *read_object(struct json_stream *r, GError **err)
{
    g_autoptr(JsonObject) o = json_object_new();
    return read_members(r, o, NULL, err) ? json_node_init_object(json_node_alloc(), o) : NULL;
}

static JsonNode *read_array(struct json_stream *r, GError **err)
{
    g_autoptr(JsonArray) a = json_array_new();
    return read_members(r, NULL, a, err) ? json_node_init_array(json_node_alloc(), a) : NULL;
}

static JsonNode *read_value(struct json_stream *r, GError **err)
{
    struct token *t = peek(r);
    r->next++;
    switch (t != NULL ? t->kind : '\0') {
    case '{':
        return read_object(r, err);
    case '[':
        return read_array(r, err);
    case '"':
        return string_value(t->text, err);
    case '0':
        return number_value(t->text);
    case 'a':
        return word_value(t->text, err);
    default:
        wrong(err, "expecting value");
        return NULL;
    }
}

/* ---- tokens ---- */

static void forget_value(struct json_stream *r)
{
    g_array_set_size(r->tokens, 0);
    r->bytes = 0;
    r->braces = r->brackets = 0;
}

static void give_error(struct json_stream *r, const char *what)
{
    forget_value(r);
    r->fn(r->opaque, NULL, what);
}

static void give_value(struct json_stream *r)
{
    g_autoptr(GError) err = NULL;
    r->next = 0;
    g_autoptr(JsonNode) value = read_value(r, &err);
    forget_value(r);
    r->fn(r->opaque, value, err != NULL ? err->message : NULL);
}

static void add_token(struct json_stream *r, char kind)
{
    r->braces += (kind == '{') - (kind == '}');
    r->brackets += (kind == '[') - (kind == ']');
    if (r->tokens->len >= TOKENS_MAX) {
        give_error(r, "JSON token count limit exceeded");
    } else if (r->braces + r->brackets > (int)DEPTH_MAX) {
        give_error(r, "JSON nesting depth limit exceeded");
    } else {
        struct token t = {kind, g_strdup(r->text->str)};
        g_array_append_val(r->tokens, t);
        if (r->braces < 0 || r->brackets < 0 || r->braces + r->brackets == 0) {
            give_value(r);
        }
    }
    g_string_truncate(r->text, 0);
}

static void give_stray(struct json_stream *r)
{
    g_autofree char *valid = g_utf8_make_valid(r->text->str, -1);
    g_autofree char *what = g_strdup_printf("JSON parse error, stray '%s'", valid);
    g_string_truncate(r->text, 0);
    give_error(r, what);
}

/* ---- bytes ---- */

static bool is_structure(char c)
{
    return c != '\0' && strchr("{}[]:,", c) != NULL;
}

/* In no string and in no word: clients begin anew with it. */
static bool breaks(char c)
{
    return (uint8_t)c < ' ' || (uint8_t)c >= 0xfe;
}

static enum state first_state(char c)
{
    if (c == '"' || c == '\'') {
        return STRING;
    }
    if (c == '-' || c == '0') {
        return c == '-' ? MINUS : ZERO;
    }
    return g_ascii_isdigit(c) ? DIGITS : g_ascii_islower(c) ? WORD : BAD;
}

/* clang-format off */
static enum state next_in_number(enum state s, char c)
{
    enum kind { NOUGHT, DIGIT, DOT, E, PLUS_MINUS, OTHER, N_KINDS };
    static const enum state next[][N_KINDS] = {
        [MINUS]           = {ZERO, DIGITS, BAD, BAD, BAD, BAD},
        [ZERO]            = {BAD, BAD, POINT, EXPONENT, END, END},
        [DIGITS]          = {DIGITS, DIGITS, POINT, EXPONENT, END, END},
        [POINT]           = {FRACTION, FRACTION, BAD, BAD, BAD, BAD},
        [FRACTION]        = {FRACTION, FRACTION, END, EXPONENT, END, END},
        [EXPONENT]        = {EXPONENT_DIGITS, EXPONENT_DIGITS, BAD, BAD, SIGN, BAD},
        [SIGN]            = {EXPONENT_DIGITS, EXPONENT_DIGITS, BAD, BAD, BAD, BAD},
        [EXPONENT_DIGITS] = {EXPONENT_DIGITS, EXPONENT_DIGITS, END, END, END, END},
    };
    static const uint8_t kinds[] = {
        ['0'] = NOUGHT, ['1' ... '9'] = DIGIT, ['.'] = DOT, ['e'] = E, ['E'] = E,
        ['+'] = PLUS_MINUS, ['-'] = PLUS_MINUS};
    bool known = c != '\0' && strchr("0123456789.eE+-", c) != NULL;
    return next[s][known ? kinds[(uint8_t)c] : OTHER];
}
/* clang-format on */

static enum state next_state(const struct json_stream *r, char c)
{
    switch (r->state) {
    case START:
        return first_state(c);
    case STRING:
        return breaks(c) ? BAD : c == '\\' ? ESCAPE : c == r->text->str[0] ? LAST : STRING;
    case ESCAPE:
        return breaks(c) ? BAD : STRING;
    case WORD:
        return g_ascii_islower(c) ? WORD : END;
    default:
        return next_in_number(r->state, c);
    }
}

static char kind_of(enum state s)
{
    static const char kinds[] = {[STRING] = '"', [MINUS... EXPONENT_DIGITS] = '0', [WORD] = 'a'};
    return kinds[s];
}

static void on_byte(struct json_stream *r, char c);

/* Outside of words: false if one begins. */
static bool on_gap(struct json_stream *r, char c)
{
    if (r->state == SKIP && (is_structure(c) || breaks(c))) {
        r->state = START;
        if (breaks(c)) {
            return true;
        }
    }
    if (r->state == SKIP) {
        return true;
    }
    if (is_structure(c)) {
        add_token(r, c);
        return true;
    }
    return c != '\0' && strchr(" \t\r\n", c) != NULL;
}

static void on_word_byte(struct json_stream *r, char c)
{
    enum state next = next_state(r, c), was = r->state;
    r->state = START;
    if (next == END) {
        add_token(r, kind_of(was));
        on_byte(r, c);
        return;
    }
    g_string_append_c(r->text, c);
    if (next == LAST) {
        add_token(r, kind_of(was));
    } else if (next == BAD) {
        r->state = SKIP;
        give_stray(r);
    } else {
        r->state = next;
    }
}

static void on_byte(struct json_stream *r, char c)
{
    bool gap = r->state == START || r->state == SKIP;
    if (gap && on_gap(r, c)) {
        return;
    }
    if (r->bytes++ >= TEXT_MAX) {
        g_string_truncate(r->text, 0);
        r->state = SKIP;
        give_error(r, "JSON token size limit exceeded");
        return;
    }
    on_word_byte(r, c);
}

void json_stream_feed(struct json_stream *r, const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        on_byte(r, p[i]);
    }
}

/* ---- life ---- */

struct json_stream *json_stream_new(json_value_fn *fn, void *opaque)
{
    struct json_stream *r = g_new0(struct json_stream, 1);
    r->fn = fn;
    r->opaque = opaque;
    r->text = g_string_new(NULL);
    r->tokens = g_array_new(FALSE, FALSE, sizeof(struct token));
    g_array_set_clear_func(r->tokens, free_text);
    return r;
}

void json_stream_reset(struct json_stream *r)
{
    forget_value(r);
    g_string_truncate(r->text, 0);
    r->state = START;
}

void json_stream_free(struct json_stream *r)
{
    if (r != NULL) {
        g_array_unref(r->tokens);
        g_string_free(r->text, TRUE);
        g_free(r);
    }
}
