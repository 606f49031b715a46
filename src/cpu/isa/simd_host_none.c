/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts without instructions for the purpose: always the portable handlers. */
#include <stddef.h>

#include "cpu/isa/simd_host.h"

op_fn *host_simd_op(enum host_simd which)
{
    return NULL;
}
