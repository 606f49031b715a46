/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/romlist.h"

#include <inttypes.h>
#include <string.h>

struct rom {
    char *name;
    uint64_t pa, size;
    GBytes *bytes;
};

struct rom_list {
    GArray *roms;
};

static void rom_clear(void *p)
{
    struct rom *r = p;
    g_free(r->name);
    g_bytes_unref(r->bytes);
}

struct rom_list *rom_list_new(void)
{
    struct rom_list *l = g_new0(struct rom_list, 1);
    l->roms = g_array_new(false, false, sizeof(struct rom));
    g_array_set_clear_func(l->roms, rom_clear);
    return l;
}

void rom_list_free(struct rom_list *l)
{
    if (l != NULL) {
        g_array_unref(l->roms);
        g_free(l);
    }
}

void rom_list_drop(struct rom_list *l)
{
    g_array_set_size(l->roms, 0);
}

static const struct rom *find_overlap(const struct rom_list *l, uint64_t pa, uint64_t size)
{
    for (guint i = 0; i < l->roms->len; i++) {
        const struct rom *r = &g_array_index(l->roms, struct rom, i);
        if (size != 0 && r->size != 0 && pa <= r->pa + (r->size - 1) && r->pa <= pa + (size - 1)) {
            return r;
        }
    }
    return NULL;
}

bool rom_list_overlaps(const struct rom_list *l, uint64_t pa, uint64_t size)
{
    return find_overlap(l, pa, size) != NULL;
}

bool rom_list_add(struct rom_list *l, const char *name, uint64_t pa, GBytes *bytes, uint64_t size,
                  GError **err)
{
    ASSERT(size >= g_bytes_get_size(bytes));
    if (size != 0 && pa + (size - 1) < pa) {
        return fail(err, ERR_FILE, "'%s' does not fit at address 0x%" PRIx64, name, pa);
    }
    const struct rom *other = find_overlap(l, pa, size);
    if (other != NULL) {
        return fail(err, ERR_FILE,
                    "'%s' at 0x%" PRIx64 "-0x%" PRIx64 " overlaps '%s' at 0x%" PRIx64 "-0x%" PRIx64,
                    name, pa, pa + (size - 1), other->name, other->pa,
                    other->pa + (other->size - 1));
    }
    struct rom r = {g_strdup(name), pa, size, g_bytes_ref(bytes)};
    g_array_append_val(l->roms, r);
    return true;
}

/*
 * The region that holds pa, for a host that writes where the guest could not. RAM and ROM; flash
 * takes its contents from its image file.
 */
static bool find_memory(struct bus *bus, uint64_t pa, struct bus_region_info *out)
{
    for (size_t i = 0; i < bus_n_regions(bus); i++) {
        *out = bus_region(bus, i);
        if (out->host != NULL && out->is_ram && pa >= out->base.v && pa - out->base.v < out->size) {
            return true;
        }
    }
    return false;
}

static bool rom_write(const struct rom *r, struct bus *bus, GError **err)
{
    struct bus_region_info m;
    size_t len;
    const uint8_t *data = g_bytes_get_data(r->bytes, &len);

    if (r->size == 0) {
        return true;
    }
    if (!find_memory(bus, r->pa, &m)) {
        return fail(err, ERR_FILE, "'%s': there is no memory at 0x%" PRIx64, r->name, r->pa);
    }
    uint64_t room = m.size - (r->pa - m.base.v);
    if (r->size > room) {
        return fail(err, ERR_FILE,
                    "'%s' needs 0x%" PRIx64 " bytes at 0x%" PRIx64 ", but %s ends at 0x%" PRIx64,
                    r->name, r->size, r->pa, m.name, m.base.v + m.size);
    }
    uint8_t *to = m.host + (r->pa - m.base.v);
    memcpy(to, data, len);
    /* Fresh memory is zero and should stay untouched: a large BSS costs nothing. */
    for (uint64_t i = len; i < r->size; i++) {
        if (to[i] != 0) {
            memset(to + i, 0, r->size - i);
            break;
        }
    }
    return true;
}

bool rom_list_write(const struct rom_list *l, struct bus *bus, GError **err)
{
    for (guint i = 0; i < l->roms->len; i++) {
        if (!rom_write(&g_array_index(l->roms, struct rom, i), bus, err)) {
            return false;
        }
    }
    return true;
}
