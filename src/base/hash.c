/* SPDX-License-Identifier: Apache-2.0 */
/* Folded multiplication: four lanes of 16 bytes, so that a page takes as long as it takes to read
 * it. */
#include "base/hash.h"

#include <glib.h>
#include <string.h>

#define K0 UINT64_C(0x9e3779b97f4a7c15)
#define K1 UINT64_C(0xc2b2ae3d27d4eb4f)
#define K2 UINT64_C(0x165667b19e3779f9)
#define K3 UINT64_C(0x27d4eb2f165667c5)

#define LANES       4
#define LANE_BYTES  ((size_t)16)
#define BLOCK_BYTES (LANES * LANE_BYTES)

static uint64_t word(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return GUINT64_FROM_LE(v);
}

static uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 p = (unsigned __int128)a * b;
    return (uint64_t)p ^ (uint64_t)(p >> 64);
}

static uint64_t lane(uint64_t acc, const uint8_t *p, uint64_t k)
{
    return fold(acc ^ word(p), k ^ word(p + 8)) + acc;
}

static void block(uint64_t acc[LANES], const uint8_t *p)
{
    acc[0] = lane(acc[0], p, K0);
    acc[1] = lane(acc[1], p + LANE_BYTES, K1);
    acc[2] = lane(acc[2], p + 2 * LANE_BYTES, K2);
    acc[3] = lane(acc[3], p + 3 * LANE_BYTES, K3);
}

uint64_t hash64(const void *data, size_t len, uint64_t seed)
{
    const uint8_t *p = data;
    size_t left = len;
    uint64_t acc[LANES] = {seed ^ K3, seed + K2, seed ^ K1, seed + K0};
    for (; left >= BLOCK_BYTES; left -= BLOCK_BYTES, p += BLOCK_BYTES) {
        block(acc, p);
    }
    if (left != 0) {
        uint8_t last[BLOCK_BYTES] = {0};
        memcpy(last, p, left);
        block(acc, last);
    }
    uint64_t h = fold(acc[0] ^ len, K0) ^ fold(acc[1] + K1, K1 ^ len);
    return fold(h ^ fold(acc[2], K2) ^ fold(acc[3] + K0, K3), K0);
}

uint64_t hash64_string(const char *s, uint64_t seed)
{
    return hash64(s, strlen(s), seed);
}
