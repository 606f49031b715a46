/* SPDX-License-Identifier: Apache-2.0 */
/* What the compiler calls by itself: byte by byte, so that Device memory (MMU off) is fine. */
#include "guest.h"

void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);

void *memcpy(void *to, const void *from, size_t n)
{
    volatile char *d = to;
    const volatile char *s = from;

    while (n-- != 0) {
        *d++ = *s++;
    }
    return to;
}

void *memset(void *to, int byte, size_t n)
{
    volatile char *d = to;

    while (n-- != 0) {
        *d++ = byte;
    }
    return to;
}
