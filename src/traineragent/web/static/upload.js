// Files and whole folders, chosen or dropped, sent one a request as raw bytes, a few at a time, with progress.
// What is sent under which name is checked on the other side.
const AT_ONCE = 3;
const NOISE = /^(\..*|thumbs\.db|desktop\.ini|__macosx)$/i; // what systems leave in folders, and nobody means

export function uploads(form, home, begun) {
  const drop = form.querySelector("#drop");
  const box = form.querySelector("#sending");
  const bar = form.querySelector("#sent");
  const words = form.querySelector("#sent-words");
  let running = null;

  for (const kind of ["files", "folder"]) {
    const input = form.querySelector(`#pick-${kind}`);
    form.querySelector(`[data-pick=${kind}]`).addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      begin([...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name })));
      input.value = "";
    });
  }
  form.querySelector("#unsend").addEventListener("click", () => running?.cancel());
  let depth = 0;
  drop.addEventListener("dragenter", (event) => { event.preventDefault(); depth += 1; drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => { depth -= 1; if (depth <= 0) drop.classList.remove("over"); });
  drop.addEventListener("drop", () => { depth = 0; drop.classList.remove("over"); });
  for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => event.preventDefault()); // a miss must not leave the page
  drop.addEventListener("drop", async (event) => {
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    begin(entries.length ? (await Promise.all(entries.map((entry) => within(entry, "")))).flat() : [...event.dataTransfer.files].map((file) => ({ file, path: file.name })));
  });

  function begin(found) {
    const wanted = found.filter(({ path }) => !path.split("/").some((part) => NOISE.test(part)));
    if (!wanted.length) return;
    const before = running?.done ?? Promise.resolve();
    running = transfer(wanted, before);
    begun(running.done);
  }

  function transfer(files, before) {
    const total = files.reduce((sum, { file }) => sum + file.size, 0);
    const open = new Set();
    let whole = 0, count = 0, stopped = false, problem = "", last = 0;

    function show(now = false) {
      if (!now && performance.now() - last < 120) return;
      last = performance.now();
      const bytes = whole + [...open].reduce((sum, request) => sum + (request.sentBytes ?? 0), 0);
      bar.max = Math.max(total, 1);
      bar.value = bytes;
      words.textContent = problem || `${count.toLocaleString()} of ${files.length.toLocaleString()} ${files.length === 1 ? "file" : "files"}, ${megabytes(bytes)} of ${megabytes(total)}`;
    }

    function one({ file, path }) {
      return new Promise((resolve) => {
        const request = new XMLHttpRequest();
        open.add(request);
        request.open("PUT", `${home}/files?path=${encodeURIComponent(path)}`);
        request.upload.addEventListener("progress", (event) => { request.sentBytes = event.loaded; show(); });
        request.addEventListener("loadend", () => {
          open.delete(request);
          if (request.status === 200) { whole += file.size; count += 1; }
          else if (!stopped) { problem = told(request, path); stopped = true; }
          show();
          resolve();
        });
        request.send(file);
      });
    }

    async function lane(queue) {
      for (let next = queue.shift(); next && !stopped; next = queue.shift()) await one(next);
    }

    async function all() {
      await before;
      box.hidden = false;
      box.classList.remove("failed");
      form.querySelector("#unsend").hidden = false;
      show(true);
      const queue = [...files];
      await Promise.all(Array.from({ length: AT_ONCE }, () => lane(queue)));
      show(true);
      form.querySelector("#unsend").hidden = true;
      if (problem) box.classList.add("failed");
      else box.hidden = true;
    }

    return {
      done: all(),
      cancel() {
        stopped = true;
        for (const request of open) request.abort();
      },
    };
  }
}

function told(request, path) {
  try {
    return JSON.parse(request.responseText).error;
  } catch {
    return request.status ? `${path} was not taken (${request.status}).` : `${path} could not be sent; is it still there, and does the page's program still run?`;
  }
}

function megabytes(bytes) {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(bytes >= 1e7 ? 0 : 1)} MB`;
}

async function within(entry, above) {
  const path = above + entry.name;
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject)).catch(() => null);
    return file ? [{ file, path }] : [];
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)).catch(() => []); // a hundred at a time
    if (!some.length) break;
    found.push(...some);
  }
  const parts = [];
  for (const one of found) parts.push(...(await within(one, `${path}/`)));
  return parts;
}
