/* Calls into the host. */

static sh_str sh_last_error;

/* Room for a reply before one more host call is needed to fetch a longer one. */
#define SH_REPLY_ROOM 512

/* Keeps the host's text for a negative result. */
static int64_t sh_check(int64_t result) {
    if (result < 0) {
        char *text = sh_alloc_raw(SH_LIMIT_ERROR_TEXT_BYTES);
        int64_t n = sh_import_core_error(text, SH_LIMIT_ERROR_TEXT_BYTES);
        n = n < 0 ? 0 : n > SH_LIMIT_ERROR_TEXT_BYTES ? SH_LIMIT_ERROR_TEXT_BYTES : n;
        sh_last_error = sh_bytes(text, (size_t)n);
    }
    return result;
}

sh_code sh_fail(sh_code code, sh_str text) {
    char *copy = sh_alloc_raw(text.len);
    sh_copy(copy, text.ptr, text.len);
    sh_last_error = sh_bytes(copy, text.len);
    return code < 0 ? code : SH_CODE_INTERNAL;
}

sh_str sh_error(void) {
    return sh_last_error.ptr ? sh_last_error : SH("");
}

static sh_code sh_decode_reply(const sh_record_type *type, sh_str bytes, void *reply) {
    sh_code code = sh_decode(type, bytes, reply);
    return code ? sh_fail(code, SH("the host's reply is malformed")) : 0;
}

/* Calls a structured function; reply_type may be NULL where the reply is empty. */
static sh_code sh_call(sh_import f, const sh_record_type *type, const void *request, const sh_record_type *reply_type, void *reply) {
    sh_buf b = {0};
    sh_encode(type, request, &b);
    size_t cap = reply_type ? SH_REPLY_ROOM : 0;
    char *out = sh_alloc_raw(cap);
    int64_t n = sh_check(f(b.ptr, b.len, out, cap));
    if (n < 0 || !reply_type) {
        return n < 0 ? n : 0;
    }
    if ((uint64_t)n > cap) {
        out = sh_alloc_raw((size_t)n);
        n = sh_check(sh_import_core_take(out, (size_t)n));
        if (n < 0) {
            return n;
        }
    }
    return sh_decode_reply(reply_type, sh_bytes(out, (size_t)n), reply);
}

void sh_log(int level, sh_str message, const sh_entry *fields, size_t count) {
    sh_log_record record;
    record.level = (uint64_t)level;
    record.message = message;
    /* The encoder only reads the entries. */
    record.fields = count ? sh_map_value((sh_entry *)fields, count) : sh_nil();
    sh_call(sh_import_core_log, &sh_log_record_type, &record, NULL, NULL);
}

void sh_panic(sh_str why) {
    sh_log(SH_LOG_LEVEL_ERROR, why, NULL, 0);
    sh_trap();
}

sh_code sh_config(sh_str key, sh_value *value) {
    sh_config_request request = {key};
    sh_config_reply reply;
    sh_code code = sh_call(sh_import_core_config, &sh_config_request_type, &request, &sh_config_reply_type, &reply);
    if (!code) {
        *value = reply.value;
    }
    return code;
}

sh_code sh_secret(sh_str name, sh_str *value) {
    sh_secret_request request = {name};
    sh_secret_reply reply;
    sh_code code = sh_call(sh_import_core_secret, &sh_secret_request_type, &request, &sh_secret_reply_type, &reply);
    if (!code) {
        *value = reply.value;
    }
    return code;
}

sh_code sh_supports(sh_str capability, sh_supports_reply *reply) {
    sh_supports_request request = {capability};
    return sh_call(sh_import_core_supports, &sh_supports_request_type, &request, &sh_supports_reply_type, reply);
}

static void sh_set_fetched(const sh_fetch_response *r, sh_fetched *to) {
    to->status = (int)r->status;
    to->headers = r->headers;
    to->url = r->url;
    to->body.rest = r->body;
    to->body.stream = (uint32_t)r->body_stream;
    to->body.length = r->body_stream ? -1 : (int64_t)r->body.len;
}

sh_code sh_fetch(const sh_fetch_request *request, sh_fetched *response) {
    sh_fetch_response reply;
    sh_fetch_request whole = *request;
    whole.method = whole.method.len ? whole.method : SH("GET");
    sh_code code = sh_call(sh_import_fetch_send, &sh_fetch_request_type, &whole, &sh_fetch_response_type, &reply);
    if (!code) {
        sh_set_fetched(&reply, response);
    }
    return code;
}

static size_t sh_batch_add(sh_batch *batch, sh_str capability, sh_str function, const sh_record_type *type, const void *request) {
    if (batch->count == SH_LIMIT_BATCH_CALLS) {
        return SH_LIMIT_BATCH_CALLS; /* has no result */
    }
    sh_buf b = {0};
    sh_encode(type, request, &b);
    sh_batch_call *call = &batch->calls[batch->count];
    call->capability = capability;
    call->function = function;
    call->request = sh_buf_str(&b);
    return batch->count++;
}

size_t sh_batch_config(sh_batch *batch, sh_str key) {
    return sh_batch_add(batch, SH("core"), SH("config"), &sh_config_request_type, &key);
}

size_t sh_batch_secret(sh_batch *batch, sh_str name) {
    return sh_batch_add(batch, SH("core"), SH("secret"), &sh_secret_request_type, &name);
}

size_t sh_batch_supports(sh_batch *batch, sh_str capability) {
    return sh_batch_add(batch, SH("core"), SH("supports"), &sh_supports_request_type, &capability);
}

size_t sh_batch_fetch(sh_batch *batch, const sh_fetch_request *request) {
    return sh_batch_add(batch, SH("fetch"), SH("send"), &sh_fetch_request_type, request);
}

sh_code sh_batch_run(sh_batch *batch) {
    sh_batch_request request;
    sh_batch_reply reply;
    request.calls.items = batch->calls;
    request.calls.count = batch->count;
    sh_code code = sh_call(sh_import_core_batch, &sh_batch_request_type, &request, &sh_batch_reply_type, &reply);
    if (code) {
        return code;
    }
    if (reply.results.count != batch->count) {
        return sh_fail(SH_CODE_INTERNAL, SH("the batch has another number of results than calls"));
    }
    batch->results = reply.results.items;
    return 0;
}

static sh_code sh_batch_get(const sh_batch *batch, size_t index, const sh_record_type *type, void *reply) {
    if (!batch->results || index >= batch->count) {
        return sh_fail(SH_CODE_NOT_FOUND, SH("the batch has no such call"));
    }
    const sh_batch_result *r = &batch->results[index];
    return r->code < 0 ? sh_fail(r->code, r->error) : sh_decode_reply(type, r->reply, reply);
}

sh_code sh_batch_get_config(const sh_batch *batch, size_t index, sh_value *value) {
    return sh_batch_get(batch, index, &sh_config_reply_type, value);
}

sh_code sh_batch_get_secret(const sh_batch *batch, size_t index, sh_str *value) {
    return sh_batch_get(batch, index, &sh_secret_reply_type, value);
}

sh_code sh_batch_get_supports(const sh_batch *batch, size_t index, sh_supports_reply *reply) {
    return sh_batch_get(batch, index, &sh_supports_reply_type, reply);
}

sh_code sh_batch_get_fetch(const sh_batch *batch, size_t index, sh_fetched *response) {
    sh_fetch_response reply;
    sh_code code = sh_batch_get(batch, index, &sh_fetch_response_type, &reply);
    if (!code) {
        sh_set_fetched(&reply, response);
    }
    return code;
}
