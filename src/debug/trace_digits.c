/* SPDX-License-Identifier: Apache-2.0 */
#include "debug/trace_digits.h"

/* Eight decimal digits, as text in memory order: halves, pairs, digits. */
static uint64_t digits8(uint64_t v)
{
    uint64_t x = v / 10000 | (v % 10000) << 32;
    uint64_t hundreds = (x * 10486 >> 20) & UINT64_C(0x0000007f0000007f);
    x = hundreds | (x - hundreds * 100) << 16;
    uint64_t tens = (x * 103 >> 10) & UINT64_C(0x000f000f000f000f);
    return (tens | (x - tens * 10) << 8) + UINT64_C(0x3030303030303030);
}

/* Digits of a word of text, from the one at a bit on; true: a carry is left. */
static bool carry(uint64_t *text, unsigned at)
{
    while ((uint8_t)(*text >> at) > '9') {
        *text -= UINT64_C(10) << at;
        if (at == 0) {
            return true;
        }
        at -= 8;
        *text += UINT64_C(1) << at;
    }
    return false;
}

digits12 digits12_carry(digits12 d)
{
    uint64_t upper = d[0], lower = d[1];
    if (carry(&lower, DIGITS12_LAST)) {
        upper += UINT64_C(1) << 56;
        (void)carry(&upper, 56);
    }
    return (digits12){upper, lower};
}

static void set_any(struct counter *c, uint64_t v)
{
    uint64_t above = v / COUNTER_MORE, rest = v % COUNTER_MORE;
    char text[20];
    c->n_more = above == 0 ? 0 : (unsigned)(decimal(text, above) - text);
    memcpy(&c->more, text, c->n_more);
    c->low = (digits12){digits8(rest / 10000), c->low[1] >> 32 << 32 | digits8(rest % 10000) >> 32};
}

void counter_set(struct counter *c, uint64_t v)
{
    if (v == c->v + 1 && v < COUNTER_MORE) {
        c->low = digits12_carried(digits12_plus(c->low, 1));
    } else if (v != c->v) {
        set_any(c, v);
    }
    c->v = v;
}
