/* SPDX-License-Identifier: Apache-2.0 */
/* Bit fields of registers, descriptors and instructions. All functions are pure. */
#ifndef BASE_BITS_H
#define BASE_BITS_H

#include <stdbool.h>
#include <stdint.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(n)       (UINT64_C(1) << (n))

#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* A mask of len bits at position lo. 1 <= len <= 64. */
static inline uint64_t mask64(unsigned lo, unsigned len)
{
    return (UINT64_MAX >> (64 - len)) << lo;
}

/* Bits [lo + len - 1 : lo] of v, as the manual's v<hi:lo>. 1 <= len <= 64. */
static inline uint64_t extract64(uint64_t v, unsigned lo, unsigned len)
{
    return (v >> lo) & (UINT64_MAX >> (64 - len));
}

static inline uint32_t extract32(uint32_t v, unsigned lo, unsigned len)
{
    return (v >> lo) & (UINT32_MAX >> (32 - len));
}

/* The same field, sign extended: SInt(v<hi:lo>). */
static inline int64_t sextract64(uint64_t v, unsigned lo, unsigned len)
{
    return (int64_t)(v << (64 - len - lo)) >> (64 - len);
}

static inline int32_t sextract32(uint32_t v, unsigned lo, unsigned len)
{
    return (int32_t)(v << (32 - len - lo)) >> (32 - len);
}

/* v with bits [lo + len - 1 : lo] replaced by field. */
static inline uint64_t deposit64(uint64_t v, unsigned lo, unsigned len, uint64_t field)
{
    uint64_t m = mask64(lo, len);
    return (v & ~m) | ((field << lo) & m);
}

static inline bool bit(uint64_t v, unsigned n)
{
    return (v >> n) & 1;
}

/* Rotate right; n is taken modulo the width. */
static inline uint64_t ror64(uint64_t v, unsigned n)
{
    return (v >> (n & 63)) | (v << (-n & 63));
}

static inline uint32_t ror32(uint32_t v, unsigned n)
{
    return (v >> (n & 31)) | (v << (-n & 31));
}

/* align is a power of two. */
static inline uint64_t align_down(uint64_t v, uint64_t align)
{
    return v & ~(align - 1);
}

static inline uint64_t align_up(uint64_t v, uint64_t align)
{
    return (v + align - 1) & ~(align - 1);
}

#endif
