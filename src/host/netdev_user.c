/* SPDX-License-Identifier: Apache-2.0 */
/*
 * User-mode network by libslirp. Frames for the guest wait in a bounded queue until host_poll
 * delivers them; libslirp's timers run on host time, outside the machine.
 */
#include "host/netdev_user.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <slirp/libslirp.h>
#include <string.h>

#include "base/bits.h"
#include "base/log.h"

enum {
    QUEUE_FRAMES = 1024,
    FRAME_MAX = 65536 + 64,
};

struct frame {
    struct frame *next;
    size_t len;
    uint8_t data[];
};

struct slirp_timer {
    struct slirp_timer *next;
    struct host_netdev *owner;
    SlirpTimerCb cb;
    void *cb_opaque;
    int64_t when_ms; /* -1: not armed */
};

struct host_netdev {
    struct netdev dev;
    struct hostloop *loop;
    struct host_source source;
    Slirp *slirp;
    char *id;
    struct slirp_timer *timers;
    struct frame *first, **last;
    unsigned n_frames;
    bool stalled; /* the device had no buffer */
    uint64_t dropped;
};

/* ---- towards the guest ---- */

static ssize_t slirp_send(const void *buf, size_t len, void *opaque)
{
    struct host_netdev *n = opaque;
    if (n->n_frames == QUEUE_FRAMES || len > FRAME_MAX) {
        n->dropped++; /* as a full switch does; TCP sends again */
        return (ssize_t)len;
    }
    struct frame *f = g_malloc(sizeof(*f) + len);
    f->next = NULL;
    f->len = len;
    memcpy(f->data, buf, len);
    *n->last = f;
    n->last = &f->next;
    n->n_frames++;
    return (ssize_t)len;
}

static void drop_first(struct host_netdev *n)
{
    struct frame *f = n->first;
    n->first = f->next;
    n->n_frames--;
    if (n->first == NULL) {
        n->last = &n->first;
    }
    g_free(f);
}

static bool net_waiting(void *opaque)
{
    const struct host_netdev *n = opaque;
    return n->first != NULL && !n->stalled && !hostloop_input_held(n->loop);
}

static bool net_deliver(void *opaque)
{
    struct host_netdev *n = opaque;
    bool any = false;
    while (net_waiting(n)) {
        if (n->dev.deliver != NULL && !n->dev.deliver(n->dev.dev, n->first->data, n->first->len)) {
            n->stalled = true;
            break;
        }
        drop_first(n);
        any = true;
    }
    return any;
}

/* netdev.retry: called by the device in the middle of its work, so only remember it. */
static void net_retry(void *opaque)
{
    ((struct host_netdev *)opaque)->stalled = false;
}

/* ---- from the guest ---- */

static void net_send(void *opaque, const uint8_t *frame, size_t len)
{
    struct host_netdev *n = opaque;
    slirp_input(n->slirp, frame, (int)len);
}

/* ---- libslirp's view of the host ---- */

static void slirp_guest_error(const char *msg, void *opaque)
{
    log_guest(((struct host_netdev *)opaque)->id, "%s", msg);
}

static int64_t slirp_clock_ns(void *opaque)
{
    return g_get_monotonic_time() * 1000;
}

static void *slirp_timer_new(SlirpTimerCb cb, void *cb_opaque, void *opaque)
{
    struct host_netdev *n = opaque;
    struct slirp_timer *t = g_new0(struct slirp_timer, 1);
    t->owner = n;
    t->cb = cb;
    t->cb_opaque = cb_opaque;
    t->when_ms = -1;
    t->next = n->timers;
    n->timers = t;
    return t;
}

static void slirp_timer_free(void *timer, void *opaque)
{
    struct host_netdev *n = opaque;
    for (struct slirp_timer **p = &n->timers; *p != NULL; p = &(*p)->next) {
        if (*p == timer) {
            *p = (*p)->next;
            g_free(timer);
            return;
        }
    }
}

static void slirp_timer_mod(void *timer, int64_t expire_ms, void *opaque)
{
    ((struct slirp_timer *)timer)->when_ms = expire_ms;
}

static void slirp_poll_fd(int fd, void *opaque)
{
    /* All descriptors are collected anew for each poll. */
}

static void slirp_notify(void *opaque)
{
    /* Everything is on one thread; the next poll sees it. */
}

static const SlirpCb slirp_callbacks = {
    .send_packet = slirp_send,
    .guest_error = slirp_guest_error,
    .clock_get_ns = slirp_clock_ns,
    .timer_new = slirp_timer_new,
    .timer_free = slirp_timer_free,
    .timer_mod = slirp_timer_mod,
    .register_poll_fd = slirp_poll_fd,
    .unregister_poll_fd = slirp_poll_fd,
    .notify = slirp_notify,
};

/* ---- as a source of the loop ---- */

static const struct {
    int slirp;
    int host;
} poll_bits[] = {
    {SLIRP_POLL_IN, POLLIN},   {SLIRP_POLL_OUT, POLLOUT}, {SLIRP_POLL_PRI, POLLPRI},
    {SLIRP_POLL_ERR, POLLERR}, {SLIRP_POLL_HUP, POLLHUP},
};

static int slirp_add_poll(int fd, int events, void *opaque)
{
    struct host_netdev *n = opaque;
    int e = 0;
    for (size_t i = 0; i < ARRAY_LEN(poll_bits); i++) {
        e |= (events & poll_bits[i].slirp) != 0 ? poll_bits[i].host : 0;
    }
    return hostloop_watch(n->loop, fd, (short)e);
}

static int slirp_get_revents(int idx, void *opaque)
{
    const struct host_netdev *n = opaque;
    short e = hostloop_revents(n->loop, idx);
    int out = 0;
    for (size_t i = 0; i < ARRAY_LEN(poll_bits); i++) {
        out |= (e & poll_bits[i].host) != 0 ? poll_bits[i].slirp : 0;
    }
    return out;
}

static int64_t slirp_now_ms(void)
{
    return g_get_monotonic_time() / 1000;
}

static void net_prepare(void *opaque, int *timeout_ms)
{
    struct host_netdev *n = opaque;
    uint32_t t = *timeout_ms < 0 ? UINT32_MAX : (uint32_t)*timeout_ms;
    slirp_pollfds_fill(n->slirp, &t, slirp_add_poll, n);
    for (const struct slirp_timer *s = n->timers; s != NULL; s = s->next) {
        if (s->when_ms >= 0) {
            int64_t left = s->when_ms - slirp_now_ms();
            left = left < 0 ? 0 : left;
            t = left < t ? (uint32_t)left : t;
        }
    }
    *timeout_ms = t > G_MAXINT ? -1 : (int)t;
}

static void run_timers(struct host_netdev *n)
{
    struct slirp_timer *t = n->timers;
    while (t != NULL) {
        if (t->when_ms >= 0 && t->when_ms <= slirp_now_ms()) {
            t->when_ms = -1;
            t->cb(t->cb_opaque);
            t = n->timers; /* the callback may have changed the list */
        } else {
            t = t->next;
        }
    }
}

static void net_dispatch(void *opaque)
{
    struct host_netdev *n = opaque;
    slirp_pollfds_poll(n->slirp, 0, slirp_get_revents, n);
    run_timers(n);
}

/* ---- life ---- */

void host_netdev_close(struct netdev *dev)
{
    struct host_netdev *n = (struct host_netdev *)dev;
    if (n == NULL) {
        return;
    }
    hostloop_remove(n->loop, &n->source);
    if (n->slirp != NULL) {
        slirp_cleanup(n->slirp);
    }
    while (n->first != NULL) {
        drop_first(n);
    }
    while (n->timers != NULL) {
        slirp_timer_free(n->timers, n);
    }
    g_free(n->id);
    g_free(n);
}

uint64_t host_netdev_dropped(const struct netdev *n)
{
    return ((const struct host_netdev *)n)->dropped;
}

static bool add_forwards(struct host_netdev *n, const struct netdev_user_cfg *cfg, GError **err)
{
    for (guint i = 0; cfg->fwd != NULL && i < cfg->fwd->len; i++) {
        const struct netdev_fwd *f = &g_array_index(cfg->fwd, struct netdev_fwd, i);
        errno = 0;
        if (slirp_add_hostfwd(n->slirp, f->udp, f->host_addr, f->host_port, f->guest_addr,
                              f->guest_port) != 0) {
            return fail(err, ERR_HOST, "netdev %s: cannot forward '%s': %s", n->id, f->text,
                        errno != 0 ? g_strerror(errno) : "refused");
        }
    }
    for (guint i = 0; cfg->guestfwd != NULL && i < cfg->guestfwd->len; i++) {
        const struct netdev_guestfwd *f = &g_array_index(cfg->guestfwd, struct netdev_guestfwd, i);
        struct in_addr addr = f->addr;
        if (slirp_add_exec(n->slirp, f->command, &addr, f->port) != 0) {
            return fail(err, ERR_HOST, "netdev %s: cannot forward %s:%u to a command", n->id,
                        inet_ntoa(f->addr), f->port);
        }
    }
    return true;
}

static Slirp *start_slirp(struct host_netdev *n, const struct netdev_user_cfg *cfg)
{
    g_autoptr(GPtrArray) search = g_ptr_array_new();
    for (guint i = 0; cfg->dns_search != NULL && i < cfg->dns_search->len; i++) {
        g_ptr_array_add(search, g_ptr_array_index(cfg->dns_search, i));
    }
    g_ptr_array_add(search, NULL);
    SlirpConfig sc = {
        .version = 1,
        .restricted = cfg->restricted,
        .in_enabled = !cfg->no_ipv4,
        .vnetwork = cfg->net,
        .vnetmask = cfg->mask,
        .vhost = cfg->host,
        .vdhcp_start = cfg->dhcp_start,
        .vnameserver = cfg->dns,
        .in6_enabled = !cfg->no_ipv6,
        .vprefix_len = 64,
        .vhostname = cfg->hostname,
        .vdomainname = cfg->domainname,
        .tftp_path = cfg->tftp,
        .bootfile = cfg->bootfile,
        .tftp_server_name = cfg->tftp_server_name,
        .vdnssearch = cfg->dns_search != NULL ? (const char **)search->pdata : NULL,
    };
    (void)inet_pton(AF_INET6, "fec0::", &sc.vprefix_addr6);
    (void)inet_pton(AF_INET6, "fec0::2", &sc.vhost6);
    (void)inet_pton(AF_INET6, "fec0::3", &sc.vnameserver6);
    return slirp_new(&sc, &slirp_callbacks, n);
}

struct netdev *host_netdev_user_open(struct hostloop *h, const struct netdev_user_cfg *cfg,
                                     GError **err)
{
    static const struct netdev_ops ops = {.send = net_send};
    struct host_netdev *n = g_new0(struct host_netdev, 1);
    n->dev = (struct netdev){.ops = &ops, .opaque = n, .retry = net_retry};
    n->loop = h;
    n->id = g_strdup(cfg->id != NULL ? cfg->id : "user");
    n->last = &n->first;
    n->source = (struct host_source){
        .prepare = net_prepare,
        .dispatch = net_dispatch,
        .deliver = net_deliver,
        .waiting = net_waiting,
        .opaque = n,
    };
    hostloop_add(h, &n->source);
    if (cfg->tftp != NULL && !g_file_test(cfg->tftp, G_FILE_TEST_IS_DIR)) {
        fail(err, ERR_FILE, "netdev %s: tftp='%s' is not a directory", n->id, cfg->tftp);
        host_netdev_close(&n->dev);
        return NULL;
    }
    n->slirp = start_slirp(n, cfg);
    if (n->slirp == NULL) {
        fail(err, ERR_HOST, "netdev %s: the network stack did not start", n->id);
        host_netdev_close(&n->dev);
        return NULL;
    }
    if (!add_forwards(n, cfg, err)) {
        host_netdev_close(&n->dev);
        return NULL;
    }
    return &n->dev;
}
