/* Encoding of records and free-form values, in the shortest form. */

static void sh_put_be(sh_buf *b, unsigned head, uint64_t v, size_t n) {
    sh_reserve(b, 9);
    b->ptr[b->len++] = (char)head;
    while (n--) {
        b->ptr[b->len++] = (char)(v >> (8 * n));
    }
}

/* forms: the head for 1, 2 and 4 bytes of length; the first may be 0 for none. */
static void sh_put_head(sh_buf *b, size_t n, unsigned fix, size_t fix_end, unsigned one, unsigned two) {
    if (n < fix_end) {
        sh_put_byte(b, (char)(fix | n));
    } else if (one && n <= 0xff) {
        sh_put_be(b, one, n, 1);
    } else if (n <= 0xffff) {
        sh_put_be(b, two, n, 2);
    } else {
        sh_put_be(b, two + 1, n, 4);
    }
}

static void sh_put_array(sh_buf *b, size_t n) { sh_put_head(b, n, 0x90, 16, 0, 0xdc); }

static void sh_put_str(sh_buf *b, sh_str s) {
    sh_put_head(b, s.len, 0xa0, 32, 0xd9, 0xda);
    sh_put(b, s);
}

static void sh_put_bin(sh_buf *b, sh_str s) {
    sh_put_head(b, s.len, 0, 0, 0xc4, 0xc5);
    sh_put(b, s);
}

static void sh_put_uint(sh_buf *b, uint64_t v) {
    if (v < 0x80) {
        sh_put_byte(b, (char)v);
    } else {
        unsigned size = v > 0xffffffff ? 3 : v > 0xffff ? 2 : v > 0xff;
        sh_put_be(b, 0xcc + size, v, (size_t)1 << size);
    }
}

static void sh_put_int(sh_buf *b, int64_t v) {
    if (v >= 0) {
        sh_put_uint(b, (uint64_t)v);
    } else if (v >= -32) {
        sh_put_byte(b, (char)v);
    } else {
        unsigned size = v < INT32_MIN ? 3 : v < INT16_MIN ? 2 : v < INT8_MIN;
        sh_put_be(b, 0xd0 + size, (uint64_t)v, (size_t)1 << size);
    }
}

static void sh_put_float(sh_buf *b, double v) {
    union { uint64_t u; double f; } bits;
    bits.f = v;
    sh_put_be(b, 0xcb, bits.u, 8);
}

static void sh_put_value(sh_buf *b, const sh_value *v) {
    switch (v->kind) {
    case SH_BOOL:
        sh_put_byte(b, (char)(0xc2 | v->as.boolean));
        break;
    case SH_INT:
        sh_put_int(b, v->as.integer);
        break;
    case SH_UINT:
        sh_put_uint(b, v->as.uinteger);
        break;
    case SH_FLOAT:
        sh_put_float(b, v->as.number);
        break;
    case SH_STR:
        sh_put_str(b, v->as.str);
        break;
    case SH_BIN:
        sh_put_bin(b, v->as.str);
        break;
    case SH_ARRAY:
        sh_put_array(b, v->count);
        for (size_t i = 0; i < v->count; i++) {
            sh_put_value(b, &v->as.items[i]);
        }
        break;
    case SH_MAP:
        sh_put_head(b, v->count, 0x80, 16, 0, 0xde);
        for (size_t i = 0; i < v->count; i++) {
            sh_put_str(b, v->as.entries[i].key);
            sh_put_value(b, &v->as.entries[i].value);
        }
        break;
    default:
        sh_put_byte(b, (char)0xc0);
    }
}

static void sh_put_field(sh_buf *b, unsigned kind, const sh_field_type *f, const void *from) {
    const sh_fields *fields = from;
    switch (kind) {
    case SH_KIND_UINT:
        sh_put_uint(b, *(const uint64_t *)from);
        break;
    case SH_KIND_INT:
        sh_put_int(b, *(const int64_t *)from);
        break;
    case SH_KIND_BOOL:
        sh_put_byte(b, (char)(0xc2 | *(const bool *)from));
        break;
    case SH_KIND_FLOAT:
        sh_put_float(b, *(const double *)from);
        break;
    case SH_KIND_STR:
        sh_put_str(b, *(const sh_str *)from);
        break;
    case SH_KIND_BIN:
        sh_put_bin(b, *(const sh_str *)from);
        break;
    case SH_KIND_ANY:
        sh_put_value(b, from);
        break;
    case SH_KIND_HEADERS: case SH_KIND_PAIRS:
        sh_put_array(b, fields->count * 2);
        for (size_t i = 0; i < fields->count; i++) {
            sh_put_str(b, fields->items[i].name);
            (kind == SH_KIND_HEADERS ? sh_put_bin : sh_put_str)(b, fields->items[i].value);
        }
        break;
    case SH_KIND_RECORD:
        sh_encode(f->record, from, b);
        break;
    case SH_KIND_LIST: {
        const sh_list *list = from;
        sh_put_array(b, list->count);
        for (size_t i = 0; i < list->count; i++) {
            sh_put_field(b, f->elem, f, (const char *)list->items + i * sh_size_of(f->elem, f->record));
        }
    }
    }
}

void sh_encode(const sh_record_type *type, const void *record, sh_buf *out) {
    sh_put_array(out, type->count);
    for (size_t i = 0; i < type->count; i++) {
        const sh_field_type *f = &type->fields[i];
        sh_put_field(out, f->kind, f, (const char *)record + f->offset);
    }
}
