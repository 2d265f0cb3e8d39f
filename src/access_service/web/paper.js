// The square's hash stands behind the # and never leaves the browser: it is compared here.
const told = document.getElementById("compared");
const held = location.hash.slice(1);
if (told && held) {
  told.textContent = held === told.dataset.sha256
    ? "Mã trên văn bản khớp với nội dung mà hệ thống lưu."
    : "Mã trên văn bản KHÔNG khớp với nội dung mà hệ thống lưu: không tin văn bản này.";
  told.hidden = false;
}
