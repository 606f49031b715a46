/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-1, SHA-256, SHA-512 and SHA-3 instructions: Arm ARM C7.2 and pseudocode SHA256hash. */
#include "a64_gen.h"
#include "cpu/isa/crypto_words.h"

static uint32_t choose(uint32_t x, uint32_t y, uint32_t z)
{
    return ((y ^ z) & x) ^ z;
}

static uint32_t majority(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) | ((x | y) & z);
}

static uint32_t parity(uint32_t x, uint32_t y, uint32_t z)
{
    return x ^ y ^ z;
}

static struct op *emit_ddnm(struct emit *e, op_fn *fn)
{
    struct op *o = emit_op(e, fn);
    o->a = (uint8_t)insn_rd(e);
    o->b = (uint8_t)insn_rn(e);
    o->c = (uint8_t)insn_rm(e);
    o->d = (uint8_t)insn_ra(e);
    o->imm = insn_bits(e, 10, 6);
    return o;
}

#define EMIT(class, fn)                                                                            \
    bool emit_vector_crypto_##class(struct emit * e)                                               \
    {                                                                                              \
        emit_ddnm(e, fn);                                                                          \
        return true;                                                                               \
    }

/* ---- SHA-1 ---- */

#define SHA1_HASH(name, f)                                                                         \
    static void name(struct cpu *c, const struct op *o)                                            \
    {                                                                                              \
        struct words x = get(c, o->a), w = get(c, o->c);                                           \
        uint32_t y = (uint32_t)c->v[o->b].d[0];                                                    \
        for (unsigned i = 0; i < 4; i++) {                                                         \
            y += rol32(x.w[0], 5) + f(x.w[1], x.w[2], x.w[3]) + w.w[i];                            \
            uint32_t top = x.w[3];                                                                 \
            x = (struct words){{y, x.w[0], rol32(x.w[1], 30), x.w[2]}};                            \
            y = top;                                                                               \
        }                                                                                          \
        put(c, o->a, x);                                                                           \
    }                                                                                              \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        name(c, o);                                                                                \
        NEXT(1);                                                                                   \
    }
SHA1_HASH(sha1c, choose)
SHA1_HASH(sha1p, parity)
SHA1_HASH(sha1m, majority)

HANDLER(sha1h)
{
    c->v[o->a] = (vreg_t){{rol32((uint32_t)c->v[o->b].d[0], 30), 0}};
    NEXT(1);
}
HANDLER(sha1su0)
{
    vreg_t d = c->v[o->a], n = c->v[o->b], m = c->v[o->c];
    c->v[o->a] = (vreg_t){{d.d[1] ^ d.d[0] ^ m.d[0], n.d[0] ^ d.d[1] ^ m.d[1]}};
    NEXT(1);
}

static void sha1su1(struct cpu *c, const struct op *o)
{
    struct words d = get(c, o->a), n = get(c, o->b), t;
    for (unsigned i = 0; i < 4; i++) {
        t.w[i] = d.w[i] ^ (i == 3 ? 0 : n.w[i + 1]);
    }
    uint32_t first = t.w[0];
    for (unsigned i = 0; i < 4; i++) {
        t.w[i] = rol32(t.w[i], 1);
    }
    t.w[3] ^= rol32(first, 2);
    put(c, o->a, t);
}
HANDLER(sha1su1)
{
    sha1su1(c, o);
    NEXT(1);
}

EMIT(sha3op_sha1_hash_choose, op_sha1c)
EMIT(sha3op_sha1_hash_parity, op_sha1p)
EMIT(sha3op_sha1_hash_majority, op_sha1m)
EMIT(sha2op_sha1_hash, op_sha1h)
EMIT(sha3op_sha1_sched0, op_sha1su0)
EMIT(sha2op_sha1_sched1, op_sha1su1)

/* ---- SHA-256 ---- */

/* Four rounds on x (a, b, c, d) and y (e, f, g, h). */
static void sha256_rounds(struct words *x, struct words *y, const struct words *w)
{
    for (unsigned i = 0; i < 4; i++) {
        uint32_t s1 = ror32(y->w[0], 6) ^ ror32(y->w[0], 11) ^ ror32(y->w[0], 25);
        uint32_t s0 = ror32(x->w[0], 2) ^ ror32(x->w[0], 13) ^ ror32(x->w[0], 22);
        uint32_t t = y->w[3] + s1 + choose(y->w[0], y->w[1], y->w[2]) + w->w[i];
        uint32_t new_e = t + x->w[3];
        uint32_t new_a = t + s0 + majority(x->w[0], x->w[1], x->w[2]);
        *x = (struct words){{new_a, x->w[0], x->w[1], x->w[2]}};
        *y = (struct words){{new_e, y->w[0], y->w[1], y->w[2]}};
    }
}

static void sha256h(struct cpu *c, const struct op *o)
{
    struct words x = get(c, o->a), y = get(c, o->b), w = get(c, o->c);
    sha256_rounds(&x, &y, &w);
    put(c, o->a, x);
}
static void sha256h2(struct cpu *c, const struct op *o)
{
    struct words x = get(c, o->b), y = get(c, o->a), w = get(c, o->c);
    sha256_rounds(&x, &y, &w);
    put(c, o->a, y);
}
static void sha256su0(struct cpu *c, const struct op *o)
{
    struct words d = get(c, o->a), n = get(c, o->b), r;
    for (unsigned i = 0; i < 4; i++) {
        uint32_t t = i == 3 ? n.w[0] : d.w[i + 1];
        r.w[i] = d.w[i] + (ror32(t, 7) ^ ror32(t, 18) ^ t >> 3);
    }
    put(c, o->a, r);
}
static void sha256su1(struct cpu *c, const struct op *o)
{
    struct words d = get(c, o->a), n = get(c, o->b), m = get(c, o->c), r;
    for (unsigned i = 0; i < 4; i++) {
        uint32_t t1 = i < 2 ? m.w[i + 2] : r.w[i - 2];
        uint32_t t0 = i == 3 ? m.w[0] : n.w[i + 1];
        r.w[i] = d.w[i] + t0 + (ror32(t1, 17) ^ ror32(t1, 19) ^ t1 >> 10);
    }
    put(c, o->a, r);
}

#define CALL(name)                                                                                 \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        name(c, o);                                                                                \
        NEXT(1);                                                                                   \
    }
CALL(sha256h)
CALL(sha256h2)
CALL(sha256su0)
CALL(sha256su1)

EMIT(sha3op_sha256_hash, insn_bit(e, 12) ? op_sha256h2 : op_sha256h)
EMIT(sha2op_sha256_sched0, op_sha256su0)
EMIT(sha3op_sha256_sched1, op_sha256su1)

/* ---- SHA-512 ---- */

#define BIG_SIGMA0(v)       (ror64((v), 28) ^ ror64((v), 34) ^ ror64((v), 39))
#define BIG_SIGMA1(v)       (ror64((v), 14) ^ ror64((v), 18) ^ ror64((v), 41))
#define SMALL_SIGMA0(v)     (ror64((v), 1) ^ ror64((v), 8) ^ (v) >> 7)
#define SMALL_SIGMA1(v)     (ror64((v), 19) ^ ror64((v), 61) ^ (v) >> 6)
#define CHOOSE64(x, y, z)   (((x) & (y)) ^ (~(x) & (z)))
#define MAJORITY64(x, y, z) (((x) & (y)) ^ ((x) & (z)) ^ ((y) & (z)))

static void sha512h(struct cpu *c, const struct op *o)
{
    vreg_t x = c->v[o->b], y = c->v[o->c], w = c->v[o->a], r;
    r.d[1] = CHOOSE64(y.d[1], x.d[0], x.d[1]) + BIG_SIGMA1(y.d[1]) + w.d[1];
    uint64_t t = r.d[1] + y.d[0];
    r.d[0] = CHOOSE64(t, y.d[1], x.d[0]) + BIG_SIGMA1(t) + w.d[0];
    c->v[o->a] = r;
}
static void sha512h2(struct cpu *c, const struct op *o)
{
    vreg_t x = c->v[o->b], y = c->v[o->c], w = c->v[o->a], r;
    r.d[1] = MAJORITY64(x.d[0], y.d[1], y.d[0]) + BIG_SIGMA0(y.d[0]) + w.d[1];
    r.d[0] = MAJORITY64(r.d[1], y.d[0], y.d[1]) + BIG_SIGMA0(r.d[1]) + w.d[0];
    c->v[o->a] = r;
}
static void sha512su0(struct cpu *c, const struct op *o)
{
    vreg_t x = c->v[o->b], w = c->v[o->a];
    c->v[o->a] = (vreg_t){{w.d[0] + SMALL_SIGMA0(w.d[1]), w.d[1] + SMALL_SIGMA0(x.d[0])}};
}
static void sha512su1(struct cpu *c, const struct op *o)
{
    vreg_t x = c->v[o->b], y = c->v[o->c], w = c->v[o->a];
    c->v[o->a] =
        (vreg_t){{w.d[0] + SMALL_SIGMA1(x.d[0]) + y.d[0], w.d[1] + SMALL_SIGMA1(x.d[1]) + y.d[1]}};
}
CALL(sha512h)
CALL(sha512h2)
CALL(sha512su0)
CALL(sha512su1)

EMIT(sha512_sha512h, op_sha512h)
EMIT(sha512_sha512h2, op_sha512h2)
EMIT(sha512_sha512su0, op_sha512su0)
EMIT(sha512_sha512su1, op_sha512su1)

/* ---- SHA-3: a lane expression of n, m and a ---- */

#define LANES(name, expr)                                                                          \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        for (unsigned i = 0; i < 2; i++) {                                                         \
            uint64_t n = c->v[o->b].d[i], m = c->v[o->c].d[i], a = c->v[o->d].d[i];                \
            (void)a;                                                                               \
            c->mem_data[i] = (expr);                                                               \
        }                                                                                          \
        c->v[o->a] = (vreg_t){{c->mem_data[0], c->mem_data[1]}};                                   \
        NEXT(1);                                                                                   \
    }
LANES(eor3, n ^ m ^ a)
LANES(bcax, n ^ (m & ~a))
LANES(rax1, n ^ ror64(m, 63))
LANES(xar, ror64(n ^ m, o->imm))

EMIT(sha3_eor3, op_eor3)
EMIT(sha3_bcax, op_bcax)
EMIT(sha3_rax1, op_rax1)
EMIT(sha3_xar, op_xar)
