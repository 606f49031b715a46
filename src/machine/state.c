/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sections of a machine, in order: configuration, clock and run loop, memory, PEs, devices.
 * Used between two turns of PEs; then nothing else is under way.
 */
#include "machine/state.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/file.h"
#include "core/snap_file.h"
#include "core/snap_hash.h"
#include "devices/cfi_flash.h"
#include "machine/history.h"

#include "machine/machine_internal.h"

/* ---- sections ---- */

/* What must be the same for the rest to make sense: a line each. */
/* What an overlay keeps is nothing without the image below it. */
static void add_disks(const struct machine_config *c, GString *t)
{
    for (size_t i = 0; i < c->n_disks; i++) {
        const struct blockdev *d = c->disks[i].dev;
        if (d->kept != NULL) {
            g_string_append_printf(t, "disk%u=%" G_GUINT64_FORMAT "\n", (unsigned)i, d->size);
        }
    }
}

static char *configuration(const struct machine *m, bool disks)
{
    const struct machine_config *c = &m->cfg;
    GString *t = g_string_new(NULL);
    g_string_append_printf(t, "gic-version=%s\n", machine_gic_name(c));
    g_string_append_printf(t, "virtualization=%d\n", c->virtualization);
    g_string_append_printf(t, "secure=%d\n", c->secure);
    g_string_append_printf(t, "cpu=%s\n", c->cpu);
    g_string_append_printf(t, "smp=%u\n", m->n_pes);
    if (c->its) {
        g_string_append(t, "its=on\n");
    }
    if (c->espi) {
        g_string_append(t, "espi=on\n");
    }
    if (c->mbi) {
        g_string_append(t, "mbi=on\n");
    }
    g_string_append_printf(t, "memory=%" G_GUINT64_FORMAT "\n", c->ram_bytes);
    g_string_append_printf(t, "serial1=%d\n", c->serial1);
    g_string_append_printf(t, "virtio-modern=%d\n", c->virtio_modern);
    g_string_append_printf(t, "semihosting=%d\n", c->semihosting);
    g_string_append_printf(t, "psci-conduit=%d\n", m->conduit);
    g_string_append_printf(t, "quantum=%" G_GUINT64_FORMAT "\n", c->quantum);
    g_string_append_printf(t, "frequency=%u\n", c->freq_mhz);
    if (disks) {
        add_disks(c, t);
    }
    return g_string_free(t, FALSE);
}

/* clang-format off */
static const struct snap_field machine_fields[] = {
    SNAP_FIELD(struct machine, now),
    SNAP_FIELD(struct machine, round.active),
    SNAP_FIELD(struct machine, round.in_slice),
    SNAP_FIELD(struct machine, round.pe),
    SNAP_FIELD(struct machine, round.end),
    SNAP_FIELD(struct machine, round.until),
    SNAP_FIELD(struct machine, round.latest),
    SNAP_EVENT(struct machine, key_release),
};
/* clang-format on */
static const struct snap_desc machine_desc = SNAP_DESC(1, machine_fields);

/* Times of a round that cannot be would keep a PE from ever giving up its turn. */
static void check_round(const struct machine *m, struct snap *s)
{
    const struct round *r = &m->round;
    tick_t last = m->now + m->cfg.quantum;
    bool fits = m->now <= evq_now(m->evq) && evq_now(m->evq) <= last && last > m->now;
    if (!fits || (r->active && (r->end > last || r->until > r->end))) {
        snap_fail(s, "machine: its clocks do not fit each other");
    }
}

static void snap_machine(struct machine *m, struct snap *s)
{
    g_autofree char *config = configuration(m, snap_mode(s) != SNAP_HASH);
    if (snap_mode(s) != SNAP_LOAD && !m->round.active) {
        m->round = (struct round){0}; /* what the last one left behind is no state */
    }
    snap_begin(s, "machine", machine_desc.version);
    snap_same(s, "configuration", config);
    snap_clock(s, m->evq);
    snap_fields(s, &machine_desc, m);
    for (unsigned i = 0; i < m->n_pes; i++) {
        snap_enter(s, "pe", i);
        snap_field(s, &(struct snap_field){.name = "in_wfe", .elem = 1, .count = 1, .max = 1},
                   &m->in_wfe[i]);
        snap_leave(s);
    }
    snap_end(s);
    if (snap_mode(s) == SNAP_LOAD && snap_ok(s)) {
        check_round(m, s);
    }
}

static void snap_memories(struct machine *m, struct snap *s)
{
    for (size_t i = 0; i < bus_n_regions(m->bus); i++) {
        struct bus_region_info r = bus_region(m->bus, i);
        if (r.is_ram) {
            snap_memory(s, r.name, r.host, r.size);
        }
    }
    for (unsigned i = 0; i < MACHINE_N_FLASH; i++) {
        snap_memory(s, i == 0 ? "flash0 array" : "flash1 array", cfi_flash_array(m->flash[i]),
                    CFI_FLASH_SIZE);
    }
}

/* An image that is written in place is no part of the machine: there is no way back for it. */
static void snap_disks(struct machine *m, struct snap *s)
{
    for (size_t i = 0; i < m->cfg.n_disks; i++) {
        const struct machine_disk *d = &m->cfg.disks[i];
        g_autofree char *name = g_strdup_printf("disk%u", (unsigned)i);
        if (d->dev->kept != NULL) {
            snap_chunks(s, name, d->dev->kept);
        } else if (!d->dev->read_only && snap_mode(s) != SNAP_HASH) {
            snap_fail(s, "drive '%s' is written in place: start with snapshot=on or -snapshot",
                      d->name);
        }
    }
}

static void snap_parts(struct machine *m, struct snap *s)
{
    snap_memories(m, s);
    snap_disks(m, s);
    /* PEs first: they tell the controller and the timers in which state they are, which those have
     * in their own sections. */
    for (unsigned i = 0; i < m->n_pes; i++) {
        cpu_snap(m->pes[i], s);
    }
    for (guint i = 0; i < m->devices->len; i++) {
        device_snap(g_ptr_array_index(m->devices, i), s);
    }
    gtimer_snap(m->gtimer, s);
    device_snap(gic_device(m->gic), s);
    if (m->cfg.its) {
        device_snap(gic_its_device(m->gic), s);
    }
    if (m->semihost != NULL) {
        semihost_snap(m->semihost, s);
    }
}

void machine_checkpoint(struct machine *m)
{
    for (unsigned i = 0; i < m->n_pes; i++) {
        cpu_forget_translations(m->pes[i]);
    }
    cpu_invalidate_code(m->pes[0], pa(0), UINT64_MAX);
}

void machine_snap(struct machine *m, struct snap *s)
{
    snap_machine(m, s);
    snap_parts(m, s);
}

/* ---- files ---- */

/* Inside an instruction there is no state. */
static bool is_between_runs(const struct machine *m, GError **err)
{
    return m->current == NULL ||
           fail(err, ERR_FILE, "not while the guest waits inside of a semihosting call");
}

static bool write_file(void *opaque, const void *p, size_t len)
{
    return fwrite(p, 1, len, opaque) == len;
}

static bool append_bytes(void *opaque, const void *p, size_t len)
{
    g_byte_array_append(opaque, p, (guint)len);
    return true;
}

static bool write_snapshot(struct machine *m, const struct snap_out *out, GError **err)
{
    if (!is_between_runs(m, err)) {
        return false;
    }
    struct snap *s = snap_writer_new(out);
    machine_checkpoint(m);
    history_changed(m);
    machine_snap(m, s);
    return snap_writer_finish(s, err);
}

GByteArray *machine_save_bytes(struct machine *m, GError **err)
{
    GByteArray *a = g_byte_array_new();
    if (!write_snapshot(m, &(struct snap_out){append_bytes, a}, err)) {
        g_byte_array_unref(a);
        return NULL;
    }
    return a;
}

/* A link, a device, a pipe: written as it is, where a file of its own would be replaced. */
static bool is_special(const char *path)
{
    struct stat s;
    return lstat(path, &s) == 0 && !S_ISREG(s.st_mode);
}

bool machine_save_check(const char *path, GError **err)
{
    struct stat s;
    g_autofree char *folder = g_path_get_dirname(path);
    if (stat(path, &s) != 0 || S_ISREG(s.st_mode)) {
        return access(folder, W_OK | X_OK) == 0 ||
               fail(err, ERR_FILE, "cannot make a file in '%s': %s", folder, g_strerror(errno));
    }
    return (!S_ISDIR(s.st_mode) && access(path, W_OK) == 0) ||
           fail(err, ERR_FILE, "cannot write '%s': %s", path,
                g_strerror(S_ISDIR(s.st_mode) ? EISDIR : errno));
}

bool machine_save(struct machine *m, const char *path, GError **err)
{
    bool in_place = is_special(path);
    g_autofree char *part = g_strconcat(path, in_place ? "" : ".part", NULL);
    FILE *f = fopen(part, "we");
    if (f == NULL) {
        return fail(err, ERR_FILE, "snapshot '%s': %s", path, g_strerror(errno));
    }
    GError *why = NULL;
    bool ok = write_snapshot(m, &(struct snap_out){write_file, f}, &why);
    if (fclose(f) != 0 && ok) {
        ok = fail(&why, ERR_FILE, "cannot write: %s", g_strerror(errno));
    }
    /* The old one stays until the new one is whole. */
    if (ok && !in_place && rename(part, path) != 0) {
        ok = fail(&why, ERR_FILE, "cannot rename: %s", g_strerror(errno));
    }
    if (!ok) {
        if (!in_place) {
            (void)remove(part);
        }
        g_propagate_prefixed_error(err, why, "snapshot '%s': ", path);
    }
    return ok;
}

bool machine_load_bytes(struct machine *m, const uint8_t *p, size_t len, GError **err)
{
    if (!is_between_runs(m, err) || !snap_check(p, len, err)) {
        return false;
    }
    struct snap *s = snap_reader_new(p, len, err);
    if (s == NULL) {
        return false;
    }
    bool had_history = m->history != NULL;
    history_free(m);
    snap_machine(m, s);
    bool begun = snap_ok(s); /* until then nothing has changed */
    snap_parts(m, s);
    bool ok = snap_reader_finish(s, err);
    machine_checkpoint(m);
    m->request = (struct pending_request){0};
    if (m->state == MACHINE_SHUTDOWN) {
        m->state = MACHINE_PAUSED;
    }
    runloop_rebase(m);
    if (!ok && begun) {
        machine_request(m, REQ_EXIT, 1);
    }
    if (had_history && (ok || !begun)) {
        (void)!machine_history_start(m, NULL); /* another one */
    }
    return ok;
}

bool machine_load(struct machine *m, const char *path, GError **err)
{
    size_t len;
    g_autoptr(GBytes) bytes = file_map("snapshot", path, err);
    if (bytes == NULL) {
        return false;
    }
    const uint8_t *p = g_bytes_get_data(bytes, &len);
    if (!machine_load_bytes(m, p, len, err)) {
        g_prefix_error(err, "snapshot '%s': ", path);
        return false;
    }
    return true;
}

/* ---- hashes ---- */

uint64_t machine_hash(struct machine *m, GArray **out_sections)
{
    struct snap *s = snap_hasher_new();
    machine_snap(m, s);
    return snap_hasher_finish(s, out_sections);
}
