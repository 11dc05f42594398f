/* Generated from abi/v1.json by abi/internal/gen. Do not edit. */

/* Constants, codes, records and imports of ABI v1. Include stackhost.h, which includes this. */

#ifndef STACKHOST_ABI_H
#define STACKHOST_ABI_H

/** A body up to this many bytes travels inside its record; a longer one travels through a stream. */
#define SH_LIMIT_INLINE_BODY_BYTES 65536
/** The longest encoded record that either side accepts. */
#define SH_LIMIT_RECORD_BYTES 1048576
/** The deepest nesting of arrays and maps that a decoder accepts. */
#define SH_LIMIT_DEPTH 32
/** The most header fields in one record. */
#define SH_LIMIT_HEADERS 256
/** The most streams that one call may have open. */
#define SH_LIMIT_STREAMS 64
/** The most calls in one batch. */
#define SH_LIMIT_BATCH_CALLS 64
/** The longest text that core error returns. */
#define SH_LIMIT_ERROR_TEXT_BYTES 1024
/** How many unpredictable bytes each request record brings. */
#define SH_LIMIT_RANDOM_BYTES 16

/** The host failed; details are in its records under the request's id. */
#define SH_CODE_INTERNAL ((sh_code)-1)
/** The request record or an argument is malformed. */
#define SH_CODE_INVALID ((sh_code)-2)
/** This host does not know the function or the option. */
#define SH_CODE_UNSUPPORTED ((sh_code)-3)
/** The manifest or a policy does not allow it. */
#define SH_CODE_DENIED ((sh_code)-4)
/** What was asked for does not exist. */
#define SH_CODE_NOT_FOUND ((sh_code)-5)
/** The state is not what the call expected. */
#define SH_CODE_CONFLICT ((sh_code)-6)
/** A size or count limit was reached. */
#define SH_CODE_LIMIT ((sh_code)-7)
/** The time allowed ran out. */
#define SH_CODE_DEADLINE ((sh_code)-8)
/** The caller went away. */
#define SH_CODE_CANCELLED ((sh_code)-9)
/** The stream or response is already closed. */
#define SH_CODE_CLOSED ((sh_code)-10)
/** The service cannot answer now. */
#define SH_CODE_UNAVAILABLE ((sh_code)-11)
/** Nothing was done; the same call may succeed at once. */
#define SH_CODE_AGAIN ((sh_code)-12)
/** The highest code that a guest may give a meaning of its own. */
#define SH_GUEST_CODES_FROM ((sh_code)-1000)

/** Severity of a log record. */
enum {
    SH_LOG_LEVEL_TRACE = 0,
    SH_LOG_LEVEL_DEBUG = 1,
    SH_LOG_LEVEL_INFO = 2,
    SH_LOG_LEVEL_WARN = 3,
    SH_LOG_LEVEL_ERROR = 4,
};

/** What a middleware decided. */
enum {
    SH_MIDDLEWARE_ACTION_PASS = 0,
    SH_MIDDLEWARE_ACTION_ANSWER = 1,
};

/** What fetch does with a redirect. */
enum {
    SH_REDIRECT_FOLLOW = 0,
    SH_REDIRECT_MANUAL = 1,
    SH_REDIRECT_ERROR = 2,
};

/** Input of stackhost_boot. */
typedef struct sh_boot_request {
    /** Name of the app. */
    sh_str app;
    /** Name of the module in the manifest. */
    sh_str module;
    /** For interpreter engines: the app's bundled source text. Empty otherwise. */
    sh_str source;
    /** File name to show in error texts for source. */
    sh_str source_name;
} sh_boot_request;
extern const sh_record_type sh_boot_request_type;

/** An HTTP request as received. */
typedef struct sh_http_request {
    /** Method, as sent: GET, POST … */
    sh_str method;
    /** Path of the request target, as sent (still percent-encoded), beginning with /. */
    sh_str path;
    /** Query of the request target, as sent, without the question mark. */
    sh_str query;
    /** http or https. */
    sh_str scheme;
    /** Host header, with the port when one was sent. */
    sh_str host;
    /** Header fields in the order received, repeats kept, names in lower case. */
    sh_fields headers;
    /** Values of the route pattern's wildcards, percent-decoded. */
    sh_fields params;
    /** The whole body when it is no longer than inline_body_bytes and body_stream is 0; empty otherwise. */
    sh_str body;
    /** Stream to read the body from, or 0 when body holds all of it. */
    uint64_t body_stream;
    /** Length of the body in bytes, or -1 when it is not known in advance. */
    int64_t body_length;
    /** IP address of the client. */
    sh_str remote;
    /** Request id, also in the host's records and the X-Request-Id response header. */
    sh_str id;
    /** W3C traceparent to pass on to other services, or empty. */
    sh_str traceparent;
    /** The route pattern that matched. */
    sh_str route;
    /** Milliseconds left for this request. */
    uint64_t timeout_ms;
    /** Microseconds since 1970-01-01 UTC when the host handed over the request. */
    uint64_t time_us;
    /** random_bytes unpredictable bytes, never given twice: the seed for this request's random numbers. */
    sh_str random;
} sh_http_request;
extern const sh_record_type sh_http_request_type;

/** An HTTP response. */
typedef struct sh_http_response {
    /** Status code, 200 to 599. 0 means 200. */
    uint64_t status;
    /** Header fields, repeats kept. Connection-level fields (connection, content-length, transfer-encoding, …) are the host's and are ignored. */
    sh_fields headers;
    /** The body, or its first bytes with respond. */
    sh_str body;
} sh_http_response;
extern const sh_record_type sh_http_response_type;

/** What a middleware decided about a request. */
typedef struct sh_middleware_result {
    /** pass or answer. */
    uint64_t action;
    /** The answer, with action answer. */
    sh_http_response response;
    /** Request headers to set before passing on; each replaces all fields of its name. */
    sh_fields set_headers;
    /** Request headers to remove before passing on. */
    struct { sh_str *items; size_t count; } remove_headers;
    /** New path for the handler, or empty. The route stays the one that matched. */
    sh_str path;
    /** Headers to set on the response that the handler will give. */
    sh_fields response_headers;
} sh_middleware_result;
extern const sh_record_type sh_middleware_result_type;

/** A piece of background work. */
typedef struct sh_job_request {
    /** Job id, the same in every attempt. */
    sh_str id;
    /** What kind of work it is. */
    sh_str name;
    /** The work's input. */
    sh_str payload;
    /** 1 for the first attempt. */
    uint64_t attempt;
    /** Milliseconds left for this attempt. */
    uint64_t timeout_ms;
    /** As in HttpRequest. */
    uint64_t time_us;
    /** As in HttpRequest. */
    sh_str random;
} sh_job_request;
extern const sh_record_type sh_job_request_type;

/** Outcome of a job that was done. */
typedef struct sh_job_result {
    /** What the job produced. */
    sh_str result;
} sh_job_result;
extern const sh_record_type sh_job_result_type;

/** A stream to use with core read, write and close. */
typedef struct sh_stream_reply {
    /** Stream handle, never 0. Valid until it is closed or the entry export returns. */
    uint64_t stream;
} sh_stream_reply;
extern const sh_record_type sh_stream_reply_type;

/** A log record. */
typedef struct sh_log_record {
    /** Severity. */
    uint64_t level;
    /** What happened. */
    sh_str message;
    /** A map of further fields, or nil. */
    sh_value fields;
} sh_log_record;
extern const sh_record_type sh_log_record_type;

/** Which config value. */
typedef struct sh_config_request {
    /** Key, dots for nested tables; empty for the whole table. */
    sh_str key;
} sh_config_request;
extern const sh_record_type sh_config_request_type;

/** A config value. */
typedef struct sh_config_reply {
    /** The value as written in the manifest. */
    sh_value value;
} sh_config_reply;
extern const sh_record_type sh_config_reply_type;

/** Which secret. */
typedef struct sh_secret_request {
    /** Name of the secret in the module's manifest table. */
    sh_str name;
} sh_secret_request;
extern const sh_record_type sh_secret_request_type;

/** A secret. */
typedef struct sh_secret_reply {
    /** The secret's bytes. */
    sh_str value;
} sh_secret_reply;
extern const sh_record_type sh_secret_reply_type;

/** Which capability. */
typedef struct sh_supports_request {
    /** Name of a capability. */
    sh_str capability;
} sh_supports_request;
extern const sh_record_type sh_supports_request_type;

/** What this host offers. */
typedef struct sh_supports_reply {
    /** Major version, 0 when the host does not have the capability. */
    uint64_t version;
    /** Whether this module may use it. */
    bool granted;
    /** Names of the functions this host knows. */
    struct { sh_str *items; size_t count; } functions;
} sh_supports_reply;
extern const sh_record_type sh_supports_reply_type;

/** One call of a batch. */
typedef struct sh_batch_call {
    /** Name of the capability. */
    sh_str capability;
    /** Name of a function of shape call. */
    sh_str function;
    /** Its encoded request record. */
    sh_str request;
} sh_batch_call;
extern const sh_record_type sh_batch_call_type;

/** Several calls. */
typedef struct sh_batch_request {
    /** The calls, at most batch_calls. */
    struct { sh_batch_call *items; size_t count; } calls;
} sh_batch_request;
extern const sh_record_type sh_batch_request_type;

/** Reply to one call of a batch. */
typedef struct sh_batch_result {
    /** 0, or a negative code. */
    int64_t code;
    /** The encoded reply record. */
    sh_str reply;
    /** The text that belongs to code. */
    sh_str error;
} sh_batch_result;
extern const sh_record_type sh_batch_result_type;

/** Replies of a batch. */
typedef struct sh_batch_reply {
    /** One for each call, in order. */
    struct { sh_batch_result *items; size_t count; } results;
} sh_batch_reply;
extern const sh_record_type sh_batch_reply_type;

/** An outbound HTTP request. */
typedef struct sh_fetch_request {
    /** Method; empty means GET. */
    sh_str method;
    /** Absolute http or https URL. */
    sh_str url;
    /** Header fields. */
    sh_fields headers;
    /** The body, when body_stream is 0. */
    sh_str body;
    /** An open readable stream to send as the body, or 0. */
    uint64_t body_stream;
    /** Milliseconds for the whole exchange; 0 for the grant's default. Never beyond this call's own deadline. */
    uint64_t timeout_ms;
    /** What to do with redirects. */
    uint64_t redirect;
    /** Most response body bytes to accept; 0 for the grant's limit. */
    uint64_t max_bytes;
} sh_fetch_request;
extern const sh_record_type sh_fetch_request_type;

/** Response to an outbound HTTP request. */
typedef struct sh_fetch_response {
    /** Status code. */
    uint64_t status;
    /** Header fields, names in lower case. */
    sh_fields headers;
    /** The whole body when body_stream is 0. */
    sh_str body;
    /** Stream to read the body from, or 0. */
    uint64_t body_stream;
    /** URL of the last hop. */
    sh_str url;
} sh_fetch_response;
extern const sh_record_type sh_fetch_response_type;

#ifdef __wasm__
#define SH_IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#else
#define SH_IMPORT(module, name)
#endif

/** Copies the kept reply of the last call whose reply did not fit its out area, without running that call again. Returns its length; not_found when none is kept. The reply is dropped once it has been copied whole; with too small a cap nothing is copied. */
SH_IMPORT("stackhost:core@1", "take")
int64_t sh_import_core_take(void *ptr, size_t cap);

/** Copies up to cap bytes of the text that belongs to the last negative code. Returns the text's length. */
SH_IMPORT("stackhost:core@1", "error")
int64_t sh_import_core_error(void *ptr, size_t cap);

/** Runs several structured calls concurrently and answers in their order. take, error, streams and batch itself cannot be batched. */
SH_IMPORT("stackhost:core@1", "batch")
int64_t sh_import_core_batch(const void *request, size_t request_len, void *out, size_t out_cap);

/** Reads up to cap bytes from a stream. Blocks until there is at least one byte. 0 is the end of the stream (or cap was 0). */
SH_IMPORT("stackhost:core@1", "read")
int64_t sh_import_core_read(uint32_t stream, void *ptr, size_t cap);

/** Writes len bytes to a stream, all or none but a code. Blocks while the receiver is slow. */
SH_IMPORT("stackhost:core@1", "write")
int64_t sh_import_core_write(uint32_t stream, const void *ptr, size_t len);

/** Closes a stream. Closing twice answers closed. */
SH_IMPORT("stackhost:core@1", "close")
int64_t sh_import_core_close(uint32_t stream);

/** Writes a log record with a level and fields. */
SH_IMPORT("stackhost:core@1", "log")
int64_t sh_import_core_log(const void *request, size_t request_len, void *out, size_t out_cap);

/** Reads a value of the module's config table in the manifest. An empty key reads the whole table. */
SH_IMPORT("stackhost:core@1", "config")
int64_t sh_import_core_config(const void *request, size_t request_len, void *out, size_t out_cap);

/** Reads a secret that the manifest grants to this module by reference. */
SH_IMPORT("stackhost:core@1", "secret")
int64_t sh_import_core_secret(const void *request, size_t request_len, void *out, size_t out_cap);

/** Tells which version of a capability this host has and whether this module may use it. */
SH_IMPORT("stackhost:core@1", "supports")
int64_t sh_import_core_supports(const void *request, size_t request_len, void *out, size_t out_cap);

/** Sends the status and headers (and the body field as the first bytes of the body) now and returns a stream for the rest of the body. Once per request; again answers closed. The response ends when the stream is closed or the entry export returns 0. */
SH_IMPORT("stackhost:http@1", "respond")
int64_t sh_import_http_respond(const void *request, size_t request_len, void *out, size_t out_cap);

/** Makes what was written so far leave the host now. Otherwise it leaves when the host's buffer is full or the answer ends. */
SH_IMPORT("stackhost:http@1", "flush")
int64_t sh_import_http_flush(uint32_t stream);

/** Sends a request and waits for its response. HTTP error statuses are responses, not codes. denied: a host, a redirect hop or a resolved address is not granted. */
SH_IMPORT("stackhost:fetch@1", "send")
int64_t sh_import_fetch_send(const void *request, size_t request_len, void *out, size_t out_cap);

#endif

/* What follows is for the SDK's own source: the tables that records are encoded and decoded by. */
#ifdef STACKHOST_ABI_TABLES

static const sh_field_type sh_boot_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_boot_request, app)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_boot_request, module)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_boot_request, source)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_boot_request, source_name)},
};
const sh_record_type sh_boot_request_type = {sh_boot_request_fields, 4, sizeof(sh_boot_request)};

static const sh_field_type sh_http_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_http_request, method)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_http_request, path)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_http_request, query)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_http_request, scheme)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_http_request, host)},
    {SH_KIND_HEADERS, 0, 0, 0, offsetof(sh_http_request, headers)},
    {SH_KIND_PAIRS, 0, 0, 0, offsetof(sh_http_request, params)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_http_request, body)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_http_request, body_stream)},
    {SH_KIND_INT, 0, 0, 0, offsetof(sh_http_request, body_length)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_http_request, remote)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_http_request, id)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_http_request, traceparent)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_http_request, route)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_http_request, timeout_ms)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_http_request, time_us)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_http_request, random)},
};
const sh_record_type sh_http_request_type = {sh_http_request_fields, 17, sizeof(sh_http_request)};

static const sh_field_type sh_http_response_fields[] = {
    {SH_KIND_UINT, 0, 200, 0, offsetof(sh_http_response, status)},
    {SH_KIND_HEADERS, 0, 0, 0, offsetof(sh_http_response, headers)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_http_response, body)},
};
const sh_record_type sh_http_response_type = {sh_http_response_fields, 3, sizeof(sh_http_response)};

static const sh_field_type sh_middleware_result_fields[] = {
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_middleware_result, action)},
    {SH_KIND_RECORD, 0, 0, &sh_http_response_type, offsetof(sh_middleware_result, response)},
    {SH_KIND_HEADERS, 0, 0, 0, offsetof(sh_middleware_result, set_headers)},
    {SH_KIND_LIST, SH_KIND_STR, 0, 0, offsetof(sh_middleware_result, remove_headers)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_middleware_result, path)},
    {SH_KIND_HEADERS, 0, 0, 0, offsetof(sh_middleware_result, response_headers)},
};
const sh_record_type sh_middleware_result_type = {sh_middleware_result_fields, 6, sizeof(sh_middleware_result)};

static const sh_field_type sh_job_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_job_request, id)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_job_request, name)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_job_request, payload)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_job_request, attempt)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_job_request, timeout_ms)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_job_request, time_us)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_job_request, random)},
};
const sh_record_type sh_job_request_type = {sh_job_request_fields, 7, sizeof(sh_job_request)};

static const sh_field_type sh_job_result_fields[] = {
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_job_result, result)},
};
const sh_record_type sh_job_result_type = {sh_job_result_fields, 1, sizeof(sh_job_result)};

static const sh_field_type sh_stream_reply_fields[] = {
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_stream_reply, stream)},
};
const sh_record_type sh_stream_reply_type = {sh_stream_reply_fields, 1, sizeof(sh_stream_reply)};

static const sh_field_type sh_log_record_fields[] = {
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_log_record, level)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_log_record, message)},
    {SH_KIND_ANY, 0, 0, 0, offsetof(sh_log_record, fields)},
};
const sh_record_type sh_log_record_type = {sh_log_record_fields, 3, sizeof(sh_log_record)};

static const sh_field_type sh_config_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_config_request, key)},
};
const sh_record_type sh_config_request_type = {sh_config_request_fields, 1, sizeof(sh_config_request)};

static const sh_field_type sh_config_reply_fields[] = {
    {SH_KIND_ANY, 0, 0, 0, offsetof(sh_config_reply, value)},
};
const sh_record_type sh_config_reply_type = {sh_config_reply_fields, 1, sizeof(sh_config_reply)};

static const sh_field_type sh_secret_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_secret_request, name)},
};
const sh_record_type sh_secret_request_type = {sh_secret_request_fields, 1, sizeof(sh_secret_request)};

static const sh_field_type sh_secret_reply_fields[] = {
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_secret_reply, value)},
};
const sh_record_type sh_secret_reply_type = {sh_secret_reply_fields, 1, sizeof(sh_secret_reply)};

static const sh_field_type sh_supports_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_supports_request, capability)},
};
const sh_record_type sh_supports_request_type = {sh_supports_request_fields, 1, sizeof(sh_supports_request)};

static const sh_field_type sh_supports_reply_fields[] = {
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_supports_reply, version)},
    {SH_KIND_BOOL, 0, 0, 0, offsetof(sh_supports_reply, granted)},
    {SH_KIND_LIST, SH_KIND_STR, 0, 0, offsetof(sh_supports_reply, functions)},
};
const sh_record_type sh_supports_reply_type = {sh_supports_reply_fields, 3, sizeof(sh_supports_reply)};

static const sh_field_type sh_batch_call_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_batch_call, capability)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_batch_call, function)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_batch_call, request)},
};
const sh_record_type sh_batch_call_type = {sh_batch_call_fields, 3, sizeof(sh_batch_call)};

static const sh_field_type sh_batch_request_fields[] = {
    {SH_KIND_LIST, SH_KIND_RECORD, 0, &sh_batch_call_type, offsetof(sh_batch_request, calls)},
};
const sh_record_type sh_batch_request_type = {sh_batch_request_fields, 1, sizeof(sh_batch_request)};

static const sh_field_type sh_batch_result_fields[] = {
    {SH_KIND_INT, 0, 0, 0, offsetof(sh_batch_result, code)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_batch_result, reply)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_batch_result, error)},
};
const sh_record_type sh_batch_result_type = {sh_batch_result_fields, 3, sizeof(sh_batch_result)};

static const sh_field_type sh_batch_reply_fields[] = {
    {SH_KIND_LIST, SH_KIND_RECORD, 0, &sh_batch_result_type, offsetof(sh_batch_reply, results)},
};
const sh_record_type sh_batch_reply_type = {sh_batch_reply_fields, 1, sizeof(sh_batch_reply)};

static const sh_field_type sh_fetch_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_fetch_request, method)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_fetch_request, url)},
    {SH_KIND_HEADERS, 0, 0, 0, offsetof(sh_fetch_request, headers)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_fetch_request, body)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_fetch_request, body_stream)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_fetch_request, timeout_ms)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_fetch_request, redirect)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_fetch_request, max_bytes)},
};
const sh_record_type sh_fetch_request_type = {sh_fetch_request_fields, 8, sizeof(sh_fetch_request)};

static const sh_field_type sh_fetch_response_fields[] = {
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_fetch_response, status)},
    {SH_KIND_HEADERS, 0, 0, 0, offsetof(sh_fetch_response, headers)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_fetch_response, body)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_fetch_response, body_stream)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_fetch_response, url)},
};
const sh_record_type sh_fetch_response_type = {sh_fetch_response_fields, 5, sizeof(sh_fetch_response)};

#ifdef STACKHOST_ABI_NAMES
static const struct { const char *name; const sh_record_type *type; } sh_record_names[] = {
    {"BootRequest", &sh_boot_request_type},
    {"HttpRequest", &sh_http_request_type},
    {"HttpResponse", &sh_http_response_type},
    {"MiddlewareResult", &sh_middleware_result_type},
    {"JobRequest", &sh_job_request_type},
    {"JobResult", &sh_job_result_type},
    {"StreamReply", &sh_stream_reply_type},
    {"LogRecord", &sh_log_record_type},
    {"ConfigRequest", &sh_config_request_type},
    {"ConfigReply", &sh_config_reply_type},
    {"SecretRequest", &sh_secret_request_type},
    {"SecretReply", &sh_secret_reply_type},
    {"SupportsRequest", &sh_supports_request_type},
    {"SupportsReply", &sh_supports_reply_type},
    {"BatchRequest", &sh_batch_request_type},
    {"BatchCall", &sh_batch_call_type},
    {"BatchReply", &sh_batch_reply_type},
    {"BatchResult", &sh_batch_result_type},
    {"FetchRequest", &sh_fetch_request_type},
    {"FetchResponse", &sh_fetch_response_type},
};
#endif
#endif
