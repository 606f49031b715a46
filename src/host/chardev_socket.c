/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Character backends over stream sockets: TCP and Unix, server and client, one peer at a time.
 *
 * An address without a host is the loopback interface; others have to be named. Left out: telnet,
 * TLS, WebSocket.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/chardev_internal.h"

enum { WAIT_SLICE_MS = 200 };

struct chr_socket {
    struct host_chardev base;
    int listen_fd; /* -1: a client */
    int fd;        /* the peer; -1: none */
    int watch_listen, watch_peer;
    bool no_delay;
    unsigned reconnect_s;
    int64_t retry_at_ms;
    char *unlink_path; /* a Unix socket we made */
    struct sockaddr_storage peer;
    socklen_t peer_len;
};

static const char *name_of(const struct chardev_cfg *cfg)
{
    return cfg->id != NULL ? cfg->id : "socket";
}

static bool set_modes(int fd, bool no_delay)
{
    int one = 1;
    if (no_delay) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    }
    return fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
}

static void drop_peer(struct chr_socket *s)
{
    if (s->fd >= 0) {
        close(s->fd);
        s->fd = -1;
        s->retry_at_ms = hostloop_now_ms() + s->reconnect_s * INT64_C(1000);
        chr_peer(&s->base, false);
    }
}

static void try_accept(struct chr_socket *s)
{
    int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        (void)set_modes(fd, s->no_delay);
        s->fd = fd;
        chr_peer(&s->base, true);
    }
}

/* A peer that went away is tried again in the background. Loopback answers at once; elsewhere this
 * takes as long as the connection does. */
static void try_reconnect(struct chr_socket *s)
{
    int fd = socket(s->peer.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    s->retry_at_ms = hostloop_now_ms() + s->reconnect_s * INT64_C(1000);
    if (fd < 0) {
        return;
    }
    if (connect(fd, (const struct sockaddr *)&s->peer, s->peer_len) != 0 ||
        !set_modes(fd, s->no_delay)) {
        close(fd);
        return;
    }
    s->fd = fd;
    chr_peer(&s->base, true);
}

/* ---- the kind ---- */

static void socket_send(struct host_chardev *c, const uint8_t *buf, size_t len)
{
    struct chr_socket *s = (struct chr_socket *)c;
    if (s->fd >= 0 && !chr_write_fd(c, s->fd, buf, len, false)) {
        drop_peer(s);
    }
}

static void socket_prepare(struct host_chardev *c, int *timeout_ms)
{
    struct chr_socket *s = (struct chr_socket *)c;
    s->watch_listen = -1;
    s->watch_peer = -1;
    if (s->fd >= 0) {
        if (chr_input_room(c) != 0) {
            s->watch_peer = hostloop_watch(c->loop, s->fd, POLLIN);
        }
    } else if (s->listen_fd >= 0) {
        s->watch_listen = hostloop_watch(c->loop, s->listen_fd, POLLIN);
    } else if (s->reconnect_s != 0) {
        int64_t left = s->retry_at_ms - hostloop_now_ms();
        left = left < 0 ? 0 : left;
        if (*timeout_ms < 0 || *timeout_ms > left) {
            *timeout_ms = (int)left;
        }
    }
}

static void read_peer(struct chr_socket *s)
{
    uint8_t buf[1024];
    size_t room = chr_input_room(&s->base);
    ssize_t n = recv(s->fd, buf, room < sizeof(buf) ? room : sizeof(buf), 0);
    if (n > 0) {
        chr_input(&s->base, buf, (size_t)n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        drop_peer(s);
    }
}

static void socket_dispatch(struct host_chardev *c)
{
    struct chr_socket *s = (struct chr_socket *)c;
    if (s->fd >= 0) {
        if (hostloop_revents(c->loop, s->watch_peer) != 0 && chr_input_room(c) != 0) {
            read_peer(s);
        }
    } else if (s->listen_fd >= 0) {
        if (hostloop_revents(c->loop, s->watch_listen) != 0) {
            try_accept(s);
        }
    } else if (s->reconnect_s != 0 && hostloop_now_ms() >= s->retry_at_ms) {
        try_reconnect(s);
    }
}

static void socket_close(struct host_chardev *c)
{
    struct chr_socket *s = (struct chr_socket *)c;
    drop_peer(s);
    if (s->listen_fd >= 0) {
        close(s->listen_fd);
    }
    if (s->unlink_path != NULL) {
        (void)unlink(s->unlink_path);
        g_free(s->unlink_path);
    }
}

static const struct chr_kind_ops socket_ops = {
    .name = "socket",
    .has_peers = true,
    .send = socket_send,
    .prepare = socket_prepare,
    .dispatch = socket_dispatch,
    .close = socket_close,
};

/* ---- opening ---- */

static bool unix_address(const struct chardev_cfg *cfg, struct chr_socket *s, GError **err)
{
    struct sockaddr_un *a = (struct sockaddr_un *)&s->peer;
    if (strlen(cfg->path) >= sizeof(a->sun_path)) {
        return fail(err, ERR_OPTION, "%s: socket path '%s' is longer than %zu bytes", name_of(cfg),
                    cfg->path, sizeof(a->sun_path) - 1);
    }
    a->sun_family = AF_UNIX;
    g_strlcpy(a->sun_path, cfg->path, sizeof(a->sun_path));
    s->peer_len = sizeof(*a);
    return true;
}

static bool tcp_address(const struct chardev_cfg *cfg, unsigned port, struct chr_socket *s,
                        GError **err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC};
    struct addrinfo *found = NULL;
    const char *host = cfg->host != NULL && *cfg->host != '\0' ? cfg->host : "127.0.0.1";
    char service[16];
    g_snprintf(service, sizeof(service), "%u", port);
    int e = getaddrinfo(host, service, &hints, &found);
    if (e != 0) {
        return fail(err, ERR_OPTION, "%s: address '%s:%s': %s", name_of(cfg), host, service,
                    gai_strerror(e));
    }
    memcpy(&s->peer, found->ai_addr, found->ai_addrlen);
    s->peer_len = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

static bool parse_port(const struct chardev_cfg *cfg, unsigned *out, GError **err)
{
    guint64 v;
    if (cfg->port == NULL || !g_ascii_string_to_unsigned(cfg->port, 10, 0, 65535, &v, NULL)) {
        return fail(err, ERR_OPTION, "%s: '%s' is not a port number", name_of(cfg),
                    cfg->port != NULL ? cfg->port : "");
    }
    *out = (unsigned)v;
    return true;
}

static bool start_listening(struct chr_socket *s)
{
    int one = 1;
    int fd = socket(s->peer.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return false;
    }
    if (s->peer.ss_family != AF_UNIX) {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    }
    if (bind(fd, (const struct sockaddr *)&s->peer, s->peer_len) != 0 || listen(fd, 1) != 0) {
        int e = errno;
        close(fd);
        errno = e;
        return false;
    }
    s->listen_fd = fd;
    return true;
}

/* host:port as it turned out to be (port 0 asks the kernel for one). */
static void name_socket(struct chr_socket *s, const struct chardev_cfg *cfg)
{
    char host[NI_MAXHOST] = "?";
    char port[NI_MAXSERV] = "?";
    struct sockaddr_storage a = s->peer;
    socklen_t len = s->peer_len;
    s->base.where = g_string_new(NULL);
    if (cfg->path != NULL) {
        g_string_append_printf(s->base.where, "unix:%s", cfg->path);
    } else {
        if (s->listen_fd >= 0) {
            (void)getsockname(s->listen_fd, (struct sockaddr *)&a, &len);
        }
        (void)getnameinfo((struct sockaddr *)&a, len, host, sizeof(host), port, sizeof(port),
                          NI_NUMERICHOST | NI_NUMERICSERV);
        bool v6 = a.ss_family == AF_INET6;
        g_string_append_printf(s->base.where, v6 ? "tcp:[%s]:%s" : "tcp:%s:%s", host, port);
    }
    g_string_append(s->base.where, cfg->server ? ",server=on" : "");
}

static bool open_server(struct chr_socket *s, const struct chardev_cfg *cfg, unsigned port,
                        GError **err)
{
    unsigned last = cfg->port_to > port ? cfg->port_to : port;
    if (cfg->path != NULL) {
        (void)unlink(cfg->path); /* left over from an earlier run */
        if (!unix_address(cfg, s, err)) {
            return false;
        }
        if (!start_listening(s)) {
            return fail(err, ERR_HOST, "%s: cannot listen on '%s': %s", name_of(cfg), cfg->path,
                        g_strerror(errno));
        }
        s->unlink_path = g_strdup(cfg->path);
        return true;
    }
    for (unsigned p = port;; p++) {
        if (!tcp_address(cfg, p, s, err)) {
            return false;
        }
        if (start_listening(s)) {
            return true;
        }
        if (p == last) {
            return fail(err, ERR_HOST, "%s: cannot listen on port %u: %s", name_of(cfg), p,
                        g_strerror(errno));
        }
    }
}

static bool open_client(struct chr_socket *s, const struct chardev_cfg *cfg, unsigned port,
                        GError **err)
{
    if (!(cfg->path != NULL ? unix_address(cfg, s, err) : tcp_address(cfg, port, s, err))) {
        return false;
    }
    try_reconnect(s);
    if (s->fd < 0 && s->reconnect_s == 0) {
        return cfg->path != NULL
                   ? fail(err, ERR_HOST, "%s: cannot connect to '%s': %s", name_of(cfg), cfg->path,
                          g_strerror(errno))
                   : fail(err, ERR_HOST, "%s: cannot connect to '%s' port %u: %s", name_of(cfg),
                          cfg->host != NULL ? cfg->host : "127.0.0.1", port, g_strerror(errno));
    }
    return true;
}

/* Was the process asked to end? Its signals may be blocked, to be read elsewhere later. */
static bool end_signal_pending(void)
{
    static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    sigset_t set;
    bool any = false;
    sigemptyset(&set);
    (void)sigpending(&set);
    for (size_t i = 0; i < G_N_ELEMENTS(ending); i++) {
        any |= sigismember(&set, ending[i]) == 1;
    }
    return any;
}

/* server=on without wait=off: the machine starts when somebody is there. */
static bool wait_for_client(struct hostloop *h, struct chr_socket *s, const struct chardev_cfg *cfg,
                            GError **err)
{
    printf("armature: waiting for a connection on %s\n", s->base.where->str);
    (void)fflush(stdout);
    while (s->fd < 0) {
        struct pollfd p = {.fd = s->listen_fd, .events = POLLIN};
        int n = poll(&p, 1, WAIT_SLICE_MS);
        if ((n < 0 && errno != EINTR) || hostloop_leaving(h) || end_signal_pending()) {
            return fail(err, ERR_HOST, "%s: interrupted while waiting for a connection",
                        name_of(cfg));
        }
        try_accept(s);
    }
    return true;
}

struct host_chardev *chr_socket_open(struct hostloop *h, const struct chardev_cfg *cfg,
                                     GError **err)
{
    struct chr_socket *s = g_new0(struct chr_socket, 1);
    unsigned port = 0;
    s->base.ops = &socket_ops;
    s->listen_fd = -1;
    s->fd = -1;
    s->no_delay = cfg->no_delay && cfg->path == NULL;
    s->reconnect_s = cfg->server ? 0 : cfg->reconnect_s;
    bool ok = cfg->path != NULL || parse_port(cfg, &port, err);
    ok = ok && (cfg->server ? open_server(s, cfg, port, err) : open_client(s, cfg, port, err));
    if (ok) {
        name_socket(s, cfg);
        ok = !cfg->server || cfg->no_wait || wait_for_client(h, s, cfg, err);
    }
    if (!ok) {
        socket_close(&s->base);
        if (s->base.where != NULL) {
            g_string_free(s->base.where, TRUE);
        }
        g_free(s);
        return NULL;
    }
    return &s->base;
}
