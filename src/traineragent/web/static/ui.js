// The page's behaviour: parts that follow the run, buttons that ask for something, the clock, the colours.
// All HTML comes from the server, escaped there; nothing here makes HTML from data.
import { uploads } from "./upload.js";

const main = document.getElementById("main");
const lost = document.getElementById("lost");
const news = document.getElementById("news");
let told = document.querySelector(".banner strong")?.textContent ?? "";
const BUSY_MS = 1000;
const CALM_MS = 4000;
const plainTitle = document.title;

// ---------------------------------------------------------------------------------------------- parts that follow
const feeds = (main.dataset.live ?? "").split(" ").filter(Boolean).map((address) => ({ address, version: "" }));
const shown = new Map();
for (const place of document.querySelectorAll("[data-part]")) shown.set(place.dataset.part, null);

// What a person has opened, typed or chosen in a place stays when the place is shown anew, and so does the focus.
function exchange(place, html) {
  const open = new Set([...place.querySelectorAll("details[open] > summary")].map((s) => s.textContent));
  const typed = [...place.querySelectorAll("input, textarea")].filter((f) => (f.type === "radio" ? f.checked : f.value !== f.defaultValue));
  const focused = place.contains(document.activeElement) ? document.activeElement : null;
  const at = focused?.selectionStart;
  place.innerHTML = html;
  for (const summary of place.querySelectorAll("details > summary")) if (open.has(summary.textContent)) summary.parentElement.open = true;
  const twin = (old) => [...place.querySelectorAll(old.tagName)].find((one) => ["id", "name", "type", "textContent"].every((k) => one[k] === old[k]) && one.dataset.post === old.dataset.post && (old.type !== "radio" || one.value === old.value));
  for (const old of typed) {
    const one = twin(old);
    if (!one) continue;
    if (old.type === "radio") one.checked = true;
    else one.value = old.value;
  }
  const next = focused && twin(focused);
  next?.focus({ preventScroll: true });
  if (next && at !== null && at !== undefined) next.setSelectionRange?.(at, at);
}

function take(parts) {
  for (const [name, html] of Object.entries(parts)) {
    const place = document.querySelector(`[data-part="${name}"]`);
    if (!place || shown.get(name) === html) continue;
    shown.set(name, html);
    if (place.innerHTML.trim() !== html.trim()) exchange(place, html);
  }
  clocks();
  const sign = document.querySelector("[data-sign]")?.dataset.sign;
  document.title = sign ? `${sign} ${plainTitle}` : plainTitle;
  const words = document.querySelector(".banner strong")?.textContent ?? "";
  if (words !== told) news.textContent = told = words; // said to who cannot see the banner change
}

async function follow(feed) {
  const answer = await fetch(`${feed.address}?version=${encodeURIComponent(feed.version)}`, { headers: { Accept: "application/json" } });
  if (answer.status === 204) return;
  if (answer.status === 401) throw new Error("stranger");
  if (!answer.ok) throw new Error((await answer.json()).error);
  const news = await answer.json();
  feed.version = news.version;
  take(news.parts);
}

let waiting = 0;
let following = null;
async function look() {
  clearTimeout(waiting);
  if (following) return following;
  following = (async () => {
    try {
      for (const feed of feeds) await follow(feed);
      lost.hidden = true;
    } catch (problem) {
      lost.textContent =
        problem.message === "stranger"
          ? "The page was started anew. Open the address that traineragent ui printed."
          : problem instanceof TypeError
            ? "The program behind this page does not answer. Runs go on or can be gone on with: start traineragent ui again."
            : problem.message;
      lost.hidden = false;
    }
  })();
  await following;
  following = null;
  if (feeds.length && !document.hidden) waiting = setTimeout(look, document.querySelector("[data-busy]") ? BUSY_MS : CALM_MS);
}
document.addEventListener("visibilitychange", () => !document.hidden && look());

// ------------------------------------------------------------------------------------------------------- the clock
function duration(seconds) {
  if (seconds < 9.95) return `${Math.max(seconds, 0).toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (n) => String(n).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

function clocks() {
  for (const clock of document.querySelectorAll(".clock[data-running]")) {
    clock.began ??= performance.now();
    const used = Number(clock.dataset.used) + (performance.now() - clock.began) / 1000;
    const budget = Number(clock.dataset.budget ?? 0);
    clock.querySelector(".used").textContent = duration(used);
    if (!budget) continue;
    clock.querySelector(".left").textContent = duration(Math.max(budget - used, 0));
    clock.querySelector("progress").value = Math.min(used, budget);
  }
}
setInterval(clocks, 1000);

// ------------------------------------------------------------------------------------------------------- asking for
export async function ask(address, body = {}, method = "POST") {
  let answer;
  try {
    answer = await fetch(address, { method, headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify(body) });
  } catch {
    throw new Error("The program behind this page does not answer; start traineragent ui again.");
  }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.error ?? `The page answered with ${answer.status}.`);
  return said;
}

function sayAt(element, words) {
  const place = element.closest(".row, form, .banner")?.querySelector(".said") ?? element.closest("form")?.querySelector(".said");
  if (place) place.textContent = words;
  else if (words) {
    lost.textContent = words;
    lost.hidden = false;
  }
}

async function act(button, address, body) {
  const words = button.textContent;
  button.disabled = true;
  if (button.dataset.wait) button.textContent = button.dataset.wait;
  sayAt(button, "");
  try {
    const said = await ask(address, body);
    if (said.go) location.assign(said.go);
    else {
      await look();
      await look();
    }
  } catch (problem) {
    sayAt(button, problem.message);
  } finally {
    button.disabled = false;
    if (button.isConnected && button.dataset.wait) button.textContent = words;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.words) {
    const field = button.closest("form").querySelector("textarea");
    field.value = button.dataset.words;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  } else if (button.dataset.post) act(button, button.dataset.post, button.dataset.body ? JSON.parse(button.dataset.body) : {});
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.post) {
    event.preventDefault();
    act(event.submitter ?? form.querySelector("button"), form.dataset.post, Object.fromEntries(new FormData(form)));
  } else if (form.dataset.draft) {
    event.preventDefault();
    send(form, event.submitter ?? form.querySelector("[data-to=plan]"));
  }
});

// ------------------------------------------------------------------------------------------------------- the request
const request = document.querySelector("form[data-draft]");
const home = request ? `/drafts/${request.dataset.draft}` : "";
let keeping = 0;

function settle() {
  if (location.pathname !== home) history.replaceState(null, "", home);
}

// Answers stand outside the form: they are sent where they are meant, and not with every change of the words.
function typed(answers = false) {
  return Object.fromEntries([...new FormData(request)].filter(([name]) => answers || !/^(choice|own):/.test(name)));
}

async function keep() {
  clearTimeout(keeping);
  try {
    await ask(home, typed());
    settle();
    sayAt(request.querySelector(".actions button"), "");
  } catch (problem) {
    sayAt(request.querySelector(".actions button"), problem.message);
  }
}

async function send(form, button) {
  clearTimeout(keeping);
  await sent;
  await act(button, `${home}/${button.dataset.to}`, typed(!form.contains(button)));
  settle();
  document.querySelector('[data-part="understood"] > *')?.scrollIntoView({ block: "nearest" });
}

let sent = Promise.resolve();
if (request) {
  request.addEventListener("input", (event) => {
    if (event.target.type === "file") return;
    clearTimeout(keeping);
    keeping = setTimeout(keep, 700);
  });
  request.querySelector("#words").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) request.requestSubmit(request.querySelector("[data-to=plan]"));
  });
  uploads(request, home, (work) => {
    sent = work.finally(() => {
      settle();
      return look();
    });
  });
}

// ------------------------------------------------------------------------------------------------------- the colours
for (const choice of document.querySelectorAll('input[name="theme"]')) {
  if (localStorage.getItem("theme") === choice.id) choice.checked = true;
  choice.addEventListener("change", () => localStorage.setItem("theme", choice.id));
}

for (const time of document.querySelectorAll("time[datetime]")) time.title = time.dateTime;
look();
