/* A module that links a C library: malloc and sh_alloc must not give out the same bytes. Compiled and run by check.sh. */
#include "stackhost.h"

#include <stdlib.h>
#include <string.h>

static bool holds(const char *p, size_t n, char c) {
    for (size_t i = 0; i < n; i++) {
        if (p[i] != c) {
            return false;
        }
    }
    return true;
}

/* Takes turns, in sizes that lie in what there is of memory and in sizes that make it grow. */
static sh_code take_turns(sh_request *request, sh_response *response) {
    static const size_t sizes[] = {100, 5000, 70000, 300000, 16, 900000};
    enum { N = sizeof sizes / sizeof sizes[0] };
    char *theirs[N], *ours[N];
    for (int i = 0; i < N; i++) {
        theirs[i] = malloc(sizes[i]);
        ours[i] = sh_alloc(sizes[i]);
        if (!theirs[i] || !holds(ours[i], sizes[i], 0)) {
            return sh_text(response, SH("no clean memory"));
        }
        memset(theirs[i], 'a' + i, sizes[i]);
        memset(ours[i], 'A' + i, sizes[i]);
    }
    for (int i = 0; i < N; i++) {
        if (!holds(theirs[i], sizes[i], (char)('a' + i)) || !holds(ours[i], sizes[i], (char)('A' + i))) {
            return sh_text(response, sh_format("area %d was overwritten", i));
        }
        free(theirs[i]);
    }
    return sh_text(response, sh_format("%v is whole", request->record.path));
}

SH_HTTP(take_turns)
