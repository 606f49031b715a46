/* SPDX-License-Identifier: Apache-2.0 */
/* What every kind of block backend brings: it follows struct blockdev in the kind's struct. */
#ifndef HOST_BLOCKDEV_INTERNAL_H
#define HOST_BLOCKDEV_INTERNAL_H

#include "core/backend.h"

struct blockdev_impl {
    void (*close)(struct blockdev *b);
};

#endif
