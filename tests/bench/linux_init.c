/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /init of the benchmarks that run as programs on a Linux kernel. Each prints a line when it starts
 * and one, with a checksum, when it is done: linux.py looks at the emulator's CPU time between
 * them.
 */
#include <arm_neon.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

static uint64_t run_getpid(void)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < 2000000; i++) {
        sum += (uint64_t)syscall(SYS_getpid);
    }
    return sum;
}

static uint64_t run_forkexec(void)
{
    static char *const argv[] = {"/init", "exit", NULL};
    uint64_t sum = 0;

    for (unsigned i = 0; i < 2000; i++) {
        int status = 0;
        pid_t pid = fork();
        if (pid == 0) {
            execv(argv[0], argv);
            _exit(1);
        }
        waitpid(pid, &status, 0);
        sum += (uint64_t)WEXITSTATUS(status);
    }
    return sum;
}

static uint64_t run_faults(void)
{
    uint64_t sum = 0;

    for (unsigned round = 0; round < 100; round++) {
        uint8_t *area =
            mmap(NULL, 1000 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (area == MAP_FAILED) {
            return 0;
        }
        madvise(area, 1000 * PAGE, MADV_NOHUGEPAGE);
        for (unsigned i = 0; i < 1000; i++) {
            area[i * PAGE] = (uint8_t)i;
            sum += area[i * PAGE + 1] + 1;
        }
        munmap(area, 1000 * PAGE);
    }
    return sum;
}

static uint64_t run_integer(void)
{
    static uint32_t table[256];
    uint64_t a = 1, b = 2, sum = 0;

    for (uint64_t i = 0; i < 150000000 / 10; i++) {
        a = a * 6364136223846793005 + 1442695040888963407;
        b ^= a >> 29;
        b = (b << 7) | (b >> 57);
        table[b & 255] += (uint32_t)a;
        sum += table[a >> 56] + (i % 7);
        if (sum & 1) {
            sum ^= b / ((a & 15) + 1);
        }
    }
    return sum;
}

static uint64_t run_chase(void)
{
    uint64_t n = (UINT64_C(64) << 20) / 64;
    uint8_t *area = malloc(n * 64);
    uint64_t at = 0, sum = 0;

    for (uint64_t i = 0; i < n; i++) {
        *(uint64_t *)(area + i * 64) = ((i * 1664525 + 1013904223) & (n - 1)) * 64;
    }
    for (uint64_t i = 0; i < 16000000; i++) {
        at = *(const uint64_t *)(area + at);
        sum += at;
    }
    free(area);
    return sum;
}

static uint64_t run_nbody(void)
{
    double pos[5][3], vel[5][3] = {0}, sum = 0;
    uint64_t bits;

    for (unsigned i = 0; i < 15; i++) {
        pos[i / 3][i % 3] = (double)((i * 7919 + 13) % 64) / 4;
    }
    for (unsigned step = 0; step < 200000; step++) {
        for (unsigned i = 0; i < 5; i++) {
            for (unsigned j = i + 1; j < 5; j++) {
                double d[3], d2 = 0;
                for (unsigned k = 0; k < 3; k++) {
                    d[k] = pos[i][k] - pos[j][k];
                    d2 += d[k] * d[k];
                }
                double mag = 0.001 / (d2 * sqrt(d2));
                for (unsigned k = 0; k < 3; k++) {
                    vel[i][k] -= d[k] * mag;
                    vel[j][k] += d[k] * mag;
                }
            }
        }
        for (unsigned i = 0; i < 15; i++) {
            pos[i / 3][i % 3] += 0.001 * vel[i / 3][i % 3];
        }
    }
    for (unsigned i = 0; i < 15; i++) {
        sum += pos[i / 3][i % 3];
    }
    memcpy(&bits, &sum, sizeof(bits));
    return bits;
}

static uint64_t run_saxpy(void)
{
    static float x[2048], y[2048];
    uint64_t sum = 0;

    for (unsigned i = 0; i < 2048; i++) {
        x[i] = (float)i / 128;
        y[i] = (float)(2048 - i);
    }
    for (unsigned round = 0; round < 15000; round++) {
        float32x4_t a = vdupq_n_f32(round & 1 ? 0.5f : -0.5f);
        for (unsigned i = 0; i < 2048; i += 4) {
            vst1q_f32(y + i, vfmaq_f32(vld1q_f32(y + i), a, vld1q_f32(x + i)));
        }
    }
    for (unsigned i = 0; i < 2048; i++) {
        sum = sum * 31 + (uint64_t)(int64_t)y[i];
    }
    return sum;
}

static const struct {
    const char *name;
    uint64_t (*run)(void);
} programs[] = {
    {"getpid", run_getpid},   {"forkexec", run_forkexec}, {"faults", run_faults},
    {"integer", run_integer}, {"chase", run_chase},       {"nbody", run_nbody},
    {"saxpy", run_saxpy},
};

/* The kernel's command line names them behind "--". */
static int is_wanted(const char *name, int argc, char **argv)
{
    int wanted = 0;
    for (int i = 1; i < argc; i++) {
        wanted |= strcmp(argv[i], name) == 0;
    }
    return wanted;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "exit") == 0) {
        return 7;
    }
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        if (!is_wanted(programs[i].name, argc, argv)) {
            continue;
        }
        printf("START %s\n", programs[i].name);
        fflush(stdout);
        uint64_t sum = programs[i].run();
        printf("DONE %s %016llx\n", programs[i].name, (unsigned long long)sum);
        fflush(stdout);
    }
    printf("START end\n");
    fflush(stdout);
    reboot(RB_POWER_OFF);
    return 0;
}
