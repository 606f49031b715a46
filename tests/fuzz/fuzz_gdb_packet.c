/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes from a debugger: to a stub of a small machine that stands still. An input is a list of
 * lines; those that begin with '!' go over the wire as they are, others as framed packets, so that
 * the commands behind the checksum are reached.
 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "debug/gdb.h"
#include "debug/gdb_packet.h"
#include "machine/machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- the client's end ---- */

static size_t take_reply(void *opaque, const uint8_t *buf, size_t len)
{
    size_t *in_packet = opaque;
    for (size_t i = 0; i < len; i++) {
        if (buf[i] == '$') {
            *in_packet = 1;
        } else if (buf[i] == '#') {
            *in_packet = 0;
        } else {
            *in_packet += *in_packet != 0;
        }
        /* Nothing longer than the client was told, escapes and the dollar aside. */
        if (*in_packet > 2 * GDB_PACKET_BYTES + 2) {
            abort();
        }
    }
    return len;
}

static void send(struct chardev *c, const void *buf, size_t len)
{
    c->deliver(c->dev, buf, len);
}

static void send_framed(struct chardev *c, const uint8_t *line, size_t len)
{
    g_autoptr(GString) s = g_string_new("$");
    uint8_t sum = 0;
    for (size_t i = 0; i < len; i++) {
        sum = (uint8_t)(sum + line[i]);
    }
    g_string_append_len(s, (const char *)line, (gssize)len);
    g_string_append_printf(s, "#%02x", sum);
    send(c, s->str, s->len);
}

/* ---- the input ---- */

static void feed(struct chardev *c, const uint8_t *data, size_t size)
{
    while (size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end != NULL ? (size_t)(end - data) : size;
        if (len > 0 && data[0] == '!') {
            send(c, data + 1, len - 1);
        } else {
            send_framed(c, data, len);
        }
        size -= MIN(len + 1, size);
        data += len + (end != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct chardev_ops ops = {.write = take_reply};
    static struct machine *m; /* one for all: it never runs */
    size_t in_packet = 0;
    struct chardev chr = {.ops = &ops, .opaque = &in_packet};

    if (m == NULL) {
        struct machine_config cfg;
        machine_config_init(&cfg);
        cfg.n_pes = 2;
        cfg.ram_bytes = 4 * MIB;
        cfg.secure = true;
        m = machine_new(&cfg, NULL);
    }
    struct gdb_cfg cfg = {.machine = m, .chr = &chr};
    struct gdb_stub *g = gdb_new(&cfg);
    chr.deliver_peer(chr.dev, true);
    feed(&chr, data, size);
    chr.deliver_peer(chr.dev, false);
    gdb_free(g);
    return 0;
}
