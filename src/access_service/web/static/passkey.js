// A passkey's answer goes into the form's field `khoa`; the form is then sent as any other.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (data) => btoa(String.fromCharCode(...new Uint8Array(data))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function said(credential) {
  const r = credential.response, found = {};
  for (const name of ["clientDataJSON", "authenticatorData", "signature", "userHandle", "attestationObject"])
    if (r[name]) found[name] = text(r[name]);
  return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment, clientExtensionResults: {}, response: found });
}

async function touch(form, more = {}) {
  const { passkey, challenge, rp, credentials = "", user = "", name = "" } = form.dataset;
  const list = credentials.split(" ").filter(Boolean).map((id) => ({ type: "public-key", id: bytes(id) }));
  const publicKey = { challenge: bytes(challenge), timeout: 120000 };
  if (passkey === "create") Object.assign(publicKey, { rp: { id: rp, name: document.title }, excludeCredentials: list,
    user: { id: bytes(user), name, displayName: name },
    pubKeyCredParams: [-8, -7, -257].map((alg) => ({ type: "public-key", alg })),
    authenticatorSelection: { residentKey: "preferred", userVerification: "required" } });
  else Object.assign(publicKey, { rpId: rp, allowCredentials: list, userVerification: "required" });
  const got = await navigator.credentials[passkey === "create" ? "create" : "get"]({ publicKey, ...more });
  form.elements.khoa.value = said(got);
  if ("alone" in form.dataset) for (const field of form.querySelectorAll("input")) { field.required = false;
    if (field.type === "password") field.value = ""; }
  form.requestSubmit();
}

// The name field offers the passkeys of this site by itself; the button asks aloud and ends that.
let quiet = null;
async function listen(form) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  quiet = new AbortController();
  await touch(form, { mediation: "conditional", signal: quiet.signal });
}

function offer(root = document) {
  if (!window.PublicKeyCredential) return;
  const alone = root.querySelector("form[data-alone]");
  if (alone) listen(alone).catch(() => {});
  for (const button of root.querySelectorAll("form[data-challenge] [data-touch]")) {
    button.hidden = false;
    button.onclick = () => (quiet?.abort(), touch(button.form)).catch(() => { button.setAttribute("aria-describedby", "khoa-loi");
      button.form.querySelector("#khoa-loi")?.removeAttribute("hidden"); });
    if ("now" in button.form.dataset) button.click();
  }
}
offer();
document.addEventListener("swapped", (event) => offer(event.detail));
