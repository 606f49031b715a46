/* SPDX-License-Identifier: Apache-2.0 */
/* The network device over a fake network: both directions, merged buffers, back pressure, filters.
 */
#include <glib.h>
#include <string.h>

#include "devices/virtio_net.h"
#include "fakes/unit.h"
#include "fakes/virtio_driver.h"

#define F_MRG_RXBUF BIT(15)
#define F_STATUS    BIT(16)
#define F_CTRL      (BIT(17) | BIT(18) | BIT(20) | BIT(23))

static const uint8_t mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};

struct wire {
    struct netdev dev;
    uint8_t sent[70000];
    size_t sent_len;
    unsigned n_sent, n_retries;
};

static void wire_send(void *opaque, const uint8_t *frame, size_t len)
{
    struct wire *w = opaque;
    memcpy(w->sent, frame, len);
    w->sent_len = len;
    w->n_sent++;
}

static void wire_retry(void *opaque)
{
    ((struct wire *)opaque)->n_retries++;
}

static const struct netdev_ops wire_ops = {.send = wire_send};

static struct rig *net_rig(struct wire *w, bool legacy, uint64_t want)
{
    memset(w, 0, sizeof(*w));
    w->dev = (struct netdev){.ops = &wire_ops, .opaque = w, .retry = wire_retry};
    struct virtio_net_cfg cfg = {.id = "net0", .net = &w->dev};
    memcpy(cfg.mac, mac, 6);
    struct rig *r = rig_new(virtio_net_new(&cfg, NULL), legacy, false);
    assert_true(rig_start(r, want, 3));
    return r;
}

static bool deliver(struct wire *w, const uint8_t *frame, size_t len)
{
    return w->dev.deliver(w->dev.dev, frame, len);
}

static void make_frame(uint8_t *f, size_t len, const uint8_t *to)
{
    for (size_t i = 0; i < len; i++) {
        f[i] = (uint8_t)(i * 3);
    }
    memcpy(f, to, 6);
}

static void test_transmit(void **state)
{
    static struct wire w;
    for (unsigned i = 0; i < 4; i++) {
        bool legacy = (i & 1) != 0, merge = (i & 2) != 0;
        struct rig *r = net_rig(&w, legacy, merge ? F_MRG_RXBUF : 0);
        uint32_t header = legacy && !merge ? 10 : 12, head, used;
        uint64_t a = rig_alloc(r, 2048);
        make_frame(rig_at(r, a + header), 1514, mac);
        const struct rig_seg one[] = {{a, header + 1514, false}};
        const struct rig_seg split[] = {{a, header, false}, {a + header, 1514, false}};
        rig_add(r, 1, one, 1);
        rig_add(r, 1, split, 2);
        rig_kick(r, 1);
        assert_int_equal(w.n_sent, 2);
        assert_int_equal(w.sent_len, 1514);
        assert_memory_equal(w.sent, rig_at(r, a + header), 1514);
        assert_true(rig_take(r, 1, &head, &used) && rig_take(r, 1, &head, &used));
        assert_int_equal(r->irqs, 1);
        rig_free(r);
    }
}

static void test_transmit_bad(void **state)
{
    static struct wire w;
    struct rig *r = net_rig(&w, false, 0);
    uint32_t head, used;
    const struct rig_seg tiny[] = {{RIG_BASE, 12 + 13, false}};
    const struct rig_seg huge[] = {{RIG_BASE, 1 << 20, false}};
    rig_add(r, 1, tiny, 1);
    rig_add(r, 1, huge, 1);
    rig_kick(r, 1);
    assert_int_equal(w.n_sent, 0);
    assert_true(rig_take(r, 1, &head, &used) && rig_take(r, 1, &head, &used));
    const struct rig_seg headless[] = {{RIG_BASE, 11, false}};
    rig_add(r, 1, headless, 1);
    rig_kick(r, 1);
    assert_true(rig_needs_reset(r));
    rig_free(r);
}

static void test_receive(void **state)
{
    static struct wire w;
    struct rig *r = net_rig(&w, false, 0);
    uint8_t frame[1514];
    uint32_t head, used;
    make_frame(frame, sizeof(frame), mac);
    uint64_t a = rig_alloc(r, 2048);
    const struct rig_seg s[] = {{a, 12, true}, {a + 12, 1600, true}};
    rig_add(r, 0, s, 2);
    rig_kick(r, 0);
    memset(rig_at(r, a), 0xaa, 12);
    assert_true(deliver(&w, frame, sizeof(frame)));
    assert_true(rig_take(r, 0, &head, &used));
    assert_int_equal(used, 12 + 1514);
    assert_memory_equal(rig_at(r, a + 12), frame, 1514);
    assert_int_equal(virtio_get_le(rig_at(r, a), 8), 0);
    assert_int_equal(virtio_get_le(rig_at(r, a + 10), 2), 1); /* num_buffers */
    assert_int_equal(r->irqs, 1);
    rig_free(r);
}

/* No buffer: the backend keeps the frame and is called when there is one. */
static void test_starved(void **state)
{
    const uint64_t features[] = {0, VIRTIO_F_EVENT_IDX};
    static struct wire w;
    for (unsigned i = 0; i < 2; i++) {
        struct rig *r = net_rig(&w, false, features[i]);
        uint8_t frame[64];
        uint32_t head, used;
        make_frame(frame, sizeof(frame), mac);
        uint64_t a = rig_alloc(r, 128);
        const struct rig_seg s[] = {{a, 128, true}};
        rig_add(r, 0, s, 1);
        rig_kick(r, 0);
        if (i == 0) { /* no need to tell of more buffers now */
            assert_int_equal(virtio_get_le(rig_at(r, r->q[0].used), 2), 1);
        }
        assert_true(deliver(&w, frame, sizeof(frame)));
        assert_false(deliver(&w, frame, sizeof(frame)));
        if (i == 0) {
            assert_int_equal(virtio_get_le(rig_at(r, r->q[0].used), 2), 0);
        } else {
            assert_int_equal(virtio_get_le(rig_at(r, r->q[0].used + 4 + 8 * RIG_NUM), 2), 1);
        }
        assert_int_equal(w.n_retries, 0);
        rig_add(r, 0, s, 1);
        rig_kick(r, 0);
        assert_int_equal(w.n_retries, 1);
        assert_true(deliver(&w, frame, sizeof(frame)));
        assert_true(rig_take(r, 0, &head, &used) && rig_take(r, 0, &head, &used));
        rig_free(r);
    }
}

static void test_merge(void **state)
{
    static struct wire w;
    struct rig *r = net_rig(&w, false, F_MRG_RXBUF);
    uint8_t frame[1000];
    uint32_t head[4], used[4];
    make_frame(frame, sizeof(frame), mac);
    uint64_t a = rig_alloc(r, 4 * 512);
    for (unsigned i = 0; i < 2; i++) {
        rig_add(r, 0, &(struct rig_seg){a + 512 * i, 400, true}, 1);
    }
    /* Two buffers are not enough: nothing is used, and both are there for the second try. */
    assert_false(deliver(&w, frame, sizeof(frame)));
    assert_false(rig_take(r, 0, head, used));
    rig_add(r, 0, &(struct rig_seg){a + 1024, 400, true}, 1);
    rig_kick(r, 0);
    assert_int_equal(w.n_retries, 1);
    assert_true(deliver(&w, frame, sizeof(frame)));
    for (unsigned i = 0; i < 3; i++) {
        assert_true(rig_take(r, 0, &head[i], &used[i]));
        assert_int_equal(head[i], i);
    }
    assert_int_equal(used[0], 400);
    assert_int_equal(used[1], 400);
    assert_int_equal(used[2], 1000 + 12 - 800);
    assert_int_equal(virtio_get_le(rig_at(r, a + 10), 2), 3);
    assert_memory_equal(rig_at(r, a + 12), frame, 388);
    assert_memory_equal(rig_at(r, a + 512), frame + 388, 400);
    assert_memory_equal(rig_at(r, a + 1024), frame + 788, 212);
    rig_free(r);
}

static void test_too_big_is_dropped(void **state)
{
    static struct wire w;
    struct rig *r = net_rig(&w, false, 0);
    uint8_t frame[1000];
    uint32_t head, used;
    make_frame(frame, sizeof(frame), mac);
    uint64_t a = rig_alloc(r, 512);
    rig_add(r, 0, &(struct rig_seg){a, 512, true}, 1);
    assert_true(deliver(&w, frame, sizeof(frame)));
    assert_false(rig_take(r, 0, &head, &used));
    assert_true(deliver(&w, frame, 400)); /* the buffer is still there */
    assert_true(rig_take(r, 0, &head, &used));
    rig_free(r);
}

static void test_receive_bad_buffer(void **state)
{
    static struct wire w;
    struct rig *r = net_rig(&w, false, F_MRG_RXBUF);
    uint8_t frame[64];
    make_frame(frame, sizeof(frame), mac);
    rig_add(r, 0, &(struct rig_seg){RIG_BASE, 8, true}, 1); /* not even a header */
    assert_true(deliver(&w, frame, sizeof(frame)));
    assert_true(rig_needs_reset(r));
    assert_true(deliver(&w, frame, sizeof(frame)));
    rig_free(r);
}

static void test_down_loses_frames(void **state)
{
    static struct wire w;
    struct rig *r = net_rig(&w, false, F_STATUS);
    uint8_t frame[64];
    uint32_t head, used;
    make_frame(frame, sizeof(frame), mac);
    uint64_t a = rig_alloc(r, 128);
    rig_add(r, 0, &(struct rig_seg){a, 128, true}, 1);
    virtio_net_set_link(r->t->vdev, false);
    assert_int_equal(r->irqs, 1);
    assert_int_equal(rig_config(r, 6, 2), 0);
    assert_true(deliver(&w, frame, sizeof(frame)));
    assert_false(rig_take(r, 0, &head, &used));
    rig_write(r, 0x70, 0);
    assert_true(deliver(&w, frame, sizeof(frame)));
    rig_free(r);
}

/* ---- control queue ---- */

static unsigned control(struct rig *r, uint8_t class, uint8_t command, const void *data,
                        uint32_t len)
{
    uint64_t a = rig_alloc(r, len + 32);
    uint32_t head, used;
    *rig_at(r, a) = class;
    *rig_at(r, a + 1) = command;
    memcpy(rig_at(r, a + 2), data, len);
    *rig_at(r, a + len + 16) = 0xaa;
    const struct rig_seg s[] = {{a, 2 + len, false}, {a + len + 16, 1, true}};
    rig_add(r, 2, s, 2);
    rig_kick(r, 2);
    assert_true(rig_take(r, 2, &head, &used));
    return *rig_at(r, a + len + 16);
}

static bool receives(struct rig *r, struct wire *w, const uint8_t *to)
{
    uint8_t frame[64];
    uint32_t head, used;
    make_frame(frame, sizeof(frame), to);
    uint64_t a = rig_alloc(r, 128);
    rig_add(r, 0, &(struct rig_seg){a, 128, true}, 1);
    assert_true(deliver(w, frame, sizeof(frame)));
    return rig_take(r, 0, &head, &used);
}

static void test_control(void **state)
{
    static const uint8_t off = 0, on = 1;
    static const uint8_t other[6] = {0x02, 1, 2, 3, 4, 5}, group[6] = {0x33, 0x33, 0, 0, 0, 1};
    static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    static struct wire w;
    struct rig *r = net_rig(&w, false, F_CTRL);
    assert_true(receives(r, &w, other)); /* promiscuous until told */
    assert_int_equal(control(r, 0, 0, &off, 1), 0);
    assert_false(receives(r, &w, other));
    assert_true(receives(r, &w, mac));
    assert_true(receives(r, &w, all));
    assert_false(receives(r, &w, group));
    assert_int_equal(control(r, 0, 1, &on, 1), 0); /* all multicast */
    assert_true(receives(r, &w, group));
    assert_int_equal(control(r, 0, 1, &off, 1), 0);
    uint8_t tables[4 + 6 + 4 + 6] = {1};
    memcpy(tables + 4, other, 6);
    tables[10] = 1;
    memcpy(tables + 14, group, 6);
    assert_int_equal(control(r, 1, 0, tables, sizeof(tables)), 0);
    assert_true(receives(r, &w, other));
    assert_true(receives(r, &w, group));
    assert_int_equal(control(r, 1, 1, other, 6), 0); /* station address */
    assert_memory_equal(r->t->vdev->config, other, 6);
    /* Refused: unknown commands, truncated tables. */
    assert_int_equal(control(r, 0, 9, &on, 1), 1);
    assert_int_equal(control(r, 7, 0, &on, 1), 1);
    assert_int_equal(control(r, 1, 0, tables, 12), 1);
    tables[3] = 0xff;
    assert_int_equal(control(r, 1, 0, tables, sizeof(tables)), 1);
    assert_false(rig_needs_reset(r));
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transmit),
        cmocka_unit_test(test_transmit_bad),
        cmocka_unit_test(test_receive),
        cmocka_unit_test(test_starved),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_too_big_is_dropped),
        cmocka_unit_test(test_receive_bad_buffer),
        cmocka_unit_test(test_down_loses_frames),
        cmocka_unit_test(test_control),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
