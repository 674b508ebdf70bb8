"""Draws what the W&B dashboard of a run shows, from the definition and the data that W&B gets: docs/img/dashboard.svg.

W&B draws its panels itself and its look differs; nobody needs a key for this picture.

    nasbench search --space nasbench201 --weight-sharing fair --supernet-epochs 30 --dataset digits --recipe quick \\
        --run RUN
    python benchmarks/dashboard_picture.py RUN [OUT.svg]
"""

import io
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nasbench.core.count_text import quantity
from nasbench.core.job import Job
from nasbench.core.picture import image_of, svg_image
from nasbench.core.protocols import RunInfo
from nasbench.core.reported import read_epochs
from nasbench.core.run_shown import RunShown, Table
from nasbench.core.shown import escape
from nasbench.core.store import RunStore
from nasbench.engine.run.dashboard.shown import dashboard_of_run, shown_of
from nasbench.trackers.dashboard import OF_A_LINE, TRIALS, Dashboard, Panel
from nasbench.trackers.series import Series
from nasbench.trackers.wandb_media import COLUMNS

OUT = Path(__file__).resolve().parent.parent / "docs" / "img" / "dashboard.svg"
WIDE, HIGH, ACROSS, GAP, HEAD, TOP = 400, 262, 4, 14, 40, 58
"""Pixels of a panel, panels in a row, and the room between, above a section and above all."""
COLOURS = ("#3b6fd4", "#e0633a", "#2f9e6e", "#a05fc8", "#d9a400", "#4aa8c9", "#b83b5e", "#7a7a7a")
LISTED = ("number", "key", "status", "score", "params", "epochs")
Series_ = Mapping[str, Sequence[tuple[float, float]]]


def main(run: Path, out: Path = OUT) -> None:
    """Writes the picture of the run's dashboard."""
    store = RunStore.read(run)
    shown = shown_of(store)
    dashboard = dashboard_of_run(store, shown)
    out.write_text(picture(dashboard, shown, store), encoding="utf-8")


def picture(dashboard: Dashboard, shown: RunShown, store: RunStore) -> str:
    """The whole page as SVG: sections one below the other, panels in rows."""
    series, tables = _series(store), {**shown.tables, TRIALS: _trials(store)}
    parts, y, number = [], float(TOP), 0
    for section in dashboard.sections:
        parts.append(
            f'<text x="{GAP}" y="{y + 25:.0f}" font-size="17" font-weight="600" fill="#1a1c1f">'
            f"{escape(section.name)}</text>"
            f'<text x="{_width() - GAP}" y="{y + 25:.0f}" font-size="13" text-anchor="end" fill="#7b8087">'
            f"{quantity(len(section.panels), 'panel')}</text>"
        )
        y += HEAD
        for place, panel in enumerate(section.panels):
            row, column = divmod(place, ACROSS)
            number += 1
            body = _body(panel, series, tables, shown, store, number)
            parts.append(_card(GAP + column * (WIDE + GAP), y + row * (HIGH + GAP), panel.title, body))
        y += -(-len(section.panels) // ACROSS) * (HIGH + GAP) + GAP
    title = f"nasbench {dashboard.command}: {dashboard.title}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {_width()} {y:.0f}" width="{_width()}" height="{y:.0f}" '
        'font-family="Helvetica, Arial, DejaVu Sans, sans-serif"><rect width="100%" height="100%" fill="#f3f4f6"/>'
        f'<rect width="100%" height="46" fill="white"/><text x="{GAP}" y="30" font-size="18" font-weight="600" '
        f'fill="#1a1c1f">{escape(title)}</text>' + "".join(parts) + "</svg>\n"
    )


def _width() -> int:
    return ACROSS * (WIDE + GAP) + GAP


def _card(x: float, y: float, title: str, body: str) -> str:
    return (
        f'<svg x="{x:.0f}" y="{y:.0f}" width="{WIDE}" height="{HIGH}" viewBox="0 0 {WIDE} {HIGH}">'
        f'<rect x="0.5" y="0.5" width="{WIDE - 1}" height="{HIGH - 1}" rx="6" fill="white" stroke="#dfe2e6"/>'
        f'<text x="{WIDE / 2}" y="22" font-size="13" text-anchor="middle" fill="#33373d">{escape(title)}</text>'
        f"{body}</svg>"
    )


def _body(
    panel: Panel, series: Series_, tables: Mapping[str, Table], shown: RunShown, store: RunStore, number: int
) -> str:
    if panel.kind == "table":
        return _listing(tables[panel.table])
    if panel.kind == "media":
        return "".join(_drawing(name, shown, store) for name in panel.metrics)
    figure = Figure(figsize=(WIDE / 72, (HIGH - 30) / 72))
    axes = figure.add_axes((0.135, 0.17, 0.83, 0.78))
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8, colors="#5b6068")
    axes.set_xlabel(panel.x, fontsize=8, color="#5b6068")
    if panel.kind in ("line", "area"):
        _lines(axes, panel, series)
    else:
        _columns(axes, panel, tables[panel.table])
    return _placed(figure, number)


def _lines(axes: Axes, panel: Panel, series: Series_) -> None:
    names = [*panel.metrics, *panel.matches(series)]
    if panel.kind == "area":
        steps = sorted({step for name in names for step, _ in series[name]})
        values = [[dict(series[name]).get(step, 0.0) for step in steps] for name in names]
        colours = [COLOURS[index % len(COLOURS)] for index in range(len(names))]
        axes.stackplot(steps, values, labels=[name.rpartition("/")[2] for name in names], colors=colours, alpha=0.85)
        axes.set_ylim(0, 1)
    else:
        for index, name in enumerate(names):
            steps, told = zip(*series[name], strict=True)
            style = {"marker": ".", "markersize": 3} if len(steps) < 60 else {}
            axes.plot(steps, told, color=COLOURS[index % len(COLOURS)], linewidth=1.3, label=name, **style)
    if len(names) > 1:
        axes.legend(fontsize=7, frameon=panel.kind == "area", loc="best", ncols=1 if len(names) < 9 else 2)


def _columns(axes: Axes, panel: Panel, table: Table) -> None:
    places = {name: table.columns.index(name) for name in panel.columns}
    (metric,) = panel.metrics
    rows = [row for row in table.rows if row[places[metric]] is not None and row[places[panel.x]] is not None]
    axes.set_ylabel(metric, fontsize=8, color="#5b6068")
    if panel.kind == "scatter":
        axes.scatter(
            [row[places[panel.x]] for row in rows],
            [row[places[metric]] for row in rows],
            s=9,
            color=COLOURS[0],
            alpha=0.6,
        )
    elif panel.kind == "bar":
        axes.barh([str(row[places[panel.x]]) for row in rows], [row[places[metric]] for row in rows], color=COLOURS[0])
        axes.set_xlabel(metric, fontsize=8, color="#5b6068")
        axes.set_ylabel("")
    else:
        for index, line in enumerate(dict.fromkeys(row[places[panel.by]] for row in rows)):
            points = [(row[places[panel.x]], row[places[metric]]) for row in rows if row[places[panel.by]] == line]
            style = {"linestyle": "--"} if str(line).endswith((" low", " high")) else {"marker": ".", "markersize": 4}
            xs, ys = zip(*sorted(points), strict=True)
            many = len(xs) > 40
            axes.plot(
                xs, ys, label=str(line), color=COLOURS[index % len(COLOURS)], linewidth=1.3, **({} if many else style)
            )
        axes.legend(fontsize=7, frameon=False, loc="best")


def _placed(figure: Figure, number: int) -> str:
    """The figure inside its card; its identifiers are its own."""
    text = io.StringIO()
    with matplotlib.rc_context(
        {"svg.fonttype": "none", "svg.hashsalt": str(number), "axes.formatter.useoffset": False}
    ):
        figure.savefig(text, format="svg", metadata={"Date": None})
    svg = re.sub(r' d="[^"]*"', _in_tenths, text.getvalue())
    svg = re.sub(r'(id="|#)(?=[A-Za-z])', rf"\g<1>p{number}-", svg[svg.index("<svg") :])
    svg = re.sub(r"(fill|stroke|color): p\d+-", r"\1: ", svg)
    svg = re.sub(rf"#p{number}-(?=[0-9a-f]{{6}}\b|[0-9a-f]{{3}}\b)", "#", svg)
    size = f'x="0" y="28" width="{WIDE}" height="{HIGH - 32}" preserveAspectRatio="xMidYMid meet"'
    return re.sub(
        r'<svg([^>]*?) width="[^"]*"', rf"<svg {size}\1", re.sub(r' height="[^"]*pt"', "", svg, count=1), count=1
    )


def _in_tenths(path: re.Match[str]) -> str:
    """A path whose places are told to tenths of a pixel. Nothing that is read as a number is touched."""
    return re.sub(r"-?\d+\.\d+", lambda place: f"{float(place[0]):.1f}", path[0])


def _listing(table: Table) -> str:
    """The first rows of a table."""
    names = [name for name in LISTED if name in table.columns] or list(table.columns)[:6]
    order = table.rows
    if "score" in names:
        place = table.columns.index("score")
        order = tuple(sorted(table.rows, key=lambda row: -(row[place] if row[place] is not None else -1e9)))
    step = (WIDE - 24) / len(names)
    lines = [names, *[[_text(row[table.columns.index(name)]) for name in names] for row in order[:11]]]
    return "".join(
        f'<text x="{14 + column * step:.0f}" y="{50 + 18 * row}" font-size="10.5" '
        f'fill="{"#7b8087" if not row else "#33373d"}">{escape(cell)}</text>'
        for row, cells in enumerate(lines)
        for column, cell in enumerate(cells)
    )


def _text(value: Any) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
    return text if len(text) <= 9 else f"{text[:8]}…"


def _drawing(name: str, shown: RunShown, store: RunStore) -> str:
    if name in shown.pictures:
        image = image_of(shown.pictures[name].encode(), name)
    else:
        image = svg_image(store.directory / "best" / "cell.svg", store.directory, name)
    found = re.search(r'src="([^"]+)"', image)
    size = f'x="8" y="32" width="{WIDE - 16}" height="{HIGH - 42}" preserveAspectRatio="xMidYMid meet"'
    return f'<image {size} xlink:href="{found[1]}"/>' if found else ""


def _series(store: RunStore) -> dict[str, list[tuple[float, float]]]:
    """Name -> (step, value) of what W&B's history has: by trials, of children by their reports, of curves by epochs."""
    series, found = Series(RunInfo(store.directory, store.run["config"], 0, store.trials)), {}
    for trial in store.trials:
        values = series.trial(trial)
        for name, value in values.items():
            found.setdefault(name, []).append((values["trial"], value))
    reports = 0
    for line in read_epochs(store.directory):
        job = Job(line["number"], line["seed"], line["epoch"], "", name=line.get("name", ""))
        told = {name: value for name, value in line.items() if name not in OF_A_LINE}
        reports += not job.name
        for name, value in {**series.epoch(job, told), **series.child_epoch(job, line["epoch"], told)}.items():
            found.setdefault(name, []).append((line["epoch"] if job.name else reports, value))
    return found


def _trials(store: RunStore) -> Table:
    rows = [
        [getattr(trial, name) if hasattr(trial, name) else trial.metrics.get(name) for name in COLUMNS]
        for trial in store.trials
    ]
    return Table.of(COLUMNS, rows)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
