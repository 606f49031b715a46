/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's source of random bytes: a stream that its seed determines. */
#ifndef HOST_ENTROPY_H
#define HOST_ENTROPY_H

#include "core/backend.h"

struct host_entropy {
    struct entropy port; /* for the devices */
    uint32_t key[8];
    uint64_t counter;
    unsigned used; /* bytes of block handed out */
    uint8_t block[64];
};

/* Streams of different seeds or different names are unrelated. */
void host_entropy_init(struct host_entropy *e, uint64_t seed, const char *name);

#endif
