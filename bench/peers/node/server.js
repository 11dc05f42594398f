// The same answer from Node's own HTTP server.
const [host, port] = process.argv[2].split(":");
require("node:http").createServer((req, res) => {
  res.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
  res.end("Hello from Node");
}).listen(Number(port), host);
