/* A small JSON writer (RFC 8259). */

/* A comma belongs before a value unless a bracket, a colon or nothing at all is before it. */
static void sh_comma(sh_buf *b) {
    char last = b->len ? b->ptr[b->len - 1] : '[';
    if (last != '[' && last != '{' && last != ':') {
        sh_put_byte(b, ',');
    }
}

static void sh_json_put(sh_buf *b, sh_str s) {
    sh_comma(b);
    sh_put(b, s);
}

void sh_json_object(sh_buf *b) { sh_json_put(b, SH("{")); }
void sh_json_end_object(sh_buf *b) { sh_put_byte(b, '}'); }
void sh_json_array(sh_buf *b) { sh_json_put(b, SH("[")); }
void sh_json_end_array(sh_buf *b) { sh_put_byte(b, ']'); }
void sh_json_bool(sh_buf *b, bool v) { sh_json_put(b, v ? SH("true") : SH("false")); }
void sh_json_null(sh_buf *b) { sh_json_put(b, SH("null")); }
void sh_json_raw(sh_buf *b, sh_str json) { sh_json_put(b, json); }

void sh_json_key(sh_buf *b, const char *name) {
    sh_json_str(b, sh_cstr(name));
    sh_put_byte(b, ':');
}

static void sh_json_escape(sh_buf *b, unsigned char c) {
    sh_put_byte(b, '\\');
    switch (c) {
    case '"': case '\\':
        sh_put_byte(b, (char)c);
        break;
    case '\n':
        sh_put_byte(b, 'n');
        break;
    case '\r':
        sh_put_byte(b, 'r');
        break;
    case '\t':
        sh_put_byte(b, 't');
        break;
    default:
        sh_put(b, c < 16 ? SH("u000") : SH("u00"));
        sh_put_number(b, c, 16);
    }
}

void sh_json_str(sh_buf *b, sh_str s) {
    const unsigned char *in = (const unsigned char *)s.ptr;
    sh_comma(b);
    sh_reserve(b, s.len + 2);
    sh_put_byte(b, '"');
    for (size_t i = 0; i < s.len;) {
        size_t n = sh_utf8(in + i, s.len - i);
        if (!n) {
            sh_put(b, SH("\xef\xbf\xbd"));
            n = 1;
        } else if (in[i] < 0x20 || in[i] == '"' || in[i] == '\\') {
            sh_json_escape(b, in[i]);
        } else {
            sh_put(b, sh_bytes(in + i, n));
        }
        i += n;
    }
    sh_put_byte(b, '"');
}

void sh_json_int(sh_buf *b, int64_t n) {
    sh_comma(b);
    sh_put_signed(b, n);
}

void sh_json_uint(sh_buf *b, uint64_t n) {
    sh_comma(b);
    sh_put_number(b, n, 10);
}

/* Up to 17 significant digits, trying fewer first: the first text that reads back as the same number. Scaling by powers of
 * ten costs an ulp now and then; for free-form values that is exact enough, and whole numbers are exact. */
void sh_json_float(sh_buf *b, double v) {
    if (v != v || v - v != 0) {
        sh_json_null(b);
        return;
    }
    sh_comma(b);
    if (v < 0 || (v == 0 && 1 / v < 0)) {
        sh_put_byte(b, '-');
        v = -v;
    }
    if (v < 9007199254740992.0 && v == (double)(uint64_t)v) {
        sh_put_number(b, (uint64_t)v, 10);
        sh_put(b, SH(".0"));
        return;
    }
    int exponent = 0;
    double m = v;
    for (; m >= 10; exponent++) {
        m /= 10;
    }
    for (; m < 1; exponent--) {
        m *= 10;
    }
    uint64_t digits = 0;
    for (double scale = 1, p = 1; p <= 17; p++, scale *= 10) {
        digits = (uint64_t)(m * scale + 0.5);
        if ((double)digits / scale == m) {
            break;
        }
    }
    int count = 0;
    for (uint64_t d = digits; d >= 10; d /= 10) {
        count++;
    }
    for (; digits % 10 == 0; count--) {
        digits /= 10;
    }
    /* The number is digits × 10^(exponent - count). */
    if (exponent >= 0 ? exponent >= count : exponent < -6) {
        sh_put_number(b, digits, 10);
        sh_put_byte(b, 'e');
        sh_put_signed(b, exponent - count);
        return;
    }
    if (exponent < 0) {
        sh_put(b, sh_bytes("0.00000", (size_t)(1 - exponent)));
        sh_put_number(b, digits, 10);
        return;
    }
    uint64_t unit = 1;
    for (int i = count - exponent; i > 0; i--) {
        unit *= 10;
    }
    sh_put_number(b, digits / unit, 10);
    sh_put_byte(b, '.');
    for (digits %= unit, unit /= 10; unit; unit /= 10) {
        sh_put_byte(b, (char)('0' + digits / unit % 10));
    }
}

void sh_json_value(sh_buf *b, const sh_value *v) {
    switch (v->kind) {
    case SH_BOOL:
        sh_json_bool(b, v->as.boolean);
        break;
    case SH_INT:
        sh_json_int(b, v->as.integer);
        break;
    case SH_UINT:
        sh_json_uint(b, v->as.uinteger);
        break;
    case SH_FLOAT:
        sh_json_float(b, v->as.number);
        break;
    case SH_STR:
        sh_json_str(b, v->as.str);
        break;
    case SH_BIN:
        sh_json_str(b, sh_base64(v->as.str));
        break;
    case SH_ARRAY:
        sh_json_array(b);
        for (size_t i = 0; i < v->count; i++) {
            sh_json_value(b, &v->as.items[i]);
        }
        sh_json_end_array(b);
        break;
    case SH_MAP:
        sh_json_object(b);
        for (size_t i = 0; i < v->count; i++) {
            sh_json_str(b, v->as.entries[i].key);
            sh_put_byte(b, ':');
            sh_json_value(b, &v->as.entries[i].value);
        }
        sh_json_end_object(b);
        break;
    default:
        sh_json_null(b);
    }
}

void sh_json_member_str(sh_buf *b, const char *name, sh_str s) {
    sh_json_key(b, name);
    sh_json_str(b, s);
}

void sh_json_member_int(sh_buf *b, const char *name, int64_t n) {
    sh_json_key(b, name);
    sh_json_int(b, n);
}

void sh_json_member_bool(sh_buf *b, const char *name, bool v) {
    sh_json_key(b, name);
    sh_json_bool(b, v);
}

static sh_value sh_value_of(int kind) {
    sh_value v;
    __builtin_memset(&v, 0, sizeof v);
    v.kind = kind;
    return v;
}

sh_value sh_nil(void) { return sh_value_of(SH_NIL); }

sh_value sh_bool(bool b) {
    sh_value v = sh_value_of(SH_BOOL);
    v.as.boolean = b;
    return v;
}

sh_value sh_int(int64_t n) {
    sh_value v = sh_value_of(SH_INT);
    v.as.integer = n;
    return v;
}

sh_value sh_float(double n) {
    sh_value v = sh_value_of(SH_FLOAT);
    v.as.number = n;
    return v;
}

sh_value sh_text_value(sh_str s) {
    sh_value v = sh_value_of(SH_STR);
    v.as.str = s;
    return v;
}

sh_value sh_bin_value(sh_str s) {
    sh_value v = sh_value_of(SH_BIN);
    v.as.str = s;
    return v;
}

sh_value sh_array_value(sh_value *items, size_t count) {
    sh_value v = sh_value_of(SH_ARRAY);
    v.as.items = items;
    v.count = count;
    return v;
}

sh_value sh_map_value(sh_entry *entries, size_t count) {
    sh_value v = sh_value_of(SH_MAP);
    v.as.entries = entries;
    v.count = count;
    return v;
}

const sh_value *sh_value_get(const sh_value *map, const char *key) {
    for (size_t i = 0; map && map->kind == SH_MAP && i < map->count; i++) {
        if (sh_equal(map->as.entries[i].key, sh_cstr(key))) {
            return &map->as.entries[i].value;
        }
    }
    return NULL;
}

sh_str sh_value_str(const sh_value *v) {
    return v && v->kind == SH_STR ? v->as.str : sh_bytes(NULL, 0);
}
