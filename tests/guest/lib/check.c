/* SPDX-License-Identifier: Apache-2.0 */
/* Checks: each failure is one line that begins with FAIL and the name of the check. */
#include "guest.h"

static unsigned n_checks, n_failures;

void print_hex(uint64_t v)
{
    char s[19] = "0x";
    unsigned n = 2;

    for (int shift = 60; shift >= 0; shift -= 4) {
        unsigned digit = v >> shift & 15;
        if (digit != 0 || n > 2 || shift == 0) {
            s[n++] = "0123456789abcdef"[digit];
        }
    }
    s[n] = '\0';
    print(s);
}

void print_dec(uint64_t v)
{
    char s[21];
    unsigned n = sizeof(s) - 1;

    s[n] = '\0';
    do {
        s[--n] = '0' + v % 10;
        v /= 10;
    } while (v != 0);
    print(s + n);
}

static void fail(const char *name)
{
    n_failures++;
    print("FAIL ");
    print(name);
}

void check(const char *name, bool ok)
{
    n_checks++;
    if (!ok) {
        fail(name);
        print("\n");
    }
}

void check_eq(const char *name, uint64_t got, uint64_t want)
{
    n_checks++;
    if (got != want) {
        fail(name);
        print(": ");
        print_hex(got);
        print(", expected ");
        print_hex(want);
        print("\n");
    }
}

void print_outcome(const struct outcome *o)
{
    if (o->done) {
        print("came to its end\n");
        return;
    }
    print("EL");
    print_dec(o->el);
    print(" vector ");
    print_hex(o->vector);
    print(" ESR ");
    print_hex(o->esr);
    print(" ELR ");
    print_hex(o->elr);
    print(" SPSR ");
    print_hex(o->spsr);
    print(" FAR ");
    print_hex(o->far);
    print("\n");
}

void check_done(const char *name, const struct outcome *o)
{
    n_checks++;
    if (!o->done) {
        fail(name);
        print(": ");
        print_outcome(o);
    }
}

void check_taken(const char *name, const struct outcome *o, unsigned el, unsigned vector,
                 uint64_t esr)
{
    n_checks++;
    if (o->done || o->el != el || o->vector != vector || o->esr != esr) {
        fail(name);
        print(": ");
        print_outcome(o);
        print("     expected EL");
        print_dec(el);
        print(" vector ");
        print_hex(vector);
        print(" ESR ");
        print_hex(esr);
        print("\n");
    }
}

unsigned guest_failures_so_far(void)
{
    return n_failures;
}

unsigned guest_failures(void)
{
    if (n_failures == 0) {
        print("OK ");
        print_dec(n_checks);
        print(" checks\n");
    }
    return n_failures;
}
