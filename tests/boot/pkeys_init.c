/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /init that uses memory protection keys, which the kernel makes of permission overlays
 * (FEAT_S1POE): what a key denies, POR_EL0 that counts at once, syscalls on behalf of a thread,
 * threads and processes with keys of their own. Prints a line for what is wrong, INIT: done, and
 * powers off.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#define POR_EL0      "s3_3_c10_c2_4"
#define SEGV_PKUERR_ 4
#define TURNS        20000

/* What a key allows, as POR_EL0 has it. */
enum { NONE = 0, R = 1, X = 2, W = 4, ALL = R | W | X };

static void check_eq(const char *what, uint64_t got, uint64_t want)
{
    if (got != want) {
        printf("FAIL %s: %#llx, expected %#llx\n", what, (unsigned long long)got,
               (unsigned long long)want);
    }
}

static uint64_t por(void)
{
    uint64_t v;
    __asm__ volatile("mrs %0, " POR_EL0 : "=r"(v));
    return v;
}

static void set_por(uint64_t v)
{
    __asm__ volatile("msr " POR_EL0 ", %0\nisb" ::"r"(v) : "memory");
}

static void allow(int key, uint64_t what)
{
    set_por((por() & ~(UINT64_C(15) << 4 * key)) | what << 4 * key);
}

/* ---- faults as values ---- */

static sigjmp_buf back;
static siginfo_t fault;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    fault = *info;
    siglongjmp(back, 1);
}

enum access { READ, WRITE, FETCH };

/* The si_code of what it ends with, 0 for nothing. */
static int access_code(volatile uint32_t *at, enum access a)
{
    const uint64_t keys = por();
    if (sigsetjmp(back, 1) != 0) {
        set_por(keys); /* a handler begins with key 0 alone */
        return fault.si_code;
    }
    if (a == READ) {
        (void)*at;
    } else if (a == WRITE) {
        at[1] = 1;
    } else {
        ((void (*)(void))(uintptr_t)at)();
    }
    return 0;
}

static void expect(const char *what, int key, uint64_t allowed, uint32_t *at, enum access a)
{
    static const uint8_t needs[] = {[READ] = R, [WRITE] = W, [FETCH] = X};
    allow(key, allowed);
    int code = access_code(at, a);
    check_eq(what, (uint64_t)code, allowed & needs[a] ? 0 : SEGV_PKUERR_);
    if (code != 0) {
        check_eq("address", (uint64_t)(uintptr_t)fault.si_addr,
                 (uint64_t)(uintptr_t)(a == WRITE ? at + 1 : at));
        check_eq("key", fault.si_pkey, (uint64_t)key);
    }
    allow(key, ALL);
}

static uint32_t *page(int prot, int key)
{
    uint32_t *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    p[0] = 0xd65f03c0; /* RET */
    __builtin___clear_cache((char *)p, (char *)(p + 1));
    check_eq("pkey_mprotect", (uint64_t)pkey_mprotect(p, 4096, prot, key), 0);
    return p;
}

/* Every value of a field, every access; the page itself allows it. */
static void values(int key)
{
    uint32_t *data = page(PROT_READ | PROT_WRITE, key), *code = page(PROT_READ | PROT_EXEC, key);
    for (uint64_t v = NONE; v <= ALL; v++) {
        expect("read", key, v, data, READ);
        expect("write", key, v, data, WRITE);
        expect("execute", key, v, code, FETCH);
        expect("read of code", key, v, code, READ);
    }
    /* Without a key's say: the page does not allow it. */
    check_eq("write to code", (uint64_t)access_code(code, WRITE), SEGV_ACCERR);
}

/* A page that the TLB has: each write to POR_EL0 counts. */
static void toggles(int key)
{
    uint32_t *p = page(PROT_READ | PROT_WRITE, key);
    unsigned faults = 0;
    for (unsigned i = 0; i < TURNS; i++) {
        allow(key, i & 1 ? W : ALL);
        if (i % 64 == 63) {
            faults += access_code(p, READ) == SEGV_PKUERR_;
        } else {
            p[2] = i;
        }
    }
    allow(key, ALL);
    check_eq("toggles", faults, TURNS / 64);
}

/* The kernel reads for the thread, with its permissions. */
static void syscalls(int key)
{
    uint32_t *p = page(PROT_READ | PROT_WRITE, key);
    int fd[2];
    check_eq("pipe", (uint64_t)pipe(fd), 0);
    allow(key, NONE);
    check_eq("write from a page without access", (uint64_t)write(fd[1], p, 4), (uint64_t)-1);
    check_eq("errno", (uint64_t)errno, EFAULT);
    allow(key, R);
    check_eq("write from it", (uint64_t)write(fd[1], p, 4), 4);
    check_eq("read into a page without write", (uint64_t)read(fd[0], p, 4), (uint64_t)-1);
    allow(key, ALL);
}

/* ---- threads and processes ---- */

struct shared {
    int key;
    uint32_t *p;
};

/* The main thread keeps its key open, this one closed: both through many switches. */
static void *other_thread(void *arg)
{
    const struct shared *s = arg;
    allow(s->key, NONE);
    uint64_t mine = por();
    for (unsigned i = 0; i < 200; i++) {
        sched_yield();
        check_eq("POR_EL0 of a thread", por(), mine);
    }
    return NULL;
}

static void threads(int key)
{
    struct shared s = {key, page(PROT_READ | PROT_WRITE, key)};
    pthread_t t;
    uint64_t mine = por();
    check_eq("thread", (uint64_t)pthread_create(&t, NULL, other_thread, &s), 0);
    for (unsigned i = 0; i < 200; i++) {
        sched_yield();
        s.p[3] = i;
    }
    pthread_join(t, NULL);
    check_eq("POR_EL0 after a thread", por(), mine);
    allow(key, R);
    pid_t child = fork();
    if (child == 0) {
        _exit(access_code(s.p, WRITE) == SEGV_PKUERR_ && access_code(s.p, READ) == 0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    check_eq("a child has the parent's keys", (uint64_t)status, 1 << 8);
    allow(key, ALL);
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &sa, NULL);
    int first = pkey_alloc(0, 0), second = pkey_alloc(0, PKEY_DISABLE_WRITE);
    if (first <= 0 || second <= 0) {
        printf("FAIL pkey_alloc: %s\n", strerror(errno));
    } else {
        check_eq("POR_EL0 of a key without write", por() >> 4 * second & 15, R | X);
        values(first);
        values(second);
        toggles(first);
        syscalls(first);
        threads(second);
        check_eq("pkey_free", (uint64_t)pkey_free(first), 0);
    }
    puts("INIT: done");
    fflush(stdout);
    reboot(RB_POWER_OFF);
    return 0;
}
