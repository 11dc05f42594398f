/* What the host offers, with failures shown as the suite wants to see them. */
#include "conformance.h"

static sh_str argument(const sh_request *request, const char *name) {
    return sh_or(sh_query(request, name), SH(""));
}

static void put_failure(sh_buf *json, sh_code code) {
    sh_json_object(json);
    sh_json_member_int(json, "code", code);
    sh_json_member_str(json, "error", sh_error());
    sh_json_end_object(json);
}

static void put_supports(sh_buf *json, const sh_supports_reply *reply) {
    sh_json_object(json);
    sh_json_key(json, "version");
    sh_json_uint(json, reply->version);
    sh_json_member_bool(json, "granted", reply->granted);
    sh_json_end_object(json);
}

sh_code route_log(sh_request *request, sh_response *response) {
    static const char *const levels[] = {"trace", "debug", "info", "warn", "error"};
    sh_str name = argument(request, "level");
    int level = SH_LOG_LEVEL_INFO;
    for (int i = 0; i < 5; i++) {
        if (sh_equal(name, sh_cstr(levels[i]))) {
            level = i;
        }
    }
    sh_value list[] = {sh_int(1), sh_text_value(SH("two"))};
    sh_entry fields[] = {
        sh_with("text", sh_text_value(SH("value"))),
        sh_with("number", sh_int(7)),
        sh_with("flag", sh_bool(true)),
        sh_with("list", sh_array_value(list, 2)),
    };
    sh_log(level, SH("conformance"), fields, 4);
    return sh_text(response, SH("logged"));
}

sh_code route_config(sh_request *request, sh_response *response) {
    sh_buf json = {0};
    sh_value value;
    sh_code code = sh_config(argument(request, "key"), &value);
    if (code) {
        put_failure(&json, code);
    } else {
        sh_json_value(&json, &value);
    }
    return sh_json(response, sh_buf_str(&json));
}

sh_code route_secret(sh_request *request, sh_response *response) {
    sh_buf json = {0};
    sh_str value;
    sh_code code = sh_secret(argument(request, "name"), &value);
    if (code) {
        put_failure(&json, code);
    } else {
        sh_json_str(&json, value);
    }
    return sh_json(response, sh_buf_str(&json));
}

sh_code route_supports(sh_request *request, sh_response *response) {
    sh_buf json = {0};
    sh_supports_reply reply;
    sh_code code = sh_supports(argument(request, "name"), &reply);
    if (code) {
        put_failure(&json, code);
    } else {
        put_supports(&json, &reply);
    }
    return sh_json(response, sh_buf_str(&json));
}

sh_code route_fetch(sh_request *request, sh_response *response) {
    sh_buf json = {0};
    sh_fetch_request get = {0};
    sh_fetched answer;
    sh_str body;
    get.url = argument(request, "url");
    sh_code code = sh_fetch(&get, &answer);
    if (!code) {
        code = sh_body_bytes(&answer.body, 1 << 20, &body);
    }
    if (code) {
        put_failure(&json, code);
    } else {
        sh_json_object(&json);
        sh_json_member_int(&json, "status", answer.status);
        sh_json_member_str(&json, "body", body);
        sh_json_end_object(&json);
    }
    return sh_json(response, sh_buf_str(&json));
}

sh_code route_batch(sh_request *request, sh_response *response) {
    (void)request;
    sh_batch batch = {0};
    sh_buf json = {0};
    sh_value value;
    sh_supports_reply reply;
    size_t config = sh_batch_config(&batch, SH(""));
    size_t core = sh_batch_supports(&batch, SH("core"));
    sh_code code = sh_batch_run(&batch);
    if (code) {
        put_failure(&json, code);
        return sh_json(response, sh_buf_str(&json));
    }
    sh_json_object(&json);
    sh_json_key(&json, "config");
    code = sh_batch_get_config(&batch, config, &value);
    if (code) {
        put_failure(&json, code);
    } else {
        sh_json_value(&json, &value);
    }
    sh_json_key(&json, "supports");
    code = sh_batch_get_supports(&batch, core, &reply);
    if (code) {
        put_failure(&json, code);
    } else {
        put_supports(&json, &reply);
    }
    sh_json_end_object(&json);
    return sh_json(response, sh_buf_str(&json));
}
