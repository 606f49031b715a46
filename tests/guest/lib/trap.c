/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions as values. Every level has its own vectors and stacks (start.S), which end up in
 * guest_trap(). An exception that no hook deals with is recorded, then control climbs to the home
 * level by SMC or HVC #0x7f and out of run_at().
 */
#include "guest.h"

#define MARK   0x7f
#define STACK  8192
#define EC_HLT 0x3f

/* start.S knows the first two members. */
struct pe {
    uint64_t home_sp;
    uint64_t home;
    bool running, recorded;
    struct outcome out;
    _Alignas(16) char stacks[4][STACK];
};

static struct pe pes[MAX_PES];
static trap_fn *hooks[4];

uint64_t start_snippet(uint64_t spsr, const void *code, const struct args *a, struct pe *pe);
_Noreturn void leave_home(struct pe *pe);
struct pe *pe_self(void);
void guest_trap(struct trap *t);
void guest_boot(void);
void guest_enter(void);
void el_setup(unsigned el);
extern const char vectors_el1[], vectors_el2[], vectors_el3[];

unsigned current_el(void)
{
    return rd(CurrentEL) >> 2;
}

unsigned pe_number(void)
{
    return rd(mpidr_el1) & (MAX_PES - 1);
}

struct pe *pe_self(void)
{
    return &pes[pe_number()];
}

unsigned home_el(void)
{
    return pe_self()->home;
}

void trap_hook(unsigned el, trap_fn *fn)
{
    hooks[el] = fn;
}

static void record(struct outcome *o, const struct trap *t, bool done)
{
    *o = (struct outcome){.done = done,
                          .el = t->el,
                          .vector = t->vector,
                          .esr = t->esr,
                          .elr = t->elr,
                          .spsr = t->spsr,
                          .far = t->far,
                          .hpfar = t->hpfar};
    for (unsigned i = 0; i < ARRAY_LEN(t->x); i++) {
        o->x[i] = t->x[i];
    }
}

static bool is_mark(const struct trap *t)
{
    unsigned ec = ESR_EC(t->esr);

    return (t->vector & 0x180) == VEC_SYNC && FIELD(t->esr, 0, 16) == MARK &&
           (ec == EC_BRK || ec == EC_HVC || ec == EC_SMC);
}

static void climb(struct pe *pe)
{
    if (current_el() == pe->home) {
        leave_home(pe);
    }
    if (pe->home == 3) {
        insn("smc #0x7f");
    } else {
        insn("hvc #0x7f");
    }
}

static void unexpected(const struct trap *t)
{
    struct outcome o;

    record(&o, t, false);
    print("FAIL unexpected exception: ");
    print_outcome(&o);
    guest_exit(1);
}

void guest_trap(struct trap *t)
{
    struct pe *pe = pe_self();
    bool mark = is_mark(t);

    if (!mark && hooks[t->el] != NULL && hooks[t->el](t)) {
        return;
    }
    if (!pe->running) {
        unexpected(t);
    }
    if (!pe->recorded) {
        record(&pe->out, t, mark && ESR_EC(t->esr) == EC_BRK);
        pe->recorded = true;
    }
    climb(pe);
}

/* SP_EL1 and SP_EL2, where the current level does not use them: handlers leave without unwinding.
 */
static void set_stacks(struct pe *pe)
{
    unsigned el = current_el();

    if (el >= 2) {
        wr(sp_el1, (uintptr_t)(pe->stacks[1] + STACK));
    }
    if (el >= 3) {
        wr(sp_el2, (uintptr_t)(pe->stacks[2] + STACK));
    }
}

void set_sp_el0(uint64_t v)
{
    wr(sp_el0, v);
}

struct outcome run_at(uint64_t spsr, const void *code, struct args a)
{
    struct pe *pe = pe_self();

    pe->running = true;
    pe->recorded = false;
    set_stacks(pe);
    start_snippet(spsr, code, &a, pe);
    pe->running = false;
    return pe->out;
}

/* First thing on every PE, at its home level. */
void guest_enter(void)
{
    struct pe *pe = pe_self();
    unsigned el = current_el();

    pe->home = el;
    el_setup(el);
    set_sp_el0((uintptr_t)(pe->stacks[0] + STACK));
    wr(vbar_el1, (uintptr_t)vectors_el1);
    if (el >= 2) {
        wr(vbar_el2, (uintptr_t)vectors_el2);
    }
    if (el >= 3) {
        wr(vbar_el3, (uintptr_t)vectors_el3);
    }
    isb();
}

void guest_boot(void)
{
    guest_enter();
    int status = guest_main();
    guest_exit(guest_failures() != 0 || status != 0);
}
