/* SPDX-License-Identifier: Apache-2.0 */
/* Recursion: calls and returns. */
#include "bench.h"

static __attribute__((noinline, optimize("no-optimize-sibling-calls"))) uint64_t fib(unsigned n)
{
    __asm__ volatile("");
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

uint64_t bench_run(void)
{
    return fib(37);
}
