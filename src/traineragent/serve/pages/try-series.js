"use strict";
const model = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const make = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const draw = (tag, attributes = {}, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value);
  node.append(...children);
  return node;
}
const short = (n) => Math.abs(n) >= 1e7 || (n !== 0 && Math.abs(n) < 1e-3) ? n.toExponential(3)
  : n.toLocaleString("en", { maximumFractionDigits: Math.abs(n) >= 1000 ? 0 : Math.abs(n) >= 10 ? 2 : 4 });
const many = model.key_names.length > 0;
const steps = (n) => `${n.toLocaleString("en")} ${model.step}${n === 1 ? "" : "s"}`;

$("headline").textContent = `Forecast ${model.target}`;
$("subline").textContent = `By the ${model.step}. It was made and measured for ${steps(model.horizon)} ahead; forecasts go on from the newest values it knows.`;
$("label-horizon").textContent = `How many ${model.step}s ahead`;
$("hint-horizon").textContent = `1 to ${model.most.toLocaleString("en")}`;
$("horizon").value = model.horizon;
$("field-series").hidden = !many;
if (many) {
  $("label-series").textContent = model.key_names.join(" / ");
  $("hint-series").textContent = `${model.series.length.toLocaleString("en")} are known`;
  $("known").append(...model.series.map((s) => make("option", { value: s.key })));
  $("series").value = model.series[0].key;
}

const ahead = model.known_ahead ?? [];
$("field-future").hidden = !ahead.length;
if (ahead.length) {
  const first = ahead[0], example = `${first.name}=${[first.typical, first.typical, first.typical].join(" ")}`;
  $("hint-future").textContent = `${ahead.map((c) => `${c.name} (${c.expected})`).join(", ")}: one value a ${model.step}, for example ${example}; several parted by ";"; may stay empty`;
}
function future() {
  const text = $("future").value.trim();
  if (!text) return undefined;
  const named = text.split(";").map((part) => part.includes("=") ? part.split("=") : [ahead[0].name, part]);
  const columns = named.map(([name, values]) => [name.trim(), values.trim().split(/\s+/).map((t) => (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(t) ? Number(t) : t))]);
  const most = Math.max(...columns.map(([, values]) => values.length));
  return Array.from({ length: most }, (_, i) => Object.fromEntries(columns.filter(([, v]) => i < v.length).map(([name, v]) => [name, v[i]])));
}

const chosen = () => Math.max(0, model.series.findIndex((s) => s.key === $("series").value));
const known = () => model.histories[many ? chosen() : 0];
function tellHistory() {
  const past = known();
  $("hint-history").textContent = past ? `what came after ${past.last}, in order, separated by blanks; may stay empty` : "in order, separated by blanks; may stay empty";
}

function row() {
  const out = {}, text = $("horizon").value.trim();
  if (text !== "") out.horizon = /^\d+$/.test(text) ? Number(text) : text;
  if (many) out.series = model.series.find((s) => s.key === $("series").value)?.value ?? $("series").value;
  const newer = $("history").value.trim();
  if (newer) out.history = newer.split(/[\s;]+/).map((t) => (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(t) ? Number(t) : t));
  const known = ahead.length ? future() : undefined;
  if (known) out.future = known;
  return out;
}

function ticks(low, high, about) {
  const raw = (high - low || 1) / about, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999);
  const out = [];
  for (let v = Math.ceil(low / step - 1e-9) * step; v <= high + 1e-9 * step; v += step) out.push(v);
  return out;
}

function chart(past, said) {
  const wide = 760, high = 320, left = 58, right = 14, top = 14, bottom = 34;
  const count = past.length + said.values.length, all = [...past, ...said.values, ...(said.interval ?? []).flat()];
  let low = Math.min(...all), most = Math.max(...all);
  const pad = 0.05 * (most - low || Math.abs(most) || 1);
  low = low >= 0 && low - pad < 0 ? 0 : low - pad; most += pad;
  const x = (i) => left + (wide - left - right) * (count > 1 ? i / (count - 1) : 0.5);
  const y = (v) => top + (high - top - bottom) * (1 - (v - low) / (most - low));
  const line = (values, from) => values.map((v, i) => `${i ? "L" : "M"}${x(from + i).toFixed(1)},${y(v).toFixed(1)}`).join("");
  const label = `${model.target}: ${past.length} known values, then the forecast of ${said.values.length}`;
  const svg = draw("svg", { class: "forecast", viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": label });
  for (const v of ticks(low, most, 5)) {
    svg.append(draw("line", { class: "grid", x1: left, x2: wide - right, y1: y(v), y2: y(v) }), draw("text", { x: left - 8, y: y(v) + 4, "text-anchor": "end" }, short(v)));
  }
  const n = past.length;
  if (said.interval) {
    const up = said.interval.map((b) => b[1]), down = said.interval.map((b) => b[0]);
    const start = n ? [past[n - 1]] : [], from = n ? n - 1 : 0;
    const back = [...start, ...down].map((v, i) => [from + i, v]).reverse().map(([i, v]) => `L${x(i).toFixed(1)},${y(v).toFixed(1)}`).join("");
    svg.append(draw("path", { class: "band", d: `${line([...start, ...up], from)}${back}Z` }));
  }
  svg.append(draw("path", { class: "past", d: line(past, 0) }));
  svg.append(draw("path", { class: "said", d: line([...(n ? [past[n - 1]] : []), ...said.values], n ? n - 1 : 0) }));
  if (n) svg.append(draw("line", { class: "now", x1: x(n - 0.5), x2: x(n - 0.5), y1: top, y2: high - bottom }));
  const marks = [[n ? n : 0, said.times[0], "middle"], [count - 1, said.times.at(-1), "end"]];
  if (n && past === known()?.values) marks.unshift([0, known().first, "start"]);
  for (const [i, words, anchor] of marks) svg.append(draw("text", { x: x(i), y: high - 12, "text-anchor": anchor }, words));
  said.values.forEach((v, i) => {
    const words = `${said.times[i]}: ${short(v)}${said.interval ? ` (${short(said.interval[i][0])} to ${short(said.interval[i][1])})` : ""}`;
    svg.append(draw("circle", { class: "spot", cx: x(n + i), cy: y(v), r: said.values.length > 60 ? 3 : 4 }, draw("title", {}, words)));
  });
  return svg;
}

function show(said) {
  const newer = row().history ?? [], base = known()?.values ?? [];
  const numbers = newer.filter((v) => typeof v === "number");
  const past = newer.length ? [...base, ...numbers] : base;
  const unit = model.unit ? ` ${model.unit}` : "", last = said.values.length - 1;
  const out = [chart(past.length && newer.length === 0 ? base : past, said),
    make("p", { class: "sub" }, `${said.times[last]}: ${short(said.values[last])}${unit}${said.interval ? `, between ${short(said.interval[last][0])} and ${short(said.interval[last][1])}` : ""}.`)];
  if (said.interval) out.push(make("p", { class: "warn" }, `The band holds the true value in ${Math.round(100 * model.coverage)} of 100 cases, as far as the past tells.`));
  const head = make("tr", {}, make("th", { scope: "col" }, "When"), make("th", { scope: "col", class: "right" }, model.target), ...(said.interval ? ["Low", "High"].map((t) => make("th", { scope: "col", class: "right" }, t)) : []));
  const rows = said.values.map((v, i) => make("tr", {}, make("td", {}, said.times[i]), ...[v, ...(said.interval?.[i] ?? [])].map((n) => make("td", { class: "right" }, short(n)))));
  $("numbers").replaceChildren(make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
  return out;
}

function problem(p) {
  const field = p.column && ($(`field-${p.column}`) ?? (ahead.some((c) => c.name === p.column) && $("field-future")));
  if (field) {
    field.classList.add("bad");
    field.querySelector("input").setAttribute("aria-invalid", "true");
    field.querySelector("input").focus();
  }
  $("numbers").replaceChildren();
  return [make("p", { class: "wrong" }, p.message ? `${p.message}. ${p.fix}.` : `${p.column ? `${p.column}: ` : ""}expected ${p.expected}, got ${p.got === "nothing" ? "nothing" : `“${p.got}”`}; ${p.fix}.`)];
}

let turn = 0;
async function forecast() {
  const mine = ++turn, body = JSON.stringify({ rows: [row()] });
  tellHistory();
  for (const field of document.querySelectorAll(".field")) {
    field.classList.remove("bad");
    field.querySelector("input").removeAttribute("aria-invalid");
  }
  $("curl").textContent = `curl -s ${location.origin}/predict -H 'Content-Type: application/json' \\\n  -d '${body.replaceAll("'", "'\\''")}'`;
  $("answer").setAttribute("aria-busy", "true");
  let shown;
  try {
    const response = await fetch("/predict", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    const reply = await response.json();
    if (mine !== turn) return;
    $("reply").textContent = JSON.stringify(reply, null, 1);
    if (response.ok) {
      shown = show(reply.predictions[0]);
      for (const warning of reply.warnings ?? []) shown.push(make("p", { class: "warn" }, warning));
      shown.push(make("p", { class: "warn" }, `Answered by ${reply.model}, version ${reply.version}.`));
    } else shown = problem(reply.error);
  } catch (error) {
    if (mine !== turn) return;
    shown = [make("p", { class: "wrong" }, "The service does not answer. Is it still running?")];
  }
  $("result").replaceChildren(...shown);
  $("answer").setAttribute("aria-busy", "false");
}

$("form").addEventListener("submit", (event) => { event.preventDefault(); forecast(); });
$("form").addEventListener("change", forecast);
for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText($(button.dataset.of).textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}
forecast();
