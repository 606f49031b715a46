/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Framing of GDB's remote serial protocol: `$payload#sum`, escapes, acknowledgements, the interrupt
 * byte. GDB manual, "Remote Protocol", section "Overview". Any bytes are safe to feed.
 */
#ifndef DEBUG_GDB_PACKET_H
#define DEBUG_GDB_PACKET_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest payload of a command. */
#define GDB_PACKET_BYTES 0x4000

enum gdb_input { GDB_NOTHING, GDB_COMMAND, GDB_INTERRUPT };

struct gdb_link {
    void (*send)(void *opaque, const uint8_t *buf, size_t len);
    void *opaque;
    bool no_ack; /* QStartNoAckMode */
    uint8_t state, sum, sum_said;
    size_t len;
    GString *last;                 /* what was sent, framed, until the next command */
    char in[GDB_PACKET_BYTES + 1]; /* the payload, escapes resolved; a zero after it */
};

void gdb_link_init(struct gdb_link *l, void (*send)(void *opaque, const uint8_t *buf, size_t len),
                   void *opaque);
void gdb_link_clear(struct gdb_link *l);
/* A new client. */
void gdb_link_reset(struct gdb_link *l);
/* One byte from the client. GDB_COMMAND: in[0..len) is a whole payload until the next call; one
 * that is too long arrives as an empty one. */
enum gdb_input gdb_link_feed(struct gdb_link *l, uint8_t b);
/* Frame and send. */
void gdb_link_reply(struct gdb_link *l, const char *data, size_t len);

/* ---- payloads ---- */

/* Read hexadecimal digits, at least one; moves *p. */
bool gdb_take_number(const char **p, uint64_t *out);
/* Skip one character if it is there. */
bool gdb_take_char(const char **p, char c);
/* 2 * len digits. */
bool gdb_take_hex(const char **p, uint8_t *out, size_t len);
void gdb_put_hex(GString *s, const void *data, size_t len);

#endif
