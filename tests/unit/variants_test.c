/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine/variants: which stencils a block gets. Random blocks of invented stencils run twice, as
 * plain ones and as chosen; a value is the number of the operation that made it.
 */
#include <string.h>

#include "cpu/engine/block.h"
#include "cpu/engine/variants.h"
#include "cpu/isa/flags.h"
#include "fakes/unit.h"

enum { N_REGS = 6, N_OPS = 24, N_HANDLERS = 40, N_VARIANTS = 6 };

static uint32_t seed = 1;

static unsigned any(unsigned below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 16) % below;
}

struct machine {
    unsigned x[N_REGS], flag[4], last; /* last: what %rsi has */
};

static uint8_t register_of(const struct op *o, uint8_t field)
{
    const uint8_t fields[] = {0, o->a, o->b, o->c, o->d};
    return fields[field];
}

static void run(struct machine *m, const struct stencil *s, const struct op *o, unsigned number)
{
    for (unsigned f = 0; f < 4; f++) {
        if (s->writes >> f & 1) {
            m->flag[f] = number;
        }
    }
    if (s->sets != STENCIL_NONE) {
        m->x[register_of(o, s->sets)] = m->last = number;
    }
}

static unsigned seen(const struct stencil *s)
{
    return s == NULL || s->exits || s->next == 0 ? FLAGS_ALL : s->reads;
}

static void compare_flags(const struct machine *a, const struct machine *b, unsigned which)
{
    for (unsigned f = 0; f < 4; f++) {
        if (which >> f & 1) {
            assert_int_equal(a->flag[f], b->flag[f]);
        }
    }
}

static void invent(struct stencil *plain)
{
    *plain = (struct stencil){.hot = 100,
                              .next = (uint8_t)(1 + any(8) / 7),
                              .more = N_VARIANTS,
                              .sets = (uint8_t)(any(3) != 0 ? STENCIL_A : any(3)),
                              .reads = (uint8_t)(any(3) == 0 ? any(16) : 0),
                              .writes = (uint8_t)(any(2) == 0 ? FLAGS_ALL : any(16)),
                              .exits = any(4) == 0};
    for (unsigned i = 1; i <= N_VARIANTS; i++) {
        plain[i] = *plain;
        plain[i].hot = (uint16_t)any(120);
        plain[i].operand = (uint8_t)any(4);
        plain[i].writes &= (uint8_t)any(16);
        plain[i].sink = plain->sets <= STENCIL_A && any(4) == 0;
        if (plain[i].sink) {
            plain[i].sets = STENCIL_NONE;
        }
    }
}

static unsigned step(const struct stencil *s)
{
    return s != NULL && s->next != 0 ? s->next : 1;
}

static void check_block(const struct stencil (*table)[1 + N_VARIANTS])
{
    static const uint8_t names[N_REGS] = {0, 1, 2, 31, 32, REG_SINK};
    struct op ops[N_OPS + 2];
    struct choice chosen[N_OPS + 2];
    const struct stencil *plain[N_OPS + 2];
    memset(ops, 0, sizeof(ops));
    for (unsigned i = 0; i < N_OPS; i++) {
        plain[i] = any(10) != 0 ? table[any(N_HANDLERS)] : NULL;
        chosen[i].stencil = plain[i];
        ops[i].a = (uint8_t)any(N_REGS);
        ops[i].b = (uint8_t)any(N_REGS - 1);
        ops[i].c = (uint8_t)any(N_REGS - 1);
        ops[i].d = (uint8_t)any(N_REGS - 1);
    }
    /* The numbers of the registers are real ones for the analysis. */
    struct op real[N_OPS + 2];
    memcpy(real, ops, sizeof(real));
    for (unsigned i = 0; i < N_OPS; i++) {
        real[i].a = names[ops[i].a];
        real[i].b = names[ops[i].b];
        real[i].c = names[ops[i].c];
        real[i].d = names[ops[i].d];
    }
    variants_choose(chosen, real, N_OPS);

    struct machine p = {0}, v = {0};
    for (unsigned i = 0; i < N_OPS; i += step(plain[i])) {
        const struct stencil *s = chosen[i].stencil;
        compare_flags(&p, &v, seen(plain[i]));
        if (plain[i] == NULL) {
            assert_null(s);
            v.last = p.last = UINT32_MAX - i;
            continue;
        }
        assert_true(s >= plain[i] && s <= plain[i] + N_VARIANTS);
        assert_true(!s->sink || real[i].a == REG_SINK);
        for (unsigned r = 0; r < N_REGS; r++) { /* the way in from elsewhere reloads it */
            assert_true(names[r] != chosen[i].carried || p.x[r] == v.last);
        }
        if (s->operand != STENCIL_NONE) {
            assert_int_equal(register_of(&real[i], s->operand), chosen[i].carried);
        }
        run(&p, plain[i], &ops[i], i + 1);
        run(&v, s, &ops[i], i + 1);
        for (unsigned r = 0; r < N_REGS; r++) {
            assert_true(names[r] == REG_SINK || p.x[r] == v.x[r]);
        }
    }
    compare_flags(&p, &v, FLAGS_ALL);
}

static void test_random_blocks(void **state)
{
    static struct stencil table[N_HANDLERS][1 + N_VARIANTS];
    for (unsigned t = 0; t < 200; t++) {
        for (unsigned i = 0; i < N_HANDLERS; i++) {
            invent(table[i]);
        }
        for (unsigned n = 0; n < 200; n++) {
            check_block(table);
        }
    }
}

/* SUBS, CSEL on the carry, SUBS at the end of the block: the first needs the carry only. */
static void test_flags_die(void **state)
{
    static const struct stencil subs[] = {
        {.hot = 50, .next = 1, .more = 1, .sets = STENCIL_A, .writes = FLAGS_ALL},
        {.hot = 20, .next = 1, .sets = STENCIL_A, .writes = FLAG_C}};
    static const struct stencil csel[] = {
        {.hot = 30, .next = 1, .more = 1, .sets = STENCIL_A, .reads = FLAG_C},
        {.hot = 20, .next = 1, .operand = STENCIL_B, .sets = STENCIL_A, .reads = FLAG_C}};
    static const struct stencil load[] = {{.hot = 40, .next = 1, .sets = STENCIL_A, .exits = true}};
    const struct op ops[] = {
        {.a = 1, .b = 2}, {.a = 3, .b = 1}, {.a = 4, .b = 5}, {.a = 1, .b = 3}};

    struct choice u[4] = {{subs, 0}, {csel, 0}, {subs, 0}, {csel, 0}};
    variants_choose(u, ops, 4);
    assert_ptr_equal(u[0].stencil, &subs[1]);
    assert_ptr_equal(u[1].stencil, &csel[1]);
    assert_int_equal(u[1].carried, 1);
    assert_ptr_equal(u[2].stencil, &subs[0]); /* looked at behind the block */
    assert_ptr_equal(u[3].stencil, &csel[0]); /* of register 3, while 4 is carried */

    struct choice with_load[3] = {{subs, 0}, {load, 0}, {subs, 0}};
    variants_choose(with_load, ops, 3);
    assert_ptr_equal(with_load[0].stencil, &subs[0]); /* a fault would show them */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_blocks),
        cmocka_unit_test(test_flags_die),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
