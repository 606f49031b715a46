/* SPDX-License-Identifier: Apache-2.0 */
/* The block device over a disk in memory: every request type, limits, errors, deferral. */
#include <glib.h>
#include <string.h>

#include "devices/virtio_blk.h"
#include "fakes/unit.h"
#include "fakes/virtio_driver.h"

#define DISK_BYTES (8U << 20)

struct disk {
    struct blockdev dev;
    uint8_t *data;
    unsigned flushes, zeroes, discards;
    bool fails;
};

static bool disk_read(void *o, uint64_t offset, void *buf, size_t len)
{
    struct disk *d = o;
    assert_true(offset + len <= DISK_BYTES);
    memcpy(buf, d->data + offset, len);
    return !d->fails;
}

static bool disk_write(void *o, uint64_t offset, const void *buf, size_t len)
{
    struct disk *d = o;
    assert_true(offset + len <= DISK_BYTES);
    memcpy(d->data + offset, buf, len);
    return !d->fails;
}

static bool disk_flush(void *o)
{
    struct disk *d = o;
    d->flushes++;
    return !d->fails;
}

static bool disk_zero(void *o, uint64_t offset, uint64_t len, bool unmap)
{
    struct disk *d = o;
    d->zeroes++;
    if (unmap) {
        memset(d->data + offset, 0, len);
    }
    return unmap; /* else the device has to write */
}

static bool disk_discard(void *o, uint64_t offset, uint64_t len)
{
    struct disk *d = o;
    d->discards++;
    return true;
}

static const struct blockdev_ops disk_ops = {
    .read = disk_read,
    .write = disk_write,
    .flush = disk_flush,
    .zero = disk_zero,
    .discard = disk_discard,
};

struct bench {
    struct disk disk;
    struct rig *r;
    uint64_t header, status, data;
};

static struct bench *bench_new(bool read_only, uint64_t want, bool evq)
{
    struct bench *b = g_new0(struct bench, 1);
    b->disk.data = g_malloc(DISK_BYTES);
    for (unsigned i = 0; i < DISK_BYTES; i++) {
        b->disk.data[i] = (uint8_t)(i / 512 + i);
    }
    b->disk.dev = (struct blockdev){
        .ops = &disk_ops, .opaque = &b->disk, .size = DISK_BYTES, .read_only = read_only};
    const struct virtio_blk_cfg cfg = {.id = "blk0", .disk = &b->disk.dev, .serial = "SN-42"};
    b->r = rig_new(virtio_blk_new(&cfg, NULL), false, evq);
    assert_true(rig_start(b->r, want, 1));
    b->header = rig_alloc(b->r, 16);
    b->status = rig_alloc(b->r, 16);
    b->data = RIG_BASE + (1U << 20);
    return b;
}

static void bench_free(struct bench *b)
{
    rig_free(b->r);
    g_free(b->disk.data);
    g_free(b);
}

static void put_header(struct bench *b, uint32_t type, uint64_t sector)
{
    virtio_put_le(rig_at(b->r, b->header), type, 4);
    virtio_put_le(rig_at(b->r, b->header + 8), sector, 8);
    *rig_at(b->r, b->status) = 0xaa;
}

/* One request with a data buffer (len 0: none). Returns the status byte. */
static unsigned request(struct bench *b, uint32_t type, uint64_t sector, uint32_t len, bool in)
{
    struct rig_seg s[3] = {{b->header, 16, false}};
    unsigned n = 1;
    uint32_t head, used;
    put_header(b, type, sector);
    if (len != 0) {
        s[n++] = (struct rig_seg){b->data, len, in};
    }
    s[n++] = (struct rig_seg){b->status, 1, true};
    rig_add(b->r, 0, s, n);
    rig_kick(b->r, 0);
    assert_true(rig_take(b->r, 0, &head, &used));
    return *rig_at(b->r, b->status);
}

static void test_config(void **state)
{
    struct bench *b = bench_new(false, 0, false);
    assert_int_equal(rig_config(b->r, 0, 8), DISK_BYTES / 512);
    assert_int_equal(rig_config(b->r, 0, 4), DISK_BYTES / 512);
    assert_int_equal(rig_config(b->r, 12, 4), 254);
    assert_int_equal(rig_config(b->r, 20, 4), 512);
    assert_int_equal(rig_config(b->r, 32, 1), 1);
    assert_int_equal(rig_config(b->r, 60, 4), 0); /* past the end */
    bench_free(b);
}

static void test_read_write(void **state)
{
    static const uint32_t sizes[] = {512, 4096, 256 << 10, 1 << 20};
    struct bench *b = bench_new(false, UINT64_MAX, false);
    for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
        assert_int_equal(request(b, 0, 9, sizes[i], true), 0);
        assert_memory_equal(rig_at(b->r, b->data), b->disk.data + 9 * 512, sizes[i]);
        memset(rig_at(b->r, b->data), (int)i + 1, sizes[i]);
        assert_int_equal(request(b, 1, 5, sizes[i], false), 0);
        assert_memory_equal(rig_at(b->r, b->data), b->disk.data + 5 * 512, sizes[i]);
    }
    assert_int_equal(b->disk.flushes, 0); /* write back */
    assert_int_equal(request(b, 4, 0, 0, false), 0);
    assert_int_equal(b->disk.flushes, 1);
    assert_int_equal(request(b, 0x80000005U, 0, 0, false), 0); /* legacy flush and barrier */
    assert_int_equal(b->disk.flushes, 2);
    bench_free(b);
}

static void test_limits(void **state)
{
    struct bench *b = bench_new(false, UINT64_MAX, false);
    uint64_t end = DISK_BYTES / 512;
    assert_int_equal(request(b, 0, end - 1, 512, true), 0);
    assert_int_equal(request(b, 0, end - 1, 1024, true), 1);
    assert_int_equal(request(b, 1, end, 512, false), 1);
    assert_int_equal(request(b, 0, UINT64_MAX, 512, true), 1);
    assert_int_equal(request(b, 0, UINT64_MAX / 512 + 1, 512, true), 1);
    assert_int_equal(request(b, 0, 0, 511, true), 1);
    assert_int_equal(request(b, 99, 0, 512, true), 2);
    b->disk.fails = true;
    assert_int_equal(request(b, 0, 0, 512, true), 1);
    assert_int_equal(request(b, 1, 0, 512, false), 1);
    assert_int_equal(request(b, 4, 0, 0, false), 1);
    bench_free(b);
}

static void test_serial(void **state)
{
    struct bench *b = bench_new(false, UINT64_MAX, false);
    static const char want[20] = "SN-42";
    assert_int_equal(request(b, 8, 0, 20, true), 0);
    assert_memory_equal(rig_at(b->r, b->data), want, 20);
    bench_free(b);
}

static void put_range(struct bench *b, uint64_t sector, uint32_t n, uint32_t flags)
{
    virtio_put_le(rig_at(b->r, b->data), sector, 8);
    virtio_put_le(rig_at(b->r, b->data + 8), n, 4);
    virtio_put_le(rig_at(b->r, b->data + 12), flags, 4);
}

static void test_ranges(void **state)
{
    struct bench *b = bench_new(false, UINT64_MAX, false);
    for (unsigned unmap = 0; unmap < 2; unmap++) {
        uint64_t sector = 10 + 1000 * unmap;
        put_range(b, sector, 300, unmap);
        assert_int_equal(request(b, 13, 0, 16, false), 0);
        for (unsigned i = 0; i < 300 * 512; i++) {
            assert_int_equal(b->disk.data[sector * 512 + i], 0);
        }
        assert_int_not_equal(b->disk.data[(sector + 300) * 512 + 1], 0);
    }
    assert_int_equal(b->disk.zeroes, 2);
    put_range(b, 0, 8, 0);
    assert_int_equal(request(b, 11, 0, 16, false), 0);
    assert_int_equal(b->disk.discards, 1);
    put_range(b, 0, 8, 1); /* unmap means nothing for a discard */
    assert_int_equal(request(b, 11, 0, 16, false), 2);
    put_range(b, 0, 8, 2);
    assert_int_equal(request(b, 13, 0, 16, false), 2);
    put_range(b, DISK_BYTES / 512 - 1, 2, 0);
    assert_int_equal(request(b, 13, 0, 16, false), 1);
    put_range(b, 0, UINT32_MAX, 0);
    assert_int_equal(request(b, 11, 0, 16, false), 1);
    assert_int_equal(request(b, 11, 0, 32, false), 2); /* two segments */
    bench_free(b);
}

static void test_write_cache(void **state)
{
    struct bench *b = bench_new(false, UINT64_MAX, false);
    struct bus_txn t = {.pa = pa(0x100 + 32), .size = 1, .write = true, .data = 0};
    (void)device_access(&b->r->t->dev, 0, &t); /* write through */
    unsigned before = b->disk.flushes;
    assert_int_equal(request(b, 1, 0, 512, false), 0);
    assert_int_equal(b->disk.flushes, before + 1);
    bench_free(b);
    b = bench_new(false, 0, false); /* a driver that cannot flush */
    assert_int_equal(request(b, 1, 0, 512, false), 0);
    assert_int_equal(b->disk.flushes, 1);
    bench_free(b);
}

static void test_read_only(void **state)
{
    struct bench *b = bench_new(true, UINT64_MAX, false);
    uint8_t before = b->disk.data[0];
    assert_true((b->r->features & BIT(5)) != 0);
    assert_int_equal(b->r->features & (BIT(13) | BIT(14)), 0);
    *rig_at(b->r, b->data) = (uint8_t)~before;
    assert_int_equal(request(b, 1, 0, 512, false), 1);
    assert_int_equal(b->disk.data[0], before);
    put_range(b, 0, 8, 0);
    assert_int_equal(request(b, 13, 0, 16, false), 1);
    assert_int_equal(request(b, 0, 0, 512, true), 0);
    bench_free(b);
}

/* VIRTIO 1.2, 2.7.4.3: no assumptions on framing. */
static void test_odd_framing(void **state)
{
    struct bench *b = bench_new(false, 0, false);
    uint32_t head, used;
    put_header(b, 0, 3);
    const struct rig_seg s[] = {{b->header, 5, false},
                                {b->header + 5, 11, false},
                                {b->data, 700, true},
                                {b->data + 700, 325, true}};
    rig_add(b->r, 0, s, 4);
    rig_kick(b->r, 0);
    assert_true(rig_take(b->r, 0, &head, &used));
    assert_int_equal(used, 1025);
    assert_memory_equal(rig_at(b->r, b->data), b->disk.data + 3 * 512, 1024);
    assert_int_equal(*rig_at(b->r, b->data + 1024), 0);
    bench_free(b);
}

static void test_malformed(void **state)
{
    struct bench *b = bench_new(false, 0, false);
    const struct rig_seg no_status[] = {{b->header, 16, false}};
    rig_add(b->r, 0, no_status, 1);
    rig_kick(b->r, 0);
    assert_true(rig_needs_reset(b->r));
    assert_true(rig_start(b->r, 0, 1));
    const struct rig_seg short_header[] = {{b->header, 15, false}, {b->status, 1, true}};
    rig_add(b->r, 0, short_header, 2);
    rig_kick(b->r, 0);
    assert_true(rig_needs_reset(b->r));
    bench_free(b);
}

/* A ring full of big reads is worked off in portions, each at its own time. */
static void test_deferral(void **state)
{
    struct bench *b = bench_new(false, 0, true);
    uint32_t head, used;
    unsigned done = 0;
    put_header(b, 0, 0);
    /* The same 2 MiB over and over: 16 MiB a request. */
    uint64_t table = RIG_BASE + (3U << 20);
    virtio_put_le(rig_at(b->r, table), b->header, 8);
    virtio_put_le(rig_at(b->r, table + 8), 16, 4);
    virtio_put_le(rig_at(b->r, table + 12), 1, 2);
    virtio_put_le(rig_at(b->r, table + 14), 1, 2);
    for (unsigned i = 1; i <= 4; i++) {
        uint8_t *d = rig_at(b->r, table + 16 * i);
        virtio_put_le(d, b->data, 8);
        virtio_put_le(d + 8, 2 << 20, 4);
        virtio_put_le(d + 12, 1 | 2, 2);
        virtio_put_le(d + 14, i + 1, 2);
    }
    virtio_put_le(rig_at(b->r, table + 80), b->status, 8);
    virtio_put_le(rig_at(b->r, table + 88), 1, 4);
    virtio_put_le(rig_at(b->r, table + 92), 2, 2);
    for (unsigned i = 0; i < RIG_NUM; i++) {
        rig_set_desc(b->r, 0, i, table, 96, 4, 0);
        rig_offer(b->r, 0, (uint16_t)i);
    }
    rig_kick(b->r, 0);
    while (rig_take(b->r, 0, &head, &used)) {
        done++;
    }
    assert_true(done > 0 && done < RIG_NUM);
    while (evq_next(b->r->evq) != TICK_NEVER) {
        evq_advance(b->r->evq, evq_next(b->r->evq));
    }
    while (rig_take(b->r, 0, &head, &used)) {
        done++;
    }
    assert_int_equal(done, RIG_NUM);
    bench_free(b);
}

static void test_bad_options(void **state)
{
    struct disk d = {.dev = {.ops = &disk_ops, .size = DISK_BYTES}};
    const struct virtio_blk_cfg bad[] = {
        {.disk = NULL},
        {.disk = &d.dev, .logical_block_size = 500},
        {.disk = &d.dev, .logical_block_size = 4096, .physical_block_size = 512},
        {.disk = &d.dev, .queue_size = 100},
    };
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        GError *err = NULL;
        assert_null(virtio_blk_new(&bad[i], &err));
        assert_non_null(err);
        g_error_free(err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config),      cmocka_unit_test(test_read_write),
        cmocka_unit_test(test_limits),      cmocka_unit_test(test_serial),
        cmocka_unit_test(test_ranges),      cmocka_unit_test(test_write_cache),
        cmocka_unit_test(test_read_only),   cmocka_unit_test(test_odd_framing),
        cmocka_unit_test(test_malformed),   cmocka_unit_test(test_deferral),
        cmocka_unit_test(test_bad_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
