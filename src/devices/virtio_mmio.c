/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtio MMIO transport: VIRTIO 1.2, 4.2 "Virtio Over MMIO"; version 1 registers are 4.2.4
 * "Legacy interface". One register region of 0x200 bytes, one level interrupt, one bus port.
 *
 * Which version a slot shows is fixed by the board. Registers of the other version read as zero and
 * ignore writes. Left out: shared memory regions (none exist: their length reads as all ones).
 */
#include "devices/virtio_mmio.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"

enum {
    MAGIC = 0x74726976,  /* "virt" */
    VENDOR = 0x554d4551, /* the value guests know from QEMU */
    CONFIG_BASE = 0x100,
    ISR_QUEUE = 1,
    ISR_CONFIG = 2,
};

/* The page size of a legacy queue may not make ring addresses overflow by more than a wrap. */
#define LEGACY_ALIGN_MAX 0x80000000U

static struct virtio_mmio *mmio(struct device *d)
{
    return (struct virtio_mmio *)d;
}

static void update_irq(struct virtio_mmio *t)
{
    irq_set(&t->irq, t->isr != 0);
}

/* ---- towards the device ---- */

static void mmio_interrupt(void *opaque, bool config)
{
    struct virtio_mmio *t = opaque;
    t->isr |= config ? ISR_CONFIG : ISR_QUEUE;
    update_irq(t);
}

static bool mmio_defer(void *opaque)
{
    struct virtio_mmio *t = opaque;
    if (t->evq == NULL) {
        return false;
    }
    evq_schedule(t->evq, &t->more, evq_now(t->evq) + TICKS_PER_US);
    return true;
}

static void mmio_more(void *opaque, tick_t now)
{
    struct virtio_mmio *t = opaque;
    virtio_dev_resume(t->vdev);
}

bool virtio_mmio_plug(struct virtio_mmio *t, struct virtio_dev *d, GError **err)
{
    if (t->vdev != NULL) {
        return fail(err, ERR_OPTION, "%s: already holds a %s", t->dev.id, t->vdev->ops->type);
    }
    t->vdev = d;
    return true;
}

/* The selected queue, or NULL. */
static struct virtq *selected(struct virtio_mmio *t)
{
    if (t->vdev == NULL || t->queue_sel >= t->vdev->n_queues) {
        return NULL;
    }
    return &t->vdev->queues[t->queue_sel];
}

/* Is r a register of this slot's version? Says so to the log if not. */
static bool of_version(struct virtio_mmio *t, const struct reg_desc *r, bool legacy)
{
    if (t->legacy == legacy) {
        return true;
    }
    log_guest(t->dev.id, "%s is not a register of version %d", r->name, t->legacy ? 1 : 2);
    return false;
}

/* ---- identification and features ---- */

static uint64_t constant_read(struct device *d, const struct reg_desc *r, unsigned idx,
                              const struct bus_txn *t)
{
    return r->reset;
}

static uint64_t version_read(struct device *d, const struct reg_desc *r, unsigned idx,
                             const struct bus_txn *t)
{
    return mmio(d)->legacy ? 1 : 2;
}

static uint64_t device_id_read(struct device *d, const struct reg_desc *r, unsigned idx,
                               const struct bus_txn *t)
{
    return mmio(d)->vdev != NULL ? mmio(d)->vdev->ops->device_id : VIRTIO_ID_NONE;
}

static uint64_t features_read(struct device *d, const struct reg_desc *r, unsigned idx,
                              const struct bus_txn *t)
{
    const struct virtio_mmio *m = mmio(d);
    if (m->vdev == NULL || m->host_features_sel > 1) {
        return 0;
    }
    return extract64(m->vdev->offered, 32 * m->host_features_sel, 32);
}

/* Version 1 has no FEATURES_OK: what the driver writes counts at once. */
static void features_write(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                           const struct bus_txn *t)
{
    struct virtio_mmio *m = mmio(d);
    if (m->vdev == NULL || m->guest_features_sel > 1) {
        return;
    }
    if ((m->vdev->status & (VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK)) != 0) {
        log_guest(d->id, "features written after negotiation");
        return;
    }
    m->guest_features[m->guest_features_sel] = (uint32_t)v;
    uint64_t all = m->guest_features[0] | (uint64_t)m->guest_features[1] << 32;
    m->vdev->features = m->legacy ? all & m->vdev->offered : all;
}

/* ---- queues ---- */

static uint64_t num_max_read(struct device *d, const struct reg_desc *r, unsigned idx,
                             const struct bus_txn *t)
{
    const struct virtq *q = selected(mmio(d));
    return q != NULL ? q->num_max : 0;
}

static void num_write(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                      const struct bus_txn *t)
{
    struct virtq *q = selected(mmio(d));
    if (q == NULL || v == 0 || v > q->num_max || (v & (v - 1)) != 0 || q->ready) {
        log_guest(d->id, "queue %u cannot have %" PRIu64 " entries now", mmio(d)->queue_sel, v);
        return;
    }
    q->num = (uint16_t)v;
}

static void align_write(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                        const struct bus_txn *t)
{
    struct virtio_mmio *m = mmio(d);
    if (!of_version(m, r, true)) {
        return;
    }
    if (v == 0 || (v & (v - 1)) != 0 || v > LEGACY_ALIGN_MAX) {
        log_guest(d->id, "queue alignment %#" PRIx64, v);
        return;
    }
    m->queue_align = (uint32_t)v;
}

static void page_size_write(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                            const struct bus_txn *t)
{
    struct virtio_mmio *m = mmio(d);
    if (!of_version(m, r, true)) {
        return;
    }
    if (v == 0 || (v & (v - 1)) != 0) {
        log_guest(d->id, "guest page size %#" PRIx64, v);
        return;
    }
    m->guest_page_size = (uint32_t)v;
}

static uint64_t pfn_read(struct device *d, const struct reg_desc *r, unsigned idx,
                         const struct bus_txn *t)
{
    struct virtio_mmio *m = mmio(d);
    const struct virtq *q = selected(m);
    if (!of_version(m, r, true) || q == NULL || !q->ready || m->guest_page_size == 0) {
        return 0;
    }
    return q->desc / m->guest_page_size;
}

static void pfn_write(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                      const struct bus_txn *t)
{
    struct virtio_mmio *m = mmio(d);
    struct virtq *q = selected(m);
    if (!of_version(m, r, true) || q == NULL) {
        return;
    }
    virtq_stop(q);
    if (v != 0) {
        virtq_set_legacy_rings(q, v * m->guest_page_size, m->queue_align);
        virtq_start(q);
    }
}

static uint64_t ready_read(struct device *d, const struct reg_desc *r, unsigned idx,
                           const struct bus_txn *t)
{
    const struct virtq *q = selected(mmio(d));
    return of_version(mmio(d), r, false) && q != NULL && q->ready;
}

static void ready_write(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                        const struct bus_txn *t)
{
    struct virtq *q = selected(mmio(d));
    if (!of_version(mmio(d), r, false) || q == NULL) {
        return;
    }
    if ((v & 1) == 0) {
        virtq_stop(q);
    } else if (!q->ready) {
        virtq_start(q);
    }
}

/* QueueDesc, QueueDriver and QueueDevice, low and high halves. */
static void ring_addr_write(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                            const struct bus_txn *t)
{
    struct virtq *q = selected(mmio(d));
    if (!of_version(mmio(d), r, false) || q == NULL) {
        return;
    }
    if (q->ready) {
        log_guest(d->id, "%s written while queue %u is ready", r->name, mmio(d)->queue_sel);
        return;
    }
    uint64_t *const ring[] = {&q->desc, &q->avail, &q->used};
    uint64_t *p = ring[(r->offset - 0x80) / 0x10];
    *p = deposit64(*p, (r->offset & 4) != 0 ? 32 : 0, 32, v);
}

static void notify_write(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                         const struct bus_txn *t)
{
    struct virtio_mmio *m = mmio(d);
    if (m->vdev == NULL || v >= m->vdev->n_queues) {
        log_guest(d->id, "notification of queue %" PRIu64, v);
        return;
    }
    virtio_dev_notify(m->vdev, (unsigned)v);
}

/* ---- interrupt and status ---- */

static void isr_ack(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                    const struct bus_txn *t)
{
    mmio(d)->isr &= (uint32_t)~v;
    update_irq(mmio(d));
}

static uint64_t status_read(struct device *d, const struct reg_desc *r, unsigned idx,
                            const struct bus_txn *t)
{
    return mmio(d)->vdev != NULL ? mmio(d)->vdev->status : 0;
}

static void mmio_reset(struct device *d, enum reset_kind k)
{
    struct virtio_mmio *m = mmio(d);
    if (m->evq != NULL) {
        evq_cancel(m->evq, &m->more);
    }
    m->host_features_sel = 0;
    m->guest_features_sel = 0;
    memset(m->guest_features, 0, sizeof(m->guest_features));
    m->guest_page_size = 0;
    m->queue_sel = 0;
    m->queue_align = 4096;
    m->isr = 0;
    if (m->vdev != NULL) {
        virtio_dev_reset(m->vdev);
    }
    update_irq(m);
}

static void status_write(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                         const struct bus_txn *t)
{
    struct virtio_mmio *m = mmio(d);
    if (m->vdev == NULL) {
        return;
    }
    if ((v & 0xff) != 0) {
        virtio_dev_set_status(m->vdev, (uint8_t)v);
        return;
    }
    /* A reset of the device by the driver keeps the transport's page size (Linux sets it once). */
    uint32_t page_size = m->guest_page_size;
    mmio_reset(d, RESET_WARM);
    m->guest_page_size = page_size;
}

static uint64_t generation_read(struct device *d, const struct reg_desc *r, unsigned idx,
                                const struct bus_txn *t)
{
    struct virtio_mmio *m = mmio(d);
    return m->vdev != NULL && of_version(m, r, false) ? m->vdev->config_generation : 0;
}

static uint64_t shm_read(struct device *d, const struct reg_desc *r, unsigned idx,
                         const struct bus_txn *t)
{
    return mmio(d)->vdev != NULL && of_version(mmio(d), r, false) ? UINT32_MAX : 0;
}

/* clang-format off */
#define RO(name, off, hook) { name, off, .size = 4, .flags = REGF_VIEW, .read = (hook) }
#define WO(name, off, hook) { name, off, .size = 4, .flags = REGF_VIEW, .write = (hook) }
#define RING(name, off)     WO(name "Low", off, ring_addr_write), WO(name "High", (off) + 4, ring_addr_write)

/* VIRTIO 1.2, 4.2.2 "MMIO Device Register Layout" and 4.2.4 "Legacy interface" (marked 1). */
static const struct reg_desc virtio_mmio_regs[] = {
    { "MagicValue",        0x000, .size = 4, .flags = REGF_VIEW, .reset = MAGIC, .read = constant_read },
    RO("Version",          0x004, version_read),
    RO("DeviceID",         0x008, device_id_read),
    { "VendorID",          0x00c, .size = 4, .flags = REGF_VIEW, .reset = VENDOR, .read = constant_read },
    RO("DeviceFeatures",   0x010, features_read),
    { "DeviceFeaturesSel", 0x014, .size = 4, .wmask = UINT32_MAX, ST(struct virtio_mmio, host_features_sel) },
    WO("DriverFeatures",   0x020, features_write),
    { "DriverFeaturesSel", 0x024, .size = 4, .wmask = UINT32_MAX, ST(struct virtio_mmio, guest_features_sel) },
    WO("GuestPageSize",    0x028, page_size_write),                                   /* 1 */
    { "QueueSel",          0x030, .size = 4, .wmask = UINT32_MAX, ST(struct virtio_mmio, queue_sel) },
    RO("QueueNumMax",      0x034, num_max_read),
    WO("QueueNum",         0x038, num_write),
    WO("QueueAlign",       0x03c, align_write),                                       /* 1 */
    { "QueuePFN",          0x040, .size = 4, .flags = REGF_VIEW, .read = pfn_read, .write = pfn_write }, /* 1 */
    { "QueueReady",        0x044, .size = 4, .flags = REGF_VIEW, .read = ready_read, .write = ready_write },
    WO("QueueNotify",      0x050, notify_write),
    { "InterruptStatus",   0x060, .size = 4, ST(struct virtio_mmio, isr) },
    WO("InterruptACK",     0x064, isr_ack),
    { "Status",            0x070, .size = 4, .flags = REGF_VIEW, .read = status_read, .write = status_write },
    RING("QueueDesc",      0x080),
    RING("QueueDriver",    0x090),
    RING("QueueDevice",    0x0a0),
    { "SHMSel",            0x0ac, .size = 4, .wmask = UINT32_MAX, ST(struct virtio_mmio, shm_sel) },
    RO("SHMLenLow",        0x0b0, shm_read),
    RO("SHMLenHigh",       0x0b4, shm_read),
    RO("SHMBaseLow",       0x0b8, shm_read),
    RO("SHMBaseHigh",      0x0bc, shm_read),
    RO("ConfigGeneration", 0x0fc, generation_read),
};
/* clang-format on */

static const struct reg_block virtio_mmio_block = {
    .name = "regs",
    .size = VIRTIO_MMIO_SIZE,
    .regs = virtio_mmio_regs,
    .n_regs = ARRAY_LEN(virtio_mmio_regs),
};

/* The configuration space belongs to the device and takes any width; the rest is the table's. */
static enum bus_result mmio_access(struct device *d, unsigned region, struct bus_txn *t)
{
    struct virtio_mmio *m = mmio(d);
    if (t->pa.v < CONFIG_BASE) {
        return (enum bus_result)regs_access(d, &virtio_mmio_block, t);
    }
    uint32_t off = (uint32_t)t->pa.v - CONFIG_BASE;
    if (m->vdev == NULL) {
        t->data = t->write ? t->data : 0;
    } else if (t->write) {
        virtio_dev_config_write(m->vdev, off, t->size, t->data);
    } else {
        t->data = virtio_dev_config_read(m->vdev, off, t->size);
    }
    return BUS_OK;
}

static bool mmio_realize(struct device *d, GError **err)
{
    struct virtio_mmio *m = mmio(d);
    m->more = (struct event){.name = "virtio-mmio", .fn = mmio_more, .opaque = m};
    if (m->vdev != NULL) {
        /* QEMU's slots let a driver choose any size, and small guests count on 128 at least. */
        for (unsigned q = 0; q < m->vdev->n_queues; q++) {
            m->vdev->queues[q].num_max = VIRTQ_NUM_MAX;
        }
        m->vdev->offered |= m->legacy ? VIRTIO_F_ANY_LAYOUT : VIRTIO_F_VERSION_1;
        m->vdev->transport = (struct virtio_transport){
            .interrupt = mmio_interrupt,
            .defer = mmio_defer,
            .port = &m->port,
            .opaque = m,
        };
    }
    return true;
}

static void mmio_finalize(struct device *d)
{
    struct virtio_mmio *m = mmio(d);
    if (m->evq != NULL) {
        evq_cancel(m->evq, &m->more);
    }
    virtio_dev_free(m->vdev);
}

/* clang-format off */
static const struct snap_field mmio_fields[] = {
    SNAP_ARRAY(struct virtio_mmio, guest_features, uint32_t),
    SNAP_FIELD(struct virtio_mmio, guest_page_size),
    SNAP_FIELD(struct virtio_mmio, queue_align),
    SNAP_EVENT(struct virtio_mmio, more),
    SNAP_LINES(struct virtio_mmio, irq),
};
/* clang-format on */
static const struct snap_desc mmio_snap = SNAP_DESC(1, mmio_fields);

static void mmio_snap_device(struct device *d, struct snap *s)
{
    struct virtio_mmio *m = mmio(d);
    snap_same(s, "device", m->vdev != NULL ? m->vdev->ops->type : "none");
    if (m->vdev != NULL) {
        virtio_dev_snap(m->vdev, s);
    }
}

static bool is_power_of_2(uint32_t v)
{
    return v != 0 && (v & (v - 1)) == 0;
}

static bool mmio_post_load(struct device *d, GError **err)
{
    struct virtio_mmio *m = mmio(d);
    if (!is_power_of_2(m->queue_align) || m->queue_align > LEGACY_ALIGN_MAX ||
        (m->guest_page_size != 0 && !is_power_of_2(m->guest_page_size))) {
        return fail(err, ERR_FILE, "sizes of pages that are no powers of two");
    }
    if (m->vdev == NULL && evq_pending(&m->more)) {
        return fail(err, ERR_FILE, "work is left for a device that is not there");
    }
    return m->vdev == NULL || virtio_dev_post_load(m->vdev, err);
}

const struct device_ops virtio_mmio_ops = {
    .type = "virtio-mmio",
    .state_size = sizeof(struct virtio_mmio),
    .regions = &virtio_mmio_block,
    .n_regions = 1,
    .realize = mmio_realize,
    .reset = mmio_reset,
    .access = mmio_access,
    .snap = &mmio_snap,
    .snap_more = mmio_snap_device,
    .post_load = mmio_post_load,
    .finalize = mmio_finalize,
};
