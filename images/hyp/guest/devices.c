/* SPDX-License-Identifier: Apache-2.0 */
/* Loads and stores that the hypervisor carries out: width, sign, register, and what it cannot. */
#include "guest.h"

#define VALUE UINT64_C(0x8182838485868788)

#define LOAD(name, text, at, want)                                                                 \
    do {                                                                                           \
        uint64_t v_ = ~UINT64_C(0);                                                                \
        __asm__ volatile(text : "+r"(v_) : "r"(SCRATCH_DEVICE + (at)) : "memory");                 \
        check_eq(name, v_, want);                                                                  \
    } while (0)
#define STORE(text, at, v)                                                                         \
    __asm__ volatile(text ::"r"((uint64_t)(v)), "r"(SCRATCH_DEVICE + (at)) : "memory")

static volatile uint64_t *const scratch = (volatile uint64_t *)SCRATCH_DEVICE;

static void loads(void)
{
    *scratch = VALUE;
    LOAD("LDR X", "ldr %0, [%1]", 0, VALUE);
    LOAD("LDR W", "ldr %w0, [%1]", 4, 0x81828384);
    LOAD("LDRH", "ldrh %w0, [%1]", 2, 0x8586);
    LOAD("LDRB", "ldrb %w0, [%1]", 7, 0x81);
    LOAD("LDRSB W", "ldrsb %w0, [%1]", 7, 0xffffff81);
    LOAD("LDRSB X", "ldrsb %0, [%1]", 7, UINT64_C(0xffffffffffffff81));
    LOAD("LDRSH W", "ldrsh %w0, [%1]", 0, 0xffff8788);
    LOAD("LDRSH X", "ldrsh %0, [%1]", 0, UINT64_C(0xffffffffffff8788));
    LOAD("LDRSW", "ldrsw %0, [%1]", 4, UINT64_C(0xffffffff81828384));
    LOAD("LDAR", "ldar %0, [%1]", 0, VALUE);
    LOAD("LDTR", "ldtr %w0, [%1]", 0, UINT64_C(0xffffffffffffffff)); /* EL0 may not: stage 1 */
}

static void stores(void)
{
    *scratch = VALUE;
    STORE("strb %w0, [%1]", 1, 0x1122);
    check_eq("STRB", *scratch, UINT64_C(0x8182838485862288));
    STORE("strh %w0, [%1]", 6, 0x334455);
    check_eq("STRH", *scratch, UINT64_C(0x4455838485862288));
    STORE("str wzr, [%1]", 0, 0);
    check_eq("STR WZR", *scratch, UINT64_C(0x4455838400000000));
    STORE("stlr %0, [%1]", 0, VALUE);
    check_eq("STLR", *scratch, VALUE);
    STORE("str xzr, [%1]", 0, 0);
    check_eq("STR XZR", *scratch, 0);
}

/* ISV = 0: the syndrome does not say what was wanted, and this hypervisor does not look. */
#define REFUSED(name, text, iss)                                                                   \
    do {                                                                                           \
        uint64_t at_ = SCRATCH_DEVICE;                                                             \
        t->sync = 0;                                                                               \
        __asm__ volatile(text : "+r"(at_)::"x10", "x11", "memory");                                \
        check_eq(name, t->sync, 1);                                                                \
        check_eq(name ": ESR_EL1", t->esr, ESR(EC_DABT, DFSC_SEA | (iss)));                        \
        check_eq(name ": no write-back", at_, SCRATCH_DEVICE);                                     \
    } while (0)

static void refused(void)
{
    struct taken *t = taken();

    REFUSED("LDP", "ldp x10, x11, [%0]", 0);
    REFUSED("STP", "stp x10, x11, [%0]", BIT(6));
    REFUSED("LDR, post-index", "ldr x10, [%0], #8", 0);
    REFUSED("STR, pre-index", "str x10, [%0, #8]!", BIT(6));
    REFUSED("LDXR", "ldxr x10, [%0]", 0);
}

void test_devices(void)
{
    loads();
    stores();
    refused();
}
