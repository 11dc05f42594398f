/* Native tests. With a file as argument also the golden vectors, as tests/vectors.go prints them. */
#define STACKHOST_ABI_NAMES
#include "../stackhost.c"

#include "../stackhost_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

#define CHECK(ok) \
    ((ok) ? (void)0 : (void)(failures++, fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #ok)))

static void check_text(int line, sh_str got, const char *want) {
    if (!sh_equal(got, sh_cstr(want))) {
        failures++;
        fprintf(stderr, "line %d: got %.*s, want %s\n", line, (int)got.len, got.ptr, want);
    }
}
#define TEXT(got, want) check_text(__LINE__, got, want)

static void test_text(void) {
    TEXT(sh_percent_decode(SH("a+b%41%6a%zz%4"), true), "a bAj%zz%4");
    TEXT(sh_percent_decode(SH("a+b"), false), "a+b");
    TEXT(sh_percent_decode(sh_percent_encode(SH("a b/ü?&=+%")), false), "a b/ü?&=+%");
    sh_fields form = sh_parse_query(SH("name=A+B&&x&name=C&y=%3D"));
    CHECK(form.count == 4);
    TEXT(sh_get(&form, "name"), "A B");
    TEXT(sh_get(&form, "y"), "=");
    CHECK(!sh_get(&form, "absent").ptr);
    TEXT(sh_base64(SH("")), "");
    TEXT(sh_base64(SH("f")), "Zg==");
    TEXT(sh_base64(SH("fo")), "Zm8=");
    TEXT(sh_base64(SH("foobar")), "Zm9vYmFy");
    TEXT(sh_format("%s %v %d %u %llx %c%%", "s", SH("v"), -5, 7u, 255ull, 'c'), "s v -5 7 ff c%");
    int64_t n;
    CHECK(sh_parse_int(SH("-9223372036854775808"), &n) && n == INT64_MIN);
    CHECK(!sh_parse_int(SH("9223372036854775808"), &n));
    CHECK(!sh_parse_int(SH("1x"), &n) && !sh_parse_int(SH(""), &n) && !sh_parse_int(SH("-"), &n));
}

static void test_json(void) {
    sh_buf b = {0};
    sh_json_object(&b);
    sh_json_member_str(&b, "s", SH("a\"b\\c\n\x01é\xff"));
    sh_json_member_int(&b, "i", INT64_MIN);
    sh_json_key(&b, "f");
    sh_json_array(&b);
    static const double numbers[] = {1.5, 0.1, -2, 120.0625, 0.0};
    for (int i = 0; i < 5; i++) {
        sh_json_float(&b, numbers[i]);
    }
    sh_json_float(&b, numbers[4] / numbers[4]);
    sh_json_end_array(&b);
    sh_json_key(&b, "o");
    sh_json_object(&b);
    sh_json_end_object(&b);
    sh_json_member_bool(&b, "b", true);
    sh_json_end_object(&b);
    TEXT(sh_buf_str(&b), "{\"s\":\"a\\\"b\\\\c\\n\\u0001é\xef\xbf\xbd\",\"i\":-9223372036854775808,"
                         "\"f\":[1.5,0.1,-2.0,120.0625,0.0,null],\"o\":{},\"b\":true}");
}

static void test_random(void) {
    /* draft-strombergson-chacha-test-vectors-01, TC1, 20 rounds, 128-bit key. */
    static const char zero[16], one[16] = {1};
    sh_seed(sh_bytes(zero, 16), 0);
    TEXT(sh_random_hex(64), "89670952608364fd00b2f90936f031c8e756e15dba04b8493d00429259b20f46"
                            "cc04f111246b6c2ce066be3bfb32d9aa0fddfbc12123d4b9e44f34dca05a103f");
    sh_seed(sh_bytes(one, 16), 0);
    uint64_t first = sh_random_u64();
    sh_seed(sh_bytes(zero, 16), 0);
    CHECK(sh_random_u64() != first);
    for (int i = 0; i < 1000; i++) {
        CHECK(sh_random_below(10) < 10);
    }
    CHECK(sh_random_below(0) == 0 && sh_random_below(1) == 0);
}

static void test_patterns(void) {
    static const struct { const char *pattern, *path, *want; } cases[] = {
        {"/", "/", ""}, {"/", "/a", NULL}, {"/a", "/a", ""}, {"/a", "/a/", NULL}, {"/a/", "/a", NULL},
        {"/a/{x}", "/a/b", "x=b;"}, {"/a/{x}", "/a/", NULL}, {"/a/{x}/c", "/a/b%2Fb/c", "x=b/b;"},
        {"/a/{x}/{y...}", "/a/1/2/3", "x=1;y=2/3;"}, {"/a/{y...}", "/a/", "y=;"}, {"/a/{y...}", "/a", NULL},
        {"/café", "/caf%C3%A9", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sh_fields found = {0};
        sh_str text = SH("");
        bool ok = sh_match(cases[i].pattern, sh_cstr(cases[i].path), &found);
        for (size_t f = 0; f < found.count; f++) {
            text = sh_format("%v%v=%v;", text, found.items[f].name, found.items[f].value);
        }
        CHECK(ok == (cases[i].want != NULL));
        if (ok && cases[i].want) {
            TEXT(text, cases[i].want);
        }
    }
}

static sh_code greet(sh_request *request, sh_response *response) {
    sh_value greeting;
    sh_code code = sh_config(SH("greeting"), &greeting);
    if (code) {
        return code;
    }
    return sh_text(response, sh_format("%v, %v!", sh_value_str(&greeting), sh_param(request, "name")));
}

static sh_code echo(sh_request *request, sh_response *response) { return sh_send_body(response, &request->body); }

static const sh_route routes[] = {{"GET", "/hello/{name}", greet}, {"POST", "/echo", echo}};
SH_ROUTES(routes)

static void test_calls(void) {
    sh_test_reset();
    sh_test_reply r = sh_test_get(sh_routes_handler, "/hello/Ada", "");
    CHECK(r.code == SH_CODE_NOT_FOUND && sh_test_logs() == 1);
    sh_test_config("greeting", sh_text_value(SH("Good day")));
    r = sh_test_get(sh_routes_handler, "/hello/Ada%20L", "");
    CHECK(r.status == 200);
    TEXT(r.body, "Good day, Ada L!");
    r = sh_test_get(sh_routes_handler, "/echo", "");
    CHECK(r.status == 405);
    TEXT(sh_get(&r.headers, "allow"), "POST");
    CHECK(sh_test_get(sh_routes_handler, "/none", "").status == 404);
    sh_test_request post = {.method = "POST", .path = "/echo", .body = SH("0123456789abcdef")};
    TEXT(sh_test_send(sh_routes_handler, &post).body, "0123456789abcdef");
    post.streamed = true;
    r = sh_test_send(sh_routes_handler, &post);
    CHECK(r.streamed);
    TEXT(r.body, "0123456789abcdef");
}

static size_t unhex(const char *hex, char *out) {
    size_t n = 0;
    for (; hex[0] && hex[1] && *hex != '-'; hex += 2) {
        out[n++] = (char)(sh_hex_digit(hex[0]) << 4 | sh_hex_digit(hex[1]));
    }
    return n;
}

static const char *code_name(sh_code code) {
    return code == SH_CODE_INVALID ? "invalid" : code == SH_CODE_LIMIT ? "limit" : "-";
}

static void test_vectors(const char *path) {
    static char line[5 << 20], input[2 << 20], want[2 << 20];
    static char value[4096];
    int cases = 0;
    FILE *f = fopen(path, "r");
    if (!f) {
        perror(path);
        exit(1);
    }
    for (; fgets(line, sizeof line, f); cases++) {
        char *part[6] = {0};
        part[0] = strtok(line, "\t\n");
        for (int i = 1; i < 6; i++) {
            part[i] = strtok(NULL, "\t\n");
        }
        const sh_record_type *type = NULL;
        for (size_t i = 0; i < sizeof sh_record_names / sizeof sh_record_names[0]; i++) {
            if (!strcmp(sh_record_names[i].name, part[0])) {
                type = sh_record_names[i].type;
            }
        }
        stackhost_alloc(0);
        size_t n = unhex(part[1], input);
        sh_code code = sh_decode(type, sh_bytes(input, n), value);
        if (strcmp(code_name(code), part[2]) && strcmp(code_name(code), part[3])) {
            failures++;
            fprintf(stderr, "case %d (%s): got %s, want %s\n", cases + 1, part[0], code_name(code), part[2]);
        }
        if (!code && strcmp(part[4], "-")) {
            sh_buf b = {0};
            sh_encode(type, value, &b);
            if (!sh_equal(sh_buf_str(&b), sh_bytes(want, unhex(part[4], want)))) {
                failures++;
                fprintf(stderr, "case %d (%s): encoded as something else\n", cases + 1, part[0]);
            }
        }
        for (size_t i = 0; strcmp(part[5], "-") && i < n; i++) {
            CHECK(sh_decode(type, sh_bytes(input, i), value) == SH_CODE_INVALID);
        }
    }
    fclose(f);
    CHECK(cases > 100);
    printf("%d golden vectors\n", cases);
}

int main(int argc, char **argv) {
    test_text();
    test_json();
    test_random();
    test_patterns();
    test_calls();
    if (argc > 1) {
        test_vectors(argv[1]);
    }
    if (failures) {
        fprintf(stderr, "%d failures\n", failures);
    }
    return failures != 0;
}
