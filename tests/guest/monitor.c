/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What opens a PE's exclusive monitor, and what does not: CLREX, other store-exclusives, exception
 * return, and writes of devices, here DMA of fw_cfg, which are events for a WFE, too. Arm ARM B2.12
 * "Synchronization and semaphores", D1.6.1 "Wait for Event".
 */
#include "guest.h"

#define FW_CFG_DMA ((volatile uint64_t *)0x09020010)
#define DMA_ERROR  BIT(0)
#define DMA_READ   BIT(1)
#define DMA_SELECT BIT(3)

static _Alignas(256) uint64_t granule[32], elsewhere[32];

struct dma {
    uint32_t control, length;
    uint64_t address;
};

/* Read the signature, item 0, "QEMU", to here. */
static void dma_to(void *to)
{
    static _Alignas(16) volatile struct dma d;

    d.control = __builtin_bswap32(DMA_SELECT | DMA_READ);
    d.length = __builtin_bswap32(4);
    d.address = __builtin_bswap64((uintptr_t)to);
    dsb();
    *FW_CFG_DMA = __builtin_bswap64((uintptr_t)&d);
    dsb();
    check_eq("DMA is done", d.control, 0);
}

static uint64_t load(const uint64_t *p)
{
    uint64_t v;

    __asm__ volatile("ldxr %0, [%1]" : "=r"(v) : "r"(p) : "memory");
    return v;
}

/* 0: stored. */
static uint32_t store(uint64_t *p, uint64_t v)
{
    uint32_t failed;

    __asm__ volatile("stxr %w0, %1, [%2]" : "=&r"(failed) : "r"(v), "r"(p) : "memory");
    return failed;
}

static void by_devices(void)
{
    for (unsigned i = 0; i < 4; i++) {
        granule[0] = granule[1] = elsewhere[0] = 0;
        load(&granule[0]);
        dma_to(i & 1 ? (char *)&granule[0] + 4 : (char *)&granule[0]);
        check_eq("DMA to the granule", store(&granule[0], 7), 1);
        check("it was stored", granule[0] != 0 && granule[0] != 7);
        load(&granule[0]);
        dma_to(elsewhere);
        check_eq("DMA elsewhere", store(&granule[0], 7), 0);
        check_eq("the exclusive stored", granule[0], 7);
    }
}

/* The lost monitor is in the Event Register: this WFE does not wait. */
static void as_events(void)
{
    insn("sevl\nwfe");
    uint64_t start = rd(cntpct_el0);
    load(&granule[0]);
    dma_to(&granule[0]);
    insn("wfe");
    isb();
    check("a lost reservation is an event", rd(cntpct_el0) - start < rd(cntfrq_el0) / 1000);
    insn("clrex");
}

static void by_the_pe_itself(void)
{
    load(&granule[0]);
    check_eq("nothing in between", store(&granule[0], 1), 0);
    check_eq("a second store", store(&granule[0], 2), 1);
    load(&granule[0]);
    insn("clrex");
    check_eq("CLREX", store(&granule[0], 3), 1);
    load(&granule[0]);
    check_eq("another address", store(&granule[16], 4), 1);
    check_eq("and it is open", store(&granule[0], 5), 1);
    check_eq("what was stored", granule[0], 1);
}

int guest_main(void)
{
    by_the_pe_itself();
    by_devices();
    as_events();
    return 0;
}
