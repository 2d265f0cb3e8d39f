// The page is the fragment: fetch the same address, exchange one element by its id. Without this every form and
// link still works, page by page.
const policy = window.trustedTypes ? trustedTypes.createPolicy("page", { createHTML: (text) => text }) : null;
let running = null;

const parse = (text) => new DOMParser().parseFromString(policy ? policy.createHTML(text) : text, "text/html");

// What was typed into a password field stays where the page comes again and has the same field.
function keepSecrets(from, to) {
  for (const field of from.querySelectorAll("input[type=password]")) {
    const same = field.id && to.querySelector(`#${CSS.escape(field.id)}`);
    if (same && field.value) same.value = field.value;
  }
}

export async function swap(address, id, options = {}) {
  running?.abort();
  running = new AbortController();
  const answer = await fetch(address, { ...options, signal: running.signal, credentials: "same-origin" });
  const page = parse(await answer.text());
  const [old, next] = [document.getElementById(id), page.getElementById(id)];
  if (!old || !next) { location.assign(answer.url); return; }
  keepSecrets(old, next);
  document.title = page.title;
  old.replaceWith(document.adoptNode(next));
  if (options.method !== "POST" || answer.redirected) history.pushState(null, "", answer.url);
  const wrong = document.getElementById("loi");
  (wrong || next).focus?.();
  document.dispatchEvent(new CustomEvent("swapped", { detail: next }));
}

// Links and GET forms that say which element they exchange: data-swap="id".
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-swap]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  swap(link.href, link.dataset.swap).catch((error) => error.name === "AbortError" || location.assign(link.href));
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.swap || form.method !== "get") return;
  event.preventDefault();
  const address = new URL(form.action);
  address.search = new URLSearchParams(new FormData(form, event.submitter)).toString();
  swap(address, form.dataset.swap).catch((error) => error.name === "AbortError" || location.assign(address));
});
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
addEventListener("popstate", () => location.reload());
document.getElementById("loi")?.focus();
// Long work: the element that says data-poll is fetched again until it no longer does.
async function poll() {
  const old = document.querySelector("[data-poll]");
  if (!old) return;
  const answer = await fetch(location.href, { credentials: "same-origin", redirect: "manual" }).catch(() => null);
  if (answer?.type === "opaqueredirect") { location.reload(); return; }
  const page = answer && parse(await answer.text()), next = page && page.getElementById(old.id);
  if (next) { document.title = page.title; old.replaceWith(document.adoptNode(next)); }
  setTimeout(poll, 2000);
}
setTimeout(poll, 2000);
