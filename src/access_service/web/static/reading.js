// Which papers were scrolled through: marked in the list, and named once before they are signed.
const form = document.querySelector("form[data-reads]");
if (form) {
  const marks = [...form.querySelectorAll("[data-seen]")], papers = [...form.querySelectorAll("article.paper")];
  const unread = new Set(papers);
  const watch = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting, boundingClientRect: box } of seen) if (isIntersecting || box.bottom < 0) {
      const paper = target.closest("article");
      unread.delete(paper);
      watch.unobserve(target);
      const mark = marks[papers.indexOf(paper)];
      if (mark) mark.textContent = form.dataset.read;
    }
  });
  for (const paper of papers) watch.observe(paper.lastElementChild);
  let asked = false;
  form.addEventListener("submit", (event) => {
    const left = papers.flatMap((paper, n) => unread.has(paper) && paper.closest("section").querySelector("[name=vb]").checked ? [n + 1] : []);
    if (asked || !left.length) return;
    asked = true;
    event.preventDefault();
    const said = document.getElementById("chua-xem");
    said.className = "note wait thin";
    said.textContent = form.dataset.reads.replace("*", left.join(", "));
    said.scrollIntoView({ block: "center" });
  });
}
