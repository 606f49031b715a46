/* SPDX-License-Identifier: Apache-2.0 */
/* Disks, devices, backends: checked and stored here, opened in wiring.c. */
#include <inttypes.h>
#include <string.h>

#include "app/drivers.h"
#include "app/help.h"
#include "base/bits.h"

#include "app/options_internal.h"

/* ---- disks ---- */

static struct opt_drive *new_drive(struct options *o, const char *id)
{
    struct opt_drive *d = g_new0(struct opt_drive, 1);
    d->id = id != NULL ? g_strdup(id) : g_strdup_printf("#drive%u", o->drives->len);
    d->unit = -1;
    g_ptr_array_add(o->drives, d);
    return d;
}

static bool id_is_free(const struct options *o, const char *what, const char *id, GError **err)
{
    for (guint i = 0; id != NULL && i < o->drives->len; i++) {
        const struct opt_drive *d = g_ptr_array_index(o->drives, i);
        if (strcmp(d->id, id) == 0) {
            return fail(err, ERR_OPTION, "%s: the id '%s' is taken", what, id);
        }
    }
    return true;
}

static bool set_drive_if(struct opt_drive *d, const char *v, GError **err)
{
    static const struct {
        const char *name;
        enum opt_drive_if iface;
    } names[] = {{"none", DRIVE_IF_NONE}, {"virtio", DRIVE_IF_VIRTIO}, {"pflash", DRIVE_IF_PFLASH}};

    d->iface = DRIVE_IF_VIRTIO; /* the default of this machine */
    for (size_t i = 0; v != NULL && i < ARRAY_LEN(names); i++) {
        if (strcmp(names[i].name, v) == 0) {
            d->iface = names[i].iface;
            return true;
        }
    }
    return v == NULL || fail(err, ERR_OPTION, "-drive if=%s: there is none, virtio and pflash", v);
}

static bool set_drive_format(struct opt_drive *d, const char *v, const char *what, GError **err)
{
    d->format_raw = v != NULL;
    return v == NULL || strcmp(v, "raw") == 0 ||
           fail(err, ERR_OPTION, "%s: the format '%s' is not available (raw)", what, v);
}

static bool set_drive_cache(struct opt_drive *d, const struct optlist *l, GError **err)
{
    const char *cache = optlist_get(l, "cache");
    const char *discard = optlist_get(l, "discard");
    bool lock = true;
    bool lock_given =
        optlist_get(l, "locking") != NULL && strcmp(optlist_get(l, "locking"), "auto") != 0;

    if (lock_given && !optlist_bool(l, "locking", &lock, err)) {
        return false;
    }
    d->no_lock = !lock;
    d->no_flush = cache != NULL && strcmp(cache, "unsafe") == 0;
    d->no_unmap =
        discard != NULL && (strcmp(discard, "ignore") == 0 || strcmp(discard, "off") == 0);
    return true;
}

static bool fill_drive(struct opt_drive *d, const struct optlist *l, GError **err)
{
    uint64_t unit = UINT64_MAX;

    opt_set_string(&d->file, optlist_get(l, "file"));
    d->snapshot = false;
    if (!set_drive_if(d, optlist_get(l, "if"), err) ||
        !set_drive_format(d, optlist_get(l, "format"), "-drive", err) ||
        !optlist_bool(l, "readonly", &d->read_only, err) ||
        !optlist_bool(l, "read-only", &d->read_only, err) ||
        !optlist_bool(l, "snapshot", &d->snapshot, err) ||
        !optlist_u64(l, "unit", 255, &unit, err) || !optlist_u64(l, "index", 255, &unit, err)) {
        return false;
    }
    if (unit != UINT64_MAX) {
        d->unit = (int)unit;
    }
    const char *media = optlist_get(l, "media");
    d->read_only |= media != NULL && strcmp(media, "cdrom") == 0;
    if (d->file == NULL || *d->file == '\0') {
        return fail(err, ERR_OPTION, "-drive needs file=");
    }
    return set_drive_cache(d, l, err);
}

bool opt_drive(struct options *o, const char *arg, GError **err)
{
    static const char *const keys[] = {
        "file",     "if",      "format",        "id",     "readonly", "read-only",
        "snapshot", "unit",    "index",         "bus",    "media",    "cache",
        "aio",      "discard", "detect-zeroes", "werror", "rerror",   "auto-read-only",
        "locking",  NULL};
    struct optlist *l = optlist_parse("-drive", arg, NULL, err);
    bool ok = l != NULL && optlist_check_keys(l, keys, err) &&
              id_is_free(o, "-drive", optlist_get(l, "id"), err) &&
              fill_drive(new_drive(o, optlist_get(l, "id")), l, err);
    optlist_free(l);
    return ok;
}

/* The file of a node: its own, or that of the node inside it ("file.filename=x"). */
static const char *node_filename(const struct optlist *l)
{
    const char *f = optlist_get(l, "filename");
    return f != NULL ? f : optlist_get(l, "file.filename");
}

static bool fill_node(struct opt_drive *d, const struct optlist *l, GError **err)
{
    const char *driver = optlist_get(l, "driver");
    const char *inner = optlist_get(l, "file.driver");

    d->iface = DRIVE_IF_NONE;
    if (driver == NULL || (strcmp(driver, "file") != 0 && strcmp(driver, "raw") != 0) ||
        (inner != NULL && strcmp(inner, "file") != 0)) {
        return fail(err, ERR_OPTION, "-blockdev: driver=%s is not available (file, raw)",
                    driver == NULL || inner != NULL ? (inner != NULL ? inner : "") : driver);
    }
    d->format_raw = true;
    opt_set_string(&d->file, node_filename(l));
    opt_set_string(&d->protocol, optlist_get(l, "file"));
    if ((d->file == NULL) == (d->protocol == NULL)) {
        return fail(err, ERR_OPTION, "-blockdev '%s' needs filename= or file=", d->id);
    }
    return optlist_bool(l, "read-only", &d->read_only, err) && set_drive_cache(d, l, err);
}

bool opt_blockdev(struct options *o, const char *arg, GError **err)
{
    static const char *const keys[] = {"driver",        "node-name",      "filename",
                                       "file",          "file.driver",    "file.filename",
                                       "read-only",     "auto-read-only", "discard",
                                       "detect-zeroes", "cache.direct",   "cache.no-flush",
                                       "aio",           "locking",        "file.aio",
                                       "file.locking",  "file.read-only", NULL};
    struct optlist *l = optlist_parse("-blockdev", arg, "driver", err);
    bool ok = l != NULL && optlist_check_keys(l, keys, err);
    if (ok && optlist_get(l, "node-name") == NULL) {
        ok = fail(err, ERR_OPTION, "-blockdev needs node-name=");
    }
    ok = ok && id_is_free(o, "-blockdev", optlist_get(l, "node-name"), err) &&
         fill_node(new_drive(o, optlist_get(l, "node-name")), l, err);
    optlist_free(l);
    return ok;
}

bool opt_pflash(struct options *o, const char *arg, GError **err)
{
    struct opt_drive *d = new_drive(o, NULL);
    opt_set_string(&d->file, arg);
    d->iface = DRIVE_IF_PFLASH;
    return true;
}

bool opt_disk(struct options *o, const char *arg, GError **err)
{
    struct opt_drive *d = new_drive(o, NULL);
    opt_set_string(&d->file, arg);
    d->iface = DRIVE_IF_VIRTIO;
    return true;
}

/* ---- -device ---- */

static bool fill_loader(struct boot_item *it, const struct optlist *l, GError **err)
{
    uint64_t len = 0;
    uint64_t cpu = UINT64_MAX;

    it->cpu_num = -1;
    it->has_addr = optlist_get(l, "addr") != NULL;
    it->has_data = optlist_get(l, "data") != NULL;
    if (!optlist_u64(l, "addr", UINT64_MAX, &it->addr, err) ||
        !optlist_u64(l, "data", UINT64_MAX, &it->data, err) ||
        !optlist_u64(l, "data-len", 8, &len, err) ||
        !optlist_u64(l, "cpu-num", VIRT_MAX_CPUS_GICV3, &cpu, err) ||
        !optlist_bool(l, "force-raw", &it->force_raw, err) ||
        !optlist_bool(l, "data-be", &it->data_be, err)) {
        return false;
    }
    it->data_len = (unsigned)len;
    if (cpu != UINT64_MAX) {
        it->cpu_num = (int)cpu;
    }
    if (it->has_data && (it->data_len == 0 || !it->has_addr || optlist_get(l, "file") != NULL)) {
        return fail(err, ERR_OPTION,
                    "-device loader: data= needs addr= and data-len=, and no file=");
    }
    if (!it->has_data && optlist_get(l, "file") == NULL && (!it->has_addr || it->cpu_num < 0)) {
        return fail(err, ERR_OPTION,
                    "-device loader: give file=, or data= with addr=, or addr= with cpu-num=");
    }
    it->file = g_strdup(optlist_get(l, "file"));
    return true;
}

static bool add_loader(struct options *o, const struct optlist *l, GError **err)
{
    struct boot_item it = {0};
    if (!fill_loader(&it, l, err)) {
        return false;
    }
    g_array_append_val(o->items, it);
    return true;
}

static bool add_guest_loader(struct options *o, const struct optlist *l, GError **err)
{
    const char *kernel = optlist_get(l, "kernel");
    const char *initrd = optlist_get(l, "initrd");
    const char *bootargs = optlist_get(l, "bootargs");
    struct boot_module mod = {.is_kernel = kernel != NULL};

    if ((kernel == NULL) == (initrd == NULL)) {
        return fail(err, ERR_OPTION, "-device guest-loader: give either kernel= or initrd=");
    }
    if (initrd != NULL && bootargs != NULL) {
        return fail(err, ERR_OPTION, "-device guest-loader: bootargs= goes with kernel=");
    }
    if (!optlist_u64(l, "addr", UINT64_MAX, &mod.addr, err)) {
        return false;
    }
    if (mod.addr == 0) {
        return fail(err, ERR_OPTION, "-device guest-loader: addr= is needed, and not 0");
    }
    mod.file = g_strdup(kernel != NULL ? kernel : initrd);
    mod.bootargs = g_strdup(bootargs);
    g_array_append_val(o->modules, mod);
    return true;
}

/* Drivers that only say what is in memory. */
static const struct {
    const char *driver;
    bool (*add)(struct options *o, const struct optlist *l, GError **err);
} loaders[] = {{"loader", add_loader}, {"guest-loader", add_guest_loader}};

/* A list to keep, or NULL: *out_ok says whether that is an error. */
static bool check_device(struct options *o, struct optlist *l, bool *out_keep, GError **err)
{
    const char *name = optlist_get(l, "driver");
    *out_keep = false;
    if (name == NULL) {
        return fail(err, ERR_OPTION, "-device needs a driver (-device help)");
    }
    if (help_asked(name)) {
        o->text = help_devices();
        return true;
    }
    const struct driver *d = driver_find(name);
    if (d == NULL) {
        return driver_unknown(name, err);
    }
    g_autofree char *what = g_strdup_printf("-device %s", name);
    optlist_rename(l, what);
    if (!optlist_check_keys(l, d->props, err)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(loaders); i++) {
        if (strcmp(name, loaders[i].driver) == 0) {
            return loaders[i].add(o, l, err);
        }
    }
    *out_keep = true;
    return true;
}

bool opt_device(struct options *o, const char *arg, GError **err)
{
    if (*arg == '{') {
        return fail(err, ERR_OPTION, "-device: the JSON form is not available yet");
    }
    struct optlist *l = optlist_parse("-device", arg, "driver", err);
    bool keep = false;
    bool ok = l != NULL && check_device(o, l, &keep, err);
    if (keep) {
        g_ptr_array_add(o->devices, l);
    } else {
        optlist_free(l);
    }
    return ok;
}

/* ---- network ---- */

bool opt_netdev(struct options *o, const char *arg, GError **err)
{
    g_ptr_array_add(o->netdevs, g_strdup(arg));
    return true;
}

bool opt_nic(struct options *o, const char *arg, GError **err)
{
    if (strcmp(arg, "none") == 0) {
        return true;
    }
    struct optlist *l = optlist_parse("-nic", arg, "type", err);
    if (l == NULL) {
        return false;
    }
    const char *model = optlist_get(l, "model");
    if (model != NULL && strcmp(model, "virtio-net-device") != 0 && strcmp(model, "virtio") != 0) {
        fail(err, ERR_OPTION, "-nic model=%s is not available (virtio-net-device)", model);
        optlist_free(l);
        return false;
    }
    g_ptr_array_add(o->nics, l);
    return true;
}

bool opt_net(struct options *o, const char *arg, GError **err)
{
    return strcmp(arg, "none") == 0 ||
           fail(err, ERR_OPTION, "-net %s: use -netdev and -device, or -nic", arg);
}

/* ---- the rest ---- */

bool opt_object(struct options *o, const char *arg, GError **err)
{
    struct optlist *l = optlist_parse("-object", arg, "qom-type", err);
    if (l == NULL) {
        return false;
    }
    const char *type = optlist_get(l, "qom-type");
    const char *id = optlist_get(l, "id");
    bool rng = type != NULL && g_str_has_prefix(type, "rng-");
    bool ok = true;
    if (!rng && (type == NULL || strcmp(type, "iothread") != 0)) {
        ok = fail(err, ERR_OPTION, "-object %s is not available (rng-random, rng-builtin)",
                  type != NULL ? type : "");
    } else if (id == NULL) {
        ok = fail(err, ERR_OPTION, "-object %s needs id=", type);
    } else if (rng) {
        g_ptr_array_add(o->objects, g_strdup(id));
    }
    optlist_free(l);
    return ok;
}

bool opt_fw_cfg(struct options *o, const char *arg, GError **err)
{
    static const char *const keys[] = {"name", "file", "string", NULL};
    struct optlist *l = optlist_parse("-fw_cfg", arg, "name", err);
    bool ok = l != NULL && optlist_check_keys(l, keys, err);
    if (ok) {
        const char *name = optlist_get(l, "name");
        if (name == NULL || *name == '\0') {
            ok = fail(err, ERR_OPTION, "-fw_cfg needs name=");
        } else if (strlen(name) > 55) {
            ok = fail(err, ERR_OPTION, "-fw_cfg: the name '%s' is longer than 55", name);
        } else if ((optlist_get(l, "file") == NULL) == (optlist_get(l, "string") == NULL)) {
            ok = fail(err, ERR_OPTION, "-fw_cfg %s needs file= or string=", name);
        }
    }
    if (!ok) {
        optlist_free(l);
        return false;
    }
    g_ptr_array_add(o->fw_files, l);
    return true;
}

bool opt_chardev(struct options *o, const char *arg, GError **err)
{
    g_ptr_array_add(o->chardevs, g_strdup(arg));
    return true;
}

bool opt_serial(struct options *o, const char *arg, GError **err)
{
    if (o->serials->len == MACHINE_N_SERIAL) {
        return fail(err, ERR_OPTION, "-serial %s: the machine has %d UARTs", arg, MACHINE_N_SERIAL);
    }
    g_ptr_array_add(o->serials, g_strdup(arg));
    return true;
}

static bool only_none(const char *option, const char *arg, GError **err)
{
    return strcmp(arg, "none") == 0 || strcmp(arg, "null") == 0 ||
           fail(err, ERR_OPTION, "%s %s is not available yet (none)", option, arg);
}

bool opt_display(struct options *o, const char *arg, GError **err)
{
    return only_none("-display", arg, err);
}

bool opt_parallel(struct options *o, const char *arg, GError **err)
{
    return only_none("-parallel", arg, err);
}

bool opt_vga(struct options *o, const char *arg, GError **err)
{
    return only_none("-vga", arg, err);
}
