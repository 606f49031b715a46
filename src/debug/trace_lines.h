/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of Tarmac text behind their stamp: each is written at p and its end returned; up to
 * LINE_ROOM bytes behind that are not text. Inline, so that a loop keeps what it writes in
 * registers.
 */
#ifndef DEBUG_TRACE_LINES_H
#define DEBUG_TRACE_LINES_H

#include <string.h>

#include "base/bits.h"
#include "debug/trace_digits.h"

#define LINE_SHORT 96U /* bytes of a text copied at once: nearly all are no longer */
#define LINE_ROOM  LINE_SHORT

#define ALWAYS_INLINE inline __attribute__((always_inline))

static inline char *line_text(char *p, const char *s, size_t n)
{
    memcpy(p, s, n);
    return p + n;
}
#define TEXT(p, literal) line_text(p, literal, sizeof(literal) - 1)

/* n is at most LINE_SHORT, and so many bytes may be read. */
static ALWAYS_INLINE char *line_short(char *p, const char *s, size_t n)
{
    memcpy(p, s, LINE_SHORT);
    return p + n;
}

static ALWAYS_INLINE char *line_x(char *p, unsigned n, uint64_t v)
{
    static const char begin[32][8] = {
        "R X0 ",  "R X1 ",  "R X2 ",  "R X3 ",  "R X4 ",  "R X5 ",  "R X6 ",  "R X7 ",
        "R X8 ",  "R X9 ",  "R X10 ", "R X11 ", "R X12 ", "R X13 ", "R X14 ", "R X15 ",
        "R X16 ", "R X17 ", "R X18 ", "R X19 ", "R X20 ", "R X21 ", "R X22 ", "R X23 ",
        "R X24 ", "R X25 ", "R X26 ", "R X27 ", "R X28 ", "R X29 ", "R X30 ", "R X31 "};
    memcpy(p, begin[n & 31], 8);
    p = hex16(p + (n < 10 ? 5 : 6), v);
    *p++ = '\n';
    return p;
}

static ALWAYS_INLINE char *line_pstate(char *p, uint64_t v)
{
    p = hex(TEXT(p, "R cpsr "), v, 8);
    *p++ = '\n';
    return p;
}

/* "R NAMEn value" */
static inline char *line_banked(char *p, const char *name, unsigned el, uint64_t v)
{
    p = TEXT(p, "R ");
    p = line_text(p, name, strlen(name));
    *p++ = (char)('0' + el);
    *p++ = ' ';
    p = hex16(p, v);
    *p++ = '\n';
    return p;
}

/* The one that PSTATE selects. */
static inline char *line_sp(char *p, uint64_t pstate, uint64_t v)
{
    return line_banked(p, "SP_EL", pstate & 1 ? (unsigned)extract64(pstate, 2, 2) : 0, v);
}

/* size: 1, 2, 4 or 8 lowest bytes of v */
static ALWAYS_INLINE char *line_access(char *p, bool write, uint64_t va, unsigned size, uint64_t v)
{
    static const char begin[2][9][4] = {{[1] = "MR1 ", [2] = "MR2 ", [4] = "MR4 ", [8] = "MR8 "},
                                        {[1] = "MW1 ", [2] = "MW2 ", [4] = "MW4 ", [8] = "MW8 "}};
    p = line_text(p, begin[write][size], 4);
    p = hex16(p, va);
    *p++ = ' ';
    p = size == 8 ? hex8_8(p, v) : hex(p, v, 2 * size);
    *p++ = '\n';
    return p;
}

#endif
