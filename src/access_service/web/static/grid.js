// The grid: saved a second after the last key, arrows between rows, a block pasted from Excel. Without this every
// button saves what was typed all the same, and the page comes again as a whole.
const form = document.querySelector("[data-grid]"), waits = new Map();
let running = Promise.resolve();
const row = (of) => of.closest("tr[data-row]");
const said = (text) => { const at = document.getElementById("luu"); if (at) at.textContent = text; };

// The answer is the page: rows take over what is worked out, never the field somebody types into.
function take(page, saved) {
  for (const next of page.querySelectorAll("tr[data-row]")) {
    const old = document.getElementById(next.id);
    if (!old) continue;
    old.className = next.className;
    const parts = next.querySelectorAll("[data-part]");
    old.querySelectorAll("[data-part]").forEach((part, at) => parts[at] && part.replaceWith(document.adoptNode(parts[at])));
    const now = document.getElementById(`e-${next.dataset.row}`), then = page.getElementById(`e-${next.dataset.row}`);
    if (now) now.remove();
    if (then) old.after(document.adoptNode(then));
    for (const field of next.querySelectorAll("input[name]")) {
      const mine = old.querySelector(`input[name="${CSS.escape(field.name)}"]`);
      if (!mine) continue;
      if (field.dataset.keep !== undefined && saved === next.dataset.row) mine.value = field.value;
      for (const name of ["aria-invalid", "aria-describedby"])
        field.hasAttribute(name) ? mine.setAttribute(name, field.getAttribute(name)) : mine.removeAttribute(name);
    }
  }
  for (const id of ["dem", "loc", "chan"]) {
    const [old, next] = [document.getElementById(id), page.getElementById(id)];
    if (!old || !next) continue;
    for (const field of next.querySelectorAll("input")) field.value = old.querySelector(`#${field.id}`)?.value ?? "";
    old.replaceWith(document.adoptNode(next));
  }
}

function send(line) {
  const data = new FormData(), id = line.dataset.row;
  for (const field of line.querySelectorAll("input[name]")) if (field.type !== "checkbox" || field.checked) data.append(field.name, field.value);
  data.append("_ma", form.elements._ma.value);
  data.append("_lan", crypto.randomUUID());
  data.append("lam", "luu");
  return new Promise((done) => {
    const ask = new XMLHttpRequest();
    ask.open("POST", form.action);
    ask.responseType = "document";
    ask.onloadend = () => {
      const page = ask.status === 200 ? ask.response : null;
      if (page?.querySelector("[data-grid]")) { take(page, id); said(page.getElementById("luu").textContent); }
      else said(form.dataset.lost);
      done();
    };
    said(form.dataset.saving);
    ask.send(new URLSearchParams(data));
  });
}

function later(line, after = 1000) {
  clearTimeout(waits.get(line));
  waits.set(line, setTimeout(() => { waits.delete(line); running = running.then(() => send(line)); }, after));
}

const fields = (line) => [...line.querySelectorAll("td .in")];
function move(from, by) {
  const lines = [...form.querySelectorAll("tr[data-row]")], at = fields(row(from)).indexOf(from);
  fields(lines[lines.indexOf(row(from)) + by] ?? row(from))[at]?.focus();
}

function paste(event) {
  const text = event.clipboardData.getData("text"), from = event.target;
  if (!from.matches("td .in") || !/[\t\n]/.test(text.trim())) return;
  event.preventDefault();
  const lines = [...form.querySelectorAll("tr[data-row]")], at = fields(row(from)).indexOf(from);
  text.replace(/\r?\n$/, "").split(/\r?\n/).forEach((written, down) => {
    const line = lines[lines.indexOf(row(from)) + down];
    if (!line) return;
    written.split("\t").forEach((cell, right) => { const field = fields(line)[at + right]; if (field) field.value = cell.trim(); });
    later(line, 0);
  });
}

if (form) {
  form.addEventListener("input", (event) => row(event.target) && later(row(event.target)));
  form.addEventListener("change", (event) => event.target.type === "checkbox" && row(event.target) && later(row(event.target), 0));
  form.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1, Enter: 1 }[event.key];
    if (by && event.target.matches("td .in") && !event.isComposing) { event.preventDefault(); move(event.target, by); }
  });
  form.addEventListener("paste", paste);
  form.addEventListener("submit", () => waits.forEach((wait) => clearTimeout(wait)));
}
document.querySelector("input[data-send]")?.addEventListener("change", (event) => event.target.form.requestSubmit());
