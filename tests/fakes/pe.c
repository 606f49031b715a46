/* SPDX-License-Identifier: Apache-2.0 */
#include "fakes/pe.h"

#include "cpu/sys/exc.h"
#include "cpu/sys/sysreg_table.h"

struct cpu *pe_new(const struct pe_config *cfg)
{
    GError *err = NULL;
    struct cpu_config cc = {
        .model = cfg->model != NULL ? cfg->model : "max",
        .has_el2 = !cfg->no_el2,
        .has_el3 = !cfg->no_el3,
        .gic_sysregs = 1,
        .freq_mhz = 1000,
        .block_cache_bytes = 1 << 20,
        .bus = bus_new(),
        .evq = evq_new(),
    };
    struct cpu *c = cpu_new(&cc, &err);
    g_assert_no_error(err);
    return c;
}

void pe_free(struct cpu *c)
{
    struct bus *bus = c->bus;
    struct evq *evq = c->evq;
    cpu_free(c);
    bus_free(bus);
    evq_free(evq);
}

void pe_set_el(struct cpu *c, unsigned el)
{
    exc_set_el(c, el, el != 0);
}

void pe_set(struct cpu *c, enum sr_id id, uint64_t v)
{
    sysreg_poke(c, sr_table[id].enc, v);
}
