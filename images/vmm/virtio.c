// SPDX-License-Identifier: Apache-2.0
/*
 * virtio-mmio version 2 with split queues (Virtual I/O Device 1.2: 2.7, 4.2), and two devices: a
 * disk (5.2) and a console that only prints (5.3). A request is done when its doorbell returns.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "vmm.h"

enum virtio_reg {
    MAGIC = 0x000,
    VERSION = 0x004,
    DEVICE_ID = 0x008,
    VENDOR_ID = 0x00c,
    DEVICE_FEATURES = 0x010,
    DEVICE_FEATURES_SEL = 0x014,
    QUEUE_SEL = 0x030,
    QUEUE_NUM_MAX = 0x034,
    QUEUE_NUM = 0x038,
    QUEUE_READY = 0x044,
    QUEUE_NOTIFY = 0x050,
    INTERRUPT_STATUS = 0x060,
    INTERRUPT_ACK = 0x064,
    STATUS = 0x070,
    QUEUE_ADDRESSES = 0x080, /* descriptors, available, used: 16 bytes apart, low word first */
    QUEUE_ADDRESSES_END = 0x0a8,
    CONFIG = 0x100,
};

enum { ID_BLOCK = 2, ID_CONSOLE = 3, N_QUEUES = 2, QUEUE_MAX = 128 };
enum { FEATURE_VERSION_1_HIGH = 1, FEATURE_BLK_FLUSH = 1 << 9 };
enum { DESC_NEXT = 1 };
enum { BLK_IN, BLK_OUT, BLK_FLUSH = 4, BLK_OK = 0, BLK_IOERR = 1, BLK_UNSUPP = 2 };
enum { SECTOR = 512, CONSOLE_TX = 1 };

struct desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
};

struct used_ring {
    uint16_t flags, idx;
    struct {
        uint32_t id, len;
    } ring[];
};

struct avail_ring {
    uint16_t flags, idx, ring[];
};

struct queue {
    uint32_t num, ready;
    uint64_t addr[3]; /* struct desc, struct avail_ring, struct used_ring */
    uint16_t seen;
};

/* The buffers of one request, in order. */
struct request {
    struct iovec iov[QUEUE_MAX];
    unsigned n;
};

struct device {
    uint32_t id, status, isr, features_sel, queue_sel;
    struct queue q[N_QUEUES];
    uint32_t (*handle)(struct device *d, struct request *r); /* returns bytes written */
    uint64_t capacity;
    int fd;
};

static struct device devices[N_SLOTS];
static uint8_t *ram;
static uint64_t ram_bytes;

/* Guest memory [addr, addr + len), or NULL where there is none. */
static void *guest(uint64_t addr, uint64_t len)
{
    uint64_t at = addr - RAM_BASE;

    return at < ram_bytes && len <= ram_bytes - at ? ram + at : NULL;
}

/* ---- devices ---- */

static uint8_t transfer(int fd, bool in, const struct iovec *iov, int n, uint64_t sector)
{
    off_t at = (off_t)(sector * SECTOR);
    size_t want = 0;

    for (int i = 0; i < n; i++) {
        want += iov[i].iov_len;
    }
    return (in ? preadv(fd, iov, n, at) : pwritev(fd, iov, n, at)) == (ssize_t)want ? BLK_OK
                                                                                    : BLK_IOERR;
}

static uint32_t handle_block(struct device *d, struct request *r)
{
    struct {
        uint32_t type, reserved;
        uint64_t sector;
    } header;
    const struct iovec *last = &r->iov[r->n - 1];
    uint8_t *status = last->iov_base;
    uint32_t written = 1;

    if (r->n < 2 || r->iov[0].iov_len != sizeof(header) || last->iov_len != 1) {
        return 0;
    }
    memcpy(&header, r->iov[0].iov_base, sizeof(header));
    if (header.type == BLK_IN || header.type == BLK_OUT) {
        *status = transfer(d->fd, header.type == BLK_IN, &r->iov[1], (int)r->n - 2, header.sector);
        for (unsigned i = 1; header.type == BLK_IN && i < r->n - 1; i++) {
            written += (uint32_t)r->iov[i].iov_len;
        }
    } else if (header.type == BLK_FLUSH) {
        *status = fsync(d->fd) == 0 ? BLK_OK : BLK_IOERR;
    } else {
        *status = BLK_UNSUPP;
    }
    return written;
}

static uint32_t handle_console(struct device *d, struct request *r)
{
    (void)d;
    for (unsigned i = 0; i < r->n; i++) {
        fwrite(r->iov[i].iov_base, 1, r->iov[i].iov_len, stdout);
    }
    return 0;
}

void virtio_init(void *ram_base, const struct options *o)
{
    struct stat st;
    struct device *disk = &devices[SLOT_DISK];

    ram = ram_base;
    ram_bytes = o->ram_bytes;
    devices[SLOT_CONSOLE] = (struct device){.id = ID_CONSOLE, .handle = handle_console};
    if (!o->disk) {
        return;
    }
    *disk = (struct device){.id = ID_BLOCK, .handle = handle_block};
    disk->fd = open(o->disk, O_RDWR);
    if (disk->fd < 0 || fstat(disk->fd, &st) < 0) {
        die(o->disk);
    }
    disk->capacity = (uint64_t)st.st_size / SECTOR;
}

bool virtio_present(unsigned slot, const struct options *o)
{
    return slot != SLOT_DISK || o->disk;
}

/* ---- queues ---- */

/* The chain that begins at descriptor `at`; false if it leaves memory or has no end. */
static bool collect(const struct queue *q, const struct desc *table, uint16_t at, struct request *r)
{
    for (r->n = 0; r->n < q->num; r->n++) {
        const struct desc *d = &table[at % q->num];
        void *p = guest(d->addr, d->len);

        if (!p) {
            return false;
        }
        r->iov[r->n] = (struct iovec){p, d->len};
        if (!(d->flags & DESC_NEXT)) {
            r->n++;
            return true;
        }
        at = d->next;
    }
    return false;
}

static void run_queue(struct device *d, struct queue *q)
{
    const struct desc *table = guest(q->addr[0], q->num * sizeof(struct desc));
    const struct avail_ring *avail = guest(q->addr[1], 4 + q->num * 2);
    struct used_ring *used = guest(q->addr[2], 4 + q->num * 8);
    struct request r;

    if (!q->ready || q->num == 0 || !table || !avail || !used) {
        return;
    }
    while (q->seen != __atomic_load_n(&avail->idx, __ATOMIC_ACQUIRE)) {
        uint16_t head = avail->ring[q->seen++ % q->num];
        uint32_t n = collect(q, table, head, &r) ? d->handle(d, &r) : 0;

        used->ring[used->idx % q->num].id = head;
        used->ring[used->idx % q->num].len = n;
        __atomic_store_n(&used->idx, (uint16_t)(used->idx + 1), __ATOMIC_RELEASE);
        d->isr |= 1;
    }
}

static void notify(struct device *d, uint32_t n)
{
    if (d->handle && n < N_QUEUES && (d->id != ID_CONSOLE || n == CONSOLE_TX)) {
        run_queue(d, &d->q[n]);
    }
}

/* ---- registers ---- */

static void reset(struct device *d)
{
    memset(d->q, 0, sizeof(d->q));
    d->status = d->isr = d->features_sel = d->queue_sel = 0;
}

static uint32_t features(const struct device *d)
{
    if (d->features_sel == 1) {
        return FEATURE_VERSION_1_HIGH;
    }
    return d->features_sel == 0 && d->id == ID_BLOCK ? FEATURE_BLK_FLUSH : 0;
}

static uint32_t read_reg(const struct device *d, uint64_t offset)
{
    switch (offset) {
    case MAGIC:
        return 0x74726976;
    case VERSION:
        return 2;
    case DEVICE_ID:
        return d->id;
    case VENDOR_ID:
        return 0x4d4d5641;
    case DEVICE_FEATURES:
        return features(d);
    case QUEUE_NUM_MAX:
        return d->queue_sel < N_QUEUES && (d->id == ID_CONSOLE || d->queue_sel == 0) ? QUEUE_MAX
                                                                                     : 0;
    case QUEUE_READY:
        return d->queue_sel < N_QUEUES ? d->q[d->queue_sel].ready : 0;
    case INTERRUPT_STATUS:
        return d->isr;
    case STATUS:
        return d->status;
    default:
        return 0;
    }
}

static void write_queue_reg(struct queue *q, uint64_t offset, uint32_t value)
{
    if (offset == QUEUE_NUM) {
        q->num = value <= QUEUE_MAX ? value : 0;
    } else if (offset == QUEUE_READY) {
        q->ready = value & 1;
    } else if (offset % 16 < 8) {
        uint32_t *half = (uint32_t *)&q->addr[(offset - QUEUE_ADDRESSES) / 16];

        half[offset % 16 / 4] = value;
    }
}

static void write_reg(struct device *d, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case DEVICE_FEATURES_SEL:
        d->features_sel = value;
        break;
    case QUEUE_SEL:
        d->queue_sel = value;
        break;
    case QUEUE_NOTIFY:
        notify(d, value);
        break;
    case INTERRUPT_ACK:
        d->isr &= ~value;
        break;
    case STATUS:
        d->status = value;
        if (value == 0) {
            reset(d);
        }
        break;
    case QUEUE_NUM:
    case QUEUE_READY:
    case QUEUE_ADDRESSES ... QUEUE_ADDRESSES_END - 1:
        if (d->queue_sel < N_QUEUES) {
            write_queue_reg(&d->q[d->queue_sel], offset, value);
        }
        break;
    default:
        break;
    }
}

void virtio_access(struct vm *vm, unsigned slot, struct mmio *m)
{
    struct device *d = &devices[slot];
    uint32_t isr = d->isr;

    if (m->offset >= CONFIG) {
        uint64_t at = m->offset - CONFIG;

        if (!m->is_write && at + m->len_bytes <= sizeof(d->capacity)) {
            memcpy(&m->value, (uint8_t *)&d->capacity + at, m->len_bytes);
        }
    } else if (m->is_write) {
        write_reg(d, m->offset, (uint32_t)m->value);
    } else {
        m->value = read_reg(d, m->offset);
    }
    if (isr != d->isr) {
        vm_set_spi(vm, SPI_VIRTIO + slot, d->isr != 0);
    }
}
