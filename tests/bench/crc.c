/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32, bit by bit and by table. */
#include "bench.h"

#define N          4096
#define POLYNOMIAL 0xedb88320u

static uint8_t data[N];
static uint32_t table[256];

static uint32_t by_bit(uint32_t crc, const uint8_t *p, unsigned n)
{
    while (n-- != 0) {
        crc ^= *p++;
        for (unsigned k = 0; k < 8; k++) {
            crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
        }
    }
    return crc;
}

static uint32_t by_table(uint32_t crc, const uint8_t *p, unsigned n)
{
    while (n-- != 0) {
        crc = crc >> 8 ^ table[(crc ^ *p++) & 255];
    }
    return crc;
}

uint64_t bench_run(void)
{
    uint32_t seed = 4, a = ~0u, b = ~0u;

    for (unsigned i = 0; i < 256; i++) {
        uint8_t byte = i;
        table[i] = by_bit(0, &byte, 1);
    }
    for (unsigned i = 0; i < N; i++) {
        data[i] = bench_random(&seed);
    }
    for (unsigned round = 0; round < 4000; round++) {
        a = by_bit(a, data, N);
        for (unsigned i = 0; i < 6; i++) {
            b = by_table(b, data, N);
        }
    }
    return (uint64_t)a << 32 | b;
}
