// Draws a page's charts with Chart.js: the pointer shows a card, a click pins it, the legend switches series off.
const REACH = { mouse: 12, pen: 16, touch: 26 };
const charts = [];

const axisOf = (axis, vertical) => {
  const span = axis.low > 0 && axis.high ? axis.high / axis.low : Infinity;
  const firsts = span < 12 ? [1, 1.5, 2, 3, 5, 7] : [1, 2, 5];
  const isRound = (value) => span < 2.5 || firsts.includes(Math.round((value / 10 ** Math.floor(Math.log10(value))) * 1e6) / 1e6);
  const text = (value) => {
    if (axis.whole && !Number.isInteger(value)) return null;
    if (axis.log && (value === axis.low || value === axis.high || !isRound(value))) return null;
    return axis.percent ? `${Math.round(100 * value)} %` : axis.log || Math.abs(value) >= 1e4 ? shortCount(value) : figure(value);
  };
  return {
    type: axis.log ? "logarithmic" : "linear", min: axis.low, max: axis.high, grace: vertical && !axis.percent ? "4%" : 0,
    title: { display: true, text: axis.label, color: themed("--ink") },
    ticks: { color: themed("--muted"), callback: text, maxTicksLimit: vertical ? 7 : 8, maxRotation: 0, autoSkipPadding: 12, includeBounds: false },
    grid: { color: themed("--rule") }, border: { color: themed("--muted") },
  };
};

const datasetsOf = (panel) =>
  panel.series.flatMap((series) => {
    const colour = colourOf(series.colour), isDots = series.kind === "dots", isArea = series.kind === "area";
    const at = (values) => series.points.map(([x, y], place) => ({ x, y: (values ? values[place] : y) ?? NaN }));
    const radius = series.points.length < 300 ? 3.4 : 2.2;
    const common = { label: series.name, series, pointRadius: 0, pointHitRadius: 0, borderWidth: 0, order: 9 };
    const stepped = series.kind === "steps" ? "before" : false;
    const band = series.low
      ? [{ ...common, data: at(series.low), fill: false, stepped },
         { ...common, data: at(series.high), fill: "-1", backgroundColor: faint(colour, 0.18), stepped }]
      : [];
    const single = series.points.length === 1;
    return [...band, {
      ...common, data: at(), main: true, stepped, yAxisID: series.edge ? "edge" : "y",
      showLine: !isDots, order: isArea ? 8 : isDots ? 5 : 2,
      borderColor: isArea ? themed("--card") : colour, borderWidth: isArea ? 0.5 : 1.7, borderDash: series.dashed ? [6, 3] : [],
      backgroundColor: isArea ? faint(colour, 0.92) : faint(colour, series.errors ? 1 : 0.75),
      pointBackgroundColor: faint(colour, series.errors ? 1 : 0.75), pointBorderWidth: 0,
      pointRadius: isDots ? (series.errors || series.labels ? 4.4 : radius) : single ? 3 : 0,
      fill: isArea ? "stack" : false,
    }];
  });

// Error bars, the ring around the dot that is shown, the line where values are read.
const additions = {
  id: "additions",
  afterDatasetsDraw(chart) {
    const { ctx, chartArea, scales } = chart;
    ctx.save();
    chart.data.datasets.forEach((dataset, place) => {
      if (!dataset.series.errors || !chart.isDatasetVisible(place)) return;
      ctx.strokeStyle = dataset.borderColor;
      ctx.lineWidth = 1.4;
      ctx.beginPath();
      dataset.data.forEach(({ x, y }, index) => {
        const error = dataset.series.errors[index];
        if (!error) return;
        const across = scales.x.getPixelForValue(x), ends = [y - error, y + error].map((value) => scales.y.getPixelForValue(value));
        ctx.moveTo(across, ends[0]);
        ctx.lineTo(across, ends[1]);
        for (const end of ends) {
          ctx.moveTo(across - 4, end);
          ctx.lineTo(across + 4, end);
        }
      });
      ctx.stroke();
    });
    const { active } = chart;
    ctx.strokeStyle = themed("--ink");
    ctx.lineWidth = active?.point ? 2 : 1;
    ctx.beginPath();
    if (active?.point) ctx.arc(active.point.x, active.point.y, 7, 0, 7);
    else if (active) {
      ctx.setLineDash([3, 3]);
      ctx.moveTo(active.x, chartArea.top);
      ctx.lineTo(active.x, chartArea.bottom);
    }
    ctx.stroke();
    ctx.restore();
  },
};

const dotsOf = (chart) =>
  chart.data.datasets.flatMap((dataset, place) =>
    dataset.series.kind === "dots" && dataset.main && chart.isDatasetVisible(place)
      ? chart.getDatasetMeta(place).data.map((point, index) => ({ point, index, series: dataset.series }))
      : []);

const nearestDot = (chart, x, y, reach) => {
  let found = null, least = reach;
  for (const dot of dotsOf(chart)) {
    const far = Math.hypot(dot.point.x - x, dot.point.y - y);
    if (far < least) [found, least] = [dot, far];
  }
  return found;
};

const aboutDot = (chart, { series, index }) => {
  const { panel } = chart;
  const known = series.trials && aboutTrial(series.trials[index]);
  if (known) return known;
  const [x, y] = series.points[index], error = series.errors?.[index];
  const head = element("p", {}, element("b", {}, series.labels?.[index] ?? (series.trials ? `trial ${series.trials[index]}` : series.name)));
  if (series.labels || series.trials) head.append(` · ${series.name}`);
  return [head, entries([[panel.x.label, figure(x)], [panel.y.label, figure(y) + (error ? ` ± ${figure(error)}` : "")]])];
};

// The values of all lines at a place along the x axis.
const aboutLines = (chart, x) => {
  const { panel } = chart;
  const told = chart.data.datasets.flatMap((dataset, place) => {
    const { series } = dataset;
    if (!dataset.main || series.kind === "dots" || series.edge || !chart.isDatasetVisible(place)) return [];
    let at = series.points.findLastIndex(([across]) => across <= x);
    if (at < 0) return [];
    const next = series.points[at + 1];
    if (series.kind !== "steps" && next && next[0] - x < x - series.points[at][0]) at += 1;
    const [, y] = series.points[at];
    if (y === null) return [];
    const percent = panel.y.percent ? `${(100 * y).toFixed(1)} %` : figure(y);
    const low = series.low?.[at] ?? null, band = low === null ? "" : ` (${figure(low)} to ${figure(series.high[at])})`;
    return [[series.name || panel.y.label, percent + band]];
  });
  const at = panel.x.whole ? Math.round(x) : x;
  return told.length ? [element("p", {}, element("b", {}, `${panel.x.label}: ${figure(at)}`)), entries(told)] : null;
};

const whatIsAt = (chart, x, y, reach) => {
  const { chartArea: area } = chart;
  if (x < area.left - 6 || x > area.right + 6 || y < area.top - 6 || y > area.bottom + 6) return null;
  const dot = nearestDot(chart, x, y, reach);
  if (dot) return { active: { point: dot.point }, content: aboutDot(chart, dot) };
  const content = aboutLines(chart, chart.scales.x.getValueForPixel(x));
  return content && { active: { x }, content };
};

const activate = (chart, active) => {
  if (!active && !chart.active) return;
  chart.active = active;
  chart.draw();
};

const listen = (chart, canvas) => {
  let stop = -1;
  const inside = (event) => [event.clientX - canvas.getBoundingClientRect().left, event.clientY - canvas.getBoundingClientRect().top];
  canvas.addEventListener("pointermove", (event) => {
    if (pinned) return;
    const found = whatIsAt(chart, ...inside(event), REACH[event.pointerType] ?? 12);
    activate(chart, found?.active ?? null);
    if (found) showCard(found.content, event.clientX, event.clientY);
    else hideCard();
  });
  canvas.addEventListener("pointerleave", () => {
    if (!pinned) activate(chart, null);
    hideCard();
  });
  canvas.addEventListener("click", (event) => {
    const found = whatIsAt(chart, ...inside(event), REACH[event.pointerType] ?? 12);
    for (const other of charts) activate(other, null);
    if (!found) return pinned && unpin();
    activate(chart, found.active);
    pinCard(found.content, event.clientX, event.clientY, canvas);
  });
  canvas.addEventListener("blur", () => {
    activate(chart, null);
    hideCard();
  });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -1e9, End: 1e9, Enter: 0, " ": 0 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const dots = dotsOf(chart).sort((one, other) => one.point.x - other.point.x);
    const { left, right } = chart.chartArea;
    const places = dots.length ? dots.length : 41;
    stop = Math.max(0, Math.min(places - 1, stop + step));
    const x = dots.length ? dots[stop].point.x : left + ((right - left) * stop) / 40, y = dots.length ? dots[stop].point.y : chart.chartArea.top + 20;
    const content = dots.length ? aboutDot(chart, dots[stop]) : aboutLines(chart, chart.scales.x.getValueForPixel(x));
    if (pinned) unpin();
    activate(chart, dots.length ? { point: dots[stop].point } : { x });
    const box = canvas.getBoundingClientRect();
    (step ? showCard : pinCard)(content, box.left + x, box.top + y, canvas);
  });
};

const draw = (figureElement) => {
  const told = read("chart", figureElement), off = new Set(kept.get(told.name, []));
  const caption = figureElement.querySelector("figcaption");
  const names = new Map();
  for (const panel of told.panels) for (const series of panel.series) if (series.name && !names.has(series.name)) names.set(series.name, series);
  const stage = element("div", { class: "stage" });
  const panels = element("div", { class: `panels${told.wide ? " wide" : ""}${told.tall ? " tall" : ""}` });
  const made = told.panels.map((panel) => {
    const canvas = element("canvas", { tabindex: "0", role: "img",
      "aria-label": `${panel.y.label} against ${panel.x.label}. Arrow keys go from dot to dot, Enter pins the card.` });
    panels.append(element("div", { class: "panel" }, ...(panel.title ? [element("p", { class: "title" }, panel.title)] : []),
      element("div", { class: "canvas" }, canvas)));
    const chart = new Chart(canvas, {
      type: "line", data: { datasets: datasetsOf(panel) }, plugins: [additions],
      options: {
        animation: false, parsing: false, normalized: false, responsive: true, maintainAspectRatio: false, events: [], spanGaps: false,
        font: { size: 11 }, plugins: { legend: { display: false }, tooltip: { enabled: false } },
        scales: { x: axisOf(panel.x, false),
          y: { ...axisOf(panel.y, true), stacked: panel.series.some(({ kind }) => kind === "area") },
          edge: { axis: "y", type: "linear", min: 0, max: 1, display: false } },
      },
    });
    chart.panel = panel;
    listen(chart, canvas);
    charts.push(chart);
    return chart;
  });
  const set = () => {
    for (const chart of made) {
      chart.data.datasets.forEach((dataset, place) => chart.setDatasetVisibility(place, !off.has(dataset.label)));
      chart.update("none");
    }
  };
  const legend = element("div", { class: "legend", role: "group", "aria-label": "series, each can be switched off" });
  for (const [name, series] of names) {
    const swatch = element("span", { class: `swatch ${series.kind}${series.dashed ? " dashed" : ""}` });
    swatch.style.setProperty("--colour", colourOf(series.colour));
    const button = element("button", { type: "button", "aria-pressed": String(!off.has(name)) }, swatch, name);
    button.addEventListener("click", () => {
      if (!off.delete(name)) off.add(name);
      button.setAttribute("aria-pressed", String(!off.has(name)));
      kept.set(told.name, [...off]);
      set();
    });
    legend.append(button);
  }
  stage.append(...(names.size ? [legend] : []), panels);
  figureElement.querySelector(".stage")?.remove();
  figureElement.insertBefore(stage, caption);
  if (off.size) set();
};

// The picture of a chart, as readers without scripts have it; on paper only, unless its class is changed.
const showPicture = (figureElement) => {
  const there = figureElement.querySelector(".paper-only, .instead");
  if (there) return there;
  const made = element("div", { class: "paper-only" });
  made.innerHTML = figureElement.querySelector("noscript").textContent; // the page's own, whose texts are escaped
  figureElement.prepend(made);
  return made;
};

const drawAll = () => {
  for (const chart of charts.splice(0)) chart.destroy();
  for (const each of document.querySelectorAll("figure.chart")) {
    try {
      draw(each);
    } catch (error) {
      console.error(error);
      showPicture(each).classList.replace("paper-only", "instead"); // an old browser: the picture instead of an empty figure
    }
  }
};
if (typeof Chart !== "undefined") {
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.font.size = 12;
  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
}

// Paper gets the pictures as they are for readers without scripts.
addEventListener("beforeprint", () => {
  for (const each of document.querySelectorAll("figure.chart")) showPicture(each);
});
