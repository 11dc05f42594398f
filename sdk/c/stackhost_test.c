/* The host of native tests. */
#include "stackhost_test.h"

#include <string.h>

enum { ENTRIES = 32, ROOM = 8 << 20 };

extern sh_str sh_native_result;
void *stackhost_alloc(size_t len);

static struct {
    sh_entry config[ENTRIES], secrets[ENTRIES];
    size_t config_count, secret_count, logs, flushes, kept_len, answer_len;
    int fetch_status;
    const char *fetch_body, *error;
    char last_log[1024];
    sh_str body;
    sh_test_reply reply;
    uint64_t calls;
    bool open;
    char kept[ROOM], answer[ROOM], head[1 << 20];
} host;

void sh_test_reset(void) {
    host.config_count = host.secret_count = host.logs = 0;
    host.fetch_status = 0;
    host.last_log[0] = 0;
}

static void add(sh_entry *entries, size_t *count, const char *key, sh_value value) {
    if (*count == ENTRIES) {
        __builtin_trap();
    }
    entries[(*count)++] = sh_with(key, value);
}

void sh_test_config(const char *key, sh_value value) { add(host.config, &host.config_count, key, value); }

void sh_test_secret(const char *name, const char *value) {
    add(host.secrets, &host.secret_count, name, sh_bin_value(sh_cstr(value)));
}

void sh_test_fetch(int status, const char *body) {
    host.fetch_status = status;
    host.fetch_body = body;
}

size_t sh_test_logs(void) { return host.logs; }
const char *sh_test_last_log(void) { return host.last_log; }

static int64_t fail(sh_code code, const char *text) {
    host.error = text;
    return code;
}

/* Puts a reply into the out area, or keeps it for take. */
static int64_t give(const sh_record_type *type, const void *record, void *out, size_t cap) {
    sh_buf b = {0};
    sh_encode(type, record, &b);
    memcpy(b.len <= cap ? out : host.kept, b.ptr, b.len);
    host.kept_len = b.len <= cap ? 0 : b.len;
    return (int64_t)b.len;
}

static const sh_value *find(const sh_entry *entries, size_t count, sh_str key) {
    for (size_t i = 0; i < count; i++) {
        if (sh_equal(entries[i].key, key)) {
            return &entries[i].value;
        }
    }
    return NULL;
}

int64_t sh_import_core_take(void *ptr, size_t cap) {
    if (!host.kept_len) {
        return fail(SH_CODE_NOT_FOUND, "no reply is kept");
    }
    if (host.kept_len <= cap) {
        memcpy(ptr, host.kept, host.kept_len);
    }
    return (int64_t)host.kept_len;
}

int64_t sh_import_core_error(void *ptr, size_t cap) {
    size_t n = strlen(host.error);
    memcpy(ptr, host.error, n < cap ? n : cap);
    return (int64_t)n;
}

int64_t sh_import_core_read(uint32_t stream, void *ptr, size_t cap) {
    if (stream != 1) {
        return fail(SH_CODE_CLOSED, "no such stream");
    }
    size_t n = host.body.len < 7 ? host.body.len : 7;
    n = n < cap ? n : cap;
    if (n) {
        memcpy(ptr, host.body.ptr, n);
        host.body = sh_bytes(host.body.ptr + n, host.body.len - n);
    }
    return (int64_t)n;
}

int64_t sh_import_core_write(uint32_t stream, const void *ptr, size_t len) {
    if (stream != 2 || !host.open) {
        return fail(SH_CODE_CLOSED, "no such stream");
    }
    if (len > ROOM - host.answer_len) {
        return fail(SH_CODE_LIMIT, "the answer is too long");
    }
    if (len) {
        memcpy(host.answer + host.answer_len, ptr, len);
    }
    host.answer_len += len;
    return (int64_t)len;
}

int64_t sh_import_core_close(uint32_t stream) {
    if (stream != 2 || !host.open) {
        return fail(SH_CODE_CLOSED, "no such stream");
    }
    host.open = false;
    return 0;
}

int64_t sh_import_http_flush(uint32_t stream) {
    host.reply.flushes++;
    return stream == 2 && host.open ? 0 : fail(SH_CODE_CLOSED, "no such stream");
}

int64_t sh_import_http_respond(const void *request, size_t request_len, void *out, size_t out_cap) {
    sh_http_response head;
    sh_stream_reply reply = {2};
    if (host.reply.streamed) {
        return fail(SH_CODE_CLOSED, "the response was started before");
    }
    /* The request lies in the guest's memory, which is used again. */
    if (request_len > sizeof host.head) {
        return fail(SH_CODE_LIMIT, "the record is too long");
    }
    memcpy(host.head, request, request_len);
    sh_code code = sh_decode(&sh_http_response_type, sh_bytes(host.head, request_len), &head);
    if (code) {
        return fail(code, "the record is malformed");
    }
    host.reply.streamed = host.open = true;
    host.reply.status = (int)head.status;
    host.reply.headers = head.headers;
    sh_import_core_write(2, head.body.ptr, head.body.len);
    return give(&sh_stream_reply_type, &reply, out, out_cap);
}

int64_t sh_import_core_log(const void *request, size_t request_len, void *out, size_t out_cap) {
    sh_log_record record;
    (void)out;
    (void)out_cap;
    if (sh_decode(&sh_log_record_type, sh_bytes(request, request_len), &record)) {
        return fail(SH_CODE_INVALID, "the record is malformed");
    }
    size_t n = record.message.len < sizeof host.last_log - 1 ? record.message.len : sizeof host.last_log - 1;
    memcpy(host.last_log, record.message.ptr, n);
    host.last_log[n] = 0;
    host.logs++;
    return 0;
}

int64_t sh_import_core_config(const void *request, size_t request_len, void *out, size_t out_cap) {
    sh_config_request r;
    sh_config_reply reply;
    if (sh_decode(&sh_config_request_type, sh_bytes(request, request_len), &r)) {
        return fail(SH_CODE_INVALID, "the record is malformed");
    }
    reply.value = sh_map_value(host.config, host.config_count);
    const sh_value *found = r.key.len ? find(host.config, host.config_count, r.key) : &reply.value;
    if (!found) {
        return fail(SH_CODE_NOT_FOUND, "there is no such config value");
    }
    reply.value = *found;
    return give(&sh_config_reply_type, &reply, out, out_cap);
}

int64_t sh_import_core_secret(const void *request, size_t request_len, void *out, size_t out_cap) {
    sh_secret_request r;
    sh_secret_reply reply;
    if (sh_decode(&sh_secret_request_type, sh_bytes(request, request_len), &r)) {
        return fail(SH_CODE_INVALID, "the record is malformed");
    }
    const sh_value *found = find(host.secrets, host.secret_count, r.name);
    if (!found) {
        return fail(SH_CODE_NOT_FOUND, "there is no such secret");
    }
    reply.value = found->as.str;
    return give(&sh_secret_reply_type, &reply, out, out_cap);
}

int64_t sh_import_core_supports(const void *request, size_t request_len, void *out, size_t out_cap) {
    sh_supports_request r;
    sh_supports_reply reply;
    memset(&reply, 0, sizeof reply);
    if (sh_decode(&sh_supports_request_type, sh_bytes(request, request_len), &r)) {
        return fail(SH_CODE_INVALID, "the record is malformed");
    }
    bool known = sh_equal(r.capability, SH("core")) || sh_equal(r.capability, SH("http")) || sh_equal(r.capability, SH("fetch"));
    reply.version = known;
    reply.granted = known;
    return give(&sh_supports_reply_type, &reply, out, out_cap);
}

int64_t sh_import_fetch_send(const void *request, size_t request_len, void *out, size_t out_cap) {
    sh_fetch_request r;
    sh_fetch_response reply;
    memset(&reply, 0, sizeof reply);
    if (sh_decode(&sh_fetch_request_type, sh_bytes(request, request_len), &r)) {
        return fail(SH_CODE_INVALID, "the record is malformed");
    }
    if (!host.fetch_status) {
        return fail(SH_CODE_DENIED, "the host is not granted");
    }
    reply.status = (uint64_t)host.fetch_status;
    reply.body = sh_cstr(host.fetch_body);
    reply.url = r.url;
    return give(&sh_fetch_response_type, &reply, out, out_cap);
}

int64_t sh_import_core_batch(const void *request, size_t request_len, void *out, size_t out_cap) {
    static char replies[SH_LIMIT_BATCH_CALLS][4096];
    static sh_batch_result results[SH_LIMIT_BATCH_CALLS];
    sh_batch_request r;
    sh_batch_reply reply;
    if (sh_decode(&sh_batch_request_type, sh_bytes(request, request_len), &r) || r.calls.count > SH_LIMIT_BATCH_CALLS) {
        return fail(SH_CODE_INVALID, "the record is malformed");
    }
    for (size_t i = 0; i < r.calls.count; i++) {
        sh_batch_call *c = &r.calls.items[i];
        int64_t n = fail(SH_CODE_UNSUPPORTED, "no such function");
        if (sh_equal(c->function, SH("config"))) {
            n = sh_import_core_config(c->request.ptr, c->request.len, replies[i], sizeof replies[i]);
        } else if (sh_equal(c->function, SH("secret"))) {
            n = sh_import_core_secret(c->request.ptr, c->request.len, replies[i], sizeof replies[i]);
        } else if (sh_equal(c->function, SH("supports"))) {
            n = sh_import_core_supports(c->request.ptr, c->request.len, replies[i], sizeof replies[i]);
        } else if (sh_equal(c->function, SH("send"))) {
            n = sh_import_fetch_send(c->request.ptr, c->request.len, replies[i], sizeof replies[i]);
        }
        results[i].code = n < 0 ? n : 0;
        results[i].reply = sh_bytes(replies[i], n < 0 ? 0 : (size_t)n);
        results[i].error = n < 0 ? sh_cstr(host.error) : SH("");
    }
    reply.results.items = results;
    reply.results.count = r.calls.count;
    return give(&sh_batch_reply_type, &reply, out, out_cap);
}

sh_test_reply sh_test_send(sh_handler handler, const sh_test_request *request) {
    static char record[1 << 20];
    sh_http_request r;
    memset(&r, 0, sizeof r);
    memset(&host.reply, 0, sizeof host.reply);
    host.answer_len = 0;
    host.calls++;
    r.method = sh_cstr(request->method ? request->method : "GET");
    r.path = r.route = sh_cstr(request->path ? request->path : "/");
    r.query = sh_cstr(request->query);
    r.scheme = SH("http");
    r.host = SH("test.example");
    r.headers.items = (sh_field *)request->headers;
    r.headers.count = request->header_count;
    r.body_length = (int64_t)request->body.len;
    r.body_stream = request->streamed;
    r.body = request->streamed ? SH("") : request->body;
    host.body = request->body;
    r.remote = SH("192.0.2.1");
    r.id = SH("test");
    r.timeout_ms = 30000;
    r.time_us = 1000000 + host.calls;
    uint64_t seed[2] = {host.calls, 1};
    r.random = sh_bytes(seed, sizeof seed);

    stackhost_alloc(0);
    sh_buf b = {0};
    sh_encode(&sh_http_request_type, &r, &b);
    if (b.len > sizeof record) {
        __builtin_trap();
    }
    memcpy(record, b.ptr, b.len);
    stackhost_alloc(0);
    int64_t result = sh_run_http(record, b.len, handler);
    if (result < 0) {
        host.reply.code = result;
        host.reply.status = 0;
    } else if (result > 0) {
        sh_http_response answer;
        host.reply.code = sh_decode(&sh_http_response_type, sh_native_result, &answer);
        host.reply.status = (int)answer.status;
        host.reply.headers = answer.headers;
        host.reply.body = answer.body;
    } else {
        host.reply.body = sh_bytes(host.answer, host.answer_len);
    }
    return host.reply;
}

sh_test_reply sh_test_get(sh_handler handler, const char *path, const char *query) {
    sh_test_request request;
    memset(&request, 0, sizeof request);
    request.path = path;
    request.query = query;
    return sh_test_send(handler, &request);
}

/* The native test host keeps no state: these calls answer unsupported. A test that needs them defines the functions itself. */
#define SH_UNKNOWN(name) \
    __attribute__((weak)) int64_t name(const void *request, size_t request_len, void *out, size_t out_cap) { \
        (void)request, (void)request_len, (void)out, (void)out_cap; \
        return fail(SH_CODE_UNSUPPORTED, "the test host keeps no state"); \
    }
SH_UNKNOWN(sh_import_kv_get)
SH_UNKNOWN(sh_import_kv_set)
SH_UNKNOWN(sh_import_kv_delete)
SH_UNKNOWN(sh_import_kv_increment)
SH_UNKNOWN(sh_import_kv_scan)
SH_UNKNOWN(sh_import_kv_transact)
SH_UNKNOWN(sh_import_cache_get)
SH_UNKNOWN(sh_import_cache_fill)
SH_UNKNOWN(sh_import_cache_put)
SH_UNKNOWN(sh_import_cache_invalidate)
SH_UNKNOWN(sh_import_cache_delete)
SH_UNKNOWN(sh_import_cache_clear)
SH_UNKNOWN(sh_import_lock_acquire)
SH_UNKNOWN(sh_import_lock_renew)
SH_UNKNOWN(sh_import_lock_release)
SH_UNKNOWN(sh_import_blob_put)
SH_UNKNOWN(sh_import_blob_write)
SH_UNKNOWN(sh_import_blob_commit)
SH_UNKNOWN(sh_import_blob_read)
SH_UNKNOWN(sh_import_blob_stat)
SH_UNKNOWN(sh_import_blob_delete)
SH_UNKNOWN(sh_import_blob_list)
SH_UNKNOWN(sh_import_secret_get)
