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
