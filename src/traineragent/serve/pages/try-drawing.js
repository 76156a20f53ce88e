"use strict";
const model = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
};

$("headline").textContent = "Draw pictures";
$("subline").textContent = `New pictures of ${model.width} × ${model.height} pixels. The same seed draws the same picture.`;
$("names").append(...model.names.map((name) => make("option", { value: name })));
$("prompt-hint").textContent = `such as ${model.names.slice(0, 12).join(", ")}${model.names.length > 12 ? ", …" : ""}`;
$("prompt").value = model.example.prompt ?? model.names[0];

let turn = 0;
async function drawn() {
  const mine = ++turn, count = Number($("count").value), first = $("seed").value.trim();
  const rows = Array.from({ length: count }, (_, i) => ({
    prompt: $("prompt").value, ...(/^\d+$/.test(first) ? { seed: Number(first) + i } : {}),
  }));
  const one = JSON.stringify({ rows: rows.slice(0, 1) });
  $("curl").textContent = `curl -s ${location.origin}/predict -H 'Content-Type: application/json' \\\n  -d '${one.replaceAll("'", "'\\''")}'`;
  $("answer").setAttribute("aria-busy", "true");
  let shown;
  try {
    const response = await fetch("/predict", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ rows }),
    });
    const reply = await response.json();
    if (mine !== turn) return;
    if (response.ok) {
      const size = count === 1 ? 256 : 96;
      const pictures = reply.predictions.map((p) => make("img", {
        src: `data:image/png;base64,${p.image}`, width: size, height: Math.round(size * model.height / model.width),
        alt: `${rows[0].prompt}, seed ${p.seed}`, title: `seed ${p.seed}`, class: "drawn",
      }));
      shown = [make("div", { class: "pictures" }, ...pictures),
        make("p", { class: "warn" }, `Drawn by ${reply.model}, version ${reply.version}.`)];
    } else {
      const e = reply.error;
      shown = [make("p", { class: "wrong" }, e.message ? `${e.message}. ${e.fix}.` : `Expected ${e.expected}, got ${e.got}; ${e.fix}.`)];
    }
  } catch (error) {
    if (mine !== turn) return;
    shown = [make("p", { class: "wrong" }, "The service does not answer. Is it still running?")];
  }
  $("result").replaceChildren(...shown);
  $("answer").setAttribute("aria-busy", "false");
}

$("form").addEventListener("submit", (event) => { event.preventDefault(); drawn(); });
for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText($(button.dataset.of).textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}
drawn();
