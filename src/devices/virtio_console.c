/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtio console device: VIRTIO 1.2, 5.3 "Console Device", with multiport and emergency write.
 *
 * Input waits in a small buffer per port until the driver has opened the port and given room.
 * Left out: console size (not offered), removal of ports.
 */
#include "devices/virtio_console.h"

#include <glib.h>
#include <string.h>

#include "base/bits.h"
#include "base/log.h"

#define CONSOLE_F_MULTIPORT   BIT(1)
#define CONSOLE_F_EMERG_WRITE BIT(2)

enum {
    PORTS_DEFAULT = 31,
    PORTS_MAX = 511,
    QUEUE_SIZE = 128,
    CTRL_QUEUE_SIZE = 32,
    QUEUE_CTRL_RX = 2, /* from the driver's point of view: to the driver */
    QUEUE_CTRL_TX = 3,
    IN_BYTES = 4096, /* input waiting for the driver, a port */
    CTRL_PENDING_MAX = 4096,
    CTRL_BYTES = 8,
    NAME_MAX_BYTES = 256,
    EMERG_OFF = 8,
    CONFIG_BYTES = 12,
};

/* VIRTIO 1.2, 5.3.6.2 "Multiport Device Operation". */
enum ctrl_event {
    CTRL_DEVICE_READY = 0,
    CTRL_PORT_ADD = 1,
    CTRL_PORT_READY = 3,
    CTRL_CONSOLE_PORT = 4,
    CTRL_PORT_OPEN = 6,
    CTRL_PORT_NAME = 7,
};

struct ctrl_msg {
    uint32_t port;
    uint16_t event;
    uint16_t value;
};

struct virtio_console;

struct console_port {
    struct virtio_console *owner;
    unsigned nr;
    bool console;
    bool guest_open;
    char *name;
    struct chardev *chr;
    size_t in_head, in_len;
    uint8_t in[IN_BYTES];
};

struct virtio_console {
    struct virtio_dev d;
    unsigned max_ports;
    struct console_port **ports; /* max_ports entries, NULL: no such port */
    /* Messages the driver has no buffer for yet. */
    unsigned ctrl_head, ctrl_len;
    struct ctrl_msg ctrl[CTRL_PENDING_MAX];
    struct virtq_chain chain;
};

static unsigned rx_queue(unsigned nr)
{
    return nr == 0 ? 0 : 2 + 2 * nr;
}

static struct console_port *port_of(const struct virtio_console *c, uint32_t nr)
{
    return nr < c->max_ports ? c->ports[nr] : NULL;
}

static bool multiport(const struct virtio_console *c)
{
    return virtio_dev_has(&c->d, CONSOLE_F_MULTIPORT);
}

/* ---- towards the driver ---- */

/* Move waiting input into the driver's buffers. */
static void drain_input(struct console_port *p)
{
    struct virtio_console *c = p->owner;
    unsigned q = rx_queue(p->nr);
    bool any = false;
    while (p->in_len != 0 && virtq_pop(&c->d, q, &c->chain)) {
        size_t n = p->in_len < IN_BYTES - p->in_head ? p->in_len : IN_BYTES - p->in_head;
        n = n < c->chain.in_bytes ? n : (size_t)c->chain.in_bytes;
        if (n == 0) {
            virtio_dev_error(&c->d, "port %u: receive buffer without room", p->nr);
            return;
        }
        if (!virtq_chain_write(&c->d, &c->chain, 0, p->in + p->in_head, n)) {
            return;
        }
        virtq_push(&c->d, q, c->chain.head, (uint32_t)n);
        p->in_head = (p->in_head + n) % IN_BYTES;
        p->in_len -= n;
        any = true;
    }
    if (any) {
        virtq_signal(&c->d, q);
    }
}

/* chardev.room: nothing is taken before somebody in the guest listens. */
static size_t port_room(void *dev)
{
    const struct console_port *p = dev;
    const struct virtio_console *c = p->owner;
    bool open = multiport(c) ? p->guest_open : virtq_ready(&c->d, rx_queue(p->nr));
    return open && virtio_dev_driver_ok(&c->d) ? IN_BYTES - p->in_len : 0;
}

/* chardev.deliver */
static void port_deliver(void *dev, const uint8_t *buf, size_t len)
{
    struct console_port *p = dev;
    for (size_t i = 0; i < len && p->in_len < IN_BYTES; i++) {
        p->in[(p->in_head + p->in_len++) % IN_BYTES] = buf[i];
    }
    drain_input(p);
}

static void drain_ctrl(struct virtio_console *c)
{
    bool any = false;
    while (c->ctrl_len != 0 && virtq_pop(&c->d, QUEUE_CTRL_RX, &c->chain)) {
        const struct ctrl_msg *m = &c->ctrl[c->ctrl_head];
        uint8_t raw[CTRL_BYTES + NAME_MAX_BYTES];
        size_t len = CTRL_BYTES;
        virtio_put_le(raw, m->port, 4);
        virtio_put_le(raw + 4, m->event, 2);
        virtio_put_le(raw + 6, m->value, 2);
        if (m->event == CTRL_PORT_NAME) {
            const char *name = c->ports[m->port]->name;
            size_t n = strnlen(name, NAME_MAX_BYTES);
            memcpy(raw + len, name, n);
            len += n;
        }
        len = len < c->chain.in_bytes ? len : (size_t)c->chain.in_bytes;
        if (!virtq_chain_write(&c->d, &c->chain, 0, raw, len)) {
            return;
        }
        virtq_push(&c->d, QUEUE_CTRL_RX, c->chain.head, (uint32_t)len);
        c->ctrl_head = (c->ctrl_head + 1) % CTRL_PENDING_MAX;
        c->ctrl_len--;
        any = true;
    }
    if (any) {
        virtq_signal(&c->d, QUEUE_CTRL_RX);
    }
}

static void tell(struct virtio_console *c, unsigned port, enum ctrl_event event, unsigned value)
{
    if (c->ctrl_len == CTRL_PENDING_MAX) {
        log_guest(c->d.id, "driver takes no control messages, one is lost");
        return;
    }
    c->ctrl[(c->ctrl_head + c->ctrl_len++) % CTRL_PENDING_MAX] =
        (struct ctrl_msg){.port = port, .event = (uint16_t)event, .value = (uint16_t)value};
}

/* ---- from the driver ---- */

static void handle_ctrl(struct virtio_console *c, const struct ctrl_msg *m)
{
    struct console_port *p = port_of(c, m->port);
    if (m->event == CTRL_DEVICE_READY) {
        for (unsigned i = 0; i < c->max_ports && m->value != 0; i++) {
            if (c->ports[i] != NULL) {
                tell(c, i, CTRL_PORT_ADD, 1);
            }
        }
        return;
    }
    if (p == NULL) {
        log_guest(c->d.id, "control message %u for port %u", m->event, m->port);
        return;
    }
    switch (m->event) {
    case CTRL_PORT_READY:
        if (m->value == 0) {
            log_guest(c->d.id, "driver could not set up port %u", m->port);
            break;
        }
        if (p->console) {
            tell(c, p->nr, CTRL_CONSOLE_PORT, 1);
        }
        if (p->name != NULL) {
            tell(c, p->nr, CTRL_PORT_NAME, 1);
        }
        if (p->chr != NULL) {
            tell(c, p->nr, CTRL_PORT_OPEN, 1);
        }
        break;
    case CTRL_PORT_OPEN:
        p->guest_open = m->value != 0;
        break;
    default:
        log_guest(c->d.id, "control message %u", m->event);
        break;
    }
}

static void notify_ctrl(struct virtio_console *c)
{
    while (virtq_pop(&c->d, QUEUE_CTRL_TX, &c->chain)) {
        uint8_t raw[CTRL_BYTES];
        bool whole = c->chain.out_bytes >= CTRL_BYTES;
        if (whole && !virtq_chain_read(&c->d, &c->chain, 0, raw, sizeof(raw))) {
            return;
        }
        virtq_push(&c->d, QUEUE_CTRL_TX, c->chain.head, 0);
        if (whole) {
            handle_ctrl(c, &(struct ctrl_msg){.port = (uint32_t)virtio_get_le(raw, 4),
                                              .event = (uint16_t)virtio_get_le(raw + 4, 2),
                                              .value = (uint16_t)virtio_get_le(raw + 6, 2)});
        }
    }
    virtq_signal(&c->d, QUEUE_CTRL_TX);
    drain_ctrl(c);
}

static bool write_piece(void *ctx, uint8_t *host, size_t len)
{
    (void)chardev_write(ctx, host, len);
    return true;
}

static void notify_output(struct virtio_console *c, unsigned nr)
{
    struct console_port *p = port_of(c, nr);
    unsigned q = rx_queue(nr) + 1;
    uint64_t budget = VIRTIO_WORK_BYTES;
    while (virtq_pop(&c->d, q, &c->chain)) {
        uint64_t n = c->chain.out_bytes;
        if (p != NULL &&
            !virtq_chain_visit(&c->d, &c->chain, VIRTQ_OUT, 0, n, write_piece, p->chr)) {
            return;
        }
        virtq_push(&c->d, q, c->chain.head, 0);
        if (n < budget) {
            budget -= n;
        } else if (virtio_dev_defer(&c->d, q)) {
            break;
        }
    }
    virtq_signal(&c->d, q);
}

static void console_notify(struct virtio_dev *d, unsigned q)
{
    struct virtio_console *c = (struct virtio_console *)d;
    if (q == QUEUE_CTRL_RX) {
        drain_ctrl(c);
    } else if (q == QUEUE_CTRL_TX) {
        notify_ctrl(c);
    } else {
        unsigned nr = q < QUEUE_CTRL_RX ? 0 : (q - 2) / 2;
        struct console_port *p = port_of(c, nr);
        if ((q & 1) != 0) {
            notify_output(c, nr);
        } else if (p != NULL) {
            drain_input(p);
        }
    }
}

/* Emergency write: one character to the console, before any queue exists. VIRTIO 1.2, 5.3.4. */
static void console_config_write(struct virtio_dev *d, uint32_t off, const uint8_t *buf, size_t len)
{
    struct virtio_console *c = (struct virtio_console *)d;
    if (off != EMERG_OFF || (d->offered & CONSOLE_F_EMERG_WRITE) == 0) {
        log_guest(d->id, "write of read-only configuration byte %#x", off);
        return;
    }
    if (c->ports[0] != NULL) {
        (void)chardev_write(c->ports[0]->chr, buf, 1);
    }
}

static void console_reset(struct virtio_dev *d)
{
    struct virtio_console *c = (struct virtio_console *)d;
    c->ctrl_head = 0;
    c->ctrl_len = 0;
    for (unsigned i = 0; i < c->max_ports; i++) {
        if (c->ports[i] != NULL) {
            c->ports[i]->guest_open = false;
            c->ports[i]->in_head = 0;
            c->ports[i]->in_len = 0;
        }
    }
}

static void console_finalize(struct virtio_dev *d)
{
    struct virtio_console *c = (struct virtio_console *)d;
    for (unsigned i = 0; i < c->max_ports; i++) {
        struct console_port *p = c->ports[i];
        if (p == NULL) {
            continue;
        }
        if (p->chr != NULL) {
            p->chr->room = NULL;
            p->chr->deliver = NULL;
            p->chr->dev = NULL;
        }
        g_free(p->name);
        g_free(p);
    }
    g_free(c->ports);
    virtio_dev_fini(d);
    g_free(c);
}

/* clang-format off */
static const struct snap_field port_fields[] = {
    SNAP_FIELD(struct console_port, guest_open),
    SNAP_UPTO(struct console_port, in_head, IN_BYTES - 1),
    SNAP_UPTO(struct console_port, in_len, IN_BYTES),
    SNAP_ARRAY(struct console_port, in, uint8_t),
};
static const struct snap_desc port_desc = SNAP_DESC(0, port_fields);
static const struct snap_field console_fields[] = {
    SNAP_UPTO(struct virtio_console, ctrl_head, CTRL_PENDING_MAX - 1),
    SNAP_UPTO(struct virtio_console, ctrl_len, CTRL_PENDING_MAX),
};
/* clang-format on */
static const struct snap_desc console_snap = SNAP_DESC(0, console_fields);

static void console_snap_ports(struct virtio_dev *d, struct snap *s)
{
    struct virtio_console *c = (struct virtio_console *)d;
    snap_bytes(s, "ctrl", c->ctrl, sizeof(c->ctrl));
    for (unsigned i = 0; i < c->max_ports; i++) {
        if (c->ports[i] != NULL) {
            snap_enter(s, "port", i);
            snap_fields(s, &port_desc, c->ports[i]);
            snap_leave(s);
        }
    }
}

static bool console_post_load(struct virtio_dev *d, GError **err)
{
    const struct virtio_console *c = (struct virtio_console *)d;
    for (unsigned i = 0; i < c->ctrl_len; i++) {
        const struct ctrl_msg *m = &c->ctrl[(c->ctrl_head + i) % CTRL_PENDING_MAX];
        const struct console_port *p = port_of(c, m->port);
        if (m->event == CTRL_PORT_NAME && (p == NULL || p->name == NULL)) {
            return fail(err, ERR_FILE, "port %u has no name here", m->port);
        }
    }
    return true;
}

static const struct virtio_dev_ops console_ops = {
    .type = "virtio-console",
    .device_id = VIRTIO_ID_CONSOLE,
    .notify = console_notify,
    .config_write = console_config_write,
    .reset = console_reset,
    .snap = &console_snap,
    .snap_more = console_snap_ports,
    .post_load = console_post_load,
    .finalize = console_finalize,
};

struct virtio_dev *virtio_console_new(const struct virtio_console_cfg *cfg, GError **err)
{
    const char *id = cfg->id != NULL ? cfg->id : "virtio-serial";
    unsigned max = cfg->max_ports != 0 ? cfg->max_ports : PORTS_DEFAULT;
    if (max > PORTS_MAX) {
        fail(err, ERR_OPTION, "%s: max_ports is at most %d", id, PORTS_MAX);
        return NULL;
    }
    struct virtio_console *c = g_new0(struct virtio_console, 1);
    virtio_dev_init(&c->d, &console_ops, id, max == 1 ? 2 : 2 * (max + 1));
    for (unsigned q = 0; q < c->d.n_queues; q++) {
        bool ctrl = q == QUEUE_CTRL_RX || q == QUEUE_CTRL_TX;
        virtio_dev_set_queue(&c->d, q, ctrl ? CTRL_QUEUE_SIZE : QUEUE_SIZE);
    }
    c->max_ports = max;
    c->ports = g_new0(struct console_port *, max);
    c->d.offered |=
        (max > 1 ? CONSOLE_F_MULTIPORT : 0) | (cfg->no_emergency_write ? 0 : CONSOLE_F_EMERG_WRITE);
    virtio_put_le(c->d.config + 4, max, 4);
    c->d.config_bytes = CONFIG_BYTES;
    return &c->d;
}

/* Number 0 is what drivers without multiport use: it goes to the first console. */
static int free_port(const struct virtio_console *c, bool console)
{
    for (unsigned i = console ? 0 : 1; i < c->max_ports; i++) {
        if (c->ports[i] == NULL) {
            return (int)i;
        }
    }
    return -1;
}

bool virtio_console_add_port(struct virtio_dev *d, const struct virtio_port_cfg *cfg, GError **err)
{
    struct virtio_console *c = (struct virtio_console *)d;
    int nr = cfg->nr >= 0 ? cfg->nr : free_port(c, cfg->console);
    if (nr < 0) {
        return fail(err, ERR_OPTION, "%s: all %u ports are in use", d->id, c->max_ports);
    }
    if ((unsigned)nr >= c->max_ports) {
        return fail(err, ERR_OPTION, "%s: port %d, but the last one is %u", d->id, nr,
                    c->max_ports - 1);
    }
    if (c->ports[nr] != NULL) {
        return fail(err, ERR_OPTION, "%s: port %d is in use", d->id, nr);
    }
    struct console_port *p = g_new0(struct console_port, 1);
    p->owner = c;
    p->nr = (unsigned)nr;
    p->console = cfg->console;
    p->name = g_strdup(cfg->name);
    p->chr = cfg->chr;
    if (p->chr != NULL) {
        p->chr->room = port_room;
        p->chr->deliver = port_deliver;
        p->chr->dev = p;
    }
    c->ports[nr] = p;
    return true;
}
