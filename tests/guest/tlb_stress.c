/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random work for TLBs: three VMIDs with three ASIDs each, and EL2, change between each other,
 * remap pages and blocks of both stages by break-before-make, invalidate with a scope that
 * suffices, and load and store through what is mapped. A model without TLB says what each access
 * must find. How many translations are kept must not matter (tests/state/tlb.py). Arm ARM D8.16,
 * D8.17.
 */
#include "mmu.h"

#define N_VM     3
#define N_ASID   3
#define N_VA     8 /* virtual pages of an address space; the last two are global */
#define GLOBAL   6
#define N_PAGE   8 /* pages of an IPA space, and of memory */
#define NOWHERE  N_PAGE
#define STEPS    12000
#define VMID(vm) (5 + 7 * (vm))
#define ASID(a)  (0x21 + 0x11 * (a))

#define IPA_PAGES UINT64_C(0x2000000000)
#define IPA_BLOCK UINT64_C(0x2040000000)
#define VA_BLOCK  (WINDOW + BIT(30))
#define BLOCK     BIT(21)
#define MEMORY    UINT64_C(0x4a000000) /* two blocks that differ */
#define N_PIECES  (BLOCK / PAGE)
#define TTL_PAGE  (UINT64_C(7) << 44)
#define TTL_BLOCK (UINT64_C(6) << 44)
#define RANGE_4K  (UINT64_C(1) << 46)

SNIPPET(load_code, "ldr x1, [x0]");
SNIPPET(store_code, "str x1, [x0]");

/* What is mapped where, and what memory holds. */
static struct vm {
    struct tables s2, s1[N_ASID];
    uint8_t to_ipa[N_ASID][N_VA], to_page[N_PAGE];
    uint8_t block; /* 0, 1: a block of memory; 2: pages of both in turn; 3: nothing */
} vms[N_VM];
static struct tables el2;
static uint8_t el2_page;
static _Alignas(4096) uint64_t memory[N_PAGE][512];
static uint64_t contents[N_PAGE];
static unsigned vm_now, asid_now;
static uint64_t random_state = UINT64_C(0x9e3779b97f4a7c15), digest;

static unsigned chance(unsigned n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (random_state >> 20) % n;
}

/* ---- maintenance ---- */

#define TLBI(op, x) __asm__ volatile("tlbi " op ", %0" ::"r"(x) : "memory")
#define TLBI0(op)   __asm__ volatile("tlbi " op ::: "memory")

/* One address of stage 1, in the current VMID. */
static void forget_va(uint64_t va, unsigned asid, bool global, bool block)
{
    const uint64_t page = va >> 12 & (BIT(44) - 1), tag = (uint64_t)ASID(asid) << 48;
    const uint64_t one = tag | page, hint = one | (block ? TTL_BLOCK : TTL_PAGE);
    /* From the base on, NUM = 0: two pages. A block has 512 of them: NUM = 7, SCALE = 1. */
    const uint64_t range = tag | RANGE_4K | (va >> 12 & (BIT(37) - 1)) |
                           (block ? UINT64_C(1) << 44 | UINT64_C(7) << 39 : 0);

    switch (chance(global ? 14 : 17)) {
    case 0:
        TLBI("vae1", one);
        break;
    case 1:
        TLBI("vae1is", hint);
        break;
    case 2:
        TLBI("vae1os", one);
        break;
    case 3:
        TLBI("vale1", hint);
        break;
    case 4:
        TLBI("vale1is", one);
        break;
    case 5:
        TLBI("vaae1", one);
        break;
    case 6:
        TLBI("vaae1is", hint);
        break;
    case 7:
        TLBI("vaale1os", one);
        break;
    case 8:
        TLBI("rvae1", range);
        break;
    case 9:
        TLBI("rvaae1is", range);
        break;
    case 10:
        TLBI("rvale1os", range);
        break;
    case 11:
        TLBI0("vmalle1");
        break;
    case 12:
        TLBI0("vmalle1is");
        break;
    case 13:
        TLBI0("alle1");
        break;
    case 14:
        TLBI("aside1", tag);
        break;
    case 15:
        TLBI("aside1is", tag);
        break;
    default:
        TLBI("aside1os", tag);
        break;
    }
}

/* One address of stage 2, in the current VMID. */
static void forget_ipa(uint64_t ipa, bool block)
{
    const uint64_t one = ipa >> 12, hint = one | (block ? TTL_BLOCK : TTL_PAGE);
    const uint64_t range = RANGE_4K | one | (block ? UINT64_C(1) << 44 | UINT64_C(7) << 39 : 0);
    bool whole = true;

    switch (chance(10)) {
    case 0:
        TLBI("ipas2e1", one);
        break;
    case 1:
        TLBI("ipas2e1is", hint);
        break;
    case 2:
        TLBI("ipas2le1", one);
        break;
    case 3:
        TLBI("ipas2le1os", hint);
        break;
    case 4:
        TLBI("ripas2e1", range);
        break;
    case 5:
        TLBI("ripas2le1is", range);
        break;
    default:
        whole = false;
    }
    dsb();
    if (whole) { /* combined entries, which are not by IPA */
        switch (chance(2)) {
        case 0:
            TLBI0("vmalle1");
            break;
        default:
            TLBI0("vmalle1is");
        }
        return;
    }
    switch (chance(4)) {
    case 0:
        TLBI0("vmalls12e1");
        break;
    case 1:
        TLBI0("vmalls12e1is");
        break;
    case 2:
        TLBI0("vmalls12e1os");
        break;
    default:
        TLBI0("alle1is");
    }
}

static void forget_el2(uint64_t va)
{
    const uint64_t one = va >> 12 & (BIT(44) - 1);

    switch (chance(7)) {
    case 0:
        TLBI("vae2", one);
        break;
    case 1:
        TLBI("vae2is", one | TTL_PAGE);
        break;
    case 2:
        TLBI("vale2", one);
        break;
    case 3:
        TLBI("vale2os", one);
        break;
    case 4:
        TLBI("rvae2", RANGE_4K | (va >> 12 & (BIT(37) - 1)));
        break;
    case 5:
        TLBI0("alle2");
        break;
    default:
        TLBI0("alle2is");
    }
}

static void finish(void)
{
    dsb();
    isb();
}

/* ---- changes ---- */

static void enter(unsigned vm, unsigned asid)
{
    struct vm *v = &vms[vm];

    vm_now = vm;
    asid_now = asid;
    wr(vttbr_el2, (uintptr_t)v->s2.root | (uint64_t)VMID(vm) << 48);
    wr(ttbr0_el1, (uintptr_t)v->s1[asid].root | (uint64_t)ASID(asid) << 48);
    isb();
}

static uint64_t va_of(unsigned n)
{
    return WINDOW + n * PAGE;
}

static void stage1_page(unsigned n)
{
    struct vm *v = &vms[vm_now];
    bool global = n >= GLOBAL;
    unsigned to = chance(N_PAGE + 1), first = global ? 0 : asid_now;
    unsigned last = global ? N_ASID - 1 : asid_now;

    for (unsigned a = first; a <= last; a++) {
        *descriptor(&v->s1[a], va_of(n), 3) = 0;
    }
    dsb();
    forget_va(va_of(n), asid_now, global, false);
    finish();
    for (unsigned a = first; a <= last; a++) {
        v->to_ipa[a][n] = to;
        if (to != NOWHERE) {
            *descriptor(&v->s1[a], va_of(n), 3) =
                (IPA_PAGES + to * PAGE) | D_NORMAL | D_PAGE | D_EL0 | D_PXN | (global ? 0 : D_NG);
        }
    }
    finish();
}

static void stage2_page(unsigned n)
{
    struct vm *v = &vms[vm_now];
    uint64_t *d = descriptor(&v->s2, IPA_PAGES + n * PAGE, 3);

    *d = 0;
    dsb();
    forget_ipa(IPA_PAGES + n * PAGE, false);
    finish();
    v->to_page[n] = chance(N_PAGE + 1);
    if (v->to_page[n] != NOWHERE) {
        *d = (uintptr_t)memory[v->to_page[n]] | S2_NORMAL | D_PAGE;
    }
    finish();
}

static uint64_t piece_of(unsigned kind, unsigned n)
{
    return MEMORY + (kind < 2 ? kind : n & 1) * BLOCK + n * PAGE;
}

static void stage2_block(void)
{
    struct vm *v = &vms[vm_now];
    uint64_t *d = descriptor(&v->s2, IPA_BLOCK, 2);
    static uint64_t *pieces;

    *d = 0;
    dsb();
    forget_ipa(IPA_BLOCK, v->block < 2);
    if (v->block == 2) { /* no hint fits a table; and its entries are 512 */
        TLBI0("vmalls12e1");
    }
    finish();
    v->block = chance(4);
    if (pieces == NULL) {
        pieces = table_new();
        for (unsigned i = 0; i < N_PIECES; i++) {
            pieces[i] = piece_of(2, i) | S2_NORMAL | D_PAGE;
        }
    }
    if (v->block < 3) {
        *d = v->block < 2 ? piece_of(v->block, 0) | S2_NORMAL
                          : (uintptr_t)pieces | D_VALID | D_TABLE;
    }
    finish();
}

/* The block's stage 1 descriptor goes and comes back: its scope is what is tried. */
static void stage1_block(void)
{
    uint64_t *d = descriptor(&vms[vm_now].s1[asid_now], VA_BLOCK, 2), was = *d;

    *d = 0;
    dsb();
    forget_va(VA_BLOCK, asid_now, false, true);
    finish();
    struct outcome o = run_at(MASKED(EL1H), load_code, ARGS(VA_BLOCK + chance(N_PIECES) * PAGE));
    check_eq("a block that is gone", o.done ? 0 : ESR_EC(o.esr), EC_DABT);
    *d = was;
    finish();
}

static void el2_map(void)
{
    uint64_t *d = descriptor(&el2, WINDOW, 3);

    *d = 0;
    dsb();
    forget_el2(WINDOW);
    finish();
    el2_page = chance(N_PAGE);
    *d = (uintptr_t)memory[el2_page] | D_NORMAL | D_PAGE | D_EL0;
    finish();
}

/* ---- accesses ---- */

static void note(uint64_t v)
{
    digest = (digest ^ v) * UINT64_C(0x100000001b3);
}

static void one_access(unsigned n)
{
    const struct vm *v = &vms[vm_now];
    unsigned ipa = v->to_ipa[asid_now][n];
    unsigned to = ipa == NOWHERE ? NOWHERE : v->to_page[ipa];
    bool store = chance(3) == 0;
    uint64_t value = random_state, mode = chance(2) ? MASKED(EL0T) : MASKED(EL1H);
    struct outcome o = run_at(mode, store ? store_code : load_code, ARGS(va_of(n), value));

    note(o.done ? o.x[1] : o.esr);
    if (to == NOWHERE) {
        check_eq("nothing mapped: level", o.done ? 0 : o.el, ipa == NOWHERE ? 1 : 2);
        check_eq("nothing mapped: status", FIELD(o.esr, 0, 6), 7);
        return;
    }
    check_done("mapped", &o);
    if (store) {
        contents[to] = value;
        check_eq("stored", memory[to][0], value);
    } else {
        check_eq("loaded", o.x[1], contents[to]);
    }
}

static void access_block(void)
{
    const struct vm *v = &vms[vm_now];
    unsigned n = chance(N_PIECES);
    struct outcome o = run_at(MASKED(EL1H), load_code, ARGS(VA_BLOCK + n * PAGE));

    note(o.done ? o.x[1] : o.esr);
    if (v->block == 3) {
        check_eq("no block", o.done ? 0 : o.el, 2);
    } else {
        check_done("block", &o);
        check_eq("piece of a block", o.x[1], piece_of(v->block, n));
    }
}

static void access_el2(void)
{
    struct outcome o = run_at(MASKED(EL2H), load_code, ARGS(WINDOW));

    check_done("EL2", &o);
    check_eq("EL2's page", o.x[1], contents[el2_page]);
    note(o.x[1]);
}

static void step(void)
{
    switch (chance(16)) {
    case 0:
        enter(chance(N_VM), asid_now);
        break;
    case 1:
        enter(vm_now, chance(N_ASID));
        break;
    case 2:
        enter(chance(N_VM), chance(N_ASID));
        break;
    case 3:
        stage1_page(chance(N_VA));
        break;
    case 4:
        stage2_page(chance(N_PAGE));
        break;
    case 5:
        chance(2) ? stage2_block() : stage1_block();
        break;
    case 6:
        el2_map();
        break;
    case 7:
        access_el2();
        break;
    case 8:
        access_block();
        break;
    default:
        one_access(chance(N_VA));
    }
}

static void prepare(void)
{
    for (unsigned i = 0; i < N_PAGE; i++) {
        contents[i] = memory[i][0] = UINT64_C(0x1001001001) * (i + 1);
    }
    for (uint64_t at = 0; at < 2 * BLOCK; at += PAGE) {
        *(volatile uint64_t *)(MEMORY + at) = MEMORY + at;
    }
    el2 = stage1_flat();
    *descriptor(&el2, WINDOW, 3) = (uintptr_t)memory[0] | D_NORMAL | D_PAGE | D_EL0;
    for (unsigned i = 0; i < N_VM; i++) {
        struct vm *v = &vms[i];

        v->s2 = stage2_flat();
        v->block = 3;
        for (unsigned n = 0; n < N_PAGE; n++) {
            *descriptor(&v->s2, IPA_PAGES + n * PAGE, 3) = 0; /* down to level 3 */
            v->to_page[n] = NOWHERE;
        }
        for (unsigned a = 0; a < N_ASID; a++) {
            v->s1[a] = stage1_flat();
            map(&v->s1[a], VA_BLOCK, IPA_BLOCK, BLOCK, D_NORMAL | D_NG | D_PXN, 2);
            for (unsigned n = 0; n < N_VA; n++) {
                *descriptor(&v->s1[a], va_of(n), 3) = 0;
                v->to_ipa[a][n] = NOWHERE;
            }
        }
    }
    stage1_on(2, &el2, 0);
    stage1_on(1, &vms[0].s1[0], ASID(0));
    stage2_on(&vms[0].s2, VMID(0));
    enter(0, 0);
}

int guest_main(void)
{
    prepare();
    for (unsigned i = 0; i < STEPS && guest_failures_so_far() == 0; i++) {
        step();
    }
    print("digest ");
    print_hex(digest);
    print("\n");
    return 0;
}
