/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Semihosting as a program uses it: command line, files, console, clocks, exit status. The exit
 * status is the number that ends the command line.
 */
#include "guest.h"

enum op {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_ISTTY = 0x09,
    SYS_SEEK = 0x0a,
    SYS_FLEN = 0x0c,
    SYS_REMOVE = 0x0e,
    SYS_RENAME = 0x0f,
    SYS_CLOCK = 0x10,
    SYS_TIME = 0x11,
    SYS_ERRNO = 0x13,
    SYS_GET_CMDLINE = 0x15,
    SYS_ELAPSED = 0x30,
    SYS_TICKFREQ = 0x31,
};
enum open_mode { READ = 0, WRITE = 4, APPEND = 8 };
#define FAILED UINT64_MAX

static uint64_t call(uint64_t op, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    const uint64_t block[4] = {a, b, c, d};
    return semihost(op, block);
}

static uint64_t length(const char *s)
{
    uint64_t n = 0;
    while (s[n] != 0) {
        n++;
    }
    return n;
}

static uint64_t open(const char *path, enum open_mode mode)
{
    return call(SYS_OPEN, (uintptr_t)path, mode, length(path), 0);
}

static uint64_t write(uint64_t file, const char *text)
{
    return call(SYS_WRITE, file, (uintptr_t)text, length(text), 0);
}

static void use_files(void)
{
    static char buf[64];
    uint64_t f = open("out.txt", WRITE);
    check("open to write", f != FAILED);
    check_eq("a file is no terminal", call(SYS_ISTTY, f, 0, 0, 0), 0);
    check_eq("write", write(f, "hello "), 0);
    check_eq("close", call(SYS_CLOSE, f, 0, 0, 0), 0);
    f = open("out.txt", APPEND);
    check_eq("append", write(f, "from the guest\n"), 0);
    check_eq("close", call(SYS_CLOSE, f, 0, 0, 0), 0);
    f = open("in.txt", READ);
    check_eq("length", call(SYS_FLEN, f, 0, 0, 0), 10);
    check_eq("seek", call(SYS_SEEK, f, 4, 0, 0), 0);
    check_eq("read: bytes not read", call(SYS_READ, f, (uintptr_t)buf, 8, 0), 2);
    check("read: contents", buf[0] == '4' && buf[5] == '9');
    check_eq("read at the end", call(SYS_READ, f, (uintptr_t)buf, 8, 0), 8);
    check_eq("close", call(SYS_CLOSE, f, 0, 0, 0), 0);
    check_eq("rename", call(SYS_RENAME, (uintptr_t)"old", 3, (uintptr_t)"new", 3), 0);
    check_eq("remove", call(SYS_REMOVE, (uintptr_t)"gone", 4, 0, 0), 0);
    check_eq("open what is not there", open("absent", READ), FAILED);
    check_eq("errno", call(SYS_ERRNO, 0, 0, 0, 0), 2);
    check_eq("open in a folder that is not there", open("absent/file", WRITE), FAILED);
}

static void use_console(void)
{
    uint64_t out = open(":tt", WRITE);
    uint64_t err = open(":tt", APPEND);
    check("open :tt", out != FAILED && err != FAILED);
    check_eq("write to :tt", write(out, "on standard output\n"), 0);
    check_eq("write to :tt", write(err, "on standard error\n"), 0);
}

static void use_clocks(void)
{
    static uint64_t first[1];
    static uint64_t last[1];
    uint64_t seconds = call(SYS_TIME, 0, 0, 0, 0);
    uint64_t clock = call(SYS_CLOCK, 0, 0, 0, 0);
    check("tick frequency", call(SYS_TICKFREQ, 0, 0, 0, 0) >= 1000000);
    check_eq("elapsed", semihost(SYS_ELAPSED, first), 0);
    for (unsigned i = 0; i < 1000000; i++) {
        insn("nop");
    }
    check_eq("elapsed", semihost(SYS_ELAPSED, last), 0);
    check("ticks pass", *last > *first);
    check("the clock does not go back", call(SYS_CLOCK, 0, 0, 0, 0) >= clock);
    check("seconds since 1970", seconds > 1700000000 && call(SYS_TIME, 0, 0, 0, 0) - seconds < 10);
}

int guest_main(void)
{
    static char line[256];
    uint64_t block[2] = {(uintptr_t)line, sizeof(line)};
    unsigned status = 0;

    check_eq("command line", semihost(SYS_GET_CMDLINE, block), 0);
    print("ARGS ");
    print(line);
    print("\n");
    use_files();
    use_console();
    use_clocks();
    for (unsigned i = 0; i < block[1]; i++) {
        status = line[i] >= '0' && line[i] <= '9' ? status * 10 + (unsigned)(line[i] - '0') : 0;
    }
    if (guest_failures_so_far() == 0) {
        guest_exit(status);
    }
    return 1;
}
