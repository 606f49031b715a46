/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command: options, host backends, machine, run. Prints all errors. Exit status: 0 the guest
 * powered off, the guest's own code by semihosting or a test device, 1 a user's mistake, 2 ours,
 * 128 + n a signal.
 */
#include <stdio.h>
#include <stdlib.h>

#include "app/options.h"
#include "app/signals.h"
#include "app/wiring.h"
#include "base/log.h"
#include "machine/machine.h"

#define EXIT_USER_ERROR 1

static int report(GError *err)
{
    fprintf(stderr, "armature: %s\n", err->message);
    g_error_free(err);
    return EXIT_USER_ERROR;
}

static bool set_up_log(const struct options *o, GError **err)
{
    return (o->log_file == NULL || log_open(o->log_file, err)) &&
           (o->log_classes == NULL || log_select(o->log_classes, err));
}

/* The machine exists: run it with signals and the host's requests led to it. */
static int run_machine(struct wiring *w, struct machine *m)
{
    GError *err = NULL;
    struct machine_port port = machine_port(m);
    struct signals *signals = signals_new(wiring_loop(w), &err);

    if (signals == NULL) {
        return report(err);
    }
    hostloop_set_machine(wiring_loop(w), &port);
    int status = machine_run(m);
    hostloop_flush(wiring_loop(w));
    hostloop_set_machine(wiring_loop(w), &(struct machine_port){0});
    signals_free(signals);
    return status;
}

static int run_wiring(struct wiring *w)
{
    GError *err = NULL;
    struct machine *m = machine_new(wiring_config(w), &err);

    if (m == NULL) {
        return report(err);
    }
    int status = run_machine(w, m);
    machine_free(m);
    return status;
}

static int run_options(const struct options *o)
{
    GError *err = NULL;

    if (o->text != NULL) {
        fputs(o->text, stdout);
        return 0;
    }
    if (!set_up_log(o, &err)) {
        return report(err);
    }
    struct wiring *w = wiring_new(o, &err);
    if (w == NULL) {
        return report(err);
    }
    int status = run_wiring(w);
    wiring_free(w);
    return status;
}

int main(int argc, char **argv)
{
    GError *err = NULL;

    signals_prepare();
    struct options *o = options_parse(argc, argv, &err);
    if (o == NULL) {
        return report(err);
    }
    int status = run_options(o);
    options_free(o);
    return status;
}
