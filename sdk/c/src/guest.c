/* The exports of a module: what the macros put between the host and a handler. */

#ifdef __wasm__
__attribute__((export_name("stackhost_abi_1"))) void stackhost_abi_1(void) {}
#else
/* Pointers of other targets do not fit into the result of an entry: it is kept here, and the entry returns 1. */
sh_str sh_native_result;
#endif

/* Begins a call: what the call before left in the arena is gone. */
#ifdef __wasm__
__attribute__((export_name("stackhost_alloc")))
#endif
void *stackhost_alloc(size_t len);

void *stackhost_alloc(size_t len) {
    sh_begin_memory();
    sh_last_error = sh_bytes(NULL, 0);
    return sh_try_alloc(len ? len : 1);
}

static int64_t sh_failed(sh_code code) {
    if (sh_last_error.len) {
        sh_entry field = sh_with("code", sh_int(code));
        sh_log(SH_LOG_LEVEL_ERROR, sh_last_error, &field, 1);
    }
    /* A code that is not negative would be taken for a pointer. */
    return code < 0 ? code : SH_CODE_INTERNAL;
}

static int64_t sh_output(const sh_record_type *type, const void *record, size_t about) {
    sh_buf b = {0};
    sh_reserve(&b, about);
    sh_encode(type, record, &b);
    if (b.len > SH_LIMIT_RECORD_BYTES) {
        return sh_failed(sh_fail(SH_CODE_INTERNAL, SH("the answer is longer than a record may be; send it with sh_start")));
    }
#ifdef __wasm__
    return (int64_t)((uint64_t)(size_t)b.ptr << 32 | b.len);
#else
    sh_native_result = sh_buf_str(&b);
    return 1;
#endif
}

static sh_code sh_begin(const void *ptr, size_t len, sh_request *request) {
    sh_code code = sh_decode(&sh_http_request_type, sh_bytes(ptr, len), &request->record);
    if (code) {
        return sh_fail(code, SH("the request record is malformed"));
    }
    request->params.items = NULL;
    request->params.count = request->params.cap = 0;
    request->body.rest = request->record.body;
    request->body.stream = (uint32_t)request->record.body_stream;
    request->body.length = request->record.body_length;
    sh_seed(request->record.random, request->record.time_us);
    return 0;
}

static void sh_new_response(sh_response *response) {
    __builtin_memset(response, 0, sizeof *response);
    response->record.status = 200;
}

int64_t sh_run_http(const void *ptr, size_t len, sh_handler handler) {
    sh_request request;
    sh_response response;
    sh_new_response(&response);
    sh_code code = sh_begin(ptr, len, &request);
    if (!code) {
        code = handler(&request, &response);
    }
    if (code) {
        return sh_failed(code);
    }
    return response.started ? 0 : sh_output(&sh_http_response_type, &response.record, response.record.body.len + 128);
}

int64_t sh_run_middleware(const void *ptr, size_t len, sh_middleware decide) {
    sh_request request;
    sh_verdict v;
    sh_middleware_result result;
    __builtin_memset(&v, 0, sizeof v);
    sh_new_response(&v.response);
    sh_code code = sh_begin(ptr, len, &request);
    if (!code) {
        code = decide(&request, &v);
    }
    if (code) {
        return sh_failed(code);
    }
    if (!v.answered && !v.set.count && !v.remove.count && !v.path.len && !v.response_headers.count) {
        return 0;
    }
    result.action = v.answered ? SH_MIDDLEWARE_ACTION_ANSWER : SH_MIDDLEWARE_ACTION_PASS;
    result.response = v.response.record;
    result.set_headers = v.set;
    result.remove_headers.count = v.remove.count;
    result.remove_headers.items = sh_alloc_raw(v.remove.count * sizeof(sh_str));
    for (size_t i = 0; i < v.remove.count; i++) {
        result.remove_headers.items[i] = v.remove.items[i].name;
    }
    result.path = v.path;
    result.response_headers = v.response_headers;
    return sh_output(&sh_middleware_result_type, &result, 128);
}

int64_t sh_run_job(const void *ptr, size_t len, sh_job work) {
    sh_job_request request;
    sh_job_result result = {SH("")};
    sh_code code = sh_decode(&sh_job_request_type, sh_bytes(ptr, len), &request);
    if (code) {
        return sh_failed(sh_fail(code, SH("the job record is malformed")));
    }
    sh_seed(request.random, request.time_us);
    code = work(&request, &result.result);
    if (code) {
        return sh_failed(code);
    }
    return result.result.len ? sh_output(&sh_job_result_type, &result, result.result.len + 8) : 0;
}

int64_t sh_run_boot(const void *ptr, size_t len, sh_boot prepare) {
    sh_boot_request request;
    sh_code code = sh_decode(&sh_boot_request_type, sh_bytes(ptr, len), &request);
    if (code) {
        return sh_failed(sh_fail(code, SH("the boot record is malformed")));
    }
    code = prepare(&request);
    if (code) {
        return sh_failed(code);
    }
    sh_last_error = sh_bytes(NULL, 0);
    sh_keep_memory();
    return 0;
}
