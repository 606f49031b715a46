/* SPDX-License-Identifier: Apache-2.0 */
/* The state is 16 cells of 4 bits; cell n is bits 4n+3:4n. */
#include "cpu/isa/qarma.h"

#include <stdbool.h>

#define CELLS 16

static const uint64_t round_constant[5] = {
    0, UINT64_C(0x13198a2e03707344), UINT64_C(0xa4093822299f31d0), UINT64_C(0x082efa98ec4e6c89),
    UINT64_C(0x452821e638d01377)};
static const uint64_t alpha = UINT64_C(0xc0ac29b7c97c50dd);

/* Result cell n comes from cell table[n]. */
static const uint8_t shuffle[CELLS] = {13, 6, 11, 0, 7, 12, 1, 10, 8, 3, 14, 5, 2, 9, 4, 15};
static const uint8_t tweak_from[CELLS] = {4, 5, 6, 7, 11, 2, 3, 8, 12, 13, 14, 15, 0, 1, 10, 9};
/* Result cells of the tweak shuffle that pass through the linear feedback register. */
static const uint16_t tweak_rotated =
    1 << 2 | 1 << 4 | 1 << 7 | 1 << 11 | 1 << 12 | 1 << 14 | 1 << 15;

static const uint8_t sub5[16] = {11, 6, 8, 15, 12, 0, 9, 14, 3, 7, 4, 5, 13, 2, 1, 10};
static const uint8_t sub5_inverse[16] = {5, 14, 13, 8, 10, 11, 1, 9, 2, 6, 15, 0, 4, 12, 7, 3};
static const uint8_t sub3[16] = {10, 13, 14, 6, 15, 7, 3, 5, 9, 8, 0, 12, 11, 1, 2, 4};

static uint64_t cell(uint64_t v, unsigned n)
{
    return v >> 4 * n & 15;
}

static uint64_t cell_shuffle(uint64_t v)
{
    uint64_t r = 0;
    for (unsigned n = 0; n < CELLS; n++) {
        r |= cell(v, shuffle[n]) << 4 * n;
    }
    return r;
}

static uint64_t cell_unshuffle(uint64_t v)
{
    uint64_t r = 0;
    for (unsigned n = 0; n < CELLS; n++) {
        r |= cell(v, n) << 4 * shuffle[n];
    }
    return r;
}

static uint64_t substitute(uint64_t v, const uint8_t table[16])
{
    uint64_t r = 0;
    for (unsigned n = 0; n < CELLS; n++) {
        r |= (uint64_t)table[cell(v, n)] << 4 * n;
    }
    return r;
}

static uint64_t rot(uint64_t c, unsigned n)
{
    return (c << n | c >> (4 - n)) & 15;
}

static uint64_t multiply(uint64_t v)
{
    uint64_t r = 0;
    for (unsigned n = 0; n < 4; n++) {
        uint64_t a = cell(v, n), b = cell(v, n + 4), c = cell(v, n + 8), d = cell(v, n + 12);
        r |= (rot(d, 1) ^ rot(c, 2) ^ rot(b, 1)) << 4 * n;
        r |= (rot(d, 2) ^ rot(c, 1) ^ rot(a, 1)) << 4 * (n + 4);
        r |= (rot(d, 1) ^ rot(b, 1) ^ rot(a, 2)) << 4 * (n + 8);
        r |= (rot(c, 1) ^ rot(b, 2) ^ rot(a, 1)) << 4 * (n + 12);
    }
    return r;
}

static uint64_t tweak_forward(uint64_t v)
{
    uint64_t r = 0;
    for (unsigned n = 0; n < CELLS; n++) {
        uint64_t c = cell(v, tweak_from[n]);
        if (tweak_rotated >> n & 1) {
            c = c >> 1 | ((c ^ c >> 1) & 1) << 3;
        }
        r |= c << 4 * n;
    }
    return r;
}

static uint64_t tweak_back(uint64_t v)
{
    uint64_t r = 0;
    for (unsigned n = 0; n < CELLS; n++) {
        uint64_t c = cell(v, n);
        if (tweak_rotated >> n & 1) {
            c = (c << 1 & 15) | ((c & 1) ^ c >> 3);
        }
        r |= c << 4 * tweak_from[n];
    }
    return r;
}

uint64_t qarma_compute(uint64_t data, uint64_t modifier, uint64_t key_hi, uint64_t key_lo,
                       unsigned rounds)
{
    const uint8_t *sub = rounds == 5 ? sub5 : sub3;
    const uint8_t *inverse = rounds == 5 ? sub5_inverse : sub3; /* sub3 is an involution */
    unsigned last = rounds - 1;
    uint64_t k0 = key_hi, k1 = key_lo;
    uint64_t modk0 = k0 << 63 | (k0 >> 2) << 1 | ((k0 >> 63 ^ k0 >> 1) & 1);
    uint64_t tweak = modifier;
    uint64_t v = data ^ k0;
    for (unsigned i = 0; i <= last; i++) {
        v ^= k1 ^ tweak ^ round_constant[i];
        if (i > 0) {
            v = multiply(cell_shuffle(v));
        }
        v = substitute(v, sub);
        tweak = tweak_forward(tweak);
    }
    v = multiply(cell_shuffle(v ^ modk0 ^ tweak));
    v = multiply(cell_shuffle(substitute(v, sub)));
    v = cell_unshuffle(v ^ k1);
    v = cell_unshuffle(multiply(substitute(v, inverse)));
    v ^= k0 ^ tweak;
    for (unsigned i = 0; i <= last; i++) {
        v = substitute(v, inverse);
        if (i < last) {
            v = cell_unshuffle(multiply(v));
        }
        tweak = tweak_back(tweak);
        v ^= round_constant[last - i] ^ k1 ^ tweak ^ alpha;
    }
    return v ^ modk0;
}
