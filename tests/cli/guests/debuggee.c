/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Something to debug: functions to break in, variables to watch, other PEs that are busy. It sums
 * its own text all the time, and says in the end how long it took: a debugger must change neither.
 */
#include "smp.h"

extern const uint32_t image_start[], snippets_end[];

volatile uint64_t rounds = 20;
volatile uint64_t hold; /* set by the debugger: wait until it is cleared */
volatile uint64_t watched, counter, seen;
uint64_t stop_others;
uint64_t laps[MAX_PES];

__attribute__((noinline)) uint64_t sum_text(void)
{
    uint64_t sum = 0;
    for (const uint32_t *p = image_start; p < snippets_end; p++) {
        sum = sum * 31 + *p;
    }
    return sum;
}

__attribute__((noinline)) void tick(uint64_t i)
{
    counter = i;
}

__attribute__((noinline)) void touch(uint64_t i)
{
    if (i == 3) {
        watched = i;
    }
    if (i == 5) {
        seen = watched;
    }
}

__attribute__((noinline)) void wait_released(void)
{
    if (hold != 0) {
        print("held\n");
    }
    while (hold != 0) {
    }
}

__attribute__((noinline)) void bystander(uint64_t pe)
{
    while (load_acquire(&stop_others) == 0) {
        laps[pe]++;
    }
}

int guest_main(void)
{
    unsigned n = smp_count();
    uint64_t want = sum_text();

    if (n > 1) {
        smp_start();
    }
    for (unsigned pe = 1; pe < n; pe++) {
        smp_run(pe, bystander, pe);
    }
    for (uint64_t i = 0; i < rounds; i++) {
        tick(i);
        touch(i);
        wait_released();
        check_eq("own text", sum_text(), want);
    }
    store_release(&stop_others, 1);
    for (unsigned pe = 1; pe < n; pe++) {
        smp_wait(pe);
        print("laps ");
        print_dec(laps[pe]);
        print("\n");
    }
    print("seen ");
    print_dec(seen);
    print(", time ");
    print_dec(rd(cntvct_el0));
    print("\n");
    return 0;
}
