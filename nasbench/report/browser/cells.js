// Small drawings of cells and chains of layers. States of a cell stand in columns by depth; a line that goes past a column
// has a lane of its own there, so that none runs through a box.
const LINE = 16, GAP = 9, LANE = 8, BETWEEN = 30, SPREAD = 6.3;
const INPUTS = ["#2b4a7a", "#b0561f", "#2f7d5b", "#7a3b80"];
const DARK = "#1f2933", GREY = "#7b8794";

const nameOf = (operation) =>
  /^[a-zA-Z0-9]+(_[a-zA-Z0-9]+)*$/.test(operation) ? operation.replaceAll("_", " ").replace(/(\d)x(?=\d)/g, "$1×") : operation;
const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

const boxOf = (x, y, width, height, fill, line, text, place = "middle") => {
  const group = drawn("g", {}, drawn("title", {}, text));
  group.append(drawn("rect", { x, y, width, height, rx: 3, fill, stroke: line }));
  const at = place === "middle" ? x + width / 2 : x + 5;
  group.append(drawn("text", { x: at, y: y + height / 2 + 3.8, "text-anchor": place, fill: DARK }, cut(nameOf(text), 24)));
  return group;
};

const curve = (x0, y0, x1, y1, stroke) => {
  const middle = (x0 + x1) / 2;
  return drawn("path", { d: `M${x0} ${y0}C${middle} ${y0} ${middle} ${y1} ${x1} ${y1}`, fill: "none", stroke, "stroke-width": 1.2 });
};

const framed = (width, height, title, parts) =>
  drawn(
    "svg",
    { viewBox: `0 0 ${Math.ceil(width)} ${Math.ceil(height)}`, width: Math.ceil(width), height: Math.ceil(height), role: "img",
      "aria-label": title, "font-size": 11, "font-family": "Helvetica, Arial, 'DejaVu Sans', sans-serif" },
    ...parts,
  );

const cellDrawing = (title, [, inputs, rows, outputs], words, families) => {
  const nodes = rows.map(([name, combine, flat]) => ({
    name, combine: words[combine],
    edges: flat.flatMap((state, place) => (place % 2 ? [] : [{ source: state, operation: words[flat[place + 1]] }])),
  }));
  const depth = new Map(inputs.map((state) => [state, 0]));
  for (const node of nodes) depth.set(node.name, 1 + Math.max(0, ...node.edges.map(({ source }) => depth.get(source) ?? 0)));
  const end = 1 + Math.max(...depth.values());
  const last = new Map(depth);
  for (const node of nodes)
    for (const { source } of node.edges) last.set(source, Math.max(last.get(source) ?? 0, depth.get(node.name)));
  for (const state of outputs) last.set(state, end);
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const operations = nodes.flatMap((node) => node.edges.map(({ operation }) => cut(nameOf(operation), 24).length));
  const width = Math.max(46, SPREAD * Math.max(...operations, ...nodes.map(({ combine }) => combine.length)) + 10);
  const named = Math.max(40, SPREAD * Math.max(...inputs.map((state) => words[state].length)) + 12);

  const columns = Array.from({ length: end }, (_, place) =>
    [...depth.keys()].filter((state) => depth.get(state) === place || (depth.get(state) < place && last.get(state) > place)));
  const isLane = (state, place) => depth.get(state) < place;
  const heightOf = (state, place) =>
    isLane(state, place) ? LANE : place === 0 ? 22 : LINE * (1 + Math.max(1, byName.get(state).edges.length)) + 2;
  const at = columns.map(() => new Map());
  columns.forEach((column, place) => {
    if (place > 0) {
      const pull = (state) => {
        const sources = isLane(state, place) ? [state] : byName.get(state).edges.map(({ source }) => source);
        const heights = sources.map((source) => at[place - 1].get(source)).filter((height) => height !== undefined);
        return heights.length ? heights.reduce((sum, height) => sum + height, 0) / heights.length : 0;
      };
      column.sort((one, other) => pull(one) - pull(other));
    }
    const gap = place === 0 ? 34 : GAP;
    let y = -(column.reduce((sum, state) => sum + heightOf(state, place) + gap, -gap) / 2);
    for (const state of column) {
      at[place].set(state, y + heightOf(state, place) / 2);
      y += heightOf(state, place) + gap;
    }
  });
  const top = Math.min(...columns.flatMap((column, place) => column.map((state) => at[place].get(state) - heightOf(state, place) / 2)));
  const lowest = Math.max(...columns.flatMap((column, place) => column.map((state) => at[place].get(state) + heightOf(state, place) / 2)));
  const down = 26 - top;
  const left = (place) => (place === 0 ? 4 : 4 + named + BETWEEN + (place - 1) * (width + BETWEEN));
  const right = (place) => left(place) + (place === 0 ? named : width);
  const yOf = (state, place) => at[place].get(state) + down;
  const strokeOf = (state) => (inputs.includes(state) ? INPUTS[inputs.indexOf(state) % INPUTS.length] : GREY);

  const lines = [], boxes = [drawn("text", { x: 4, y: 13, "font-weight": "bold", fill: DARK }, title)];
  for (let place = 1; place < end; place += 1)
    for (const state of columns[place]) {
      const y = yOf(state, place);
      if (isLane(state, place)) {
        lines.push(curve(right(place - 1), yOf(state, place - 1), left(place), y, strokeOf(state)));
        lines.push(drawn("path", { d: `M${left(place)} ${y}H${right(place)}`, stroke: strokeOf(state), "stroke-width": 1.2 }));
        continue;
      }
      const node = byName.get(state), upper = y - heightOf(state, place) / 2;
      const outline = { x: left(place), y: upper, width, height: heightOf(state, place), rx: 3, fill: "#ffffff", stroke: GREY };
      boxes.push(drawn("g", {}, drawn("title", {}, words[state]), drawn("rect", outline)));
      boxes.push(drawn("text", { x: right(place) - 5, y: upper + heightOf(state, place) - 5, "text-anchor": "end", fill: "#5b6773" }, node.combine));
      node.edges
        .filter(({ source }) => at[place - 1].has(source))
        .sort((one, other) => at[place - 1].get(one.source) - at[place - 1].get(other.source))
        .forEach(({ source, operation }, row) => {
          const [fill, line] = families[operation] ?? ["#e6dcf5", "#7454ad"];
          lines.push(curve(right(place - 1), yOf(source, place - 1), left(place), upper + LINE * (row + 0.5) + 1, strokeOf(source)));
          boxes.push(boxOf(left(place), upper + LINE * row + 1, width, LINE - 1, fill, line, operation));
        });
    }
  inputs.forEach((state) => boxes.push(boxOf(left(0), yOf(state, 0) - 11, named, 22, "#f3f5f7", strokeOf(state), words[state])));
  const bar = right(end - 1) + BETWEEN, middle = (top + lowest) / 2 + down;
  for (const state of outputs) lines.push(curve(right(end - 1), yOf(state, end - 1), bar, middle, strokeOf(state)));
  boxes.push(boxOf(bar, middle - 11, 34, 22, "#f3f5f7", DARK, "out"));
  return framed(bar + 38, lowest + down + 6, title, [...lines, ...boxes]);
};

const chainDrawing = (title, [, layers], words, families) => {
  const texts = layers.map(([name, operation]) => [words[name], cut(nameOf(words[operation]), 34)].filter(Boolean).join(": "));
  const width = SPREAD * Math.max(...texts.map((text) => text.length)) + 14;
  const parts = [drawn("text", { x: 4, y: 13, "font-weight": "bold", fill: DARK }, title)];
  let reach = 0;
  layers.forEach(([, operation, reads], place) => {
    const y = 24 + 22 * place, outer = place === 0 || place === layers.length - 1;
    for (const source of reads) {
      const from = 24 + 22 * source + 17, far = 10 + 5 * (place - source);
      if (source === place - 1) parts.push(drawn("path", { d: `M${4 + width / 2} ${from}V${y}`, stroke: GREY }));
      else {
        reach = Math.max(reach, far);
        const d = `M${4 + width} ${from - 6}C${4 + width + far} ${from - 6} ${4 + width + far} ${y + 6} ${4 + width} ${y + 6}`;
        parts.push(drawn("path", { d, fill: "none", stroke: INPUTS[source % INPUTS.length] }));
      }
    }
    const [fill, line] = outer ? ["#f3f5f7", DARK] : (families[words[operation]] ?? ["#e6dcf5", "#7454ad"]);
    const box = boxOf(4, y, width, 17, fill, line, texts[place]);
    box.lastChild.textContent = texts[place];
    parts.push(box);
  });
  return framed(width + 8 + reach, 24 + 22 * layers.length, title, parts);
};

// The drawings of the trial in a row of the page's data; none where the page has none.
const drawings = (data, row) =>
  (data.drawn[row] ?? []).map(([title, place]) => {
    const graph = data.graphs[place];
    return (graph[0] === 0 ? cellDrawing : chainDrawing)(data.words[title], graph, data.words, data.families);
  });
