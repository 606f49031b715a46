/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parallel NOR flash: JEDEC JESD68 "Common Flash Interface", Intel/Sharp extended command set
 * (0001). One register region, no interrupt.
 *
 * The bank is 32 bits wide: two 16-bit chips of 32 MiB side by side that always get the same
 * commands, so one state machine stands for both. Operations take no time: the chips are always
 * ready. All blocks are unlocked at reset, and identification does not announce locking, as on the
 * reference board. Left out: protection registers, suspend (nothing lasts long enough), burst
 * configuration, commands to one chip of the pair.
 */
#include "devices/cfi_flash.h"

#include <string.h>
#include <sys/mman.h>

#include "base/bits.h"
#include "base/log.h"
#include "core/pages.h"

#define BANK_BYTES   4U    /* bus width */
#define BUFFER_BYTES 4096U /* write buffers of both chips */
#define BUFFER_WORDS (BUFFER_BYTES / BANK_BYTES)
#define N_SECTORS    (CFI_FLASH_SIZE / CFI_FLASH_SECTOR)
#define LOAD_CHUNK   65536U

enum command {
    CMD_PROGRAM_ALT = 0x10,
    CMD_ERASE = 0x20,
    CMD_PROGRAM = 0x40,
    CMD_CLEAR_STATUS = 0x50,
    CMD_LOCK_SETUP = 0x60,
    CMD_READ_STATUS = 0x70,
    CMD_READ_ID = 0x90,
    CMD_READ_CFI = 0x98,
    CMD_SUSPEND = 0xb0,
    CMD_CONFIRM = 0xd0,
    CMD_BUFFER = 0xe8,
    CMD_RESET_AMD = 0xf0, /* drivers probe for the other command set with it */
    CMD_READ_ARRAY = 0xff,

    /* After CMD_LOCK_SETUP. */
    LOCK_SET = 0x01,
    LOCK_DOWN = 0x2f,
};

enum status {
    SR_LOCKED = 1 << 1,
    SR_PROGRAM = 1 << 4,
    SR_ERASE = 1 << 5,
    SR_SEQUENCE = SR_PROGRAM | SR_ERASE, /* not a sequence of commands */
    SR_READY = 1 << 7,
};

/* What reads show. */
enum read_mode { READ_ARRAY, READ_STATUS, READ_ID, READ_CFI };

/* What the next write means. */
enum expect {
    EXPECT_COMMAND,
    EXPECT_WORD,
    EXPECT_ERASE_CONFIRM,
    EXPECT_LOCK,
    EXPECT_COUNT,
    EXPECT_DATA,
    EXPECT_BUFFER_CONFIRM,
};

struct cfi_flash {
    struct device dev;
    uint8_t *array;
    struct blockdev *contents;
    struct bus *bus;
    uint8_t mode, expect, status;
    bool read_only;
    bool locked[N_SECTORS];
    /* A buffered program: words still to come, where they go, and what of the buffer is set. */
    uint32_t words_left;
    uint32_t buffer_at; /* offset of the buffer in the array, aligned to its size */
    bool buffer_bad;    /* a word lay outside */
    uint8_t buffer[BUFFER_BYTES];
};

static struct cfi_flash *of(struct device *d)
{
    return (struct cfi_flash *)d;
}

static void set_mode(struct cfi_flash *f, enum read_mode mode)
{
    if (f->mode != mode) {
        f->mode = (uint8_t)mode;
        if (f->bus != NULL) {
            bus_set_device_span(f->bus, &f->dev, 0, mode == READ_ARRAY ? f->array : NULL);
        }
    }
}

/* The end of an operation: reads show the status from now on. */
static void finish(struct cfi_flash *f, unsigned errors)
{
    f->status |= SR_READY | errors;
    f->expect = EXPECT_COMMAND;
    set_mode(f, READ_STATUS);
}

/* ---- the array ---- */

static bool save(struct cfi_flash *f, uint32_t offset, size_t len)
{
    const struct blockdev *c = f->contents;
    if (c == NULL || c->ops->write(c->opaque, offset, f->array + offset, len)) {
        return true;
    }
    log_guest(f->dev.id, "the flash image cannot be written");
    return false;
}

/* An unaligned write may touch two sectors. */
static unsigned refusal(const struct cfi_flash *f, uint32_t offset, size_t len)
{
    bool locked =
        f->locked[offset / CFI_FLASH_SECTOR] || f->locked[(offset + len - 1) / CFI_FLASH_SECTOR];
    return f->read_only || locked ? SR_LOCKED : 0;
}

/* Programming turns ones into zeros, never back. */
static void program(struct cfi_flash *f, uint32_t offset, const uint8_t *data, size_t len)
{
    unsigned refused = refusal(f, offset, len);
    if (refused != 0) {
        finish(f, SR_PROGRAM | refused);
        return;
    }
    for (size_t i = 0; i < len; i++) {
        f->array[offset + i] &= data[i];
    }
    finish(f, save(f, offset, len) ? 0 : SR_PROGRAM);
}

static void erase(struct cfi_flash *f, uint32_t offset)
{
    uint32_t start = offset - offset % CFI_FLASH_SECTOR;
    unsigned refused = refusal(f, start, CFI_FLASH_SECTOR);
    if (refused != 0) {
        finish(f, SR_ERASE | refused);
        return;
    }
    memset(f->array + start, 0xff, CFI_FLASH_SECTOR);
    finish(f, save(f, start, CFI_FLASH_SECTOR) ? 0 : SR_ERASE);
}

/* ---- reads ---- */

/* JESD68.01, "CFI Query Identification String" and on; of one chip. */
static uint8_t cfi_byte(uint32_t n)
{
    /* clang-format off */
    static const uint8_t table[] = {
        [0x10] = 'Q', 'R', 'Y',
        [0x13] = 0x01, 0x00,             /* primary command set: Intel/Sharp extended */
        [0x15] = 0x31, 0x00,             /* its table */
        [0x1b] = 0x45, 0x55, 0x00, 0x00, /* Vcc 4.5 to 5.5 V, no Vpp pin */
        [0x1f] = 0x07,                   /* typical word program: 2^7 us */
        [0x20] = 0x07,                   /* typical buffer program: 2^7 us */
        [0x21] = 0x0a, 0x00,             /* typical block erase: 2^10 ms; no chip erase */
        [0x23] = 0x04, 0x04, 0x04, 0x00, /* the longest: 2^4 times that */
        [0x27] = 25,                     /* 2^25 bytes */
        [0x28] = 0x02, 0x00,             /* x8 and x16 */
        [0x2a] = 0x0b, 0x00,             /* write buffer: 2^11 bytes */
        [0x2c] = 0x01,                   /* one region of */
        [0x2d] = 0xff, 0x00,             /* 256 blocks of */
        [0x2f] = 0x00, 0x02,             /* 512 * 256 bytes */
        [0x31] = 'P', 'R', 'I', '1', '0',
        [0x3f] = 0x01,                   /* protection register fields */
        [0x51] = 0x00,
    };
    /* clang-format on */
    _Static_assert(N_SECTORS == 256 && CFI_FLASH_SECTOR / 2 == 512 * 256, "as the table says");
    return n < ARRAY_LEN(table) ? table[n] : 0;
}

static uint8_t id_byte(const struct cfi_flash *f, uint32_t offset)
{
    switch (offset / BANK_BYTES & 0xff) {
    case 0:
        return 0x89; /* manufacturer: Intel */
    case 1:
        return 0x18; /* device */
    case 2:
        return f->locked[offset / CFI_FLASH_SECTOR];
    default:
        return 0;
    }
}

/* The aligned word of the bank: both chips answer alike. */
static uint32_t answer(const struct cfi_flash *f, uint32_t offset)
{
    uint32_t chip = 0;
    switch (f->mode) {
    case READ_STATUS:
        chip = f->status;
        break;
    case READ_ID:
        chip = id_byte(f, offset);
        break;
    case READ_CFI:
        chip = cfi_byte(offset / BANK_BYTES & 0xff);
        break;
    default:
        break;
    }
    return chip | chip << 16;
}

static void read_answer(const struct cfi_flash *f, struct bus_txn *t)
{
    t->data = 0;
    for (unsigned i = 0; i < t->size; i++) {
        uint32_t at = (uint32_t)t->pa.v + i;
        uint64_t byte = answer(f, at) >> at % BANK_BYTES * 8 & 0xff;
        t->data |= byte << 8 * i;
    }
}

/* ---- writes ---- */

static void program_word(struct cfi_flash *f, const struct bus_txn *t)
{
    program(f, (uint32_t)t->pa.v, (const uint8_t *)&t->data, t->size);
}

static void start_buffer(struct cfi_flash *f, uint32_t offset, uint32_t count)
{
    f->words_left = count + 1;
    f->buffer_at = offset - offset % BUFFER_BYTES;
    f->buffer_bad = false;
    memset(f->buffer, 0xff, sizeof(f->buffer));
    f->expect = EXPECT_DATA;
    if (count >= BUFFER_WORDS) {
        finish(f, SR_SEQUENCE);
    }
}

static void fill_buffer(struct cfi_flash *f, const struct bus_txn *t)
{
    uint32_t at = (uint32_t)t->pa.v - f->buffer_at;
    if (at >= BUFFER_BYTES || t->size > BUFFER_BYTES - at) {
        f->buffer_bad = true;
    } else {
        memcpy(f->buffer + at, &t->data, t->size);
    }
    if (--f->words_left == 0) {
        f->expect = EXPECT_BUFFER_CONFIRM;
    }
}

static void confirm_buffer(struct cfi_flash *f, uint8_t cmd)
{
    if (cmd != CMD_CONFIRM || f->buffer_bad) {
        finish(f, SR_SEQUENCE);
        return;
    }
    program(f, f->buffer_at, f->buffer, BUFFER_BYTES);
}

static void lock_command(struct cfi_flash *f, uint32_t offset, uint8_t cmd)
{
    bool *locked = &f->locked[offset / CFI_FLASH_SECTOR];
    if (cmd == LOCK_SET || cmd == LOCK_DOWN) {
        *locked = true;
        finish(f, 0);
    } else if (cmd == CMD_CONFIRM) {
        *locked = false;
        finish(f, 0);
    } else {
        finish(f, SR_SEQUENCE);
    }
}

/* Commands of one write that only choose what reads show. */
static bool mode_command(struct cfi_flash *f, uint8_t cmd)
{
    static const struct {
        uint8_t cmd, mode;
    } modes[] = {
        {CMD_READ_ARRAY, READ_ARRAY},   {CMD_RESET_AMD, READ_ARRAY}, {0x00, READ_ARRAY},
        {CMD_READ_STATUS, READ_STATUS}, {CMD_SUSPEND, READ_STATUS},  {CMD_CONFIRM, READ_STATUS},
        {CMD_READ_ID, READ_ID},         {CMD_READ_CFI, READ_CFI},
    };
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        if (modes[i].cmd == cmd) {
            set_mode(f, modes[i].mode);
            return true;
        }
    }
    return false;
}

/* The first write of a sequence. */
static void command(struct cfi_flash *f, uint8_t cmd)
{
    static const struct {
        uint8_t cmd, expect;
    } starts[] = {
        {CMD_PROGRAM, EXPECT_WORD},        {CMD_PROGRAM_ALT, EXPECT_WORD},
        {CMD_ERASE, EXPECT_ERASE_CONFIRM}, {CMD_LOCK_SETUP, EXPECT_LOCK},
        {CMD_BUFFER, EXPECT_COUNT},
    };
    if (mode_command(f, cmd)) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        if (starts[i].cmd == cmd) {
            f->expect = starts[i].expect;
            set_mode(f, READ_STATUS);
            return;
        }
    }
    if (cmd == CMD_CLEAR_STATUS) {
        f->status = SR_READY;
    } else {
        log_guest(f->dev.id, "command %#x", cmd);
        set_mode(f, READ_ARRAY);
    }
}

static void write_word(struct cfi_flash *f, const struct bus_txn *t)
{
    uint32_t offset = (uint32_t)t->pa.v;
    uint8_t cmd = (uint8_t)t->data;
    switch (f->expect) {
    case EXPECT_WORD:
        program_word(f, t);
        break;
    case EXPECT_ERASE_CONFIRM:
        if (cmd == CMD_CONFIRM) {
            erase(f, offset);
        } else {
            finish(f, SR_SEQUENCE);
        }
        break;
    case EXPECT_LOCK:
        lock_command(f, offset, cmd);
        break;
    case EXPECT_COUNT:
        start_buffer(f, offset, (uint32_t)t->data & 0xffff);
        break;
    case EXPECT_DATA:
        fill_buffer(f, t);
        break;
    case EXPECT_BUFFER_CONFIRM:
        confirm_buffer(f, cmd);
        break;
    default:
        command(f, cmd);
        break;
    }
}

/* A debugger sees and changes the array whatever the mode. */
static void access_array(struct cfi_flash *f, struct bus_txn *t)
{
    if (t->write) {
        memcpy(f->array + t->pa.v, &t->data, t->size);
    } else {
        t->data = 0;
        memcpy(&t->data, f->array + t->pa.v, t->size);
    }
}

/* The bus keeps accesses inside the region. */
static enum bus_result flash_access(struct device *d, unsigned region, struct bus_txn *t)
{
    struct cfi_flash *f = of(d);
    if (t->debug || (!t->write && f->mode == READ_ARRAY)) {
        access_array(f, t);
    } else if (!t->write) {
        read_answer(f, t);
    } else {
        /* Wider than the bank: two words, as the bus would send them. */
        struct bus_txn part = *t;
        part.size = (uint8_t)MIN(t->size, BANK_BYTES);
        part.data = (uint32_t)t->data;
        write_word(f, &part);
        if (t->size > BANK_BYTES) {
            part.pa.v += BANK_BYTES;
            part.data = t->data >> 32;
            write_word(f, &part);
        }
    }
    return BUS_OK;
}

/* ---- life ---- */

/* Zero chunks are not stored: mostly empty images then take no memory. */
static bool load(struct cfi_flash *f, GError **err)
{
    const struct blockdev *c = f->contents;
    uint8_t *chunk = g_malloc(LOAD_CHUNK);
    bool ok = true;
    for (uint64_t at = 0; ok && at < c->size; at += LOAD_CHUNK) {
        size_t n = MIN(c->size - at, LOAD_CHUNK);
        ok = c->ops->read(c->opaque, at, chunk, n);
        if (ok && !pages_are_zero(chunk, n)) {
            memcpy(f->array + at, chunk, n);
        }
    }
    g_free(chunk);
    return ok || fail(err, ERR_FILE, "%s: the flash image cannot be read", f->dev.id);
}

static bool flash_realize(struct device *d, GError **err)
{
    struct cfi_flash *f = of(d);
    const struct blockdev *c = f->contents;
    bool fits =
        c == NULL || c->size == CFI_FLASH_SIZE || (c->read_only && c->size < CFI_FLASH_SIZE);
    if (!fits) {
        return fail(err, ERR_FILE,
                    "%s: the flash has %" G_GUINT64_FORMAT " bytes, its image %" G_GUINT64_FORMAT
                    "; only a read-only image may be smaller",
                    d->id, CFI_FLASH_SIZE, c->size);
    }
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *array = mmap(NULL, CFI_FLASH_SIZE, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (array == MAP_FAILED) {
        return fail(err, ERR_HOST, "%s: the host cannot give 64 MiB of memory", d->id);
    }
    f->array = array;
    f->read_only = c != NULL && c->read_only;
    return c == NULL || load(f, err);
}

static void flash_reset(struct device *d, enum reset_kind k)
{
    struct cfi_flash *f = of(d);
    f->status = SR_READY;
    f->expect = EXPECT_COMMAND;
    memset(f->locked, 0, sizeof(f->locked));
    f->mode = READ_STATUS; /* so that the array is lent again, whatever was before */
    set_mode(f, READ_ARRAY);
}

static void flash_finalize(struct device *d)
{
    struct cfi_flash *f = of(d);
    if (f->contents != NULL && !f->contents->read_only && f->contents->ops->flush != NULL &&
        !f->contents->ops->flush(f->contents->opaque)) {
        log_guest(d->id, "the flash image may not be on disk");
    }
    if (f->array != NULL) {
        munmap(f->array, CFI_FLASH_SIZE);
    }
}

/* clang-format off */
static const struct snap_field flash_fields[] = {
    SNAP_UPTO(struct cfi_flash, mode, READ_CFI),
    SNAP_UPTO(struct cfi_flash, expect, EXPECT_BUFFER_CONFIRM),
    SNAP_FIELD(struct cfi_flash, status),
    SNAP_ARRAY(struct cfi_flash, locked, bool),
    SNAP_FIELD(struct cfi_flash, words_left),
    SNAP_UPTO(struct cfi_flash, buffer_at, CFI_FLASH_SIZE - BUFFER_BYTES),
    SNAP_FIELD(struct cfi_flash, buffer_bad),
    SNAP_ARRAY(struct cfi_flash, buffer, uint8_t),
};
/* clang-format on */
static const struct snap_desc flash_snap = SNAP_DESC(1, flash_fields);

static bool flash_post_load(struct device *d, GError **err)
{
    struct cfi_flash *f = of(d);
    enum read_mode mode = (enum read_mode)f->mode;
    if (f->buffer_at % BUFFER_BYTES != 0) {
        return fail(err, ERR_FILE, "the write buffer is not aligned");
    }
    f->mode = mode == READ_ARRAY ? READ_STATUS : READ_ARRAY; /* lend or take back for sure */
    set_mode(f, mode);
    return true;
}

static const struct reg_block cfi_flash_block = {.name = "flash", .size = (uint32_t)CFI_FLASH_SIZE};

static const struct device_ops cfi_flash_ops = {
    .type = "cfi-flash",
    .state_size = sizeof(struct cfi_flash),
    .regions = &cfi_flash_block,
    .n_regions = 1,
    .realize = flash_realize,
    .reset = flash_reset,
    .access = flash_access,
    .snap = &flash_snap,
    .post_load = flash_post_load,
    .finalize = flash_finalize,
};

struct device *cfi_flash_new(const char *id)
{
    return device_new(&cfi_flash_ops, id);
}

void cfi_flash_set_contents(struct device *d, struct blockdev *contents)
{
    of(d)->contents = contents;
}

void cfi_flash_set_bus(struct device *d, struct bus *b)
{
    of(d)->bus = b;
}

uint8_t *cfi_flash_array(struct device *d)
{
    return of(d)->array;
}
