// Generated from abi/v1.json by abi/internal/gen. Do not edit.

export const limits = {
  inline_body_bytes: 65536,
  record_bytes: 1048576,
  depth: 32,
  headers: 256,
  streams: 64,
  batch_calls: 64,
  error_text_bytes: 1024,
  random_bytes: 16,
};

export const codes = {
  internal: -1,
  invalid: -2,
  unsupported: -3,
  denied: -4,
  not_found: -5,
  conflict: -6,
  limit: -7,
  deadline: -8,
  cancelled: -9,
  closed: -10,
  unavailable: -11,
  again: -12,
  quota: -13,
  storage_full: -14,
};

/** The fields of each record: name, type and, where it is not the type's zero, default. */
export const records = {
  BootRequest: [
    ["app", "str"],
    ["module", "str"],
    ["source", "bin"],
    ["source_name", "str"],
  ],
  HttpRequest: [
    ["method", "str"],
    ["path", "str"],
    ["query", "str"],
    ["scheme", "str"],
    ["host", "str"],
    ["headers", "headers"],
    ["params", "pairs"],
    ["body", "bin"],
    ["body_stream", "uint"],
    ["body_length", "int"],
    ["remote", "str"],
    ["id", "str"],
    ["traceparent", "str"],
    ["route", "str"],
    ["timeout_ms", "uint"],
    ["time_us", "uint"],
    ["random", "bin"],
  ],
  HttpResponse: [
    ["status", "uint", 200],
    ["headers", "headers"],
    ["body", "bin"],
  ],
  MiddlewareResult: [
    ["action", "enum<MiddlewareAction>"],
    ["response", "record<HttpResponse>"],
    ["set_headers", "headers"],
    ["remove_headers", "list<str>"],
    ["path", "str"],
    ["response_headers", "headers"],
  ],
  JobRequest: [
    ["id", "str"],
    ["name", "str"],
    ["payload", "bin"],
    ["attempt", "uint"],
    ["timeout_ms", "uint"],
    ["time_us", "uint"],
    ["random", "bin"],
  ],
  JobResult: [
    ["result", "bin"],
  ],
  StreamReply: [
    ["stream", "uint"],
  ],
  LogRecord: [
    ["level", "enum<LogLevel>"],
    ["message", "str"],
    ["fields", "any"],
  ],
  ConfigRequest: [
    ["key", "str"],
  ],
  ConfigReply: [
    ["value", "any"],
  ],
  SecretRequest: [
    ["name", "str"],
  ],
  SecretReply: [
    ["value", "bin"],
  ],
  SupportsRequest: [
    ["capability", "str"],
  ],
  SupportsReply: [
    ["version", "uint"],
    ["granted", "bool"],
    ["functions", "list<str>"],
  ],
  BatchRequest: [
    ["calls", "list<BatchCall>"],
  ],
  BatchCall: [
    ["capability", "str"],
    ["function", "str"],
    ["request", "bin"],
  ],
  BatchReply: [
    ["results", "list<BatchResult>"],
  ],
  BatchResult: [
    ["code", "int"],
    ["reply", "bin"],
    ["error", "str"],
  ],
  FetchRequest: [
    ["method", "str"],
    ["url", "str"],
    ["headers", "headers"],
    ["body", "bin"],
    ["body_stream", "uint"],
    ["timeout_ms", "uint"],
    ["redirect", "enum<Redirect>"],
    ["max_bytes", "uint"],
  ],
  FetchResponse: [
    ["status", "uint"],
    ["headers", "headers"],
    ["body", "bin"],
    ["body_stream", "uint"],
    ["url", "str"],
  ],
  KvGetRequest: [
    ["namespace", "str"],
    ["key", "bin"],
    ["consistency", "enum<Consistency>"],
    ["max_staleness_ms", "uint"],
  ],
  KvGetReply: [
    ["found", "bool"],
    ["value", "bin"],
    ["version", "uint"],
    ["expires_ms", "uint"],
  ],
  KvSetRequest: [
    ["namespace", "str"],
    ["key", "bin"],
    ["value", "bin"],
    ["ttl_ms", "uint"],
    ["guard", "enum<KvGuard>"],
    ["version", "uint"],
  ],
  KvSetReply: [
    ["version", "uint"],
  ],
  KvDeleteRequest: [
    ["namespace", "str"],
    ["key", "bin"],
    ["guard", "enum<KvGuard>"],
    ["version", "uint"],
  ],
  KvDeleteReply: [
    ["existed", "bool"],
  ],
  KvIncrementRequest: [
    ["namespace", "str"],
    ["key", "bin"],
    ["delta", "int"],
  ],
  KvIncrementReply: [
    ["value", "int"],
    ["version", "uint"],
  ],
  KvScanRequest: [
    ["namespace", "str"],
    ["prefix", "bin"],
    ["after", "bin"],
    ["limit", "uint"],
    ["keys_only", "bool"],
    ["reverse", "bool"],
    ["consistency", "enum<Consistency>"],
    ["max_staleness_ms", "uint"],
  ],
  KvEntry: [
    ["key", "bin"],
    ["value", "bin"],
    ["version", "uint"],
    ["expires_ms", "uint"],
  ],
  KvScanReply: [
    ["entries", "list<KvEntry>"],
    ["next", "bin"],
    ["index", "uint"],
  ],
  KvCheck: [
    ["namespace", "str"],
    ["key", "bin"],
    ["version", "uint"],
  ],
  KvRange: [
    ["namespace", "str"],
    ["prefix", "bin"],
    ["index", "uint"],
  ],
  KvWrite: [
    ["kind", "enum<KvWriteKind>"],
    ["namespace", "str"],
    ["key", "bin"],
    ["value", "bin"],
    ["ttl_ms", "uint"],
    ["delta", "int"],
  ],
  KvTransactRequest: [
    ["checks", "list<KvCheck>"],
    ["ranges", "list<KvRange>"],
    ["writes", "list<KvWrite>"],
  ],
  KvResult: [
    ["version", "uint"],
    ["existed", "bool"],
    ["value", "int"],
  ],
  KvTransactReply: [
    ["results", "list<KvResult>"],
  ],
  CacheGetRequest: [
    ["namespace", "str"],
    ["key", "str"],
  ],
  CacheGetReply: [
    ["state", "enum<CacheState>"],
    ["value", "bin"],
  ],
  CacheFillRequest: [
    ["namespace", "str"],
    ["key", "str"],
    ["wait_ms", "uint"],
    ["lease_ms", "uint"],
  ],
  CacheFillReply: [
    ["state", "enum<CacheState>"],
    ["value", "bin"],
    ["token", "uint"],
  ],
  CachePutRequest: [
    ["namespace", "str"],
    ["key", "str"],
    ["value", "bin"],
    ["ttl_ms", "uint"],
    ["stale_ms", "uint"],
    ["tags", "list<str>"],
    ["token", "uint"],
  ],
  CachePutReply: [
    ["stored", "bool"],
  ],
  CacheInvalidateRequest: [
    ["namespace", "str"],
    ["tags", "list<str>"],
  ],
  CacheDeleteRequest: [
    ["namespace", "str"],
    ["key", "str"],
  ],
  CacheDeleteReply: [
    ["existed", "bool"],
  ],
  CacheClearRequest: [
    ["namespace", "str"],
  ],
  LockAcquireRequest: [
    ["namespace", "str"],
    ["name", "str"],
    ["owner", "str"],
    ["ttl_ms", "uint"],
    ["wait_ms", "uint"],
  ],
  LockAcquireReply: [
    ["owner", "str"],
    ["fence", "uint"],
    ["expires_ms", "uint"],
  ],
  LockRenewRequest: [
    ["namespace", "str"],
    ["name", "str"],
    ["owner", "str"],
    ["fence", "uint"],
    ["ttl_ms", "uint"],
  ],
  LockRenewReply: [
    ["expires_ms", "uint"],
  ],
  LockReleaseRequest: [
    ["namespace", "str"],
    ["name", "str"],
    ["owner", "str"],
    ["fence", "uint"],
  ],
  LockReleaseReply: [
    ["held", "bool"],
  ],
  BlobInfo: [
    ["key", "str"],
    ["size", "uint"],
    ["sha256", "bin"],
    ["content_type", "str"],
    ["meta", "pairs"],
    ["version", "uint"],
    ["created_ms", "uint"],
  ],
  BlobWriteRequest: [
    ["namespace", "str"],
    ["key", "str"],
    ["content_type", "str"],
    ["meta", "pairs"],
    ["guard", "enum<KvGuard>"],
    ["version", "uint"],
  ],
  BlobCommitRequest: [
    ["stream", "uint"],
  ],
  BlobPutRequest: [
    ["namespace", "str"],
    ["key", "str"],
    ["body", "bin"],
    ["content_type", "str"],
    ["meta", "pairs"],
    ["guard", "enum<KvGuard>"],
    ["version", "uint"],
  ],
  BlobReadRequest: [
    ["namespace", "str"],
    ["key", "str"],
    ["offset", "uint"],
    ["length", "uint"],
    ["consistency", "enum<Consistency>"],
    ["max_staleness_ms", "uint"],
  ],
  BlobReadReply: [
    ["info", "record<BlobInfo>"],
    ["body", "bin"],
    ["body_stream", "uint"],
  ],
  BlobStatRequest: [
    ["namespace", "str"],
    ["key", "str"],
    ["consistency", "enum<Consistency>"],
    ["max_staleness_ms", "uint"],
  ],
  BlobDeleteRequest: [
    ["namespace", "str"],
    ["key", "str"],
    ["guard", "enum<KvGuard>"],
    ["version", "uint"],
  ],
  BlobDeleteReply: [
    ["existed", "bool"],
  ],
  BlobListRequest: [
    ["namespace", "str"],
    ["prefix", "str"],
    ["after", "str"],
    ["limit", "uint"],
    ["consistency", "enum<Consistency>"],
    ["max_staleness_ms", "uint"],
  ],
  BlobListReply: [
    ["blobs", "list<BlobInfo>"],
    ["next", "str"],
  ],
  SecretGetRequest: [
    ["name", "str"],
  ],
  SecretGetReply: [
    ["value", "bin"],
    ["version", "uint"],
  ],
};
