/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: hostile journals, replayed on a machine with a UART, a console and a network.
 * Input: a byte of set-up, then records as: kind, source, time and instructions since the last one
 * (a byte each, x 100 ns), length, data; their checksums are made right. With set-up 0xff the input
 * is the file itself; with 0xfe it is the configuration.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "app/replay_options.h"
#include "core/journal_head.h"
#include "devices/virtio_console.h"
#include "devices/virtio_net.h"
#include "machine/state.h"

#define RAM_BYTES  (UINT64_C(4) << 20)
#define RUN_TICKS  (300 * TICKS_PER_US)
#define HEAD_BYTES 5

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- what is behind the devices ---- */

static void send_frame(void *opaque, const uint8_t *frame, size_t len) {}

static size_t swallow(void *opaque, const uint8_t *buf, size_t len)
{
    return len;
}

struct rig {
    struct machine *m;
    struct replay *gate;
    struct chardev uart, port;
    struct netdev net;
    struct machine_alarm look, stop;
};

static void on_stop(void *opaque, tick_t due)
{
    struct machine_port p = machine_port(((struct rig *)opaque)->m);
    p.request(p.opaque, REQ_EXIT, 0);
}

/* As a recording session and a guest with semihosting would. */
static void on_look(void *opaque, tick_t due)
{
    struct rig *r = opaque;
    struct replay_state s;
    int64_t result;
    uint8_t answer[16];
    uint64_t sum = 0;
    if (replay_take_state(r->gate, &s)) {
        for (size_t i = 0; i < s.n; i++) {
            sum += s.hashes[i];
        }
    }
    (void)replay_answer(r->gate, (uint8_t)sum % 12, &result, answer, sizeof(answer));
    r->look.when = due + 10 * TICKS_PER_US;
}

static void build(struct rig *r, uint8_t setup)
{
    static const struct chardev_ops chr_ops = {.write = swallow};
    static const struct netdev_ops net_ops = {.send = send_frame};
    struct machine_config c;
    machine_config_init(&c);
    *r = (struct rig){
        .uart = {.ops = &chr_ops}, .port = {.ops = &chr_ops}, .net = {.ops = &net_ops}};
    r->gate = replay_new();
    c.ram_bytes = RAM_BYTES;
    c.gic_version = setup & 1 ? 2 : 3;
    c.n_pes = setup & 2 ? 2 : 1;
    c.no_reboot = setup & 4;
    c.quantum = 2 * TICKS_PER_US;
    c.gate = r->gate;
    c.serial[0] = replay_chardev(r->gate, &r->uart);
    struct virtio_console_cfg con = {.id = "con", .max_ports = 2};
    struct virtio_port_cfg port = {
        .nr = -1, .console = true, .name = "p", .chr = replay_chardev(r->gate, &r->port)};
    struct virtio_net_cfg net = {.net = replay_netdev(r->gate, &r->net)};
    c.virtio[0] = virtio_console_new(&con, NULL);
    (void)!virtio_console_add_port(c.virtio[0], &port, NULL);
    c.virtio[1] = virtio_net_new(&net, NULL);
    r->m = machine_new(&c, NULL);
    g_assert_nonnull(r->m);
    r->look = (struct machine_alarm){.when = 5 * TICKS_PER_US, .fn = on_look, .opaque = r};
    r->stop = (struct machine_alarm){.when = RUN_TICKS, .fn = on_stop, .opaque = r};
    machine_add_alarm(r->m, &r->look);
    machine_add_alarm(r->m, &r->stop);
}

/* ---- the file ---- */

static void put_config(struct journal_writer *w, const uint8_t *p, size_t len)
{
    static const uint8_t plain[] = "rtc=0\0every=100000000";
    bool own = p != NULL;
    journal_put(w, &(struct journal_rec){.kind = JOURNAL_CONFIG,
                                         .data = own ? p : plain,
                                         .len = own ? (uint32_t)len : sizeof(plain)});
}

static void put_records(struct journal_writer *w, const uint8_t *p, size_t size)
{
    struct journal_rec rec = {0};
    while (size >= HEAD_BYTES) {
        rec.kind = p[0];
        rec.source = p[1];
        rec.when += p[2] * (TICKS_PER_NS * 100);
        rec.insns += p[3] * UINT64_C(100);
        rec.len = (uint32_t)MIN(p[4], size - HEAD_BYTES);
        rec.data = p + HEAD_BYTES;
        journal_put(w, &rec);
        p += HEAD_BYTES + rec.len;
        size -= HEAD_BYTES + rec.len;
    }
}

static struct journal_reader *journal_of(const uint8_t *data, size_t size)
{
    if (data[0] == 0xff) {
        g_autoptr(GBytes) bytes = g_bytes_new(data + 1, size - 1);
        return journal_open_bytes(bytes, NULL);
    }
    int fd = memfd_create("journal", MFD_CLOEXEC);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    struct journal_writer *w = journal_create(path, NULL);
    g_assert_nonnull(w);
    put_config(w, data[0] == 0xfe ? data + 1 : NULL, size - 1);
    put_records(w, data + 1, size - 1);
    (void)!journal_close(w, NULL);
    struct journal_reader *j = journal_open(path, NULL);
    close(fd);
    return j;
}

/* ---- what becomes of it ---- */

static void read_options(const struct journal_head *h)
{
    char program[] = "armature";
    char *argv[] = {program, NULL};
    struct options *o = replay_options(h, 1, argv, NULL);
    options_free(o);
}

static void run(struct journal_reader *j, uint8_t setup)
{
    struct rig r;
    struct replay_end end;
    build(&r, setup);
    replay_play(r.gate, j, NULL);
    (void)!machine_run(r.m);
    (void)replay_take_end(r.gate, &end, NULL);
    machine_free(r.m);
    replay_free(r.gate);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    struct journal_reader *j = journal_of(data, size);
    struct journal_head *h = j != NULL ? journal_head_read(j, NULL) : NULL;
    if (h != NULL) {
        read_options(h);
        run(j, data[0]);
    }
    journal_head_free(h);
    journal_free(j);
    return 0;
}
