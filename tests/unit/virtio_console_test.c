/* SPDX-License-Identifier: Apache-2.0 */
/* The console device: plain and multiport, input waiting for the driver, emergency write. */
#include <glib.h>
#include <string.h>

#include "devices/virtio_console.h"
#include "fakes/unit.h"
#include "fakes/virtio_driver.h"

#define F_MULTIPORT BIT(1)

struct sink {
    struct chardev dev;
    char text[256];
    size_t len;
};

static size_t sink_write(void *opaque, const uint8_t *buf, size_t len)
{
    struct sink *s = opaque;
    assert_true(s->len + len < sizeof(s->text));
    memcpy(s->text + s->len, buf, len);
    s->len += len;
    return len;
}

static const struct chardev_ops sink_ops = {.write = sink_write};

static struct rig *console_rig(struct sink *a, struct sink *b)
{
    const struct virtio_console_cfg cfg = {.id = "con0", .max_ports = 3};
    struct virtio_dev *d = virtio_console_new(&cfg, NULL);
    a->dev = (struct chardev){.ops = &sink_ops, .opaque = a};
    assert_true(virtio_console_add_port(
        d, &(struct virtio_port_cfg){.nr = -1, .console = true, .chr = &a->dev}, NULL));
    if (b != NULL) {
        b->dev = (struct chardev){.ops = &sink_ops, .opaque = b};
        assert_true(virtio_console_add_port(
            d, &(struct virtio_port_cfg){.nr = -1, .name = "org.test.0", .chr = &b->dev}, NULL));
    }
    return rig_new(d, false, false);
}

static void put_text(struct rig *r, unsigned q, const char *text)
{
    uint32_t head, used, len = (uint32_t)strlen(text);
    uint64_t a = rig_alloc(r, 64);
    memcpy(rig_at(r, a), text, len);
    rig_add(r, q, &(struct rig_seg){a, len, false}, 1);
    rig_kick(r, q);
    assert_true(rig_take(r, q, &head, &used));
}

static void test_plain(void **state)
{
    struct sink s = {0};
    struct rig *r = console_rig(&s, NULL);
    assert_int_equal(s.dev.room(s.dev.dev), 0); /* nobody listens yet */
    assert_true(rig_start(r, 0, 2));
    put_text(r, 1, "hello");
    assert_string_equal(s.text, "hello");
    /* Input: waits for a buffer, then fills buffers as they come. */
    uint32_t head, used;
    uint64_t a = rig_alloc(r, 16);
    assert_true(s.dev.room(s.dev.dev) > 16);
    s.dev.deliver(s.dev.dev, (const uint8_t *)"abcdef", 6);
    assert_false(rig_take(r, 0, &head, &used));
    rig_add(r, 0, &(struct rig_seg){a, 4, true}, 1);
    rig_add(r, 0, &(struct rig_seg){a + 4, 4, true}, 1);
    rig_kick(r, 0);
    assert_true(rig_take(r, 0, &head, &used));
    assert_int_equal(used, 4);
    assert_true(rig_take(r, 0, &head, &used));
    assert_int_equal(used, 2);
    assert_memory_equal(rig_at(r, a), "abcdef", 6);
    rig_free(r);
    assert_null(s.dev.deliver);
}

static void test_room_is_bounded(void **state)
{
    struct sink s = {0};
    struct rig *r = console_rig(&s, NULL);
    uint8_t buf[5000] = {0};
    assert_true(rig_start(r, 0, 2));
    s.dev.deliver(s.dev.dev, buf, sizeof(buf)); /* more than there is room for */
    assert_int_equal(s.dev.room(s.dev.dev), 0);
    rig_free(r);
}

static void send_ctrl(struct rig *r, uint32_t port, unsigned event, unsigned value)
{
    uint32_t head, used;
    uint64_t a = rig_alloc(r, 8);
    virtio_put_le(rig_at(r, a), port, 4);
    virtio_put_le(rig_at(r, a + 4), event, 2);
    virtio_put_le(rig_at(r, a + 6), value, 2);
    rig_add(r, 3, &(struct rig_seg){a, 8, false}, 1);
    rig_kick(r, 3);
    assert_true(rig_take(r, 3, &head, &used));
}

/* The next control message of the device; gives it a buffer first. */
static bool take_ctrl(struct rig *r, uint32_t *port, unsigned *event, char *name)
{
    uint32_t head, used;
    uint64_t a = rig_alloc(r, 64);
    rig_add(r, 2, &(struct rig_seg){a, 64, true}, 1);
    rig_kick(r, 2);
    if (!rig_take(r, 2, &head, &used)) {
        return false;
    }
    *port = (uint32_t)virtio_get_le(rig_at(r, a), 4);
    *event = (unsigned)virtio_get_le(rig_at(r, a + 4), 2);
    memcpy(name, rig_at(r, a + 8), used - 8);
    name[used - 8] = '\0';
    return true;
}

static void expect_ctrl(struct rig *r, uint32_t port, unsigned event, const char *name)
{
    uint32_t p;
    unsigned e;
    char n[64];
    assert_true(take_ctrl(r, &p, &e, n));
    assert_int_equal(p, port);
    assert_int_equal(e, event);
    assert_string_equal(n, name);
}

static void test_multiport(void **state)
{
    struct sink s = {0}, t = {0};
    struct rig *r = console_rig(&s, &t);
    assert_int_equal(rig_config(r, 4, 4), 3);
    assert_true(rig_start(r, F_MULTIPORT, 8));
    send_ctrl(r, UINT32_MAX, 0, 1); /* DEVICE_READY; answers wait for buffers */
    expect_ctrl(r, 0, 1, "");
    expect_ctrl(r, 1, 1, "");
    send_ctrl(r, 0, 3, 1);
    expect_ctrl(r, 0, 4, ""); /* a console */
    expect_ctrl(r, 0, 6, "");
    send_ctrl(r, 1, 3, 1);
    expect_ctrl(r, 1, 7, "org.test.0");
    expect_ctrl(r, 1, 6, "");
    assert_int_equal(t.dev.room(t.dev.dev), 0);
    send_ctrl(r, 1, 6, 1); /* opened */
    assert_true(t.dev.room(t.dev.dev) > 0);
    put_text(r, 5, "two");
    assert_string_equal(t.text, "two");
    put_text(r, 1, "one");
    assert_string_equal(s.text, "one");
    put_text(r, 7, "nobody"); /* a port that does not exist */
    /* Nonsense is survived. */
    send_ctrl(r, 77, 6, 1);
    send_ctrl(r, 0, 99, 1);
    for (unsigned i = 0; i < 6000; i++) {
        send_ctrl(r, 0, 0, 1);
        r->heap = RIG_BASE + 0x100000;
    }
    assert_false(rig_needs_reset(r));
    send_ctrl(r, 1, 6, 0);
    assert_int_equal(t.dev.room(t.dev.dev), 0);
    rig_free(r);
}

static void test_emergency_write(void **state)
{
    struct sink s = {0};
    struct rig *r = console_rig(&s, NULL);
    rig_write(r, 0x100 + 8, 'E');
    rig_write(r, 0x100 + 4, 'X'); /* read-only */
    assert_string_equal(s.text, "E");
    rig_free(r);
}

static void test_port_numbers(void **state)
{
    const struct virtio_console_cfg cfg = {.id = "con0", .max_ports = 2};
    struct virtio_dev *d = virtio_console_new(&cfg, NULL);
    const struct virtio_port_cfg serial = {.nr = -1}, console = {.nr = -1, .console = true};
    GError *err = NULL;
    assert_true(virtio_console_add_port(d, &serial, NULL)); /* takes 1 */
    assert_false(virtio_console_add_port(d, &serial, &err));
    g_clear_error(&err);
    assert_false(virtio_console_add_port(d, &(struct virtio_port_cfg){.nr = 1}, &err));
    g_clear_error(&err);
    assert_false(virtio_console_add_port(d, &(struct virtio_port_cfg){.nr = 2}, &err));
    g_clear_error(&err);
    assert_true(virtio_console_add_port(d, &console, NULL));
    virtio_dev_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),        cmocka_unit_test(test_room_is_bounded),
        cmocka_unit_test(test_multiport),    cmocka_unit_test(test_emergency_write),
        cmocka_unit_test(test_port_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
