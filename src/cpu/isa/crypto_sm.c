/* SPDX-License-Identifier: Apache-2.0 */
/* SM3 and SM4 instructions: Arm ARM C7.2. */
#include "a64_gen.h"
#include "cpu/isa/crypto_words.h"

#define CALL(name)                                                                                 \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        name(c, o);                                                                                \
        NEXT(1);                                                                                   \
    }
/* d: Va, or the element index of SM3TT*. */
#define EMIT(class, name, operand)                                                                 \
    CALL(name)                                                                                     \
    bool emit_vector_crypto_##class(struct emit * e)                                               \
    {                                                                                              \
        struct op *o = emit_op(e, op_##name);                                                      \
        o->a = (uint8_t)insn_rd(e);                                                                \
        o->b = (uint8_t)insn_rn(e);                                                                \
        o->c = (uint8_t)insn_rm(e);                                                                \
        o->d = (uint8_t)(operand);                                                                 \
        return true;                                                                               \
    }

/* ---- SM3 ---- */

static void sm3partw1(struct cpu *c, const struct op *o)
{
    struct words d = get(c, o->a), n = get(c, o->b), m = get(c, o->c), r;
    for (unsigned i = 0; i < 4; i++) {
        uint32_t v = d.w[i] ^ n.w[i] ^ rol32(i == 3 ? r.w[0] : m.w[i + 1], 15);
        r.w[i] = v ^ rol32(v, 15) ^ rol32(v, 23);
    }
    put(c, o->a, r);
}

static void sm3partw2(struct cpu *c, const struct op *o)
{
    struct words d = get(c, o->a), n = get(c, o->b), m = get(c, o->c), t;
    for (unsigned i = 0; i < 4; i++) {
        t.w[i] = n.w[i] ^ rol32(m.w[i], 7);
        d.w[i] ^= t.w[i];
    }
    uint32_t v = rol32(t.w[0], 15);
    d.w[3] ^= v ^ rol32(v, 15) ^ rol32(v, 23);
    put(c, o->a, d);
}

static void sm3ss1(struct cpu *c, const struct op *o)
{
    uint32_t v = rol32(get(c, o->b).w[3], 12) + get(c, o->c).w[3] + get(c, o->d).w[3];
    put(c, o->a, (struct words){{0, 0, 0, rol32(v, 7)}});
}

/* The four message steps differ in the Boolean function and in how the result is mixed. */
static void sm3tt1(struct cpu *c, const struct op *o, bool b)
{
    struct words d = get(c, o->a);
    uint32_t x = d.w[3], y = d.w[2], z = d.w[1];
    uint32_t f = b ? (x & z) | (x & y) | (z & y) : x ^ y ^ z;
    uint32_t ss2 = get(c, o->b).w[3] ^ rol32(x, 12);
    put(c, o->a, (struct words){{z, rol32(y, 9), x, f + d.w[0] + ss2 + get(c, o->c).w[o->d]}});
}

static void sm3tt2(struct cpu *c, const struct op *o, bool b)
{
    struct words d = get(c, o->a);
    uint32_t x = d.w[3], y = d.w[2], z = d.w[1];
    uint32_t f = b ? (x & y) | (~x & z) : x ^ y ^ z;
    uint32_t t = f + d.w[0] + get(c, o->b).w[3] + get(c, o->c).w[o->d];
    put(c, o->a, (struct words){{z, rol32(y, 19), x, t ^ rol32(t, 9) ^ rol32(t, 17)}});
}

static void sm3tt1a(struct cpu *c, const struct op *o)
{
    sm3tt1(c, o, false);
}
static void sm3tt1b(struct cpu *c, const struct op *o)
{
    sm3tt1(c, o, true);
}
static void sm3tt2a(struct cpu *c, const struct op *o)
{
    sm3tt2(c, o, false);
}
static void sm3tt2b(struct cpu *c, const struct op *o)
{
    sm3tt2(c, o, true);
}

EMIT(sm3_sm3partw1, sm3partw1, 0)
EMIT(sm3_sm3partw2, sm3partw2, 0)
EMIT(sm3_sm3ss1, sm3ss1, insn_ra(e))
EMIT(sm3_sm3tt1a, sm3tt1a, insn_bits(e, 12, 2))
EMIT(sm3_sm3tt1b, sm3tt1b, insn_bits(e, 12, 2))
EMIT(sm3_sm3tt2a, sm3tt2a, insn_bits(e, 12, 2))
EMIT(sm3_sm3tt2b, sm3tt2b, insn_bits(e, 12, 2))

/* ---- SM4 ---- */

/* clang-format off */
static const uint8_t sbox[256] = {
    0xd6, 0x90, 0xe9, 0xfe, 0xcc, 0xe1, 0x3d, 0xb7, 0x16, 0xb6, 0x14, 0xc2,
    0x28, 0xfb, 0x2c, 0x05, 0x2b, 0x67, 0x9a, 0x76, 0x2a, 0xbe, 0x04, 0xc3,
    0xaa, 0x44, 0x13, 0x26, 0x49, 0x86, 0x06, 0x99, 0x9c, 0x42, 0x50, 0xf4,
    0x91, 0xef, 0x98, 0x7a, 0x33, 0x54, 0x0b, 0x43, 0xed, 0xcf, 0xac, 0x62,
    0xe4, 0xb3, 0x1c, 0xa9, 0xc9, 0x08, 0xe8, 0x95, 0x80, 0xdf, 0x94, 0xfa,
    0x75, 0x8f, 0x3f, 0xa6, 0x47, 0x07, 0xa7, 0xfc, 0xf3, 0x73, 0x17, 0xba,
    0x83, 0x59, 0x3c, 0x19, 0xe6, 0x85, 0x4f, 0xa8, 0x68, 0x6b, 0x81, 0xb2,
    0x71, 0x64, 0xda, 0x8b, 0xf8, 0xeb, 0x0f, 0x4b, 0x70, 0x56, 0x9d, 0x35,
    0x1e, 0x24, 0x0e, 0x5e, 0x63, 0x58, 0xd1, 0xa2, 0x25, 0x22, 0x7c, 0x3b,
    0x01, 0x21, 0x78, 0x87, 0xd4, 0x00, 0x46, 0x57, 0x9f, 0xd3, 0x27, 0x52,
    0x4c, 0x36, 0x02, 0xe7, 0xa0, 0xc4, 0xc8, 0x9e, 0xea, 0xbf, 0x8a, 0xd2,
    0x40, 0xc7, 0x38, 0xb5, 0xa3, 0xf7, 0xf2, 0xce, 0xf9, 0x61, 0x15, 0xa1,
    0xe0, 0xae, 0x5d, 0xa4, 0x9b, 0x34, 0x1a, 0x55, 0xad, 0x93, 0x32, 0x30,
    0xf5, 0x8c, 0xb1, 0xe3, 0x1d, 0xf6, 0xe2, 0x2e, 0x82, 0x66, 0xca, 0x60,
    0xc0, 0x29, 0x23, 0xab, 0x0d, 0x53, 0x4e, 0x6f, 0xd5, 0xdb, 0x37, 0x45,
    0xde, 0xfd, 0x8e, 0x2f, 0x03, 0xff, 0x6a, 0x72, 0x6d, 0x6c, 0x5b, 0x51,
    0x8d, 0x1b, 0xaf, 0x92, 0xbb, 0xdd, 0xbc, 0x7f, 0x11, 0xd9, 0x5c, 0x41,
    0x1f, 0x10, 0x5a, 0xd8, 0x0a, 0xc1, 0x31, 0x88, 0xa5, 0xcd, 0x7b, 0xbd,
    0x2d, 0x74, 0xd0, 0x12, 0xb8, 0xe5, 0xb4, 0xb0, 0x89, 0x69, 0x97, 0x4a,
    0x0c, 0x96, 0x77, 0x7e, 0x65, 0xb9, 0xf1, 0x09, 0xc5, 0x6e, 0xc6, 0x84,
    0x18, 0xf0, 0x7d, 0xec, 0x3a, 0xdc, 0x4d, 0x20, 0x79, 0xee, 0x5f, 0x3e,
    0xd7, 0xcb, 0x39, 0x48,
};
/* clang-format on */

static uint32_t substitute(uint32_t v)
{
    return sbox[v & 255] | (uint32_t)sbox[v >> 8 & 255] << 8 | (uint32_t)sbox[v >> 16 & 255] << 16 |
           (uint32_t)sbox[v >> 24] << 24;
}

/* Four rounds on r with the keys k. */
static struct words sm4_rounds(struct words r, struct words k, bool schedule)
{
    for (unsigned i = 0; i < 4; i++) {
        uint32_t v = substitute(r.w[3] ^ r.w[2] ^ r.w[1] ^ k.w[i]);
        v = schedule ? v ^ rol32(v, 13) ^ rol32(v, 23)
                     : v ^ rol32(v, 2) ^ rol32(v, 10) ^ rol32(v, 18) ^ rol32(v, 24);
        r = (struct words){{r.w[1], r.w[2], r.w[3], v ^ r.w[0]}};
    }
    return r;
}

static void sm4e(struct cpu *c, const struct op *o)
{
    put(c, o->a, sm4_rounds(get(c, o->a), get(c, o->b), false));
}

static void sm4ekey(struct cpu *c, const struct op *o)
{
    put(c, o->a, sm4_rounds(get(c, o->b), get(c, o->c), true));
}

EMIT(sm4_sm4enc, sm4e, 0)
EMIT(sm4_sm4enckey, sm4ekey, 0)
