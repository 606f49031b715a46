/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Indirect permissions and permission overlays of both stages, exhaustively: what each value of
 * PIR_ELx, PIRE0_ELx, S2PIR_EL2 lets EL0, EL1 and EL2 do, what POR_ELx and S2POR_EL1 take away
 * without TLB maintenance, and what syndromes and PAR_EL1 say; dirty state; tables that hardware
 * writes and software does not. Arm ARM D8.4, D8.5.2; FEAT_S1PIE, FEAT_S1POE, FEAT_S2PIE,
 * FEAT_S2POE.
 */
#include "mmu.h"

#define PIRE0_EL1 S3_0_C10_C2_2
#define PIR_EL1   S3_0_C10_C2_3
#define PIR_EL2   S3_4_C10_C2_3
#define POR_EL0   S3_3_C10_C2_4
#define POR_EL1   S3_0_C10_C2_4
#define POR_EL2   S3_4_C10_C2_4
#define S2PIR_EL2 S3_4_C10_C2_5
#define S2POR_EL1 S3_0_C10_C2_5
#define TCR2_EL1  S3_0_C2_C0_3
#define TCR2_EL2  S3_4_C2_C0_3
#define HCRX_EL2  S3_4_C1_C2_2

#define SCR_HXEN     BIT(38)
#define SCR_TCR2EN   BIT(43)
#define SCR_PIEN     BIT(45)
#define HCRX_TCR2EN  BIT(14)
#define TCR2_PIE     BIT(1)
#define TCR2_E0POE   BIT(2)
#define TCR2_POE     BIT(3)
#define VTCR_S2PIE   BIT(36)
#define VTCR_S2POE   BIT(37)
#define TCR_HA       BIT(39)
#define TCR_HD       BIT(40)
#define VTCR_HA      BIT(21)
#define VTCR_HD      BIT(22)
#define PSR_PAN      BIT(22)
#define ISS_OVERLAY  BIT(38)
#define ISS_DIRTYBIT BIT(37)
#define ISS_S1PTW    BIT(7)
#define PAR_OVERLAY  BIT(14)
#define PAR_DIRTYBIT BIT(15)
#define PERMISSION   0xf /* level 3 */
#define IPA          UINT64_C(0x2000000000)
#define CODE_WINDOW  (WINDOW + PAGE)

/* PIIndex of a descriptor; what the flat maps have are 0, 1 and, for devices of stage 1, 12. */
#define PI(i)                                                                                      \
    ((uint64_t)((i) & 1) << 6 | (uint64_t)((i) >> 1 & 1) << 51 | (uint64_t)((i) >> 2) << 53)
#define TESTED          5
#define CODE            7 /* of CODE_WINDOW: read and executed by everybody */
#define FLAT_S1         (UINT64_C(0xe) | UINT64_C(0xa) << 4 | UINT64_C(0xc) << 48)
#define FLAT_USER       (UINT64_C(0xa) << 4)
#define FLAT_S2         (UINT64_C(0xf) << 4)
#define AT_TESTED(v, i) ((uint64_t)(v) << 4 * (i))
#define PO_S1           6 /* POIndex; the flat maps have 0 */
#define PO_S2           9
#define NDIRTY          BIT(7)
#define DIRTY           BIT(7)

SNIPPET(load_code, "ldr x1, [x0, #8]");
SNIPPET(store_code, "str x1, [x0, #8]");
SNIPPET(fetch_code, "br x0");
SNIPPET(target_code, ""); /* its end */

static _Alignas(4096) uint64_t page[512];
static struct tables s1, s2, s1_el2;
static uint64_t *leaf1, *leaf2, *leaf_el2;

enum access { READ, WRITE, FETCH, N_ACCESS };
static const char letter[] = "rwx";

/* ---- what the manual's tables say ---- */

static const char *const s1_base[16] = {"",  "r", "x",  "rx", "",   "rw", "rwx", "rwx",
                                        "r", "r", "rx", "",   "rw", "",   "rwx", ""};
static const char *const s1_overlay[16] = {"", "r", "x", "rx", "w", "rw", "wx", "rwx",
                                           "", "",  "",  "",   "",  "",   "",   ""};
/* Stage 2: of EL0, of EL1; M: hardware updates tables. */
static const char *const s2_user[16] = {"",  "",   "rM", "rM", "w",   "",     "rM",  "rM",
                                        "r", "rx", "r",  "rx", "rwM", "rwxM", "rwM", "rwxM"};
static const char *const s2_priv[16] = {"",  "",  "rM", "rM", "w",   "",    "rM",   "rM",
                                        "r", "r", "rx", "rx", "rwM", "rwM", "rwxM", "rwxM"};

static bool has(const char *text, char c)
{
    while (*text && *text != c) {
        text++;
    }
    return *text;
}

/* Privileged code in memory that EL0 writes: nobody has anything. 9 is for FEAT_GCS. */
static bool excluded(unsigned p, unsigned u)
{
    return (has(s1_base[p], 'x') || p == 9) && (has(s1_base[u], 'w') || u == 9);
}

struct state {
    unsigned p, u;       /* PIR, PIRE0 */
    bool poe, e0poe;     /* overlays are on */
    unsigned por, por0;  /* POR of the privileged, POR_EL0 */
    bool pan, one_level; /* EL2 */
    unsigned el;
};

enum verdict { ALLOWED, DENIED, BY_OVERLAY };

static enum verdict stage1(const struct state *s, enum access a)
{
    unsigned value = s->el == 0 ? s->u : s->p, por = s->el == 0 ? s->por0 : s->por;
    bool overlay = (s->el == 0 ? s->e0poe : s->poe) && value < 8;
    const char *base = !s->one_level && excluded(s->p, s->u) ? "" : s1_base[value];

    if (overlay && !has(s1_overlay[por], letter[a])) {
        return BY_OVERLAY;
    }
    if (value == 6) { /* not both written and executed */
        if (overlay && a == WRITE && has(s1_overlay[por], 'x')) {
            return BY_OVERLAY;
        }
        if (!overlay && a == FETCH) {
            return DENIED;
        }
    }
    if (!s->one_level && s->el == 1 && s->pan && a != FETCH && s->u != 0) {
        return DENIED;
    }
    return has(base, letter[a]) ? ALLOWED : DENIED;
}

/* ---- trying ---- */

static const char *const code[] = {load_code, store_code, fetch_code};

static struct outcome access_to(uint64_t va, const struct state *s, enum access a)
{
    static const uint64_t modes[] = {MASKED(EL0T), MASKED(EL1H), MASKED(EL2H)};

    return run_at(modes[s->el] | (s->pan ? PSR_PAN : 0), code[a], ARGS(va));
}

static struct outcome access_from(const struct state *s, enum access a)
{
    return access_to(WINDOW, s, a);
}

static void check_refused(const struct outcome *o, enum access a, unsigned from, unsigned target,
                          enum verdict want)
{
    unsigned ec = (a == FETCH ? EC_IABT_LOW : EC_DABT_LOW) + (from == target);

    check_eq("refused: taken to", o->done ? 0 : o->el, target);
    check_eq("refused: class", ESR_EC(o->esr), ec);
    check_eq("refused: status", FIELD(o->esr, 0, 6), PERMISSION);
    check_eq("refused: ISS2", o->esr >> 32, want == BY_OVERLAY ? ISS_OVERLAY >> 32 : 0);
}

static void print_state(const struct state *s, enum access a)
{
    print("     EL");
    print_dec(s->el);
    print(a == READ ? " read" : a == WRITE ? " write" : " fetch");
    print(" PIR ");
    print_hex(s->p);
    print(" PIRE0 ");
    print_hex(s->u);
    print(s->poe ? " POR " : " (POR) ");
    print_hex(s->por);
    print(s->e0poe ? " POR_EL0 " : " (POR_EL0) ");
    print_hex(s->por0);
    print(s->pan ? " PAN\n" : "\n");
}

static void try(const struct state *s, enum access a)
{
    unsigned failures = guest_failures_so_far();
    enum verdict want = stage1(s, a);
    struct outcome o = access_from(s, a);

    if (want == ALLOWED) {
        check_done("allowed", &o);
    } else {
        check_refused(&o, a, s->el, s->el == 0 ? 1 : s->el, want);
    }
    if (guest_failures_so_far() != failures) {
        print_state(s, a);
    }
}

static void try_els(struct state s)
{
    for (s.el = 0; s.el < 2; s.el++) {
        for (enum access a = READ; a < N_ACCESS; a++) {
            try(&s, a);
        }
    }
}

/* PAR_EL1 says of EL1's and EL0's data accesses what they meet; PAN does not count. */
static void try_at(struct state s)
{
    s.pan = false;
    for (unsigned i = 0; i < 4; i++) {
        enum access a = i & 1 ? WRITE : READ;
        s.el = i < 2 ? 1 : 0;
        switch (i) {
        case 0:
            __asm__ volatile("at s1e1r, %0\nisb" ::"r"(WINDOW) : "memory");
            break;
        case 1:
            __asm__ volatile("at s1e1w, %0\nisb" ::"r"(WINDOW) : "memory");
            break;
        case 2:
            __asm__ volatile("at s1e0r, %0\nisb" ::"r"(WINDOW) : "memory");
            break;
        default:
            __asm__ volatile("at s1e0w, %0\nisb" ::"r"(WINDOW) : "memory");
        }
        enum verdict want = stage1(&s, a);
        uint64_t par = rd(par_el1);
        check_eq("AT: fails", par & 1, want != ALLOWED);
        if (want != ALLOWED) {
            check_eq("AT: status", FIELD(par, 1, 6), PERMISSION);
            check_eq("AT: overlay", par & (PAR_OVERLAY | PAR_DIRTYBIT),
                     want == BY_OVERLAY ? PAR_OVERLAY : 0);
        }
    }
}

/* ---- stage 1 of EL1&0 ---- */

static void base_permissions(void)
{
    wrn(TCR2_EL1, TCR2_PIE);
    for (unsigned i = 0; i < 512; i++) {
        struct state s = {.p = i & 15, .u = i >> 4 & 15, .pan = i >> 8};
        wrn(PIR_EL1, FLAT_S1 | AT_TESTED(s.p, TESTED));
        wrn(PIRE0_EL1, FLAT_USER | AT_TESTED(s.u, TESTED));
        tlb_flush_all();
        try_els(s);
        if (!s.pan) {
            try_at(s);
        }
    }
}

/* POR_EL0 and POR_EL1 count from the next instruction on, for what the TLB has, too. */
static void overlays(void)
{
    static const uint8_t pairs[][2] = {{7, 7},   {6, 6},     {0xe, 7}, {7, 0xe},
                                       {5, 0xa}, {0xc, 0xc}, {5, 5},   {6, 1}};

    for (unsigned i = 0; i < ARRAY_LEN(pairs); i++) {
        wrn(PIR_EL1, FLAT_S1 | AT_TESTED(pairs[i][0], TESTED));
        wrn(PIRE0_EL1, FLAT_USER | AT_TESTED(pairs[i][1], TESTED));
        tlb_flush_all();
        for (unsigned n = 0; n < 4 * 16; n++) {
            struct state s = {.p = pairs[i][0],
                              .u = pairs[i][1],
                              .por = n >> 2,
                              .por0 = (n >> 2) * 7 & 15,
                              .poe = n & 1,
                              .e0poe = n & 2};
            wrn(TCR2_EL1, TCR2_PIE | (s.poe ? TCR2_POE : 0) | (s.e0poe ? TCR2_E0POE : 0));
            wrn(POR_EL1, 7 | AT_TESTED(s.por, PO_S1));
            wrn(POR_EL0, 7 | AT_TESTED(s.por0, PO_S1));
            isb();
            try_els(s);
            try_at(s);
        }
    }
}

/* The overlay of direct permissions; hierarchical ones no longer count. */
static void overlay_of_direct(void)
{
    uint64_t *table = descriptor(&s1, WINDOW, 2), old = *leaf1, old_table = *table;

    *leaf1 = (*leaf1 & ~(PI(15) | NDIRTY)) | D_EL0; /* EL0 and EL1 write, EL0 executes */
    *table |= BIT(61) | BIT(62);                    /* APTable: not EL0, read only */
    wrn(POR_EL1, 7 | AT_TESTED(5, PO_S1));
    tlb_flush_all();
    for (unsigned n = 0; n < 16; n++) {
        wrn(TCR2_EL1, TCR2_POE | TCR2_E0POE);
        wrn(POR_EL0, 7 | AT_TESTED(n, PO_S1));
        isb();
        struct state s = {.p = 5, .u = 7, .poe = true, .e0poe = true, .por = 5, .por0 = n};
        try_els(s);
    }
    wrn(TCR2_EL1, 0);
    tlb_flush_all();
    struct state s = {.el = 0};
    struct outcome o = access_from(&s, READ);
    check_refused(&o, READ, 0, 1, DENIED); /* APTable counts again */
    *leaf1 = old;
    *table = old_table;
    wrn(POR_EL0, 7);
    wrn(POR_EL1, 7);
    wrn(TCR2_EL1, TCR2_PIE);
    tlb_flush_all();
}

/* ---- dirty state ---- */

static void dirty_stage1(void)
{
    uint64_t tcr = rd(tcr_el1), clean = *leaf1 | NDIRTY, old = *leaf1;
    struct state s = {.el = 1};

    wrn(PIR_EL1, FLAT_S1 | AT_TESTED(0xc, TESTED));
    for (unsigned i = 0; i < 4; i++) {
        bool managed = i == 3;
        wr(tcr_el1, tcr | (i & 1 ? TCR_HA : 0) | (i & 2 ? TCR_HD : 0));
        *leaf1 = clean;
        tlb_flush_all();
        struct outcome o = access_from(&s, READ);
        check_done("clean page: read", &o);
        check_eq("clean page stays", *leaf1, clean);
        o = access_from(&s, WRITE);
        if (managed) {
            check_done("hardware marks it", &o);
            check_eq("dirty page", *leaf1, clean & ~NDIRTY);
        } else {
            check_eq("software marks it", o.esr, /* WnR */
                     ESR(EC_DABT, ISS_DIRTYBIT | BIT(6) | PERMISSION));
            check_eq("clean page stays", *leaf1, clean);
            __asm__ volatile("at s1e1w, %0\nisb" ::"r"(WINDOW) : "memory");
            check_eq("AT: DirtyBit", rd(par_el1) & (PAR_DIRTYBIT | PAR_OVERLAY | 1),
                     PAR_DIRTYBIT | 1);
            *leaf1 = clean & ~NDIRTY;
            tlb_flush_all();
            o = access_from(&s, WRITE);
            check_done("marked by software", &o);
        }
    }
    wr(tcr_el1, tcr);
    *leaf1 = old;
    tlb_flush_all();
}

/* ---- stage 2 ---- */

static enum verdict stage2(unsigned base, bool poe, unsigned over, unsigned el, char what)
{
    const char *const *table = el == 0 ? s2_user : s2_priv;

    if (poe && !has(table[over], what)) {
        return BY_OVERLAY;
    }
    return has(table[base], what) ? ALLOWED : DENIED;
}

static void try_stage2(unsigned base, bool poe, unsigned over)
{
    struct state s = {0};
    for (s.el = 0; s.el < 2; s.el++) {
        for (enum access a = READ; a < N_ACCESS; a++) {
            enum verdict want = stage2(base, poe, over, s.el, letter[a]);
            struct outcome o = access_to(a == FETCH ? CODE_WINDOW : WINDOW, &s, a);
            if (want == ALLOWED) {
                check_done("stage 2 allows", &o);
            } else {
                check_eq("stage 2 refuses", o.done ? 0 : o.el, 2);
                check_eq("stage 2: status", FIELD(o.esr, 0, 6), PERMISSION);
                check_eq("stage 2: ISS2", o.esr >> 32, want == BY_OVERLAY ? ISS_OVERLAY >> 32 : 0);
                check_eq("stage 2: HPFAR_EL2", o.hpfar, IPA >> 8);
            }
        }
    }
}

static void stage2_permissions(void)
{
    uint64_t vtcr = rd(vtcr_el2);

    wrn(PIR_EL1, FLAT_S1 | AT_TESTED(0xc, TESTED) | AT_TESTED(0xa, CODE));
    wrn(PIRE0_EL1, FLAT_USER | AT_TESTED(0xc, TESTED) | AT_TESTED(0xa, CODE));
    for (unsigned i = 0; i < 512; i++) {
        unsigned base = i >> 5, over = i & 15;
        bool poe = i & 16;
        if ((i & 31) == 0) {
            wrn(S2PIR_EL2, FLAT_S2 | AT_TESTED(base, TESTED));
        }
        wr(vtcr_el2, vtcr | VTCR_S2PIE | (poe ? VTCR_S2POE : 0));
        wrn(S2POR_EL1, 0xf | AT_TESTED(over, PO_S2));
        if ((i & 15) == 0) {
            tlb_flush_all();
        }
        isb();
        if (poe || over == 0) {
            try_stage2(base, poe, over);
        }
    }
    wr(vtcr_el2, vtcr | VTCR_S2PIE);
    tlb_flush_all();
}

/* A table of stage 1 that stage 2 lets hardware write, but not EL1. */
static void mostly_read_only(void)
{
    uint64_t tcr = rd(tcr_el1), old = *leaf1, where = (uintptr_t)leaf1;
    uint64_t *leaf2_table = descriptor(&s2, where, 3), old2 = *leaf2_table;
    struct state s = {.el = 1};

    wr(tcr_el1, tcr | TCR_HA | TCR_HD);
    wrn(S2PIR_EL2, FLAT_S2 | AT_TESTED(0xf, TESTED) | AT_TESTED(2, 6) | AT_TESTED(8, 7));
    for (unsigned i = 0; i < 2; i++) { /* MRO, RO */
        bool updates = i == 0;
        *leaf2_table = (old2 & ~PI(15)) | PI(6 + i) | DIRTY;
        *leaf1 = old & ~D_AF;
        tlb_flush_all();
        struct outcome o = access_from(&s, READ);
        if (updates) {
            check_done("update of a table that is MRO", &o);
        } else {
            check_eq("update of a table that is RO", o.done ? 0 : o.el, 2);
            check_eq("... on the walk", o.esr & (ISS_S1PTW | 0x3f), ISS_S1PTW | PERMISSION);
        }
        check_eq("access flag", *leaf1 & D_AF, updates ? D_AF : 0);
        o = run_at(MASKED(EL1H), store_code, ARGS(where));
        check_eq("store to the table", o.done ? 0 : o.el, 2);
    }
    *leaf2_table = old2;
    *leaf1 = old;
    wr(tcr_el1, tcr);
    tlb_flush_all();
}

static void dirty_stage2(void)
{
    uint64_t vtcr = rd(vtcr_el2), old = *leaf2, clean = *leaf2 & ~DIRTY;
    struct state s = {.el = 1};

    wrn(S2PIR_EL2, FLAT_S2 | AT_TESTED(0xc, TESTED));
    for (unsigned i = 0; i < 2; i++) {
        bool managed = i == 1;
        wr(vtcr_el2, vtcr | (managed ? VTCR_HA | VTCR_HD : 0));
        *leaf2 = clean;
        tlb_flush_all();
        struct outcome o = access_from(&s, READ);
        check_done("stage 2, clean: read", &o);
        o = access_from(&s, WRITE);
        if (managed) {
            check_done("stage 2: hardware marks it", &o);
        } else {
            check_eq("stage 2: software marks it", o.esr >> 32 & 0xff, ISS_DIRTYBIT >> 32);
            check_eq("stage 2: to EL2", o.el, 2);
        }
        check_eq("stage 2: dirty", *leaf2, managed ? clean | DIRTY : clean);
    }
    *leaf2 = old;
    wr(vtcr_el2, vtcr);
    tlb_flush_all();
}

/* ---- EL2 ---- */

static void of_el2(void)
{
    wr(hcr_el2, rd(hcr_el2) & ~BIT(0));
    stage1_on(2, &s1_el2, 0);
    wrn(TCR2_EL2, TCR2_PIE);
    for (unsigned i = 0; i < 16 * 16; i++) {
        struct state s = {.p = i >> 4, .por = i & 15, .poe = i & 15, .one_level = true, .el = 2};
        wrn(PIR_EL2, FLAT_S1 | AT_TESTED(s.p, TESTED));
        wrn(POR_EL2, 7 | AT_TESTED(s.por, PO_S1));
        wrn(TCR2_EL2, TCR2_PIE | (s.poe ? TCR2_POE : 0));
        if (!s.poe) {
            tlb_flush_all();
        }
        isb();
        for (enum access a = READ; a < N_ACCESS; a++) {
            try(&s, a);
        }
    }
    stage1_off(2);
    wrn(TCR2_EL2, 0);
}

static uint64_t tested_leaf(uint64_t to)
{
    return to | D_NORMAL | D_PAGE | PI(TESTED) | (uint64_t)PO_S1 << 60;
}

int guest_main(void)
{
    if ((rdn(S3_0_C0_C7_3) & 0xffff00) != 0x111100) { /* ID_AA64MMFR3_EL1 */
        print("no indirect permissions, no overlays\n");
        return 0;
    }
    wr(scr_el3, rd(scr_el3) | SCR_HXEN | SCR_TCR2EN | SCR_PIEN);
    wrn(HCRX_EL2, rdn(HCRX_EL2) | HCRX_TCR2EN);
    page[0] = *(const uint32_t *)target_code;
    s1 = stage1_flat();
    s2 = stage2_flat();
    s1_el2 = stage1_flat();
    leaf1 = descriptor(&s1, WINDOW, 3);
    leaf2 = descriptor(&s2, IPA, 3);
    leaf_el2 = descriptor(&s1_el2, WINDOW, 3);
    *leaf1 = tested_leaf(IPA);
    *descriptor(&s1, CODE_WINDOW, 3) = IPA | D_NORMAL | D_PAGE | PI(CODE);
    *leaf_el2 = tested_leaf((uintptr_t)page);
    *leaf2 = (uintptr_t)page | D_VALID | D_PAGE | S2_MEMATTR(0xf) | D_INNER | D_AF | S2_R | DIRTY |
             PI(TESTED) | (uint64_t)PO_S2 << 59;
    wrn(PIR_EL1, FLAT_S1);
    wrn(PIRE0_EL1, FLAT_USER);
    wrn(S2PIR_EL2, FLAT_S2 | AT_TESTED(0xf, TESTED));
    stage1_on(1, &s1, 1);
    stage2_on(&s2, 1);
    wr(vtcr_el2, rd(vtcr_el2) | VTCR_S2PIE);
    base_permissions();
    overlays();
    wrn(PIRE0_EL1, FLAT_USER);
    overlay_of_direct();
    dirty_stage1();
    stage2_permissions();
    mostly_read_only();
    dirty_stage2();
    of_el2();
    return 0;
}
