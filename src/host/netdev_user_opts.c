/* SPDX-License-Identifier: Apache-2.0 */
/* The text form of the user-mode network, as in QEMU's manual, "-netdev user". */
#include <arpa/inet.h>
#include <glib.h>
#include <string.h>

#include "base/bits.h"
#include "host/netdev_user.h"

static void clear_fwd(gpointer p)
{
    g_free(((struct netdev_fwd *)p)->text);
}

static void clear_guestfwd(gpointer p)
{
    g_free(((struct netdev_guestfwd *)p)->command);
}

void netdev_user_cfg_clear(struct netdev_user_cfg *c)
{
    char *const strings[] = {c->id,   c->hostname, c->domainname,
                             c->tftp, c->bootfile, c->tftp_server_name};
    for (size_t i = 0; i < ARRAY_LEN(strings); i++) {
        g_free(strings[i]);
    }
    g_clear_pointer(&c->dns_search, g_ptr_array_unref);
    g_clear_pointer(&c->fwd, g_array_unref);
    g_clear_pointer(&c->guestfwd, g_array_unref);
    *c = (struct netdev_user_cfg){0};
}

/* ---- forwards ---- */

static bool parse_port(const char *s, bool zero_ok, uint16_t *out)
{
    guint64 v;
    if (!g_ascii_string_to_unsigned(s, 10, zero_ok ? 0 : 1, 65535, &v, NULL)) {
        return false;
    }
    *out = (uint16_t)v;
    return true;
}

/* "[addr]:port"; an empty address is 0. */
static bool parse_endpoint(const char *s, bool zero_ok, struct in_addr *addr, uint16_t *port)
{
    const char *colon = strrchr(s, ':');
    if (colon == NULL || !parse_port(colon + 1, zero_ok, port)) {
        return false;
    }
    g_autofree char *host = g_strndup(s, (size_t)(colon - s));
    addr->s_addr = 0;
    return *host == '\0' || inet_aton(host, addr) != 0;
}

/* "tcp:", "udp:" or ":" in front. */
static const char *skip_protocol(const char *s, bool *udp)
{
    *udp = g_str_has_prefix(s, "udp:");
    if (*udp || g_str_has_prefix(s, "tcp:")) {
        return s + 4;
    }
    return *s == ':' ? s + 1 : NULL;
}

bool netdev_user_parse_fwd(const char *text, struct netdev_fwd *out, GError **err)
{
    const char *rest = skip_protocol(text, &out->udp);
    const char *dash = rest != NULL ? strchr(rest, '-') : NULL;
    g_autofree char *left = dash != NULL ? g_strndup(rest, (size_t)(dash - rest)) : NULL;
    if (left == NULL || !parse_endpoint(left, true, &out->host_addr, &out->host_port) ||
        !parse_endpoint(dash + 1, false, &out->guest_addr, &out->guest_port)) {
        return fail(err, ERR_OPTION,
                    "hostfwd=%s: the form is tcp|udp:[HOSTADDR]:PORT-[GUESTADDR]:PORT", text);
    }
    if (*rest == ':') { /* no address: nobody but this host, as with every server here */
        out->host_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    out->text = g_strdup(text);
    return true;
}

static bool add_fwd(struct netdev_user_cfg *c, const char *text, GError **err)
{
    struct netdev_fwd f = {0};
    if (!netdev_user_parse_fwd(text, &f, err)) {
        return false;
    }
    if (c->fwd == NULL) {
        c->fwd = g_array_new(FALSE, TRUE, sizeof(f));
        g_array_set_clear_func(c->fwd, clear_fwd);
    }
    g_array_append_val(c->fwd, f);
    return true;
}

static bool add_guestfwd(struct netdev_user_cfg *c, const char *text, GError **err)
{
    struct netdev_guestfwd f = {0};
    bool udp = false;
    const char *rest = skip_protocol(text, &udp);
    const char *dash = rest != NULL ? strchr(rest, '-') : NULL;
    g_autofree char *left = dash != NULL ? g_strndup(rest, (size_t)(dash - rest)) : NULL;
    if (left == NULL || udp || !parse_endpoint(left, false, &f.addr, &f.port) ||
        !g_str_has_prefix(dash, "-cmd:")) {
        return fail(err, ERR_OPTION, "guestfwd=%s: the form is tcp:ADDR:PORT-cmd:COMMAND", text);
    }
    f.command = g_strdup(dash + strlen("-cmd:"));
    if (c->guestfwd == NULL) {
        c->guestfwd = g_array_new(FALSE, TRUE, sizeof(f));
        g_array_set_clear_func(c->guestfwd, clear_guestfwd);
    }
    g_array_append_val(c->guestfwd, f);
    return true;
}

/* ---- addresses ---- */

/* The mask QEMU takes when none is given, by range; first match. Host byte order. */
static const struct {
    uint32_t mask, value, netmask;
} default_masks[] = {
    {0x80000000, 0x00000000, 0xff000000}, {0xfff00000, 0xac100000, 0xfff00000},
    {0xc0000000, 0x80000000, 0xffff0000}, {0xffff0000, 0xc0a80000, 0xffff0000},
    {0xffff0000, 0xc6120000, 0xfffe0000}, {0xe0000000, 0xe0000000, 0xfffffff0},
    {0x00000000, 0x00000000, 0xffffff00},
};

static bool parse_mask(const char *s, struct in_addr *out)
{
    guint64 bits;
    if (strchr(s, '.') != NULL) {
        return inet_aton(s, out) != 0;
    }
    if (!g_ascii_string_to_unsigned(s, 10, 4, 32, &bits, NULL)) {
        return false;
    }
    out->s_addr = htonl(UINT32_MAX << (32 - bits));
    return true;
}

/* "10.0.2.0/24", "10.0.2.0/255.255.255.0" or "10.0.2.0". */
static bool parse_net(struct netdev_user_cfg *c, const char *s)
{
    const char *slash = strchr(s, '/');
    g_autofree char *addr = slash != NULL ? g_strndup(s, (size_t)(slash - s)) : g_strdup(s);
    if (inet_aton(addr, &c->net) == 0) {
        return false;
    }
    if (slash != NULL) {
        if (!parse_mask(slash + 1, &c->mask)) {
            return false;
        }
    } else {
        uint32_t a = ntohl(c->net.s_addr);
        unsigned i = 0;
        while ((a & default_masks[i].mask) != default_masks[i].value) {
            i++;
        }
        c->mask.s_addr = htonl(default_masks[i].netmask);
    }
    c->net.s_addr &= c->mask.s_addr;
    return true;
}

/* Addresses may be given as the part within the net only. */
static void complete_address(const struct netdev_user_cfg *c, struct in_addr *a, uint32_t suffix)
{
    if (a->s_addr == 0) {
        a->s_addr = c->net.s_addr | (htonl(suffix) & ~c->mask.s_addr);
    } else if ((a->s_addr & c->mask.s_addr) == 0) {
        a->s_addr |= c->net.s_addr;
    }
}

static bool finish_addresses(struct netdev_user_cfg *c, GError **err)
{
    if (c->net.s_addr == 0 && !parse_net(c, "10.0.2.0/24")) {
        return false;
    }
    complete_address(c, &c->host, 0x0202);
    complete_address(c, &c->dhcp_start, 0x020f);
    complete_address(c, &c->dns, 0x0203);
    const struct {
        const char *name;
        struct in_addr addr;
    } within[] = {{"host", c->host}, {"dhcpstart", c->dhcp_start}, {"dns", c->dns}};
    for (size_t i = 0; i < ARRAY_LEN(within); i++) {
        if ((within[i].addr.s_addr & c->mask.s_addr) != c->net.s_addr) {
            return fail(err, ERR_OPTION, "netdev user: %s=%s is outside the network",
                        within[i].name, inet_ntoa(within[i].addr));
        }
    }
    if (c->host.s_addr == c->dns.s_addr || c->dhcp_start.s_addr == c->host.s_addr ||
        c->dhcp_start.s_addr == c->dns.s_addr) {
        return fail(err, ERR_OPTION, "netdev user: host, dns and dhcpstart have to differ");
    }
    return true;
}

/* ---- options ---- */

enum value_type { V_STRING, V_BOOL, V_NOT, V_ADDR };

static const struct key {
    const char *name;
    enum value_type type;
    size_t off;
} keys[] = {
    {"id", V_STRING, offsetof(struct netdev_user_cfg, id)},
    {"hostname", V_STRING, offsetof(struct netdev_user_cfg, hostname)},
    {"domainname", V_STRING, offsetof(struct netdev_user_cfg, domainname)},
    {"tftp", V_STRING, offsetof(struct netdev_user_cfg, tftp)},
    {"bootfile", V_STRING, offsetof(struct netdev_user_cfg, bootfile)},
    {"tftp-server-name", V_STRING, offsetof(struct netdev_user_cfg, tftp_server_name)},
    {"restrict", V_BOOL, offsetof(struct netdev_user_cfg, restricted)},
    {"ipv4", V_NOT, offsetof(struct netdev_user_cfg, no_ipv4)},
    {"ipv6", V_NOT, offsetof(struct netdev_user_cfg, no_ipv6)},
    {"host", V_ADDR, offsetof(struct netdev_user_cfg, host)},
    {"dhcpstart", V_ADDR, offsetof(struct netdev_user_cfg, dhcp_start)},
    {"dns", V_ADDR, offsetof(struct netdev_user_cfg, dns)},
};

static bool set_key(struct netdev_user_cfg *c, const struct key *k, const char *v)
{
    void *field = (char *)c + k->off;
    bool on = g_str_equal(v, "on") || g_str_equal(v, "yes") || g_str_equal(v, "y");
    bool off = g_str_equal(v, "off") || g_str_equal(v, "no") || g_str_equal(v, "n");
    switch (k->type) {
    case V_STRING:
        g_free(*(char **)field);
        *(char **)field = g_strdup(v);
        return true;
    case V_ADDR:
        return inet_aton(v, field) != 0;
    default:
        *(bool *)field = k->type == V_BOOL ? on : off;
        return on || off;
    }
}

static bool set_option(struct netdev_user_cfg *c, const char *text, GError **err)
{
    const char *eq = strchr(text, '=');
    g_autofree char *name = eq != NULL ? g_strndup(text, (size_t)(eq - text)) : g_strdup(text);
    const char *value = eq != NULL ? eq + 1 : "on";
    if (g_str_equal(name, "hostfwd")) {
        return add_fwd(c, value, err);
    }
    if (g_str_equal(name, "guestfwd")) {
        return add_guestfwd(c, value, err);
    }
    if (g_str_equal(name, "dnssearch")) {
        if (c->dns_search == NULL) {
            c->dns_search = g_ptr_array_new_with_free_func(g_free);
        }
        g_ptr_array_add(c->dns_search, g_strdup(value));
        return true;
    }
    if (g_str_equal(name, "net")) {
        return parse_net(c, value) ||
               fail(err, ERR_OPTION, "netdev user: net=%s is not ADDRESS/MASK", value);
    }
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (g_str_equal(name, keys[i].name)) {
            return set_key(c, &keys[i], value) ||
                   fail(err, ERR_OPTION, "netdev user: %s=%s is not valid", name, value);
        }
    }
    return fail(err, ERR_OPTION, "netdev user: unknown option '%s'", name);
}

bool netdev_user_cfg_parse(const char *opts, struct netdev_user_cfg *out, GError **err)
{
    *out = (struct netdev_user_cfg){0};
    /* A comma inside a value is doubled. */
    g_auto(GStrv) halves = g_strsplit(opts, ",,", -1);
    g_autofree char *marked = g_strjoinv("\001", halves);
    g_auto(GStrv) parts = g_strsplit(marked, ",", -1);
    bool ok = true;
    for (guint i = 0; parts[i] != NULL && ok; i++) {
        g_strdelimit(parts[i], "\001", ',');
        bool is_kind = i == 0 && (g_str_equal(parts[i], "user") || *parts[i] == '\0');
        ok = is_kind || set_option(out, parts[i], err);
    }
    ok = ok && finish_addresses(out, err);
    if (!ok) {
        netdev_user_cfg_clear(out);
    }
    return ok;
}
