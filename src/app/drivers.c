/* SPDX-License-Identifier: Apache-2.0 */
#include "app/drivers.h"

#include <string.h>

#include "app/suggest.h"
#include "app/wiring.h"
#include "base/bits.h"
#include "devices/virtio_blk.h"
#include "devices/virtio_console.h"
#include "devices/virtio_net.h"
#include "devices/virtio_rng.h"

#define BUS_PREFIX "virtio-mmio-bus."

/* "bus=virtio-mmio-bus.5": the slot, or -1. */
static bool get_slot(const struct optlist *l, int *out, GError **err)
{
    const char *bus = optlist_get(l, "bus");
    uint64_t n = 0;

    *out = -1;
    if (bus == NULL) {
        return true;
    }
    if (!g_str_has_prefix(bus, BUS_PREFIX)) {
        return fail(err, ERR_OPTION, "%s: there is no bus '%s' (" BUS_PREFIX "0 to 31)",
                    optlist_what(l), bus);
    }
    if (!optlist_parse_u64(optlist_what(l), bus + strlen(BUS_PREFIX), VIRT_N_VIRTIO - 1, &n, err)) {
        return false;
    }
    *out = (int)n;
    return true;
}

static bool plug(struct wiring *w, const struct optlist *l, struct virtio_dev *d, GError **err)
{
    int slot;
    if (d == NULL) {
        return false;
    }
    if (!get_slot(l, &slot, err)) {
        virtio_dev_free(d);
        return false;
    }
    return wiring_plug(w, optlist_what(l), slot, d, err);
}

static const char *name_of(const struct optlist *l, const char *otherwise)
{
    const char *id = optlist_get(l, "id");
    return id != NULL ? id : otherwise;
}

static bool create_blk(struct wiring *w, const struct optlist *l, GError **err)
{
    const char *drive = optlist_get(l, "drive");
    uint64_t logical = 0;
    uint64_t physical = 0;
    uint64_t queue = 0;

    if (drive == NULL) {
        return fail(err, ERR_OPTION, "%s needs drive=", optlist_what(l));
    }
    if (!optlist_size(l, "logical_block_size", 1, &logical, err) ||
        !optlist_size(l, "physical_block_size", 1, &physical, err) ||
        !optlist_u64(l, "queue-size", VIRTQ_NUM_MAX, &queue, err)) {
        return false;
    }
    struct blockdev *disk = wiring_take_drive(w, optlist_what(l), drive, err);
    if (disk == NULL) {
        return false;
    }
    struct virtio_blk_cfg cfg = {
        .id = name_of(l, drive),
        .disk = disk,
        .serial = optlist_get(l, "serial"),
        .logical_block_size = (uint32_t)MIN(logical, UINT32_MAX),
        .physical_block_size = (uint32_t)MIN(physical, UINT32_MAX),
        .queue_size = (uint16_t)queue,
    };
    return plug(w, l, virtio_blk_new(&cfg, err), err);
}

static bool parse_mac(const char *text, uint8_t mac[6])
{
    for (size_t i = 0; i < 6; i++) {
        int hi = g_ascii_xdigit_value(text[3 * i]);
        int lo = hi < 0 ? -1 : g_ascii_xdigit_value(text[3 * i + 1]);
        if (lo < 0 || text[3 * i + 2] != (i == 5 ? '\0' : ':')) {
            return false;
        }
        mac[i] = (uint8_t)(hi << 4 | lo);
    }
    return true;
}

static bool fill_net(struct wiring *w, const struct optlist *l, struct virtio_net_cfg *cfg,
                     GError **err)
{
    const char *mac = optlist_get(l, "mac");
    const char *netdev = optlist_get(l, "netdev");
    uint64_t mtu = 0;
    uint64_t queue = 0;
    bool mergeable = true;
    bool ctrl = true;

    /* The addresses that the reference hands out. */
    const uint8_t first[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    memcpy(cfg->mac, first, sizeof(first));
    cfg->mac[5] = (uint8_t)(first[5] + wiring_next_nic(w));
    if (mac != NULL && !parse_mac(mac, cfg->mac)) {
        return fail(err, ERR_OPTION, "%s: '%s' is not a MAC address", optlist_what(l), mac);
    }
    if (cfg->mac[0] & 1) {
        return fail(err, ERR_OPTION, "%s: '%s' is a multicast address", optlist_what(l), mac);
    }
    if (!optlist_u64(l, "host_mtu", UINT16_MAX, &mtu, err) ||
        !optlist_u64(l, "rx_queue_size", VIRTQ_NUM_MAX, &queue, err) ||
        !optlist_bool(l, "mrg_rxbuf", &mergeable, err) || !optlist_bool(l, "ctrl_vq", &ctrl, err)) {
        return false;
    }
    cfg->mtu = (uint16_t)mtu;
    cfg->queue_size = (uint16_t)queue;
    cfg->no_mergeable_buf = !mergeable;
    cfg->no_ctrl_vq = !ctrl;
    cfg->net = NULL;
    if (netdev != NULL) {
        cfg->net = wiring_take_netdev(w, optlist_what(l), netdev, err);
        return cfg->net != NULL;
    }
    return true;
}

static bool create_net(struct wiring *w, const struct optlist *l, GError **err)
{
    struct virtio_net_cfg cfg = {.id = name_of(l, "virtio-net")};
    return fill_net(w, l, &cfg, err) && plug(w, l, virtio_net_new(&cfg, err), err);
}

static bool create_rng(struct wiring *w, const struct optlist *l, GError **err)
{
    const char *rng = optlist_get(l, "rng");
    if (rng != NULL && !wiring_has_object(w, rng)) {
        return fail(err, ERR_OPTION, "%s: there is no object '%s'", optlist_what(l), rng);
    }
    const char *name = name_of(l, "virtio-rng");
    return plug(w, l, virtio_rng_new(name, wiring_entropy(w, name)), err);
}

static bool create_serial_bus(struct wiring *w, const struct optlist *l, GError **err)
{
    uint64_t ports = 0;
    if (!optlist_u64(l, "max_ports", 31, &ports, err)) {
        return false;
    }
    struct virtio_console_cfg cfg = {.id = name_of(l, "virtio-serial"),
                                     .max_ports = (unsigned)ports};
    struct virtio_dev *d = virtio_console_new(&cfg, err);
    if (!plug(w, l, d, err)) {
        return false;
    }
    *wiring_serial_bus(w) = d;
    return true;
}

static bool create_port(struct wiring *w, const struct optlist *l, bool console, GError **err)
{
    const char *chardev = optlist_get(l, "chardev");
    uint64_t nr = UINT64_MAX;
    struct virtio_port_cfg cfg = {.name = optlist_get(l, "name"), .console = console, .nr = -1};

    if (*wiring_serial_bus(w) == NULL) {
        return fail(err, ERR_OPTION, "%s: put -device virtio-serial-device before it",
                    optlist_what(l));
    }
    if (!optlist_u64(l, "nr", 30, &nr, err)) {
        return false;
    }
    if (nr != UINT64_MAX) {
        cfg.nr = (int)nr;
    }
    if (chardev != NULL) {
        cfg.chr = wiring_device_chardev(w, optlist_what(l), chardev, err);
        if (cfg.chr == NULL) {
            return false;
        }
    }
    return virtio_console_add_port(*wiring_serial_bus(w), &cfg, err);
}

static bool create_console_port(struct wiring *w, const struct optlist *l, GError **err)
{
    return create_port(w, l, true, err);
}

static bool create_serial_port(struct wiring *w, const struct optlist *l, GError **err)
{
    return create_port(w, l, false, err);
}

/* Properties that every virtio device takes, and that make no difference here. */
#define VIRTIO_PROPS                                                                               \
    "driver", "id", "bus", "bootindex", "event_idx", "indirect_desc", "any_layout",                \
        "iommu_platform", "packed", "in_order", "notify_on_empty", "ioeventfd", "use-started"

static const char *const blk_props[] = {VIRTIO_PROPS,
                                        "drive",
                                        "serial",
                                        "logical_block_size",
                                        "physical_block_size",
                                        "queue-size",
                                        "write-cache",
                                        "share-rw",
                                        "config-wce",
                                        "discard",
                                        "write-zeroes",
                                        "num-queues",
                                        "scsi",
                                        "iothread",
                                        "request-merging",
                                        "min_io_size",
                                        "opt_io_size",
                                        "rerror",
                                        "werror",
                                        NULL};
static const char *const net_props[] = {
    VIRTIO_PROPS,    "netdev",        "mac",        "mrg_rxbuf", "ctrl_vq",   "host_mtu",
    "rx_queue_size", "tx_queue_size", "mq",         "vectors",   "csum",      "gso",
    "guest_csum",    "guest_tso4",    "guest_tso6", "guest_ecn", "guest_ufo", "host_tso4",
    "host_tso6",     "host_ecn",      "host_ufo",   "status",    "romfile",   NULL};
static const char *const rng_props[] = {VIRTIO_PROPS, "rng", "max-bytes", "period", NULL};
static const char *const serial_props[] = {VIRTIO_PROPS, "max_ports", NULL};
static const char *const port_props[] = {"driver", "id", "bus", "chardev", "name", "nr", NULL};
static const char *const loader_props[] = {"driver",    "id",   "file",     "addr",    "cpu-num",
                                           "force-raw", "data", "data-len", "data-be", NULL};
static const char *const guest_loader_props[] = {"driver", "id",       "addr", "kernel",
                                                 "initrd", "bootargs", NULL};

const struct driver drivers[] = {
    {"loader", "puts a file or data into memory, sets a start address", loader_props, NULL},
    {"guest-loader", "puts a kernel or initrd into memory for a hypervisor to start",
     guest_loader_props, NULL},
    {"virtio-blk-device", "disk", blk_props, create_blk},
    {"virtio-net-device", "network interface", net_props, create_net},
    {"virtio-rng-device", "entropy", rng_props, create_rng},
    {"virtio-serial-device", "bus of serial ports and consoles", serial_props, create_serial_bus},
    {"virtconsole", "console port", port_props, create_console_port},
    {"virtserialport", "serial port", port_props, create_serial_port},
    {NULL, NULL, NULL, NULL},
};

const struct driver *driver_find(const char *name)
{
    for (const struct driver *d = drivers; d->name != NULL; d++) {
        if (strcmp(d->name, name) == 0) {
            return d;
        }
    }
    return NULL;
}

bool driver_unknown(const char *name, GError **err)
{
    struct suggest s = {.name = name};
    for (const struct driver *d = drivers; d->name != NULL; d++) {
        suggest_offer(&s, d->name);
    }
    if (g_str_has_suffix(name, "-pci")) {
        g_autofree char *stem = g_strndup(name, strlen(name) - strlen("-pci"));
        g_autofree char *twin = g_strconcat(stem, "-device", NULL);
        return fail(err, ERR_OPTION, "-device %s: there is no PCIe yet%s%s", name,
                    driver_find(twin) != NULL ? ": use " : "",
                    driver_find(twin) != NULL ? twin : "");
    }
    return fail(err, ERR_OPTION, "-device %s: unknown device (did you mean '%s'?)", name, s.best);
}
