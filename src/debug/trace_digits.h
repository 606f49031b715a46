/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as text for lines of a trace: a function writes at p, returns the end of its text, and
 * may leave up to DIGITS_ROOM bytes behind it that are not text. The host is little-endian.
 */
#ifndef DEBUG_TRACE_DIGITS_H
#define DEBUG_TRACE_DIGITS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define DIGITS_ROOM 16U

/* ---- hexadecimal ---- */

typedef uint8_t digits_text __attribute__((vector_size(16)));
typedef int8_t digits_signed __attribute__((vector_size(16)));
typedef uint64_t digits_pair __attribute__((vector_size(16)));

/* All 16 digits at once, the highest first. */
static inline digits_text digits_of(uint64_t v)
{
    uint64_t x = __builtin_bswap64(v), nibbles = UINT64_C(0x0f0f0f0f0f0f0f0f);
    digits_text upper = (digits_text)(digits_pair){x >> 4 & nibbles, 0};
    digits_text lower = (digits_text)(digits_pair){x & nibbles, 0};
    digits_text n = __builtin_shufflevector(upper, lower, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21,
                                            6, 22, 7, 23);
    return n + '0' + ((digits_text)((digits_signed)n > 9) & ('a' - '0' - 10));
}

static inline char *hex16(char *p, uint64_t v)
{
    digits_text t = digits_of(v);
    memcpy(p, &t, 16);
    return p + 16;
}

/* The lowest n digits. */
static inline char *hex(char *p, uint64_t v, unsigned n)
{
    hex16(p, v << (64 - 4 * n));
    return p + n;
}

/* "01234567_89abcdef" */
static inline char *hex8_8(char *p, uint64_t v)
{
    digits_pair t = (digits_pair)digits_of(v);
    memcpy(p, &t, 8);
    p[8] = '_';
    memcpy(p + 9, (uint64_t *)&t + 1, 8);
    return p + 17;
}

/* ---- decimal ---- */

static inline char *digits_before(char *end, uint64_t v)
{
    do {
        *--end = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    return end;
}

static inline char *decimal(char *p, uint64_t v)
{
    char tmp[20], *first = digits_before(tmp + sizeof(tmp), v);
    size_t n = (size_t)(tmp + sizeof(tmp) - first);
    memcpy(p, first, n);
    return p + n;
}

/*
 * 12 decimal digits as 16 bytes of text: 8 digits, 4 digits and the 4 bytes that stand behind the
 * number. One vector, never two words: a host is slow to load what was stored in two parts.
 */
typedef digits_pair digits12;
#define DIGITS12_LAST  24 /* bit of the second word where the last digit is */
#define DIGITS12_SPARE 2  /* of the bytes behind "(count) " that are not text */

static inline unsigned digits12_last(digits12 d)
{
    return ((digits_text)d)[8 + DIGITS12_LAST / 8];
}

/* Numbers from d on that differ in the last digit only. */
static inline unsigned digits12_room(digits12 d)
{
    return '9' + 1U - digits12_last(d);
}

/* n further, at most by digits12_room: at that the result is to be carried. */
static inline digits12 digits12_plus(digits12 d, unsigned n)
{
    return d + (digits12){0, (uint64_t)n << DIGITS12_LAST};
}

/* A number as it should be, of one whose last digit was left at 10; 0 behind the last one. */
digits12 digits12_carry(digits12 d);
static inline digits12 digits12_carried(digits12 d)
{
    return __builtin_expect(digits12_last(d) > '9', 0) ? digits12_carry(d) : d;
}

/* With the 4 bytes behind it. */
static inline char *digits12_put(char *p, digits12 d)
{
    memcpy(p, &d, 16);
    return p + 16;
}

/* A number that grows from line to line, with leading zeros, at least 12 digits. */
struct counter {
    uint64_t v;
    uint64_t more; /* digits above the 12 */
    unsigned n_more;
    digits12 low;
};
#define COUNTER_MORE UINT64_C(1000000000000) /* from here on there are digits above */

static inline void counter_init(struct counter *c, const char follows[4])
{
    char text[8] = {'0', '0', '0', '0', follows[0], follows[1], follows[2], follows[3]};
    *c = (struct counter){.low = {UINT64_C(0x3030303030303030), 0}};
    memcpy((uint64_t *)&c->low + 1, text, 8);
}

void counter_set(struct counter *c, uint64_t v); /* quick if it is the next number */

/* With the 4 bytes that follow. */
static inline char *counter_put(char *p, const struct counter *c)
{
    if (__builtin_expect(c->n_more != 0, 0)) {
        memcpy(p, &c->more, 8);
        p += c->n_more;
    }
    return digits12_put(p, c->low);
}

#endif
