/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command: options, host backends, machine, run. Prints all errors. Exit status: 0 the guest
 * powered off, the guest's own code by semihosting or a test device, 1 a user's mistake, 2 ours,
 * 128 + n a signal.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/checkpoints.h"
#include "app/control.h"
#include "app/options.h"
#include "app/record.h"
#include "app/replay_suite.h"
#include "app/signals.h"
#include "app/trace_command.h"
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
    struct machine_port port = machine_outer_port(m);
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

/* The guest ended with `status`; what it said must have arrived, too. */
static int check_output(const struct wiring *w, int status)
{
    GError *err = NULL;
    if (wiring_check_output(w, &err) && log_close(&err)) {
        return status;
    }
    int lost = report(err);
    return status != 0 ? status : lost;
}

/* For scripts: "-pidfile". It goes when the machine ends. */
static bool write_pid_file(const char *path, GError **err)
{
    g_autofree char *text = g_strdup_printf("%d\n", (int)getpid());
    FILE *f = fopen(path, "we");
    bool ok = f != NULL && fputs(text, f) >= 0;
    ok = (f == NULL || fclose(f) == 0) && ok;
    return ok || fail(err, ERR_FILE, "-pidfile: cannot write '%s': %s", path, g_strerror(errno));
}

static int run_with_pid_file(const char *path, struct wiring *w, struct machine *m)
{
    GError *err = NULL;
    if (path == NULL) {
        return run_machine(w, m);
    }
    if (!write_pid_file(path, &err)) {
        return report(err);
    }
    int status = run_machine(w, m);
    (void)unlink(path);
    return status;
}

/* With a trace, if one is asked for. */
static int run_traced(const struct options *o, struct wiring *w, struct machine *m)
{
    GError *err = NULL;
    struct trace_session *trace = NULL;
    if (o->trace.file != NULL) {
        trace = trace_session_start(m, &o->trace, &err);
        if (trace == NULL) {
            return report(err);
        }
    }
    int status = run_with_pid_file(o->pid_file, w, m);
    if (!trace_session_stop(trace, &err)) {
        int lost = report(err);
        return status != 0 ? status : lost;
    }
    return status;
}

/* With what is to happen at certain times. */
static int run_checkpoints(const struct options *o, struct wiring *w, struct machine *m)
{
    GError *err = NULL;
    struct checkpoints *c = checkpoints_new(o, m, &err);
    if (c == NULL) {
        return report(err);
    }
    int status = check_output(w, run_traced(o, w, m));
    return checkpoints_free(c, &err) ? status : report(err);
}

/* Recorded or replayed, if that was asked for. */
static int run_recorded(const struct options *o, struct wiring *w, struct machine *m,
                        struct record *r)
{
    GError *err = NULL;
    if (!record_start(r, m, &err)) {
        return report(err);
    }
    int status = run_checkpoints(o, w, m);
    return record_finish(r, status, &err) ? status : report(err);
}

static int run_wiring(const struct options *o, struct wiring *w, struct record *r)
{
    GError *err = NULL;
    struct machine *m = machine_new(wiring_config(w), &err);

    if (m == NULL) {
        return report(err);
    }
    struct control *control = control_new(o, w, m, &err);
    if (control == NULL) {
        machine_free(m);
        return report(err);
    }
    /* The log last: no file is made for a command with a mistake. */
    int status = set_up_log(o, &err) ? run_recorded(o, w, m, r) : report(err);
    control_free(control);
    machine_free(m);
    return status;
}

static int print_text(const char *text)
{
    if (fputs(text, stdout) >= 0 && fflush(stdout) == 0) {
        return 0;
    }
    fprintf(stderr, "armature: standard output: %s\n", g_strerror(errno));
    return EXIT_USER_ERROR;
}

/* *o may become that of a journal. */
static int run_options(struct options **o, int argc, char **argv)
{
    GError *err = NULL;
    struct record *r;

    if ((*o)->text != NULL) {
        return print_text((*o)->text);
    }
    if (!record_new(o, argc, argv, &r, &err)) {
        return report(err);
    }
    if ((*o)->text != NULL) {
        record_free(r);
        return print_text((*o)->text);
    }
    /* A debugger's way back needs a gate, too. */
    struct replay *own =
        r == NULL && (*o)->gdb != NULL && (*o)->key_frame_bytes != 0 ? replay_new() : NULL;
    struct wiring *w = wiring_new(*o, own != NULL ? own : record_gate(r), &err);
    if (w == NULL) {
        replay_free(own);
        record_free(r);
        return report(err);
    }
    int status = run_wiring(*o, w, r);
    record_free(r);
    replay_free(own);
    wiring_free(w);
    return status;
}

int main(int argc, char **argv)
{
    GError *err = NULL;

    if (argc > 1 && strcmp(argv[1], "trace") == 0) {
        return trace_command(argc - 2, argv + 2, &err) ? 0 : report(err);
    }
    if (argc > 1 && strcmp(argv[1], "replay-suite") == 0) {
        int status = replay_suite_command(argc - 2, argv + 2, &err);
        return err != NULL ? report(err) : status;
    }
    signals_prepare();
    struct options *o = options_parse(argc, argv, &err);
    if (o == NULL) {
        return report(err);
    }
    int status = run_options(&o, argc, argv);
    options_free(o);
    return status;
}
