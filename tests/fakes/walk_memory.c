/* SPDX-License-Identifier: Apache-2.0 */
#include "fakes/walk_memory.h"

#include "base/bits.h"

struct walk_memory *walk_memory_new(void)
{
    struct walk_memory *m = g_new0(struct walk_memory, 1);
    for (unsigned i = 0; i < 4; i++) {
        m->words[i] = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    }
    m->next_table = 0x80000000;
    m->fail_read = -1;
    return m;
}

void walk_memory_free(struct walk_memory *m)
{
    for (unsigned i = 0; i < 4; i++) {
        g_hash_table_destroy(m->words[i]);
    }
    g_free(m);
}

uint64_t walk_memory_get(struct walk_memory *m, enum pas pas, uint64_t addr)
{
    uint64_t *v = g_hash_table_lookup(m->words[pas], &addr);
    return v ? *v : 0;
}

void walk_memory_set(struct walk_memory *m, enum pas pas, uint64_t addr, uint64_t v)
{
    g_assert(addr % 8 == 0);
    g_hash_table_insert(m->words[pas], g_memdup2(&addr, 8), g_memdup2(&v, 8));
}

uint64_t walk_memory_alloc(struct walk_memory *m, unsigned log2)
{
    uint64_t a = align_up(m->next_table, BIT(log2));
    m->next_table = a + BIT(log2);
    return a;
}

static enum bus_result fake_read(void *opaque, pa_t pa, enum pas pas, uint64_t *out)
{
    struct walk_memory *m = opaque;
    unsigned n = m->n_reads++;
    if (n < ARRAY_LEN(m->read_addr)) {
        m->read_addr[n] = pa.v;
        m->read_pas[n] = (uint8_t)pas;
    }
    if (m->fail_read == (int)n) {
        return BUS_SLVERR;
    }
    *out = walk_memory_get(m, pas, pa.v);
    return BUS_OK;
}

static enum bus_result fake_cas(void *opaque, pa_t pa, enum pas pas, uint64_t expect,
                                uint64_t desired, uint64_t *seen)
{
    struct walk_memory *m = opaque;
    m->n_cas++;
    if (m->fail_cas) {
        return BUS_SLVERR;
    }
    *seen = walk_memory_get(m, pas, pa.v);
    if (m->lost_races > 0) {
        m->lost_races--;
        *seen ^= 1;
        return BUS_OK;
    }
    if (*seen == expect) {
        walk_memory_set(m, pas, pa.v, desired);
    }
    return BUS_OK;
}

struct walk_port walk_memory_port(struct walk_memory *m)
{
    return (struct walk_port){.read = fake_read, .cas = fake_cas, .opaque = m};
}

unsigned tree_shift(unsigned granule_log2, int level)
{
    /* "Translation granules": levels -1 to 3 */
    static const uint8_t k4[5] = {48, 39, 30, 21, 12};
    static const uint8_t k16[5] = {58, 47, 36, 25, 14};
    static const uint8_t k64[5] = {68, 55, 42, 29, 16};
    const uint8_t *t = granule_log2 == 12 ? k4 : granule_log2 == 14 ? k16 : k64;
    return t[level + 1];
}

uint64_t tree_address(const struct table_tree *t, uint64_t addr)
{
    uint64_t low48 = addr & 0xffffffffffff, high = addr >> 48;
    if (t->granule_log2 == 16) {
        return low48 | high << 12; /* OA[51:48] in bits 15:12 */
    }
    if (t->ds) {
        return low48 | (high & 3) << 48 | high >> 2 << 8; /* [49:48], and [51:50] in bits 9:8 */
    }
    return low48;
}

static uint64_t order(const struct table_tree *t, uint64_t v)
{
    return t->big_endian ? GUINT64_SWAP_LE_BE(v) : v;
}

uint64_t tree_read(const struct table_tree *t, uint64_t entry)
{
    return order(t, walk_memory_get(t->m, t->pas, entry));
}

void tree_write(const struct table_tree *t, uint64_t entry, uint64_t desc)
{
    walk_memory_set(t->m, t->pas, entry, order(t, desc));
}

static uint64_t table_of(const struct table_tree *t, uint64_t desc)
{
    uint64_t a = desc & 0xffffffffffff & ~(BIT(t->granule_log2) - 1);
    if (t->granule_log2 == 16) {
        return a | (desc >> 12 & 15) << 48;
    }
    return t->ds ? a | (desc >> 48 & 3) << 48 | (desc >> 8 & 3) << 50 : a;
}

static uint64_t entry_in(const struct table_tree *t, uint64_t table, uint64_t va, int level)
{
    uint64_t index = va >> tree_shift(t->granule_log2, level);
    if (level != t->start_level) {
        index &= BIT(t->granule_log2 - 3) - 1;
    }
    return table + 8 * index;
}

uint64_t tree_map(const struct table_tree *t, uint64_t va, int level, uint64_t desc,
                  uint64_t table_bits)
{
    uint64_t table = t->base;
    for (int l = t->start_level;; l++) {
        uint64_t e = entry_in(t, table, va, l);
        if (l == level) {
            tree_write(t, e, desc);
            return e;
        }
        uint64_t d = tree_read(t, e);
        if (!(d & 1)) {
            d = tree_address(t, walk_memory_alloc(t->m, t->granule_log2)) | 3 | table_bits;
            tree_write(t, e, d);
        }
        table = table_of(t, d);
    }
}

uint64_t tree_entry(const struct table_tree *t, uint64_t va, int level)
{
    uint64_t table = t->base;
    for (int l = t->start_level;; l++) {
        uint64_t e = entry_in(t, table, va, l);
        if (l == level) {
            return e;
        }
        uint64_t d = tree_read(t, e);
        if ((d & 3) != 3 || l == 3) {
            return 0;
        }
        table = table_of(t, d);
    }
}
