/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two machines at the same addresses with the same ASID: the VMID alone tells their translations
 * apart. Nothing flushes a TLB between the two.
 */
#include "guest.h"

static _Alignas(4096) volatile uint64_t pages[2][512];

static volatile uint64_t *const window = (volatile uint64_t *)WINDOW;

static uint64_t tag(unsigned page)
{
    return 0x1000 * (vm_number() + 1) + page;
}

/* Each time the other machine runs it uses its own page at the same address. */
static void stays_mine(const char *name, unsigned page, uint64_t attrs)
{
    window_map((void *)pages[page], attrs);
    for (unsigned i = 0; i < 20; i++) {
        window[1] = i;
        hvc(HC_YIELD, 0, 0);
        check_eq(name, window[0], tag(page));
        check_eq(name, window[1], i);
    }
}

static void own_pages(void)
{
    pages[0][0] = tag(0);
    pages[1][0] = tag(1);
    stays_mine("page with an ASID", 0, D_NORMAL | D_NG);
    stays_mine("page for all ASIDs", 0, D_NORMAL);
    stays_mine("another page", 1, D_NORMAL | D_NG);
    check_eq("the first page is still there", pages[0][1], 19);
}

/* AT stops at the intermediate physical address. */
static void translation(void)
{
    __asm__ volatile("at s1e1r, %0\nisb" ::"r"(WINDOW) : "memory");
    check_eq("AT S1E1R: an IPA", rd(par_el1) & (D_ADDRESS | 1), (uintptr_t)pages[1]);
    __asm__ volatile("at s1e1r, %0\nisb" ::"r"(WINDOW + PAGE) : "memory");
    check_eq("AT S1E1R: translation fault, level 3", rd(par_el1) & 0x27f, 0x7 << 1 | 1);
}

static void outside(void)
{
    struct taken *t = taken();

    t->sync = 0;
    (void)read32(NOTHING);
    check_eq("load from nothing", t->sync, 1);
    check_eq("load from nothing: ESR_EL1", t->esr, ESR(EC_DABT, DFSC_SEA));
    check_eq("load from nothing: FAR_EL1", t->far, NOTHING);
    write32(NOTHING + 0x128, 0);
    check_eq("store to nothing: ESR_EL1", t->esr, ESR(EC_DABT, DFSC_SEA | BIT(6)));
    check_eq("store to nothing: FAR_EL1", t->far, NOTHING + 0x128);
    __asm__ volatile("ldr xzr, [%0]" ::"r"(UINT64_C(0x140000000)) : "memory");
    check_eq("stage 1 comes first: ESR_EL1", t->esr, ESR(EC_DABT, 0x05));
}

void test_memory(void)
{
    own_pages();
    translation();
    outside();
}
