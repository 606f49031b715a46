/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: hostile snapshots of a machine with every virtio device. The stream of a good
 * one is patched, compressed again with a right checksum, loaded, and what comes of it runs for
 * some turns. Input: a byte of set-up, then patches: 3 bytes where, 1 byte how many, 8 bytes value.
 * With set-up 0xff the input is the file itself.
 */
#include <string.h>
#include <zstd.h>

#include "base/bits.h"
#include "core/backend.h"
#include "devices/virtio_blk.h"
#include "devices/virtio_console.h"
#include "devices/virtio_net.h"
#include "devices/virtio_rng.h"
#include "machine/state.h"

#define RAM_BYTES    (UINT64_C(4) << 20)
#define HEADER_BYTES 16
#define STREAM_MAX   (16U << 20)
#define PATCH_BYTES  12
#define TURNS        6

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- what is behind the devices ---- */

static void send_frame(void *opaque, const uint8_t *frame, size_t len) {}

static bool disk_read(void *opaque, uint64_t offset, void *buf, size_t len)
{
    memset(buf, 0, len);
    return true;
}

static bool disk_write(void *opaque, uint64_t offset, const void *buf, size_t len)
{
    return true;
}

static void fill(void *opaque, uint8_t *buf, size_t len)
{
    memset(buf, 1, len);
}

/* An overlay that has one part. */
static uint8_t part[512];

static void kept_each(void *opaque, void (*fn)(void *ctx, uint64_t n, const uint8_t *p), void *ctx)
{
    fn(ctx, 0, part);
}

static void kept_clear(void *opaque) {}

static uint8_t *kept_put(void *opaque, uint64_t n)
{
    return n == 0 ? part : NULL;
}

static const struct snap_chunks kept = {sizeof(part), kept_each, kept_clear, kept_put, NULL};

struct rig {
    struct machine *m;
    unsigned turns;
    struct machine_disk drive;
    struct chardev chr, port;
    struct blockdev disk;
    struct netdev net;
    struct entropy entropy;
};

static bool turn(void *opaque)
{
    struct rig *r = opaque;
    static const uint8_t typed[] = "ls\r";
    static const uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    if (r->chr.room(r->chr.dev) >= 3) {
        r->chr.deliver(r->chr.dev, typed, 3);
    }
    if (r->port.room(r->port.dev) >= 3) {
        r->port.deliver(r->port.dev, typed, 3);
    }
    (void)r->net.deliver(r->net.dev, frame, sizeof(frame));
    if (++r->turns >= TURNS) {
        struct machine_port p = machine_port(r->m);
        p.request(p.opaque, REQ_EXIT, 0);
    }
    return false;
}

static void idle(void *opaque, int timeout_ms)
{
    (void)turn(opaque);
}

static void build(struct rig *r, uint8_t setup)
{
    static const struct blockdev_ops disk_ops = {.read = disk_read, .write = disk_write};
    static const struct netdev_ops net_ops = {.send = send_frame};
    struct machine_config c;
    machine_config_init(&c);
    *r = (struct rig){.disk = {.ops = &disk_ops, .size = 1 << 20, .kept = &kept},
                      .drive = {.name = "d0", .dev = &r->disk},
                      .net = {.ops = &net_ops},
                      .entropy = {.fill = fill}};
    c.disks = &r->drive;
    c.n_disks = 1;
    c.ram_bytes = RAM_BYTES;
    c.gic_version = setup & 1 ? 2 : 3;
    c.secure = setup & 2;
    c.virtualization = setup & 4;
    if ((setup & 0x24) == 0x24) {
        c.gic_version = 4;
        c.gic_minor = setup & 0x40 ? 1 : 0;
        c.its = true;
    }
    c.n_pes = setup & 8 ? 2 : 1;
    c.virtio_modern = setup & 16;
    c.quantum = 2 * TICKS_PER_US;
    c.serial[0] = &r->chr;
    c.host = (struct machine_host){.poll_due = turn, .poll = idle, .opaque = r};
    struct virtio_console_cfg con = {.id = "con", .max_ports = 2};
    struct virtio_port_cfg port = {.nr = -1, .console = true, .name = "p", .chr = &r->port};
    struct virtio_net_cfg net = {.net = &r->net};
    struct virtio_blk_cfg blk = {.disk = &r->disk};
    c.virtio[0] = virtio_console_new(&con, NULL);
    (void)!virtio_console_add_port(c.virtio[0], &port, NULL);
    c.virtio[1] = virtio_net_new(&net, NULL);
    c.virtio[2] = virtio_blk_new(&blk, NULL);
    c.virtio[3] = virtio_rng_new("rng", &r->entropy);
    r->m = machine_new(&c, NULL);
    g_assert_nonnull(r->m);
}

/* ---- the file ---- */

static size_t unpack(const GByteArray *file, uint8_t *out)
{
    ZSTD_DCtx *z = ZSTD_createDCtx();
    ZSTD_inBuffer in = {file->data + HEADER_BYTES, file->len - HEADER_BYTES, 0};
    ZSTD_outBuffer o = {out, STREAM_MAX, 0};
    size_t left = ZSTD_decompressStream(z, &o, &in);
    g_assert_false(ZSTD_isError(left));
    ZSTD_freeDCtx(z);
    return o.pos;
}

static void pack(GByteArray *file, const uint8_t *p, size_t len)
{
    ZSTD_CCtx *z = ZSTD_createCCtx();
    g_byte_array_set_size(file, HEADER_BYTES + (guint)ZSTD_compressBound(len));
    ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
    size_t n = ZSTD_compress2(z, file->data + HEADER_BYTES, file->len - HEADER_BYTES, p, len);
    g_assert_false(ZSTD_isError(n));
    ZSTD_freeCCtx(z);
    g_byte_array_set_size(file, HEADER_BYTES + (guint)n);
}

static void patch(uint8_t *p, size_t len, const uint8_t *data, size_t size)
{
    for (; size >= PATCH_BYTES; data += PATCH_BYTES, size -= PATCH_BYTES) {
        size_t at = (data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16) % len;
        size_t n = MIN(1 + data[3] % 8U, len - at);
        memcpy(p + at, data + 4, n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rig r;
    if (size < 1) {
        return 0;
    }
    build(&r, data[0]);
    if (data[0] == 0xff) {
        (void)!machine_load_bytes(r.m, data + 1, size - 1, NULL);
    } else {
        GByteArray *file = machine_save_bytes(r.m, NULL);
        uint8_t *stream = g_malloc(STREAM_MAX);
        size_t len = unpack(file, stream);
        patch(stream, len, data + 1, size - 1);
        pack(file, stream, len);
        (void)!machine_load_bytes(r.m, file->data, file->len, NULL);
        g_byte_array_unref(file);
        g_free(stream);
    }
    (void)!machine_run(r.m);
    machine_free(r.m);
    return 0;
}
