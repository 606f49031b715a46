/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the code of a pointer goes: fields by TCR_ELx.{T0SZ, T1SZ, TBI, TBID, TG}, which bit tells
 * the half, pointers that are not canonical, authentication of the results. FEAT_PAuth, FEAT_EPAC,
 * FEAT_PAuth2 and FEAT_CONSTPACFIELD, whichever there is, with any algorithm: the code of a pointer
 * is taken from the canonical pointer with its address. Arm ARM, pseudocode AddPAC, Auth, Strip.
 */
#include "guest.h"

#define MODIFIER UINT64_C(0x1122334455667788)

enum { LEVEL_PAUTH = 1, LEVEL_EPAC, LEVEL_PAUTH2, LEVEL_FPAC };

/* X0, X2: signed; X3: X0 stripped again. */
SNIPPET(pacia_code, "pacia x0, x1\npacia x2, x1\nmov x3, x0\nxpaci x3");
SNIPPET(pacdb_code, "pacdb x0, x1\npacdb x2, x1\nmov x3, x0\nxpacd x3");
SNIPPET(autia_code, "autia x0, x1");
SNIPPET(autdb_code, "autdb x0, x1");

static const struct key {
    const char *sign, *auth;
    bool data, b;
} keys[] = {
    {pacia_code, autia_code, false, false},
    {pacdb_code, autdb_code, true, true},
};

struct layout {
    unsigned tsz[2];
    bool tbi[2], two; /* halves that differ */
    bool wide;        /* 64 KiB granules: 52 bits are possible */
};

static unsigned level;
static bool const_field;

static void set_layout(const struct layout *l, bool tbid)
{
    if (l->two) {
        wr(tcr_el1, (uint64_t)l->tsz[0] | (uint64_t)l->tsz[1] << 16 |
                        (l->wide ? BIT(14) | UINT64_C(3) << 30 : UINT64_C(2) << 30) |
                        (l->tbi[0] ? BIT(37) : 0) | (l->tbi[1] ? BIT(38) : 0) |
                        (tbid ? BIT(51) | BIT(52) : 0));
        wr(sctlr_el1, rd(sctlr_el1) | BIT(31) | BIT(30) | BIT(27) | BIT(13));
    } else {
        wr(tcr_el3, (uint64_t)l->tsz[0] | (l->wide ? BIT(14) : 0) | (l->tbi[0] ? BIT(20) : 0) |
                        (tbid ? BIT(29) : 0) | BIT(31) | BIT(23));
        wr(sctlr_el3, rd(sctlr_el3) | BIT(31) | BIT(30) | BIT(27) | BIT(13));
    }
    isb();
}

static unsigned bottom_of(const struct layout *l, bool upper)
{
    unsigned tsz = l->tsz[upper && l->two], min = l->wide ? 12 : 16;

    return 64 - (tsz < min ? min : tsz);
}

static struct outcome run(const struct layout *l, const char *code, uint64_t p, uint64_t p2)
{
    return run_at(MASKED(l->two ? EL1H : EL3H), code, ARGS(p, MODIFIER, p2));
}

/* The layout is that of the key's kind already: TBID is folded in. */
static void one(const struct layout *l, const struct key *k, uint64_t p)
{
    bool by_55 = const_field || l->tbi[0] || (l->two && l->tbi[1]);
    bool upper = p >> (by_55 ? 55 : 63) & 1;
    bool tbi = l->tbi[l->two && (p & BIT(55))];
    uint64_t field = (tbi ? BIT(56) : 0) - BIT(bottom_of(l, upper)), code = field & ~BIT(55);
    uint64_t canonical = upper ? p | field : p & ~field;
    struct outcome o = run(l, k->sign, p, canonical);
    uint64_t pac = (level >= LEVEL_PAUTH2 ? o.x[2] ^ canonical : o.x[2]) & code;
    uint64_t want = (canonical & ~field) | (upper ? BIT(55) : 0);
    bool good = p == canonical;

    check_done("signing", &o);
    check_eq("a code keeps the address", (o.x[2] ^ canonical) & ~code, 0);
    if (level >= LEVEL_PAUTH2) {
        want |= (pac ^ p) & code;
    } else if (good || level == LEVEL_PAUTH) {
        want |= pac ^ (good ? 0 : BIT(tbi ? 54 : 62));
    }
    uint64_t got = o.x[0];
    check_eq("where the code goes", got, want);
    check_eq("XPAC", o.x[3], canonical);
    if (level >= LEVEL_PAUTH2 && !good) {
        return; /* the code of other bits: wrong, unless by chance */
    }
    bool match = level >= LEVEL_PAUTH2 || ((got ^ pac) & code) == 0;
    unsigned error_at = tbi ? 53 : 61;
    uint64_t error = (k->b ? UINT64_C(2) : 1) << error_at;
    o = run(l, k->auth, got, 0);
    check_done("authentication", &o);
    check_eq("authentication", o.x[0],
             match ? canonical : (canonical & ~(UINT64_C(3) << error_at)) | error);
}

/* A wrong code: an error code, the difference, or an exception. */
static void wrong_code(const struct layout *l, const struct key *k)
{
    struct outcome o = run(l, k->sign, 0x40001000, 0);

    o = run(l, k->auth, o.x[0] ^ BIT(54), 0);

    if (level >= LEVEL_FPAC) {
        check_taken("wrong code", &o, l->two ? 1 : 3, FROM_SPX,
                    ESR(0x1c, (k->data ? 2 : 0) | (k->b ? 1 : 0)));
        return;
    }
    check_done("wrong code", &o);
    uint64_t error = (k->b ? UINT64_C(2) : 1) << (l->tbi[0] ? 53 : 61);
    check_eq("wrong code: result", o.x[0], 0x40001000 | (level >= LEVEL_PAUTH2 ? BIT(54) : error));
}

static void layouts(const struct layout *l, bool tbid)
{
    static const uint16_t tops[] = {0x0000, 0xffff, 0x0080, 0xff7f, 0x8000, 0x7fff, 0x0100,
                                    0xfeff, 0x5a5a, 0xa5a5, 0x00ff, 0xff00, 0x0040, 0xffbf};
    static const uint64_t lows[] = {0x0000000012345678, 0x0000ffffdeadbee8};
    set_layout(l, tbid);
    for (unsigned k = 0; k < ARRAY_LEN(keys); k++) {
        struct layout of_key = *l;
        unsigned failures = guest_failures_so_far();

        if (tbid && !keys[k].data) {
            of_key.tbi[0] = of_key.tbi[1] = false;
        }
        for (unsigned i = 0; i < ARRAY_LEN(tops) * ARRAY_LEN(lows); i++) {
            one(&of_key, &keys[k],
                (uint64_t)tops[i / ARRAY_LEN(lows)] << 48 | lows[i % ARRAY_LEN(lows)]);
        }
        wrong_code(&of_key, &keys[k]);
        if (guest_failures_so_far() != failures) {
            print(l->two ? "     EL1 T0SZ " : "     EL3 T0SZ ");
            print_dec(l->tsz[0]);
            print(" T1SZ ");
            print_dec(l->tsz[1]);
            print(l->tbi[0] ? " TBI0" : "");
            print(l->tbi[1] ? " TBI1" : "");
            print(tbid ? " TBID" : "");
            print(keys[k].data ? " DB\n" : " IA\n");
        }
    }
}

int guest_main(void)
{
    static const uint8_t sizes[][2] = {{16, 16}, {25, 16}, {16, 39}, {12, 25}};
    uint64_t isar1 = rd(id_aa64isar1_el1), isar2 = rd(S3_0_C0_C6_2);

    level = FIELD(isar1, 4, 4) | FIELD(isar1, 8, 4) | FIELD(isar2, 12, 4);
    const_field = FIELD(isar2, 24, 4) != 0;
    wr(apiakeylo_el1, UINT64_C(0x0123456789abcdef));
    wr(apiakeyhi_el1, UINT64_C(0xfedcba9876543210));
    wr(apdbkeylo_el1, UINT64_C(0x6789abcdef012345));
    wr(apdbkeyhi_el1, UINT64_C(0x56789abcdef01234));
    for (unsigned i = 0; i < ARRAY_LEN(sizes) * 32; i++) {
        const uint8_t *tsz = sizes[i / 32];
        struct layout l = {
            .tsz = {tsz[0], tsz[1]}, .tbi = {i & 1, i & 2}, .two = i & 8, .wide = i & 16};
        if (l.two || !l.tbi[1]) {
            layouts(&l, i & 4);
        }
    }
    return 0;
}
