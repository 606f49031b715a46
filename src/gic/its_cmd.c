/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of the ITS, and translation of (DeviceID, EventID) to an LPI of a PE. Arm IHI 0069H,
 * 5.3 "ITS commands" and the pseudocode there. Commands take effect at once, so SYNC has nothing to
 * wait for. Commands of GICv4 are in its_vcmd.c.
 */
#include "base/log.h"

#include "gic/its_internal.h"

/* An event that leads somewhere. */
struct route {
    struct its_device device;
    struct its_event event;
    struct gic_pe *pe; /* of a physical one */
    struct vpe vpe;    /* of a virtual one */
};

enum its_result its_find_device(const struct its *s, uint32_t id, struct its_device *out)
{
    TRY(its_get_device(s, id, out));
    return its_unless(!out->valid);
}

enum its_result its_find_vpe(const struct its *s, uint32_t id, struct vpe *out)
{
    TRY(its_get_vpe(s, id, out));
    return its_unless(!out->valid);
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
    TRY(its_find_device(s, device, &out->device));
    TRY(its_get_event(s, &out->device, event, &out->event));
    if (!out->event.valid) {
        return ITS_REFUSED;
    }
    return out->event.is_virtual ? its_find_vpe(s, out->event.icid, &out->vpe)
                                 : find_pe(s, out->event.icid, &out->pe);
}

static void set_pending(struct its *s, const struct route *r, bool pending)
{
    if (r->event.is_virtual) {
        vpe_set_pending(s->g, &r->vpe, r->event.intid, pending, r->event.doorbell);
    } else if (pending) {
        lpi_set_pending(r->pe, r->event.intid, true);
    } else {
        lpi_clear(r->pe, r->event.intid);
    }
}

enum its_result its_signal(struct its *s, uint32_t device, uint32_t event)
{
    struct route to;
    TRY(find_route(s, device, event, &to));
    set_pending(s, &to, true);
    return ITS_DONE;
}

/* ---- fields of commands ---- */

static uint16_t icid(const uint64_t *w)
{
    return (uint16_t)w[2];
}

/* ---- commands ---- */

static enum its_result cmd_mapd(struct its *s, const uint64_t *w)
{
    unsigned size = (unsigned)extract64(w[1], 0, 5);
    struct its_device d = {
        .valid = its_word_valid(w), .event_bits = (uint8_t)(size + 1), .itt = w[2] & mask64(8, 44)};
    TRY(its_unless(d.valid && size >= ITS_ID_BITS));
    return its_put_device(s, its_word_device(w), &d);
}

static enum its_result cmd_mapc(struct its *s, const uint64_t *w)
{
    uint64_t pe = its_rdbase(w[2]);
    TRY(its_unless(its_word_valid(w) && pe >= s->g->cfg.n_pe));
    return its_put_collection(s, icid(w),
                              &(struct its_collection){its_word_valid(w), (uint16_t)pe});
}

/* No check that the collection is mapped: that may come later. */
static enum its_result map_event(struct its *s, const uint64_t *w, uint32_t intid)
{
    struct its_device d;
    struct its_event e = {.valid = true, .icid = icid(w), .intid = (uint16_t)intid};
    TRY(its_find_device(s, its_word_device(w), &d));
    TRY(its_unless(intid < GIC_FIRST_LPI || intid >> GIC_INTID_BITS != 0));
    return its_put_event(s, &d, its_word_event(w), &e);
}

static enum its_result cmd_mapti(struct its *s, const uint64_t *w)
{
    return map_event(s, w, (uint32_t)(w[1] >> 32));
}

static enum its_result cmd_mapi(struct its *s, const uint64_t *w)
{
    return map_event(s, w, its_word_event(w));
}

static enum its_result cmd_movi(struct its *s, const uint64_t *w)
{
    struct route from;
    struct gic_pe *to;
    TRY(find_route(s, its_word_device(w), its_word_event(w), &from));
    TRY(its_unless(from.event.is_virtual));
    TRY(find_pe(s, icid(w), &to));
    from.event.icid = icid(w);
    TRY(its_put_event(s, &from.device, its_word_event(w), &from.event));
    lpi_move(from.pe, to, from.event.intid);
    return ITS_DONE;
}

static enum its_result cmd_movall(struct its *s, const uint64_t *w)
{
    uint64_t from = its_rdbase(w[2]);
    uint64_t to = its_rdbase(w[3]);
    TRY(its_unless(from >= s->g->cfg.n_pe || to >= s->g->cfg.n_pe));
    lpi_move_all(&s->g->pe[from], &s->g->pe[to]);
    return ITS_DONE;
}

static enum its_result cmd_discard(struct its *s, const uint64_t *w)
{
    struct route r;
    TRY(find_route(s, its_word_device(w), its_word_event(w), &r));
    set_pending(s, &r, false);
    return its_put_event(s, &r.device, its_word_event(w), &(struct its_event){.valid = false});
}

static enum its_result cmd_int(struct its *s, const uint64_t *w)
{
    return its_signal(s, its_word_device(w), its_word_event(w));
}

static enum its_result cmd_clear(struct its *s, const uint64_t *w)
{
    struct route r;
    TRY(find_route(s, its_word_device(w), its_word_event(w), &r));
    set_pending(s, &r, false);
    return ITS_DONE;
}

static enum its_result cmd_inv(struct its *s, const uint64_t *w)
{
    struct route r;
    TRY(find_route(s, its_word_device(w), its_word_event(w), &r));
    if (r.event.is_virtual) {
        vpe_config_changed(s->g, &r.vpe);
    } else {
        lpi_config_changed(r.pe);
    }
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
    return its_unless(its_rdbase(w[2]) >= s->g->cfg.n_pe);
}

static const struct its_command commands[] = {
    {"MOVI", 0x01, false, cmd_movi},     {"INT", 0x03, false, cmd_int},
    {"CLEAR", 0x04, false, cmd_clear},   {"SYNC", 0x05, false, cmd_sync},
    {"MAPD", 0x08, false, cmd_mapd},     {"MAPC", 0x09, false, cmd_mapc},
    {"MAPTI", 0x0a, false, cmd_mapti},   {"MAPI", 0x0b, false, cmd_mapi},
    {"INV", 0x0c, false, cmd_inv},       {"INVALL", 0x0d, false, cmd_invall},
    {"MOVALL", 0x0e, false, cmd_movall}, {"DISCARD", 0x0f, false, cmd_discard},
};

static const struct its_command *find_command(const struct its *s, uint8_t opcode)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (commands[i].opcode == opcode) {
            return &commands[i];
        }
    }
    for (size_t i = 0; i < its_n_vcommands && gic_has_vlpis(s->g); i++) {
        const struct its_command *c = &its_vcommands[i];
        if (c->opcode == opcode && (!c->v4p1 || gic_is_v4p1(s->g))) {
            return c;
        }
    }
    return NULL;
}

enum its_result its_command(struct its *s, const uint64_t words[4])
{
    const struct its_command *c = find_command(s, (uint8_t)words[0]);
    if (c == NULL) {
        log_guest(s->dev.id, "no command has the number %#x", (unsigned)(uint8_t)words[0]);
        return ITS_REFUSED;
    }
    log_trace(LOG_IRQ, s->dev.id, "%s %#llx %#llx %#llx %#llx", c->name,
              (unsigned long long)words[0], (unsigned long long)words[1],
              (unsigned long long)words[2], (unsigned long long)words[3]);
    enum its_result r = c->run(s, words);
    if (r == ITS_REFUSED) {
        log_guest(s->dev.id, "command error: %s %#llx %#llx %#llx %#llx", c->name,
                  (unsigned long long)words[0], (unsigned long long)words[1],
                  (unsigned long long)words[2], (unsigned long long)words[3]);
    }
    return r;
}
