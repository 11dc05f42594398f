/* What the parts of the SDK share and do not show. */

enum {
    SH_KIND_UINT,
    SH_KIND_INT,
    SH_KIND_BOOL,
    SH_KIND_FLOAT,
    SH_KIND_STR,
    SH_KIND_BIN,
    SH_KIND_ANY,
    SH_KIND_HEADERS,
    SH_KIND_PAIRS,
    SH_KIND_LIST,
    SH_KIND_RECORD,
};

/* How a field is encoded and where it is in its struct. */
typedef struct sh_field_type {
    uint8_t kind, elem;
    uint16_t otherwise;
    const sh_record_type *record;
    size_t offset;
} sh_field_type;

struct sh_record_type {
    const sh_field_type *fields;
    size_t count, size;
};

/* Memory. */
static void *sh_alloc_raw(size_t size);
static void sh_reserve(sh_buf *b, size_t more);
static void sh_begin_memory(void);
static void sh_keep_memory(void);
static void sh_copy(void *to, const void *from, size_t n);
static _Noreturn void sh_trap(void);

/* Randomness and time. */
static void sh_seed(sh_str random, uint64_t time_us);

/* Host calls: the encoded reply, or a code. */
typedef int64_t (*sh_import)(const void *request, size_t request_len, void *out, size_t out_cap);
static sh_code sh_call(sh_import f, const sh_record_type *type, const void *request, const sh_record_type *reply_type, void *reply);
static int64_t sh_check(int64_t result);

