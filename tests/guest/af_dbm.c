/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hardware updates of descriptors: the access flag and dirty state of stage 1 at EL1 and EL2 and of
 * stage 2, with and without the controls. Arm ARM D8.5 "Hardware updates to the translation
 * tables".
 */
#include "mmu.h"

#define TCR1_HA BIT(39)
#define TCR1_HD BIT(40)
#define TCR2_HA BIT(21) /* TCR_EL2 with E2H = 0, VTCR_EL2, TCR_EL3 */
#define TCR2_HD BIT(22)

#define PERMISSION 0xf /* level 3 */
#define ACCESS     0xb
#define WNR        BIT(6)

SNIPPET(load_code, "ldr x1, [x0]");
SNIPPET(store_code, "str x1, [x0]");
SNIPPET(atomic_code, "ldadd x1, x2, [x0]");
SNIPPET(cas_code, "mov x2, #-1\ncas x2, x1, [x0]"); /* compares unequal */
SNIPPET(ldxr_code, "ldxr x1, [x0]\nclrex");
SNIPPET(at_read_code, "at s1e1r, x0\nisb\nmrs x1, par_el1");
SNIPPET(execute_code, "blr x0");
SNIPPET(ret_code, "ret"); /* reached through the window */

static _Alignas(4096) uint64_t page[512];
static struct tables stage1, stage2;

enum stage { EL1_STAGE1, EL2_STAGE1, STAGE2, N_STAGES };
static const char *const stage_names[] = {"stage 1 at EL1", "stage 1 at EL2", "stage 2"};

static void controls(enum stage s, bool ha, bool hd)
{
    switch (s) {
    case EL1_STAGE1:
        wr(tcr_el1, (rd(tcr_el1) & ~(TCR1_HA | TCR1_HD)) | (ha ? TCR1_HA : 0) | (hd ? TCR1_HD : 0));
        break;
    case EL2_STAGE1:
        wr(tcr_el2, (rd(tcr_el2) & ~(TCR2_HA | TCR2_HD)) | (ha ? TCR2_HA : 0) | (hd ? TCR2_HD : 0));
        break;
    default:
        wr(vtcr_el2,
           (rd(vtcr_el2) & ~(TCR2_HA | TCR2_HD)) | (ha ? TCR2_HA : 0) | (hd ? TCR2_HD : 0));
    }
    isb();
}

/* What a descriptor starts as: accessed or not, read-only or not, DBM or not. */
static uint64_t attributes(enum stage s, bool af, bool writable, bool dbm)
{
    uint64_t d = s == STAGE2 ? S2_NORMAL & ~(D_AF | S2_W) : D_NORMAL & ~(uint64_t)D_AF;
    uint64_t write = s == STAGE2 ? (writable ? S2_W : 0) : (writable ? 0 : D_RO);

    return d | write | (af ? D_AF : 0) | (dbm ? D_DBM : 0) | D_PAGE;
}

/* Accesses as stage 1 or 2 sees them. CAS that fails and exclusives are in lists of their own. */
static const struct access {
    const char *name;
    const char *code;
    bool writes;
} accesses[] = {
    {"load", load_code, false},
    {"store", store_code, true},
    {"atomic", atomic_code, true},
    {"exclusive load", ldxr_code, false},
};

static uint64_t *entry_of(enum stage s)
{
    return descriptor(s == STAGE2 ? &stage2 : &stage1, s == STAGE2 ? (uintptr_t)page : WINDOW, 3);
}

static struct outcome access_at(enum stage s, const char *code)
{
    uint64_t va = s == STAGE2 ? (uintptr_t)page : WINDOW;

    return run_at(MASKED(s == EL2_STAGE1 ? EL2H : EL1H), code, ARGS(va, 0));
}

/* i: AF, writable, DBM, HA, HD. */
static void one(enum stage s, const struct access *a, unsigned i)
{
    bool af = i & 1, writable = i & 2, dbm = i & 4, ha = i & 8, hd = i & 16;
    uint64_t before = (uintptr_t)page | attributes(s, af, writable, dbm), *entry = entry_of(s);
    bool dirty = a->writes && !writable && dbm && ha && hd;
    unsigned failures = guest_failures_so_far();

    *entry = before;
    controls(s, ha, hd);
    tlb_flush_all();
    struct outcome o = access_at(s, a->code);
    uint64_t status = !af && !ha ? ACCESS : a->writes && !writable && !dirty ? PERMISSION : 0;
    if (status == 0) {
        check_done(a->name, &o);
        check_eq("descriptor after it", *entry,
                 (uintptr_t)page | attributes(s, true, writable || dirty, dbm));
    } else {
        check_eq(a->name, o.done ? 0 : ESR_ISS(o.esr) & 0x3f, status);
        check_eq("level of the fault", o.el, s == EL1_STAGE1 ? 1 : 2);
        /* An atomic's fault is a read's where a read has it too. */
        bool of_write = a->writes && (status == PERMISSION || a->code == store_code);
        check_eq("WnR", o.esr & WNR, of_write ? WNR : 0);
        /* A fault for permission may set the access flag; nothing else changes. */
        check_eq("descriptor after a fault", (*entry ^ before) & ~(ha ? D_AF : 0), 0);
    }
    if (guest_failures_so_far() != failures) {
        print("     ");
        print(a->name);
        print(", ");
        print(stage_names[s]);
        print(af ? ", AF" : "");
        print(writable ? ", writable" : "");
        print(dbm ? ", DBM" : "");
        print(ha ? ", HA" : "");
        print(hd ? ", HD\n" : "\n");
    }
}

/* CAS that does not write: dirty state may or may not be set, a fault is not an option. */
static void failing_cas(enum stage s)
{
    uint64_t *entry = entry_of(s);

    *entry = (uintptr_t)page | attributes(s, true, false, true);
    controls(s, true, true);
    tlb_flush_all();
    page[0] = 0;
    struct outcome o = access_at(s, cas_code);
    check_done("CAS that fails", &o);
    check_eq("CAS that fails: memory", page[0], 0);
}

/* An instruction fetch sets the access flag. */
static void execution(void)
{
    uint64_t *entry = descriptor(&stage1, WINDOW, 3);
    uint64_t code = (uintptr_t)ret_code;

    *entry = (code & -PAGE) | ((D_NORMAL | D_RO | D_PAGE) & ~(uint64_t)D_AF);
    controls(EL1_STAGE1, true, false);
    tlb_flush_all();
    struct outcome o = run_at(MASKED(EL1H), execute_code, ARGS(WINDOW + (code & (PAGE - 1))));
    check_done("instruction fetch", &o);
    check_eq("instruction fetch: AF", *entry & D_AF, D_AF);
    *entry &= ~(uint64_t)D_AF;
    controls(EL1_STAGE1, false, false);
    tlb_flush_all();
    o = run_at(MASKED(EL1H), execute_code, ARGS(WINDOW + (code & (PAGE - 1))));
    check_eq("instruction fetch without HA", ESR_EC(o.esr) << 8 | (ESR_ISS(o.esr) & 0x3f),
             EC_IABT << 8 | ACCESS);
}

/* With HA an AT does not fail for the access flag. */
static void address_translation(void)
{
    uint64_t *entry = entry_of(EL1_STAGE1);

    for (unsigned ha = 0; ha < 2; ha++) {
        *entry = (uintptr_t)page | attributes(EL1_STAGE1, false, true, false);
        controls(EL1_STAGE1, ha, false);
        tlb_flush_all();
        struct outcome o = access_at(EL1_STAGE1, at_read_code);
        check_eq("AT with and without HA", o.x[1] & 1, !ha);
    }
}

/* Stage 1 tables in memory that stage 2 makes read-only: an update is a write to them. */
static void tables_read_only(void)
{
    uint64_t *entry = entry_of(EL1_STAGE1), table = (uintptr_t)entry & -PAGE;

    map(&stage2, table, table, PAGE, S2_NORMAL & ~S2_W, 3);
    *entry = (uintptr_t)page | attributes(EL1_STAGE1, false, true, false);
    controls(EL1_STAGE1, true, true);
    controls(STAGE2, false, false);
    stage2_on(&stage2, 1);
    struct outcome o = access_at(EL1_STAGE1, load_code);
    stage2_off();
    check_eq("update of a read-only table", o.done ? 0 : o.el, 2);
    check_eq("update of a read-only table: S1PTW, permission", o.esr & (BIT(7) | 0x3f),
             BIT(7) | PERMISSION);
    check_eq("update of a read-only table: HPFAR_EL2", o.hpfar, table >> 8);
    map(&stage2, table, table, PAGE, S2_NORMAL, 3);
}

static void all_of(enum stage s)
{
    for (unsigned a = 0; a < ARRAY_LEN(accesses); a++) {
        for (unsigned i = 0; i < 32; i++) {
            one(s, &accesses[a], i);
        }
    }
    failing_cas(s);
}

int guest_main(void)
{
    stage1 = stage1_flat();
    stage2 = stage2_flat();
    map(&stage1, WINDOW, (uintptr_t)page, PAGE, D_NORMAL, 3);
    stage1_on(1, &stage1, 0);
    all_of(EL1_STAGE1);
    execution();
    address_translation();
    map(&stage2, (uintptr_t)page, (uintptr_t)page, PAGE, S2_NORMAL, 3);
    tables_read_only();
    stage1_off(1);
    stage1_on(2, &stage1, 0);
    all_of(EL2_STAGE1);
    stage1_off(2);
    stage2_on(&stage2, 1);
    all_of(STAGE2);
    stage2_off();
    return 0;
}
