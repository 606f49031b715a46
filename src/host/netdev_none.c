/* SPDX-License-Identifier: Apache-2.0 */
/* In place of netdev_user.c where libslirp was not there at build time. */
#include "host/netdev_user.h"

struct netdev *host_netdev_user_open(struct hostloop *h, const struct netdev_user_cfg *cfg,
                                     GError **err)
{
    fail(err, ERR_HOST, "netdev user: this build has no libslirp");
    return NULL;
}

void host_netdev_close(struct netdev *dev) {}

uint64_t host_netdev_dropped(const struct netdev *n)
{
    return 0;
}
