"use strict";
const model = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const make = (tag, attributes = {}, ...children) => {
  const node = ["svg", "rect", "image"].includes(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
};

$("headline").textContent = "Find what a phrase describes";
$("subline").textContent = "Drop a picture, say what to find in it, and see the box.";
const known = model.known.slice(0, 16).join(", ");
$("phrase-hint").textContent = `things are known by ${known}${model.known.length > 16 ? ", …" : ""}`;
$("phrase").value = model.example.phrase ?? "";

let picture = model.example.image ?? "";
let turn = 0;

function show() {
  $("view").hidden = picture === "";
  $("view").src = picture === "" ? "" : `data:image;base64,${picture}`;
  $("words").textContent = picture === "" ? "Drop a picture here, or click to choose one" : "Another picture: drop it here, or click";
}

function take(chosen) {
  if (!chosen) return;
  const reader = new FileReader();
  reader.onload = () => {
    picture = String(reader.result).split(",")[1] ?? "";
    show();
    find();
  };
  reader.readAsDataURL(chosen);
}

function boxed(prediction, width, height) {
  const [x0, y0, x1, y1] = prediction.box;
  const thick = Math.max(width, height) / 150;
  const frame = { x: x0, y: y0, width: Math.max(x1 - x0, 1), height: Math.max(y1 - y0, 1), fill: "none" };
  return make("svg", { viewBox: `0 0 ${width} ${height}`, class: "boxed", role: "img", "aria-label": `${$("phrase").value}: a box from ${x0}, ${y0} to ${x1}, ${y1}` },
    make("image", { href: `data:image;base64,${picture}`, width, height }),
    make("rect", { ...frame, stroke: "#141414", "stroke-width": 2 * thick, opacity: "0.7" }),
    make("rect", { ...frame, stroke: "#ff8c00", "stroke-width": thick }));
}

async function sized() {
  const seen = new Image();
  seen.src = `data:image;base64,${picture}`;
  await seen.decode();
  return [seen.naturalWidth, seen.naturalHeight];
}

async function find() {
  const mine = ++turn;
  const row = { image: picture, phrase: $("phrase").value };
  const phrase = JSON.stringify(row.phrase).replaceAll("'", "'\\''");
  $("curl").textContent = `curl -s ${location.origin}/predict -H 'Content-Type: application/json' \\\n  -d '{"rows": [{"phrase": ${phrase}, "image": "'"$(base64 < picture.jpg | tr -d '\\n')"'"}]}'`;
  if (picture === "" || row.phrase.trim() === "") return;
  $("answer").setAttribute("aria-busy", "true");
  let shown;
  try {
    const response = await fetch("/predict", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ rows: [row] }),
    });
    const reply = await response.json();
    if (response.ok) {
      const [width, height] = await sized();
      const found = reply.predictions[0];
      shown = [boxed(found, width, height),
        make("p", {}, `Score ${found.score.toFixed(3)}, box ${found.box.join(", ")}`),
        ...(reply.warnings ?? []).map((w) => make("p", { class: "warn" }, w)),
        make("p", { class: "muted" }, `Found by ${reply.model}, version ${reply.version}.`)];
    } else {
      const e = reply.error;
      shown = [make("p", { class: "wrong" }, e.message ? `${e.message}. ${e.fix}.` : `Expected ${e.expected}, got ${e.got}; ${e.fix}.`)];
    }
  } catch (error) {
    shown = [make("p", { class: "wrong" }, "The service does not answer. Is it still running?")];
  }
  if (mine !== turn) return;
  $("result").replaceChildren(...shown);
  $("answer").setAttribute("aria-busy", "false");
}

$("file").addEventListener("change", () => { take($("file").files[0]); $("file").value = ""; });
for (const kind of ["dragenter", "dragover"]) $("drop").addEventListener(kind, (event) => { event.preventDefault(); $("drop").classList.add("over"); });
for (const kind of ["dragleave", "drop"]) $("drop").addEventListener(kind, (event) => { event.preventDefault(); $("drop").classList.remove("over"); });
$("drop").addEventListener("drop", (event) => take(event.dataTransfer.files[0]));
document.addEventListener("paste", (event) => { if (event.clipboardData.files.length) take(event.clipboardData.files[0]); });
$("form").addEventListener("submit", (event) => { event.preventDefault(); find(); });
for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText($(button.dataset.of).textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}
show();
find();
