"use strict";
const model = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) if (value) node.setAttribute(key, value === true ? "" : value);
  node.append(...children);
  return node;
};
const TONES = 8;  // colours of the style sheet; labels beyond take turns
const percent = (p) => p > 0.9995 && p < 1 ? ">99.9 %" : p < 0.0005 && p > 0 ? "<0.1 %" : `${(100 * p).toFixed(1)} %`;
const tone = (label) => `tone-${Math.max(model.labels.indexOf(label), 0) % TONES}`;
const input = $("text");

$("label").textContent = model.column;
const kinds = model.labels.slice(0, 12).join(", ") + (model.labels.length > 12 ? ` and ${model.labels.length - 12} more` : "");
$("subline").textContent = `Write or paste a text and see which of its parts are found. It marks ${kinds}.`;

function marked(text, entities) {
  const letters = Array.from(text);  // offsets count code points, strings of JavaScript count UTF-16 units
  const shown = make("p", { class: "marked", dir: "auto" });
  let at = 0;
  for (const e of entities) {
    shown.append(letters.slice(at, e.start).join(""));
    shown.append(make("mark", { class: tone(e.label), title: `${e.label}, ${percent(e.score)}` },
      letters.slice(e.start, e.end).join(""), make("span", { class: "tag" }, e.label)));
    at = e.end;
  }
  shown.append(letters.slice(at).join(""));
  return shown;
}

function listed(entities) {
  const rows = entities.map((e) => make("tr", {}, make("td", {}, e.text), make("td", {}, e.label),
    make("td", { class: "right" }, `${e.start}–${e.end}`), make("td", { class: "right" }, percent(e.score))));
  const head = make("tr", {}, make("th", {}, "Part"), make("th", {}, "Label"), make("th", { class: "right" }, "Place"),
    make("th", { class: "right" }, "Score"));
  return make("div", { class: "scroll" }, make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
}

function show(text, reply) {
  const entities = reply.predictions[0].entities;
  const out = [marked(text, entities)];
  if (entities.length) out.push(listed(entities));
  else out.push(make("p", { class: "sub" }, "Nothing in this text is marked."));
  for (const warning of reply.warnings ?? []) out.push(make("p", { class: "warn" }, warning));
  out.push(make("p", { class: "warn" }, `Answered by ${reply.model}, version ${reply.version}.`));
  return out;
}

function problem(error) {
  const words = error.message ? `${error.message}. ${error.fix}.` : `expected ${error.expected}, got ${error.got}; ${error.fix}.`;
  return [make("p", { class: "wrong" }, words)];
}

let turn = 0;
async function predict() {
  const text = input.value, mine = ++turn;
  const body = JSON.stringify({ rows: [{ [model.column]: text }] });
  $("curl").textContent = `curl -s ${location.origin}/predict -H 'Content-Type: application/json' \\\n  -d '${body.replaceAll("'", "'\\''")}'`;
  $("answer").setAttribute("aria-busy", "true");
  let shown;
  try {
    const response = await fetch("/predict", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    const reply = await response.json();
    if (mine !== turn) return;
    $("reply").textContent = JSON.stringify(reply, null, 1);
    shown = response.ok ? show(text, reply) : problem(reply.error);
  } catch (error) {
    if (mine !== turn) return;
    shown = [make("p", { class: "wrong" }, "The service does not answer. Is it still running?")];
  }
  $("result").replaceChildren(...shown);
  $("answer").setAttribute("aria-busy", "false");
}

let waiting;
input.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(predict, 350); });
$("form").addEventListener("submit", (event) => { event.preventDefault(); predict(); });
input.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) predict(); });
$("example").addEventListener("click", () => { input.value = model.example[model.column] ?? ""; predict(); });
$("clear").addEventListener("click", () => { input.value = ""; $("result").replaceChildren(make("p", { class: "muted" }, "Write a text and press Mark.")); input.focus(); });
for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText($(button.dataset.of).textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}
input.value = model.example[model.column] ?? "";
predict();
