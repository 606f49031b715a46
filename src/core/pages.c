/* SPDX-License-Identifier: Apache-2.0 */
/* Linux, Documentation/admin-guide/mm/pagemap.rst: bit 63 present, bit 62 swapped. */
#include "core/pages.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bits.h"

#define PAGEMAP_GIVEN (BIT(63) | BIT(62))

void pages_open(struct pages *p, const uint8_t *host, uint64_t size)
{
    bool same_pages = sysconf(_SC_PAGESIZE) == PAGES_BYTES;
    p->host = host;
    p->n = size / PAGES_BYTES;
    p->fd = same_pages ? open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC) : -1;
    p->at = 0;
    p->n_known = 0;
}

void pages_close(struct pages *p)
{
    if (p->fd >= 0) {
        close(p->fd);
        p->fd = -1;
    }
}

static void look(struct pages *p, uint64_t page)
{
    uint64_t n = p->n - page < ARRAY_LEN(p->known) ? p->n - page : ARRAY_LEN(p->known);
    off_t where = (off_t)(((uintptr_t)p->host / PAGES_BYTES + page) * sizeof(uint64_t));
    p->at = page;
    p->n_known = n;
    if (p->fd < 0 ||
        pread(p->fd, p->known, n * sizeof(uint64_t), where) != (ssize_t)(n * sizeof(uint64_t))) {
        memset(p->known, 0xff, n * sizeof(uint64_t));
    }
}

uint64_t pages_next(struct pages *p, uint64_t from)
{
    for (uint64_t i = from; i < p->n; i++) {
        if (i < p->at || i - p->at >= p->n_known) {
            look(p, i);
        }
        if ((p->known[i - p->at] & PAGEMAP_GIVEN) != 0 &&
            !pages_are_zero(p->host + i * PAGES_BYTES, PAGES_BYTES)) {
            return i;
        }
    }
    return p->n;
}

void pages_clear(uint8_t *host, uint64_t size)
{
    if (madvise(host, size, MADV_DONTNEED) != 0) {
        memset(host, 0, size);
    }
}
