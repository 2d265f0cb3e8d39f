// The code stands in the fragment, which is never sent to a server: put it into the form, out of the address, and go on.
const found = new URLSearchParams(location.hash.slice(1)).get("code");
const field = document.querySelector("form[data-code] [name=ma_kich_hoat]");
if (found && field) {
  history.replaceState(null, "", location.pathname);
  field.value = found;
  field.form.requestSubmit();
}
