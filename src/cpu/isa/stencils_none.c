/* SPDX-License-Identifier: Apache-2.0 */
/* A host or a build without the second tier. */
#include "cpu/engine/stencil.h"

const struct stencil stencils[] = {{0}};
const size_t n_stencils = 0;
const uint8_t stencil_code[] = {0};
const struct stencil_hole stencil_holes[] = {{0}};
void (*const stencil_functions[])(void) = {0};
