/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one PE's maintenance and events do to another: messages by acquire and release, the event
 * register, translations invalidated by broadcast, instructions written by another PE. Arm ARM
 * B2.3, D1.6 "Mechanisms for entering a low-power state", D8.14 and B2.7.4.
 */
#include "smp.h"

#define ROUNDS 50
#define OTHER  1

/* ---- messages ---- */

static _Alignas(64) uint64_t message[2], flag, answer;

static void receive(uint64_t unused)
{
    (void)unused;
    for (uint64_t n = 1; n <= ROUNDS; n++) {
        while (load_acquire(&flag) < n) {
        }
        store_release(&answer, message[0] == n * 3 && message[1] == ~n ? n : UINT64_MAX);
    }
}

static void messages(void)
{
    uint64_t right = 0;

    smp_run(OTHER, receive, 0);
    for (uint64_t n = 1; n <= ROUNDS; n++) {
        message[0] = n * 3;
        message[1] = ~n;
        store_release(&flag, n);
        while (load_acquire(&answer) < n) {
        }
        right += answer == n;
    }
    smp_wait(OTHER);
    check_eq("message before its flag", right, ROUNDS);
}

/* ---- events: a hang is the failure ---- */

static uint64_t stage;

static void wait_for_events(uint64_t unused)
{
    (void)unused;
    insn("sevl\nwfe"); /* the event register was set: no wait */
    for (uint64_t n = 1; n <= ROUNDS; n++) {
        store_release(&stage, n);
        while (load_acquire(&flag) < n) {
            insn("wfe");
        }
    }
    store_release(&stage, ROUNDS + 1);
}

static void events(void)
{
    flag = stage = 0;
    smp_run(OTHER, wait_for_events, 0);
    for (uint64_t n = 1; n <= ROUNDS; n++) {
        while (load_acquire(&stage) < n) {
        }
        store_release(&flag, n);
        insn("dsb ish\nsev");
    }
    smp_wait(OTHER);
    check_eq("SEV wakes another PE", stage, ROUNDS + 1);
}

/* A store that takes a reservation away is an event, too: no SEV here. */
static void wait_for_store(uint64_t unused)
{
    (void)unused;
    for (uint64_t n = 1; n <= ROUNDS; n++) {
        uint64_t v;

        store_release(&stage, n);
        __asm__ volatile("sevl\n1: wfe\nldaxr %0, [%1]\ncmp %0, %2\nb.lo 1b\nclrex"
                         : "=&r"(v)
                         : "r"(&flag), "r"(n)
                         : "memory", "cc");
    }
}

static void reservations_as_events(void)
{
    uint64_t start = rd(cntpct_el0);

    flag = stage = 0;
    smp_run(OTHER, wait_for_store, 0);
    for (uint64_t n = 1; n <= ROUNDS; n++) {
        while (load_acquire(&stage) < n) {
        }
        store_release(&flag, n);
    }
    smp_wait(OTHER);
    check_eq("a lost reservation wakes WFE", stage, ROUNDS);
    check("without waiting for anything else",
          rd(cntpct_el0) - start < ROUNDS * rd(cntfrq_el0) / 1000);
}

/* ---- time: what one PE has read of the counter is past to one that it told ---- */

#define LONGER (rd(cntfrq_el0) / 50000) /* 20 us */

static uint64_t sent, ping, pong, seen_earlier;
static bool sleeping; /* who waits is in WFE; else both work */

static void await(uint64_t *turn, uint64_t n)
{
    while (load_acquire(turn) < n) {
        if (sleeping) {
            insn("wfe");
        }
    }
    isb();
    seen_earlier += rd(cntpct_el0) < sent;
}

static void work(uint64_t n)
{
    if (sleeping) {
        for (uint64_t start = rd(cntpct_el0); rd(cntpct_el0) - start < LONGER;) {
        }
    } else {
        for (unsigned i = 0; i < 97 * n % 4096; i++) {
            insn("nop");
        }
    }
}

static void tell(uint64_t *turn, uint64_t n)
{
    work(n);
    isb();
    sent = rd(cntpct_el0);
    store_release(turn, n);
    if (sleeping) {
        insn("dsb ish\nsev");
    }
}

static void return_the_time(uint64_t unused)
{
    (void)unused;
    for (uint64_t n = 1; n <= ROUNDS; n++) {
        await(&ping, n);
        tell(&pong, n);
    }
}

static void time_of_events(bool sleep, const char *what)
{
    ping = pong = seen_earlier = 0;
    sleeping = sleep;
    smp_run(OTHER, return_the_time, 0);
    for (uint64_t n = 1; n <= ROUNDS; n++) {
        tell(&ping, n);
        await(&pong, n);
    }
    smp_wait(OTHER);
    check_eq(what, seen_earlier, 0);
}

/* ---- translations ---- */

static _Alignas(4096) uint64_t pages[2][512];
static uint64_t seen;

static void read_window(uint64_t va)
{
    seen = *(volatile uint64_t *)va;
}

static void tlbi_broadcast(uint64_t va)
{
    dsb();
    if (current_el() == 2) {
        __asm__ volatile("tlbi vae2is, %0" ::"r"(va >> 12) : "memory");
    } else {
        __asm__ volatile("tlbi vaae1is, %0" ::"r"(va >> 12) : "memory");
    }
    insn("dsb ish\nisb");
}

static void tlbi_all_broadcast(uint64_t unused)
{
    (void)unused;
    dsb();
    if (current_el() == 2) {
        insn("tlbi alle2is");
    } else {
        insn("tlbi vmalle1is");
    }
    insn("dsb ish\nisb");
}

static void tlbi_range_broadcast(uint64_t va)
{
    uint64_t range = va >> 12 | UINT64_C(1) << 46; /* TG = 4 KiB, two pages */

    dsb();
    if (current_el() == 2) {
        __asm__ volatile(".arch armv8.6-a\ntlbi rvae2is, %0" ::"r"(range) : "memory");
    } else {
        __asm__ volatile(".arch armv8.6-a\ntlbi rvaae1is, %0" ::"r"(range) : "memory");
    }
    insn("dsb ish\nisb");
}

static const struct {
    const char *name;
    void (*invalidate)(uint64_t va);
} broadcasts[] = {
    {"TLBI by address, IS", tlbi_broadcast},
    {"TLBI of a regime, IS", tlbi_all_broadcast},
    {"TLBI of a range, IS", tlbi_range_broadcast},
};

/* The window's page alternates between two physical pages; the other PE must follow. */
static void translations(struct tables *t, unsigned i)
{
    for (unsigned n = 0; n < 8; n++) {
        map(t, WINDOW, (uintptr_t)pages[n % 2], PAGE, D_NORMAL, 3);
        smp_run(OTHER, read_window, WINDOW);
        smp_wait(OTHER);
        check_eq(broadcasts[i].name, seen, pages[n % 2][0]);
        *descriptor(t, WINDOW, 3) = 0;
        broadcasts[i].invalidate(WINDOW);
    }
}

/* ---- instructions ---- */

#define MOVZ_X0(imm) (0xd2800000u | (uint32_t)(imm) << 5)
#define RET          0xd65f03c0u

static _Alignas(64) uint32_t code[16];

static void execute(uint64_t unused)
{
    (void)unused;
    isb();
    seen = ((uint64_t (*)(void))code)();
}

static void write_code(uint32_t value)
{
    code[0] = MOVZ_X0(value);
    code[1] = RET;
    __asm__ volatile("dc cvau, %0\ndsb ish\nic ivau, %0\ndsb ish\nisb" ::"r"(code) : "memory");
}

static void instructions(void)
{
    for (uint32_t n = 0; n < ROUNDS; n++) {
        write_code(n);
        smp_run(OTHER, execute, 0);
        smp_wait(OTHER);
        check_eq("code written by another PE", seen, n);
        execute(0);
        check_eq("code written by this PE", seen, n);
    }
    /* IC IALLUIS reaches the others as well. */
    code[0] = MOVZ_X0(0xabc);
    __asm__ volatile("dc cvau, %0\ndsb ish\nic ialluis\ndsb ish\nisb" ::"r"(code) : "memory");
    smp_run(OTHER, execute, 0);
    smp_wait(OTHER);
    check_eq("IC IALLUIS", seen, 0xabc);
}

int guest_main(void)
{
    smp_start();
    check("at least two PEs", smp_count() >= 2);
    messages();
    events();
    reservations_as_events();
    time_of_events(true, "counter behind that of who woke us");
    time_of_events(false, "counter behind what another PE has read");
    pages[0][0] = 0x1111;
    pages[1][0] = 0x2222;
    for (unsigned i = 0; i < ARRAY_LEN(broadcasts); i++) {
        translations(smp_tables(), i);
    }
    instructions();
    return 0;
}
