/* SPDX-License-Identifier: Apache-2.0 */
/* Split rings: normal use, event index, indirect descriptors, and drivers that break the rules. */
#include <glib.h>
#include <string.h>

#include "fakes/unit.h"
#include "fakes/virtio_driver.h"

/* A device with one queue that fills the writable part with the inverted readable part. */
struct echo {
    struct virtio_dev d;
    struct virtq_chain chain;
    unsigned served;
};

static void echo_notify(struct virtio_dev *d, unsigned q)
{
    struct echo *e = (struct echo *)d;
    while (virtq_pop(d, q, &e->chain)) {
        uint8_t buf[4096];
        size_t n = e->chain.out_bytes < e->chain.in_bytes ? e->chain.out_bytes : e->chain.in_bytes;
        n = n < sizeof(buf) ? n : sizeof(buf);
        if (!virtq_chain_read(d, &e->chain, 0, buf, n)) {
            return;
        }
        for (size_t i = 0; i < n; i++) {
            buf[i] ^= 0xff;
        }
        if (!virtq_chain_write(d, &e->chain, 0, buf, n)) {
            return;
        }
        virtq_push(d, q, e->chain.head, (uint32_t)n);
        e->served++;
    }
    virtq_signal(d, q);
}

static void echo_finalize(struct virtio_dev *d)
{
    virtio_dev_fini(d);
    g_free(d);
}

static const struct virtio_dev_ops echo_ops = {
    .type = "echo", .device_id = 42, .notify = echo_notify, .finalize = echo_finalize};

static struct rig *echo_rig(bool legacy, uint64_t want)
{
    struct echo *e = g_new0(struct echo, 1);
    virtio_dev_init(&e->d, &echo_ops, "echo0", 2);
    virtio_dev_set_queue(&e->d, 0, 64);
    virtio_dev_set_queue(&e->d, 1, 64);
    struct rig *r = rig_new(&e->d, legacy, false);
    assert_true(rig_start(r, want, 1));
    return r;
}

static unsigned served(const struct rig *r)
{
    return ((struct echo *)r->t->vdev)->served;
}

static void check_echo(struct rig *r, uint64_t out_addr, uint64_t in_addr, uint32_t len)
{
    uint32_t head, used;
    for (uint32_t i = 0; i < len; i++) {
        *rig_at(r, out_addr + i) = (uint8_t)(i * 7);
    }
    const struct rig_seg s[] = {
        {out_addr, len, false}, {in_addr, len / 2, true}, {in_addr + len / 2, len - len / 2, true}};
    uint16_t h = rig_add(r, 0, s, 3);
    rig_kick(r, 0);
    assert_true(rig_take(r, 0, &head, &used));
    assert_int_equal(head, h);
    assert_int_equal(used, len);
    for (uint32_t i = 0; i < len; i++) {
        assert_int_equal(*rig_at(r, in_addr + i), (uint8_t)~(i * 7));
    }
}

static void test_echo(void **state)
{
    const bool legacy[] = {false, true};
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned no_span = 0; no_span < 2; no_span++) {
            struct rig *r = echo_rig(legacy[i], 0);
            r->no_span = no_span != 0;
            uint64_t a = rig_alloc(r, 4096), b = rig_alloc(r, 4096);
            /* More chains than entries: the indices wrap. */
            for (unsigned n = 0; n < 40; n++) {
                check_echo(r, a, b, 100 + n);
            }
            assert_int_equal(served(r), 40);
            assert_int_equal(r->irqs, 1); /* never acknowledged */
            rig_ack(r);
            check_echo(r, a, b, 5);
            assert_int_equal(r->irqs, 2);
            rig_free(r);
        }
    }
}

/* Buffers that straddle direct memory and a page that is reached by accesses only. */
static void test_bounce(void **state)
{
    struct rig *r = echo_rig(false, 0);
    check_echo(r, RIG_ODD - 100, RIG_ODD + 500, 300);
    check_echo(r, RIG_BASE + 0x200000, RIG_ODD - 77, 200);
    rig_free(r);
}

static void test_no_interrupt_flag(void **state)
{
    struct rig *r = echo_rig(false, 0);
    uint64_t a = rig_alloc(r, 64);
    virtio_put_le(rig_at(r, r->q[0].avail), 1, 2); /* VIRTQ_AVAIL_F_NO_INTERRUPT */
    check_echo(r, a, a + 32, 16);
    assert_int_equal(r->irqs, 0);
    rig_free(r);
}

static void test_event_idx(void **state)
{
    struct rig *r = echo_rig(false, VIRTIO_F_EVENT_IDX);
    uint64_t a = rig_alloc(r, 64);
    uint8_t *used_event = rig_at(r, r->q[0].avail + 4 + 2UL * RIG_NUM);
    uint8_t *avail_event = rig_at(r, r->q[0].used + 4 + 8UL * RIG_NUM);
    check_echo(r, a, a + 32, 16); /* the first is always signalled */
    assert_int_equal(r->irqs, 1);
    rig_ack(r);
    virtio_put_le(used_event, 3, 2); /* after the fourth */
    check_echo(r, a, a + 32, 16);
    check_echo(r, a, a + 32, 16);
    assert_int_equal(r->irqs, 1);
    assert_int_equal(virtio_get_le(avail_event, 2), 3); /* notify of the next one */
    check_echo(r, a, a + 32, 16);
    assert_int_equal(r->irqs, 2);
    rig_free(r);
}

static void put_desc(struct rig *r, uint64_t table, unsigned i, struct rig_seg s, uint16_t flags,
                     uint16_t next)
{
    uint8_t *d = rig_at(r, table + 16UL * i);
    virtio_put_le(d, s.addr, 8);
    virtio_put_le(d + 8, s.len, 4);
    virtio_put_le(d + 12, (uint64_t)flags | (s.in ? 2 : 0), 2);
    virtio_put_le(d + 14, next, 2);
}

static void test_indirect(void **state)
{
    struct rig *r = echo_rig(false, VIRTIO_F_INDIRECT_DESC);
    uint64_t data = rig_alloc(r, 256), table = rig_alloc(r, 64);
    uint32_t head, used;
    memset(rig_at(r, data), 0x0f, 64);
    put_desc(r, table, 0, (struct rig_seg){data, 64, false}, 1, 2);
    put_desc(r, table, 2, (struct rig_seg){data + 64, 64, true}, 0, 0);
    rig_set_desc(r, 0, 5, table, 3 * 16, 4, 0);
    rig_offer(r, 0, 5);
    rig_kick(r, 0);
    assert_true(rig_take(r, 0, &head, &used));
    assert_int_equal(head, 5);
    assert_int_equal(used, 64);
    assert_int_equal(*rig_at(r, data + 64 + 63), 0xf0);
    rig_free(r);
}

/* ---- hostile drivers: each leaves the device stopped, and a reset brings it back ---- */

static void expect_broken(struct rig *r)
{
    uint64_t a = rig_alloc(r, 64);
    rig_kick(r, 0);
    assert_true(rig_needs_reset(r));
    assert_true(r->irqs != 0); /* configuration change */
    unsigned before = served(r);
    rig_kick(r, 0);
    assert_int_equal(served(r), before);
    assert_true(rig_start(r, 0, 1));
    assert_false(rig_needs_reset(r));
    check_echo(r, a, a + 32, 16);
    rig_free(r);
}

static void test_loop(void **state)
{
    struct rig *r = echo_rig(false, 0);
    rig_set_desc(r, 0, 0, RIG_BASE, 16, 1, 1);
    rig_set_desc(r, 0, 1, RIG_BASE, 16, 1, 0);
    rig_offer(r, 0, 0);
    expect_broken(r);
}

static void test_bad_indices(void **state)
{
    struct rig *r = echo_rig(false, 0);
    rig_offer(r, 0, RIG_NUM); /* head outside the table */
    expect_broken(r);

    r = echo_rig(false, 0);
    rig_set_desc(r, 0, 0, RIG_BASE, 16, 1, 0xffff); /* next outside the table */
    rig_offer(r, 0, 0);
    expect_broken(r);

    r = echo_rig(false, 0);
    virtio_put_le(rig_at(r, r->q[0].avail + 2), RIG_NUM + 1, 2); /* more than the ring holds */
    expect_broken(r);
}

static void test_bad_descriptors(void **state)
{
    static const struct {
        uint64_t addr;
        uint32_t len;
        uint16_t flags;
    } cases[] = {
        {RIG_BASE, 0, 0},                            /* empty */
        {UINT64_MAX - 7, 64, 0},                     /* wraps */
        {RIG_BASE, 24, 4},                           /* indirect table of one and a half */
        {RIG_BASE, 0, 4},                            /* indirect table of none */
        {0xdead0000, 64, 4},                         /* indirect table in nowhere */
        {RIG_BASE + 0x100000, UINT32_MAX & ~15U, 4}, /* huge table of zeros: empty descriptor */
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig *r = echo_rig(false, VIRTIO_F_INDIRECT_DESC);
        rig_set_desc(r, 0, 0, cases[i].addr, cases[i].len, cases[i].flags, 0);
        rig_offer(r, 0, 0);
        expect_broken(r);
    }
}

static void test_bad_order(void **state)
{
    struct rig *r = echo_rig(false, 0);
    const struct rig_seg s[] = {{RIG_BASE, 8, true}, {RIG_BASE, 8, false}};
    rig_add(r, 0, s, 2);
    expect_broken(r);
}

static void test_nested_indirect(void **state)
{
    struct rig *r = echo_rig(false, VIRTIO_F_INDIRECT_DESC);
    uint64_t table = rig_alloc(r, 16);
    put_desc(r, table, 0, (struct rig_seg){table, 16, false}, 4, 0);
    rig_set_desc(r, 0, 0, table, 16, 4, 0);
    rig_offer(r, 0, 0);
    expect_broken(r);
}

static void test_long_indirect(void **state)
{
    struct rig *r = echo_rig(false, VIRTIO_F_INDIRECT_DESC);
    unsigned n = VIRTQ_CHAIN_MAX + 1;
    uint64_t table = rig_alloc(r, 16 * n);
    for (unsigned i = 0; i < n; i++) {
        put_desc(r, table, i, (struct rig_seg){RIG_BASE, 1, false}, i + 1 < n, (uint16_t)(i + 1));
    }
    rig_set_desc(r, 0, 0, table, 16 * n, 4, 0);
    rig_offer(r, 0, 0);
    expect_broken(r);
}

static void test_buffer_in_nowhere(void **state)
{
    struct rig *r = echo_rig(false, 0);
    const struct rig_seg s[] = {{0x1000, 64, false}, {RIG_BASE, 64, true}};
    rig_add(r, 0, s, 2);
    expect_broken(r);

    r = echo_rig(false, 0);
    const struct rig_seg t[] = {{RIG_BASE, 64, false}, {RIG_ODD + RIG_ODD_BYTES - 32, 64, true}};
    rig_add(r, 0, t, 2);
    expect_broken(r);
}

static void test_ring_in_nowhere(void **state)
{
    struct rig *r = echo_rig(false, 0);
    rig_write(r, 0x30, 1); /* the second queue: its rings are at 0 */
    rig_write(r, 0x44, 1);
    rig_kick(r, 1);
    assert_true(rig_needs_reset(r));
    rig_free(r);
}

static void test_legacy_broken(void **state)
{
    struct rig *r = echo_rig(true, 0);
    rig_offer(r, 0, 999);
    rig_kick(r, 0);
    assert_int_equal(rig_read(r, 0x70) & VIRTIO_STATUS_NEEDS_RESET, 0); /* no such bit */
    assert_true(r->t->vdev->broken);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_bounce),
        cmocka_unit_test(test_no_interrupt_flag),
        cmocka_unit_test(test_event_idx),
        cmocka_unit_test(test_indirect),
        cmocka_unit_test(test_loop),
        cmocka_unit_test(test_bad_indices),
        cmocka_unit_test(test_bad_descriptors),
        cmocka_unit_test(test_bad_order),
        cmocka_unit_test(test_nested_indirect),
        cmocka_unit_test(test_long_indirect),
        cmocka_unit_test(test_buffer_in_nowhere),
        cmocka_unit_test(test_ring_in_nowhere),
        cmocka_unit_test(test_legacy_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
