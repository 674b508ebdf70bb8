"""The report of a run: one self-contained HTML page and its plots as SVG beside it, derived from the run log alone.

Nothing in it is fetched: styles, script and plots are inlined. It is written for a run of any length, failures only and none included.
"""

import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from nasbench.core.curves import groups_of
from nasbench.core.store import RunStore, best_trial, write_atomically
from nasbench.core.trial import STATUSES, Trial
from nasbench.report.plots import GRID, GROUND, INK, MUTED, figures
from nasbench.report.statistics import kendall_tau, retrained, verdict
from nasbench.report.tables import COLUMNS, count, duration, leaderboard_rows, score

CAPTIONS = {
    "search_curve": "Score of each trial in the order of finishing, the best so far, and the control: what the best of n random children "
    "of this run is expected to be (the mean over all subsets of size n).",
    "score_against_cost": "Score against size and cost, at the epochs of the search. The line joins those that nothing cheaper beats.",
    "operations": "What the strategy proposed along the search, as shares of all decisions with the same options.",
    "controller": "The controller's own record: entropy of what it proposes, loss of its last update, baseline of its reward.",
    "ranking": "Does the search's short training rank as the longer one does?",
}


def write_report(store: RunStore) -> list[Path]:
    """Writes report.html and the plots' SVG files into the run's directory; returns what was written."""
    groups = groups_of(str(store.run.get("config", {}).get("space", "")), store.trials)
    plots = figures(store.trials, groups, _score_name(store.run))
    written = []
    for name, svg in plots.items():
        path = store.directory / f"{name}.svg"
        write_atomically(path, '<?xml version="1.0" encoding="utf-8"?>\n' + svg)
        written.append(path)
    page = store.directory / "report.html"
    write_atomically(page, render(store.directory, store.run, store.trials, plots))
    return [page, *written]


def render(directory: Path, run: Mapping[str, Any], trials: Sequence[Trial], plots: Mapping[str, str]) -> str:
    """The page as text. `plots`: stem -> SVG."""
    config = _mapping(run.get("config"))
    title = " · ".join(str(config[name]) for name in ("space", "strategy", "dataset") if config.get(name)) or "run"
    plan = _mapping(run.get("plan"))
    recipe = _mapping(plan.get("recipe"))
    lead = [f"nasbench {run.get('command', 'run')}", f"seed {run.get('seed')}"]
    lead += [f"recipe {recipe.get('name')} v{recipe.get('version')}"] if recipe else []
    lead += [f"{plan['epochs']} epochs a child"] if plan.get("epochs") else []
    lead += [f"started {_minute(run.get('started'))}"]
    sections = [
        _headline(run, trials),
        _control(trials, plots),
        _plot("Score against size and cost", "score_against_cost", plots),
        _plot("Operations over time", "operations", plots),
        _plot("Controller", "controller", plots),
        _leaderboard(trials),
        _drawing(directory, trials),
        _ranking(trials, plots),
        _cost(trials),
        _failures(trials),
        _configuration(run),
        _how_to_go_on(directory, run, trials),
    ]
    home = files("nasbench.report")
    css, script = home.joinpath("report.css").read_text("utf-8"), home.joinpath("report.js").read_text("utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{css}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{escape(title)}</h1>\n<p class="lead">{escape(" · ".join(lead))}</p>\n'
        + "\n".join(section for section in sections if section)
        + f"\n</main>\n<script>\n{script}</script>\n</body>\n</html>\n"
    )


def _headline(run: Mapping[str, Any], trials: Sequence[Trial]) -> str:
    best = best_trial(trials)
    counts = {status: sum(trial.status == status for trial in trials) for status in STATUSES}
    planned = _mapping(run.get("config")).get("trials")
    spent = f"{sum(trial.seconds for trial in trials):,.0f}"
    numbers = [
        ("best score", score(best.score) if best else "none yet", f"trial {best.number}, {best.epochs} epochs" if best else ""),
        ("its parameters", count(best.metrics.get("params")) if best else "–", ""),
        ("its multiply-adds", count(best.metrics.get("macs")) if best else "–", ""),
        ("trials", str(len(trials)), f"{planned} planned in the search" if planned else ""),
        ("ok", str(counts["ok"]), f"{counts['cached']} cached, {counts['pruned']} pruned"),
        ("failed", str(counts["failed"]), "reasons below" if counts["failed"] else ""),
        ("device-seconds", spent, duration(sum(trial.seconds for trial in trials))),
        ("wall time", _wall_time(run), "" if run.get("ended") else "not ended"),
    ]
    cells = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}" + (f"<small>{escape(more)}</small>" if more else "") + "</dd></div>"
        for name, value, more in numbers
    )
    return f'<dl class="numbers">{cells}</dl>'


def _control(trials: Sequence[Trial], plots: Mapping[str, str]) -> str:
    told = verdict(trials)
    return f'<h2>Search curve</h2>\n<p class="verdict {told.answer}">{escape(told.sentence)}</p>\n' + _figure("search_curve", plots)


def _plot(title: str, name: str, plots: Mapping[str, str]) -> str:
    return f"<h2>{escape(title)}</h2>\n{_figure(name, plots)}" if name in plots else ""


def _figure(name: str, plots: Mapping[str, str]) -> str:
    if name not in plots:
        return "<p>No trial has a score yet: there is nothing to plot.</p>"
    return f"<figure>{themed(plots[name])}<figcaption>{escape(CAPTIONS[name])}</figcaption></figure>"


def themed(svg: str) -> str:
    """A plot in the page's own colours, light or dark."""
    for colour, name in ((GROUND, "card"), (INK, "ink"), (MUTED, "muted"), (GRID, "rule")):
        svg = svg.replace(colour, f"var(--{name})")
    return svg


def _leaderboard(trials: Sequence[Trial]) -> str:
    rows = leaderboard_rows(trials)
    if not rows:
        return ""
    return (
        "<h2>Best architectures</h2>\n"
        + _table(COLUMNS, rows, left=("key",), sortable=True)
        + "<p>Different architectures only; those with the most epochs come first, since scores of unequal trainings do not compare.</p>"
    )


def _drawing(directory: Path, trials: Sequence[Trial]) -> str:
    path, best = directory / "best" / "cell.svg", best_trial(trials)
    if best is None or not path.exists():
        return ""
    svg = path.read_text(encoding="utf-8")
    svg = svg[max(0, svg.find("<svg")) :]
    caption = f"The cells of trial {best.number} ({best.key}). The file is best/cell.svg, and best/ holds the network."
    return f'<h2>The winner</h2>\n<figure class="paper">{svg}</figure>\n<p>{escape(caption)}</p>'


def _ranking(trials: Sequence[Trial], plots: Mapping[str, str]) -> str:
    pairs = retrained(trials)
    if not pairs:
        return ""
    rows = [
        (str(first.number), str(second.number), score(first.score), str(first.epochs), score(second.score), str(second.epochs))
        for first, second in pairs
    ]
    tau = kendall_tau([first.score or 0.0 for first, _ in pairs], [second.score or 0.0 for _, second in pairs])
    if tau is None:
        sentence = "Too few different scores for a rank correlation."
    else:
        sentence = f"Kendall's tau between the two rankings is {tau[0]:.2f} (p = {tau[1]:.2g}, {len(pairs)} architectures)."
        sentence += " With so few, it is a hint and no more." if len(pairs) < 10 else ""
    sentence += " They are the best of the search, so the range is narrow and the correlation lower than over the whole space."
    plot = _figure("ranking", plots) if "ranking" in plots else ""
    columns = ("trial", "retrained as", "score", "epochs", "score retrained", "epochs retrained")
    return f"<h2>Ranking after retraining</h2>\n<p>{escape(sentence)}</p>\n{plot}\n" + _table(columns, rows, sortable=True)


def _cost(trials: Sequence[Trial]) -> str:
    if not trials:
        return ""
    rows: list[tuple[str, ...]] = []
    for status in STATUSES:
        some = [trial for trial in trials if trial.status == status]
        if some:
            seconds = sum(trial.seconds for trial in some)
            rows.append((status, str(len(some)), f"{seconds:,.1f}", f"{seconds / len(some):,.1f}"))
    seconds = sum(trial.seconds for trial in trials)
    rows.append(("all", str(len(trials)), f"{seconds:,.1f}", f"{seconds / len(trials):,.1f}"))
    by_number = {trial.number: trial for trial in trials}
    saved = sum(by_number[trial.of].seconds for trial in trials if trial.of in by_number)
    hits = sum(trial.status == "cached" for trial in trials)
    met = "architecture was" if hits == 1 else "architectures were"
    sentence = f"{hits} {met} met again and answered from the log, which saved {duration(saved)} of training." if hits else ""
    table = _table(("status", "trials", "device-seconds", "mean"), rows, left=("status",))
    return f"<h2>Cost</h2>\n{table}" + (f"<p>{escape(sentence)}</p>" if sentence else "<p>No architecture was met twice.</p>")


def _failures(trials: Sequence[Trial]) -> str:
    failed = [trial for trial in trials if trial.status == "failed"]
    if not failed:
        return ""
    rows = [(str(trial.number), trial.key, duration(trial.seconds), trial.error or "no reason recorded") for trial in failed]
    table = _table(("trial", "key", "after", "reason"), rows, left=("key", "reason"))
    body = table if len(rows) <= 20 else f"<details><summary>all {len(rows)}</summary>{table}</details>"
    return f"<h2>Failed trials</h2>\n<p>{len(failed)} of {len(trials)} trials failed.</p>\n{body}"


def _configuration(run: Mapping[str, Any]) -> str:
    plan = dict(_mapping(run.get("plan")))
    recipe = _mapping(plan.pop("recipe", None))
    known = ("schema", "command", "config", "argv", "plan", "versions", "hardware")
    blocks: list[tuple[str, Mapping[str, Any]]] = [
        ("Command", _mapping(run.get("config"))),
        ("Plan", plan),
        (f"Recipe {recipe.get('name', '')}, version {recipe.get('version', '')}", recipe),
        ("Versions", _mapping(run.get("versions"))),
        ("Hardware", _mapping(run.get("hardware"))),
        ("Record", {name: value for name, value in run.items() if name not in known}),
    ]
    lists = "".join(f"<h3>{escape(title)}</h3>{_facts(block)}" for title, block in blocks if block)
    line = f"<pre>{escape(_command_line(run))}</pre>" if run.get("argv") else ""
    return f"<h2>Configuration</h2>\n{line}\n<details><summary>every field of run.json</summary>{lists}</details>"


def _how_to_go_on(directory: Path, run: Mapping[str, Any], trials: Sequence[Trial]) -> str:
    where = shlex.quote(str(directory))
    lines = (
        [] if run.get("ended") and trials else [("go on with this run", f"nasbench {run.get('command', 'search')} --run {where} --resume")]
    )
    lines.append(("build this page anew", f"nasbench report {where}"))
    if best_trial(trials) is not None:
        lines.append(
            ("use the best network", f"nasbench train {where}    nasbench transfer {where} --dataset …    nasbench export {where}")
        )
    text = "\n".join(f"# {what}\n{command}" for what, command in lines)
    return f"<h2>How to go on</h2>\n<pre>{escape(text)}</pre>"


def _table(columns: Iterable[str], rows: Iterable[Sequence[str]], left: Sequence[str] = (), sortable: bool = False) -> str:
    names = list(columns)
    marks = {name: ' class="wrap"' if name == "reason" else ' class="left"' if name in left else "" for name in names}
    head = "".join(f'<th scope="col"{marks[name]}>{escape(name)}</th>' for name in names).replace('class="wrap"', 'class="left"')
    body = "\n".join(
        "<tr>" + "".join(f"<td{marks[name]}>{escape(value)}</td>" for name, value in zip(names, row, strict=True)) + "</tr>" for row in rows
    )
    kind = ' class="sortable"' if sortable else ""
    return f'<div class="scroll"><table{kind}><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>'


def _facts(block: Mapping[str, Any]) -> str:
    entries = "".join(f"<dt>{escape(str(name))}</dt><dd>{escape(_plain(value))}</dd>" for name, value in block.items())
    return f'<dl class="facts">{entries}</dl>'


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value or "–"
    if value is None:
        return "–"
    text = json.dumps(value, ensure_ascii=False)
    return re.sub(r'[{}"\[\]]', "", text) or "–" if isinstance(value, Mapping | list) else text


def _command_line(run: Mapping[str, Any]) -> str:
    argv = run.get("argv")
    return shlex.join(map(str, argv)) if isinstance(argv, list) else str(argv)


def _wall_time(run: Mapping[str, Any]) -> str:
    try:
        return duration((datetime.fromisoformat(run["ended"]) - datetime.fromisoformat(run["started"])).total_seconds())
    except (KeyError, TypeError, ValueError):
        return "–"


def _minute(moment: object) -> str:
    try:
        return f"{datetime.fromisoformat(str(moment)).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return str(moment)


def _score_name(run: Mapping[str, Any]) -> str:
    config = _mapping(run.get("config"))
    if config.get("target_macs"):
        return "score"
    return {"val_accuracy": "validation accuracy"}.get(str(config.get("score_column")), str(config.get("score_column") or "score"))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
