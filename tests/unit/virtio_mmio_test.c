/* SPDX-License-Identifier: Apache-2.0 */
/* The MMIO transport: identification, versions, feature negotiation, queues, reset, entropy. */
#include <glib.h>
#include <string.h>

#include "devices/virtio_rng.h"
#include "fakes/unit.h"
#include "fakes/virtio_driver.h"

static void fill_count(void *opaque, uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        buf[i] = (uint8_t)(*(unsigned *)opaque)++;
    }
}

static unsigned count;
static struct entropy source = {.fill = fill_count, .opaque = &count};

static struct rig *rng_rig(bool legacy)
{
    count = 1;
    return rig_new(virtio_rng_new("rng0", &source), legacy, false);
}

static void test_empty_slot(void **state)
{
    for (unsigned legacy = 0; legacy < 2; legacy++) {
        struct rig *r = rig_new(NULL, legacy != 0, false);
        assert_int_equal(rig_read(r, 0x000), 0x74726976);
        assert_int_equal(rig_read(r, 0x004), legacy ? 1 : 2);
        assert_int_equal(rig_read(r, 0x008), 0);
        /* Nothing else answers, and nothing written does harm. */
        for (uint32_t off = 0x10; off < 0x200; off += 4) {
            rig_write(r, off, UINT32_MAX);
            rig_write(r, off, 0);
            assert_int_equal(rig_read(r, off), 0);
        }
        rig_free(r);
    }
}

static void test_identification(void **state)
{
    struct rig *r = rng_rig(false);
    assert_int_equal(rig_read(r, 0x000), 0x74726976);
    assert_int_equal(rig_read(r, 0x004), 2);
    assert_int_equal(rig_read(r, 0x008), VIRTIO_ID_ENTROPY);
    assert_int_equal(rig_read(r, 0x00c), 0x554d4551);
    assert_int_equal(rig_read(r, 0x034), VIRTQ_NUM_MAX);
    rig_write(r, 0x030, 1); /* no such queue */
    assert_int_equal(rig_read(r, 0x034), 0);
    assert_int_equal(rig_read(r, 0x0b0), UINT32_MAX); /* no shared memory */
    assert_int_equal(rig_config(r, 0, 4), 0);         /* no configuration */
    rig_free(r);
}

static void test_features(void **state)
{
    struct rig *r = rng_rig(false);
    rig_write(r, 0x014, 1);
    assert_int_equal(rig_read(r, 0x010), 1); /* VERSION_1 */
    rig_write(r, 0x014, 2);
    assert_int_equal(rig_read(r, 0x010), 0);
    /* Without VERSION_1, and with a bit that was not offered: refused. */
    rig_write(r, 0x070, 1 | 2);
    rig_write(r, 0x070, 1 | 2 | 8);
    assert_int_equal(rig_read(r, 0x070), 1 | 2);
    rig_write(r, 0x024, 1);
    rig_write(r, 0x020, 1);
    rig_write(r, 0x024, 0);
    rig_write(r, 0x020, 1);
    rig_write(r, 0x070, 1 | 2 | 8);
    assert_int_equal(rig_read(r, 0x070), 1 | 2);
    rig_write(r, 0x020, 0);
    rig_write(r, 0x070, 1 | 2 | 8);
    assert_int_equal(rig_read(r, 0x070), 1 | 2 | 8);
    /* Too late. */
    rig_write(r, 0x020, (uint32_t)VIRTIO_F_EVENT_IDX);
    assert_false(virtio_dev_has(r->t->vdev, VIRTIO_F_EVENT_IDX));
    rig_free(r);

    r = rng_rig(true);
    rig_write(r, 0x014, 1);
    assert_int_equal(rig_read(r, 0x010), 0); /* version 1 offers 32 bits */
    rig_write(r, 0x020, UINT32_MAX);
    assert_int_equal(r->t->vdev->features, r->t->vdev->offered);
    rig_free(r);
}

static void test_other_version_registers(void **state)
{
    struct rig *r = rng_rig(false);
    rig_write(r, 0x028, 4096);
    rig_write(r, 0x040, 0x40001); /* QueuePFN */
    assert_int_equal(rig_read(r, 0x040), 0);
    assert_false(r->t->vdev->queues[0].ready);
    rig_free(r);

    r = rng_rig(true);
    rig_write(r, 0x044, 1); /* QueueReady */
    assert_int_equal(rig_read(r, 0x044), 0);
    assert_false(r->t->vdev->queues[0].ready);
    rig_free(r);
}

static void test_queue_sizes(void **state)
{
    static const uint32_t bad[] = {0, 3, 2 * VIRTQ_NUM_MAX, UINT32_MAX};
    struct rig *r = rng_rig(false);
    rig_write(r, 0x038, 4);
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        rig_write(r, 0x038, bad[i]);
        assert_int_equal(r->t->vdev->queues[0].num, 4);
    }
    rig_free(r);
}

static void test_legacy_pfn(void **state)
{
    struct rig *r = rng_rig(true);
    rig_write(r, 0x028, 4096);
    rig_write(r, 0x070, 0); /* a reset keeps the page size */
    rig_write(r, 0x038, 8);
    rig_write(r, 0x03c, 4096);
    rig_write(r, 0x040, RIG_BASE >> 12);
    assert_int_equal(rig_read(r, 0x040), RIG_BASE >> 12);
    assert_int_equal(r->t->vdev->queues[0].avail, RIG_BASE + 128);
    assert_int_equal(r->t->vdev->queues[0].used, RIG_BASE + 4096);
    rig_write(r, 0x040, 0);
    assert_int_equal(rig_read(r, 0x040), 0);
    assert_false(r->t->vdev->queues[0].ready);
    rig_free(r);
}

static void test_entropy(void **state)
{
    for (unsigned legacy = 0; legacy < 2; legacy++) {
        struct rig *r = rng_rig(legacy != 0);
        uint32_t head, len;
        assert_true(rig_start(r, VIRTIO_F_EVENT_IDX, 1));
        uint64_t a = rig_alloc(r, 64);
        const struct rig_seg s[] = {{a, 10, true}, {a + 32, 10, true}};
        rig_add(r, 0, s, 2);
        rig_kick(r, 0);
        assert_true(rig_take(r, 0, &head, &len));
        assert_int_equal(len, 20);
        assert_int_equal(*rig_at(r, a), 1);
        assert_int_equal(*rig_at(r, a + 9), 10);
        assert_int_equal(*rig_at(r, a + 10), 0);
        assert_int_equal(*rig_at(r, a + 32), 11);
        assert_true(r->t->irq.level);
        assert_int_equal(rig_read(r, 0x060), 1);
        rig_ack(r);
        assert_false(r->t->irq.level);
        /* Reset: the line drops, queues are gone. */
        rig_add(r, 0, s, 2);
        rig_kick(r, 0);
        rig_write(r, 0x070, 0);
        assert_false(r->t->irq.level);
        assert_int_equal(rig_read(r, 0x070), 0);
        assert_false(r->t->vdev->queues[0].ready);
        rig_free(r);
    }
}

static void test_entropy_is_bounded(void **state)
{
    struct rig *r = rng_rig(false);
    uint32_t head, len;
    assert_true(rig_start(r, 0, 1));
    const struct rig_seg s[] = {{RIG_BASE + 0x100000, 0x200000, true}};
    rig_add(r, 0, s, 1);
    rig_kick(r, 0);
    assert_true(rig_take(r, 0, &head, &len));
    assert_int_equal(len, 65536);
    rig_free(r);
}

static void test_occupied(void **state)
{
    struct rig *r = rng_rig(false);
    struct virtio_dev *d = virtio_rng_new("rng1", &source);
    GError *err = NULL;
    assert_false(virtio_mmio_plug(r->t, d, &err));
    assert_non_null(err);
    g_error_free(err);
    virtio_dev_free(d);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_slot),  cmocka_unit_test(test_identification),
        cmocka_unit_test(test_features),    cmocka_unit_test(test_other_version_registers),
        cmocka_unit_test(test_queue_sizes), cmocka_unit_test(test_legacy_pfn),
        cmocka_unit_test(test_entropy),     cmocka_unit_test(test_entropy_is_bounded),
        cmocka_unit_test(test_occupied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
