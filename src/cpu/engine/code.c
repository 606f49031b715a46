/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu/engine/code.h"

#include <sys/mman.h>
#include <unistd.h>

#ifndef MAP_32BIT
#define MAP_32BIT 0
#endif

bool code_map(struct code_memory *m, size_t bytes)
{
    int fd = memfd_create("armature-code", MFD_CLOEXEC);
    *m = (struct code_memory){0};
    if (fd < 0) {
        return false;
    }
    void *w = MAP_FAILED, *x = MAP_FAILED;
    if (ftruncate(fd, (off_t)bytes) == 0) {
        w = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        x = mmap(NULL, bytes, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_32BIT, fd, 0);
    }
    close(fd);
    if (w == MAP_FAILED || x == MAP_FAILED) {
        if (w != MAP_FAILED) {
            munmap(w, bytes);
        }
        if (x != MAP_FAILED) {
            munmap(x, bytes);
        }
        return false;
    }
    *m = (struct code_memory){.write = w, .execute = x, .size = bytes};
    return true;
}

void code_unmap(struct code_memory *m)
{
    if (m->size != 0) {
        munmap(m->write, m->size);
        munmap((void *)(uintptr_t)m->execute, m->size);
    }
    *m = (struct code_memory){0};
}

void *code_map_data(size_t bytes)
{
    int how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, how | MAP_32BIT, -1, 0);
    if (p == MAP_FAILED) {
        p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, how, -1, 0);
    }
    return p != MAP_FAILED ? p : NULL;
}

void code_unmap_data(void *p, size_t bytes)
{
    if (p != NULL) {
        munmap(p, bytes);
    }
}
