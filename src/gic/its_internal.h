/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interrupt translation service, between its files:
 *
 *   its.c         registers; the queue and GITS_TRANSLATER are read and written there
 *   its_cmd.c     what each command does, what a (DeviceID, EventID) does
 *   its_tables.c  device, collection and interrupt translation tables in memory
 */
#ifndef GIC_ITS_INTERNAL_H
#define GIC_ITS_INTERNAL_H

#include "gic/gic_internal.h"

#define ITS_N_BASER   8U
#define ITS_ID_BITS   16U /* DeviceID, EventID, ICID */
#define ITS_ITE_BYTES 8U
#define ITS_CMD_BYTES 32U

/* Which GITS_BASER<n> is which. */
enum { ITS_BASER_DEVICES, ITS_BASER_COLLECTIONS };

struct its {
    struct device dev;
    struct gic *g;
    bool enabled;
    uint64_t cbaser, cwriter, creadr;
    uint64_t baser[ITS_N_BASER];
};

/* ITS_REFUSED: a command error, the command has no effect. ITS_STALLED: memory did not answer. */
enum its_result { ITS_DONE, ITS_REFUSED, ITS_STALLED };

/* ---- its_tables.c ---- */
struct its_device {
    bool valid;
    uint8_t event_bits; /* 1 to 16 */
    uint64_t itt;       /* physical address */
};
struct its_event {
    bool valid;
    uint16_t icid;
    uint16_t intid;
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
/* d is valid. */
enum its_result its_get_event(const struct its *s, const struct its_device *d, uint32_t id,
                              struct its_event *out);
enum its_result its_put_event(const struct its *s, const struct its_device *d, uint32_t id,
                              const struct its_event *e);

/* ---- its_cmd.c ---- */
/* words: the 32 bytes at `at`, in RAM. */
enum its_result its_command(struct its *s, const uint64_t words[4]);
enum its_result its_signal(struct its *s, uint32_t device, uint32_t event);

#endif
