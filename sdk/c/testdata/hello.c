/* Answers every path with one line; what the benchmarks serve. */
#include "../stackhost.h"

static sh_code hello(sh_request *request, sh_response *response) {
    (void)request;
    sh_add_header(response, "content-type", SH("text/plain"));
    response->record.body = SH("Hello from C");
    return 0;
}

SH_HTTP(hello)
