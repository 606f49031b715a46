/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The macros of a memory handler template, for the fast build or, with MEM_BUILD_SLOW defined, for
 * the slow one, or with MEM_BUILD_PAIR for handlers of two instructions (isa/pairs.h). In the slow
 * one data goes through c->mem_data: a local whose address escapes would keep gcc from making tail
 * calls. Included by mem.h, and again between the two uses of a template: no include guard.
 */
#undef MEM_HANDLER
#undef MEM_MISS
#undef LOAD_F
#undef STORE_F
#undef LOAD_UNPRIV
#undef STORE_UNPRIV
#undef MEM_NEXT
#undef LOAD_CTX
#undef STORE_CTX
#undef LOAD
#undef STORE
#undef ALIGNED_OR_SLOW
#undef HOST_PTR

#ifdef MEM_BUILD_SLOW
#define MEM_HANDLER(name) static void slow_##name(OP_ARGS)
#define LOAD_F(name, type, var, addr, flags)                                                       \
    do {                                                                                           \
        cpu_sync(c, o, budget);                                                                    \
        if (!mem_read(c, (addr), sizeof(type), (flags), c->mem_data)) {                            \
            EXIT_TO(leave_block(c, o, budget));                                                    \
        }                                                                                          \
        memcpy(&(var), c->mem_data, sizeof(type));                                                 \
    } while (0)
#define STORE_F(name, type, val, addr, flags)                                                      \
    do {                                                                                           \
        type tmp_ = (val);                                                                         \
        memcpy(c->mem_data, &tmp_, sizeof(type));                                                  \
        cpu_sync(c, o, budget);                                                                    \
        if (!mem_write(c, (addr), sizeof(type), (flags), c->mem_data)) {                           \
            EXIT_TO(leave_block(c, o, budget));                                                    \
        }                                                                                          \
    } while (0)
#define LOAD_UNPRIV(name, type, var, addr, flags)                                                  \
    LOAD_F(name, type, var, addr, (flags) | MEM_UNPRIV)
#define STORE_UNPRIV(name, type, val, addr, flags)                                                 \
    STORE_F(name, type, val, addr, (flags) | MEM_UNPRIV)
/* After a slow access a device may have raised an interrupt or asked to stop. */
#define MEM_NEXT(n)                                                                                \
    do {                                                                                           \
        if (UNLIKELY(c->exit_flags != 0)) {                                                        \
            EXIT_TO(leave_after(c, o, budget));                                                    \
        }                                                                                          \
        NEXT(n);                                                                                   \
    } while (0)
/* Only aligned accesses are fast. */
#define ALIGNED_OR_SLOW(name, va, size) ((void)0)
/* p: host address of ordinary memory, for exclusives and atomics. */
#define HOST_PTR(name, p, va, size, flags, acc)                                                    \
    do {                                                                                           \
        cpu_sync(c, o, budget);                                                                    \
        (p) = mem_ptr(c, (va), (size), (flags), (acc));                                            \
        if ((p) == NULL) {                                                                         \
            EXIT_TO(leave_block(c, o, budget));                                                    \
        }                                                                                          \
    } while (0)
#else
#if defined(MEM_BUILD_PAIR)
/* A miss goes on in the handler of the one instruction. */
#define MEM_HANDLER(name)                                                                          \
    op_fn op_##name;                                                                               \
    HANDLER(name)
#define MEM_MISS(name) EXIT_TO(op_##name(c, o, budget))
#else
#define MEM_HANDLER(name)                                                                          \
    static void slow_##name(OP_ARGS);                                                              \
    HANDLER(name)
#define MEM_MISS(name) EXIT_TO(slow_##name(c, o, budget))
#endif
#define LOAD_F(name, type, var, addr, flags)      LOAD_CTX(name, type, var, addr, c->ctx)
#define LOAD_UNPRIV(name, type, var, addr, flags) LOAD_CTX(name, type, var, addr, c->ctx_unpriv)
#define LOAD_CTX(name, type, var, addr, ctx)                                                       \
    do {                                                                                           \
        const void *p_ = fast_lookup(c->tlb_r, (ctx), (addr), sizeof(type));                       \
        if (UNLIKELY(p_ == NULL)) {                                                                \
            MEM_MISS(name);                                                                        \
        }                                                                                          \
        memcpy(&(var), p_, sizeof(type));                                                          \
    } while (0)
#define STORE_F(name, type, val, addr, flags)      STORE_CTX(name, type, val, addr, c->ctx)
#define STORE_UNPRIV(name, type, val, addr, flags) STORE_CTX(name, type, val, addr, c->ctx_unpriv)
#define STORE_CTX(name, type, val, addr, ctx)                                                      \
    do {                                                                                           \
        type tmp_ = (val);                                                                         \
        void *p_ = fast_lookup(c->tlb_w, (ctx), (addr), sizeof(type));                             \
        if (UNLIKELY(p_ == NULL)) {                                                                \
            MEM_MISS(name);                                                                        \
        }                                                                                          \
        memcpy(p_, &tmp_, sizeof(type));                                                           \
    } while (0)
#define ALIGNED_OR_SLOW(name, va, size)                                                            \
    do {                                                                                           \
        if (UNLIKELY((va) & ((size) - 1))) {                                                       \
            MEM_MISS(name);                                                                        \
        }                                                                                          \
    } while (0)
#define HOST_PTR(name, p, va, size, flags, acc)                                                    \
    do {                                                                                           \
        ALIGNED_OR_SLOW(name, va, size);                                                           \
        (p) = (acc) == MEM_ACC_READ ? fast_read(c, (va), (size)) : fast_write(c, (va), (size));    \
        if (UNLIKELY((p) == NULL)) {                                                               \
            MEM_MISS(name);                                                                        \
        }                                                                                          \
    } while (0)
#define MEM_NEXT(n) NEXT(n)
#endif

/* The plain forms: no flags, no instruction syndrome (pairs, SIMD, writeback). */
#define LOAD(name, type, var, addr)  LOAD_F(name, type, var, addr, MEM_NO_ISV)
#define STORE(name, type, val, addr) STORE_F(name, type, val, addr, MEM_NO_ISV)
