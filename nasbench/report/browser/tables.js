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
