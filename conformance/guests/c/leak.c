/* A guest that does all it can to tell one client what another one sent: it looks for traces of earlier requests and then leaves its
 * own everywhere. (C code cannot reach its module's table.) */
#include "conformance.h"

enum { AREA = 64 << 10, PAGE = 64 << 10, GROWN = 16 };

static unsigned char buffer[AREA];
static unsigned char *heap;
static uint64_t global;
static char kept[256];
static size_t pages_at_boot;

/* Optimisers must not reason about what an area holds. */
#define ESCAPE(p) __asm__ volatile("" : : "r"(p) : "memory")

void prepare_leak(void) {
    heap = sh_alloc(AREA);
    pages_at_boot = __builtin_wasm_memory_size(0);
}

static unsigned char *grow(size_t pages) {
    size_t before = __builtin_wasm_memory_grow(0, pages);
    return before == (size_t)-1 ? NULL : (unsigned char *)(before * PAGE);
}

/* Describes the first byte of an area that is not zero. Most calls find none, so 8 bytes are looked at together. */
static void look(sh_str *found, const char *name, const void *area, size_t len) {
    ESCAPE(area);
    const uint64_t *words = area;
    const unsigned char *bytes = area;
    size_t i = 0;
    while (i + 8 <= len && !words[i / 8]) {
        i += 8;
    }
    while (i < len && !bytes[i]) {
        i++;
    }
    if (i < len && !found->ptr) {
        *found = sh_format("%s at %u: \"%v\"", name, (unsigned)i, sh_bytes(bytes + i, len - i < 32 ? len - i : 32));
    }
}

/* Repeats the marker over a whole area, by copying what is already there: twice as much each time. */
static void fill(void *area, size_t len, sh_str marker) {
    unsigned char *to = area;
    size_t done = marker.len < len ? marker.len : len;
    if (!to || !done) {
        return;
    }
    __builtin_memcpy(to, marker.ptr, done);
    while (done < len) {
        size_t more = done < len - done ? done : len - done;
        __builtin_memcpy(to + done, to, more);
        done += more;
    }
    ESCAPE(area);
}

sh_code route_leak(sh_request *request, sh_response *response) {
    sh_str marker = sh_or(sh_header(request, "X-Marker"), SH("unmarked"));
    sh_str found = {0};
    look(&found, "static buffer", buffer, AREA);
    look(&found, "heap", heap, AREA);
    look(&found, "global", &global, sizeof global);
    look(&found, "string", kept, sizeof kept);
    bool foreign = __builtin_wasm_memory_size(0) != pages_at_boot;
    unsigned char *grown = grow(GROWN);
    size_t grown_len = grown ? GROWN * PAGE : 0;
    look(&found, "grown memory", grown, grown_len);
    if (foreign && !found.ptr) {
        found = SH("memory is larger than it was at boot");
    }

    fill(buffer, AREA, marker);
    fill(heap, AREA, marker);
    fill(grown, grown_len, marker);
    fill(kept, sizeof kept, marker);
    global = 1;
    for (size_t i = 0; i < marker.len; i++) {
        global = global * 31 + (unsigned char)marker.ptr[i];
    }
    return sh_text(response, found.ptr ? sh_format("leak: %v", found) : SH("clean"));
}

sh_code route_grow(sh_request *request, sh_response *response) {
    sh_buf json = {0};
    sh_json_object(&json);
    sh_json_member_bool(&json, "ok", grow((size_t)query_number(request, "mb", 1) * 16) != NULL);
    sh_json_end_object(&json);
    return sh_json(response, sh_buf_str(&json));
}
