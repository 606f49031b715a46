/* SPDX-License-Identifier: Apache-2.0 */
#include "app/wiring.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/drivers.h"
#include "app/semihost_files.h"
#include "app/semihost_gate.h"
#include "devices/virtio.h"
#include "host/blockdev.h"
#include "host/chardev.h"
#include "host/entropy.h"
#include "host/netdev_user.h"
#include "machine/loader_image.h"

/* One opened thing that devices name by id. */
struct open_drive {
    const struct opt_drive *opt;
    struct blockdev *dev;
    bool taken;
};

struct open_netdev {
    char *id;
    struct netdev *dev;
    bool taken, absent;
};

struct wiring {
    const struct options *o;
    struct hostloop *loop;
    struct machine_config cfg;
    struct blockdev *bios; /* -bios, in memory */
    GArray *drives;        /* struct open_drive */
    GArray *disks;         /* struct machine_disk: the same */
    GPtrArray *chardevs;   /* struct host_chardev * */
    GPtrArray *shared;     /* those of mon:..: with a monitor */
    GArray *netdevs;       /* struct open_netdev */
    GPtrArray *entropy;    /* struct host_entropy * */
    GArray *fw_files;      /* struct machine_fw_file */
    struct semihost_files *semihost;
    struct semihost_gate *semihost_gate; /* NULL: input is not recorded */
    char *semihost_cmdline;
    struct virtio_dev *serial_bus;
    unsigned n_nics;
    bool interactive; /* somebody, or a network, lives in host time */
};

/* ---- character devices ---- */

/* On a terminal every key is the guest's, but for Ctrl-A and what follows it. */
static void adapt_to_terminal(struct wiring *w, struct chardev_cfg *cfg)
{
    if (cfg->kind != CHARDEV_STDIO) {
        return;
    }
    if (isatty(STDIN_FILENO)) {
        cfg->mux = true;
        cfg->no_signal = true;
        w->interactive = true;
    }
}

static struct host_chardev *find_chardev(const struct wiring *w, const char *id)
{
    for (guint i = 0; i < w->chardevs->len; i++) {
        struct host_chardev *c = g_ptr_array_index(w->chardevs, i);
        if (g_strcmp0(host_chardev_id(c), id) == 0) {
            return c;
        }
    }
    return NULL;
}

static struct host_chardev *open_chardev(struct wiring *w, struct chardev_cfg *cfg, GError **err)
{
    if (find_chardev(w, cfg->id) != NULL) {
        fail(err, ERR_OPTION, "-chardev: the id '%s' is taken", cfg->id);
        return NULL;
    }
    struct host_chardev *c = host_chardev_open(w->loop, cfg, err);
    if (c != NULL) {
        g_ptr_array_add(w->chardevs, c);
        w->interactive |= cfg->kind == CHARDEV_SOCKET || cfg->kind == CHARDEV_PTY;
    }
    return c;
}

static bool open_chardevs(struct wiring *w, GError **err)
{
    for (guint i = 0; i < w->o->chardevs->len; i++) {
        struct chardev_cfg cfg;
        if (!chardev_cfg_parse(g_ptr_array_index(w->o->chardevs, i), &cfg, err)) {
            return false;
        }
        adapt_to_terminal(w, &cfg);
        bool ok = open_chardev(w, &cfg, err) != NULL;
        chardev_cfg_clear(&cfg);
        if (!ok) {
            return false;
        }
    }
    return true;
}

static struct chardev *through_gate(const struct wiring *w, struct chardev *c)
{
    return w->cfg.gate != NULL ? replay_chardev(w->cfg.gate, c) : c;
}

struct chardev *wiring_device_chardev(struct wiring *w, const char *what, const char *id,
                                      GError **err)
{
    return through_gate(w, wiring_chardev(w, what, id, err));
}

struct chardev *wiring_chardev(struct wiring *w, const char *what, const char *id, GError **err)
{
    struct host_chardev *c = find_chardev(w, id);
    if (c == NULL) {
        fail(err, ERR_OPTION, "%s: there is no chardev '%s'", what, id);
        return NULL;
    }
    return host_chardev_front(c, err);
}

struct chardev *wiring_open(struct wiring *w, const char *what, struct chardev_cfg *cfg,
                            GError **err)
{
    adapt_to_terminal(w, cfg);
    struct host_chardev *c = open_chardev(w, cfg, err);
    struct chardev *front = c != NULL ? host_chardev_front(c, err) : NULL;
    if (front == NULL) {
        g_prefix_error(err, "%s: ", what);
    }
    return front;
}

struct chardev *wiring_open_spec(struct wiring *w, const char *what, const char *spec,
                                 const char *id, GError **err)
{
    if (g_str_has_prefix(spec, "chardev:")) {
        return wiring_chardev(w, what, spec + strlen("chardev:"), err);
    }
    struct chardev_cfg cfg;
    if (!chardev_cfg_parse_short(spec, id, &cfg, err)) {
        g_prefix_error(err, "%s: ", what);
        return NULL;
    }
    struct chardev *front = wiring_open(w, what, &cfg, err);
    chardev_cfg_clear(&cfg);
    if (front != NULL && g_str_has_prefix(spec, "mon:")) {
        g_ptr_array_add(w->shared, g_ptr_array_index(w->chardevs, w->chardevs->len - 1));
    }
    return front;
}

struct chardev *wiring_shared_front(struct wiring *w, unsigned n, GError **err)
{
    return n < w->shared->len ? host_chardev_front(g_ptr_array_index(w->shared, n), err) : NULL;
}

static bool open_serial(struct wiring *w, unsigned n, const char *spec, GError **err)
{
    if (strcmp(spec, "none") == 0) {
        return true;
    }
    g_autofree char *id = g_strdup_printf("serial%u", n);
    w->cfg.serial[n] = through_gate(w, wiring_open_spec(w, "-serial", spec, id, err));
    return w->cfg.serial[n] != NULL;
}

static bool open_serials(struct wiring *w, GError **err)
{
    const struct options *o = w->o;
    /* Without a word about it the first UART is on this terminal. */
    if (o->serials->len == 0 && (o->nographic || !o->nodefaults)) {
        return open_serial(w, 0, "mon:stdio", err);
    }
    w->cfg.serial1 = o->serials->len > 1;
    for (guint i = 0; i < o->serials->len; i++) {
        if (!open_serial(w, i, g_ptr_array_index(o->serials, i), err)) {
            return false;
        }
    }
    return true;
}

/* ---- disks ---- */

/* -blockdev on -blockdev: the node that has the file. */
static const struct opt_drive *drive_file(const struct options *o, const struct opt_drive *d,
                                          GError **err)
{
    for (unsigned depth = 0; d->file == NULL; depth++) {
        const struct opt_drive *below = NULL;
        for (guint i = 0; i < o->drives->len; i++) {
            const struct opt_drive *x = g_ptr_array_index(o->drives, i);
            if (strcmp(x->id, d->protocol) == 0) {
                below = x;
            }
        }
        if (below == NULL || depth > o->drives->len) {
            fail(err, ERR_OPTION, "-blockdev '%s': there is no node '%s' below it", d->id,
                 d->protocol);
            return NULL;
        }
        d = below;
    }
    return d;
}

static bool open_drive(struct wiring *w, const struct opt_drive *d, GError **err)
{
    const struct opt_drive *f = drive_file(w->o, d, err);
    if (f == NULL) {
        return false;
    }
    struct open_drive x = {.opt = d};
    struct blockdev_cfg cfg = {
        .id = d->id[0] == '#' ? NULL : d->id,
        .path = f->file,
        .format_raw = d->format_raw || d->iface == DRIVE_IF_PFLASH,
        .read_only = d->read_only || f->read_only,
        .snapshot = d->snapshot || w->o->snapshot,
        .no_flush = d->no_flush,
        .no_lock = d->no_lock || f->no_lock,
        .no_unmap = d->no_unmap,
        .exact = d->iface == DRIVE_IF_PFLASH,
    };
    x.dev = host_blockdev_open(&cfg, err);
    if (x.dev == NULL) {
        return false;
    }
    struct machine_disk disk = {f->file, x.dev};
    g_array_append_val(w->drives, x);
    g_array_append_val(w->disks, disk);
    w->cfg.disks = (const struct machine_disk *)w->disks->data;
    w->cfg.n_disks = w->disks->len;
    return true;
}

/* A node that another one is on top of is not opened for itself. */
static bool is_below(const struct options *o, const struct opt_drive *d)
{
    for (guint i = 0; i < o->drives->len; i++) {
        const struct opt_drive *x = g_ptr_array_index(o->drives, i);
        if (x->protocol != NULL && strcmp(x->protocol, d->id) == 0) {
            return true;
        }
    }
    return false;
}

static bool open_drives(struct wiring *w, GError **err)
{
    for (guint i = 0; i < w->o->drives->len; i++) {
        const struct opt_drive *d = g_ptr_array_index(w->o->drives, i);
        if (!is_below(w->o, d) && !open_drive(w, d, err)) {
            return false;
        }
    }
    return true;
}

struct blockdev *wiring_take_drive(struct wiring *w, const char *what, const char *id, GError **err)
{
    for (guint i = 0; i < w->drives->len; i++) {
        struct open_drive *x = &g_array_index(w->drives, struct open_drive, i);
        if (strcmp(x->opt->id, id) != 0) {
            continue;
        }
        if (x->taken) {
            fail(err, ERR_OPTION, "%s: drive '%s' is in use", what, id);
            return NULL;
        }
        x->taken = true;
        return x->dev;
    }
    fail(err, ERR_OPTION, "%s: there is no drive '%s'", what, id);
    return NULL;
}

static bool set_flash(struct wiring *w, unsigned n, struct open_drive *x, GError **err)
{
    if (n >= MACHINE_N_FLASH || w->cfg.flash[n] != NULL) {
        return fail(err, ERR_OPTION, "'%s': the machine has two flash devices (unit 0 and 1)",
                    x->opt->file != NULL ? x->opt->file : x->opt->id);
    }
    if (x->dev->size > virt_memmap[VIRT_FLASH0].size) {
        return fail(err, ERR_FILE, "flash image '%s' is larger than %u MiB", x->opt->file,
                    (unsigned)(virt_memmap[VIRT_FLASH0].size / MIB));
    }
    if (x->dev->size < virt_memmap[VIRT_FLASH0].size && !x->dev->read_only) {
        return fail(err, ERR_FILE,
                    "flash image '%s' has %" PRIu64 " bytes: a writable one needs all 64 MiB "
                    "(truncate -s 64M), or give readonly=on",
                    x->opt->file, x->dev->size);
    }
    x->taken = true;
    w->cfg.flash[n] = x->dev;
    return true;
}

static bool connect_flash(struct wiring *w, GError **err)
{
    unsigned next = 0;
    for (unsigned n = 0; n < MACHINE_N_FLASH; n++) {
        const char *node = w->o->pflash_node[n];
        if (node != NULL) {
            w->cfg.flash[n] = wiring_take_drive(w, "-M pflash", node, err);
            if (w->cfg.flash[n] == NULL) {
                return false;
            }
        }
    }
    for (guint i = 0; i < w->drives->len; i++) {
        struct open_drive *x = &g_array_index(w->drives, struct open_drive, i);
        if (x->opt->iface != DRIVE_IF_PFLASH) {
            continue;
        }
        unsigned unit = x->opt->unit >= 0 ? (unsigned)x->opt->unit : next;
        if (!set_flash(w, unit, x, err)) {
            return false;
        }
        next = unit + 1;
    }
    return true;
}

/* ---- network ---- */

static struct open_netdev *find_netdev(const struct wiring *w, const char *id)
{
    for (guint i = 0; i < w->netdevs->len; i++) {
        struct open_netdev *x = &g_array_index(w->netdevs, struct open_netdev, i);
        if (strcmp(x->id, id) == 0) {
            return x;
        }
    }
    return NULL;
}

static bool open_netdev(struct wiring *w, const char *spec, const char *id, GError **err)
{
    struct netdev_user_cfg cfg = {0};
    struct open_netdev x = {0};

    if (!g_str_has_prefix(spec, "user") || (spec[4] != '\0' && spec[4] != ',')) {
        return fail(err, ERR_OPTION, "-netdev %s: only 'user' is available", spec);
    }
    if (!netdev_user_cfg_parse(spec, &cfg, err)) {
        return false;
    }
    x.id = g_strdup(id != NULL ? id : cfg.id);
    if (x.id == NULL) {
        fail(err, ERR_OPTION, "-netdev %s needs id=", spec);
    } else if (find_netdev(w, x.id) != NULL) {
        fail(err, ERR_OPTION, "-netdev: the id '%s' is taken", x.id);
    } else if (w->o->replay != NULL) {
        x.absent = true; /* frames come from the journal, and go nowhere */
        x.dev = g_new0(struct netdev, 1);
    } else {
        x.dev = host_netdev_user_open(w->loop, &cfg, err);
    }
    netdev_user_cfg_clear(&cfg);
    if (x.dev == NULL) {
        g_free(x.id);
        return false;
    }
    w->interactive = true;
    g_array_append_val(w->netdevs, x);
    return true;
}

static bool open_netdevs(struct wiring *w, GError **err)
{
    for (guint i = 0; i < w->o->netdevs->len; i++) {
        if (!open_netdev(w, g_ptr_array_index(w->o->netdevs, i), NULL, err)) {
            return false;
        }
    }
    return true;
}

struct netdev *wiring_take_netdev(struct wiring *w, const char *what, const char *id, GError **err)
{
    struct open_netdev *x = find_netdev(w, id);
    if (x == NULL) {
        fail(err, ERR_OPTION, "%s: there is no netdev '%s'", what, id);
        return NULL;
    }
    if (x->taken) {
        fail(err, ERR_OPTION, "%s: network '%s' is in use", what, id);
        return NULL;
    }
    x->taken = true;
    return w->cfg.gate != NULL ? replay_netdev(w->cfg.gate, x->dev) : x->dev;
}

/* ---- devices ---- */

bool wiring_has_object(const struct wiring *w, const char *id)
{
    for (guint i = 0; i < w->o->objects->len; i++) {
        if (strcmp(g_ptr_array_index(w->o->objects, i), id) == 0) {
            return true;
        }
    }
    return false;
}

struct entropy *wiring_entropy(struct wiring *w, const char *name)
{
    struct host_entropy *e = g_new0(struct host_entropy, 1);
    host_entropy_init(e, w->o->seed, name);
    g_ptr_array_add(w->entropy, e);
    return &e->port;
}

bool wiring_plug(struct wiring *w, const char *what, int slot, struct virtio_dev *d, GError **err)
{
    /* As the reference machine: the first device is in the last slot. */
    for (int i = VIRT_N_VIRTIO - 1; slot < 0 && i >= 0; i--) {
        if (w->cfg.virtio[i] == NULL) {
            slot = i;
        }
    }
    if (slot < 0 || slot >= VIRT_N_VIRTIO || w->cfg.virtio[slot] != NULL) {
        virtio_dev_free(d);
        return fail(err, ERR_OPTION, "%s: no free virtio-mmio slot", what);
    }
    w->cfg.virtio[slot] = d;
    return true;
}

struct virtio_dev **wiring_serial_bus(struct wiring *w)
{
    return &w->serial_bus;
}

unsigned wiring_next_nic(struct wiring *w)
{
    return w->n_nics++;
}

static bool create_devices(struct wiring *w, GError **err)
{
    for (guint i = 0; i < w->o->devices->len; i++) {
        const struct optlist *l = g_ptr_array_index(w->o->devices, i);
        if (!driver_find(optlist_get(l, "driver"))->create(w, l, err)) {
            return false;
        }
    }
    return true;
}

/* A value for optlist_parse: its commas doubled. */
static char *escaped(const char *value)
{
    g_auto(GStrv) parts = g_strsplit(value, ",", -1);
    return g_strjoinv(",,", parts);
}

/* A device made up from other options, through the same door as -device. */
static bool create_from(struct wiring *w, const char *driver, const char *props, GError **err)
{
    g_autofree char *what = g_strdup_printf("-device %s", driver);
    struct optlist *l = optlist_parse(what, props, NULL, err);
    bool ok = l != NULL && driver_find(driver)->create(w, l, err);
    optlist_free(l);
    return ok;
}

/* -nic user,mac=..,hostfwd=..: the backend's part goes to the backend. */
static bool create_nic(struct wiring *w, const struct optlist *l, unsigned n, GError **err)
{
    g_autoptr(GString) backend = g_string_new(optlist_get(l, "type"));
    g_autofree char *id = g_strdup_printf("#nic%u", n);
    g_autoptr(GString) props = g_string_new(NULL);

    g_string_printf(props, "netdev=%s", id);
    for (size_t i = 0; i < optlist_len(l); i++) {
        const char *key = optlist_key(l, i);
        if (strcmp(key, "type") == 0 || strcmp(key, "model") == 0 || strcmp(key, "id") == 0) {
            continue;
        }
        bool mac = strcmp(key, "mac") == 0 || strcmp(key, "macaddr") == 0;
        g_autofree char *value = escaped(optlist_value(l, i));
        g_string_append_printf(mac ? props : backend, ",%s=%s", mac ? "mac" : key, value);
    }
    return open_netdev(w, backend->str, id, err) &&
           create_from(w, "virtio-net-device", props->str, err);
}

static bool create_implied(struct wiring *w, GError **err)
{
    for (guint i = 0; i < w->o->nics->len; i++) {
        if (!create_nic(w, g_ptr_array_index(w->o->nics, i), i, err)) {
            return false;
        }
    }
    for (guint i = 0; i < w->o->drives->len; i++) {
        const struct opt_drive *d = g_ptr_array_index(w->o->drives, i);
        g_autofree char *id = escaped(d->id);
        g_autofree char *props = g_strdup_printf("drive=%s", id);
        if (d->iface == DRIVE_IF_VIRTIO && !create_from(w, "virtio-blk-device", props, err)) {
            return false;
        }
    }
    return true;
}

/* ---- firmware ---- */

static void clear_fw_file(void *p)
{
    g_bytes_unref(((struct machine_fw_file *)p)->data);
}

static bool add_fw_file(struct wiring *w, const struct optlist *l, GError **err)
{
    const char *text = optlist_get(l, "string");
    struct machine_fw_file f = {.name = optlist_get(l, "name")};

    f.data = text != NULL ? g_bytes_new(text, strlen(text))
                          : image_read_file("-fw_cfg: file", optlist_get(l, "file"), err);
    if (f.data == NULL) {
        return false;
    }
    g_array_append_val(w->fw_files, f);
    return true;
}

static bool read_firmware(struct wiring *w, GError **err)
{
    const struct options *o = w->o;
    for (guint i = 0; i < o->fw_files->len; i++) {
        if (!add_fw_file(w, g_ptr_array_index(o->fw_files, i), err)) {
            return false;
        }
    }
    w->cfg.fw_files = (const struct machine_fw_file *)w->fw_files->data;
    w->cfg.n_fw_files = w->fw_files->len;
    if (o->bios == NULL || strcmp(o->bios, "none") == 0) {
        return true;
    }
    if (w->cfg.flash[0] != NULL) {
        return fail(err, ERR_OPTION, "-bios and the first -pflash are the same flash: give one");
    }
    g_autoptr(GBytes) file = image_read_file("-bios", o->bios, err);
    if (file == NULL) {
        return false;
    }
    size_t len;
    const void *data = g_bytes_get_data(file, &len);
    if (len > virt_memmap[VIRT_FLASH0].size) {
        return fail(err, ERR_FILE, "-bios '%s' is larger than the flash (64 MiB)", o->bios);
    }
    w->bios = host_blockdev_memory(data, len, true);
    w->cfg.flash[0] = w->bios;
    return true;
}

/* ---- the whole ---- */

static int64_t rtc_start(const struct options *o)
{
    if (o->rtc_set) {
        return o->rtc_seconds;
    }
    time_t now = time(NULL);
    struct tm tm;
    if (o->rtc_local && localtime_r(&now, &tm) != NULL) {
        return (int64_t)now + tm.tm_gmtoff;
    }
    return (int64_t)now;
}

static bool loop_poll_due(void *opaque)
{
    return host_poll_due(opaque);
}

static void loop_poll(void *opaque, int timeout_ms)
{
    (void)host_poll(opaque, timeout_ms);
}

static void loop_hold_input(void *opaque, bool hold)
{
    hostloop_hold_input(opaque, hold);
}

static int64_t loop_now_ns(void *opaque)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void copy_options(struct wiring *w)
{
    const struct options *o = w->o;
    struct machine_config *c = &w->cfg;

    machine_config_init(c);
    c->gic_version = o->gic_version;
    c->gic_minor = o->gic_minor;
    c->virtualization = o->virtualization;
    c->secure = o->secure;
    c->its = o->its && o->gic_version != 2;
    c->espi = o->espi;
    c->mbi = o->mbi;
    c->cpu = o->cpu;
    c->n_pes = o->n_pes;
    c->topology = o->topology;
    c->ram_bytes = o->ram_bytes;
    c->kernel = o->kernel;
    c->initrd = o->initrd;
    c->append = o->append;
    c->dtb = o->dtb;
    c->dumpdtb = o->dumpdtb;
    c->items = (const struct boot_item *)o->items->data;
    c->n_items = o->items->len;
    c->modules = (const struct boot_module *)o->modules->data;
    c->n_modules = o->modules->len;
    c->no_reboot = o->no_reboot;
    c->no_shutdown = o->no_shutdown;
    c->start_paused = o->start_paused;
    c->virtio_modern = o->virtio_modern;
    c->key_frame_bytes = o->trace.file == NULL ? o->key_frame_bytes : 0;
    c->snapshot_dir = o->snapshot_dir;
    c->seed = o->seed;
    c->rtc_seconds = rtc_start(o);
    c->uuid = o->has_uuid ? o->uuid : NULL;
    if (o->quantum != 0) {
        c->quantum = o->quantum;
    }
    c->host =
        (struct machine_host){loop_poll_due, loop_poll, loop_now_ns, loop_hold_input, w->loop};
    c->compile_after = o->compile_after;
    c->tlb = o->tlb;
}

static bool open_semihosting(struct wiring *w, GError **err)
{
    const struct opt_semihosting *s = &w->o->semihosting;
    struct chardev *console = NULL;

    w->cfg.semihosting = s->enable;
    if (!s->enable) {
        return true;
    }
    if (s->chardev != NULL) {
        console = wiring_chardev(w, "-semihosting-config", s->chardev, err);
        if (console == NULL) {
            return false;
        }
    }
    w->semihost = semihost_files_new(console);
    w->cfg.semihost = semihost_files_host(w->semihost);
    if (w->cfg.gate != NULL) {
        w->semihost_gate = semihost_gate_new(w->cfg.gate, &w->cfg.semihost);
        w->cfg.semihost = semihost_gate_host(w->semihost_gate);
    }
    if (s->args != NULL) {
        w->semihost_cmdline = g_strdup(s->args->str);
    } else if (w->o->kernel != NULL) {
        const char *append = w->o->append != NULL ? w->o->append : "";
        w->semihost_cmdline = g_strjoin(*append != '\0' ? " " : "", w->o->kernel, append, NULL);
    }
    w->cfg.semihost_cmdline = w->semihost_cmdline;
    return true;
}

static void clear_drive(void *p)
{
    host_blockdev_close(((struct open_drive *)p)->dev);
}

static void clear_netdev(void *p)
{
    struct open_netdev *x = p;
    if (x->absent) {
        g_free(x->dev);
    } else {
        host_netdev_close(x->dev);
    }
    g_free(x->id);
}

static void close_chardev(void *p)
{
    host_chardev_close(p);
}

static bool open_all(struct wiring *w, GError **err)
{
    return open_drives(w, err) && connect_flash(w, err) && read_firmware(w, err) &&
           open_chardevs(w, err) && open_serials(w, err) && open_netdevs(w, err) &&
           create_devices(w, err) && create_implied(w, err) && open_semihosting(w, err);
}

struct wiring *wiring_new(const struct options *o, struct replay *gate, GError **err)
{
    struct wiring *w = g_new0(struct wiring, 1);
    w->o = o;
    w->loop = hostloop_new();
    w->drives = g_array_new(false, true, sizeof(struct open_drive));
    g_array_set_clear_func(w->drives, clear_drive);
    w->disks = g_array_new(false, true, sizeof(struct machine_disk));
    w->chardevs = g_ptr_array_new_with_free_func(close_chardev);
    w->shared = g_ptr_array_new();
    w->netdevs = g_array_new(false, true, sizeof(struct open_netdev));
    g_array_set_clear_func(w->netdevs, clear_netdev);
    w->entropy = g_ptr_array_new_with_free_func(g_free);
    w->fw_files = g_array_new(false, true, sizeof(struct machine_fw_file));
    g_array_set_clear_func(w->fw_files, clear_fw_file);
    copy_options(w);
    w->cfg.gate = gate;
    if (!open_all(w, err)) {
        for (unsigned i = 0; i < VIRT_N_VIRTIO; i++) {
            if (w->cfg.virtio[i] != NULL) {
                virtio_dev_free(w->cfg.virtio[i]);
            }
        }
        wiring_free(w);
        return NULL;
    }
    w->cfg.entropy = wiring_entropy(w, "machine");
    w->cfg.pace = o->pace == PACE_ON || (o->pace == PACE_AUTO && w->interactive);
    return w;
}

void wiring_free(struct wiring *w)
{
    if (w == NULL) {
        return;
    }
    semihost_gate_free(w->semihost_gate);
    semihost_files_free(w->semihost);
    g_free(w->semihost_cmdline);
    g_array_unref(w->netdevs);
    g_ptr_array_unref(w->shared);
    g_ptr_array_unref(w->chardevs);
    g_array_unref(w->drives);
    g_array_unref(w->disks);
    g_array_unref(w->fw_files);
    g_ptr_array_unref(w->entropy);
    g_clear_pointer(&w->bios, host_blockdev_close);
    hostloop_free(w->loop);
    g_free(w);
}

bool wiring_check_output(const struct wiring *w, GError **err)
{
    for (guint i = 0; i < w->chardevs->len; i++) {
        struct host_chardev *c = g_ptr_array_index(w->chardevs, i);
        int why = host_chardev_lost(c);
        if (why != 0) {
            return fail(err, ERR_FILE, "%s (%s): output was lost: %s", host_chardev_id(c),
                        host_chardev_where(c), g_strerror(why));
        }
    }
    return true;
}

const struct machine_config *wiring_config(const struct wiring *w)
{
    return &w->cfg;
}

struct hostloop *wiring_loop(const struct wiring *w)
{
    return w->loop;
}
