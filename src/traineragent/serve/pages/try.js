"use strict";
const model = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children);
  return node;
};
const short = (n) => Math.abs(n) >= 1e7 || (n !== 0 && Math.abs(n) < 1e-3) ? n.toExponential(3)
  : n.toLocaleString("en", { maximumFractionDigits: Math.abs(n) >= 1000 ? 0 : Math.abs(n) >= 10 ? 2 : 4 });
const percent = (p) => p > 0.9995 && p < 1 ? ">99.9 %" : p < 0.0005 && p > 0 ? "<0.1 %" : `${(100 * p).toFixed(1)} %`;

$("headline").textContent = `Predict ${model.target}`;
const pictured = model.columns.some((c) => c.kind === "image");
const worded = model.columns.every((c) => c.kind === "text");
const seen = model.kind === "class" ? "how likely each answer is" : "the predicted value";
$("subline").textContent = pictured ? `Drop a picture, choose one or paste one, and see ${seen}.`
  : worded ? `Type a text and see ${seen}.`
  : `Change the row and see ${seen}. Every field starts with a typical value.`;

const UNKNOWN = "\u0000unknown";
const inputs = new Map();

const range = ({ low, high, years }) => years ? `${low} – ${high}` : `${short(low)} – ${short(high)}`;

function hint(column) {
  if (column.kind === "number" && column.low !== null && column.high !== null) return `${range(column)} in training`;
  if (column.kind === "date") return `written like ${column.formats.join(" or ")}`;
  return "";
}

function control(column, id) {
  const shared = { id, name: column.name, "aria-describedby": `${id}-hint`, autocomplete: "off" };
  if (column.kind === "text") return make("textarea", { ...shared, rows: 4 });
  if (column.kind === "image") return make("input", { ...shared, type: "hidden" });
  if (column.kind === "boolean" || (column.kind === "category" && column.categories.length <= 60)) {
    const values = column.kind === "boolean" ? (column.words.length ? column.words : ["true", "false"]) : column.categories;
    const select = make("select", shared, ...values.map((v) => make("option", { value: v }, v || "(blank)")));
    select.append(make("option", { value: UNKNOWN }, "— not known —"));
    return select;
  }
  const input = make("input", { ...shared, type: "text", placeholder: column.nullable ? "not known" : "" });
  if (column.kind === "number") input.inputMode = "decimal";
  if (column.kind === "category") {
    input.setAttribute("list", `${id}-list`);
  }
  return input;
}

model.columns.forEach((column, i) => {
  const id = `field-${i}`;
  const input = control(column, id);
  const field = make("div", { class: ["text", "image"].includes(column.kind) ? "field wide" : "field" },
    make("label", { for: column.kind === "image" ? `${id}-file` : id }, column.name), input);
  if (column.kind === "image") field.append(dropped(input, id));
  if (input.getAttribute("list")) field.append(make("datalist", { id: `${id}-list` }, ...column.categories.map((v) => make("option", { value: v }))));
  field.append(make("small", { id: `${id}-hint` }, hint(column)));
  $("fields").append(field);
  inputs.set(column.name, { column, input, field, hint: field.querySelector("small") });
});

// A place for a picture: dropped, chosen or pasted. The input beside it holds the file's bytes as base64.
function dropped(input, id) {
  const file = make("input", { id: `${id}-file`, type: "file", accept: "image/*" });
  const view = make("img", { alt: "", hidden: true });
  const words = make("span", {}, "Drop a picture here, or click to choose one");
  const place = make("label", { class: "drop", for: `${id}-file` }, view, words, file);
  const show = () => {
    view.hidden = input.value === "";
    view.src = input.value === "" ? "" : `data:image;base64,${input.value}`;
    words.textContent = input.value === "" ? "Drop a picture here, or click to choose one" : "Another picture: drop it here, or click";
  };
  const take = (chosen) => {
    if (!chosen) return;
    const reader = new FileReader();
    reader.onload = () => {
      input.value = String(reader.result).split(",")[1] ?? "";
      show();
      predict();
    };
    reader.readAsDataURL(chosen);
  };
  file.addEventListener("change", (event) => { event.stopPropagation(); take(file.files[0]); file.value = ""; });
  for (const kind of ["dragenter", "dragover"]) place.addEventListener(kind, (event) => { event.preventDefault(); place.classList.add("over"); });
  for (const kind of ["dragleave", "drop"]) place.addEventListener(kind, (event) => { event.preventDefault(); place.classList.remove("over"); });
  place.addEventListener("drop", (event) => take(event.dataTransfer.files[0]));
  document.addEventListener("paste", (event) => { if (event.clipboardData.files.length) take(event.clipboardData.files[0]); });
  input.addEventListener("filled", show);
  return place;
}

function fill(row) {
  for (const { column, input } of inputs.values()) {
    const value = row[column.name];
    if (input.tagName === "SELECT") {
      const text = value === null || value === undefined ? UNKNOWN : String(value);
      const known = [...input.options].some((o) => o.value === text);
      input.value = known ? text : [...input.options].find((o) => o.value.toLowerCase() === text.toLowerCase())?.value ?? UNKNOWN;
    } else input.value = value === null || value === undefined ? "" : String(value);
    input.dispatchEvent(new Event("filled"));
  }
}

// The body as a shell would send it: a picture is read from its file there.
function asCommand(body, row) {
  let text = body.replaceAll("'", "'\\''");
  for (const { column } of inputs.values()) {
    if (column.kind === "image" && row[column.name]) text = text.replace(row[column.name], `'"$(base64 < picture.jpg | tr -d '\\n')"'`);
  }
  return text;
}

function read() {
  const row = {};
  for (const { column, input } of inputs.values()) {
    const text = input.value;
    if (text === UNKNOWN || (column.kind !== "text" && text.trim() === "")) row[column.name] = null;
    else if (column.kind === "number" && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim())) row[column.name] = Number(text);
    else row[column.name] = text;
  }
  return row;
}

function notes(row) {
  for (const { column, field, hint: small } of inputs.values()) {
    const value = row[column.name];
    let note = "";
    if (value === null && !column.nullable) note = "never empty in training";
    else if (column.kind === "number" && typeof value === "number" && column.low !== null && (value < column.low || value > column.high)) note = `outside what training saw (${range(column)})`;
    else if (column.kind === "category" && value !== null && !column.categories.includes(String(value))) note = "not seen in training";
    field.classList.remove("bad");
    small.classList.toggle("note", note !== "");
    small.textContent = note || hint(column);
  }
}

function showClasses(prediction) {
  const entries = Object.entries(prediction.probabilities).sort((a, b) => b[1] - a[1]);
  const several = Array.isArray(prediction.labels);
  const chosen = several ? undefined : entries.find(([k]) => k === String(prediction.label))?.[0]
    ?? entries.find(([k]) => k.toLowerCase() === String(prediction.label).toLowerCase())?.[0];
  const called = new Set(several ? prediction.labels.map(String) : [chosen]);
  const shown = entries.slice(0, Math.max(8, called.size));
  const bars = make("ul", { class: "bars" }, ...shown.map(([name, p]) => {
    const fill = make("div", { class: "fill" });
    fill.style.width = `${Math.max(100 * p, 0.6)}%`;
    return make("li", { class: called.has(name) ? "chosen" : null },
      make("span", { class: "name" }, name), make("span", { class: "share" }, percent(p)),
      make("div", { class: "track", "aria-hidden": "true" }, fill));
  }));
  const out = [make("p", { class: "big" }, several ? prediction.labels.join(", ") || "none of the labels" : String(prediction.label)),
    make("p", { class: "sub" }, several ? model.target : `${model.target}, with probability ${percent(prediction.probabilities[chosen] ?? 0)}`), bars];
  if (entries.length > shown.length) out.push(make("p", { class: "warn" }, `and ${entries.length - shown.length} less likely`));
  if (prediction.familiarity !== undefined) out.push(familiar(prediction.familiarity));
  return out;
}

const STRANGE = 0.05; // so many texts like those of training seem stranger
function familiar(share) {
  const count = share < 0.01 ? "fewer than 1" : `${Math.round(100 * share)}`;
  const words = `Of 100 texts like those of training, ${count} ${count === "1" ? "was" : "were"} answered with no more certainty.`;
  return share < STRANGE ? make("p", { class: "wrong" }, `Perhaps none of these. ${words}`) : make("p", { class: "sub" }, words);
}

function showValue(prediction) {
  const unit = model.unit ? ` ${model.unit}` : "";
  const out = [make("p", { class: "big" }, short(prediction.value) + unit), make("p", { class: "sub" }, model.target)];
  if (prediction.interval) {
    const [low, high] = prediction.interval;
    const width = high - low || 1;
    const at = (v) => `${10 + 80 * (v - low) / width}%`;
    const span = make("div", { class: "span" }), dot = make("div", { class: "dot" });
    span.style.left = at(low); span.style.right = "10%"; dot.style.left = at(prediction.value);
    out.push(make("div", { class: "range" }, make("div", { class: "track", "aria-hidden": "true" }, span, dot),
      make("div", { class: "ends" }, make("span", {}, short(low) + unit), make("span", {}, short(high) + unit))),
      make("p", { class: "sub" }, `The true value lies in this range in ${Math.round(100 * model.coverage)} of 100 cases.`));
  }
  return out;
}

function showProblem(problem) {
  const column = problem.column && inputs.get(problem.column);
  if (column?.column.kind === "number") problem.fix = "write a number, or leave it empty if it is not known";
  const words = problem.message ? `${problem.message}. ${problem.fix}.`
    : `${problem.column ? `${problem.column}: ` : ""}expected ${problem.expected}, got ${problem.got === "" ? "nothing" : `“${problem.got}”`}; ${problem.fix}.`;
  if (column) {
    column.field.classList.add("bad");
    column.hint.textContent = `expected ${problem.expected}; ${problem.fix}`;
    column.input.setAttribute("aria-invalid", "true");
    column.input.focus();
  }
  return [make("p", { class: "wrong" }, words)];
}

if (worded) document.querySelector(".hint").textContent = "or press Ctrl + Enter";

let turn = 0;
async function predict() {
  const row = read(), mine = ++turn;
  notes(row);
  for (const { input } of inputs.values()) input.removeAttribute("aria-invalid");
  const body = JSON.stringify({ rows: [row] });
  $("curl").textContent = `curl -s ${location.origin}/predict -H 'Content-Type: application/json' \\\n  -d '${asCommand(body, row)}'`;
  $("answer").setAttribute("aria-busy", "true");
  let shown;
  try {
    const response = await fetch("/predict", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    const reply = await response.json();
    if (mine !== turn) return;
    $("reply").textContent = JSON.stringify(reply, null, 1);
    if (response.ok) {
      shown = "probabilities" in reply.predictions[0] ? showClasses(reply.predictions[0]) : showValue(reply.predictions[0]);
      for (const warning of reply.warnings ?? []) shown.push(make("p", { class: "warn" }, warning));
      shown.push(make("p", { class: "warn" }, `Answered by ${reply.model}, version ${reply.version}.`));
    } else shown = showProblem(reply.error);
  } catch (error) {
    if (mine !== turn) return;
    shown = [make("p", { class: "wrong" }, "The service does not answer. Is it still running?")];
  }
  $("result").replaceChildren(...shown);
  $("answer").setAttribute("aria-busy", "false");
}

$("form").addEventListener("submit", (event) => { event.preventDefault(); predict(); });
$("form").addEventListener("change", predict);
$("form").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.tagName === "TEXTAREA" && (event.ctrlKey || event.metaKey)) predict();
});
$("example").addEventListener("click", () => { fill(model.example); predict(); });
$("clear").addEventListener("click", () => { fill({}); notes(read()); $("result").replaceChildren(make("p", { class: "muted" }, "Fill in the row and press Predict.")); });
for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText($(button.dataset.of).textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}
if (pictured) {
  $("result").replaceChildren(make("p", { class: "muted" }, "Drop a picture to see what the model makes of it."));
  fill(Object.fromEntries(model.columns.filter((c) => c.kind !== "image").map((c) => [c.name, model.example[c.name]])));
} else {
  fill(model.example);
  predict();
}
