// ReadableStream, WritableStream and TransformStream: as much as bodies need. One reader at a time, no byte-stream readers.

class ReadableStream {
  constructor(source = {}) {
    this._queue = [];
    this._wanted = []; // reads that wait for a chunk
    this._closed = false;
    this._error = undefined;
    this._failed = false;
    this._pulling = false;
    this.locked = false;
    this._source = source;
    const stream = this;
    this._controller = {
      get desiredSize() { return stream._failed ? null : stream._closed ? 0 : 1 - stream._queue.length; },
      enqueue(chunk) {
        if (stream._closed || stream._failed) throw new TypeError("the stream is closed");
        const want = stream._wanted.shift();
        if (want) want.resolve({ value: chunk, done: false });
        else stream._queue.push(chunk);
      },
      close() {
        if (stream._closed) return;
        stream._closed = true;
        for (const w of stream._wanted.splice(0)) w.resolve({ value: undefined, done: true });
      },
      error(e) {
        stream._failed = true;
        stream._error = e;
        for (const w of stream._wanted.splice(0)) w.reject(e);
      },
    };
    this._started = source.start ? Promise.resolve(source.start(this._controller)) : Promise.resolve();
    this._started.catch((e) => this._controller.error(e));
  }
  static from(items) {
    const it = items[Symbol.asyncIterator] ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
    return new ReadableStream({
      async pull(c) {
        const { value, done } = await it.next();
        if (done) c.close();
        else c.enqueue(value);
      },
      cancel(reason) { return it.return && it.return(reason); },
    });
  }
  _read() {
    if (this._queue.length > 0) return Promise.resolve({ value: this._queue.shift(), done: false });
    if (this._failed) return Promise.reject(this._error);
    if (this._closed) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => {
      this._wanted.push({ resolve, reject });
      this._pull();
    });
  }
  async _pull() {
    if (this._pulling || !this._source.pull) return;
    this._pulling = true;
    try {
      await this._started;
      while (this._wanted.length > 0 && !this._closed && !this._failed) await this._source.pull(this._controller);
    } catch (e) {
      this._controller.error(e);
    }
    this._pulling = false;
  }
  getReader() {
    if (this.locked) throw new TypeError("the stream is locked to a reader");
    this.locked = true;
    const stream = this;
    return {
      read: () => stream._read(),
      releaseLock() { stream.locked = false; },
      cancel: (reason) => stream.cancel(reason),
      get closed() { return stream._closed ? Promise.resolve() : new Promise(() => {}); },
    };
  }
  async cancel(reason) {
    this._queue = [];
    this._controller.close();
    if (this._source.cancel) await this._source.cancel(reason);
  }
  async *[Symbol.asyncIterator]() {
    for (;;) {
      const { value, done } = await this._read();
      if (done) return;
      yield value;
    }
  }
  values() { return this[Symbol.asyncIterator](); }
  async pipeTo(to) {
    const writer = to.getWriter();
    for await (const chunk of this) await writer.write(chunk);
    await writer.close();
  }
  pipeThrough(pair) {
    this.pipeTo(pair.writable).catch((e) => pair.readable._controller.error(e));
    return pair.readable;
  }
  tee() {
    const chunks = [[], []];
    const read = async (i, c) => {
      if (chunks[i].length === 0) {
        const { value, done } = await this._read();
        if (done) return c.close();
        chunks[0].push(value);
        chunks[1].push(value);
      }
      c.enqueue(chunks[i].shift());
    };
    this.locked = true;
    return [0, 1].map((i) => new ReadableStream({ pull: (c) => read(i, c) }));
  }
}

class WritableStream {
  constructor(sink = {}) {
    this._sink = sink;
    this._started = Promise.resolve(sink.start && sink.start({ error() {} }));
    this.locked = false;
  }
  getWriter() {
    this.locked = true;
    const s = this._sink;
    return {
      ready: this._started,
      write: async (chunk) => { await this._started; if (s.write) await s.write(chunk); },
      close: async () => { await this._started; if (s.close) await s.close(); },
      abort: async (reason) => { if (s.abort) await s.abort(reason); },
      releaseLock: () => { this.locked = false; },
    };
  }
}

class TransformStream {
  constructor(transformer = {}) {
    let out;
    this.readable = new ReadableStream({ start(c) { out = c; } });
    this.writable = new WritableStream({
      start: () => transformer.start && transformer.start(out),
      write: (chunk) => (transformer.transform ? transformer.transform(chunk, out) : out.enqueue(chunk)),
      close: async () => { if (transformer.flush) await transformer.flush(out); out.close(); },
      abort: (reason) => out.error(reason),
    });
  }
}

// hostStream reads one of the host's streams. Reading blocks the whole module, as every host call does.
const hostStream = (handle) => new ReadableStream(hostSource(handle));
function hostSource(handle) {
  return {
    pull(c) {
      const buffer = new Uint8Array(16384);
      const n = check(host(OP.read, handle, buffer));
      if (n === 0) {
        host(OP.close, handle);
        c.close();
      } else c.enqueue(n === buffer.length ? buffer : buffer.subarray(0, n));
    },
    cancel() { host(OP.close, handle); },
  };
}

// drain reads a host stream to its end, without promises.
function drain(handle) {
  const chunks = [];
  for (;;) {
    const buffer = new Uint8Array(65536);
    const n = check(host(OP.read, handle, buffer));
    if (n === 0) break;
    chunks.push(n === buffer.length ? buffer : buffer.subarray(0, n));
  }
  host(OP.close, handle);
  return chunks.length === 1 ? chunks[0] : concat(chunks);
}

define({ ReadableStream, WritableStream, TransformStream });
