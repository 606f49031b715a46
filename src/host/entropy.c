/* SPDX-License-Identifier: Apache-2.0 */
/* Seeded random bytes: the ChaCha20 stream of RFC 8439, 2.3, with a 64-bit block counter. */
#include "host/entropy.h"

#include <string.h>

static uint32_t rotl32(uint32_t v, unsigned n)
{
    return v << n | v >> (32 - n);
}

static void quarter_round(uint32_t *s, unsigned a, unsigned b, unsigned c, unsigned d)
{
    s[a] += s[b];
    s[d] = rotl32(s[d] ^ s[a], 16);
    s[c] += s[d];
    s[b] = rotl32(s[b] ^ s[c], 12);
    s[a] += s[b];
    s[d] = rotl32(s[d] ^ s[a], 8);
    s[c] += s[d];
    s[b] = rotl32(s[b] ^ s[c], 7);
}

static void next_block(struct host_entropy *e)
{
    const uint32_t start[16] = {
        0x61707865,
        0x3320646e,
        0x79622d32,
        0x6b206574,
        e->key[0],
        e->key[1],
        e->key[2],
        e->key[3],
        e->key[4],
        e->key[5],
        e->key[6],
        e->key[7],
        (uint32_t)e->counter,
        (uint32_t)(e->counter >> 32),
        0,
        0,
    };
    uint32_t s[16];
    memcpy(s, start, sizeof(s));
    for (unsigned i = 0; i < 10; i++) {
        for (unsigned c = 0; c < 4; c++) {
            quarter_round(s, c, 4 + c, 8 + c, 12 + c);
        }
        for (unsigned c = 0; c < 4; c++) {
            quarter_round(s, c, 4 + (c + 1) % 4, 8 + (c + 2) % 4, 12 + (c + 3) % 4);
        }
    }
    for (unsigned i = 0; i < 16; i++) {
        uint32_t v = s[i] + start[i];
        for (unsigned b = 0; b < 4; b++) {
            e->block[4 * i + b] = (uint8_t)(v >> (8 * b));
        }
    }
    e->counter++;
    e->used = 0;
}

static void entropy_fill(void *opaque, uint8_t *buf, size_t len)
{
    struct host_entropy *e = opaque;
    while (len != 0) {
        if (e->used == sizeof(e->block)) {
            next_block(e);
        }
        size_t n = sizeof(e->block) - e->used;
        n = n < len ? n : len;
        memcpy(buf, e->block + e->used, n);
        e->used += (unsigned)n;
        buf += n;
        len -= n;
    }
}

static uint64_t entropy_tell(void *opaque)
{
    const struct host_entropy *e = opaque;
    return e->counter * sizeof(e->block) - (sizeof(e->block) - e->used);
}

static void entropy_seek(void *opaque, uint64_t at)
{
    struct host_entropy *e = opaque;
    e->counter = at / sizeof(e->block);
    e->used = sizeof(e->block);
    if (at % sizeof(e->block) != 0) {
        next_block(e);
        e->used = at % sizeof(e->block);
    }
}

void host_entropy_init(struct host_entropy *e, uint64_t seed, const char *name)
{
    memset(e, 0, sizeof(*e));
    e->port = (struct entropy){entropy_fill, entropy_tell, entropy_seek, e};
    e->key[0] = (uint32_t)seed;
    e->key[1] = (uint32_t)(seed >> 32);
    /* The name is folded into the rest of the key (FNV-1a, one lane a word). */
    for (unsigned i = 2; i < 8; i++) {
        uint32_t h = 0x811c9dc5U + i;
        for (const char *p = name; *p != '\0'; p++) {
            h = (h ^ (uint8_t)*p) * 0x01000193U;
        }
        e->key[i] = h;
    }
    e->used = sizeof(e->block);
}
