/* SPDX-License-Identifier: Apache-2.0 */
/* A fast 64-bit hash of bytes: tells states and files apart, resists no attacker. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* The same on every host. seed chains: hash64(b, n, hash64(a, m, 0)). */
uint64_t hash64(const void *data, size_t len, uint64_t seed);
uint64_t hash64_string(const char *s, uint64_t seed);

#endif
