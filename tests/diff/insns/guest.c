/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs short instruction sequences on pseudo-random registers and memory, at EL1, and writes a hash
 * of everything they may have changed; insns.py makes the sequences and compares the hashes of two
 * emulators. Exceptions are part of the result: an instruction that takes one is skipped, but for a
 * Branch Target exception, after which it runs; a branch to nowhere ends the sequence.
 */
#include <stddef.h>
#include <stdint.h>

#define PARAMS  ((const struct params *)0x48000000)
#define CODE    ((uint32_t *)0x44000000) /* a branch reaches the epilogue from here */
#define RESULTS ((uint64_t *)0x54000000)
#define DUMPS   ((struct dump *)0x58000000)
#define SCRATCH ((uint64_t *)0x60000000)

#define SCRATCH_WORDS 512
#define MAX_WORDS     12
#define MAX_DUMPS     64

/* As insns.py writes them. */
struct sequence {
    uint64_t seed;
    uint32_t fpcr, n_words;
    uint32_t word[MAX_WORDS];
};
struct params {
    uint64_t n_sequences, sctlr, attributes /* of the code's page */, n_dumps;
    uint64_t dump[MAX_DUMPS]; /* sequences whose whole result is wanted */
    struct sequence sequence[];
};

/* start.S knows the layout. */
struct state {
    uint64_t x[31], sp, nzcv, fpcr, fpsr, taken;
    uint64_t v[64];
    uint64_t exception[16]; /* ESR, FAR */
    uint64_t host_sp, saved[2];
};
_Static_assert(offsetof(struct state, v) == 0x120, "start.S");
_Static_assert(offsetof(struct state, exception) == 0x320, "start.S");
_Static_assert(offsetof(struct state, host_sp) == 0x3a0, "start.S");
#define RESULT_WORDS (offsetof(struct state, host_sp) / 8)

struct dump {
    struct state state;
    uint64_t scratch[SCRATCH_WORDS];
};

void run_sequence(struct state *s, const void *code);
extern const char sequence_done[];
void guest_main(void);
_Noreturn void guest_unexpected(uint64_t esr, uint64_t elr);

#define wr(reg, val) __asm__ volatile("msr " #reg ", %0" ::"r"((uint64_t)(val)) : "memory")
#define insn(text)   __asm__ volatile(text ::: "memory")

/* ---- semihosting ---- */

enum { SYS_OPEN = 1, SYS_CLOSE = 2, SYS_WRITE0 = 4, SYS_WRITE = 5, SYS_EXIT = 0x18 };

static uint64_t semihost(uint64_t op, const void *block)
{
    register uint64_t x0 __asm__("x0") = op;
    register const void *x1 __asm__("x1") = block;
    __asm__ volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
    return x0;
}

static _Noreturn void guest_exit(uint64_t status)
{
    const uint64_t block[2] = {0x20026, status};
    for (;;) {
        semihost(SYS_EXIT, block);
    }
}

static void print_hex(uint64_t v)
{
    char text[18];
    for (unsigned i = 0; i < 16; i++) {
        text[i] = "0123456789abcdef"[v >> (60 - 4 * i) & 15];
    }
    text[16] = '\n';
    text[17] = 0;
    semihost(SYS_WRITE0, text);
}

_Noreturn void guest_unexpected(uint64_t esr, uint64_t elr)
{
    semihost(SYS_WRITE0, "unexpected exception: ESR, ELR\n");
    print_hex(esr);
    print_hex(elr);
    guest_exit(1);
}

static void write_file(const char *name, unsigned name_len, const void *data, uint64_t len)
{
    const uint64_t open[3] = {(uint64_t)name, 5 /* wb */, name_len};
    uint64_t handle = semihost(SYS_OPEN, open);
    const uint64_t write[3] = {handle, (uint64_t)data, len};
    if (handle == UINT64_MAX || semihost(SYS_WRITE, write) != 0) {
        semihost(SYS_WRITE0, "cannot write the result\n");
        guest_exit(1);
    }
    semihost(SYS_CLOSE, &handle);
}

/* ---- registers and memory before a sequence ---- */

static uint64_t next_random(uint64_t *s)
{
    uint64_t x = *s;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *s = x;
    return x * UINT64_C(0x2545f4914f6cdd1d);
}

/* Numbers at the edges of integer and floating-point formats. */
static const uint64_t edge64[] = {
    0,
    1,
    UINT64_MAX,
    UINT64_C(0x7fffffffffffffff),
    UINT64_C(0x8000000000000000),
    UINT64_C(0x3ff0000000000000),
    UINT64_C(0xbff8000000000000),
    UINT64_C(0x7ff0000000000000),
    UINT64_C(0xfff0000000000000),
    UINT64_C(0x7ff8000000000001),
    UINT64_C(0x7ff0000000000001),
    UINT64_C(0x000fffffffffffff),
    UINT64_C(0x8000000000000001),
    UINT64_C(0x0010000000000000),
    UINT64_C(0x7fefffffffffffff),
    UINT64_C(0x43e0000000000000),
    UINT64_C(0xc1e0000000200000),
    UINT64_C(0x3fe0000000000000),
    UINT64_C(0x4330000000000001),
    UINT64_C(0x41dfffffffc00000),
};
static const uint32_t edge32[] = {
    0,          1,          UINT32_MAX, 0x7fffffff, 0x80000000, 0x3f800000, 0xbfc00000, 0x7f800000,
    0xff800000, 0x7fc00001, 0x7f800001, 0x007fffff, 0x80000001, 0x00800000, 0x7f7fffff, 0x4f000000,
    0xcf000000, 0x3f000000, 0x4b000001, 0x38800000, 0x33000000, 0x477ff000,
};
static const uint16_t edge16[] = {
    0,      1,      0xffff, 0x7fff, 0x8000, 0x3c00, 0xbe00, 0x7c00, 0xfc00, 0x7e01,
    0x7c01, 0x03ff, 0x8001, 0x0400, 0x7bff, 0x3800, 0x6401, 0x0080, 0x7f80, 0xff00,
};
#define PICK(table, r) (table)[(r) % (sizeof(table) / sizeof((table)[0]))]

static uint64_t random_value(uint64_t *s)
{
    uint64_t r = next_random(s), v = 0;
    switch (r >> 61) {
    case 0:
        return PICK(edge64, r & 0xffff);
    case 1:
        return PICK(edge32, r & 0xffff) | (uint64_t)PICK(edge32, r >> 16 & 0xffff) << 32;
    case 2:
        for (unsigned i = 0; i < 64; i += 16) {
            v |= (uint64_t)PICK(edge16, next_random(s) >> 40) << i;
        }
        return v;
    case 3: /* small, either sign */
        return (uint64_t)((int64_t)(r << 16) >> 56);
    case 4: { /* doubles and singles of similar size, so that sums mean something */
        uint64_t e = UINT64_C(0x3c0) + (r >> 50 & 0x7f);
        return r & 1 ? e << 52 | r >> 14 | r << 63
                     : (r & UINT64_C(0x83ffffff83ffffff)) | UINT64_C(0x3c0000003c000000);
    }
    default:
        return next_random(s);
    }
}

/*
 * X16 to X23 and SP point into the middle of the scratch memory, X20 to X23 at any alignment;
 * X24 to X26 are offsets. insns.py uses them so and does not overwrite them.
 */
static void make_state(struct state *s, const struct sequence *q)
{
    uint64_t seed = q->seed, middle = (uint64_t)&SCRATCH[SCRATCH_WORDS / 4];
    for (unsigned i = 0; i < 31; i++) {
        s->x[i] = random_value(&seed);
    }
    for (unsigned i = 16; i < 24; i++) {
        s->x[i] = middle + (next_random(&seed) >> 33) % 96 * 16;
        s->x[i] += i >= 20 ? next_random(&seed) >> 60 : 0;
    }
    s->x[24] = next_random(&seed) >> 58;
    s->x[25] = (uint64_t)((int64_t)next_random(&seed) >> 57);
    s->x[26] = next_random(&seed) << 32 | next_random(&seed) >> 58;
    uint64_t r = next_random(&seed);
    s->sp = middle + 16 * (r >> 58) + (r & 7 ? 0 : r >> 8 & 15);
    s->nzcv = r << 28 & UINT64_C(0xf0000000);
    s->fpcr = q->fpcr;
    s->fpsr = 0;
    s->taken = 0;
    for (unsigned i = 0; i < 64; i++) {
        s->v[i] = random_value(&seed);
    }
    for (unsigned i = 0; i < 16; i++) {
        s->exception[i] = 0;
    }
    for (unsigned i = 0; i < SCRATCH_WORDS; i++) {
        SCRATCH[i] = seed + i * UINT64_C(0x9e3779b97f4a7c15);
    }
    for (unsigned i = SCRATCH_WORDS / 4; i < SCRATCH_WORDS / 2; i += 5) {
        SCRATCH[i] = random_value(&seed);
    }
}

/* ---- running ---- */

static uint64_t hash_words(uint64_t h, const uint64_t *p, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        h = (h ^ p[i]) * UINT64_C(0x9fb21c651e98df25);
        h ^= h >> 32;
    }
    return h;
}

static void copy_words(uint64_t *to, const uint64_t *from, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        to[i] = from[i];
    }
}

/*
 * RAM is mapped one to one by blocks of 2 MiB; everything else faults. EL0 could use the scratch
 * memory, so that unprivileged loads and stores work. Both halves have the same
 * size: the reference takes that of the wrong half for PAC* of a pointer whose bits 63 and 55
 * differ.
 */
static void mmu_on(uint64_t sctlr, uint64_t attributes)
{
    static uint64_t table[512] __attribute__((aligned(4096)));
    static uint64_t blocks[512] __attribute__((aligned(4096)));
    for (uint64_t i = 0; i < 512; i++) {
        uint64_t address = UINT64_C(0x40000000) + (i << 21);
        uint64_t user = address == (uint64_t)SCRATCH ? 1 << 6 : 0;
        blocks[i] = attributes | user | address | 1 << 10 | 3 << 8 | 1; /* AF, inner shareable */
    }
    table[1] = (uint64_t)blocks | 3;
    wr(mair_el1, 0xff);
    wr(tcr_el1, 32 | 1 << 8 | 1 << 10 | 3 << 12 | 32 << 16 | 1 << 23 | UINT64_C(2) << 30 |
                    UINT64_C(2) << 32);
    wr(ttbr0_el1, table);
    insn("tlbi vmalle1\n dsb sy\n isb");
    wr(sctlr_el1, sctlr);
    insn("isb");
}

static void pac_keys(void)
{
    wr(s3_0_c2_c1_0, UINT64_C(0x0123456789abcdef));
    wr(s3_0_c2_c1_1, UINT64_C(0xfedcba9876543210));
    wr(s3_0_c2_c1_2, UINT64_C(0x1111222233334444));
    wr(s3_0_c2_c1_3, UINT64_C(0x5555666677778888));
    wr(s3_0_c2_c2_0, UINT64_C(0x9999aaaabbbbcccc));
    wr(s3_0_c2_c2_1, UINT64_C(0xddddeeeeffff0000));
    wr(s3_0_c2_c2_2, UINT64_C(0x84be85ce9804e94b));
    wr(s3_0_c2_c2_3, UINT64_C(0xec2802d4e0a488e9));
    wr(s3_0_c2_c3_0, UINT64_C(0x477d469dec0b8762));
    wr(s3_0_c2_c3_1, UINT64_C(0xdeadbeefcafef00d));
}

/* All code is written before any of it runs. */
static void write_code(void)
{
    uint32_t *p = CODE;
    for (uint64_t i = 0; i < PARAMS->n_sequences; i++) {
        const struct sequence *q = &PARAMS->sequence[i];
        for (unsigned w = 0; w < q->n_words; w++) {
            *p++ = q->word[w];
        }
        int64_t distance = (int64_t)(uintptr_t)sequence_done - (int64_t)(uintptr_t)p;
        *p++ = 0x14000000 | (uint32_t)(distance >> 2 & 0x3ffffff);
    }
    for (uint64_t a = (uint64_t)CODE; a < (uint64_t)p; a += 64) {
        __asm__ volatile("dc cvau, %0" ::"r"(a) : "memory");
    }
    insn("dsb ish\n ic iallu\n dsb ish\n isb");
}

static void run_all(void)
{
    static struct state s __attribute__((aligned(16)));
    const uint32_t *code = CODE;
    unsigned dumps = 0;
    for (uint64_t i = 0; i < PARAMS->n_sequences; i++) {
        const struct sequence *q = &PARAMS->sequence[i];
        make_state(&s, q);
        run_sequence(&s, code);
        code += q->n_words + 1;
        RESULTS[i] = hash_words(hash_words(0, s.x, RESULT_WORDS), SCRATCH, SCRATCH_WORDS);
        if (dumps < PARAMS->n_dumps && PARAMS->dump[dumps] == i) {
            copy_words(DUMPS[dumps].state.x, s.x, RESULT_WORDS);
            copy_words(DUMPS[dumps].scratch, SCRATCH, SCRATCH_WORDS);
            dumps++;
        }
    }
}

void guest_main(void)
{
    mmu_on(PARAMS->sctlr, PARAMS->attributes);
    pac_keys();
    write_code();
    run_all();
    write_file("hashes.bin", 10, RESULTS, 8 * PARAMS->n_sequences);
    write_file("dumps.bin", 9, DUMPS, PARAMS->n_dumps * sizeof(struct dump));
    guest_exit(0);
}
