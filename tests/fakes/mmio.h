/* SPDX-License-Identifier: Apache-2.0 */
/* A PE's view of one device: reads and writes of its first region. */
#ifndef TESTS_FAKES_MMIO_H
#define TESTS_FAKES_MMIO_H

#include "core/device.h"

static inline uint64_t mmio_read(struct device *d, uint64_t offset, unsigned size)
{
    struct bus_txn t = {.pa = pa(offset), .size = (uint8_t)size, .data = UINT64_MAX};
    return device_access(d, 0, &t) == BUS_OK ? t.data : UINT64_MAX;
}

static inline void mmio_write(struct device *d, uint64_t offset, unsigned size, uint64_t v)
{
    struct bus_txn t = {.pa = pa(offset), .size = (uint8_t)size, .data = v, .write = true};
    (void)device_access(d, 0, &t);
}

static inline uint32_t mmio_read32(struct device *d, uint64_t offset)
{
    return (uint32_t)mmio_read(d, offset, 4);
}

static inline void mmio_write32(struct device *d, uint64_t offset, uint32_t v)
{
    mmio_write(d, offset, 4, v);
}

/* As a debugger reads: nothing may change. */
static inline uint64_t mmio_peek(struct device *d, uint64_t offset, unsigned size)
{
    struct bus_txn t = {.pa = pa(offset), .size = (uint8_t)size, .debug = true};
    return device_access(d, 0, &t) == BUS_OK ? t.data : UINT64_MAX;
}

#endif
