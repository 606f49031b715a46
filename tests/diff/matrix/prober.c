/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The prober of trap_matrix.py: executes instructions at EL0, EL1 and EL2 under settings of the
 * control registers and writes down how each one ended. Starts at EL3, the MMU off.
 *
 * Input, at INPUT: struct input, the words, the settings. Output: the file out.bin, one byte a
 * setting, word and EL, as `ending` says. Words have Rt = X0.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INPUT   0x44000000
#define SLOTS   0x46000000 /* 16 bytes a word: the word, SMC */
#define SCRATCH 0x46800000 /* what DC, IC, AT and TLBI get as their address */
#define RESULTS 0x47000000

#define SMC      UINT32_C(0xd4000003)
#define SLOT     16
#define EC_TRAP  0x18
#define NOT_RUN  0xfe
#define BAD_ISS  0xff
#define VECTORS  0x800
#define OP0(w)   ((w) >> 19 & 3)
#define IS_OP(w) (OP0(w) == 1)

/* clang-format off */
/* In the order of trap_matrix.py; without a name: HCRX_EL2, HFGRTR_EL2, HFGWTR_EL2, HFGITR_EL2,
 * HDFGRTR_EL2, HDFGWTR_EL2, ICH_HCR_EL2. */
#define CONTROLS(X)                                                                          \
    X(scr_el3) X(cptr_el3) X(mdcr_el3) X(hcr_el2) X(s3_4_c1_c2_2) X(cptr_el2) X(mdcr_el2)    \
    X(cnthctl_el2) X(sctlr_el2) X(sctlr_el1) X(cpacr_el1) X(cntkctl_el1) X(pmuserenr_el0)    \
    X(mdscr_el1) X(s3_4_c1_c1_4) X(s3_4_c1_c1_5) X(s3_4_c1_c1_6) X(s3_4_c3_c1_4)             \
    X(s3_4_c3_c1_5) X(s3_4_c12_c11_0)
/* clang-format on */
#define COUNT(r) +1
enum { N_CONTROLS = CONTROLS(COUNT) };

struct input {
    uint64_t n_words, n_settings;
};
struct setting {
    uint64_t els; /* one bit an EL */
    uint64_t control[N_CONTROLS];
};

static _Alignas(16) char stack[16384];
uint64_t vncr_page[512] __attribute__((aligned(4096)));
void guest_main(void);
void probe(uint64_t spsr, uint64_t address, uint64_t x0);
extern const char vectors_el1[], vectors_el2[];
char *const stack_top = stack + sizeof stack;

/* probe() enters a slot; every exception below EL3 goes on to EL3 by SMC, which returns from it. */
__asm__(".pushsection .text.start, \"ax\"\n.global _start\n_start:\n"
        "ldr x0, =stack_top\nldr x0, [x0]\nmov sp, x0\n"
        "adr x0, vectors_el3\nmsr vbar_el3, x0\nisb\n"
        "bl guest_main\n1: b 1b\n"
        ".global probe\nprobe:\n"
        "stp x29, x30, [sp, #-16]!\nmsr spsr_el3, x0\nmsr elr_el3, x1\nmov x0, x2\neret\n"
        ".balign 2048\nvectors_el3:\n"
        ".rept 16\n.balign 128\nldp x29, x30, [sp], #16\nret\n.endr\n"
        ".balign 2048\n.global vectors_el1\nvectors_el1:\n.rept 16\n.balign 128\nsmc #1\n.endr\n"
        ".balign 2048\n.global vectors_el2\nvectors_el2:\n.rept 16\n.balign 128\nsmc #2\n.endr\n"
        ".balign 2048\n.popsection");

#define rd(reg)                                                                                    \
    ({                                                                                             \
        uint64_t v_;                                                                               \
        __asm__ volatile("mrs %0, " #reg : "=r"(v_)::"memory");                                    \
        v_;                                                                                        \
    })
#define wr(reg, val) __asm__ volatile("msr " #reg ", %x0" ::"rZ"((uint64_t)(val)) : "memory")

static uint64_t semihost(uint64_t op, const void *block)
{
    register uint64_t x0 __asm__("x0") = op;
    register const void *x1 __asm__("x1") = block;
    __asm__ volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
    return x0;
}

static void write_file(const char *name, unsigned name_len, const void *data, uint64_t len)
{
    const uint64_t open[3] = {(uint64_t)name, 5 /* wb */, name_len};
    uint64_t handle = semihost(1, open);
    const uint64_t write[3] = {handle, (uint64_t)data, len};
    const uint64_t end[2] = {0x20026, handle == UINT64_MAX || semihost(5, write) != 0};
    semihost(2, &handle);
    semihost(0x18, end);
}

static void set_controls(const struct setting *s)
{
    const uint64_t *v = s->control;
    uint64_t none = 0;
#define SET(r) wr(r, *v++);
    CONTROLS(SET)
    wr(vbar_el1, vectors_el1);
    wr(vbar_el2, vectors_el2);
    wr(s3_4_c2_c2_0, vncr_page); /* VNCR_EL2 */
    wr(oslar_el1, none);
    wr(sp_el0, stack_top);
    wr(sp_el1, stack_top);
    wr(sp_el2, stack_top);
    /* Nothing that a probe has enabled: interrupts, counters, breakpoints. */
    wr(cntp_ctl_el0, none);
    wr(cntv_ctl_el0, none);
    wr(cnthp_ctl_el2, none);
    wr(pmselr_el0, none);
    wr(spsr_el1, none);
    __asm__ volatile("isb");
}

static bool within(uint64_t address, const char *vectors)
{
    return address - (uint64_t)vectors < VECTORS;
}

/* ISS of a trapped MSR, MRS or system instruction. */
static uint64_t iss_of(uint32_t w)
{
    return (uint64_t)OP0(w) << 20 | (w >> 5 & 7) << 17 | (w >> 16 & 7) << 14 |
           (w >> 12 & 15) << 10 | (w >> 8 & 15) << 1 | (w >> 21 & 1);
}

/* 0: it completed. Else its first exception: EL it was taken to in bits 7:6, class in bits 5:0. */
static uint8_t ending(uint32_t word, uint64_t slot)
{
    unsigned el = 3;
    uint64_t elr = rd(elr_el3), esr = rd(esr_el3);

    if (within(elr, vectors_el2)) {
        el = 2;
        elr = rd(elr_el2);
        esr = rd(esr_el2);
    }
    if (within(elr, vectors_el1)) {
        el = 1;
        elr = rd(elr_el1);
        esr = rd(esr_el1);
    }
    if (elr != slot) {
        return 0;
    }
    unsigned ec = esr >> 26 & 63;
    if (ec == EC_TRAP && (esr & 0x1ffffff) != iss_of(word)) {
        return BAD_ISS;
    }
    return (uint8_t)(el << 6 | ec);
}

void guest_main(void)
{
    static const uint64_t modes[] = {0x3c0, 0x3c5, 0x3c9};
    const struct input *in = (const struct input *)INPUT;
    const uint32_t *words = (const uint32_t *)(in + 1);
    const struct setting *settings = (const struct setting *)(words + (in->n_words + 1) / 2 * 2);
    uint8_t *out = (uint8_t *)RESULTS;

    for (uint64_t i = 0; i < in->n_words; i++) {
        uint32_t *slot = (uint32_t *)(SLOTS + SLOT * i);
        slot[0] = words[i];
        slot[1] = slot[2] = slot[3] = SMC;
    }
    __asm__ volatile("dsb sy\nic iallu\ndsb sy\nisb" ::: "memory");
    for (uint64_t s = 0; s < in->n_settings; s++) {
        set_controls(&settings[s]);
        for (uint64_t i = 0; i < in->n_words; i++) {
            for (unsigned el = 0; el < 3; el++) {
                uint64_t slot = SLOTS + SLOT * i;
                if (!(settings[s].els >> el & 1)) {
                    *out++ = NOT_RUN;
                    continue;
                }
                probe(modes[el], slot, IS_OP(words[i]) ? SCRATCH : 0);
                *out = ending(words[i], slot);
                if (*out++ == 0 && !IS_OP(words[i]) && !(words[i] >> 21 & 1)) {
                    set_controls(&settings[s]);
                }
            }
        }
    }
    write_file("out.bin", 7, (const void *)RESULTS, (uint64_t)(out - (uint8_t *)RESULTS));
}
