// Makes the columns of tables sortable: a click on a heading sorts by it, another one turns the order round.
for (const table of document.querySelectorAll("table.sortable")) {
  const value = (row, column) => row.cells[column].textContent.replaceAll(",", "");
  table.querySelectorAll("th").forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    heading.replaceChildren(button);
    button.addEventListener("click", () => {
      const up = heading.getAttribute("aria-sort") !== "ascending";
      table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", up ? "ascending" : "descending");
      const body = table.tBodies[0];
      const compare = (a, b) => value(a, column).localeCompare(value(b, column), "en", { numeric: true });
      body.append(...[...body.rows].sort((a, b) => (up ? compare(a, b) : compare(b, a))));
    });
  });
}

// A dot of a chart shows its trial's card while the pointer is on it.
const card = document.createElement("div");
card.className = "card";
for (const dot of document.querySelectorAll("[data-trial]")) {
  const told = document.getElementById(`trial-${dot.dataset.trial}`);
  if (!told) continue;
  dot.querySelector("title")?.remove();
  dot.addEventListener("pointerenter", () => {
    card.replaceChildren(told.content.cloneNode(true));
    document.body.append(card);
    const at = dot.getBoundingClientRect();
    card.style.left = `${Math.max(8, Math.min(at.right + 12, document.documentElement.clientWidth - card.offsetWidth - 8))}px`;
    card.style.top = `${Math.max(8, Math.min(at.bottom + 12, innerHeight - card.offsetHeight - 8))}px`;
  });
  dot.addEventListener("pointerleave", () => card.remove());
}

// Shows where a table or a figure goes on beyond the edge of its box, and lets the keyboard scroll it.
for (const box of document.querySelectorAll(".scroll, figure, pre")) {
  const mark = () => {
    const room = box.scrollWidth - box.clientWidth;
    box.classList.toggle("more-left", box.scrollLeft > 4);
    box.classList.toggle("more-right", box.scrollLeft < room - 4);
    if (room > 4) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  };
  box.addEventListener("scroll", mark, { passive: true });
  new ResizeObserver(mark).observe(box);
}
