/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/machine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "machine/fdt.h"
#include "machine/history.h"
#include "machine/loader_image.h"

#include "machine/machine_internal.h"

#define DEFAULT_QUANTUM (100 * TICKS_PER_US)

const char *machine_gic_name(const struct machine_config *c)
{
    static const char *const names[] = {"2", "3", "4"};
    return c->gic_minor == 1 ? "4.1" : names[c->gic_version - 2];
}

void machine_config_init(struct machine_config *c)
{
    *c = (struct machine_config){
        .gic_version = 3,
        .virtualization = true,
        .cpu = "max",
        .n_pes = 1,
        .topology = {1, 1, 1, 1},
        .ram_bytes = 128 * MIB,
        .quantum = DEFAULT_QUANTUM,
        .freq_mhz = 1000,
    };
}

/* ---- requests ---- */

void machine_request(void *opaque, enum machine_request what, int code)
{
    struct machine *m = opaque;
    if (what == REQ_SERROR) {
        if (SERROR_PE(code) < m->n_pes) {
            cpu_raise_serror(m->pes[SERROR_PE(code)], SERROR_ISS(code));
            history_changed(m);
        }
        return;
    }
    /* The first one counts, but leaving beats everything, and anything beats a key. */
    if (!m->request.any || what == REQ_EXIT || m->request.what == REQ_POWER_KEY) {
        m->request = (struct pending_request){
            .any = true, .guest = m->current != NULL, .what = what, .code = code};
    }
    if (m->current != NULL) {
        cpu_request_exit(m->current);
    }
}

struct machine_port machine_port(struct machine *m)
{
    return (struct machine_port){machine_request, m};
}

struct machine_port machine_outer_port(struct machine *m)
{
    return m->cfg.gate != NULL ? replay_port(m->cfg.gate) : machine_port(m);
}

/* ---- the device tree ---- */

static void draw_seeds(struct machine *m, struct fdt_seeds *s)
{
    struct entropy *e = m->cfg.entropy;
    *s = (struct fdt_seeds){0};
    if (e != NULL) {
        e->fill(e->opaque, s->rng, sizeof(s->rng));
        e->fill(e->opaque, s->kaslr, sizeof(s->kaslr));
    }
}

static GBytes *base_tree(struct machine *m, struct fdt_seeds *seeds, GError **err)
{
    struct fdt_config c = {
        .n_cpus = m->n_pes,
        .topology = m->cfg.topology,
        .cpu_compatible = m->model.compatible,
        .gic_version = m->cfg.gic_version,
        .gic_minor = m->cfg.gic_minor,
        .its = m->cfg.its,
        .espi = m->cfg.espi,
        .mbi = m->cfg.mbi,
        .virtualization = m->cfg.virtualization,
        .hyp_virt_timer = m->cfg.virtualization && m->model.vhe,
        .secure = m->cfg.secure,
        .pmu = m->model.pmu,
        .uart1 = m->cfg.serial1,
        .seeds = *seeds,
    };
    if (m->cfg.dtb == NULL) {
        draw_seeds(m, &c.secure_seeds);
        return fdt_build(&c, err);
    }
    GBytes *file = image_read_file("-dtb", m->cfg.dtb, err);
    if (file != NULL && !fdt_check_file(m->cfg.dtb, file, err)) {
        g_clear_pointer(&file, g_bytes_unref);
    }
    return file;
}

static GBytes *build_tree(struct machine *m, GError **err)
{
    static const enum fdt_psci methods[] = {
        [CONDUIT_NONE] = FDT_PSCI_NONE,
        [CONDUIT_HVC] = FDT_PSCI_HVC,
        [CONDUIT_SMC] = FDT_PSCI_SMC,
    };
    struct fdt_seeds seeds;
    draw_seeds(m, &seeds);
    g_autoptr(GBytes) base = base_tree(m, &seeds, err);
    if (base == NULL) {
        return NULL;
    }
    struct fdt_boot b = {
        .ram_base = virt_memmap[VIRT_RAM].base,
        .ram_size = m->cfg.ram_bytes,
        .psci = methods[m->conduit],
        .bootargs = m->cfg.append,
        .initrd_start = m->plan.initrd_start,
        .initrd_end = m->plan.initrd_end,
        .modules = (const struct fdt_module *)m->plan.modules->data,
        .n_modules = m->plan.modules->len,
        .seeds = &seeds,
    };
    return fdt_finish_boot(base, &b, err);
}

static bool dump_tree(const struct machine *m, GBytes *tree, GError **err)
{
    size_t len;
    const void *p = g_bytes_get_data(tree, &len);
    const char *path = m->cfg.dumpdtb;
    FILE *f = fopen(path, "we");
    bool ok = f != NULL && fwrite(p, 1, len, f) == len;
    int why = errno;

    if (f != NULL && fclose(f) != 0 && ok) {
        ok = false;
        why = errno;
    }
    if (!ok && f != NULL && g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        (void)unlink(path); /* half of it */
    }
    return ok || fail(err, ERR_FILE, "-M dumpdtb: cannot write '%s': %s", path, g_strerror(why));
}

static bool add_tree(struct machine *m, GError **err)
{
    g_autoptr(GBytes) tree = build_tree(m, err);
    if (tree == NULL) {
        return false;
    }
    if (m->cfg.dumpdtb != NULL) {
        return dump_tree(m, tree, err);
    }
    return boot_add_dtb(&m->plan, m->roms, tree, &m->has_dtb, err);
}

/* ---- construction ---- */

static bool has_firmware(const struct machine *m)
{
    return m->cfg.flash[0] != NULL;
}

/*
 * Who answers PSCI. Without firmware it is the machine, by the instruction that goes one level up
 * from the kernel; nobody does when the first PE starts at the level that would have to answer.
 */
static enum cpu_conduit choose_conduit(const struct machine *m)
{
    bool highest = !m->plan.linux_boot;
    if (m->cfg.secure && (has_firmware(m) || highest)) {
        return CONDUIT_NONE;
    }
    return m->cfg.virtualization ? CONDUIT_SMC : CONDUIT_HVC;
}

static bool prepare_boot(struct machine *m, GError **err)
{
    struct boot_request q = {
        .kernel = m->cfg.kernel,
        .initrd = m->cfg.initrd,
        .firmware = has_firmware(m),
        .ram_base = virt_memmap[VIRT_RAM].base,
        .ram_size = m->cfg.ram_bytes,
        .n_pes = m->n_pes,
        .items = m->cfg.items,
        .n_items = m->cfg.n_items,
        .modules = m->cfg.modules,
        .n_modules = m->cfg.n_modules,
    };
    m->roms = rom_list_new();
    if (!boot_prepare(&q, m->roms, &m->plan, err)) {
        return false;
    }
    m->conduit = choose_conduit(m);
    return add_tree(m, err);
}

static void number_pes(struct machine *m)
{
    m->n_pes = m->cfg.n_pes;
    m->mpidr = g_new0(uint64_t, m->n_pes);
    m->held = g_new0(bool, m->n_pes);
    m->hold_wanted = g_new0(bool, m->n_pes);
    for (unsigned i = 0; i < m->n_pes; i++) {
        m->mpidr[i] = virt_mpidr(i, m->cfg.gic_version);
    }
}

static bool build(struct machine *m, GError **err)
{
    number_pes(m);
    m->bus = bus_new();
    m->evq = evq_new();
    m->devices = g_ptr_array_new();
    m->names = g_string_chunk_new(512);
    /* Files first: most mistakes show there, before memory is taken. */
    if (!pe_model_read(m->cfg.cpu, &m->model, err) || !prepare_boot(m, err)) {
        return false;
    }
    if (!board_build(m, err) || !pes_build(m, err) || !machine_reset(m, err)) {
        return false;
    }
    if (m->cfg.no_reboot) {
        rom_list_drop(m->roms);
    }
    return true;
}

struct machine *machine_new(const struct machine_config *c, GError **err)
{
    struct machine *m = g_new0(struct machine, 1);
    m->cfg = *c;
    if (c->gate != NULL) {
        struct machine_port p = machine_port(m);
        replay_set_machine(c->gate, &p);
    }
    m->alarms_next = TICK_NEVER;
    if (!build(m, err)) {
        machine_free(m);
        return NULL;
    }
    return m;
}

void machine_free(struct machine *m)
{
    if (m == NULL) {
        return;
    }
    history_free(m);
    pes_free(m);
    board_free(m);
    boot_plan_clear(&m->plan);
    rom_list_free(m->roms);
    evq_free(m->evq);
    bus_free(m->bus);
    g_free(m->mpidr);
    g_free(m->held);
    g_free(m->hold_wanted);
    g_free(m);
}

bool machine_reset(struct machine *m, GError **err)
{
    m->round = (struct round){0};
    for (unsigned i = 0; i < m->n_pes; i++) {
        cpu_reset(m->pes[i]);
        cpu_set_time(m->pes[i], m->now);
    }
    board_reset(m);
    if (m->semihost != NULL) {
        semihost_reset(m->semihost);
    }
    if (!rom_list_write(m->roms, m->bus, err)) {
        return false;
    }
    cpu_invalidate_code(m->pes[0], pa(0), UINT64_MAX);
    pes_start(m);
    return true;
}
