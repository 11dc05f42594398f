/* The MessagePack subset that records travel in (https://github.com/msgpack/msgpack/blob/master/spec.md), read and written by
 * the generated field tables. Writers choose the shortest form; readers accept every form, with bounds on all they believe. */

typedef struct sh_reader {
    const unsigned char *at, *end;
    int depth;
    sh_code code;
} sh_reader;

/* Notes the first failure; everything read after it is zero. */
static uint64_t sh_bad(sh_reader *r, sh_code code) {
    if (!r->code) {
        r->code = code;
    }
    r->at = r->end;
    return 0;
}

static unsigned sh_peek(sh_reader *r) {
    return r->at < r->end ? *r->at : 0xc1;
}

static uint64_t sh_big_endian(sh_reader *r, size_t n) {
    uint64_t v = 0;
    if ((size_t)(r->end - r->at) < n) {
        return sh_bad(r, SH_CODE_INVALID);
    }
    for (; n; n--) {
        v = v << 8 | *r->at++;
    }
    return v;
}

static bool sh_read_nil(sh_reader *r) {
    bool nil = r->at < r->end && *r->at == 0xc0;
    r->at += nil;
    return nil;
}

/* The number of elements of an array (fix 0x90) or map (fix 0x80); the wide forms are wide and wide + 1. */
static size_t sh_enter(sh_reader *r, unsigned fix, unsigned wide) {
    unsigned b = (unsigned)sh_big_endian(r, 1);
    uint64_t n;
    if ((b & 0xf0) == fix) {
        n = b & 15;
    } else if (b == wide || b == wide + 1) {
        n = sh_big_endian(r, b == wide ? 2 : 4);
    } else {
        return sh_bad(r, SH_CODE_INVALID);
    }
    /* Each element has at least one byte: a larger count is a lie. */
    if (n > (size_t)(r->end - r->at)) {
        return sh_bad(r, SH_CODE_INVALID);
    }
    if (r->code || ++r->depth > SH_LIMIT_DEPTH) {
        return sh_bad(r, SH_CODE_LIMIT);
    }
    return (size_t)n;
}

static sh_str sh_read_bytes(sh_reader *r) {
    unsigned b = (unsigned)sh_big_endian(r, 1);
    uint64_t n;
    if ((b & 0xe0) == 0xa0) {
        n = b & 31;
    } else if ((b >= 0xc4 && b <= 0xc6) || (b >= 0xd9 && b <= 0xdb)) {
        n = sh_big_endian(r, (size_t)1 << (b >= 0xd9 ? b - 0xd9 : b - 0xc4));
    } else {
        n = sh_bad(r, SH_CODE_INVALID);
    }
    if (n > (size_t)(r->end - r->at)) {
        n = sh_bad(r, SH_CODE_INVALID);
    }
    sh_str s = sh_bytes(r->at, (size_t)n);
    r->at += n;
    return s;
}

/* An integer; negative says whether it is less than 0. */
static uint64_t sh_read_integer(sh_reader *r, bool *negative) {
    unsigned b = (unsigned)sh_big_endian(r, 1);
    *negative = false;
    if (b < 0x80) {
        return b;
    }
    int64_t v;
    switch (b) {
    case 0xcc: case 0xcd: case 0xce: case 0xcf:
        return sh_big_endian(r, (size_t)1 << (b - 0xcc));
    case 0xd0:
        v = (int8_t)sh_big_endian(r, 1);
        break;
    case 0xd1:
        v = (int16_t)sh_big_endian(r, 2);
        break;
    case 0xd2:
        v = (int32_t)sh_big_endian(r, 4);
        break;
    case 0xd3:
        v = (int64_t)sh_big_endian(r, 8);
        break;
    default:
        if (b < 0xe0) {
            return sh_bad(r, SH_CODE_INVALID);
        }
        v = (int8_t)b;
    }
    *negative = v < 0;
    return (uint64_t)v;
}

static uint64_t sh_read_uint(sh_reader *r) {
    bool negative;
    uint64_t v = sh_read_integer(r, &negative);
    return negative ? sh_bad(r, SH_CODE_INVALID) : v;
}

static int64_t sh_read_int(sh_reader *r) {
    bool negative;
    uint64_t v = sh_read_integer(r, &negative);
    return (int64_t)(!negative && v > INT64_MAX ? sh_bad(r, SH_CODE_INVALID) : v);
}

static bool sh_read_bool(sh_reader *r) {
    unsigned b = (unsigned)sh_big_endian(r, 1);
    return b == 0xc2 || b == 0xc3 ? b & 1 : sh_bad(r, SH_CODE_INVALID);
}

static double sh_read_float(sh_reader *r) {
    union { uint32_t u; float f; } narrow;
    union { uint64_t u; double f; } wide;
    bool negative;
    switch (sh_peek(r)) {
    case 0xca:
        r->at++;
        narrow.u = (uint32_t)sh_big_endian(r, 4);
        return narrow.f;
    case 0xcb:
        r->at++;
        wide.u = sh_big_endian(r, 8);
        return wide.f;
    }
    uint64_t v = sh_read_integer(r, &negative);
    return negative ? (double)(int64_t)v : (double)v;
}

static sh_fields sh_read_fields(sh_reader *r) {
    sh_fields out = {0};
    size_t n = sh_enter(r, 0x90, 0xdc);
    if (n % 2 || n / 2 > SH_LIMIT_HEADERS) {
        sh_bad(r, n % 2 ? SH_CODE_INVALID : SH_CODE_LIMIT);
        return out;
    }
    if (n) {
        out.items = sh_alloc_raw(n / 2 * sizeof *out.items);
    }
    for (size_t i = 0; i < n / 2 && !r->code; i++) {
        out.items[i].name = sh_read_bytes(r);
        out.items[i].value = sh_read_bytes(r);
        out.cap = ++out.count;
    }
    r->depth--;
    return out;
}

static void sh_read_value(sh_reader *r, sh_value *v) {
    unsigned b = sh_peek(r);
    bool negative;
    v->count = 0;
    v->as.str = sh_bytes(NULL, 0);
    if (b == 0xc0) {
        r->at++;
        v->kind = SH_NIL;
    } else if (b == 0xc2 || b == 0xc3) {
        v->kind = SH_BOOL;
        v->as.boolean = sh_read_bool(r);
    } else if (b == 0xca || b == 0xcb) {
        v->kind = SH_FLOAT;
        v->as.number = sh_read_float(r);
    } else if ((b & 0xe0) == 0xa0 || (b >= 0xd9 && b <= 0xdb)) {
        v->kind = SH_STR;
        v->as.str = sh_read_bytes(r);
        if (!sh_is_utf8(v->as.str)) {
            sh_bad(r, SH_CODE_INVALID);
        }
    } else if (b >= 0xc4 && b <= 0xc6) {
        v->kind = SH_BIN;
        v->as.str = sh_read_bytes(r);
    } else if (b < 0x80 || b >= 0xe0 || (b >= 0xcc && b <= 0xd3)) {
        v->as.uinteger = sh_read_integer(r, &negative);
        v->kind = !negative && v->as.uinteger > INT64_MAX ? SH_UINT : SH_INT;
    } else if ((b & 0xf0) == 0x90 || b == 0xdc || b == 0xdd) {
        v->kind = SH_ARRAY;
        size_t n = sh_enter(r, 0x90, 0xdc);
        v->as.items = sh_alloc_raw(n * sizeof *v->as.items);
        while (v->count < n && !r->code) {
            sh_read_value(r, &v->as.items[v->count++]);
        }
        r->depth--;
    } else if ((b & 0xf0) == 0x80 || b == 0xde || b == 0xdf) {
        v->kind = SH_MAP;
        size_t n = sh_enter(r, 0x80, 0xde);
        v->as.entries = sh_alloc_raw(n * sizeof *v->as.entries);
        for (; n && !r->code; n--) {
            sh_entry e;
            e.key = sh_read_bytes(r);
            if (!sh_is_utf8(e.key)) {
                sh_bad(r, SH_CODE_INVALID);
            }
            sh_read_value(r, &e.value);
            size_t i = 0;
            while (i < v->count && !sh_equal(v->as.entries[i].key, e.key)) {
                i++;
            }
            v->as.entries[i] = e;
            v->count += i == v->count;
        }
        r->depth--;
    } else {
        v->kind = SH_NIL;
        sh_bad(r, SH_CODE_INVALID);
    }
}

static void sh_skip(sh_reader *r) {
    unsigned b = sh_peek(r);
    size_t n = 0;
    if (b < 0x80 || b >= 0xe0 || b == 0xc0 || b == 0xc2 || b == 0xc3) {
        n = 1;
    } else if (b >= 0xcc && b <= 0xcf) {
        n = 1 + ((size_t)1 << (b - 0xcc));
    } else if (b >= 0xd0 && b <= 0xd3) {
        n = 1 + ((size_t)1 << (b - 0xd0));
    } else if (b == 0xca || b == 0xcb) {
        n = b == 0xca ? 5 : 9;
    } else if (b >= 0xd4 && b <= 0xd8) {
        n = 2 + ((size_t)1 << (b - 0xd4));
    } else if (b >= 0xc7 && b <= 0xc9) {
        r->at++;
        uint64_t len = sh_big_endian(r, (size_t)1 << (b - 0xc7));
        n = (size_t)len + 1;
    } else if (b >= 0x80 && (b <= 0x9f || b >= 0xdc)) {
        bool map = b < 0x90 || b >= 0xde;
        size_t count = map ? sh_enter(r, 0x80, 0xde) : sh_enter(r, 0x90, 0xdc);
        for (count *= map ? 2 : 1; count && !r->code; count--) {
            sh_skip(r);
        }
        r->depth--;
        return;
    } else if (b == 0xc1) {
        sh_bad(r, SH_CODE_INVALID);
        return;
    } else {
        sh_read_bytes(r);
        return;
    }
    if (n > (size_t)(r->end - r->at)) {
        sh_bad(r, SH_CODE_INVALID);
        return;
    }
    r->at += n;
}

static void sh_read_record(sh_reader *r, const sh_record_type *type, void *record);

static size_t sh_size_of(unsigned kind, const sh_record_type *record) {
    switch (kind) {
    case SH_KIND_STR: case SH_KIND_BIN:
        return sizeof(sh_str);
    case SH_KIND_ANY:
        return sizeof(sh_value);
    case SH_KIND_HEADERS: case SH_KIND_PAIRS:
        return sizeof(sh_fields);
    case SH_KIND_RECORD:
        return record->size;
    case SH_KIND_BOOL:
        return sizeof(bool);
    }
    return 8;
}

/* The fields of a list, whatever its elements are. */
typedef struct sh_list {
    void *items;
    size_t count;
} sh_list;

static void sh_read_field(sh_reader *r, unsigned kind, const sh_field_type *f, void *to) {
    switch (kind) {
    case SH_KIND_UINT:
        *(uint64_t *)to = sh_read_uint(r);
        break;
    case SH_KIND_INT:
        *(int64_t *)to = sh_read_int(r);
        break;
    case SH_KIND_BOOL:
        *(bool *)to = sh_read_bool(r);
        break;
    case SH_KIND_FLOAT:
        *(double *)to = sh_read_float(r);
        break;
    case SH_KIND_STR: case SH_KIND_BIN:
        *(sh_str *)to = sh_read_bytes(r);
        break;
    case SH_KIND_ANY:
        sh_read_value(r, to);
        break;
    case SH_KIND_HEADERS: case SH_KIND_PAIRS:
        *(sh_fields *)to = sh_read_fields(r);
        break;
    case SH_KIND_RECORD:
        sh_read_record(r, f->record, to);
        break;
    case SH_KIND_LIST: {
        sh_list *list = to;
        size_t n = sh_enter(r, 0x90, 0xdc), size = sh_size_of(f->elem, f->record);
        /* Grown as elements come: a record may be much larger than its bytes. */
        sh_buf items = {0};
        for (; list->count < n && !r->code; list->count++) {
            sh_reserve(&items, size);
            __builtin_memset(items.ptr + items.len, 0, size);
            items.len += size;
            sh_str place = sh_bytes(items.ptr + items.len - size, size);
            /* Reading may allocate, which moves nothing. */
            sh_read_field(r, f->elem, f, (void *)place.ptr);
        }
        list->items = items.ptr;
        r->depth--;
    }
    }
}

static void sh_defaults(const sh_record_type *type, void *record) {
    __builtin_memset(record, 0, type->size);
    for (size_t i = 0; i < type->count; i++) {
        const sh_field_type *f = &type->fields[i];
        void *to = (char *)record + f->offset;
        if (f->kind == SH_KIND_RECORD) {
            sh_defaults(f->record, to);
        } else if (f->otherwise) {
            *(uint64_t *)to = f->otherwise;
        }
    }
}

static void sh_read_record(sh_reader *r, const sh_record_type *type, void *record) {
    sh_defaults(type, record);
    size_t n = sh_enter(r, 0x90, 0xdc);
    for (size_t i = 0; i < n && !r->code; i++) {
        if (i >= type->count) {
            sh_skip(r);
        } else if (!sh_read_nil(r)) {
            const sh_field_type *f = &type->fields[i];
            sh_read_field(r, f->kind, f, (char *)record + f->offset);
        }
    }
    r->depth--;
}

sh_code sh_decode(const sh_record_type *type, sh_str bytes, void *record) {
    sh_reader r;
    r.at = (const unsigned char *)bytes.ptr;
    r.end = r.at + bytes.len;
    r.depth = 0;
    r.code = bytes.len > SH_LIMIT_RECORD_BYTES ? SH_CODE_LIMIT : 0;
    if (r.code) {
        return r.code;
    }
    sh_read_record(&r, type, record);
    return r.code ? r.code : r.at != r.end ? SH_CODE_INVALID : 0;
}
