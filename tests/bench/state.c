/* SPDX-License-Identifier: Apache-2.0 */
/* A state machine over character classes: words, numbers and strings of a text. */
#include "bench.h"

#define N 4096

enum state { BLANK, WORD, NUMBER, FRACTION, STRING, COMMENT, N_STATES };

static char text[N];
static uint32_t counts[N_STATES];

static enum state step(enum state s, char c)
{
    switch (s) {
    case STRING:
        return c == '"' ? BLANK : STRING;
    case COMMENT:
        return c == '\n' ? BLANK : COMMENT;
    case NUMBER:
        if (c == '.') {
            return FRACTION;
        }
        /* fall through */
    case FRACTION:
        if (c >= '0' && c <= '9') {
            return s;
        }
        break;
    case WORD:
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            return WORD;
        }
        break;
    default:
        break;
    }
    if (c >= 'a' && c <= 'z') {
        return WORD;
    }
    if (c >= '0' && c <= '9') {
        return NUMBER;
    }
    return c == '"' ? STRING : c == '#' ? COMMENT : BLANK;
}

uint64_t bench_run(void)
{
    static const char alphabet[] = "abcdefghij 0123456789. \"#\n xyz  42 ";
    uint32_t seed = 3;
    uint64_t sum = 0;

    for (unsigned i = 0; i < N; i++) {
        text[i] = alphabet[bench_random(&seed) % (sizeof(alphabet) - 1)];
    }
    for (unsigned round = 0; round < 9000; round++) {
        enum state s = BLANK;

        for (unsigned i = 0; i < N; i++) {
            enum state n = step(s, text[i]);
            counts[n] += n != s;
            s = n;
        }
        text[round % N] = alphabet[round % (sizeof(alphabet) - 1)];
    }
    for (unsigned i = 0; i < N_STATES; i++) {
        sum = sum * 31 + counts[i];
    }
    return sum;
}
