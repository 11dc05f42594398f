/* An arena that begins again with each call. It lies behind the module's data and grows with memory.grow; what boot leaves
 * in it is kept. The input record is its first area, so that a short call touches few pages. */

#ifdef __wasm__
#define SH_PAGE ((size_t)65536)
/* A C library's malloc believes that the memory behind the data is its own. The arena then begins in memory of its own. */
#if defined __wasi__ || defined SH_SHARED_HEAP
static _Alignas(16) char sh_first_memory[SH_PAGE];
#else
#define SH_WHOLE_HEAP
extern unsigned char __heap_base;
#endif
#else
static _Alignas(16) char sh_first_memory[64 << 20];
#endif

/* Everything from base to end is the arena's; at is the next free byte. Zero until the first use. */
static struct {
    size_t base, at, end;
} sh_arena;

static _Noreturn void sh_trap(void) {
    __builtin_trap();
}

static void sh_set_up_memory(void) {
    if (sh_arena.end) {
        return;
    }
#ifdef SH_WHOLE_HEAP
    sh_arena.base = ((size_t)&__heap_base + 15) & ~(size_t)15;
    sh_arena.end = __builtin_wasm_memory_size(0) * SH_PAGE;
#else
    sh_arena.base = (size_t)sh_first_memory;
    sh_arena.end = sh_arena.base + sizeof sh_first_memory;
#endif
    sh_arena.at = sh_arena.base;
}

static void sh_begin_memory(void) {
    sh_set_up_memory();
    sh_arena.at = sh_arena.base;
}

static void sh_keep_memory(void) {
    sh_set_up_memory();
    sh_arena.base = sh_arena.at;
}

/* NULL when there is no room. */
static void *sh_try_alloc(size_t size) {
    sh_set_up_memory();
    size_t room = (size + 15) & ~(size_t)15;
    if (room < size) {
        return NULL;
    }
    if (room > sh_arena.end - sh_arena.at) {
#ifdef __wasm__
        size_t pages = (room - (sh_arena.end - sh_arena.at) + SH_PAGE - 1) / SH_PAGE;
        size_t before = __builtin_wasm_memory_grow(0, pages);
        if (before == (size_t)-1) {
            return NULL;
        }
        if (before * SH_PAGE != sh_arena.end) {
            /* The end of memory is somebody else's: go on behind it. */
            size_t whole = (room + SH_PAGE - 1) / SH_PAGE;
            if (whole > pages && __builtin_wasm_memory_grow(0, whole - pages) == (size_t)-1) {
                return NULL;
            }
            sh_arena.base = sh_arena.at = before * SH_PAGE;
            pages = whole;
        }
        sh_arena.end = (before + pages) * SH_PAGE;
#else
        return NULL;
#endif
    }
    void *p = (void *)sh_arena.at;
    sh_arena.at += room;
    return p;
}

static void *sh_alloc_raw(size_t size) {
    void *p = sh_try_alloc(size);
    if (!p) {
        sh_trap();
    }
    return p;
}

void *sh_alloc(size_t size) {
    char *p = sh_alloc_raw(size);
    for (size_t i = 0; i < size; i++) {
        p[i] = 0;
    }
    return p;
}

static void sh_copy(void *to, const void *from, size_t n) {
    if (n) {
        __builtin_memcpy(to, from, n);
    }
}

static void sh_reserve(sh_buf *b, size_t more) {
    if (more <= b->cap - b->len) {
        return;
    }
    size_t cap = b->cap * 2 > b->len + more ? b->cap * 2 : b->len + more;
    cap = (cap + 63) & ~(size_t)63;
    /* The last area of the arena can grow where it is. */
    if (b->ptr && (size_t)b->ptr + b->cap == sh_arena.at && cap - b->cap <= sh_arena.end - sh_arena.at) {
        sh_arena.at += cap - b->cap;
    } else {
        char *p = sh_alloc_raw(cap);
        sh_copy(p, b->ptr, b->len);
        b->ptr = p;
    }
    b->cap = cap;
}

void sh_put(sh_buf *b, sh_str s) {
    sh_reserve(b, s.len);
    sh_copy(b->ptr + b->len, s.ptr, s.len);
    b->len += s.len;
}

void sh_put_byte(sh_buf *b, char c) {
    sh_reserve(b, 1);
    b->ptr[b->len++] = c;
}

#if defined __wasm__ && !defined __wasi__
/* Compilers call these even without a C library; weak, so that others may be linked. */
__attribute__((weak, no_builtin)) void *memcpy(void *restrict to, const void *restrict from, size_t n) {
#ifdef __wasm_bulk_memory__
    __builtin_memcpy(to, from, n);
#else
    char *t = to;
    const char *f = from;
    for (; n; n--) {
        *t++ = *f++;
    }
#endif
    return to;
}

__attribute__((weak, no_builtin)) void *memmove(void *to, const void *from, size_t n) {
    char *t = to;
    const char *f = from;
    if (t < f) {
        for (; n; n--) {
            *t++ = *f++;
        }
    } else {
        while (n) {
            n--;
            t[n] = f[n];
        }
    }
    return to;
}

__attribute__((weak, no_builtin)) void *memset(void *to, int c, size_t n) {
    char *t = to;
    for (; n; n--) {
        *t++ = (char)c;
    }
    return to;
}

__attribute__((weak, no_builtin)) int memcmp(const void *a, const void *b, size_t n) {
    const unsigned char *x = a, *y = b;
    for (; n; n--, x++, y++) {
        if (*x != *y) {
            return *x < *y ? -1 : 1;
        }
    }
    return 0;
}
#endif
