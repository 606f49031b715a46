/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Atomicity between PEs: exclusive loads and stores of each size, locks made of them, LSE atomics,
 * and what takes an exclusive reservation away. Arm ARM B2.12 "Synchronization and semaphores".
 */
#include "smp.h"

#define ROUNDS 2000

/* A counter in a granule of its own: 16 bytes are added to as one. */
static _Alignas(2048) uint64_t counter[2];
static uint64_t lock;

static void add_exclusive_byte(void)
{
    uint64_t t;
    uint32_t failed;

    __asm__ volatile("1: ldxrb %w0, [%2]\nadd %w0, %w0, #1\nstxrb %w1, %w0, [%2]\ncbnz %w1, 1b"
                     : "=&r"(t), "=&r"(failed)
                     : "r"(counter)
                     : "memory");
}

static void add_exclusive_word(void)
{
    uint64_t t;
    uint32_t failed;

    __asm__ volatile("1: ldaxr %w0, [%2]\nadd %w0, %w0, #1\nstlxr %w1, %w0, [%2]\ncbnz %w1, 1b"
                     : "=&r"(t), "=&r"(failed)
                     : "r"(counter)
                     : "memory");
}

static void add_exclusive(void)
{
    uint64_t t;
    uint32_t failed;

    __asm__ volatile("1: ldxr %0, [%2]\nadd %0, %0, #1\nstxr %w1, %0, [%2]\ncbnz %w1, 1b"
                     : "=&r"(t), "=&r"(failed)
                     : "r"(counter)
                     : "memory");
}

/* Both halves go up together, in opposite directions. */
static void add_exclusive_pair(void)
{
    uint64_t a, b;
    uint32_t failed;

    __asm__ volatile("1: ldaxp %0, %1, [%3]\nadd %0, %0, #1\nsub %1, %1, #1\n"
                     "stlxp %w2, %0, %1, [%3]\ncbnz %w2, 1b"
                     : "=&r"(a), "=&r"(b), "=&r"(failed)
                     : "r"(counter)
                     : "memory");
}

static void add_cas(void)
{
    uint64_t old = counter[0], want;

    do {
        want = old;
        __asm__ volatile("casal %0, %2, [%1]" : "+r"(old) : "r"(counter), "r"(want + 1) : "memory");
    } while (old != want);
}

static void add_casp(void)
{
    register uint64_t a __asm__("x0") = counter[0];
    register uint64_t b __asm__("x1") = counter[1];
    register uint64_t na __asm__("x2");
    register uint64_t nb __asm__("x3");
    uint64_t wa, wb;

    do {
        wa = a;
        wb = b;
        na = a + 1;
        nb = b - 1;
        __asm__ volatile("caspal x0, x1, x2, x3, [%2]"
                         : "+r"(a), "+r"(b)
                         : "r"(counter), "r"(na), "r"(nb)
                         : "memory");
    } while (a != wa || b != wb);
}

static void add_ldadd(void)
{
    __asm__ volatile("ldaddal %0, xzr, [%1]" ::"r"(UINT64_C(1)), "r"(counter) : "memory");
}

static void add_locked_exclusive(void)
{
    uint32_t t;

    __asm__ volatile("1: ldaxr %w0, [%1]\ncbnz %w0, 1b\nstxr %w0, %w2, [%1]\ncbnz %w0, 1b"
                     : "=&r"(t)
                     : "r"(&lock), "r"(1)
                     : "memory");
    counter[0]++;
    counter[1]--;
    store_release(&lock, 0);
}

static void add_locked_swp(void)
{
    uint64_t held;

    do {
        __asm__ volatile("swpa %1, %0, [%2]"
                         : "=&r"(held)
                         : "r"(UINT64_C(1)), "r"(&lock)
                         : "memory");
    } while (held);
    counter[0]++;
    counter[1]--;
    store_release(&lock, 0);
}

static const struct way {
    const char *name;
    void (*add)(void);
    uint64_t mask; /* of the sum */
    bool pair;
} ways[] = {
    {"LDXRB and STXRB", add_exclusive_byte, 0xff, false},
    {"LDAXR and STLXR, 32 bits", add_exclusive_word, UINT32_MAX, false},
    {"LDXR and STXR", add_exclusive, UINT64_MAX, false},
    {"LDAXP and STLXP", add_exclusive_pair, UINT64_MAX, true},
    {"CASAL", add_cas, UINT64_MAX, false},
    {"CASPAL", add_casp, UINT64_MAX, true},
    {"LDADDAL", add_ldadd, UINT64_MAX, false},
    {"lock by LDAXR and STXR", add_locked_exclusive, UINT64_MAX, true},
    {"lock by SWPA", add_locked_swp, UINT64_MAX, true},
};

static void add_many(uint64_t way)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        ways[way].add();
    }
}

static void sums(void)
{
    uint64_t total = (uint64_t)ROUNDS * smp_count();

    for (unsigned i = 0; i < ARRAY_LEN(ways); i++) {
        counter[0] = counter[1] = 0;
        smp_all(add_many, i);
        check_eq(ways[i].name, counter[0], total & ways[i].mask);
        check_eq(ways[i].name, counter[1], ways[i].pair ? -total : 0);
    }
}

/* ---- losing a reservation ---- */

static void store_here(uint64_t v)
{
    counter[0] = v;
}

static void store_second(uint64_t v)
{
    counter[1] = v;
}

static void atomic_here(uint64_t v)
{
    __asm__ volatile("ldset %0, xzr, [%1]" ::"r"(v), "r"(counter) : "memory");
}

static void exclusive_here(uint64_t unused)
{
    (void)unused;
    add_exclusive();
}

/* Loads exclusive, lets another PE do `fn`, and tells whether the store exclusive failed. */
static uint64_t lost(bool pair, void (*fn)(uint64_t), uint64_t arg)
{
    uint32_t failed;

    counter[0] = counter[1] = 0;
    if (pair) {
        __asm__ volatile("ldxp xzr, x9, [%0]" ::"r"(counter) : "memory", "x9");
    } else {
        __asm__ volatile("ldxr xzr, [%0]" ::"r"(counter) : "memory");
    }
    if (fn != NULL) {
        smp_run(1, fn, arg);
        smp_wait(1);
    }
    if (pair) {
        __asm__ volatile("stxp %w0, xzr, xzr, [%1]" : "=&r"(failed) : "r"(counter) : "memory");
    } else {
        __asm__ volatile("stxr %w0, xzr, [%1]" : "=&r"(failed) : "r"(counter) : "memory");
    }
    return failed;
}

static const struct {
    const char *name;
    bool pair;
    void (*fn)(uint64_t arg);
    uint64_t arg, failed;
} losses[] = {
    {"reservation kept", false, NULL, 0, 0},
    {"reservation lost: another value stored", false, store_here, 7, 1},
    {"reservation lost: the same value stored", false, store_here, 0, 1},
    {"reservation lost: an atomic", false, atomic_here, 1, 1},
    {"reservation lost: exclusive store", false, exclusive_here, 0, 1},
    {"pair kept", true, NULL, 0, 0},
    {"pair lost: its second half", true, store_second, 3, 1},
    {"pair lost: its first half", true, store_here, 3, 1},
};

static bool return_from_svc(struct trap *t)
{
    return ESR_EC(t->esr) == EC_SVC;
}

/* An exception return takes the reservation with it. */
static void exception_return(void)
{
    uint32_t failed;

    trap_hook(current_el(), return_from_svc);
    __asm__ volatile("ldxr xzr, [%1]\nsvc #0\nstxr %w0, xzr, [%1]"
                     : "=&r"(failed)
                     : "r"(counter)
                     : "memory");
    trap_hook(current_el(), NULL);
    check_eq("reservation lost: exception return", failed, 1);
}

static void reservations(void)
{
    for (unsigned i = 0; i < ARRAY_LEN(losses); i++) {
        uint64_t failed = lost(losses[i].pair, losses[i].fn, losses[i].arg);

        check_eq(losses[i].name, failed, losses[i].failed);
    }
    uint32_t failed;
    __asm__ volatile("ldxr xzr, [%1]\nclrex\nstxr %w0, xzr, [%1]"
                     : "=&r"(failed)
                     : "r"(counter)
                     : "memory");
    check_eq("reservation lost: CLREX", failed, 1);
    __asm__ volatile("clrex\nstxr %w0, xzr, [%1]" : "=&r"(failed) : "r"(counter) : "memory");
    check_eq("no reservation", failed, 1);
    __asm__ volatile("ldxr xzr, [%1]\nstxr %w0, xzr, [%1]\nstxr %w0, xzr, [%1]"
                     : "=&r"(failed)
                     : "r"(counter)
                     : "memory");
    check_eq("a reservation serves one store", failed, 1);
}

int guest_main(void)
{
    smp_start();
    check("at least two PEs", smp_count() >= 2);
    sums();
    reservations();
    exception_return();
    return 0;
}
