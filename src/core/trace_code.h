/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The binary form of a trace, as writer and reader share it. docs/trace.md describes the stream.
 *
 * Everything is numbers of 1 to 8 bytes: the count of trailing zeros of the first byte tells the
 * length, 7 bits a byte remain. A byte of 0 escapes: the next byte is an enum trace_code.
 */
#ifndef CORE_TRACE_CODE_H
#define CORE_TRACE_CODE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum trace_code {
    TRACE_CODE_WIDE,  /* the number that follows has 64 bits */
    TRACE_CODE_BLOCK, /* definition: id, pa, mode, n, words */
    TRACE_CODE_STOP,  /* the block ended early: instructions, flags */
    TRACE_CODE_PAGE,  /* of the next block: va */
    TRACE_CODE_TIME,  /* instructions, ticks: outside a block */
    TRACE_CODE_STATE, /* registers: see enum trace_state_flags */
    TRACE_CODE_FLUSH, /* blocks and predictions are void */
    TRACE_CODE_FPSR,
    TRACE_CODE_COPY,       /* memory set or copied: instructions, dst, src + 1 or 0, n, bytes */
    TRACE_CODE_EVENT = 16, /* + enum trace_kind: instructions of the block + 1 or 0, ticks, args */
};

/* Flags of TRACE_CODE_STOP: what happened to the last of its instructions. */
enum trace_stop {
    TRACE_STOP_UNDONE, /* an exception is in its place, or it starts again */
    TRACE_STOP_DONE,   /* complete; values of its registers follow */
    TRACE_STOP_BEFORE, /* complete as usual: the next one did not begin */
};

/* Flags of TRACE_CODE_STATE; then pstate, fpsr, mask of x, values, mask of v, values. */
enum trace_state_flags { TRACE_STATE_CHECK = 1, TRACE_STATE_NS = 2 };

/* Of the first block's id, which stands for blocks that are not kept. */
#define TRACE_SCRATCH_ID    0U
#define TRACE_SCRATCH_SLOTS 512U
#define TRACE_FIRST_SLOT    TRACE_SCRATCH_SLOTS

#define TRACE_MAX_NUMBER 10 /* bytes */

static inline uint64_t trace_zigzag(uint64_t delta)
{
    return delta << 1 ^ (uint64_t)((int64_t)delta >> 63);
}

static inline uint64_t trace_unzigzag(uint64_t v)
{
    return v >> 1 ^ (~(v & 1) + 1);
}

/* 10 bytes are free at p. Returns the end. */
static inline uint8_t *trace_put(uint8_t *p, uint64_t v)
{
    unsigned bits = 64 - (unsigned)__builtin_clzll(v | 1);
    if (__builtin_expect(bits > 56, 0)) {
        p[0] = 0;
        p[1] = TRACE_CODE_WIDE;
        memcpy(p + 2, &v, 8);
        return p + 10;
    }
    unsigned n = (bits + 6) * 37 >> 8; /* (bits + 6) / 7 */
    uint64_t w = (v << 1 | 1) << (n - 1);
    memcpy(p, &w, 8);
    return p + n;
}

/* A number that is no escape, where 8 bytes may be read. Returns the end. */
static inline const uint8_t *trace_get_short(const uint8_t *p, uint64_t *out)
{
    uint64_t w;
    memcpy(&w, p, 8);
    unsigned n = (unsigned)__builtin_ctzll(w) + 1;
    *out = w << (64 - 8 * n) >> (64 - 7 * n);
    return p + n;
}

/* NULL: [p, end) does not hold a whole number, or an escape of another kind. */
static inline const uint8_t *trace_get(const uint8_t *p, const uint8_t *end, uint64_t *out)
{
    uint64_t w = 0;
    if (p >= end) {
        return NULL;
    }
    if (*p == 0) {
        if (end - p < 10 || p[1] != TRACE_CODE_WIDE) {
            return NULL;
        }
        memcpy(out, p + 2, 8);
        return p + 10;
    }
    unsigned n = (unsigned)__builtin_ctz(*p) + 1;
    if (end - p < (int)n) {
        return NULL;
    }
    memcpy(&w, p, end - p >= 8 ? 8 : n);
    *out = n == 8 ? w >> 8 : (w & ((UINT64_C(1) << (8 * n)) - 1)) >> n;
    return p + n;
}

#endif
