/* SPDX-License-Identifier: Apache-2.0 */
#include "debug/gdb_packet.h"

#include <string.h>

enum { IDLE, PAYLOAD, ESCAPED, SUM_HIGH, SUM_LOW };

#define INTERRUPT_BYTE 0x03
#define ESCAPE_XOR     0x20

void gdb_link_init(struct gdb_link *l, void (*send)(void *opaque, const uint8_t *buf, size_t len),
                   void *opaque)
{
    l->send = send;
    l->opaque = opaque;
    l->last = g_string_new(NULL);
    gdb_link_reset(l);
}

void gdb_link_clear(struct gdb_link *l)
{
    g_string_free(l->last, TRUE);
}

void gdb_link_reset(struct gdb_link *l)
{
    l->state = IDLE;
    l->no_ack = false;
    l->len = 0;
    g_string_truncate(l->last, 0);
}

/* ---- from the client ---- */

static void send_last(struct gdb_link *l)
{
    if (l->last->len != 0) {
        l->send(l->opaque, (const uint8_t *)l->last->str, l->last->len);
    }
}

static void acknowledge(struct gdb_link *l, char how)
{
    if (!l->no_ack) {
        l->send(l->opaque, (const uint8_t *)&how, 1);
    }
}

/* len beyond the buffer says that it was too long. */
static void append(struct gdb_link *l, uint8_t b)
{
    if (l->len < GDB_PACKET_BYTES) {
        l->in[l->len] = (char)b;
    }
    l->len = MIN(l->len + 1, GDB_PACKET_BYTES + 1);
}

static enum gdb_input between_packets(struct gdb_link *l, uint8_t b)
{
    switch (b) {
    case '$':
        l->state = PAYLOAD;
        l->len = 0;
        l->sum = 0;
        break;
    case '-':
        send_last(l);
        break;
    case INTERRUPT_BYTE:
        return GDB_INTERRUPT;
    default:
        break; /* '+', or noise on the line */
    }
    return GDB_NOTHING;
}

static void in_payload(struct gdb_link *l, uint8_t b)
{
    if (b == '#') {
        l->state = SUM_HIGH;
        return;
    }
    if (b == '$') { /* the end of the last one was lost */
        (void)between_packets(l, b);
        return;
    }
    l->sum = (uint8_t)(l->sum + b);
    if (l->state == ESCAPED) {
        append(l, b ^ ESCAPE_XOR);
        l->state = PAYLOAD;
    } else if (b == '}') {
        l->state = ESCAPED;
    } else {
        append(l, b);
    }
}

static enum gdb_input end_packet(struct gdb_link *l)
{
    l->state = IDLE;
    if (l->sum_said != l->sum) {
        acknowledge(l, '-');
        return GDB_NOTHING;
    }
    acknowledge(l, '+');
    g_string_truncate(l->last, 0);
    l->len = l->len > GDB_PACKET_BYTES ? 0 : l->len;
    l->in[l->len] = '\0';
    return GDB_COMMAND;
}

enum gdb_input gdb_link_feed(struct gdb_link *l, uint8_t b)
{
    int digit = g_ascii_xdigit_value((char)b);
    switch (l->state) {
    case PAYLOAD:
    case ESCAPED:
        in_payload(l, b);
        return GDB_NOTHING;
    case SUM_HIGH:
    case SUM_LOW:
        if (digit < 0) {
            l->state = IDLE;
            acknowledge(l, '-');
            return GDB_NOTHING;
        }
        l->sum_said = (uint8_t)(l->sum_said << 4 | digit);
        if (l->state == SUM_HIGH) {
            l->state = SUM_LOW;
            return GDB_NOTHING;
        }
        return end_packet(l);
    default:
        return between_packets(l, b);
    }
}

/* ---- to the client ---- */

void gdb_link_reply(struct gdb_link *l, const char *data, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    GString *s = l->last;
    uint8_t sum = 0;

    g_string_assign(s, "$");
    for (size_t i = 0; i < len; i++) {
        if (data[i] != '\0' && strchr("#$}*", data[i]) != NULL) {
            g_string_append_c(s, '}');
            g_string_append_c(s, (char)(data[i] ^ ESCAPE_XOR));
        } else {
            g_string_append_c(s, data[i]);
        }
    }
    for (size_t i = 1; i < s->len; i++) {
        sum = (uint8_t)(sum + (uint8_t)s->str[i]);
    }
    g_string_append_c(s, '#');
    g_string_append_c(s, hex[sum >> 4]);
    g_string_append_c(s, hex[sum & 15]);
    send_last(l);
}

/* ---- payloads ---- */

bool gdb_take_number(const char **p, uint64_t *out)
{
    const char *start = *p;
    uint64_t v = 0;
    while (g_ascii_isxdigit(**p)) {
        v = v << 4 | (unsigned)g_ascii_xdigit_value(**p);
        (*p)++;
    }
    *out = v;
    return *p != start;
}

bool gdb_take_char(const char **p, char c)
{
    if (**p != c) {
        return false;
    }
    (*p)++;
    return true;
}

bool gdb_take_hex(const char **p, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        int hi = g_ascii_xdigit_value((*p)[0]);
        int lo = hi < 0 ? -1 : g_ascii_xdigit_value((*p)[1]);
        if (lo < 0) {
            return false;
        }
        out[i] = (uint8_t)(hi << 4 | lo);
        *p += 2;
    }
    return true;
}

void gdb_put_hex(GString *s, const void *data, size_t len)
{
    const uint8_t *b = data;
    for (size_t i = 0; i < len; i++) {
        g_string_append_printf(s, "%02x", b[i]);
    }
}
