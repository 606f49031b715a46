/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every bare-metal test program has: checks, the console, exceptions as values.
 *
 * A program is one file with a `guest_main()`. It starts at the highest exception level of the
 * board, its home, with the MMU off. run_at() executes a snippet at a lower level (or at home) and
 * returns how that ended: the first exception it took, or `done` when it reached its end.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(a)         (sizeof(a) / sizeof((a)[0]))
#define BIT(n)               (UINT64_C(1) << (n))
#define HCR_FMO              BIT(3)
#define HCR_IMO              BIT(4)
#define FIELD(v, low, width) (((v) >> (low)) & (BIT(width) - 1))

#define MAX_PES 8

#define rd(reg)                                                                                    \
    ({                                                                                             \
        uint64_t v_;                                                                               \
        __asm__ volatile("mrs %0, " #reg : "=r"(v_)::"memory");                                    \
        v_;                                                                                        \
    })
#define wr(reg, val)                                                                               \
    do {                                                                                           \
        uint64_t v_ = (val);                                                                       \
        __asm__ volatile("msr " #reg ", %x0" ::"rZ"(v_) : "memory");                               \
    } while (0)
/* The same for a register whose name is a macro. */
#define rdn(reg)     rdn_(reg)
#define rdn_(reg)    rd(reg)
#define wrn(reg, v)  wrn_(reg, v)
#define wrn_(reg, v) wr(reg, v)
#define isb()        __asm__ volatile("isb" ::: "memory")
#define dsb()        __asm__ volatile("dsb sy" ::: "memory")
#define insn(text)   __asm__ volatile(text ::: "memory")

/* ---- console and checks (check.c, semihost.c) ---- */
uint64_t semihost(uint64_t op, const void *block);
void print(const char *s);
void print_hex(uint64_t v);
void print_dec(uint64_t v);
_Noreturn void guest_exit(unsigned status);
void check(const char *name, bool ok);
void check_eq(const char *name, uint64_t got, uint64_t want);
unsigned guest_failures(void); /* prints the closing line when there are none */
unsigned guest_failures_so_far(void);
int guest_main(void);

/* ---- exceptions (trap.c, start.S) ---- */
/* Saved by the vectors; start.S knows the layout. */
struct trap {
    uint64_t x[31];
    uint64_t elr, spsr, esr, far, hpfar;
    uint64_t vector; /* offset in the vector table */
    uint64_t el;     /* taken to */
};
struct outcome {
    bool done; /* the snippet came to its end: nothing was taken */
    uint64_t el, vector, esr, elr, spsr, far, hpfar;
    uint64_t x[31]; /* registers at the end or at the exception */
};
/* An exception at level `el`, before it is recorded: true when dealt with, and then it returns. */
typedef bool trap_fn(struct trap *t);
void trap_hook(unsigned el, trap_fn *fn);

#define EL0T         0x0
#define EL1T         0x4
#define EL1H         0x5
#define EL2T         0x8
#define EL2H         0x9
#define EL3T         0xc
#define EL3H         0xd
#define DAIF         0x3c0
#define MASKED(mode) ((mode) | DAIF)

struct args {
    uint64_t x[8];
};
#define ARGS(...) ((struct args){{__VA_ARGS__}})
struct outcome run_at(uint64_t spsr, const void *code, struct args a);
unsigned home_el(void);
unsigned current_el(void);
unsigned pe_number(void);
/* SP_ELx that the snippet gets; SP_EL0 is free for the snippets' own use. */
void set_sp_el0(uint64_t v);

/*
 * Code for run_at(): global assembly in pages of its own, without a stack. `done` ends it: BRK
 * stays at EL1, EL2 or EL3 unless debug exceptions are routed.
 */
#define DONE "brk #0x7f\n"
#define SNIPPET(name, text)                                                                        \
    extern const char name[];                                                                      \
    __asm__(".pushsection .snippets, \"ax\"\n.balign 16\n" #name ":\n" text "\n" DONE              \
            ".popsection\n")

#define VEC_SYNC   0x000
#define VEC_IRQ    0x080
#define VEC_FIQ    0x100
#define VEC_SERROR 0x180
#define FROM_SP0   0x000
#define FROM_SPX   0x200
#define FROM_LOWER 0x400

/* ESR_ELx */
#define ESR_EC(esr)  FIELD(esr, 26, 6)
#define ESR_IL(esr)  FIELD(esr, 25, 1)
#define ESR_ISS(esr) FIELD(esr, 0, 25)
#define ESR(ec, iss) ((uint64_t)(ec) << 26 | BIT(25) | (iss))
#define EC_UNKNOWN   0x00
#define EC_WFX       0x01
#define EC_FP        0x07
#define EC_ILLEGAL   0x0e
#define EC_SVC       0x15
#define EC_HVC       0x16
#define EC_SMC       0x17
#define EC_SYSREG    0x18
#define EC_IABT_LOW  0x20
#define EC_IABT      0x21
#define EC_PC_ALIGN  0x22
#define EC_DABT_LOW  0x24
#define EC_DABT      0x25
#define EC_SP_ALIGN  0x26
#define EC_SERROR    0x2f
#define EC_BRK       0x3c

/* Checks that something ended as said; `esr` is the whole register. */
void check_taken(const char *name, const struct outcome *o, unsigned el, unsigned vector,
                 uint64_t esr);
void check_done(const char *name, const struct outcome *o);
void print_outcome(const struct outcome *o);

#endif
