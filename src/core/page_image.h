/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a memory held at some moment: pages that images of other moments share. A copy costs almost
 * nothing, and an image only what changed since the one it was copied from.
 */
#ifndef CORE_PAGE_IMAGE_H
#define CORE_PAGE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/pages.h"

struct page_image;

/* n pages of zeros. *bytes counts what all images of a family take. */
struct page_image *page_image_new(uint64_t n, uint64_t *bytes);
struct page_image *page_image_copy(const struct page_image *from);
void page_image_free(struct page_image *i);

uint64_t page_image_len(const struct page_image *i);
/* NULL: zeros. */
const uint8_t *page_image_get(const struct page_image *i, uint64_t page);
/* True: it is another content than before. */
bool page_image_set(struct page_image *i, uint64_t page, const uint8_t *data);

/* Call fn for every page that may differ: it is not the same page of both. */
void page_image_compare(const struct page_image *a, const struct page_image *b,
                        void (*fn)(void *opaque, uint64_t page), void *opaque);

#endif
