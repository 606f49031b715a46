/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regions are few and fixed once the machine runs: one array a physical address space, sorted by
 * address, binary search. Left out: priorities and overlaps of regions, aliases, byte-wide faults.
 */
#include "core/bus.h"

#include <string.h>
#include <sys/mman.h>

#include "base/bits.h"
#include "core/device.h"

#define BUS_PAGE 4096U
#define HUGE     (UINT64_C(2) << 20) /* what a host huge page is on the hosts we know */
#define N_PAS    4U

struct region {
    const char *name;
    uint64_t base, size;
    uint8_t pas_mask;
    bool read_only;
    struct device *dev; /* NULL: memory */
    unsigned dev_region;
    uint8_t *host;     /* memory, or what a device lends for reading */
    uint64_t *written; /* a bit a page, while that is logged */
};

/* One entry of a lookup array. */
struct slot {
    uint64_t base, last;
    struct region *r;
};

struct direct_port {
    struct bus *bus;
    uint8_t pas;
};

struct bus {
    GPtrArray *regions;        /* struct region *, in order of address */
    GArray *slots[N_PAS];      /* struct slot, sorted, disjoint */
    struct slot recent[N_PAS]; /* what the last look-up found; r may be NULL */
    struct bus_listener *listeners;
    struct direct_port direct[N_PAS];
};

static void region_free(void *p)
{
    struct region *r = p;
    if (r->dev == NULL) {
        munmap(r->host, r->size);
    }
    g_free(r->written);
    g_free(r);
}

struct bus *bus_new(void)
{
    struct bus *b = g_new0(struct bus, 1);
    b->regions = g_ptr_array_new_with_free_func(region_free);
    for (unsigned i = 0; i < N_PAS; i++) {
        b->slots[i] = g_array_new(FALSE, FALSE, sizeof(struct slot));
        b->direct[i] = (struct direct_port){b, (uint8_t)i};
    }
    return b;
}

void bus_free(struct bus *b)
{
    if (b == NULL) {
        return;
    }
    for (unsigned i = 0; i < N_PAS; i++) {
        g_array_free(b->slots[i], TRUE);
    }
    g_ptr_array_free(b->regions, TRUE);
    g_free(b);
}

static struct region *region_at(const struct bus *b, size_t i)
{
    return g_ptr_array_index(b->regions, i);
}

/* ---- map ---- */

/* How many slots start at or below addr. */
static guint slots_upto(const GArray *slots, uint64_t addr)
{
    guint lo = 0;
    guint hi = slots->len;
    while (lo < hi) {
        guint mid = (lo + hi) / 2;
        if (g_array_index(slots, struct slot, mid).base <= addr) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

static bool check_range(const struct bus *b, const struct region *n, GError **err)
{
    if (n->size == 0 || n->base + (n->size - 1) < n->base) {
        return fail(err, ERR_OPTION, "%s: an empty or wrapping address range", n->name);
    }
    for (guint i = 0; i < b->regions->len; i++) {
        const struct region *r = region_at(b, i);
        bool apart = n->base + (n->size - 1) < r->base || r->base + (r->size - 1) < n->base;
        if (!apart && (n->pas_mask & r->pas_mask) != 0) {
            return fail(err, ERR_OPTION,
                        "%s at %#" G_GINT64_MODIFIER "x overlaps %s at %#" G_GINT64_MODIFIER "x",
                        n->name, n->base, r->name, r->base);
        }
    }
    return true;
}

static bool add_region(struct bus *b, const struct region *n, GError **err)
{
    if (!check_range(b, n, err)) {
        return false;
    }
    guint pos = 0;
    while (pos < b->regions->len && region_at(b, pos)->base <= n->base) {
        pos++;
    }
    struct region *r = g_new(struct region, 1);
    *r = *n;
    g_ptr_array_insert(b->regions, (gint)pos, r);
    for (unsigned i = 0; i < N_PAS; i++) {
        if (bit(r->pas_mask, i)) {
            struct slot s = {r->base, r->base + (r->size - 1), r};
            g_array_insert_val(b->slots[i], slots_upto(b->slots[i], r->base), s);
        }
    }
    return true;
}

/* Zero pages on demand; aligned so that the host may use huge pages for large memories. */
static uint8_t *map_pages(uint64_t size)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    uint64_t slack = size >= HUGE && size <= UINT64_MAX - HUGE ? HUGE : 0;
    uint8_t *whole = mmap(NULL, size + slack, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (whole == MAP_FAILED || slack == 0) {
        return whole == MAP_FAILED ? NULL : whole;
    }
    uint64_t head = align_up((uintptr_t)whole, HUGE) - (uintptr_t)whole;
    if (head != 0) {
        munmap(whole, head);
    }
    if (head != slack) {
        munmap(whole + head + size, slack - head);
    }
    madvise(whole + head, size, MADV_HUGEPAGE); /* a hint: no matter if refused */
    return whole + head;
}

bool bus_map_ram(struct bus *b, const char *name, pa_t base, uint64_t size, uint8_t pas_mask,
                 bool read_only, GError **err)
{
    if (base.v % BUS_PAGE != 0 || size % BUS_PAGE != 0) {
        return fail(err, ERR_OPTION, "%s: base and size must be multiples of 4 KiB", name);
    }
    struct region r = {
        .name = name, .base = base.v, .size = size, .pas_mask = pas_mask, .read_only = read_only};
    if (!check_range(b, &r, err)) {
        return false;
    }
    r.host = map_pages(size);
    if (r.host == NULL) {
        return fail(err, ERR_HOST, "%s: the host cannot give %" G_GUINT64_FORMAT " MiB of memory",
                    name, size >> 20);
    }
    return add_region(b, &r, err);
}

bool bus_map_device(struct bus *b, pa_t base, struct device *d, unsigned region, uint8_t pas_mask,
                    GError **err)
{
    ASSERT(region < d->ops->n_regions);
    struct region r = {.name = d->id,
                       .base = base.v,
                       .size = d->ops->regions[region].size,
                       .pas_mask = pas_mask,
                       .read_only = true,
                       .dev = d,
                       .dev_region = region};
    return add_region(b, &r, err);
}

void bus_add_listener(struct bus *b, struct bus_listener *l)
{
    l->next = b->listeners;
    b->listeners = l;
}

void bus_set_device_span(struct bus *b, struct device *d, unsigned region, uint8_t *host)
{
    bool changed = false;
    for (guint i = 0; i < b->regions->len; i++) {
        struct region *r = region_at(b, i);
        if (r->dev == d && r->dev_region == region && r->host != host) {
            r->host = host;
            changed = true;
        }
    }
    for (struct bus_listener *l = b->listeners; changed && l != NULL; l = l->next) {
        l->remapped(l->opaque);
    }
}

size_t bus_n_regions(const struct bus *b)
{
    return b->regions->len;
}

struct bus_region_info bus_region(const struct bus *b, size_t n)
{
    const struct region *r = region_at(b, n);
    return (struct bus_region_info){.name = r->name,
                                    .base = pa(r->base),
                                    .size = r->size,
                                    .pas_mask = r->pas_mask,
                                    .is_ram = r->dev == NULL,
                                    .read_only = r->read_only,
                                    .host = r->dev == NULL ? r->host : NULL};
}

/* ---- dispatch ---- */

static struct region *find(struct bus *b, uint64_t addr, uint8_t pas)
{
    if (pas >= N_PAS) {
        return NULL;
    }
    struct slot *recent = &b->recent[pas];
    if (LIKELY(recent->r != NULL && addr >= recent->base && addr <= recent->last)) {
        return recent->r;
    }
    const GArray *slots = b->slots[pas];
    guint n = slots_upto(slots, addr);
    if (n == 0) {
        return NULL;
    }
    const struct slot *s = &g_array_index(slots, struct slot, n - 1);
    if (addr > s->last) {
        return NULL;
    }
    *recent = *s;
    return s->r;
}

static uint64_t load_le(const uint8_t *p, unsigned size)
{
    uint64_t v = 0;
    if (LIKELY(size == sizeof(v))) { /* a descriptor */
        memcpy(&v, p, sizeof(v));
    } else {
        memcpy(&v, p, size); /* hosts are little endian */
    }
    return v;
}

/* ---- what is written ---- */

void bus_log_writes(struct bus *b, bool on)
{
    for (guint i = 0; i < b->regions->len; i++) {
        struct region *r = region_at(b, i);
        g_clear_pointer(&r->written, g_free);
        if (on && r->dev == NULL) {
            r->written = g_new0(uint64_t, r->size / BUS_PAGE / 64 + 1);
        }
    }
}

const uint64_t *bus_written(const struct bus *b, const uint8_t *host)
{
    for (guint i = 0; i < b->regions->len; i++) {
        const struct region *r = region_at(b, i);
        if (r->dev == NULL && r->host == host) {
            return r->written;
        }
    }
    return NULL;
}

void bus_clear_written(struct bus *b)
{
    for (guint i = 0; i < b->regions->len; i++) {
        const struct region *r = region_at(b, i);
        if (r->written != NULL) {
            memset(r->written, 0, (r->size / BUS_PAGE / 64 + 1) * sizeof(uint64_t));
        }
    }
}

static void mark_written(const struct region *r, uint64_t off, size_t len)
{
    for (uint64_t page = off / BUS_PAGE; len != 0 && page <= (off + len - 1) / BUS_PAGE; page++) {
        r->written[page / 64] |= BIT(page % 64);
    }
}

bool bus_may_lend(struct bus *b, pa_t pa, const struct mem_attrs *a)
{
    const struct region *r = find(b, pa.v, a->pas);
    uint64_t page = r != NULL ? (pa.v - r->base) / BUS_PAGE : 0;
    return r != NULL && (r->written == NULL || bit(r->written[page / 64], page % 64));
}

/* ---- accesses ---- */

static enum bus_result access_memory(const struct region *r, struct bus_txn *t)
{
    uint8_t *p = r->host + (t->pa.v - r->base);
    if (!t->write) {
        t->data = load_le(p, t->size);
        return BUS_OK;
    }
    if (r->read_only && !t->debug) {
        return BUS_SLVERR;
    }
    if (UNLIKELY(r->written != NULL)) {
        mark_written(r, t->pa.v - r->base, t->size);
    }
    memcpy(p, &t->data, t->size);
    return BUS_OK;
}

static enum bus_result access_region(const struct region *r, struct bus_txn *t)
{
    if (r->dev == NULL || (r->host != NULL && !t->write)) {
        return access_memory(r, t);
    }
    pa_t whole = t->pa;
    t->pa = pa(whole.v - r->base);
    enum bus_result res = device_access(r->dev, r->dev_region, t);
    t->pa = whole;
    return res;
}

/* An access that leaves its region: byte by byte. */
static enum bus_result access_bytes(struct bus *b, struct bus_txn *t)
{
    uint64_t out = 0;
    for (unsigned i = 0; i < t->size; i++) {
        struct bus_txn one = *t;
        one.pa = pa(t->pa.v + i);
        one.size = 1;
        one.data = t->data >> 8 * i & 0xff;
        const struct region *r = find(b, one.pa.v, one.attrs.pas);
        enum bus_result res = r != NULL ? access_region(r, &one) : BUS_DECERR;
        if (res != BUS_OK) {
            return res;
        }
        out |= (one.data & 0xff) << 8 * i;
    }
    t->data = out;
    return BUS_OK;
}

enum bus_result bus_access(struct bus *b, struct bus_txn *t)
{
    const struct region *r = find(b, t->pa.v, t->attrs.pas);
    if (r == NULL) {
        return BUS_DECERR;
    }
    return t->size <= r->size - (t->pa.v - r->base) ? access_region(r, t) : access_bytes(b, t);
}

uint8_t *bus_ram_span(struct bus *b, pa_t pa, size_t len, const struct mem_attrs *a, bool write)
{
    const struct region *r = find(b, pa.v, a->pas);
    if (r == NULL || r->host == NULL || (write && r->read_only) ||
        len > r->size - (pa.v - r->base)) {
        return NULL;
    }
    if (write && UNLIKELY(r->written != NULL)) {
        mark_written(r, pa.v - r->base, len);
    }
    return r->host + (pa.v - r->base);
}

/* ---- ports and bulk copies ---- */

static uint8_t *memory_span(const struct direct_port *p, pa_t pa, size_t len, bool write)
{
    struct mem_attrs a = {.pas = p->pas};
    return bus_ram_span(p->bus, pa, len, &a, write);
}

/* What is no memory is nobody's. */
static uint8_t *tell_written(const struct direct_port *p, pa_t pa, size_t len)
{
    uint8_t *host = memory_span(p, pa, len, true);
    for (struct bus_listener *l = p->bus->listeners; host != NULL && l != NULL; l = l->next) {
        if (l->written != NULL) {
            l->written(l->opaque, host, len);
        }
    }
    return host;
}

static uint8_t *direct_span(void *opaque, pa_t pa, size_t len, bool write)
{
    return write ? tell_written(opaque, pa, len) : memory_span(opaque, pa, len, false);
}

static enum bus_result direct_access(void *opaque, struct bus_txn *t)
{
    const struct direct_port *p = opaque;
    t->attrs.pas = p->pas;
    if (t->write) {
        (void)tell_written(p, t->pa, t->size);
    }
    return bus_access(p->bus, t);
}

struct bus_port bus_direct_port(struct bus *b, enum pas pas)
{
    return (struct bus_port){direct_access, direct_span, &b->direct[pas]};
}

/* What is left of a copy into a buffer (dst) or out of one (src). */
struct copy {
    const struct bus_port *port;
    struct mem_attrs attrs;
    pa_t at;
    uint8_t *dst;       /* a read fills this */
    const uint8_t *src; /* a write empties this; NULL: a read */
    size_t len;
};

/* One access of the largest size that address and length allow. Returns its size, 0: it failed. */
static size_t copy_access(const struct copy *c, enum bus_result *out_res)
{
    size_t n = 8;
    while (n > c->len || c->at.v % n != 0) {
        n /= 2;
    }
    struct bus_txn t = {
        .pa = c->at, .attrs = c->attrs, .size = (uint8_t)n, .write = c->src != NULL};
    if (c->src != NULL) {
        t.data = load_le(c->src, (unsigned)n);
    }
    *out_res = c->port->access(c->port->opaque, &t);
    if (*out_res != BUS_OK) {
        return 0;
    }
    if (c->src == NULL) {
        memcpy(c->dst, &t.data, n);
    }
    return n;
}

/* As much as lies in one page, if it is plain memory. Returns its size, 0: it is not. */
static size_t copy_span(const struct copy *c)
{
    size_t n = MIN(c->len, BUS_PAGE - (c->at.v % BUS_PAGE));
    uint8_t *span =
        c->port->span != NULL ? c->port->span(c->port->opaque, c->at, n, c->src != NULL) : NULL;
    if (span == NULL) {
        return 0;
    }
    if (c->src != NULL) {
        memcpy(span, c->src, n);
    } else {
        memcpy(c->dst, span, n);
    }
    return n;
}

static enum bus_result copy(struct copy c)
{
    enum bus_result res = BUS_OK;
    ASSERT(c.src != NULL || c.dst != NULL || c.len == 0);
    while (c.len > 0) {
        size_t n = copy_span(&c);
        if (n == 0) {
            n = copy_access(&c, &res);
        }
        if (n == 0) {
            return res;
        }
        c.at.v += n;
        if (c.src != NULL) {
            c.src += n;
        } else {
            c.dst += n;
        }
        c.len -= n;
    }
    return BUS_OK;
}

enum bus_result port_read(const struct bus_port *p, pa_t pa, void *buf, size_t len)
{
    return copy((struct copy){.port = p, .at = pa, .dst = buf, .len = len});
}

enum bus_result port_write(const struct bus_port *p, pa_t pa, const void *buf, size_t len)
{
    return copy((struct copy){.port = p, .at = pa, .src = buf, .len = len});
}

/* bus_read and bus_write keep all attributes of the caller: a port of their own. */
struct attrs_port {
    struct bus *bus;
    const struct mem_attrs *attrs;
};

static enum bus_result attrs_access(void *opaque, struct bus_txn *t)
{
    const struct attrs_port *p = opaque;
    return bus_access(p->bus, t);
}

static uint8_t *attrs_span(void *opaque, pa_t pa, size_t len, bool write)
{
    const struct attrs_port *p = opaque;
    return bus_ram_span(p->bus, pa, len, p->attrs, write);
}

enum bus_result bus_read(struct bus *b, pa_t pa, void *buf, size_t len, const struct mem_attrs *a)
{
    struct attrs_port ap = {b, a};
    struct bus_port p = {attrs_access, attrs_span, &ap};
    return copy((struct copy){.port = &p, .attrs = *a, .at = pa, .dst = buf, .len = len});
}

enum bus_result bus_write(struct bus *b, pa_t pa, const void *buf, size_t len,
                          const struct mem_attrs *a)
{
    struct attrs_port ap = {b, a};
    struct bus_port p = {attrs_access, attrs_span, &ap};
    return copy((struct copy){.port = &p, .attrs = *a, .at = pa, .src = buf, .len = len});
}
