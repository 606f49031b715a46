/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /init that debugs a child with what the kernel makes of the debug registers: breakpoints,
 * watchpoints and single steps of ptrace(2). Prints a line for what is wrong, INIT: done, and
 * powers off.
 */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define TURNS              10
#define TRAP_TRACE_        2
#define TRAP_HWBKPT_       4
#define CONTROL(bas, type) ((bas) << 5 | (type) << 3 | 2 << 1 | 1) /* EL0, enabled */

/* The child runs this: x0 counts, then goes to *x1. */
void debuggee(uint64_t count, volatile uint64_t *result);
extern const char loop_insn[], store_insn[], end_insn[];
__asm__(".global debuggee, loop_insn, store_insn, end_insn\n"
        "debuggee: mov x0, #0\n"
        "loop_insn: add x0, x0, #1\n"
        "cmp x0, #10\n"
        "b.ne loop_insn\n"
        "store_insn: str x0, [x1]\n"
        "end_insn: ret\n");

static volatile uint64_t result;

struct user_regs {
    uint64_t x[31], sp, pc, pstate;
};
struct debug_slots {
    uint32_t info, pad;
    struct {
        uint64_t address;
        uint32_t control, pad;
    } slot[16];
};

static void check_eq(const char *what, uint64_t got, uint64_t want)
{
    if (got != want) {
        printf("FAIL %s: %#llx, expected %#llx\n", what, (unsigned long long)got,
               (unsigned long long)want);
    }
}

static struct user_regs registers(pid_t pid)
{
    struct user_regs r = {0};
    struct iovec v = {&r, sizeof(r)};
    check_eq("GETREGSET", (uint64_t)ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &v), 0);
    return r;
}

static unsigned slots(pid_t pid, int kind)
{
    struct debug_slots s = {0};
    struct iovec v = {&s, sizeof(s)};
    check_eq("GETREGSET of slots",
             (uint64_t)ptrace(PTRACE_GETREGSET, pid, (void *)(intptr_t)kind, &v), 0);
    return s.info & 0xff;
}

/* control 0: off */
static void set_slot(pid_t pid, int kind, const volatile void *address, uint32_t control)
{
    struct debug_slots s = {0};
    struct iovec v = {&s, 8 + 16};
    s.slot[0].address = (uint64_t)(uintptr_t)address;
    s.slot[0].control = control;
    check_eq("SETREGSET", (uint64_t)ptrace(PTRACE_SETREGSET, pid, (void *)(intptr_t)kind, &v), 0);
}

/* Let it run until it stops for SIGTRAP at pc. */
static void go(pid_t pid, enum __ptrace_request how, const char *what, int code, const void *pc)
{
    siginfo_t si = {0};
    int status = 0;
    ptrace(how, pid, 0, 0);
    waitpid(pid, &status, 0);
    check_eq(what, WIFSTOPPED(status) ? (uint64_t)WSTOPSIG(status) : 0, SIGTRAP);
    ptrace(PTRACE_GETSIGINFO, pid, 0, &si);
    check_eq(what, (uint64_t)si.si_code, (uint64_t)code);
    check_eq(what, registers(pid).pc, (uint64_t)(uintptr_t)pc);
}

static uint64_t peek_result(pid_t pid)
{
    errno = 0;
    return (uint64_t)ptrace(PTRACE_PEEKDATA, pid, (void *)(uintptr_t)&result, 0);
}

static pid_t start(void)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        debuggee(0, &result);
        _exit(result == TURNS ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    return pid;
}

static void finish(pid_t pid)
{
    int status = 0;
    ptrace(PTRACE_CONT, pid, 0, 0);
    waitpid(pid, &status, 0);
    check_eq("exit status", WIFEXITED(status) ? (uint64_t)WEXITSTATUS(status) : 99, 0);
}

static void breakpoints(void)
{
    pid_t pid = start();
    check_eq("breakpoints", slots(pid, NT_ARM_HW_BREAK), 6);
    for (unsigned i = 0; i < TURNS; i++) {
        set_slot(pid, NT_ARM_HW_BREAK, loop_insn, CONTROL(0xf, 0));
        go(pid, PTRACE_CONT, "breakpoint", TRAP_HWBKPT_, loop_insn);
        check_eq("x0", registers(pid).x[0], i);
        set_slot(pid, NT_ARM_HW_BREAK, loop_insn, 0);
        go(pid, PTRACE_SINGLESTEP, "step over it", TRAP_TRACE_, loop_insn + 4);
    }
    finish(pid);
}

static void watchpoints(void)
{
    pid_t pid = start();
    check_eq("watchpoints", slots(pid, NT_ARM_HW_WATCH), 4);
    set_slot(pid, NT_ARM_HW_WATCH, &result, CONTROL(0xff, 2));
    go(pid, PTRACE_CONT, "watchpoint", TRAP_HWBKPT_, store_insn);
    check_eq("not stored yet", peek_result(pid), 0);
    set_slot(pid, NT_ARM_HW_WATCH, &result, 0);
    go(pid, PTRACE_SINGLESTEP, "step over the store", TRAP_TRACE_, end_insn);
    check_eq("stored", peek_result(pid), TURNS);
    finish(pid);
}

static void steps(void)
{
    pid_t pid = start();
    set_slot(pid, NT_ARM_HW_BREAK, loop_insn, CONTROL(0xf, 0));
    go(pid, PTRACE_CONT, "breakpoint", TRAP_HWBKPT_, loop_insn);
    set_slot(pid, NT_ARM_HW_BREAK, loop_insn, 0);
    for (unsigned i = 1; i <= 3 * TURNS; i++) {
        const char *next = i == 3 * TURNS ? store_insn : loop_insn + 4 * (i % 3);
        go(pid, PTRACE_SINGLESTEP, "step", TRAP_TRACE_, next);
    }
    finish(pid);
}

int main(void)
{
    breakpoints();
    watchpoints();
    steps();
    puts("INIT: done");
    fflush(stdout);
    reboot(RB_POWER_OFF);
    return 0;
}
