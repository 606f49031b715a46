/* SPDX-License-Identifier: Apache-2.0 */
#include "debug/hmp.h"

#include <string.h>

#include "debug/monitor.h"

/* What scripts made for QEMU wait for. */
#define PROMPT       "(qemu) "
#define LINE_MAX_LEN 4096U
#define HISTORY_MAX  64U

enum {
    KEY_CTRL_C = 0x03,
    KEY_BACKSPACE = 0x08,
    KEY_TAB = 0x09,
    KEY_CTRL_N = 0x0e,
    KEY_CTRL_P = 0x10,
    KEY_CTRL_U = 0x15,
    KEY_CTRL_W = 0x17,
    KEY_ESCAPE = 0x1b,
    KEY_DELETE = 0x7f,
};
enum escape { NO_ESCAPE, AFTER_ESCAPE, IN_SEQUENCE }; /* ESC [ A */

struct hmp {
    struct hmp_cfg cfg;
    struct monitor *monitor;
    GString *line;
    GPtrArray *history; /* char *, the last one newest */
    guint recalled;     /* index of the line shown; history->len: the new one */
    uint8_t escape;
    bool greeted;
    bool after_cr; /* a line feed behind it is the same key */
};

/* ---- out ---- */

static void put(struct hmp *h, const char *text)
{
    g_autoptr(GString) s = g_string_new(text);
    g_string_replace(s, "\n", "\r\n", 0);
    (void)chardev_write(h->cfg.chr, (const uint8_t *)s->str, s->len);
}

static void prompt(struct hmp *h)
{
    put(h, PROMPT);
    put(h, h->line->str);
}

static void greet(struct hmp *h)
{
    if (!h->greeted) {
        put(h, "Armature monitor - type 'help' for more information\n");
    }
    h->greeted = true;
    prompt(h);
}

/* ---- editing: always at the end of the line ---- */

static void erase(struct hmp *h, size_t n)
{
    for (; n > 0 && h->line->len > 0; n--) {
        g_string_truncate(h->line, h->line->len - 1);
        put(h, "\b \b");
    }
}

static void insert(struct hmp *h, const char *text)
{
    if (h->line->len + strlen(text) <= LINE_MAX_LEN) {
        g_string_append(h->line, text);
        put(h, text);
    }
}

static void erase_word(struct hmp *h)
{
    size_t n = h->line->len;
    while (n > 0 && h->line->str[n - 1] == ' ') {
        n--;
    }
    while (n > 0 && h->line->str[n - 1] != ' ') {
        n--;
    }
    erase(h, h->line->len - n);
}

static void recall(struct hmp *h, int step)
{
    if ((step < 0 && h->recalled == 0) || (step > 0 && h->recalled == h->history->len)) {
        return;
    }
    h->recalled += (guint)step;
    erase(h, h->line->len);
    if (h->recalled < h->history->len) {
        insert(h, g_ptr_array_index(h->history, h->recalled));
    }
}

/* ---- completion ---- */

static size_t common_length(const GPtrArray *words)
{
    const char *first = g_ptr_array_index(words, 0);
    size_t n = strlen(first);
    for (guint i = 1; i < words->len; i++) {
        const char *w = g_ptr_array_index(words, i);
        size_t k = 0;
        while (k < n && w[k] == first[k]) {
            k++;
        }
        n = k;
    }
    return n;
}

static void list_words(struct hmp *h, const GPtrArray *words)
{
    put(h, "\n");
    for (guint i = 0; i < words->len; i++) {
        put(h, g_ptr_array_index(words, i));
        put(h, i + 1 < words->len ? "  " : "\n");
    }
    prompt(h);
}

static void complete(struct hmp *h)
{
    g_autoptr(GPtrArray) words = monitor_complete(h->line->str);
    const char *space = strrchr(h->line->str, ' ');
    size_t typed = strlen(space != NULL ? space + 1 : h->line->str);
    if (words->len == 0) {
        return;
    }
    size_t n = common_length(words);
    if (n > typed) {
        g_autofree char *rest = g_strndup((char *)g_ptr_array_index(words, 0) + typed, n - typed);
        insert(h, rest);
    } else if (words->len > 1) {
        list_words(h, words);
    }
    if (words->len == 1) {
        insert(h, " ");
    }
}

/* ---- keys ---- */

static void enter(struct hmp *h)
{
    g_autofree char *line = g_strstrip(g_strdup(h->line->str));
    g_autoptr(GString) out = g_string_new(NULL);
    put(h, "\n");
    g_string_truncate(h->line, 0);
    if (*line != '\0') {
        if (h->history->len == HISTORY_MAX) {
            g_ptr_array_remove_index(h->history, 0);
        }
        g_ptr_array_add(h->history, g_strdup(line));
        monitor_run(h->monitor, line, out);
        put(h, out->str);
    }
    h->recalled = h->history->len;
    prompt(h);
}

static void on_sequence(struct hmp *h, uint8_t key)
{
    if (key == 'A' || key == 'B') {
        recall(h, key == 'A' ? -1 : 1);
    }
    /* Parameters of a longer one: not of ours, up to its letter. */
    h->escape = g_ascii_isalpha((char)key) || key == '~' ? NO_ESCAPE : IN_SEQUENCE;
}

static void on_control(struct hmp *h, uint8_t key)
{
    switch (key) {
    case '\r':
    case '\n':
        enter(h);
        break;
    case KEY_BACKSPACE:
    case KEY_DELETE:
        erase(h, 1);
        break;
    case KEY_CTRL_C:
    case KEY_CTRL_U:
        erase(h, h->line->len);
        break;
    case KEY_CTRL_W:
        erase_word(h);
        break;
    case KEY_CTRL_P:
        recall(h, -1);
        break;
    case KEY_CTRL_N:
        recall(h, 1);
        break;
    case KEY_TAB:
        complete(h);
        break;
    case KEY_ESCAPE:
        h->escape = AFTER_ESCAPE;
        break;
    default:
        break;
    }
}

static void on_key(struct hmp *h, uint8_t key)
{
    bool second = h->after_cr && key == '\n';
    h->after_cr = key == '\r';
    if (second) {
        return;
    }
    if (h->escape == IN_SEQUENCE) {
        on_sequence(h, key);
    } else if (h->escape == AFTER_ESCAPE) {
        h->escape = key == '[' || key == 'O' ? IN_SEQUENCE : NO_ESCAPE;
    } else if (key < 0x20 || key == KEY_DELETE) {
        on_control(h, key);
    } else if (key < 0x80) {
        insert(h, (char[]){(char)key, '\0'});
    }
}

static void on_input(void *opaque, const uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        on_key(opaque, buf[i]);
    }
}

static void on_peer(void *opaque, bool there)
{
    struct hmp *h = opaque;
    g_string_truncate(h->line, 0);
    h->escape = NO_ESCAPE;
    if (there && !h->cfg.silent) {
        h->greeted = false;
        greet(h);
    }
}

void hmp_focus(void *hmp, bool focus)
{
    if (focus) {
        put(hmp, "\n");
        greet(hmp);
    }
}

/* ---- life ---- */

struct hmp *hmp_new(const struct hmp_cfg *cfg)
{
    struct hmp *h = g_new0(struct hmp, 1);
    h->cfg = *cfg;
    h->monitor = monitor_new(cfg->machine);
    h->line = g_string_new(NULL);
    h->history = g_ptr_array_new_with_free_func(g_free);
    h->cfg.chr->dev = h;
    h->cfg.chr->deliver = on_input;
    h->cfg.chr->deliver_peer = on_peer;
    h->cfg.chr->outside = true;
    return h;
}

void hmp_free(struct hmp *h)
{
    if (h == NULL) {
        return;
    }
    h->cfg.chr->deliver = NULL;
    h->cfg.chr->deliver_peer = NULL;
    monitor_free(h->monitor);
    g_string_free(h->line, TRUE);
    g_ptr_array_unref(h->history);
    g_free(h);
}
