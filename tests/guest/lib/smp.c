/* SPDX-License-Identifier: Apache-2.0 */
#include "smp.h"

#define STACK 16384

struct work {
    void (*fn)(uint64_t arg);
    uint64_t arg;
    uint64_t asked, done; /* counts */
};

static struct work work[MAX_PES];
static struct tables tables;
static _Alignas(16) char stacks[MAX_PES][STACK];

extern const char secondary_start[];
void secondary_main(void);

int64_t psci(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
    bool el2 = current_el() == 2; /* first: a call would change the registers */
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = a;
    register uint64_t x2 __asm__("x2") = b;
    register uint64_t x3 __asm__("x3") = c;

    if (el2) {
        __asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
    } else {
        __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
    }
    return (int64_t)x0;
}

/* Affinity 0 numbers the PEs of both emulators' boards up to MAX_PES. */
int64_t psci_cpu_on(unsigned pe, const void *entry, uint64_t context)
{
    return psci(PSCI_CPU_ON, pe, (uintptr_t)entry, context);
}

unsigned smp_count(void)
{
    unsigned n = 1;

    while (n < MAX_PES && psci(PSCI_AFFINITY_INFO, n, 0, 0) >= 0) {
        n++;
    }
    return n;
}

/* Waits by WFE, so that PEs with nothing to do cost little. */
static void wait_until(const uint64_t *p, uint64_t least)
{
    while (load_acquire(p) < least) {
        insn("wfe");
    }
}

static void post(uint64_t *p, uint64_t v)
{
    store_release(p, v);
    insn("dsb ish\nsev");
}

/* Started by smp_start() through secondary_start (start.S). */
void secondary_main(void)
{
    struct work *w = &work[pe_number()];

    stage1_on(current_el(), &tables, 0);
    post(&w->done, 1);
    for (uint64_t n = 2;; n++) {
        wait_until(&w->asked, n);
        w->fn(w->arg);
        post(&w->done, n);
    }
}

void smp_start(void)
{
    unsigned n = smp_count();

    tables = stage1_flat();
    stage1_on(current_el(), &tables, 0);
    for (unsigned pe = 1; pe < n; pe++) {
        work[pe].asked = 1;
        dsb();
        psci_cpu_on(pe, secondary_start, (uintptr_t)(stacks[pe] + STACK));
        smp_wait(pe);
    }
}

struct tables *smp_tables(void)
{
    return &tables;
}

void smp_run(unsigned pe, void (*fn)(uint64_t arg), uint64_t arg)
{
    struct work *w = &work[pe];

    w->fn = fn;
    w->arg = arg;
    post(&w->asked, w->asked + 1);
}

void smp_wait(unsigned pe)
{
    struct work *w = &work[pe];

    wait_until(&w->done, w->asked);
}

void smp_all(void (*fn)(uint64_t arg), uint64_t arg)
{
    unsigned n = smp_count();

    for (unsigned pe = 1; pe < n; pe++) {
        smp_run(pe, fn, arg);
    }
    fn(arg);
    for (unsigned pe = 1; pe < n; pe++) {
        smp_wait(pe);
    }
}
