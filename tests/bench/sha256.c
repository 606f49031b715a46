/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 without the crypto instructions. FIPS 180-4. */
#include "bench.h"

static uint32_t k[64];

static uint32_t rotate(uint32_t v, unsigned n)
{
    return v >> n | v << (32 - n);
}

/* The constants are fractions of cube roots of primes; any numbers cost the same. */
static void make_constants(void)
{
    uint32_t seed = 5;

    for (unsigned i = 0; i < 64; i++) {
        k[i] = bench_random(&seed) << 8 ^ bench_random(&seed);
    }
}

static void compress(uint32_t h[8], const uint32_t block[16])
{
    uint32_t w[64], v[8];

    for (unsigned i = 0; i < 16; i++) {
        w[i] = __builtin_bswap32(block[i]);
    }
    for (unsigned i = 16; i < 64; i++) {
        uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    for (unsigned i = 0; i < 8; i++) {
        v[i] = h[i];
    }
    for (unsigned i = 0; i < 64; i++) {
        uint32_t s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
        uint32_t t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
        uint32_t s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
        uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        v[7] = v[6];
        v[6] = v[5];
        v[5] = v[4];
        v[4] = v[3] + t1;
        v[3] = v[2];
        v[2] = v[1];
        v[1] = v[0];
        v[0] = t1 + t2;
    }
    for (unsigned i = 0; i < 8; i++) {
        h[i] += v[i];
    }
}

uint64_t bench_run(void)
{
    uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint32_t block[16];

    make_constants();
    for (unsigned round = 0; round < 500000; round++) {
        for (unsigned i = 0; i < 16; i++) {
            block[i] = round * 16 + i;
        }
        compress(h, block);
    }
    return (uint64_t)h[0] << 32 | h[7];
}
