/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>

#include "base/bits.h"
#include "core/evq.h"
#include "fakes/unit.h"

enum { N_EVENTS = 64 };

struct rig;
struct tag {
    struct rig *rig;
    unsigned n;
};

struct rig {
    struct evq *q;
    struct event e[N_EVENTS];
    unsigned ran[N_EVENTS * 4], n_ran;
    tick_t ran_at[N_EVENTS * 4];
    struct tag tags[N_EVENTS];
    unsigned n_earlier;
    tick_t earlier;
};

static void ran(void *opaque, tick_t now)
{
    struct tag *t = opaque;
    assert_int_equal(now, evq_now(t->rig->q));
    assert_false(evq_pending(&t->rig->e[t->n]));
    t->rig->ran_at[t->rig->n_ran] = now;
    t->rig->ran[t->rig->n_ran++] = t->n;
}

static void earlier(void *opaque, tick_t next)
{
    struct rig *r = opaque;
    r->n_earlier++;
    r->earlier = next;
}

static int rig_up(void **state)
{
    struct rig *r = g_new0(struct rig, 1);
    r->q = evq_new();
    for (unsigned i = 0; i < N_EVENTS; i++) {
        r->tags[i] = (struct tag){r, i};
        r->e[i] = (struct event){.name = "e", .fn = ran, .opaque = &r->tags[i]};
    }
    *state = r;
    return 0;
}

static int rig_down(void **state)
{
    struct rig *r = *state;
    evq_free(r->q);
    g_free(r);
    return 0;
}

static void test_order(void **state)
{
    static const unsigned want[] = {3, 2, 0, 1, 4};
    struct rig *r = *state;
    r->e[2].prio = 1;
    r->e[0].prio = r->e[1].prio = 2;
    evq_schedule(r->q, &r->e[4], 30);
    evq_schedule(r->q, &r->e[0], 20);
    evq_schedule(r->q, &r->e[1], 20); /* same time and priority: as scheduled */
    evq_schedule(r->q, &r->e[2], 20); /* lower priority number: first */
    evq_schedule(r->q, &r->e[3], 10);
    assert_int_equal(evq_next(r->q), 10);
    evq_advance(r->q, 9);
    assert_int_equal(r->n_ran, 0);
    evq_advance(r->q, 25);
    assert_int_equal(r->n_ran, 4);
    assert_int_equal(evq_now(r->q), 25);
    evq_advance(r->q, 30);
    assert_int_equal(r->n_ran, ARRAY_LEN(want));
    for (unsigned i = 0; i < ARRAY_LEN(want); i++) {
        assert_int_equal(r->ran[i], want[i]);
    }
    assert_int_equal(r->ran_at[0], 10);
    assert_int_equal(r->ran_at[4], 30);
    assert_int_equal(evq_next(r->q), TICK_NEVER);
}

static void test_cancel_and_move(void **state)
{
    struct rig *r = *state;
    evq_cancel(r->q, &r->e[0]); /* not scheduled: nothing happens */
    evq_schedule(r->q, &r->e[0], 10);
    evq_schedule(r->q, &r->e[1], 20);
    assert_true(evq_pending(&r->e[0]));
    evq_schedule(r->q, &r->e[0], 30); /* moved, not doubled */
    assert_int_equal(evq_next(r->q), 20);
    evq_schedule(r->q, &r->e[1], TICK_NEVER);
    assert_false(evq_pending(&r->e[1]));
    assert_int_equal(evq_next(r->q), 30);
    evq_advance(r->q, 100);
    assert_int_equal(r->n_ran, 1);
    evq_schedule(r->q, &r->e[2], 50); /* in the past: now */
    assert_int_equal(evq_next(r->q), 100);
    evq_advance(r->q, 100);
    assert_int_equal(r->n_ran, 2);
    assert_int_equal(evq_now(r->q), 100);
}

static void test_earlier(void **state)
{
    struct rig *r = *state;
    evq_on_earlier(r->q, earlier, r);
    evq_schedule(r->q, &r->e[0], 20);
    assert_int_equal(r->n_earlier, 1);
    assert_int_equal(r->earlier, 20);
    evq_schedule(r->q, &r->e[1], 30);
    evq_schedule(r->q, &r->e[2], 20);
    assert_int_equal(r->n_earlier, 1);
    evq_schedule(r->q, &r->e[1], 5);
    assert_int_equal(r->n_earlier, 2);
    assert_int_equal(r->earlier, 5);
    evq_schedule(r->q, &r->e[1], 6); /* later than it was */
    assert_int_equal(r->n_earlier, 2);
}

static void test_set_now(void **state)
{
    struct rig *r = *state;
    evq_set_now(r->q, 100);
    evq_schedule(r->q, &r->e[0], 150);
    evq_set_now(r->q, 90); /* the next PE's turn */
    assert_int_equal(evq_now(r->q), 90);
    evq_schedule(r->q, &r->e[1], 95);
    evq_advance(r->q, 150);
    assert_int_equal(r->n_ran, 2);
    assert_int_equal(r->ran_at[0], 95);
}

struct chain {
    struct evq *q;
    struct event e;
    unsigned left;
};

static void chain_run(void *opaque, tick_t now)
{
    struct chain *c = opaque;
    if (--c->left != 0) {
        evq_schedule(c->q, &c->e, now + 7);
    }
}

/* An event that schedules itself runs at each of its times, in one advance. */
static void test_reschedule_inside(void **state)
{
    struct rig *r = *state;
    struct chain c = {.q = r->q, .left = 10};
    c.e = (struct event){.name = "chain", .fn = chain_run, .opaque = &c};
    evq_schedule(r->q, &c.e, 7);
    evq_advance(r->q, 69);
    assert_int_equal(c.left, 1);
    assert_int_equal(evq_next(r->q), 70);
    evq_advance(r->q, 70);
    assert_int_equal(c.left, 0);
    assert_int_equal(evq_next(r->q), TICK_NEVER);
}

/* Random scheduling, moving and cancelling, against a plain search for the next one. */
static void test_random(void **state)
{
    struct rig *r = *state;
    tick_t due[N_EVENTS];
    uint64_t x = 88172645463325252U;
    for (unsigned i = 0; i < N_EVENTS; i++) {
        due[i] = TICK_NEVER;
    }
    for (unsigned step = 0; step < 20000; step++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        unsigned n = x % N_EVENTS;
        due[n] = (x >> 20) % 4 == 0 ? TICK_NEVER : (x >> 30) % 1000;
        evq_schedule(r->q, &r->e[n], due[n]);
        tick_t next = TICK_NEVER;
        for (unsigned i = 0; i < N_EVENTS; i++) {
            assert_int_equal(evq_pending(&r->e[i]), due[i] != TICK_NEVER);
            next = due[i] < next ? due[i] : next;
        }
        assert_int_equal(evq_next(r->q), next);
    }
    evq_advance(r->q, 1000);
    for (unsigned i = 1; i < r->n_ran; i++) {
        assert_true(r->ran_at[i - 1] <= r->ran_at[i]);
    }
}

int main(void)
{
#define RIG(f) cmocka_unit_test_setup_teardown(f, rig_up, rig_down)
    const struct CMUnitTest tests[] = {
        RIG(test_order),   RIG(test_cancel_and_move),   RIG(test_earlier),
        RIG(test_set_now), RIG(test_reschedule_inside), RIG(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
