/* SPDX-License-Identifier: Apache-2.0 */
/* Two levels: an image has leaves, a leaf has pages; both are counted by who refers to them. */
#include "core/page_image.h"

#include <glib.h>
#include <string.h>

#define LEAF_PAGES 512U

struct page {
    uint32_t refs;
    uint8_t data[PAGES_BYTES];
};

struct leaf {
    uint32_t refs;
    struct page *pages[LEAF_PAGES]; /* NULL: zeros */
};

struct page_image {
    uint64_t n;
    uint64_t *bytes;
    uint64_t n_leaves;
    struct leaf *leaves[]; /* NULL: zeros */
};

struct page_image *page_image_new(uint64_t n, uint64_t *bytes)
{
    uint64_t n_leaves = (n + LEAF_PAGES - 1) / LEAF_PAGES;
    struct page_image *i = g_malloc0(sizeof(*i) + n_leaves * sizeof(i->leaves[0]));
    i->n = n;
    i->bytes = bytes;
    i->n_leaves = n_leaves;
    return i;
}

struct page_image *page_image_copy(const struct page_image *from)
{
    struct page_image *i = page_image_new(from->n, from->bytes);
    for (uint64_t l = 0; l < i->n_leaves; l++) {
        i->leaves[l] = from->leaves[l];
        if (i->leaves[l] != NULL) {
            i->leaves[l]->refs++;
        }
    }
    return i;
}

static void drop_page(const struct page_image *i, struct page *p)
{
    if (p != NULL && --p->refs == 0) {
        *i->bytes -= sizeof(*p);
        g_free(p);
    }
}

static void drop_leaf(const struct page_image *i, struct leaf *l)
{
    if (l == NULL || --l->refs != 0) {
        return;
    }
    for (unsigned p = 0; p < LEAF_PAGES; p++) {
        drop_page(i, l->pages[p]);
    }
    *i->bytes -= sizeof(*l);
    g_free(l);
}

void page_image_free(struct page_image *i)
{
    for (uint64_t l = 0; l < i->n_leaves; l++) {
        drop_leaf(i, i->leaves[l]);
    }
    g_free(i);
}

uint64_t page_image_len(const struct page_image *i)
{
    return i->n;
}

const uint8_t *page_image_get(const struct page_image *i, uint64_t page)
{
    const struct leaf *l = i->leaves[page / LEAF_PAGES];
    const struct page *p = l != NULL ? l->pages[page % LEAF_PAGES] : NULL;
    return p != NULL ? p->data : NULL;
}

/* The leaf of a page, for this image alone. */
static struct leaf *own_leaf(struct page_image *i, uint64_t page)
{
    struct leaf **slot = &i->leaves[page / LEAF_PAGES];
    struct leaf *old = *slot;
    if (old != NULL && old->refs == 1) {
        return old;
    }
    struct leaf *l = g_new0(struct leaf, 1);
    *i->bytes += sizeof(*l);
    l->refs = 1;
    for (unsigned p = 0; old != NULL && p < LEAF_PAGES; p++) {
        l->pages[p] = old->pages[p];
        if (l->pages[p] != NULL) {
            l->pages[p]->refs++;
        }
    }
    drop_leaf(i, old);
    *slot = l;
    return l;
}

bool page_image_set(struct page_image *i, uint64_t page, const uint8_t *data)
{
    const uint8_t *old = page_image_get(i, page);
    if (old != NULL ? memcmp(old, data, PAGES_BYTES) == 0 : pages_are_zero(data, PAGES_BYTES)) {
        return false;
    }
    struct page **slot = &own_leaf(i, page)->pages[page % LEAF_PAGES];
    drop_page(i, *slot);
    *slot = NULL;
    if (!pages_are_zero(data, PAGES_BYTES)) {
        struct page *p = g_new(struct page, 1);
        *i->bytes += sizeof(*p);
        p->refs = 1;
        memcpy(p->data, data, PAGES_BYTES);
        *slot = p;
    }
    return true;
}

void page_image_compare(const struct page_image *a, const struct page_image *b,
                        void (*fn)(void *opaque, uint64_t page), void *opaque)
{
    for (uint64_t page = 0; page < a->n; page++) {
        if (page % LEAF_PAGES == 0 &&
            a->leaves[page / LEAF_PAGES] == b->leaves[page / LEAF_PAGES]) {
            page += LEAF_PAGES - 1;
        } else if (page_image_get(a, page) != page_image_get(b, page)) {
            fn(opaque, page);
        }
    }
}
