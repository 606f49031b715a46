/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A main() for fuzz targets in builds without libFuzzer: saved inputs first, then mutations of them
 * and random bytes from a seeded generator, for a number of seconds or of inputs. On a crash the
 * input is in crash-input in the working directory.
 *
 *     fuzz-elf [-seconds N] [-runs N] [-seed N] [FILE or FOLDER]...
 */
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define INPUT_BYTES_MAX 65536
#define KEEP            512 /* inputs to mutate */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    uint8_t *data;
    size_t size;
};

struct fuzzer {
    uint64_t rng, seed;
    uint64_t max_runs, runs;
    double seconds;
    struct input kept[KEEP];
    unsigned n_kept;
};

/* What the signal handler writes: the input that runs now. */
static const uint8_t *current;
static size_t current_size;

static void on_crash(int sig)
{
    int fd = open("crash-input", O_WRONLY | O_CREAT | O_TRUNC, 0644);

    if (fd >= 0 && write(fd, current, current_size) == (ssize_t)current_size) {
        static const char text[] = "the input is in crash-input\n";
        (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
    }
    signal(sig, SIG_DFL);
    raise(sig);
}

/* xorshift64* */
static uint64_t next(struct fuzzer *f)
{
    f->rng ^= f->rng >> 12;
    f->rng ^= f->rng << 25;
    f->rng ^= f->rng >> 27;
    return f->rng * UINT64_C(0x2545f4914f6cdd1d);
}

static uint64_t below(struct fuzzer *f, uint64_t n)
{
    return n == 0 ? 0 : next(f) % n;
}

static void run_one(struct fuzzer *f, const uint8_t *data, size_t size)
{
    current = data;
    current_size = size;
    f->runs++;
    LLVMFuzzerTestOneInput(data, size);
}

static void keep(struct fuzzer *f, const uint8_t *data, size_t size)
{
    struct input *i;

    if (size > INPUT_BYTES_MAX) {
        size = INPUT_BYTES_MAX;
    }
    if (f->n_kept < KEEP) {
        i = &f->kept[f->n_kept++];
    } else {
        i = &f->kept[below(f, KEEP)];
        g_free(i->data);
    }
    *i = (struct input){.data = g_memdup2(data, size), .size = size};
}

static void add_path(struct fuzzer *f, const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;
    g_autofree char *data = NULL;
    gsize size;

    if (dir != NULL) {
        while ((name = g_dir_read_name(dir)) != NULL) {
            g_autofree char *inside = g_build_filename(path, name, NULL);
            add_path(f, inside);
        }
    } else if (g_file_get_contents(path, &data, &size, NULL)) {
        keep(f, (const uint8_t *)data, size);
        run_one(f, (const uint8_t *)data, size);
    }
}

/* Numbers at the edges of what parsers check. */
static uint64_t interesting(struct fuzzer *f)
{
    static const uint64_t values[] = {0, 1, 2, 7, 8, 16, 0x7f, 0x80, 0xff, 0x1000, 0x7fff, 0xffff};
    uint64_t v = values[below(f, G_N_ELEMENTS(values))];

    switch (below(f, 4)) {
    case 0:
        return UINT64_C(1) << below(f, 64);
    case 1:
        return -v;
    case 2:
        return (UINT64_C(1) << below(f, 64)) - 1;
    default:
        return v;
    }
}

static void mutate_once(struct fuzzer *f, uint8_t *data, size_t *size)
{
    size_t at = below(f, *size), n = 1 + below(f, 16);
    uint64_t v;

    switch (below(f, 7)) {
    case 0:
        data[at] ^= 1u << below(f, 8);
        break;
    case 1:
        data[at] = (uint8_t)next(f);
        break;
    case 2: /* a number, at its natural place */
        at &= ~(size_t)7;
        v = interesting(f);
        n = (size_t)1 << below(f, 4);
        memcpy(data + at, &v, MIN(n, *size - at));
        break;
    case 3: /* cut */
        *size = at;
        break;
    case 4: /* grow */
        n = MIN(n * 8, INPUT_BYTES_MAX - *size);
        for (size_t i = 0; i < n; i++) {
            data[(*size)++] = (uint8_t)next(f);
        }
        break;
    case 5: /* copy inside */
        n = MIN(n * 4, *size - at);
        memmove(data + below(f, *size - n + 1), data + at, n);
        break;
    default: /* overwrite */
        for (size_t i = at; i < MIN(at + n, *size); i++) {
            data[i] = (uint8_t)next(f);
        }
    }
}

static size_t make_input(struct fuzzer *f, uint8_t *data)
{
    size_t size;

    if (f->n_kept != 0 && below(f, 8) != 0) {
        const struct input *i = &f->kept[below(f, f->n_kept)];
        size = i->size;
        if (size != 0) {
            memcpy(data, i->data, size);
        }
    } else {
        size = below(f, (uint64_t)1 << below(f, 13));
        for (size_t i = 0; i < size; i++) {
            data[i] = (uint8_t)next(f);
        }
    }
    for (uint64_t n = below(f, 6); n != 0 && size != 0; n--) {
        mutate_once(f, data, &size);
    }
    return size;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fuzz(struct fuzzer *f)
{
    static uint8_t data[INPUT_BYTES_MAX + 256];
    double end = now() + f->seconds;

    while (now() < end && (f->max_runs == 0 || f->runs < f->max_runs)) {
        size_t size = make_input(f, data);
        /* A copy of the exact size, so that a sanitizer sees what is read beyond it. */
        g_autofree uint8_t *exact = g_memdup2(data, size);
        run_one(f, exact != NULL ? exact : data, size);
        if (below(f, 64) == 0) {
            keep(f, data, size);
        }
    }
}

int main(int argc, char **argv)
{
    static struct fuzzer f = {.seed = 1, .seconds = 10};
    static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};

    for (unsigned i = 0; i < G_N_ELEMENTS(signals); i++) {
        signal(signals[i], on_crash);
    }
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "-seconds") == 0) {
            f.seconds = g_ascii_strtod(argv[++i], NULL);
        } else if (strcmp(argv[i], "-runs") == 0) {
            f.max_runs = g_ascii_strtoull(argv[++i], NULL, 0);
        } else if (strcmp(argv[i], "-seed") == 0) {
            f.seed = g_ascii_strtoull(argv[++i], NULL, 0);
        }
    }
    f.rng = f.seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-') {
            i++;
        } else {
            add_path(&f, argv[i]);
        }
    }
    fuzz(&f);
    printf("seed %" G_GUINT64_FORMAT ": %" G_GUINT64_FORMAT " inputs, no crash\n", f.seed, f.runs);
    return 0;
}
