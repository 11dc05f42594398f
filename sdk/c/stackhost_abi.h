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
/** The most calls in one batch, and the most records in any other list that is not a page. */
#define SH_LIMIT_BATCH_CALLS 64
/** The most entries in a page: in the list of a record that also has next. */
#define SH_LIMIT_PAGE_ENTRIES 1000
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
/** The app's quota of bytes, keys or operations is used up. */
#define SH_CODE_QUOTA ((sh_code)-13)
/** The cluster's disk is full: writes are refused, reads go on. */
#define SH_CODE_STORAGE_FULL ((sh_code)-14)
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

/** How fresh a read has to be: linearizable sees every write acknowledged anywhere before it began; lease relies on clocks; stale is what this node has. */
enum {
    SH_CONSISTENCY_LINEARIZABLE = 0,
    SH_CONSISTENCY_LEASE = 1,
    SH_CONSISTENCY_STALE = 2,
};

/** Condition on the key that is written. */
enum {
    SH_KV_GUARD_ANY = 0,
    SH_KV_GUARD_ABSENT = 1,
    SH_KV_GUARD_VERSION = 2,
};

/** Kind of a write in a transaction. increment adds to a decimal number kept as text. */
enum {
    SH_KV_WRITE_KIND_SET = 0,
    SH_KV_WRITE_KIND_DELETE = 1,
    SH_KV_WRITE_KIND_INCREMENT = 2,
};

/** What a cache has of a key. */
enum {
    SH_CACHE_STATE_MISS = 0,
    SH_CACHE_STATE_FRESH = 1,
    SH_CACHE_STATE_STALE = 2,
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

/** A console command that somebody runs. */
typedef struct sh_command_request {
    /** Name of the command, as the manifest declares it. */
    sh_str name;
    /** What was written after the name. */
    struct { sh_str *items; size_t count; } args;
    /** Stream to read the input from; its end is the end of the input. */
    uint64_t input;
    /** Stream to write the output to. What is written arrives at once. */
    uint64_t output;
    /** Stream to write messages to. */
    uint64_t messages;
    /** Width of the terminal that shows standard error, where progress is drawn; 0 when it is none. */
    uint64_t columns;
    /** Id of this run, also in the host's records. */
    sh_str id;
    /** Milliseconds left for this run. */
    uint64_t timeout_ms;
    /** As in HttpRequest. */
    uint64_t time_us;
    /** As in HttpRequest. */
    sh_str random;
} sh_command_request;
extern const sh_record_type sh_command_request_type;

/** Outcome of a console command. */
typedef struct sh_command_result {
    /** Exit code, 0 to 255; 0 is success. */
    uint64_t exit;
} sh_command_result;
extern const sh_record_type sh_command_result_type;

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

/** Reads a key. */
typedef struct sh_kv_get_request {
    /** Namespace of the app, one that the manifest grants. */
    sh_str space;
    /** Key, 1 to 1,024 bytes. */
    sh_str key;
    /** How fresh the answer has to be. */
    uint64_t consistency;
    /** With stale: how long ago this node last heard from the leader, at most; 0 means any. */
    uint64_t max_staleness_ms;
} sh_kv_get_request;
extern const sh_record_type sh_kv_get_request_type;

/** A key's value. An absent key is no error. */
typedef struct sh_kv_get_reply {
    /** Whether the key is there. */
    bool found;
    /** Value. */
    sh_str value;
    /** Rises with each write of the key; for guards. */
    uint64_t version;
    /** When the key goes, in ms since the Unix epoch; 0: never. */
    uint64_t expires_ms;
} sh_kv_get_reply;
extern const sh_record_type sh_kv_get_reply_type;

/** Writes a key. */
typedef struct sh_kv_set_request {
    /** Namespace of the app, one that the manifest grants. */
    sh_str space;
    /** Key, 1 to 1,024 bytes. */
    sh_str key;
    /** Value, at most 256 KiB. */
    sh_str value;
    /** How long the key lives; 0: for ever. */
    uint64_t ttl_ms;
    /** Condition; conflict when it does not hold. */
    uint64_t guard;
    /** With guard version: the key's version; 0: it is absent. */
    uint64_t version;
} sh_kv_set_request;
extern const sh_record_type sh_kv_set_request_type;

/** Outcome of a write. */
typedef struct sh_kv_set_reply {
    /** The key's version now. */
    uint64_t version;
} sh_kv_set_reply;
extern const sh_record_type sh_kv_set_reply_type;

/** Deletes a key. */
typedef struct sh_kv_delete_request {
    /** Namespace of the app, one that the manifest grants. */
    sh_str space;
    /** Key, 1 to 1,024 bytes. */
    sh_str key;
    /** Condition; conflict when it does not hold. */
    uint64_t guard;
    /** With guard version: the key's version; 0: it is absent. */
    uint64_t version;
} sh_kv_delete_request;
extern const sh_record_type sh_kv_delete_request_type;

/** Outcome of a deletion. */
typedef struct sh_kv_delete_reply {
    /** Whether the key was there. */
    bool existed;
} sh_kv_delete_reply;
extern const sh_record_type sh_kv_delete_reply_type;

/** Adds to a counter; an absent key counts as 0. */
typedef struct sh_kv_increment_request {
    /** Namespace of the app, one that the manifest grants. */
    sh_str space;
    /** Key, 1 to 1,024 bytes. */
    sh_str key;
    /** What to add. */
    int64_t delta;
} sh_kv_increment_request;
extern const sh_record_type sh_kv_increment_request_type;

/** A counter. */
typedef struct sh_kv_increment_reply {
    /** Its value now. */
    int64_t value;
    /** The key's version now. */
    uint64_t version;
} sh_kv_increment_reply;
extern const sh_record_type sh_kv_increment_reply_type;

/** Reads a page of keys in order. */
typedef struct sh_kv_scan_request {
    /** Namespace of the app, one that the manifest grants. */
    sh_str space;
    /** Only keys that begin so. */
    sh_str prefix;
    /** next of the page before; empty for the first. */
    sh_str after;
    /** Most entries, up to 1,000; 0 means 100. */
    uint64_t limit;
    /** Leave out values. */
    bool keys_only;
    /** In descending order. */
    bool reverse;
    /** How fresh the answer has to be. */
    uint64_t consistency;
    /** With stale: how long ago this node last heard from the leader, at most; 0 means any. */
    uint64_t max_staleness_ms;
} sh_kv_scan_request;
extern const sh_record_type sh_kv_scan_request_type;

/** A key in a page. */
typedef struct sh_kv_entry {
    /** Key. */
    sh_str key;
    /** Value; empty with keys_only. */
    sh_str value;
    /** Version. */
    uint64_t version;
    /** When the key goes; 0: never. */
    uint64_t expires_ms;
} sh_kv_entry;
extern const sh_record_type sh_kv_entry_type;

/** A page of keys. */
typedef struct sh_kv_scan_reply {
    /** Entries in order. */
    struct { sh_kv_entry *items; size_t count; } entries;
    /** What to give as after for the next page; empty at the end. */
    sh_str next;
    /** Index of the log that the page is of; for ranges of a transaction. */
    uint64_t index;
} sh_kv_scan_reply;
extern const sh_record_type sh_kv_scan_reply_type;

/** Condition on a key in a transaction. */
typedef struct sh_kv_check {
    /** Namespace of the app, one that the manifest grants. */
    sh_str space;
    /** Key. */
    sh_str key;
    /** The key's version; 0: the key is absent. */
    uint64_t version;
} sh_kv_check;
extern const sh_record_type sh_kv_check_type;

/** Condition on all keys with a prefix: none changed since an index. */
typedef struct sh_kv_range {
    /** Namespace of the app, one that the manifest grants. */
    sh_str space;
    /** Prefix. */
    sh_str prefix;
    /** Index of a scan. */
    uint64_t index;
} sh_kv_range;
extern const sh_record_type sh_kv_range_type;

/** One write of a transaction. */
typedef struct sh_kv_write {
    /** Kind. */
    uint64_t kind;
    /** Namespace of the app, one that the manifest grants. */
    sh_str space;
    /** Key. */
    sh_str key;
    /** Value, for set. */
    sh_str value;
    /** How long the key lives, for set; 0: for ever. */
    uint64_t ttl_ms;
    /** What to add, for increment. */
    int64_t delta;
} sh_kv_write;
extern const sh_record_type sh_kv_write_type;

/** When all conditions hold, all writes are done; else none, with conflict. At most 64 together. */
typedef struct sh_kv_transact_request {
    /** Conditions on keys. */
    struct { sh_kv_check *items; size_t count; } checks;
    /** Conditions on prefixes. */
    struct { sh_kv_range *items; size_t count; } ranges;
    /** Writes. */
    struct { sh_kv_write *items; size_t count; } writes;
} sh_kv_transact_request;
extern const sh_record_type sh_kv_transact_request_type;

/** Outcome of one write of a transaction. */
typedef struct sh_kv_result {
    /** The key's version now; 0 after a deletion. */
    uint64_t version;
    /** Whether the key was there before. */
    bool existed;
    /** Of an increment: the sum. */
    int64_t value;
} sh_kv_result;
extern const sh_record_type sh_kv_result_type;

/** Outcome of a transaction. */
typedef struct sh_kv_transact_reply {
    /** One for each write. */
    struct { sh_kv_result *items; size_t count; } results;
} sh_kv_transact_reply;
extern const sh_record_type sh_kv_transact_reply_type;

/** Reads a key of a cache. */
typedef struct sh_cache_get_request {
    /** Namespace of the app, one that the manifest grants. */
    sh_str space;
    /** Key, at most 1,024 bytes. */
    sh_str key;
} sh_cache_get_request;
extern const sh_record_type sh_cache_get_request_type;

/** What the cache has. */
typedef struct sh_cache_get_reply {
    /** Miss, fresh or stale. */
    uint64_t state;
    /** Value, unless it is a miss. */
    sh_str value;
} sh_cache_get_reply;
extern const sh_record_type sh_cache_get_reply_type;

/** Reads a key, or gets the right to make it. */
typedef struct sh_cache_fill_request {
    /** Namespace of the app, one that the manifest grants. */
    sh_str space;
    /** Key, at most 1,024 bytes. */
    sh_str key;
    /** How long to wait while somebody else makes it; 0 means 5,000. */
    uint64_t wait_ms;
    /** How long the right is good; 0 means 30,000. */
    uint64_t lease_ms;
} sh_cache_fill_request;
extern const sh_record_type sh_cache_fill_request_type;

/** A value, or the right to make it. Of all callers in the cluster one gets the token. */
typedef struct sh_cache_fill_reply {
    /** Miss, fresh or stale. */
    uint64_t state;
    /** Value, unless it is a miss. */
    sh_str value;
    /** If not 0: make the value and put it with this token, before the call ends: then another caller gets the right. */
    uint64_t token;
} sh_cache_fill_reply;
extern const sh_record_type sh_cache_fill_reply_type;

/** Stores a value. */
typedef struct sh_cache_put_request {
    /** Namespace of the app, one that the manifest grants. */
    sh_str space;
    /** Key, at most 1,024 bytes. */
    sh_str key;
    /** Value, at most 512 KiB. */
    sh_str value;
    /** How long it is fresh; 0: until it is evicted or invalidated. */
    uint64_t ttl_ms;
    /** How long it is usable after that while somebody makes a new one. */
    uint64_t stale_ms;
    /** Tags that invalidate it. */
    struct { sh_str *items; size_t count; } tags;
    /** Token of fill; 0 without. */
    uint64_t token;
} sh_cache_put_request;
extern const sh_record_type sh_cache_put_request_type;

/** Outcome of a put. */
typedef struct sh_cache_put_reply {
    /** False: the token was no longer good, because the key or a tag was invalidated since; the value is right for this caller only. */
    bool stored;
} sh_cache_put_reply;
extern const sh_record_type sh_cache_put_reply_type;

/** Invalidates every entry that has one of the tags, at once, however many there are. */
typedef struct sh_cache_invalidate_request {
    /** Namespace of the app, one that the manifest grants. */
    sh_str space;
    /** 1 to 32 tags. */
    struct { sh_str *items; size_t count; } tags;
} sh_cache_invalidate_request;
extern const sh_record_type sh_cache_invalidate_request_type;

/** Deletes a key of a cache. */
typedef struct sh_cache_delete_request {
    /** Namespace of the app, one that the manifest grants. */
    sh_str space;
    /** Key, at most 1,024 bytes. */
    sh_str key;
} sh_cache_delete_request;
extern const sh_record_type sh_cache_delete_request_type;

/** Outcome of a deletion. */
typedef struct sh_cache_delete_reply {
    /** Whether there was an entry. */
    bool existed;
} sh_cache_delete_reply;
extern const sh_record_type sh_cache_delete_reply_type;

/** Empties a namespace of the cache, at once. */
typedef struct sh_cache_clear_request {
    /** Namespace of the app, one that the manifest grants. */
    sh_str space;
} sh_cache_clear_request;
extern const sh_record_type sh_cache_clear_request_type;

/** Takes a lock, or waits for it in line. */
typedef struct sh_lock_acquire_request {
    /** Namespace of the app, one that the manifest grants. */
    sh_str space;
    /** Name of the lock. */
    sh_str name;
    /** Id of the owner; empty: the host makes one. The same owner gets the same lease again. */
    sh_str owner;
    /** How long the lease lasts; 0 means 30,000. */
    uint64_t ttl_ms;
    /** How long to wait; 0: not at all. conflict when it was not to be had. */
    uint64_t wait_ms;
} sh_lock_acquire_request;
extern const sh_record_type sh_lock_acquire_request_type;

/** A lease. */
typedef struct sh_lock_acquire_reply {
    /** Who holds it. */
    sh_str owner;
    /** Fencing token, above those of all earlier leases: let what the lock protects refuse lower ones. */
    uint64_t fence;
    /** When the lease ends, in ms of the log's time. */
    uint64_t expires_ms;
} sh_lock_acquire_reply;
extern const sh_record_type sh_lock_acquire_reply_type;

/** Makes a lease end later; conflict when it has ended. */
typedef struct sh_lock_renew_request {
    /** Namespace of the app, one that the manifest grants. */
    sh_str space;
    /** Name of the lock. */
    sh_str name;
    /** Who holds it. */
    sh_str owner;
    /** Its fencing token. */
    uint64_t fence;
    /** How long from now; 0 means 30,000. */
    uint64_t ttl_ms;
} sh_lock_renew_request;
extern const sh_record_type sh_lock_renew_request_type;

/** A renewed lease. */
typedef struct sh_lock_renew_reply {
    /** When the lease ends, in ms of the log's time. */
    uint64_t expires_ms;
} sh_lock_renew_reply;
extern const sh_record_type sh_lock_renew_reply_type;

/** Ends a lease. */
typedef struct sh_lock_release_request {
    /** Namespace of the app, one that the manifest grants. */
    sh_str space;
    /** Name of the lock. */
    sh_str name;
    /** Who holds it. */
    sh_str owner;
    /** Its fencing token. */
    uint64_t fence;
} sh_lock_release_request;
extern const sh_record_type sh_lock_release_request_type;

/** Outcome of a release. */
typedef struct sh_lock_release_reply {
    /** False: the lease had ended already. */
    bool held;
} sh_lock_release_reply;
extern const sh_record_type sh_lock_release_reply_type;

/** What is known of a blob. */
typedef struct sh_blob_info {
    /** Key of the blob, at most 1,024 bytes. */
    sh_str key;
    /** Bytes. */
    uint64_t size;
    /** SHA-256 of the content, 32 bytes. */
    sh_str sha256;
    /** Content type. */
    sh_str content_type;
    /** Metadata of the app. */
    sh_fields meta;
    /** Rises with each replacement; for guards. */
    uint64_t version;
    /** When it was stored, in ms since the Unix epoch. */
    uint64_t created_ms;
} sh_blob_info;
extern const sh_record_type sh_blob_info_type;

/** Begins a blob. It is visible only after commit. */
typedef struct sh_blob_write_request {
    /** Namespace of the app, one that the manifest grants. */
    sh_str space;
    /** Key of the blob, at most 1,024 bytes. */
    sh_str key;
    /** Content type. */
    sh_str content_type;
    /** Metadata. */
    sh_fields meta;
    /** Condition; conflict when it does not hold. */
    uint64_t guard;
    /** With guard version: the key's version; 0: it is absent. */
    uint64_t version;
} sh_blob_write_request;
extern const sh_record_type sh_blob_write_request_type;

/** Makes a blob visible, in the place of the one before. */
typedef struct sh_blob_commit_request {
    /** Stream of write. It is closed by this, whatever the outcome. */
    uint64_t stream;
} sh_blob_commit_request;
extern const sh_record_type sh_blob_commit_request_type;

/** Stores a short blob in one call. */
typedef struct sh_blob_put_request {
    /** Namespace of the app, one that the manifest grants. */
    sh_str space;
    /** Key of the blob, at most 1,024 bytes. */
    sh_str key;
    /** Content. */
    sh_str body;
    /** Content type. */
    sh_str content_type;
    /** Metadata. */
    sh_fields meta;
    /** Condition; conflict when it does not hold. */
    uint64_t guard;
    /** With guard version: the key's version; 0: it is absent. */
    uint64_t version;
} sh_blob_put_request;
extern const sh_record_type sh_blob_put_request_type;

/** Reads a blob or a part of it; not_found when there is none. */
typedef struct sh_blob_read_request {
    /** Namespace of the app, one that the manifest grants. */
    sh_str space;
    /** Key of the blob, at most 1,024 bytes. */
    sh_str key;
    /** First byte. */
    uint64_t offset;
    /** Most bytes; 0: to the end. */
    uint64_t length;
    /** How fresh the answer has to be. */
    uint64_t consistency;
    /** With stale: how long ago this node last heard from the leader, at most; 0 means any. */
    uint64_t max_staleness_ms;
} sh_blob_read_request;
extern const sh_record_type sh_blob_read_request_type;

/** A blob's content. */
typedef struct sh_blob_read_reply {
    /** What is known of it. */
    sh_blob_info info;
    /** The content asked for, when it is short. */
    sh_str body;
    /** Stream to read it from, or 0. */
    uint64_t body_stream;
} sh_blob_read_reply;
extern const sh_record_type sh_blob_read_reply_type;

/** Asks for a blob's information; not_found when there is none. */
typedef struct sh_blob_stat_request {
    /** Namespace of the app, one that the manifest grants. */
    sh_str space;
    /** Key of the blob, at most 1,024 bytes. */
    sh_str key;
    /** How fresh the answer has to be. */
    uint64_t consistency;
    /** With stale: how long ago this node last heard from the leader, at most; 0 means any. */
    uint64_t max_staleness_ms;
} sh_blob_stat_request;
extern const sh_record_type sh_blob_stat_request_type;

/** Deletes a blob. */
typedef struct sh_blob_delete_request {
    /** Namespace of the app, one that the manifest grants. */
    sh_str space;
    /** Key of the blob, at most 1,024 bytes. */
    sh_str key;
    /** Condition; conflict when it does not hold. */
    uint64_t guard;
    /** With guard version: the key's version; 0: it is absent. */
    uint64_t version;
} sh_blob_delete_request;
extern const sh_record_type sh_blob_delete_request_type;

/** Outcome of a deletion. */
typedef struct sh_blob_delete_reply {
    /** Whether there was one. */
    bool existed;
} sh_blob_delete_reply;
extern const sh_record_type sh_blob_delete_reply_type;

/** Reads a page of blobs in order of their keys. */
typedef struct sh_blob_list_request {
    /** Namespace of the app, one that the manifest grants. */
    sh_str space;
    /** Only keys that begin so. */
    sh_str prefix;
    /** next of the page before; empty for the first. */
    sh_str after;
    /** Most blobs, up to 1,000; 0 means 100. */
    uint64_t limit;
    /** How fresh the answer has to be. */
    uint64_t consistency;
    /** With stale: how long ago this node last heard from the leader, at most; 0 means any. */
    uint64_t max_staleness_ms;
} sh_blob_list_request;
extern const sh_record_type sh_blob_list_request_type;

/** A page of blobs. */
typedef struct sh_blob_list_reply {
    /** Blobs in order. */
    struct { sh_blob_info *items; size_t count; } blobs;
    /** What to give as after for the next page; empty at the end. */
    sh_str next;
} sh_blob_list_reply;
extern const sh_record_type sh_blob_list_reply_type;

/** Asks for a secret of the cluster. */
typedef struct sh_secret_get_request {
    /** Name, one that the manifest grants. */
    sh_str name;
} sh_secret_get_request;
extern const sh_record_type sh_secret_get_request_type;

/** A secret. */
typedef struct sh_secret_get_reply {
    /** Value. */
    sh_str value;
    /** Rises with each change. */
    uint64_t version;
} sh_secret_get_reply;
extern const sh_record_type sh_secret_get_reply_type;

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

/** Reads a key. */
SH_IMPORT("stackhost:kv@1", "get")
int64_t sh_import_kv_get(const void *request, size_t request_len, void *out, size_t out_cap);

/** Writes a key. conflict: the guard does not hold; quota; storage_full. */
SH_IMPORT("stackhost:kv@1", "set")
int64_t sh_import_kv_set(const void *request, size_t request_len, void *out, size_t out_cap);

/** Deletes a key. */
SH_IMPORT("stackhost:kv@1", "delete")
int64_t sh_import_kv_delete(const void *request, size_t request_len, void *out, size_t out_cap);

/** Adds to a counter. conflict: the value is not a number. */
SH_IMPORT("stackhost:kv@1", "increment")
int64_t sh_import_kv_increment(const void *request, size_t request_len, void *out, size_t out_cap);

/** Reads keys in order, a page at a time. */
SH_IMPORT("stackhost:kv@1", "scan")
int64_t sh_import_kv_scan(const void *request, size_t request_len, void *out, size_t out_cap);

/** Does several writes under conditions, together or not at all. */
SH_IMPORT("stackhost:kv@1", "transact")
int64_t sh_import_kv_transact(const void *request, size_t request_len, void *out, size_t out_cap);

/** Reads a key, without asking other nodes. */
SH_IMPORT("stackhost:cache@1", "get")
int64_t sh_import_cache_get(const void *request, size_t request_len, void *out, size_t out_cap);

/** Reads a key or, for one caller in the cluster, gives the right to make it. */
SH_IMPORT("stackhost:cache@1", "fill")
int64_t sh_import_cache_fill(const void *request, size_t request_len, void *out, size_t out_cap);

/** Stores a value. */
SH_IMPORT("stackhost:cache@1", "put")
int64_t sh_import_cache_put(const void *request, size_t request_len, void *out, size_t out_cap);

/** Invalidates all entries with a tag. */
SH_IMPORT("stackhost:cache@1", "invalidate")
int64_t sh_import_cache_invalidate(const void *request, size_t request_len, void *out, size_t out_cap);

/** Deletes a key. */
SH_IMPORT("stackhost:cache@1", "delete")
int64_t sh_import_cache_delete(const void *request, size_t request_len, void *out, size_t out_cap);

/** Empties a namespace. */
SH_IMPORT("stackhost:cache@1", "clear")
int64_t sh_import_cache_clear(const void *request, size_t request_len, void *out, size_t out_cap);

/** Takes a lock. conflict: somebody else holds it. */
SH_IMPORT("stackhost:lock@1", "acquire")
int64_t sh_import_lock_acquire(const void *request, size_t request_len, void *out, size_t out_cap);

/** Makes a lease last longer. conflict: it has ended. */
SH_IMPORT("stackhost:lock@1", "renew")
int64_t sh_import_lock_renew(const void *request, size_t request_len, void *out, size_t out_cap);

/** Ends a lease. */
SH_IMPORT("stackhost:lock@1", "release")
int64_t sh_import_lock_release(const void *request, size_t request_len, void *out, size_t out_cap);

/** Stores a short blob in one call. */
SH_IMPORT("stackhost:blob@1", "put")
int64_t sh_import_blob_put(const void *request, size_t request_len, void *out, size_t out_cap);

/** Begins a blob: write its content to the stream, then commit. Closing the stream gives it up. */
SH_IMPORT("stackhost:blob@1", "write")
int64_t sh_import_blob_write(const void *request, size_t request_len, void *out, size_t out_cap);

/** Makes a written blob visible. conflict: the guard does not hold. */
SH_IMPORT("stackhost:blob@1", "commit")
int64_t sh_import_blob_commit(const void *request, size_t request_len, void *out, size_t out_cap);

/** Reads a blob or a part of it. */
SH_IMPORT("stackhost:blob@1", "read")
int64_t sh_import_blob_read(const void *request, size_t request_len, void *out, size_t out_cap);

/** Tells what is known of a blob. */
SH_IMPORT("stackhost:blob@1", "stat")
int64_t sh_import_blob_stat(const void *request, size_t request_len, void *out, size_t out_cap);

/** Deletes a blob. */
SH_IMPORT("stackhost:blob@1", "delete")
int64_t sh_import_blob_delete(const void *request, size_t request_len, void *out, size_t out_cap);

/** Lists blobs in order of their keys. */
SH_IMPORT("stackhost:blob@1", "list")
int64_t sh_import_blob_list(const void *request, size_t request_len, void *out, size_t out_cap);

/** Reads a secret. not_found: it is not set. */
SH_IMPORT("stackhost:secret@1", "get")
int64_t sh_import_secret_get(const void *request, size_t request_len, void *out, size_t out_cap);

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

static const sh_field_type sh_command_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_command_request, name)},
    {SH_KIND_LIST, SH_KIND_STR, 0, 0, offsetof(sh_command_request, args)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_command_request, input)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_command_request, output)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_command_request, messages)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_command_request, columns)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_command_request, id)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_command_request, timeout_ms)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_command_request, time_us)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_command_request, random)},
};
const sh_record_type sh_command_request_type = {sh_command_request_fields, 10, sizeof(sh_command_request)};

static const sh_field_type sh_command_result_fields[] = {
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_command_result, exit)},
};
const sh_record_type sh_command_result_type = {sh_command_result_fields, 1, sizeof(sh_command_result)};

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

static const sh_field_type sh_kv_get_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_kv_get_request, space)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_kv_get_request, key)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_kv_get_request, consistency)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_kv_get_request, max_staleness_ms)},
};
const sh_record_type sh_kv_get_request_type = {sh_kv_get_request_fields, 4, sizeof(sh_kv_get_request)};

static const sh_field_type sh_kv_get_reply_fields[] = {
    {SH_KIND_BOOL, 0, 0, 0, offsetof(sh_kv_get_reply, found)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_kv_get_reply, value)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_kv_get_reply, version)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_kv_get_reply, expires_ms)},
};
const sh_record_type sh_kv_get_reply_type = {sh_kv_get_reply_fields, 4, sizeof(sh_kv_get_reply)};

static const sh_field_type sh_kv_set_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_kv_set_request, space)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_kv_set_request, key)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_kv_set_request, value)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_kv_set_request, ttl_ms)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_kv_set_request, guard)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_kv_set_request, version)},
};
const sh_record_type sh_kv_set_request_type = {sh_kv_set_request_fields, 6, sizeof(sh_kv_set_request)};

static const sh_field_type sh_kv_set_reply_fields[] = {
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_kv_set_reply, version)},
};
const sh_record_type sh_kv_set_reply_type = {sh_kv_set_reply_fields, 1, sizeof(sh_kv_set_reply)};

static const sh_field_type sh_kv_delete_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_kv_delete_request, space)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_kv_delete_request, key)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_kv_delete_request, guard)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_kv_delete_request, version)},
};
const sh_record_type sh_kv_delete_request_type = {sh_kv_delete_request_fields, 4, sizeof(sh_kv_delete_request)};

static const sh_field_type sh_kv_delete_reply_fields[] = {
    {SH_KIND_BOOL, 0, 0, 0, offsetof(sh_kv_delete_reply, existed)},
};
const sh_record_type sh_kv_delete_reply_type = {sh_kv_delete_reply_fields, 1, sizeof(sh_kv_delete_reply)};

static const sh_field_type sh_kv_increment_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_kv_increment_request, space)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_kv_increment_request, key)},
    {SH_KIND_INT, 0, 0, 0, offsetof(sh_kv_increment_request, delta)},
};
const sh_record_type sh_kv_increment_request_type = {sh_kv_increment_request_fields, 3, sizeof(sh_kv_increment_request)};

static const sh_field_type sh_kv_increment_reply_fields[] = {
    {SH_KIND_INT, 0, 0, 0, offsetof(sh_kv_increment_reply, value)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_kv_increment_reply, version)},
};
const sh_record_type sh_kv_increment_reply_type = {sh_kv_increment_reply_fields, 2, sizeof(sh_kv_increment_reply)};

static const sh_field_type sh_kv_scan_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_kv_scan_request, space)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_kv_scan_request, prefix)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_kv_scan_request, after)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_kv_scan_request, limit)},
    {SH_KIND_BOOL, 0, 0, 0, offsetof(sh_kv_scan_request, keys_only)},
    {SH_KIND_BOOL, 0, 0, 0, offsetof(sh_kv_scan_request, reverse)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_kv_scan_request, consistency)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_kv_scan_request, max_staleness_ms)},
};
const sh_record_type sh_kv_scan_request_type = {sh_kv_scan_request_fields, 8, sizeof(sh_kv_scan_request)};

static const sh_field_type sh_kv_entry_fields[] = {
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_kv_entry, key)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_kv_entry, value)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_kv_entry, version)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_kv_entry, expires_ms)},
};
const sh_record_type sh_kv_entry_type = {sh_kv_entry_fields, 4, sizeof(sh_kv_entry)};

static const sh_field_type sh_kv_scan_reply_fields[] = {
    {SH_KIND_LIST, SH_KIND_RECORD, 0, &sh_kv_entry_type, offsetof(sh_kv_scan_reply, entries)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_kv_scan_reply, next)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_kv_scan_reply, index)},
};
const sh_record_type sh_kv_scan_reply_type = {sh_kv_scan_reply_fields, 3, sizeof(sh_kv_scan_reply)};

static const sh_field_type sh_kv_check_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_kv_check, space)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_kv_check, key)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_kv_check, version)},
};
const sh_record_type sh_kv_check_type = {sh_kv_check_fields, 3, sizeof(sh_kv_check)};

static const sh_field_type sh_kv_range_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_kv_range, space)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_kv_range, prefix)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_kv_range, index)},
};
const sh_record_type sh_kv_range_type = {sh_kv_range_fields, 3, sizeof(sh_kv_range)};

static const sh_field_type sh_kv_write_fields[] = {
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_kv_write, kind)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_kv_write, space)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_kv_write, key)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_kv_write, value)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_kv_write, ttl_ms)},
    {SH_KIND_INT, 0, 0, 0, offsetof(sh_kv_write, delta)},
};
const sh_record_type sh_kv_write_type = {sh_kv_write_fields, 6, sizeof(sh_kv_write)};

static const sh_field_type sh_kv_transact_request_fields[] = {
    {SH_KIND_LIST, SH_KIND_RECORD, 0, &sh_kv_check_type, offsetof(sh_kv_transact_request, checks)},
    {SH_KIND_LIST, SH_KIND_RECORD, 0, &sh_kv_range_type, offsetof(sh_kv_transact_request, ranges)},
    {SH_KIND_LIST, SH_KIND_RECORD, 0, &sh_kv_write_type, offsetof(sh_kv_transact_request, writes)},
};
const sh_record_type sh_kv_transact_request_type = {sh_kv_transact_request_fields, 3, sizeof(sh_kv_transact_request)};

static const sh_field_type sh_kv_result_fields[] = {
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_kv_result, version)},
    {SH_KIND_BOOL, 0, 0, 0, offsetof(sh_kv_result, existed)},
    {SH_KIND_INT, 0, 0, 0, offsetof(sh_kv_result, value)},
};
const sh_record_type sh_kv_result_type = {sh_kv_result_fields, 3, sizeof(sh_kv_result)};

static const sh_field_type sh_kv_transact_reply_fields[] = {
    {SH_KIND_LIST, SH_KIND_RECORD, 0, &sh_kv_result_type, offsetof(sh_kv_transact_reply, results)},
};
const sh_record_type sh_kv_transact_reply_type = {sh_kv_transact_reply_fields, 1, sizeof(sh_kv_transact_reply)};

static const sh_field_type sh_cache_get_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_cache_get_request, space)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_cache_get_request, key)},
};
const sh_record_type sh_cache_get_request_type = {sh_cache_get_request_fields, 2, sizeof(sh_cache_get_request)};

static const sh_field_type sh_cache_get_reply_fields[] = {
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_cache_get_reply, state)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_cache_get_reply, value)},
};
const sh_record_type sh_cache_get_reply_type = {sh_cache_get_reply_fields, 2, sizeof(sh_cache_get_reply)};

static const sh_field_type sh_cache_fill_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_cache_fill_request, space)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_cache_fill_request, key)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_cache_fill_request, wait_ms)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_cache_fill_request, lease_ms)},
};
const sh_record_type sh_cache_fill_request_type = {sh_cache_fill_request_fields, 4, sizeof(sh_cache_fill_request)};

static const sh_field_type sh_cache_fill_reply_fields[] = {
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_cache_fill_reply, state)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_cache_fill_reply, value)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_cache_fill_reply, token)},
};
const sh_record_type sh_cache_fill_reply_type = {sh_cache_fill_reply_fields, 3, sizeof(sh_cache_fill_reply)};

static const sh_field_type sh_cache_put_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_cache_put_request, space)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_cache_put_request, key)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_cache_put_request, value)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_cache_put_request, ttl_ms)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_cache_put_request, stale_ms)},
    {SH_KIND_LIST, SH_KIND_STR, 0, 0, offsetof(sh_cache_put_request, tags)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_cache_put_request, token)},
};
const sh_record_type sh_cache_put_request_type = {sh_cache_put_request_fields, 7, sizeof(sh_cache_put_request)};

static const sh_field_type sh_cache_put_reply_fields[] = {
    {SH_KIND_BOOL, 0, 0, 0, offsetof(sh_cache_put_reply, stored)},
};
const sh_record_type sh_cache_put_reply_type = {sh_cache_put_reply_fields, 1, sizeof(sh_cache_put_reply)};

static const sh_field_type sh_cache_invalidate_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_cache_invalidate_request, space)},
    {SH_KIND_LIST, SH_KIND_STR, 0, 0, offsetof(sh_cache_invalidate_request, tags)},
};
const sh_record_type sh_cache_invalidate_request_type = {sh_cache_invalidate_request_fields, 2, sizeof(sh_cache_invalidate_request)};

static const sh_field_type sh_cache_delete_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_cache_delete_request, space)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_cache_delete_request, key)},
};
const sh_record_type sh_cache_delete_request_type = {sh_cache_delete_request_fields, 2, sizeof(sh_cache_delete_request)};

static const sh_field_type sh_cache_delete_reply_fields[] = {
    {SH_KIND_BOOL, 0, 0, 0, offsetof(sh_cache_delete_reply, existed)},
};
const sh_record_type sh_cache_delete_reply_type = {sh_cache_delete_reply_fields, 1, sizeof(sh_cache_delete_reply)};

static const sh_field_type sh_cache_clear_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_cache_clear_request, space)},
};
const sh_record_type sh_cache_clear_request_type = {sh_cache_clear_request_fields, 1, sizeof(sh_cache_clear_request)};

static const sh_field_type sh_lock_acquire_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_lock_acquire_request, space)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_lock_acquire_request, name)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_lock_acquire_request, owner)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_lock_acquire_request, ttl_ms)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_lock_acquire_request, wait_ms)},
};
const sh_record_type sh_lock_acquire_request_type = {sh_lock_acquire_request_fields, 5, sizeof(sh_lock_acquire_request)};

static const sh_field_type sh_lock_acquire_reply_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_lock_acquire_reply, owner)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_lock_acquire_reply, fence)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_lock_acquire_reply, expires_ms)},
};
const sh_record_type sh_lock_acquire_reply_type = {sh_lock_acquire_reply_fields, 3, sizeof(sh_lock_acquire_reply)};

static const sh_field_type sh_lock_renew_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_lock_renew_request, space)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_lock_renew_request, name)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_lock_renew_request, owner)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_lock_renew_request, fence)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_lock_renew_request, ttl_ms)},
};
const sh_record_type sh_lock_renew_request_type = {sh_lock_renew_request_fields, 5, sizeof(sh_lock_renew_request)};

static const sh_field_type sh_lock_renew_reply_fields[] = {
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_lock_renew_reply, expires_ms)},
};
const sh_record_type sh_lock_renew_reply_type = {sh_lock_renew_reply_fields, 1, sizeof(sh_lock_renew_reply)};

static const sh_field_type sh_lock_release_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_lock_release_request, space)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_lock_release_request, name)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_lock_release_request, owner)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_lock_release_request, fence)},
};
const sh_record_type sh_lock_release_request_type = {sh_lock_release_request_fields, 4, sizeof(sh_lock_release_request)};

static const sh_field_type sh_lock_release_reply_fields[] = {
    {SH_KIND_BOOL, 0, 0, 0, offsetof(sh_lock_release_reply, held)},
};
const sh_record_type sh_lock_release_reply_type = {sh_lock_release_reply_fields, 1, sizeof(sh_lock_release_reply)};

static const sh_field_type sh_blob_info_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_blob_info, key)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_blob_info, size)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_blob_info, sha256)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_blob_info, content_type)},
    {SH_KIND_PAIRS, 0, 0, 0, offsetof(sh_blob_info, meta)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_blob_info, version)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_blob_info, created_ms)},
};
const sh_record_type sh_blob_info_type = {sh_blob_info_fields, 7, sizeof(sh_blob_info)};

static const sh_field_type sh_blob_write_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_blob_write_request, space)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_blob_write_request, key)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_blob_write_request, content_type)},
    {SH_KIND_PAIRS, 0, 0, 0, offsetof(sh_blob_write_request, meta)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_blob_write_request, guard)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_blob_write_request, version)},
};
const sh_record_type sh_blob_write_request_type = {sh_blob_write_request_fields, 6, sizeof(sh_blob_write_request)};

static const sh_field_type sh_blob_commit_request_fields[] = {
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_blob_commit_request, stream)},
};
const sh_record_type sh_blob_commit_request_type = {sh_blob_commit_request_fields, 1, sizeof(sh_blob_commit_request)};

static const sh_field_type sh_blob_put_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_blob_put_request, space)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_blob_put_request, key)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_blob_put_request, body)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_blob_put_request, content_type)},
    {SH_KIND_PAIRS, 0, 0, 0, offsetof(sh_blob_put_request, meta)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_blob_put_request, guard)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_blob_put_request, version)},
};
const sh_record_type sh_blob_put_request_type = {sh_blob_put_request_fields, 7, sizeof(sh_blob_put_request)};

static const sh_field_type sh_blob_read_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_blob_read_request, space)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_blob_read_request, key)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_blob_read_request, offset)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_blob_read_request, length)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_blob_read_request, consistency)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_blob_read_request, max_staleness_ms)},
};
const sh_record_type sh_blob_read_request_type = {sh_blob_read_request_fields, 6, sizeof(sh_blob_read_request)};

static const sh_field_type sh_blob_read_reply_fields[] = {
    {SH_KIND_RECORD, 0, 0, &sh_blob_info_type, offsetof(sh_blob_read_reply, info)},
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_blob_read_reply, body)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_blob_read_reply, body_stream)},
};
const sh_record_type sh_blob_read_reply_type = {sh_blob_read_reply_fields, 3, sizeof(sh_blob_read_reply)};

static const sh_field_type sh_blob_stat_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_blob_stat_request, space)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_blob_stat_request, key)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_blob_stat_request, consistency)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_blob_stat_request, max_staleness_ms)},
};
const sh_record_type sh_blob_stat_request_type = {sh_blob_stat_request_fields, 4, sizeof(sh_blob_stat_request)};

static const sh_field_type sh_blob_delete_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_blob_delete_request, space)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_blob_delete_request, key)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_blob_delete_request, guard)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_blob_delete_request, version)},
};
const sh_record_type sh_blob_delete_request_type = {sh_blob_delete_request_fields, 4, sizeof(sh_blob_delete_request)};

static const sh_field_type sh_blob_delete_reply_fields[] = {
    {SH_KIND_BOOL, 0, 0, 0, offsetof(sh_blob_delete_reply, existed)},
};
const sh_record_type sh_blob_delete_reply_type = {sh_blob_delete_reply_fields, 1, sizeof(sh_blob_delete_reply)};

static const sh_field_type sh_blob_list_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_blob_list_request, space)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_blob_list_request, prefix)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_blob_list_request, after)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_blob_list_request, limit)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_blob_list_request, consistency)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_blob_list_request, max_staleness_ms)},
};
const sh_record_type sh_blob_list_request_type = {sh_blob_list_request_fields, 6, sizeof(sh_blob_list_request)};

static const sh_field_type sh_blob_list_reply_fields[] = {
    {SH_KIND_LIST, SH_KIND_RECORD, 0, &sh_blob_info_type, offsetof(sh_blob_list_reply, blobs)},
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_blob_list_reply, next)},
};
const sh_record_type sh_blob_list_reply_type = {sh_blob_list_reply_fields, 2, sizeof(sh_blob_list_reply)};

static const sh_field_type sh_secret_get_request_fields[] = {
    {SH_KIND_STR, 0, 0, 0, offsetof(sh_secret_get_request, name)},
};
const sh_record_type sh_secret_get_request_type = {sh_secret_get_request_fields, 1, sizeof(sh_secret_get_request)};

static const sh_field_type sh_secret_get_reply_fields[] = {
    {SH_KIND_BIN, 0, 0, 0, offsetof(sh_secret_get_reply, value)},
    {SH_KIND_UINT, 0, 0, 0, offsetof(sh_secret_get_reply, version)},
};
const sh_record_type sh_secret_get_reply_type = {sh_secret_get_reply_fields, 2, sizeof(sh_secret_get_reply)};

#ifdef STACKHOST_ABI_NAMES
static const struct { const char *name; const sh_record_type *type; } sh_record_names[] = {
    {"BootRequest", &sh_boot_request_type},
    {"HttpRequest", &sh_http_request_type},
    {"HttpResponse", &sh_http_response_type},
    {"MiddlewareResult", &sh_middleware_result_type},
    {"JobRequest", &sh_job_request_type},
    {"JobResult", &sh_job_result_type},
    {"CommandRequest", &sh_command_request_type},
    {"CommandResult", &sh_command_result_type},
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
    {"KvGetRequest", &sh_kv_get_request_type},
    {"KvGetReply", &sh_kv_get_reply_type},
    {"KvSetRequest", &sh_kv_set_request_type},
    {"KvSetReply", &sh_kv_set_reply_type},
    {"KvDeleteRequest", &sh_kv_delete_request_type},
    {"KvDeleteReply", &sh_kv_delete_reply_type},
    {"KvIncrementRequest", &sh_kv_increment_request_type},
    {"KvIncrementReply", &sh_kv_increment_reply_type},
    {"KvScanRequest", &sh_kv_scan_request_type},
    {"KvEntry", &sh_kv_entry_type},
    {"KvScanReply", &sh_kv_scan_reply_type},
    {"KvCheck", &sh_kv_check_type},
    {"KvRange", &sh_kv_range_type},
    {"KvWrite", &sh_kv_write_type},
    {"KvTransactRequest", &sh_kv_transact_request_type},
    {"KvResult", &sh_kv_result_type},
    {"KvTransactReply", &sh_kv_transact_reply_type},
    {"CacheGetRequest", &sh_cache_get_request_type},
    {"CacheGetReply", &sh_cache_get_reply_type},
    {"CacheFillRequest", &sh_cache_fill_request_type},
    {"CacheFillReply", &sh_cache_fill_reply_type},
    {"CachePutRequest", &sh_cache_put_request_type},
    {"CachePutReply", &sh_cache_put_reply_type},
    {"CacheInvalidateRequest", &sh_cache_invalidate_request_type},
    {"CacheDeleteRequest", &sh_cache_delete_request_type},
    {"CacheDeleteReply", &sh_cache_delete_reply_type},
    {"CacheClearRequest", &sh_cache_clear_request_type},
    {"LockAcquireRequest", &sh_lock_acquire_request_type},
    {"LockAcquireReply", &sh_lock_acquire_reply_type},
    {"LockRenewRequest", &sh_lock_renew_request_type},
    {"LockRenewReply", &sh_lock_renew_reply_type},
    {"LockReleaseRequest", &sh_lock_release_request_type},
    {"LockReleaseReply", &sh_lock_release_reply_type},
    {"BlobInfo", &sh_blob_info_type},
    {"BlobWriteRequest", &sh_blob_write_request_type},
    {"BlobCommitRequest", &sh_blob_commit_request_type},
    {"BlobPutRequest", &sh_blob_put_request_type},
    {"BlobReadRequest", &sh_blob_read_request_type},
    {"BlobReadReply", &sh_blob_read_reply_type},
    {"BlobStatRequest", &sh_blob_stat_request_type},
    {"BlobDeleteRequest", &sh_blob_delete_request_type},
    {"BlobDeleteReply", &sh_blob_delete_reply_type},
    {"BlobListRequest", &sh_blob_list_request_type},
    {"BlobListReply", &sh_blob_list_reply_type},
    {"SecretGetRequest", &sh_secret_get_request_type},
    {"SecretGetReply", &sh_secret_get_reply_type},
};
#endif
#endif
