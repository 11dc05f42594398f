// Calls the endpoints of each language, measures them, and shows what comes back. No library, no build step.
const languages = [["go", "Go"], ["rust", "Rust"], ["c", "C"], ["assemblyscript", "AssemblyScript"], ["zig", "Zig"], ["js", "JavaScript"]];
const byId = (id) => document.getElementById(id);
const element = (name, attributes = {}, ...children) => {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  e.append(...children);
  return e;
};

const rows = new Map();
for (const [path, title] of languages) {
  const cells = { says: element("td"), median: element("td", { class: "number" }), chart: element("td", { class: "chart" }) };
  const links = ["", "hello", "json?a=1", "stream?n=5"].map((end) => element("a", { href: `${path}/${end}` }, `/${end.split("?")[0]}`));
  byId("languages").tBodies[0].append(element("tr", { id: `row-${path}` }, element("th", { scope: "row" }, title), cells.says, cells.median, cells.chart, element("td", {}, ...links)));
  rows.set(path, cells);
  for (const list of ["form-language", "stream-language"]) byId(list).append(element("option", { value: path }, title));
}

async function measure(path, cells) {
  const first = await fetch(`${path}/hello`, { headers: { accept: "application/problem+json, text/plain" } });
  if (!first.ok) {
    const problem = await first.json().catch(() => ({ title: `status ${first.status}` }));
    cells.says.className = "missing";
    cells.says.textContent = problem.detail || problem.title;
    return;
  }
  cells.says.textContent = await first.text();
  const times = [];
  for (let i = 0; i < 40; i++) {
    const start = performance.now();
    await (await fetch(`${path}/hello`)).text();
    times.push(performance.now() - start);
  }
  const median = [...times].sort((a, b) => a - b)[times.length >> 1];
  cells.median.textContent = `${median.toFixed(2)} ms`;
  const most = Math.max(...times);
  const bars = times.map((t, i) => {
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const height = Math.max(1, (24 * t) / most);
    for (const [k, v] of Object.entries({ x: i * 4, y: 24 - height, width: 3, height })) bar.setAttribute(k, v);
    return bar;
  });
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 160 24");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `40 round trips, the longest ${most.toFixed(2)} ms`);
  svg.append(...bars);
  cells.chart.replaceChildren(svg);
}

async function measureAll() {
  byId("again").disabled = true;
  for (const [path, cells] of rows) await measure(path, cells);
  byId("again").disabled = false;
  document.body.dataset.measured = "yes";
}

async function randoms() {
  for (const id of ["random-a", "random-b"]) {
    const { random } = await (await fetch("go/json")).json();
    byId(id).textContent = random;
  }
}

byId("again").addEventListener("click", measureAll);

byId("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = new URLSearchParams(new FormData(event.target));
  body.delete("");
  const answer = await fetch(`${byId("form-language").value}/form`, { method: "POST", body });
  const text = await answer.text();
  byId("form-answer").textContent = `${answer.status} ${answer.headers.get("content-type")}\n${text}`;
});

byId("stream").addEventListener("submit", async (event) => {
  event.preventDefault();
  const out = byId("stream-answer");
  out.textContent = "";
  const answer = await fetch(`${byId("stream-language").value}/stream?n=${byId("stream-lines").value}`);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    out.textContent += part.value;
    out.scrollTop = out.scrollHeight;
  }
});

randoms();
measureAll();
