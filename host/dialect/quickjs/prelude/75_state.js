// Keys and values, caches, locks, blobs and secrets. A call's request and reply are the records of the ABI as JSON, bytes in base64.

const stores = (() => {
  const base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const sextets = {};
  for (let i = 0; i < 64; i++) sextets[base64[i]] = i;

  function toBase64(value) {
    const b = typeof value === "string" ? utf8(value) : asBytes(value);
    let s = "";
    for (let i = 0; i < b.length; i += 3) {
      const n = (b[i] << 16) | ((b[i + 1] || 0) << 8) | (b[i + 2] || 0);
      s += base64[n >> 18] + base64[(n >> 12) & 63] + (i + 1 < b.length ? base64[(n >> 6) & 63] : "=") + (i + 2 < b.length ? base64[n & 63] : "=");
    }
    return s;
  }

  function fromBase64(s) {
    if (!s) return new Uint8Array(0);
    const b = new Uint8Array((s.length / 4) * 3 - (s.endsWith("==") ? 2 : s.endsWith("=") ? 1 : 0));
    for (let i = 0, at = 0; i < s.length; i += 4) {
      const n = (sextets[s[i]] << 18) | (sextets[s[i + 1]] << 12) | ((sextets[s[i + 2]] || 0) << 6) | (sextets[s[i + 3]] || 0);
      for (let shift = 16; shift >= 0 && at < b.length; shift -= 8) b[at++] = (n >> shift) & 255;
    }
    return b;
  }

  function state(call, record) {
    const reply = check(host(OP.state, call, JSON.stringify(record)));
    return typeof reply === "string" ? JSON.parse(reply) : undefined;
  }

  const asText = (bytes) => check(host(OP.decode, bytes, 0));
  const consistencies = { linearizable: 0, lease: 1, stale: 2 };
  const consistency = (o) => consistencies[(o && o.consistency) || "linearizable"];
  const guard = (o) => (o && o.ifAbsent ? { Guard: 1 } : o && o.ifVersion !== undefined ? { Guard: 2, Version: o.ifVersion } : {});
  const isCode = (e, name) => e instanceof HostError && e.codeName === name;

  class Entry {
    constructor(key, value, version, expires) {
      this.key = key;
      this.value = value;
      this.version = version;
      this.expires = expires || undefined;
    }
    text() { return asText(this.value); }
    json() { return JSON.parse(this.text()); }
  }

  class KV {
    constructor(namespace) { this.namespace = namespace; }
    get(key, o) {
      const r = state("kv get", { Namespace: this.namespace, Key: toBase64(key), Consistency: consistency(o) });
      return r.Found ? new Entry(key, fromBase64(r.Value), r.Version, r.ExpiresMs) : undefined;
    }
    set(key, value, o) {
      return state("kv set", { Namespace: this.namespace, Key: toBase64(key), Value: toBase64(value), TTLMs: (o && o.ttl) || 0, ...guard(o) }).Version;
    }
    setJSON(key, value, o) { return this.set(key, JSON.stringify(value), o); }
    delete(key, o) { return state("kv delete", { Namespace: this.namespace, Key: toBase64(key), ...guard(o) }).Existed; }
    increment(key, delta = 1) { return state("kv increment", { Namespace: this.namespace, Key: toBase64(key), Delta: delta }).Value; }
    // update reads, lets change make the new value, and writes it unless somebody else has written; then it begins again.
    update(key, change, o) {
      for (let tries = 0; ; tries++) {
        const e = this.get(key);
        const next = change(e);
        if (next === undefined) return;
        try {
          return this.set(key, next, { ...o, ...(e ? { ifVersion: e.version } : { ifAbsent: true }) });
        } catch (err) {
          if (!isCode(err, "conflict") || tries === 16) throw err;
        }
      }
    }
    page({ prefix = "", after = "", limit = 0, keysOnly = false, reverse = false, consistency: c } = {}) {
      const r = state("kv scan", {
        Namespace: this.namespace, Prefix: toBase64(prefix), After: toBase64(after), Limit: limit, KeysOnly: keysOnly, Reverse: reverse, Consistency: consistency({ consistency: c }),
      });
      const entries = (r.Entries || []).map((e) => new Entry(asText(fromBase64(e.Key)), fromBase64(e.Value), e.Version, e.ExpiresMs));
      return { entries, next: asText(fromBase64(r.Next)), index: r.Index };
    }
    *all(o = {}) {
      for (let after = o.after || ""; ; ) {
        const p = this.page({ ...o, after });
        yield* p.entries;
        if (p.next === "") return;
        after = p.next;
      }
    }
  }

  // transact does several writes together when all conditions hold; else it throws a conflict.
  function transact({ checks = [], unchanged = [], writes = [] }) {
    const kinds = { set: 0, delete: 1, increment: 2 };
    const r = state("kv transact", {
      Checks: checks.map((c) => ({ Namespace: c.namespace, Key: toBase64(c.key), Version: c.version || 0 })),
      Ranges: unchanged.map((c) => ({ Namespace: c.namespace, Prefix: toBase64(c.prefix), Index: c.index })),
      Writes: writes.map((w) => ({
        Kind: kinds[w.kind || "set"], Namespace: w.namespace, Key: toBase64(w.key), Value: w.value === undefined ? "" : toBase64(w.value), TTLMs: w.ttl || 0, Delta: w.delta || 0,
      })),
    });
    return (r.Results || []).map((x) => ({ version: x.Version, existed: x.Existed, value: x.Value }));
  }

  class Cache {
    constructor(namespace) { this.namespace = namespace; }
    get(key) {
      const r = state("cache get", { Namespace: this.namespace, Key: key });
      return r.State === 0 ? undefined : fromBase64(r.Value);
    }
    put(key, value, o, token = 0) {
      return state("cache put", {
        Namespace: this.namespace, Key: key, Value: toBase64(value), TTLMs: (o && o.ttl) || 0, StaleMs: (o && o.stale) || 0, Tags: (o && o.tags) || [], Token: token,
      }).Stored;
    }
    // remember gives the value of key, made by fill when there is none, in one caller of the cluster at a time.
    async remember(key, fill, o) {
      const r = state("cache fill", { Namespace: this.namespace, Key: key });
      if (r.Token === 0 && r.State !== 0) return fromBase64(r.Value);
      let value;
      try {
        value = await fill();
      } catch (e) {
        if (r.State === 2) return fromBase64(r.Value);
        throw e;
      }
      value = typeof value === "string" ? utf8(value) : asBytes(value);
      if (r.Token !== 0) {
        try {
          this.put(key, value, o, r.Token);
        } catch (e) {
          if (!(e instanceof HostError)) throw e; // a value that cannot be kept is good for this caller all the same
        }
      }
      return value;
    }
    invalidate(...tags) { state("cache invalidate", { Namespace: this.namespace, Tags: tags }); }
    delete(key) { return state("cache delete", { Namespace: this.namespace, Key: key }).Existed; }
    clear() { state("cache clear", { Namespace: this.namespace }); }
  }

  class Locks {
    constructor(namespace) { this.namespace = namespace; }
    acquire(name, { ttl = 0, wait = 0, owner = "" } = {}) {
      const r = state("lock acquire", { Namespace: this.namespace, Name: name, Owner: owner, TTLMs: ttl, WaitMs: wait });
      const held = { Namespace: this.namespace, Name: name, Owner: r.Owner, Fence: r.Fence };
      return {
        name, owner: r.Owner, fence: r.Fence, expires: r.ExpiresMs,
        renew(ms = 0) { return (this.expires = state("lock renew", { ...held, TTLMs: ms }).ExpiresMs); },
        release() { return state("lock release", held).Held; },
      };
    }
    async with(name, f, o) {
      const lease = this.acquire(name, o);
      try {
        return await f(lease);
      } finally {
        lease.release();
      }
    }
  }

  const blobInfo = (r) => ({
    key: r.Key, size: r.Size, sha256: fromBase64(r.SHA256), contentType: r.ContentType, version: r.Version, created: r.CreatedMs,
    meta: Object.fromEntries((r.Meta || []).map((m) => [m.Name, m.Value])),
  });

  class Blobs {
    constructor(namespace) { this.namespace = namespace; }
    _head(key, o) {
      return {
        Namespace: this.namespace, Key: key, ContentType: (o && o.contentType) || "", Meta: Object.entries((o && o.meta) || {}).map(([Name, Value]) => ({ Name, Value })), ...guard(o),
      };
    }
    put(key, content, o) {
      const bytes = typeof content === "string" ? utf8(content) : asBytes(content);
      const writer = this.create(key, o);
      try {
        for (let at = 0; at < bytes.length; at += 1 << 16) writer.write(bytes.slice(at, at + (1 << 16)));
      } catch (e) {
        writer.abandon();
        throw e;
      }
      return writer.commit();
    }
    create(key, o) {
      const stream = state("blob write", this._head(key, o)).Stream | 0; // an integer for the engine too
      return {
        write(chunk) { check(host(OP.write, stream, typeof chunk === "string" ? utf8(chunk) : asBytes(chunk))); },
        commit() { return blobInfo(state("blob commit", { Stream: stream })); },
        abandon() { host(OP.close, stream); },
      };
    }
    // read gives what is known of a blob and its bytes; body gives them as a stream.
    read(key, { offset = 0, length = 0, consistency: c } = {}) {
      const r = state("blob read", { Namespace: this.namespace, Key: key, Offset: offset, Length: length, Consistency: consistency({ consistency: c }) });
      return { ...blobInfo(r.Info), body: r.BodyStream ? hostStream(r.BodyStream | 0) : ReadableStream.from([fromBase64(r.Body)]) };
    }
    stat(key) { return blobInfo(state("blob stat", { Namespace: this.namespace, Key: key })); }
    delete(key, o) { return state("blob delete", { Namespace: this.namespace, Key: key, ...guard(o) }).Existed; }
    *list(prefix = "") {
      for (let after = ""; ; ) {
        const r = state("blob list", { Namespace: this.namespace, Prefix: prefix, After: after });
        for (const b of r.Blobs || []) yield blobInfo(b);
        if (!r.Next) return;
        after = r.Next;
      }
    }
  }

  return {
    kv: (namespace) => new KV(namespace),
    cache: (namespace) => new Cache(namespace),
    locks: (namespace) => new Locks(namespace),
    blobs: (namespace) => new Blobs(namespace),
    transact,
    clusterSecret: (name) => asText(fromBase64(state("secret get", { Name: name }).Value)),
  };
})();
