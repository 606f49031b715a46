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

void counter_set(struct counter *c, uint64_t v)
{
    uint64_t above = v / UINT64_C(1000000000000), rest = v % UINT64_C(1000000000000);
    char text[20];
    c->v = v;
    c->n_more = above == 0 ? 0 : (unsigned)(decimal(text, above) - text);
    memcpy(&c->more, text, c->n_more);
    c->upper = digits8(rest / 10000);
    c->lower = c->lower >> 32 << 32 | digits8(rest % 10000) >> 32;
}

void counter_carry(struct counter *c)
{
    for (unsigned at = COUNTER_LAST; (uint8_t)(c->lower >> at) > '9'; at -= 8) {
        if (at == 0) { /* out of these digits */
            counter_set(c, c->v);
            return;
        }
        c->lower += (UINT64_C(1) << (at - 8)) - (UINT64_C(10) << at);
    }
}
