"""The page of several searches side by side, and its picture as SVG beside it."""

import json
import shlex
from collections.abc import Sequence
from typing import Any

from nasbench.core.count_text import quantity
from nasbench.core.shown import escape, shown
from nasbench.core.store import RunStore
from nasbench.report.common.numbers import count, duration, score
from nasbench.report.common.page import page, report_files, table, wall_time
from nasbench.report.run.scored import score_name
from nasbench.report.run.statistics import leaderboard
from nasbench.report.run.trial_drawing import drawing_of
from nasbench.report.side_by_side.curves import NAME, best_so_far_plot
from nasbench.report.side_by_side.results import (
    Group,
    Search,
    differences,
    differing,
    groups_of_seeds,
    named_searches,
    not_comparable,
)

BEST = 3
"""Networks of each search that are listed."""
DRAWN = 8
"""Searches whose best network is drawn."""
CAPTION = (
    "The best score so far of each search, controls and retrainings left out. The second panel is against the time "
    "that its evaluations took, one after the other, whatever number of workers ran them."
)
ABOUT = (
    "Against the first. Networks proposed: the mean score of the different networks that the strategy itself proposed, "
    "with the 95 % interval of the difference (Welch's t). It tells two runs apart, not two strategies: for these, "
    "nasbench race repeats each under many seeds. The best: searches that differ in nothing but the seed are taken "
    "together, and an interval is given where both sides have two or more."
)


def files(stores: Sequence[RunStore]) -> dict[str, str]:
    """report.html and the SVG file of the curves: file name -> text."""
    searches = named_searches(stores)
    plot = best_so_far_plot(searches, score_name(searches[0].run))
    apart = not_comparable(searches)
    groups = groups_of_seeds(searches)
    curves = plot.figure(CAPTION) if plot else "<p>No search has a score yet.</p>"
    sections = [
        _searches(searches),
        _warning(apart),
        f"<h2>Best so far</h2>\n{curves}",
        "" if apart else _differences(groups),
        _best(searches),
        _settings(searches),
        _again(searches),
    ]
    lead = " · ".join(["nasbench report", quantity(len(searches), "search", "searches")])
    text = page("Searches side by side", lead, sections)
    return report_files(text, {NAME: plot.svg} if plot else {})


def _searches(searches: Sequence[Search]) -> str:
    rows = [
        (
            each.name,
            str(each.config.get("space")),
            str(each.config.get("strategy")),
            str(each.run.get("seed")),
            count(len(each.own)),
            score(each.best.score if each.best else None),
            count(each.best.metrics.get("params") if each.best else None),
            count(each.best.metrics.get("macs") if each.best else None),
            duration(sum(trial.seconds for trial in each.trials)),
            wall_time(each.run),
        )
        for each in searches
    ]
    columns = ("run", "space", "strategy", "seed", "trials", "best score", "params", "MACs", "device time", "wall time")
    return table(columns, rows, left=("space", "strategy"), wrap=("run",), sortable=True)


def _warning(apart: Sequence[str]) -> str:
    if not apart:
        return ""
    told = f"The scores of these searches do not compare: they differ in {', '.join(apart)}. No differences are told."
    return f'<p class="verdict no">{escape(told)}</p>'


def _differences(groups: Sequence[Group]) -> str:
    if len(groups) < 2:
        seeds = quantity(len(groups[0].searches), "search", "searches")
        return f"<h2>Differences</h2>\n<p>These {seeds} differ in nothing but the seed.</p>" if groups else ""
    rows = []
    for each in differences(groups):
        mean, best = each.mean, each.best_interval
        rows.append(
            (
                each.group.name,
                "–" if mean is None else f"{mean[0]:+.4g}",
                "–" if mean is None else f"{mean[1]:+.4g} to {mean[2]:+.4g}",
                "–" if each.best is None else f"{each.best:+.4g}",
                "–" if best is None else f"{best[0]:+.4g} to {best[1]:+.4g}",
                each.reading,
            )
        )
    columns = ("run", "networks proposed", "95 % interval", "best", "95 % interval of the best", "reading")
    listed = table(columns, rows, left=("reading",), wrap=("run",))
    first = f"<p>Against {escape(groups[0].name)}:</p>"
    return f"<h2>Differences</h2>\n{first}\n{listed}\n<p>{escape(ABOUT)}</p>"


def _best(searches: Sequence[Search]) -> str:
    rows, parts = [], []
    for place, search in enumerate(searches):
        best = leaderboard(search.trials, BEST)
        rows += [
            (search.name, str(trial.number), trial.key, *_costs(trial.metrics), score(trial.score), str(trial.epochs))
            for trial in best
        ]
        drawing = drawing_of(search.run, best[0]) if best and place < DRAWN else ""
        if drawing:
            caption = f"{search.name}: trial {best[0].number}, {score(best[0].score)}"
            parts.append(f'<h3>{escape(caption)}</h3>\n<figure class="paper">{drawing}</figure>')
    if not rows:
        return ""
    columns = ("run", "trial", "key", "params", "MACs", "score", "epochs")
    listed = table(columns, rows, left=("key",), wrap=("run",), sortable=True)
    return "<h2>Best networks</h2>\n" + listed + "\n".join(parts)


def _settings(searches: Sequence[Search]) -> str:
    found = differing(searches)
    if not found:
        return "<h2>Configurations</h2>\n<p>All settings are the same.</p>"
    rows = [(name, *map(_value, values)) for name, values in found.items()]
    names = [search.name for search in searches]
    return "<h2>Configurations differ in</h2>\n" + table(("setting", *names), rows, left=("setting",), wrap=names)


def _again(searches: Sequence[Search]) -> str:
    command = shlex.join(["nasbench", "report", *(str(search.directory) for search in searches)])
    return f"<h2>Again</h2>\n<pre>{escape(command)}</pre>"


def _costs(metrics: Any) -> tuple[str, str]:
    return count(metrics.get("params")), count(metrics.get("macs"))


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else "–" if value in (None, []) else json.dumps(value, ensure_ascii=False)
    return shown(text)
