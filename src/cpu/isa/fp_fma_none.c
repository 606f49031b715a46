/* SPDX-License-Identifier: Apache-2.0 */
/* No host fused multiply-add in handlers: see fp_ops.h. */
#include "cpu/isa/fp_ops.h"

op_fn *fp_fma_scalar(enum fp_size sz, unsigned negate)
{
    return NULL;
}

op_fn *fp_fma_vector(enum simd_shape shape, bool subtract, bool by_element)
{
    return NULL;
}
