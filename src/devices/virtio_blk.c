/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtio block device: VIRTIO 1.2, 5.2 "Block Device". One queue; requests complete in the
 * notification that brings them, transfers go between disk and guest memory without a copy.
 *
 * Left out: multiple queues, SCSI passthrough, lifetime, secure erase, zoned devices (not offered;
 * such requests end with UNSUPP).
 */
#include "devices/virtio_blk.h"

#include <glib.h>
#include <string.h>

#include "base/bits.h"
#include "base/log.h"

#define BLK_F_SEG_MAX      BIT(2)
#define BLK_F_GEOMETRY     BIT(4)
#define BLK_F_RO           BIT(5)
#define BLK_F_BLK_SIZE     BIT(6)
#define BLK_F_FLUSH        BIT(9)
#define BLK_F_TOPOLOGY     BIT(10)
#define BLK_F_CONFIG_WCE   BIT(11)
#define BLK_F_DISCARD      BIT(13)
#define BLK_F_WRITE_ZEROES BIT(14)

enum blk_type {
    BLK_T_IN = 0,
    BLK_T_OUT = 1,
    BLK_T_FLUSH = 4,
    BLK_T_FLUSH_OUT = 5, /* legacy spelling of the same */
    BLK_T_GET_ID = 8,
    BLK_T_DISCARD = 11,
    BLK_T_WRITE_ZEROES = 13,
};
#define BLK_T_BARRIER 0x80000000U /* legacy flag; requests never overtake each other here */

enum blk_status { BLK_S_OK = 0, BLK_S_IOERR = 1, BLK_S_UNSUPP = 2 };

enum {
    SECTOR = 512,
    HEADER_BYTES = 16,
    RANGE_BYTES = 16, /* one segment of a discard or write zeroes request */
    RANGE_F_UNMAP = 1,
    SERIAL_BYTES = 20,
    CONFIG_WCE_OFF = 32,
    CONFIG_BYTES = 60,
    /* Largest discard and write zeroes request: just under 2 GiB, as QEMU's. */
    RANGE_SECTORS_MAX = 0x3fffff,
};

struct virtio_blk {
    struct virtio_dev d;
    struct blockdev *disk;
    uint64_t sectors;
    uint32_t block; /* logical block size */
    char serial[SERIAL_BYTES];
    struct virtq_chain chain;
};

/* ---- requests ---- */

struct transfer {
    struct virtio_blk *b;
    uint64_t at; /* byte offset on the disk */
};

static bool transfer_read(void *ctx, uint8_t *host, size_t len)
{
    struct transfer *t = ctx;
    struct blockdev *disk = t->b->disk;
    bool ok = disk->ops->read(disk->opaque, t->at, host, len);
    t->at += len;
    return ok;
}

static bool transfer_write(void *ctx, uint8_t *host, size_t len)
{
    struct transfer *t = ctx;
    struct blockdev *disk = t->b->disk;
    bool ok = disk->ops->write(disk->opaque, t->at, host, len);
    t->at += len;
    return ok;
}

static bool on_disk(const struct virtio_blk *b, uint64_t sector, uint64_t bytes)
{
    uint64_t n = bytes / SECTOR;
    return bytes % b->block == 0 && sector % (b->block / SECTOR) == 0 && sector <= b->sectors &&
           n <= b->sectors - sector;
}

static bool write_cache_on(const struct virtio_blk *b)
{
    /* VIRTIO 1.2, 5.2.6.2: without CONFIG_WCE the cache is on exactly if FLUSH was negotiated. */
    if (virtio_dev_has(&b->d, BLK_F_CONFIG_WCE)) {
        return b->d.config[CONFIG_WCE_OFF] != 0;
    }
    return virtio_dev_has(&b->d, BLK_F_FLUSH);
}

static enum blk_status flush(struct virtio_blk *b)
{
    return b->disk->ops->flush == NULL || b->disk->ops->flush(b->disk->opaque) ? BLK_S_OK
                                                                               : BLK_S_IOERR;
}

static enum blk_status flush_if_through(struct virtio_blk *b)
{
    return write_cache_on(b) ? BLK_S_OK : flush(b);
}

static enum blk_status do_read(struct virtio_blk *b, uint64_t sector, uint64_t bytes)
{
    struct transfer t = {.b = b, .at = sector * SECTOR};
    if (!on_disk(b, sector, bytes)) {
        log_guest(b->d.id, "read outside the disk");
        return BLK_S_IOERR;
    }
    return virtq_chain_visit(&b->d, &b->chain, VIRTQ_IN, 0, bytes, transfer_read, &t) ? BLK_S_OK
                                                                                      : BLK_S_IOERR;
}

static enum blk_status do_write(struct virtio_blk *b, uint64_t sector, uint64_t bytes)
{
    struct transfer t = {.b = b, .at = sector * SECTOR};
    if (b->disk->read_only || !on_disk(b, sector, bytes)) {
        log_guest(b->d.id, "write %s",
                  b->disk->read_only ? "to a read-only disk" : "outside the disk");
        return BLK_S_IOERR;
    }
    if (!virtq_chain_visit(&b->d, &b->chain, VIRTQ_OUT, HEADER_BYTES, bytes, transfer_write, &t)) {
        return BLK_S_IOERR;
    }
    return flush_if_through(b);
}

static enum blk_status do_get_id(struct virtio_blk *b, uint64_t room)
{
    size_t n = room < SERIAL_BYTES ? (size_t)room : SERIAL_BYTES;
    return virtq_chain_write(&b->d, &b->chain, 0, b->serial, n) ? BLK_S_OK : BLK_S_IOERR;
}

static bool write_zeros(struct virtio_blk *b, uint64_t at, uint64_t bytes)
{
    static const uint8_t zeros[64 << 10];
    while (bytes != 0) {
        size_t n = bytes < sizeof(zeros) ? (size_t)bytes : sizeof(zeros);
        if (!b->disk->ops->write(b->disk->opaque, at, zeros, n)) {
            return false;
        }
        at += n;
        bytes -= n;
    }
    return true;
}

/* Discard and write zeroes take one segment a request, as the configuration says. */
static enum blk_status do_range(struct virtio_blk *b, enum blk_type type, uint64_t bytes)
{
    const struct blockdev_ops *ops = b->disk->ops;
    uint8_t raw[RANGE_BYTES];
    if (b->disk->read_only) {
        return BLK_S_IOERR;
    }
    if (bytes != RANGE_BYTES) {
        return BLK_S_UNSUPP;
    }
    if (!virtq_chain_read(&b->d, &b->chain, HEADER_BYTES, raw, sizeof(raw))) {
        return BLK_S_IOERR;
    }
    uint64_t sector = virtio_get_le(raw, 8);
    uint64_t n = virtio_get_le(raw + 8, 4);
    uint32_t flags = (uint32_t)virtio_get_le(raw + 12, 4);
    bool zero = type == BLK_T_WRITE_ZEROES;
    if ((flags & ~(zero ? RANGE_F_UNMAP : 0U)) != 0) {
        return BLK_S_UNSUPP;
    }
    if (n > RANGE_SECTORS_MAX || !on_disk(b, sector, n * SECTOR)) {
        return BLK_S_IOERR;
    }
    bool ok = true;
    if (!zero) {
        ok = ops->discard == NULL || ops->discard(b->disk->opaque, sector * SECTOR, n * SECTOR);
    } else if (ops->zero == NULL || !ops->zero(b->disk->opaque, sector * SECTOR, n * SECTOR,
                                               (flags & RANGE_F_UNMAP) != 0)) {
        ok = write_zeros(b, sector * SECTOR, n * SECTOR);
    }
    return ok ? flush_if_through(b) : BLK_S_IOERR;
}

static enum blk_status do_request(struct virtio_blk *b, uint32_t type, uint64_t sector)
{
    uint64_t out = b->chain.out_bytes - HEADER_BYTES;
    uint64_t in = b->chain.in_bytes - 1;
    type &= ~BLK_T_BARRIER;
    switch (type) {
    case BLK_T_IN:
        return do_read(b, sector, in);
    case BLK_T_OUT:
        return do_write(b, sector, out);
    case BLK_T_FLUSH:
    case BLK_T_FLUSH_OUT:
        return flush(b);
    case BLK_T_GET_ID:
        return do_get_id(b, in);
    case BLK_T_DISCARD:
    case BLK_T_WRITE_ZEROES:
        return do_range(b, (enum blk_type)type, out);
    default:
        log_unimp(b->d.id, "request type %u", type);
        return BLK_S_UNSUPP;
    }
}

/* The popped chain, from header to status byte. Returns how many bytes it moved. */
static uint64_t serve(struct virtio_blk *b)
{
    struct virtq_chain *c = &b->chain;
    uint8_t header[HEADER_BYTES];
    if (c->out_bytes < HEADER_BYTES || c->in_bytes == 0) {
        virtio_dev_error(&b->d, "request without header or status byte");
        return 0;
    }
    if (!virtq_chain_read(&b->d, c, 0, header, sizeof(header))) {
        return 0;
    }
    uint8_t status =
        (uint8_t)do_request(b, (uint32_t)virtio_get_le(header, 4), virtio_get_le(header + 8, 8));
    if (virtq_chain_write(&b->d, c, c->in_bytes - 1, &status, 1)) {
        uint64_t n = c->in_bytes;
        virtq_push(&b->d, 0, c->head, n > UINT32_MAX ? UINT32_MAX : (uint32_t)n);
    }
    return c->out_bytes + c->in_bytes;
}

static void blk_notify(struct virtio_dev *d, unsigned q)
{
    struct virtio_blk *b = (struct virtio_blk *)d;
    uint64_t budget = VIRTIO_WORK_BYTES;
    while (virtq_pop(d, q, &b->chain)) {
        uint64_t moved = serve(b);
        if (moved < budget) {
            budget -= moved;
            continue;
        }
        if (virtio_dev_defer(d, q)) {
            break;
        }
        budget = VIRTIO_WORK_BYTES;
    }
    virtq_signal(d, q);
}

/* ---- configuration ---- */

static void blk_config_write(struct virtio_dev *d, uint32_t off, const uint8_t *buf, size_t len)
{
    struct virtio_blk *b = (struct virtio_blk *)d;
    if (off > CONFIG_WCE_OFF || off + len <= CONFIG_WCE_OFF ||
        (d->offered & BLK_F_CONFIG_WCE) == 0) {
        log_guest(d->id, "write of read-only configuration byte %#x", off);
        return;
    }
    d->config[CONFIG_WCE_OFF] = buf[CONFIG_WCE_OFF - off] & 1;
    if (d->config[CONFIG_WCE_OFF] == 0) {
        (void)flush(b);
    }
}

static void fill_config(struct virtio_blk *b, uint32_t physical, uint16_t queue_size)
{
    uint8_t *c = b->d.config;
    bool rw = !b->disk->read_only;
    uint64_t cyls = b->sectors / 16 / 63;
    virtio_put_le(c, b->sectors, 8);
    virtio_put_le(c + 12, queue_size - 2U, 4); /* seg_max: all but header and status */
    virtio_put_le(c + 16, cyls > 16383 ? 16383 : cyls < 2 ? 2 : cyls, 2);
    c[18] = 16;
    c[19] = 63;
    virtio_put_le(c + 20, b->block, 4);
    c[24] = (uint8_t)__builtin_ctz(physical / b->block);
    virtio_put_le(c + 26, 1, 2); /* min_io_size, in blocks */
    c[CONFIG_WCE_OFF] = rw;
    virtio_put_le(c + 34, 1, 2); /* num_queues */
    if (rw) {
        virtio_put_le(c + 36, RANGE_SECTORS_MAX, 4);
        virtio_put_le(c + 40, 1, 4);
        virtio_put_le(c + 44, b->block / SECTOR, 4);
        virtio_put_le(c + 48, RANGE_SECTORS_MAX, 4);
        virtio_put_le(c + 52, 1, 4);
        c[56] = 1; /* write_zeroes_may_unmap */
    }
    b->d.config_bytes = CONFIG_BYTES;
}

static void blk_reset(struct virtio_dev *d)
{
    d->config[CONFIG_WCE_OFF] = !((struct virtio_blk *)d)->disk->read_only;
}

static void blk_finalize(struct virtio_dev *d)
{
    virtio_dev_fini(d);
    g_free(d);
}

static const struct virtio_dev_ops blk_ops = {
    .type = "virtio-blk",
    .device_id = VIRTIO_ID_BLOCK,
    .notify = blk_notify,
    .config_write = blk_config_write,
    .reset = blk_reset,
    .finalize = blk_finalize,
};

static bool is_size(uint32_t v, uint32_t lo, uint32_t hi)
{
    return (v & (v - 1)) == 0 && v >= lo && v <= hi;
}

struct virtio_dev *virtio_blk_new(const struct virtio_blk_cfg *cfg, GError **err)
{
    const char *id = cfg->id != NULL ? cfg->id : "virtio-blk";
    uint32_t block = cfg->logical_block_size != 0 ? cfg->logical_block_size : SECTOR;
    uint32_t physical = cfg->physical_block_size != 0 ? cfg->physical_block_size : block;
    uint16_t queue_size = cfg->queue_size != 0 ? cfg->queue_size : 256;
    if (cfg->disk == NULL) {
        fail(err, ERR_OPTION, "%s: needs a drive (drive=ID)", id);
        return NULL;
    }
    if (!is_size(block, SECTOR, 32768) || !is_size(physical, block, 1U << 21)) {
        fail(err, ERR_OPTION, "%s: block sizes %u (logical) and %u (physical) do not work", id,
             block, physical);
        return NULL;
    }
    if (!is_size(queue_size, 4, VIRTQ_NUM_MAX)) {
        fail(err, ERR_OPTION, "%s: queue-size must be a power of two from 4 to %d", id,
             VIRTQ_NUM_MAX);
        return NULL;
    }
    struct virtio_blk *b = g_new0(struct virtio_blk, 1);
    virtio_dev_init(&b->d, &blk_ops, id, 1);
    virtio_dev_set_queue(&b->d, 0, queue_size);
    b->disk = cfg->disk;
    b->block = block;
    b->sectors = align_down(b->disk->size, block) / SECTOR;
    if (cfg->serial != NULL) {
        memcpy(b->serial, cfg->serial, strnlen(cfg->serial, SERIAL_BYTES));
    }
    b->d.offered |= BLK_F_SEG_MAX | BLK_F_GEOMETRY | BLK_F_BLK_SIZE | BLK_F_FLUSH | BLK_F_TOPOLOGY;
    b->d.offered |=
        b->disk->read_only ? BLK_F_RO : BLK_F_CONFIG_WCE | BLK_F_DISCARD | BLK_F_WRITE_ZEROES;
    fill_config(b, physical, queue_size);
    return &b->d;
}
