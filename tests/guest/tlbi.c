/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLB maintenance by every scope: after a descriptor changed and the operation completed, the new
 * one is used; ASIDs and VMIDs keep translations apart without any maintenance. Arm ARM D8.17.
 */
#include "mmu.h"

SNIPPET(load_code, "ldr x1, [x0]");

/* Two pages of different contents; the tested page is one of them. */
static _Alignas(4096) uint64_t first[512], second[512];
#define FIRST  UINT64_C(0x1111111111111111)
#define SECOND UINT64_C(0x2222222222222222)

static struct tables s1, s1b, s2, s2b;

/* How the operand of an operation is made. */
enum operand { NONE, BY_VA, BY_ASID, BY_IPA, BY_RANGE, BY_IPA_RANGE };

#define ASID 0x2a
#define VMID 0x15

/* DSBs around, as software must. */
#define TLBI(op) "dsb sy\n" op "\ndsb sy\nisb"
/* name, operation, level it runs at, operand */
#define EL1_OPERATIONS(X)                                                                          \
    X(vmalle1, "tlbi vmalle1", 1, NONE)                                                            \
    X(vmalle1is, "tlbi vmalle1is", 1, NONE)                                                        \
    X(vmalle1os, "tlbi vmalle1os", 1, NONE)                                                        \
    X(vae1, "tlbi vae1, x0", 1, BY_VA)                                                             \
    X(vae1is, "tlbi vae1is, x0", 1, BY_VA)                                                         \
    X(vae1os, "tlbi vae1os, x0", 1, BY_VA)                                                         \
    X(vale1, "tlbi vale1, x0", 1, BY_VA)                                                           \
    X(vale1is, "tlbi vale1is, x0", 1, BY_VA)                                                       \
    X(vale1os, "tlbi vale1os, x0", 1, BY_VA)                                                       \
    X(vaae1, "tlbi vaae1, x0", 1, BY_VA)                                                           \
    X(vaae1is, "tlbi vaae1is, x0", 1, BY_VA)                                                       \
    X(vaale1, "tlbi vaale1, x0", 1, BY_VA)                                                         \
    X(vaale1is, "tlbi vaale1is, x0", 1, BY_VA)                                                     \
    X(vaale1os, "tlbi vaale1os, x0", 1, BY_VA)                                                     \
    X(aside1, "tlbi aside1, x0", 1, BY_ASID)                                                       \
    X(aside1is, "tlbi aside1is, x0", 1, BY_ASID)                                                   \
    X(aside1os, "tlbi aside1os, x0", 1, BY_ASID)                                                   \
    X(rvae1, "tlbi rvae1, x0", 1, BY_RANGE)                                                        \
    X(rvae1is, "tlbi rvae1is, x0", 1, BY_RANGE)                                                    \
    X(rvae1os, "tlbi rvae1os, x0", 1, BY_RANGE)                                                    \
    X(rvale1, "tlbi rvale1, x0", 1, BY_RANGE)                                                      \
    X(rvaae1, "tlbi rvaae1, x0", 1, BY_RANGE)                                                      \
    X(rvaale1is, "tlbi rvaale1is, x0", 1, BY_RANGE)                                                \
    X(vae1_at_el2, "tlbi vae1, x0", 2, BY_VA)                                                      \
    X(aside1_at_el2, "tlbi aside1is, x0", 2, BY_ASID)                                              \
    X(vmalle1_at_el2, "tlbi vmalle1", 2, NONE)                                                     \
    X(vmalls12e1, "tlbi vmalls12e1", 2, NONE)                                                      \
    X(vmalls12e1is, "tlbi vmalls12e1is", 2, NONE)                                                  \
    X(alle1, "tlbi alle1", 2, NONE)                                                                \
    X(alle1is, "tlbi alle1is", 2, NONE)                                                            \
    X(alle1os, "tlbi alle1os", 2, NONE)                                                            \
    X(alle1_at_el3, "tlbi alle1", 3, NONE)

#define EL2_OPERATIONS(X)                                                                          \
    X(alle2, "tlbi alle2", 2, NONE)                                                                \
    X(alle2is, "tlbi alle2is", 2, NONE)                                                            \
    X(alle2os, "tlbi alle2os", 2, NONE)                                                            \
    X(vae2, "tlbi vae2, x0", 2, BY_VA)                                                             \
    X(vae2is, "tlbi vae2is, x0", 2, BY_VA)                                                         \
    X(vale2, "tlbi vale2, x0", 2, BY_VA)                                                           \
    X(vale2is, "tlbi vale2is, x0", 2, BY_VA)                                                       \
    X(rvae2, "tlbi rvae2, x0", 2, BY_RANGE)                                                        \
    X(rvale2is, "tlbi rvale2is, x0", 2, BY_RANGE)

#define EL3_OPERATIONS(X)                                                                          \
    X(alle3, "tlbi alle3", 3, NONE)                                                                \
    X(alle3is, "tlbi alle3is", 3, NONE)                                                            \
    X(vae3, "tlbi vae3, x0", 3, BY_VA)                                                             \
    X(vale3is, "tlbi vale3is, x0", 3, BY_VA)                                                       \
    X(rvae3, "tlbi rvae3, x0", 3, BY_RANGE)

/* Stage 2: by IPA, then the stage 1 entries made from it (BY_IPA ones are followed by VMALLE1). */
#define STAGE2_OPERATIONS(X)                                                                       \
    X(ipas2e1, "tlbi ipas2e1, x0\ndsb sy\ntlbi vmalle1", 2, BY_IPA)                                \
    X(ipas2e1is, "tlbi ipas2e1is, x0\ndsb sy\ntlbi vmalle1is", 2, BY_IPA)                          \
    X(ipas2le1, "tlbi ipas2le1, x0\ndsb sy\ntlbi vmalle1", 2, BY_IPA)                              \
    X(ipas2le1is, "tlbi ipas2le1is, x0\ndsb sy\ntlbi vmalle1is", 2, BY_IPA)                        \
    X(ripas2e1, "tlbi ripas2e1, x0\ndsb sy\ntlbi vmalle1", 2, BY_IPA_RANGE)                        \
    X(ripas2le1is, "tlbi ripas2le1is, x0\ndsb sy\ntlbi vmalle1is", 2, BY_IPA_RANGE)                \
    X(s2_vmalls12e1, "tlbi vmalls12e1", 2, NONE)                                                   \
    X(s2_vmalls12e1is, "tlbi vmalls12e1is", 2, NONE)                                               \
    X(s2_alle1, "tlbi alle1", 2, NONE)

#define DEFINE(name, text, el, operand) SNIPPET(op_##name, TLBI(text));
EL1_OPERATIONS(DEFINE)
EL2_OPERATIONS(DEFINE)
EL3_OPERATIONS(DEFINE)
STAGE2_OPERATIONS(DEFINE)

struct operation {
    const char *name, *code;
    unsigned el;
    enum operand operand;
};
#define ROW(name, text, el, operand) {text, op_##name, el, operand},
static const struct operation el1_operations[] = {EL1_OPERATIONS(ROW)};
static const struct operation el2_operations[] = {EL2_OPERATIONS(ROW)};
static const struct operation el3_operations[] = {EL3_OPERATIONS(ROW)};
static const struct operation stage2_operations[] = {STAGE2_OPERATIONS(ROW)};

/* 4 KiB granule, TTL unknown; a range covers two pages from the base. */
static uint64_t operand_of(enum operand kind, uint64_t address)
{
    const uint64_t asid = (uint64_t)ASID << 48, page = address >> 12;

    switch (kind) {
    case BY_VA:
        return asid | (page & (BIT(44) - 1));
    case BY_ASID:
        return asid;
    case BY_IPA:
        return page & (BIT(36) - 1);
    case BY_RANGE:
        return asid | UINT64_C(1) << 46 | (page & (BIT(37) - 1));
    case BY_IPA_RANGE:
        return UINT64_C(1) << 46 | (page & (BIT(37) - 1));
    default:
        return 0;
    }
}

static uint64_t mode_of(unsigned el)
{
    static const uint64_t modes[] = {MASKED(EL0T), MASKED(EL1H), MASKED(EL2H), MASKED(EL3H)};

    return modes[el];
}

static void check_load(const char *name, unsigned el, uint64_t va, uint64_t want)
{
    struct outcome o = run_at(mode_of(el), load_code, ARGS(va));

    check_done(name, &o);
    check_eq(name, o.x[1], want);
}

/* Use a translation, change it through an invalid one, invalidate, use it again. */
static void change(const struct operation *op, unsigned el, const struct tables *t,
                   uint64_t address, uint64_t va, uint64_t attrs)
{
    uint64_t *d = descriptor(t, address, 3), operand = operand_of(op->operand, address);

    *d = (uintptr_t)first | attrs | D_PAGE;
    tlb_flush_all();
    check_load(op->name, el, va, FIRST);
    *d = 0;
    struct outcome o = run_at(mode_of(op->el), op->code, ARGS(operand));
    check_done(op->name, &o);
    o = run_at(mode_of(el), load_code, ARGS(va));
    check(op->name, !o.done);
    *d = (uintptr_t)second | attrs | D_PAGE;
    dsb();
    check_load(op->name, el, va, SECOND);
}

static void run_list(const struct operation *ops, size_t n, unsigned el)
{
    const uint64_t attrs = D_NORMAL | (el == 1 ? D_NG : 0);

    stage1_on(el, &s1, ASID);
    for (size_t i = 0; i < n; i++) {
        change(&ops[i], el, &s1, WINDOW + 0x5000, WINDOW + 0x5000, attrs);
        if (ops[i].operand != BY_ASID && el == 1) { /* a global entry */
            change(&ops[i], el, &s1, WINDOW + 0x7000, WINDOW + 0x7000, attrs & ~D_NG);
        }
    }
    stage1_off(el);
}

static void stage2_list(void)
{
    const uint64_t ipa = UINT64_C(0x1000005000);

    stage1_on(1, &s1, ASID);
    stage2_on(&s2, VMID);
    map(&s1, WINDOW + 0x5000, ipa, PAGE, D_NORMAL, 3);
    tlb_flush_all();
    for (size_t i = 0; i < ARRAY_LEN(stage2_operations); i++) {
        change(&stage2_operations[i], 1, &s2, ipa, WINDOW + 0x5000, S2_NORMAL);
    }
    /* The same without stage 1: the IPA is the address. */
    stage1_off(1);
    for (size_t i = 0; i < ARRAY_LEN(stage2_operations); i++) {
        change(&stage2_operations[i], 1, &s2, ipa, ipa, S2_NORMAL);
    }
    stage2_off();
}

/* Two address spaces with the same address: switching the ASID needs no maintenance. */
static void asids(void)
{
    const uint64_t va = WINDOW + 0x9000;

    map(&s1, va, (uintptr_t)first, PAGE, D_NORMAL | D_NG, 3);
    map(&s1b, va, (uintptr_t)second, PAGE, D_NORMAL | D_NG, 3);
    stage1_on(1, &s1, 1);
    for (unsigned i = 0; i < 6; i++) {
        const struct tables *t = i & 1 ? &s1b : &s1;

        wr(ttbr0_el1, (uintptr_t)t->root | (UINT64_C(1) + (i & 1)) << 48);
        isb();
        check_load("ASID switch", 1, va, i & 1 ? SECOND : FIRST);
    }
    stage1_off(1);
}

static void vmids(void)
{
    const uint64_t ipa = UINT64_C(0x1000009000);

    map(&s2, ipa, (uintptr_t)first, PAGE, S2_NORMAL, 3);
    map(&s2b, ipa, (uintptr_t)second, PAGE, S2_NORMAL, 3);
    stage2_on(&s2, 1);
    for (unsigned i = 0; i < 6; i++) {
        const struct tables *t = i & 1 ? &s2b : &s2;

        wr(vttbr_el2, (uintptr_t)t->root | (UINT64_C(1) + (i & 1)) << 48);
        isb();
        check_load("VMID switch", 1, ipa, i & 1 ? SECOND : FIRST);
    }
    stage2_off();
}

/* Permissions and attributes change with maintenance too, and blocks go with one operation. */
static void blocks(void)
{
    const uint64_t va = WINDOW + 0x40000000;

    map(&s1, va, RAM_BASE, BIT(21), D_NORMAL | D_NG, 2);
    stage1_on(1, &s1, ASID);
    check_load("block", 1, va + (uintptr_t)first % BIT(21),
               *(volatile uint64_t *)(uintptr_t)(RAM_BASE + (uintptr_t)first % BIT(21)));
    *descriptor(&s1, va, 2) = 0;
    struct outcome o = run_at(MASKED(EL1H), op_vae1, ARGS(operand_of(BY_VA, va + 0x1ff000)));
    check_done("block: one TLBI VAE1", &o);
    o = run_at(MASKED(EL1H), load_code, ARGS(va + 8));
    check("block: gone as a whole", !o.done);
    stage1_off(1);
}

int guest_main(void)
{
    s1 = stage1_flat();
    s1b = stage1_flat();
    s2 = stage2_flat();
    s2b = stage2_flat();
    for (unsigned i = 0; i < 512; i++) {
        first[i] = FIRST;
        second[i] = SECOND;
    }
    run_list(el1_operations, ARRAY_LEN(el1_operations), 1);
    run_list(el2_operations, ARRAY_LEN(el2_operations), 2);
    run_list(el3_operations, ARRAY_LEN(el3_operations), 3);
    stage2_list();
    asids();
    vmids();
    blocks();
    return 0;
}
