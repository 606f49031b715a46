/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtio network device: VIRTIO 1.2, 5.1 "Network Device". One queue pair, mergeable receive
 * buffers, and the control queue for receive modes and the station address.
 *
 * Left out: checksum and segmentation offloads, VLAN filtering, more queue pairs (not offered).
 */
#include "devices/virtio_net.h"

#include <glib.h>
#include <string.h>

#include "base/bits.h"
#include "base/log.h"

#define NET_F_MTU           BIT(3)
#define NET_F_MAC           BIT(5)
#define NET_F_MRG_RXBUF     BIT(15)
#define NET_F_STATUS        BIT(16)
#define NET_F_CTRL_VQ       BIT(17)
#define NET_F_CTRL_RX       BIT(18)
#define NET_F_CTRL_RX_EXTRA BIT(20)
#define NET_F_CTRL_MAC_ADDR BIT(23)

enum { QUEUE_RX, QUEUE_TX, QUEUE_CTRL, N_QUEUES };

enum {
    HEADER_LEGACY = 10, /* without num_buffers */
    HEADER_FULL = 12,
    NUM_BUFFERS_OFF = 10,
    MAC_BYTES = 6,
    FRAME_MIN = 14,
    FRAME_MAX = 65536 + 64,
    MERGE_MAX = 256, /* buffers one frame may span */
    MAC_TABLE_MAX = 64,
    CONFIG_BYTES = 12,
    STATUS_OFF = 6,
    CTRL_QUEUE_SIZE = 64,
    CTRL_OK = 0,
    CTRL_ERR = 1,
};

enum ctrl_class { CTRL_RX = 0, CTRL_MAC = 1 };
enum ctrl_mac { CTRL_MAC_TABLE_SET = 0, CTRL_MAC_ADDR_SET = 1 };

/* VIRTIO 1.2, 5.1.6.5.1 "Packet Receive Filtering": index is the command. */
enum rx_mode { RX_PROMISC, RX_ALLMULTI, RX_ALLUNI, RX_NOMULTI, RX_NOUNI, RX_NOBCAST, N_RX_MODES };

struct mac_table {
    unsigned n;
    bool overflow; /* more than fit: accept all */
    uint8_t mac[MAC_TABLE_MAX][MAC_BYTES];
};

struct virtio_net {
    struct virtio_dev d;
    struct netdev *net;
    uint8_t mac[MAC_BYTES]; /* as configured; d.config holds the one in force */
    bool rx_starved;        /* a frame waits at the backend for buffers */
    bool mode[N_RX_MODES];
    struct mac_table uni, multi;
    struct virtq_chain tx_chain, ctrl_chain;
    struct virtq_chain rx_first, rx_more; /* the first buffer of a frame, and the current one */
    uint8_t frame[FRAME_MAX];
};

static size_t header_bytes(const struct virtio_net *n)
{
    return virtio_dev_has(&n->d, NET_F_MRG_RXBUF | VIRTIO_F_VERSION_1) ? HEADER_FULL
                                                                       : HEADER_LEGACY;
}

/* ---- transmit ---- */

static uint64_t send_one(struct virtio_net *n)
{
    struct virtq_chain *c = &n->tx_chain;
    size_t header = header_bytes(n);
    if (c->out_bytes < header) {
        virtio_dev_error(&n->d, "packet of %u bytes has no header", (unsigned)c->out_bytes);
        return 0;
    }
    uint64_t len = c->out_bytes - header;
    bool fits = len >= FRAME_MIN && len <= sizeof(n->frame);
    if (!fits) {
        log_guest(n->d.id, "frame of %u bytes dropped", (unsigned)len);
    } else if (!virtq_chain_read(&n->d, c, header, n->frame, (size_t)len)) {
        return 0;
    }
    virtq_push(&n->d, QUEUE_TX, c->head, 0);
    if (fits && n->net != NULL && n->d.config[STATUS_OFF] != 0) {
        n->net->ops->send(n->net->opaque, n->frame, (size_t)len);
    }
    return c->out_bytes;
}

static void notify_tx(struct virtio_net *n)
{
    uint64_t budget = VIRTIO_WORK_BYTES;
    while (virtq_pop(&n->d, QUEUE_TX, &n->tx_chain)) {
        uint64_t sent = send_one(n);
        if (sent < budget) {
            budget -= sent;
        } else if (virtio_dev_defer(&n->d, QUEUE_TX)) {
            break;
        }
    }
    virtq_signal(&n->d, QUEUE_TX);
}

/* ---- receive ---- */

static bool mac_in(const struct mac_table *t, const uint8_t *mac)
{
    for (unsigned i = 0; i < t->n; i++) {
        if (memcmp(t->mac[i], mac, MAC_BYTES) == 0) {
            return true;
        }
    }
    return t->overflow;
}

static bool wanted(const struct virtio_net *n, const uint8_t *frame)
{
    static const uint8_t broadcast[MAC_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    if (n->mode[RX_PROMISC]) {
        return true;
    }
    if ((frame[0] & 1) == 0) {
        return !n->mode[RX_NOUNI] &&
               (n->mode[RX_ALLUNI] || memcmp(frame, n->d.config, MAC_BYTES) == 0 ||
                mac_in(&n->uni, frame));
    }
    if (memcmp(frame, broadcast, MAC_BYTES) == 0) {
        return !n->mode[RX_NOBCAST];
    }
    return !n->mode[RX_NOMULTI] && (n->mode[RX_ALLMULTI] || mac_in(&n->multi, frame));
}

enum rx_result { RX_DONE, RX_NO_BUFFER, RX_DROP };

/* Put as much of the frame as fits into c, from byte `at` of the buffer on. 0: the device broke. */
static size_t fill_buffer(struct virtio_net *n, const struct virtq_chain *c, size_t at,
                          const uint8_t *frame, size_t len)
{
    if (c->in_bytes <= at) {
        virtio_dev_error(&n->d, "receive buffer of %u bytes", (unsigned)c->in_bytes);
        return 0;
    }
    size_t part = c->in_bytes - at < len ? (size_t)(c->in_bytes - at) : len;
    return virtq_chain_write(&n->d, c, at, frame, part) ? part : 0;
}

/* Spread a frame over as many buffers as it takes; nothing is published unless all of it fits. */
static enum rx_result place_frame(struct virtio_net *n, const uint8_t *frame, size_t len)
{
    unsigned max = virtio_dev_has(&n->d, NET_F_MRG_RXBUF) ? MERGE_MAX : 1;
    size_t header = header_bytes(n);
    unsigned n_bufs = 0;
    for (; len != 0; n_bufs++) {
        struct virtq_chain *c = n_bufs == 0 ? &n->rx_first : &n->rx_more;
        if (n_bufs == max || !virtq_pop(&n->d, QUEUE_RX, c)) {
            virtq_unpop(&n->d, QUEUE_RX, n_bufs);
            return n_bufs == max ? RX_DROP : RX_NO_BUFFER;
        }
        size_t at = n_bufs == 0 ? header : 0;
        size_t part = fill_buffer(n, c, at, frame, len);
        if (part == 0) {
            return RX_DROP;
        }
        virtq_fill(&n->d, QUEUE_RX, n_bufs, c->head, (uint32_t)(at + part));
        frame += part;
        len -= part;
    }
    uint8_t raw[HEADER_FULL] = {0};
    virtio_put_le(raw + NUM_BUFFERS_OFF, n_bufs, 2);
    if (!virtq_chain_write(&n->d, &n->rx_first, 0, raw, header)) {
        return RX_DROP;
    }
    virtq_publish(&n->d, QUEUE_RX, n_bufs);
    virtq_signal(&n->d, QUEUE_RX);
    return RX_DONE;
}

/* netdev.deliver */
static bool net_deliver(void *dev, const uint8_t *frame, size_t len)
{
    struct virtio_net *n = dev;
    if (!virtio_dev_driver_ok(&n->d) || !virtq_ready(&n->d, QUEUE_RX) ||
        n->d.config[STATUS_OFF] == 0 || len < FRAME_MIN || len > FRAME_MAX || !wanted(n, frame)) {
        return true; /* a card that is not up loses frames */
    }
    if (place_frame(n, frame, len) != RX_NO_BUFFER || n->d.broken) {
        return true;
    }
    n->rx_starved = true;
    virtq_want_kick(&n->d, QUEUE_RX, true);
    return false;
}

static void notify_rx(struct virtio_net *n)
{
    virtq_want_kick(&n->d, QUEUE_RX, false);
    if (n->rx_starved) {
        n->rx_starved = false;
        if (n->net != NULL && n->net->retry != NULL) {
            n->net->retry(n->net->opaque);
        }
    }
}

/* ---- control queue: VIRTIO 1.2, 5.1.6.5 "Control Virtqueue" ---- */

static bool read_table(struct virtio_net *n, uint64_t *off, struct mac_table *t)
{
    struct virtq_chain *c = &n->ctrl_chain;
    uint8_t raw[4];
    if (!virtq_chain_read(&n->d, c, *off, raw, sizeof(raw))) {
        return false;
    }
    uint64_t count = virtio_get_le(raw, 4);
    *off += sizeof(raw);
    if (count * MAC_BYTES > c->out_bytes - *off) {
        return false;
    }
    t->overflow = count > MAC_TABLE_MAX;
    t->n = t->overflow ? 0 : (unsigned)count;
    if (!virtq_chain_read(&n->d, c, *off, t->mac, t->n * (size_t)MAC_BYTES)) {
        return false;
    }
    *off += count * MAC_BYTES;
    return true;
}

static bool ctrl_mac(struct virtio_net *n, unsigned command)
{
    if (command == CTRL_MAC_ADDR_SET) {
        return n->ctrl_chain.out_bytes == 2 + MAC_BYTES &&
               virtq_chain_read(&n->d, &n->ctrl_chain, 2, n->d.config, MAC_BYTES);
    }
    uint64_t off = 2;
    return command == CTRL_MAC_TABLE_SET && read_table(n, &off, &n->uni) &&
           read_table(n, &off, &n->multi);
}

static bool ctrl_rx(struct virtio_net *n, unsigned command)
{
    uint8_t on;
    if (command >= N_RX_MODES || !virtq_chain_read(&n->d, &n->ctrl_chain, 2, &on, 1)) {
        return false;
    }
    n->mode[command] = on != 0;
    return true;
}

static void notify_ctrl(struct virtio_net *n)
{
    struct virtq_chain *c = &n->ctrl_chain;
    while (virtq_pop(&n->d, QUEUE_CTRL, c)) {
        uint8_t head[2];
        if (c->out_bytes < sizeof(head) || c->in_bytes == 0) {
            virtio_dev_error(&n->d, "control request without command or acknowledge byte");
            return;
        }
        if (!virtq_chain_read(&n->d, c, 0, head, sizeof(head))) {
            return;
        }
        bool ok = head[0] == CTRL_RX    ? ctrl_rx(n, head[1])
                  : head[0] == CTRL_MAC ? ctrl_mac(n, head[1])
                                        : false;
        uint8_t ack = ok ? CTRL_OK : CTRL_ERR;
        if (!virtq_chain_write(&n->d, c, 0, &ack, 1)) {
            return;
        }
        virtq_push(&n->d, QUEUE_CTRL, c->head, 1);
    }
    virtq_signal(&n->d, QUEUE_CTRL);
}

/* ---- the device ---- */

static void net_notify(struct virtio_dev *d, unsigned q)
{
    struct virtio_net *n = (struct virtio_net *)d;
    switch (q) {
    case QUEUE_RX:
        notify_rx(n);
        break;
    case QUEUE_TX:
        notify_tx(n);
        break;
    default:
        notify_ctrl(n);
        break;
    }
}

/* A legacy driver sets the address by writing it. VIRTIO 1.2, 5.1.4.3. */
static void net_config_write(struct virtio_dev *d, uint32_t off, const uint8_t *buf, size_t len)
{
    if (off + len > MAC_BYTES || virtio_dev_has(d, VIRTIO_F_VERSION_1 | NET_F_CTRL_MAC_ADDR)) {
        log_guest(d->id, "write of read-only configuration byte %#x", off);
        return;
    }
    memcpy(d->config + off, buf, len);
}

static void net_reset(struct virtio_dev *d)
{
    struct virtio_net *n = (struct virtio_net *)d;
    memcpy(d->config, n->mac, MAC_BYTES);
    memset(n->mode, 0, sizeof(n->mode));
    /* Until the driver chooses, everything is delivered: drivers without the queue rely on it. */
    n->mode[RX_PROMISC] = true;
    n->uni.n = 0;
    n->uni.overflow = false;
    n->multi.n = 0;
    n->multi.overflow = false;
    if (n->rx_starved) {
        n->rx_starved = false;
        n->net->retry(n->net->opaque);
    }
}

void virtio_net_set_link(struct virtio_dev *d, bool up)
{
    if (d->config[STATUS_OFF] != up) {
        d->config[STATUS_OFF] = up;
        virtio_dev_config_changed(d);
    }
}

static void net_finalize(struct virtio_dev *d)
{
    struct virtio_net *n = (struct virtio_net *)d;
    if (n->net != NULL) {
        n->net->deliver = NULL;
        n->net->dev = NULL;
    }
    virtio_dev_fini(d);
    g_free(n);
}

/* clang-format off */
static const struct snap_field table_fields[] = {
    SNAP_UPTO(struct mac_table, n, MAC_TABLE_MAX),
    SNAP_FIELD(struct mac_table, overflow),
    SNAP_ARRAY(struct mac_table, mac, uint8_t),
};
static const struct snap_desc table_desc = SNAP_DESC(0, table_fields);
static const struct snap_field net_fields[] = {
    SNAP_FIELD(struct virtio_net, rx_starved),
    SNAP_ARRAY(struct virtio_net, mode, bool),
    SNAP_STRUCTS(struct virtio_net, uni, struct mac_table, &table_desc),
    SNAP_STRUCTS(struct virtio_net, multi, struct mac_table, &table_desc),
};
/* clang-format on */
static const struct snap_desc net_snap = SNAP_DESC(0, net_fields);

static bool net_post_load(struct virtio_dev *d, GError **err)
{
    const struct virtio_net *n = (struct virtio_net *)d;
    bool waits = n->net != NULL && n->net->retry != NULL;
    return waits || !n->rx_starved || fail(err, ERR_FILE, "no network is behind it here");
}

static const struct virtio_dev_ops net_ops = {
    .type = "virtio-net",
    .device_id = VIRTIO_ID_NET,
    .notify = net_notify,
    .config_write = net_config_write,
    .reset = net_reset,
    .snap = &net_snap,
    .post_load = net_post_load,
    .finalize = net_finalize,
};

struct virtio_dev *virtio_net_new(const struct virtio_net_cfg *cfg, GError **err)
{
    const char *id = cfg->id != NULL ? cfg->id : "virtio-net";
    uint16_t size = cfg->queue_size != 0 ? cfg->queue_size : 256;
    if (size < 64 || size > VIRTQ_NUM_MAX || (size & (size - 1)) != 0) {
        fail(err, ERR_OPTION, "%s: queue sizes are powers of two from 64 to %d", id, VIRTQ_NUM_MAX);
        return NULL;
    }
    if ((cfg->mac[0] & 1) != 0) {
        fail(err, ERR_OPTION, "%s: %02x:... is a multicast address", id, cfg->mac[0]);
        return NULL;
    }
    struct virtio_net *n = g_new0(struct virtio_net, 1);
    virtio_dev_init(&n->d, &net_ops, id, cfg->no_ctrl_vq ? QUEUE_CTRL : N_QUEUES);
    virtio_dev_set_queue(&n->d, QUEUE_RX, size);
    virtio_dev_set_queue(&n->d, QUEUE_TX, size);
    n->d.offered |= NET_F_MAC | NET_F_STATUS;
    if (!cfg->no_mergeable_buf) {
        n->d.offered |= NET_F_MRG_RXBUF;
    }
    if (!cfg->no_ctrl_vq) {
        virtio_dev_set_queue(&n->d, QUEUE_CTRL, CTRL_QUEUE_SIZE);
        n->d.offered |= NET_F_CTRL_VQ | NET_F_CTRL_RX | NET_F_CTRL_RX_EXTRA | NET_F_CTRL_MAC_ADDR;
    }
    memcpy(n->mac, cfg->mac, MAC_BYTES);
    n->d.config_bytes = CONFIG_BYTES;
    n->d.config[STATUS_OFF] = 1;
    virtio_put_le(n->d.config + 8, 1, 2); /* max_virtqueue_pairs */
    if (cfg->mtu != 0) {
        n->d.offered |= NET_F_MTU;
        virtio_put_le(n->d.config + 10, cfg->mtu, 2);
    }
    n->net = cfg->net;
    if (n->net != NULL) {
        n->net->deliver = net_deliver;
        n->net->dev = n;
    }
    return &n->d;
}
