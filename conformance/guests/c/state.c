/* The C guest of the suite's state cases: keys, caches, locks, blobs and secrets. */
#include "stackhost.h"

enum { MOST = 1 << 20 };

#define SPACE SH("conformance")

static sh_str argument(const sh_request *request, const char *name) {
    return sh_or(sh_query(request, name), SH(""));
}

static int64_t number(const sh_request *request, const char *name) {
    int64_t n;
    return sh_parse_int(sh_query(request, name), &n) ? n : 0;
}

static sh_str space(const sh_request *request) {
    return sh_or(sh_query(request, "namespace"), SPACE);
}

/* Errors of host calls are answers. */
static sh_code failed(sh_response *response, sh_code code) {
    sh_buf json = {0};
    sh_json_object(&json);
    sh_json_member_int(&json, "code", code);
    sh_json_member_str(&json, "error", sh_error());
    sh_json_end_object(&json);
    return sh_json(response, sh_buf_str(&json));
}

/* {flag_name: flag, "value": value} */
static sh_code flagged(sh_response *response, const char *name, bool flag, sh_str value) {
    sh_buf json = {0};
    sh_json_object(&json);
    sh_json_member_bool(&json, name, flag);
    sh_json_member_str(&json, "value", value);
    sh_json_end_object(&json);
    return sh_json(response, sh_buf_str(&json));
}

static sh_code flag(sh_response *response, const char *name, bool value) {
    sh_buf json = {0};
    sh_json_object(&json);
    sh_json_member_bool(&json, name, value);
    sh_json_end_object(&json);
    return sh_json(response, sh_buf_str(&json));
}

static sh_code integer(sh_response *response, const char *name, int64_t value) {
    sh_buf json = {0};
    sh_json_object(&json);
    sh_json_member_int(&json, name, value);
    sh_json_end_object(&json);
    return sh_json(response, sh_buf_str(&json));
}

static sh_code state(sh_request *request, sh_response *response) {
    (void)request;
    return sh_text(response, SH("state"));
}

static sh_code kv_get(sh_request *request, sh_response *response) {
    sh_kv_get_request get = {.space = space(request), .key = argument(request, "key")};
    sh_kv_get_reply reply;
    sh_code code = sh_kv_get(&get, &reply);
    return code ? failed(response, code) : flagged(response, "found", reply.found, reply.found ? reply.value : SH(""));
}

static sh_code kv_set(sh_request *request, sh_response *response) {
    sh_kv_set_request set = {.space = space(request), .key = argument(request, "key"), .ttl_ms = (uint64_t)number(request, "ttl")};
    sh_kv_set_reply reply;
    if (sh_equal(argument(request, "if"), SH("absent"))) {
        set.guard = SH_KV_GUARD_ABSENT;
    }
    sh_code code = sh_body_bytes(&request->body, MOST, &set.value);
    code = code ? code : sh_kv_set(&set, &reply);
    return code ? failed(response, code) : integer(response, "version", (int64_t)reply.version);
}

static sh_code kv_delete(sh_request *request, sh_response *response) {
    sh_kv_delete_request delete = {.space = space(request), .key = argument(request, "key")};
    sh_kv_delete_reply reply;
    sh_code code = sh_kv_delete(&delete, &reply);
    return code ? failed(response, code) : flag(response, "existed", reply.existed);
}

static sh_code kv_increment(sh_request *request, sh_response *response) {
    sh_kv_increment_request add = {.space = space(request), .key = argument(request, "key"), .delta = number(request, "delta")};
    sh_kv_increment_reply reply;
    sh_code code = sh_kv_increment(&add, &reply);
    return code ? failed(response, code) : integer(response, "value", reply.value);
}

static sh_code kv_scan(sh_request *request, sh_response *response) {
    sh_kv_scan_request scan = {.space = space(request), .limit = (uint64_t)number(request, "limit")};
    sh_kv_scan_reply reply;
    sh_code code = sh_kv_scan(&scan, &reply);
    if (code) {
        return failed(response, code);
    }
    sh_buf json = {0};
    sh_json_object(&json);
    sh_json_key(&json, "keys");
    sh_json_array(&json);
    for (size_t i = 0; i < reply.entries.count; i++) {
        sh_json_str(&json, reply.entries.items[i].key);
    }
    sh_json_end_array(&json);
    sh_json_member_bool(&json, "more", reply.next.len > 0);
    sh_json_end_object(&json);
    return sh_json(response, sh_buf_str(&json));
}

static sh_code kv_transact(sh_request *request, sh_response *response) {
    sh_str key = argument(request, "key");
    sh_kv_check check = {.space = SPACE, .key = key, .version = (uint64_t)number(request, "version")};
    sh_kv_write writes[] = {
        {.kind = SH_KV_WRITE_KIND_SET, .space = SPACE, .key = key},
        {.kind = SH_KV_WRITE_KIND_INCREMENT, .space = SPACE, .key = SH("b"), .delta = 1},
    };
    sh_kv_transact_request transact = {.checks = {&check, 1}, .writes = {writes, 2}};
    sh_kv_transact_reply reply;
    sh_code code = sh_body_bytes(&request->body, MOST, &writes[0].value);
    code = code ? code : sh_kv_transact(&transact, &reply);
    if (code) {
        return failed(response, code);
    }
    sh_buf json = {0};
    sh_json_object(&json);
    sh_json_member_int(&json, "results", (int64_t)reply.results.count);
    sh_json_member_int(&json, "count", reply.results.count ? reply.results.items[reply.results.count - 1].value : 0);
    sh_json_end_object(&json);
    return sh_json(response, sh_buf_str(&json));
}

/* Reads the keys with a prefix, writes a key, and adds to a counter if nothing with the prefix has changed. */
static sh_code kv_range(sh_request *request, sh_response *response) {
    sh_str prefix = argument(request, "prefix");
    sh_kv_scan_request scan = {.space = SPACE, .prefix = prefix};
    sh_kv_set_request set = {.space = SPACE, .key = argument(request, "between"), .value = SH("between")};
    sh_kv_range range = {.space = SPACE, .prefix = prefix};
    sh_kv_write write = {
        .kind = SH_KV_WRITE_KIND_INCREMENT, .space = SPACE, .key = sh_format("%vcount", prefix), .delta = 1,
    };
    sh_kv_transact_request transact = {.ranges = {&range, 1}, .writes = {&write, 1}};
    sh_kv_scan_reply page;
    sh_kv_set_reply between;
    sh_kv_transact_reply reply;
    sh_code code = sh_kv_scan(&scan, &page);
    code = code ? code : sh_kv_set(&set, &between);
    if (!code) {
        range.index = page.index;
        code = sh_kv_transact(&transact, &reply);
    }
    return code ? failed(response, code) : integer(response, "count", reply.results.count ? reply.results.items[0].value : 0);
}

static sh_code cache_get(sh_request *request, sh_response *response) {
    sh_cache_get_request get = {.space = SPACE, .key = argument(request, "key")};
    sh_cache_get_reply reply;
    sh_code code = sh_cache_get(&get, &reply);
    bool found = !code && reply.state != SH_CACHE_STATE_MISS;
    return code ? failed(response, code) : flagged(response, "found", found, found ? reply.value : SH(""));
}

static sh_code store(sh_request *request, uint64_t token, sh_str *value) {
    sh_str tag = argument(request, "tag");
    sh_cache_put_request put = {
        .space = SPACE, .key = argument(request, "key"), .ttl_ms = (uint64_t)number(request, "ttl"), .tags = {&tag, 1}, .token = token,
    };
    sh_cache_put_reply reply;
    sh_code code = sh_body_bytes(&request->body, MOST, &put.value);
    *value = put.value;
    return code ? code : sh_cache_put(&put, &reply);
}

static sh_code cache_put(sh_request *request, sh_response *response) {
    sh_str value;
    sh_code code = store(request, 0, &value);
    return code ? failed(response, code) : sh_json(response, SH("{\"ok\":true}"));
}

static sh_code cache_fill(sh_request *request, sh_response *response) {
    sh_cache_fill_request fill = {.space = SPACE, .key = argument(request, "key")};
    sh_cache_fill_reply reply;
    sh_code code = sh_cache_fill(&fill, &reply);
    bool filled = !code && reply.token != 0;
    sh_str value = code ? SH("") : reply.value;
    if (filled) {
        code = store(request, reply.token, &value);
    }
    return code ? failed(response, code) : flagged(response, "filled", filled, value);
}

static sh_code cache_invalidate(sh_request *request, sh_response *response) {
    sh_str tag = argument(request, "tag");
    sh_cache_invalidate_request invalidate = {.space = SPACE, .tags = {&tag, 1}};
    sh_code code = sh_cache_invalidate(&invalidate);
    return code ? failed(response, code) : sh_json(response, SH("{\"ok\":true}"));
}

static sh_code release(sh_str name, const sh_lock_acquire_reply *lease, bool *held) {
    sh_lock_release_request give = {.space = SPACE, .name = name, .owner = lease->owner, .fence = lease->fence};
    sh_lock_release_reply reply;
    sh_code code = sh_lock_release(&give, &reply);
    *held = !code && reply.held;
    return code;
}

/* Takes a lock, tries to take it a second time, gives it back and takes it again. */
static sh_code lock(sh_request *request, sh_response *response) {
    sh_lock_acquire_request acquire = {.space = SPACE, .name = argument(request, "name"), .ttl_ms = 10000};
    sh_lock_acquire_reply first, second, again;
    bool held = false, released = false;
    sh_code code = sh_lock_acquire(&acquire, &first);
    sh_code refused = code ? code : sh_lock_acquire(&acquire, &second);
    code = code ? code : release(acquire.name, &first, &held);
    code = code ? code : sh_lock_acquire(&acquire, &again);
    code = code ? code : release(acquire.name, &again, &released);
    if (code) {
        return failed(response, code);
    }
    sh_buf json = {0};
    sh_json_object(&json);
    sh_json_member_int(&json, "second", refused);
    sh_json_member_bool(&json, "held", held);
    sh_json_member_bool(&json, "again", released);
    sh_json_member_bool(&json, "rises", again.fence > first.fence);
    sh_json_end_object(&json);
    return sh_json(response, sh_buf_str(&json));
}

/* Takes a lock, renews it, gives it back and tries to renew it again. */
static sh_code lock_renew(sh_request *request, sh_response *response) {
    sh_lock_acquire_request acquire = {.space = SPACE, .name = argument(request, "name"), .ttl_ms = 1000};
    sh_lock_acquire_reply lease;
    sh_lock_renew_reply renewed, never;
    bool held = false;
    sh_code code = sh_lock_acquire(&acquire, &lease);
    if (code) {
        return failed(response, code);
    }
    sh_lock_renew_request renew = {.space = SPACE, .name = acquire.name, .owner = lease.owner, .fence = lease.fence, .ttl_ms = 10000};
    code = sh_lock_renew(&renew, &renewed);
    code = code ? code : release(acquire.name, &lease, &held);
    if (code) {
        return failed(response, code);
    }
    sh_buf json = {0};
    sh_json_object(&json);
    sh_json_member_bool(&json, "later", renewed.expires_ms > lease.expires_ms);
    sh_json_member_int(&json, "ended", sh_lock_renew(&renew, &never));
    sh_json_end_object(&json);
    return sh_json(response, sh_buf_str(&json));
}

/* Takes a lock, and waits for it as another owner. */
static sh_code lock_wait(sh_request *request, sh_response *response) {
    sh_lock_acquire_request acquire = {.space = SPACE, .name = argument(request, "name"), .ttl_ms = (uint64_t)number(request, "ttl")};
    sh_lock_acquire_request wait = {.space = SPACE, .name = acquire.name, .ttl_ms = 10000, .wait_ms = (uint64_t)number(request, "wait")};
    sh_lock_acquire_reply first, second;
    bool held = false;
    sh_code code = sh_lock_acquire(&acquire, &first);
    code = code ? code : sh_lock_acquire(&wait, &second);
    code = code ? code : release(acquire.name, &second, &held);
    if (code) {
        return failed(response, code);
    }
    sh_buf json = {0};
    sh_json_object(&json);
    sh_json_member_bool(&json, "held", held);
    sh_json_member_bool(&json, "rises", second.fence > first.fence);
    sh_json_end_object(&json);
    return sh_json(response, sh_buf_str(&json));
}

static sh_code described(sh_response *response, sh_code code, const sh_blob_info *info) {
    if (code) {
        return failed(response, code);
    }
    sh_buf json = {0};
    sh_json_object(&json);
    sh_json_member_int(&json, "size", (int64_t)info->size);
    sh_json_member_str(&json, "type", info->content_type);
    sh_json_end_object(&json);
    return sh_json(response, sh_buf_str(&json));
}

static sh_code blob_put(sh_request *request, sh_response *response) {
    sh_blob_put_request put = {.space = SPACE, .key = argument(request, "key"), .content_type = SH("text/plain")};
    sh_blob_info info;
    sh_code code = sh_body_bytes(&request->body, MOST, &put.body);
    code = code ? code : sh_blob_put(&put, &info);
    return described(response, code, &info);
}

/* Writes a blob in two pieces, and commits it or gives it up. */
static sh_code blob_create(sh_request *request, sh_response *response) {
    sh_blob_write_request create = {.space = SPACE, .key = argument(request, "key"), .content_type = SH("text/plain")};
    sh_stream_reply begun;
    sh_str body;
    sh_code code = sh_body_bytes(&request->body, MOST, &body);
    code = code ? code : sh_blob_write(&create, &begun);
    if (code) {
        return failed(response, code);
    }
    sh_response blob = {.stream = (uint32_t)begun.stream};
    size_t half = body.len / 2;
    code = sh_write(&blob, sh_bytes(body.ptr, half));
    code = code ? code : sh_write(&blob, sh_bytes(body.ptr + half, body.len - half));
    if (!code && sh_equal(argument(request, "end"), SH("abandon"))) {
        code = sh_finish(&blob);
        return code ? failed(response, code) : flag(response, "ok", true);
    }
    sh_blob_commit_request commit = {.stream = begun.stream};
    sh_blob_info info;
    code = code ? code : sh_blob_commit(&commit, &info);
    return described(response, code, &info);
}

static sh_code blob_delete(sh_request *request, sh_response *response) {
    sh_blob_delete_request delete = {.space = SPACE, .key = argument(request, "key")};
    sh_blob_delete_reply reply;
    sh_code code = sh_blob_delete(&delete, &reply);
    return code ? failed(response, code) : flag(response, "existed", reply.existed);
}

static sh_code blob_list(sh_request *request, sh_response *response) {
    sh_blob_list_request list = {.space = SPACE, .prefix = argument(request, "prefix")};
    sh_blob_list_reply reply;
    sh_code code = sh_blob_list(&list, &reply);
    if (code) {
        return failed(response, code);
    }
    sh_buf json = {0};
    sh_json_object(&json);
    sh_json_key(&json, "keys");
    sh_json_array(&json);
    for (size_t i = 0; i < reply.blobs.count; i++) {
        sh_json_str(&json, reply.blobs.items[i].key);
    }
    sh_json_end_array(&json);
    sh_json_end_object(&json);
    return sh_json(response, sh_buf_str(&json));
}

static sh_code blob_stat(sh_request *request, sh_response *response) {
    sh_blob_stat_request stat = {.space = SPACE, .key = argument(request, "key")};
    sh_blob_info info;
    return described(response, sh_blob_stat(&stat, &info), &info);
}

/* What is asked for is short, so it comes without a stream. */
static sh_code blob_read(sh_request *request, sh_response *response) {
    sh_blob_read_request read = {
        .space = SPACE, .key = argument(request, "key"), .offset = (uint64_t)number(request, "offset"), .length = (uint64_t)number(request, "length"),
    };
    sh_blob_read_reply reply;
    sh_code code = sh_blob_read(&read, &reply);
    return code ? failed(response, code) : sh_text(response, reply.body);
}

/* Reads a blob, or a part of it, in pieces, and adds up its bytes. */
static sh_code blob_sum(sh_request *request, sh_response *response) {
    sh_blob_read_request read = {
        .space = SPACE, .key = argument(request, "key"), .offset = (uint64_t)number(request, "offset"), .length = (uint64_t)number(request, "length"),
    };
    sh_blob_read_reply reply;
    sh_code code = sh_blob_read(&read, &reply);
    if (code) {
        return failed(response, code);
    }
    sh_body body = {.rest = reply.body, .stream = (uint32_t)reply.body_stream, .length = -1};
    unsigned char *buffer = sh_alloc(8192);
    uint64_t bytes = 0;
    uint32_t total = 0;
    int64_t n;
    while ((n = sh_body_read(&body, buffer, 8192)) > 0) {
        bytes += (uint64_t)n;
        for (int64_t i = 0; i < n; i++) {
            total += buffer[i];
        }
    }
    return n < 0 ? failed(response, n) : sh_json(response, sh_format("{\"bytes\":%llu,\"sum\":%u}", bytes, total));
}

static sh_code secret(sh_request *request, sh_response *response) {
    sh_secret_get_request get = {.name = argument(request, "name")};
    sh_secret_get_reply reply;
    sh_code code = sh_secret_get(&get, &reply);
    return code ? failed(response, code) : flagged(response, "found", true, reply.value);
}

static const sh_route routes[] = {
    {"GET", "/t/state", state},
    {"GET", "/t/state/kv/get", kv_get},
    {"POST", "/t/state/kv/set", kv_set},
    {"POST", "/t/state/kv/delete", kv_delete},
    {"POST", "/t/state/kv/increment", kv_increment},
    {"GET", "/t/state/kv/scan", kv_scan},
    {"POST", "/t/state/kv/transact", kv_transact},
    {"POST", "/t/state/kv/range", kv_range},
    {"GET", "/t/state/cache/get", cache_get},
    {"POST", "/t/state/cache/put", cache_put},
    {"POST", "/t/state/cache/fill", cache_fill},
    {"POST", "/t/state/cache/invalidate", cache_invalidate},
    {"POST", "/t/state/lock", lock},
    {"POST", "/t/state/lock/renew", lock_renew},
    {"POST", "/t/state/lock/wait", lock_wait},
    {"POST", "/t/state/blob/put", blob_put},
    {"POST", "/t/state/blob/create", blob_create},
    {"POST", "/t/state/blob/delete", blob_delete},
    {"GET", "/t/state/blob/list", blob_list},
    {"GET", "/t/state/blob/stat", blob_stat},
    {"GET", "/t/state/blob/read", blob_read},
    {"GET", "/t/state/blob/sum", blob_sum},
    {"GET", "/t/state/secret", secret},
};

SH_ROUTES(routes)
