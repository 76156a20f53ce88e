"use strict";
const api = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) if (value !== false && value !== null && value !== undefined) node.setAttribute(key, value === true ? "" : value);
  node.append(...children);
  return node;
};
const rich = (text) => text.split(/(`[^`]+`)/).map((part) => part.startsWith("`") ? make("code", {}, part.slice(1, -1)) : part);
const resolve = (schema) => schema?.$ref ? resolve(api.components.schemas[schema.$ref.split("/").pop()]) : schema;
const pretty = (value) => JSON.stringify(value, null, 2);

$("headline").textContent = api.info.title;
$("subline").append(...rich(api.info.description), ` Version ${api.info.version}. Machine-readable: `, make("a", { href: "/openapi.json" }, "openapi.json"), ".");

function kind(schema) {
  if (schema["x-kind"]) return schema["x-kind"];
  if (schema.enum) return "one of " + schema.enum.map((v) => JSON.stringify(v)).join(", ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const types = [schema.type].flat().filter((t) => t && t !== "null");
  if (types[0] === "array") return `list of ${kind(resolve(schema.items) ?? {})}`;
  return types.join(" or ") || "any";
}

function table(schema) {
  const rows = Object.entries(schema.properties ?? {}).map(([name, raw]) => {
    const property = resolve(raw);
    const required = (schema.required ?? []).includes(name);
    return make("tr", {}, make("td", {}, make("code", {}, name)), make("td", {}, kind(property), ...(required ? [] : [make("span", { class: "muted" }, ", optional")])),
      make("td", {}, ...rich(property.description ?? "")));
  });
  const head = make("tr", {}, ...["Name", "Type", "Meaning"].map((t) => make("th", {}, t)));
  return make("div", { class: "scroll" }, make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
}

const example = api.components.schemas.Request.examples[0];
const column = Object.keys(example.rows[0] ?? {})[0] ?? "";
function samples(path, body) {
  const url = location.origin + path, one = JSON.stringify(body).replaceAll("'", "'\\''");
  return {
    curl: `curl -s ${url} -H 'Content-Type: application/json' \\\n  -d '${one}'`,
    Python: `import json, urllib.request\n\nbody = json.loads(r'''${JSON.stringify(body)}''')\nrequest = urllib.request.Request("${url}", json.dumps(body).encode(), {"Content-Type": "application/json"})\nprint(json.load(urllib.request.urlopen(request)))`,
    JavaScript: `const response = await fetch("${url}", {\n  method: "POST",\n  headers: { "Content-Type": "application/json" },\n  body: JSON.stringify(${pretty(body).replaceAll("\n", "\n  ")}),\n});\nconsole.log(await response.json());`,
  };
}

function code(text) {
  const copy = make("button", { type: "button", class: "copy" }, "Copy");
  copy.addEventListener("click", async () => { await navigator.clipboard.writeText(text); copy.textContent = "Copied"; setTimeout(() => { copy.textContent = "Copy"; }, 1500); });
  return make("div", { class: "code" }, copy, make("pre", {}, make("code", {}, text)));
}

function tabs(texts) {
  const place = make("div", {});
  const bar = make("div", { class: "tabs", role: "tablist" }, ...Object.keys(texts).map((name) => make("button", { type: "button", class: "plain", role: "tab" }, name)));
  const choose = (button) => {
    for (const b of bar.children) b.setAttribute("aria-selected", String(b === button));
    place.replaceChildren(code(texts[button.textContent]));
  };
  for (const button of bar.children) button.addEventListener("click", () => choose(button));
  choose(bar.firstChild);
  return [bar, place];
}

function sender(method, path, body) {
  const button = make("button", { type: "button", class: "primary" }, "Send it");
  const place = make("div", {});
  button.addEventListener("click", async () => {
    const start = performance.now();
    try {
      const response = await fetch(path, body === null ? {} : { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
      let text = await response.text();
      const took = (performance.now() - start).toFixed(1);
      try { text = pretty(JSON.parse(text)); } catch { /* metrics are no JSON */ }
      place.replaceChildren(make("p", { class: "warn" }, make("span", { class: "status" }, String(response.status)), ` in ${took} ms`), code(text.slice(0, 20000)));
    } catch { place.replaceChildren(make("p", { class: "wrong" }, "The service does not answer. Is it still running?")); }
  });
  return make("div", {}, make("div", { class: "go" }, button), place);
}

function inferExample() {
  const row = example.rows[0] ?? {};
  const type = (v) => typeof v === "number" ? "FP64" : typeof v === "boolean" ? "BOOL" : "BYTES";
  return { inputs: Object.entries(row).map(([name, v]) => ({ name, shape: [1], datatype: type(v), data: [v] })) };
}

function operation(path, method, op) {
  const inside = make("div", { class: "inside" });
  if (op.description) inside.append(make("p", {}, ...rich(op.description)));
  let body = null;
  if (method === "post") {
    body = op.operationId === "predict" ? example : inferExample();
    if (op.operationId === "predict") {
      inside.append(make("h3", {}, "A row"), table(api.components.schemas.Row));
      inside.append(make("h3", {}, "A prediction"), table(api.components.schemas.Prediction));
    }
    inside.append(make("h3", {}, "Ask"), ...tabs(samples(path, body)));
  }
  inside.append(sender(method.toUpperCase(), path, body));
  inside.append(make("h3", {}, "Answers"), make("div", { class: "scroll" }, make("table", {}, make("tbody", {},
    ...Object.entries(op.responses).map(([status, r]) => make("tr", {}, make("td", {}, make("span", { class: "status" }, status)), make("td", {}, ...rich(r.description))))))));
  return make("details", { class: "panel op", open: op.operationId === "predict" },
    make("summary", {}, make("span", { class: `method ${method}` }, method.toUpperCase()), make("span", { class: "path" }, path), make("span", { class: "what" }, ...rich(op.summary))), inside);
}

const groups = new Map();
for (const [path, methods] of Object.entries(api.paths)) {
  for (const [method, op] of Object.entries(methods)) {
    const tag = op.tags[0];
    if (!groups.has(tag)) groups.set(tag, []);
    groups.get(tag).push(operation(path, method, op));
  }
}
const titles = { prediction: "Prediction", protocol: "Open Inference Protocol", health: "Health", watching: "Watching", reading: "Reading" };
for (const [tag, operations] of groups) $("operations").append(make("h2", { class: "group" }, titles[tag] ?? tag), ...operations);
