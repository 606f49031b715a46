/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of the ITS, and translation of (DeviceID, EventID) to an LPI of a PE. Arm IHI 0069H,
 * 5.3 "ITS commands" and the pseudocode there. Commands take effect at once, so SYNC has nothing to
 * wait for. Left out: commands for virtual interrupts (GITS_TYPER.Virtual = 0).
 */
#include "base/log.h"

#include "gic/its_internal.h"

/* An event that leads somewhere. */
struct route {
    struct its_device device;
    struct its_event event;
    struct gic_pe *pe;
};

/* Go on with the next step only if this one was done. */
#define TRY(step)                                                                                  \
    do {                                                                                           \
        enum its_result r_ = (step);                                                               \
        if (r_ != ITS_DONE) {                                                                      \
            return r_;                                                                             \
        }                                                                                          \
    } while (0)

static enum its_result unless(bool refused)
{
    return refused ? ITS_REFUSED : ITS_DONE;
}

static enum its_result find_device(const struct its *s, uint32_t id, struct its_device *out)
{
    TRY(its_get_device(s, id, out));
    return unless(!out->valid);
}

static enum its_result find_pe(const struct its *s, uint32_t icid, struct gic_pe **out)
{
    struct its_collection c;
    TRY(its_get_collection(s, icid, &c));
    if (!c.valid) {
        return ITS_REFUSED;
    }
    *out = &s->g->pe[c.pe];
    return ITS_DONE;
}

static enum its_result find_route(const struct its *s, uint32_t device, uint32_t event,
                                  struct route *out)
{
    TRY(find_device(s, device, &out->device));
    TRY(its_get_event(s, &out->device, event, &out->event));
    if (!out->event.valid) {
        return ITS_REFUSED;
    }
    return find_pe(s, out->event.icid, &out->pe);
}

enum its_result its_signal(struct its *s, uint32_t device, uint32_t event)
{
    struct route to;
    TRY(find_route(s, device, event, &to));
    lpi_set_pending(to.pe, to.event.intid, true);
    return ITS_DONE;
}

/* ---- fields of commands ---- */

static uint32_t device_id(const uint64_t *w)
{
    return (uint32_t)(w[0] >> 32);
}

static uint32_t event_id(const uint64_t *w)
{
    return (uint32_t)w[1];
}

static uint16_t icid(const uint64_t *w)
{
    return (uint16_t)w[2];
}

static bool valid(const uint64_t *w)
{
    return bit(w[2], 63);
}

/* RDbase: with GITS_TYPER.PTA = 0 the number of the PE, as in GICR_TYPER. */
static uint64_t rdbase(uint64_t word)
{
    return extract64(word, 16, 35);
}

/* ---- commands ---- */

static enum its_result cmd_mapd(struct its *s, const uint64_t *w)
{
    unsigned size = (unsigned)extract64(w[1], 0, 5);
    struct its_device d = {
        .valid = valid(w), .event_bits = (uint8_t)(size + 1), .itt = w[2] & mask64(8, 44)};
    TRY(unless(d.valid && size >= ITS_ID_BITS));
    return its_put_device(s, device_id(w), &d);
}

static enum its_result cmd_mapc(struct its *s, const uint64_t *w)
{
    uint64_t pe = rdbase(w[2]);
    TRY(unless(valid(w) && pe >= s->g->cfg.n_pe));
    return its_put_collection(s, icid(w), &(struct its_collection){valid(w), (uint16_t)pe});
}

/* No check that the collection is mapped: that may come later. */
static enum its_result map_event(struct its *s, const uint64_t *w, uint32_t intid)
{
    struct its_device d;
    struct its_event e = {.valid = true, .icid = icid(w), .intid = (uint16_t)intid};
    TRY(find_device(s, device_id(w), &d));
    TRY(unless(intid < GIC_FIRST_LPI || intid >> GIC_INTID_BITS != 0));
    return its_put_event(s, &d, event_id(w), &e);
}

static enum its_result cmd_mapti(struct its *s, const uint64_t *w)
{
    return map_event(s, w, (uint32_t)(w[1] >> 32));
}

static enum its_result cmd_mapi(struct its *s, const uint64_t *w)
{
    return map_event(s, w, event_id(w));
}

static enum its_result cmd_movi(struct its *s, const uint64_t *w)
{
    struct route from;
    struct gic_pe *to;
    TRY(find_route(s, device_id(w), event_id(w), &from));
    TRY(find_pe(s, icid(w), &to));
    from.event.icid = icid(w);
    TRY(its_put_event(s, &from.device, event_id(w), &from.event));
    lpi_move(from.pe, to, from.event.intid);
    return ITS_DONE;
}

static enum its_result cmd_movall(struct its *s, const uint64_t *w)
{
    uint64_t from = rdbase(w[2]);
    uint64_t to = rdbase(w[3]);
    TRY(unless(from >= s->g->cfg.n_pe || to >= s->g->cfg.n_pe));
    lpi_move_all(&s->g->pe[from], &s->g->pe[to]);
    return ITS_DONE;
}

static enum its_result cmd_discard(struct its *s, const uint64_t *w)
{
    struct route r;
    TRY(find_route(s, device_id(w), event_id(w), &r));
    lpi_set_pending(r.pe, r.event.intid, false);
    return its_put_event(s, &r.device, event_id(w), &(struct its_event){.valid = false});
}

static enum its_result cmd_int(struct its *s, const uint64_t *w)
{
    return its_signal(s, device_id(w), event_id(w));
}

static enum its_result cmd_clear(struct its *s, const uint64_t *w)
{
    struct route r;
    TRY(find_route(s, device_id(w), event_id(w), &r));
    lpi_set_pending(r.pe, r.event.intid, false);
    return ITS_DONE;
}

static enum its_result cmd_inv(struct its *s, const uint64_t *w)
{
    struct route r;
    TRY(find_route(s, device_id(w), event_id(w), &r));
    lpi_config_changed(r.pe);
    return ITS_DONE;
}

static enum its_result cmd_invall(struct its *s, const uint64_t *w)
{
    struct gic_pe *p;
    TRY(find_pe(s, icid(w), &p));
    lpi_config_changed(p);
    return ITS_DONE;
}

static enum its_result cmd_sync(struct its *s, const uint64_t *w)
{
    return unless(rdbase(w[2]) >= s->g->cfg.n_pe);
}

static const struct {
    const char *name;
    uint8_t opcode;
    enum its_result (*run)(struct its *s, const uint64_t *w);
} commands[] = {
    {"MOVI", 0x01, cmd_movi},     {"INT", 0x03, cmd_int},       {"CLEAR", 0x04, cmd_clear},
    {"SYNC", 0x05, cmd_sync},     {"MAPD", 0x08, cmd_mapd},     {"MAPC", 0x09, cmd_mapc},
    {"MAPTI", 0x0a, cmd_mapti},   {"MAPI", 0x0b, cmd_mapi},     {"INV", 0x0c, cmd_inv},
    {"INVALL", 0x0d, cmd_invall}, {"MOVALL", 0x0e, cmd_movall}, {"DISCARD", 0x0f, cmd_discard},
};

enum its_result its_command(struct its *s, const uint64_t words[4])
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (commands[i].opcode != (uint8_t)words[0]) {
            continue;
        }
        enum its_result r = commands[i].run(s, words);
        if (r == ITS_REFUSED) {
            log_guest(s->dev.id, "command error: %s %#llx %#llx %#llx %#llx", commands[i].name,
                      (unsigned long long)words[0], (unsigned long long)words[1],
                      (unsigned long long)words[2], (unsigned long long)words[3]);
        }
        return r;
    }
    log_guest(s->dev.id, "no command has the number %#x", (unsigned)(uint8_t)words[0]);
    return ITS_REFUSED;
}
