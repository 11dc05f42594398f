/* Text, numbers in text, percent-encoding, base64. */

sh_str sh_cstr(const char *s) {
    size_t n = 0;
    while (s && s[n]) {
        n++;
    }
    return sh_bytes(s, n);
}

bool sh_equal(sh_str a, sh_str b) {
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (a.ptr[i] != b.ptr[i]) {
            return false;
        }
    }
    return true;
}

static char sh_lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool sh_equal_fold(sh_str a, const char *b) {
    size_t i = 0;
    for (; i < a.len && b[i]; i++) {
        if (sh_lower(a.ptr[i]) != sh_lower(b[i])) {
            return false;
        }
    }
    return i == a.len && !b[i];
}

/* Length of the UTF-8 sequence at the front (RFC 3629, section 4), 0 when it is ill-formed. */
static size_t sh_utf8(const unsigned char *s, size_t n) {
    unsigned char b = s[0];
    if (b < 0x80) {
        return 1;
    }
    size_t len = b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : 2;
    if (b < 0xc2 || b > 0xf4 || n < len) {
        return 0;
    }
    unsigned char low = b == 0xe0 ? 0xa0 : b == 0xf0 ? 0x90 : 0x80, high = b == 0xed ? 0x9f : b == 0xf4 ? 0x8f : 0xbf;
    if (s[1] < low || s[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return len;
}

static bool sh_is_utf8(sh_str s) {
    for (size_t i = 0; i < s.len;) {
        size_t n = sh_utf8((const unsigned char *)s.ptr + i, s.len - i);
        if (!n) {
            return false;
        }
        i += n;
    }
    return true;
}

static void sh_put_number(sh_buf *b, uint64_t n, unsigned base) {
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[n % base];
        n /= base;
    } while (n);
    sh_put(b, sh_bytes(digits + at, sizeof digits - at));
}

static void sh_put_signed(sh_buf *b, int64_t n) {
    if (n < 0) {
        sh_put_byte(b, '-');
    }
    sh_put_number(b, n < 0 ? 0 - (uint64_t)n : (uint64_t)n, 10);
}

sh_str sh_format(const char *format, ...) {
    sh_buf b = {0};
    va_list args;
    va_start(args, format);
    for (const char *f = format; *f; f++) {
        if (*f != '%') {
            sh_put_byte(&b, *f);
            continue;
        }
        f++;
        bool wide = f[0] == 'l' && f[1] == 'l';
        f += wide ? 2 : 0;
        switch (*f) {
        case 's':
            sh_put(&b, sh_cstr(va_arg(args, const char *)));
            break;
        case 'v':
            sh_put(&b, va_arg(args, sh_str));
            break;
        case 'c':
            sh_put_byte(&b, (char)va_arg(args, int));
            break;
        case 'd':
            sh_put_signed(&b, wide ? va_arg(args, long long) : va_arg(args, int));
            break;
        case 'u':
        case 'x':
            sh_put_number(&b, wide ? va_arg(args, unsigned long long) : va_arg(args, unsigned), *f == 'x' ? 16 : 10);
            break;
        case 0:
            f--;
            break;
        default:
            sh_put_byte(&b, *f);
        }
    }
    va_end(args);
    if (!b.ptr) {
        return SH("");
    }
    return sh_buf_str(&b);
}

bool sh_parse_int(sh_str s, int64_t *number) {
    size_t i = s.len && s.ptr[0] == '-';
    bool negative = i;
    uint64_t n = 0, most = (uint64_t)INT64_MAX + negative;
    if (i == s.len) {
        return false;
    }
    for (; i < s.len; i++) {
        unsigned d = (unsigned char)s.ptr[i] - (unsigned)'0';
        if (d > 9 || n > (most - d) / 10) {
            return false;
        }
        n = n * 10 + d;
    }
    *number = (int64_t)(negative ? 0 - n : n);
    return true;
}

static int sh_hex_digit(char c) {
    c = sh_lower(c);
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

sh_str sh_percent_decode(sh_str s, bool plus) {
    size_t i = 0;
    while (i < s.len && s.ptr[i] != '%' && !(plus && s.ptr[i] == '+')) {
        i++;
    }
    if (i == s.len) {
        return s.ptr ? s : SH("");
    }
    char *out = sh_alloc_raw(s.len);
    sh_copy(out, s.ptr, i);
    size_t n = i;
    for (; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '%' && s.len - i > 2 && sh_hex_digit(s.ptr[i + 1]) >= 0 && sh_hex_digit(s.ptr[i + 2]) >= 0) {
            c = (char)(sh_hex_digit(s.ptr[i + 1]) << 4 | sh_hex_digit(s.ptr[i + 2]));
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        out[n++] = c;
    }
    return sh_bytes(out, n);
}

sh_str sh_percent_encode(sh_str s) {
    sh_buf b = {0};
    sh_reserve(&b, s.len);
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i], l = sh_lower(c);
        if ((l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~') {
            sh_put_byte(&b, c);
            continue;
        }
        sh_put_byte(&b, '%');
        sh_put_byte(&b, "0123456789ABCDEF"[(unsigned char)c >> 4]);
        sh_put_byte(&b, "0123456789ABCDEF"[c & 15]);
    }
    return sh_buf_str(&b);
}

/* The text before the first c; s becomes what follows, or one that does not exist when there is no c. */
static sh_str sh_cut(sh_str *s, char c) {
    sh_str all = *s;
    for (size_t i = 0; i < all.len; i++) {
        if (all.ptr[i] == c) {
            *s = sh_bytes(all.ptr + i + 1, all.len - i - 1);
            return sh_bytes(all.ptr, i);
        }
    }
    *s = sh_bytes(NULL, 0);
    return all;
}

sh_fields sh_parse_query(sh_str s) {
    sh_fields out = {0};
    while (s.ptr) {
        sh_str value = sh_cut(&s, '&');
        if (value.len) {
            sh_str name = sh_cut(&value, '=');
            name = sh_percent_decode(name, true);
            sh_add(&out, name, sh_percent_decode(value, true));
        }
    }
    return out;
}

sh_str sh_get(const sh_fields *fields, const char *name) {
    for (size_t i = 0; i < fields->count; i++) {
        if (sh_equal(fields->items[i].name, sh_cstr(name))) {
            return fields->items[i].value;
        }
    }
    return sh_bytes(NULL, 0);
}

void sh_add(sh_fields *fields, sh_str name, sh_str value) {
    if (fields->count >= fields->cap) {
        size_t cap = fields->count < 4 ? 8 : fields->count * 2;
        sh_field *items = sh_alloc_raw(cap * sizeof *items);
        sh_copy(items, fields->items, fields->count * sizeof *items);
        fields->items = items;
        fields->cap = cap;
    }
    fields->items[fields->count].name = name;
    fields->items[fields->count++].value = value;
}

sh_str sh_hex(sh_str s) {
    char *out = sh_alloc_raw(s.len * 2);
    for (size_t i = 0; i < s.len; i++) {
        out[2 * i] = "0123456789abcdef"[(unsigned char)s.ptr[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[s.ptr[i] & 15];
    }
    return sh_bytes(out, s.len * 2);
}

/* RFC 4648, section 4. */
sh_str sh_base64(sh_str s) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = (s.len + 2) / 3 * 4;
    char *out = sh_alloc_raw(len), *to = out;
    const unsigned char *in = (const unsigned char *)s.ptr;
    for (size_t i = 0; i < s.len; i += 3) {
        size_t left = s.len - i;
        uint32_t bits = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) | (left > 2 ? in[i + 2] : 0);
        for (unsigned d = 0; d < 4; d++) {
            *to++ = d <= left ? digits[bits >> (18 - 6 * d) & 63] : '=';
        }
    }
    return sh_bytes(out, len);
}
