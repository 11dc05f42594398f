/* The welcome endpoints in C. The host's routes send everything under /c/ here. */
#include "stackhost.h"

#include "page.h"

static sh_code page(sh_request *request, sh_response *response) {
    (void)request;
    return sh_html(response, SH(PAGE));
}

static sh_code hello(sh_request *request, sh_response *response) {
    (void)request;
    return sh_text(response, SH("Hello from C"));
}

static bool seen_before(const sh_fields *fields, size_t index) {
    for (size_t i = 0; i < index; i++) {
        if (sh_equal(fields->items[i].name, fields->items[index].name)) {
            return true;
        }
    }
    return false;
}

static sh_code describe(sh_request *request, sh_response *response) {
    sh_buf json = {0};
    sh_fields query = sh_parse_query(request->record.query);
    sh_json_object(&json);
    sh_json_member_str(&json, "language", SH("C"));
    sh_json_member_str(&json, "message", SH("Hello, world"));
    sh_json_member_str(&json, "path", request->record.path);
    sh_json_member_str(&json, "method", request->record.method);
    sh_json_key(&json, "query");
    sh_json_object(&json);
    for (size_t i = 0; i < query.count; i++) {
        if (!seen_before(&query, i)) {
            sh_json_str(&json, query.items[i].name);
            sh_put_byte(&json, ':');
            sh_json_str(&json, query.items[i].value);
        }
    }
    sh_json_end_object(&json);
    sh_json_member_str(&json, "random", sh_random_hex(8));
    sh_json_end_object(&json);
    return sh_json(response, sh_buf_str(&json));
}

static sh_code form(sh_request *request, sh_response *response) {
    static const char *const required[] = {"name", "message"};
    sh_buf json = {0};
    sh_fields form;
    sh_code code = sh_form(request, &form);
    if (code) {
        return code;
    }
    for (int i = 0; i < 2; i++) {
        if (!sh_get(&form, required[i]).len) {
            return sh_problem(response, 422, sh_format("%s is required", required[i]));
        }
    }
    sh_str message = sh_get(&form, "message");
    sh_json_object(&json);
    sh_json_member_str(&json, "language", SH("C"));
    sh_json_member_str(&json, "name", sh_get(&form, "name"));
    sh_json_member_str(&json, "message", message);
    sh_json_member_int(&json, "length", (int64_t)message.len);
    sh_json_end_object(&json);
    return sh_json(response, sh_buf_str(&json));
}

static sh_code stream(sh_request *request, sh_response *response) {
    sh_str given = sh_query(request, "n");
    int64_t n = 5;
    if (given.ptr && (!sh_parse_int(given, &n) || n < 1 || n > 1000)) {
        return sh_problem(response, 400, SH("n is a number from 1 to 1000"));
    }
    sh_text(response, SH(""));
    sh_code code = sh_start(response);
    for (int64_t i = 1; i <= n && !code; i++) {
        code = sh_write(response, sh_format("line %d of %d from C\n", (int)i, (int)n));
        code = code ? code : sh_flush(response);
    }
    return code ? code : sh_finish(response);
}

static sh_code echo(sh_request *request, sh_response *response) {
    sh_add_header(response, "content-type", sh_or(sh_header(request, "content-type"), SH("application/octet-stream")));
    return sh_send_body(response, &request->body);
}

static const sh_route routes[] = {
    {"GET", "/c/", page},
    {"GET", "/c/hello", hello},
    {"GET", "/c/json", describe},
    {"GET", "/c/stream", stream},
    {"POST", "/c/form", form},
    {"POST", "/c/echo", echo},
};

static sh_code handle(sh_request *request, sh_response *response) {
    sh_code code;
    if (sh_try_routes(routes, sizeof routes / sizeof routes[0], request, response, &code)) {
        return code;
    }
    return sh_problem(response, 404, sh_format("there is nothing at %v", request->record.path));
}

SH_HTTP(handle)
