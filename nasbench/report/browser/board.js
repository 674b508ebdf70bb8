// The list of a run's trials: filtered by text and by kind, sorted by a click on a heading, a card for each trial.
const board = document.getElementById("board");
if (board && trials) {
  const FEW = 10, MORE = 50;
  const { columns, rows } = trials;
  const column = Object.fromEntries(columns.map((name, place) => [name, place]));
  const shown = columns.filter((name) => name !== "seconds");
  const sameAs = (one, other) => other[column.epochs] - one[column.epochs] || (other[column.score] ?? -Infinity) - (one[column.score] ?? -Infinity)
    || one[column.trial] - other[column.trial];
  const first = new Set();
  const best = [...rows].sort(sameAs).filter((row) => {
    if (row[column.score] === null || row[column.kind] === "control" || first.has(row[column.key])) return false;
    return first.add(row[column.key]);
  });
  const views = { "different architectures": best, "every trial": [...rows].sort(sameAs) };
  for (const name of ["status", "kind"])
    for (const value of [...new Set(rows.map((row) => row[column[name]]))].sort())
      views[`${name}: ${value}`] = views["every trial"].filter((row) => row[column[name]] === value);
  // Worked out for a row when it is first asked for: its numbers, key and decisions as one text.
  const texts = new Map();
  const textOf = (row) => {
    if (!texts.has(row)) {
      const decisions = trials.decisions[rowOf.get(row[0])].map((each) => trials.words[each]);
      texts.set(row, [...row.map(String), ...decisions].join(" ").toLowerCase());
    }
    return texts.get(row);
  };
  const before = kept.get("board", {});
  const state = { text: before.text ?? "", view: before.view in views ? before.view : "different architectures", by: null, up: true, most: FEW };

  const search = element("input", { type: "search", placeholder: "filter: key, trial, decision …", "aria-label": "filter the trials by text" });
  const select = element("select", { "aria-label": "which trials" }, ...Object.keys(views).map((name) => element("option", {}, name)));
  const count = element("span", { class: "count", role: "status" });
  const more = element("button", { type: "button", class: "more" });
  const isText = (name) => ["key", "status", "kind"].includes(name);
  const headings = shown.map((name) => {
    const button = element("button", { type: "button" }, name);
    const heading = element("th", { scope: "col", class: isText(name) ? "left" : "" }, button);
    button.addEventListener("click", () => {
      [state.up, state.by] = [state.by === name ? !state.up : isText(name) || name === "trial", name];
      fill();
    });
    return heading;
  });
  const body = element("tbody");
  const table = element("table", { class: "sortable" }, element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "rank"), ...headings)), body);

  const cell = (row, name) => {
    const value = row[column[name]];
    if (name === "trial") {
      const button = element("button", { type: "button", class: "open-trial", title: "its card" }, String(value));
      button.addEventListener("click", () => {
        const box = button.getBoundingClientRect();
        pinCard(aboutTrial(value), box.right, box.bottom, button);
      });
      return element("td", {}, button);
    }
    const text = isText(name) ? value : name === "score" || column[name] > 6 && name !== "epochs" ? scoreText(value) : figure(value);
    return element("td", isText(name) ? { class: "left" } : {}, text);
  };

  const fill = () => {
    const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
    const found = views[state.view].filter((row) => words.every((word) => textOf(row).includes(word)));
    if (state.by) {
      const at = column[state.by], turn = state.up ? 1 : -1;
      found.sort((one, other) => {
        if (one[at] === null || other[at] === null) return (one[at] === null) - (other[at] === null);
        return turn * (isText(state.by) ? one[at].localeCompare(other[at], "en", { numeric: true }) : one[at] - other[at]);
      });
    }
    const rank = new Map(best.map((row, place) => [row, place + 1]));
    body.replaceChildren(...found.slice(0, state.most).map((row) =>
      element("tr", {}, element("td", {}, String(rank.get(row) ?? "–")), ...shown.map((name) => cell(row, name)))));
    headings.forEach((heading, place) => {
      heading.removeAttribute("aria-sort");
      if (shown[place] === state.by) heading.setAttribute("aria-sort", state.up ? "ascending" : "descending");
    });
    const held = rows.length < trials.total ? `; the page holds ${figure(rows.length)} of ${figure(trials.total)} trials` : "";
    count.textContent = `${figure(Math.min(found.length, state.most))} of ${figure(found.length)}${held}`;
    more.hidden = found.length <= state.most;
    more.textContent = `${Math.min(MORE, found.length - state.most)} more`;
    kept.set("board", { text: state.text, view: state.view });
  };

  search.value = state.text;
  select.value = state.view;
  search.addEventListener("input", () => {
    [state.text, state.most] = [search.value, FEW];
    fill();
  });
  select.addEventListener("change", () => {
    [state.view, state.most] = [select.value, FEW];
    fill();
  });
  more.addEventListener("click", () => {
    state.most += MORE;
    fill();
  });
  fill();
  board.replaceChildren(element("div", { class: "filters" }, search, select, count), element("div", { class: "scroll" }, table), more);
}
