/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: any access to any register of the simple devices, through a bus on which they
 * sit side by side, with outside input, time and resets in between.
 */
#include <glib.h>
#include <stdint.h>
#include <string.h>

#include "base/bits.h"
#include "devices/cfi_flash.h"
#include "devices/fw_cfg.h"
#include "devices/gicv2m.h"
#include "devices/pl011.h"
#include "devices/pl031.h"
#include "devices/pl061.h"

#define STEPS_MAX 2048
#define RAM       UINT64_C(0x10000000)
#define RAM_BYTES 0x1000U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { UART16, UART32, RTC, GPIO, FW, FLASH, V2M, N_DEVICES };

struct world {
    struct bus *bus;
    struct evq *evq;
    struct device *dev[N_DEVICES];
    struct chardev chr[2];
    struct blockdev disk;
};

struct input {
    const uint8_t *p;
    size_t left;
};

/* n bytes, little endian; zeros when the input is used up. */
static uint64_t take(struct input *in, size_t n)
{
    uint64_t v = 0;
    size_t got = MIN(n, in->left);
    if (got != 0) {
        memcpy(&v, in->p, got);
    }
    in->p += got;
    in->left -= got;
    return v;
}

static uint64_t base_of(unsigned n)
{
    return n == FLASH ? 0 : RAM + RAM_BYTES * (n + 1);
}

static bool disk_read(void *opaque, uint64_t offset, void *buf, size_t len)
{
    memset(buf, 0, len);
    return true;
}

static bool disk_write(void *opaque, uint64_t offset, const void *buf, size_t len)
{
    const struct blockdev *d = opaque;
    if (offset > d->size || len > d->size - offset) {
        g_error("a write outside the image");
    }
    return true;
}

static const struct blockdev_ops disk_ops = {.read = disk_read, .write = disk_write};

/* Reading a whole image takes time: only some runs have one. */
static struct world *world_new(bool with_image)
{
    struct world *w = g_new0(struct world, 1);
    w->bus = bus_new();
    w->evq = evq_new();
    w->disk = (struct blockdev){&disk_ops, &w->disk, CFI_FLASH_SIZE, false};
    w->dev[UART16] = pl011_new("uart16", 16);
    w->dev[UART32] = pl011_new("uart32", 32);
    w->dev[RTC] = pl031_new("rtc", w->evq, 0xfffffff0);
    w->dev[GPIO] = pl061_new("gpio");
    w->dev[FW] = fw_cfg_new("fw-cfg");
    w->dev[FLASH] = cfi_flash_new("flash");
    w->dev[V2M] = gicv2m_new("gicv2m", 80, GICV2M_MAX_SPI);
    for (unsigned i = 0; i < 2; i++) {
        pl011_set_chardev(w->dev[UART16 + i], &w->chr[i]);
    }
    fw_cfg_set_port(w->dev[FW], bus_direct_port(w->bus, PAS_NS));
    if (with_image) {
        cfi_flash_set_contents(w->dev[FLASH], &w->disk);
    }
    cfi_flash_set_bus(w->dev[FLASH], w->bus);
    bool ok = bus_map_ram(w->bus, "ram", pa(RAM), RAM_BYTES, PAS_MASK_ALL, false, NULL);
    for (unsigned i = 0; i < N_DEVICES; i++) {
        ok = ok && device_realize(w->dev[i], NULL) &&
             bus_map_device(w->bus, pa(base_of(i)), w->dev[i], 0, PAS_MASK_NS, NULL);
        device_reset(w->dev[i], RESET_COLD);
    }
    if (!ok) {
        g_error("cannot build");
    }
    return w;
}

static void world_free(struct world *w)
{
    for (unsigned i = 0; i < N_DEVICES; i++) {
        device_free(w->dev[i]);
    }
    bus_free(w->bus);
    evq_free(w->evq);
    g_free(w);
}

static void access_any(struct world *w, struct input *in)
{
    unsigned n = (unsigned)take(in, 1) % N_DEVICES;
    uint8_t how = (uint8_t)take(in, 1);
    uint64_t offset = take(in, n == FLASH && bit(how, 6) ? 4 : 2);
    if (bit(how, 7)) {
        offset &= ~UINT64_C(3);
    }
    struct bus_txn t = {
        .pa = pa(base_of(n) + (n == FLASH ? offset % CFI_FLASH_SIZE : offset & 0xfff)),
        .size = (uint8_t)(1U << (how & 3)),
        .write = bit(how, 2),
        .debug = bit(how, 3) && bit(how, 4),
    };
    t.data = t.write ? take(in, t.size) : UINT64_MAX;
    enum bus_result res = bus_access(w->bus, &t);
    if (res == BUS_OK && !t.write && t.size < 8 && t.data >> 8 * t.size != 0) {
        g_error("a read of %u bytes gave more", t.size);
    }
}

static void type(struct world *w, struct input *in)
{
    uint8_t buf[64] = {'x'};
    uint8_t what = (uint8_t)take(in, 1);
    struct chardev *c = &w->chr[what & 1];
    if (c->room(c->dev) > PL011_FIFO_MAX) {
        g_error("more room than a FIFO has");
    }
    if (bit(what, 1)) {
        c->deliver_break(c->dev);
    } else {
        c->deliver(c->dev, buf, what >> 2);
    }
}

static void step(struct world *w, struct input *in)
{
    uint8_t what = (uint8_t)take(in, 1);
    if (what >= 0x20) {
        access_any(w, in);
    } else if (what >= 0x14) {
        type(w, in);
    } else if (what >= 0x0c) {
        pl061_set_input(w->dev[GPIO], what & 7, bit(take(in, 1), 0));
    } else if (what >= 0x04) {
        evq_advance(w->evq, evq_now(w->evq) + take(in, 2) * TICKS_PER_SEC / 16);
    } else {
        device_reset(w->dev[take(in, 1) % N_DEVICES], what & 1 ? RESET_COLD : RESET_WARM);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct world *w = world_new((take(&in, 1) & 0x3f) == 0x3f);
    for (unsigned i = 0; i < STEPS_MAX && in.left != 0; i++) {
        step(w, &in);
    }
    world_free(w);
    return 0;
}
