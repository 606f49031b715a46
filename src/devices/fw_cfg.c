/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fw_cfg, the MMIO variant, as QEMU specifies it ("QEMU Firmware Configuration (fw_cfg) Device").
 * One register region: data at 0, selector at 8, DMA address at 16; one bus port. All multi-byte
 * registers are big endian, items are strings of bytes.
 *
 * Left out: writes through the data register (QEMU dropped them too), items that belong to an
 * architecture (selector bit 15), of which Arm has none.
 */
#include "devices/fw_cfg.h"

#include <string.h>

#include "base/bits.h"
#include "base/log.h"

enum {
    SELECT_WRITE = 0x4000, /* meant for writing: no difference any more */
    SELECT_ARCH = 0x8000,

    ID_TRADITIONAL = 1 << 0,
    ID_DMA = 1 << 1,

    DMA_ERROR = 1 << 0,
    DMA_READ = 1 << 1,
    DMA_SKIP = 1 << 2,
    DMA_SELECT = 1 << 3,
    DMA_WRITE = 1 << 4,

    DIR_ENTRY_BYTES = 64,
    DIR_NAME_AT = 8,
    DIR_HEADER_BYTES = 4,
};

#define DMA_SIGNATURE UINT64_C(0x51454d5520434647) /* "QEMU CFG" */
#define ZERO_CHUNK    4096U

/* The structure in guest memory that the DMA address points to. Big endian. */
struct dma_command {
    uint32_t control, length;
    uint64_t address;
};

struct item {
    char name[FW_CFG_NAME_MAX + 1]; /* files only */
    GBytes *bytes;                  /* NULL: no such item */
    uint8_t *writable;              /* the contents of a file that the guest may write */
    struct fw_cfg_hooks hooks;
};

struct fw_cfg {
    struct device dev;
    struct item keys[FW_CFG_FILE_FIRST];
    struct item files[FW_CFG_N_FILES]; /* sorted by name */
    unsigned n_files;
    struct bus_port port;
    /* State the guest sees. */
    uint16_t selected;
    uint32_t offset;
    uint32_t dma_high; /* upper half of the DMA address, until the lower one comes */
    bool dma_busy;
};

static struct fw_cfg *of(struct device *d)
{
    return (struct fw_cfg *)d;
}

/* ---- items ---- */

static size_t item_len(const struct item *it)
{
    return g_bytes_get_size(it->bytes);
}

static const uint8_t *item_data(const struct item *it)
{
    return it->writable != NULL ? it->writable : g_bytes_get_data(it->bytes, NULL);
}

static void item_clear(struct item *it)
{
    g_clear_pointer(&it->bytes, g_bytes_unref);
    g_clear_pointer(&it->writable, g_free);
}

static void item_set(struct item *it, GBytes *b)
{
    GBytes *mine = g_bytes_ref(b);
    item_clear(it);
    it->bytes = mine;
    if (it->hooks.written != NULL) {
        it->writable = g_memdup2(g_bytes_get_data(mine, NULL), g_bytes_get_size(mine));
    }
}

static void item_set_copy(struct item *it, const void *data, size_t len)
{
    GBytes *b = g_bytes_new(data, len);
    item_set(it, b);
    g_bytes_unref(b);
}

void fw_cfg_set_bytes(struct device *d, uint16_t key, GBytes *data)
{
    ASSERT(key < FW_CFG_FILE_FIRST);
    item_set(&of(d)->keys[key], data);
}

static void set_number(struct device *d, uint16_t key, uint64_t v, size_t len)
{
    ASSERT(key < FW_CFG_FILE_FIRST);
    uint64_t le = GUINT64_TO_LE(v);
    item_set_copy(&of(d)->keys[key], &le, len);
}

void fw_cfg_set_i16(struct device *d, uint16_t key, uint16_t v)
{
    set_number(d, key, v, 2);
}

void fw_cfg_set_i32(struct device *d, uint16_t key, uint32_t v)
{
    set_number(d, key, v, 4);
}

void fw_cfg_set_i64(struct device *d, uint16_t key, uint64_t v)
{
    set_number(d, key, v, 8);
}

void fw_cfg_set_string(struct device *d, uint16_t key, const char *s)
{
    ASSERT(key < FW_CFG_FILE_FIRST);
    item_set_copy(&of(d)->keys[key], s, strlen(s) + 1);
}

/* ---- files ---- */

/* The directory: a count, then size, selector, a reserved half word and the name of each file. */
static void build_directory(struct fw_cfg *f)
{
    size_t len = DIR_HEADER_BYTES + (size_t)f->n_files * DIR_ENTRY_BYTES;
    uint8_t *dir = g_malloc0(len);
    uint32_t n = GUINT32_TO_BE(f->n_files);
    memcpy(dir, &n, sizeof(n));
    for (unsigned i = 0; i < f->n_files; i++) {
        uint8_t *e = dir + DIR_HEADER_BYTES + (size_t)i * DIR_ENTRY_BYTES;
        uint32_t size = GUINT32_TO_BE((uint32_t)item_len(&f->files[i]));
        uint16_t select = GUINT16_TO_BE((uint16_t)(FW_CFG_FILE_FIRST + i));
        memcpy(e, &size, sizeof(size));
        memcpy(e + sizeof(size), &select, sizeof(select));
        memcpy(e + DIR_NAME_AT, f->files[i].name, sizeof(f->files[i].name));
    }
    GBytes *b = g_bytes_new_take(dir, len);
    item_set(&f->keys[FW_CFG_FILE_DIR], b);
    g_bytes_unref(b);
}

/* Where name is, or where it would go. */
static unsigned file_position(const struct fw_cfg *f, const char *name)
{
    unsigned i = 0;
    while (i < f->n_files && strcmp(f->files[i].name, name) < 0) {
        i++;
    }
    return i;
}

static bool is_file(const struct fw_cfg *f, unsigned i, const char *name)
{
    return i < f->n_files && strcmp(f->files[i].name, name) == 0;
}

bool fw_cfg_add_file(struct device *d, const char *name, GBytes *data,
                     const struct fw_cfg_hooks *hooks, GError **err)
{
    struct fw_cfg *f = of(d);
    size_t name_len = strlen(name);
    if (name_len == 0 || name_len > FW_CFG_NAME_MAX || g_bytes_get_size(data) > UINT32_MAX) {
        return fail(err, ERR_OPTION,
                    "fw_cfg file '%s': a name has 1 to %u characters, a file less "
                    "than 4 GiB",
                    name, FW_CFG_NAME_MAX);
    }
    unsigned at = file_position(f, name);
    if (is_file(f, at, name)) {
        return fail(err, ERR_OPTION, "fw_cfg file '%s' is there already", name);
    }
    if (f->n_files == FW_CFG_N_FILES) {
        return fail(err, ERR_OPTION, "fw_cfg file '%s': there are %u files already", name,
                    FW_CFG_N_FILES);
    }
    memmove(&f->files[at + 1], &f->files[at], (f->n_files - at) * sizeof(f->files[0]));
    struct item *it = &f->files[at];
    *it = (struct item){.hooks = hooks != NULL ? *hooks : (struct fw_cfg_hooks){0}};
    memcpy(it->name, name, name_len);
    item_set(it, data);
    f->n_files++;
    build_directory(f);
    return true;
}

bool fw_cfg_replace_file(struct device *d, const char *name, GBytes *data)
{
    struct fw_cfg *f = of(d);
    unsigned at = file_position(f, name);
    if (!is_file(f, at, name) || g_bytes_get_size(data) > UINT32_MAX) {
        return false;
    }
    item_set(&f->files[at], data);
    build_directory(f);
    return true;
}

/* ---- selection and the data register ---- */

/* NULL: the selected item does not exist. */
static struct item *current(struct fw_cfg *f)
{
    unsigned key = f->selected & ~(unsigned)SELECT_WRITE;
    struct item *it = NULL;
    if (key < FW_CFG_FILE_FIRST) {
        it = &f->keys[key];
    } else if (key - FW_CFG_FILE_FIRST < f->n_files) {
        it = &f->files[key - FW_CFG_FILE_FIRST];
    }
    return it != NULL && it->bytes != NULL ? it : NULL;
}

static void select_item(struct fw_cfg *f, uint16_t key)
{
    f->selected = key;
    f->offset = 0;
    const struct item *it = current(f);
    if (it != NULL && it->hooks.selected != NULL) {
        it->hooks.selected(it->hooks.opaque);
    }
}

/* How much of the selected item is left. */
static size_t left(struct fw_cfg *f)
{
    const struct item *it = current(f);
    return it != NULL && f->offset < item_len(it) ? item_len(it) - f->offset : 0;
}

/* Bytes come in the order of the item, lowest address first; zeros after its end. */
static uint64_t data_read(struct device *d, const struct reg_desc *r, unsigned idx,
                          const struct bus_txn *t)
{
    struct fw_cfg *f = of(d);
    uint64_t v = 0;
    size_t n = MIN(left(f), t->size);
    if (n != 0) {
        memcpy(&v, item_data(current(f)) + f->offset, n);
    }
    if (!t->debug) {
        f->offset += (uint32_t)n;
    }
    return v << t->pa.v % 8 * 8;
}

static void selector_write(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                           const struct bus_txn *t)
{
    if (of(d)->dma_busy) {
        log_guest(d->id, "selector written by its own DMA");
        return;
    }
    select_item(of(d), GUINT16_SWAP_LE_BE((uint16_t)v));
}

/* ---- DMA ---- */

static bool write_zeros(struct fw_cfg *f, uint64_t address, uint64_t len)
{
    static const uint8_t zeros[ZERO_CHUNK];
    while (len != 0) {
        size_t n = MIN(len, ZERO_CHUNK - address % ZERO_CHUNK);
        if (port_write(&f->port, pa(address), zeros, n) != BUS_OK) {
            return false;
        }
        address += n;
        len -= n;
    }
    return true;
}

/* Past the end of the item there are zeros. */
static bool dma_read_item(struct fw_cfg *f, const struct dma_command *c)
{
    size_t n = MIN(left(f), c->length);
    if (n != 0 &&
        port_write(&f->port, pa(c->address), item_data(current(f)) + f->offset, n) != BUS_OK) {
        return false;
    }
    f->offset += (uint32_t)n;
    return write_zeros(f, c->address + n, c->length - n);
}

/* All or nothing, and only into files that take it. */
static bool dma_write_item(struct fw_cfg *f, const struct dma_command *c)
{
    struct item *it = current(f);
    if (it == NULL || it->writable == NULL || left(f) < c->length) {
        return false;
    }
    uint32_t at = f->offset;
    if (port_read(&f->port, pa(c->address), it->writable + at, c->length) != BUS_OK) {
        return false;
    }
    f->offset += c->length;
    it->hooks.written(it->hooks.opaque, it->writable, at, c->length);
    return true;
}

static bool dma_transfer(struct fw_cfg *f, const struct dma_command *c)
{
    if ((c->control & DMA_SELECT) != 0) {
        select_item(f, (uint16_t)(c->control >> 16));
    }
    if (c->length == 0) {
        return true;
    }
    if ((c->control & DMA_READ) != 0) {
        return dma_read_item(f, c);
    }
    if ((c->control & DMA_WRITE) != 0) {
        return dma_write_item(f, c);
    }
    if ((c->control & DMA_SKIP) != 0) {
        f->offset += (uint32_t)MIN(left(f), c->length);
    }
    return true;
}

/* Run the command at address and put its outcome in its control word: 0, or DMA_ERROR. */
static void dma_run(struct fw_cfg *f, uint64_t address)
{
    struct dma_command c = {0};
    bool ok = port_read(&f->port, pa(address), &c, sizeof(c)) == BUS_OK;
    if (ok) {
        c.control = GUINT32_FROM_BE(c.control);
        c.length = GUINT32_FROM_BE(c.length);
        c.address = GUINT64_FROM_BE(c.address);
        ok = dma_transfer(f, &c);
    }
    uint32_t outcome = GUINT32_TO_BE(ok ? 0 : DMA_ERROR);
    if (port_write(&f->port, pa(address), &outcome, sizeof(outcome)) != BUS_OK) {
        log_guest(f->dev.id, "no DMA command at %#llx", (unsigned long long)address);
    }
}

static void dma_start(struct fw_cfg *f, uint64_t address)
{
    if (f->dma_busy || f->port.access == NULL) { /* a transfer may be aimed at this register */
        log_guest(f->dev.id, "DMA cannot start from within DMA");
        return;
    }
    f->dma_busy = true;
    dma_run(f, address);
    f->dma_busy = false;
}

static uint64_t dma_read(struct device *d, const struct reg_desc *r, unsigned idx,
                         const struct bus_txn *t)
{
    return GUINT64_SWAP_LE_BE(DMA_SIGNATURE);
}

/* Eight bytes, or the upper half first: the lower one starts the transfer. */
static void dma_write(struct device *d, const struct reg_desc *r, unsigned idx, uint64_t v,
                      const struct bus_txn *t)
{
    struct fw_cfg *f = of(d);
    uint64_t address = GUINT64_SWAP_LE_BE(v);
    if (t->size == 8) {
        dma_start(f, address);
    } else if (t->size == 4 && t->pa.v == r->offset) {
        f->dma_high = (uint32_t)(address >> 32);
    } else if (t->size == 4) {
        address = (uint64_t)f->dma_high << 32 | (uint32_t)address;
        f->dma_high = 0;
        dma_start(f, address);
    } else {
        log_guest(d->id, "DMA address written in %u bytes", t->size);
    }
}

/* ---- life ---- */

/* clang-format off */
static const struct reg_desc fw_cfg_regs[] = {
    {"DATA",     0x00, .size = 8, .widths = W8 | W16 | W32 | W64, .flags = REGF_VIEW, .read = data_read},
    {"SELECTOR", 0x08, .size = 2, .flags = REGF_VIEW, .write = selector_write},
    {"DMA",      0x10, .size = 8, .widths = W8 | W16 | W32 | W64, .flags = REGF_VIEW, .read = dma_read, .write = dma_write},
};
/* clang-format on */

static const struct reg_block fw_cfg_block = {
    .name = "regs",
    .size = 0x18,
    .regs = fw_cfg_regs,
    .n_regs = ARRAY_LEN(fw_cfg_regs),
};

static void fw_cfg_reset(struct device *d, enum reset_kind k)
{
    struct fw_cfg *f = of(d);
    f->selected = FW_CFG_SIGNATURE;
    f->offset = 0;
    f->dma_high = 0;
}

static void fw_cfg_finalize(struct device *d)
{
    struct fw_cfg *f = of(d);
    for (size_t i = 0; i < ARRAY_LEN(f->keys); i++) {
        item_clear(&f->keys[i]);
    }
    for (size_t i = 0; i < f->n_files; i++) {
        item_clear(&f->files[i]);
    }
}

/* clang-format off */
static const struct snap_field fw_cfg_fields[] = {
    SNAP_FIELD(struct fw_cfg, selected),
    SNAP_FIELD(struct fw_cfg, offset),
    SNAP_FIELD(struct fw_cfg, dma_high),
};
/* clang-format on */
static const struct snap_desc fw_cfg_snap = SNAP_DESC(1, fw_cfg_fields);

/* Files that the guest may write, by name; the others are configuration. */
static void fw_cfg_snap_files(struct device *d, struct snap *s)
{
    struct fw_cfg *f = of(d);
    for (unsigned i = 0; i < f->n_files; i++) {
        if (f->files[i].writable != NULL) {
            snap_bytes(s, f->files[i].name, f->files[i].writable, item_len(&f->files[i]));
        }
    }
}

static const struct device_ops fw_cfg_ops = {
    .type = "fw-cfg",
    .state_size = sizeof(struct fw_cfg),
    .regions = &fw_cfg_block,
    .n_regions = 1,
    .reset = fw_cfg_reset,
    .snap = &fw_cfg_snap,
    .snap_more = fw_cfg_snap_files,
    .finalize = fw_cfg_finalize,
};

struct device *fw_cfg_new(const char *id)
{
    struct device *d = device_new(&fw_cfg_ops, id);
    item_set_copy(&of(d)->keys[FW_CFG_SIGNATURE], "QEMU", 4);
    fw_cfg_set_i32(d, FW_CFG_ID, ID_TRADITIONAL | ID_DMA);
    build_directory(of(d));
    return d;
}

void fw_cfg_set_port(struct device *d, struct bus_port port)
{
    of(d)->port = port;
}
