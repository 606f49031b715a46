/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots: fields and their limits, versions, damage; and a whole machine there and back. */

#include "core/snap_file.h"
#include "core/snap_hash.h"
#include "devices/virtio_blk.h"
#include "devices/virtio_console.h"
#include "devices/virtio_net.h"
#include "devices/virtio_rng.h"
#include "fakes/unit.h"
#include "machine/state.h"

#include "machine/machine_internal.h"

/* ---- sections ---- */

struct inner {
    uint16_t a[3];
};

struct toy {
    uint32_t word;
    bool flag;
    uint8_t small;
    uint64_t late;
    struct inner in[2];
    struct irq_line line;
    struct event ev;
};

/* clang-format off */
static const struct snap_field inner_fields[] = {SNAP_ARRAY(struct inner, a, uint16_t)};
static const struct snap_desc inner_desc = SNAP_DESC(0, inner_fields);
static const struct snap_field old_fields[] = {
    SNAP_FIELD(struct toy, word),
    SNAP_UPTO(struct toy, small, 200),
    SNAP_FIELD(struct toy, flag),
    SNAP_STRUCTS(struct toy, in, struct inner, &inner_desc),
    SNAP_LINES(struct toy, line),
};
static const struct snap_field new_fields[] = {
    SNAP_STRUCTS(struct toy, in, struct inner, &inner_desc),
    SNAP_LINES(struct toy, line),
    SNAP_FIELD(struct toy, flag),
    {SNAP_AT(struct toy, late), .elem = 8, .count = 1, .since = 2},
    SNAP_UPTO(struct toy, small, 100),
    SNAP_FIELD(struct toy, word),
};
/* clang-format on */
static const struct snap_desc old_desc = SNAP_DESC(1, old_fields);
static const struct snap_desc new_desc = SNAP_DESC(2, new_fields);

static bool append(void *opaque, const void *p, size_t len)
{
    g_byte_array_append(opaque, p, (guint)len);
    return true;
}

static GByteArray *save(const struct snap_desc *d, struct toy *t)
{
    GByteArray *a = g_byte_array_new();
    struct snap *s = snap_writer_new(&(struct snap_out){append, a});
    snap_section(s, "toy", d, t);
    assert_true(snap_writer_finish(s, NULL));
    return a;
}

static bool load(const struct snap_desc *d, struct toy *t, const GByteArray *a, GError **err)
{
    struct snap *s = snap_reader_new(a->data, a->len, err);
    if (s == NULL) {
        return false;
    }
    snap_section(s, "toy", d, t);
    return snap_reader_finish(s, err);
}

static void assert_refused(const struct snap_desc *d, const GByteArray *a, const char *why)
{
    struct toy t = {0};
    GError *err = NULL;
    assert_false(load(d, &t, a, &err));
    if (strstr(err->message, why) == NULL) {
        print_error("'%s' does not say '%s'", err->message, why);
    }
    assert_non_null(strstr(err->message, why));
    g_error_free(err);
}

static const struct toy sample = {.word = 0x12345678,
                                  .flag = true,
                                  .small = 99,
                                  .in = {{{1, 2, 3}}, {{4, 5, 6}}},
                                  .line.level = 1};

static void fields_are_found_by_name(void **state)
{
    struct toy from = sample;
    struct toy to = {.late = 7};
    GByteArray *a = save(&old_desc, &from);
    assert_true(load(&new_desc, &to, a, NULL));
    assert_int_equal(to.word, from.word);
    assert_int_equal(to.small, 99);
    assert_true(to.flag);
    assert_memory_equal(to.in, from.in, sizeof(to.in));
    assert_true(to.line.level);
    assert_int_equal(to.late, 7); /* as it was: the snapshot is older than the field */
    g_byte_array_unref(a);
}

static void values_are_bounded(void **state)
{
    struct toy from = sample;
    from.small = 101;
    GByteArray *a = save(&old_desc, &from);
    assert_refused(&new_desc, a, "small is 101, more than 100");
    g_byte_array_unref(a);
    memset(&from.flag, 2, 1);
    from.small = 1;
    a = save(&old_desc, &from);
    assert_refused(&new_desc, a, "flag is 2");
    g_byte_array_unref(a);
}

static void newer_versions_are_refused(void **state)
{
    struct toy from = sample;
    GByteArray *a = save(&new_desc, &from);
    assert_refused(&old_desc, a, "version 2, this build knows 1");
    a->data[8]++; /* the format */
    assert_refused(&new_desc, a, "format 2, this build knows 1");
    a->data[0]++;
    assert_refused(&new_desc, a, "not a snapshot");
    g_byte_array_unref(a);
}

static void other_sections_are_refused(void **state)
{
    GByteArray *a = g_byte_array_new();
    struct toy from = sample;
    struct snap *s = snap_writer_new(&(struct snap_out){append, a});
    snap_section(s, "other", &old_desc, &from);
    assert_true(snap_writer_finish(s, NULL));
    assert_refused(&old_desc, a, "other there, toy here");
    g_byte_array_unref(a);
}

static void events_keep_their_place(void **state)
{
    static const struct snap_field fields[] = {SNAP_EVENT(struct toy, ev)};
    static const struct snap_desc desc = SNAP_DESC(1, fields);
    struct evq *q = evq_new();
    struct toy t[2] = {{.ev.name = "a"}, {.ev.name = "b"}};
    GByteArray *a = g_byte_array_new();
    evq_schedule(q, &t[1].ev, 500);
    evq_schedule(q, &t[0].ev, 500);
    struct snap *s = snap_writer_new(&(struct snap_out){append, a});
    snap_begin(s, "clock", 1);
    snap_clock(s, q);
    snap_end(s);
    snap_section(s, "0", &desc, &t[0]);
    snap_section(s, "1", &desc, &t[1]);
    assert_true(snap_writer_finish(s, NULL));
    evq_schedule(q, &t[1].ev, 900);
    s = snap_reader_new(a->data, a->len, NULL);
    snap_begin(s, "clock", 1);
    snap_clock(s, q);
    snap_end(s);
    snap_section(s, "0", &desc, &t[0]);
    snap_section(s, "1", &desc, &t[1]);
    assert_true(snap_reader_finish(s, NULL));
    assert_int_equal(evq_len(q), 2);
    assert_int_equal(t[0].ev.when, 500);
    assert_true(t[1].ev.seq < t[0].ev.seq);
    /* One that no section has is found out. */
    s = snap_writer_new(&(struct snap_out){append, a});
    snap_begin(s, "clock", 1);
    snap_clock(s, q);
    snap_end(s);
    snap_section(s, "0", &desc, &t[0]);
    assert_false(snap_writer_finish(s, NULL));
    evq_cancel(q, &t[0].ev);
    evq_cancel(q, &t[1].ev);
    evq_free(q);
    g_byte_array_unref(a);
}

/* ---- a machine ---- */

static void no_frames(void *opaque, const uint8_t *frame, size_t len) {}
static void no_retry(void *opaque) {}

static bool disk_io(void *opaque, uint64_t offset, void *buf, size_t len)
{
    memset(buf, 0x5a, len);
    return true;
}

static bool disk_write(void *opaque, uint64_t offset, const void *buf, size_t len)
{
    return true;
}

static void fill(void *opaque, uint8_t *buf, size_t len)
{
    memset(buf, (int)++*(uint64_t *)opaque, len);
}

static uint64_t tell(void *opaque)
{
    return *(uint64_t *)opaque;
}

static void seek(void *opaque, uint64_t at)
{
    *(uint64_t *)opaque = at;
}

/* What an overlay keeps: CLUSTERS parts, of which some are there. */
enum { CLUSTERS = 8, CLUSTER_BYTES = 4096 };

struct overlay {
    bool there[CLUSTERS];
    uint8_t data[CLUSTERS][CLUSTER_BYTES];
    struct snap_chunks kept;
};

static void kept_each(void *opaque, void (*fn)(void *ctx, uint64_t n, const uint8_t *p), void *ctx)
{
    const struct overlay *o = opaque;
    for (unsigned i = 0; i < CLUSTERS; i++) {
        if (o->there[i]) {
            fn(ctx, i, o->data[i]);
        }
    }
}

static void kept_clear(void *opaque)
{
    struct overlay *o = opaque;
    memset(o->there, 0, sizeof(o->there));
}

static uint8_t *kept_put(void *opaque, uint64_t n)
{
    struct overlay *o = opaque;
    if (n >= CLUSTERS) {
        return NULL;
    }
    o->there[n] = true;
    return o->data[n];
}

struct rig {
    struct machine *m;
    struct overlay overlay;
    struct chardev chr;
    struct blockdev disk;
    struct machine_disk drive;
    struct netdev net;
    struct entropy entropy;
    uint64_t drawn;
    uint64_t seed;
};

static const struct blockdev_ops disk_ops = {.read = disk_io, .write = disk_write};
static const struct netdev_ops net_ops = {.send = no_frames};

static void rig_init(struct rig *r, unsigned gic_version, bool secure)
{
    struct machine_config c;
    machine_config_init(&c);
    r->overlay.kept =
        (struct snap_chunks){CLUSTER_BYTES, kept_each, kept_clear, kept_put, &r->overlay};
    r->disk = (struct blockdev){
        .ops = &disk_ops, .size = CLUSTERS * CLUSTER_BYTES, .kept = &r->overlay.kept};
    r->net = (struct netdev){.ops = &net_ops, .retry = no_retry};
    r->entropy = (struct entropy){fill, tell, seek, &r->drawn};
    c.ram_bytes = 16 << 20;
    c.gic_version = gic_version;
    c.gic_minor = gic_version == 4;
    c.its = gic_version == 4;
    c.secure = secure;
    c.n_pes = 2;
    r->drive = (struct machine_disk){.name = "d0", .dev = &r->disk};
    c.disks = &r->drive;
    c.n_disks = 1;
    c.serial[0] = &r->chr;
    struct virtio_console_cfg con = {.id = "con", .max_ports = 4};
    struct virtio_port_cfg port = {.nr = -1, .console = true, .name = "p", .chr = &r->chr};
    struct virtio_net_cfg net = {.net = &r->net};
    struct virtio_blk_cfg blk = {.disk = &r->disk};
    c.virtio[0] = virtio_console_new(&con, NULL);
    assert_true(virtio_console_add_port(c.virtio[0], &port, NULL));
    c.virtio[1] = virtio_net_new(&net, NULL);
    c.virtio[2] = virtio_blk_new(&blk, NULL);
    c.virtio[3] = virtio_rng_new("rng", &r->entropy);
    r->m = machine_new(&c, NULL);
    assert_non_null(r->m);
}

static uint64_t rnd(struct rig *r)
{
    r->seed = r->seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return r->seed >> 24;
}

/* Writes all over the board, and all registers of the PEs. */
static void stir(struct rig *r, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        size_t k = rnd(r) % bus_n_regions(r->m->bus);
        struct bus_region_info g = bus_region(r->m->bus, k);
        struct bus_txn t = {.size = (uint8_t)(1 << rnd(r) % 4), .write = true, .data = rnd(r)};
        uint64_t span = rnd(r) % 4 == 0 ? g.size : MIN(g.size, 0x400);
        t.pa = pa(g.base.v + rnd(r) % span / t.size * t.size);
        t.attrs = (struct mem_attrs){.pas = g.pas_mask & PAS_MASK_S ? PAS_S : PAS_NS,
                                     .requester_id = rnd(r) % 2};
        if (t.size < 8) {
            t.data &= BIT(8 * t.size) - 1;
        }
        (void)!bus_access(r->m->bus, &t);
    }
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned x = 0; x < 32; x++) {
            cpu_set_x(r->m->pes[i], x, rnd(r));
        }
        cpu_set_pc(r->m->pes[i], rnd(r) & ~UINT64_C(3));
    }
    unsigned written = rnd(r) % CLUSTERS;
    r->overlay.there[written] = true;
    memset(r->overlay.data[written], (int)rnd(r), CLUSTER_BYTES);
    r->drawn += rnd(r) % 1000;
    r->m->request = (struct pending_request){0};
}

static void assert_same_sections(struct machine *m, const GArray *then)
{
    GArray *now = NULL;
    machine_hash(m, &now);
    assert_int_equal(now->len, then->len);
    for (guint i = 0; i < now->len; i++) {
        const struct snap_section_hash *a = &g_array_index(then, struct snap_section_hash, i);
        const struct snap_section_hash *b = &g_array_index(now, struct snap_section_hash, i);
        if (a->hash != b->hash) {
            print_error("section %s differs", a->name);
        }
        assert_true(a->hash == b->hash);
    }
    g_array_unref(now);
}

static void there_and_back(unsigned gic_version, bool secure)
{
    struct rig r = {.seed = 1};
    rig_init(&r, gic_version, secure);
    for (unsigned i = 0; i < 20; i++) {
        GError *err = NULL;
        stir(&r, 2000);
        GArray *then = NULL;
        uint64_t all = machine_hash(r.m, &then);
        GByteArray *a = machine_save_bytes(r.m, &err);
        assert_null(err);
        assert_same_sections(r.m, then); /* saving changes nothing */
        stir(&r, 2000);
        assert_int_not_equal(machine_hash(r.m, NULL), all);
        bool ok = machine_load_bytes(r.m, a->data, a->len, &err);
        if (!ok) {
            print_error("%s", err->message);
        }
        assert_true(ok);
        assert_same_sections(r.m, then);
        g_array_unref(then);
        g_byte_array_unref(a);
    }
    machine_free(r.m);
}

static void machine_with_gicv3(void **state)
{
    there_and_back(3, false);
}

static void machine_with_gicv3_secure(void **state)
{
    there_and_back(3, true);
}

static void machine_with_gicv2(void **state)
{
    there_and_back(2, true);
}

static void machine_with_gicv4(void **state)
{
    there_and_back(4, false);
}

static void damage_changes_nothing(void **state)
{
    struct rig r = {.seed = 2};
    rig_init(&r, 3, false);
    stir(&r, 5000);
    GByteArray *a = machine_save_bytes(r.m, NULL);
    uint64_t then = machine_hash(r.m, NULL);
    stir(&r, 1000);
    uint64_t now = machine_hash(r.m, NULL);
    for (guint i = 0; i < 60; i++) {
        GError *err = NULL;
        /* Behind the frame's header, which has bits that say nothing. */
        guint at = 32 + (guint)(rnd(&r) % (a->len - 32));
        a->data[at] ^= 1 << i % 8;
        if (machine_load_bytes(r.m, a->data, a->len, &err)) {
            now = then; /* a bit that says nothing in a frame either */
        }
        g_clear_error(&err);
        assert_int_equal(machine_hash(r.m, NULL), now);
        assert_false(machine_load_bytes(r.m, a->data, at, &err));
        g_clear_error(&err);
        a->data[at] ^= 1 << i % 8;
        assert_int_equal(machine_hash(r.m, NULL), now);
    }
    g_byte_array_unref(a);
    machine_free(r.m);
}

static void other_machines_are_refused(void **state)
{
    struct rig r = {.seed = 3};
    struct rig other = {.seed = 3};
    GError *err = NULL;
    rig_init(&r, 3, false);
    rig_init(&other, 3, true);
    GByteArray *a = machine_save_bytes(r.m, NULL);
    uint64_t before = machine_hash(other.m, NULL);
    assert_false(machine_load_bytes(other.m, a->data, a->len, &err));
    assert_non_null(strstr(err->message, "secure=0 there, secure=1 here"));
    assert_int_equal(machine_hash(other.m, NULL), before);
    assert_false(other.m->request.any);
    g_clear_error(&err);
    r.disk.size *= 2;
    assert_false(machine_load_bytes(r.m, a->data, a->len, &err));
    assert_non_null(strstr(err->message, "disk0=32768 there, disk0=65536 here"));
    g_error_free(err);
    g_byte_array_unref(a);
    machine_free(r.m);
    machine_free(other.m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_found_by_name),   cmocka_unit_test(values_are_bounded),
        cmocka_unit_test(newer_versions_are_refused), cmocka_unit_test(other_sections_are_refused),
        cmocka_unit_test(events_keep_their_place),    cmocka_unit_test(machine_with_gicv3),
        cmocka_unit_test(machine_with_gicv3_secure),  cmocka_unit_test(machine_with_gicv2),
        cmocka_unit_test(machine_with_gicv4),         cmocka_unit_test(damage_changes_nothing),
        cmocka_unit_test(other_machines_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
