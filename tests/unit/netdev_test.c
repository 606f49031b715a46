/* SPDX-License-Identifier: Apache-2.0 */
/* The user-mode network: options, and a small guest that resolves, gets an address and is dialled.
 */
#include <arpa/inet.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fakes/unit.h"
#include "host/netdev_user.h"

static void test_options(void **state)
{
    struct netdev_user_cfg c;
    assert_true(netdev_user_cfg_parse("user,id=n0,hostfwd=tcp::2222-:22,"
                                      "hostfwd=udp:127.0.0.1:53-10.0.2.15:5353,restrict=on",
                                      &c, NULL));
    assert_string_equal(c.id, "n0");
    assert_true(c.restricted);
    assert_int_equal(c.fwd->len, 2);
    const struct netdev_fwd *f = &g_array_index(c.fwd, struct netdev_fwd, 0);
    assert_true(!f->udp && f->host_addr.s_addr == htonl(INADDR_LOOPBACK) &&
                f->guest_addr.s_addr == 0);
    assert_int_equal(f->host_port, 2222);
    assert_int_equal(f->guest_port, 22);
    f = &g_array_index(c.fwd, struct netdev_fwd, 1);
    assert_true(f->udp);
    assert_string_equal(inet_ntoa(f->guest_addr), "10.0.2.15");
    assert_string_equal(inet_ntoa(c.net), "10.0.2.0");
    assert_string_equal(inet_ntoa(c.host), "10.0.2.2");
    assert_string_equal(inet_ntoa(c.dns), "10.0.2.3");
    assert_string_equal(inet_ntoa(c.dhcp_start), "10.0.2.15");
    netdev_user_cfg_clear(&c);
    assert_true(netdev_user_cfg_parse("net=192.168.76.0/24,dhcpstart=192.168.76.9", &c, NULL));
    assert_string_equal(inet_ntoa(c.host), "192.168.76.2");
    assert_string_equal(inet_ntoa(c.dhcp_start), "192.168.76.9");
    assert_string_equal(inet_ntoa(c.mask), "255.255.255.0");
    netdev_user_cfg_clear(&c);
}

static void test_bad_options(void **state)
{
    static const char *const bad[] = {
        "user,speed=fast",
        "hostfwd=tcp:2222-:22",
        "hostfwd=tcp::2222",
        "hostfwd=icmp::1-:1",
        "hostfwd=tcp::99999-:22",
        "net=banana",
        "net=10.0.2.0/24,host=9.9.9.9",
        "dns=10.0.2.2",
        "restrict=maybe",
        "guestfwd=tcp:10.0.2.9:80",
        "hostfwd=tcp:300.1.1.1:1-:1",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        struct netdev_user_cfg c;
        GError *err = NULL;
        assert_false(netdev_user_cfg_parse(bad[i], &c, &err));
        assert_non_null(err);
        g_error_free(err);
    }
}

/* ---- a guest of a few frames ---- */

struct guest {
    struct netdev *net;
    bool full; /* no buffers */
    unsigned n, refused;
    uint8_t frame[2048];
    size_t len;
};

static bool guest_deliver(void *dev, const uint8_t *frame, size_t len)
{
    struct guest *g = dev;
    if (g->full) {
        g->refused++;
        return false;
    }
    g->n++;
    g->len = len < sizeof(g->frame) ? len : sizeof(g->frame);
    memcpy(g->frame, frame, g->len);
    return true;
}

static struct netdev *open_net(struct hostloop *h, const char *opts, struct guest *g, GError **err)
{
    struct netdev_user_cfg c;
    assert_true(netdev_user_cfg_parse(opts, &c, NULL));
    struct netdev *n = host_netdev_user_open(h, &c, err);
    netdev_user_cfg_clear(&c);
    if (n != NULL) {
        memset(g, 0, sizeof(*g));
        g->net = n;
        n->deliver = guest_deliver;
        n->dev = g;
    }
    return n;
}

static const uint8_t guest_mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};

static void send_arp(struct guest *g, const char *target)
{
    static const uint8_t head[8] = {0, 1, 8, 0, 6, 4, 0, 1};
    uint8_t f[42];
    memset(f, 0xff, 6);
    memcpy(f + 6, guest_mac, 6);
    f[12] = 0x08;
    f[13] = 0x06;
    memcpy(f + 14, head, 8);
    memcpy(f + 22, guest_mac, 6);
    inet_pton(AF_INET, "10.0.2.15", f + 28);
    memset(f + 32, 0, 6);
    inet_pton(AF_INET, target, f + 38);
    g->net->ops->send(g->net->opaque, f, sizeof(f));
}

static void test_arp_and_back_pressure(void **state)
{
    struct guest g;
    struct hostloop *h = hostloop_new();
    struct netdev *n = open_net(h, "user,id=n0,ipv6=off", &g, NULL);
    assert_non_null(n);
    send_arp(&g, "10.0.2.2");
    assert_int_equal(g.n, 0); /* only host_poll delivers */
    assert_true(host_poll_due(h));
    assert_true(host_poll(h, 0));
    assert_int_equal(g.n, 1);
    assert_true(g.len >= 42 && g.frame[21] == 2); /* a reply */
    g.full = true;
    send_arp(&g, "10.0.2.2");
    send_arp(&g, "10.0.2.3");
    (void)host_poll(h, 0);
    (void)host_poll(h, 0);
    assert_int_equal(g.refused, 1); /* asks again only when told */
    g.full = false;
    n->retry(n->opaque);
    (void)host_poll(h, 0);
    assert_int_equal(g.n, 3);
    host_netdev_close(n);
    hostloop_free(h);
}

static void test_queue_is_bounded(void **state)
{
    struct guest g;
    struct hostloop *h = hostloop_new();
    struct netdev *n = open_net(h, "user,id=n0,ipv6=off", &g, NULL);
    g.full = true;
    for (unsigned i = 0; i < 3000; i++) {
        send_arp(&g, "10.0.2.2");
    }
    assert_true(host_netdev_dropped(n) > 1000);
    host_netdev_close(n);
    hostloop_free(h);
}

static unsigned free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    close(fd);
    return ntohs(a.sin_port);
}

/* A connection to the forwarded port shows up in the guest as a SYN to port 22. */
static void test_hostfwd(void **state)
{
    struct guest g, other;
    unsigned port = free_port();
    g_autofree char *opts =
        g_strdup_printf("user,id=n0,ipv6=off,hostfwd=tcp:127.0.0.1:%u-10.0.2.15:22", port);
    struct hostloop *h = hostloop_new();
    struct netdev *n = open_net(h, opts, &g, NULL);
    assert_non_null(n);
    GError *err = NULL;
    assert_null(open_net(h, opts, &other, &err)); /* the port is taken */
    assert_non_null(err);
    assert_non_null(strstr(err->message, "in use"));
    g_error_free(err);

    send_arp(&g, "10.0.2.2"); /* libslirp learns who is 10.0.2.15 */
    (void)host_poll(h, 0);
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    (void)connect(fd, (struct sockaddr *)&a, sizeof(a));
    bool syn = false;
    for (unsigned i = 0; i < 200 && !syn; i++) {
        (void)host_poll(h, 10);
        syn = g.len >= 54 && g.frame[12] == 8 && g.frame[13] == 0 && g.frame[23] == 6 &&
              g.frame[36] == 0 && g.frame[37] == 22 && (g.frame[47] & 2) != 0;
    }
    assert_true(syn);
    close(fd);
    host_netdev_close(n);
    hostloop_free(h);
}

static void test_errors(void **state)
{
    struct guest g;
    GError *err = NULL;
    struct hostloop *h = hostloop_new();
    assert_null(open_net(h, "user,id=n0,tftp=/nonexistent", &g, &err));
    assert_non_null(strstr(err->message, "not a directory"));
    g_error_free(err);
    hostloop_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_arp_and_back_pressure),
        cmocka_unit_test(test_queue_is_bounded),
        cmocka_unit_test(test_hostfwd),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
