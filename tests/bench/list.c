/* SPDX-License-Identifier: Apache-2.0 */
/* Linked lists: find, reverse, merge sort. */
#include "bench.h"

#define N 1000

struct node {
    struct node *next;
    uint32_t key;
};

static struct node nodes[N];

static struct node *find(struct node *l, uint32_t key)
{
    while (l != NULL && l->key != key) {
        l = l->next;
    }
    return l;
}

static struct node *reverse(struct node *l)
{
    struct node *out = NULL;

    while (l != NULL) {
        struct node *next = l->next;
        l->next = out;
        out = l;
        l = next;
    }
    return out;
}

static struct node *merge(struct node *a, struct node *b)
{
    struct node *head = NULL, **tail = &head;

    while (a != NULL && b != NULL) {
        struct node **from = a->key <= b->key ? &a : &b;
        *tail = *from;
        tail = &(*from)->next;
        *from = *tail;
    }
    *tail = a != NULL ? a : b;
    return head;
}

static struct node *sort(struct node *l)
{
    struct node *slow = l, *fast;

    if (l == NULL || l->next == NULL) {
        return l;
    }
    for (fast = l->next; fast != NULL && fast->next != NULL; fast = fast->next->next) {
        slow = slow->next;
    }
    fast = slow->next;
    slow->next = NULL;
    return merge(sort(l), sort(fast));
}

uint64_t bench_run(void)
{
    uint32_t seed = 1;
    uint64_t sum = 0;

    for (unsigned round = 0; round < 2500; round++) {
        struct node *l = NULL;

        for (unsigned i = 0; i < N; i++) {
            nodes[i] = (struct node){l, bench_random(&seed)};
            l = &nodes[i];
        }
        l = reverse(sort(reverse(l)));
        for (unsigned i = 0; i < 100; i++) {
            const struct node *f = find(l, nodes[i * 7].key);
            sum = sum * 31 + (f != NULL ? f->key : 0);
        }
    }
    return sum;
}
