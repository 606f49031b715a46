/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage 1 faults of the EL1&0, EL2 and EL3 regimes: exception class, status code, level, WnR,
 * S1PTW, FAR and return address. Arm ARM D8.15 "MMU faults", ISS encoding of Data and Instruction
 * Aborts.
 */
#include "mmu.h"

SNIPPET(load_code, "ldr x1, [x0]");
SNIPPET(store_code, "str x1, [x0]");
SNIPPET(fetch_code, "br x0");
SNIPPET(atomic_code, "ldadd x1, x2, [x0]");
SNIPPET(exclusive_code, "ldxr x1, [x0]\nstxr w2, x1, [x0]");
SNIPPET(cvac_code, "dc cvac, x0");
SNIPPET(ivac_code, "dc ivac, x0");
SNIPPET(zva_code, "dc zva, x0");
SNIPPET(at_read_code, "at s1e1r, x0\nisb\nmrs x1, par_el1");
SNIPPET(at_write_code, "at s1e1w, x0\nisb\nmrs x1, par_el1");
SNIPPET(at_el0_code, "at s1e0r, x0\nisb\nmrs x1, par_el1");

#define WNR                  BIT(6)
#define CM                   BIT(8)
#define ADDR_SIZE(level)     (0x00 + (level))
#define TRANSLATION(level)   (0x04 + (level))
#define ACCESS_FLAG(level)   (0x08 + (level))
#define PERMISSION(level)    (0x0c + (level))
#define EXTERNAL             0x10
#define EXTERNAL_WALK(level) (0x14 + (level))
#define ALIGNMENT            0x21

static const struct regime {
    const char *name;
    unsigned el;
    uint64_t mode; /* the code runs in */
} regimes[] = {{"EL1&0 at EL0", 1, MASKED(EL0T)},
               {"EL1&0 at EL1", 1, MASKED(EL1H)},
               {"EL2", 2, MASKED(EL2H)},
               {"EL3", 3, MASKED(EL3H)}};

static struct tables s1;
static _Alignas(4096) uint64_t page[512];

static void in_regime(const struct regime *r, unsigned failures)
{
    if (guest_failures_so_far() != failures) {
        print("     in the regime ");
        print(r->name);
        print("\n");
    }
}

/* The exception that `code` gives in regime r for address va. */
static void expect(const char *name, const struct regime *r, const char *code, uint64_t va,
                   uint64_t iss)
{
    unsigned failures = guest_failures_so_far();
    bool lower = (r->mode & 0xf) == EL0T;
    bool fetch = code == fetch_code;
    unsigned ec = (fetch ? EC_IABT_LOW : EC_DABT_LOW) + !lower;
    struct outcome o = run_at(r->mode, code, ARGS(va));

    check_taken(name, &o, r->el, lower ? FROM_LOWER : FROM_SPX, ESR(ec, iss));
    check_eq(name, o.far, va);
    check_eq(name, o.elr, fetch ? va : (uintptr_t)code);
    in_regime(r, failures);
}

static void expect_all(const char *name, const struct regime *r, uint64_t va, uint64_t status)
{
    expect(name, r, load_code, va, status);
    expect(name, r, store_code, va, status | WNR);
    expect(name, r, fetch_code, va & ~UINT64_C(3), status);
}

/* Attributes of a page that the code of regime r may use in every way. */
static uint64_t open_page(const struct regime *r)
{
    return D_NORMAL | (r->mode == MASKED(EL0T) || r->el > 1 ? D_EL0 : 0);
}

static void set(uint64_t va, unsigned level, uint64_t value)
{
    *descriptor(&s1, va, level) = value;
    tlb_flush_all();
}

static void clear(uint64_t va)
{
    *descriptor(&s1, va, 0) = 0;
    tlb_flush_all();
}

static void translation_faults(const struct regime *r)
{
    for (unsigned level = 0; level < 4; level++) {
        uint64_t va = WINDOW + 0x123450;

        set(va, level, 0);
        expect_all("translation fault", r, va, TRANSLATION(level));
        if (level == 3 || level == 0) { /* reserved encodings: a block here does not exist */
            set(va, level, (uintptr_t)page | open_page(r));
            expect_all("reserved descriptor", r, va, TRANSLATION(level));
        }
        clear(va);
    }
    expect("address beyond TxSZ", r, load_code, UINT64_C(0x0001000000000000), TRANSLATION(0));
    if (r->el == 1) {
        expect("TTBR1 walks off", r, load_code, UINT64_C(0xffff000000001000), TRANSLATION(0));
    } else {
        expect("upper half of a regime without one", r, load_code, UINT64_C(0xffff000000001000),
               TRANSLATION(0));
    }
}

static void access_flag(const struct regime *r)
{
    for (unsigned level = 1; level < 4; level++) {
        uint64_t va = WINDOW + 0x8, base = (uintptr_t)page & -BIT(39 - 9 * level);

        set(va, level, base | (open_page(r) & ~D_AF) | (level == 3 ? D_PAGE : 0));
        expect_all("access flag fault", r, va, ACCESS_FLAG(level));
        clear(va);
    }
}

static void address_size(const struct regime *r)
{
    for (unsigned level = 1; level < 4; level++) {
        uint64_t va = WINDOW + 0x10;

        set(va, level, BIT(41) | open_page(r) | (level == 3 ? D_PAGE : 0));
        expect_all("address size fault", r, va, ADDR_SIZE(level));
        clear(va);
    }
    set(WINDOW, 1, BIT(42) | D_VALID | D_TABLE);
    expect_all("address size fault of a table", r, WINDOW, ADDR_SIZE(1));
    clear(WINDOW);
}

static void permissions(const struct regime *r)
{
    const uint64_t frame = (uintptr_t)page | D_PAGE, va = WINDOW + 0x18;

    set(va, 3, frame | open_page(r) | D_RO);
    expect("write to a read-only page", r, store_code, va, PERMISSION(3) | WNR);
    expect("atomic on a read-only page", r, atomic_code, va, PERMISSION(3) | WNR);
    struct outcome o = run_at(r->mode, load_code, ARGS(va));
    check_done("read of a read-only page", &o);
    set(va, 3, frame | open_page(r) | D_XN | (r->mode == MASKED(EL1H) ? D_PXN : 0));
    expect("fetch of an execute-never page", r, fetch_code, WINDOW + 0x18, PERMISSION(3));
    if (r->mode == MASKED(EL0T)) {
        set(va, 3, frame | D_NORMAL);
        expect("EL1 page read at EL0", r, load_code, va, PERMISSION(3));
        expect("EL1 page written at EL0", r, store_code, va, PERMISSION(3) | WNR);
    }
    if (r->mode == MASKED(EL1H)) {
        set(va, 3, frame | D_NORMAL | D_EL0);
        expect("page writable at EL0 fetched at EL1", r, fetch_code, WINDOW + 0x18, PERMISSION(3));
        o = run_at(MASKED(EL1H) | BIT(22), load_code, ARGS(va));
        check_taken("PAN", &o, 1, FROM_SPX, ESR(EC_DABT, PERMISSION(3)));
    }
    clear(va);
    /* Hierarchical: APTable of a level 2 table. */
    set(va, 3, frame | open_page(r));
    *descriptor(&s1, va, 1) |= BIT(62);
    tlb_flush_all();
    expect("APTable forbids writes", r, store_code, va, PERMISSION(3) | WNR);
    clear(va);
}

static void external_aborts(const struct regime *r)
{
    uint64_t va = WINDOW + 0x20;

    set(va, 3, HOLE | open_page(r) | D_PAGE);
    expect("external abort on a read", r, load_code, WINDOW + 0x20, EXTERNAL);
    clear(va);
    set(va, 2, HOLE | D_VALID | D_TABLE);
    expect("external abort on a walk, level 3", r, load_code, va, EXTERNAL_WALK(3));
    clear(va);
    set(va, 0, HOLE | D_VALID | D_TABLE);
    expect("external abort on a walk, level 1", r, load_code, va, EXTERNAL_WALK(1));
    clear(va);
}

static void alignment(const struct regime *r)
{
    set(WINDOW, 3, (uintptr_t)page | (open_page(r) & ~D_ATTR(7)) | D_ATTR(ATTR_DEVICE) | D_PAGE);
    expect("unaligned load from Device memory", r, load_code, WINDOW + 1, ALIGNMENT);
    expect("unaligned store to Device memory", r, store_code, WINDOW + 4, ALIGNMENT | WNR);
    set(WINDOW, 3, (uintptr_t)page | open_page(r) | D_PAGE);
    struct outcome o = run_at(r->mode, load_code, ARGS(WINDOW + 1));
    check_done("unaligned load from Normal memory", &o);
    expect("unaligned exclusive across 16 bytes", r, exclusive_code, WINDOW + 12, ALIGNMENT);
    clear(WINDOW);
}

static void cache_maintenance(const struct regime *r)
{
    uint64_t va = WINDOW + 0x40;

    if (r->mode == MASKED(EL0T)) {
        return; /* SCTLR_EL1.UCI */
    }
    set(va, 3, 0);
    expect("DC CVAC translation fault", r, cvac_code, va, TRANSLATION(3) | CM | WNR);
    expect("DC IVAC translation fault", r, ivac_code, va, TRANSLATION(3) | CM | WNR);
    expect("DC ZVA translation fault", r, zva_code, va, TRANSLATION(3) | WNR);
    clear(va);
}

/* PAR_EL1 says what an access would have met. */
static void address_translation(void)
{
    uint64_t va = WINDOW + 0x458;

    set(va, 3, (uintptr_t)page | D_NORMAL | D_RO | D_PAGE);
    struct outcome o = run_at(MASKED(EL1H), at_read_code, ARGS(va));
    check_eq("AT S1E1R", o.x[1] & ~(UINT64_C(3) << 9),
             UINT64_C(0xff) << 56 | (uintptr_t)page | 3 << 7 | BIT(11));
    o = run_at(MASKED(EL1H), at_write_code, ARGS(va));
    check_eq("AT S1E1W of a read-only page", o.x[1], BIT(11) | PERMISSION(3) << 1 | 1);
    o = run_at(MASKED(EL1H), at_el0_code, ARGS(va));
    check_eq("AT S1E0R of an EL1 page", o.x[1], BIT(11) | PERMISSION(3) << 1 | 1);
    set(va, 2, 0);
    o = run_at(MASKED(EL1H), at_read_code, ARGS(va));
    check_eq("AT S1E1R, translation fault", o.x[1], BIT(11) | TRANSLATION(2) << 1 | 1);
    clear(va);
}

int guest_main(void)
{
    s1 = stage1_flat();
    for (unsigned i = 0; i < ARRAY_LEN(regimes); i++) {
        const struct regime *r = &regimes[i];

        stage1_on(r->el, &s1, 0);
        translation_faults(r);
        access_flag(r);
        address_size(r);
        permissions(r);
        external_aborts(r);
        alignment(r);
        cache_maintenance(r);
        if (r->mode == MASKED(EL1H)) {
            address_translation();
        }
        stage1_off(r->el);
    }
    return 0;
}
