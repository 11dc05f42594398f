// Types of the stackhost JavaScript runtime: the module "stackhost" and the globals that a program finds.
//
// In tsconfig.json:  "types": ["@stackhost/js"]  and  "lib": ["ES2023"]  (without "DOM", whose types would promise more than
// there is).

import type { CodeName, Codes } from "./codes_gen";

declare module "stackhost" {
  /** What the host knows of a request beyond the request itself. */
  export interface Context {
    /** Values of the wildcards of this program's own route, percent-decoded. */
    readonly params: Record<string, string>;
    /** Values of the wildcards of the host's route. */
    readonly routeParams: Record<string, string>;
    /** Request id, also in the host's records and the X-Request-Id response header. */
    readonly id: string;
    /** The host's route pattern that matched. */
    readonly route: string;
    /** IP address of the client. */
    readonly remote: string;
    /** W3C traceparent to pass on, or "". */
    readonly traceparent: string;
    /** Milliseconds that were left for the request when it was handed over. */
    readonly timeout: number;
    /** Microseconds since 1970 when the host handed over the request. */
    readonly time: number;
    /** Length of the request body in bytes, -1 when it is not known in advance. */
    readonly bodyLength: number;
    /** Lets a promise settle before the answer leaves. How it ends does not change the answer. */
    waitUntil(promise: Promise<unknown>): void;
  }

  export type Handler = (request: Request, context: Context) => Response | Promise<Response>;
  export type Wrapper = (request: Request, context: Context, next: () => Response | Promise<Response>) => Response | Promise<Response>;

  /** A piece of background work. */
  export interface Job {
    /** The same in every attempt. */
    readonly id: string;
    /** What kind of work it is. */
    readonly name: string;
    readonly payload: Uint8Array;
    /** 1 for the first attempt. */
    readonly attempt: number;
    /** Milliseconds left for this attempt. */
    readonly timeout: number;
    text(): string;
    json(): any;
  }

  /** Standard output or standard error of a command. */
  export interface Output {
    /** Writes text or bytes; they arrive at once. Throws when nobody reads them any more. */
    write(chunk: Bytes): void;
  }

  /** Standard input of a command: a stream, with the readers of a body and one for lines. */
  export interface Input extends ReadableStream<Uint8Array> {
    text(): Promise<string>;
    bytes(): Promise<Uint8Array>;
    json(): Promise<any>;
    lines(): AsyncIterableIterator<string>;
  }

  /** How far a command is, drawn on standard error; one line at the end when that is no terminal. */
  export interface Progress {
    add(n?: number): void;
    set(done: number): void;
    finish(): void;
  }

  /** A console command that somebody runs with `stackhost run APP NAME`. */
  export interface Command {
    readonly name: string;
    /** What was written after the name. */
    readonly args: string[];
    readonly stdin: Input;
    readonly stdout: Output;
    readonly stderr: Output;
    /** Width of the terminal that shows standard error; 0 when it is none. */
    readonly columns: number;
    /** Id of this run, also in the host's records. */
    readonly id: string;
    /** Milliseconds left. */
    readonly timeout: number;
    /** Starts a progress bar; without a total it only counts. */
    progress(label: string, total?: number): Progress;
    /** Writes rows in columns to standard output; without a header when it is empty. */
    table(header: readonly unknown[], rows: Iterable<readonly unknown[]>): void;
  }

  /** Runs a command. The result is the exit code, 0 to 255; none is 0. An exception is printed, and the exit code is 1. */
  export type CommandHandler = (command: Command) => number | void | Promise<number | void>;

  /** Changes that a middleware makes to a request that goes on, and to the response that it will get. */
  export interface MiddlewareResult {
    /** Request headers to set, each replacing all of its name. */
    headers?: HeadersInit;
    /** Request headers to remove. */
    removeHeaders?: string[];
    /** New path for the handler, percent-encoded. */
    path?: string;
    /** Headers to set on the response. */
    responseHeaders?: HeadersInit;
  }

  /** The default export of a program: a function that answers requests, or an object with any of these. */
  export interface Program {
    fetch?: Handler;
    middleware?(request: Request, context: Context): Response | MiddlewareResult | undefined | void | Promise<Response | MiddlewareResult | undefined | void>;
    job?(job: Job): unknown;
    /** Console commands by name. */
    commands?: Record<string, CommandHandler>;
    /** Runs the commands that `commands` has not. */
    command?: CommandHandler;
  }

  /** Finds the handler by method and path. Patterns: /users/{id} or /users/:id, /files/{rest...} or /files/*, /exact/{$}. */
  export class Router {
    get(path: string, handler: Handler): this;
    post(path: string, handler: Handler): this;
    put(path: string, handler: Handler): this;
    patch(path: string, handler: Handler): this;
    delete(path: string, handler: Handler): this;
    /** Any method. */
    all(path: string, handler: Handler): this;
    on(method: string, path: string, handler: Handler): this;
    /** Wraps all handlers; the wrapper given first is the outermost. */
    use(wrap: Wrapper): this;
    readonly fetch: Handler;
  }
  export function router(): Router;

  /** Thrown by a handler, it is answered as an RFC 9457 problem document. */
  export class HTTPError extends Error {
    constructor(status: number, detail?: string);
    readonly status: number;
    readonly detail?: string;
  }

  /** Why a host call failed. Thrown by a handler, it is answered with the status of its code, 500 for codes of programs. */
  export class HostError extends Error {
    constructor(code: number, text?: string);
    readonly code: number;
    readonly codeName: CodeName;
    /** Whether trying the same call again can help. */
    readonly retry: boolean;
  }

  /** The codes by name. */
  export const codes: Codes;

  /** An RFC 9457 problem document as a response. */
  export function problem(status: number, detail?: string, headers?: Record<string, string>): Response;

  export type Level = "trace" | "debug" | "info" | "warn" | "error";
  /** Writes a record to the host's log, with fields. */
  export const log: Record<Level, (message: string, fields?: Record<string, unknown>) => void>;

  /** A value of the module's config table; dots reach into nested tables, no key gives the whole table. Throws HostError not_found. */
  export function config(key?: string): any;
  /** A secret that the manifest grants to this module. Throws HostError. */
  export function secret(name: string): string;
  export interface Support {
    /** Major version, 0 when the host does not have the capability. */
    version: number;
    granted: boolean;
    functions: string[];
  }
  /** What the host has of a capability, such as "fetch". */
  export function supports(capability: string): Support;

  export type Bytes = string | ArrayBuffer | ArrayBufferView;
  export type Consistency = "linearizable" | "lease" | "stale";
  /** A condition on a write: HostError conflict when it does not hold. */
  export interface Guarded {
    ifAbsent?: boolean;
    ifVersion?: number;
  }
  /** A key with its value. The version rises with each write of the key. */
  export interface Entry {
    key: string;
    value: Uint8Array;
    version: number;
    /** When the key goes, in ms since the Unix epoch. */
    expires?: number;
    text(): string;
    json(): any;
  }
  export interface Scan {
    prefix?: string;
    after?: string;
    /** Entries of a page, up to 1,000; 100 when not given. */
    limit?: number;
    keysOnly?: boolean;
    reverse?: boolean;
    consistency?: Consistency;
  }
  /** Keys and values of a namespace that the manifest grants with `grants.kv`. Times are in ms. */
  export interface KV {
    get(key: string, options?: { consistency?: Consistency }): Entry | undefined;
    set(key: string, value: Bytes, options?: { ttl?: number } & Guarded): number;
    setJSON(key: string, value: unknown, options?: { ttl?: number } & Guarded): number;
    delete(key: string, options?: Guarded): boolean;
    increment(key: string, delta?: number): number;
    /** Reads, changes and writes; begins again when somebody else has written in the meantime. */
    update(key: string, change: (entry: Entry | undefined) => Bytes | undefined, options?: { ttl?: number }): number | undefined;
    page(scan?: Scan): { entries: Entry[]; next: string; index: number };
    all(scan?: Scan): Iterable<Entry>;
  }
  export function kv(namespace: string): KV;
  export interface Write {
    /** "set" when not given. */
    kind?: "set" | "delete" | "increment";
    namespace: string;
    key: string;
    value?: Bytes;
    ttl?: number;
    delta?: number;
  }
  /** Does several writes together when all conditions hold, else throws HostError conflict. */
  export function transact(txn: {
    checks?: { namespace: string; key: string; /** 0 or nothing: absent */ version?: number }[];
    unchanged?: { namespace: string; prefix: string; index: number }[];
    writes: Write[];
  }): { version: number; existed: boolean; value: number }[];
  export interface CacheOptions {
    ttl?: number;
    /** How long the value may be used after that while somebody makes a new one. */
    stale?: number;
    tags?: string[];
  }
  export interface Cache {
    get(key: string): Uint8Array | undefined;
    put(key: string, value: Bytes, options?: CacheOptions): boolean;
    /** The value of key, made by fill when there is none: in one caller of the cluster at a time. */
    remember(key: string, fill: () => Bytes | Promise<Bytes>, options?: CacheOptions): Promise<Uint8Array>;
    invalidate(...tags: string[]): void;
    delete(key: string): boolean;
    clear(): void;
  }
  export function cache(namespace: string): Cache;
  export interface Lease {
    name: string;
    owner: string;
    /** Above those of all earlier leases: let what the lock protects refuse lower ones. */
    fence: number;
    expires: number;
    renew(ttl?: number): number;
    release(): boolean;
  }
  export interface LockOptions {
    ttl?: number;
    wait?: number;
    owner?: string;
  }
  export interface Locks {
    acquire(name: string, options?: LockOptions): Lease;
    with<T>(name: string, f: (lease: Lease) => T | Promise<T>, options?: LockOptions): Promise<T>;
  }
  export function locks(namespace: string): Locks;
  export interface BlobInfo {
    key: string;
    size: number;
    sha256: Uint8Array;
    contentType: string;
    version: number;
    created: number;
    meta: Record<string, string>;
  }
  export interface BlobOptions extends Guarded {
    contentType?: string;
    meta?: Record<string, string>;
  }
  export interface Blobs {
    put(key: string, content: Bytes, options?: BlobOptions): BlobInfo;
    /** A blob in pieces; it is there after commit. */
    create(key: string, options?: BlobOptions): { write(chunk: Bytes): void; commit(): BlobInfo; abandon(): void };
    read(key: string, options?: { offset?: number; length?: number; consistency?: Consistency }): BlobInfo & { body: ReadableStream<Uint8Array> };
    stat(key: string): BlobInfo;
    delete(key: string, options?: Guarded): boolean;
    list(prefix?: string): Iterable<BlobInfo>;
  }
  export function blobs(namespace: string): Blobs;
  /** A secret that `stackhost secret set` set and the manifest grants with `grants.secret`. */
  export function clusterSecret(name: string): string;

  export type BatchCall = { config: string } | { supports: string } | { fetch: { url: string; method?: string; headers?: HeadersInit; body?: string | Uint8Array } };
  export interface BatchResult {
    config?: any;
    supports?: Support;
    fetch?: Response;
    /** Negative when this call failed. */
    code?: number;
    error?: string;
  }
  /** Runs host calls at the same time and gives their results in order. */
  export function batch(calls: BatchCall[]): BatchResult[];
}

declare global {
  type BodyInit = string | ArrayBuffer | ArrayBufferView | URLSearchParams | ReadableStream | AsyncIterable<string | Uint8Array> | null;
  type HeadersInit = Headers | Iterable<readonly [string, string]> | Record<string, string>;

  /** Header fields. A value holds bytes: each character is one byte. */
  class Headers {
    constructor(init?: HeadersInit);
    append(name: string, value: string): void;
    delete(name: string): void;
    get(name: string): string | null;
    getSetCookie(): string[];
    has(name: string): boolean;
    set(name: string, value: string): void;
    forEach(f: (value: string, name: string, headers: Headers) => void): void;
    entries(): IterableIterator<[string, string]>;
    keys(): IterableIterator<string>;
    values(): IterableIterator<string>;
    [Symbol.iterator](): IterableIterator<[string, string]>;
    /** The fields in the order received, repeats kept. */
    raw(): [string, string][];
  }

  interface Body {
    readonly body: ReadableStream<Uint8Array> | null;
    readonly bodyUsed: boolean;
    text(): Promise<string>;
    json(): Promise<any>;
    bytes(): Promise<Uint8Array>;
    arrayBuffer(): Promise<ArrayBuffer>;
    /** Reads application/x-www-form-urlencoded. */
    formData(): Promise<URLSearchParams>;
  }

  interface RequestInit {
    method?: string;
    headers?: HeadersInit;
    body?: BodyInit;
    redirect?: "follow" | "manual" | "error";
    signal?: AbortSignal;
    /** Milliseconds for the whole exchange; the grant's default when absent. */
    timeout?: number;
    /** Most response bytes to accept; the grant's limit when absent. */
    maxBytes?: number;
  }
  interface Request extends Body {}
  class Request {
    constructor(input: string | URL | Request, init?: RequestInit);
    readonly method: string;
    readonly url: string;
    readonly headers: Headers;
    readonly signal: AbortSignal;
    clone(): Request;
  }

  interface ResponseInit { status?: number; headers?: HeadersInit }
  interface Response extends Body {}
  class Response {
    constructor(body?: BodyInit, init?: ResponseInit);
    static json(value: unknown, init?: ResponseInit): Response;
    static redirect(url: string | URL, status?: number): Response;
    static error(): Response;
    readonly status: number;
    readonly statusText: string;
    readonly ok: boolean;
    readonly url: string;
    readonly headers: Headers;
    clone(): Response;
  }

  /** Sends a request to a host that the manifest grants. Rejects with HostError: denied, unavailable, deadline … */
  function fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;

  class URL {
    constructor(input: string | URL, base?: string | URL);
    static canParse(input: string, base?: string): boolean;
    static parse(input: string, base?: string): URL | null;
    href: string; protocol: string; username: string; password: string; host: string; hostname: string; port: string;
    pathname: string; search: string; hash: string;
    readonly origin: string;
    readonly searchParams: URLSearchParams;
    toString(): string;
    toJSON(): string;
  }
  class URLSearchParams {
    constructor(init?: string | Iterable<readonly [string, string]> | Record<string, string>);
    readonly size: number;
    append(name: string, value: string): void;
    delete(name: string, value?: string): void;
    get(name: string): string | null;
    getAll(name: string): string[];
    has(name: string, value?: string): boolean;
    set(name: string, value: string): void;
    sort(): void;
    forEach(f: (value: string, name: string) => void): void;
    entries(): IterableIterator<[string, string]>;
    keys(): IterableIterator<string>;
    values(): IterableIterator<string>;
    [Symbol.iterator](): IterableIterator<[string, string]>;
    toString(): string;
  }

  interface StreamController<T> {
    readonly desiredSize: number | null;
    enqueue(chunk: T): void;
    close(): void;
    error(reason: unknown): void;
  }
  class ReadableStream<T = any> {
    constructor(source?: {
      start?(controller: StreamController<T>): void | Promise<void>;
      pull?(controller: StreamController<T>): void | Promise<void>;
      cancel?(reason?: unknown): void | Promise<void>;
    });
    static from<T>(items: AsyncIterable<T> | Iterable<T>): ReadableStream<T>;
    readonly locked: boolean;
    getReader(): { read(): Promise<{ value: T; done: false } | { value: undefined; done: true }>; releaseLock(): void; cancel(reason?: unknown): Promise<void> };
    cancel(reason?: unknown): Promise<void>;
    tee(): [ReadableStream<T>, ReadableStream<T>];
    pipeTo(to: WritableStream<T>): Promise<void>;
    pipeThrough<R>(pair: { readable: ReadableStream<R>; writable: WritableStream<T> }): ReadableStream<R>;
    [Symbol.asyncIterator](): AsyncIterableIterator<T>;
  }
  class WritableStream<T = any> {
    constructor(sink?: { write?(chunk: T): void | Promise<void>; close?(): void | Promise<void>; abort?(reason?: unknown): void });
    getWriter(): { write(chunk: T): Promise<void>; close(): Promise<void>; abort(reason?: unknown): Promise<void>; releaseLock(): void };
  }
  class TransformStream<I = any, O = any> {
    constructor(transformer?: {
      start?(controller: StreamController<O>): void;
      transform?(chunk: I, controller: StreamController<O>): void | Promise<void>;
      flush?(controller: StreamController<O>): void | Promise<void>;
    });
    readonly readable: ReadableStream<O>;
    readonly writable: WritableStream<I>;
  }

  class TextEncoder {
    readonly encoding: "utf-8";
    encode(text?: string): Uint8Array;
    encodeInto(text: string, into: Uint8Array): { read: number; written: number };
  }
  class TextDecoder {
    constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
    readonly encoding: "utf-8";
    decode(input?: ArrayBuffer | ArrayBufferView, options?: { stream?: boolean }): string;
  }
  function atob(text: string): string;
  function btoa(text: string): string;
  function structuredClone<T>(value: T): T;
  function setTimeout(f: (...args: any[]) => void, ms?: number, ...args: any[]): number;
  function setInterval(f: (...args: any[]) => void, ms?: number, ...args: any[]): number;
  function clearTimeout(id?: number): void;
  function clearInterval(id?: number): void;
  function queueMicrotask(f: () => void): void;

  class Event { constructor(type: string); readonly type: string }
  class EventTarget {
    addEventListener(type: string, f: (event: Event) => void, options?: { once?: boolean }): void;
    removeEventListener(type: string, f: (event: Event) => void): void;
    dispatchEvent(event: Event): boolean;
  }
  class AbortSignal extends EventTarget {
    static abort(reason?: unknown): AbortSignal;
    static timeout(ms: number): AbortSignal;
    readonly aborted: boolean;
    readonly reason: unknown;
    onabort: ((event: Event) => void) | null;
    throwIfAborted(): void;
  }
  class AbortController {
    readonly signal: AbortSignal;
    abort(reason?: unknown): void;
  }
  const crypto: {
    getRandomValues<T extends ArrayBufferView>(view: T): T;
    randomUUID(): string;
  };
  const performance: { now(): number; readonly timeOrigin: number };
  /** Each call is one record in the host's log. */
  const console: Record<"log" | "info" | "debug" | "trace" | "warn" | "error", (...values: unknown[]) => void> & {
    assert(ok: unknown, ...values: unknown[]): void;
  };
}

export {};
