// fetch. Requests are gathered until nothing else can run and then sent together, so Promise.all of several fetches takes as
// long as the slowest.

let outgoing = [];

function fetch(input, init) {
  return new Promise((resolve, reject) => {
    const request = new Request(input, init);
    const options = init || {};
    request.signal.throwIfAborted();
    const modes = { follow: 0, manual: 1, error: 2 };
    const go = (body) => {
      const call = {
        method: request.method, url: request.url, headers: request.headers._list, redirect: modes[request.redirect] || 0,
        timeout: options.timeout || 0, max: options.maxBytes || 0,
      };
      outgoing.push({ call, body, signal: request.signal, resolve, reject });
    };
    if (request._body === null) go(null);
    else if (typeof request._body === "string") go(utf8(request._body));
    else request.bytes().then(go, reject);
  });
}

function received(r, url) {
  const response = new Response(null);
  response._status = r.status;
  response.url = r.url || url;
  response._headers = new Headers();
  response._headers._list = r.headers || [];
  response._body = (r.stream | 0) || null; // an integer for the engine too
  return response;
}

// sendAll sends what was gathered and settles the promises. True when there was anything.
function sendAll() {
  if (outgoing.length === 0) return false;
  const all = outgoing.splice(0, 32).filter((o) => {
    if (o.signal.aborted) o.reject(o.signal.reason);
    return !o.signal.aborted;
  });
  const answers = JSON.parse(check(host(OP.batch, JSON.stringify(all.map((o) => ({ fetch: o.call }))), ...all.map((o) => o.body))));
  answers.forEach((a, i) => {
    const o = all[i];
    if (a.code) o.reject(new HostError(a.code, a.error));
    else o.resolve(received(a.fetch, o.call.url));
  });
  return true;
}

define({ fetch });
