/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both stages of translation together, exhaustively: what EL0 and EL1 may do with each combination
 * of stage 1 and stage 2 permissions, WXN, PAN and EPAN, and which stage refuses; memory types and
 * shareability of each pair of attributes, with and without HCR_EL2.FWB, as AT reports them. Arm
 * ARM D8.4 "Memory access control", D8.6 "Memory types and attributes".
 */
#include "mmu.h"

#define SCTLR_WXN  BIT(19)
#define SCTLR_EPAN BIT(57)
#define HCR_FWB    BIT(46)
#define PSR_PAN    BIT(22)
#define PERMISSION 0xf /* level 3 */
#define IPA        UINT64_C(0x2000000000)
#define REST       (RAM_BASE + 2 * BIT(21)) /* the image begins in the block below */

SNIPPET(load_code, "ldr x1, [x0, #8]");
SNIPPET(store_code, "str x1, [x0, #8]");
SNIPPET(fetch_code, "br x0");
SNIPPET(target_code, ""); /* its end */

extern const char image_start[], snippets_start[], snippets_end[];
static _Alignas(4096) uint64_t page[512];
static struct tables s1, s2;
static uint64_t *leaf1, *leaf2;

/* ---- permissions ---- */

enum access { READ, WRITE, FETCH, N_ACCESS };
enum verdict { ALLOWED, REFUSED_STAGE1, REFUSED_STAGE2 };

struct state {
    unsigned ap, s2ap, s2xn; /* AP[2:1], S2AP, XN[1:0] as the descriptors have them */
    bool pxn, uxn, wxn, pan, epan;
    unsigned el;
};

static bool stage1_allows(const struct state *s, enum access a)
{
    bool el0_has = s->ap & 1, writable = !(s->ap & 2), el0_writes = el0_has && writable;
    bool el0_executes = !s->uxn && !(s->wxn && el0_writes);
    bool el1_executes = !s->pxn && !el0_writes && !(s->wxn && writable);

    if (a == FETCH) {
        return s->el == 0 ? el0_executes : el1_executes;
    }
    if (s->el == 0) {
        return el0_has && (a == READ || writable);
    }
    if (s->pan && (el0_has || (s->epan && el0_executes))) {
        return false;
    }
    return a == READ || writable;
}

static bool stage2_allows(const struct state *s, enum access a)
{
    switch (a) {
    case READ:
        return s->s2ap & 1;
    case WRITE:
        return s->s2ap & 2;
    default: /* 0: everybody, 1: EL0, 2: nobody, 3: EL1 */
        return s->s2xn == 0 || s->s2xn == (s->el == 0 ? 1 : 3);
    }
}

static void print_state(const struct state *s, enum access a)
{
    print("     EL");
    print_dec(s->el);
    print(a == READ ? " read" : a == WRITE ? " write" : " fetch");
    print(" AP ");
    print_dec(s->ap);
    print(s->pxn ? " PXN" : "");
    print(s->uxn ? " UXN" : "");
    print(s->wxn ? " WXN" : "");
    print(s->pan ? " PAN" : "");
    print(s->epan ? " EPAN" : "");
    print(" S2AP ");
    print_dec(s->s2ap);
    print(" XN ");
    print_dec(s->s2xn);
    print("\n");
}

static void try(const struct state *s, enum access a)
{
    static const char *const code[] = {load_code, store_code, fetch_code};
    unsigned failures = guest_failures_so_far();
    enum verdict want = !stage1_allows(s, a)   ? REFUSED_STAGE1
                        : !stage2_allows(s, a) ? REFUSED_STAGE2
                                               : ALLOWED;
    uint64_t mode = (s->el == 0 ? MASKED(EL0T) : MASKED(EL1H)) | (s->pan ? PSR_PAN : 0);
    struct outcome o = run_at(mode, code[a], ARGS(WINDOW));

    if (want == ALLOWED) {
        check_done("allowed", &o);
    } else {
        unsigned same = want == REFUSED_STAGE1 && s->el == 1;
        unsigned ec = (a == FETCH ? EC_IABT_LOW : EC_DABT_LOW) + same;
        bool by_wxn = a == FETCH && s->el == 1 && s->wxn && s->epan && s->pan;
        const char *name = by_wxn ? "WXN with EPAN" : "refused";
        check_eq(name, o.done ? 0 : o.el, want);
        check_eq(name, ESR_EC(o.esr), ec);
        check_eq(name, FIELD(o.esr, 0, 6), PERMISSION);
    }
    if (guest_failures_so_far() != failures) {
        print_state(s, a);
    }
}

static void try_all(struct state s)
{
    *leaf1 =
        IPA | D_NORMAL | D_PAGE | (uint64_t)s.ap << 6 | (s.pxn ? D_PXN : 0) | (s.uxn ? D_UXN : 0);
    *leaf2 = (uintptr_t)page | D_VALID | D_PAGE | S2_MEMATTR(0xf) | D_INNER | D_AF |
             (uint64_t)s.s2ap << 6 | (uint64_t)s.s2xn << 53;
    tlb_flush_all();
    for (s.el = 0; s.el < 2; s.el++) {
        for (enum access a = READ; a < N_ACCESS; a++) {
            try(&s, a);
        }
    }
}

static void permissions(void)
{
    static const struct {
        bool pan, epan;
    } pans[] = {{false, false}, {true, false}, {true, true}, {false, true}};
    uint64_t sctlr = rd(sctlr_el1);

    for (unsigned i = 0; i < 2 * ARRAY_LEN(pans); i++) {
        struct state s = {.wxn = i & 1, .pan = pans[i / 2].pan, .epan = pans[i / 2].epan};
        wr(sctlr_el1, sctlr | (s.wxn ? SCTLR_WXN : 0) | (s.epan ? SCTLR_EPAN : 0));
        isb();
        for (unsigned n = 0; n < 256; n++) {
            s.ap = n & 3;
            s.pxn = n & 4;
            s.uxn = n & 8;
            s.s2ap = n >> 4 & 3;
            s.s2xn = n >> 6;
            try_all(s);
        }
    }
    wr(sctlr_el1, sctlr);
    isb();
}

/* ---- attributes ---- */

enum cacheability { NON_CACHEABLE = 1, WRITE_THROUGH, WRITE_BACK };
enum shareability { NSH = 0, OSH = 2, ISH = 3 };

struct attributes {
    bool device;
    unsigned type; /* of a device: 0 nGnRnE, 1 nGnRE, 2 nGRE, 3 GRE */
    unsigned inner, outer, sh;
};

static unsigned cacheability(unsigned nibble)
{
    if (nibble == 4) {
        return NON_CACHEABLE;
    }
    return nibble & 4 ? WRITE_BACK : WRITE_THROUGH; /* bit 3: not transient */
}

/* Devices and what no cache holds are Outer Shareable, whatever the descriptor says. */
static struct attributes effective(struct attributes a)
{
    if (a.device || (a.inner == NON_CACHEABLE && a.outer == NON_CACHEABLE)) {
        a.sh = OSH;
    }
    return a;
}

/* As MAIR_ELx and PAR_EL1 have them. */
static struct attributes from_byte(unsigned b, unsigned sh)
{
    struct attributes a = {.sh = sh};

    if (b >> 4 == 0) {
        a.device = true;
        a.type = b >> 2 & 3;
    } else {
        a.outer = cacheability(b >> 4);
        a.inner = cacheability(b & 15);
    }
    return a;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static unsigned combined_sh(unsigned a, unsigned b)
{
    return a == OSH || b == OSH ? OSH : a == ISH || b == ISH ? ISH : NSH;
}

static struct attributes device(unsigned type)
{
    return (struct attributes){.device = true, .type = type};
}

/* MemAttr of stage 2 with HCR_EL2.FWB = 0: an attribute of its own; the weaker one wins. */
static struct attributes combine(const struct attributes *a, unsigned memattr, unsigned sh)
{
    struct attributes out = {0};

    if (memattr < 4) {
        out = device(a->device ? least(a->type, memattr) : memattr);
    } else if (a->device) {
        out = device(a->type);
    } else {
        out.outer = least(a->outer, memattr >> 2);
        out.inner = least(a->inner, memattr & 3);
    }
    out.sh = combined_sh(a->sh, sh);
    return effective(out);
}

/* With FWB = 1: a device type, non-cacheable, write-back, or what stage 1 says. */
static struct attributes forced(const struct attributes *a, unsigned memattr, unsigned sh)
{
    struct attributes out = *a;

    switch (memattr) {
    case 7:
        break;
    case 6:
        out = (struct attributes){.inner = WRITE_BACK, .outer = WRITE_BACK};
        break;
    case 5:
        if (!a->device) {
            out = (struct attributes){.inner = NON_CACHEABLE, .outer = NON_CACHEABLE};
        }
        break;
    default:
        out = device(a->device ? least(a->type, memattr) : memattr);
    }
    out.sh = combined_sh(a->sh, sh);
    return effective(out);
}

static void check_attributes(unsigned byte, unsigned sh1, unsigned memattr, unsigned sh2, bool fwb)
{
    unsigned failures = guest_failures_so_far();
    struct attributes one = from_byte(byte, sh1);
    struct attributes want = fwb ? forced(&one, memattr, sh2) : combine(&one, memattr, sh2);

    __asm__ volatile("at s12e1r, %0\nisb" ::"r"(WINDOW) : "memory");
    uint64_t par = rd(par_el1);
    struct attributes got = from_byte(par >> 56, FIELD(par, 7, 2));
    check("translation", !(par & 1));
    check_eq("device", got.device, want.device);
    check_eq(one.device && memattr < 4 ? fwb ? "weaker device, FWB" : "weaker device"
                                       : "device and Normal memory",
             got.type, want.type);
    check_eq("inner cacheability", got.inner, want.inner);
    check_eq("outer cacheability", got.outer, want.outer);
    check_eq("shareability", FIELD(par, 7, 2), want.sh);
    if (guest_failures_so_far() != failures) {
        print("     MAIR ");
        print_hex(byte);
        print(" SH ");
        print_dec(sh1);
        print(fwb ? ", FWB, MemAttr " : ", MemAttr ");
        print_hex(memattr);
        print(" SH ");
        print_dec(sh2);
        print("\n");
    }
}

static bool is_memattr(unsigned memattr, bool fwb)
{
    return fwb ? memattr < 8 && memattr != 4 : memattr < 4 || (memattr & 3) != 0;
}

static void attributes(void)
{
    static const uint8_t bytes[] = {0x00, 0x04, 0x08, 0x0c, 0x44, 0x4f, 0xf4, 0xbb, 0xbf,
                                    0xfb, 0xff, 0x99, 0xdd, 0x33, 0x77, 0x4b, 0xb4};
    static const uint8_t shs[] = {NSH, OSH, ISH};
    uint64_t mair = rd(mair_el1), hcr = rd(hcr_el2);

    for (unsigned i = 0; i < 2 * 16 * ARRAY_LEN(bytes) * 9; i++) {
        bool fwb = i & 1;
        unsigned memattr = i >> 1 & 15, sh1 = shs[(i >> 5) % 3], sh2 = shs[(i >> 5) / 3 % 3];
        unsigned byte = bytes[(i >> 5) / 9];
        if (!is_memattr(memattr, fwb)) {
            continue;
        }
        wr(hcr_el2, hcr | (fwb ? HCR_FWB : 0));
        wr(mair_el1, mair | (uint64_t)byte << 24);
        *leaf1 = IPA | D_VALID | D_PAGE | D_AF | D_ATTR(3) | (uint64_t)sh1 << 8;
        *leaf2 = (uintptr_t)page | D_VALID | D_PAGE | D_AF | S2_R | S2_W | S2_MEMATTR(memattr) |
                 (uint64_t)sh2 << 8;
        tlb_flush_all();
        check_attributes(byte, sh1, memattr, sh2, fwb);
    }
    wr(mair_el1, mair);
    wr(hcr_el2, hcr);
    isb();
}

int guest_main(void)
{
    uint64_t text = (uintptr_t)image_start, data = (uintptr_t)snippets_end;

    page[0] = *(const uint32_t *)target_code;
    s1 = stage1_flat();
    s2 = stage2_flat();
    /* What EL1 executes cannot be writable with WXN; what it reads, not executable with EPAN. */
    map(&s1, text, text, (uintptr_t)snippets_start - text, D_NORMAL | D_RO | D_UXN, 3);
    map(&s1, data, data, REST - data, D_NORMAL | D_UXN, 3);
    map(&s1, REST, REST, RAM_BASE + RAM_SIZE - REST, D_NORMAL | D_UXN, 2);
    leaf1 = descriptor(&s1, WINDOW, 3);
    leaf2 = descriptor(&s2, IPA, 3);
    stage1_on(1, &s1, 1);
    stage2_on(&s2, 1);
    permissions();
    attributes();
    return 0;
}
