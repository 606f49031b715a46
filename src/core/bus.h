/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical address space: regions of RAM, ROM and device registers, and transactions on them.
 *
 * Several physical address spaces (Non-secure, Secure) share one map; a region says in which it
 * appears. Regions never overlap within one PAS. Everything is mapped before the machine runs, with
 * two exceptions that devices use at run time: bus_set_rom_mode (flash) and nothing else.
 */
#ifndef CORE_BUS_H
#define CORE_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/result.h"

enum pas { PAS_NS, PAS_S, PAS_REALM, PAS_ROOT };
#define PAS_MASK_NS  (1U << PAS_NS)
#define PAS_MASK_S   (1U << PAS_S)
#define PAS_MASK_ALL 0xfU

/*
 * BUS_DECERR: nothing there, or not in this PAS. BUS_SLVERR: the device refuses the access.
 * Both become a synchronous External abort for a PE.
 */
enum bus_result { BUS_OK, BUS_DECERR, BUS_SLVERR };

struct mem_attrs {
    uint32_t requester_id; /* StreamID or PE number */
    uint32_t substream_id;
    uint8_t pas;  /* enum pas */
    uint8_t mair; /* the MAIR byte in force, 0 = Device-nGnRnE */
    bool priv;
    bool insn;
    bool exclusive;
};

struct bus_txn {
    pa_t pa;
    uint64_t data; /* write: value, zero extended; read: out, zero extended. Little endian */
    struct mem_attrs attrs;
    uint8_t size; /* bytes: 1, 2, 4 or 8; pa need not be aligned */
    bool write;
    bool debug;     /* no side effects: a FIFO is not popped */
    tick_t latency; /* out, for timed runs */
};

struct device;
struct bus;

struct bus *bus_new(void);
void bus_free(struct bus *b);

/* Any size and alignment; a transaction that leaves its region is split into bytes. */
enum bus_result bus_access(struct bus *b, struct bus_txn *t) NODISCARD;

/*
 * Map size bytes (multiple of 4 KiB) of host memory. The bus allocates it (zero, lazily, by mmap
 * without reserve) and owns it. read_only: guest writes give BUS_SLVERR.
 * Errors: overlap, misalignment, no memory.
 */
bool bus_map_ram(struct bus *b, const char *name, pa_t base, uint64_t size, uint8_t pas_mask,
                 bool read_only, GError **err);

/*
 * Map region n of a device. Accesses reach device_access() with t->pa made relative to the region.
 */
bool bus_map_device(struct bus *b, pa_t base, struct device *d, unsigned region, uint8_t pas_mask,
                    GError **err);

/*
 * A device may lend host memory for direct reads and executes of its region (CFI flash in array
 * mode). host = NULL takes it back: every access goes to the device again. Writes always go to the
 * device. The listener below is told of each change.
 */
void bus_set_device_span(struct bus *b, struct device *d, unsigned region, uint8_t *host);

/* Host address of [pa, pa + len) when all of it is plain memory of one region that permits the
 * access directly; NULL otherwise (device, hole, ROM write, PAS mismatch). */
uint8_t *bus_ram_span(struct bus *b, pa_t pa, size_t len, const struct mem_attrs *a, bool write);

/*
 * Which pages of memory are written, for key frames. While there is a log, every way to write marks
 * its page: bus_access and bus_ram_span. So who holds a host address for writing must drop it when
 * the log is emptied (cpu_forget_translations).
 */
void bus_log_writes(struct bus *b, bool on);
/* A bit for each page of the memory that begins at host, or NULL. */
const uint64_t *bus_written(const struct bus *b, const uint8_t *host);
void bus_clear_written(struct bus *b);
/* May a page be lent for writing just in case? Not one that would be marked by that. */
bool bus_may_lend(struct bus *b, pa_t pa, const struct mem_attrs *a);

struct bus_listener {
    /* Direct spans changed: holders of host addresses drop them. */
    void (*remapped)(void *opaque);
    /* A device writes here, or may from now on: through a direct port. May be NULL. */
    void (*written)(void *opaque, const uint8_t *host, size_t len);
    void *opaque;
    struct bus_listener *next;
};
void bus_add_listener(struct bus *b, struct bus_listener *l);

/*
 * Copy to or from guest memory for loaders, devices with DMA and debuggers. Devices are reached by
 * accesses of at most 8 bytes. Stops at the first failing byte and returns its result.
 */
enum bus_result bus_read(struct bus *b, pa_t pa, void *buf, size_t len,
                         const struct mem_attrs *a) NODISCARD;
enum bus_result bus_write(struct bus *b, pa_t pa, const void *buf, size_t len,
                          const struct mem_attrs *a) NODISCARD;

/* A requester's door to memory; the board wires it to the bus or to an SMMU. */
struct bus_port {
    enum bus_result (*access)(void *opaque, struct bus_txn *t);
    /* Direct memory or NULL, as bus_ram_span; may be NULL itself. */
    uint8_t *(*span)(void *opaque, pa_t pa, size_t len, bool write);
    void *opaque;
};
/* A port straight onto the bus in one PAS. */
struct bus_port bus_direct_port(struct bus *b, enum pas pas);
/* Like bus_read/bus_write, through a port. */
enum bus_result port_read(const struct bus_port *p, pa_t pa, void *buf, size_t len) NODISCARD;
enum bus_result port_write(const struct bus_port *p, pa_t pa, const void *buf,
                           size_t len) NODISCARD;

/* One line per region: for monitors, tests and the mmio fuzz target. */
struct bus_region_info {
    const char *name;
    pa_t base;
    uint64_t size;
    uint8_t pas_mask;
    bool is_ram;
    bool read_only;
    uint8_t *host; /* RAM and ROM: the memory */
};
size_t bus_n_regions(const struct bus *b);
struct bus_region_info bus_region(const struct bus *b, size_t n);

#endif
