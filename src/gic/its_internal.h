/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interrupt translation service, between its files:
 *
 *   its.c         registers; the queue and GITS_TRANSLATER are read and written there
 *   its_cmd.c     what each command does, what a (DeviceID, EventID) does
 *   its_vcmd.c    the commands of GICv4
 *   its_tables.c  device, collection, vPE and interrupt translation tables in memory
 */
#ifndef GIC_ITS_INTERNAL_H
#define GIC_ITS_INTERNAL_H

#include "gic/gic_internal.h"
#include "gic/tables_internal.h"
#include "gic/vpe_internal.h"

#define ITS_N_BASER     8U
#define ITS_ID_BITS     16U /* DeviceID, EventID, ICID, vPEID */
#define ITS_ENTRY_BYTES 8U  /* of every table but that of vPEs */
#define ITS_CMD_BYTES   32U

/* Which GITS_BASER<n> is which. */
enum { ITS_BASER_DEVICES, ITS_BASER_COLLECTIONS, ITS_BASER_VPES };

struct its {
    struct device dev;
    struct gic *g;
    bool enabled;
    uint64_t cbaser, cwriter, creadr;
    uint64_t baser[ITS_N_BASER];
};

/* Bytes of an entry of the table that GITS_BASER<n> gives. */
unsigned its_entry_bytes(const struct its *s, unsigned n);

/* ---- its_tables.c ---- */
struct its_device {
    bool valid;
    uint8_t event_bits; /* 1 to 16 */
    uint64_t itt;       /* physical address */
};
struct its_event {
    bool valid;
    bool is_virtual;
    uint16_t icid; /* virtual: vPEID */
    uint16_t intid;
    uint16_t doorbell; /* virtual: an LPI, or INTID_SPURIOUS */
};
struct its_collection {
    bool valid;
    uint16_t pe;
};
enum its_result its_get_device(const struct its *s, uint32_t id, struct its_device *out);
enum its_result its_put_device(const struct its *s, uint32_t id, const struct its_device *d);
enum its_result its_get_collection(const struct its *s, uint32_t id, struct its_collection *out);
enum its_result its_put_collection(const struct its *s, uint32_t id,
                                   const struct its_collection *c);
enum its_result its_get_vpe(const struct its *s, uint32_t id, struct vpe *out);
enum its_result its_put_vpe(const struct its *s, const struct vpe *v);
/* d is valid. */
enum its_result its_get_event(const struct its *s, const struct its_device *d, uint32_t id,
                              struct its_event *out);
enum its_result its_put_event(const struct its *s, const struct its_device *d, uint32_t id,
                              const struct its_event *e);

/* ---- its_cmd.c ---- */
struct its_command {
    const char *name;
    uint8_t opcode;
    bool v4p1; /* in the table of GICv4's: only with GICv4.1 */
    enum its_result (*run)(struct its *s, const uint64_t *w);
};
/* words: the 32 bytes at `at`, in RAM. */
enum its_result its_command(struct its *s, const uint64_t words[4]);
enum its_result its_signal(struct its *s, uint32_t device, uint32_t event);
/* A device that is mapped, a vPE that is. */
enum its_result its_find_device(const struct its *s, uint32_t id, struct its_device *out);
enum its_result its_find_vpe(const struct its *s, uint32_t id, struct vpe *out);

/* ---- its_vcmd.c ---- */
extern const struct its_command its_vcommands[];
extern const size_t its_n_vcommands;
/* What a write of GITS_SGIR does. */
void its_send_vsgi(struct its *s, uint64_t v);

/* ---- what commands are made of ---- */

/* Go on with the next step only if this one was done. */
#define TRY(step)                                                                                  \
    do {                                                                                           \
        enum its_result r_ = (step);                                                               \
        if (r_ != ITS_DONE) {                                                                      \
            return r_;                                                                             \
        }                                                                                          \
    } while (0)

static inline enum its_result its_unless(bool refused)
{
    return refused ? ITS_REFUSED : ITS_DONE;
}

static inline uint32_t its_word_device(const uint64_t *w)
{
    return (uint32_t)(w[0] >> 32);
}

static inline uint32_t its_word_event(const uint64_t *w)
{
    return (uint32_t)w[1];
}

static inline bool its_word_valid(const uint64_t *w)
{
    return bit(w[2], 63);
}

/* RDbase: with GITS_TYPER.PTA = 0 the number of the PE, as in GICR_TYPER. */
static inline uint64_t its_rdbase(uint64_t word)
{
    return extract64(word, 16, 35);
}

#endif
