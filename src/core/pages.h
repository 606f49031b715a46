/* SPDX-License-Identifier: Apache-2.0 */
/* Which pages of anonymous memory the host has ever given: the others are zero and stay unread. */
#ifndef CORE_PAGES_H
#define CORE_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PAGES_BYTES 4096U

struct pages {
    const uint8_t *host;
    uint64_t n;
    int fd;               /* /proc/self/pagemap; -1: every page counts */
    uint64_t at, n_known; /* known[0] is page `at` */
    uint64_t known[4096];
};

/* Memory of size bytes, a multiple of a page, mapped and aligned as the host does. */
void pages_open(struct pages *p, const uint8_t *host, uint64_t size);
void pages_close(struct pages *p);
/* The first page from `from` on that is not all zero; p->n: none. */
uint64_t pages_next(struct pages *p, uint64_t from);
/* Make all of it zero again, and give it back. */
void pages_clear(uint8_t *host, uint64_t size);

/* len bytes of memory; the first one comes into the cache first, and most often says it all. */
static inline bool pages_are_zero(const uint8_t *p, size_t len)
{
    return len == 0 || (p[0] == 0 && memcmp(p, p + 1, len - 1) == 0);
}

#endif
