/* Requests, bodies, responses, routes. */

static const size_t sh_chunk = 16 * 1024;

int64_t sh_body_read(sh_body *body, void *buffer, size_t cap) {
    if (body->stream) {
        return sh_check(sh_import_core_read(body->stream, buffer, cap));
    }
    size_t n = body->rest.len < cap ? body->rest.len : cap;
    sh_copy(buffer, body->rest.ptr, n);
    body->rest = sh_bytes(body->rest.ptr + n, body->rest.len - n);
    return (int64_t)n;
}

static sh_code sh_too_long(size_t limit) {
    return sh_fail(SH_CODE_LIMIT, sh_format("the body is longer than %llu bytes", (unsigned long long)limit));
}

sh_code sh_body_bytes(sh_body *body, size_t limit, sh_str *out) {
    if (!body->stream) {
        if (body->rest.len > limit) {
            return sh_too_long(limit);
        }
        *out = sh_or(body->rest, SH(""));
        body->rest.ptr += body->rest.len;
        body->rest.len = 0;
        return 0;
    }
    if (body->length >= 0 && (uint64_t)body->length > limit) {
        return sh_too_long(limit);
    }
    sh_buf b = {0};
    sh_reserve(&b, body->length > 0 ? (size_t)body->length + 1 : sh_chunk);
    for (;;) {
        if (b.cap == b.len) {
            sh_reserve(&b, sh_chunk);
        }
        int64_t n = sh_check(sh_import_core_read(body->stream, b.ptr + b.len, b.cap - b.len));
        if (n <= 0) {
            *out = sh_buf_str(&b);
            return n;
        }
        b.len += (size_t)n;
        if (b.len > limit) {
            return sh_too_long(limit);
        }
    }
}

sh_str sh_param(const sh_request *request, const char *name) {
    sh_str own = sh_get(&request->params, name);
    return sh_or(sh_or(own, sh_get(&request->record.params, name)), SH(""));
}

sh_str sh_query(const sh_request *request, const char *name) {
    sh_str rest = request->record.query;
    while (rest.ptr) {
        sh_str value = sh_cut(&rest, '&');
        if (value.len) {
            sh_str found = sh_percent_decode(sh_cut(&value, '='), true);
            if (sh_equal(found, sh_cstr(name))) {
                return sh_percent_decode(value, true);
            }
        }
    }
    return sh_bytes(NULL, 0);
}

sh_str sh_header(const sh_request *request, const char *name) {
    const sh_fields *h = &request->record.headers;
    for (size_t i = 0; i < h->count; i++) {
        if (sh_equal_fold(h->items[i].name, name)) {
            return h->items[i].value;
        }
    }
    return sh_bytes(NULL, 0);
}

sh_code sh_form(sh_request *request, sh_fields *form) {
    sh_str body;
    sh_code code = sh_body_bytes(&request->body, SH_FORM_LIMIT, &body);
    if (!code) {
        *form = sh_parse_query(body);
    }
    return code;
}

static sh_code sh_respond(sh_response *response, int status, const char *kind, sh_str body) {
    response->record.status = (uint64_t)status;
    sh_add_header(response, "content-type", sh_cstr(kind));
    response->record.body = body;
    return 0;
}

sh_code sh_text(sh_response *response, sh_str body) { return sh_respond(response, 200, "text/plain; charset=utf-8", body); }
sh_code sh_html(sh_response *response, sh_str body) { return sh_respond(response, 200, "text/html; charset=utf-8", body); }
sh_code sh_json(sh_response *response, sh_str json) { return sh_respond(response, 200, "application/json", json); }

/* The registered name of a status (RFC 9110, section 15), or a name for its class. */
static const char *sh_title(int status) {
    switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    }
    return status >= 400 && status < 500 ? "Client Error" : "Error";
}

sh_code sh_problem(sh_response *response, int status, sh_str detail) {
    sh_buf b = {0};
    sh_json_object(&b);
    sh_json_member_str(&b, "type", SH("about:blank"));
    sh_json_member_str(&b, "title", sh_cstr(sh_title(status)));
    sh_json_member_int(&b, "status", status);
    sh_json_member_str(&b, "detail", detail);
    sh_json_end_object(&b);
    return sh_respond(response, status, "application/problem+json", sh_buf_str(&b));
}

sh_code sh_redirect(sh_response *response, sh_str location) {
    sh_add_header(response, "location", location);
    return sh_status(response, 303);
}

sh_code sh_status(sh_response *response, int status) {
    response->record.status = (uint64_t)status;
    return 0;
}

void sh_add_header(sh_response *response, const char *name, sh_str value) {
    sh_add(&response->record.headers, sh_cstr(name), value);
}

sh_code sh_start(sh_response *response) {
    sh_stream_reply reply;
    sh_code code = sh_call(sh_import_http_respond, &sh_http_response_type, &response->record, &sh_stream_reply_type, &reply);
    if (!code) {
        response->started = true;
        response->stream = (uint32_t)reply.stream;
    }
    return code;
}

static sh_code sh_zero_or_code(int64_t result) {
    return sh_check(result) < 0 ? result : 0;
}

sh_code sh_write(sh_response *response, sh_str bytes) {
    return sh_zero_or_code(sh_import_core_write(response->stream, bytes.ptr, bytes.len));
}

sh_code sh_flush(sh_response *response) {
    return sh_zero_or_code(sh_import_http_flush(response->stream));
}

sh_code sh_finish(sh_response *response) {
    return sh_zero_or_code(sh_import_core_close(response->stream));
}

sh_code sh_send_body(sh_response *response, sh_body *body) {
    if (!body->stream) {
        return sh_body_bytes(body, body->rest.len, &response->record.body);
    }
    char *buffer = sh_alloc_raw(sh_chunk);
    sh_code code = sh_start(response);
    while (!code) {
        int64_t n = sh_body_read(body, buffer, sh_chunk);
        if (n <= 0) {
            return n < 0 ? n : sh_finish(response);
        }
        code = sh_write(response, sh_bytes(buffer, (size_t)n));
    }
    return code;
}

/* Compares a path as sent with a pattern; found takes what the wildcards matched, when it is not NULL. */
static bool sh_match(const char *pattern_text, sh_str path, sh_fields *found) {
    sh_str pattern = sh_cstr(pattern_text);
    for (;;) {
        sh_str segment = sh_cut(&pattern, '/');
        bool wild = segment.len > 2 && segment.ptr[0] == '{' && segment.ptr[segment.len - 1] == '}';
        sh_str name = wild ? sh_bytes(segment.ptr + 1, segment.len - 2) : segment;
        if (wild && name.len > 3 && sh_equal(sh_bytes(name.ptr + name.len - 3, 3), SH("..."))) {
            if (found) {
                sh_add(found, sh_bytes(name.ptr, name.len - 3), sh_percent_decode(path, false));
            }
            return true;
        }
        sh_str piece = sh_cut(&path, '/');
        if (wild ? !piece.len : !sh_equal(piece, segment) && !sh_equal(sh_percent_decode(piece, false), segment)) {
            return false;
        }
        if (wild && found) {
            sh_add(found, name, sh_percent_decode(piece, false));
        }
        if (!pattern.ptr || !path.ptr) {
            return !pattern.ptr && !path.ptr;
        }
    }
}

bool sh_try_routes(const sh_route *routes, size_t count, sh_request *request, sh_response *response, sh_code *code) {
    sh_str method = request->record.method;
    bool head = sh_equal(method, SH("HEAD"));
    for (size_t i = 0; i < count; i++) {
        sh_str own = sh_cstr(routes[i].method);
        if (sh_equal(own, method) || (head && sh_equal(own, SH("GET")))) {
            request->params.count = 0;
            if (sh_match(routes[i].pattern, request->record.path, &request->params)) {
                *code = routes[i].handler(request, response);
                return true;
            }
        }
    }
    request->params.count = 0;
    return false;
}

sh_code sh_route_request(const sh_route *routes, size_t count, sh_request *request, sh_response *response) {
    sh_code code;
    if (sh_try_routes(routes, count, request, response, &code)) {
        return code;
    }
    sh_buf allow = {0};
    for (size_t i = 0; i < count; i++) {
        if (sh_match(routes[i].pattern, request->record.path, NULL)) {
            if (allow.len) {
                sh_put(&allow, SH(", "));
            }
            sh_put(&allow, sh_cstr(routes[i].method));
        }
    }
    if (!allow.len) {
        return sh_problem(response, 404, SH("no route matches the path"));
    }
    sh_add_header(response, "allow", sh_buf_str(&allow));
    return sh_problem(response, 405, SH("the path has no route for this method"));
}
