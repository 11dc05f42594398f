/*
 * Write stackhost handlers, middleware, jobs and console commands in C or C++.
 *
 * A module is a WebAssembly file made of your sources and stackhost.c. It names what it has to offer with one macro for each
 * trigger: SH_HTTP, SH_ROUTES, SH_MIDDLEWARE, SH_JOB, SH_COMMANDS, and SH_BOOT for work that is done once, before the state that every later
 * call starts from is taken. No C library is needed; one may be linked
 * (when its malloc takes memory from __heap_base on and the target is not WASI, define SH_SHARED_HEAP for stackhost.c).
 *
 * Ownership: everything that a function of this header returns, and everything in a request, lives until the call ends. Nothing
 * has to be freed. Memory made at boot lives as long as the module. One call runs at a time, there are no threads.
 *
 * Errors: functions that can fail return an sh_code, 0 or negative; those that return a count return it or a negative code.
 */
#ifndef STACKHOST_H
#define STACKHOST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** 0, or a negative code: one of SH_CODE_…, or the guest's own from SH_GUEST_CODES_FROM down. */
typedef int64_t sh_code;

/** Text or bytes; not terminated. ptr is NULL where something that was looked up does not exist. */
typedef struct sh_str {
    const char *ptr;
    size_t len;
} sh_str;

/** A name with its value. */
typedef struct sh_field {
    sh_str name, value;
} sh_field;

/** Names and values in their order, repeats kept: headers, parameters, fields of a form. */
typedef struct sh_fields {
    sh_field *items;
    size_t count, cap;
} sh_fields;

enum { SH_NIL, SH_BOOL, SH_INT, SH_UINT, SH_FLOAT, SH_STR, SH_BIN, SH_ARRAY, SH_MAP };

/** A free-form value. SH_UINT is only for numbers that SH_INT cannot hold. */
typedef struct sh_value {
    int kind;
    /** Elements of an array or a map. */
    size_t count;
    union {
        bool boolean;
        int64_t integer;
        uint64_t uinteger;
        double number;
        sh_str str;
        struct sh_value *items;
        struct sh_entry *entries;
    } as;
} sh_value;

/** An entry of a map. */
typedef struct sh_entry {
    sh_str key;
    sh_value value;
} sh_entry;

/** How a record is encoded; stackhost_abi.h declares one for each record. */
typedef struct sh_record_type sh_record_type;

#include "stackhost_abi.h"

/* Text */

static inline sh_str sh_bytes(const void *ptr, size_t len) {
    sh_str s;
    s.ptr = (const char *)ptr;
    s.len = len;
    return s;
}

/** A literal: SH("text"). */
#define SH(literal) sh_bytes("" literal, sizeof(literal) - 1)

/** A terminated string. */
sh_str sh_cstr(const char *s);
bool sh_equal(sh_str a, sh_str b);
/** a, or b when a does not exist. */
static inline sh_str sh_or(sh_str a, sh_str b) { return a.ptr ? a : b; }
/** Formats like printf: %s (terminated), %v (sh_str), %d, %u, %x, %lld, %llu, %llx, %c and %%, without widths. */
sh_str sh_format(const char *format, ...);
/** Reads a decimal number with an optional minus sign; false when the text is not one or does not fit. */
bool sh_parse_int(sh_str s, int64_t *number);
/** Decodes %41, and + as a space when plus is set; malformed escapes stay as they are. */
sh_str sh_percent_decode(sh_str s, bool plus);
/** Encodes everything but letters, digits and -._~ */
sh_str sh_percent_encode(sh_str s);
/** Names and values of a query or of a form body, decoded. */
sh_fields sh_parse_query(sh_str s);
/** First value of a name, or one that does not exist. */
sh_str sh_get(const sh_fields *fields, const char *name);
/** Adds a field; the name is not copied. */
void sh_add(sh_fields *fields, sh_str name, sh_str value);
/** Bytes as lower-case hex digits, and in base64 with padding. */
sh_str sh_hex(sh_str s);
sh_str sh_base64(sh_str s);

/* Memory */

/** Room until the call ends, zeroed and aligned for everything. Traps when there is none. */
void *sh_alloc(size_t size);

/** Bytes that grow. Begin with a zeroed one; str is what was written. */
typedef struct sh_buf {
    char *ptr;
    size_t len, cap;
} sh_buf;

void sh_put(sh_buf *b, sh_str s);
void sh_put_byte(sh_buf *b, char c);
static inline sh_str sh_buf_str(const sh_buf *b) { return sh_bytes(b->ptr, b->len); }

/* JSON */

/** Writers append to a buffer and set commas themselves. Text that is not UTF-8 gets U+FFFD. */
void sh_json_object(sh_buf *b);
void sh_json_end_object(sh_buf *b);
void sh_json_array(sh_buf *b);
void sh_json_end_array(sh_buf *b);
/** The name of a member; its value comes next. */
void sh_json_key(sh_buf *b, const char *name);
void sh_json_str(sh_buf *b, sh_str s);
void sh_json_int(sh_buf *b, int64_t n);
void sh_json_uint(sh_buf *b, uint64_t n);
/** A number; one that JSON cannot express becomes null. */
void sh_json_float(sh_buf *b, double n);
void sh_json_bool(sh_buf *b, bool v);
void sh_json_null(sh_buf *b);
/** JSON that is already written. */
void sh_json_raw(sh_buf *b, sh_str json);
/** A free-form value; bytes become base64. */
void sh_json_value(sh_buf *b, const sh_value *v);
/** A member of an object: name and value together. */
void sh_json_member_str(sh_buf *b, const char *name, sh_str s);
void sh_json_member_int(sh_buf *b, const char *name, int64_t n);
void sh_json_member_bool(sh_buf *b, const char *name, bool v);

/* Free-form values */

sh_value sh_nil(void);
sh_value sh_bool(bool v);
sh_value sh_int(int64_t n);
sh_value sh_float(double n);
sh_value sh_text_value(sh_str s);
sh_value sh_bin_value(sh_str s);
sh_value sh_array_value(sh_value *items, size_t count);
sh_value sh_map_value(sh_entry *entries, size_t count);
static inline sh_entry sh_with(const char *key, sh_value value) {
    sh_entry e;
    e.key = sh_cstr(key);
    e.value = value;
    return e;
}
/** Value of a key of a map, or NULL. */
const sh_value *sh_value_get(const sh_value *map, const char *key);
/** The text of a value; one that does not exist when it is no text. */
sh_str sh_value_str(const sh_value *v);

/* Bodies */

/** A body, read from front to back; held whole, or behind a stream of the host. */
typedef struct sh_body {
    /** What is left of a body that came whole. */
    sh_str rest;
    /** 0 when the body came whole. */
    uint32_t stream;
    /** Length of the whole body, or -1 when it is not known in advance. */
    int64_t length;
} sh_body;

/** Fills the front of buffer and returns how much; 0 is the end. Blocks until there is a byte. */
int64_t sh_body_read(sh_body *body, void *buffer, size_t cap);
/** The rest of the body when it is no longer than limit bytes, otherwise SH_CODE_LIMIT. */
sh_code sh_body_bytes(sh_body *body, size_t limit, sh_str *out);

/* Requests */

typedef struct sh_request {
    /** The request as the host sent it; its body is in `body`. */
    sh_http_request record;
    /** What the wildcards of the module's own route matched, decoded. */
    sh_fields params;
    sh_body body;
} sh_request;

/** The most bytes that sh_form reads. */
#define SH_FORM_LIMIT ((size_t)1 << 20)

/** Value of a wildcard of the module's own route, else of the host's; empty when neither has the name. */
sh_str sh_param(const sh_request *request, const char *name);
/** First value of a query parameter, decoded. */
sh_str sh_query(const sh_request *request, const char *name);
/** First value of a header, in whatever case the name is given. */
sh_str sh_header(const sh_request *request, const char *name);
/** Fields of an urlencoded body of at most SH_FORM_LIMIT bytes. */
sh_code sh_form(sh_request *request, sh_fields *form);

/* Responses */

typedef struct sh_response {
    /** What is encoded: status, headers and body. */
    sh_http_response record;
    /** The stream of a response that was started, or 0. */
    uint32_t stream;
    bool started;
} sh_response;

/** These set the response and return 0, so that a handler can end with them. */
sh_code sh_text(sh_response *response, sh_str body);
sh_code sh_html(sh_response *response, sh_str body);
sh_code sh_json(sh_response *response, sh_str json);
/** A problem document (RFC 9457). */
sh_code sh_problem(sh_response *response, int status, sh_str detail);
/** 303 to another place. */
sh_code sh_redirect(sh_response *response, sh_str location);
/** An empty response. */
sh_code sh_status(sh_response *response, int status);
/** Adds a header; a name may be added several times. */
void sh_add_header(sh_response *response, const char *name, sh_str value);
/** Sends status, headers and what there is of the body now. Once in a call; sh_write, sh_flush and sh_finish follow. */
sh_code sh_start(sh_response *response);
/** Blocks while the client is slow. */
sh_code sh_write(sh_response *response, sh_str bytes);
/** Makes what was written leave now. */
sh_code sh_flush(sh_response *response);
/** Ends a response that was started. */
sh_code sh_finish(sh_response *response);
/** Sends the rest of a request's body as the response's, whole or in pieces as it came. */
sh_code sh_send_body(sh_response *response, sh_body *body);

/* Handlers and routes */

/** Answers a request. A negative code becomes the HTTP status of that code, 500 for the guest's own. */
typedef sh_code (*sh_handler)(sh_request *request, sh_response *response);

/** A row of a routing table: {name} matches one segment, {name...} at the end the rest. GET answers HEAD too. */
typedef struct sh_route {
    const char *method, *pattern;
    sh_handler handler;
} sh_route;

/** Answers by the first route that matches, otherwise 405 with Allow, or 404. */
sh_code sh_route_request(const sh_route *routes, size_t count, sh_request *request, sh_response *response);
/** Tries the routes; false when none matches, and then nothing was done. */
bool sh_try_routes(const sh_route *routes, size_t count, sh_request *request, sh_response *response, sh_code *code);

/** What a middleware decided; begins as "pass on unchanged". */
typedef struct sh_verdict {
    bool answered;
    /** The answer, when answered is set. */
    sh_response response;
    /** Request headers to set and to remove before passing on. */
    sh_fields set, remove;
    /** New path for the handler, or empty. */
    sh_str path;
    /** Headers to set on the response that the handler will give. */
    sh_fields response_headers;
} sh_verdict;

typedef sh_code (*sh_middleware)(sh_request *request, sh_verdict *verdict);
/** Does a job; what it produces goes into result. */
typedef sh_code (*sh_job)(const sh_job_request *job, sh_str *result);
typedef sh_code (*sh_boot)(const sh_boot_request *request);

/** One run of a console command. */
typedef struct sh_command {
    sh_str name;
    /** What was written after the name. */
    const sh_str *args;
    size_t count;
    /** Standard input: sh_body_read reads it. */
    sh_body input;
    /** Streams of standard output and standard error: sh_print and sh_complain write to them. */
    uint32_t output, messages;
    /** Width of the terminal that shows standard error; 0 when it is none. */
    uint64_t columns;
    /** Id of the run, also in the host's records. */
    sh_str id;
    /** Milliseconds left for it. */
    uint64_t timeout_ms;
    /** Exit code, 0 to 255; a handler that returns a code has 1. */
    int exit;
} sh_command;

/** Runs a command. A code other than 0 writes "NAME: text" to standard error, with the text of sh_fail. */
typedef sh_code (*sh_command_handler)(sh_command *command);

/** A row of a table of commands. */
typedef struct sh_command_row {
    const char *name;
    sh_command_handler run;
} sh_command_row;

/** Writes to standard output; what is written arrives at once. */
sh_code sh_print(sh_command *command, sh_str text);
/** Writes to standard error. */
sh_code sh_complain(sh_command *command, sh_str text);
/** Writes rows of `columns` cells to standard output, aligned, with two spaces between columns; the first row is the header. */
sh_code sh_print_table(sh_command *command, const sh_str *cells, size_t columns, size_t rows);

/** How far a command is, on standard error: drawn at each hundredth on a terminal, elsewhere one line at the end. */
typedef struct sh_progress {
    sh_command *command;
    sh_str label;
    uint64_t done, total, drawn;
    size_t width;
} sh_progress;

/** Begins to count; with a total of 0 it only counts. */
sh_progress sh_progress_begin(sh_command *command, sh_str label, uint64_t total);
/** Counts n more. */
sh_code sh_progress_add(sh_progress *progress, uint64_t n);
/** Ends the line. */
sh_code sh_progress_finish(sh_progress *progress);

int64_t sh_run_command(const void *ptr, size_t len, const sh_command_row *commands, size_t count);
int64_t sh_run_http(const void *ptr, size_t len, sh_handler handler);
int64_t sh_run_middleware(const void *ptr, size_t len, sh_middleware decide);
int64_t sh_run_job(const void *ptr, size_t len, sh_job work);
int64_t sh_run_boot(const void *ptr, size_t len, sh_boot prepare);

#ifdef __cplusplus
#define SH_LINKAGE extern "C"
#else
#define SH_LINKAGE
#endif
#ifdef __wasm__
#define SH_EXPORT(name) SH_LINKAGE __attribute__((export_name(#name))) int64_t name(const void *ptr, size_t len)
#else
#define SH_EXPORT(name) SH_LINKAGE int64_t name(const void *ptr, size_t len)
#endif

/** Makes a function the module's HTTP handler. */
#define SH_HTTP(handler) \
    SH_EXPORT(stackhost_http); \
    int64_t stackhost_http(const void *ptr, size_t len) { return sh_run_http(ptr, len, handler); }
/** Makes an array of sh_route the module's HTTP handler. */
#define SH_ROUTES(routes) \
    static sh_code sh_routes_handler(sh_request *request, sh_response *response) { \
        return sh_route_request(routes, sizeof(routes) / sizeof(routes[0]), request, response); \
    } \
    SH_HTTP(sh_routes_handler)
/** Makes a function the module's middleware. */
#define SH_MIDDLEWARE(decide) \
    SH_EXPORT(stackhost_middleware); \
    int64_t stackhost_middleware(const void *ptr, size_t len) { return sh_run_middleware(ptr, len, decide); }
/** Makes a function the module's job handler. */
#define SH_JOB(work) \
    SH_EXPORT(stackhost_job); \
    int64_t stackhost_job(const void *ptr, size_t len) { return sh_run_job(ptr, len, work); }
/** Makes an array of sh_command_row the module's console commands. */
#define SH_COMMANDS(commands) \
    SH_EXPORT(stackhost_command); \
    int64_t stackhost_command(const void *ptr, size_t len) { return sh_run_command(ptr, len, commands, sizeof(commands) / sizeof(commands[0])); }
/** Runs a function once, before any call. */
#define SH_BOOT(prepare) \
    SH_EXPORT(stackhost_boot); \
    int64_t stackhost_boot(const void *ptr, size_t len) { return sh_run_boot(ptr, len, prepare); }

/* Failures */

/** Keeps a text for the log and returns the code, for a handler to return. The text is copied. */
sh_code sh_fail(sh_code code, sh_str text);
/** The text that belongs to the last code that the host or sh_fail gave; may be empty. */
sh_str sh_error(void);

/** Logs why and traps: for what must not happen. */
__attribute__((noreturn)) void sh_panic(sh_str why);

/* What the host offers */

/** Writes a log record; level is SH_LOG_LEVEL_…, fields may be NULL when count is 0. */
void sh_log(int level, sh_str message, const sh_entry *fields, size_t count);
/** A value of the module's config table: key with dots for nested tables, empty for all of it. */
sh_code sh_config(sh_str key, sh_value *value);
sh_code sh_secret(sh_str name, sh_str *value);
sh_code sh_supports(sh_str capability, sh_supports_reply *reply);

typedef struct sh_fetched {
    int status;
    sh_fields headers;
    sh_body body;
    /** URL of the last hop. */
    sh_str url;
} sh_fetched;

/** Sends a request; zero it and set at least url; the method is GET unless set. HTTP error statuses are responses, not codes. */
sh_code sh_fetch(const sh_fetch_request *request, sh_fetched *response);

/* State. The manifest grants kv, cache, lock, blob and secret; each function takes and gives the record of its name (see stackhost_abi.h). */

/** Reads a key. */
sh_code sh_kv_get(const sh_kv_get_request *request, sh_kv_get_reply *reply);
/** Writes a key. conflict: the guard does not hold; quota; storage_full. */
sh_code sh_kv_set(const sh_kv_set_request *request, sh_kv_set_reply *reply);
/** Deletes a key. */
sh_code sh_kv_delete(const sh_kv_delete_request *request, sh_kv_delete_reply *reply);
/** Adds to a counter. conflict: the value is not a number. */
sh_code sh_kv_increment(const sh_kv_increment_request *request, sh_kv_increment_reply *reply);
/** Reads keys in order, a page at a time. */
sh_code sh_kv_scan(const sh_kv_scan_request *request, sh_kv_scan_reply *reply);
/** Does several writes under conditions, together or not at all. */
sh_code sh_kv_transact(const sh_kv_transact_request *request, sh_kv_transact_reply *reply);
/** Reads a key, without asking other nodes. */
sh_code sh_cache_get(const sh_cache_get_request *request, sh_cache_get_reply *reply);
/** Reads a key or, for one caller in the cluster, gives the right to make it. */
sh_code sh_cache_fill(const sh_cache_fill_request *request, sh_cache_fill_reply *reply);
/** Stores a value. */
sh_code sh_cache_put(const sh_cache_put_request *request, sh_cache_put_reply *reply);
/** Invalidates all entries with a tag. */
sh_code sh_cache_invalidate(const sh_cache_invalidate_request *request);
/** Deletes a key. */
sh_code sh_cache_delete(const sh_cache_delete_request *request, sh_cache_delete_reply *reply);
/** Empties a namespace. */
sh_code sh_cache_clear(const sh_cache_clear_request *request);
/** Takes a lock. conflict: somebody else holds it. */
sh_code sh_lock_acquire(const sh_lock_acquire_request *request, sh_lock_acquire_reply *reply);
/** Makes a lease last longer. conflict: it has ended. */
sh_code sh_lock_renew(const sh_lock_renew_request *request, sh_lock_renew_reply *reply);
/** Ends a lease. */
sh_code sh_lock_release(const sh_lock_release_request *request, sh_lock_release_reply *reply);
/** Stores a short blob in one call. */
sh_code sh_blob_put(const sh_blob_put_request *request, sh_blob_info *reply);
/** Begins a blob: write its content to the stream, then commit. Closing the stream gives it up. */
sh_code sh_blob_write(const sh_blob_write_request *request, sh_stream_reply *reply);
/** Makes a written blob visible. conflict: the guard does not hold. */
sh_code sh_blob_commit(const sh_blob_commit_request *request, sh_blob_info *reply);
/** Reads a blob or a part of it. */
sh_code sh_blob_read(const sh_blob_read_request *request, sh_blob_read_reply *reply);
/** Tells what is known of a blob. */
sh_code sh_blob_stat(const sh_blob_stat_request *request, sh_blob_info *reply);
/** Deletes a blob. */
sh_code sh_blob_delete(const sh_blob_delete_request *request, sh_blob_delete_reply *reply);
/** Lists blobs in order of their keys. */
sh_code sh_blob_list(const sh_blob_list_request *request, sh_blob_list_reply *reply);
/** Reads a secret. not_found: it is not set. */
sh_code sh_secret_get(const sh_secret_get_request *request, sh_secret_get_reply *reply);

/** Several calls at once. Begin with a zeroed one; the functions that add return the index of the result. */
typedef struct sh_batch {
    sh_batch_call calls[SH_LIMIT_BATCH_CALLS];
    size_t count;
    sh_batch_result *results;
} sh_batch;

size_t sh_batch_config(sh_batch *batch, sh_str key);
size_t sh_batch_secret(sh_batch *batch, sh_str name);
size_t sh_batch_supports(sh_batch *batch, sh_str capability);
size_t sh_batch_fetch(sh_batch *batch, const sh_fetch_request *request);
sh_code sh_batch_run(sh_batch *batch);
/** Results after sh_batch_run; a call that failed gives its code, with the text in sh_error. */
sh_code sh_batch_get_config(const sh_batch *batch, size_t index, sh_value *value);
sh_code sh_batch_get_secret(const sh_batch *batch, size_t index, sh_str *value);
sh_code sh_batch_get_supports(const sh_batch *batch, size_t index, sh_supports_reply *reply);
sh_code sh_batch_get_fetch(const sh_batch *batch, size_t index, sh_fetched *response);

/* Randomness and time of the current call */

/** ChaCha20 keyed with the bytes that the call brought, fit for tokens and keys. Traps at boot, where there is no key yet. */
void sh_random(void *out, size_t len);
uint64_t sh_random_u64(void);
/** A number from 0 up to, not including, end, each equally likely; 0 when end is 0. */
uint64_t sh_random_below(uint64_t end);
/** len bytes as hex digits. */
sh_str sh_random_hex(size_t len);
/** Microseconds since 1970-01-01 UTC when the host handed over the call. */
uint64_t sh_time_us(void);

/* Records, for those who need what the functions above do not cover */

/** Reads a record, which has to be all of bytes; text in it points into bytes. */
sh_code sh_decode(const sh_record_type *type, sh_str bytes, void *record);
/** Appends an encoded record. */
void sh_encode(const sh_record_type *type, const void *record, sh_buf *out);

#ifdef __cplusplus
}
#endif
#endif
