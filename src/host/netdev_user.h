/* SPDX-License-Identifier: Apache-2.0 */
/*
 * User-mode network (`-netdev user`): NAT, DHCP, DNS and TFTP by libslirp, without privileges.
 *
 *     struct netdev_user_cfg cfg = {0};
 *     netdev_user_cfg_parse("user,id=n0,hostfwd=tcp::2222-:22", &cfg, err)
 *     struct netdev *n = host_netdev_user_open(loop, &cfg, err);
 */
#ifndef HOST_NETDEV_USER_H
#define HOST_NETDEV_USER_H

#include <glib.h>
#include <netinet/in.h>

#include "core/backend.h"
#include "host/hostloop.h"

struct netdev_fwd {
    bool udp;
    struct in_addr host_addr;  /* loopback when none was given; 0: all */
    struct in_addr guest_addr; /* 0: the first DHCP address */
    uint16_t host_port, guest_port;
    char *text; /* as given, for errors */
};

/* guestfwd=tcp:ADDR:PORT-cmd:COMMAND */
struct netdev_guestfwd {
    struct in_addr addr;
    uint16_t port;
    char *command;
};

struct netdev_user_cfg {
    char *id;
    bool restricted; /* no way out except by forwards */
    bool no_ipv4, no_ipv6;
    struct in_addr net, mask, host, dhcp_start, dns;
    char *hostname;
    char *domainname;
    char *tftp, *bootfile, *tftp_server_name;
    GPtrArray *dns_search; /* char *; may be NULL */
    GArray *fwd;           /* struct netdev_fwd; may be NULL */
    GArray *guestfwd;      /* struct netdev_guestfwd; may be NULL */
};

/* The text after -netdev, with or without "user," in front. On failure *out is clear. */
bool netdev_user_cfg_parse(const char *opts, struct netdev_user_cfg *out, GError **err);
void netdev_user_cfg_clear(struct netdev_user_cfg *c);
/* "tcp:[hostaddr]:port-[guestaddr]:port". */
bool netdev_user_parse_fwd(const char *text, struct netdev_fwd *out, GError **err);

struct netdev *host_netdev_user_open(struct hostloop *h, const struct netdev_user_cfg *cfg,
                                     GError **err);
void host_netdev_close(struct netdev *dev);
/* Frames lost because the queue to the guest was full. */
uint64_t host_netdev_dropped(const struct netdev *n);

#endif
