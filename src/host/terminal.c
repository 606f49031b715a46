/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw mode of the terminal on standard input. There is one terminal a process, and it has to be
 * restored from signal handlers and exit handlers, which get no argument: hence the file-scope
 * state.
 */
#include "host/terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static struct termios term_old, term_new;
static volatile sig_atomic_t term_is_raw;
static bool term_saved;
static bool term_claimed;

bool host_term_claim(void)
{
    bool was_free = !term_claimed;
    term_claimed = true;
    return was_free;
}

void host_term_release(void)
{
    host_term_restore();
    term_is_raw = 0;
    term_claimed = false;
}

/* Changing the settings from the background would stop the process. */
static bool in_foreground(void)
{
    pid_t owner = tcgetpgrp(STDIN_FILENO);
    return owner < 0 || owner == getpgrp();
}

void host_term_raw(bool keep_signals)
{
    if (!isatty(STDIN_FILENO)) {
        return;
    }
    if (!term_saved) {
        if (tcgetattr(STDIN_FILENO, &term_old) != 0) {
            return;
        }
        term_saved = true;
        (void)atexit(host_term_restore);
    }
    term_new = term_old;
    term_new.c_iflag &=
        ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    term_new.c_oflag |= OPOST; /* our own messages still end lines the usual way */
    term_new.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN);
    if (!keep_signals) {
        term_new.c_lflag &= ~(tcflag_t)ISIG;
    }
    term_new.c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
    term_new.c_cflag |= CS8;
    term_new.c_cc[VMIN] = 1;
    term_new.c_cc[VTIME] = 0;
    term_is_raw = 1;
    host_term_reapply();
}

void host_term_reapply(void)
{
    if (term_is_raw != 0 && in_foreground()) {
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &term_new);
    }
}

void host_term_restore(void)
{
    if (term_is_raw != 0 && in_foreground()) {
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &term_old);
    }
}
