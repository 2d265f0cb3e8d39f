// The code stands in the fragment, which is never sent to a server; put it into the form and out of the address.
const found = new URLSearchParams(location.hash.slice(1)).get("code");
const field = document.getElementById("code");
if (found && field) {
  field.value = found;
  history.replaceState(null, "", location.pathname);
  document.getElementById("password").focus();
}
