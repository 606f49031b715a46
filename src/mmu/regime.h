/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A translation regime as a plain value: everything that the walker may depend on. The CPU builds
 * it from system registers, the SMMU from stream table entries and context descriptors; nobody else
 * knows about walks. VMSAv8-64 with 64-bit descriptors, Armv8.0 to 8.9 (Arm DDI 0487, D8).
 *
 * Fields hold register fields as written, after RES0 masking by their owner: a feature that is not
 * implemented has its control bits 0. The walker itself limits TnSZ, PS and start levels.
 * Left out: FEAT_D128, FEAT_RME, MTE tags.
 */
#ifndef MMU_REGIME_H
#define MMU_REGIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bits.h"
#include "core/bus.h"

enum regime {
    REGIME_EL10, /* EL1&0: two halves, two privileges, stage 2 possible */
    REGIME_EL20, /* EL2&0: HCR_EL2.E2H = 1 */
    REGIME_EL2,  /* HCR_EL2.E2H = 0: one half, one privilege */
    REGIME_EL3,  /* one half, one privilege */
    REGIME_N,
};

/* What a translation table base register covers. */
struct xlat_half {
    uint64_t ttb;         /* TTBRn_ELx; the ASID field is ignored here */
    uint8_t tsz;          /* TCR.TnSZ */
    uint8_t granule_log2; /* 12, 14 or 16 */
    uint8_t sh;           /* TCR.SHn: shareability of everything when ds is set */
    bool epd;             /* walks of this half are off */
    bool hpd;  /* APTable, PXNTable and UXNTable are ignored: also with pie, poe, e0poe */
    bool tbi;  /* VA[63:56] is ignored */
    bool tbid; /* ... but not in instruction addresses */
    bool e0pd; /* no access from EL0 */
};

struct xlat_s1 {
    bool on;         /* SCTLR_ELx.M, unless HCR_EL2.{DC,TGE} switch it off */
    bool default_wb; /* off, and HCR_EL2.DC: Normal Write-Back in place of Device */
    bool icache;     /* SCTLR_ELx.I */
    bool dcache;     /* SCTLR_ELx.C */
    bool big_endian; /* of descriptors: SCTLR_ELx.EE, which is RES0 in a PE of ours */
    bool wxn;        /* SCTLR_ELx.WXN */
    bool epan;       /* SCTLR_ELx.EPAN */
    bool cmow;       /* SCTLR_ELx.CMOW: ACC_CMO_W of EL0 needs to write */
    bool nv1;        /* HCR_EL2.{NV,NV1} = {1,1}: EL1 descriptors look like those of EL2 */
    bool ha, hd;     /* TCR.HA, TCR.HD: hardware sets access flag and dirty state */
    bool ds;         /* TCR.DS: FEAT_LPA2 descriptors */
    bool pie;        /* TCR2.PIE: indirect permissions */
    bool poe, e0poe; /* TCR2.POE, E0POE: overlays of the privileged, of EL0 */
    uint8_t ps_bits; /* TCR.IPS or PS: 32, 36, 40, 42, 44, 48 or 52 */
    uint16_t asid;   /* 0 where there is none */
    uint64_t mair;
    uint64_t pir, pire0;   /* PIR_ELx, PIRE0_ELx; 0 without pie */
    uint64_t por, por_el0; /* POR_ELx, POR_EL0; 0 without poe, e0poe */
    struct xlat_half half[2];
};

/* Tables and output of one IPA space. */
struct xlat_s2_space {
    uint64_t ttb;         /* VTTBR_EL2 or VSTTBR_EL2 */
    uint8_t tsz;          /* T0SZ */
    uint8_t granule_log2; /* 12, 14 or 16 */
    uint8_t sl;           /* SL2:SL0 */
    uint8_t walk_pas;     /* enum pas of the tables: NSW, SW */
    uint8_t out_pas;      /* enum pas of the output: NSA, SA, NSW, SW */
};

enum { XLAT_IPA_NS, XLAT_IPA_S, XLAT_N_IPA_SPACES };

struct xlat_s2 {
    bool on;         /* HCR_EL2.VM or DC, and EL2 is enabled */
    bool fwb;        /* HCR_EL2.FWB */
    bool ptw;        /* HCR_EL2.PTW: no stage 1 tables in Device memory */
    bool cd, id;     /* HCR_EL2.CD, ID: data, instructions are non-cacheable */
    bool big_endian; /* SCTLR_EL2.EE */
    bool ha, hd;     /* VTCR_EL2.HA, HD */
    bool ds;         /* VTCR_EL2.DS */
    bool xnx;        /* FEAT_XNX: XN[1:0], otherwise XN */
    bool cmow;       /* HCRX_EL2.CMOW: ACC_CMO_W needs to write */
    bool pie;        /* VTCR_EL2.S2PIE: indirect permissions */
    bool poe;        /* ... and S2POE: with an overlay */
    uint8_t sh;      /* VTCR_EL2.SH0, for ds */
    uint8_t ps_bits; /* VTCR_EL2.PS */
    uint16_t vmid;   /* also of a regime whose stage 2 is off */
    uint64_t pir;    /* S2PIR_EL2; 0 without pie */
    uint64_t por;    /* S2POR_EL1; 0 without poe */
    struct xlat_s2_space space[XLAT_N_IPA_SPACES]; /* by the IPA's NS bit; Non-secure: [0] */
};

struct xlat_cfg {
    uint8_t regime;  /* enum regime */
    uint8_t pas;     /* enum pas: security state of the regime */
    uint8_t pa_bits; /* ID_AA64MMFR0_EL1.PARange: 32 to 52 */
    bool lva;        /* FEAT_LVA: 52-bit VA with 64 KiB granule */
    bool ttst;       /* FEAT_TTST: TnSZ up to 48 (47 with 64 KiB granule) */
    bool xs;         /* FEAT_XS: MAIR encodings without XS */
    bool sif;        /* SCR_EL3.SIF: Secure state does not execute Non-secure memory */
    struct xlat_s1 s1;
    struct xlat_s2 s2;
};

/* Two halves and EL0. */
static inline bool regime_has_el0(enum regime r)
{
    return r == REGIME_EL10 || r == REGIME_EL20;
}

/* The half that translates va: 0 or 1 (bit 55 chooses). */
static inline unsigned regime_half(const struct xlat_cfg *c, uint64_t va)
{
    return regime_has_el0((enum regime)c->regime) && bit(va, 55);
}

/*
 * va with a tag byte that translation ignores replaced by what it stands for. A TLB looks up and
 * keeps these, so a tag neither hides an entry nor makes a wrong address hit one.
 */
static inline uint64_t regime_untag(const struct xlat_cfg *c, uint64_t va, bool fetch)
{
    const struct xlat_half *h = &c->s1.half[regime_half(c, va)];
    if (!h->tbi || (fetch && h->tbid)) {
        return va;
    }
    return regime_has_el0((enum regime)c->regime) ? (uint64_t)sextract64(va, 0, 56)
                                                  : extract64(va, 0, 56);
}

/* TCR.IPS, TCR.PS, VTCR.PS, PARange: bits of a physical address. Reserved values mean 52. */
unsigned regime_decode_ps(unsigned field);
/*
 * Effective size of an output address: PS, limited by what is implemented and by what a descriptor
 * of this format can hold (pseudocode AArch64.PhysicalAddressSize).
 */
unsigned regime_oa_bits(const struct xlat_cfg *c, unsigned ps_bits, unsigned granule_log2, bool ds);

/*
 * Effective TnSZ, or -1 when the value causes a Translation fault: a value below the minimum with
 * FEAT_LVA, above the maximum with FEAT_TTST. Without those features it counts as the limit.
 */
int regime_s1_tsz(const struct xlat_cfg *c, const struct xlat_half *h);
int regime_s2_tsz(const struct xlat_cfg *c, const struct xlat_s2_space *s);
/* First level of stage 2, or 4 when SL0 and SL2 are reserved or do not suit the input size. */
int regime_s2_start_level(const struct xlat_cfg *c, const struct xlat_s2_space *s, unsigned tsz);

#endif
