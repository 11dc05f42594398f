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
};
