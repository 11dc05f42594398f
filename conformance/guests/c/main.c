/* The C guest of the conformance suite: one route for each thing that the suite looks at. The same routes exist in every SDK's
 * language. */
#include "conformance.h"

static unsigned counter;
static unsigned *on_heap;
static struct {
    const char *text;
    unsigned boots;
} *table;

int64_t query_number(const sh_request *request, const char *name, int64_t otherwise) {
    int64_t n;
    return sh_parse_int(sh_query(request, name), &n) && n >= 0 ? n : otherwise;
}

static sh_code boot(const sh_boot_request *request) {
    (void)request;
    unsigned boots = table ? table->boots + 1 : 1;
    table = sh_alloc(sizeof *table);
    table->text = "booted once";
    table->boots = boots;
    on_heap = sh_alloc(sizeof *on_heap);
    prepare_leak();
    return 0;
}

static void put_fields(sh_buf *json, const char *name, const sh_fields *fields, bool base64) {
    sh_json_key(json, name);
    sh_json_array(json);
    for (size_t i = 0; i < fields->count; i++) {
        sh_json_array(json);
        sh_json_str(json, fields->items[i].name);
        sh_json_str(json, base64 ? sh_base64(fields->items[i].value) : fields->items[i].value);
        sh_json_end_array(json);
    }
    sh_json_end_array(json);
}

static sh_code echo_request(sh_request *request, sh_response *response) {
    const sh_http_request *r = &request->record;
    sh_buf json = {0};
    sh_json_object(&json);
    sh_json_member_str(&json, "method", r->method);
    sh_json_member_str(&json, "path", r->path);
    sh_json_member_str(&json, "query", r->query);
    sh_json_member_str(&json, "scheme", r->scheme);
    sh_json_member_str(&json, "host", r->host);
    put_fields(&json, "headers", &r->headers, true);
    put_fields(&json, "params", &r->params, false);
    sh_json_member_int(&json, "body_length", r->body_length);
    sh_json_member_str(&json, "route", r->route);
    sh_json_member_bool(&json, "has_id", r->id.len > 0);
    sh_json_member_bool(&json, "has_traceparent", r->traceparent.len > 0);
    sh_json_member_bool(&json, "timeout_positive", r->timeout_ms > 0);
    sh_json_end_object(&json);
    return sh_json(response, sh_buf_str(&json));
}

static sh_code echo(sh_request *request, sh_response *response) {
    sh_add_header(response, "content-type", sh_or(sh_header(request, "content-type"), SH("application/octet-stream")));
    return sh_send_body(response, &request->body);
}

static sh_code sum(sh_request *request, sh_response *response) {
    unsigned char *buffer = sh_alloc(8192);
    uint64_t bytes = 0;
    uint32_t total = 0;
    for (;;) {
        int64_t n = sh_body_read(&request->body, buffer, 8192);
        if (n < 0) {
            return n;
        }
        if (n == 0) {
            break;
        }
        bytes += (uint64_t)n;
        for (int64_t i = 0; i < n; i++) {
            total += buffer[i];
        }
    }
    return sh_json(response, sh_format("{\"bytes\":%llu,\"sum\":%u}", bytes, total));
}

static sh_code status(sh_request *request, sh_response *response) {
    int64_t code;
    if (!sh_parse_int(sh_param(request, "code"), &code) || code < 0 || code > 65535) {
        return sh_problem(response, 400, SH("code must be a number"));
    }
    return sh_status(response, (int)code);
}

static sh_code headers(sh_request *request, sh_response *response) {
    (void)request;
    sh_add_header(response, "x-a", SH("1"));
    sh_add_header(response, "x-a", SH("2"));
    sh_add_header(response, "x-bin", SH("\xff\xfe"));
    sh_add_header(response, "connection", SH("close"));
    sh_add_header(response, "content-length", SH("3"));
    return sh_text(response, SH("headers"));
}

static sh_code stream(sh_request *request, sh_response *response) {
    size_t size = (size_t)query_number(request, "size", 1);
    char *chunk = sh_alloc(size);
    __builtin_memset(chunk, 'x', size);
    sh_text(response, SH(""));
    sh_code code = sh_start(response);
    for (int64_t n = query_number(request, "n", 1); n > 0 && !code; n--) {
        code = sh_write(response, sh_bytes(chunk, size));
        code = code ? code : sh_flush(response);
    }
    return code ? code : sh_finish(response);
}

static sh_code empty(sh_request *request, sh_response *response) {
    (void)request;
    return sh_status(response, 204);
}

static sh_code count(sh_request *request, sh_response *response) {
    (void)request;
    counter++;
    ++*on_heap;
    return sh_text(response, sh_format("%u", counter > *on_heap ? counter : *on_heap));
}

/* C without a library has no generator of its own, so `language` is empty. */
static sh_code numbers(sh_request *request, sh_response *response) {
    (void)request;
    return sh_json(response, sh_format("{\"request\":\"%v\",\"language\":\"\"}", sh_random_hex(8)));
}

static sh_code trap(sh_request *request, sh_response *response) {
    (void)request;
    (void)response;
    sh_panic(SH("asked to trap"));
}

static sh_code endless(sh_request *request, sh_response *response) {
    (void)request;
    (void)response;
    for (volatile unsigned *c = &counter;;) {
        ++*c;
    }
}

/* Never ends, and does something after each call so that it cannot become a loop. */
__attribute__((noinline)) static unsigned recurse(volatile unsigned *n) {
    volatile unsigned more = *n + 1;
    if (more == 0) {
        return 0; /* after more calls than any stack has room for */
    }
    return recurse(&more) + more;
}

static sh_code recursion(sh_request *request, sh_response *response) {
    (void)request;
    volatile unsigned n = 1;
    return sh_text(response, sh_format("%u", recurse(&n)));
}

static sh_code error(sh_request *request, sh_response *response) {
    int64_t code;
    if (!sh_parse_int(sh_query(request, "code"), &code) || code >= 0) {
        return sh_problem(response, 400, SH("code must be a negative number"));
    }
    return code;
}

static sh_code now(sh_request *request, sh_response *response) {
    (void)request;
    return sh_json(response, sh_format("{\"us\":%llu}", (unsigned long long)sh_time_us()));
}

static sh_code booted(sh_request *request, sh_response *response) {
    (void)request;
    return sh_text(response, sh_format("%s: %u", table->text, table->boots));
}

static const sh_route routes[] = {
    {"GET", "/t/echo-request", echo_request},
    {"POST", "/t/echo", echo},
    {"POST", "/t/sum", sum},
    {"GET", "/t/status/{code}", status},
    {"GET", "/t/headers", headers},
    {"GET", "/t/stream", stream},
    {"GET", "/t/empty", empty},
    {"GET", "/t/counter", count},
    {"GET", "/t/random", numbers},
    {"GET", "/t/log", route_log},
    {"GET", "/t/config", route_config},
    {"GET", "/t/secret", route_secret},
    {"GET", "/t/supports", route_supports},
    {"GET", "/t/fetch", route_fetch},
    {"GET", "/t/batch", route_batch},
    {"GET", "/t/trap", trap},
    {"GET", "/t/loop", endless},
    {"GET", "/t/recurse", recursion},
    {"GET", "/t/grow", route_grow},
    {"GET", "/t/error", error},
    {"GET", "/t/leak", route_leak},
    {"GET", "/t/time", now},
    {"GET", "/t/boot", booted},
};

static sh_code around(sh_request *request, sh_verdict *verdict) {
    sh_str mode = sh_or(sh_header(request, "X-Mw"), SH(""));
    if (sh_equal(mode, SH("block"))) {
        verdict->answered = true;
        sh_text(&verdict->response, SH("blocked"));
        return sh_status(&verdict->response, 403);
    }
    if (sh_equal(mode, SH("set"))) {
        sh_add(&verdict->set, SH("x-added"), SH("1"));
        sh_add(&verdict->response_headers, SH("x-mw"), SH("seen"));
    }
    return 0;
}

static sh_code work(const sh_job_request *job, sh_str *result) {
    if (sh_equal(job->name, SH("fail"))) {
        return sh_fail(-1001, SH("asked to fail"));
    }
    if (sh_equal(job->name, SH("trap"))) {
        sh_panic(SH("asked to trap"));
    }
    char *reversed = sh_alloc(job->payload.len);
    for (size_t i = 0; i < job->payload.len; i++) {
        reversed[i] = job->payload.ptr[job->payload.len - 1 - i];
    }
    *result = sh_bytes(reversed, job->payload.len);
    return 0;
}

SH_ROUTES(routes)
SH_MIDDLEWARE(around)
SH_JOB(work)
SH_BOOT(boot)
