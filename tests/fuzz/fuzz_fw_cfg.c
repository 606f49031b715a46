/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: hostile firmware before the fw_cfg device. The input is a list of operations:
 * register accesses of any kind, bytes into memory, DMA commands with mostly plausible fields,
 * aimed at memory, at nothing, and at the device itself.
 */
#include <glib.h>
#include <stdint.h>
#include <string.h>

#include "base/bits.h"
#include "devices/fw_cfg.h"

#define RAM       UINT64_C(0x40000000)
#define RAM_BYTES 0x4000U
#define FW        UINT64_C(0x09020000)
#define STEPS_MAX 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *p;
    size_t left;
};

struct world {
    struct bus *bus;
    struct device *fw;
    uint8_t *ram;
    GBytes *lazy[2];
    unsigned turn;
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

static void on_selected(void *opaque)
{
    struct world *w = opaque;
    fw_cfg_replace_file(w->fw, "lazy", w->lazy[w->turn++ % 2]);
}

static void on_written(void *opaque, const uint8_t *data, size_t offset, size_t len)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < len; i++) {
        sum ^= data[offset + i]; /* a sanitizer looks at each byte */
    }
    ((struct world *)opaque)->turn += sum & 1;
}

static void add(struct world *w, const char *name, size_t len, const struct fw_cfg_hooks *hooks)
{
    GBytes *b = g_bytes_new_take(g_malloc0(len), len);
    if (!fw_cfg_add_file(w->fw, name, b, hooks, NULL)) {
        g_error("cannot add %s", name);
    }
    g_bytes_unref(b);
}

static struct world *world_new(void)
{
    struct world *w = g_new0(struct world, 1);
    struct mem_attrs a = {.pas = PAS_NS};
    w->bus = bus_new();
    w->fw = fw_cfg_new("fw-cfg");
    if (!bus_map_ram(w->bus, "ram", pa(RAM), RAM_BYTES, PAS_MASK_NS, false, NULL) ||
        !bus_map_device(w->bus, pa(FW), w->fw, 0, PAS_MASK_NS, NULL) ||
        !device_realize(w->fw, NULL)) {
        g_error("cannot build");
    }
    w->ram = bus_ram_span(w->bus, pa(RAM), RAM_BYTES, &a, true);
    w->lazy[0] = g_bytes_new_static("first", 5);
    w->lazy[1] = g_bytes_new_static("a longer second", 15);
    add(w, "lazy", 1, &(struct fw_cfg_hooks){.selected = on_selected, .opaque = w});
    add(w, "rw", 100, &(struct fw_cfg_hooks){.written = on_written, .opaque = w});
    add(w, "both", 40,
        &(struct fw_cfg_hooks){.selected = on_selected, .written = on_written, .opaque = w});
    add(w, "empty", 0, NULL);
    add(w, "empty-rw", 0, &(struct fw_cfg_hooks){.written = on_written, .opaque = w});
    fw_cfg_set_bytes(w->fw, FW_CFG_KERNEL_DATA, w->lazy[1]);
    fw_cfg_set_port(w->fw, bus_direct_port(w->bus, PAS_NS));
    device_reset(w->fw, RESET_COLD);
    return w;
}

static void world_free(struct world *w)
{
    device_free(w->fw);
    bus_free(w->bus);
    g_bytes_unref(w->lazy[0]);
    g_bytes_unref(w->lazy[1]);
    g_free(w);
}

static void access_any(struct world *w, struct input *in)
{
    uint8_t how = (uint8_t)take(in, 1);
    struct bus_txn t = {
        .pa = pa(FW + (take(in, 1) & 0x1f)),
        .size = (uint8_t)(1U << (how & 3)),
        .write = bit(how, 2),
        .debug = bit(how, 3),
    };
    t.data = t.write ? take(in, t.size) : UINT64_MAX;
    enum bus_result res = bus_access(w->bus, &t);
    if (res == BUS_OK && !t.write && t.size < 8 && t.data >> 8 * t.size != 0) {
        g_error("a read of %u bytes gave more", t.size);
    }
}

static void scribble(struct world *w, struct input *in)
{
    size_t at = take(in, 2) % RAM_BYTES;
    size_t len = take(in, 1);
    len = MIN(len, RAM_BYTES - at);
    for (size_t i = 0; i < len; i++) {
        w->ram[at + i] = (uint8_t)take(in, 1);
    }
}

/* Somewhere: in memory, near its end, in the device, or anywhere. */
static uint64_t some_address(struct input *in)
{
    uint8_t kind = (uint8_t)take(in, 1);
    uint64_t v = take(in, 2);
    switch (kind & 3) {
    case 0:
        return RAM + v % RAM_BYTES;
    case 1:
        return RAM + RAM_BYTES - v % 64;
    case 2:
        return FW + v % 32;
    default:
        return take(in, 8);
    }
}

static void command(struct world *w, struct input *in)
{
    uint32_t at = (uint32_t)(take(in, 1) * 16);
    uint32_t control = (uint32_t)(take(in, 1) | (take(in, 1) & 0x3f) << 16);
    uint32_t length = (uint32_t)take(in, (take(in, 1) & 7) == 0 ? 4 : 1);
    uint64_t address = some_address(in);
    uint32_t be[2] = {GUINT32_TO_BE(control), GUINT32_TO_BE(length)};
    uint64_t be_address = GUINT64_TO_BE(address);
    memcpy(w->ram + at, be, sizeof(be));
    memcpy(w->ram + at + sizeof(be), &be_address, sizeof(be_address));
    struct bus_txn t = {
        .pa = pa(FW + 0x10), .size = 8, .data = GUINT64_TO_BE(RAM + at), .write = true};
    (void)!bus_access(w->bus, &t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct world *w = world_new();
    for (unsigned i = 0; i < STEPS_MAX && in.left != 0; i++) {
        switch (take(&in, 1) & 3) {
        case 0:
            scribble(w, &in);
            break;
        case 1:
            access_any(w, &in);
            break;
        default:
            command(w, &in);
            break;
        }
    }
    world_free(w);
    return 0;
}
