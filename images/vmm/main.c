// SPDX-License-Identifier: Apache-2.0
/*
 * vmm: run an arm64 Linux Image (or any flat program) under KVM until it powers off.
 *
 * The exit status is 0 after power-off, 3 after a reset, 4 after a crash event, 1 for what KVM
 * refused. Memory of the guest: device tree, kernel at the next 2 MiB, initramfs behind it.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm.h"

#define MIB           (1ull << 20)
#define HUGE_PAGE     (2 * MIB)
#define ALIGN(x, to)  (((x) + (to) - 1) & ~((to) - 1))
#define DTB_ROOM      (64 * 1024)
#define IMAGE_MAGIC   0x644d5241 /* "ARM\x64" */
#define FLAT_SIZE_MAX MIB

/* The header of an Image: Linux, Documentation/arch/arm64/booting.rst. */
struct image_header {
    uint32_t code[2];
    uint64_t text_offset, image_size, flags, res[3];
    uint32_t magic, res2;
};

void die(const char *what)
{
    fprintf(stderr, "vmm: %s: %s\n", what, strerror(errno));
    exit(1);
}

size_t load_file(const char *path, void *at, size_t room)
{
    size_t got = 0;
    ssize_t n;
    int fd = open(path, O_RDONLY);

    if (fd < 0) {
        die(path);
    }
    while ((n = read(fd, (char *)at + got, room - got)) > 0) {
        got += (size_t)n;
    }
    if (n < 0 || got == room) {
        die(path);
    }
    close(fd);
    return got;
}

static void usage(void)
{
    fputs("usage: vmm -k KERNEL [-i INITRD] [-a CMDLINE] [-m MIB] [-c VCPUS] [-d DISK]\n"
          "           [--nested] [--e2h0] [--protected] [--input]\n",
          stderr);
    exit(2);
}

static struct options parse(int argc, char **argv)
{
    enum { NESTED = 256, E2H0, PROTECTED, INPUT };
    static const struct option longs[] = {{"nested", no_argument, NULL, NESTED},
                                          {"e2h0", no_argument, NULL, E2H0},
                                          {"protected", no_argument, NULL, PROTECTED},
                                          {"input", no_argument, NULL, INPUT},
                                          {0}};
    struct options o = {.cmdline = "console=ttyAMA0", .ram_bytes = 256 * MIB, .n_vcpus = 1};
    int c;

    while ((c = getopt_long(argc, argv, "k:i:a:m:c:d:", longs, NULL)) != -1) {
        switch (c) {
        case 'k':
            o.kernel = optarg;
            break;
        case 'i':
            o.initrd = optarg;
            break;
        case 'a':
            o.cmdline = optarg;
            break;
        case 'm':
            o.ram_bytes = strtoull(optarg, NULL, 0) * MIB;
            break;
        case 'c':
            o.n_vcpus = (unsigned)strtoul(optarg, NULL, 0);
            break;
        case 'd':
            o.disk = optarg;
            break;
        case NESTED:
            o.el2 = true;
            break;
        case E2H0:
            o.el2 = o.e2h0 = true;
            break;
        case PROTECTED:
            o.protected = true;
            break;
        case INPUT:
            o.input = true;
            break;
        default:
            usage();
        }
    }
    if (!o.kernel || optind != argc || o.n_vcpus == 0 || o.n_vcpus > MAX_VCPUS ||
        o.ram_bytes < 16 * MIB) {
        usage();
    }
    return o;
}

/* Huge pages make the tables of stage 2 short, as they are under any other monitor. */
static void *allocate_ram(uint64_t size)
{
    char *p = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (p == MAP_FAILED) {
        die("memory of the guest");
    }
    p = (char *)ALIGN((uintptr_t)p, HUGE_PAGE);
    madvise(p, size, MADV_HUGEPAGE);
    return p;
}

static struct layout load_images(const struct options *o, char *ram)
{
    struct layout l = {.dtb = RAM_BASE};
    struct image_header header;
    uint64_t kernel = HUGE_PAGE;
    uint64_t size = load_file(o->kernel, ram + kernel, o->ram_bytes - kernel);

    memcpy(&header, ram + kernel, sizeof(header));
    if (header.magic == IMAGE_MAGIC) {
        if (header.text_offset) {
            memmove(ram + kernel + header.text_offset, ram + kernel, size);
            kernel += header.text_offset;
        }
        size = header.image_size;
    } else {
        size += FLAT_SIZE_MAX; /* what is not in the file: .bss, stacks */
    }
    l.entry = RAM_BASE + kernel;
    if (o->initrd) {
        uint64_t at = ALIGN(kernel + size, HUGE_PAGE);

        if (at >= o->ram_bytes) {
            errno = ENOMEM;
            die(o->initrd);
        }
        l.initrd = RAM_BASE + at;
        l.initrd_end = l.initrd + load_file(o->initrd, ram + at, o->ram_bytes - at);
    }
    return l;
}

int main(int argc, char **argv)
{
    struct options o = parse(argc, argv);
    char *ram = allocate_ram(o.ram_bytes);
    struct layout l = load_images(&o, ram);
    struct vm *vm;

    /* Whole lines, so that those of the host's kernel do not come between; but a prompt is none. */
    setvbuf(stdout, NULL, o.input ? _IONBF : _IOLBF, BUFSIZ);
    virtio_init(ram, &o);
    vm = vm_create(&o, ram);
    fdt_build(ram, DTB_ROOM, &o, &l, vm_gic_version(vm));
    vm_start(vm, &l);
    for (;;) { /* the vCPU that powers off ends the process */
        uint8_t byte;

        if (!o.input || read(STDIN_FILENO, &byte, 1) != 1) {
            pause();
        } else {
            vm_console_input(vm, byte);
        }
    }
}
